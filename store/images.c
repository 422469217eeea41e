/* store/images.c - the installed images: read without a lock, changed under one. */
#include "store/images.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/version.h"
#include "store/blobs.h"
#include "store/closure.h"
#include "store/index_file.h"
#include "store/restore.h"
#include "store/stand_in.h"
#include "store/store_private.h"

static int compare_names(const char *a, const char *b)
{
    size_t i = 0;

    while (a[i] && cprov_lower(a[i]) == cprov_lower(b[i]))
        i++;
    unsigned char x = (unsigned char)cprov_lower(a[i]), y = (unsigned char)cprov_lower(b[i]);
    return x != y ? (x < y ? -1 : 1) : strcmp(a, b);
}

static int compare_images(const void *left, const void *right)
{
    const struct cprov_image *a = left, *b = right;
    int order = compare_names(a->name, b->name);

    if (order == 0)
        order = cprov_version_compare(cprov_span_of(b->version), cprov_span_of(a->version));
    if (order == 0)
        order = strcmp(a->platform, b->platform);
    if (order == 0)
        order = memcmp(a->descriptor.digest.raw, b->descriptor.digest.raw, CPROV_DIGEST_RAW_MAX);
    return order;
}

static int decode_all(struct cprov_store *s, const struct cprov_index_file *file,
                      struct cprov_arena *arena, struct cprov_image **list, struct cprov_error *err)
{
    int code = cprov_index_decode_all(file, s->path, arena, list, err);

    return code < 0 ? cprov_wrap(err, "%s/" CPROV_STORE_INDEX, s->path) : 0;
}

int cprov_images_read(struct cprov_store *s, struct cprov_images **out, struct cprov_error *err)
{
    auto_images struct cprov_images *images = calloc(1, sizeof(*images));
    struct cprov_index_file file;

    if (!images)
        return cprov_fail_memory(err);
    if (cprov_index_read(s, &images->arena, &file, err) < 0 ||
        decode_all(s, &file, &images->arena, &images->list, err) < 0)
        return err->code;
    images->count = cprov_stand_in_fold(images->list, file.count, &images->arena);
    if (cprov_arena_check(&images->arena, err) < 0)
        return err->code;
    if (images->count > 1)
        qsort(images->list, images->count, sizeof(images->list[0]), compare_images);
    *out = cprov_steal(&images);
    return 0;
}

void cprov_images_free(struct cprov_images *images)
{
    if (!images)
        return;
    cprov_arena_clear(&images->arena);
    free(images);
}

/* An entry that does not say its platform is the same image: a ref.name stands for one thing. */
static bool same_image(const struct cprov_image *a, const struct cprov_image *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->version, b->version) == 0 &&
           (!a->platform[0] || !b->platform[0] || strcmp(a->platform, b->platform) == 0);
}

/* What is added, and which of it is written already. */
struct addition {
    struct cprov_arena arena;
    struct cprov_image *images;
    size_t count;
    bool *done;
    bool check; /* that their blobs are there */
};

/* The last of the added images that stands for the same as `old`, or NULL. */
static const struct cprov_image *replacement(const struct addition *a,
                                             const struct cprov_image *old)
{
    for (size_t i = a->count; i > 0; i--)
        if (same_image(&a->images[i - 1], old))
            return &a->images[i - 1];
    return NULL;
}

/* Writes the image in the place of an old entry, once. */
static int write_new(struct cprov_buf *out, struct addition *a, const struct cprov_image *image,
                     bool *first, struct cprov_error *err)
{
    bool *done = &a->done[image - a->images];

    if (*done)
        return 0;
    *done = true;
    cprov_index_write_separator(out, *first);
    *first = false;
    int code = cprov_index_write_entry(out, image, CPROV_ENTRY_FULL, err);
    if (code < 0 || !image->stand_in)
        return code;
    struct cprov_image stand_in = cprov_stand_in_entry(image, &a->arena);
    cprov_index_write_separator(out, false);
    return cprov_index_write_entry(out, &stand_in, CPROV_ENTRY_FULL, err);
}

static void write_old(struct cprov_buf *out, const struct cprov_json *entry, bool *first)
{
    struct cprov_json_writer w;

    cprov_index_write_separator(out, *first);
    *first = false;
    cprov_json_writer_init(&w, out, 0);
    cprov_json_value(&w, entry);
}

/* The new text of index.json: old entries in their places, replaced or as they were, then the new
 * ones. */
static int write_index(struct cprov_buf *out, const struct cprov_index_file *file,
                       const struct cprov_image *old, struct addition *a, struct cprov_error *err)
{
    const struct cprov_json *entry = file->manifests ? file->manifests->child : NULL;
    bool first = true;
    int code = 0;

    cprov_index_write_head(out, file->root);
    for (size_t i = 0; code == 0 && entry; i++, entry = entry->next) {
        const struct cprov_image *image =
            replacement(a, &old[cprov_stand_in_is(old, i) ? i - 1 : i]);
        if (image)
            code = write_new(out, a, image, &first, err);
        else
            write_old(out, entry, &first);
    }
    for (size_t i = 0; code == 0 && i < a->count; i++)
        code = write_new(out, a, replacement(a, &a->images[i]), &first, err);
    cprov_index_write_tail(out);
    return code < 0 ? code : cprov_buf_check(out, CPROV_STORE_INDEX, err);
}

int cprov_images_add(struct cprov_store *s, const struct cprov_image *image,
                     struct cprov_error *err)
{
    return cprov_images_add_all(s, image, 1, err);
}

