/* registry/request.c - where a request goes, and with whose login. */
#include "registry/request.h"

#include "base/error.h"
#include "net/redirect.h"
#include "registry/endpoint.h"
#include "registry/hub_private.h"
#include "registry/identity_private.h"

/* A URL that the registry or a manifest names: where it may lead, and whether that is elsewhere. */
static int check_url(const struct cprov_request_spec *spec, const struct cprov_endpoint *e,
                     bool *elsewhere, bool *public_only, struct cprov_error *err)
{
    struct cprov_url home, to;

    if (cprov_url_parse(cprov_span_of(e->base), &home, err) < 0 ||
        cprov_url_parse(cprov_span_of(spec->ask.url), &to, err) < 0)
        return cprov_wrap_as(err, CPROV_ENETWORK,
                             spec->foreign ? "URL of a layer" : "URL of the registry");
    *elsewhere = spec->foreign || !cprov_endpoint_is_home(e, &to);
    if (!spec->repository && spec->foreign) /* a file: no registry sent us there */
        home = to;
    else if (*elsewhere)
        *public_only = *public_only || (!e->is_private && !cprov_host_is_private(home.host));
    return *elsewhere ? cprov_redirect_check(&home, &to, e->settings.allow_http, err) : 0;
}

int cprov_request_start(struct cprov_hub *hub, const struct cprov_request_spec *spec,
                        struct cprov_exchange **out, struct cprov_error *err)
{
    struct cprov_endpoint *e = NULL;
    struct cprov_exchange_spec ask = spec->ask;
    struct cprov_identity *identity = NULL;
    auto_buf struct cprov_buf url = { 0 }, other = { 0 };
    bool elsewhere = false;

    if (cprov_endpoint_get(&hub->endpoints, &hub->options, spec->host, &e, err) < 0)
        return err->code;
    bool public_only = e->settings.public_only;
    if (ask.url && check_url(spec, e, &elsewhere, &public_only, err) < 0)
        return err->code;
    cprov_buf_init(&url, CPROV_URL_MAX);
    cprov_buf_init(&other, CPROV_URL_MAX);
    if (!ask.url) {
        cprov_buf_addf(&url, "%s%s", e->base, spec->path);
        if (e->other)
            cprov_buf_addf(&other, "%s%s", e->other, spec->path);
        ask.url = cprov_buf_text(&url);
    }
    if (cprov_buf_check(&url, "URL", err) < 0 || cprov_buf_check(&other, "URL", err) < 0 ||
        cprov_identity_new(hub, e,
                           spec->foreign       ? CPROV_IDENTITY_NOBODY
                           : ask.authorization ? CPROV_IDENTITY_FIXED
                                               : CPROV_IDENTITY_LOGIN,
                           spec->repository ? spec->repository : "",
                           spec->actions ? spec->actions : "", &identity, err) < 0)
        return err->code;

    const struct cprov_exchange_route route = {
        .fallback_url = other.len > 0 ? cprov_buf_text(&other) : NULL,
        .login_origin = elsewhere ? e->base : NULL,
        .peer_origin = spec->foreign ? ""
                       : elsewhere   ? e->base
                                     : NULL,
        .peer = &e->settings.peer,
        .public_only = public_only,
        .allow_http = e->settings.allow_http,
        .login = &cprov_identity_login,
        .login_arg = identity,
    };
    int code = cprov_exchange_start(&hub->wire, &ask, &route, out, err);
    if (code < 0)
        cprov_identity_login.free(identity);
    return code;
}
