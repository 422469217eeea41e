/* archive/tar_reader.h - tar as a stream that is pushed in: ustar, GNU and PAX, byte for byte. */
#ifndef CPROV_ARCHIVE_TAR_READER_H
#define CPROV_ARCHIVE_TAR_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

enum cprov_tar_type {
    CPROV_TAR_FILE,
    CPROV_TAR_HARDLINK,
    CPROV_TAR_SYMLINK,
    CPROV_TAR_CHAR_DEVICE,
    CPROV_TAR_BLOCK_DEVICE,
    CPROV_TAR_DIR,
    CPROV_TAR_FIFO,
};

struct cprov_tar_pair {
    struct cprov_span key;
    struct cprov_span value; /* may hold any byte */
};

/* A run of real bytes in a sparse file. */
struct cprov_tar_extent {
    uint64_t offset, len;
};

/*
 * One member, all overrides applied (PAX, GNU long names, GNU and PAX sparse forms). Borrowed until
 * its end() has been called. path and link are as written, any bytes but NUL, link with a NUL after
 * it; a directory's trailing slashes are left out. Nothing is judged here: "..", absolute names and
 * their like are the business of whoever uses it. Links, devices, FIFOs and directories have no
 * content, whatever their header says of a size.
 */
struct cprov_tar_entry {
    enum cprov_tar_type type;
    struct cprov_span path;
    struct cprov_span link;
    uint64_t size; /* of the file as it will be; for a sparse one the data that follows is the sum
                      of its extents */
    uint32_t mode; /* permission bits and set-id, sticky */
    uint64_t uid, gid;
    struct cprov_span uname, gname;
    int64_t mtime_s, atime_s;
    uint32_t mtime_ns, atime_ns;
    bool has_atime;
    uint32_t dev_major, dev_minor;
    const struct cprov_tar_pair
        *xattrs; /* SCHILY.xattr.*, LIBARCHIVE.xattr.* (decoded): key without the prefix */
    size_t xattrs_count;
    const struct cprov_tar_pair
        *pax; /* every other PAX record: MSWINDOWS.*, LIBARCHIVE.creationtime, SCHILY.acl.* */
    size_t pax_count;
    const struct cprov_tar_extent *extents; /* of a sparse file, ascending, within size */
    size_t extents_count;
    bool sparse;
};

struct cprov_tar_handler {
    int (*entry)(void *arg, const struct cprov_tar_entry *entry, struct cprov_error *err);
    int (*data)(void *arg, const void *data, size_t len,
                struct cprov_error *err); /* content of the last entry, in pieces */
    int (*end)(void *arg,
               struct cprov_error *err); /* its content is complete; called for every entry */
    void *arg;
};

struct cprov_tar_reader;

CPROV_MUST_CHECK
int cprov_tar_reader_new(const struct cprov_tar_handler *handler, struct cprov_tar_reader **out,
                         struct cprov_error *err);
void cprov_tar_reader_free(struct cprov_tar_reader *r);
CPROV_DEFINE_CLEANUP(struct cprov_tar_reader, cprov_tar_reader, cprov_tar_reader_free)
#define auto_tar_reader CPROV_CLEANUP(cprov_tar_reader_cleanup)

/*
 * Any split of the stream gives the same callbacks. CPROV_EVERIFY: bad checksum, numbers that do
 * not fit, malformed PAX records, overlapping or unordered extents, an unknown type that has
 * content other than what POSIX says to skip; CPROV_ELIMIT: a header past its cap; or what a
 * callback returned. Base-256 numbers, old GNU sparse headers, PAX sparse 0.0, 0.1 and 1.0,
 * typeflags 0, 1-7, x, L, K, S, D(=dir), V and N (skipped). A global PAX header (g) has to be well
 * formed and changes nothing: engines do not apply it, and a layer is to be the same everywhere.
 */
CPROV_MUST_CHECK
int cprov_tar_reader_update(struct cprov_tar_reader *r, const void *data, size_t len,
                            struct cprov_error *err);
/* CPROV_EVERIFY when the archive stops in the middle of a member; the two zero blocks at the end
 * may be missing; bytes after them are ignored. */
CPROV_MUST_CHECK
int cprov_tar_reader_finish(struct cprov_tar_reader *r, struct cprov_error *err);

#endif
