/* archive/tar_writer.c - members one after the other, each padded to whole blocks. */
#include "archive/tar_writer_private.h"

#include <assert.h>

#include "archive/tar_format.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"

static int write_all(struct cprov_tar_writer *t, const void *data, size_t len,
                     struct cprov_error *err)
{
    if (cprov_fs_write_all(t->fd, data, len, -1, err) < 0)
        return cprov_wrap(err, "cannot write the archive");
    return 0;
}

static int write_zeroes(struct cprov_tar_writer *t, size_t len, struct cprov_error *err)
{
    static const char zeroes[CPROV_TAR_END_SIZE];

    return write_all(t, zeroes, len, err);
}

static int begin_member(struct cprov_tar_writer *t, const struct cprov_tar_entry *e,
                        struct cprov_error *err)
{
    auto_buf struct cprov_buf header = { 0 };

    assert(t->left == 0);
    cprov_buf_init(&header, 8 * CPROV_TAR_HEADER_MAX);
    if (cprov_tar_format_header(e, &header, err) < 0)
        return err->code;
    t->size = t->left = e->size;
    return write_all(t, header.ptr, header.len, err);
}

int cprov_tar_writer_folder(struct cprov_tar_writer *t, const char *path, struct cprov_error *err)
{
    const struct cprov_tar_entry e = { .type = CPROV_TAR_DIR,
                                       .path = cprov_span_of(path),
                                       .mode = 0755 };

    return begin_member(t, &e, err);
}

int cprov_tar_writer_file(struct cprov_tar_writer *t, const char *path, uint64_t size,
                          struct cprov_error *err)
{
    const struct cprov_tar_entry e = {
        .type = CPROV_TAR_FILE, .path = cprov_span_of(path), .mode = 0444, .size = size
    };

    return begin_member(t, &e, err);
}

int cprov_tar_writer_data(struct cprov_tar_writer *t, struct cprov_span data,
                          struct cprov_error *err)
{
    assert(data.len <= t->left);
    if (write_all(t, data.ptr, data.len, err) < 0)
        return err->code;
    t->left -= data.len;
    return t->left == 0 ? write_zeroes(t, cprov_tar_format_padding(t->size), err) : 0;
}

int cprov_tar_writer_finish(struct cprov_tar_writer *t, struct cprov_error *err)
{
    return write_zeroes(t, CPROV_TAR_END_SIZE, err);
}
