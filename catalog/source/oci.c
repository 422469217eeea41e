/* catalog/source/oci.c - any registry of the distribution spec as a source. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/source/source.h"
#include "manifest/image_config.h"
#include "registry/blob_get.h"
#include "registry/manifest_fetch.h"

static bool oci_can_scan(const struct cprov_place *place)
{
    return strcmp(place->base.host, "docker.io") != 0;
}

/* A catalog names everything in the registry: only what lies below the place's path goes on. */
struct scan {
    struct cprov_list_request request;
    char prefix[CPROV_NAME_MAX + 2]; /* "team/", or "" */
};

static bool scan_entry(void *arg, const char *name)
{
    struct scan *s = arg;

    if (strncmp(name, s->prefix, strlen(s->prefix)) != 0)
        return true;
    return s->request.entry(s->request.arg, name);
}

static void scan_done(void *arg, int code, size_t dropped, const struct cprov_error *err)
{
    struct scan *s = arg;

    s->request.done(s->request.arg, code, dropped, err);
    free(s);
}

static int oci_scan(struct cprov_client *c, const struct cprov_place *place,
                    const struct cprov_list_request *request, struct cprov_error *err)
{
    struct scan *s = calloc(1, sizeof(*s));
    if (!s)
        return cprov_fail_memory(err);

    size_t len = strlen(place->base.repository);
    s->request = *request;
    if (len > 0) {
        memcpy(s->prefix, place->base.repository, len);
        s->prefix[len] = '/';
    }
    int code = cprov_client_list_repositories(
        c, &place->base,
        &(struct cprov_list_request){ .entry = scan_entry, .done = scan_done, .arg = s }, err);
    if (code < 0)
        free(s);
    return code;
}

/* A list of tags has their names alone. */
static bool tag_entry(void *arg, const char *tag)
{
    const struct cprov_versions_request *request = arg;

    return request->entry(request->arg, &(struct cprov_entry){ .version = tag });
}

static void tags_done(void *arg, int code, size_t dropped, const struct cprov_error *err)
{
    struct cprov_versions_request *request = arg;

    (void)dropped;
    request->done(request->arg, code, err);
    free(request);
}

static int oci_versions(struct cprov_client *c, const struct cprov_place *place,
                        const struct cprov_reference *repository,
                        const struct cprov_versions_request *request, struct cprov_error *err)
{
    struct cprov_versions_request *kept = malloc(sizeof(*kept));
    if (!kept)
        return cprov_fail_memory(err);

    (void)place;
    *kept = *request;
    int code = cprov_client_list_tags(
        c, repository,
        &(struct cprov_list_request){ .entry = tag_entry, .done = tags_done, .arg = kept }, err);
    if (code < 0)
        free(kept);
    return code;
}

/*
 * Details: the manifest by tag; of an index the child for the host; the config. What an outer
 * document says wins over an inner one: index annotations, manifest annotations, config labels.
 */
struct details {
    struct cprov_client *client;
    const struct cprov_host *host;
    struct cprov_listing *row;
    struct cprov_arena *arena;
    cprov_details_fn *done;
    void *arg;
    struct cprov_manifest *index; /* kept while its child is fetched: `want` points into it */
    struct cprov_manifest *manifest;
    unsigned depth;
    bool identified; /* the tag's own document was read */
};

static bool is_our_trouble(int code)
{
    return code == CPROV_ENOMEM || code == CPROV_ECANCELLED;
}

/* Once the document that the tag names is there the row is known: what lies behind it may be
 * missing, forbidden or malformed, and takes nothing away. */
static void details_end(struct details *d, int code, const struct cprov_error *err)
{
    cprov_manifest_free(d->index);
    cprov_manifest_free(d->manifest);
    d->row->has_details = code == 0;
    if (d->identified && !is_our_trouble(code))
        code = 0;
    d->done(d->arg, code, err);
    free(d);
}

static void take(struct details *d, const char **field, const char *text)
{
    if (text && *text && (!*field || !**field))
        *field = cprov_arena_text(d->arena, cprov_span_of(text));
}

static void take_annotations(struct details *d, const struct cprov_annotation *list, size_t count)
{
    take(d, &d->row->entry.description,
         cprov_annotation_get(list, count, "org.opencontainers.image.description"));
    take(d, &d->row->entry.publisher,
         cprov_annotation_get(list, count, "org.opencontainers.image.vendor"));
    take(d, &d->row->entry.created,
         cprov_annotation_get(list, count, "org.opencontainers.image.created"));
    take(d, &d->row->entry.title,
         cprov_annotation_get(list, count, "org.opencontainers.image.title"));
}

