/* tests/unit/base/span_test.c - looking at borrowed bytes. */
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define S(text) CPROV_SPAN_LITERAL(text)

static const struct cprov_span none = { NULL, 0 };

static void assert_span(struct cprov_span s, const char *expected)
{
    assert_int_equal(s.len, strlen(expected));
    if (s.len)
        assert_memory_equal(s.ptr, expected, s.len);
}

static void test_compare(void **state)
{
    (void)state;
    assert_true(cprov_span_equal(none, S("")));
    assert_true(cprov_span_is(none, ""));
    assert_true(cprov_span_is(S("ab"), "ab"));
    assert_false(cprov_span_is(S("ab"), "abc"));
    assert_false(cprov_span_is(S("a\0b"), "a"));
    assert_true(cprov_span_is_nocase(S("BeArEr"), "bearer"));
    assert_false(cprov_span_is_nocase(S("[x"), "{x"));
    assert_true(cprov_span_is_nocase(none, ""));
    assert_true(cprov_span_compare(S("a"), S("b")) < 0);
    assert_true(cprov_span_compare(S("b"), S("aa")) > 0);
    assert_true(cprov_span_compare(S("a"), S("aa")) < 0);
    assert_true(cprov_span_compare(S("\xff"), S("a")) > 0);
    assert_int_equal(cprov_span_compare(none, S("")), 0);
    assert_true(cprov_span_compare(none, S("a")) < 0);
    assert_true(cprov_span_starts_with(S("abc"), "ab"));
    assert_true(cprov_span_starts_with(none, ""));
    assert_false(cprov_span_starts_with(S("a"), "ab"));
    assert_true(cprov_span_ends_with(S("abc"), "bc"));
    assert_true(cprov_span_ends_with(none, ""));
    assert_false(cprov_span_ends_with(S("c"), "bc"));
}

static void test_nocase(void **state)
{
    (void)state;
    assert_true(cprov_span_ends_with_nocase(S("a.WIM"), ".wim"));
    assert_false(cprov_span_ends_with_nocase(S("wim"), ".wim"));
    assert_true(cprov_span_has_nocase(S("Windows NanoServer"), S("nanoS")));
    assert_true(cprov_span_has_nocase(S("abc"), S("BC")));
    assert_true(cprov_span_has_nocase(S(""), S("")));
    assert_false(cprov_span_has_nocase(S("abc"), S("abcd")));
    assert_false(cprov_span_has_nocase(S(""), S("a")));
}

static void test_parts(void **state)
{
    (void)state;
    struct cprov_span a = S("untouched");
    struct cprov_span b = a;

    assert_span(cprov_span_from(S("abc"), 1), "bc");
    assert_span(cprov_span_from(S("abc"), 4), "");
    assert_span(cprov_span_from(none, 1), "");
    assert_span(cprov_span_trim(S(" \t a b\r\n")), "a b");
    assert_span(cprov_span_trim(S(" \t")), "");
    assert_span(cprov_span_trim(none), "");
    assert_int_equal(cprov_span_find(S("a:b:c"), ':'), 1);
    assert_int_equal(cprov_span_find_last(S("a:b:c"), ':'), 3);
    assert_int_equal(cprov_span_find(S("abc"), ':'), 3);
    assert_int_equal(cprov_span_find_last(none, ':'), 0);

    assert_false(cprov_span_cut(S("abc"), ':', &a, &b));
    assert_false(cprov_span_cut(none, ':', &a, &b));
    assert_span(a, "untouched");
    assert_span(b, "untouched");
    assert_true(cprov_span_cut(S("a:b:c"), ':', &a, &b));
    assert_span(a, "a");
    assert_span(b, "b:c");
    assert_true(cprov_span_cut_last(S("a:b:c"), ':', &a, &b));
    assert_span(a, "a:b");
    assert_span(b, "c");
    assert_true(cprov_span_cut(S(":"), ':', &a, &b));
    assert_span(a, "");
    assert_span(b, "");
}

static void test_next(void **state)
{
    (void)state;
    struct cprov_span rest = S("a,,b,");
    struct cprov_span item;

    static const char *const expected[] = { "a", "", "b", "" };
    for (size_t i = 0; i < 4; i++) {
        assert_true(cprov_span_next(&rest, ',', &item));
        assert_span(item, expected[i]);
    }
    assert_null(rest.ptr);
    assert_false(cprov_span_next(&rest, ',', &item));

    rest = S("");
    assert_true(cprov_span_next(&rest, ',', &item));
    assert_span(item, "");
    assert_false(cprov_span_next(&rest, ',', &item));
    rest = none;
    assert_false(cprov_span_next(&rest, ',', &item));
}

static void test_u64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } cases[] = {
        { "", false, 0 },
        { "0", true, 0 },
        { "00000000000000000007", true, 7 },
        { "000000000000000000007", false, 0 },
        { "18446744073709551615", true, UINT64_MAX },
        { "18446744073709551616", false, 0 },
        { "99999999999999999999", false, 0 },
        { "+1", false, 0 },
        { "-1", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
        { "0x1", false, 0 },
        { "1.0", false, 0 },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        uint64_t value = 42;
        print_message("'%s'\n", cases[i].text);
        assert_int_equal(cprov_span_u64(cprov_span_of(cases[i].text), &value), cases[i].ok);
        assert_true(value == (cases[i].ok ? cases[i].value : 42));
    }
}

