/* net/http.h - HTTP transfers on one curl multi handle; the home of libcurl. */
#ifndef CPROV_NET_HTTP_H
#define CPROV_NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/span.h"

struct cprov_error;

/* One per client; used by one thread. Callbacks run inside cprov_http_run(). */
struct cprov_http;

struct cprov_http_options {
    const char *user_agent;
    long connect_timeout_ms;
    /* Fewer than CPROV_STALL_BYTES for that long and the transfer fails. The head of an answer, and
     * all of one that is `whole`, has half as long again. What streams has no total time-out. */
    long stall_timeout_ms;
    uint64_t limit_rate;               /* bytes a second over all transfers, 0: none */
    const struct cprov_cancel *cancel; /* polled every CPROV_POLL_MS */
    const struct cprov_log *log;
};

CPROV_MUST_CHECK
int cprov_http_new(const struct cprov_http_options *options, struct cprov_http **out,
                   struct cprov_error *err);
void cprov_http_free(struct cprov_http *h); /* transfers that run end without a callback */
CPROV_DEFINE_CLEANUP(struct cprov_http, cprov_http, cprov_http_free)
#define auto_http CPROV_CLEANUP(cprov_http_cleanup)

/* How to reach one origin; texts are borrowed until the transfer ends; NULL or "" : the default. */
struct cprov_http_peer {
    const char *ca_file;   /* PEM, beside the system's */
    const char *ca_pem;    /* instead of what ca_file, a folder, has: PEM; or NULL */
    const char *cert_file; /* client certificate and key, PEM */
    const char *key_file;
    bool insecure;     /* do not verify the server: only when the user said so */
    const char *proxy; /* URL; NULL: from the environment (http_proxy, https_proxy, all_proxy,
                          no_proxy); "none": no proxy */
};

struct cprov_header {
    const char *name;
    const char *value;
};

/* What came before the body. Texts live until the done callback returns. */
struct cprov_http_head {
    int status;
    struct cprov_span content_type;
    struct cprov_span docker_content_digest;
    struct cprov_span etag;
    struct cprov_span location;
    struct cprov_span range; /* of an upload: "0-1023" */
    struct cprov_span oci_chunk_min_length;
    struct cprov_span retry_after;
    struct cprov_span oci_filters_applied;
    const struct cprov_span *authenticate; /* one per WWW-Authenticate header */
    size_t authenticate_count;
    const struct cprov_span *links; /* one per Link header */
    size_t links_count;
    const struct cprov_span *warnings; /* one per Warning header */
    size_t warnings_count;
    bool has_content_length;
    uint64_t content_length;
    bool accepts_ranges;                           /* Accept-Ranges: bytes */
    bool has_content_range;                        /* well formed: bytes first-last/total */
    uint64_t range_first, range_last, range_total; /* total 0 for '*' */
    bool from_private; /* a private address has answered, and no proxy was between */
    bool encoded;      /* a Content-Encoding other than identity: the bytes are not the blob's */
};

enum cprov_http_method { CPROV_GET, CPROV_HEAD, CPROV_POST, CPROV_PUT, CPROV_PATCH };

static inline bool cprov_http_has_body(enum cprov_http_method method)
{
    return method == CPROV_POST || method == CPROV_PUT || method == CPROV_PATCH;
}

/*
 * A body that is sent from where it lies: bytes, or a piece of a file, which is read with pread()
 * as the connection takes it. It must stay as it is until the transfer ends; a file that is too
 * short by then fails the transfer. Before more than CPROV_EXPECT_BYTES the server is asked first
 * whether it wants the body at all ("Expect: 100-continue").
 */
struct cprov_http_upload {
    struct cprov_span bytes; /* or, when its ptr is NULL: */
    int fd;
    uint64_t offset; /* of the first byte, in the file */
    uint64_t length; /* of the piece */
    /* `count` bytes of the body are on their way; goes back when it is sent again. Or NULL. */
    void (*sent)(void *arg, uint64_t count);
    void *arg;
};

/*
 * One transfer; redirects are not followed, cookies not kept, nothing is decoded. All texts but
 * `peer` are copied.
 */
struct cprov_http_request {
    enum cprov_http_method method;
    const char *url;
    const struct cprov_header *headers; /* Authorization among them; never logged */
    size_t headers_count;
    struct cprov_span content;              /* POST: copied */
    const struct cprov_http_upload *upload; /* POST, PUT, PATCH: the body instead; copied but for
                                               what it is made of; NULL: `content` */
    bool bulk; /* a blob: its own HTTP/1.1 connection; else HTTP/2 is shared where offered */
    bool host_is_named; /* what is said around a failure names the host: "the server" will do */
    bool public_only;  /* a public server led here: no private address will do, whatever its name */
    bool whole;        /* a document that is held in memory: see stall_timeout_ms */
    uint64_t expected; /* bytes of the body as far as known: a long one gets a larger buffer */
    const struct cprov_http_peer *peer;

    /* Called once before the first byte of the body (also when there is none), then for each
     * piece. A negative code stops the transfer; it and *err reach `done`. Either may be NULL: the
     * body is then dropped. */
    int (*head)(void *arg, const struct cprov_http_head *head, struct cprov_error *err);
    int (*body)(void *arg, const void *data, size_t len, struct cprov_error *err);

    /*
     * Called exactly once, last. code is 0 when an answer of any status came whole (a body shorter
     * than its Content-Length is CPROV_ENETWORK; what is past it is never delivered and ends its
     * connection); else CPROV_ENETWORK (with a sentence), CPROV_EAUTH (407, TLS client certificate
     * refused), CPROV_EREFUSED (server certificate not trusted), CPROV_ECANCELLED or the code of a
     * callback; err->os is ETIMEDOUT when time ran out. `retry` says whether the same request may
     * succeed later: after a failure to reach a host only when that host has answered before, never
     * after an answer that has no end. head is NULL when none came. New transfers
     * may be started here.
     */
    void (*done)(void *arg, int code, const struct cprov_http_head *head, bool retry,
                 const struct cprov_error *err);
    void *arg;
};

struct cprov_http_transfer;

/* Starts at once. *out (may be NULL) is valid until done; for cprov_http_stop(). */
CPROV_MUST_CHECK
int cprov_http_start(struct cprov_http *h, const struct cprov_http_request *request,
                     struct cprov_http_transfer **out, struct cprov_error *err);
/* From its head callback: the body has this long to come. */
void cprov_http_hurry(struct cprov_http_transfer *t, int64_t ms);
/* Ends a transfer without calling done; may be called from any callback, its own body callback
 * included. */
void cprov_http_stop(struct cprov_http *h, struct cprov_http_transfer *t);

/* Calls fire(arg) once after ms from within cprov_http_run(). */
CPROV_MUST_CHECK
int cprov_http_after(struct cprov_http *h, int64_t ms, void (*fire)(void *arg), void *arg,
                     struct cprov_error *err);

/*
 * Runs transfers and timers until finished(arg) is true (asked after every step) or nothing is
 * left. CPROV_ECANCELLED after a cancel: every transfer has then been ended through its done with
 * that code.
 */
CPROV_MUST_CHECK
int cprov_http_run(struct cprov_http *h, bool (*finished)(void *arg), void *arg,
                   struct cprov_error *err);

/* Requests sent since the start. */
uint64_t cprov_http_requests(const struct cprov_http *h);

#endif
