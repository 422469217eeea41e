/* archive/packed.c - images in a layout folder or an archive file, read where they lie. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/foreign_private.h"
#include "archive/packed_private.h"
#include "base/error.h"
#include "base/inflate.h"
#include "base/limits.h"
#include "store/index_file.h"
#include "store/layout.h"
#include "store/stand_in.h"

#define PIECE (128 * CPROV_KIB)

void cprov_packed_close(struct cprov_packed *p)
{
    if (!p)
        return;
    cprov_images_free(p->own);
    cprov_store_close(p->store);
    cprov_fd_close(&p->fd);
    cprov_tar_index_clear(&p->index);
    cprov_arena_clear(&p->arena);
    cprov_digest_set_clear(&p->known);
    free(p->hashes);
    free(p->blobs);
    free(p);
}

/* --- compressed archives --- */

struct unpacked {
    int fd;
    uint64_t len, max;
    const struct cprov_cancel *cancel;
};

static int write_unpacked(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct unpacked *u = arg;

    if (cprov_cancelled(u->cancel))
        return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    if (len > u->max - u->len)
        return cprov_fail(err, CPROV_ELIMIT,
                          "the archive decompresses to more than %" PRIu64 " bytes", u->max);
    u->len += len;
    return cprov_fs_write_all(u->fd, data, len, -1, err);
}

static int inflate_into(int from, enum cprov_compression kind, struct unpacked *u,
                        struct cprov_error *err)
{
    auto_inflater struct cprov_inflater *inflater = NULL;
    char *piece = malloc(PIECE);
    size_t got;
    off_t at = 0;

    if (!piece)
        return cprov_fail_memory(err);
    int code = cprov_inflater_new(kind, write_unpacked, u, &inflater, err);
    for (got = PIECE; code == 0 && got == PIECE; at += (off_t)got)
        if (cprov_fs_read_at(from, piece, PIECE, at, &got, err) < 0 ||
            cprov_inflater_update(inflater, piece, got, err) < 0)
            code = err->code;
    free(piece);
    return code < 0 ? code : cprov_inflater_finish(inflater, err);
}

/* A place in a compressed file cannot be gone back to. The plain one has no name: nothing is left
 * of it, whatever happens. */
static int unpack_archive(int *fd, uint64_t size, const struct cprov_cancel *cancel,
                          struct cprov_error *err)
{
    const char *folder = getenv("TMPDIR");
    char head[CPROV_FOREIGN_HEAD];
    size_t got;

    if (cprov_fs_read_at(*fd, head, sizeof(head), 0, &got, err) < 0)
        return err->code;
    enum cprov_compression kind = cprov_compression_of(cprov_span_make(head, got));
    bool foreign = kind == CPROV_PLAIN && cprov_foreign_is_packed(cprov_span_make(head, got));
    if (kind == CPROV_PLAIN && !foreign)
        return 0;
    if (!folder || !*folder)
        folder = "/var/tmp";
    auto_fd int plain = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (plain < 0)
        return cprov_fail_os(err, errno, "a temporary file in %s", folder);
    struct unpacked u = { .fd = plain,
                          .max = size * CPROV_UNPACK_RATIO + CPROV_UNPACK_FREE,
                          .cancel = cancel };
    if ((foreign ? cprov_foreign_unpack(*fd, write_unpacked, &u, err)
                 : inflate_into(*fd, kind, &u, err)) < 0)
        return err->code;
    cprov_fd_close(fd);
    *fd = cprov_fd_take(&plain);
    return 0;
}

/* --- archives --- */

int cprov_packed_read_member(const struct cprov_packed *p, const struct cprov_tar_member *m,
                             size_t max, struct cprov_buf *out, struct cprov_error *err)
{
    char piece[16 * 1024];
    uint64_t done = 0;

    if (m->size > max)
        return cprov_fail(err, CPROV_ELIMIT, "%s is larger than %zu bytes", m->path, max);
    while (done < m->size) {
        size_t n = m->size - done < sizeof(piece) ? (size_t)(m->size - done) : sizeof(piece), got;

        if (cprov_fs_read_at(p->fd, piece, n, (off_t)(m->offset + done), &got, err) < 0)
            return err->code;
        if (got == 0)
            return cprov_fail(err, CPROV_EVERIFY, "%s is cut off", m->path);
        cprov_buf_add(out, piece, got);
        done += got;
    }
    return cprov_buf_check(out, m->path, err);
}

static int read_index(struct cprov_packed *p, const struct cprov_tar_member *m,
                      struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_index_file file;

    cprov_buf_init(&text, CPROV_INDEX_FILE_MAX);
    if (cprov_packed_read_member(p, m, CPROV_INDEX_FILE_MAX, &text, err) < 0)
        return err->code;
    if (cprov_index_parse(cprov_buf_span(&text), &p->arena, &file, err) < 0 ||
        cprov_index_decode_all(&file, p->path, &p->arena, &p->images, err) < 0)
        return cprov_wrap(err, "index.json");
    p->count = cprov_stand_in_fold(p->images, file.count, &p->arena);
    return cprov_arena_check(&p->arena, err);
}

/* docker save writes both lists since version 25, and not always the same into both. */
static int read_lists(struct cprov_packed *p, struct cprov_error *err)
{
    const struct cprov_tar_member *index = cprov_tar_index_find(&p->index, "index.json");

    if (!index || !cprov_tar_index_find(&p->index, "oci-layout"))
        return cprov_packed_read_docker(p, err);
    if (read_index(p, index, err) < 0)
        return err->code;
    return cprov_tar_index_find(&p->index, "manifest.json") ? cprov_packed_read_docker(p, err) : 0;
}

