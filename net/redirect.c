/* net/redirect.c - the one redirect policy. */
#include "net/redirect.h"

#include "base/error.h"
#include "manifest/reference.h"

int cprov_redirect_check(const struct cprov_url *from, const struct cprov_url *to, bool allow_http,
                         struct cprov_error *err)
{
    if (from->https && !to->https)
        return cprov_fail(err, CPROV_ENETWORK,
                          "%" CPROV_SPAN_FMT " leads from https to plain http: refused",
                          CPROV_SPAN_ARG(from->host));
    if (!to->https && !allow_http && !cprov_host_is_loopback(to->host))
        return cprov_fail(err, CPROV_ENETWORK,
                          "%" CPROV_SPAN_FMT " leads to plain http on %" CPROV_SPAN_FMT ": refused",
                          CPROV_SPAN_ARG(from->host), CPROV_SPAN_ARG(to->host));
    if (cprov_host_is_private(to->host) && !cprov_host_is_private(from->host))
        return cprov_fail(err, CPROV_ENETWORK,
                          "%" CPROV_SPAN_FMT " leads to the private address %" CPROV_SPAN_FMT
                          ": refused",
                          CPROV_SPAN_ARG(from->host), CPROV_SPAN_ARG(to->host));
    return 0;
}

bool cprov_redirect_status(int http)
{
    return http == 301 || http == 302 || http == 303 || http == 307 || http == 308;
}
