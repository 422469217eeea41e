/* archive/packed_docker.c - what docker save wrote: manifests made of manifest.json and configs. */
#include <stdlib.h>
#include <string.h>

#include "archive/packed_private.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/limits.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "manifest/media_type.h"
#include "store/digest_set.h"
#include "store/image_name.h"
#include "store/index_file.h"

#define PIECE (128 * CPROV_KIB)

/* What index.json of the same archive has, when it has one. */
struct listed {
    size_t count;                    /* of the first images */
    struct cprov_digest_set configs; /* of those that are whole */
    struct cprov_digest *lost;       /* by image: the config of one without its layers */
    bool *is_lost;
    size_t visited; /* documents */
};

/* One image of manifest.json. */
struct saved {
    struct cprov_packed *p;
    struct listed *listed;
    const struct cprov_json *entry;
    struct cprov_image_config *config;
    bool known;            /* index.json has it */
    struct cprov_buf text; /* of the manifest */
    uint64_t bytes;
};

static void listed_clear(struct listed *l)
{
    cprov_digest_set_clear(&l->configs);
}

static int add_blob(struct cprov_packed *p, const struct cprov_packed_blob *blob,
                    struct cprov_error *err)
{
    size_t number;
    bool added;

    if (cprov_digest_set_add(&p->known, &blob->digest, &number, &added, err) < 0)
        return err->code;
    if (!added)
        return 0;
    if (cprov_grow(&p->blobs, &p->blobs_room, p->blobs_count, sizeof(*p->blobs), CPROV_LIST_MAX,
                   err) < 0)
        return err->code;
    p->blobs[p->blobs_count++] = *blob;
    return 0;
}

static const struct cprov_tar_member *
member_named(const struct cprov_packed *p, const struct cprov_json *name, struct cprov_error *err)
{
    const struct cprov_tar_member *m = name && name->type == CPROV_JSON_STRING
                                           ? cprov_tar_index_find(&p->index, name->text.ptr)
                                           : NULL;

    if (!m)
        cprov_fail(err, CPROV_EVERIFY, "manifest.json names '%.100s', which is not in the archive",
                   name && name->type == CPROV_JSON_STRING ? name->text.ptr : "nothing");
    return m;
}

static int hash_bytes(const struct cprov_packed *p, const struct cprov_tar_member *m,
                      struct cprov_digest *out, struct cprov_error *err)
{
    auto_hasher struct cprov_hasher *hasher = NULL;
    char *piece = malloc(PIECE);
    int code = piece ? cprov_digest_hasher(CPROV_SHA256, &hasher, err) : cprov_fail_memory(err);

    for (uint64_t done = 0; done < m->size && code == 0;) {
        size_t n = m->size - done < PIECE ? (size_t)(m->size - done) : PIECE, got = 0;

        if (cprov_fs_read_at(p->fd, piece, n, (off_t)(m->offset + done), &got, err) < 0)
            code = err->code;
        else if (got == 0)
            code = cprov_fail(err, CPROV_EVERIFY, "%s is cut off", m->path);
        else if (cprov_cancelled(p->cancel))
            code = cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        else
            code = cprov_hasher_update(hasher, piece, got, err);
        done += got;
    }
    free(piece);
    return code < 0 ? code : cprov_digest_finish(hasher, CPROV_SHA256, out, err);
}

/* Each member is read once, however often it is named. */
static int hash_member(const struct cprov_packed *p, const struct cprov_tar_member *m,
                       struct cprov_digest *out, struct cprov_error *err)
{
    struct cprov_packed_hash *h = &p->hashes[m - p->index.list];

    if (!h->known && hash_bytes(p, m, &h->digest, err) < 0)
        return err->code;
    h->known = true;
    *out = h->digest;
    return 0;
}

/* A layer that is a plain tar has its diff id for a digest, which the config tells; a packed one is
 * read. */
static int layer_of(const struct cprov_packed *p, const struct cprov_tar_member *m,
                    const struct cprov_digest *diff_id, struct cprov_descriptor *out,
                    struct cprov_error *err)
{
    unsigned char head[4];
    size_t got;

    if (cprov_fs_read_at(p->fd, head, m->size < sizeof(head) ? (size_t)m->size : sizeof(head),
                         (off_t)m->offset, &got, err) < 0)
        return err->code;
    bool gzip = got >= 2 && head[0] == 0x1f && head[1] == 0x8b;
    bool zstd = got == 4 && memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0;

    *out = (struct cprov_descriptor){ .media_type = gzip   ? CPROV_MT_OCI_LAYER "+gzip"
                                                    : zstd ? CPROV_MT_OCI_LAYER "+zstd"
                                                           : CPROV_MT_OCI_LAYER,
                                      .digest = *diff_id,
                                      .size = m->size };
    return gzip || zstd ? hash_member(p, m, &out->digest, err) : 0;
}

