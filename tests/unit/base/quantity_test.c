/* tests/unit/base/quantity_test.c - sizes, counts, rates and times, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/quantity.h"

#define UNTOUCHED 4711

#define COUNT CPROV_QUANTITY_COUNT
#define SIZE  CPROV_QUANTITY_SIZE
#define RATE  CPROV_QUANTITY_RATE
#define TIME  CPROV_QUANTITY_TIME

static const struct {
    enum cprov_quantity_kind kind;
    const char *text;
    bool good;
    uint64_t value;
} reads[] = {
    { COUNT, "", false, 0 },
    { COUNT, "0", true, 0 },
    { COUNT, "250", true, 250 },
    { COUNT, "4M", true, 4 << 20 },
    { COUNT, "1x", false, 0 },
    { COUNT, "1KB", false, 0 },
    { COUNT, "1Ki", false, 0 },
    { COUNT, "0x10", false, 0 },
    { COUNT, "+1", false, 0 },
    { COUNT, "-1", false, 0 },
    { SIZE, "", false, 0 },
    { SIZE, "500", true, 500 },
    { SIZE, "500B", true, 500 },
    { SIZE, "500k", true, 512000 },
    { SIZE, "500K", true, 512000 },
    { SIZE, "32M", true, 33554432 },
    { SIZE, "1g", true, 1073741824 },
    { SIZE, "1Gi", true, 1073741824 },
    { SIZE, "1GB", true, 1073741824 },
    { SIZE, "1GiB", true, 1073741824 },
    { SIZE, "1T", true, 1099511627776 },
    { SIZE, "16777215T", true, 18446742974197923840ull },
    { SIZE, "16777216T", false, 0 },
    { SIZE, "16777215.999T", true, 18446742974197923840ull + 999 * (1ull << 40) / 1000 },
    { SIZE, "18446744073709551615", true, UINT64_MAX },
    { SIZE, "18446744073709551616", false, 0 },
    { SIZE, "1.5M", true, 1572864 },
    { SIZE, "0.001K", true, 1 },
    { SIZE, "1.0005K", false, 0 },
    { SIZE, "1.5", false, 0 },
    { SIZE, "1.5B", false, 0 },
    { SIZE, "1.", false, 0 },
    { SIZE, "1.K", false, 0 },
    { SIZE, ".5K", false, 0 },
    { SIZE, "1..5K", false, 0 },
    { SIZE, "M", false, 0 },
    { SIZE, "1 M", false, 0 },
    { SIZE, "1M ", false, 0 },
    { SIZE, "1MM", false, 0 },
    { SIZE, "1BB", false, 0 },
    { SIZE, "1i", false, 0 },
    { SIZE, "1iB", false, 0 },
    { SIZE, "1P", false, 0 },
    { SIZE, "1M/s", false, 0 },
    { RATE, "500K", true, 512000 },
    { RATE, "1T", true, 1099511627776 },
    { RATE, "10M/s", true, 10485760 },
    { RATE, "10MiB/s", true, 10485760 },
    { RATE, "500/s", true, 500 },
    { RATE, "/s", false, 0 },
    { RATE, "10M/h", false, 0 },
    { TIME, "", false, 0 },
    { TIME, "0", true, 0 },
    { TIME, "20", true, 20000 },
    { TIME, "1.5", true, 1500 },
    { TIME, "500ms", true, 500 },
    { TIME, "20s", true, 20000 },
    { TIME, "0.5S", true, 500 },
    { TIME, "2m", true, 120000 },
    { TIME, "1h", true, 3600000 },
    { TIME, "1.5h", true, 5400000 },
    { TIME, "7d", true, 604800000 },
    { TIME, "2w", true, 1209600000 },
    { TIME, "1y", false, 0 },
    { TIME, "1.5ms", false, 0 },
    { TIME, "1min", false, 0 },
    { TIME, "s", false, 0 },
    { TIME, "1h30m", false, 0 },
    { TIME, "18446744073709551615", false, 0 },
};

static void test_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(reads); i++) {
        const struct cprov_quantity any = { reads[i].kind, 0, UINT64_MAX };
        uint64_t value = UNTOUCHED;

        print_message("%d '%s'\n", (int)reads[i].kind, reads[i].text);
        assert_int_equal(cprov_quantity_read(&any, cprov_span_of(reads[i].text), &value),
                         reads[i].good);
        assert_true(value == (reads[i].good ? reads[i].value : UNTOUCHED));
    }
}

static void test_range(void **state)
{
    static const struct cprov_quantity wanted = { TIME, 500, 86400000 };
    static const struct {
        const char *text;
        bool good;
    } cases[] = { { "499ms", false }, { "0.5", true }, { "1d", true }, { "86400.001", false } };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        uint64_t value = UNTOUCHED;

        print_message("'%s'\n", cases[i].text);
        assert_int_equal(cprov_quantity_read(&wanted, cprov_span_of(cases[i].text), &value),
                         cases[i].good);
        assert_int_equal(value == UNTOUCHED, !cases[i].good);
    }
}

static void test_format(void **state)
{
    static const struct {
        enum cprov_quantity_kind kind;
        uint64_t value;
        const char *text;
    } cases[] = {
        { COUNT, 0, "0" },
        { COUNT, 250, "250" },
        { COUNT, 4 << 20, "4M" },
        { SIZE, 4096, "4K" },
        { SIZE, 4097, "4097" },
        { SIZE, 1ull << 42, "4T" },
        { SIZE, UINT64_MAX, "18446744073709551615" },
        { RATE, 1ull << 44, "16T" },
        { TIME, 0, "0" },
        { TIME, 1, "1ms" },
        { TIME, 1500, "1500ms" },
        { TIME, 30000, "30s" },
        { TIME, 300000, "5m" },
        { TIME, 86400000, "1d" },
        { TIME, 604800000, "1w" },
        { TIME, UINT64_MAX, "18446744073709551615ms" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        const struct cprov_quantity any = { cases[i].kind, 0, UINT64_MAX };
        char text[CPROV_QUANTITY_TEXT_MAX];
        uint64_t back = UNTOUCHED;

        assert_string_equal(cprov_quantity_format(cases[i].kind, cases[i].value, text),
                            cases[i].text);
        assert_true(cprov_quantity_read(&any, cprov_span_of(text), &back));
        assert_true(back == cases[i].value);
    }
}

static void test_expected(void **state)
{
    static const struct {
        struct cprov_quantity wanted;
        const char *text;
    } cases[] = {
        { { COUNT, 1, 64 }, "a number from 1 to 64" },
        { { COUNT, 1, UINT64_MAX }, "a number of at least 1, such as 250 or 4M" },
        { { SIZE, 1, 1ull << 44 }, "a size from 1 to 16T, such as 500M or 1.5GiB" },
        { { RATE, 0, 1ull << 44 }, "a rate from 0 to 16T, such as 500K or 10M/s" },
        { { TIME, 1, 86400000 }, "a time from 1ms to 1d, such as 500ms, 30s or 2h" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        char text[CPROV_QUANTITY_EXPECTED_MAX];

        assert_string_equal(cprov_quantity_expected(&cases[i].wanted, text), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
