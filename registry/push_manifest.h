/* registry/push_manifest.h - a manifest put into a repository, by tag or digest. */
#ifndef CPROV_REGISTRY_PUSH_MANIFEST_H
#define CPROV_REGISTRY_PUSH_MANIFEST_H

#include "base/compiler.h"
#include "base/span.h"
#include "manifest/digest.h"
#include "manifest/reference.h"

struct cprov_client;
struct cprov_error;

/* digest is that of the bytes, and what the server calls them where it says so. */
typedef void cprov_push_manifest_fn(void *arg, int code, const struct cprov_digest *digest,
                                    const struct cprov_error *err);
/*
 * PUT by tag; by digest when ref has no tag, which must then be that of the bytes; "latest" when it
 * has neither. Everything the manifest names must be there already. bytes stay until done.
 * CPROV_EVERIFY: the server has stored something else.
 */
CPROV_MUST_CHECK
int cprov_client_push_manifest(struct cprov_client *c, const struct cprov_reference *ref,
                               const char *media_type, struct cprov_span bytes,
                               cprov_push_manifest_fn *done, void *arg, struct cprov_error *err);

#endif
