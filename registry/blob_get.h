/* registry/blob_get.h - a small blob into memory. */
#ifndef CPROV_REGISTRY_BLOB_GET_H
#define CPROV_REGISTRY_BLOB_GET_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/span.h"
#include "manifest/descriptor.h"
#include "manifest/reference.h"

struct cprov_client;
struct cprov_error;

/* A blob of at most max bytes into memory, verified: config documents. bytes are borrowed for the
 * callback. */
CPROV_MUST_CHECK
int cprov_client_get_blob(struct cprov_client *c, const struct cprov_reference *ref,
                          const struct cprov_descriptor *descriptor, size_t max,
                          void (*done)(void *arg, int code, struct cprov_span bytes,
                                       const struct cprov_error *err),
                          void *arg, struct cprov_error *err);

#endif
