/* rootfs/merge_private.h - a tree that was made beside takes its place in a folder that has others.
 */
#ifndef CPROV_ROOTFS_MERGE_PRIVATE_H
#define CPROV_ROOTFS_MERGE_PRIVATE_H

#include "base/compiler.h"
#include "base/hash_table.h"
#include "rootfs/layer_rules.h"

struct cprov_error;

/* Names in a stage (rootfs/stage_private.h). */
#define CPROV_MERGE_TREE    "tree"    /* what is to be merged */
#define CPROV_MERGE_JOURNAL "journal" /* what was done */

/*
 * Each name of stage/tree goes into `to`, which is on the same mount: what was not there is moved,
 * what was there changes places with it, and of a directory that both have the content is merged.
 * Such a directory keeps its owner, mode, times and attributes unless `named` (by its
 * cprov_tree_dir_id() and "") has it: then it has those of the tree's.
 *
 * Every step is written down in stage/journal before it is taken. On failure everything is as it
 * was; if not even that can be done, the message says where the rest is. What was replaced is in
 * stage/tree until the stage is removed. CPROV_EINUSE: something is mounted where a name goes.
 */
CPROV_MUST_CHECK
int cprov_merge(int stage, int to, const struct cprov_hash_table *named,
                const struct cprov_layer_attributes *attributes, struct cprov_error *err);
/* After a success, when nothing else can fail: what was done stays. */
CPROV_MUST_CHECK
int cprov_merge_keep(int stage, struct cprov_error *err);
/* Takes back what the journal of the stage says, also of a process that was killed; without a
 * journal nothing is done. */
CPROV_MUST_CHECK
int cprov_merge_undo(int stage, int to, const struct cprov_layer_attributes *attributes,
                     struct cprov_error *err);

#endif
