/* rootfs/merge_journal_private.h - the steps of a merge, for the two that write and read them. */
#ifndef CPROV_ROOTFS_MERGE_JOURNAL_PRIVATE_H
#define CPROV_ROOTFS_MERGE_JOURNAL_PRIVATE_H

#include <sys/stat.h>

#include "base/compiler.h"
#include "base/limits.h"
#include "rootfs/layer_rules.h"

struct cprov_error;

#define CPROV_MERGE_PATH (CPROV_UNPACK_PATH + 16) /* bytes; a bundle has "rootfs/" before it */

enum cprov_merge_kind {
    CPROV_MERGE_MOVED = 1,  /* the folder had no such name */
    CPROV_MERGE_SWAPPED,    /* the two have changed places */
    CPROV_MERGE_DIR,        /* a directory of both, as the folder had it */
    CPROV_MERGE_ATTRIBUTES, /* its attributes have changed places */
};

/* What was there, and which name in the tree and in the folder; NUL ends it. */
struct cprov_merge_step {
    enum cprov_merge_kind kind;
    struct stat was;
    char path[CPROV_MERGE_PATH + 1];
};

/* Appends a step to the journal. */
CPROV_MUST_CHECK
int cprov_merge_note(int journal, enum cprov_merge_kind kind, const char *path,
                     const struct stat *was, struct cprov_error *err);
/* Lets two names change places; 0, or an errno. */
int cprov_merge_swap(int a, int b, const char *name);
/* Gives the attributes of one directory to the other, and (unless alone) the other way round. */
CPROV_MUST_CHECK
int cprov_merge_attributes(int from, int to, bool both_ways,
                           const struct cprov_layer_attributes *attributes,
                           struct cprov_error *err);

#endif
