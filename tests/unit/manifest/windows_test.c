/* tests/unit/manifest/windows_test.c - which Windows host runs which Windows image. */
#include "manifest/platform.h"
#include "unit.h"

#define PROCESS CPROV_ISOLATION_PROCESS
#define HYPERV  CPROV_ISOLATION_HYPERV
#define AUTO    CPROV_ISOLATION_AUTO
#define YES     CPROV_COMPAT_YES
#define WARN    CPROV_COMPAT_WARN
#define NO      CPROV_COMPAT_NO

static const struct vector {
    const char *host;
    const char *image;
    enum cprov_isolation isolation;
    enum cprov_compat compat;
} vectors[] = {
    /* the fourteen documented pairs of builds */
    { "10.0.17763", "10.0.17763", PROCESS, YES },
    { "10.0.17763", "10.0.20348", PROCESS, NO },
    { "10.0.20348", "10.0.17763", PROCESS, NO },
    { "10.0.20348", "10.0.20348", PROCESS, YES },
    { "10.0.22621", "10.0.17763", PROCESS, NO },
    { "10.0.22621", "10.0.20348", PROCESS, YES },
    { "10.0.22621", "10.0.22621", PROCESS, YES },
    { "10.0.20348", "10.0.22621", PROCESS, NO },
    { "10.0.25398", "10.0.17763", PROCESS, NO },
    { "10.0.25398", "10.0.20348", PROCESS, YES },
    { "10.0.26100", "10.0.20348", PROCESS, YES },
    { "10.0.26100", "10.0.22621", PROCESS, YES },
    { "10.0.26100", "10.0.17763", PROCESS, NO },
    { "10.0.20348", "10.0.26100", PROCESS, NO },
    /* past the newest long-term build it becomes the oldest that runs */
    { "10.0.26101", "10.0.26100", PROCESS, YES },
    { "10.0.26101", "10.0.20348", PROCESS, NO },
    { "10.0.18362", "10.0.17763", PROCESS, NO },
    { "10.0.17763.100", "10.0.17763.200", PROCESS, YES },
    { "10.1.20348", "10.0.20348", PROCESS, NO },
    /* 2016: the revision counts */
    { "10.0.14393.206", "10.0.14393.351", PROCESS, NO },
    { "10.0.14393.351", "10.0.14393.351", PROCESS, YES },
    { "10.0.14393", "10.0.14393.351", PROCESS, YES },
    { "10.0.14393.206", "10.0.14393.351", HYPERV, YES },
    { "10.0.14393.206", "10.0.14393.351", AUTO, YES },
    { "10.0.10586.8", "10.0.10586.0", PROCESS, YES },
    { "10.0.10586.8", "10.0.10586.1", PROCESS, NO },
    /* February 2020 */
    { "10.0.17763.1038", "10.0.17763.1039", PROCESS, YES },
    { "10.0.17763.1038", "10.0.17763.1040", PROCESS, WARN },
    { "10.0.17763.1039", "10.0.17763.1040", PROCESS, YES },
    { "10.0.17763.1039", "10.0.17763.1039", PROCESS, WARN },
    { "10.0.17763.5000", "10.0.17763.900", PROCESS, WARN },
    { "10.0.17763.5000", "10.0.17763.900", AUTO, WARN },
    { "10.0.17763.5000", "10.0.17763.900", HYPERV, YES },
    { "10.0.17763", "10.0.17763.1040", PROCESS, YES },
    /* Hyper-V: not newer */
    { "10.0.20348", "10.0.17763", HYPERV, YES },
    { "10.0.20348", "10.0.26100", HYPERV, NO },
    { "10.0.20348", "6.3.99999", HYPERV, YES },
    { "10.0.20348", "10.1.1", HYPERV, NO },
    { "10.0.20348", "11.0.1", HYPERV, NO },
    { "10.0.20348", "10.0.17763", AUTO, YES },
    { "10.0.20348", "10.0.26100", AUTO, NO },
    /* nothing known */
    { "10.0.20348", "0", PROCESS, YES },
    { "0", "10.0.20348", PROCESS, YES },
};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(vectors); i++) {
        struct cprov_os_version host, image;
        const char *why = NULL;

        print_message("%s on %s\n", vectors[i].image, vectors[i].host);
        assert_true(cprov_os_version_parse(cprov_span_of(vectors[i].host), &host));
        assert_true(cprov_os_version_parse(cprov_span_of(vectors[i].image), &image));
        assert_int_equal(cprov_os_compat(&host, &image, vectors[i].isolation, &why),
                         vectors[i].compat);
        assert_non_null(why);
        assert_int_equal(cprov_os_compat(&host, &image, vectors[i].isolation, NULL),
                         vectors[i].compat);
    }
}

static void test_parse(void **state)
{
    static const char *const bad[] = {
        "", ".", "10.", ".10", "10..0", "1.2.3.4.5", "10.0.x", "-1", " 10", "18446744073709551616",
    };
    struct cprov_os_version v = { { 7, 7, 7, 7 } };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(bad); i++) {
        print_message("'%s'\n", bad[i]);
        assert_false(cprov_os_version_parse(cprov_span_of(bad[i]), &v));
        assert_true(v.part[0] == 7 && v.part[3] == 7);
    }
    assert_true(cprov_os_version_parse(S("10.0.20348.2113"), &v));
    assert_true(v.part[0] == 10 && v.part[1] == 0 && v.part[2] == 20348 && v.part[3] == 2113);
    assert_true(cprov_os_version_parse(S("18446744073709551615"), &v));
    assert_true(v.part[0] == UINT64_MAX && v.part[3] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_parse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
