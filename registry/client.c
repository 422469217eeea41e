/* registry/client.c - the life of a client, and its run. */
#include "registry/client.h"

#include <stdlib.h>

#include "base/error.h"
#include "manifest/reference.h"
#include "registry/auth_private.h"
#include "registry/client_private.h"
#include "registry/endpoint.h"
#include "registry/op.h"

int cprov_client_new(const struct cprov_client_options *options, struct cprov_client **out,
                     struct cprov_error *err)
{
    auto_client struct cprov_client *c = calloc(1, sizeof(*c));

    if (!c)
        return cprov_fail_memory(err);
    if (cprov_hub_init(&c->hub, options, err) < 0)
        return err->code;
    *out = cprov_steal(&c);
    return 0;
}

void cprov_client_free(struct cprov_client *c)
{
    if (!c)
        return;
    while (c->ops)
        cprov_op_free(c->ops);
    cprov_hub_clear(&c->hub);
    free(c);
}

struct run {
    const struct cprov_client *client;
    const bool *until;
};

static bool is_over(void *arg)
{
    const struct run *run = arg;

    return !run->client->ops || (run->until && *run->until);
}

int cprov_client_run(struct cprov_client *c, const bool *until, struct cprov_error *err)
{
    struct cprov_error local = CPROV_ERROR_INIT;
    struct run run = { c, until };
    int code = cprov_http_run(c->hub.http, is_over, &run, &local);

    if (code == 0 && is_over(&run))
        return 0;
    if (code == 0)
        code = cprov_fail(&local, CPROV_EFAIL,
                          "internal error: the transfer stalled without a pending request");
    while (c->ops)
        cprov_op_finish(c->ops, code, &local);
    cprov_alarm_stop(c->pump_alarm); /* the run has dropped its timers */
    cprov_alarm_stop(c->split_alarm);
    if (err)
        *err = local;
    return code;
}

const char *cprov_client_withheld(const struct cprov_client *c, const char *host)
{
    return cprov_auth_withheld(c->hub.auth, host);
}

bool cprov_client_is_private(const struct cprov_client *c, const char *host)
{
    for (const struct cprov_endpoint *e = c->hub.endpoints; e; e = e->next)
        if (strcmp(e->host, host) == 0 && e->is_private)
            return true;
    return cprov_host_is_private(cprov_span_of(host));
}

uint64_t cprov_client_requests(const struct cprov_client *c)
{
    return cprov_http_requests(c->hub.http);
}

int cprov_client_endpoint(struct cprov_client *c, const char *host, struct cprov_endpoint **out,
                          struct cprov_error *err)
{
    return cprov_endpoint_get(&c->hub.endpoints, &c->hub.options, host, out, err);
}

const struct cprov_client_options *cprov_client_options(const struct cprov_client *c)
{
    return &c->hub.options;
}
