/* store/restore.c - index.json from its last good copy, or from the blobs themselves. */
#include "store/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "manifest/manifest.h"
#include "store/blobs.h"
#include "store/digest_set.h"
#include "store/dir.h"
#include "store/index_file.h"
#include "store/stand_in.h"
#include "store/store_private.h"

/* --- the last good list --- */

void cprov_index_keep_last(struct cprov_store *s, struct cprov_span text)
{
    auto_fs_draft struct cprov_fs_draft d = CPROV_FS_DRAFT_INIT;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (s->flags & CPROV_STORE_EXPORT) /* it has no folder of ours when it is closed */
        return;
    /* Not flushed: should a crash take it, index.json, which was, is there. */
    if (cprov_fs_draft_begin(s->root, CPROV_STORE_LAST, &d, &ignored) == 0 &&
        cprov_fs_write_all(d.fd, text.ptr, text.len, -1, &ignored) == 0 &&
        fchmod(d.fd, 0644) == 0 && renameat(d.dir, d.temp, d.dir, d.name) == 0)
        d.temp[0] = '\0';
}

/* False: there is none, or it is no good either. */
static bool read_last(struct cprov_store *s, struct cprov_arena *arena,
                      struct cprov_index_file *out, struct cprov_image **images)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_INDEX_FILE_MAX);
    return cprov_fs_read(s->root, CPROV_STORE_LAST, CPROV_INDEX_FILE_MAX, &text, &ignored) == 0 &&
           cprov_index_parse(cprov_buf_span(&text), arena, out, &ignored) == 0 &&
           cprov_index_decode_all(out, s->path, arena, images, &ignored) == 0 && out->count > 0;
}

/* --- what is lost --- */

static bool has_blobs(struct cprov_store *s)
{
    for (size_t i = 0; i < CPROV_LAYOUT_ALGOS; i++) {
        struct cprov_error ignored = CPROV_ERROR_INIT;
        auto_dir DIR *dir = NULL;
        char folder[CPROV_BLOB_PATH_MAX];

        cprov_layout_blob_folder(cprov_layout_algos[i], folder);
        if (cprov_dir_open(s->root, folder, &dir, &ignored) == 0 && cprov_dir_next(dir))
            return true;
    }
    return false;
}

void cprov_index_hint_restore(const struct cprov_store *s, struct cprov_error *err)
{
    cprov_hint_about(err, CPROV_HINT_REPAIR_LIST, "%s", s->path);
}

int cprov_index_check_nothing_lost(struct cprov_store *s, struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_index_file last;
    struct cprov_image *images;

    if (read_last(s, &arena, &last, &images)) {
        size_t count = cprov_stand_in_fold(images, last.count, &arena);
        cprov_fail(err, CPROV_EVERIFY, "missing or empty; it listed %zu image%s, %s first", count,
                   count == 1 ? "" : "s", images[0].name);
    } else if (has_blobs(s)) {
        cprov_fail(err, CPROV_EVERIFY, "missing or empty, though the store holds blobs");
    } else {
        return 0;
    }
    cprov_index_hint_restore(s, err);
    return CPROV_EVERIFY;
}

/* --- from the last good list --- */

struct restoring {
    struct cprov_store *store;
    struct cprov_restored *restored;
    struct cprov_buf text;
    bool first;
};

static void tell_gone(struct restoring *r, const struct cprov_image *image)
{
    auto_buf struct cprov_buf name = { 0 };

    cprov_buf_init(&name, CPROV_URL_MAX);
    cprov_image_ref_name(image, &name);
    if (r->restored->gone)
        r->restored->gone(r->restored->arg, cprov_buf_text(&name));
}

/* Entries stay as they were, whoever wrote them. */
static void list_last(struct restoring *r, const struct cprov_index_file *last,
                      const struct cprov_image *images)
{
    const struct cprov_json *entry = last->manifests->child;

    cprov_index_write_head(&r->text, last->root);
    for (size_t i = 0; entry; i++, entry = entry->next) {
        const struct cprov_image *image = &images[cprov_stand_in_is(images, i) ? i - 1 : i];
        struct cprov_json_writer w;

        if (!cprov_store_has(r->store, &image->descriptor)) {
            if (image == &images[i])
                tell_gone(r, image);
            continue;
        }
        cprov_index_write_separator(&r->text, r->first);
        r->first = false;
        cprov_json_writer_init(&w, &r->text, 0);
        cprov_json_value(&w, entry);
        r->restored->images += image == &images[i];
    }
}

/* --- from the blobs --- */

/* A manifest or an index among the blobs. */
struct last_good {
    struct cprov_descriptor descriptor;
    struct last_good *next;
};

struct blob_search {
    struct cprov_store *store;
    struct cprov_arena arena;
    struct last_good *list, **end;
    struct cprov_digest_set named; /* by an index */
};

static int note_children(struct blob_search *h, const struct cprov_manifest *m,
                         struct cprov_error *err)
{
    for (size_t i = 0; i < m->manifests_count; i++) {
        size_t index;
        bool added;

        if (cprov_digest_set_add(&h->named, &m->manifests[i].digest, &index, &added, err) < 0)
            return err->code;
    }
    return 0;
}

/* What cannot be read, or is something else, is passed over. */
static int look_at(struct blob_search *h, const struct cprov_digest *digest, uint64_t size,
                   struct cprov_error *err)
{
    struct cprov_descriptor d = { .media_type = "", .digest = *digest, .size = size };
    struct cprov_error ignored = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf bytes = { 0 };
    auto_manifest struct cprov_manifest *m = NULL;

