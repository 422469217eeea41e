/* registry/upload_private.h - an upload of a blob: what sending it whole (push.c) and piece by
 * piece (push_chunks.c) have in common. */
#ifndef CPROV_REGISTRY_UPLOAD_PRIVATE_H
#define CPROV_REGISTRY_UPLOAD_PRIVATE_H

#include "base/error.h"
#include "registry/op.h"
#include "registry/push.h"

struct cprov_upload {
    struct cprov_op op;
    struct cprov_reference ref;
    struct cprov_digest digest;
    uint64_t size;
    struct cprov_http_upload content;
    unsigned restarts;
    void (*anew)(void *upload); /* everything from the beginning: an alarm's function */
    bool there;                 /* the repository had it: for done */
    cprov_has_blob_fn *found;   /* only whether it is there; or */
    void (*done)(void *arg, int code, bool existed, const struct cprov_error *err);
    void *arg;

    /* piece by piece: registry/push_chunks.c */
    uint64_t chunk;       /* bytes of a piece; 0: the whole at once */
    uint64_t offset;      /* of the next piece */
    struct cprov_buf url; /* where it goes */
    struct cprov_http_upload piece;
};

/* Asks; method, done and where to are in spec: its url, or path. */
CPROV_MUST_CHECK
int cprov_upload_ask(struct cprov_upload *u, const struct cprov_exchange_spec *spec,
                     const char *path, struct cprov_error *err);

/* Sends body to u->url with the digest in its query: the whole, or the last word after the pieces.
 */
CPROV_MUST_CHECK
int cprov_upload_close(struct cprov_upload *u, const struct cprov_http_upload *body,
                       void (*done)(void *upload, int code,
                                    const struct cprov_exchange_answer *answer,
                                    const struct cprov_error *err),
                       struct cprov_error *err);
/* The answer to that. */
void cprov_upload_stored(void *upload, int code, const struct cprov_exchange_answer *answer,
                         const struct cprov_error *err);

/* After a failure: calls again(u) after a pause when that is worth while, else ends the upload. */
void cprov_upload_lost(struct cprov_upload *u, int code, const struct cprov_http_head *head,
                       const struct cprov_error *err, void (*again)(void *upload));

#endif