static void take_platform(struct details *d, const struct cprov_platform *platform)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_KIB);
    cprov_platform_format(platform, &text);
    take(d, &d->row->entry.platforms, cprov_buf_text(&text));
    take(d, &d->row->entry.os_version, platform->os_version);
}

static void on_config(void *arg, int code, struct cprov_span bytes, const struct cprov_error *err)
{
    struct details *d = arg;
    auto_image_config struct cprov_image_config *config = NULL;
    struct cprov_error own = CPROV_ERROR_INIT;

    if (code == 0)
        code = cprov_image_config_parse(bytes, &config, &own);
    if (own.code)
        (void)cprov_wrap(&own, "image config");
    if (code < 0) {
        details_end(d, code, own.code ? &own : err);
        return;
    }
    take_annotations(d, config->labels, config->labels_count);
    take(d, &d->row->entry.created, config->created);
    take_platform(d, &config->platform);
    d->row->entry.is_os = cprov_image_is_os(d->manifest, config);
    details_end(d, 0, NULL);
}

static int fetch_config(struct details *d, struct cprov_error *err)
{
    const struct cprov_manifest *m = d->manifest;
    char id[CPROV_DIGEST_TEXT_MAX];

    d->row->entry.bytes = m->raw.len + m->config.size;
    for (size_t i = 0; i < m->layers_count; i++)
        d->row->entry.bytes += m->layers[i].size;
    take(d, &d->row->entry.image_id, cprov_digest_format(&m->config.digest, id));
    return cprov_client_get_blob(d->client, &d->row->reference, &m->config, CPROV_CONFIG_MAX,
                                 on_config, d, err);
}

static void on_manifest(void *arg, int code, struct cprov_manifest_answer *answer,
                        const struct cprov_error *err);

static int fetch_child(struct details *d, const struct cprov_descriptor *child,
                       struct cprov_error *err)
{
    struct cprov_reference ref = d->row->reference;

    if (++d->depth > CPROV_INDEX_DEPTH_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "indexes nest deeper than %d", CPROV_INDEX_DEPTH_MAX);
    ref.digest = child->digest;
    ref.has_digest = true;
    return cprov_client_get_manifest(d->client, &ref, child, on_manifest, d, err);
}

/* The digest of a row is that of the document the tag names. */
static void take_identity(struct details *d, const struct cprov_manifest_answer *answer)
{
    d->row->reference.digest = answer->descriptor.digest;
    d->row->reference.has_digest = true;
    d->identified = true;
    take(d, &d->row->entry.media_type, answer->manifest->media_type);
}

static void on_manifest(void *arg, int code, struct cprov_manifest_answer *answer,
                        const struct cprov_error *err)
{
    struct details *d = arg;
    struct cprov_error own = CPROV_ERROR_INIT;

    if (code < 0) {
        details_end(d, code, err);
        return;
    }
    if (d->depth == 0)
        take_identity(d, answer);

    struct cprov_manifest *m = cprov_steal(&answer->manifest);
    d->row->entry.kind = cprov_manifest_kind(m);
    take_annotations(d, m->annotations, m->annotations_count);
    if (m->kind == CPROV_DOC_INDEX) {
        auto_buf struct cprov_buf offers = { 0 };

        cprov_buf_init(&offers, CPROV_MANIFEST_MAX);
        cprov_manifest_offers(m, &offers);
        take(d, &d->row->entry.platforms, cprov_buf_text(&offers));
        cprov_manifest_free(d->index);
        d->index = m;
        const struct cprov_descriptor *child = cprov_manifest_choose(m, d->host);
        if (!child) { /* nothing for this host: what the index says has to do */
            details_end(d, 0, NULL);
            return;
        }
        code = fetch_child(d, child, &own);
    } else {
        d->manifest = m;
        if (cprov_manifest_is_artifact(m)) {
            details_end(d, 0, NULL);
            return;
        }
        code = fetch_config(d, &own);
    }
    if (code < 0)
        details_end(d, code, &own);
}

static int oci_details(struct cprov_client *c, const struct cprov_host *host,
                       struct cprov_listing *row, struct cprov_arena *arena, cprov_details_fn *done,
                       void *arg, struct cprov_error *err)
{
    struct details *d = calloc(1, sizeof(*d));
    if (!d)
        return cprov_fail_memory(err);

    *d = (struct details){
        .client = c, .host = host, .row = row, .arena = arena, .done = done, .arg = arg
    };
    int code = cprov_client_get_manifest(c, &row->reference, NULL, on_manifest, d, err);
    if (code < 0)
        free(d);
    return code;
}

const struct cprov_source_kind cprov_source_oci = {
    .type = "oci",
    .scan = oci_scan,
    .versions = oci_versions,
    .details = oci_details,
    .can_scan = oci_can_scan,
};