static int open_archive(struct cprov_packed *p, const char *path, uint64_t size,
                        struct cprov_error *err)
{
    p->path = path;
    if (unpack_archive(&p->fd, size, p->cancel, err) < 0 ||
        cprov_tar_index_read(p->fd, p->cancel, &p->index, err) < 0 || read_lists(p, err) < 0)
        return cprov_wrap(err, "%s", path);
    if (p->count == 0) /* a layout may wait for its first image; an archive is made of images */
        return cprov_fail(err, CPROV_EVERIFY, "%s: contains no image", path);
    return 0;
}

static int open_layout(struct cprov_packed *p, const char *path, struct cprov_error *err)
{
    if (cprov_store_open(path, CPROV_STORE_READ, p->cancel, &p->store, err) < 0 ||
        cprov_images_read(p->store, &p->own, err) < 0)
        return err->code;
    p->images = p->own->list;
    p->count = p->own->count;
    return 0;
}

int cprov_packed_open(const char *path, const struct cprov_cancel *cancel,
                      struct cprov_packed **out, struct cprov_error *err)
{
    auto_packed struct cprov_packed *p = calloc(1, sizeof(*p));
    struct stat st;

    if (!p)
        return cprov_fail_memory(err);
    p->cancel = cancel;
    /* Without O_NONBLOCK a pipe would hold us. */
    p->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (p->fd < 0 || fstat(p->fd, &st) < 0)
        return cprov_fail_os(err, errno, "%s", path);
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
        return cprov_fail(err, CPROV_EVERIFY, "%s: not a folder or a file", path);
    int code = S_ISDIR(st.st_mode) ? open_layout(p, path, err)
                                   : open_archive(p, path, (uint64_t)st.st_size, err);
    if (code < 0)
        return code;
    *out = cprov_steal(&p);
    return 0;
}

const struct cprov_image *cprov_packed_images(const struct cprov_packed *p, size_t *count)
{
    *count = p->count;
    return p->images;
}

/* --- blobs --- */

static const struct cprov_packed_blob *made_blob(const struct cprov_packed *p,
                                                 const struct cprov_digest *digest)
{
    size_t i;

    if (cprov_digest_set_find(&p->known, digest, &i))
        return &p->blobs[i];
    return NULL;
}

static const struct cprov_tar_member *member_of(const struct cprov_packed *p,
                                                const struct cprov_digest *digest)
{
    const struct cprov_packed_blob *made = made_blob(p, digest);
    char path[CPROV_BLOB_PATH_MAX];

    return made ? made->member
                : cprov_tar_index_find(&p->index, cprov_layout_blob_path(digest, path));
}

static int no_blob(const struct cprov_digest *digest, struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    return cprov_fail(err, CPROV_ENOTFOUND, "blob %s is not in the archive",
                      cprov_digest_format(digest, text));
}

int cprov_packed_open_blob(struct cprov_packed *p, const struct cprov_digest *digest, int *fd,
                           uint64_t *offset, uint64_t *size, struct cprov_error *err)
{
    if (p->store) {
        *offset = 0;
        return cprov_store_open_digest(p->store, digest, fd, size, err);
    }
    const struct cprov_tar_member *m = member_of(p, digest);
    if (!m)
        return no_blob(digest, err);
    auto_fd int copy = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        return cprov_fail_os(err, errno, "archive");
    *fd = cprov_fd_take(&copy);
    *offset = m->offset;
    *size = m->size;
    return 0;
}

int cprov_packed_read(struct cprov_packed *p, const struct cprov_digest *digest, size_t max,
                      struct cprov_buf *out, struct cprov_error *err)
{
    const struct cprov_packed_blob *made = made_blob(p, digest);
    struct cprov_descriptor want = { .media_type = "", .digest = *digest };
    auto_buf struct cprov_buf bytes = { 0 };
    auto_fd int fd = -1;
    uint64_t offset;

    cprov_buf_init(&bytes, max);
    if (made && !made->member) {
        cprov_buf_add_span(out, made->bytes);
        return cprov_buf_check(out, "document", err);
    }
    if (p->store) {
        if (cprov_packed_open_blob(p, digest, &fd, &offset, &want.size, err) < 0)
            return err->code;
        return cprov_store_read_blob(p->store, &want, max, out, err);
    }
    const struct cprov_tar_member *m = member_of(p, digest);
    if (!m)
        return no_blob(digest, err);
    want.size = m->size;
    if (cprov_packed_read_member(p, m, max, &bytes, err) < 0 ||
        cprov_descriptor_check(&want, cprov_buf_span(&bytes), err) < 0)
        return err->code;
    cprov_buf_add(out, bytes.ptr, bytes.len);
    return cprov_buf_check(out, "document", err);
}

int cprov_packed_copy_blob(struct cprov_store *to, struct cprov_packed *from,
                           const struct cprov_descriptor *d, struct cprov_blob_writer **out,
                           struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];
    uint64_t offset, size = 0;
    auto_fd int fd = -1;

    if (cprov_packed_open_blob(from, &d->digest, &fd, &offset, &size, err) < 0)
        return err->code;
    if (size != d->size)
        return cprov_fail(err, CPROV_EVERIFY, "blob %s has %" PRIu64 " bytes, not %" PRIu64,
                          cprov_digest_format(&d->digest, text), size, d->size);
    return cprov_store_copy_file(to, fd, offset, d, out, err);
}
