/* conf/quantity.h - sizes and durations as people write them. */
#ifndef CPROV_CONF_QUANTITY_H
#define CPROV_CONF_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* "500k", "32M", "1G", "2T" (powers of 1024, either case) or plain bytes. False and *out untouched
 * when it is nothing of that or does not fit. */
bool cprov_quantity_bytes(struct cprov_span text, uint64_t *out);

/* "500ms", "20s", "2m", "1h" or plain seconds, in milliseconds. */
bool cprov_quantity_ms(struct cprov_span text, uint64_t *out);

#endif
