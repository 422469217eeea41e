/* store/blob_writer_private.h - the inside of a blob writer, for commit.c and copy.c. */
#ifndef CPROV_STORE_BLOB_WRITER_PRIVATE_H
#define CPROV_STORE_BLOB_WRITER_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "store/blobs.h"
#include "store/follow_private.h"
#include "store/segments_private.h"

struct cprov_error;

#define CPROV_PARTIAL_NAME_MAX 192
#define CPROV_ETAG_MAX         256 /* bytes; a longer one is not kept */

enum cprov_writer_state {
    CPROV_WRITER_OPEN,
    CPROV_WRITER_FINISHED, /* size and digest are right: nothing may be written any more */
    CPROV_WRITER_COMMITTED,
};

struct cprov_blob_writer {
    struct cprov_store *store;
    struct cprov_descriptor want;
    enum cprov_writer_state state;
    int fd;                            /* locked as long as it is open */
    char name[CPROV_PARTIAL_NAME_MAX]; /* in cprov/partial */
    char etag[CPROV_ETAG_MAX + 1];
    bool resumed;
    bool accepts; /* any digest */
    bool beside;  /* of open_beside(): no later run looks for its file */
    struct cprov_segments there;
    struct cprov_follower *follower;
};

/*
 * cprov_blob_writer_open() for bytes that are at hand: a blob that another process is writing is
 * written a second time beside it, since waiting for each other's blobs could go round in a circle.
 * CPROV_EEXISTS when the blob is in the store.
 */
CPROV_MUST_CHECK
int cprov_blob_writer_open_beside(struct cprov_store *s, const struct cprov_descriptor *want,
                                  struct cprov_blob_writer **out, struct cprov_error *err);

/* Bytes from 0 to `prefix` are in the file now, without write(). */
CPROV_MUST_CHECK
int cprov_blob_writer_filled(struct cprov_blob_writer *w, uint64_t prefix, struct cprov_error *err);

#endif
