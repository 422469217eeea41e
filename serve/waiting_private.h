/* serve/waiting_private.h - requests whose answer takes long: other clients of their thread do not
 * wait.
 */
#ifndef CPROV_SERVE_WAITING_PRIVATE_H
#define CPROV_SERVE_WAITING_PRIVATE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/workers.h"
#include "serve/answer_private.h"
#include "serve/mhd_private.h"

struct cprov_error;
struct cprov_waiting;

/* A request until its answer is on the way. */
struct cprov_asked {
    struct cprov_task job; /* first */
    struct cprov_waiting *owner;
    struct MHD_Connection *connection;
    enum cprov_verdict verdict; /* for the question, */
    bool patient;               /* which need not be hasty any more */
    /* While it waits: what for, and its place in the list. */
    struct cprov_asked *next, **link;
    unsigned delays;
    enum cprov_delay delay;
    enum cprov_view_part part;
    struct cprov_view *view;
    struct cprov_digest proof;
    int fd;
};

/* site is borrowed. */
CPROV_MUST_CHECK
int cprov_waiting_new(const struct cprov_service *service, struct cprov_waiting **out,
                      struct cprov_error *err);
/* Lets go whoever waits, and nobody may begin to: the library cannot end before. NULL-safe. */
void cprov_waiting_end(struct cprov_waiting *s);
void cprov_waiting_free(struct cprov_waiting *s); /* NULL-safe */

/* One to be freed with free(); NULL when memory is short. */
struct cprov_asked *cprov_asked_new(struct cprov_waiting *s, struct MHD_Connection *connection);

/*
 * For an answer with a delay: suspends the connection, and has what it takes done in a thread. The
 * handler is called again afterwards. MHD_NO at the end of the server.
 */
enum MHD_Result cprov_waiting_delay(struct cprov_asked *asked, struct cprov_serve_answer *a);

#endif
