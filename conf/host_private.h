/* conf/host_private.h - when two spellings name one registry host; for conf/ alone. */
#ifndef CPROV_CONF_HOST_PRIVATE_H
#define CPROV_CONF_HOST_PRIVATE_H

#include <stdbool.h>

#include "base/span.h"

/* docker.io, index.docker.io and registry-1.docker.io are one registry. */
bool cprov_host_is_hub(struct cprov_span host);
/* Case, ":443" and the names of Docker Hub make no difference. */
bool cprov_host_same(struct cprov_span a, struct cprov_span b);
/* Without the port: "registry.example", "[::1]". */
struct cprov_span cprov_host_bare(struct cprov_span host);

#endif
