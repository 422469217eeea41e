/* registry/ping.h - does a host answer as a registry, and take our login? */
#ifndef CPROV_REGISTRY_PING_H
#define CPROV_REGISTRY_PING_H

#include <stdbool.h>

#include "base/compiler.h"

struct cprov_client;
struct cprov_error;

/* Whether the host answers as a registry, and whether it takes the login that credentials give: GET
 * /v2/. For register-source and login. CPROV_EAUTH when the login is refused; done also gets 0 for
 * a registry that demands a login when none is known and need_login is false. */
CPROV_MUST_CHECK
int cprov_client_ping(struct cprov_client *c, const char *host, bool need_login,
                      void (*done)(void *arg, int code, const struct cprov_error *err), void *arg,
                      struct cprov_error *err);

#endif
