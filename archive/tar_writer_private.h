/* archive/tar_writer_private.h - a deterministic tar file; the home of libarchive's writer. */
#ifndef CPROV_ARCHIVE_TAR_WRITER_PRIVATE_H
#define CPROV_ARCHIVE_TAR_WRITER_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;
struct cprov_tar_writer;

/* Writes to fd (borrowed), in ustar form with pax headers where something does not fit. All owners
 * are 0, all times 1970, files 0444, folders 0755. CPROV_EUNSUPPORTED: no libarchive here. */
CPROV_MUST_CHECK
int cprov_tar_writer_new(int fd, struct cprov_tar_writer **out, struct cprov_error *err);
void cprov_tar_writer_free(struct cprov_tar_writer *t);
CPROV_DEFINE_CLEANUP(struct cprov_tar_writer, cprov_tar_writer, cprov_tar_writer_free)
#define auto_tar_writer CPROV_CLEANUP(cprov_tar_writer_cleanup)

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
