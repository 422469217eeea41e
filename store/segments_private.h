/* store/segments_private.h - which bytes of a file are there: a prefix, and pieces further on. */
#ifndef CPROV_STORE_SEGMENTS_PRIVATE_H
#define CPROV_STORE_SEGMENTS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct cprov_error;

#define CPROV_SEGMENTS_MAX 64

struct cprov_segment {
    uint64_t begin, end; /* end is the first byte not in it */
};

/* {0} has no bytes. */
struct cprov_segments {
    uint64_t prefix; /* bytes from 0 on without a hole */
    size_t count;
    struct cprov_segment list[CPROV_SEGMENTS_MAX]; /* sorted, apart from each other, past prefix */
};

/* Adds the bytes [begin, end); what is there already counts once. Nothing changes on failure:
 * CPROV_ELIMIT when they would be the 65th piece. */
CPROV_MUST_CHECK
int cprov_segments_add(struct cprov_segments *s, uint64_t begin, uint64_t end,
                       struct cprov_error *err);

#endif
