/* archive/tar_writer.c - a deterministic tar file; the home of libarchive's writer. */
#include "archive/tar_writer_private.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/library.h"
#include "base/limits.h"

#define BLOCK (128 * CPROV_KIB) /* bytes of one write */

static struct {
    struct archive *(*write_new)(void);
    int (*write_free)(struct archive *);
    int (*set_format)(struct archive *);
    int (*set_block)(struct archive *, int);
    int (*set_last_block)(struct archive *, int);
    int (*open_fd)(struct archive *, int);
    int (*header)(struct archive *, struct archive_entry *);
    la_ssize_t (*data)(struct archive *, const void *, size_t);
    int (*close)(struct archive *);
    const char *(*error_string)(struct archive *);
    int (*error_number)(struct archive *);
    struct archive_entry *(*entry_new)(void);
    struct archive_entry *(*entry_clear)(struct archive_entry *);
    void (*entry_free)(struct archive_entry *);
    void (*set_pathname)(struct archive_entry *, const char *);
    void (*set_size)(struct archive_entry *, la_int64_t);
    void (*set_filetype)(struct archive_entry *, unsigned int);
    void (*set_perm)(struct archive_entry *, __LA_MODE_T);
    void (*set_mtime)(struct archive_entry *, time_t, long);
} la;

static const struct cprov_library_symbol symbols[] = {
    { "archive_write_new", (void **)&la.write_new },
    { "archive_write_free", (void **)&la.write_free },
    { "archive_write_set_format_pax_restricted", (void **)&la.set_format },
    { "archive_write_set_bytes_per_block", (void **)&la.set_block },
    { "archive_write_set_bytes_in_last_block", (void **)&la.set_last_block },
    { "archive_write_open_fd", (void **)&la.open_fd },
    { "archive_write_header", (void **)&la.header },
    { "archive_write_data", (void **)&la.data },
    { "archive_write_close", (void **)&la.close },
    { "archive_error_string", (void **)&la.error_string },
    { "archive_errno", (void **)&la.error_number },
    { "archive_entry_new", (void **)&la.entry_new },
    { "archive_entry_clear", (void **)&la.entry_clear },
    { "archive_entry_free", (void **)&la.entry_free },
    { "archive_entry_set_pathname", (void **)&la.set_pathname },
    { "archive_entry_set_size", (void **)&la.set_size },
    { "archive_entry_set_filetype", (void **)&la.set_filetype },
    { "archive_entry_set_perm", (void **)&la.set_perm },
    { "archive_entry_set_mtime", (void **)&la.set_mtime },
};

static struct cprov_library library = {
    .soname = "libarchive.so.13",
    .package = "libarchive13",
    .symbols = symbols,
    .count = CPROV_COUNT(symbols),
};

struct cprov_tar_writer {
    struct archive *archive;
    struct archive_entry *entry;
};

static int fail(struct cprov_tar_writer *t, struct cprov_error *err)
{
    int os = la.error_number(t->archive);
    const char *text = la.error_string(t->archive);

    if (os > 0)
        return cprov_fail_os(err, os, "cannot write the archive");
    return cprov_fail(err, CPROV_EFAIL, "cannot write the archive: %s", text ? text : "?");
}

static int set_up(struct cprov_tar_writer *t, int fd, struct cprov_error *err)
{
    t->archive = la.write_new();
    t->entry = la.entry_new();
    if (!t->archive || !t->entry)
        return cprov_fail_memory(err);
    if (la.set_format(t->archive) != ARCHIVE_OK ||
        la.set_block(t->archive, (int)BLOCK) != ARCHIVE_OK ||
        la.set_last_block(t->archive, 1) != ARCHIVE_OK || la.open_fd(t->archive, fd) != ARCHIVE_OK)
        return fail(t, err);
    return 0;
}

int cprov_tar_writer_new(int fd, struct cprov_tar_writer **out, struct cprov_error *err)
{
    if (cprov_library_load(&library, err) < 0)
        return err->code;
    struct cprov_tar_writer *t = calloc(1, sizeof(*t));
    if (!t)
        return cprov_fail_memory(err);
    int code = set_up(t, fd, err);
    if (code < 0) {
        cprov_tar_writer_free(t);
        return code;
    }
    *out = t;
    return 0;
}

void cprov_tar_writer_free(struct cprov_tar_writer *t)
{
    if (!t)
        return;
    if (t->entry)
        la.entry_free(t->entry);
    if (t->archive)
        la.write_free(t->archive);
    free(t);
}

static int begin_entry(struct cprov_tar_writer *t, const char *path, unsigned int type,
                       __LA_MODE_T mode, uint64_t size, struct cprov_error *err)
{
    la.entry_clear(t->entry);
    la.set_pathname(t->entry, path);
    la.set_filetype(t->entry, type);
    la.set_perm(t->entry, mode);
    la.set_size(t->entry, (la_int64_t)size);
    la.set_mtime(t->entry, 0, 0);
    return la.header(t->archive, t->entry) == ARCHIVE_OK ? 0 : fail(t, err);
}

int cprov_tar_writer_folder(struct cprov_tar_writer *t, const char *path, struct cprov_error *err)
{
    return begin_entry(t, path, AE_IFDIR, 0755, 0, err);
}

int cprov_tar_writer_file(struct cprov_tar_writer *t, const char *path, uint64_t size,
                          struct cprov_error *err)
{
    return begin_entry(t, path, AE_IFREG, 0444, size, err);
}

int cprov_tar_writer_data(struct cprov_tar_writer *t, struct cprov_span data,
                          struct cprov_error *err)
{
    /* Less is taken only past the size that was announced. */
    la_ssize_t n = la.data(t->archive, data.ptr, data.len);

    return n >= 0 && (size_t)n == data.len ? 0 : fail(t, err);
}

int cprov_tar_writer_finish(struct cprov_tar_writer *t, struct cprov_error *err)
{
    return la.close(t->archive) == ARCHIVE_OK ? 0 : fail(t, err);
}
