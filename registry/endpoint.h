/* registry/endpoint.h - where a registry host is reached, and what has been learnt about it. */
#ifndef CPROV_REGISTRY_ENDPOINT_H
#define CPROV_REGISTRY_ENDPOINT_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/limits.h"
#include "net/url.h"
#include "registry/options.h"

struct cprov_error;

/* One per host, kept for the client's life. */
struct cprov_endpoint {
    struct cprov_endpoint *next;
    char host[CPROV_NAME_MAX + 1]; /* as the user names it */
    struct cprov_registry_settings settings;
    char *base;        /* "https://registry-1.docker.io", no '/' at the end */
    char *other;       /* the other scheme, to be tried when base is not answered; or NULL */
    bool is_private;   /* it has answered from a private address */
    bool no_referrers; /* has no referrers API */
    bool silent;       /* a vendor's API that did not answer: catalog/source/vendor.c */
};

/*
 * Finds or makes the endpoint of a host. CPROV_EINVAL: no host; CPROV_EREFUSED: plain HTTP that is
 * not allowed; codes of the settings function.
 */
CPROV_MUST_CHECK
int cprov_endpoint_get(struct cprov_endpoint **list, const struct cprov_client_options *options,
                       const char *host, struct cprov_endpoint **out, struct cprov_error *err);
void cprov_endpoints_free(struct cprov_endpoint **list);

/* An HTTP server answered at url: the scheme is settled when it is one of the two. */
void cprov_endpoint_settle(struct cprov_endpoint *e, const struct cprov_url *url);
/* Whether url is the registry's own origin, in either scheme while that is open. */
bool cprov_endpoint_is_home(const struct cprov_endpoint *e, const struct cprov_url *url);

#endif
