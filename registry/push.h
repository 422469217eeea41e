/* registry/push.h - blobs put into a repository. */
#ifndef CPROV_REGISTRY_PUSH_H
#define CPROV_REGISTRY_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"
#include "manifest/descriptor.h"
#include "manifest/reference.h"
#include "net/http.h"

struct cprov_client;
struct cprov_error;

/*
 * Operations like those of registry/client.h: started with a callback, run by cprov_client_run().
 * Tokens are asked for "pull,push". Spec: OCI distribution-spec v1.1, "Push".
 */

/* Whether the repository has the blob: one HEAD. `there` counts when code is 0. */
typedef void cprov_has_blob_fn(void *arg, int code, bool there, const struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_client_has_blob(struct cprov_client *c, const struct cprov_reference *ref,
                          const struct cprov_descriptor *descriptor, cprov_has_blob_fn *done,
                          void *arg, struct cprov_error *err);

struct cprov_blob_push {
    const struct cprov_reference *ref;         /* host and repository; copied */
    const struct cprov_descriptor *descriptor; /* digest and size: of exactly the content */
    struct cprov_http_upload content;          /* stays until done; its length is not looked at */
    /* existed: the repository had it already, nothing was sent. */
    void (*done)(void *arg, int code, bool existed, const struct cprov_error *err);
    void *arg;
};
/*
 * HEAD, POST, then PUT of the whole to where the answer leads: a path, or a URL whose query is
 * kept; at another origin than the registry's never with a login. When the upload is lost on the
 * way (no connection, 404, 416, and the statuses of registry/retry.h) everything begins anew after
 * a back-off, as often as the client repeats a request. What is refused as too large (413) is sent
 * in pieces by PATCH, of CPROV_UPLOAD_CHUNK bytes or what OCI-Chunk-Min-Length wants, and goes on
 * after a fault where the server has got to. CPROV_EVERIFY: the server says that it has got
 * something else.
 */
CPROV_MUST_CHECK
int cprov_client_push_blob(struct cprov_client *c, const struct cprov_blob_push *push,
                           struct cprov_error *err);

#endif
