/* registry/blob_request.h - which blob to fetch, and where its bytes go. */
#ifndef CPROV_REGISTRY_BLOB_REQUEST_H
#define CPROV_REGISTRY_BLOB_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "manifest/descriptor.h"
#include "manifest/reference.h"

struct cprov_error;

/*
 * Where the bytes go. write() gets each byte of the blob once, in ascending order within a range,
 * several ranges interleaved; restart() says that everything written so far is void; validator()
 * gives the ETag of what comes, to be kept for a later resume. A negative code ends the operation
 * with it.
 */
struct cprov_blob_sink {
    int (*write)(void *arg, uint64_t offset, const void *data, size_t len, struct cprov_error *err);
    int (*restart)(void *arg, struct cprov_error *err);
    int (*validator)(void *arg, struct cprov_span etag, struct cprov_error *err);
    void *arg;
};

struct cprov_blob_request {
    const struct cprov_reference *ref;         /* host and repository */
    const struct cprov_descriptor *descriptor; /* size, digest, urls; copied but for its texts,
                                                  which must outlive the operation */
    uint64_t have;                             /* bytes 0..have are there already */
    const char *etag;                          /* of those bytes, or NULL */
    bool in_order;                             /* one range after the other: the sink reads along */
    struct cprov_blob_sink sink;
    /* code 0: exactly descriptor->size bytes were written. The sink's owner compares the digest. */
    void (*done)(void *arg, int code, const struct cprov_error *err);
};

#endif
