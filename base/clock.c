/* base/clock.c - dates by arithmetic on days, so that no time zone and no locale comes in. */
#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/compiler.h"
#include "base/error.h"

#define DAY_SECONDS 86400
#define WEEK_HOURS  (INT64_C(24) * 7)
#define MONTH_HOURS (INT64_C(24) * 30)
#define YEAR_HOURS  (INT64_C(24) * 365)

struct date {
    int64_t year;
    unsigned month; /* 1..12 */
    unsigned day;   /* 1..31 */
    unsigned hour, minute, second;
};

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const weekdays[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday" };

int64_t cprov_clock_ms(void)
{
    struct timespec now = { 0 };

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t cprov_time_now(void)
{
    struct timespec now = { 0 };

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}

/* Floor division; b > 0. */
static int64_t divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

/* Howard Hinnant's days_from_civil: years begin in March, so that the leap day is their last. */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = divide(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

/* civil_from_days of the same. */
static struct date date_from_days(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = divide(z, 146097);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153; /* month, March is 0 */
    unsigned month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);

    return (struct date){ .year = year_of_era + era * 400 + (month <= 2 ? 1 : 0),
                          .month = month,
                          .day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1) };
}

int cprov_time_of_making(int64_t *out, bool *fixed, struct cprov_error *err)
{
    const char *given = getenv("SOURCE_DATE_EPOCH");
    uint64_t seconds = 0;

    *fixed = given && *given;
    if (*fixed && (!cprov_span_u64(cprov_span_of(given), &seconds) || seconds > INT32_MAX * 64ll))
        return cprov_fail(err, CPROV_EINVAL, "SOURCE_DATE_EPOCH is not a number of seconds");
    *out = *fixed ? (int64_t)seconds : cprov_time_now();
    return 0;
}

const char *cprov_time_format(int64_t t, char buf[CPROV_TIME_TEXT_MAX])
{
    int64_t days = divide(t, DAY_SECONDS);
    unsigned left = (unsigned)(t - days * DAY_SECONDS);
    struct date d = date_from_days(days);

    snprintf(buf, CPROV_TIME_TEXT_MAX, "%04" PRId64 "-%02u-%02uT%02u:%02u:%02uZ", d.year, d.month,
             d.day, left / 3600, left / 60 % 60, left % 60);
    return buf;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool date_to_time(const struct date *d, int64_t *out)
{
    static const unsigned char lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    if (d->month < 1 || d->month > 12 || d->day < 1)
        return false;
    unsigned last = lengths[d->month - 1] + (d->month == 2 && is_leap(d->year) ? 1u : 0u);
    if (d->day > last)
        return false;
    /* 60 is a leap second: the first of the next minute, as POSIX counts. */
    if (d->hour > 23 || d->minute > 59 || d->second > 60)
        return false;
    *out = days_from_date(d->year, d->month, d->day) * DAY_SECONDS + (int64_t)d->hour * 3600 +
           (int64_t)d->minute * 60 + d->second;
    return true;
}

static bool take_char(struct cprov_span *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    *s = cprov_span_from(*s, 1);
    return true;
}

/* Exactly `count` digits. */
static bool take_number(struct cprov_span *s, size_t count, unsigned *out)
{
    unsigned n = 0;

    if (s->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!cprov_is_digit(s->ptr[i]))
            return false;
        n = n * 10 + (unsigned)(s->ptr[i] - '0');
    }
    *s = cprov_span_from(*s, count);
    *out = n;
    return true;
}

static bool take_clock(struct cprov_span *s, struct date *d)
{
    return take_number(s, 2, &d->hour) && take_char(s, ':') && take_number(s, 2, &d->minute) &&
           take_char(s, ':') && take_number(s, 2, &d->second);
}

/* ".123", as long as you like; there is none at all when there is no '.'. */
static bool take_fraction(struct cprov_span *s)
{
    size_t n = 0;

    if (!take_char(s, '.'))
        return true;
    while (n < s->len && cprov_is_digit(s->ptr[n]))
        n++;
    *s = cprov_span_from(*s, n);
    return n > 0;
}

/* "Z" or "+01:30"; *offset in seconds east. */
static bool take_offset(struct cprov_span *s, int64_t *offset)
{
    unsigned hours, minutes;

    if (take_char(s, 'Z') || take_char(s, 'z')) {
        *offset = 0;
        return true;
    }
    int sign = take_char(s, '+') ? 1 : take_char(s, '-') ? -1 : 0;
    if (sign == 0 || !take_number(s, 2, &hours) || !take_char(s, ':') ||
        !take_number(s, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset = sign * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
    return true;
}

bool cprov_time_parse(struct cprov_span text, int64_t *out)
{
    struct date d = { 0 };
    unsigned year;
    int64_t offset, t;

    if (!take_number(&text, 4, &year) || !take_char(&text, '-') ||
        !take_number(&text, 2, &d.month) || !take_char(&text, '-') ||
        !take_number(&text, 2, &d.day))
        return false;
    if (!take_char(&text, 'T') && !take_char(&text, 't') && !take_char(&text, ' '))
        return false;
    if (!take_clock(&text, &d) || !take_fraction(&text) || !take_offset(&text, &offset) ||
        text.len > 0)
        return false;
    d.year = year;
    if (!date_to_time(&d, &t))
        return false;
    *out = t - offset;
    return true;
}

static bool take_month(struct cprov_span *s, unsigned *out)
{
    for (unsigned i = 0; i < CPROV_COUNT(months); i++) {
        if (cprov_span_starts_with(*s, months[i])) {
            *s = cprov_span_from(*s, 3);
            *out = i + 1;
            return true;
        }
    }
    return false;
}

/* A weekday's name in full or its first three letters; which one does not matter. */
static bool take_weekday(struct cprov_span *s, bool full)
{
    for (size_t i = 0; i < CPROV_COUNT(weekdays); i++) {
        struct cprov_span name = cprov_span_of(weekdays[i]);

        if (!full)
            name.len = 3;
        if (s->len >= name.len && memcmp(s->ptr, name.ptr, name.len) == 0) {
            *s = cprov_span_from(*s, name.len);
            return true;
        }
    }
    return false;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool parse_imf(struct cprov_span s, struct date *d)
{
    unsigned year;

    if (!take_weekday(&s, false) || !take_char(&s, ',') || !take_char(&s, ' ') ||
        !take_number(&s, 2, &d->day) || !take_char(&s, ' ') || !take_month(&s, &d->month) ||
        !take_char(&s, ' ') || !take_number(&s, 4, &year) || !take_char(&s, ' ') ||
        !take_clock(&s, d))
        return false;
    d->year = year;
    return cprov_span_is(s, " GMT");
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool parse_rfc850(struct cprov_span s, struct date *d)
{
    unsigned year;

    if (!take_weekday(&s, true) || !take_char(&s, ',') || !take_char(&s, ' ') ||
        !take_number(&s, 2, &d->day) || !take_char(&s, '-') || !take_month(&s, &d->month) ||
        !take_char(&s, '-') || !take_number(&s, 2, &year) || !take_char(&s, ' ') ||
        !take_clock(&s, d))
        return false;
    /* RFC 9110: more than 50 years ahead means the last year with these digits. */
    int64_t now = date_from_days(divide(cprov_time_now(), DAY_SECONDS)).year;
    d->year = now - now % 100 + year;
    if (d->year > now + 50)
        d->year -= 100;
    return cprov_span_is(s, " GMT");
}

/* "Sun Nov  6 08:49:37 1994" */
static bool parse_asctime(struct cprov_span s, struct date *d)
{
    unsigned year;

    if (!take_weekday(&s, false) || !take_char(&s, ' ') || !take_month(&s, &d->month) ||
        !take_char(&s, ' ') || !take_number(&s, take_char(&s, ' ') ? 1 : 2, &d->day) ||
        !take_char(&s, ' ') || !take_clock(&s, d) || !take_char(&s, ' ') ||
        !take_number(&s, 4, &year))
        return false;
    d->year = year;
    return s.len == 0;
}

bool cprov_time_parse_http(struct cprov_span text, int64_t *out)
{
    struct date d = { 0 };

    if (!parse_imf(text, &d) && !parse_rfc850(text, &d) && !parse_asctime(text, &d))
        return false;
    return date_to_time(&d, out);
}

static const char *age_words(int64_t seconds, int64_t hours)
{
    if (seconds < 1)
        return "Less than a second ago";
    if (seconds == 1)
        return "1 second ago";
    if (seconds / 60 == 1)
        return "About a minute ago";
    if (seconds >= 3600 && hours == 1)
        return "About an hour ago";
    return NULL;
}

/* The steps of HumanDuration() in Docker's go-units. */
const char *cprov_time_age(int64_t seconds, char buf[CPROV_AGE_TEXT_MAX])
{
    /* To the nearest hour; only years are counted from whole ones. */
    int64_t hours = seconds / 3600 + (seconds % 3600 >= 1800 ? 1 : 0);
    const struct {
        bool here;
        int64_t count;
        const char *unit;
    } steps[] = {
        { seconds < 60, seconds, "seconds" },
        { seconds < 3600, seconds / 60, "minutes" },
        { hours < 48, hours, "hours" },
        { hours < 2 * WEEK_HOURS, hours / 24, "days" },
        { hours < 2 * MONTH_HOURS, hours / WEEK_HOURS, "weeks" },
        { hours < 2 * YEAR_HOURS, hours / MONTH_HOURS, "months" },
        { true, seconds / 3600 / YEAR_HOURS, "years" },
    };
    const char *words = age_words(seconds, hours);
    size_t i = 0;

    if (words) {
        snprintf(buf, CPROV_AGE_TEXT_MAX, "%s", words);
        return buf;
    }
    while (!steps[i].here)
        i++;
    snprintf(buf, CPROV_AGE_TEXT_MAX, "%" PRId64 " %s ago", steps[i].count, steps[i].unit);
    return buf;
}
