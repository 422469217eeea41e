/* store/store.h - what is on this machine: an OCI image layout with locks and partial downloads. */
#ifndef CPROV_STORE_STORE_H
#define CPROV_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/fs.h"
#include "base/workers.h"

struct cprov_error;
struct cprov_store;

/*
 * ROOT/oci-layout, index.json, blobs/<algorithm>/<hex> (0444), and in ROOT/cprov:
 *   - lock: flock, shared by whoever puts blobs that no index names yet, exclusive by gc;
 *   - index.lock: flock, exclusive, for changing index.json;
 *   - partial/: downloads, <algorithm>-<hex>, flocked by the process that writes, and beside them
 *     <algorithm>-<hex>.etag;
 *   - index.last: a copy of the last index.json that was written, for its loss;
 *   - log.jsonl: one line per change.
 * A store is used by one thread. Spec: OCI image-spec v1.1, image-layout.md.
 */
enum cprov_store_flags {
    CPROV_STORE_CREATE = 1, /* make what is missing */
    CPROV_STORE_READ = 2,   /* never write: works on a read-only file system, takes no lock */
    CPROV_STORE_EXPORT =
        4, /* a layout for others: cprov/ goes away on close when nothing is left in it */
    CPROV_STORE_OWN =
        16, /* the folder has to be the caller's, closed to others and no symlink; made like that */
    CPROV_STORE_REPAIR =
        8, /* an oci-layout that is lost or damaged is written again, where all else is a store's */
};

/*
 * CPROV_ENOTFOUND: no store there (without CREATE); CPROV_EREFUSED: not writable; CPROV_EVERIFY:
 * the folder holds something that is no OCI layout of version 1.0.0 (a folder with other files and
 * no oci-layout is never turned into a store). cancel (may be NULL) is borrowed for the store's
 * life and ends every wait.
 */
CPROV_MUST_CHECK
int cprov_store_open(const char *root, unsigned flags, const struct cprov_cancel *cancel,
                     struct cprov_store **out, struct cprov_error *err);
void cprov_store_close(struct cprov_store *s);
CPROV_DEFINE_CLEANUP(struct cprov_store, cprov_store, cprov_store_close)
#define auto_store CPROV_CLEANUP(cprov_store_cleanup)

const char *cprov_store_root(const struct cprov_store *s);
bool cprov_store_read_only(const struct cprov_store *s);

/* CPROV_ENOSPACE unless `bytes` and a reserve (5 %, at most 256 MiB) are free; the text names both
 * numbers. */
CPROV_MUST_CHECK
int cprov_store_need_space(struct cprov_store *s, uint64_t bytes, struct cprov_error *err);

/*
 * Removes partial downloads that nobody writes and that are older than max_age_s, and temporary
 * files of dead processes. Takes no lock but theirs. *removed and *bytes count
 * files and what is in them; a dry run counts alone.
 */
CPROV_MUST_CHECK
int cprov_store_collect_partials(struct cprov_store *s, int64_t max_age_s, bool dry_run,
                                 size_t *removed, uint64_t *bytes, struct cprov_error *err);

/*
 * Before an image is put together of blobs, new ones or those that are there: makes cprov/ and
 * holds cprov/lock shared until the store is closed, so that no garbage is collected beside it.
 */
CPROV_MUST_CHECK
int cprov_store_begin(struct cprov_store *s, struct cprov_error *err);

/* Appends one JSON line (given without newline) to cprov/log.jsonl, whole or not at all. */
CPROV_MUST_CHECK
int cprov_store_log(struct cprov_store *s, struct cprov_span line, struct cprov_error *err);

/* Whether the caller of the store's operations wants them ended. */
bool cprov_store_cancelled(const struct cprov_store *s);

#endif
