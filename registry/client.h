/* registry/client.h - who speaks to OCI registries: its life and its run. The operations have
 * headers of their own. */
#ifndef CPROV_REGISTRY_CLIENT_H
#define CPROV_REGISTRY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "registry/options.h"

struct cprov_endpoint;
struct cprov_error;

/*
 * One client serves many registries; it keeps connections, tokens and back-off state. One thread.
 * Every operation is started with a callback and runs inside cprov_client_run(); callbacks may
 * start more operations. Every step is retried with back-off (registry/retry.h), redirects are
 * followed by one policy: at most CPROV_REDIRECTS_MAX, no loop, never https to http, never from a
 * public host to a private address, and Authorization is left behind when the origin changes.
 */
struct cprov_client;

CPROV_MUST_CHECK
int cprov_client_new(const struct cprov_client_options *options, struct cprov_client **out,
                     struct cprov_error *err);
void cprov_client_free(struct cprov_client *c);
CPROV_DEFINE_CLEANUP(struct cprov_client, cprov_client, cprov_client_free)
#define auto_client CPROV_CLEANUP(cprov_client_cleanup)

/* Runs until every started operation has called back; or until *until (may be NULL) is true.
 * CPROV_ECANCELLED when cancelled. */
CPROV_MUST_CHECK
int cprov_client_run(struct cprov_client *c, const bool *until, struct cprov_error *err);

/* The token server ("auth.example:8443") that was not given the login of a host, because it is not
 * known to be that registry's (net/origin.h); NULL: there was none. */
const char *cprov_client_withheld(const struct cprov_client *c, const char *host);
/* Whether a host is a private place: it is written so, or has answered from a private address. */
bool cprov_client_is_private(const struct cprov_client *c, const char *host);
/* Requests sent since the start. */
uint64_t cprov_client_requests(const struct cprov_client *c);
/* What is known of a host, from here on until the client is freed. */
CPROV_MUST_CHECK
int cprov_client_endpoint(struct cprov_client *c, const char *host, struct cprov_endpoint **out,
                          struct cprov_error *err);
/* The options it was made with; borrowed. */
const struct cprov_client_options *cprov_client_options(const struct cprov_client *c);

/*
 * Host names: docker.io is reached at registry-1.docker.io. Loopback hosts are tried by plain HTTP
 * first unless settings give `api`: https when the http answer is not HTTP ("client sent an HTTP
 * request to an HTTPS server" also counts).
 */

#endif