/* Copies, each with what stands in for it. */
static int take_images(struct addition *a, struct cprov_store *s, const struct cprov_image *images,
                       size_t count, struct cprov_error *err)
{
    a->images = cprov_arena_alloc(&a->arena, count, sizeof(*a->images));
    a->done = cprov_arena_alloc(&a->arena, count, sizeof(*a->done));
    if (!a->images || !a->done)
        return cprov_fail_memory(err);
    for (a->count = 0; a->count < count; a->count++) {
        a->images[a->count] = images[a->count];
        if (cprov_stand_in_put(s, &a->images[a->count], &a->arena, err) < 0)
            return err->code;
    }
    return 0;
}

/* Somebody may have taken the store for finished with them: store/garbage.h. */
static int check_blobs(struct cprov_store *s, const struct addition *a, struct cprov_error *err)
{
    auto_closure struct cprov_closure blobs = { 0 };
    char text[CPROV_DIGEST_TEXT_MAX];

    for (size_t i = 0; a->check && i < a->count; i++)
        if (cprov_closure_add(&blobs, s, &a->images[i].descriptor, err) < 0)
            return err->code;
    for (size_t i = 0; i < blobs.digests.count; i++) {
        const struct cprov_descriptor d = { .digest = blobs.digests.list[i],
                                            .size = blobs.blobs[i].size };

        if (!cprov_store_has(s, &d))
            return cprov_fail(err, CPROV_EINUSE,
                              "another process removed blob %s; run the command again",
                              cprov_digest_format(&d.digest, text));
    }
    return 0;
}

static int add_all(struct cprov_store *s, struct addition *a, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_index_file file = { 0 };
    struct cprov_image *old = NULL;
    auto_fd int lock = -1;

    cprov_buf_init(&text, CPROV_INDEX_FILE_MAX);
    if (cprov_store_lock_file(s, CPROV_STORE_INDEXLOCK, true, &lock, err) < 0 ||
        cprov_index_read(s, &a->arena, &file, err) < 0 ||
        decode_all(s, &file, &a->arena, &old, err) < 0 || check_blobs(s, a, err) < 0 ||
        write_index(&text, &file, old, a, err) < 0 || cprov_arena_check(&a->arena, err) < 0 ||
        cprov_fs_replace(s->root, CPROV_STORE_INDEX, cprov_buf_span(&text), 0644, err) < 0)
        return err->code;
    cprov_index_keep_last(s, cprov_buf_span(&text));
    return 0;
}

static int add_images(struct cprov_store *s, const struct cprov_image *images, size_t count,
                      bool check, struct cprov_error *err)
{
    struct addition a = { .check = check };

    int code = cprov_store_writable(s, err);
    if (code < 0 || count == 0)
        return code;
    code = take_images(&a, s, images, count, err) < 0 || add_all(s, &a, err) < 0 ? err->code : 0;
    cprov_arena_clear(&a.arena);
    return code;
}

int cprov_images_add_all(struct cprov_store *s, const struct cprov_image *images, size_t count,
                         struct cprov_error *err)
{
    return add_images(s, images, count, false, err);
}

int cprov_images_install(struct cprov_store *s, const struct cprov_image *image,
                         struct cprov_error *err)
{
    return add_images(s, image, 1, true, err);
}

/* --- removal --- */

bool cprov_images_has(const struct cprov_image *const *list, size_t count,
                      const struct cprov_image *image)
{
    for (size_t i = 0; i < count; i++)
        if (cprov_digest_equal(&list[i]->descriptor.digest, &image->descriptor.digest) &&
            strcmp(list[i]->name, image->name) == 0 &&
            strcmp(list[i]->version, image->version) == 0 &&
            strcmp(list[i]->platform, image->platform) == 0)
            return true;
    return false;
}

/* Writes the entries that stay; one that stands in for another goes with it. */
static int write_rest(struct cprov_buf *out, struct cprov_store *s,
                      const struct cprov_image *const *gone, size_t count, struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_index_file file;
    struct cprov_image *all;
    bool first = true;

    if (cprov_index_read(s, &arena, &file, err) < 0 || decode_all(s, &file, &arena, &all, err) < 0)
        return err->code;
    const struct cprov_json *entry = file.manifests ? file.manifests->child : NULL;
    cprov_index_write_head(out, file.root);
    for (size_t i = 0; entry; i++, entry = entry->next)
        if (!cprov_images_has(gone, count, &all[cprov_stand_in_is(all, i) ? i - 1 : i]))
            write_old(out, entry, &first);
    cprov_index_write_tail(out);
    return cprov_buf_check(out, CPROV_STORE_INDEX, err);
}

int cprov_images_remove(struct cprov_store *s, const struct cprov_image *const *gone, size_t count,
                        int (*allows)(void *arg, const struct cprov_images *now,
                                      struct cprov_error *err),
                        void *arg, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    auto_images struct cprov_images *now = NULL;
    auto_fd int lock = -1;

    cprov_buf_init(&text, CPROV_INDEX_FILE_MAX);
    if (cprov_store_writable(s, err) < 0 ||
        cprov_store_lock_file(s, CPROV_STORE_INDEXLOCK, true, &lock, err) < 0 ||
        cprov_images_read(s, &now, err) < 0 || allows(arg, now, err) < 0 ||
        write_rest(&text, s, gone, count, err) < 0 ||
        cprov_fs_replace(s->root, CPROV_STORE_INDEX, cprov_buf_span(&text), 0644, err) < 0)
        return err->code;
    cprov_index_keep_last(s, cprov_buf_span(&text));
    return 0;
}
