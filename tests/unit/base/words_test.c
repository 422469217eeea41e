/* The words of a search: taken apart, each found in some text, whatever the case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/words.h"

static void test_next(void **state)
{
    struct cprov_span rest = cprov_span_of("  two   words "), word;

    (void)state;
    assert_true(cprov_words_next(&rest, &word));
    assert_true(cprov_span_is(word, "two"));
    assert_true(cprov_words_next(&rest, &word));
    assert_true(cprov_span_is(word, "words"));
    assert_false(cprov_words_next(&rest, &word));
    assert_false(cprov_words_next(&rest, &word));
}

static void test_in(void **state)
{
    static const struct {
        const char *words;
        bool in;
    } cases[] = {
        { NULL, true },
        { "", true },
        { "  ", true },
        { "web", true },
        { "WEB small", true },
        { "er a Ser", true },
        { "webs", false },
        { "web large", false },
        { "serversmall", false },
        { "a small ser", true },
        { "a small serverweb", false },
    };
    const char *const texts[] = { "Web-Server", "a small one", "" };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        print_message("%s\n", cases[i].words ? cases[i].words : "(none)");
        assert_int_equal(cprov_words_in(cases[i].words, texts, 3), cases[i].in);
    }
    assert_true(cprov_words_in("", texts, 0));
    assert_false(cprov_words_in("x", texts, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