static void test_hex(void **state)
{
    (void)state;
    assert_int_equal(cprov_hex_value('0'), 0);
    assert_int_equal(cprov_hex_value('9'), 9);
    assert_int_equal(cprov_hex_value('a'), 10);
    assert_int_equal(cprov_hex_value('f'), 15);
    assert_int_equal(cprov_hex_value('g'), -1);
    assert_int_equal(cprov_hex_value('A'), -1);
    assert_int_equal(cprov_hex_value('\0'), -1);
    assert_int_equal(cprov_hex_value('\xff'), -1);
}

static void test_glob(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *text;
        bool match;
    } cases[] = {
        { "", "", true },
        { "", "a", false },
        { "a", "", false },
        { "*", "", true },
        { "**", "", true },
        { "?", "", false },
        { "*", "anything", true },
        { "Nano*", "nanoserver", true },
        { "*SERVER", "NanoServer", true },
        { "*a*b*c", "xaxbxbc", true },
        { "*a*b*c", "xaxbxbcx", false },
        { "a?c", "abc", true },
        { "a?c", "ac", false },
        { "[abc]x", "Bx", true },
        { "[abc]x", "dx", false },
        { "[a-c]x", "bx", true },
        { "[A-C]x", "bx", true },
        { "[a-c]x", "-x", false },
        { "[a-]", "-", true },
        { "[`]a]", "]", true },
        { "[\\]a]", "a", true },
        { "[]", "]", false },
        { "[]", "a", false },
        { "[", "[", true },
        { "a[b", "a[b", true },
        { "a[b", "ab", false },
        { "a`*", "a*", true },
        { "a`*", "ab", false },
        { "a\\?", "a?", true },
        { "a\\", "a\\", true },
        { "a`", "a`", true },
        { "`[a]", "[a]", true },
        { "?", "\xc3", true },
        { "[\x80-\xff]", "\xc3", true },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("'%s' '%s'\n", cases[i].pattern, cases[i].text);
        assert_int_equal(
            cprov_span_glob(cprov_span_of(cases[i].pattern), cprov_span_of(cases[i].text)),
            cases[i].match);
    }
    assert_true(cprov_span_glob(none, none));
    assert_false(cprov_span_glob(none, S("a")));
}

/* Takes for ever when a '*' is tried again for every other one. */
static void test_glob_is_not_exponential(void **state)
{
    (void)state;
    char pattern[200];
    char text[4000];

    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = i % 2 ? 'a' : '*';
    memset(text, 'a', sizeof(text));
    pattern[sizeof(pattern) - 1] = 'b';
    assert_false(cprov_span_glob(cprov_span_make(pattern, sizeof(pattern)),
                                 cprov_span_make(text, sizeof(text))));
}

static void test_is_pattern(void **state)
{
    (void)state;
    assert_false(cprov_span_is_pattern(none));
    assert_false(cprov_span_is_pattern(S("nano`*server\\?`[")));
    assert_true(cprov_span_is_pattern(S("nano*")));
    assert_true(cprov_span_is_pattern(S("n?no")));
    assert_true(cprov_span_is_pattern(S("n[ab]no")));
    assert_true(cprov_span_is_pattern(S("``*")));
    assert_false(cprov_span_is_pattern(S("a`")));
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        struct cprov_span text;
        bool ok;
    } cases[] = {
        { { "", 0 }, true },
        { { "plain ascii, longer than eight", 30 }, true },
        { { "plain ascii, then \xff", 19 }, false },
        { { "\xc3\xa9", 2 }, true },
        { { "\xc3", 1 }, false },
        { { "\xa9", 1 }, false },
        { { "\xc0\x80", 2 }, false },
        { { "\xc1\xbf", 2 }, false },
        { { "\xe0\x9f\xbf", 3 }, false },
        { { "\xe0\xa0\x80", 3 }, true },
        { { "\xed\x9f\xbf", 3 }, true },
        { { "\xed\xa0\x80", 3 }, false },
        { { "\xef\xbf\xbd", 3 }, true },
        { { "\xef\xbf", 2 }, false },
        { { "\xf0\x8f\xbf\xbf", 4 }, false },
        { { "\xf0\x90\x80\x80", 4 }, true },
        { { "\xf4\x8f\xbf\xbf", 4 }, true },
        { { "\xf4\x90\x80\x80", 4 }, false },
        { { "\xf5\x80\x80\x80", 4 }, false },
        { { "a\0b", 3 }, true },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%zu\n", i);
        assert_int_equal(cprov_span_is_utf8(cases[i].text), cases[i].ok);
    }
    assert_true(cprov_span_is_utf8(none));
    assert_int_equal(cprov_utf8_length(none), 0);
    assert_int_equal(cprov_utf8_length(S("\xf0\x9f\x90\xb3x")), 4);
    assert_int_equal(cprov_utf8_length(S("x")), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),    cmocka_unit_test(test_nocase),
        cmocka_unit_test(test_parts),      cmocka_unit_test(test_next),
        cmocka_unit_test(test_u64),        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_glob),       cmocka_unit_test(test_glob_is_not_exponential),
        cmocka_unit_test(test_is_pattern), cmocka_unit_test(test_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
