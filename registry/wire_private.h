/* registry/wire_private.h - what all exchanges of one client share: slots, timers that can be taken
 * back, and which origins asked for a pause. */
#ifndef CPROV_REGISTRY_WIRE_PRIVATE_H
#define CPROV_REGISTRY_WIRE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/secrets.h"
#include "net/http.h"
#include "net/url.h"

struct cprov_error;
struct cprov_alarm;
struct cprov_exchange;
struct cprov_pause;

/* One per client, used by one thread. Those before `alarms` are the owner's to set before first
 * use. */
struct cprov_wire {
    struct cprov_http *http;
    const struct cprov_log *log;       /* or NULL */
    const struct cprov_cancel *cancel; /* or NULL */
    unsigned retries;                  /* tries after the first */
    struct cprov_secrets *secrets;     /* learns what is sent, or NULL */
    /* How an origin is reached that a server leads to: what was said of that very host, and nothing
     * of who leads there. NULL: as by default. */
    int (*peer)(void *arg, const struct cprov_url *url, struct cprov_http_peer *out,
                struct cprov_error *err);
    void *peer_arg;

    struct cprov_alarm *alarms;
    struct cprov_pause *pauses;
    struct cprov_exchange *live;          /* all that have not ended */
    struct cprov_exchange *waiting_first; /* for a slot, in order */
    struct cprov_exchange *waiting_last;
    size_t small_running; /* transfers that are not blobs */
};

/* Frees timers and pauses; every exchange must have ended. No timer fires afterwards: the owner
 * does not run `http` any more. */
void cprov_wire_clear(struct cprov_wire *w);

/* Calls fire(arg) once after ms, from within the run of http. *out is NULL again by then: it must
 * stay where it is; out may be NULL when nobody will stop the alarm. */
CPROV_MUST_CHECK
int cprov_alarm_start(struct cprov_wire *w, int64_t ms, void (*fire)(void *arg), void *arg,
                      struct cprov_alarm **out, struct cprov_error *err);
/* The alarm does not fire; where its owner has it there is NULL then. NULL-safe. */
void cprov_alarm_stop(struct cprov_alarm *alarm);

/* Remembers that the origin of url wants no request for ms. Without memory nothing happens: a pause
 * is a courtesy. */
void cprov_wire_pause(struct cprov_wire *w, const struct cprov_url *url, int64_t ms);
/* Milliseconds until the origin may be asked again; 0: now. */
int64_t cprov_wire_pause_left(const struct cprov_wire *w, const struct cprov_url *url);

#endif
