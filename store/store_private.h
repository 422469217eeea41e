/* store/store_private.h - what the files of this folder share about an open store. */
#ifndef CPROV_STORE_STORE_PRIVATE_H
#define CPROV_STORE_STORE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/workers.h"
#include "manifest/digest.h"
#include "store/layout.h"
#include "store/store.h"

struct cprov_error;

#define CPROV_STORE_LAST      "cprov/index.last"
#define CPROV_STORE_DAMAGED   "cprov/index.damaged"
#define CPROV_STORE_PRIVATE   "cprov"
#define CPROV_STORE_LOCK      "cprov/lock"
#define CPROV_STORE_INDEXLOCK "cprov/index.lock"
#define CPROV_STORE_PARTIAL   "cprov/partial"
#define CPROV_STORE_LOG       "cprov/log.jsonl"
#define CPROV_STORE_TEMP      ".tmp-" /* how cprov_fs_replace() begins its temporary names */

struct cprov_store {
    char *path;
    int root; /* descriptor of the directory */
    unsigned flags;
    bool read_only;
    const struct cprov_cancel *cancel; /* or NULL */
    int lock;                          /* holds cprov/lock shared, or -1 */
    int partial;                       /* descriptor of cprov/partial, or -1; open while lock is */
    struct cprov_workers *workers;     /* or NULL until asked for */
};

/* CPROV_EREFUSED for a store that only reads. */
CPROV_MUST_CHECK
int cprov_store_writable(const struct cprov_store *s, struct cprov_error *err);

/*
 * Opens and locks a lock file of the store, which may be unlinked and made again by others at any
 * time: the file that is locked is the one that has the name. Waits as long as CPROV_LOCK_WAIT_MS.
 */
CPROV_MUST_CHECK
int cprov_store_lock_file(struct cprov_store *s, const char *name, bool exclusive, int *out,
                          struct cprov_error *err);

/* The same exclusively and without waiting: *out is -1 when somebody else holds it. */
CPROV_MUST_CHECK
int cprov_store_try_lock(struct cprov_store *s, const char *name, int *out,
                         struct cprov_error *err);

/* Whether the open file is the one that has the name in the directory. */
bool cprov_store_is_at(int fd, int dir, const char *name);

/* The pool of the store, as many threads as cores; borrowed. */
CPROV_MUST_CHECK
int cprov_store_workers(struct cprov_store *s, struct cprov_workers **out, struct cprov_error *err);

#endif
