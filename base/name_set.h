/* base/name_set.h - which names a layer has made, so that its whiteouts leave them alone. */
#ifndef CPROV_BASE_NAME_SET_H
#define CPROV_BASE_NAME_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/keyed_hash.h"

struct cprov_error;

/*
 * Eight bytes a name: a keyed hash of the directory and the name. That two names share one is as
 * likely as 1 in 2^64 for each pair, and cannot be brought about from outside, as the key is random
 * in each set.
 */
struct cprov_name_set {
    uint64_t *slots; /* 0: free */
    size_t room;     /* a power of two, or 0 */
    size_t count;
    struct cprov_hash_key key;
};

/* {0} is empty and needs cprov_name_set_init() before names are added. */
CPROV_MUST_CHECK
int cprov_name_set_init(struct cprov_name_set *s, struct cprov_error *err);
void cprov_name_set_clear(struct cprov_name_set *s);

CPROV_MUST_CHECK
int cprov_name_set_add(struct cprov_name_set *s, uint64_t dir_id, const char *name,
                       struct cprov_error *err);
bool cprov_name_set_has(const struct cprov_name_set *s, uint64_t dir_id, const char *name);

#endif
