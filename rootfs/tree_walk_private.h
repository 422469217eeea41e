/* rootfs/tree_walk_private.h - the way to a directory, component by component, below a root. */
#ifndef CPROV_ROOTFS_TREE_WALK_PRIVATE_H
#define CPROV_ROOTFS_TREE_WALK_PRIVATE_H

#include "rootfs/tree_private.h"

/*
 * Opens (O_PATH) the directory at `path` (clean) below root; links are followed within it. With
 * make, missing directories are made as the options say, and files in the way replaced.
 * Returns 0, or an errno: ENOENT, ENOTDIR, ELOOP, EXDEV (a mount).
 */
CPROV_MUST_CHECK
int cprov_tree_walk(int root, const struct cprov_tree_options *options, const char *path, bool make,
                    int *out);

#endif
