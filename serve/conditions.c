/* serve/conditions.c - the headers that make a request conditional or partial. */
#include "serve/conditions_private.h"

#define UNIT "bytes="

/* Digits that do not fit are past the end of anything. */
static bool position(struct cprov_span text, uint64_t *out)
{
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!cprov_is_digit(text.ptr[i]))
            return false;
    if (!cprov_span_u64(text, out))
        *out = UINT64_MAX;
    return true;
}

static enum cprov_range_kind suffix(struct cprov_span count, uint64_t size, uint64_t *first,
                                    uint64_t *length)
{
    uint64_t n;

    if (!position(count, &n))
        return CPROV_RANGE_WHOLE;
    if (n == 0)
        return CPROV_RANGE_NONE;
    *length = n < size ? n : size;
    *first = size - *length;
    return CPROV_RANGE_PART;
}

enum cprov_range_kind cprov_range_parse(struct cprov_span value, uint64_t size, uint64_t *first,
                                        uint64_t *length)
{
    struct cprov_span begin, end;
    uint64_t a, b = UINT64_MAX;

    value = cprov_span_trim(value);
    size_t unit = sizeof(UNIT) - 1;
    if (size == 0 || value.len < unit ||
        !cprov_span_is_nocase(cprov_span_make(value.ptr, unit), UNIT) ||
        !cprov_span_cut(cprov_span_trim(cprov_span_from(value, unit)), '-', &begin, &end))
        return CPROV_RANGE_WHOLE;
    if (begin.len == 0)
        return suffix(end, size, first, length);
    if (!position(begin, &a) || (end.len > 0 && !position(end, &b)) || b < a)
        return CPROV_RANGE_WHOLE;
    if (a >= size)
        return CPROV_RANGE_NONE;
    *first = a;
    *length = (b < size ? b + 1 : size) - a;
    return CPROV_RANGE_PART;
}

/* Our own tags have no ',' in them, so that splitting a list there cannot make one up. */
bool cprov_etag_listed(struct cprov_span list, struct cprov_span tag, bool weak)
{
    struct cprov_span item;

    if (cprov_span_is(cprov_span_trim(list), "*"))
        return true;
    while (cprov_span_next(&list, ',', &item)) {
        item = cprov_span_trim(item);
        if (weak && cprov_span_starts_with(item, "W/"))
            item = cprov_span_from(item, 2);
        if (item.len == tag.len + 2 && item.ptr[0] == '"' && item.ptr[item.len - 1] == '"' &&
            cprov_span_equal(cprov_span_make(item.ptr + 1, tag.len), tag))
            return true;
    }
    return false;
}
