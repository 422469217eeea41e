/* Tests of registry/token_private.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/token_private.h"

static void realms(void **state)
{
    static const struct {
        const char *origin, *realm;
        bool allow_http;
        int code;
    } cases[] = {
        { "https://registry-1.docker.io", "https://auth.docker.io/token", false, 0 },
        { "https://reg.example", "https://reg.example/token", false, 0 },
        { "https://10.0.0.1", "https://10.0.0.2/token", false, 0 },
        { "http://127.0.0.1:5000", "http://127.0.0.1:5001/token", false, 0 },
        { "http://127.0.0.1:5000", "https://auth.example/token", false, 0 },
        { "http://reg.example", "http://auth.example/token", true, 0 },
        { "https://reg.example", "http://reg.example/token", false, CPROV_EAUTH },
        { "https://reg.example", "http://reg.example/token", true, CPROV_EAUTH },
        { "https://reg.example", "http://127.0.0.1/token", false, CPROV_EAUTH },
        { "http://127.0.0.1:5000", "http://auth.example/token", false, CPROV_EAUTH },
        { "https://reg.example", "https://10.0.0.1/token", false, CPROV_EAUTH },
        { "https://reg.example", "https://169.254.169.254/token", false, CPROV_EAUTH },
        { "https://reg.example", "https://localhost/token", false, CPROV_EAUTH },
        { "https://reg.example", "https://[::1]/token", false, CPROV_EAUTH },
        { "https://reg.example", "file:///etc/passwd", false, CPROV_EAUTH },
        { "https://reg.example", "ftp://auth.example/token", false, CPROV_EAUTH },
        { "https://reg.example", "https://user:pw@auth.example/token", false, CPROV_EAUTH },
        { "https://reg.example", "", false, CPROV_EAUTH },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;

        print_message("%s -> %s\n", cases[i].origin, cases[i].realm);
        assert_int_equal(cprov_token_realm_check(cprov_span_of(cases[i].origin),
                                                 cprov_span_of(cases[i].realm), cases[i].allow_http,
                                                 &err),
                         cases[i].code);
    }
}

static void scopes(void **state)
{
    struct cprov_buf held;

    (void)state;
    cprov_buf_init(&held, 1024);
    cprov_scopes_add(&held, cprov_span_of(""));
    assert_int_equal(held.len, 0);
    cprov_scopes_add(&held, cprov_span_of("repository:b:pull"));
    cprov_scopes_add(&held, cprov_span_of("repository:a:pull  repository:b:pull"));
    assert_string_equal(cprov_buf_text(&held), "repository:b:pull repository:a:pull");
    assert_true(cprov_scopes_cover(cprov_buf_span(&held), cprov_span_of("repository:a:pull")));
    assert_true(cprov_scopes_cover(cprov_buf_span(&held), cprov_span_of("")));
    assert_false(
        cprov_scopes_cover(cprov_buf_span(&held), cprov_span_of("repository:a:pull,push")));
    assert_false(cprov_scopes_cover(cprov_span_of(""), cprov_span_of("x")));
    cprov_buf_clear(&held);
}

static void requests(void **state)
{
    struct cprov_buf out;

    (void)state;
    cprov_buf_init(&out, 1024);
    cprov_token_url(cprov_span_of("https://a.example/t?x=1"), "reg & co", "me",
                    cprov_span_of("repository:a/b:pull registry:catalog:*"), &out);
    assert_string_equal(cprov_buf_text(&out),
                        "https://a.example/t?x=1&service=reg%20%26%20co&account=me"
                        "&scope=repository%3Aa%2Fb%3Apull&scope=registry%3Acatalog%3A%2A");
    cprov_buf_reset(&out);
    cprov_token_url(cprov_span_of("https://a.example/t"), "", NULL, cprov_span_of(""), &out);
    assert_string_equal(cprov_buf_text(&out), "https://a.example/t");
    cprov_buf_reset(&out);
    cprov_token_form("a+b/c=", "reg", cprov_span_of("x y"), &out);
    assert_string_equal(cprov_buf_text(&out),
                        "grant_type=refresh_token&service=reg&client_id=container-provider"
                        "&refresh_token=a%2Bb%2Fc%3D&scope=x%20y");
    cprov_buf_clear(&out);
}

static void answers(void **state)
{
    static const struct {
        const char *body, *token;
        int64_t lifetime;
    } cases[] = {
        { "{\"token\":\"t\"}", "t", 60 },
        { "{\"access_token\":\"a\",\"token\":\"t\",\"expires_in\":300}", "a", 300 },
        { "{\"token\":\"t\",\"expires_in\":5}", "t", 60 },
        { "{\"token\":\"t\",\"expires_in\":\"300\"}", "t", 60 },
        { "{\"token\":\"t\",\"expires_in\":-1}", "t", 60 },
        { "{\"token\":\"t\",\"expires_in\":3600,\"issued_at\":\"2020-01-01T00:00:00Z\"}", "t",
          3500 },
        { "{\"token\":\"t\",\"expires_in\":3600,\"issued_at\":\"2020-01-02T00:00:00Z\"}", "t",
          3600 },
        { "{\"token\":\"t\",\"expires_in\":3600,\"issued_at\":\"0001-01-01T00:00:00Z\"}", "t",
          3600 },
        { "{\"token\":\"t\",\"expires_in\":99999999999}", "t", 366 * 86400 },
        { "", NULL, 0 },
        { "[]", NULL, 0 },
        { "{}", NULL, 0 },
        { "{\"token\":\"\"}", NULL, 0 },
        { "{\"token\":7}", NULL, 0 },
        { "{\"token\":\"a b\"}", NULL, 0 },
        { "{\"token\":\"a\\r\\nX: y\"}", NULL, 0 },
        { "{\"token\":\"\\u00e4\"}", NULL, 0 },
        { "<html>", NULL, 0 },
    };
    const int64_t now = 1577836900; /* 2020-01-01T00:01:40Z */

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_buf token;
        int64_t lifetime = -7;

        print_message("%s\n", cases[i].body);
        cprov_buf_init(&token, CPROV_TOKEN_LENGTH_MAX);
        int code = cprov_token_parse(cprov_span_of(cases[i].body), now, &token, &lifetime, &err);
        assert_int_equal(code, cases[i].token ? 0 : CPROV_EAUTH);
        assert_string_equal(cprov_buf_text(&token), cases[i].token ? cases[i].token : "");
        assert_int_equal(lifetime, cases[i].token ? cases[i].lifetime : -7);
        cprov_buf_clear(&token);
    }
}

