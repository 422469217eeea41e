/* store/undo.h - names that were made in a folder that had others, to be taken away again. */
#ifndef CPROV_STORE_UNDO_H
#define CPROV_STORE_UNDO_H

#include "base/compiler.h"

struct cprov_error;
struct cprov_tree;
struct cprov_undo;

/* The list is a file without a name in `dir`: memory does not grow with it. */
CPROV_MUST_CHECK
int cprov_undo_new(int dir, struct cprov_undo **out, struct cprov_error *err);
void cprov_undo_free(struct cprov_undo *u);
CPROV_DEFINE_CLEANUP(struct cprov_undo, cprov_undo, cprov_undo_free)
#define auto_undo CPROV_CLEANUP(cprov_undo_cleanup)

/* path is clean (store/tree.h). */
CPROV_MUST_CHECK
int cprov_undo_add(struct cprov_undo *u, const char *path, struct cprov_error *err);
/* Removes the names, last made first; a directory that has got other names meanwhile stays. */
CPROV_MUST_CHECK
int cprov_undo_run(struct cprov_undo *u, struct cprov_tree *tree, struct cprov_error *err);

#endif
