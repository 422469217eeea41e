/* registry/client.c - the life of a client, its run, and the ping. */
#include "registry/client.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "manifest/reference.h"
#include "registry/blob_queue_private.h"
#include "registry/client_private.h"
#include "registry/endpoint.h"
#include "registry/request.h"

/* --- operations --- */

static void end_all(struct cprov_client *c, const struct cprov_error *err)
{
    while (c->ops)
        c->ops->end(c->ops, err);
}

void cprov_warnings_free(struct cprov_warning **list)
{
    while (*list) {
        struct cprov_warning *w = *list;

        *list = w->next;
        free(w->host);
        free(w->text);
        free(w);
    }
}

/* --- where servers lead --- */

static struct cprov_led *led_to(struct cprov_client *c, const char *host)
{
    for (struct cprov_led *l = c->led; l; l = l->next)
        if (strcmp(l->host, host) == 0)
            return l;
    return NULL;
}

static int keep_led(struct cprov_client *c, const char *host, const struct cprov_http_peer *peer,
                    struct cprov_error *err)
{
    struct cprov_led *l = malloc(sizeof(*l) + strlen(host) + 1);

    if (!l)
        return cprov_fail_memory(err);
    memcpy(l->host, host, strlen(host) + 1);
    l->peer = *peer;
    l->next = c->led;
    c->led = l;
    c->led_count++;
    return 0;
}

/* What is not kept is asked for again: a server that leads to ever new names costs but time. */
static int peer_at(void *arg, const struct cprov_url *url, struct cprov_http_peer *out,
                   struct cprov_error *err)
{
    struct cprov_client *c = arg;
    auto_buf struct cprov_buf name = { 0 };

    cprov_buf_init(&name, CPROV_URL_MAX);
    if (!c->options.peer)
        return 0;
    cprov_buf_add_span(&name, url->host);
    if (url->port != (url->https ? 443 : 80))
        cprov_buf_addf(&name, ":%u", url->port);
    if (cprov_buf_check(&name, "host", err) < 0)
        return err->code;
    const struct cprov_led *l = led_to(c, cprov_buf_text(&name));
    if (l) {
        *out = l->peer;
        return 0;
    }
    if (c->options.peer(c->options.arg, cprov_buf_text(&name), out, err) < 0)
        return err->code;
    return c->led_count < CPROV_HOSTS_LED_MAX ? keep_led(c, cprov_buf_text(&name), out, err) : 0;
}

static void free_led(struct cprov_client *c)
{
    while (c->led) {
        struct cprov_led *l = c->led;

        c->led = l->next;
        free(l);
    }
}

/* --- life --- */

int cprov_client_new(const struct cprov_client_options *options, struct cprov_client **out,
                     struct cprov_error *err)
{
    auto_client struct cprov_client *c = calloc(1, sizeof(*c));
    int code;

    if (!c)
        return cprov_fail_memory(err);
    c->options = *options;
    if (c->options.parallel == 0)
        c->options.parallel = CPROV_PARALLEL;
    if (c->options.parallel > CPROV_PARALLEL_MAX)
        c->options.parallel = CPROV_PARALLEL_MAX;
    if (c->options.split_bytes == 0)
        c->options.split_bytes = CPROV_SPLIT_BYTES;
    if (c->options.split_after_ms == 0)
        c->options.split_after_ms = CPROV_SPLIT_AFTER_MS;
    if ((code = cprov_http_new(&options->http, &c->http, err)) < 0)
        return code;
    c->wire.http = c->http;
    c->wire.log = options->http.log;
    c->wire.cancel = options->http.cancel;
    c->wire.retries = options->retries;
    c->wire.peer = peer_at;
    c->wire.peer_arg = c;
    c->wire.secrets = options->secrets;
    if (!c->wire.secrets && !(c->wire.secrets = c->own_secrets = cprov_secrets_new()))
        return cprov_fail_memory(err);
    code = cprov_auth_new(&c->wire, options->credentials, options->arg, &c->auth, err);
    if (code < 0)
        return code;
    *out = cprov_steal(&c);
    return 0;
}

void cprov_client_free(struct cprov_client *c)
{
    if (!c)
        return;
    end_all(c, NULL);
    cprov_auth_free(c->auth);
    cprov_http_free(c->http);
    cprov_wire_clear(&c->wire);
    cprov_endpoints_free(&c->endpoints);
    free_led(c);
    cprov_warnings_free(&c->warnings);
    cprov_secrets_free(c->own_secrets);
    free(c);
}

