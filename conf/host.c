/* conf/host.c - when two spellings name one registry host. */
#include "conf/host_private.h"

#include "base/compiler.h"

static struct cprov_span without_default_port(struct cprov_span host)
{
    if (cprov_span_ends_with(host, ":443"))
        host.len -= sizeof(":443") - 1;
    return host;
}

bool cprov_host_is_hub(struct cprov_span host)
{
    static const char *const names[] = { "docker.io", "index.docker.io", "registry-1.docker.io" };

    host = without_default_port(host);
    for (size_t i = 0; i < CPROV_COUNT(names); i++)
        if (cprov_span_is_nocase(host, names[i]))
            return true;
    return false;
}

bool cprov_host_same(struct cprov_span a, struct cprov_span b)
{
    return cprov_span_equal_nocase(without_default_port(a), without_default_port(b)) ||
           (cprov_host_is_hub(a) && cprov_host_is_hub(b));
}

struct cprov_span cprov_host_bare(struct cprov_span host)
{
    struct cprov_span name, port;

    /* The last ':' of "[::1]" is a part of the address. */
    if (!cprov_span_cut_last(host, ':', &name, &port) || cprov_span_find(port, ']') < port.len)
        return host;
    return name;
}
