/* rootfs/layer_folder.h - a layer out of a folder, or of what differs in it. */
#ifndef CPROV_ROOTFS_LAYER_FOLDER_H
#define CPROV_ROOTFS_LAYER_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/fs.h"
#include "rootfs/layer_write.h"
#include "rootfs/unpack.h"

struct cprov_diff;
struct cprov_error;

/* A folder, and whose the files in it are. Everything is borrowed. */
struct cprov_folder {
    int fd;
    const struct cprov_id_map *uid_map, *gid_map; /* ids of the folder are the outer ones */
    size_t uid_map_count, gid_map_count;          /* 0: files of an ordinary caller are root's */
    const struct cprov_cancel *cancel;
};

/*
 * Writes all that is in the folder, in the order of names; with `diff` only what is not as the
 * image has it, and whiteouts for what is gone. The folder itself is a member with `diff` alone,
 * when it differs. *sockets counts what no layer can hold.
 *
 * CPROV_EREFUSED: a file may not be read; CPROV_EINUSE: one changed while it was read;
 * CPROV_EUNSUPPORTED: a name that would hide another one in a layer; CPROV_ELIMIT.
 */
CPROV_MUST_CHECK
int cprov_layer_from_folder(const struct cprov_folder *folder, const struct cprov_diff *diff,
                            struct cprov_layer_writer *w, uint64_t *sockets,
                            struct cprov_error *err);

#endif
