/* tests/unit/conf/quantity_test.c - sizes and durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "conf/quantity.h"

#define UNTOUCHED 4711

static const struct sample {
    const char *text;
    bool good;
    uint64_t value;
} sizes[] = {
    { "", false, 0 },
    { "0", true, 0 },
    { "500", true, 500 },
    { "500k", true, 512000 },
    { "500K", true, 512000 },
    { "32M", true, 33554432 },
    { "1g", true, 1073741824 },
    { "2T", true, 2199023255552 },
    { "16777215T", true, 18446742974197923840ull },
    { "16777216T", false, 0 },
    { "18446744073709551615", true, UINT64_MAX },
    { "18446744073709551616", false, 0 },
    { "M", false, 0 },
    { "-1", false, 0 },
    { "1.5M", false, 0 },
    { "1 M", false, 0 },
    { "1MM", false, 0 },
    { "1P", false, 0 },
}, times[] = {
    { "", false, 0 },       { "0", true, 0 },           { "20", true, 20000 },
    { "20s", true, 20000 }, { "500ms", true, 500 },     { "2m", true, 120000 },
    { "1h", true, 3600000 }, { "1d", false, 0 },        { "s", false, 0 },
    { "1.5s", false, 0 },   { "18446744073709551615", false, 0 },
};

static void check(const struct sample *samples, size_t count,
                  bool (*read)(struct cprov_span text, uint64_t *out))
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = UNTOUCHED;

        print_message("'%s'\n", samples[i].text);
        assert_int_equal(read(cprov_span_of(samples[i].text), &value), samples[i].good);
        assert_true(value == (samples[i].good ? samples[i].value : UNTOUCHED));
    }
}

static void test_bytes(void **state)
{
    (void)state;
    check(sizes, CPROV_COUNT(sizes), cprov_quantity_bytes);
}

static void test_ms(void **state)
{
    (void)state;
    check(times, CPROV_COUNT(times), cprov_quantity_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_ms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
