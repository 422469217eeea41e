/* tests/unit/cli/verbs_test.c - every name of every verb. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/text.h"
#include "cli/verb_named.h"

static void test_names(void **state)
{
    static const struct {
        const char *name, *verb; /* NULL: there is none */
        bool powershell;
    } cases[] = {
        { "find-image", "find-image", false },
        { "find", "find-image", false },
        { "Find-ContainerImage", "find-image", true },
        { "find-containerimage", "find-image", true },
        { "Find-Image", "find-image", true },
        { "docker-images", "images", false },
        { "check-compat", "compat", false },
        { "Get-PackageSource", "get-source", true },
        { "PULL", NULL, false },
        { "fin", NULL, false },
        { "", NULL, false },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        bool powershell = false;
        const struct cprov_verb *verb = cprov_verb_named(cases[i].name, &powershell);

        if (!cases[i].verb) {
            assert_null(verb);
            continue;
        }
        assert_non_null(verb);
        assert_string_equal(verb->name, cases[i].verb);
        assert_int_equal(powershell, cases[i].powershell);
    }
}

static void test_guess(void **state)
{
    (void)state;
    assert_string_equal(cprov_verb_guess("find-imgae"), "find-image");
    assert_string_equal(cprov_verb_guess("instal"), "install-image");
    assert_string_equal(cprov_verb_guess("iamges"), "images");
    assert_null(cprov_verb_guess("frobnicate"));
    assert_null(cprov_verb_guess(""));
}

/* No word names two verbs. */
static void test_no_doubles(void **state)
{
    (void)state;
    for (size_t i = 0; i < cprov_verbs_count; i++) {
        struct cprov_span rest = cprov_span_of(cprov_verbs[i].aliases), alias;
        bool powershell;

        assert_ptr_equal(cprov_verb_named(cprov_verbs[i].name, &powershell), &cprov_verbs[i]);
        while (cprov_text_next(&rest, ' ', &alias)) {
            char word[32] = "";

            memcpy(word, alias.ptr, alias.len);
            assert_ptr_equal(cprov_verb_named(word, &powershell), &cprov_verbs[i]);
        }
    }
}

/* The build makes a link or a page for each name of the list, and no other. */
static void check_list(const char *list, bool links)
{
    struct cprov_span rest = cprov_span_of(list), name;
    size_t wanted = 0, built = 0;

    for (size_t i = 0; i < cprov_verbs_count; i++)
        wanted += cprov_verbs[i].group != CPROV_GROUP_HIDDEN && cprov_verbs[i].link == links;
    while (cprov_text_next(&rest, ' ', &name)) {
        bool found = false;

        for (size_t i = 0; i < cprov_verbs_count; i++)
            found |= cprov_verbs[i].link == links && cprov_span_is(name, cprov_verbs[i].name);
        if (!found)
            fail_msg("%.*s", (int)name.len, name.ptr);
        built++;
    }
    assert_int_equal(wanted, built);
}

static void test_links(void **state)
{
    (void)state;
    check_list(CPROV_LINKS, true);
    check_list(CPROV_VERBS, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_no_doubles),
        cmocka_unit_test(test_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
