/* rootfs/layer_read_private.h - the members of one stored layer, as they stand in it. */
#ifndef CPROV_ROOTFS_LAYER_READ_PRIVATE_H
#define CPROV_ROOTFS_LAYER_READ_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "rootfs/files.h"

/*
 * Reads layer i of the image; with `verify` what the callbacks got was right when it returns 0.
 * Returns what rootfs/files.h says, or what a callback returned, which ends the reading.
 */
CPROV_MUST_CHECK
int cprov_layer_read(const struct cprov_layers *layers, size_t i,
                     const struct cprov_tar_handler *handler, bool verify, struct cprov_error *err);

/* Content is skipped: for the handler of whoever wants names alone. */
int cprov_layer_pass_data(void *arg, const void *data, size_t len, struct cprov_error *err);
int cprov_layer_pass_end(void *arg, struct cprov_error *err);

#endif
