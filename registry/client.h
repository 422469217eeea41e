/* registry/client.h - speaking to OCI registries: manifests, blobs, tags, catalog, referrers. */
#ifndef CPROV_REGISTRY_CLIENT_H
#define CPROV_REGISTRY_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/secrets.h"
#include "base/span.h"
#include "manifest/descriptor.h"
#include "manifest/manifest.h"
#include "manifest/reference.h"
#include "net/http.h"
#include "registry/auth_private.h"

struct cprov_error;

/*
 * One client serves many registries; it keeps connections, tokens and back-off state. One thread.
 * Every operation is started with a callback and runs inside cprov_client_run(); callbacks may
 * start more operations. Every step is retried with back-off (registry/retry.h), redirects are
 * followed by one policy: at most CPROV_REDIRECTS_MAX, no loop, never https to http, never from a
 * public host to a private address, and Authorization is left behind when the origin changes.
 */
struct cprov_client;

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

CPROV_MUST_CHECK
int cprov_client_new(const struct cprov_client_options *options, struct cprov_client **out,
                     struct cprov_error *err);
void cprov_client_free(struct cprov_client *c);
CPROV_DEFINE_CLEANUP(struct cprov_client, cprov_client, cprov_client_free)
#define auto_client CPROV_CLEANUP(cprov_client_cleanup)

const char *cprov_client_withheld(const struct cprov_client *c, const char *host); /* auth.h */
/* Runs until every started operation has called back; or until *until (may be NULL) is true.
 * CPROV_ECANCELLED when cancelled. */
CPROV_MUST_CHECK
int cprov_client_run(struct cprov_client *c, const bool *until, struct cprov_error *err);

/* Whether a host is a private place: it is written so, or has answered from a private address. */
bool cprov_client_is_private(const struct cprov_client *c, const char *host);
uint64_t cprov_client_requests(const struct cprov_client *c);

/*
 * Host names: docker.io is reached at registry-1.docker.io. Loopback hosts are tried by plain HTTP
 * first unless settings give `api`: https when the http answer is not HTTP ("client sent an HTTP
 * request to an HTTPS server" also counts).
 */

/* --- manifests --- */

/* A manifest whose bytes have the digest below: the one asked for, or (by tag) computed here and
 * equal to Docker-Content-Digest when the server sent one. Free with cprov_manifest_free(). */
struct cprov_manifest_answer {
    struct cprov_manifest *manifest; /* NULL for HEAD */
    struct cprov_descriptor
        descriptor; /* type, digest, size; media_type lives until the callback returns */
};
typedef void cprov_manifest_fn(void *arg, int code, struct cprov_manifest_answer *answer,
                               const struct cprov_error *err);

/* GETs ref (digest if it has one, else tag, else "latest"). The callback may steal
 * answer->manifest. `want` (may be NULL) is the descriptor from an index: its size and type are
 * compared as well. CPROV_ENOTFOUND, CPROV_EVERIFY, CPROV_EAUTH, CPROV_ENETWORK. */
CPROV_MUST_CHECK
int cprov_client_get_manifest(struct cprov_client *c, const struct cprov_reference *ref,
                              const struct cprov_descriptor *want, cprov_manifest_fn *done,
                              void *arg, struct cprov_error *err);
/* HEAD; falls to GET where HEAD is refused, with whatever status, or lacks digest or type. One
 * request where HEAD works, and no pull quota. */
CPROV_MUST_CHECK
int cprov_client_head_manifest(struct cprov_client *c, const struct cprov_reference *ref,
                               cprov_manifest_fn *done, void *arg, struct cprov_error *err);

/* --- blobs --- */

/*
 * Where the bytes go. write() gets each byte of the blob once, in ascending order within a range,
 * several ranges interleaved; restart() says that everything written so far is void; validator()
 * gives the ETag of what comes, to be kept for a later resume. A negative code ends the operation
 * with it.
 */
