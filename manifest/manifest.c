#include "manifest/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "manifest/choice.h"
#include "manifest/decode_private.h"
#include "manifest/media_type_private.h"

struct document {
    uint64_t schema_version;
    const char *media_type;
    const char *artifact_type;
    const struct cprov_json *config;
    const struct cprov_json *layers;
    const struct cprov_json *manifests;
    const struct cprov_json *subject;
    const struct cprov_json *annotations;
    const struct cprov_json *fs_layers;
};

static const struct cprov_json_field fields[] = {
    { "schemaVersion", CPROV_FIELD_U64, offsetof(struct document, schema_version), true },
    { "mediaType", CPROV_FIELD_TEXT, offsetof(struct document, media_type), false },
    { "artifactType", CPROV_FIELD_TEXT, offsetof(struct document, artifact_type), false },
    { "config", CPROV_FIELD_OBJECT, offsetof(struct document, config), false },
    { "layers", CPROV_FIELD_ARRAY, offsetof(struct document, layers), false },
    { "manifests", CPROV_FIELD_ARRAY, offsetof(struct document, manifests), false },
    { "subject", CPROV_FIELD_OBJECT, offsetof(struct document, subject), false },
    { "annotations", CPROV_FIELD_OBJECT, offsetof(struct document, annotations), false },
    { "fsLayers", CPROV_FIELD_ARRAY, offsetof(struct document, fs_layers), false },
};

/* One document must not read as two kinds: CVE-2021-41190. */
static int find_kind(const struct cprov_json *root, const struct document *doc,
                     enum cprov_document *out, struct cprov_error *err)
{
    if (doc->fs_layers && (doc->layers || doc->manifests))
        return cprov_fail(err, CPROV_EVERIFY,
                          "ambiguous: has fsLayers as well as layers or manifests");
    if (doc->schema_version == 1)
        return cprov_fail(err, CPROV_EUNSUPPORTED,
                          "Docker schema 1 manifests are not supported (deprecated since 2016); "
                          "push the image again with a newer tool");
    if (doc->schema_version != 2)
        return cprov_fail(err, CPROV_EVERIFY, "schemaVersion is not 2");
    if (doc->layers && doc->manifests)
        return cprov_fail(err, CPROV_EVERIFY, "ambiguous: has both layers and manifests");
    if (doc->config && doc->manifests)
        return cprov_fail(err, CPROV_EVERIFY, "ambiguous: an index has a config");
    if (!doc->config && !doc->manifests)
        return cprov_fail(err, CPROV_EVERIFY,
                          "neither a manifest (config) nor an index (manifests)");
    /* Go writes an empty list as null; a member that is missing is another matter. */
    if (doc->config && !cprov_json_get(root, "layers"))
        return cprov_fail(err, CPROV_EVERIFY, "layers is missing");
    *out = doc->manifests ? CPROV_DOC_INDEX : CPROV_DOC_MANIFEST;
    return 0;
}

/* What the document calls itself and what others call it must agree with what it is. */
static int set_media_type(struct cprov_manifest *m, const char *own, struct cprov_span content_type,
                          struct cprov_error *err)
{
    struct cprov_span own_type = cprov_span_of(own);
    const char *own_name = cprov_media_type_name(own_type);
    const char *content_name = cprov_media_type_name(content_type);
    const char *is = m->kind == CPROV_DOC_INDEX ? "an index" : "a manifest";

    if (own_type.len > 0 && cprov_media_type_document(own_type) != m->kind)
        return cprov_fail(err, CPROV_EVERIFY, "mediaType is %.100s, but the document is %s", own,
                          is);
    if (content_name && cprov_media_type_document(content_type) != m->kind)
        return cprov_fail(err, CPROV_EVERIFY, "announced as %s, but the document is %s",
                          content_name, is);
    if (own_name && content_name && own_name != content_name)
        return cprov_fail(err, CPROV_EVERIFY, "announced as %s, but its mediaType is %s",
                          content_name, own_name);

    m->media_type = m->kind == CPROV_DOC_INDEX ? CPROV_MT_OCI_INDEX : CPROV_MT_OCI_MANIFEST;
    if (own_name || content_name)
        m->media_type = own_name ? own_name : content_name;
    m->is_docker = cprov_span_starts_with(cprov_span_of(m->media_type), "application/vnd.docker.");
    return 0;
}

static int decode_list(const struct cprov_json *array, const char *name, size_t max,
                       struct cprov_manifest *m, struct cprov_arena *tree,
                       struct cprov_descriptor **out, size_t *count, struct cprov_error *err)
{
    size_t n = 0;

