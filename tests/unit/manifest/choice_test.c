/* tests/unit/manifest/choice_test.c - the best of several platforms for a host. */
#include "base/arena.h"
#include "base/error.h"
#include "manifest/platform.h"
#include "unit.h"

#define OFFERED_MAX 8

/* Platforms as text; "" is one that is not named. Architectures as images spell them. */
static void read_platform(const char *text, struct cprov_arena *arena, struct cprov_platform *out)
{
    *out = (struct cprov_platform){ .os = "", .architecture = "", .variant = "", .os_version = "" };
    if (text[0])
        assert_int_equal(cprov_platform_parse(cprov_span_of(text), arena, out, CPROV_IGNORED), 0);
}

struct choice_case {
    const char *platform; /* of the host */
    const char *os_version;
    enum cprov_isolation isolation;
    int expected;
    const char *offered[OFFERED_MAX];
};

static void run(const struct choice_case *c)
{
    struct cprov_arena arena = { 0 };
    struct cprov_platform candidates[OFFERED_MAX];
    struct cprov_host host = {
        .os_version = cprov_span_of(c->os_version),
        .isolation = c->isolation,
    };
    size_t count = 0;

    print_message("'%s' %s: %s, %s ...\n", c->platform, c->os_version ? c->os_version : "",
                  c->offered[0], c->offered[1] ? c->offered[1] : "");
    read_platform(c->platform, &arena, &host.platform);
    for (; count < OFFERED_MAX && c->offered[count]; count++)
        read_platform(c->offered[count], &arena, &candidates[count]);
    assert_int_equal(cprov_platform_choose(&host, candidates, count), c->expected);
    if (c->expected >= 0)
        assert_true(cprov_platform_fits(&host, &candidates[c->expected]));
    cprov_arena_clear(&arena);
}

#define W(version) "windows(10.0." version ")/amd64"

static void test_windows(void **state)
{
    static const struct choice_case cases[] = {
        /* numbers, not text */
        { "windows/amd64", "10.0.20348.5000", 0, 1, { W("20348.900"), W("20348.3000") } },
        { "windows/amd64", "10.0.20348.5000", 0, 0, { W("20348.3000"), W("20348.900") } },
        /* same build before a higher revision, and not above the host's where there is one */
        { "windows/amd64", "10.0.20348.2000", 0, 1, { W("20348.3000"), W("20348.1000") } },
        { "windows/amd64", "10.0.20348.2000", 0, 1, { W("20348.3000"), W("20348.4000") } },
        { "windows/amd64", "10.0.22621.1", 0, 1, { W("20348.1"), W("22000.1"), W("17763.1") } },
        { "windows/amd64", "10.0.26100.1", 0, 1, { W("22621.9"), W("26100.9") } },
        /* isolation */
        { "windows/amd64", "10.0.20348.1", CPROV_ISOLATION_PROCESS, -1, { W("17763.1") } },
        { "windows/amd64", "10.0.20348.1", CPROV_ISOLATION_HYPERV, 0, { W("17763.1") } },
        { "windows/amd64", "10.0.20348.1", 0, 1, { W("17763.1"), W("20348.9") } },
        { "windows/amd64", "10.0.20348.1", 0, -1, { W("26100.1") } },
        { "windows/amd64",
          "10.0.14393.206",
          CPROV_ISOLATION_PROCESS,
          1,
          { W("14393.351"), W("14393.206") } },
        /* any host version: the newest */
        { "windows/amd64", NULL, 0, 1, { W("20348.1"), W("26100.1"), W("26100.0"), W("9600") } },
        /* without a version: after all that have one; in the order of the list */
        { "windows/amd64", "10.0.20348.1", 0, 1, { "windows/amd64", W("17763.1") } },
        { "windows/amd64", "10.0.20348.1", 0, 1, { W("26100"), "windows/amd64", "windows/amd64" } },
        /* from the platform's own text */
        { W("17763.1"), NULL, CPROV_ISOLATION_PROCESS, 1, { W("20348.1"), W("17763.2") } },
        /* not a version */
        { "windows/amd64", "ltsc2022", 0, -1, { W("20348.1"), "windows/amd64" } },
        { "windows/amd64", "10.0.20348", 0, -1, { "windows(latest)/amd64" } },
        { "windows/amd64", NULL, 0, 1, { "windows(latest)/amd64", W("17763.1") } },
        /* architecture and os first */
        { "windows/arm64", "10.0.26100.1", 0, 1, { W("26100.1"), "windows(10.0.26100.1)/arm64" } },
        { "linux/amd64", "10.0.20348.1", 0, -1, { W("20348.1") } },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++)
        run(&cases[i]);
}

