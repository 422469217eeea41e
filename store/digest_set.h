/* store/digest_set.h - a set of digests that numbers them in the order in which they came. */
#ifndef CPROV_STORE_DIGEST_SET_H
#define CPROV_STORE_DIGEST_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/hash_table.h"
#include "manifest/digest.h"

struct cprov_error;

/* {0} is the empty set. */
struct cprov_digest_set {
    struct cprov_digest *list;
    size_t count;
    size_t room;
    struct cprov_hash_table table; /* values: index in list plus 1 */
};

void cprov_digest_set_clear(struct cprov_digest_set *s);
#define auto_digest_set CPROV_CLEANUP(cprov_digest_set_clear)

/* *index is the digest's number; *added says whether it is new. */
CPROV_MUST_CHECK
int cprov_digest_set_add(struct cprov_digest_set *s, const struct cprov_digest *d, size_t *index,
                         bool *added, struct cprov_error *err);
/* Whether it is in; *index (may be NULL) is its number then. */
bool cprov_digest_set_find(const struct cprov_digest_set *s, const struct cprov_digest *d,
                           size_t *index);

#endif
