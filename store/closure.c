/* store/closure.c - all blobs that images need, each once, in the order in which they are named. */
#include "store/closure.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"
#include "manifest/manifest.h"
#include "store/blobs.h"

void cprov_closure_clear(struct cprov_closure *c)
{
    cprov_digest_set_clear(&c->digests);
    free(c->blobs);
    *c = (struct cprov_closure){ 0 };
}

static int add_blob(struct cprov_closure *c, const struct cprov_descriptor *d, bool is_document,
                    bool *added, struct cprov_error *err)
{
    size_t number;

    if (cprov_grow(&c->blobs, &c->room, c->digests.count, sizeof(*c->blobs), CPROV_LIST_MAX, err) <
            0 ||
        cprov_digest_set_add(&c->digests, &d->digest, &number, added, err) < 0)
        return err->code;
    if (!*added)
        return 0;
    c->blobs[number] = (struct cprov_closure_blob){ .size = d->size, .is_document = is_document };
    c->bytes += d->size;
    return 0;
}

static int add(struct cprov_closure *c, struct cprov_store *s, const struct cprov_descriptor *d,
               int depth, struct cprov_error *err);

static int add_named(struct cprov_closure *c, struct cprov_store *s, const struct cprov_manifest *m,
                     int depth, struct cprov_error *err)
{
    bool added;
    int code = 0;

    if (m->kind == CPROV_DOC_MANIFEST)
        code = add_blob(c, &m->config, true, &added, err);
    for (size_t i = 0; code == 0 && i < m->layers_count; i++)
        code = add_blob(c, &m->layers[i], false, &added, err);
    for (size_t i = 0; code == 0 && i < m->manifests_count; i++)
        code = add(c, s, &m->manifests[i], depth + 1, err);
    return code;
}

static int add(struct cprov_closure *c, struct cprov_store *s, const struct cprov_descriptor *d,
               int depth, struct cprov_error *err)
{
    bool is_document = cprov_media_type_document(cprov_span_of(d->media_type)) != CPROV_DOC_UNKNOWN;
    auto_manifest struct cprov_manifest *m = NULL;
    char text[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf bytes = { 0 };
    bool added = false;

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    int code = add_blob(c, d, is_document, &added, err);
    if (code < 0 || !added || !is_document)
        return code;
    if (depth > CPROV_INDEX_DEPTH_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "indexes are nested deeper than %d",
                          CPROV_INDEX_DEPTH_MAX);
    if (cprov_store_read_blob(s, d, CPROV_MANIFEST_MAX, &bytes, err) < 0)
        return err->code;
    code = cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(d->media_type), &m, err);
    if (code < 0)
        return cprov_wrap(err, "manifest %s", cprov_digest_format(&d->digest, text));
    return add_named(c, s, m, depth, err);
}

int cprov_closure_add(struct cprov_closure *c, struct cprov_store *s,
                      const struct cprov_descriptor *d, struct cprov_error *err)
{
    return add(c, s, d, 0, err);
}
