/* serve/service_private.h - what is served, and as whom clients know us. */
#ifndef CPROV_SERVE_SERVICE_PRIVATE_H
#define CPROV_SERVE_SERVICE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "serve/proofs_private.h"
#include "serve/served_private.h"
#include "store/store.h"

/* Borrowed for the life of the server. */
struct cprov_service {
    struct cprov_served *served;
    struct cprov_store *store;
    struct cprov_proofs *proofs;
    const char *address;      /* "127.0.0.1:40123": where we listen, as this machine reaches it */
    bool loopback;            /* nobody but this machine reaches it */
    const char *const *hosts; /* names by which we are known beside, */
    size_t hosts_count;
    bool tls;
    bool ui; /* pages for people */
};

/*
 * As whom the client knows us: its Host header when that is a host of a reference, else the
 * address. A name that would not be taken for a host in a reference ("mirror") gets its port.
 */
void cprov_service_host(const struct cprov_service *service, const char *header,
                        char out[CPROV_NAME_MAX + 1]);

/*
 * Whether a request with this Host header (NULL: none) is for us. On loopback a browser on this
 * machine may be led here by the name of somebody else's service, whose owner then reads with it
 * what only this machine should see (DNS rebinding): so only names of the loopback count there, and
 * those that were given. Elsewhere every name does.
 */
bool cprov_service_answers(const struct cprov_service *service, const char *header);

#endif