    if (array && array->count > max)
        return cprov_fail(err, CPROV_ELIMIT, "%s: %zu items, at most %zu are allowed", name,
                          array->count, max);
    struct cprov_descriptor *list =
        cprov_arena_alloc(&m->arena, array ? array->count : 0, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    for (const struct cprov_json *v = array ? array->child : NULL; v; v = v->next, n++) {
        if (cprov_descriptor_decode(v, tree, &list[n], err) < 0)
            return cprov_wrap(err, "%s[%zu]", name, n);
        cprov_descriptor_keep(&list[n], &m->arena);
    }
    *out = list;
    *count = n;
    return 0;
}

/*
 * What counts is copied: the tree of a document is many times as large as its text, and goes when
 * it has been read.
 */
static int decode_body(struct cprov_manifest *m, const struct document *doc,
                       struct cprov_arena *tree, struct cprov_error *err)
{
    struct cprov_descriptor *layers = NULL, *manifests = NULL;

    int rc = decode_list(doc->layers, "layers", CPROV_LAYERS_MAX, m, tree, &layers,
                         &m->layers_count, err);
    if (rc == 0)
        rc = decode_list(doc->manifests, "manifests", CPROV_INDEX_ENTRIES_MAX, m, tree, &manifests,
                         &m->manifests_count, err);
    if (rc < 0)
        return rc;
    m->layers = layers;
    m->manifests = manifests;
    if (doc->config && cprov_descriptor_decode(doc->config, tree, &m->config, err) < 0)
        return cprov_wrap(err, "config");
    if (doc->subject && cprov_descriptor_decode(doc->subject, tree, &m->subject, err) < 0)
        return cprov_wrap(err, "subject");
    cprov_descriptor_keep(&m->config, &m->arena);
    cprov_descriptor_keep(&m->subject, &m->arena);
    m->has_subject = doc->subject != NULL;
    m->artifact_type = cprov_text_keep(doc->artifact_type, &m->arena);
    if (cprov_annotations_decode(doc->annotations, tree, &m->annotations, &m->annotations_count,
                                 err) < 0)
        return cprov_wrap(err, "annotations");
    m->annotations = cprov_annotations_keep(m->annotations, m->annotations_count, &m->arena);
    return 0;
}

static int decode(struct cprov_manifest *m, struct cprov_span content_type, struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena tree = { 0 };
    struct cprov_json *root = NULL;
    struct document doc = { 0 };
    int rc = cprov_json_parse_known(m->raw, fields, CPROV_COUNT(fields), &tree, &root, err);

    if (rc < 0)
        return rc;
    if (root->type != CPROV_JSON_OBJECT)
        return cprov_fail(err, CPROV_EVERIFY, "not a JSON object");
    rc = cprov_json_decode(root, fields, CPROV_COUNT(fields), &doc, err);
    if (rc == 0)
        rc = find_kind(root, &doc, &m->kind, err);
    if (rc == 0)
        rc = set_media_type(m, doc.media_type, content_type, err);
    return rc < 0 ? rc : decode_body(m, &doc, &tree, err);
}

/* Attestations of BuildKit say in their platform and in an annotation that they are no image. */
static bool is_image_child(const struct cprov_descriptor *d)
{
    const char *type =
        cprov_annotation_get(d->annotations, d->annotations_count, "vnd.docker.reference.type");

    if (type && strcmp(type, "attestation-manifest") == 0)
        return false;
    if (strcmp(d->platform.os, "unknown") == 0 || strcmp(d->platform.architecture, "unknown") == 0)
        return false;
    return !d->artifact_type || cprov_media_type_is_config(cprov_span_of(d->artifact_type));
}

static void offer_children(struct cprov_choice *c, const struct cprov_manifest *index,
                           enum cprov_document kind)
{
    for (size_t i = 0; i < index->manifests_count; i++) {
        const struct cprov_descriptor *d = &index->manifests[i];

        if (cprov_media_type_document(cprov_span_of(d->media_type)) == kind && is_image_child(d))
            cprov_choice_offer(c, &d->platform, i);
    }
}

static const struct cprov_descriptor *first_image(const struct cprov_manifest *index)
{
    static const enum cprov_document order[] = { CPROV_DOC_MANIFEST, CPROV_DOC_INDEX };

    for (size_t k = 0; k < CPROV_COUNT(order); k++)
        for (size_t i = 0; i < index->manifests_count; i++) {
            const struct cprov_descriptor *d = &index->manifests[i];

            if (cprov_media_type_document(cprov_span_of(d->media_type)) == order[k] &&
                is_image_child(d))
                return d;
        }
    return NULL;
}

int cprov_manifest_parse(struct cprov_span bytes, struct cprov_span content_type,
                         struct cprov_manifest **out, struct cprov_error *err)
{
    if (bytes.len > CPROV_MANIFEST_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "%zu bytes, at most %zu are allowed", bytes.len,
                          CPROV_MANIFEST_MAX);

