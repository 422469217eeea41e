/* rootfs/layer_write.c - tar, gzip and two digests in one pass. */
#include "rootfs/layer_write.h"

#include <stdlib.h>

#include "archive/tar_format.h"
#include "base/deflate.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "manifest/media_type.h"

struct cprov_layer_writer {
    int fd;
    int64_t latest;
    struct cprov_deflater *deflater;
    struct cprov_hasher *plain, *packed;
    struct cprov_buf header;
    uint64_t left;    /* of the content of the last member */
    size_t padding;   /* after it */
    uint64_t in, out; /* bytes so far */
    uint64_t members;
};

static int put_packed(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct cprov_layer_writer *w = arg;

    if (cprov_hasher_update(w->packed, data, len, err) < 0 ||
        cprov_fs_write_all(w->fd, data, len, -1, err) < 0)
        return err->code;
    w->out += len;
    return 0;
}

int cprov_layer_writer_new(int fd, int64_t latest, struct cprov_layer_writer **out,
                           struct cprov_error *err)
{
    auto_layer_writer struct cprov_layer_writer *w = calloc(1, sizeof(*w));

    if (!w)
        return cprov_fail_memory(err);
    w->fd = fd;
    w->latest = latest;
    cprov_buf_init(&w->header, 8 * CPROV_TAR_HEADER_MAX);
    if (cprov_digest_hasher(CPROV_SHA256, &w->plain, err) < 0 ||
        cprov_digest_hasher(CPROV_SHA256, &w->packed, err) < 0 ||
        cprov_deflater_new(put_packed, w, &w->deflater, err) < 0)
        return err->code;
    *out = cprov_steal(&w);
    return 0;
}

void cprov_layer_writer_free(struct cprov_layer_writer *w)
{
    if (!w)
        return;
    cprov_deflater_free(w->deflater);
    cprov_hasher_free(w->plain);
    cprov_hasher_free(w->packed);
    cprov_buf_clear(&w->header);
    free(w);
}

static int put(struct cprov_layer_writer *w, const void *data, size_t len, struct cprov_error *err)
{
    if (cprov_hasher_update(w->plain, data, len, err) < 0 ||
        cprov_deflater_update(w->deflater, data, len, err) < 0)
        return err->code;
    w->in += len;
    return 0;
}

static int put_zeroes(struct cprov_layer_writer *w, size_t len, struct cprov_error *err)
{
    static const char zeroes[CPROV_TAR_END_SIZE];

    return len > 0 ? put(w, zeroes, len, err) : 0;
}

static int fail_changed(struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EINUSE, "the file changed while it was read");
}

static int end_member(struct cprov_layer_writer *w, struct cprov_error *err)
{
    size_t padding = w->padding;

    if (w->left > 0)
        return fail_changed(err);
    w->padding = 0;
    return put_zeroes(w, padding, err);
}

int cprov_layer_writer_entry(struct cprov_layer_writer *w, const struct cprov_tar_entry *entry,
                             struct cprov_error *err)
{
    struct cprov_tar_entry e = *entry;

    e.mtime_ns = 0;
    if (e.mtime_s > w->latest)
        e.mtime_s = w->latest;
    cprov_buf_reset(&w->header);
    if (end_member(w, err) < 0 || cprov_tar_format_header(&e, &w->header, err) < 0 ||
        put(w, w->header.ptr, w->header.len, err) < 0)
        return err->code;
    w->left = e.type == CPROV_TAR_FILE ? e.size : 0;
    w->padding = cprov_tar_format_padding(w->left);
    w->members++;
    return 0;
}

int cprov_layer_writer_data(struct cprov_layer_writer *w, const void *data, size_t len,
                            struct cprov_error *err)
{
    if (len > w->left)
        return fail_changed(err);
    w->left -= len;
    return put(w, data, len, err);
}

int cprov_layer_writer_finish(struct cprov_layer_writer *w, struct cprov_layer_made *out,
                              struct cprov_error *err)
{
    struct cprov_layer_made made = { .blob = { .media_type = CPROV_MT_OCI_LAYER "+gzip" } };

    if (end_member(w, err) < 0 || put_zeroes(w, CPROV_TAR_END_SIZE, err) < 0 ||
        cprov_deflater_finish(w->deflater, err) < 0 ||
        cprov_digest_finish(w->packed, CPROV_SHA256, &made.blob.digest, err) < 0 ||
        cprov_digest_finish(w->plain, CPROV_SHA256, &made.diff_id, err) < 0)
        return err->code;
    if (w->in > CPROV_UNPACK_FREE && w->in / w->out >= CPROV_UNPACK_RATIO)
        return cprov_fail(err, CPROV_ELIMIT,
                          "the layer packs to 1/%llu of its size: it would not be unpacked again",
                          (unsigned long long)(w->in / w->out));
    made.blob.size = w->out;
    made.members = w->members;
    *out = made;
    return 0;
}
