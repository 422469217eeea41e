/* A server in a thread that answers each target with bytes given beforehand, right or wrong. */
#ifndef CPROV_TESTS_RAW_SERVER_H
#define CPROV_TESTS_RAW_SERVER_H

#include <stddef.h>

enum raw_end { RAW_KEEP, RAW_CLOSE, RAW_RESET, RAW_STALL };

struct raw_reply {
    const char *target; /* as in the request line: "/x", "reg.example:443" */
    const char *bytes;
    size_t fill; /* this many 'x' after them */
    enum raw_end end;
};

struct raw_server;

/* replies end with a NULL target and live longer than the server. port 0: any free one. */
struct raw_server *raw_server_start(const struct raw_reply *replies, int port);
void raw_server_stop(struct raw_server *s);

int raw_server_port(const struct raw_server *s);
unsigned raw_server_connections(struct raw_server *s);
/* The last request as it came: borrowed until the next one. */
const char *raw_server_last(struct raw_server *s);

#endif
