/* provider/plan.c - manifests fetched, a platform chosen, blobs listed. */
#include "provider/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "catalog/source/local_place.h"
#include "registry/manifest_fetch.h"

static void doc_clear(struct cprov_doc *d)
{
    cprov_manifest_free(d->manifest);
    d->manifest = NULL;
}

void cprov_plan_clear(struct cprov_plan *p)
{
    doc_clear(&p->top);
    for (size_t i = 0; i < p->inner_count; i++)
        doc_clear(&p->inner[i]);
    free(p->inner);
    cprov_packed_close(p->packed);
    *p = (struct cprov_plan){ 0 };
}

/* --- fetching documents --- */

struct fetch {
    struct cprov_doc *doc;
    int code;
    struct cprov_error err;
};

static void on_manifest(void *arg, int code, struct cprov_manifest_answer *answer,
                        const struct cprov_error *err)
{
    struct fetch *f = arg;

    f->code = code;
    if (code < 0) {
        f->err = *err;
        return;
    }
    f->doc->manifest = cprov_steal(&answer->manifest);
    f->doc->descriptor = answer->descriptor;
    f->doc->descriptor.media_type = f->doc->manifest->media_type;
}

static int fetch_top(struct cprov_session *s, const struct cprov_reference *ref,
                     struct cprov_doc *doc, struct cprov_error *err)
{
    struct fetch f = { .doc = doc };
    struct cprov_client *client;

    if (cprov_session_client(s, &client, err) < 0 ||
        cprov_client_get_manifest(client, ref, NULL, on_manifest, &f, err) < 0 ||
        cprov_client_run(client, NULL, err) < 0)
        return err->code;
    if (f.code < 0)
        *err = f.err;
    return f.code;
}

/* A document of a layout or an archive; `want` is its descriptor in an index, or NULL. */
static int read_packed(struct cprov_packed *packed, const struct cprov_digest *digest,
                       const struct cprov_descriptor *want, struct cprov_doc *doc,
                       struct cprov_error *err)
{
    auto_buf struct cprov_buf bytes = { 0 };
    struct cprov_span type = cprov_span_of(want ? want->media_type : "");

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    if (cprov_packed_read(packed, digest, CPROV_MANIFEST_MAX, &bytes, err) < 0 ||
        (want && cprov_descriptor_check(want, cprov_buf_span(&bytes), err) < 0) ||
        cprov_manifest_parse(cprov_buf_span(&bytes), type, &doc->manifest, err) < 0)
        return err->code;
    doc->descriptor = (struct cprov_descriptor){ .media_type = doc->manifest->media_type,
                                                 .digest = *digest,
                                                 .size = bytes.len };
    return 0;
}

static int open_packed(struct cprov_session *s, const struct cprov_target *target,
                       struct cprov_plan *p, struct cprov_error *err)
{
    const struct cprov_reference *ref = &target->reference;

    if (!ref->has_digest)
        return cprov_fail(err, CPROV_ENOTFOUND, "its source does not give a reference");
    if (cprov_local_open(target->place, &ref->digest, &s->cancel, &p->packed, err) < 0)
        return err->code;
    return read_packed(p->packed, &ref->digest, NULL, &p->top, err);
}

/* All of them are held until they are in the store: their sizes, which are known before, and which
 * none can exceed, are one budget. */
static int charge(struct cprov_plan *p, const struct cprov_descriptor *list, size_t n,
                  struct cprov_error *err)
{
    if (n > CPROV_INDEX_ENTRIES_MAX || p->inner_count > CPROV_INDEX_ENTRIES_MAX - n)
        return cprov_fail(err, CPROV_ELIMIT, "the index leads to more than %d manifests",
                          CPROV_INDEX_ENTRIES_MAX);
    for (size_t i = 0; i < n; i++) {
        if (list[i].size > CPROV_TREE_MAX - p->bytes)
            return cprov_fail(err, CPROV_ELIMIT,
                              "the manifests of the index have more than %zu MiB",
                              CPROV_TREE_MAX / CPROV_MIB);
        p->bytes += list[i].size;
    }
    return 0;
}

