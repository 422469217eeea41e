/* mirror/site.c - as whom clients know us. */
#include "mirror/site.h"

#include <stdio.h>
#include <string.h>

#include "manifest/reference.h"

#define HOST_MAX (CPROV_NAME_MAX - 8) /* with a port behind it */

void cprov_site_host(const struct cprov_site *site, const char *header,
                     char out[CPROV_NAME_MAX + 1])
{
    struct cprov_span host = cprov_span_of(header);
    char probe[CPROV_NAME_MAX + 4];

    if (host.len == 0 || host.len > HOST_MAX || cprov_reference_check_host(host, NULL) < 0)
        host = cprov_span_of(site->address);
    snprintf(probe, sizeof(probe), "%" CPROV_SPAN_FMT "/x", CPROV_SPAN_ARG(host));
    const char *port = cprov_reference_names_host(cprov_span_of(probe)) ? ""
                       : site->tls                                      ? ":443"
                                                                        : ":80";
    snprintf(out, CPROV_NAME_MAX + 1, "%" CPROV_SPAN_FMT "%s", CPROV_SPAN_ARG(host), port);
    for (char *p = out; *p; p++)
        *p = cprov_lower(*p);
}
