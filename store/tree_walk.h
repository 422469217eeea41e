/* store/tree_walk.h - the way to a directory, component by component, below a root. */
#ifndef CPROV_STORE_TREE_WALK_H
#define CPROV_STORE_TREE_WALK_H

#include "store/tree.h"

/*
 * Opens (O_PATH) the directory at `path` (clean) below root; links are followed within it. With
 * make, missing directories are made as the options say, and files in the way replaced.
 * Returns 0, or an errno: ENOENT, ENOTDIR, ELOOP, EXDEV (a mount).
 */
CPROV_MUST_CHECK
int cprov_tree_walk(int root, const struct cprov_tree_options *options, const char *path, bool make,
                    int *out);

#endif
