/* store/layer_caps.h - how much the layers of an image may unpack to: one count for whatever
 * unpacks, lists, exports or checks them. */
#ifndef CPROV_STORE_LAYER_CAPS_H
#define CPROV_STORE_LAYER_CAPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct cprov_error;

/* 0: the default in base/limits.h. CPROV_ELIMIT beyond. */
struct cprov_unpack_limits {
    uint64_t entries; /* members over all layers */
    uint64_t bytes;   /* of file content over all layers */
    uint64_t ratio;   /* unpacked : packed of one layer, once it has unpacked to free_bytes */
    uint64_t free_bytes;
    size_t path_bytes;
};

/* Puts the defaults in. */
void cprov_unpack_limits_fill(struct cprov_unpack_limits *limits);

/* What was counted so far, over all layers. {0} is the beginning. */
struct cprov_unpack_count {
    uint64_t entries, bytes;
};

/* Counts a member of `size` bytes, `stored` of which the layer holds: less where it is sparse. */
CPROV_MUST_CHECK
int cprov_unpack_count_member(const struct cprov_unpack_limits *limits,
                              struct cprov_unpack_count *count, uint64_t stored, uint64_t size,
                              struct cprov_error *err);
/* unpacked: the bytes that came out of a layer of `packed` bytes so far. */
CPROV_MUST_CHECK
int cprov_unpack_check_ratio(const struct cprov_unpack_limits *limits, uint64_t packed,
                             uint64_t unpacked, struct cprov_error *err);

/* Counts a file that is written whole, holes as zeroes: *of_layer is what a layer of `packed` bytes
 * has come to. Of entries nothing is counted. */
CPROV_MUST_CHECK
int cprov_unpack_count_whole(const struct cprov_unpack_limits *limits,
                             struct cprov_unpack_count *count, uint64_t packed, uint64_t *of_layer,
                             uint64_t size, struct cprov_error *err);

#endif
