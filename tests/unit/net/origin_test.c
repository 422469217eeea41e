/* Tests of net/origin.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "net/origin.h"

static void S4_where_a_login_may_go(void **state)
{
    static const struct {
        const char *origin, *host, *realm, *configured;
        bool may;
    } cases[] = {
        { "https://reg.example", "reg.example", "https://reg.example/token", NULL, true },
        { "https://reg.example:5000", "reg.example:5000", "https://REG.example/t", NULL, true },
        { "https://reg.corp.example", "reg.corp.example", "https://auth.corp.example/t", NULL,
          true },
        { "https://reg.example", "reg.example", "https://auth.other/t", NULL, false },
        { "https://evil-reg.example", "evil-reg.example", "https://reg.example/t", NULL, false },
        { "https://a.github.io", "a.github.io", "https://b.github.io/t", NULL, false },
        { "https://a.co.uk", "a.co.uk", "https://b.co.uk/t", NULL, false },
        { "https://registry-1.docker.io", "docker.io", "https://auth.docker.io/token", NULL, true },
        { "https://registry.gitlab.com", "registry.gitlab.com", "https://gitlab.com/jwt/auth", NULL,
          true },
        { "https://rg.fr-par.scw.cloud", "rg.fr-par.scw.cloud", "https://api.scaleway.com/t", NULL,
          true },
        { "https://scw.cloud.evil", "scw.cloud.evil", "https://api.scaleway.com/t", NULL, false },
        { "https://reg.example", "reg.example", "https://auth.other/t", "auth.other", true },
        { "https://reg.example", "reg.example", "https://auth.other:8443/t", "auth.other", true },
        { "https://reg.example", "reg.example", "https://auth.other/t", "auth.other:8443", false },
        { "https://reg.example", "reg.example", "https://auth.other/t", "https://auth.other/x",
          true },
        { "https://reg.example", "reg.example", "https://auth.other.evil/t", "auth.other", false },
        /* addresses have no domain */
        { "http://127.0.0.1:5000", "127.0.0.1:5000", "http://127.0.0.1:5001/t", NULL, true },
        { "http://127.0.0.1:5000", "127.0.0.1:5000", "http://localhost:5001/t", NULL, true },
        { "http://127.0.0.1:5000", "127.0.0.1:5000", "http://169.254.169.254/t", NULL, false },
        { "http://127.0.0.1:5000", "127.0.0.1:5000", "http://127.0.0.2/t", NULL, false },
        { "https://10.0.0.1", "10.0.0.1", "https://10.0.0.2/t", NULL, false },
        { "https://10.0.0.1", "10.0.0.1", "https://10.0.0.2/t", "10.0.0.2", true },
        { "https://93.184.216.34", "93.184.216.34", "https://94.184.216.34/t", NULL, false },
        { "https://[2001:db9::1]", "[2001:db9::1]", "https://[2001:db9::2]/t", NULL, false },
        { "https://reg", "reg", "https://auth/t", NULL, false },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_url registry, realm;

        print_message("%s, %s\n", cases[i].origin, cases[i].realm);
        assert_int_equal(cprov_url_parse(cprov_span_of(cases[i].origin), &registry, CPROV_IGNORED),
                         0);
        assert_int_equal(cprov_url_parse(cprov_span_of(cases[i].realm), &realm, CPROV_IGNORED), 0);
        assert_int_equal(cprov_login_may_go(&registry, cases[i].host, &realm, cases[i].configured),
                         cases[i].may);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(S4_where_a_login_may_go) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
