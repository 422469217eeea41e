/* registry/exchange.h - one question to a server, repeated and redirected until it is settled. */
#ifndef CPROV_REGISTRY_EXCHANGE_H
#define CPROV_REGISTRY_EXCHANGE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"
#include "registry/exchange_spec.h"
#include "registry/wire_private.h"

struct cprov_error;

/*
 * Owns itself: lives from cprov_exchange_start() until its done hook has returned, or
 * cprov_exchange_stop(). Faults of the transport and the statuses of registry/retry.h are tried
 * again from the first URL (what a redirect signed expires) after a back-off, or after what
 * Retry-After asks for; the count starts anew when a good part of a body has come since the last
 * fault. Redirects follow net/redirect.h; what has a body of its own goes to the same origin
 * alone.
 */
struct cprov_exchange;

/* The first request is sent, or waits for its turn; no hook but begin, authorize and challenged is
 * called before this returns, and done is not called when it fails. *out is NULL again when the
 * exchange is over: it must stay where it is until then. */
CPROV_MUST_CHECK
int cprov_exchange_start(struct cprov_wire *w, const struct cprov_exchange_spec *spec,
                         const struct cprov_exchange_route *route, struct cprov_exchange **out,
                         struct cprov_error *err);
/* Ends it without calling done; from any hook but done. NULL-safe. */
void cprov_exchange_stop(struct cprov_exchange *x);

/* From head or body: the URL that answers, after redirects. Borrowed until the hook returns. */
struct cprov_span cprov_exchange_url(const struct cprov_exchange *x);

/* Asks for bytes first..last of the next answer; etag (may be empty) goes into If-Range when it is
 * a strong one. */
void cprov_exchange_set_range(struct cprov_exchange *x, uint64_t first, uint64_t last,
                              struct cprov_span etag);
void cprov_exchange_clear_range(struct cprov_exchange *x);

/* From head or body: drops the answer and asks again at once, from the first URL. */
CPROV_MUST_CHECK
int cprov_exchange_restart(struct cprov_exchange *x, struct cprov_error *err);
/* What challenged() promised: code 0 sends the request again, another one ends the exchange. */
void cprov_exchange_resume(struct cprov_exchange *x, int code, const struct cprov_error *err);

#endif
