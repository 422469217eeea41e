/* archive/foreign.c - xz, bzip2 and lz4; the home of libarchive. */
#include "archive/foreign_private.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/library.h"
#include "base/limits.h"

#define BLOCK (128 * CPROV_KIB) /* bytes of one read */

static struct {
    struct archive *(*read_new)(void);
    int (*read_free)(struct archive *);
    int (*filter_xz)(struct archive *);
    int (*filter_bzip2)(struct archive *);
    int (*filter_lz4)(struct archive *);
    int (*format_raw)(struct archive *);
    int (*open_fd)(struct archive *, int, size_t);
    int (*next_header)(struct archive *, struct archive_entry **);
    int (*data_block)(struct archive *, const void **, size_t *, la_int64_t *);
    const char *(*error_string)(struct archive *);
} la;

static const struct cprov_library_symbol symbols[] = {
    { "archive_read_new", (void **)&la.read_new },
    { "archive_read_free", (void **)&la.read_free },
    { "archive_read_support_filter_xz", (void **)&la.filter_xz },
    { "archive_read_support_filter_bzip2", (void **)&la.filter_bzip2 },
    { "archive_read_support_filter_lz4", (void **)&la.filter_lz4 },
    { "archive_read_support_format_raw", (void **)&la.format_raw },
    { "archive_read_open_fd", (void **)&la.open_fd },
    { "archive_read_next_header", (void **)&la.next_header },
    { "archive_read_data_block", (void **)&la.data_block },
    { "archive_error_string", (void **)&la.error_string },
};

static struct cprov_library library = {
    .soname = "libarchive.so.13",
    .package = "libarchive13",
    .symbols = symbols,
    .count = CPROV_COUNT(symbols),
};

static void close_archive(struct archive **a)
{
    if (*a)
        la.read_free(*a);
}

bool cprov_foreign_is_packed(struct cprov_span head)
{
    static const struct {
        const char *bytes;
        size_t len;
    } marks[] = { { "\xfd"
                    "7zXZ",
                    6 },
                  { "BZh", 3 },
                  { "\x04\x22\x4d\x18", 4 } };

    for (size_t i = 0; i < CPROV_COUNT(marks); i++)
        if (head.len >= marks[i].len && memcmp(head.ptr, marks[i].bytes, marks[i].len) == 0)
            return true;
    return false;
}

static int fail(struct archive *a, struct cprov_error *err)
{
    const char *text = la.error_string(a);

    return cprov_fail(err, CPROV_EVERIFY, "cannot unpack the archive: %s", text ? text : "damaged");
}

/* A filter that would start a program answers with a warning, and is refused. */
static int set_up(struct archive *a, int fd, struct cprov_error *err)
{
    struct archive_entry *whole;

    if (la.filter_xz(a) != ARCHIVE_OK || la.filter_bzip2(a) != ARCHIVE_OK ||
        la.filter_lz4(a) != ARCHIVE_OK)
        return cprov_fail(err, CPROV_EUNSUPPORTED,
                          "this libarchive cannot unpack xz, bzip2 and lz4");
    if (lseek(fd, 0, SEEK_SET) < 0 || la.format_raw(a) != ARCHIVE_OK ||
        la.open_fd(a, fd, BLOCK) != ARCHIVE_OK || la.next_header(a, &whole) != ARCHIVE_OK)
        return fail(a, err);
    return 0;
}

int cprov_foreign_unpack(int fd, cprov_inflate_fn *take, void *arg, struct cprov_error *err)
{
    CPROV_CLEANUP(close_archive) struct archive *a = NULL;
    const void *bytes;
    size_t len;
    la_int64_t offset;

    if (cprov_library_load(&library, err) < 0)
        return err->code;
    a = la.read_new();
    if (!a)
        return cprov_fail_memory(err);
    if (set_up(a, fd, err) < 0)
        return err->code;
    for (;;) {
        int r = la.data_block(a, &bytes, &len, &offset);

        if (r == ARCHIVE_EOF)
            return 0;
        if (r != ARCHIVE_OK)
            return fail(a, err);
        if (take(arg, bytes, len, err) < 0)
            return err->code;
    }
}
