/* tests/unit/cli/input_test.c - names out of other verbs' rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "cli/input.h"

static void test_rows(void **state)
{
    static const struct {
        enum cprov_input_kind kind;
        const char *text;
        const char *expected[4];
    } cases[] = {
        { CPROV_INPUT_REF, "", { NULL } },
        { CPROV_INPUT_REF, "\n \r\n", { NULL } },
        { CPROV_INPUT_REF, "{\"Ref\":\"r\",\"Name\":\"n\"}", { "r" } },
        { CPROV_INPUT_REF, "{\"Ref\":null,\"Reference\":\"h/n:1\"}", { "h/n:1" } },
        { CPROV_INPUT_REF,
          "\xef\xbb\xbf{\"Name\":\"a\",\"Version\":\"1\"}\r\n\r\n{\"Name\":\"b\"}\r\n",
          { "a:1", "b" } },
        { CPROV_INPUT_REF, " [{\"Ref\":\"x\"},\n{\"Ref\":\"y\"}]\n", { "x", "y" } },
        { CPROV_INPUT_REF, "[]", { NULL } },
        { CPROV_INPUT_NAME, "{\"Ref\":\"r\",\"Name\":\"n\",\"Version\":\"1\"}", { "n:1" } },
        { CPROV_INPUT_NAME, "{\"Repository\":\"n\",\"Tag\":\"1\"}", { "n:1" } },
        { CPROV_INPUT_SOURCE, "{\"Name\":\"n\",\"Version\":\"1\"}", { "n" } },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_settings s;
        struct cprov_error err = CPROV_ERROR_INIT;

        cprov_settings_init(&s);
        if (cprov_input_rows(&s, cases[i].kind, cprov_span_of(cases[i].text), &err) < 0)
            fail_msg("case %zu: %s", i, err.msg);
        for (size_t k = 0; k < s.refs.count; k++)
            assert_string_equal(s.refs.items[k], cases[i].expected[k]);
        assert_null(cases[i].expected[s.refs.count]);
        assert_int_equal(s.names.count, 0);
        cprov_settings_clear(&s);
    }
}

static void test_refusals(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "{\"Ref\":\"a\"}\n{", "row 2" },
        { "{\"Version\":\"1\"}", "row 1 has no Ref or Name" },
        { "{\"Ref\":\"\",\"Name\":5}", "row 1 has no Ref or Name" },
        { "\"text\"", "line 1 is not a JSON object" },
        { "Name Version\nx 1\n", "line 1 is not a JSON object" },
        { "[{\"Ref\":\"a\"},3]", "row 2" },
        { "[{\"Ref\":\"a\"}", "input" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_settings s;
        struct cprov_error err = CPROV_ERROR_INIT;

        cprov_settings_init(&s);
        assert_int_equal(cprov_input_rows(&s, CPROV_INPUT_REF, cprov_span_of(cases[i].text), &err),
                         CPROV_EINVAL);
        if (!strstr(err.msg, cases[i].message))
            fail_msg("case %zu: %s", i, err.msg);
        cprov_settings_clear(&s);
    }
}

static void test_missing_file(void **state)
{
    struct cprov_buf text;
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    cprov_buf_init(&text, 16);
    assert_int_equal(cprov_input_read("/nowhere/at/all", &text, &err), CPROV_ENOTFOUND);
    assert_int_equal(cprov_input_read("/dev/zero", &text, &err), CPROV_ELIMIT);
    cprov_buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_missing_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