static void token_too_long(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_buf body, token;
    int64_t lifetime = 0;

    (void)state;
    for (size_t over = 0; over < 2; over++) {
        cprov_buf_init(&body, 2 * CPROV_TOKEN_LENGTH_MAX);
        cprov_buf_init(&token, CPROV_TOKEN_LENGTH_MAX);
        cprov_buf_add_text(&body, "{\"token\":\"");
        for (size_t i = 0; i < CPROV_TOKEN_LENGTH_MAX + over; i++)
            cprov_buf_add_char(&body, 'a');
        cprov_buf_add_text(&body, "\"}");
        assert_int_equal(cprov_token_parse(cprov_buf_span(&body), 0, &token, &lifetime, &err),
                         over ? CPROV_EAUTH : 0);
        cprov_buf_clear(&body);
        cprov_buf_clear(&token);
    }
}

/* H9: what a pull asks for is a pull, whatever the challenge names. */
static void H9_only_what_is_done(void **state)
{
    static const struct {
        const char *demanded, *repository, *actions, *expected;
    } cases[] = {
        { "repository:a/b:pull,push,delete", "a/b", "pull", "repository:a/b:pull" },
        { "repository:a/b:push,pull", "a/b", "pull,push", "repository:a/b:push,pull" },
        { "repository:a/b:delete", "a/b", "pull", "repository:a/b:pull" },
        { "repository:other:pull,push", "a/b", "pull,push", "repository:other:pull" },
        { "repository:a/b:* registry:catalog:*", "a/b", "pull",
          "repository:a/b:pull registry:catalog:*" },
        { "repository(plugin):a/b:pull,push", "a/b", "pull", "repository(plugin):a/b:pull" },
        { "odd", "a/b", "pull", "odd" },
        { "", "a/b", "pull", "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_buf struct cprov_buf out = { 0 };

        cprov_buf_init(&out, 1024);
        print_message("%s\n", cases[i].demanded);
        cprov_scopes_narrow(&out, cprov_span_of(cases[i].demanded), cases[i].repository,
                            cases[i].actions);
        assert_string_equal(cprov_buf_text(&out), cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(realms),         cmocka_unit_test(scopes),
        cmocka_unit_test(requests),       cmocka_unit_test(answers),
        cmocka_unit_test(token_too_long), cmocka_unit_test(H9_only_what_is_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
