/* store/garbage.h - giving back the space of what no image names any more. */
#ifndef CPROV_STORE_GARBAGE_H
#define CPROV_STORE_GARBAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "store/store.h"

struct cprov_error;
struct cprov_image;

struct cprov_garbage_options {
    bool dry_run; /* count, and leave everything: takes no lock */
    /* Downloads that were broken off and are older (seconds) go, too; 0: all that nobody writes;
     * negative: none. */
    int64_t partial_age_s;
};

struct cprov_garbage {
    uint64_t blobs;          /* files that no image names: removed, or to be */
    uint64_t partials;       /* downloads that nobody goes on with */
    uint64_t bytes;          /* of both, */
    uint64_t partials_bytes; /* and of the latter alone */
    uint64_t named_bytes;    /* of the blobs that images name, each once */
    uint64_t kept; /* files that may be of a download that is running: left for the next time */
};

/*
 * Removes blobs that neither index.json nor what it names leads to, files in blobs/ that have no
 * name of a blob, and old partial downloads. Two phases: what is named is marked without a lock;
 * then, under index.lock, what was added meanwhile is marked too, and the rest removed. While other
 * processes put blobs, only those go that are older than CPROV_GARBAGE_AGE_S: whoever needs a blob
 * that is there touches it, and cprov_images_add() looks again. After a crash the next run goes on.
 *
 * CPROV_EVERIFY, CPROV_ENOTFOUND: an image's documents cannot be read, so nobody knows what it
 * names; nothing is removed. CPROV_EREFUSED: the store is read-only.
 */
CPROV_MUST_CHECK
int cprov_garbage_collect(struct cprov_store *s, const struct cprov_garbage_options *options,
                          struct cprov_garbage *out, struct cprov_error *err);

/*
 * The bytes that would be garbage without these images and are not now: what only they name. Codes
 * as above.
 */
CPROV_MUST_CHECK
int cprov_garbage_of(struct cprov_store *s, const struct cprov_image *const *gone, size_t count,
                     uint64_t *bytes, struct cprov_error *err);

#endif
