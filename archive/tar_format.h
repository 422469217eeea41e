/* archive/tar_format.h - the header of a tar member as bytes: ustar, and PAX where that is too
 * small.
 */
#ifndef CPROV_ARCHIVE_TAR_FORMAT_H
#define CPROV_ARCHIVE_TAR_FORMAT_H

#include "archive/tar_reader.h"
#include "base/buf.h"
#include "base/compiler.h"

struct cprov_error;

/*
 * Appends the blocks that stand before the content. The same entry always gives the same bytes.
 * Written are type, path, link, size (of files), mode, owner by number and name, mtime, device,
 * xattrs and the other PAX records; a sparse file becomes a plain one of its whole size. Bytes of
 * names stay as they are. CPROV_EINVAL: no path, a device number that does not fit.
 * Spec: POSIX.1-2017, pax, "pax Interchange Format".
 */
CPROV_MUST_CHECK
int cprov_tar_format_header(const struct cprov_tar_entry *e, struct cprov_buf *out,
                            struct cprov_error *err);

#define CPROV_TAR_BLOCK_SIZE 512
#define CPROV_TAR_END_SIZE   1024 /* zeroes after the last member */

/* Zeroes after that much content. */
static inline size_t cprov_tar_format_padding(uint64_t size)
{
    return (size_t)(-size % CPROV_TAR_BLOCK_SIZE);
}

#endif
