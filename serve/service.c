/* serve/service.c - as whom clients know us. */
#include "serve/service_private.h"

#include <stdio.h>
#include <string.h>

#include "manifest/reference.h"

#define HOST_MAX (CPROV_NAME_MAX - 8) /* with a port behind it */

void cprov_service_host(const struct cprov_service *service, const char *header,
                        char out[CPROV_NAME_MAX + 1])
{
    struct cprov_span host = cprov_span_of(header);
    char probe[CPROV_NAME_MAX + 4];

    if (host.len == 0 || host.len > HOST_MAX || cprov_reference_check_host(host, NULL) < 0)
        host = cprov_span_of(service->address);
    snprintf(probe, sizeof(probe), "%" CPROV_SPAN_FMT "/x", CPROV_SPAN_ARG(host));
    const char *port = cprov_reference_names_host(cprov_span_of(probe)) ? ""
                       : service->tls                                   ? ":443"
                                                                        : ":80";
    snprintf(out, CPROV_NAME_MAX + 1, "%" CPROV_SPAN_FMT "%s", CPROV_SPAN_ARG(host), port);
    for (char *p = out; *p; p++)
        *p = cprov_lower(*p);
}

/* "name:5000" and "name." as "name"; an address in brackets keeps them. */
static struct cprov_span without_port(struct cprov_span host)
{
    struct cprov_span before, port;

    if (cprov_span_cut_last(host, ':', &before, &port) && cprov_span_find(port, ']') == port.len)
        host = before;
    if (cprov_span_ends_with(host, "."))
        host.len--;
    return host;
}

bool cprov_service_answers(const struct cprov_service *service, const char *header)
{
    struct cprov_span host = without_port(cprov_span_trim(cprov_span_of(header)));

    if (!service->loopback || !header || !*header)
        return true;
    if (cprov_reference_check_host(host, NULL) == 0 && cprov_host_is_loopback(host))
        return true;
    for (size_t i = 0; i < service->hosts_count; i++)
        if (cprov_span_equal_nocase(host, without_port(cprov_span_of(service->hosts[i]))))
            return true;
    return false;
}
