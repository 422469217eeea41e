/* registry/request.h - one exchange with a registry: its address, and who we are there. */
#ifndef CPROV_REGISTRY_REQUEST_H
#define CPROV_REGISTRY_REQUEST_H

#include <stdbool.h>

#include "base/compiler.h"
#include "manifest/reference.h"
#include "registry/exchange.h"

struct cprov_error;
struct cprov_hub;

/* Room for the path of any manifest, blob or listing of a repository. */
#define CPROV_REQUEST_PATH_MAX (CPROV_NAME_MAX + CPROV_DIGEST_TEXT_MAX + 32)

/* Texts are copied. */
struct cprov_request_spec {
    /* Its url instead of path: a whole URL, at another origin never with a login. Its
     * authorization: no other is asked for; "" is nobody's; NULL: the registry's login, when it
     * asks. */
    struct cprov_exchange_spec ask;
    const char *host;       /* as the user names it */
    const char *repository; /* NULL for catalog, ping, and what is of no repository */
    const char *actions;    /* what a token is for: "pull"; NULL: for nothing */
    const char *path;       /* "/v2/.." */
    bool foreign;           /* the url is a layer's: any host, never with a login */
};

/* An exchange with a login: known, asked for, refreshed. Everything else is as there. */
CPROV_MUST_CHECK
int cprov_request_start(struct cprov_hub *hub, const struct cprov_request_spec *spec,
                        struct cprov_exchange **out, struct cprov_error *err);

#endif
