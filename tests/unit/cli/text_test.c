/* tests/unit/cli/text_test.c - sizes, widths and what may reach a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cli/text.h"

static void test_size(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *expected;
    } cases[] = {
        { 0, "0 B" },
        { 999, "999 B" },
        { 1000, "1 kB" },
        { 9999, "9.999 kB" },
        { 99994, "99.99 kB" },
        { 999500, "999.5 kB" },
        { 999949, "999.9 kB" },
        { 999950, "1 MB" }, /* not "1000 kB" */
        { 44880000, "44.88 MB" },
        { 120000000, "120 MB" },
        { UINT64_C(1099511627776), "1.1 TB" },
        { UINT64_MAX, "18.45 EB" },
    };
    char buf[CPROV_SIZE_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++)
        assert_string_equal(cprov_text_size(cases[i].bytes, buf), cases[i].expected);
}

static void test_left(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *expected;
    } cases[] = {
        { 0, "00:00" },         { 59, "00:59" },    { 61, "01:01" },        { 3600, "1:00:00" },
        { 359999, "99:59:59" }, { 360000, "99h+" }, { UINT64_MAX, "99h+" },
    };
    char buf[CPROV_LEFT_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++)
        assert_string_equal(cprov_text_left(cases[i].seconds, buf), cases[i].expected);
}

static void test_width(void **state)
{
    static const struct {
        const char *text;
        size_t width, fit_to, fit_bytes;
    } cases[] = {
        { "", 0, 10, 0 },
        { "abc", 3, 2, 2 },
        { "a\xc3\xa9z", 3, 2, 3 },               /* two bytes, one column */
        { "\xe6\xbc\xa2\xe5\xad\x97", 4, 3, 3 }, /* wide characters are not cut in half */
        { "e\xcc\x81x", 2, 1, 3 },               /* combining: stays with its letter */
        { "\xff\xfe", 2, 1, 1 },                 /* no UTF-8 */
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_span text = cprov_span_of(cases[i].text);

        assert_int_equal(cprov_text_width(text), cases[i].width);
        assert_int_equal(cprov_text_fit(text, cases[i].fit_to).len, cases[i].fit_bytes);
    }
}

static void test_clean(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { "", "" },
        { "plain", "plain" },
        { "a\tb\r\nc", "a b  c" },
        { "\x1b[31mred", "?[31mred" },
        { "\xc2\x9b"
          "31m",
          "?31m" }, /* C1: CSI in one character */
        { "a\xe2\x80\xae"
          "b",
          "a?b" }, /* right-to-left override */
        { "\x7f\xff", "??" },
        { "caf\xc3\xa9", "caf\xc3\xa9" },
        { "\xef\xbf\xbd", "\xef\xbf\xbd" }, /* U+FFFD itself is no error */
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_buf b;

        cprov_buf_init(&b, 64);
        cprov_text_add_clean(&b, cprov_span_of(cases[i].text));
        assert_string_equal(cprov_buf_text(&b), cases[i].expected);
        cprov_buf_clear(&b);
    }
}

static void test_guess(void **state)
{
    static const struct {
        const char *word, *expected;
    } cases[] = {
        { "verison", NULL },               /* two changes in seven letters are too many ... */
        { "all-verison", "all-versions" }, /* ... but not in eleven */
        { "forc", "force" },
        { "FORCE", "force" },
        { "xyz", NULL },
        { "", NULL },
        { "a-word-that-is-so-long-that-nobody-can-mean-an-option-by-it", NULL },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_guess g = { .word = cases[i].word };
        const char *best;

        cprov_guess_offer(&g, "all-versions");
        cprov_guess_offer(&g, "force");
        best = cprov_guess_best(&g);
        if (cases[i].expected)
            assert_string_equal(best, cases[i].expected);
        else
            assert_null(best);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),  cmocka_unit_test(test_left),  cmocka_unit_test(test_width),
        cmocka_unit_test(test_clean), cmocka_unit_test(test_guess),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
