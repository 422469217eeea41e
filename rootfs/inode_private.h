/* rootfs/inode_private.h - a file of a folder as the member of a layer that it would be. */
#ifndef CPROV_ROOTFS_INODE_PRIVATE_H
#define CPROV_ROOTFS_INODE_PRIVATE_H

#include <sys/stat.h>

#include "archive/tar_reader.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "rootfs/layer_folder.h"

/* Used for one file after the other; {0} and init. */
struct cprov_inode {
    struct cprov_tar_entry entry; /* without its path; attributes by name, those that pass */
    struct stat st;
    int fd; /* O_RDONLY, of a file or a folder; else -1 */
    struct cprov_buf texts;
    struct cprov_tar_pair *xattrs;
    size_t xattrs_room;
};

void cprov_inode_init(struct cprov_inode *n);
void cprov_inode_clear(struct cprov_inode *n);
#define auto_inode CPROV_CLEANUP(cprov_inode_clear)

/*
 * Reads `name` in the directory; no link is followed. CPROV_ENOTFOUND; CPROV_EREFUSED: it may not
 * be read; CPROV_EINUSE: it changed meanwhile; CPROV_EUNSUPPORTED: a socket, or an owner that is in
 * no map.
 */
CPROV_MUST_CHECK
int cprov_inode_read(struct cprov_inode *n, int dir, const char *name,
                     const struct cprov_folder *how, struct cprov_error *err);

#endif
