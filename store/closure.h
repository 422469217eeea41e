/* store/closure.h - all blobs that images need. */
#ifndef CPROV_STORE_CLOSURE_H
#define CPROV_STORE_CLOSURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "manifest/descriptor.h"
#include "store/digest_set.h"
#include "store/store.h"

struct cprov_error;

struct cprov_closure_blob {
    uint64_t size;
    bool is_document; /* manifest, index or config: small */
};

/* {0} is empty. */
struct cprov_closure {
    struct cprov_digest_set digests;
    struct cprov_closure_blob *blobs; /* by the digest's number */
    size_t room;
    uint64_t bytes; /* of all */
};

void cprov_closure_clear(struct cprov_closure *c);
#define auto_closure CPROV_CLEANUP(cprov_closure_clear)

/* Adds the blob and, when it is a manifest or an index of the store, what it names. */
CPROV_MUST_CHECK
int cprov_closure_add(struct cprov_closure *c, struct cprov_store *s,
                      const struct cprov_descriptor *d, struct cprov_error *err);

#endif
