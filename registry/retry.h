/* registry/retry.h - which failures are worth another try, and when. */
#ifndef CPROV_REGISTRY_RETRY_H
#define CPROV_REGISTRY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/* 408, 425, 429, 499, 500, 502, 503, 504, 522, 524. */
bool cprov_retry_status(int http);

/*
 * Whether the answer to a request with a Range may mean that the server knows no ranges: any status
 * from 400 on but 401, which asks who we are. The same without the Range is then worth one try.
 */
bool cprov_range_refused(int http);

/* Milliseconds that a Retry-After value asks for (seconds or an HTTP date, against now = seconds
 * since 1970); -1 when unreadable; a date in the past is 0. Not capped. */
int64_t cprov_retry_after_ms(struct cprov_span value, int64_t now);

/* Back-off before try n (1 is the first repetition): doubles from CPROV_RETRY_FIRST_MS to
 * CPROV_RETRY_MAX_MS, with jitter: random is any number, half of the step is added by it. */
int64_t cprov_retry_backoff_ms(unsigned n, uint32_t random);

#endif
