/* Tests of registry/retry.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/limits.h"
#include "registry/retry.h"

static void knows_passing_failures(void **state)
{
    static const int worth[] = { 408, 425, 429, 499, 500, 502, 503, 504, 522, 524 };
    static const int final[] = {
        0, 200, 206, 301, 400, 401, 403, 404, 405, 416, 428, 501, 505, 523
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(worth); i++)
        assert_true(cprov_retry_status(worth[i]));
    for (size_t i = 0; i < CPROV_COUNT(final); i++)
        assert_false(cprov_retry_status(final[i]));
}

static void reads_retry_after(void **state)
{
    static const int64_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */
    static const struct {
        const char *value;
        int64_t ms;
    } cases[] = {
        { "0", 0 },
        { "120", 120000 },
        { " 5 ", 5000 },
        { "Sun, 06 Nov 1994 08:49:47 GMT", 10000 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
        { "Sun, 06 Nov 1994 08:00:00 GMT", 0 },
        { "Sunday, 06-Nov-94 08:49:38 GMT", 1000 },
        { "Sun Nov  6 08:49:38 1994", 1000 },
        { "18446744073709551615", INT64_MAX },
        { "18446744073709551616", -1 },
        { "-1", -1 },
        { "1.5", -1 },
        { "soon", -1 },
        { "", -1 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].value);
        assert_true(cprov_retry_after_ms(cprov_span_of(cases[i].value), now) == cases[i].ms);
    }
}

static void backs_off(void **state)
{
    (void)state;
    assert_int_equal(cprov_retry_backoff_ms(1, 0), CPROV_RETRY_FIRST_MS);
    assert_int_equal(cprov_retry_backoff_ms(1, UINT32_MAX),
                     CPROV_RETRY_FIRST_MS + CPROV_RETRY_FIRST_MS / 2);
    assert_int_equal(cprov_retry_backoff_ms(2, 0), 2 * CPROV_RETRY_FIRST_MS);
    assert_int_equal(cprov_retry_backoff_ms(3, 0), 4 * CPROV_RETRY_FIRST_MS);
    assert_int_equal(cprov_retry_backoff_ms(50, 0), CPROV_RETRY_MAX_MS);
    assert_int_equal(cprov_retry_backoff_ms(UINT32_MAX, UINT32_MAX),
                     CPROV_RETRY_MAX_MS + CPROV_RETRY_MAX_MS / 2);
    assert_int_equal(cprov_retry_backoff_ms(0, 0), CPROV_RETRY_FIRST_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_passing_failures),
        cmocka_unit_test(reads_retry_after),
        cmocka_unit_test(backs_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
