/* serve/watch_private.h - cuts connections that hold a place and do not get on. */
#ifndef CPROV_SERVE_WATCH_PRIVATE_H
#define CPROV_SERVE_WATCH_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct cprov_error;
struct cprov_watch;
struct cprov_watched;

/*
 * The HTTP library only ends a connection on which nothing moves at all: one byte now and then, of
 * a header or of a blob, would hold a place for ever. So within window_ms a connection has to
 * finish a request or to take min_bytes from us. With more than `crowd` connections both are
 * divided by CPROV_WATCH_HURRY. With every one of `places` taken and somebody waiting, whoever has
 * not got on for CPROV_WATCH_GRACE_MS is cut, the longest first.
 */
struct cprov_watch_limits {
    int64_t window_ms;
    uint64_t min_bytes;
    size_t crowd;
    size_t places;
    uint64_t bodies_max; /* bytes of memory that answers may hold together, see charge() */
};

#define CPROV_WATCH_HURRY    8
#define CPROV_WATCH_GRACE_MS 400
#define CPROV_WATCH_MOVE     4096 /* bytes taken that count as getting on */

/* All functions may be called from any thread. */
CPROV_MUST_CHECK
int cprov_watch_new(const struct cprov_watch_limits *limits, struct cprov_watch **out,
                    struct cprov_error *err);
/* Every connection must have been removed. NULL-safe. */
void cprov_watch_free(struct cprov_watch *w);
CPROV_DEFINE_CLEANUP(struct cprov_watch, cprov_watch, cprov_watch_free)
#define auto_watch CPROV_CLEANUP(cprov_watch_cleanup)

/* fd is borrowed until cprov_watch_remove(). NULL when memory is short. */
struct cprov_watched *cprov_watch_add(struct cprov_watch *w, int fd, int64_t now_ms);
/* A request was finished: a new window begins. c may be NULL. */
void cprov_watch_renew(struct cprov_watch *w, struct cprov_watched *c, int64_t now_ms);
void cprov_watch_remove(struct cprov_watch *w, struct cprov_watched *c); /* c may be NULL */

/* Whether one more may come, for whom a place is kept then until it is added; else room is made. */
bool cprov_watch_room(struct cprov_watch *w, int64_t now_ms);

/*
 * The connection is about to be sent an answer that is held in memory. False when all of them would
 * hold too much: that answer must not be given. What is charged ends with the next charge, with
 * renew() or with the connection. Those who hold more than half of it together and do not get on
 * are cut by sweep().
 */
bool cprov_watch_charge(struct cprov_watch *w, struct cprov_watched *c, uint64_t bytes);

/* Whether it was cut: then nothing need be made for it. c may be NULL. */
bool cprov_watch_is_cut(struct cprov_watch *w, const struct cprov_watched *c);

/* Whether there are more than `crowd`. */
bool cprov_watch_crowded(struct cprov_watch *w);

/* Shuts down whoever did not get on; returns how many. */
size_t cprov_watch_sweep(struct cprov_watch *w, int64_t now_ms);

#endif
