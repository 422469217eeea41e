/* store/lineage.c - a number stands for some layers in order: equal numbers, equal layers. */
#include "store/lineage.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash_table.h"
#include "base/keyed_hash.h"
#include "base/limits.h"
#include "manifest/manifest.h"
#include "store/blobs.h"

/* numbers[k] is made of the layers 0 to k, with a key of our own: that two lists share one is as
 * likely as 1 in 2^64, and cannot be brought about from outside. */
struct layer_numbers {
    uint64_t *numbers;
    size_t count; /* 0: unreadable, or no image */
};

struct cprov_lineage {
    const struct cprov_images *images;
    struct layer_numbers *layers;  /* by image */
    struct cprov_hash_table whole; /* from the last number of an image to the image, from 1 on */
    struct cprov_hash_key key;
};

static int read_manifest(struct cprov_store *s, const struct cprov_descriptor *d,
                         struct cprov_manifest **out, struct cprov_error *err)
{
    auto_buf struct cprov_buf bytes = { 0 };

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    if (cprov_store_read_blob(s, d, CPROV_MANIFEST_MAX, &bytes, err) < 0)
        return err->code;
    return cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(d->media_type), out, err);
}

/* The manifest of an image; of an index, its first image. NULL when there is none to be read. */
static struct cprov_manifest *open_image(struct cprov_store *s, const struct cprov_descriptor *d)
{
    auto_manifest struct cprov_manifest *m = NULL;
    struct cprov_descriptor next = *d;

    for (int depth = 0; depth <= CPROV_INDEX_DEPTH_MAX; depth++) {
        struct cprov_error unreadable = CPROV_ERROR_INIT;
        struct cprov_manifest *inner = NULL;

        if (read_manifest(s, &next, &inner, &unreadable) < 0)
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

static int number_layers(struct cprov_lineage *l, struct cprov_store *s,
                         const struct cprov_descriptor *d, struct layer_numbers *out,
                         struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = open_image(s, d);
    char text[CPROV_DIGEST_TEXT_MAX];
    uint64_t number = 0;

    if (!m || m->layers_count == 0)
        return 0;
    out->numbers = calloc(m->layers_count, sizeof(*out->numbers));
    if (!out->numbers)
        return cprov_fail_memory(err);
    out->count = m->layers_count;
    for (size_t i = 0; i < out->count; i++) {
        const char *digest = cprov_digest_format(&m->layers[i].digest, text);

        number = cprov_keyed_hash(&l->key, number, digest, strlen(digest));
        out->numbers[i] = number;
    }
    return 0;
}

/* The first image that has exactly the layers of the number; NULL: none has. */
static const struct cprov_image *find(const struct cprov_lineage *l, uint64_t number, size_t count)
{
    struct cprov_hash_walk walk = cprov_hash_table_walk(&l->whole, number, "", 0);

    for (uint32_t at = cprov_hash_table_next(&l->whole, &walk); at;
         at = cprov_hash_table_next(&l->whole, &walk)) {
        const struct layer_numbers *layers = &l->layers[at - 1];

        if (layers->count == count && layers->numbers[count - 1] == number)
            return &l->images->list[at - 1];
    }
    return NULL;
}

static int fill(struct cprov_lineage *l, struct cprov_store *s, struct cprov_error *err)
{
    for (size_t i = 0; i < l->images->count; i++) {
        struct layer_numbers *layers = &l->layers[i];

        if (cprov_store_cancelled(s))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        if (number_layers(l, s, &l->images->list[i].descriptor, layers, err) < 0)
            return err->code;
        if (layers->count == 0 || find(l, layers->numbers[layers->count - 1], layers->count))
            continue;
        if (cprov_hash_table_add(&l->whole, layers->numbers[layers->count - 1], "", 0,
                                 (uint32_t)i + 1, err) < 0)
            return err->code;
    }
    return 0;
}

int cprov_lineage_new(struct cprov_store *s, const struct cprov_images *images,
                      struct cprov_lineage **out, struct cprov_error *err)
{
    auto_lineage struct cprov_lineage *l = calloc(1, sizeof(*l));

    if (!l)
        return cprov_fail_memory(err);
    l->images = images;
    l->layers = calloc(images->count + 1, sizeof(*l->layers));
    if (!l->layers)
        return cprov_fail_memory(err);
    if (cprov_hash_key_init(&l->key, err) < 0 || fill(l, s, err) < 0)
        return err->code;
    *out = cprov_steal(&l);
    return 0;
}

void cprov_lineage_free(struct cprov_lineage *l)
{
    if (!l)
        return;
    for (size_t i = 0; l->layers && i < l->images->count; i++)
        free(l->layers[i].numbers);
    free(l->layers);
    cprov_hash_table_clear(&l->whole);
    free(l);
}

const struct cprov_image *cprov_lineage_parent(const struct cprov_lineage *l, size_t i)
{
    const struct layer_numbers *own = &l->layers[i];

    for (size_t count = own->count; count > 1; count--) {
        const struct cprov_image *parent = find(l, own->numbers[count - 2], count - 1);

        if (parent)
            return parent;
    }
    return NULL;
}
