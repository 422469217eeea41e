/* registry/grant_private.h - what auth.c keeps: what origins asked for, and the tokens they were
 * given. */
#ifndef CPROV_REGISTRY_GRANT_PRIVATE_H
#define CPROV_REGISTRY_GRANT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "net/http.h"
#include "registry/challenge.h"
#include "registry/logins_private.h"
#include "registry/wire_private.h"

struct cprov_error;
struct cprov_exchange;

/* To whom a request goes and what it wants. Texts are borrowed for the call. */
struct cprov_auth_target {
    const char *origin; /* "https://registry-1.docker.io": only this origin ever sees the answer */
    const char *host;   /* as the user names it, for the login: "docker.io" */
    const char *repository; /* "" for catalog and ping */
    const char
        *actions; /* "pull", "pull,push"; catalog: "registry:catalog:*" goes by repository "" */
    const struct cprov_http_peer *peer; /* settings of peer_origin: a URL of it */
    const char *peer_origin;
    const char *token_server; /* where its login may go besides: configured; or NULL */
    bool allow_http;          /* the origin itself is plain HTTP by the user's will */
    bool is_private;          /* and may lead to a private place */
    bool anonymous;           /* never with a login: the target of a redirect */
};

#define CPROV_GRANT_NEVER INT64_MAX /* expires_ms */

struct cprov_waiter {
    struct cprov_waiter *next;
    void (*done)(void *arg, int code, const struct cprov_error *err);
    void *arg;
};

/* What an origin asked for last. */
struct cprov_origin {
    struct cprov_origin *next;
    char *name;
    enum cprov_auth_scheme scheme;
    char *realm; /* absolute */
    char *service;
};

/* One per origin, repository and actions. */
struct cprov_grant {
    struct cprov_grant *next;
    struct cprov_grants *all;
    char *origin, *host, *repository, *actions;
    bool anonymous;
    char *authorization; /* header value, or NULL */
    int64_t granted_ms, expires_ms;
    uint64_t serial;         /* of the authorization: grows with each */
    struct cprov_buf scopes; /* asked for so far */
    uint64_t used;

    struct cprov_exchange *exchange; /* that fetches a token, or NULL */
    struct cprov_credentials login;  /* while it runs */
    struct cprov_http_peer peer;
    char *peer_origin; /* whose settings peer has */
    char *withheld;    /* the token server that was not given the login; or NULL */
    unsigned skip;     /* logins that were refused */
    bool has_login;    /* the authorization comes of one that is kept */
    uint64_t worked;   /* the newest serial that let a request in */
    bool allow_http;
    bool same_host;  /* the realm is at the origin's host */
    bool is_private; /* as in the target */
    bool by_post;
    char *realm, *service;
    struct cprov_waiter *waiters;
    struct cprov_waiter *calling; /* those of the last fetch, being told */
    bool telling;
};

struct cprov_grants {
    struct cprov_wire *wire; /* tokens are fetched through it */
    struct cprov_logins logins;
    struct cprov_origin *origins;
    struct cprov_grant *first;
    size_t count;
    uint64_t clock; /* counts uses, for the choice of what to drop */
};

void cprov_grants_clear(struct cprov_grants *all); /* exchanges are stopped, nobody is told */

/* NULL when the origin has not asked for anything. */
struct cprov_origin *cprov_grants_origin(const struct cprov_grants *all, const char *name);
CPROV_MUST_CHECK
int cprov_grants_remember(struct cprov_grants *all, const char *name, enum cprov_auth_scheme scheme,
                          const char *realm, const char *service, struct cprov_error *err);

/* NULL when there is none. */
struct cprov_grant *cprov_grants_find(const struct cprov_grants *all,
                                      const struct cprov_auth_target *target);
/* Makes one where there is none; past CPROV_TOKENS_CACHED_MAX the one not used longest is dropped.
 */
CPROV_MUST_CHECK
int cprov_grants_get(struct cprov_grants *all, const struct cprov_auth_target *target,
                     struct cprov_grant **out, struct cprov_error *err);

/* Whether it has an authorization that lasts for a while. */
bool cprov_grant_is_usable(const struct cprov_grant *g);
CPROV_MUST_CHECK
int cprov_grant_authorize(struct cprov_grant *g, const char *scheme, struct cprov_span value,
                          int64_t expires_ms, struct cprov_error *err);

CPROV_MUST_CHECK
int cprov_grant_wait(struct cprov_grant *g,
                     void (*done)(void *arg, int code, const struct cprov_error *err), void *arg,
                     struct cprov_error *err);
void cprov_grant_forget(struct cprov_grant *g, const void *arg);
/* Calls those who wait now; they may wait again. */
void cprov_grant_tell(struct cprov_grant *g, int code, const struct cprov_error *err);

/* Replaces *to by a copy. */
CPROV_MUST_CHECK
int cprov_grant_set_text(char **to, const char *text, struct cprov_error *err);

#endif
