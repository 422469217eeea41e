/* registry/options.h - what a client is made with: how hosts are reached, logins, limits. */
#ifndef CPROV_REGISTRY_OPTIONS_H
#define CPROV_REGISTRY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secrets.h"
#include "conf/credentials.h"
#include "net/http.h"

struct cprov_error;

/* How the user wants a registry host to be reached; texts borrowed from the settings' owner for the
 * client's life. */
struct cprov_registry_settings {
    const char *api; /* base URL when it is not https://host, or NULL ("http://127.0.0.1:5000") */
    bool allow_http; /* plain HTTP permitted (loopback is always) */
    const char *token_server; /* where its login may go besides: see net/origin.h; or NULL */
    struct cprov_http_peer peer;
    bool public_only; /* a public document leads to the host, and nobody else names it: a private
                         address is refused */
};
typedef int cprov_settings_fn(void *arg, const char *host, struct cprov_registry_settings *out,
                              struct cprov_error *err);

typedef int cprov_peer_fn(void *arg, const char *host, struct cprov_http_peer *out,
                          struct cprov_error *err);

/* Fills *out (zeroed) for host and repository path ("" for the host as a whole); nothing found is 0
 * and empty. skip: so many logins are passed over, they were refused. */
typedef int cprov_credentials_fn(void *arg, const char *host, const char *repository, unsigned skip,
                                 struct cprov_credentials *out, struct cprov_error *err);

struct cprov_client_options {
    struct cprov_http_options http;
    cprov_settings_fn *settings; /* NULL: defaults */
    cprov_peer_fn *peer; /* of a host that a server leads to: what was said of it; NULL: defaults */
    cprov_credentials_fn *credentials;
    void *arg; /* of all three */
    /* Learns every login, token and signed query that is sent or that a server leads to: who shows
     * a message of this client hides them (base/secrets.h). Borrowed; NULL: one of the client's
     * own. */
    struct cprov_secrets *secrets;
    unsigned retries; /* tries after the first; CPROV_RETRIES */
    size_t parallel;  /* blobs at once; 0: CPROV_PARALLEL */
    /* A blob with more than split_bytes left is fetched in several ranges when the server allows
     * it, connections are free and it has been running for split_after_ms. 0: defaults (32 MiB,
     * 3000 ms). */
    uint64_t split_bytes;
    int64_t split_after_ms;
    /* A "Warning: 299" of a registry, once each. */
    void (*warning)(void *arg, const char *host, const char *text);
};

#endif
