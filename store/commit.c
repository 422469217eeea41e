/* store/commit.c - finished writers get their names; documents and copies go the same way. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/fs.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "store/blob_writer_private.h"
#include "store/store_private.h"

#define COPY_STEP  (4 * CPROV_MIB) /* bytes between two looks at cancel */
#define COPY_PIECE (16 * CPROV_KIB)

static int check_finished(struct cprov_blob_writer *const *writers, size_t count, size_t *todo,
                          struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    *todo = 0;
    for (size_t i = 0; i < count; i++) {
        const struct cprov_blob_writer *w = writers[i];

        if (w && w->state == CPROV_WRITER_OPEN)
            return cprov_fail(err, CPROV_EINVAL, "blob %s is not finished",
                              cprov_digest_format(&w->want.digest, text));
        if (w && w->state == CPROV_WRITER_FINISHED)
            (*todo)++;
    }
    return 0;
}

static int give_name(struct cprov_blob_writer *w, struct cprov_error *err)
{
    char path[CPROV_BLOB_PATH_MAX], text[CPROV_DIGEST_TEXT_MAX];
    struct cprov_store *s = w->store;

    cprov_layout_blob_path(&w->want.digest, path);
    if (fchmod(w->fd, 0444) < 0 || renameat(s->partial, w->name, s->root, path) < 0)
        return cprov_fail_os(err, errno, "blob %s", cprov_digest_format(&w->want.digest, text));
    w->state = CPROV_WRITER_COMMITTED;
    if (cprov_blob_writer_etag(w)[0]) {
        char etag[CPROV_PARTIAL_NAME_MAX];

        snprintf(etag, sizeof(etag), "%.180s.etag", w->name);
        unlinkat(s->partial, etag, 0);
    }
    return 0;
}

static int sync_folder(struct cprov_store *s, const char *path, struct cprov_error *err)
{
    auto_fd int dir = -1;

    if (cprov_fs_open_dir(s->root, path, &dir, err) < 0)
        return err->code;
    return cprov_fs_sync_dir(dir, err);
}

/* Names the writers of one algorithm, then flushes their folder. */
static int commit_algo(struct cprov_store *s, enum cprov_digest_algo algo,
                       struct cprov_blob_writer *const *writers, size_t count,
                       struct cprov_error *err)
{
    char folder[CPROV_BLOB_PATH_MAX];
    bool any = false;

    cprov_layout_blob_folder(algo, folder);
    for (size_t i = 0; i < count; i++) {
        struct cprov_blob_writer *w = writers[i];

        if (!w || w->state != CPROV_WRITER_FINISHED || w->want.digest.algo != algo)
            continue;
        if ((!any && cprov_fs_make_dirs(s->root, folder, 0755, err) < 0) || give_name(w, err) < 0)
            return err->code;
        any = true;
    }
    return any ? sync_folder(s, folder, err) : 0;
}

int cprov_store_commit(struct cprov_store *s, struct cprov_blob_writer *const *writers,
                       size_t count, struct cprov_error *err)
{
    size_t todo;

    int code = check_finished(writers, count, &todo, err);
    if (code < 0 || todo == 0)
        return code;
    if (cprov_fs_sync_all(s->root, err) < 0)
        return err->code;
    for (size_t i = 0; i < CPROV_LAYOUT_ALGOS; i++)
        if (commit_algo(s, cprov_layout_algos[i], writers, count, err) < 0)
            return err->code;
    return sync_folder(s, CPROV_STORE_BLOBS, err);
}

int cprov_store_stage(struct cprov_store *s, const struct cprov_descriptor *d,
                      struct cprov_span bytes, struct cprov_blob_writer **out,
                      struct cprov_error *err)
{
    auto_blob_writer struct cprov_blob_writer *w = NULL;

    int code = cprov_blob_writer_open_beside(s, d, &w, err);
    if (code == CPROV_EEXISTS) {
        *out = NULL;
        return 0;
    }
    /* What an earlier run left may be wrong; the bytes at hand are not. */
    if (code < 0 || (w->resumed && cprov_blob_writer_restart(w, err) < 0) ||
        cprov_blob_writer_write(w, 0, bytes.ptr, bytes.len, err) < 0 ||
        cprov_blob_writer_finish(w, err) < 0)
        return err->code;
    *out = cprov_steal(&w);
    return 0;
}

/* Copies by read and write: between file systems. */
static int copy_plain(struct cprov_blob_writer *w, int from, uint64_t base, struct cprov_error *err)
{
    char piece[COPY_PIECE];

    while (w->there.prefix < w->want.size) {
        uint64_t left = w->want.size - w->there.prefix;
        size_t got;

        if (cprov_fs_read_at(from, piece, left < sizeof(piece) ? (size_t)left : sizeof(piece),
                             (off_t)(base + w->there.prefix), &got, err) < 0)
            return err->code;
        if (got == 0)
            return 0; /* finish() says that it is short */
        if (cprov_blob_writer_write(w, w->there.prefix, piece, got, err) < 0)
            return err->code;
        if (cprov_cancelled(w->store->cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    }
    return 0;
}

/* Lets the kernel copy; what it does not do, for whatever reason, is copied by hand. */
static int copy_bytes(struct cprov_blob_writer *w, int from, uint64_t base, struct cprov_error *err)
{
    if (base == 0 && w->there.prefix == 0 && w->want.size > 0 && ioctl(w->fd, FICLONE, from) == 0)
        return cprov_blob_writer_filled(w, w->want.size, err);
    while (w->there.prefix < w->want.size) {
        off_t out = (off_t)w->there.prefix, in = (off_t)base + out;
        uint64_t left = w->want.size - w->there.prefix;
        ssize_t n =
            copy_file_range(from, &in, w->fd, &out, left < COPY_STEP ? (size_t)left : COPY_STEP, 0);

        if (n <= 0)
            return copy_plain(w, from, base, err);
        if (cprov_blob_writer_filled(w, w->there.prefix + (uint64_t)n, err) < 0)
            return err->code;
        if (cprov_cancelled(w->store->cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    }
    return 0;
}

int cprov_store_copy_file(struct cprov_store *to, int from, uint64_t offset,
                          const struct cprov_descriptor *d, struct cprov_blob_writer **out,
                          struct cprov_error *err)
{
    auto_blob_writer struct cprov_blob_writer *w = NULL;

    int code = cprov_blob_writer_open_beside(to, d, &w, err);
    if (code == CPROV_EEXISTS) {
        *out = NULL;
        return 0;
    }
    if (code < 0 || (w->resumed && cprov_blob_writer_restart(w, err) < 0) ||
        copy_bytes(w, from, offset, err) < 0 || cprov_blob_writer_finish(w, err) < 0)
        return err->code;
    *out = cprov_steal(&w);
    return 0;
}

int cprov_store_copy_blob(struct cprov_store *to, struct cprov_store *from,
                          const struct cprov_descriptor *d, struct cprov_blob_writer **out,
                          struct cprov_error *err)
{
    auto_fd int source = -1;

    if (cprov_store_has(to, d)) {
        *out = NULL;
        return 0;
    }
    if (cprov_store_open_blob(from, d, &source, err) < 0)
        return err->code;
    return cprov_store_copy_file(to, source, 0, d, out, err);
}
