/* tests/unit/base/version_test.c - the order of versions and what --version accepts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/version.h"

static struct cprov_span span(const char *text)
{
    return cprov_span_of(text);
}

static void kinds(void **state)
{
    static const struct {
        const char *text;
        enum cprov_version_kind kind;
    } table[] = {
        { "", CPROV_VERSION_OTHER },
        { "1", CPROV_VERSION_NUMERIC },
        { "v1", CPROV_VERSION_NUMERIC },
        { "v", CPROV_VERSION_OTHER },
        { "V1", CPROV_VERSION_OTHER },
        { "10.0.10586.8", CPROV_VERSION_NUMERIC },
        { "1.2.3.4.5", CPROV_VERSION_OTHER },
        { "1..2", CPROV_VERSION_OTHER },
        { "1.", CPROV_VERSION_OTHER },
        { ".1", CPROV_VERSION_OTHER },
        { "1.2.3-rc.1", CPROV_VERSION_SEMVER },
        { "v1.2.3-rc.1", CPROV_VERSION_SEMVER },
        { "1.2.3+build.5", CPROV_VERSION_SEMVER },
        { "1.2.3-x.7.z.92+a-b", CPROV_VERSION_SEMVER },
        { "1.2.3+20130313-144700", CPROV_VERSION_SEMVER },
        { "1.2.3-01", CPROV_VERSION_OTHER },
        { "1.2.3-", CPROV_VERSION_OTHER },
        { "1.2.3+", CPROV_VERSION_OTHER },
        { "1.2.3-a..b", CPROV_VERSION_OTHER },
        { "1.2.3-a_b", CPROV_VERSION_OTHER },
        { "1.2-rc", CPROV_VERSION_OTHER },
        { "1.2.3.4-rc", CPROV_VERSION_OTHER },
        { "latest", CPROV_VERSION_OTHER },
        { "ltsc2022", CPROV_VERSION_OTHER },
        { "18446744073709551615", CPROV_VERSION_NUMERIC },
        { "18446744073709551616", CPROV_VERSION_OTHER },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s\n", table[i].text);
        assert_int_equal(cprov_version_kind(span(table[i].text)), table[i].kind);
    }
    assert_int_equal(cprov_version_kind((struct cprov_span){ 0 }), CPROV_VERSION_OTHER);
}

/* Each is below the next; all pairs are compared, both ways. */
static void order(void **state)
{
    static const char *const sorted[] = {
        "",
        "1.2-rc",
        "latest",
        "ltsc2022",
        "0",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-beta.99999999999999999999999",
        "1.0.0-rc.1",
        "1.0",
        "1.0.0",
        "1.0.0+build",
        "v1",
        "1.0.0.1",
        "1.9",
        "1.10",
        "10.0.9200.0",
        "10.0.10586.0",
        "10.0.10586.8",
        "10.0.10586.10",
        "18446744073709551615",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(sorted); i++) {
        for (size_t j = 0; j < CPROV_COUNT(sorted); j++) {
            int got = cprov_version_compare(span(sorted[i]), span(sorted[j]));

            print_message("%s, %s: %d\n", sorted[i], sorted[j], got);
            assert_int_equal((got > 0) - (got < 0), (i > j) - (i < j));
        }
    }
}

static void same(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } table[] = {
        { "10.0.10586", "10.0.10586.0", true },
        { "v1", "1.0.0.0", true },
        { "01.2", "1.2", true },
        { "1.0.0", "1.0.0+build", true },
        { "1.0.0-rc+1", "1.0.0-rc+2", true },
        { "1.0.0-rc", "1.0.0", false },
        { "1.0.0-rc", "1.0.0-RC", false },
        { "10.0.10586.8", "10.0.10586.0", false },
        { "latest", "latest", true },
        { "latest", "Latest", false },
        { "latest", "1", false },
        { "", "", true },
        { "", "0", false },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s, %s\n", table[i].a, table[i].b);
        assert_int_equal(cprov_version_same(span(table[i].a), span(table[i].b)), table[i].same);
        assert_int_equal(cprov_version_same(span(table[i].b), span(table[i].a)), table[i].same);
    }
}

static void numbers(void **state)
{
    uint64_t n[4] = { 9, 9, 9, 9 };
    static const uint64_t untouched[4] = { 9, 9, 9, 9 }, filled[4] = { 10, 0, 14393, 0 };

    (void)state;
    assert_false(cprov_version_numbers(span(""), n));
    assert_false(cprov_version_numbers(span("1.2.3-rc"), n));
    assert_false(cprov_version_numbers(span("1.2.3.4.5"), n));
    assert_memory_equal(n, untouched, sizeof(n));
    assert_true(cprov_version_numbers(span("10.0.14393"), n));
    assert_memory_equal(n, filled, sizeof(n));
}

