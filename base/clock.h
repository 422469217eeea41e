/* base/clock.h - time: monotonic for measuring, RFC 3339 for records. */
#ifndef CPROV_BASE_CLOCK_H
#define CPROV_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"

int64_t cprov_clock_ms(void); /* monotonic */
int64_t cprov_time_now(void); /* seconds since 1970; SOURCE_DATE_EPOCH does not change it */

struct cprov_error;
/* Of a document that is made: now, or (*fixed) the seconds in SOURCE_DATE_EPOCH. CPROV_EINVAL: it
 * has no number. */
CPROV_MUST_CHECK
int cprov_time_of_making(int64_t *out, bool *fixed, struct cprov_error *err);

#define CPROV_TIME_TEXT_MAX 32

/* "2026-11-23T17:52:00Z"; buf is returned. */
const char *cprov_time_format(int64_t t, char buf[CPROV_TIME_TEXT_MAX]);
/* RFC 3339 with any offset and fraction; false when it is none. */
bool cprov_time_parse(struct cprov_span text, int64_t *out);
/* The three date forms of HTTP (RFC 9110, 5.6.7), GMT only. */
bool cprov_time_parse_http(struct cprov_span text, int64_t *out);

#define CPROV_AGE_TEXT_MAX 32
/* Docker's words: "About a minute ago", "2 weeks ago". */
const char *cprov_time_age(int64_t seconds, char buf[CPROV_AGE_TEXT_MAX]);

#endif
