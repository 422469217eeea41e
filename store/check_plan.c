/* store/check_plan.c - which blobs a check reads: those that images name, or all there are. */
#include "store/check_plan_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "store/blobs.h"
#include "store/dir.h"
#include "store/store_private.h"

#define TEXT_MAX 400 /* bytes of a finding's sentence */

void cprov_check_plan_clear(struct cprov_check_plan *p)
{
    cprov_digest_set_clear(&p->digests);
    cprov_arena_clear(&p->arena);
    free(p->items);
    free(p->mentions);
}

void cprov_check_report(struct cprov_check_plan *p, enum cprov_check_kind kind, size_t image,
                        const struct cprov_descriptor *blob, const char *format, ...)
{
    const struct cprov_images *images = p->request->images;
    char text[TEXT_MAX];
    va_list args;

    va_start(args, format);
    cprov_text_vformat(text, sizeof(text), format, args);
    va_end(args);
    struct cprov_check_finding finding = {
        .kind = kind,
        .image = image == CPROV_CHECK_NO_IMAGE ? NULL : &images->list[image],
        .blob = blob,
        .text = text,
    };
    p->result->bad++;
    p->request->found(p->request->arg, &finding);
}

/* The number of the blob's item. */
static int find_item(struct cprov_check_plan *p, const struct cprov_digest *digest, size_t *out,
                     struct cprov_error *err)
{
    char path[CPROV_BLOB_PATH_MAX];
    struct stat st;
    bool added;

    if (cprov_grow(&p->items, &p->items_room, p->digests.count, sizeof(*p->items), CPROV_LIST_MAX,
                   err) < 0 ||
        cprov_digest_set_add(&p->digests, digest, out, &added, err) < 0)
        return err->code;
    if (!added)
        return 0;
    struct cprov_check_item item = { 0 };
    if (fstatat(p->store->root, cprov_layout_blob_path(digest, path), &st, AT_SYMLINK_NOFOLLOW) ==
            0 &&
        S_ISREG(st.st_mode)) {
        item.there = true;
        item.size = (uint64_t)st.st_size;
    }
    p->items[*out] = item;
    return 0;
}

/* A blob that was read as a document before must be read again, to be unpacked. */
static void note_layer(struct cprov_check_item *item, enum cprov_digest_algo algo)
{
    if (item->is_layer)
        return;
    item->is_layer = true;
    item->diff_algo = algo;
    item->done = false;
}

/* Many images name one empty layer again and again: one finding for it is enough. */
static bool is_repeated(const struct cprov_check_plan *p, const struct cprov_check_mention *m)
{
    size_t last = p->items[m->item].last_mention;

    if (last == 0)
        return false;
    const struct cprov_check_mention *known = &p->mentions[last - 1];
    return known->image == m->image && known->size == m->size &&
           known->has_diff_id == m->has_diff_id && cprov_digest_equal(&known->diff_id, &m->diff_id);
}

/* Notes that the image names the blob; diff_id may be NULL. */
static int mention(struct cprov_check_plan *p, size_t image, const struct cprov_descriptor *d,
                   const struct cprov_digest *diff_id, struct cprov_error *err)
{
    struct cprov_check_mention m = { .image = image, .size = d->size };

    if (cprov_grow(&p->mentions, &p->mentions_room, p->mentions_count, sizeof(*p->mentions),
                   CPROV_LIST_MAX, err) < 0 ||
        find_item(p, &d->digest, &m.item, err) < 0)
        return err->code;
    if (diff_id) {
        m.has_diff_id = true;
        m.diff_id = *diff_id;
        note_layer(&p->items[m.item], diff_id->algo);
    }
    if (is_repeated(p, &m))
        return 0;
    m.media_type = cprov_arena_text(&p->arena, cprov_span_of(d->media_type));
    p->mentions[p->mentions_count++] = m;
    p->items[m.item].last_mention = p->mentions_count;
    return cprov_arena_check(&p->arena, err);
}

/*
 * Reads a document. *there is false when it is missing or damaged: that is found again, and then
 * reported, with the other blobs. Only trouble of our own is a failure.
 */
static int read_document(struct cprov_check_plan *p, size_t image, const struct cprov_descriptor *d,
                         size_t max, struct cprov_buf *out, bool *there, struct cprov_error *err)
{
    int code = cprov_store_read_blob(p->store, d, max, out, err);

    *there = code == 0;
    if (code == CPROV_ENOMEM)
        return code;
    if (code == CPROV_ELIMIT)
        cprov_check_report(p, CPROV_CHECK_DOCUMENT, image, d, "%s", err->msg);
    if (code == 0) {
        size_t item;
        if (cprov_digest_set_find(&p->digests, &d->digest, &item)) {
            p->items[item].done = p->items[item].right = true;
            p->result->bytes += d->size;
        }
    }
    return 0;
}

/* The config of an image, when there is one and it fits its manifest; *out may stay NULL. */
static int read_config(struct cprov_check_plan *p, size_t image, const struct cprov_manifest *m,
                       struct cprov_image_config **out, struct cprov_error *err)
{
    auto_image_config struct cprov_image_config *config = NULL;
    auto_buf struct cprov_buf bytes = { 0 };
    bool there;