/* Room for n more children; the list may move, so nothing may be fetching into it. */
static int grow(struct cprov_plan *p, size_t n, struct cprov_error *err)
{
    struct cprov_doc *more = reallocarray(p->inner, p->inner_count + n, sizeof(*more));

    if (!more)
        return cprov_fail_memory(err);
    p->inner = more;
    memset(p->inner + p->inner_count, 0, n * sizeof(*more));
    return 0;
}

static int read_children(const struct cprov_descriptor *list, size_t n, struct cprov_plan *p,
                         struct cprov_error *err)
{
    if (grow(p, n, err) < 0)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        if (read_packed(p->packed, &list[i].digest, &list[i], &p->inner[p->inner_count], err) < 0)
            return cprov_wrap(err, "manifest %zu of the index", i + 1);
        p->inner_count++;
    }
    return 0;
}

/* Fetches the manifests that descriptors name, all at once, to the end of the plan's children. */
static int fetch_children(struct cprov_session *s, const struct cprov_target *target,
                          const struct cprov_descriptor *list, size_t n, struct cprov_plan *p,
                          struct cprov_error *err)
{
    if (charge(p, list, n, err) < 0)
        return err->code;
    if (p->packed)
        return read_children(list, n, p, err);
    struct cprov_reference ref = target->reference;
    struct cprov_client *client;
    struct fetch *fetches = calloc(n + 1, sizeof(*fetches));

    if (!fetches)
        return cprov_fail_memory(err);
    int code = cprov_session_client(s, &client, err);
    if (code == 0)
        code = grow(p, n, err);
    size_t started = 0;
    for (; started < n && code == 0; started++) {
        fetches[started].doc = &p->inner[p->inner_count + started];
        ref.digest = list[started].digest;
        ref.has_digest = true;
        code = cprov_client_get_manifest(client, &ref, &list[started], on_manifest,
                                         &fetches[started], err);
    }
    int run = started ? cprov_client_run(client, NULL, code ? NULL : err) : 0;
    p->inner_count += started;
    for (size_t i = 0; i < started && code == 0; i++)
        if (fetches[i].code < 0) {
            *err = fetches[i].err;
            code = cprov_wrap(err, "manifest %zu of the index", i + 1);
            if (code == CPROV_ENOTFOUND) /* the index names it: the registry's failure */
                code = cprov_wrap_as(err, CPROV_ENETWORK,
                                     "the registry does not have content that the image names");
        }
    free(fetches);
    return code ? code : run;
}

/* --- choosing --- */

static int none_fits(const struct cprov_session *s, const struct cprov_manifest *index,
                     struct cprov_error *err)
{
    auto_buf struct cprov_buf offers = { 0 }, wanted = { 0 };

    cprov_buf_init(&offers, CPROV_MANIFEST_MAX);
    cprov_buf_init(&wanted, CPROV_KIB);
    cprov_manifest_offers(index, &offers);
    cprov_platform_format(&s->host.platform, &wanted);
    return cprov_fail(err, CPROV_EINCOMPATIBLE,
                      "no image for %s%s%" CPROV_SPAN_FMT " (offered: %s)",
                      wanted.len ? cprov_buf_text(&wanted) : "this machine",
                      s->host.os_version.len ? " on build " : "",
                      CPROV_SPAN_ARG(s->host.os_version), cprov_buf_text(&offers));
}

/* Down through nested indexes to an image. */
static int choose(struct cprov_session *s, const struct cprov_target *target, struct cprov_plan *p,
                  struct cprov_descriptor *chosen, struct cprov_error *err)
{
    const struct cprov_manifest *index = p->top.manifest;

    for (int depth = 0; depth < CPROV_INDEX_DEPTH_MAX; depth++) {
        const struct cprov_descriptor *child = cprov_manifest_choose(index, &s->host);

        if (!child)
            return none_fits(s, index, err);
        *chosen = *child;
        if (cprov_media_type_document(cprov_span_of(child->media_type)) != CPROV_DOC_INDEX)
            return 0;
        if (fetch_children(s, target, child, 1, p, err) < 0)
            return err->code;
        index = p->inner[p->inner_count - 1].manifest;
    }
    return cprov_fail(err, CPROV_ELIMIT, "indexes nest deeper than %d", CPROV_INDEX_DEPTH_MAX);
}

