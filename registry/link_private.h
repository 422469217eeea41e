/* registry/link_private.h - the Link header of paged listings (RFC 8288), in every dialect
 * registries speak. */
#ifndef CPROV_REGISTRY_LINK_PRIVATE_H
#define CPROV_REGISTRY_LINK_PRIVATE_H

#include <stdbool.h>

#include "base/span.h"

/*
 * Finds the target of rel="next" in one header value, which may hold several links. Accepts
 * unquoted parameters, any letter case, several relation types in one rel, and a bare URI without
 * angle brackets when it is the only thing there. The target is as written: resolve it.
 */
bool cprov_link_next(struct cprov_span value, struct cprov_span *target);

#endif
