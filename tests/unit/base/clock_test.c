/* tests/unit/base/clock_test.c - dates in and out, and Docker's words for an age. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

#define UNTOUCHED 12345

static void format(void **state)
{
    static const struct {
        int64_t t;
        const char *text;
    } table[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { -1, "1969-12-31T23:59:59Z" },
        { 951782400, "2000-02-29T00:00:00Z" },
        { 951868799, "2000-02-29T23:59:59Z" },
        { 1795456320, "2026-11-23T17:52:00Z" },
        { -62135596800, "0001-01-01T00:00:00Z" },
        { 253402300799, "9999-12-31T23:59:59Z" },
        { INT64_MAX, "292277026596-12-04T15:30:07Z" },
        { INT64_MIN, "-292277022657-01-27T08:29:52Z" },
    };
    char buf[CPROV_TIME_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++)
        assert_string_equal(cprov_time_format(table[i].t, buf), table[i].text);
}

/* Every 11th day of eight centuries, there and back. */
static void round_trip(void **state)
{
    char buf[CPROV_TIME_TEXT_MAX];

    (void)state;
    for (int64_t t = -12000000000; t < 13000000000; t += 11 * 86400 + 4001) {
        int64_t back = UNTOUCHED;

        assert_true(cprov_time_parse(cprov_span_of(cprov_time_format(t, buf)), &back));
        assert_true(back == t);
    }
}

static void parse(void **state)
{
    static const struct {
        const char *text;
        int64_t t;
    } table[] = {
        { "2026-11-23T17:52:00Z", 1795456320 },
        { "2026-11-23t17:52:00z", 1795456320 },
        { "2026-11-23 17:52:00Z", 1795456320 },
        { "2026-11-23T17:52:00.123456789Z", 1795456320 },
        { "2026-11-23T19:22:00+01:30", 1795456320 },
        { "2026-11-23T09:52:00.5-08:00", 1795456320 },
        { "2026-11-23T17:52:00-00:00", 1795456320 },
        { "0001-01-01T00:00:00Z", -62135596800 },
        { "0000-01-01T00:00:00Z", -62167219200 },
        { "2016-12-31T23:59:60Z", 1483228800 },
        { "2024-02-29T00:00:00Z", 1709164800 },
    };
    static const char *const refused[] = {
        "",
        "2026-11-23",
        "2026-11-23T17:52:00",
        "2026-11-23T17:52Z",
        "2026-11-23T17:52:00.Z",
        "2026-11-23T17:52:00Zx",
        "2026-11-23T17:52:00+0130",
        "2026-11-23T17:52:00+24:00",
        "2026-11-23T17:52:00+01:60",
        "2026-11-23T24:00:00Z",
        "2026-11-23T17:60:00Z",
        "2026-11-23T17:52:61Z",
        "2026-00-23T17:52:00Z",
        "2026-13-23T17:52:00Z",
        "2026-11-00T17:52:00Z",
        "2026-11-31T17:52:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "26-11-23T17:52:00Z",
        "12026-11-23T17:52:00Z",
        "-026-11-23T17:52:00Z",
        " 2026-11-23T17:52:00Z",
    };
    int64_t t = UNTOUCHED;

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(refused); i++) {
        print_message("%s\n", refused[i]);
        assert_false(cprov_time_parse(cprov_span_of(refused[i]), &t));
        assert_true(t == UNTOUCHED);
    }
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s\n", table[i].text);
        assert_true(cprov_time_parse(cprov_span_of(table[i].text), &t));
        assert_true(t == table[i].t);
    }
}

static void parse_http(void **state)
{
    static const char *const same[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    static const char *const refused[] = {
        "",
        "0",
        "120",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Foo, 06 Nov 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 ",
        "Sun, 06-Nov-94 08:49:37 GMT",
    };
    int64_t t = UNTOUCHED;

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(refused); i++) {
        print_message("%s\n", refused[i]);
        assert_false(cprov_time_parse_http(cprov_span_of(refused[i]), &t));
        assert_true(t == UNTOUCHED);
    }
    for (size_t i = 0; i < CPROV_COUNT(same); i++) {
        print_message("%s\n", same[i]);
        t = UNTOUCHED;
        assert_true(cprov_time_parse_http(cprov_span_of(same[i]), &t));
        assert_true(t == 784111777);
    }
    assert_true(cprov_time_parse_http(cprov_span_of("Tue Nov 15 08:12:31 1994"), &t));
    assert_true(t == 784887151);
    assert_true(cprov_time_parse_http(cprov_span_of("Monday, 23-Nov-26 17:52:00 GMT"), &t));
    assert_true(t == 1795456320);
}

static void age(void **state)
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR, WEEK = 7 * DAY };
    static const struct {
        int64_t seconds;
        const char *text;
    } table[] = {
        { INT64_MIN, "Less than a second ago" },
        { -5, "Less than a second ago" },
        { 0, "Less than a second ago" },
        { 1, "1 second ago" },
        { 2, "2 seconds ago" },
        { 59, "59 seconds ago" },
        { 60, "About a minute ago" },
        { 119, "About a minute ago" },
        { 120, "2 minutes ago" },
        { 35 * MINUTE, "35 minutes ago" },
        { HOUR - 1, "59 minutes ago" },
        { HOUR, "About an hour ago" },
        { HOUR + 29 * MINUTE, "About an hour ago" },
        { HOUR + 30 * MINUTE, "2 hours ago" },
        { 3 * HOUR, "3 hours ago" },
        { 47 * HOUR, "47 hours ago" },
        { 48 * HOUR, "2 days ago" },
        { 13 * DAY, "13 days ago" },
        { 2 * WEEK, "2 weeks ago" },
        { 59 * DAY, "8 weeks ago" },
        { 60 * DAY, "2 months ago" },
        { 729 * DAY, "24 months ago" },
        { 730 * DAY, "2 years ago" },
        { (int64_t)24 * 365 * DAY, "24 years ago" },
        { INT64_MAX, "292471208677 years ago" },
    };
    char buf[CPROV_AGE_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++)
        assert_string_equal(cprov_time_age(table[i].seconds, buf), table[i].text);
}

static void now(void **state)
{
    int64_t before = cprov_clock_ms();

    (void)state;
    assert_int_equal(setenv("SOURCE_DATE_EPOCH", "1", 1), 0);
    assert_true(cprov_time_now() > 1700000000);
    assert_true(cprov_clock_ms() >= before);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(format),     cmocka_unit_test(round_trip), cmocka_unit_test(parse),
        cmocka_unit_test(parse_http), cmocka_unit_test(age),        cmocka_unit_test(now),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
