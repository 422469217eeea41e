/* rootfs/stage_private.h - a hidden folder in which something is made, for whoever holds its lock.
 */
#ifndef CPROV_ROOTFS_STAGE_PRIVATE_H
#define CPROV_ROOTFS_STAGE_PRIVATE_H

#include <limits.h>

#include "base/compiler.h"

struct cprov_error;

struct cprov_stage {
    int parent; /* borrowed */
    int fd;     /* -1: not open; its lock lasts as long */
    char name[NAME_MAX + 1];
};
#define CPROV_STAGE_INIT                                                                           \
    {                                                                                              \
        .parent = -1, .fd = -1                                                                     \
    }

/* What is found is what a process that died has left: told before it is removed. */
typedef int cprov_stage_left_fn(int stage, void *arg, struct cprov_error *err);

/*
 * Makes the folder `name` (0700, empty) in parent and takes its lock, which the kernel holds and
 * frees with the process: a folder of that name which nobody holds is a left-over, and removed.
 * left may be NULL. CPROV_EINUSE: another process works there.
 */
CPROV_MUST_CHECK
int cprov_stage_open(int parent, const char *name, cprov_stage_left_fn *left, void *arg,
                     struct cprov_stage *out, struct cprov_error *err);
/* Removes it with what is in it, unless it has another name by now (name is ""); then closes. */
int cprov_stage_remove(struct cprov_stage *s, struct cprov_error *err);
/* Closes alone. */
void cprov_stage_close(struct cprov_stage *s);

#endif
