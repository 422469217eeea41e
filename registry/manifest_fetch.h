/* registry/manifest_fetch.h - manifests by GET and HEAD, compared with what was asked for. */
#ifndef CPROV_REGISTRY_MANIFEST_FETCH_H
#define CPROV_REGISTRY_MANIFEST_FETCH_H

#include "base/compiler.h"
#include "manifest/descriptor.h"
#include "manifest/manifest.h"
#include "manifest/reference.h"

struct cprov_client;
struct cprov_error;

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

#endif
