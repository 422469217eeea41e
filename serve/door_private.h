/* serve/door_private.h - accepts connections; lets one in once it has said something and there is
 * room. */
#ifndef CPROV_SERVE_DOOR_PRIVATE_H
#define CPROV_SERVE_DOOR_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/compiler.h"

struct cprov_error;
struct cprov_door;

/* That wait outside; the oldest silent one makes room for another. */
#define CPROV_DOOR_GUESTS 256

/*
 * A connection that says nothing costs a descriptor here and no place among those that are served.
 * One that begins with something else than the server speaks (TLS on a port for HTTP, HTTP on a
 * port for TLS, neither) gets an answer of status 400 that says so, instead of a silent end.
 */
struct cprov_door_rules {
    int fd;              /* listening, non-blocking; borrowed */
    bool tls;            /* what is spoken */
    int64_t patience_ms; /* for silence */
    /* Whether one more can be served; when not, it makes room, and is asked again soon. */
    bool (*room)(void *arg);
    /* Takes the descriptor, which does not block. */
    void (*enter)(void *arg, int fd, const struct sockaddr *address, socklen_t len);
    void *arg;
};

CPROV_MUST_CHECK
int cprov_door_new(const struct cprov_door_rules *rules, struct cprov_door **out,
                   struct cprov_error *err);
void cprov_door_free(struct cprov_door *d); /* closes whoever waits; NULL-safe */
CPROV_DEFINE_CLEANUP(struct cprov_door, cprov_door, cprov_door_free)
#define auto_door CPROV_CLEANUP(cprov_door_cleanup)

/* Waits for events, at most so long, and handles them. Always the same thread. */
void cprov_door_step(struct cprov_door *d, int timeout_ms);
/* A place has become free: step() looks again at once. Any thread. */
void cprov_door_knock(struct cprov_door *d);

#endif
