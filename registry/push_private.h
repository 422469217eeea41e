/* registry/push_private.h - what push.c (whole) and push_chunks.c (piece by piece) share. */
#ifndef CPROV_REGISTRY_PUSH_PRIVATE_H
#define CPROV_REGISTRY_PUSH_PRIVATE_H

#include "base/error.h"
#include "registry/client_private.h"
#include "registry/push.h"
#include "registry/request.h"

struct cprov_push {
    struct cprov_op op;
    struct cprov_client *client;
    struct cprov_request *request;
    struct cprov_alarm *alarm; /* the pause before the next try */
    struct cprov_reference ref;
    struct cprov_digest digest;
    uint64_t size;
    struct cprov_http_upload content;
    unsigned restarts;
    char *what;
    cprov_has_blob_fn *found; /* only whether it is there; or */
    void (*done)(void *arg, int code, bool existed, const struct cprov_error *err);
    void *arg;

    /* piece by piece: registry/push_chunks.c */
    uint64_t chunk;       /* bytes of a piece; 0: the whole at once */
    uint64_t offset;      /* of the next piece */
    struct cprov_buf url; /* where it goes */
    struct cprov_http_upload piece;
};

struct cprov_request_spec cprov_push_spec(struct cprov_push *p, enum cprov_http_method method);
void cprov_push_finish(struct cprov_push *p, int code, bool there, const struct cprov_error *err);

/* After a failure: calls again(p) after a pause when that is worth while, else ends the upload. */
void cprov_push_lost(struct cprov_push *p, int code, const struct cprov_http_head *head,
                     const struct cprov_error *err, void (*again)(void *push));
/* Everything from the beginning: an alarm's function. */
void cprov_push_anew(void *push);

/* url with the digest, from where the answer leads to. */
CPROV_MUST_CHECK
int cprov_push_close_url(const struct cprov_push *p, struct cprov_span location,
                         struct cprov_buf *url, struct cprov_error *err);
/* The answer to the whole, or to the last word. */
void cprov_push_on_stored(void *push, int code, const struct cprov_exchange_answer *answer,
                          const struct cprov_error *err);

/* An upload was begun: its pieces are sent from now on. */
CPROV_MUST_CHECK
int cprov_push_chunks(struct cprov_push *p, const struct cprov_exchange_answer *begun,
                      struct cprov_error *err);

#endif
