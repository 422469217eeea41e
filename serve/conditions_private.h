/* serve/conditions_private.h - the headers that make a request conditional or partial; pure. */
#ifndef CPROV_SERVE_CONDITIONS_PRIVATE_H
#define CPROV_SERVE_CONDITIONS_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum cprov_range_kind {
    CPROV_RANGE_WHOLE, /* no range, none that we understand, or several: all of it, 200 */
    CPROV_RANGE_PART,  /* 206 */
    CPROV_RANGE_NONE,  /* begins past the end: 416 */
};

/*
 * Reads the value of a Range header against a representation of `size` bytes: "bytes=a-b", "a-",
 * "-n". first and length are written for CPROV_RANGE_PART alone; length > 0 and first + length ≤
 * size. An empty representation is always sent whole, as some clients put a Range into every
 * request. Spec: RFC 9110, 14.1.2, 14.2.
 */
enum cprov_range_kind cprov_range_parse(struct cprov_span value, uint64_t size, uint64_t *first,
                                        uint64_t *length);

/*
 * Whether a list of entity tags (If-Match, If-None-Match) holds "tag", given without its quotes;
 * "*" holds every tag. weak: W/"tag" counts too. Spec: RFC 9110, 8.8.3, 13.1.
 */
bool cprov_etag_listed(struct cprov_span list, struct cprov_span tag, bool weak);

#endif