static int write_layers(struct saved *v, struct cprov_json_writer *w, struct cprov_error *err)
{
    const struct cprov_json *list = cprov_json_get(v->entry, "Layers");
    const struct cprov_json *name = list ? list->child : NULL;

    if (!list || list->type != CPROV_JSON_ARRAY || list->count != v->config->diff_ids_count)
        return cprov_fail(err, CPROV_EVERIFY,
                          "manifest.json and the config list different numbers of layers");
    for (size_t i = 0; name; i++, name = name->next) {
        const struct cprov_tar_member *m = member_named(v->p, name, err);
        struct cprov_descriptor layer = { 0 };

        if (!m || layer_of(v->p, m, &v->config->diff_ids[i], &layer, err) < 0 ||
            add_blob(v->p, &(struct cprov_packed_blob){ .digest = layer.digest, .member = m },
                     err) < 0)
            return err->code;
        cprov_descriptor_write(w, &layer);
        v->bytes += layer.size;
    }
    return 0;
}

/* --- beside an index.json --- */

static int look_at_manifest(struct cprov_packed *p, struct listed *l, size_t image,
                            const struct cprov_manifest *m, struct cprov_error *err)
{
    auto_image_config struct cprov_image_config *config = NULL;
    auto_buf struct cprov_buf bytes = { 0 };
    size_t index;
    bool added;

    cprov_buf_init(&bytes, CPROV_CONFIG_MAX);
    if (m->layers_count == 0 && !cprov_manifest_is_artifact(m) &&
        cprov_packed_read(p, &m->config.digest, CPROV_CONFIG_MAX, &bytes, err) == 0 &&
        cprov_image_config_parse(cprov_buf_span(&bytes), &config, err) == 0 &&
        config->diff_ids_count > 0) {
        l->lost[image] = m->config.digest;
        return 0;
    }
    return cprov_digest_set_add(&l->configs, &m->config.digest, &index, &added, err);
}

/* What cannot be read here is told by whoever wants it. */
static int look_at(struct cprov_packed *p, struct listed *l, size_t image,
                   const struct cprov_descriptor *d, int depth, struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;
    auto_buf struct cprov_buf bytes = { 0 };
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (depth > CPROV_INDEX_DEPTH_MAX || l->visited++ > CPROV_INDEX_ENTRIES_MAX)
        return 0;
    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    if (cprov_packed_read(p, &d->digest, CPROV_MANIFEST_MAX, &bytes, &ignored) < 0 ||
        cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(d->media_type), &m, &ignored) <
            0)
        return ignored.code == CPROV_ENOMEM ? cprov_fail_memory(err) : 0;
    if (m->kind != CPROV_DOC_INDEX)
        return look_at_manifest(p, l, image, m, err);
    for (size_t i = 0; i < m->manifests_count; i++)
        if (look_at(p, l, image, &m->manifests[i], depth + 1, err) < 0)
            return err->code;
    return 0;
}

static int look_at_all(struct cprov_packed *p, struct listed *l, struct cprov_error *err)
{
    l->count = p->count;
    l->lost = cprov_arena_alloc(&p->arena, l->count, sizeof(*l->lost));
    l->is_lost = cprov_arena_alloc(&p->arena, l->count, sizeof(*l->is_lost));
    if (!l->lost || !l->is_lost)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < l->count; i++)
        if (look_at(p, l, i, &p->images[i].descriptor, 0, err) < 0)
            return err->code;
    return 0;
}

/* manifest.json has the layers that an entry of index.json has lost. */
static void note_found(struct listed *l, const struct cprov_digest *config)
{
    for (size_t i = 0; i < l->count; i++)
        if (cprov_digest_equal(&l->lost[i], config))
            l->is_lost[i] = true;
}

/* index.json goes first where both name something. */
static bool is_named(const struct cprov_packed *p, const struct listed *l,
                     const struct cprov_image *image)
{
    for (size_t i = 0; i < l->count; i++)
        if (!l->is_lost[i] && strcmp(p->images[i].name, image->name) == 0 &&
            strcmp(p->images[i].version, image->version) == 0)
            return true;
    return false;
}

static void drop_lost(struct cprov_packed *p, const struct listed *l)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->count; i++)
        if (i >= l->count || !l->is_lost[i])
            p->images[kept++] = p->images[i];
    p->count = kept;
}

/* --- manifest.json --- */

/* The manifest as skopeo would write it on the way to a registry; what matters is that it is the
 * same each time. */
