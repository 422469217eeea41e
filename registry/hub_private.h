/* registry/hub_private.h - what all requests of a client share: connections, logins, and what has
 * been learnt about hosts. */
#ifndef CPROV_REGISTRY_HUB_PRIVATE_H
#define CPROV_REGISTRY_HUB_PRIVATE_H

#include <stddef.h>

#include "base/compiler.h"
#include "registry/options.h"
#include "registry/wire_private.h"

struct cprov_auth;
struct cprov_endpoint;
struct cprov_error;
struct cprov_led;
struct cprov_warning;

struct cprov_hub {
    struct cprov_client_options options; /* those left out are filled in */
    struct cprov_http *http;
    struct cprov_wire wire;
    struct cprov_secrets *own_secrets; /* wire.secrets, where the options give none */
    struct cprov_auth *auth;
    struct cprov_endpoint *endpoints;
    struct cprov_led *led; /* hosts that servers led to */
    size_t led_count;
    struct cprov_warning *warnings; /* that were told */
};

/* hub is zeroed, and stays where it is; clear it also after a failure. */
CPROV_MUST_CHECK
int cprov_hub_init(struct cprov_hub *hub, const struct cprov_client_options *options,
                   struct cprov_error *err);
void cprov_hub_clear(struct cprov_hub *hub); /* every request has ended */

#endif