    auto_manifest struct cprov_manifest *m = calloc(1, sizeof(*m));
    if (!m)
        return cprov_fail_memory(err);
    m->raw = cprov_span_make(cprov_arena_text(&m->arena, bytes), bytes.len);
    int rc = cprov_arena_check(&m->arena, err);
    if (rc == 0)
        rc = decode(m, content_type, err);
    if (rc == 0)
        rc = cprov_arena_check(&m->arena, err);
    if (rc < 0)
        return rc;
    *out = cprov_steal(&m);
    return 0;
}

void cprov_manifest_free(struct cprov_manifest *m)
{
    if (!m)
        return;
    cprov_arena_clear(&m->arena);
    free(m);
}

static bool has_file_system(const struct cprov_manifest *m)
{
    for (size_t i = 0; i < m->layers_count; i++)
        if (cprov_media_type_layer(cprov_span_of(m->layers[i].media_type)).packing !=
            CPROV_LAYER_NONE)
            return true;
    return false;
}

void cprov_manifest_begin(struct cprov_json_writer *w, const char *media_type)
{
    cprov_json_begin_object(w);
    cprov_json_key(w, "schemaVersion");
    cprov_json_number(w, 2);
    cprov_json_member(w, "mediaType", media_type);
}

bool cprov_manifest_is_artifact(const struct cprov_manifest *m)
{
    struct cprov_span config = cprov_span_of(m->config.media_type);

    if (m->kind != CPROV_DOC_MANIFEST)
        return false;
    if (cprov_media_type_is_config(config))
        return m->layers_count > 0 && !has_file_system(m);
    return m->artifact_type || !cprov_media_type_is_generic(config) || !has_file_system(m);
}

#define HELM_CONFIG "application/vnd.cncf.helm.config.v1+json"

enum cprov_kind cprov_manifest_kind(const struct cprov_manifest *m)
{
    if (m->kind == CPROV_DOC_INDEX)
        return first_image(m) ? CPROV_KIND_IMAGE : CPROV_KIND_UNKNOWN;
    if (!cprov_manifest_is_artifact(m))
        return CPROV_KIND_IMAGE;
    return strcmp(m->config.media_type, HELM_CONFIG) == 0 ? CPROV_KIND_CHART : CPROV_KIND_ARTIFACT;
}

const char *cprov_kind_name(enum cprov_kind kind)
{
    switch (kind) {
    case CPROV_KIND_UNKNOWN:
        break;
    case CPROV_KIND_IMAGE:
        return "image";
    case CPROV_KIND_CHART:
        return "chart";
    case CPROV_KIND_ARTIFACT:
        return "artifact";
    }
    return "";
}

const struct cprov_descriptor *cprov_manifest_choose(const struct cprov_manifest *index,
                                                     const struct cprov_host *host)
{
    struct cprov_choice images, nested;
    size_t image = 0, deeper = 0;

    if (!host)
        return first_image(index);
    cprov_choice_init(&images, host);
    cprov_choice_init(&nested, host);
    offer_children(&images, index, CPROV_DOC_MANIFEST);
    offer_children(&nested, index, CPROV_DOC_INDEX);

    bool has_image = cprov_choice_result(&images, &image);
    bool has_nested = cprov_choice_result(&nested, &deeper);
    bool is_named = has_image && index->manifests[image].has_platform;
    if (has_nested && !is_named && (!has_image || index->manifests[deeper].has_platform))
        return &index->manifests[deeper];
    return has_image ? &index->manifests[image] : NULL;
}

void cprov_manifest_offers(const struct cprov_manifest *index, struct cprov_buf *out)
{
    const char *separator = "";

    for (size_t i = 0; i < index->manifests_count; i++) {
        const struct cprov_descriptor *d = &index->manifests[i];

        if (!is_image_child(d) || (!d->platform.os[0] && !d->platform.architecture[0]))
            continue;
        cprov_buf_add_text(out, separator);
        cprov_platform_format(&d->platform, out);
        separator = ", ";
    }
}

const char *cprov_manifest_annotation(const struct cprov_manifest *m, const char *key)
{
    return cprov_annotation_get(m->annotations, m->annotations_count, key);
}