static void test_variants(void **state)
{
    static const struct choice_case cases[] = {
        { "linux/arm/v8", NULL, 0, 1, { "linux/arm/v6", "linux/arm/v7", "linux/arm/v5" } },
        { "linux/arm/v8", NULL, 0, 2, { "linux/arm/v6", "linux/arm/v7", "linux/arm/v8" } },
        { "linux/arm/v6", NULL, 0, 1, { "linux/arm/v7", "linux/arm/v5" } },
        { "linux/arm/v5", NULL, 0, -1, { "linux/arm/v7", "linux/arm/v6" } },
        { "linux/arm64", NULL, 0, 1, { "linux/arm/v7", "linux/arm64/v8" } },
        { "linux/arm64/v8", NULL, 0, 0, { "linux/arm64" } },
        { "linux/arm64", NULL, 0, -1, { "linux/arm64/v9" } },
        { "linux/arm64/v9", NULL, 0, 0, { "linux/arm64/v9", "linux/arm64" } },
        { "linux/arm64/v9", NULL, 0, 1, { "linux/arm64", "linux/arm64/v8.2" } },
        { "linux/amd64", NULL, 0, 1, { "linux/amd64/v2", "linux/amd64" } },
        { "linux/amd64/v3", NULL, 0, 0, { "linux/amd64/v2", "linux/amd64" } },
        { "linux/amd64/v3", NULL, 0, 2, { "linux/amd64/v4", "linux/amd64", "linux/amd64/v3" } },
        { "linux/riscv64", NULL, 0, -1, { "linux/riscv64/rva23" } },
        { "linux/riscv64/rva23", NULL, 0, 1, { "linux/riscv64", "linux/riscv64/rva23" } },
        { "linux/riscv64/rva23", NULL, 0, 0, { "linux/riscv64" } },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++)
        run(&cases[i]);
}

/* An arm image that does not say which arm it is for is for v7; an older host takes it when it
 * finds nothing else. */
static void test_B31_plain_arm(void **state)
{
    static const struct cprov_platform plain[] = {
        { .os = "linux", .architecture = "arm", .variant = "", .os_version = "" },
        { .os = "linux", .architecture = "arm", .variant = "v5", .os_version = "" },
        { .os = "linux", .architecture = "arm", .variant = "v7", .os_version = "" },
    };
    struct cprov_host old = { .platform = plain[1] }, usual = { .platform = plain[2] };

    (void)state;
    assert_int_equal(cprov_platform_choose(&old, plain, 1), 0);
    assert_int_equal(cprov_platform_choose(&old, plain, 2), 1);
    assert_int_equal(cprov_platform_choose(&usual, plain, 2), 0);
    assert_int_equal(cprov_platform_choose(&usual, plain, 3), 0);
}

static void test_any_host(void **state)
{
    struct cprov_platform local;
    char linux_local[64], windows_local[64], windows_newer[64];
    const char *other;

    (void)state;
    cprov_platform_local(&local);
    other = strcmp(local.architecture, "s390x") == 0 ? "linux/ppc64le" : "linux/s390x";
    snprintf(linux_local, sizeof(linux_local), "linux/%s", local.architecture);
    snprintf(windows_local, sizeof(windows_local), "windows(10.0.9.9)/%s", local.architecture);
    snprintf(windows_newer, sizeof(windows_newer), "windows(10.0.10.1)/%s", local.architecture);
    const struct choice_case cases[] = {
        { "", NULL, 0, 2, { other, windows_newer, linux_local } },
        { "", NULL, 0, 2, { other, windows_local, windows_newer } },
        { "", NULL, 0, 1, { "darwin/mips", windows_local } },
        { "", "10.0.9.9", 0, 1, { linux_local, windows_local } },
        { "", "10.0.9.9", 0, 0, { linux_local } },
        { "", NULL, 0, 0, { other } },
        { "", NULL, 0, 1, { "unknown/unknown", other } },
        { "", NULL, 0, -1, { other, "linux/mips" } },
        { "", NULL, 0, -1, { "unknown/unknown" } },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++)
        run(&cases[i]);
}

static void test_unnamed(void **state)
{
    static const struct choice_case cases[] = {
        { "linux/amd64", NULL, 0, 1, { "", "linux/amd64" } },
        { "linux/amd64", NULL, 0, 1, { "linux/arm64", "", "" } },
        { "linux/amd64", NULL, 0, -1, { "linux/unknown", "unknown/amd64" } },
        { "linux/amd64", NULL, 0, -1, { NULL } },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++)
        run(&cases[i]);
}

static void test_features(void **state)
{
    static const char *const win32k[] = { "win32k" };
    static const struct cprov_platform candidates[] = {
        { .os = "windows",
          .architecture = "amd64",
          .variant = "",
          .os_version = "10.0.20348.2",
          .os_features = win32k,
          .os_features_count = 1 },
        { .os = "windows", .architecture = "amd64", .variant = "", .os_version = "10.0.20348.1" },
    };
    struct cprov_host host = {
        .platform = { .os = "windows", .architecture = "amd64", .variant = "" },
        .os_version = S("10.0.20348.9"),
    };

    (void)state;
    assert_int_equal(cprov_platform_choose(&host, candidates, 2), 0);
    host.has_features = true;
    assert_int_equal(cprov_platform_choose(&host, candidates, 2), 1);
    assert_int_equal(cprov_platform_choose(&host, candidates, 1), -1);
    assert_false(cprov_platform_fits(&host, &candidates[0]));
    host.features = win32k;
    host.features_count = 1;
    assert_int_equal(cprov_platform_choose(&host, candidates, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),       cmocka_unit_test(test_variants),
        cmocka_unit_test(test_B31_plain_arm), cmocka_unit_test(test_any_host),
        cmocka_unit_test(test_unnamed),       cmocka_unit_test(test_features),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