struct cprov_blob_sink {
    int (*write)(void *arg, uint64_t offset, const void *data, size_t len, struct cprov_error *err);
    int (*restart)(void *arg, struct cprov_error *err);
    int (*validator)(void *arg, struct cprov_span etag, struct cprov_error *err);
    void *arg;
};

struct cprov_blob_request {
    const struct cprov_reference *ref;         /* host and repository */
    const struct cprov_descriptor *descriptor; /* size, digest, urls; copied but for its texts,
                                                  which must outlive the operation */
    uint64_t have;                             /* bytes 0..have are there already */
    const char *etag;                          /* of those bytes, or NULL */
    bool in_order;                             /* one range after the other: the sink reads along */
    struct cprov_blob_sink sink;
    /* code 0: exactly descriptor->size bytes were written. The sink's owner compares the digest. */
    void (*done)(void *arg, int code, const struct cprov_error *err);
};
/*
 * Queued; CPROV_PARALLEL run at once. Resumes with Range and If-Range within the run after every
 * fault; a 200 to a Range request, a changed ETag or a wrong Content-Range restarts. A length other
 * than descriptor->size is CPROV_EVERIFY at once. Foreign layers: the registry first, then each of
 * `urls` (https only, or http where the registry itself is plain; never with Authorization). A ref
 * without a repository: no registry is asked, the blob is the file at the urls.
 */
CPROV_MUST_CHECK
int cprov_client_fetch_blob(struct cprov_client *c, const struct cprov_blob_request *request,
                            struct cprov_error *err);

/* A blob of at most max bytes into memory, verified: config documents. bytes are borrowed for the
 * callback. */
CPROV_MUST_CHECK
int cprov_client_get_blob(struct cprov_client *c, const struct cprov_reference *ref,
                          const struct cprov_descriptor *descriptor, size_t max,
                          void (*done)(void *arg, int code, struct cprov_span bytes,
                                       const struct cprov_error *err),
                          void *arg, struct cprov_error *err);

/* --- listings --- */

/*
 * entry() is called for each name as pages arrive (valid names only; others are dropped and
 * counted), done() once. Paging by Link in every form, same origin only, at most
 * CPROV_LIST_PAGES_MAX pages, a repeated cursor ends with CPROV_EVERIFY. null lists are empty.
 * entry returns false to stop early (done with 0).
 */
struct cprov_list_request {
    bool (*entry)(void *arg, const char *name);
    void (*done)(void *arg, int code, size_t dropped, const struct cprov_error *err);
    void *arg;
};
CPROV_MUST_CHECK
int cprov_client_list_tags(struct cprov_client *c, const struct cprov_reference *ref,
                           const struct cprov_list_request *request, struct cprov_error *err);
/* Only the host of ref counts. */
CPROV_MUST_CHECK
int cprov_client_list_repositories(struct cprov_client *c, const struct cprov_reference *ref,
                                   const struct cprov_list_request *request,
                                   struct cprov_error *err);

/*
 * Referrers of ref's digest: the API, else the fallback tag. answer->manifest is the index (empty
 * when there are none). artifact_type filters (NULL: all), here too when the server did not.
 */
CPROV_MUST_CHECK
int cprov_client_get_referrers(struct cprov_client *c, const struct cprov_reference *ref,
                               const char *artifact_type, cprov_manifest_fn *done, void *arg,
                               struct cprov_error *err);

/* Whether the host answers as a registry, and whether it takes the login that credentials give: GET
 * /v2/. For register-source and login. CPROV_EAUTH when the login is refused; done also gets 0 for
 * a registry that demands a login when none is known and need_login is false. */
CPROV_MUST_CHECK
int cprov_client_ping(struct cprov_client *c, const char *host, bool need_login,
                      void (*done)(void *arg, int code, const struct cprov_error *err), void *arg,
                      struct cprov_error *err);

#endif