int cprov_plan_start(struct cprov_session *s, struct cprov_target *target, bool all_platforms,
                     struct cprov_plan *p, struct cprov_descriptor *chosen, struct cprov_error *err)
{
    int code = target->place ? open_packed(s, target, p, err)
                             : fetch_top(s, &target->reference, &p->top, err);
    if (code == CPROV_ENOTFOUND && target->or_newest) {
        if (cprov_resolve_newest(s, target, err) < 0)
            return err->code;
        code = fetch_top(s, &target->reference, &p->top, err);
    }
    if (code < 0)
        return code;
    *chosen = p->top.descriptor;
    if (p->top.manifest->kind == CPROV_DOC_INDEX && !all_platforms)
        return choose(s, target, p, chosen, err);
    return 0;
}

static const struct cprov_doc *find_doc(const struct cprov_plan *p,
                                        const struct cprov_digest *digest)
{
    if (cprov_digest_equal(&p->top.descriptor.digest, digest))
        return &p->top;
    for (size_t i = 0; i < p->inner_count; i++)
        if (cprov_digest_equal(&p->inner[i].descriptor.digest, digest))
            return &p->inner[i];
    return NULL;
}

/* Those of the list that are not there yet, each once, in list; returns how many. */
static size_t take_new(const struct cprov_plan *p, const struct cprov_manifest *index,
                       struct cprov_descriptor *list)
{
    size_t n = 0;

    for (size_t i = 0; i < index->manifests_count; i++) {
        bool again = find_doc(p, &index->manifests[i].digest) != NULL;

        for (size_t k = 0; k < n && !again; k++)
            again = cprov_digest_equal(&list[k].digest, &index->manifests[i].digest);
        if (!again)
            list[n++] = index->manifests[i];
    }
    return n;
}

static int fetch_listed(struct cprov_session *s, const struct cprov_target *target,
                        const struct cprov_manifest *index, struct cprov_plan *p,
                        struct cprov_error *err)
{
    struct cprov_descriptor *list = calloc(index->manifests_count + 1, sizeof(*list));

    if (!list)
        return cprov_fail_memory(err);
    int code = fetch_children(s, target, list, take_new(p, index, list), p, err);
    free(list);
    return code;
}

/* Every document below the top, level by level. */
static int fetch_tree(struct cprov_session *s, const struct cprov_target *target,
                      struct cprov_plan *p, struct cprov_error *err)
{
    size_t from = 0;

    if (fetch_listed(s, target, p->top.manifest, p, err) < 0)
        return err->code;
    for (int depth = 1; from < p->inner_count; depth++) {
        size_t to = p->inner_count;

        for (size_t i = from; i < to; i++) {
            const struct cprov_manifest *m = p->inner[i].manifest;

            if (m->kind != CPROV_DOC_INDEX)
                continue;
            if (depth >= CPROV_INDEX_DEPTH_MAX)
                return cprov_fail(err, CPROV_ELIMIT, "indexes nest deeper than %d",
                                  CPROV_INDEX_DEPTH_MAX);
            if (fetch_listed(s, target, m, p, err) < 0)
                return err->code;
        }
        from = to;
    }
    return 0;
}

int cprov_plan_fetch(struct cprov_session *s, const struct cprov_target *target, bool all_platforms,
                     const struct cprov_descriptor *chosen, struct cprov_plan *p,
                     struct cprov_error *err)
{
    bool index = p->top.manifest->kind == CPROV_DOC_INDEX;

    if (index && all_platforms) {
        if (fetch_tree(s, target, p, err) < 0)
            return err->code;
        const struct cprov_descriptor *own = cprov_manifest_choose(p->top.manifest, &s->host);
        p->image = own ? find_doc(p, &own->digest) : NULL;
        return 0;
    }
    if (index && !find_doc(p, &chosen->digest) && fetch_children(s, target, chosen, 1, p, err) < 0)
        return err->code;
    p->image = find_doc(p, &chosen->digest);
    if (p->image->manifest->kind == CPROV_DOC_INDEX)
        return cprov_fail(err, CPROV_EVERIFY, "the index lists another index as an image");
    return 0;
}

/* --- blobs --- */

