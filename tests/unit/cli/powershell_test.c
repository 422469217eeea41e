/* tests/unit/cli/powershell_test.c - the PowerShell spelling becomes the GNU one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "cli/powershell.h"
#include "cli/verb_named.h"

static int translate(const char *name, const char *const *argv, struct cprov_arena *arena,
                     struct cprov_words *out, struct cprov_error *err)
{
    size_t count = 0;
    bool powershell = false;
    const struct cprov_verb *verb = cprov_verb_named(name, &powershell);

    assert_true(powershell);
    while (argv[count])
        count++;
    return cprov_powershell_translate(verb, argv, count, arena, out, err);
}

static void test_translation(void **state)
{
    static const struct {
        const char *verb;
        const char *argv[8];
        const char *expected[8];
    } cases[] = {
        { "Find-ContainerImage", { NULL }, { NULL } },
        { "Install-ContainerImage",
          { "-Name", "NanoServer", "-Version", "10.0.10586.8" },
          { "--name=NanoServer", "--version=10.0.10586.8" } },
        { "install-containerimage",
          { "-NAME:X", "-req", "1" },
          { "--name=X", "--required-version=1" } },
        { "Find-ContainerImage", { "-Name", "A,B" }, { "--name=A", "--name=B" } },
        { "Find-ContainerImage", { "A,B", "C" }, { "A", "B", "C" } },
        { "Find-ContainerImage", { "-Version", "[1,2)" }, { "--version=[1,2)" } },
        { "Save-ContainerImage", { "-Force:$false" }, { "--force=false" } },
        { "Save-ContainerImage", { "-WhatIf", "-Force" }, { "--what-if=true", "--force=true" } },
        { "Save-ContainerImage", { "--path", "-x" }, { "--path", "-x" } },
        { "Save-ContainerImage", { "--", "-Force" }, { "--", "-Force" } },
        { "Register-PackageSource",
          { "-Name", "n", "-Loc", "http://h:1/", "-Trusted" },
          { "--name=n", "--location=http://h:1/", "--trusted=true" } },
        { "Get-Image", { "-ChildOf", "NanoServer" }, { "--child-of=NanoServer" } },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_arena arena = { 0 };
        struct cprov_words out = { NULL, 0, 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        if (translate(cases[i].verb, cases[i].argv, &arena, &out, &err) < 0)
            fail_msg("case %zu: %s", i, err.msg);
        for (size_t k = 0; k < out.count; k++)
            assert_string_equal(out.items[k], cases[i].expected[k]);
        assert_null(cases[i].expected[out.count]);
        cprov_arena_clear(&arena);
    }
}

static void test_refusals(void **state)
{
    static const struct {
        const char *argv[4];
        const char *message;
    } cases[] = {
        { { "-Ver", "1" }, "ambiguous" },
        { { "-Nonsense" }, "unknown parameter" },
        { { "-Version" }, "needs a value" },
        { { "-:x" }, "unknown parameter" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_arena arena = { 0 };
        struct cprov_words out = { NULL, 0, 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        assert_int_equal(translate("Find-ContainerImage", cases[i].argv, &arena, &out, &err),
                         CPROV_EINVAL);
        assert_non_null(strstr(err.msg, cases[i].message));
        cprov_arena_clear(&arena);
    }
}

static void test_password_is_not_copied(void **state)
{
    const char *argv[] = { "-Password:SECRET", NULL };
    struct cprov_arena arena = { 0 };
    struct cprov_words out = { NULL, 0, 0 };

    (void)state;
    assert_int_equal(translate("Find-ContainerImage", argv, &arena, &out, CPROV_IGNORED), 0);
    assert_int_equal(out.count, 1);
    assert_null(strstr(out.items[0], "SECRET"));
    cprov_arena_clear(&arena);
}

static void test_names(void **state)
{
    char name[8];

    (void)state;
    cprov_powershell_name(cprov_option_named(NULL, CPROV_SPAN_LITERAL("what-if")), name,
                          sizeof(name));
    assert_string_equal(name, "WhatIf");
    cprov_powershell_name(cprov_option_named(NULL, CPROV_SPAN_LITERAL("error-format")), name,
                          sizeof(name));
    assert_string_equal(name, "ErrorFo");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_translation),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_password_is_not_copied),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
