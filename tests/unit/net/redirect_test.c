/* Tests of net/redirect.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "net/redirect.h"

static void policy(void **state)
{
    static const struct {
        const char *from, *to;
        bool allow_http;
        int code;
    } cases[] = {
        { "https://a.example/x", "https://cdn.example/y", false, 0 },
        { "https://a.example", "https://a.example", false, 0 },
        { "http://127.0.0.1:1", "http://127.0.0.1:2", false, 0 },
        { "http://127.0.0.1:1", "https://cdn.example", false, 0 },
        { "http://a.example", "http://b.example", true, 0 },
        { "https://10.1.1.1", "https://192.168.1.1", false, 0 },
        { "https://a.example", "http://a.example", false, CPROV_ENETWORK },
        { "https://a.example", "http://a.example", true, CPROV_ENETWORK },
        { "https://127.0.0.1", "http://127.0.0.1", false, CPROV_ENETWORK },
        { "http://127.0.0.1:1", "http://b.example", false, CPROV_ENETWORK },
        { "https://a.example", "https://10.0.0.1", false, CPROV_ENETWORK },
        { "https://a.example", "https://169.254.169.254/latest", false, CPROV_ENETWORK },
        { "https://a.example", "https://[fe80::1]/", false, CPROV_ENETWORK },
        { "https://a.example", "https://localhost:8443/", false, CPROV_ENETWORK },
        { "http://a.example", "http://10.0.0.1", true, CPROV_ENETWORK },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_url from, to;

        print_message("%s -> %s\n", cases[i].from, cases[i].to);
        assert_int_equal(cprov_url_parse(cprov_span_of(cases[i].from), &from, &err), 0);
        assert_int_equal(cprov_url_parse(cprov_span_of(cases[i].to), &to, &err), 0);
        assert_int_equal(cprov_redirect_check(&from, &to, cases[i].allow_http, &err),
                         cases[i].code);
    }
}

static void statuses(void **state)
{
    (void)state;
    assert_true(cprov_redirect_status(301));
    assert_true(cprov_redirect_status(307));
    assert_false(cprov_redirect_status(300));
    assert_false(cprov_redirect_status(304));
    assert_false(cprov_redirect_status(200));
    assert_false(cprov_redirect_status(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(policy), cmocka_unit_test(statuses) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
