/* serve/serve.h - a store or layout as a read-only registry; the home of libmicrohttpd. */
#ifndef CPROV_SERVE_SERVE_H
#define CPROV_SERVE_SERVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/fs.h"
#include "base/log.h"
#include "store/store.h"

struct cprov_error;

/* Texts are borrowed for the call. */
struct cprov_serve_setup {
    struct cprov_store *store; /* opened for reading */
    const char
        *listen; /* "127.0.0.1:5000", "[::1]:0", ":5000" (every address); port 0: any free one */
    const char *cert_file; /* with key_file: TLS 1.2 and later */
    const char *key_file;
    unsigned max_connections;
    const struct cprov_cancel *cancel; /* polled every CPROV_POLL_MS */
    const struct cprov_log *log;
    /* Once it answers: "http://127.0.0.1:40123"; when that is every address
     * ("http://0.0.0.0:5000"), others are the ones by which other machines come, with ", " between,
     * else "". */
    void (*ready)(void *arg, const char *url, const char *others);
    void *arg;
    const char *const *hosts; /* names that a request to loopback may call us by, */
    size_t hosts_count;       /* beside those of the loopback */
    bool ui;                  /* pages for people at "/" and below "/ui/" */
};

/*
 * Serves until cancelled, then returns 0. Images are served under the repository part of their
 * reference (host left out) and, when it is a valid repository, their lower-case name; tags are
 * their versions and the reference's tag. index.json is read again when it changes. HTTP/1.1
 * keep-alive; GET and HEAD of /v2/, manifests by tag and digest, blobs with one Range, ETag and
 * If-None-Match (304), If-Range; tags/list and _catalog with n and last and Link; referrers with
 * artifactType; the catalog of what is served at /_cprov/catalog.json; errors as the spec's JSON;
 * everything else 404 or 405. On loopback a Host that is none of the loopback's, nor of hosts, gets
 * 421. Nothing but committed blobs and manifests that an index names is ever
 * read. A blob is served in a repository only when an image of that repository names it.
 * CPROV_EINVAL (listen), CPROV_EINUSE (address), CPROV_EREFUSED (certificate files). Spec:
 * distribution-spec v1.1.
 */
CPROV_MUST_CHECK
int cprov_serve_run(const struct cprov_serve_setup *request, struct cprov_error *err);

#endif
