/* serve/listen_private.h - a listening socket from "address:port". */
#ifndef CPROV_SERVE_LISTEN_PRIVATE_H
#define CPROV_SERVE_LISTEN_PRIVATE_H

#include <stdbool.h>

#include "base/compiler.h"

struct cprov_error;

#define CPROV_LISTEN_HOST_MAX   255 /* bytes */
#define CPROV_LISTEN_OTHERS_MAX 256

struct cprov_listener {
    int fd; /* yours */
    bool loopback;
    char address[CPROV_LISTEN_HOST_MAX + 16]; /* "127.0.0.1:40123", "0.0.0.0:5000", "[::]:5000" */
    char local[CPROV_LISTEN_HOST_MAX + 16]; /* how this machine reaches it; the same, or loopback */
    char others[CPROV_LISTEN_OTHERS_MAX];   /* how other machines do, with ", " between; "" when
                                               address   says it, or when nobody does */
};

/*
 * "127.0.0.1:5000", "[::1]:0", "localhost:5000", ":5000" (every address, IPv6 too where there is
 * any); port 0: a free one. The socket is close-on-exec and does not block. May ask the name
 * service.
 *
 * CPROV_EINVAL (text, or no address of this machine), CPROV_EINUSE, CPROV_EREFUSED (port).
 */
CPROV_MUST_CHECK
int cprov_listen(const char *text, struct cprov_listener *out, struct cprov_error *err);

#endif