    if (cprov_manifest_is_artifact(m))
        return 0; /* its config is anything, and its layers no file systems */
    cprov_buf_init(&bytes, CPROV_CONFIG_MAX);
    int code = read_document(p, image, &m->config, CPROV_CONFIG_MAX, &bytes, &there, err);
    if (code < 0 || !there)
        return code;
    if (cprov_image_config_parse(cprov_buf_span(&bytes), &config, err) == 0 &&
        cprov_image_config_fits(config, m, err) == 0) {
        *out = cprov_steal(&config);
        return 0;
    }
    if (err->code == CPROV_ENOMEM)
        return err->code;
    cprov_check_report(p, CPROV_CHECK_DOCUMENT, image, &m->config, "image config: %s", err->msg);
    return 0;
}

static int walk_manifest(struct cprov_check_plan *p, size_t image, const struct cprov_manifest *m,
                         struct cprov_error *err)
{
    auto_image_config struct cprov_image_config *config = NULL;

    if (mention(p, image, &m->config, NULL, err) < 0 || read_config(p, image, m, &config, err) < 0)
        return err->code;
    for (size_t i = 0; i < m->layers_count; i++) {
        bool unpack = config && config->diff_ids_count > 0 &&
                      cprov_media_type_layer(cprov_span_of(m->layers[i].media_type)).packing !=
                          CPROV_LAYER_NONE;
        if (mention(p, image, &m->layers[i], unpack ? &config->diff_ids[i] : NULL, err) < 0)
            return err->code;
    }
    return 0;
}

static int walk(struct cprov_check_plan *p, size_t image, const struct cprov_descriptor *d,
                int depth, struct cprov_error *err);

static int walk_index(struct cprov_check_plan *p, size_t image, const struct cprov_manifest *index,
                      int depth, struct cprov_error *err)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < index->manifests_count; i++)
        code = walk(p, image, &index->manifests[i], depth + 1, err);
    return code;
}

/* Notes the blob and, when it is a manifest or an index, what it names. */
static int walk(struct cprov_check_plan *p, size_t image, const struct cprov_descriptor *d,
                int depth, struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;
    auto_buf struct cprov_buf bytes = { 0 };
    size_t item = 0;
    bool there;

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    int code = mention(p, image, d, NULL, err);
    if (code < 0 || cprov_media_type_document(cprov_span_of(d->media_type)) == CPROV_DOC_UNKNOWN)
        return code;
    if (!cprov_digest_set_find(&p->digests, &d->digest, &item) ||
        p->items[item].walked == image + 1)
        return 0; /* an index may name a manifest twice */
    p->items[item].walked = image + 1;
    if (depth > CPROV_INDEX_DEPTH_MAX) {
        cprov_check_report(p, CPROV_CHECK_DOCUMENT, image, d, "indexes are nested deeper than %d",
                           CPROV_INDEX_DEPTH_MAX);
        return 0;
    }
    code = read_document(p, image, d, CPROV_MANIFEST_MAX, &bytes, &there, err);
    if (code < 0 || !there)
        return code;
    code = cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(d->media_type), &m, err);
    if (code == CPROV_ENOMEM)
        return code;
    if (code < 0) {
        cprov_check_report(p, CPROV_CHECK_DOCUMENT, image, d, "%s", err->msg);
        return 0;
    }
    return m->kind == CPROV_DOC_INDEX ? walk_index(p, image, m, depth, err)
                                      : walk_manifest(p, image, m, err);
}

int cprov_check_plan_images(struct cprov_check_plan *p, struct cprov_error *err)
{
    const struct cprov_images *images = p->request->images;

    for (size_t i = 0; i < images->count; i++) {
        if (p->request->selected && !p->request->selected[i])
            continue;
        p->result->images++;
        if (walk(p, i, &images->list[i].descriptor, 0, err) < 0 ||
            (images->list[i].stand_in && mention(p, i, images->list[i].stand_in, NULL, err) < 0))
            return err->code;
        if (cprov_cancelled(p->store->cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    }
    return 0;
}

static int plan_file(struct cprov_check_plan *p, const char *algo, const char *name,
                     struct cprov_error *err)
{
    struct cprov_digest digest;
    size_t item = 0;

    if (cprov_layout_blob_digest(algo, name, &digest)) {
        int code = find_item(p, &digest, &item, err);
        if (code < 0 || p->items[item].there)
            return code;
    }
    cprov_check_report(p, CPROV_CHECK_STRAY, CPROV_CHECK_NO_IMAGE, NULL,
                       CPROV_STORE_BLOBS "/%s/%s is not a blob", algo, name);
    return 0;
}

static int plan_folder(struct cprov_check_plan *p, const char *algo, struct cprov_error *err)
{
    char path[CPROV_BLOB_PATH_MAX];
    auto_dir DIR *dir = NULL;
    const char *name;
    int code = CPROV_ENOTFOUND;

    if ((size_t)snprintf(path, sizeof(path), CPROV_STORE_BLOBS "/%s", algo) < sizeof(path))
        code = cprov_dir_open(p->store->root, path, &dir, err);
    if (code < 0) {
        cprov_check_report(p, CPROV_CHECK_STRAY, CPROV_CHECK_NO_IMAGE, NULL,
                           CPROV_STORE_BLOBS "/%s is not a folder of blobs", algo);
        return 0;
    }
    while (code == 0 && (name = cprov_dir_next(dir)))
        code = plan_file(p, algo, name, err);
    return code;
}

int cprov_check_plan_all(struct cprov_check_plan *p, struct cprov_error *err)
{
    auto_dir DIR *dir = NULL;
    const char *name;

    int code = cprov_dir_open(p->store->root, CPROV_STORE_BLOBS, &dir, err);
    if (code == CPROV_ENOTFOUND)
        return 0;
    while (code == 0 && (name = cprov_dir_next(dir)))
        code = plan_folder(p, name, err);
    return code;
}