static int add_document(const struct cprov_doc *d, const struct cprov_target *target,
                        struct cprov_transfer *t, struct cprov_error *err)
{
    const struct cprov_manifest *m = d->manifest;

    if (cprov_transfer_add_bytes(t, &d->descriptor, m->raw, err) < 0)
        return err->code;
    if (m->kind == CPROV_DOC_INDEX)
        return 0;
    if (cprov_transfer_add(t, &target->reference, &m->config, NULL, err) < 0)
        return err->code;
    for (size_t i = 0; i < m->layers_count; i++)
        if (cprov_transfer_add(t, &target->reference, &m->layers[i], NULL, err) < 0)
            return err->code;
    return 0;
}

int cprov_plan_transfer(const struct cprov_plan *p, const struct cprov_target *target,
                        bool all_platforms, struct cprov_transfer *t, struct cprov_error *err)
{
    cprov_transfer_unpack(t, p->packed);
    if (!all_platforms || p->top.manifest->kind != CPROV_DOC_INDEX)
        return add_document(p->image, target, t, err);
    if (add_document(&p->top, target, t, err) < 0)
        return err->code;
    for (size_t i = 0; i < p->inner_count; i++)
        if (add_document(&p->inner[i], target, t, err) < 0)
            return err->code;
    return 0;
}

/* --- the config --- */

/* A single manifest says in its config alone what it runs on; only a wish that was spoken refuses
 * it. */
static int fits_host(const struct cprov_session *s, const struct cprov_platform *image,
                     struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 }, wanted = { 0 };
    struct cprov_os_version host_build, image_build;
    const char *why = "";

    if (!s->host_given || cprov_platform_fits(&s->host, image))
        return 0;
    cprov_buf_init(&text, CPROV_KIB);
    cprov_buf_init(&wanted, CPROV_KIB);
    cprov_platform_format(image, &text);
    cprov_platform_format(&s->host.platform, &wanted);
    if (cprov_os_version_parse(s->host.os_version, &host_build) &&
        cprov_os_version_parse(cprov_span_of(image->os_version), &image_build))
        cprov_os_compat(&host_build, &image_build, s->host.isolation, &why);
    return cprov_fail(err, CPROV_EINCOMPATIBLE,
                      "the image is %s, the host %s %" CPROV_SPAN_FMT "%s%s", cprov_buf_text(&text),
                      cprov_buf_text(&wanted), CPROV_SPAN_ARG(s->host.os_version), *why ? ": " : "",
                      why);
}

int cprov_plan_fits(struct cprov_session *s, const struct cprov_plan *p, const char *platform,
                    struct cprov_error *err)
{
    struct cprov_platform own;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (p->top.manifest->kind == CPROV_DOC_INDEX ||
        cprov_platform_parse(cprov_span_of(platform), &s->call, &own, &ignored) < 0)
        return 0;
    return fits_host(s, &own, err);
}

int cprov_plan_config(struct cprov_session *s, struct cprov_store *store,
                      const struct cprov_plan *p, struct cprov_image_config **out,
                      struct cprov_error *err)
{
    auto_image_config struct cprov_image_config *config = NULL;
    auto_buf struct cprov_buf bytes = { 0 };

    *out = NULL;
    if (!p->image || cprov_manifest_is_artifact(p->image->manifest))
        return 0;
    cprov_buf_init(&bytes, CPROV_CONFIG_MAX);
    if (cprov_store_read_blob(store, &p->image->manifest->config, CPROV_CONFIG_MAX, &bytes, err) <
            0 ||
        cprov_image_config_parse(cprov_buf_span(&bytes), &config, err) < 0 ||
        cprov_image_config_fits(config, p->image->manifest, err) < 0)
        return cprov_wrap(err, "image config");
    if (p->image == &p->top && fits_host(s, &config->platform, err) < 0)
        return err->code;
    *out = cprov_steal(&config);
    return 0;
}

/* --- the record --- */

/* The outer document's word goes first. */
static const char *annotation(const struct cprov_plan *p, const struct cprov_image_config *config,
                              const char *key)
{
    const char *text = cprov_manifest_annotation(p->top.manifest, key);

    if (!text && p->image)
        text = cprov_manifest_annotation(p->image->manifest, key);
    if (!text && config)
        text = cprov_image_config_label(config, key);
    return text ? text : "";
}

