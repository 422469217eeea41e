/* archive/packed.h - images in a layout folder or an archive file, read where they lie. */
#ifndef CPROV_ARCHIVE_PACKED_H
#define CPROV_ARCHIVE_PACKED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/fs.h"
#include "store/blobs.h"
#include "store/images.h"

struct cprov_error;
struct cprov_packed;

/*
 * Opens a folder that is an OCI image layout; a tar file that holds one (oci-archive); or one that
 * docker save made (docker-archive), for whose images a manifest is written here, always the same.
 * An archive packed as gzip, zstd, xz, bzip2 or lz4 is unpacked to a nameless file first. Nothing
 * at path is written.
 *
 * CPROV_ENOTFOUND: nothing there; CPROV_EVERIFY: neither of these, or damaged. cancel (may be NULL)
 * is borrowed for its life.
 */
CPROV_MUST_CHECK
int cprov_packed_open(const char *path, const struct cprov_cancel *cancel,
                      struct cprov_packed **out, struct cprov_error *err);
void cprov_packed_close(struct cprov_packed *p);
CPROV_DEFINE_CLEANUP(struct cprov_packed, cprov_packed, cprov_packed_close)
#define auto_packed CPROV_CLEANUP(cprov_packed_cleanup)

/* The entries of its index, named as in a store. Borrowed. */
const struct cprov_image *cprov_packed_images(const struct cprov_packed *p, size_t *count);

/*
 * Where the bytes of a blob are: size bytes of *fd (yours to close) from offset on. Nothing is
 * compared yet. CPROV_ENOTFOUND.
 */
CPROV_MUST_CHECK
int cprov_packed_open_blob(struct cprov_packed *p, const struct cprov_digest *digest, int *fd,
                           uint64_t *offset, uint64_t *size, struct cprov_error *err);
/* A document of at most max bytes, compared with its digest and appended to out. */
CPROV_MUST_CHECK
int cprov_packed_read(struct cprov_packed *p, const struct cprov_digest *digest, size_t max,
                      struct cprov_buf *out, struct cprov_error *err);
/* Into a store, as cprov_store_copy_blob() does it. */
CPROV_MUST_CHECK
int cprov_packed_copy_blob(struct cprov_store *to, struct cprov_packed *from,
                           const struct cprov_descriptor *d, struct cprov_blob_writer **out,
                           struct cprov_error *err);

#endif
