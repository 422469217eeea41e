/* rootfs/tree_private.h - names below one directory, none of which leads out of it. */
#ifndef CPROV_ROOTFS_TREE_PRIVATE_H
#define CPROV_ROOTFS_TREE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "base/compiler.h"
#include "base/limits.h"
#include "base/span.h"

struct cprov_error;

/*
 * Symlinks on the way to a name are followed as a process would that has the root directory as its
 * "/": layer 1 has lib -> usr/lib, layer 2 lib/x.so, and the file is usr/lib/x.so. The last
 * component is never followed. A mount below the root is not entered. With openat2() the kernel
 * does the walk, without it this module, component by component.
 *
 * What is changed in a directory leaves its own times as they were, so that those that a layer
 * gives stay; they are put back at the latest by cprov_tree_flush(). One thread.
 */
struct cprov_tree;

struct cprov_tree_options {
    bool walk;    /* do not use openat2() */
    mode_t umask; /* of the process; 0777 when not known */
    bool own;     /* directories that no entry names go to this owner */
    uid_t uid;
    gid_t gid;
};

/* root is borrowed (O_RDONLY | O_DIRECTORY). */
CPROV_MUST_CHECK
int cprov_tree_new(int root, const struct cprov_tree_options *options, struct cprov_tree **out,
                   struct cprov_error *err);
void cprov_tree_free(struct cprov_tree *t); /* flushes */
CPROV_DEFINE_CLEANUP(struct cprov_tree, cprov_tree, cprov_tree_free)
#define auto_tree CPROV_CLEANUP(cprov_tree_cleanup)

/* A name and the directory it is in. Borrowed from the path and from the tree: good until the
 * second next find. */
struct cprov_spot {
    const char *path;
    const char *name; /* its last component; "." for the root itself */
    int dir;          /* O_PATH */
    unsigned slot;
    uint64_t dir_id; /* the same for every path to the same directory */
    gid_t gid;       /* of the directory: what is made in it may inherit it */
};

/* The end of a long name: messages have little room. */
static inline const char *cprov_tree_short(const char *path)
{
    size_t len = strlen(path);

    return len > 100 ? path + (len - 100) : path;
}

enum cprov_tree_how {
    CPROV_TREE_LOOK, /* CPROV_ENOTFOUND when there is no such directory */
    CPROV_TREE_MAKE, /* missing directories are made (0755); a file in the way is replaced */
};

/* path is clean. CPROV_EVERIFY: a loop of links; CPROV_EREFUSED: a mount. */
CPROV_MUST_CHECK
int cprov_tree_find(struct cprov_tree *t, const char *path, enum cprov_tree_how how,
                    struct cprov_spot *out, struct cprov_error *err);

/* Each of these takes the place of whatever has the name. */
CPROV_MUST_CHECK
int cprov_tree_file(struct cprov_tree *t, const struct cprov_spot *p, mode_t mode, int *fd,
                    struct cprov_error *err); /* open for writing, empty, its own inode */
CPROV_MUST_CHECK
int cprov_tree_symlink(struct cprov_tree *t, const struct cprov_spot *p, const char *target,
                       struct cprov_error *err);
/* mode has the type. CPROV_EREFUSED when devices are not permitted. */
CPROV_MUST_CHECK
int cprov_tree_node(struct cprov_tree *t, const struct cprov_spot *p, mode_t mode, dev_t device,
                    struct cprov_error *err);
/* CPROV_ENOTFOUND: no such target; CPROV_EVERIFY: it is a directory, or the name itself. */
CPROV_MUST_CHECK
int cprov_tree_link(struct cprov_tree *t, const struct cprov_spot *target,
                    const struct cprov_spot *p, struct cprov_error *err);
/* A directory that is there stays, with what is in it; a new one has mode 0700. O_RDONLY. */
CPROV_MUST_CHECK
int cprov_tree_dir(struct cprov_tree *t, const struct cprov_spot *p, int *fd,
                   struct cprov_error *err);
/* Opens a directory; CPROV_ENOTFOUND when it is missing or something else. */
CPROV_MUST_CHECK
int cprov_tree_open_dir(struct cprov_tree *t, const struct cprov_spot *p, int *fd,
                        struct cprov_error *err);
/* futimens() for a directory, after its owner was set. */
CPROV_MUST_CHECK
int cprov_tree_dir_times(struct cprov_tree *t, int fd, const struct timespec times[2],
                         struct cprov_error *err);

/* The name and everything below it; a missing one is fine. */
CPROV_MUST_CHECK
int cprov_tree_remove(struct cprov_tree *t, const struct cprov_spot *p, struct cprov_error *err);
/* Says that names in the directory of p were removed by other means. */
void cprov_tree_touched(struct cprov_tree *t, const struct cprov_spot *p);
/* Puts times back and closes what is kept open. */
void cprov_tree_flush(struct cprov_tree *t);

/* What dir_id is for an open directory. */
CPROV_MUST_CHECK
int cprov_tree_dir_id(int fd, uint64_t *out, struct cprov_error *err);

#endif
