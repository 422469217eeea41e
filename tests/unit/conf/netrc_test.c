/* tests/unit/conf/netrc_test.c - netrc files as curl reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "conf/netrc_private.h"

static const struct {
    const char *text;
    const char *host;
    const char *user; /* NULL: nothing found */
    const char *password;
} samples[] = {
    { "", "h", NULL, NULL },
    { "machine h login u password p", "h", "u", "p" },
    { "machine h login u password p\n", "H", "u", "p" },
    { "machine h\n\tlogin u\r\n\tpassword p\r\n", "h", "u", "p" },
    { "MACHINE h LOGIN u PASSWORD p", "h", "u", "p" },
    { "machine h login u password p", "other", NULL, NULL },
    { "machine h login u password p", "", NULL, NULL },
    { "machine h login u password p", "h:5000", "u", "p" },
    { "machine h:5000 login u password p", "h:5000", "u", "p" },
    { "machine h:5000 login u password p", "h", NULL, NULL },
    { "machine h password p login u", "h", "u", "p" },
    { "machine h login u", "h", "u", "" },
    { "machine h password p", "h", NULL, NULL },
    { "machine h\nmachine h login u password p", "h", "u", "p" },
    { "machine a login x password y machine h login u password p", "h", "u", "p" },
    { "machine h login u password p machine h login x password y", "h", "u", "p" },
    { "default login u password p", "h", "u", "p" },
    { "machine h login u password p default login x password y", "h", "u", "p" },
    { "machine h login u account a password p", "h", "u", "p" },
    { "machine h login machine password default", "h", "machine", "default" },
    { "machine h login \"u u\" password \"p \\\" \\\\ \\n\\t\\r\\x\"", "h", "u u",
      "p \" \\ \n\t\rx" },
    { "machine h login u password \"\"", "h", "u", "" },
    { "machine h login u password p\\n", "h", "u", "p\\n" },
    { "machine h login u password #p", "h", "u", "#p" },
    { "# machine h login x password y\n  # more\nmachine h login u password p", "h", "u", "p" },
    { "macdef m\nmachine h login x password y\n\nmachine h login u password p", "h", "u", "p" },
    { "macdef m\nmachine h login x password y\r\n\r\nmachine h login u password p", "h", "u", "p" },
    { "macdef m\nmachine h login x password y", "h", NULL, NULL },
    { "machine", "h", NULL, NULL },
    { "machine h login", "h", NULL, NULL },
    { "machine docker.io login u password p", "registry-1.docker.io", "u", "p" },
    { "machine ::1 login u password p", "[::1]:80", NULL, NULL },
    { "what ever machine h login u password p", "h", "u", "p" },
};

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(samples); i++) {
        auto_credentials struct cprov_credentials c = { 0 };

        print_message("%s\n", samples[i].text);
        assert_int_equal(cprov_netrc_find(cprov_span_of(samples[i].text),
                                          cprov_span_of(samples[i].host), &c, CPROV_IGNORED),
                         0);
        if (!samples[i].user) {
            assert_null(c.username);
            continue;
        }
        assert_non_null(c.username);
        assert_string_equal(c.username, samples[i].user);
        assert_string_equal(c.password, samples[i].password);
    }
}

static void test_open_quote(void **state)
{
    struct cprov_credentials c = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_span text = CPROV_SPAN_LITERAL("machine h\nlogin u\npassword \"hunter2\n");

    (void)state;
    assert_int_equal(cprov_netrc_find(text, CPROV_SPAN_LITERAL("h"), &c, &err), CPROV_EINVAL);
    assert_string_equal(err.msg, "3: a quote is not closed");
    assert_null(c.username);
    assert_null(c.password);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_open_quote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
