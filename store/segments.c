/* store/segments.c - a short sorted array: downloads interleave a few ranges, never thousands. */
#include "store/segments_private.h"

#include <string.h>

#include "base/error.h"

/* Takes out count pieces from `at` on. */
static void drop(struct cprov_segments *s, size_t at, size_t count)
{
    memmove(&s->list[at], &s->list[at + count], (s->count - at - count) * sizeof(s->list[0]));
    s->count -= count;
}

int cprov_segments_add(struct cprov_segments *s, uint64_t begin, uint64_t end,
                       struct cprov_error *err)
{
    size_t first = 0, last;

    if (begin >= end || end <= s->prefix)
        return 0;
    if (begin <= s->prefix) {
        s->prefix = end;
        while (s->count > 0 && s->list[0].begin <= s->prefix) {
            if (s->list[0].end > s->prefix)
                s->prefix = s->list[0].end;
            drop(s, 0, 1);
        }
        return 0;
    }
    while (first < s->count && s->list[first].end < begin)
        first++;
    for (last = first; last < s->count && s->list[last].begin <= end; last++) {
        begin = begin < s->list[last].begin ? begin : s->list[last].begin;
        end = end > s->list[last].end ? end : s->list[last].end;
    }
    if (last > first) { /* these become one with the new piece */
        drop(s, first + 1, last - first - 1);
    } else {
        if (s->count == CPROV_SEGMENTS_MAX)
            return cprov_fail(err, CPROV_ELIMIT, "more than %d separate ranges at a time",
                              CPROV_SEGMENTS_MAX);
        memmove(&s->list[first + 1], &s->list[first], (s->count - first) * sizeof(s->list[0]));
        s->count++;
    }
    s->list[first] = (struct cprov_segment){ begin, end };
    return 0;
}
