/* archive/archive.h - an OCI layout as one tar file (oci-archive).
 */
#ifndef CPROV_ARCHIVE_ARCHIVE_H
#define CPROV_ARCHIVE_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "store/images.h"
#include "store/store.h"

struct cprov_error;

/*
 * Writes images of a store, with every blob they name, to `path` (through a temporary file beside
 * it, renamed at the end; an existing one is replaced; a pipe or a device is written into, see
 * base/outfile.h). The archive is a layout that also carries
 * Docker's manifest.json when the images are single-platform, so that docker load, podman load and
 * ctr import take it as well. Deterministic: fixed owner, mode and time. Blobs are hashed again as
 * they are read.
 */
CPROV_MUST_CHECK
int cprov_archive_write(struct cprov_store *s, const struct cprov_image *images, size_t count,
                        const char *path,
                        void (*progress)(void *arg, uint64_t done, uint64_t total), void *arg,
                        struct cprov_error *err);

#endif
