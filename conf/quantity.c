/* conf/quantity.c - sizes and durations as people write them. */
#include "conf/quantity.h"

#include "base/compiler.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit bytes[] = {
    { "", 1 }, { "k", 1ull << 10 }, { "M", 1ull << 20 }, { "G", 1ull << 30 }, { "T", 1ull << 40 },
};
static const struct unit milliseconds[] = {
    { "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
};

static bool read(struct cprov_span text, const struct unit *units, size_t count, uint64_t *out)
{
    size_t digits = 0;
    uint64_t number, value;

    while (digits < text.len && cprov_is_digit(text.ptr[digits]))
        digits++;
    if (!cprov_span_u64(cprov_span_make(text.ptr, digits), &number))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!cprov_span_is_nocase(cprov_span_from(text, digits), units[i].name))
            continue;
        if (__builtin_mul_overflow(number, units[i].factor, &value))
            return false;
        *out = value;
        return true;
    }
    return false;
}

bool cprov_quantity_bytes(struct cprov_span text, uint64_t *out)
{
    return read(text, bytes, CPROV_COUNT(bytes), out);
}

bool cprov_quantity_ms(struct cprov_span text, uint64_t *out)
{
    return read(text, milliseconds, CPROV_COUNT(milliseconds), out);
}