static int write_manifest(struct saved *v, struct cprov_error *err)
{
    const struct cprov_tar_member *m = member_named(v->p, cprov_json_get(v->entry, "Config"), err);
    struct cprov_descriptor config = { .media_type = CPROV_MT_OCI_CONFIG };
    auto_buf struct cprov_buf bytes = { 0 };
    struct cprov_json_writer w;

    cprov_buf_init(&bytes, CPROV_CONFIG_MAX);
    if (!m || cprov_packed_read_member(v->p, m, CPROV_CONFIG_MAX, &bytes, err) < 0 ||
        cprov_digest_of(CPROV_SHA256, cprov_buf_span(&bytes), &config.digest, err) < 0)
        return err->code;
    if (cprov_digest_set_find(&v->listed->configs, &config.digest, NULL)) {
        v->known = true;
        return 0;
    }
    note_found(v->listed, &config.digest);
    if (cprov_image_config_parse(cprov_buf_span(&bytes), &v->config, err) < 0 ||
        add_blob(v->p, &(struct cprov_packed_blob){ .digest = config.digest, .member = m }, err) <
            0)
        return err->code;
    config.size = v->bytes = bytes.len;
    cprov_json_writer_init(&w, &v->text, 0);
    cprov_manifest_begin(&w, CPROV_MT_OCI_MANIFEST);
    cprov_json_key(&w, "config");
    cprov_descriptor_write(&w, &config);
    cprov_json_key(&w, "layers");
    cprov_json_begin_array(&w);
    if (write_layers(v, &w, err) < 0)
        return err->code;
    cprov_json_end_array(&w);
    cprov_json_end_object(&w);
    return cprov_buf_check(&v->text, "manifest", err);
}

static int add_images(struct saved *v, struct cprov_error *err)
{
    struct cprov_packed *p = v->p;
    const struct cprov_json *tags = cprov_json_get(v->entry, "RepoTags");
    const struct cprov_json *tag = tags && tags->type == CPROV_JSON_ARRAY ? tags->child : NULL;
    struct cprov_packed_blob made = { 0 };

    made.bytes =
        cprov_span_make(cprov_arena_text(&p->arena, cprov_buf_span(&v->text)), v->text.len);
    if (cprov_arena_check(&p->arena, err) < 0 ||
        cprov_digest_of(CPROV_SHA256, made.bytes, &made.digest, err) < 0 ||
        add_blob(p, &made, err) < 0)
        return err->code;
    do {
        struct cprov_image image = { .descriptor = { .media_type = CPROV_MT_OCI_MANIFEST,
                                                     .digest = made.digest,
                                                     .size = made.bytes.len },
                                     .size = v->bytes + made.bytes.len };

        if (p->count - v->listed->count >= CPROV_INDEX_ENTRIES_MAX)
            return cprov_fail(err, CPROV_ELIMIT, "more than %d images", CPROV_INDEX_ENTRIES_MAX);
        cprov_image_make(&image, &p->arena,
                         tag && tag->type == CPROV_JSON_STRING ? tag->text.ptr : NULL);
        if (!is_named(p, v->listed, &image))
            p->images[p->count++] = image;
        tag = tag ? tag->next : NULL;
    } while (tag);
    return cprov_arena_check(&p->arena, err);
}

static int read_saved(struct cprov_packed *p, struct listed *l, const struct cprov_json *entry,
                      struct cprov_error *err)
{
    struct saved v = { .p = p, .listed = l, .entry = entry };

    cprov_buf_init(&v.text, CPROV_MANIFEST_MAX);
    int code = write_manifest(&v, err) < 0 || (!v.known && add_images(&v, err) < 0) ? err->code : 0;
    cprov_image_config_free(v.config);
    cprov_buf_clear(&v.text);
    return code;
}

int cprov_packed_read_docker(struct cprov_packed *p, struct cprov_error *err)
{
    const struct cprov_tar_member *m = cprov_tar_index_find(&p->index, "manifest.json");
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_json *list;

    if (!m)
        return cprov_fail(err, CPROV_EVERIFY,
                          "not an image archive: it has neither index.json nor manifest.json");
    cprov_buf_init(&text, CPROV_MANIFEST_MAX);
    if (cprov_packed_read_member(p, m, CPROV_MANIFEST_MAX, &text, err) < 0)
        return err->code;
    if (cprov_json_parse(cprov_buf_span(&text), &p->arena, &list, err) < 0)
        return cprov_wrap(err, "manifest.json");
    if (list->type != CPROV_JSON_ARRAY)
        return cprov_fail(err, CPROV_EVERIFY, "manifest.json is not a list");
    struct cprov_image *images =
        cprov_arena_alloc(&p->arena, p->count + CPROV_INDEX_ENTRIES_MAX, sizeof(*images));
    p->hashes = calloc(p->index.count + 1, sizeof(*p->hashes));
    if (!images || !p->hashes)
        return cprov_fail_memory(err);
    if (p->count)
        memcpy(images, p->images, p->count * sizeof(*images));
    p->images = images;

    CPROV_CLEANUP(listed_clear) struct listed l = { 0 };
    if (look_at_all(p, &l, err) < 0)
        return err->code;
    for (const struct cprov_json *entry = list->child; entry; entry = entry->next)
        if (read_saved(p, &l, entry, err) < 0)
            return err->code;
    drop_lost(p, &l);
    return cprov_images_complete(p->images, p->count, p->path, &p->arena, err);
}