/* A title that only spells the name differently is how its maker wants it read. */
static const char *shown_name(const struct cprov_target *target, const char *title)
{
    struct cprov_span name = cprov_span_of(target->name);

    return *title && cprov_span_is_nocase(name, title) ? title : target->name;
}

static const struct cprov_platform *entry_in(const struct cprov_manifest *index,
                                             const struct cprov_digest *digest)
{
    for (size_t i = 0; i < index->manifests_count; i++)
        if (index->manifests[i].has_platform &&
            cprov_digest_equal(&index->manifests[i].digest, digest))
            return &index->manifests[i].platform;
    return NULL;
}

/* The platform by which the image was chosen: a variant or a build that its config leaves out is
 * in the index. */
static struct cprov_platform whole_platform(const struct cprov_plan *p,
                                            const struct cprov_image_config *config)
{
    struct cprov_platform own = config->platform;
    const struct cprov_digest *digest = &p->image->descriptor.digest;
    const struct cprov_platform *entry = entry_in(p->top.manifest, digest);

    for (size_t i = 0; i < p->inner_count && !entry; i++)
        entry = entry_in(p->inner[i].manifest, digest);
    if (!entry || strcmp(own.os, entry->os) != 0 ||
        strcmp(own.architecture, entry->architecture) != 0)
        return own;
    own.variant = *own.variant ? own.variant : entry->variant;
    own.os_version = *own.os_version ? own.os_version : entry->os_version;
    return own;
}

static const char *platform_text(struct cprov_session *s, const struct cprov_plan *p,
                                 const struct cprov_image_config *config, bool all)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_MANIFEST_MAX);
    if (all && p->top.manifest->kind == CPROV_DOC_INDEX)
        cprov_manifest_offers(p->top.manifest, &text);
    else if (config) {
        struct cprov_platform own = whole_platform(p, config);

        cprov_platform_format(&own, &text);
    }
    return cprov_arena_text(&s->call, cprov_buf_span(&text));
}

static const char *reference_text(struct cprov_session *s, const struct cprov_reference *reference)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_reference r = *reference;

    if (!*r.host) /* from this machine: no registry has it */
        return "";
    r.has_digest = r.has_digest && !*r.tag; /* the descriptor has it */
    cprov_buf_init(&text, CPROV_URL_MAX);
    cprov_reference_format(&r, &text);
    return cprov_arena_text(&s->call, cprov_buf_span(&text));
}

int cprov_plan_describe(struct cprov_session *s, const struct cprov_plan *p,
                        const struct cprov_target *target, const struct cprov_image_config *config,
                        bool all_platforms, uint64_t bytes, struct cprov_image *out,
                        struct cprov_error *err)
{
    char id[CPROV_DIGEST_TEXT_MAX] = "", index[CPROV_DIGEST_TEXT_MAX] = "";
    bool whole = all_platforms || !p->image;
    const char *created = config ? config->created : "";

    if (p->image)
        cprov_digest_format(&p->image->manifest->config.digest, id);
    if (!whole && p->image != &p->top)
        cprov_digest_format(&p->top.descriptor.digest, index);
    struct cprov_image image = {
        .descriptor = whole ? p->top.descriptor : p->image->descriptor,
        .name = shown_name(target, annotation(p, config, "org.opencontainers.image.title")),
        .version = target->version,
        .publisher = annotation(p, config, "org.opencontainers.image.vendor"),
        .description = annotation(p, config, "org.opencontainers.image.description"),
        .source = target->source_name,
        .reference = reference_text(s, &target->reference),
        .installed = "",
        .created = *created ? created : annotation(p, config, "org.opencontainers.image.created"),
        .platform = platform_text(s, p, config, all_platforms),
        .image_id = cprov_arena_text(&s->call, cprov_span_of(id)),
        .index_digest = cprov_arena_text(&s->call, cprov_span_of(index)),
        .size = bytes,
        .is_os = config && cprov_image_is_os(p->image->manifest, config),
    };
    if (cprov_arena_check(&s->call, err) < 0)
        return err->code;
    *out = image;
    return 0;
}
