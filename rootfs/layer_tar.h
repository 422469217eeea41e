/* rootfs/layer_tar.h - a layer out of a tar of somebody. */
#ifndef CPROV_ROOTFS_LAYER_TAR_H
#define CPROV_ROOTFS_LAYER_TAR_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/fs.h"
#include "rootfs/layer_write.h"

struct cprov_error;

/*
 * Writes the members of a tar (gzip and zstd too), with clean names, without the attributes that no
 * unpacking lets through, sparse files whole. What unpacking it refuses is refused. fd is read from
 * its position on, `size` bytes.
 */
CPROV_MUST_CHECK
int cprov_layer_from_tar(int fd, uint64_t size, const struct cprov_cancel *cancel,
                         struct cprov_layer_writer *w, struct cprov_error *err);

#endif
