/* registry/retry.c - which failures are worth another try, and when. */
#include "registry/retry.h"

#include "base/clock.h"
#include "base/compiler.h"
#include "base/limits.h"

bool cprov_retry_status(int http)
{
    static const int worth[] = { 408, 425, 429, 499, 500, 502, 503, 504, 522, 524 };

    for (size_t i = 0; i < CPROV_COUNT(worth); i++)
        if (worth[i] == http)
            return true;
    return false;
}

bool cprov_range_refused(int http)
{
    return http >= 400 && http != 401;
}

int64_t cprov_retry_after_ms(struct cprov_span value, int64_t now)
{
    uint64_t seconds;
    int64_t when;

    value = cprov_span_trim(value);
    if (cprov_span_u64(value, &seconds))
        return seconds > INT64_MAX / 1000 ? INT64_MAX : (int64_t)seconds * 1000;
    if (!cprov_time_parse_http(value, &when))
        return -1;
    if (when <= now)
        return 0;
    return when - now > INT64_MAX / 1000 ? INT64_MAX : (when - now) * 1000;
}

int64_t cprov_retry_backoff_ms(unsigned n, uint32_t random)
{
    int64_t step = CPROV_RETRY_FIRST_MS;

    for (unsigned i = 1; i < n && step < CPROV_RETRY_MAX_MS; i++)
        step *= 2;
    if (step > CPROV_RETRY_MAX_MS)
        step = CPROV_RETRY_MAX_MS;
    return step + (int64_t)random * (step / 2) / UINT32_MAX;
}
