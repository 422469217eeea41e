/* registry/blob_fetch_private.h - one blob on its way, in one part or several. */
#ifndef CPROV_REGISTRY_BLOB_FETCH_PRIVATE_H
#define CPROV_REGISTRY_BLOB_FETCH_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "registry/blob_request.h"
#include "registry/op.h"

struct cprov_error;

/* A run of bytes that one request brings; the next one goes on where a fault stopped it. */
struct cprov_blob_part {
    struct cprov_blob_part *next;
    struct cprov_fetch *fetch;
    struct cprov_exchange *exchange; /* its request on the way, or NULL */
    uint64_t offset;                 /* of the next byte */
    uint64_t end;                    /* one past the last; a split lowers it */
    uint64_t asked_end;              /* what the running request will bring */
    bool fresh;                      /* split off, nothing has come yet */
    bool once;                       /* its request gives up at the first fault */
    bool ranged;                     /* what was asked last had a Range */
};

/* Its op has the parts' requests beside it: op.exchange is not used. */
struct cprov_fetch {
    struct cprov_op op;
    struct cprov_fetch *next, **link; /* of the client's queue, or of what runs */
    bool urgent; /* a small document: neither queued nor counted, on a shared connection */
    struct cprov_reference ref;
    struct cprov_descriptor descriptor;
    struct cprov_blob_sink sink;
    void (*done)(void *arg, int code, const struct cprov_error *err); /* sink.arg */
    void (*pump)(struct cprov_client *c); /* to be called when a part has ended */
    uint64_t have;                        /* at the start */
    char *etag;                           /* of the bytes that were written, or NULL */
    bool written;                         /* the sink holds something */
    bool ranges;                          /* the server has shown that it can */
    bool plain;                           /* its ranges are wrong, or refused: ask for the whole */
    bool in_order;                        /* is not split */
    size_t source;                        /* 0: the registry; n: urls[n - 1] */
    unsigned restarts;
    bool no_ranges;      /* it was asked for a part, and the same bytes began anew */
    unsigned short_ends; /* answers that ended early without saying so */
    bool sink_failed;
    int64_t started_ms;
    struct cprov_blob_part *parts;
};

/* Makes a fetch that is neither queued nor begun; its kind's struct begins with a cprov_fetch,
 * which kind->clear clears. */
CPROV_MUST_CHECK
int cprov_fetch_new(struct cprov_client *c, const struct cprov_op_kind *kind,
                    const struct cprov_blob_request *request, void (*pump)(struct cprov_client *c),
                    struct cprov_fetch **out, struct cprov_error *err);
/* Of a queue or what runs; where it was before it leaves. */
void cprov_fetch_enter(struct cprov_fetch *f, struct cprov_fetch **place);
/* Sends the first request, unless all is there. */
void cprov_fetch_begin(struct cprov_fetch *f);
/* Leaves its list, and ends its parts: for kind->done. */
void cprov_fetch_release(struct cprov_fetch *f);
void cprov_fetch_clear(struct cprov_fetch *f);

/* Gives the second half of what p still has to bring to a new part; false when that fails. */
bool cprov_fetch_split(struct cprov_blob_part *p);

#endif
