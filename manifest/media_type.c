#include "manifest/media_type.h"

#include "base/compiler.h"
#include "manifest/media_type_private.h"

/* Not schema 1: a registry that has nothing else sends it anyway. */
const char cprov_accept_manifests[] = CPROV_MT_OCI_INDEX
    ", " CPROV_MT_OCI_MANIFEST ", " CPROV_MT_DOCKER_LIST ", " CPROV_MT_DOCKER_MANIFEST;

static const struct document_type {
    const char *name;
    enum cprov_document document;
} documents[] = {
    { CPROV_MT_OCI_MANIFEST, CPROV_DOC_MANIFEST },
    { CPROV_MT_OCI_INDEX, CPROV_DOC_INDEX },
    { CPROV_MT_DOCKER_MANIFEST, CPROV_DOC_MANIFEST },
    { CPROV_MT_DOCKER_LIST, CPROV_DOC_INDEX },
    { CPROV_MT_DOCKER_SCHEMA1, CPROV_DOC_SCHEMA1 },
    { "application/vnd.docker.distribution.manifest.v1+prettyjws", CPROV_DOC_SCHEMA1 },
};

/* The name of a layer type is a stem, and how it is packed behind a separator. */
static const struct layer_stem {
    const char *name;
    char separator;
    bool foreign;
} stems[] = {
    { CPROV_MT_OCI_LAYER, '+', false },
    { "application/vnd.oci.image.layer.nondistributable.v1.tar", '+', true },
    { "application/vnd.docker.image.rootfs.diff.tar", '.', false },
    { "application/vnd.docker.image.rootfs.foreign.diff.tar", '.', true },
};

static struct cprov_span bare(struct cprov_span type)
{
    struct cprov_span name, parameters;

    if (cprov_span_cut(type, ';', &name, &parameters))
        type = name;
    return cprov_span_trim(type);
}

static const struct document_type *document_named(struct cprov_span type)
{
    struct cprov_span name = bare(type);

    for (size_t i = 0; i < CPROV_COUNT(documents); i++)
        if (cprov_span_is_nocase(name, documents[i].name))
            return &documents[i];
    return NULL;
}

static enum cprov_layer_packing packing_of(struct cprov_span suffix, char separator)
{
    if (suffix.len == 0)
        return CPROV_LAYER_TAR;
    if (suffix.ptr[0] != separator)
        return CPROV_LAYER_NONE;
    suffix = cprov_span_from(suffix, 1);
    if (cprov_span_is_nocase(suffix, "gzip"))
        return CPROV_LAYER_GZIP;
    return cprov_span_is_nocase(suffix, "zstd") ? CPROV_LAYER_ZSTD : CPROV_LAYER_NONE;
}

const char *cprov_media_type_name(struct cprov_span type)
{
    const struct document_type *known = document_named(type);

    return known ? known->name : NULL;
}

enum cprov_document cprov_media_type_document(struct cprov_span type)
{
    const struct document_type *known = document_named(type);

    return known ? known->document : CPROV_DOC_UNKNOWN;
}

struct cprov_layer_type cprov_media_type_layer(struct cprov_span type)
{
    struct cprov_span name = bare(type);

    for (size_t i = 0; i < CPROV_COUNT(stems); i++) {
        size_t len = strlen(stems[i].name);

        if (name.len < len || !cprov_span_is_nocase(cprov_span_make(name.ptr, len), stems[i].name))
            continue;
        struct cprov_layer_type layer = {
            .packing = packing_of(cprov_span_from(name, len), stems[i].separator),
        };
        layer.foreign = stems[i].foreign && layer.packing != CPROV_LAYER_NONE;
        return layer;
    }
    return (struct cprov_layer_type){ .packing = CPROV_LAYER_NONE };
}

bool cprov_media_type_is_config(struct cprov_span type)
{
    struct cprov_span name = bare(type);

    return cprov_span_is_nocase(name, CPROV_MT_OCI_CONFIG) ||
           cprov_span_is_nocase(name, CPROV_MT_DOCKER_CONFIG);
}

bool cprov_media_type_is_generic(struct cprov_span type)
{
    static const char *const names[] = { "", "application/octet-stream", "application/json",
                                         "text/plain", "text/html" };
    struct cprov_span name = bare(type);

    for (size_t i = 0; i < CPROV_COUNT(names); i++)
        if (cprov_span_is_nocase(name, names[i]))
            return true;
    return false;
}
