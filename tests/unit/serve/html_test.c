/* tests/unit/serve/html_test.c - texts from outside in HTML, and numbers for people. */
#include "serve/html_private.h"

#include "base/limits.h"
#include "unit.h"

#define BAD "\xef\xbf\xbd"

static void test_text(void **state)
{
    static const struct {
        struct cprov_span text;
        const char *expected;
    } cases[] = {
        { { NULL, 0 }, "" },
        { { "plain", 5 }, "plain" },
        { { "<script>", 8 }, "&lt;script&gt;" },
        { { "\"'&", 3 }, "&quot;&#39;&amp;" },
        { { "&lt;", 4 }, "&amp;lt;" },
        { { "a\tb\nc\r", 6 }, "a b c " },
        { { "\0\x07\x1b\x7f", 4 }, BAD BAD BAD BAD },
        { { "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3", 9 }, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3" },
        { { "\xc2\x85\xc2\xa0", 4 }, BAD "\xc2\xa0" },
        { { "\xe2\x80\xaetxt\xe2\x81\xa6\xe2\x80\xa8\xef\xbb\xbf", 15 }, BAD "txt" BAD BAD BAD },
        { { "\xff\xc3", 2 }, BAD BAD },
        { { "\xc0\xbc\xed\xa0\x80", 5 }, BAD BAD BAD BAD BAD },
        { { "\xe2\x82<", 3 }, BAD BAD "&lt;" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_buf out;

        print_message("%s\n", cases[i].expected);
        cprov_buf_init(&out, CPROV_KIB);
        cprov_html_text(&out, cases[i].text);
        assert_string_equal(cprov_buf_text(&out), cases[i].expected);
        cprov_buf_clear(&out);
    }
}

static void test_cut(void **state)
{
    static const struct {
        const char *text;
        size_t max;
        const char *expected;
    } cases[] = {
        { "", 0, "" },
        { "abc", 3, "abc" },
        { "abcd", 3, "abc\xe2\x80\xa6" },
        { "ab\xe2\x82\xac", 4, "ab\xe2\x80\xa6" },
        { "\xe2\x82\xac!", 3, "\xe2\x82\xac\xe2\x80\xa6" },
        { "\x80\x80\x80\x80", 2, "\xe2\x80\xa6" },
        { "<<<", 1, "&lt;\xe2\x80\xa6" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_buf out;

        print_message("%s\n", cases[i].text);
        cprov_buf_init(&out, CPROV_KIB);
        cprov_html_cut(&out, cases[i].text, cases[i].max);
        assert_string_equal(cprov_buf_text(&out), cases[i].expected);
        cprov_buf_clear(&out);
    }
}

static void test_fill(void **state)
{
    struct cprov_buf out;

    (void)state;
    cprov_buf_init(&out, CPROV_KIB);
    CPROV_HTML(&out, "<a href=\"$\">$</a>$", "\"><b>", "$ & more");
    assert_string_equal(cprov_buf_text(&out), "<a href=\"&quot;&gt;&lt;b&gt;\">$ &amp; more</a>");
    cprov_buf_clear(&out);
}

static void test_numbers(void **state)
{
    static const struct {
        uint64_t n;
        const char *count;
    } cases[] = {
        { 0, "0" },
        { 999, "999" },
        { 1000, "1,000" },
        { 99949, "99,949" },
        { 999500, "999,500" },
        { 12500000, "12,500,000" },
        { UINT64_MAX, "18,446,744,073,709,551,615" },
    };
    char buf[CPROV_UI_NUMBER_MAX];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        assert_string_equal(cprov_ui_count(cases[i].n, buf), cases[i].count);
    }
    assert_string_equal(cprov_ui_date("2016-09-22T19:30:00+02:00", buf), "2016-09-22");
    assert_string_equal(cprov_ui_date("<b>yesterday</b>", buf), "");
    assert_string_equal(cprov_ui_date("", buf), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
