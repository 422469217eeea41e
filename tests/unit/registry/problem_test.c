/* Tests of registry/problem_private.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "registry/problem_private.h"

static const struct {
    int http;
    const char *type, *body;
    unsigned tries;
    int code;
    const char *msg;
} cases[] = {
    { 404, "application/json",
      "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}", 1,
      CPROV_ENOTFOUND, "x: not found (manifest unknown - MANIFEST_UNKNOWN)" },
    { 404, "text/plain", "404 page not found\n", 1, CPROV_ENOTFOUND,
      "x: not found (404 page not found)" },
    { 404, "", "", 1, CPROV_ENOTFOUND, "x: not found" },
    { 400, "", "{\"errors\":[{\"code\":\"NAME_UNKNOWN\"}]}", 1, CPROV_ENOTFOUND,
      "x: not found (NAME_UNKNOWN)" },
    { 404, "", "{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"Not Found\"}]}", 1,
      CPROV_ENOTFOUND, "x: not found (Not Found - UNKNOWN)" },
    { 401, "", "{\"details\":\"incorrect username or password\"}", 1, CPROV_EAUTH,
      "x: login required (incorrect username or password)" },
    { 403, "", "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\\u001b[31m\\nway\"}]}", 1,
      CPROV_EAUTH, "x: access denied (no?[31m way - DENIED)" },
    { 400, "", "{\"error\":\"invalid_grant\",\"error_description\":\"token is old\"}", 1,
      CPROV_ENETWORK, "x: the server answered 400 (token is old)" },
    { 400, "", "{\"error\":\"invalid_grant\"}", 1, CPROV_ENETWORK,
      "x: the server answered 400 (invalid_grant)" },
    { 429, "text/plain", "You have reached\nyour limit.\n", 6, CPROV_ENETWORK,
      "x: too many requests, tried 6 times (You have reached your limit.)" },
    { 503, "text/html; charset=utf-8", "<html>", 6, CPROV_ENETWORK,
      "x: the server answered 503, tried 6 times (a web page)" },
    { 500, "", "[1", 1, CPROV_ENETWORK, "x: the server answered 500 ([1)" },
    { 500, "", "{\"errors\":7,\"message\":[]}", 1, CPROV_ENETWORK, "x: the server answered 500" },
    { 403, "", "see https://cdn.example/b?sig=SECRET now", 1, CPROV_EAUTH,
      "x: access denied (see https://cdn.example/b now)" },
    { 403, "",
      "token eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w "
      "bad",
      1, CPROV_EAUTH, "x: access denied (token ... bad)" },
    { 304, "", "", 1, CPROV_ENETWORK, "x: the server answered 304" },
};

static void sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_problem problem = {
            .what = "x",
            .http = cases[i].http,
            .content_type = cprov_span_of(cases[i].type),
            .body = cprov_span_of(cases[i].body),
            .tries = cases[i].tries,
        };

        print_message("%d %s\n", cases[i].http, cases[i].body);
        assert_int_equal(cprov_problem_fail(&problem, &err), cases[i].code);
        assert_string_equal(err.msg, cases[i].msg);
        assert_int_equal(err.http, cases[i].http);
    }
}

static void long_words(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    char body[4000];
    struct cprov_problem problem = { .what = "x", .http = 500, .tries = 1 };

    (void)state;
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = i % 10 ? 'a' : ' ';
    problem.body = cprov_span_make(body, sizeof(body));
    assert_int_equal(cprov_problem_fail(&problem, &err), CPROV_ENETWORK);
    assert_true(strlen(err.msg) < 230);
    assert_non_null(strstr(err.msg, "..."));
}

static void codes(void **state)
{
    (void)state;
    assert_true(cprov_problem_has_code(
        cprov_span_of("{\"errors\":[{\"code\":\"A\"},{\"code\":\"NAME_UNKNOWN\"}]}"),
        "NAME_UNKNOWN"));
    assert_false(cprov_problem_has_code(cprov_span_of(""), "NAME_UNKNOWN"));
    assert_false(cprov_problem_has_code(cprov_span_of("NAME_UNKNOWN"), "NAME_UNKNOWN"));
    assert_false(cprov_problem_has_code(cprov_span_of("{\"errors\":null}"), "NAME_UNKNOWN"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences),
        cmocka_unit_test(long_words),
        cmocka_unit_test(codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
