/* registry/request.h - one exchange with a registry: its address, and who we are there. */
#ifndef CPROV_REGISTRY_REQUEST_H
#define CPROV_REGISTRY_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "registry/exchange.h"

struct cprov_client;
struct cprov_error;

/* Lives from cprov_request_start() until done has returned, or cprov_request_stop(). */
struct cprov_request;

/* Texts are copied. The hooks are those of cprov_exchange_hooks. */
struct cprov_request_spec {
    enum cprov_http_method method;
    const char *host;       /* as the user names it */
    const char *repository; /* "" for catalog and ping */
    const char *actions;    /* what a token is for: "pull" */
    const char *path;       /* "/v2/.." */
    const char *url;        /* instead of path: a whole URL, at another origin never with a login */
    bool foreign;           /* url is a layer's: any host, never with a login */
    const char *what;
    const char *accept;        /* or NULL */
    const char *if_none_match; /* an ETag: 304 is then an answer like a 2xx; or NULL */
    const char *authorization; /* said at once, and no other is asked for: "Basic .."; "" for
                                  nobody's; NULL: the registry's login, when it asks */
    const struct cprov_header *headers;     /* further ones, for the registry's own origin */
    size_t headers_count;                   /* at most CPROV_EXCHANGE_HEADERS_MAX */
    struct cprov_span content;              /* of a POST */
    const struct cprov_http_upload *upload; /* the body instead of content: see exchange.h */
    const char *content_type;               /* NULL: a URL-encoded form */
    bool bulk;
    uint64_t expected; /* see http.h */
    bool once;         /* no second try after a fault */
    bool probe;        /* no second try after a refusal: see exchange.h */
    size_t body_max;
    int (*begin)(void *arg, struct cprov_exchange *x, struct cprov_error *err);
    int (*head)(void *arg, struct cprov_exchange *x, const struct cprov_http_head *head,
                struct cprov_error *err);
    int (*body)(void *arg, struct cprov_exchange *x, const void *data, size_t len,
                struct cprov_error *err);
    void (*done)(void *arg, int code, const struct cprov_exchange_answer *answer,
                 const struct cprov_error *err);
    void *arg;
};

/* No hook but begin is called before this returns; done is not called when it fails. */
CPROV_MUST_CHECK
int cprov_request_start(struct cprov_client *c, const struct cprov_request_spec *spec,
                        struct cprov_request **out, struct cprov_error *err);
/* Ends it without calling done; from begin, head, body or outside. NULL-safe. */
void cprov_request_stop(struct cprov_request *r);

#endif
