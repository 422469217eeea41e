/* store/blobs.c - reading blobs by digest. */
#include "store/blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "store/store_private.h"

bool cprov_store_has(struct cprov_store *s, const struct cprov_descriptor *d)
{
    char path[CPROV_BLOB_PATH_MAX];
    struct stat st;

    cprov_layout_blob_path(&d->digest, path);
    if (s->lock >= 0) /* we put an image together, and need it: store/garbage.h */
        (void)utimensat(s->root, path, NULL, AT_SYMLINK_NOFOLLOW);
    return fstatat(s->root, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           (uint64_t)st.st_size == d->size;
}

int cprov_store_open_digest(struct cprov_store *s, const struct cprov_digest *digest, int *fd,
                            uint64_t *size, struct cprov_error *err)
{
    char path[CPROV_BLOB_PATH_MAX], text[CPROV_DIGEST_TEXT_MAX];
    struct stat st;

    /* Without O_NONBLOCK a pipe with the name of a blob would hold us. */
    auto_fd int opened = openat(s->root, cprov_layout_blob_path(digest, path),
                                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (opened < 0 && errno == ENOENT)
        return cprov_fail(err, CPROV_ENOTFOUND, "blob %s is not in the store",
                          cprov_digest_format(digest, text));
    if (opened < 0 || fstat(opened, &st) < 0)
        return cprov_fail_os(err, errno, "blob %s", cprov_digest_format(digest, text));
    if (!S_ISREG(st.st_mode))
        return cprov_fail(err, CPROV_EVERIFY, "blob %s is not a regular file",
                          cprov_digest_format(digest, text));
    *fd = cprov_fd_take(&opened);
    *size = (uint64_t)st.st_size;
    return 0;
}

int cprov_store_open_blob(struct cprov_store *s, const struct cprov_descriptor *d, int *fd,
                          struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];
    auto_fd int opened = -1;
    uint64_t size = 0;

    if (cprov_store_open_digest(s, &d->digest, &opened, &size, err) < 0)
        return err->code;
    if (size != d->size)
        return cprov_fail(err, CPROV_EVERIFY, "blob %s has %" PRIu64 " bytes, not %" PRIu64,
                          cprov_digest_format(&d->digest, text), size, d->size);
    *fd = cprov_fd_take(&opened);
    return 0;
}

int cprov_store_read_blob(struct cprov_store *s, const struct cprov_descriptor *d, size_t max,
                          struct cprov_buf *out, struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf bytes = { 0 };
    auto_fd int fd = -1;
    char piece[16 * 1024];

    if (d->size > max)
        return cprov_fail(err, CPROV_ELIMIT, "blob %s is larger than %zu bytes",
                          cprov_digest_format(&d->digest, text), max);
    if (cprov_store_open_blob(s, d, &fd, err) < 0)
        return err->code;
    cprov_buf_init(&bytes, max);
    for (size_t got = sizeof(piece); got == sizeof(piece);) {
        if (cprov_fs_read_at(fd, piece, sizeof(piece), (off_t)bytes.len, &got, err) < 0)
            return err->code;
        cprov_buf_add(&bytes, piece, got);
    }
    if (cprov_buf_check(&bytes, "blob", err) < 0 ||
        cprov_descriptor_check(d, cprov_buf_span(&bytes), err) < 0)
        return err->code;
    cprov_buf_add(out, bytes.ptr, bytes.len);
    return cprov_buf_check(out, "blob", err);
}

int cprov_store_discard(struct cprov_store *s, const struct cprov_digest *digest,
                        struct cprov_error *err)
{
    char path[CPROV_BLOB_PATH_MAX], text[CPROV_DIGEST_TEXT_MAX];

    if (cprov_store_writable(s, err) < 0)
        return err->code;
    cprov_layout_blob_path(digest, path);
    if (unlinkat(s->root, path, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno == EISDIR || errno == EPERM) { /* a folder has the name of a blob */
        if (cprov_fs_remove_tree(s->root, path, err) < 0)
            return cprov_wrap(err, "blob %s", cprov_digest_format(digest, text));
        return 0;
    }
    return cprov_fail_os(err, errno, "blob %s", cprov_digest_format(digest, text));
}
