/* registry/blob_fetch_private.h - one blob on its way, in one part or several. */
#ifndef CPROV_REGISTRY_BLOB_FETCH_PRIVATE_H
#define CPROV_REGISTRY_BLOB_FETCH_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "registry/client_private.h"
#include "registry/request.h"

struct cprov_error;

/* A run of bytes that one request brings; the next one goes on where a fault stopped it. */
struct cprov_part {
    struct cprov_part *next;
    struct cprov_fetch *fetch;
    struct cprov_request *request;
    uint64_t offset;    /* of the next byte */
    uint64_t end;       /* one past the last; a split lowers it */
    uint64_t asked_end; /* what the running request will bring */
    bool fresh;         /* split off, nothing has come yet */
    bool once;          /* its request gives up at the first fault */
    bool ranged;        /* what was asked last had a Range */
};

/* Ends itself: its done is called and it is freed. */
struct cprov_fetch {
    struct cprov_op op;
    struct cprov_client *client;
    struct cprov_fetch *next; /* of the queue, or of what runs */
    bool queued;
    bool urgent; /* a small document: neither queued nor counted, on a shared connection */
    struct cprov_reference ref;
    struct cprov_descriptor descriptor;
    struct cprov_blob_sink sink;
    void (*done)(void *arg, int code, const struct cprov_error *err); /* sink.arg */
    void (*drop)(struct cprov_fetch *f); /* frees sink.arg when done will not be called, or NULL */
    struct cprov_alarm *alarm;           /* that begins it, when it is not queued */
    uint64_t have;                       /* at the start */
    char *what;
    char *etag;    /* of the bytes that were written, or NULL */
    bool written;  /* the sink holds something */
    bool ranges;   /* the server has shown that it can */
    bool plain;    /* its ranges are wrong, or refused: ask for the whole */
    bool in_order; /* is not split */
    size_t source; /* 0: the registry; n: urls[n - 1] */
    unsigned restarts;
    bool no_ranges;      /* it was asked for a part, and the same bytes began anew */
    unsigned short_ends; /* answers that ended early without saying so */
    bool sink_failed;
    int64_t started_ms;
    struct cprov_part *parts;
};

/* Makes a fetch that is neither queued nor begun. */
CPROV_MUST_CHECK
int cprov_fetch_new(struct cprov_client *c, const struct cprov_blob_request *request,
                    struct cprov_fetch **out, struct cprov_error *err);
/* Sends the first request; on failure the fetch is as before. */
CPROV_MUST_CHECK
int cprov_fetch_begin(struct cprov_fetch *f, uint64_t offset, struct cprov_error *err);
/* Ends it; err is NULL for code 0. */
void cprov_fetch_finish(struct cprov_fetch *f, int code, const struct cprov_error *err);
/* Without calling done. */
void cprov_fetch_free(struct cprov_fetch *f);

/* Gives the second half of what p still has to bring to a new part; false when that fails. */
bool cprov_fetch_split(struct cprov_part *p);

#endif