    cprov_buf_init(&bytes, CPROV_MANIFEST_MAX);
    if (cprov_store_read_blob(h->store, &d, CPROV_MANIFEST_MAX, &bytes, &ignored) < 0 ||
        !cprov_span_starts_with(cprov_span_trim(cprov_buf_span(&bytes)), "{") ||
        cprov_manifest_parse(cprov_buf_span(&bytes), cprov_span_of(""), &m, &ignored) < 0 ||
        cprov_stand_in_is_document(m))
        return ignored.code == CPROV_ENOMEM ? cprov_fail_memory(err) : 0;
    struct last_good *f = cprov_arena_alloc(&h->arena, 1, sizeof(*f));
    if (!f)
        return cprov_fail_memory(err);
    f->descriptor = d;
    f->descriptor.media_type = cprov_arena_text(&h->arena, cprov_span_of(m->media_type));
    *h->end = f;
    h->end = &f->next;
    return note_children(h, m, err);
}

static int search_folder(struct blob_search *h, enum cprov_digest_algo algo,
                         struct cprov_error *err)
{
    char folder[CPROV_BLOB_PATH_MAX];
    auto_dir DIR *dir = NULL;
    const char *name;

    int code = cprov_dir_open(h->store->root, cprov_layout_blob_folder(algo, folder), &dir, err);
    if (code < 0)
        return code == CPROV_ENOTFOUND ? 0 : code;
    while ((name = cprov_dir_next(dir))) {
        struct cprov_digest digest;
        struct stat st;

        if (!cprov_layout_blob_digest(cprov_digest_algo_name(algo), name, &digest) ||
            fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
            (uint64_t)st.st_size > CPROV_MANIFEST_MAX)
            continue;
        if (cprov_cancelled(h->store->cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        if (look_at(h, &digest, (uint64_t)st.st_size, err) < 0)
            return err->code;
    }
    return 0;
}

static int list_found(struct restoring *r, struct blob_search *h, struct cprov_error *err)
{
    cprov_index_write_head(&r->text, NULL);
    for (const struct last_good *f = h->list; f; f = f->next) {
        struct cprov_image image = { .descriptor = f->descriptor };

        if (cprov_digest_set_find(&h->named, &f->descriptor.digest, NULL))
            continue;
        cprov_image_make(&image, &h->arena, NULL);
        cprov_index_write_separator(&r->text, r->first);
        r->first = false;
        if (cprov_index_write_entry(&r->text, &image, CPROV_ENTRY_FULL, err) < 0)
            return err->code;
        r->restored->images++;
    }
    return 0;
}

static int list_blobs(struct restoring *r, struct cprov_error *err)
{
    struct blob_search h = { .store = r->store };
    int code = 0;

    h.end = &h.list;
    for (size_t i = 0; i < CPROV_LAYOUT_ALGOS && code == 0; i++)
        code = search_folder(&h, cprov_layout_algos[i], err);
    if (code == 0)
        code = list_found(r, &h, err);
    cprov_digest_set_clear(&h.named);
    cprov_arena_clear(&h.arena);
    return code;
}

/* --- both --- */

static bool is_mended(struct cprov_store *s)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_error ignored = CPROV_ERROR_INIT;
    struct cprov_index_file file;
    struct cprov_image *images;

    return cprov_index_read(s, &arena, &file, &ignored) == 0 &&
           cprov_index_decode_all(&file, s->path, &arena, &images, &ignored) == 0;
}

/* Nothing that somebody might still make sense of is thrown away. */
static int put_aside(struct cprov_store *s, struct cprov_error *err)
{
    if (renameat(s->root, CPROV_STORE_INDEX, s->root, CPROV_STORE_DAMAGED) < 0 && errno != ENOENT)
        return cprov_fail_os(err, errno, "cannot put %s/" CPROV_STORE_INDEX " aside", s->path);
    return 0;
}

static int write_list(struct restoring *r, struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_store *s = r->store;
    struct cprov_index_file last;
    struct cprov_image *images;
    int code = 0;

    r->restored->by_digest = !read_last(s, &arena, &last, &images);
    if (r->restored->by_digest)
        code = list_blobs(r, err);
    else
        list_last(r, &last, images);
    cprov_index_write_tail(&r->text);
    if (code < 0 || cprov_buf_check(&r->text, CPROV_STORE_INDEX, err) < 0 || put_aside(s, err) < 0)
        return err->code;
    return cprov_fs_replace(s->root, CPROV_STORE_INDEX, cprov_buf_span(&r->text), 0644, err);
}

int cprov_store_restore(struct cprov_store *s, struct cprov_restored *restored,
                        struct cprov_error *err)
{
    struct restoring r = { .store = s, .restored = restored, .first = true };
    auto_fd int lock = -1;

    restored->images = 0;
    restored->by_digest = false;
    if (cprov_store_writable(s, err) < 0 ||
        cprov_store_lock_file(s, CPROV_STORE_INDEXLOCK, true, &lock, err) < 0)
        return err->code;
    if (is_mended(s))
        return 0;
    cprov_buf_init(&r.text, CPROV_INDEX_FILE_MAX);
    int code = write_list(&r, err);
    if (code == 0)
        cprov_index_keep_last(s, cprov_buf_span(&r.text));
    cprov_buf_clear(&r.text);
    return code;
}
