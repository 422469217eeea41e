/* Tests of net/no_proxy_private.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "net/no_proxy_private.h"

static void B23_rules_of_no_proxy(void **state)
{
    static const struct {
        const char *list, *url;
        bool has;
    } cases[] = {
        { "", "https://a.example/", false },
        { "*", "https://a.example/", true },
        { "x, * ", "https://a.example/", true },
        { "a.example", "https://a.example/", true },
        { "A.Example", "https://a.EXAMPLE/", true },
        { "a.example", "https://b.a.example/", true },
        { "a.example", "https://ba.example/", false },
        { ".a.example", "https://a.example/", false },
        { ".a.example", "https://b.a.example/", true },
        { "*.a.example", "https://a.example/", false },
        { "*.a.example", "https://c.b.a.example/", true },
        { "a.*.example", "https://a.b.example/", false },
        { "a.example:443", "https://a.example/", true },
        { "a.example:443", "https://a.example:5000/", false },
        { "a.example:5000", "http://b.a.example:5000/", true },
        { "*.a.example:80", "http://b.a.example/", true },
        { ":443", "https://a.example/", false },
        { "*.", "https://a.example/", false },
        { "10.1.2.3", "http://10.1.2.3/", true },
        { "10.1.2.3:80", "http://10.1.2.3/", true },
        { "10.1.2.3:81", "http://10.1.2.3/", false },
        { "10.1.2.30", "http://10.1.2.3/", false },
        { "10.0.0.0/8", "http://10.1.2.3:5000/", true },
        { "10.0.0.0/8", "http://11.1.2.3/", false },
        { "10.0.0.0/8", "http://10.example/", false },
        { "10.1.2.2/31", "http://10.1.2.3/", true },
        { "10.1.2.2/32", "http://10.1.2.3/", false },
        { "0.0.0.0/0", "http://10.1.2.3/", true },
        { "10.0.0.0/33", "http://10.1.2.3/", false },
        { "::/0", "http://10.1.2.3/", false },
        { "fd00::/8", "http://[fd12::1]/", true },
        { "fe00::/8", "http://[fd12::1]/", false },
        { "fd12::1", "http://[fd12:0::1]/", true },
        { "[fd12::1]:5000", "http://[fd12::1]:5000/", true },
        { "[fd12::1]:5000", "http://[fd12::1]/", false },
        { "example", "http://10.1.2.3/", false },
        { "3", "http://10.1.2.3/", false },
        { "b.example,,a.example", "https://a.example/", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_url url;

        print_message("%s %s\n", cases[i].list, cases[i].url);
        assert_int_equal(cprov_url_parse(cprov_span_of(cases[i].url), &url, &err), 0);
        assert_int_equal(cprov_no_proxy_has(cprov_span_of(cases[i].list), &url), cases[i].has);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B23_rules_of_no_proxy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
