/* registry/blob_queue.h - blobs to be fetched, some at once, large ones in several parts. */
#ifndef CPROV_REGISTRY_BLOB_QUEUE_H
#define CPROV_REGISTRY_BLOB_QUEUE_H

#include "base/compiler.h"
#include "registry/blob_request.h"

struct cprov_client;
struct cprov_error;

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

#endif