static void refused(void **state)
{
    static const char *const table[] = {
        "",        "1.x",   "1.2.X", "1.x-alpine", "1.2.3.4.5",  "1..2",      "1.",      ".1",
        ".",       "*",     "1.*.3", "ltsc*",      ".*",         "1.2.3.4.*", "1..*",    "a.*",
        "~latest", "^",     ">=",    "1.0 ",       "-rc",        ">",         "=",       ">=1,>2",
        ">=2,<1",  ">1,<1", ">=1,",  "~1.2.3.4.5", "<latest",    "=1.x",      ">=1,2",   "^ ",
        "(1,",     "[1,2",  "[",     "(",          "[]",         "()",        "(,)",     "[,]",
        "[1",      "(1)",   "[1)",   "[latest]",   "[1,latest]", "[1,2,3]",   "[1.x,2]", "(1.0,1]",
        "[1,1.0)", "[2,1]", "1.0/2", "v1..2.*",    "[1,2]]",
    };
    char longest[CPROV_TAG_MAX + 2];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        struct cprov_version_range r = { .minimum_open = true };
        struct cprov_error err = CPROV_ERROR_INIT;

        print_message("%s\n", table[i]);
        assert_int_equal(cprov_version_range_parse(span(table[i]), &r, &err), CPROV_EINVAL);
        assert_true(r.minimum_open && cprov_version_range_is_any(&r));
        assert_string_not_equal(err.msg, "");
    }
    memset(longest, 'a', sizeof(longest));
    struct cprov_version_range r = { 0 };
    assert_int_equal(
        cprov_version_range_parse(cprov_span_make(longest, CPROV_TAG_MAX + 1), &r, CPROV_IGNORED),
        CPROV_EINVAL);
    assert_int_equal(
        cprov_version_range_parse(cprov_span_make(longest, CPROV_TAG_MAX), &r, CPROV_IGNORED), 0);
    assert_int_equal(cprov_version_range_parse(cprov_span_make("1\0", 2), &r, CPROV_IGNORED),
                     CPROV_EINVAL);
    assert_int_equal(cprov_version_range_parse(cprov_span_make("\0", 1), &r, CPROV_IGNORED),
                     CPROV_EINVAL);
}

static void admits(void **state)
{
    static const struct {
        const char *range, *version;
        bool has;
    } table[] = {
        { "10.0.10585", "10.0.10585.0", true },
        { "10.0.10585", "10.0.10585.1", false },
        { "10.0.10585", "10.0.105850", false },
        { "latest", "latest", true },
        { "latest", "1", false },
        { "1.0.0-x.7.z.92", "1.0.0-x.7.z.92", true },
        { "1.0-x", "1.0-x", true },
        { "1.2.3+b", "1.2.3", true },
        { "123456789012345678901", "123456789012345678901", true },
        { "10.0.10586.*", "10.0.10586.8", true },
        { "10.0.10586.*", "10.0.10586", true },
        { "10.0.10586.*", "10.0.10585.0", false },
        { "10.0.10586.*", "10.0.105860.0", false },
        { "10.0.10586.*", "10.0.10586.8-amd64", true },
        { "10.0.10586.*", "latest", false },
        { "10.0.*", "v10.0.1", true },
        { "v10.*", "10.0.1", true },
        { "1.*", "10", false },
        { "[10.0.10580.0,10.0.10582.0)", "10.0.10580", true },
        { "[10.0.10580.0,10.0.10582.0)", "10.0.10581.0", true },
        { "[10.0.10580.0,10.0.10582.0)", "10.0.10582", false },
        { "(1,2]", "1.0", false },
        { "(1,2]", "1.0.0.1", true },
        { "(1,2]", "2.0", true },
        { "(,2]", "0", true },
        { "( , 2 ]", "3", false },
        { "[1,)", "99", true },
        { "[1,)", "0.9", false },
        { "[1,)", "latest", false },
        { "[1,1]", "1.0", true },
        { "[1.0]", "1", true },
        { "[1.0]", "1.0.1", false },
        { "[1,2)", "2.0.0-rc", true },
        { ">=1.25", "1.25.0", true },
        { ">=1.25", "1.24.9", false },
        { ">=1.25", "latest", false },
        { "> 1.25", "1.25", false },
        { "<=1.25", "1.25.0", true },
        { "<1.25", "1.25", false },
        { ">=1.25, <2", "1.99", true },
        { ">=1.25,<2", "2.0", false },
        { "=1.25", "1.25.0", true },
        { "^1.25", "1.25", true },
        { "^1.25", "1.99.3", true },
        { "^1.25", "1.24", false },
        { "^1.25", "2.0.0-rc.1", false },
        { "^1.25", "2.0", false },
        { "^0.2.3", "0.2.9", true },
        { "^0.2.3", "0.3.0", false },
        { "^0.0.3", "0.0.4", false },
        { "^0", "0.9", true },
        { "~1.25", "1.25.9", true },
        { "~1.25.3", "1.25.2", false },
        { "~1.25.3", "1.26.0", false },
        { "~1", "1.9", true },
        { "~1", "2", false },
        { "~v1.25", "v1.25.1", true },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        struct cprov_version_range r = { 0 };

        print_message("%s, %s\n", table[i].range, table[i].version);
        assert_int_equal(cprov_version_range_parse(span(table[i].range), &r, CPROV_IGNORED), 0);
        assert_false(cprov_version_range_is_any(&r));
        assert_int_equal(cprov_version_range_has(&r, span(table[i].version)), table[i].has);
    }
}

