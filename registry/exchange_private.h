/* registry/exchange_private.h - what exchange.c (sending) and exchange_answer.c (judging) share. */
#ifndef CPROV_REGISTRY_EXCHANGE_PRIVATE_H
#define CPROV_REGISTRY_EXCHANGE_PRIVATE_H

#include "base/arena.h"
#include "base/error.h"
#include "registry/exchange.h"

#define CPROV_EXCHANGE_RANGE_MAX 64

struct cprov_exchange {
    struct cprov_wire *wire;
    struct cprov_exchange *next, **link; /* of wire->live */
    struct cprov_exchange *waiting_next;
    bool waiting;

    struct cprov_exchange_spec spec; /* texts in arena */
    struct cprov_arena arena;
    struct cprov_http_peer beyond; /* of the origin that is asked, where spec.peer is another's */
    const char *base;              /* spec.url or spec.fallback_url */

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
/* The transfer is gone; its slot is free. */
void cprov_exchange_transfer_over(struct cprov_exchange *x);
/* Ends the exchange through done. */
void cprov_exchange_finish(struct cprov_exchange *x, int code, const struct cprov_http_head *head,
                           const struct cprov_error *err);
/* The same with a message made of what, cause and the number of tries. */
void cprov_exchange_give_up(struct cprov_exchange *x, int code, const struct cprov_http_head *head,
                            const struct cprov_error *cause);
/* A number for a URL: to recognise one that was seen. */
uint64_t cprov_exchange_mark(struct cprov_span url);
/* Forgets the redirects; the next request goes to x->base. */
void cprov_exchange_rewind(struct cprov_exchange *x);
/* Sends to x->url; a failure ends the exchange. */
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

/* Callbacks of the transfer. */
int cprov_exchange_on_head(void *arg, const struct cprov_http_head *head, struct cprov_error *err);
int cprov_exchange_on_body(void *arg, const void *data, size_t len, struct cprov_error *err);
void cprov_exchange_on_done(void *arg, int code, const struct cprov_http_head *head, bool retry,
                            const struct cprov_error *err);

#endif
