/* registry/referrers.h - what refers to a digest. */
#ifndef CPROV_REGISTRY_REFERRERS_H
#define CPROV_REGISTRY_REFERRERS_H

#include "base/compiler.h"
#include "manifest/reference.h"
#include "registry/manifest_fetch.h"

struct cprov_client;
struct cprov_error;

/*
 * Referrers of ref's digest: the API, else the fallback tag. answer->manifest is the index (empty
 * when there are none). artifact_type filters (NULL: all), here too when the server did not.
 */
CPROV_MUST_CHECK
int cprov_client_get_referrers(struct cprov_client *c, const struct cprov_reference *ref,
                               const char *artifact_type, cprov_manifest_fn *done, void *arg,
                               struct cprov_error *err);

#endif
