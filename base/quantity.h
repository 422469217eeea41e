/* base/quantity.h - amounts as people write them, on the command line and in documents. */
#ifndef CPROV_BASE_QUANTITY_H
#define CPROV_BASE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/*
 * A number, then a unit in either case without a blank between: "500", "1.5G", "7d". Up to three
 * decimals may divide a unit that is larger than 1.
 */
enum cprov_quantity_kind {
    CPROV_QUANTITY_COUNT, /* k, M, G, T: powers of 1024 */
    CPROV_QUANTITY_SIZE,  /* bytes; the same, also as K, KB, Ki or KiB */
    CPROV_QUANTITY_RATE,  /* bytes a second: a size, which may end in "/s" */
    CPROV_QUANTITY_TIME,  /* milliseconds; ms, s, m, h, d, w, and without a unit seconds */
};

/* What is wanted somewhere: both ends belong to it. */
struct cprov_quantity {
    enum cprov_quantity_kind kind;
    uint64_t least, most;
};

/* False, and *out untouched: the text is no such quantity, or one outside of the range. */
bool cprov_quantity_read(const struct cprov_quantity *wanted, struct cprov_span text,
                         uint64_t *out);

#define CPROV_QUANTITY_TEXT_MAX     24 /* with the NUL */
#define CPROV_QUANTITY_EXPECTED_MAX 96

/* The shortest exact text, which reads back as the value: "4M", "30s", "250". Returns buf. */
const char *cprov_quantity_format(enum cprov_quantity_kind kind, uint64_t value,
                                  char buf[CPROV_QUANTITY_TEXT_MAX]);

/* For messages: "a time from 1ms to 1d, such as 500ms, 30s or 2h". Returns buf. */
const char *cprov_quantity_expected(const struct cprov_quantity *wanted,
                                    char buf[CPROV_QUANTITY_EXPECTED_MAX]);

#endif
