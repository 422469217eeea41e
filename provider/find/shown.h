/* provider/find/shown.h - the references that find has shown, so that each has one row. */
#ifndef CPROV_PROVIDER_FIND_SHOWN_H
#define CPROV_PROVIDER_FIND_SHOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/keyed_hash.h"
#include "catalog/source/source.h"

struct cprov_error;

/*
 * {0} is empty. A reference is known by 64 bits of a hash with a key of its own: of a million, two
 * are taken for one with a chance of one in ten millions. Past CPROV_FIND_SHOWN_MAX none is kept,
 * and the rest has a row for each source.
 */
struct cprov_shown {
    struct cprov_shown_slot {
        uint64_t hash;
        const struct cprov_place *place; /* NULL: the slot is free */
    } * slots;
    size_t slots_count; /* a power of two */
    size_t count;
    struct cprov_hash_key key; /* set with the first slots */
};

void cprov_shown_clear(struct cprov_shown *s);

/*
 * *again: another place has shown this registry, repository and tag for the same wanted name.
 * Files, and images of layouts and archives, are none: there the place tells them apart.
 */
CPROV_MUST_CHECK
int cprov_shown_add(struct cprov_shown *s, size_t wanted, const struct cprov_listing *row,
                    bool *again, struct cprov_error *err);

#endif
