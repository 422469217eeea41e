/* net/origin.h - the one rule for who may see a login. */
#ifndef CPROV_NET_ORIGIN_H
#define CPROV_NET_ORIGIN_H

#include <stdbool.h>

#include "base/span.h"
#include "net/url.h"

/*
 * Whether the login of a registry may go to the token server that it names. registry: its origin;
 * host: as the user names it ("docker.io"); configured: hosts: X: token-server: of it (a host with
 * or without a port, or a URL), or NULL.
 *
 * Yes to what is configured, to the registry's own host at any port, to a pair of the list that
 * comes with the program, and to a host of the same registrable domain (libpsl; without that
 * library the host must be the same). Addresses that are written as numbers, and names of the
 * loopback, have no domain: they must be the registry's own. Which schemes will do is another
 * question: cprov_token_realm_check().
 */
bool cprov_login_may_go(const struct cprov_url *registry, const char *host,
                        const struct cprov_url *realm, const char *configured);

/* Whether both names are one host: letter case, and the names of the loopback, are no difference.
 */
bool cprov_host_is_same(struct cprov_span a, struct cprov_span b);

#endif
