/* rootfs/diff.h - what in a folder is not as an image has it, by content, never by times alone. */
#ifndef CPROV_ROOTFS_DIFF_H
#define CPROV_ROOTFS_DIFF_H

#include "base/compiler.h"
#include "rootfs/files.h"
#include "rootfs/layer_folder.h"

struct cprov_error;
struct cprov_diff;

/*
 * Reads the layers twice: what they add up to, then every file that is left beside its own in the
 * folder. A file is the same when type, owner, mode, attributes, target, seconds of its time (a
 * folder's does not count) and each byte are. Some 90 bytes a member.
 *
 * Returns what reading layers returns (rootfs/files.h), or CPROV_EREFUSED: a file of the folder may
 * not be read.
 */
CPROV_MUST_CHECK
int cprov_diff_new(const struct cprov_layers *layers, const struct cprov_folder *folder,
                   struct cprov_diff **out, struct cprov_error *err);
void cprov_diff_free(struct cprov_diff *d);
CPROV_DEFINE_CLEANUP(struct cprov_diff, cprov_diff, cprov_diff_free)
#define auto_diff CPROV_CLEANUP(cprov_diff_cleanup)

#endif
