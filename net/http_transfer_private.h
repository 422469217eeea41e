/* net/http_transfer_private.h - one transfer of http.c: its easy handle, callbacks and failures. */
#ifndef CPROV_NET_HTTP_TRANSFER_PRIVATE_H
#define CPROV_NET_HTTP_TRANSFER_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "net/curl_library_private.h"
#include "net/http.h"
#include "net/http_headers_private.h"

/* Bytes read from a socket at once. Measured over loopback: a long body is slower with less, and no
 * faster with more, which is resident memory of each transfer. */
#define CPROV_HTTP_LONG         (16 * CPROV_MIB) /* what is a long body */
#define CPROV_HTTP_LONG_BUFFER  (128 * CPROV_KIB)
#define CPROV_HTTP_BULK_BUFFER  (48 * CPROV_KIB)
#define CPROV_HTTP_SMALL_BUFFER (32 * CPROV_KIB)

/* What all transfers of one cprov_http share; the copies of its options. */
struct cprov_http_setup {
    char *user_agent;
    long connect_timeout_ms;
    long stall_timeout_ms;
    uint64_t limit_rate;
    const struct cprov_cancel *cancel;
    const struct cprov_log *log;
};

#define CPROV_HTTP_NO_LIMIT INT64_MAX

struct cprov_http_transfer {
    struct cprov_http_transfer *next, *prev; /* among those of http.c */
    struct cprov_http_transfer *next_waiting;
    struct cprov_http_transfer *next_dead;
    bool added;   /* the multi handle knows it */
    bool stopped; /* by cprov_http_stop() */
    bool ended;   /* done was called, or is being called */

    CURL *easy;
    struct curl_slist *lines;          /* of the request's headers */
    struct cprov_http_request request; /* its texts are gone, its callbacks count */
    struct cprov_http_headers headers;
    char *where;                     /* "127.0.0.1:5000" */
    const char *name;                /* for messages: that, or "the server" */
    char *shown;                     /* the URL without its query, for the log */
    char *ca_file;                   /* or NULL, for messages */
    uint64_t *counts;                /* requests sent, of the owner */
    struct cprov_http_upload upload; /* where request.upload points to */
    uint64_t position;               /* in it: the next byte to be sent */
    uint64_t uploaded;               /* bytes sent, those sent again included */

    bool limited;      /* ration counts */
    bool paused;       /* libcurl holds a piece back until ration is positive again */
    int64_t ration;    /* thousandths of bytes that may still pass; below 0 after a large piece */
    bool proxied;      /* the socket leads to a proxy, whose address says nothing of the server's */
    bool from_private; /* a private address has been reached, without a proxy */
    bool refused;      /* a private address, which public_only forbids */
    bool has_socket;   /* one was opened for it: the last of them */
    curl_socket_t socket;
    bool sent;          /* the connection stands, the request is on its way */
    uint64_t received;  /* bytes of headers and body; those of 1xx answers are none */
    uint64_t seen;      /* of them and of what was sent, when idle_ms was 0 */
    int64_t idle_ms;    /* since then, or within the handshake */
    uint64_t moved;     /* as seen, at the last look */
    int64_t quiet_ms;   /* without a byte */
    int64_t left_ms;    /* for the head, or for all of a whole answer; CPROV_HTTP_NO_LIMIT */
    int64_t started_ms; /* monotonic */

    int code; /* of our own callbacks; then err is set */
    struct cprov_error err;
    char message[CURL_ERROR_SIZE]; /* libcurl's */
};

/* counts is raised for each request that is sent. */
CPROV_MUST_CHECK
int cprov_http_transfer_new(const struct cprov_http_setup *setup,
                            const struct cprov_http_request *request, uint64_t *counts,
                            struct cprov_http_transfer **out, struct cprov_error *err);
void cprov_http_transfer_free(struct cprov_http_transfer *t);
/* TCP stands, but not yet what goes over it: TLS, or the word of a proxy. */
bool cprov_http_transfer_shakes_hands(const struct cprov_http_transfer *t);
CPROV_DEFINE_CLEANUP(struct cprov_http_transfer, cprov_http_transfer, cprov_http_transfer_free)
#define auto_transfer CPROV_CLEANUP(cprov_http_transfer_cleanup)

#endif
