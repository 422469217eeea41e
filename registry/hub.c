/* registry/hub.c - what all requests of a client share, and how hosts are reached that servers lead
 * to. */
#include "registry/hub_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/auth_private.h"
#include "registry/endpoint.h"
#include "registry/warning_private.h"

#define SPLIT_BYTES    (32 * CPROV_MIB)
#define SPLIT_AFTER_MS 3000

/* A host that a server led to, and how it is reached. */
struct cprov_led {
    struct cprov_led *next;
    struct cprov_http_peer peer;
    char host[]; /* "cdn.example:8443" */
};

/* What is not kept is asked for again: a server that leads to ever new names costs but time. */
static int peer_at(void *arg, const struct cprov_url *url, struct cprov_http_peer *out,
                   struct cprov_error *err)
{
    struct cprov_hub *hub = arg;
    auto_buf struct cprov_buf name = { 0 };

    if (!hub->options.peer)
        return 0;
    cprov_buf_init(&name, CPROV_URL_MAX);
    cprov_url_authority(url, &name);
    if (cprov_buf_check(&name, "host", err) < 0)
        return err->code;
    for (struct cprov_led *l = hub->led; l; l = l->next)
        if (strcmp(l->host, cprov_buf_text(&name)) == 0) {
            *out = l->peer;
            return 0;
        }
    if (hub->options.peer(hub->options.arg, cprov_buf_text(&name), out, err) < 0)
        return err->code;
    if (hub->led_count >= CPROV_HOSTS_LED_MAX)
        return 0;
    struct cprov_led *l = malloc(sizeof(*l) + name.len + 1);
    if (!l)
        return cprov_fail_memory(err);
    memcpy(l->host, cprov_buf_text(&name), name.len + 1);
    l->peer = *out;
    l->next = hub->led;
    hub->led = l;
    hub->led_count++;
    return 0;
}

int cprov_hub_init(struct cprov_hub *hub, const struct cprov_client_options *options,
                   struct cprov_error *err)
{
    struct cprov_client_options *o = &hub->options;

    *o = *options;
    if (o->parallel == 0)
        o->parallel = CPROV_PARALLEL;
    if (o->parallel > CPROV_PARALLEL_MAX)
        o->parallel = CPROV_PARALLEL_MAX;
    if (o->split_bytes == 0)
        o->split_bytes = SPLIT_BYTES;
    if (o->split_after_ms == 0)
        o->split_after_ms = SPLIT_AFTER_MS;
    if (cprov_http_new(&o->http, &hub->http, err) < 0)
        return err->code;
    if (!o->secrets && !(o->secrets = hub->own_secrets = cprov_secrets_new()))
        return cprov_fail_memory(err);
    hub->wire.http = hub->http;
    hub->wire.log = o->http.log;
    hub->wire.cancel = o->http.cancel;
    hub->wire.retries = o->retries;
    hub->wire.peer = peer_at;
    hub->wire.peer_arg = hub;
    hub->wire.secrets = o->secrets;
    return cprov_auth_new(&hub->wire, o->credentials, o->arg, &hub->auth, err);
}

void cprov_hub_clear(struct cprov_hub *hub)
{
    cprov_auth_free(hub->auth);
    cprov_http_free(hub->http);
    cprov_wire_clear(&hub->wire);
    cprov_endpoints_free(&hub->endpoints);
    while (hub->led) {
        struct cprov_led *l = hub->led;

        hub->led = l->next;
        free(l);
    }
    cprov_warnings_free(&hub->warnings);
    cprov_secrets_free(hub->own_secrets);
}
