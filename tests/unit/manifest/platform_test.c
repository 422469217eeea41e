/* tests/unit/manifest/platform_test.c - platforms as text. */
#include "manifest/platform.h"

#include "base/arena.h"
#include "base/error.h"
#include "unit.h"

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        const char *formatted; /* NULL: as the text */
    } cases[] = {
        { "linux/amd64", NULL },
        { "Linux/AMD64", "linux/amd64" },
        { "linux/x86_64", "linux/amd64" },
        { "linux/amd64/v1", "linux/amd64" },
        { "linux/x86_64/v3", "linux/amd64/v3" },
        { "linux/aarch64", "linux/arm64" },
        { "linux/arm64/v8", "linux/arm64" },
        { "linux/aarch64/v8", "linux/arm64" },
        { "linux/arm64/v9", NULL },
        { "linux/armhf", "linux/arm/v7" },
        { "linux/armel", "linux/arm/v6" },
        { "linux/arm", "linux/arm/v7" },
        { "linux/arm/6", "linux/arm/v6" },
        { "linux/i386", "linux/386" },
        { "macos/arm64", "darwin/arm64" },
        { "windows(10.0.20348+win32k)/amd64", NULL },
        { "windows(10.0.20348.2113)/amd64", NULL },
        { "windows(+a+b)/amd64", NULL },
        { "linux/riscv64/rva20u64", NULL },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_arena arena = { 0 };
        struct cprov_platform p;
        auto_buf struct cprov_buf out;

        print_message("%s\n", cases[i].text);
        cprov_buf_init(&out, 256);
        assert_int_equal(
            cprov_platform_parse(cprov_span_of(cases[i].text), &arena, &p, CPROV_IGNORED), 0);
        cprov_platform_format(&p, &out);
        assert_string_equal(cprov_buf_text(&out),
                            cases[i].formatted ? cases[i].formatted : cases[i].text);
        cprov_arena_clear(&arena);
    }
}

static void test_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "/",
        "linux",
        "linux/",
        "/amd64",
        "linux/amd64/",
        "a/b/c/d",
        "LOCAL",
        "a b/amd64",
        "windows()/amd64",
        "windows(1/amd64",
        "windows(1)x/amd64",
        "windows(1+)/amd64",
        "windows(1(2)/amd64",
        "linux/amd64\n",
        "(1)/amd64",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_arena arena = { 0 };
        struct cprov_platform p = { .os = "untouched" };

        print_message("'%s'\n", cases[i]);
        assert_int_equal(cprov_platform_parse(cprov_span_of(cases[i]), &arena, &p, CPROV_IGNORED),
                         CPROV_EINVAL);
        assert_string_equal(p.os, "untouched");
        cprov_arena_clear(&arena);
    }
}

static void test_too_long(void **state)
{
    char text[512];
    struct cprov_arena arena = { 0 };
    struct cprov_platform p;

    (void)state;
    memset(text, 'a', sizeof(text));
    text[1] = '/';
    assert_int_equal(cprov_platform_parse(cprov_span_make(text, 255), &arena, &p, CPROV_IGNORED),
                     0);
    assert_int_equal(cprov_platform_parse(cprov_span_make(text, 256), &arena, &p, CPROV_IGNORED),
                     CPROV_EINVAL);
    memcpy(text, "w(", 2);
    for (size_t i = 2; i < 132; i += 2)
        memcpy(text + i, "+a", 2);
    memcpy(text + 132, ")/a", 3);
    assert_int_equal(cprov_platform_parse(cprov_span_make(text, 135), &arena, &p, CPROV_IGNORED),
                     CPROV_EINVAL);
    cprov_arena_clear(&arena);
}

static void test_local_and_empty(void **state)
{
    struct cprov_arena arena = { 0 };
    struct cprov_platform p, local, none = { 0 };
    auto_buf struct cprov_buf out;

    (void)state;
    cprov_buf_init(&out, 256);
    cprov_platform_local(&local);
    assert_int_equal(cprov_platform_parse(S("local"), &arena, &p, CPROV_IGNORED), 0);
    assert_string_equal(p.architecture, local.architecture);
    assert_string_equal(p.os, "linux");
    cprov_platform_format(&none, &out);
    assert_string_equal(cprov_buf_text(&out), "");
    none.os = "linux";
    cprov_platform_format(&none, &out);
    assert_string_equal(cprov_buf_text(&out), "linux/unknown");
    cprov_arena_clear(&arena);
}

static void test_isolation(void **state)
{
    enum cprov_isolation isolation = CPROV_ISOLATION_HYPERV;

    (void)state;
    assert_int_equal(cprov_isolation_parse(S(""), &isolation, CPROV_IGNORED), CPROV_EINVAL);
    assert_int_equal(cprov_isolation_parse(S("default"), &isolation, CPROV_IGNORED), CPROV_EINVAL);
    assert_int_equal(isolation, CPROV_ISOLATION_HYPERV);
    assert_int_equal(cprov_isolation_parse(S("process"), &isolation, CPROV_IGNORED), 0);
    assert_int_equal(isolation, CPROV_ISOLATION_PROCESS);
    assert_int_equal(cprov_isolation_parse(S("HyperV"), &isolation, CPROV_IGNORED), 0);
    assert_int_equal(isolation, CPROV_ISOLATION_HYPERV);
    assert_int_equal(cprov_isolation_parse(S("any"), &isolation, CPROV_IGNORED), 0);
    assert_int_equal(isolation, CPROV_ISOLATION_AUTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_long),  cmocka_unit_test(test_local_and_empty),
        cmocka_unit_test(test_isolation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
