/* store/parent.c - which image another one was built on, told by their layers. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"
#include "manifest/manifest.h"
#include "store/blobs.h"
#include "store/digest_set.h"
#include "store/images.h"
#include "store/store_private.h"

/* The layers of one manifest; none for what is unreadable or no image. */
struct layers {
    struct cprov_digest *list;
    size_t count;
};

/* A manifest never changes under its digest, so it is read once in the life of the store. */
struct cprov_layer_cache {
    struct cprov_digest_set manifests;
    struct layers *layers; /* by the manifest's number */
    size_t room;
};

void cprov_layer_cache_free(struct cprov_layer_cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->manifests.count && i < c->room; i++)
        free(c->layers[i].list);
    free(c->layers);
    cprov_digest_set_clear(&c->manifests);
    free(c);
}

static int read_manifest(struct cprov_store *s, const struct cprov_descriptor *d,
                         struct cprov_manifest **out)
{
    auto_buf struct cprov_buf bytes = { 0 };

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    int code = cprov_store_read_blob(s, d, CPROV_MANIFEST_MAX, &bytes, NULL);
    if (code != 0)
        return code;
    return cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(d->media_type), out, NULL);
}

/* The manifest of an image; of an index, its first image. NULL when there is none to be read. */
static struct cprov_manifest *open_image(struct cprov_store *s, const struct cprov_descriptor *d)
{
    auto_manifest struct cprov_manifest *m = NULL;
    struct cprov_descriptor next = *d;

    for (int depth = 0; depth <= CPROV_INDEX_DEPTH_MAX; depth++) {
        struct cprov_manifest *inner = NULL;

        if (read_manifest(s, &next, &inner) != 0)
            return NULL;
        cprov_manifest_free(m);
        m = inner;
        if (m->kind == CPROV_DOC_MANIFEST)
            return cprov_manifest_is_artifact(m) ? NULL : cprov_steal(&m);
        const struct cprov_descriptor *child = cprov_manifest_choose(m, NULL);
        if (!child)
            return NULL;
        next = *child;
    }
    return NULL;
}

static int read_layers(struct cprov_store *s, const struct cprov_descriptor *d, struct layers *out,
                       struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = open_image(s, d);

    *out = (struct layers){ 0 };
    if (!m || m->layers_count == 0)
        return 0;
    out->list = calloc(m->layers_count, sizeof(*out->list));
    if (!out->list)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < m->layers_count; i++)
        out->list[i] = m->layers[i].digest;
    out->count = m->layers_count;
    return 0;
}

/* Borrowed from the store. */
static int get_layers(struct cprov_store *s, const struct cprov_descriptor *d, struct layers *out,
                      struct cprov_error *err)
{
    struct cprov_layer_cache *c = s->layers;
    struct layers fresh;
    size_t number;
    bool added;

    if (!c)
        c = s->layers = calloc(1, sizeof(*c));
    if (!c)
        return cprov_fail_memory(err);
    if (c->layers && cprov_digest_set_find(&c->manifests, &d->digest, &number)) {
        *out = c->layers[number];
        return 0;
    }
    if (cprov_grow(&c->layers, &c->room, c->manifests.count, sizeof(*c->layers), CPROV_LIST_MAX,
                   err) < 0 ||
        read_layers(s, d, &fresh, err) < 0)
        return err->code;
    if (cprov_digest_set_add(&c->manifests, &d->digest, &number, &added, err) < 0) {
        free(fresh.list);
        return err->code;
    }
    c->layers[number] = fresh;
    *out = fresh;
    return 0;
}

static bool is_true_prefix(const struct layers *a, const struct layers *of)
{
    if (a->count == 0 || a->count >= of->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!cprov_digest_equal(&a->list[i], &of->list[i]))
            return false;
    return true;
}

int cprov_images_parent(struct cprov_store *s, const struct cprov_images *images, size_t i,
                        const struct cprov_image **out, struct cprov_error *err)
{
    const struct cprov_image *best = NULL;
    size_t longest = 0;
    struct layers own = { 0 };

    int code = get_layers(s, &images->list[i].descriptor, &own, err);
    for (size_t k = 0; code == 0 && own.count > 1 && k < images->count; k++) {
        struct layers other = { 0 };

        code = get_layers(s, &images->list[k].descriptor, &other, err);
        if (code == 0 && other.count > longest && is_true_prefix(&other, &own)) {
            longest = other.count;
            best = &images->list[k];
        }
    }
    if (code != 0)
        return code;
    *out = best;
    return 0;
}
