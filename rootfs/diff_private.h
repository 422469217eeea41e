/* rootfs/diff_private.h - what the walk through a folder asks the comparison. */
#ifndef CPROV_ROOTFS_DIFF_PRIVATE_H
#define CPROV_ROOTFS_DIFF_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "rootfs/diff.h"

struct cprov_diff {
    struct cprov_flat flat;
    bool *same; /* by name: the folder has it as the image does */
};

#endif
