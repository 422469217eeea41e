/* registry/endpoint.c - registry hosts and their addresses. */
#include "registry/endpoint.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "manifest/reference.h"

#define HUB     "docker.io"
#define HUB_API "https://registry-1.docker.io"

static void free_endpoint(struct cprov_endpoint *e)
{
    free(e->base);
    free(e->other);
    free(e);
}

static int api_base(struct cprov_endpoint *e, struct cprov_error *err)
{
    struct cprov_span api = cprov_span_of(e->settings.api);
    struct cprov_url url;

    while (cprov_span_ends_with(api, "/"))
        api.len--;
    if (cprov_url_parse(api, &url, err) < 0)
        return cprov_wrap(err, "address of registry %s", e->host);
    if (url.query.len > 0)
        return cprov_fail(err, CPROV_EINVAL, "address of registry %s has a query", e->host);
    if (!url.https && !e->settings.allow_http && !cprov_host_is_loopback(url.host)) {
        (void)cprov_fail(err, CPROV_EREFUSED, "plain HTTP to registry %s is not allowed", e->host);
        cprov_hint(err, CPROV_HINT_ALLOW_HTTP_OR_HTTPS);
        return CPROV_EREFUSED;
    }
    e->base = strndup(api.ptr, api.len);
    return e->base ? 0 : cprov_fail_memory(err);
}

static char *address(const char *scheme, const char *host)
{
    char *text = NULL;

    return asprintf(&text, "%s://%s", scheme, host) < 0 ? NULL : text;
}

static int plain_base(struct cprov_endpoint *e, struct cprov_error *err)
{
    bool loopback = cprov_host_is_loopback(cprov_span_of(e->host));
    bool both = loopback || e->settings.allow_http;

    if (strcmp(e->host, HUB) == 0)
        e->base = strdup(HUB_API);
    else
        e->base = address(loopback ? "http" : "https", e->host);
    if (both)
        e->other = address(loopback ? "https" : "http", e->host);
    return e->base && (e->other || !both) ? 0 : cprov_fail_memory(err);
}

static int fill(struct cprov_endpoint *e, const struct cprov_client_options *options,
                struct cprov_error *err)
{
    if (options->settings) {
        int code = options->settings(options->arg, e->host, &e->settings, err);

        if (code < 0)
            return code;
    }
    /* What is meant by a name is judged where the socket opens; through a proxy that is too late.
     */
    if (e->settings.public_only && cprov_host_is_private(cprov_span_of(e->host))) {
        (void)cprov_fail(err, CPROV_ENETWORK,
                         "refused: a public document leads to the private address %s", e->host);
        cprov_hint_about(err, CPROV_HINT_NAME_HOST, "hosts: {\"%s\": {}}", e->host);
        return CPROV_ENETWORK;
    }
    return e->settings.api && *e->settings.api ? api_base(e, err) : plain_base(e, err);
}

int cprov_endpoint_get(struct cprov_endpoint **list, const struct cprov_client_options *options,
                       const char *host, struct cprov_endpoint **out, struct cprov_error *err)
{
    int code;

    for (struct cprov_endpoint *e = *list; e; e = e->next)
        if (strcmp(e->host, host) == 0) {
            *out = e;
            return 0;
        }
    if ((code = cprov_reference_check_host(cprov_span_of(host), err)) < 0)
        return code;

    struct cprov_endpoint *e = calloc(1, sizeof(*e));
    if (!e)
        return cprov_fail_memory(err);
    (void)snprintf(e->host, sizeof(e->host), "%s", host);
    if ((code = fill(e, options, err)) < 0) {
        free_endpoint(e);
        return code;
    }
    e->next = *list;
    *list = *out = e;
    return 0;
}

void cprov_endpoints_free(struct cprov_endpoint **list)
{
    while (*list) {
        struct cprov_endpoint *e = *list;

        *list = e->next;
        free_endpoint(e);
    }
}

static bool is_at(const char *base, const struct cprov_url *url)
{
    struct cprov_url own;

    return base && cprov_url_parse(cprov_span_of(base), &own, NULL) == 0 &&
           cprov_url_same_origin(&own, url);
}

bool cprov_endpoint_is_home(const struct cprov_endpoint *e, const struct cprov_url *url)
{
    return is_at(e->base, url) || is_at(e->other, url);
}

void cprov_endpoint_settle(struct cprov_endpoint *e, const struct cprov_url *url)
{
    if (e->other && is_at(e->other, url)) {
        free(e->base);
        e->base = cprov_steal(&e->other);
    } else if (e->other && is_at(e->base, url)) {
        free(e->other);
        e->other = NULL;
    }
}
