/* catalog/document/artifact.c - the manifest around a catalog, written and read. */
#include "catalog/document/artifact.h"

#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "manifest/manifest.h"
#include "manifest/media_type.h"

#define TITLE   "org.opencontainers.image.title"
#define CREATED "org.opencontainers.image.created"

int cprov_catalog_artifact_config(struct cprov_descriptor *out, struct cprov_error *err)
{
    struct cprov_span text = CPROV_SPAN_LITERAL(CPROV_CATALOG_CONFIG);
    struct cprov_descriptor d = {
        .media_type = CPROV_MT_OCI_EMPTY, .size = text.len, .data = text, .has_data = true
    };
    int code = cprov_digest_of(CPROV_SHA256, text, &d.digest, err);

    if (code == 0)
        *out = d;
    return code;
}

/* Tools that take artifacts as files name them by the title of the layer. */
static void write_layer(struct cprov_json_writer *w, const struct cprov_descriptor *from,
                        const char *type, const char *file)
{
    const struct cprov_annotation title = { TITLE, file };
    const struct cprov_descriptor d = { .media_type = type,
                                        .digest = from->digest,
                                        .size = from->size,
                                        .annotations = &title,
                                        .annotations_count = 1 };

    cprov_descriptor_write(w, &d);
}

void cprov_catalog_artifact_write(const struct cprov_catalog_artifact *a, struct cprov_buf *out)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, out, 0);
    cprov_manifest_begin(&w, CPROV_MT_OCI_MANIFEST);
    cprov_json_member(&w, "artifactType", CPROV_CATALOG_MEDIA_TYPE);
    cprov_json_key(&w, "config");
    cprov_descriptor_write(&w, &a->config);
    cprov_json_key(&w, "layers");
    cprov_json_begin_array(&w);
    write_layer(&w, &a->document, CPROV_CATALOG_PACKED_TYPE, "catalog.json.gz");
    if (a->is_signed)
        write_layer(&w, &a->signature, CPROV_CATALOG_SIGNATURE_TYPE, "catalog.json.sig");
    cprov_json_end_array(&w);
    if (a->title || a->created) {
        cprov_json_key(&w, "annotations");
        cprov_json_begin_object(&w);
        cprov_json_member(&w, CREATED, a->created);
        cprov_json_member(&w, TITLE, a->title);
        cprov_json_end_object(&w);
    }
    cprov_json_end_object(&w);
}

static bool is_document(const char *type)
{
    static const char *const types[] = { CPROV_CATALOG_PACKED_TYPE, CPROV_CATALOG_MEDIA_TYPE,
                                         CPROV_CATALOG_MEDIA_TYPE "+zstd" };

    for (size_t i = 0; i < CPROV_COUNT(types); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

static int check_size(const struct cprov_descriptor *d, uint64_t max, const char *what,
                      struct cprov_error *err)
{
    if (d->size <= max)
        return 0;
    return cprov_fail(err, CPROV_ELIMIT, "%s of %llu bytes is larger than the allowed %llu", what,
                      (unsigned long long)d->size, (unsigned long long)max);
}

int cprov_catalog_artifact_read(const struct cprov_manifest *m, struct cprov_catalog_artifact *out,
                                struct cprov_error *err)
{
    const struct cprov_descriptor *document = NULL, *signature = NULL;

    for (size_t i = 0; i < m->layers_count; i++) {
        const struct cprov_descriptor *layer = &m->layers[i];
        bool is_signature = strcmp(layer->media_type, CPROV_CATALOG_SIGNATURE_TYPE) == 0;
        const struct cprov_descriptor **part = is_signature ? &signature : &document;

        if (!is_signature && !is_document(layer->media_type))
            continue;
        if (*part)
            return cprov_fail(err, CPROV_EVERIFY, "has two %s",
                              is_signature ? "signatures" : "catalogs");
        *part = layer;
    }
    if (!document)
        return cprov_fail(err, CPROV_EVERIFY, "is not a catalog");
    if (check_size(document, CPROV_CATALOG_PACKED_MAX, "a catalog", err) < 0 ||
        (signature && check_size(signature, CPROV_SIGNATURE_MAX, "a signature", err) < 0))
        return err->code;
    *out = (struct cprov_catalog_artifact){
        .config = m->config,
        .document = *document,
        .title = cprov_manifest_annotation(m, TITLE),
        .created = cprov_manifest_annotation(m, CREATED),
        .is_signed = signature != NULL,
    };
    if (signature)
        out->signature = *signature;
    return 0;
}
