/* base/grow.h - lists that grow by one item at a time. */
#ifndef CPROV_BASE_GROW_H
#define CPROV_BASE_GROW_H

#include <stddef.h>

#include "base/compiler.h"

struct cprov_error;

/* The cap of lists that have none of their own: what they are made from is capped. */
#define CPROV_LIST_MAX ((size_t)1 << 26)

/*
 * Room for one item after the first count ones, of `size` bytes each. `list` is the address of a
 * pointer to items, which moves when room is short; the items behind count are not zeroed. On
 * failure everything is as it was: CPROV_ENOMEM, or CPROV_ELIMIT when there are max items.
 */
CPROV_MUST_CHECK
int cprov_grow(void *list, size_t *room, size_t count, size_t size, size_t max,
               struct cprov_error *err);

#endif
