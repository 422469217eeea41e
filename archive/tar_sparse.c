/* archive/tar_sparse.c - where the bytes of a sparse file belong. */
#include <inttypes.h>
#include <stdlib.h>

#include "archive/tar_private.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"

#define OLD_FIELD    12 /* bytes of a number in an old GNU extent */
#define DIGITS_MAX   19 /* a number below 2^63 */
#define NO_COUNT_YET UINT64_MAX

void cprov_tar_map_clear(struct cprov_tar_map *m)
{
    free(m->list);
    *m = (struct cprov_tar_map){ .list = NULL };
}

void cprov_tar_map_reset(struct cprov_tar_map *m)
{
    m->count = 0;
    m->half = false;
    m->number = 0;
    m->digits = 0;
    m->expect = NO_COUNT_YET;
}

int cprov_tar_map_number(struct cprov_tar_map *m, uint64_t n, struct cprov_error *err)
{
    if (m->half) {
        m->list[m->count - 1].len = n;
        m->half = false;
        return 0;
    }
    if (m->count >= CPROV_TAR_EXTENTS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "a sparse file has more than %d extents",
                          CPROV_TAR_EXTENTS_MAX);
    if (cprov_grow(&m->list, &m->room, m->count, sizeof(*m->list), CPROV_TAR_EXTENTS_MAX, err) < 0)
        return err->code;
    m->list[m->count++] = (struct cprov_tar_extent){ .offset = n };
    m->half = true;
    return 0;
}

int cprov_tar_map_list(struct cprov_tar_map *m, struct cprov_span text, struct cprov_error *err)
{
    struct cprov_span item;
    uint64_t n;

    cprov_tar_map_reset(m);
    while (text.len > 0 && cprov_span_next(&text, ',', &item)) {
        if (!cprov_span_u64(item, &n))
            return cprov_fail(err, CPROV_EVERIFY, "the map of a sparse file is malformed");
        if (cprov_tar_map_number(m, n, err) < 0)
            return err->code;
    }
    return 0;
}

int cprov_tar_map_old(struct cprov_tar_map *m, const uint8_t *extents, size_t count,
                      struct cprov_error *err)
{
    for (size_t i = 0; i < 2 * count; i++) {
        const uint8_t *field = extents + i * OLD_FIELD;
        int64_t n;

        if (!m->half && field[0] == '\0')
            return 0; /* the rest is not used */
        if (!cprov_tar_number(field, OLD_FIELD, &n) || n < 0)
            return cprov_fail(err, CPROV_EVERIFY, "the map of a sparse file is malformed");
        if (cprov_tar_map_number(m, (uint64_t)n, err) < 0)
            return err->code;
    }
    return 0;
}

/* The number is complete: the first says how many extents there are. */
static int take_number(struct cprov_tar_map *m, struct cprov_error *err)
{
    uint64_t n = m->number;

    m->number = 0;
    m->digits = 0;
    if (m->expect == NO_COUNT_YET) {
        if (n > CPROV_TAR_EXTENTS_MAX)
            return cprov_fail(err, CPROV_ELIMIT, "a sparse file has more than %d extents",
                              CPROV_TAR_EXTENTS_MAX);
        m->expect = 2 * n;
        return 0;
    }
    m->expect--;
    return cprov_tar_map_number(m, n, err);
}

int cprov_tar_map_block(struct cprov_tar_map *m, const uint8_t block[CPROV_TAR_BLOCK_SIZE],
                        bool *done, struct cprov_error *err)
{
    for (size_t i = 0; i < CPROV_TAR_BLOCK_SIZE && m->expect != 0; i++) {
        if (cprov_is_digit((char)block[i]) && m->digits < DIGITS_MAX) {
            m->number = m->number * 10 + (uint64_t)(block[i] - '0');
            m->digits++;
            continue;
        }
        if (block[i] != '\n' || m->digits == 0)
            return cprov_fail(err, CPROV_EVERIFY, "the map of a sparse file is malformed");
        if (take_number(m, err) < 0)
            return err->code;
    }
    *done = m->expect == 0;
    return 0;
}

int cprov_tar_map_check(const struct cprov_tar_map *m, uint64_t size, uint64_t stored,
                        struct cprov_error *err)
{
    uint64_t end = 0, sum = 0;

    if (m->half)
        return cprov_fail(err, CPROV_EVERIFY, "the map of a sparse file ends in the middle");
    for (size_t i = 0; i < m->count; i++) {
        const struct cprov_tar_extent *e = &m->list[i];

        if (e->offset < end || e->offset > size || e->len > size - e->offset)
            return cprov_fail(err, CPROV_EVERIFY,
                              "extent %zu of a sparse file is out of order or past its end", i);
        end = e->offset + e->len;
        sum += e->len; /* at most size */
    }
    if (sum != stored)
        return cprov_fail(err, CPROV_EVERIFY,
                          "a sparse file stores %" PRIu64 " bytes, its map has %" PRIu64, stored,
                          sum);
    return 0;
}