static void any(void **state)
{
    struct cprov_version_range r = { 0 };

    (void)state;
    assert_true(cprov_version_range_is_any(&r));
    assert_true(cprov_version_range_has(&r, span("latest")));
    assert_true(cprov_version_range_has(&r, span("")));
}

static void limits(void **state)
{
    struct cprov_version_range r = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    assert_int_equal(cprov_version_range_limit(&r, span(""), span(NULL), &err), 0);
    assert_true(cprov_version_range_is_any(&r));
    assert_int_equal(cprov_version_range_limit(&r, span("2"), span("1.9"), &err), CPROV_EINVAL);
    assert_string_equal(err.msg, "Minimum Version cannot be more than Maximum Version");
    assert_int_equal(cprov_version_range_limit(&r, span("latest"), span(""), &err), CPROV_EINVAL);
    assert_int_equal(cprov_version_range_limit(&r, span("1"), span("1.x"), &err), CPROV_EINVAL);
    assert_true(cprov_version_range_is_any(&r));

    assert_int_equal(
        cprov_version_range_limit(&r, span("10.0.10580.0"), span("10.0.10582.0"), &err), 0);
    assert_true(cprov_version_range_has(&r, span("10.0.10580")));
    assert_true(cprov_version_range_has(&r, span("10.0.10582.0")));
    assert_false(cprov_version_range_has(&r, span("10.0.10582.1")));
    assert_int_equal(cprov_version_range_limit(&r, span("1"), span(""), &err), CPROV_EINVAL);
    assert_int_equal(cprov_version_range_limit(&r, span(""), span(""), &err), 0);
}

static void limits_and_required(void **state)
{
    static const char *const taken[] = { "1.0", "latest", "[1]", "[1,2]", "(,2)", "[1,)" };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(taken); i++) {
        struct cprov_version_range r = { 0 };

        print_message("%s\n", taken[i]);
        assert_int_equal(cprov_version_range_parse(span(taken[i]), &r, CPROV_IGNORED), 0);
        assert_int_equal(cprov_version_range_limit(&r, span(""), span("3"), CPROV_IGNORED),
                         CPROV_EINVAL);
    }
    struct cprov_version_range r = { 0 };
    assert_int_equal(cprov_version_range_parse(span("10.0.*"), &r, CPROV_IGNORED), 0);
    assert_int_equal(cprov_version_range_limit(&r, span("10.0.5"), span(""), CPROV_IGNORED), 0);
    assert_true(cprov_version_range_has(&r, span("10.0.6")));
    assert_false(cprov_version_range_has(&r, span("10.0.4")));
    assert_false(cprov_version_range_has(&r, span("10.1")));
}

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void B4_attachments(void **state)
{
    static const char *const yes[] = { "sha256-" HEX64,          "sha256-" HEX64 ".sig",
                                       "sha256-" HEX64 ".att",   "sha256-" HEX64 ".sbom",
                                       "sha512-" HEX64,          "sha512-" HEX64 HEX64 ".sig",
                                       "sha256-" HEX64 ".cosign" };
    static const char *const no[] = { "",
                                      "latest",
                                      "1.0",
                                      "sha256",
                                      "sha256-",
                                      "sha256-abc",
                                      "sha-" HEX64,
                                      "sha256-" HEX64 "-debug",
                                      HEX64,
                                      "Sha256-" HEX64,
                                      "1.0-sha256-" HEX64 };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(yes); i++)
        assert_true(cprov_version_is_attachment(span(yes[i])));
    for (size_t i = 0; i < CPROV_COUNT(no); i++)
        assert_false(cprov_version_is_attachment(span(no[i])));
    assert_false(cprov_version_is_attachment((struct cprov_span){ 0 }));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(order),
        cmocka_unit_test(same),
        cmocka_unit_test(numbers),
        cmocka_unit_test(refused),
        cmocka_unit_test(admits),
        cmocka_unit_test(any),
        cmocka_unit_test(limits),
        cmocka_unit_test(limits_and_required),
        cmocka_unit_test(B4_attachments),
    };

    return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
