/* rootfs/glance_private.h - one path, looked for from the top without putting layers together. */
#ifndef CPROV_ROOTFS_GLANCE_PRIVATE_H
#define CPROV_ROOTFS_GLANCE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "rootfs/files.h"

/* A member that holds the content of a file. */
struct cprov_flat_file {
    size_t layer;
    uint32_t member; /* counted from 1 in its layer */
};

/*
 * Looks for a regular file from the top, in no more layers than it takes, and without putting them
 * together: *sure is false when a link or a folder that no member describes may have a say in it,
 * and then nothing is known. path has no links in it. CPROV_ENOTFOUND: surely not there.
 */
CPROV_MUST_CHECK
int cprov_glance(const struct cprov_layers *layers, const char *path, bool *sure,
                 struct cprov_flat_file *out, struct cprov_error *err);

#endif
