/* tests/unit/cli/template_test.c - Go-like templates over JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "cli/template.h"

static const char document[] =
    "{\"Name\":\"app\",\"Size\":12,\"Bad\":\"\\u001b[31m\",\"Nothing\":null,\"Yes\":true,"
    "\"Config\":{\"Env\":[\"A=1\"],\"User\":\"me\"}}";

static void test_run(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { "", "" },
        { "plain", "plain" },
        { "{{.Name}}", "app" },
        { "{{ .Name }}:{{.Size}}", "app:12" },
        { "{{json .Name}}", "\"app\"" },
        { "{{json  .Config}}", "{\"Env\":[\"A=1\"],\"User\":\"me\"}" },
        { "{{.Config.User}}", "me" },
        { "{{.Config.Env}}", "[\"A=1\"]" },
        { "{{.Yes}}", "true" },
        { "{{.Nothing}}|{{json .Nothing}}", "|null" },
        { "{{.Missing}}|{{.Name.Inner}}|{{json .Missing}}", "||null" },
        { "{{.Bad}}", "?[31m" },
        { "a\\tb\\nc\\\\d\\q", "a\tb\nc\\d\\q" },
        { "\\", "\\" },
        { "}} {", "}} {" },
    };
    struct cprov_arena arena = { 0 };
    struct cprov_json *root = NULL;

    (void)state;
    assert_int_equal(cprov_json_parse(cprov_span_of(document), &arena, &root, CPROV_IGNORED), 0);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_template *t = NULL;
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_buf out;

        cprov_buf_init(&out, 4096);
        assert_int_equal(cprov_template_parse(cases[i].text, &t, &err), 0);
        cprov_template_run(t, cprov_template_json_field, root, &out);
        assert_string_equal(cprov_buf_text(&out), cases[i].expected);
        cprov_buf_clear(&out);
        cprov_template_free(t);
    }
    cprov_arena_clear(&arena);
}

static void test_refusals(void **state)
{
    static const char *const cases[] = { "{{",           "{{.Name",     "{{}}",       "{{Name}}",
                                         "{{.Na me}}",   "{{.a..b}}",   "{{.a.}}",    "{{json}}",
                                         "{{upper .A}}", "{{.A | js}}", "{{{.Name}}}" };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_template *t = NULL;
        struct cprov_error err = CPROV_ERROR_INIT;

        assert_int_equal(cprov_template_parse(cases[i], &t, &err), CPROV_EINVAL);
        assert_null(t);
    }
}

static void test_too_long(void **state)
{
    size_t size = 64 * 1024 + 2;
    char *text = malloc(size);
    struct cprov_template *t = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', size - 1);
    text[size - 1] = '\0';
    assert_int_equal(cprov_template_parse(text, &t, &err), CPROV_EINVAL);
    text[size - 2] = '\0';
    assert_int_equal(cprov_template_parse(text, &t, &err), 0);
    cprov_template_free(t);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
