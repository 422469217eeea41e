/* store/layer_caps.c - members, bytes and the ratio of what layers unpack to. */
#include "store/layer_caps.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/limits.h"

void cprov_unpack_limits_fill(struct cprov_unpack_limits *l)
{
    if (l->entries == 0)
        l->entries = CPROV_UNPACK_ENTRIES;
    if (l->bytes == 0)
        l->bytes = CPROV_UNPACK_BYTES;
    if (l->ratio == 0)
        l->ratio = CPROV_UNPACK_RATIO;
    if (l->free_bytes == 0)
        l->free_bytes = CPROV_UNPACK_FREE;
    if (l->path_bytes == 0 || l->path_bytes > CPROV_UNPACK_PATH)
        l->path_bytes = CPROV_UNPACK_PATH;
}

static int fail_cap(struct cprov_error *err, enum cprov_hint_id hint)
{
    cprov_hint(err, hint);
    return CPROV_ELIMIT;
}

static int fail_bytes(const struct cprov_unpack_limits *limits, struct cprov_error *err)
{
    cprov_fail(err, CPROV_ELIMIT, "the layers decompress to more than %" PRIu64 " bytes",
               limits->bytes);
    return fail_cap(err, CPROV_HINT_RAISE_SIZE);
}

int cprov_unpack_count_member(const struct cprov_unpack_limits *limits,
                              struct cprov_unpack_count *count, uint64_t stored, uint64_t size,
                              struct cprov_error *err)
{
    if (count->entries >= limits->entries) {
        cprov_fail(err, CPROV_ELIMIT, "the layers have more than %" PRIu64 " members",
                   limits->entries);
        return fail_cap(err, CPROV_HINT_RAISE_ENTRIES);
    }
    if (stored > limits->bytes - count->bytes || size > limits->bytes)
        return fail_bytes(limits, err);
    count->entries++;
    count->bytes += stored;
    return 0;
}

int cprov_unpack_check_ratio(const struct cprov_unpack_limits *limits, uint64_t packed,
                             uint64_t unpacked, struct cprov_error *err)
{
    uint64_t most;

    if (__builtin_mul_overflow(packed, limits->ratio, &most) || unpacked <= most ||
        unpacked <= limits->free_bytes)
        return 0;
    cprov_fail(err, CPROV_ELIMIT,
               "the layer decompresses to more than %" PRIu64 " times its %" PRIu64 " bytes",
               limits->ratio, packed);
    return fail_cap(err, CPROV_HINT_RAISE_RATIO);
}

int cprov_unpack_count_whole(const struct cprov_unpack_limits *limits,
                             struct cprov_unpack_count *count, uint64_t packed, uint64_t *of_layer,
                             uint64_t size, struct cprov_error *err)
{
    if (size > limits->bytes - count->bytes)
        return fail_bytes(limits, err);
    count->bytes += size;
    *of_layer += size;
    return cprov_unpack_check_ratio(limits, packed, *of_layer, err);
}
