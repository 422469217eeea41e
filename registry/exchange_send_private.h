/* registry/exchange_send_private.h - an exchange from the inside: its requests sent, slots, pauses,
 * headers, the end. What comes back is judged in exchange.c. */
#ifndef CPROV_REGISTRY_EXCHANGE_SEND_PRIVATE_H
#define CPROV_REGISTRY_EXCHANGE_SEND_PRIVATE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "registry/exchange_spec.h"
#include "registry/wire_private.h"

#define CPROV_EXCHANGE_RANGE_MAX 64

/* Who takes what a transfer brings: see cprov_http_request. */
struct cprov_exchange_judge {
    int (*head)(void *x, const struct cprov_http_head *head, struct cprov_error *err);
    int (*body)(void *x, const void *data, size_t len, struct cprov_error *err);
    void (*done)(void *x, int code, const struct cprov_http_head *head, bool retry,
                 const struct cprov_error *err);
};

struct cprov_exchange {
    struct cprov_wire *wire;
    struct cprov_exchange *next, **link; /* of wire->live */
    struct cprov_exchange *waiting_next;
    bool waiting;
    struct cprov_exchange **handle; /* where its owner has it, or NULL */
    const struct cprov_exchange_judge *judge;

    struct cprov_exchange_spec spec; /* texts in arena */
    struct cprov_exchange_route route;
    struct cprov_arena arena;
    struct cprov_http_peer beyond; /* of the origin that is asked, where route.peer is another's */
    const char *base;              /* spec.url or route.fallback_url */

    struct cprov_buf url; /* of this hop */
    uint64_t trail[CPROV_REDIRECTS_MAX + 1];
    size_t hops;
    struct cprov_buf authorization;       /* of this request */
    bool challenge_tried;                 /* challenged() was asked since the last hop or answer */
    char range[CPROV_EXCHANGE_RANGE_MAX]; /* "" : none */
    struct cprov_buf etag;

    struct cprov_http_transfer *transfer;
    struct cprov_alarm *alarm;
    struct cprov_buf body;
    bool accepted;       /* the answer is a 2xx, or a 304 that was asked for */
    bool hook_failed;    /* what the transfer fails with is a hook's */
    bool fallback_tried; /* since the last fault */
    bool first_retry;    /* what came of the first scheme, while the fallback is tried: worth a
                            repetition? */
    struct cprov_error first_err;
    bool hop_refused; /* a redirect's target said 403 once */
    bool public_only; /* of this hop: whoever led to it is public */
    bool asking;      /* within challenged() */
    bool answered;    /* resumed from within it */
    unsigned failures;
    uint64_t progress; /* bytes since the last fault */
    unsigned busy;     /* hooks that run */
    bool ended;
};

/* Frees an exchange that has ended once no hook of it runs: x->busy is counted up before. */
void cprov_exchange_leave(struct cprov_exchange *x);
/* From now on nothing calls back. */
void cprov_exchange_detach(struct cprov_exchange *x);
/* The transfer is gone; its slot is free. */
void cprov_exchange_transfer_over(struct cprov_exchange *x);
/* Ends the exchange through done. */
void cprov_exchange_finish(struct cprov_exchange *x, int code, const struct cprov_http_head *head,
                           const struct cprov_error *err);
/* The same with a message made of what, cause and the number of tries. */
void cprov_exchange_give_up(struct cprov_exchange *x, int code, const struct cprov_http_head *head,
                            const struct cprov_error *cause);
/* Forgets the redirects; the next request goes to x->base. */
void cprov_exchange_rewind(struct cprov_exchange *x);
/* 0: the request to x->url is on its way, or waits for something that will send it. */
CPROV_MUST_CHECK
int cprov_exchange_try_send(struct cprov_exchange *x, struct cprov_error *err);
/* The same; a failure ends the exchange. */
void cprov_exchange_send(struct cprov_exchange *x);
CPROV_MUST_CHECK
int cprov_exchange_send_after(struct cprov_exchange *x, int64_t ms, struct cprov_error *err);
/* Sends what waits for a slot. */
void cprov_exchange_wake(void *wire);

/* enum cprov_exchange_asked, or the negative code of challenged(). */
enum cprov_exchange_asked { CPROV_ASK_WAIT = 0, CPROV_ASK_GO_ON = 1 };
CPROV_MUST_CHECK
int cprov_exchange_ask(struct cprov_exchange *x, const struct cprov_url *url,
                       const struct cprov_http_head *head, struct cprov_error *err);

#endif
