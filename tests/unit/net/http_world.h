/* What the tests of http.c share: one client, one raw server, and a record of what arrived. */
#ifndef CPROV_TESTS_HTTP_WORLD_H
#define CPROV_TESTS_HTTP_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "net/http.h"
#include "tests/support/raw_server.h"

#define PATIENT 20000 /* milliseconds: no stall, however busy the machine */

/* One client, one server, and what arrived. */
struct world {
    struct raw_server *server;
    struct cprov_http *http;
    struct cprov_http_peer peer;
    bool cancel;
    struct cprov_cancel ask;
};

struct got {
    struct world *world;
    struct cprov_http_transfer *transfer;
    int heads, dones, code, status;
    bool had_head, retry;
    size_t body_len;
    char body[64];
    struct cprov_error err;

    int fail_in_head, fail_in_body; /* codes the callbacks return */
    bool stop_in_head, stop_in_body;
    struct got *stop_other; /* in the body callback */
    bool public_only;
    struct got *then; /* started in done */
    const char *then_target;
    void (*look)(const struct cprov_http_head *head);
};

void open_world(struct world *w, const struct raw_reply *replies, uint64_t limit_rate,
                long stall_timeout_ms);
void close_world(struct world *w);

/* Starts a request whose callbacks assert the order of calls and fill g. */
void start(struct world *w, struct got *g, enum cprov_http_method method, const char *target);
void start_url(struct world *w, struct got *g, enum cprov_http_method method, const char *url);
int run(struct world *w);

#endif
