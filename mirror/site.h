/* mirror/site.h - what is served, and as whom clients know us. */
#ifndef CPROV_MIRROR_SITE_H
#define CPROV_MIRROR_SITE_H

#include <stdbool.h>

#include "base/limits.h"
#include "mirror/served.h"
#include "store/store.h"

/* Borrowed for the life of the server. */
struct cprov_site {
    struct cprov_served *served;
    struct cprov_store *store;
    const char *address; /* "127.0.0.1:40123": where we listen */
    bool tls;
    bool ui; /* pages for people */
};

/*
 * As whom the client knows us: its Host header when that is a host of a reference, else the
 * address. A name that would not be taken for a host in a reference ("mirror") gets its port.
 */
void cprov_site_host(const struct cprov_site *site, const char *header,
                     char out[CPROV_NAME_MAX + 1]);

#endif
