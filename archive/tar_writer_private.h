/* archive/tar_writer_private.h - a deterministic tar file of folders and plain files. */
#ifndef CPROV_ARCHIVE_TAR_WRITER_PRIVATE_H
#define CPROV_ARCHIVE_TAR_WRITER_PRIVATE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

/* Writes to fd (borrowed) what archive/tar_format.h says of members. All owners are 0, all times
 * 1970, files 0444, folders 0755. */
struct cprov_tar_writer {
    int fd;
    uint64_t size; /* of the file that was begun */
    uint64_t left; /* bytes of it that are to come */
};

/* The path of a folder ends in '/'. */
CPROV_MUST_CHECK
int cprov_tar_writer_folder(struct cprov_tar_writer *t, const char *path, struct cprov_error *err);
/* Begins a file; then exactly `size` bytes must follow. */
CPROV_MUST_CHECK
int cprov_tar_writer_file(struct cprov_tar_writer *t, const char *path, uint64_t size,
                          struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_tar_writer_data(struct cprov_tar_writer *t, struct cprov_span data,
                          struct cprov_error *err);
/* Writes the end of the archive. */
CPROV_MUST_CHECK
int cprov_tar_writer_finish(struct cprov_tar_writer *t, struct cprov_error *err);

#endif
