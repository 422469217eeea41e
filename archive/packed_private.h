/* archive/packed_private.h - the inside of a layout or an archive, for the files that read it. */
#ifndef CPROV_ARCHIVE_PACKED_PRIVATE_H
#define CPROV_ARCHIVE_PACKED_PRIVATE_H

#include "archive/packed.h"
#include "archive/tar_index_private.h"
#include "store/digest_set.h"

/* A blob that is no file of blobs/: a layer of docker save, or a manifest that was written here. */
struct cprov_packed_blob {
    struct cprov_digest digest;
    const struct cprov_tar_member *member; /* or NULL: */
    struct cprov_span bytes;
};

/* A member may be named again and again. */
struct cprov_packed_hash {
    bool known;
    struct cprov_digest digest;
};

struct cprov_packed {
    const struct cprov_cancel *cancel;
    struct cprov_arena arena;
    struct cprov_image *images;
    size_t count;
    /* a folder */
    struct cprov_store *store;
    struct cprov_images *own;
    /* a file */
    const char *path; /* while it is being opened */
    int fd;
    struct cprov_tar_index index;
    struct cprov_packed_blob *blobs;
    size_t blobs_count, blobs_room;
    struct cprov_digest_set known;    /* numbers the blobs */
    struct cprov_packed_hash *hashes; /* by member: what was hashed already; or NULL */
};

/*
 * Reads the images of manifest.json, as docker save writes it, beside those that index.json gave
 * before: what an entry of index.json has already (the same config) is left alone, but for an entry
 * whose manifest has lost the layers that the config tells of (docker 25), which is replaced.
 */
CPROV_MUST_CHECK
int cprov_packed_read_docker(struct cprov_packed *p, struct cprov_error *err);

/* Appends a member's content, at most max bytes. */
CPROV_MUST_CHECK
int cprov_packed_read_member(const struct cprov_packed *p, const struct cprov_tar_member *m,
                             size_t max, struct cprov_buf *out, struct cprov_error *err);

#endif
