/* tests/unit/manifest/host_test.c - which hosts are here, and which are not public. */
#include "base/error.h"
#include "manifest/reference.h"
#include "unit.h"

enum place { PUBLIC, PRIVATE, LOOPBACK };

static void test_places(void **state)
{
    static const struct {
        const char *host;
        enum place place;
    } cases[] = {
        { "", PUBLIC },
        { "example.com", PUBLIC },
        { "example.com:443", PUBLIC },
        { "localhost.example.com", PUBLIC },
        { "notlocalhost", PUBLIC },
        { "8.8.8.8", PUBLIC },
        { "126.255.255.255", PUBLIC },
        { "128.0.0.1", PUBLIC },
        { "172.15.0.1", PUBLIC },
        { "172.32.0.1", PUBLIC },
        { "100.63.0.1", PUBLIC },
        { "[2001:4860:4860::8888]:443", PUBLIC },
        { "[::ffff:8.8.8.8]", PUBLIC },
        { "127.example.com", PUBLIC },
        { "localhost", LOOPBACK },
        { "LocalHost:5000", LOOPBACK },
        { "a.localhost", LOOPBACK },
        { "127.0.0.1", LOOPBACK },
        { "127.255.255.254:80", LOOPBACK },
        { "[::1]", LOOPBACK },
        { "[::1]:5000", LOOPBACK },
        { "::1", LOOPBACK },
        { "[0:0:0:0:0:0:0:1]", LOOPBACK },
        { "10.0.0.1", PRIVATE },
        { "172.16.0.1:443", PRIVATE },
        { "172.31.255.255", PRIVATE },
        { "192.168.1.1", PRIVATE },
        { "169.254.169.254", PRIVATE },
        { "100.100.100.200", PRIVATE },
        { "0.0.0.0", PRIVATE },
        { "255.255.255.255", PRIVATE },
        { "127.1", PRIVATE },
        { "2130706433", PRIVATE },
        { "0x7f000001", PRIVATE },
        { "0177.0.0.1", PRIVATE },
        { "localhost.", PRIVATE },
        { "127.0.0.1.", PRIVATE },
        { "[::]", PRIVATE },
        { "[fe80::1]", PRIVATE },
        { "[fe80::1%25eth0]", PRIVATE },
        { "fd00::1", PRIVATE },
        { "[::ffff:10.0.0.1]", PRIVATE },
        { "[::ffff:127.0.0.1]", PRIVATE },
        { "[64:ff9b::7f00:1]", PRIVATE },
        { "[2002:7f00:1::]", PRIVATE },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_span host = cprov_span_of(cases[i].host);

        print_message("'%s'\n", cases[i].host);
        assert_int_equal(cprov_host_is_loopback(host), cases[i].place == LOOPBACK);
        assert_int_equal(cprov_host_is_private(host), cases[i].place != PUBLIC);
    }
}

static void test_check(void **state)
{
    static const struct {
        const char *host;
        int code;
    } cases[] = {
        { "a", 0 },
        { "A-b.example:1", 0 },
        { "[::1]:65535", 0 },
        { "a:", CPROV_EINVAL },
        { "a:b", CPROV_EINVAL },
        { "a:+1", CPROV_EINVAL },
        { "a_b", CPROV_EINVAL },
        { "a.", CPROV_EINVAL },
        { "[]", CPROV_EINVAL },
        { "[127.0.0.1]", CPROV_EINVAL },
        { "a@b", CPROV_EINVAL },
        { "a/b", CPROV_EINVAL },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("'%s'\n", cases[i].host);
        assert_int_equal(cprov_reference_check_host(cprov_span_of(cases[i].host), CPROV_IGNORED),
                         cases[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
