/* registry/exchange_spec.h - what an exchange asks, who takes the answer, and how servers are
 * reached. */
#ifndef CPROV_REGISTRY_EXCHANGE_SPEC_H
#define CPROV_REGISTRY_EXCHANGE_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "net/http.h"
#include "net/url.h"

struct cprov_error;
struct cprov_exchange;

/* Borrowed until the hook returns. */
struct cprov_exchange_answer {
    const struct cprov_http_head *head; /* NULL when none came */
    struct cprov_span body;             /* without a body hook; of failures at most
                                           CPROV_ERROR_BODY_MAX bytes */
    struct cprov_span url;              /* of the last hop */
};

#define CPROV_EXCHANGE_HEADERS_MAX 4

/* What is asked, and who takes the answer. All texts are copied. */
struct cprov_exchange_spec {
    enum cprov_http_method method;
    const char *url;
    const char *what;          /* "tags of docker.io/library/alpine", for messages */
    const char *accept;        /* or NULL */
    const char *if_none_match; /* an ETag: 304 is then an answer like a 2xx; or NULL */
    const char *authorization; /* said at once, to the login's origin alone: "Basic .."; "" or NULL:
                                  none */
    const struct cprov_header *headers;     /* further ones, for the login's origin alone */
    size_t headers_count;                   /* at most CPROV_EXCHANGE_HEADERS_MAX */
    struct cprov_span content;              /* of a POST */
    const struct cprov_http_upload *upload; /* the body instead of content: sent anew with each try,
                                               and borrowed until the end; or NULL */
    const char *content_type;               /* of either; NULL: a URL-encoded form */
    bool bulk;
    uint64_t expected; /* see http.h */
    bool once;         /* a fault ends it: somebody else can do the work */
    bool probe;        /* a refusal is not asked again: another question follows */
    size_t body_max;   /* bytes of an answer that are collected */

    /* Any but done may be NULL. A negative code ends the exchange with it. */

    /* Before every try, for instance to set the range. */
    int (*begin)(void *arg, struct cprov_exchange *x, struct cprov_error *err);
    /* Of a 2xx answer (or a 304 that was asked for). body: instead of collecting it. Either may
     * stop or restart the exchange. */
    int (*head)(void *arg, struct cprov_exchange *x, const struct cprov_http_head *head,
                struct cprov_error *err);
    int (*body)(void *arg, struct cprov_exchange *x, const void *data, size_t len,
                struct cprov_error *err);
    /* Once, last: 0 after a 2xx answer came whole, and then err is NULL; else the code of a failure
     * (see registry/problem_private.h), answer->head telling the status if there was one. */
    void (*done)(void *arg, int code, const struct cprov_exchange_answer *answer,
                 const struct cprov_error *err);
    void *arg;
};

/* Who we are, for a server that wants to know. Any may be NULL. */
struct cprov_exchange_login {
    /* Appends the Authorization for a request to url, or nothing. false: challenged() is to be
     * called with a NULL head before asking. */
    bool (*authorize)(void *arg, const struct cprov_url *url, struct cprov_buf *out);
    /*
     * After 401, or 403 with insufficient_scope. 0 when an answer is sought: call
     * cprov_exchange_resume() once there is one, also from within. `authorized`: the request
     * carried an Authorization. CPROV_ENOTFOUND: nothing to say; the status becomes the failure.
     */
    int (*challenged)(void *arg, struct cprov_exchange *x, const struct cprov_url *url,
                      const struct cprov_http_head *head, bool authorized, struct cprov_error *err);
    /* An HTTP server answered, with whatever status. */
    void (*seen)(void *arg, const struct cprov_url *url, const struct cprov_http_head *head);
    /* Before done is told of a failure: what more there is to say. */
    void (*failed)(void *arg, struct cprov_error *err);
    /* The exchange is over, and asks nothing more. */
    void (*free)(void *arg);
};

/* How its servers are reached. Zeroed: as by default, without a login. Texts are copied. */
struct cprov_exchange_route {
    const char *fallback_url; /* the same in the other scheme, tried when url is not answered by
                                 HTTP; or NULL */
    /* Whose login, headers and peer these are: a URL of that origin; NULL: that of url. No other
     * origin sees the first two, on any hop, and others are reached as wire.h's peer() says. "" as
     * peer_origin: nobody's, so that all are. */
    const char *login_origin;
    const char *peer_origin;
    const struct cprov_http_peer *peer; /* settings of peer_origin, and of no other; borrowed */
    bool public_only;                   /* a public server led here: see http.h */
    bool allow_http;                    /* redirects may lead to plain http beyond loopback */
    const struct cprov_exchange_login *login; /* or NULL */
    void *login_arg;                          /* freed by it, unless the start fails */
};

#endif