const char *cprov_client_withheld(const struct cprov_client *c, const char *host)
{
    return cprov_auth_withheld(c->auth, host);
}

bool cprov_client_is_private(const struct cprov_client *c, const char *host)
{
    for (const struct cprov_endpoint *e = c->endpoints; e; e = e->next)
        if (strcmp(e->host, host) == 0 && e->is_private)
            return true;
    return cprov_host_is_private(cprov_span_of(host));
}

uint64_t cprov_client_requests(const struct cprov_client *c)
{
    return cprov_http_requests(c->http);
}

/* --- running --- */

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
    int code = cprov_http_run(c->http, is_over, &run, &local);

    if (code == 0 && !is_over(&run))
        code = cprov_fail(&local, CPROV_EFAIL, "a download waits for nothing");
    if (code == 0)
        return 0;
    end_all(c, &local);
    c->pump_alarm = c->split_alarm = NULL; /* the run has dropped its timers */
    if (err)
        *err = local;
    return code;
}

/* --- ping --- */

struct ping {
    struct cprov_op op;
    struct cprov_client *client;
    struct cprov_request *request;
    bool need_login;
    bool has_login;
    char host[CPROV_NAME_MAX + 1];
    void (*done)(void *arg, int code, const struct cprov_error *err);
    void *arg;
};

static void ping_finish(struct ping *p, int code, const struct cprov_error *err)
{
    void (*done)(void *, int, const struct cprov_error *) = p->done;
    void *arg = p->arg;

    cprov_op_remove(&p->op);
    free(p);
    done(arg, code, err);
}

static void ping_end(struct cprov_op *op, const struct cprov_error *err)
{
    struct ping *p = (struct ping *)op;

    cprov_request_stop(p->request);
    if (err) {
        ping_finish(p, err->code, err);
        return;
    }
    cprov_op_remove(op);
    free(p);
}

static void ping_done(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct ping *p = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code == 0 && p->need_login && cprov_auth_withheld(p->client->auth, p->host)) {
        code = cprov_auth_fail_withheld(p->client->auth, p->host, &local);
    } else if (code == CPROV_EAUTH && answer->head && !p->need_login && !p->has_login) {
        code = 0; /* it is a registry, and wants to know who we are */
    } else if (code == CPROV_ENOTFOUND) {
        code = cprov_fail(&local, CPROV_ENETWORK, "%s does not answer as a registry (%d)", p->host,
                          answer->head ? answer->head->status : 0);
    } else if (code == 0 && cprov_span_starts_with(answer->head->content_type, "text/html")) {
        code = cprov_fail(&local, CPROV_ENETWORK,
                          "%s does not answer as a registry but with a web page", p->host);
    } else if (code < 0) {
        local = *err;
    }
    ping_finish(p, code, code < 0 ? &local : NULL);
}

static int ping_start(struct ping *p, struct cprov_error *err)
{
    char what[CPROV_NAME_MAX + 16];
    int code = cprov_auth_has_login(p->client->auth, p->host, &p->has_login, err);

    if (code < 0)
        return code;
    if (p->need_login && !p->has_login) {
        (void)cprov_fail(err, CPROV_EAUTH, "no login is known for %s", p->host);
        cprov_hint(err, "log in first: cprov login %s", p->host);
        return CPROV_EAUTH;
    }
    (void)snprintf(what, sizeof(what), "registry %s", p->host);
    struct cprov_request_spec spec = {
        .method = CPROV_GET,
        .host = p->host,
        .repository = "",
        .actions = "",
        .path = "/v2/",
        .what = what,
        .body_max = CPROV_ERROR_BODY_MAX,
        .done = ping_done,
        .arg = p,
    };
    return cprov_request_start(p->client, &spec, &p->request, err);
}

int cprov_client_ping(struct cprov_client *c, const char *host, bool need_login,
                      void (*done)(void *arg, int code, const struct cprov_error *err), void *arg,
                      struct cprov_error *err)
{
    struct ping *p = calloc(1, sizeof(*p));

    if (!p)
        return cprov_fail_memory(err);
    p->client = c;
    p->need_login = need_login;
    p->done = done;
    p->arg = arg;
    (void)snprintf(p->host, sizeof(p->host), "%s", host);
    int code = ping_start(p, err);
    if (code < 0) {
        free(p);
        return code;
    }
    cprov_op_add(c, &p->op, ping_end);
    return 0;
}
