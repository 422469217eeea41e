/* tests/unit/cli/completion_test.c - what may follow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cli/completion.h"

static void test_words(void **state)
{
    static const struct {
        const char *words[6];
        enum cprov_completion_want want;
        const char *name, *offered, *not_offered;
    } cases[] = {
        { { "" }, CPROV_COMPLETE_NOTHING, NULL, "find-image\t", "__complete" },
        { { "ins" }, CPROV_COMPLETE_NOTHING, NULL, "install-image\tdownload", "find-image" },
        { { "nonsense", "" }, CPROV_COMPLETE_NOTHING, NULL, "", "find" },
        { { "find-image", "--all" }, CPROV_COMPLETE_NOTHING, NULL, "--all-versions\t", "--re" },
        { { "find", "--reins" }, CPROV_COMPLETE_NOTHING, NULL, "", "--reinstall" },
        { { "find", "--pass" }, CPROV_COMPLETE_NOTHING, NULL, "--password-stdin", "--password\t" },
        { { "find", "--format", "js" }, CPROV_COMPLETE_NOTHING, NULL, "json\njsonl\n", "csv" },
        { { "find", "--format=js" }, CPROV_COMPLETE_NOTHING, NULL, "--format=json\n", "csv" },
        { { "find", "--format", "=", "js" }, CPROV_COMPLETE_NOTHING, NULL, "json\n", "csv" },
        { { "find", "--format", "=" }, CPROV_COMPLETE_NOTHING, NULL, "csv\n", "--" },
        { { "find", "--progress", "" }, CPROV_COMPLETE_NOTHING, NULL, "jsonl\nnone\n", "csv" },
        { { "find", "--source", "c" }, CPROV_COMPLETE_SOURCES, NULL, "", "\n" },
        { { "find", "-s", "c" }, CPROV_COMPLETE_SOURCES, NULL, "", "\n" },
        { { "find", "" }, CPROV_COMPLETE_NAMES, NULL, "", "\n" },
        { { "get-source", "" }, CPROV_COMPLETE_SOURCES, NULL, "", "\n" },
        { { "register-source", "" }, CPROV_COMPLETE_NOTHING, NULL, "", "\n" },
        { { "install", "Nano", "--version", "1" }, CPROV_COMPLETE_VERSIONS, "Nano", "", "\n" },
        { { "install", "--name", "Nano", "-V", "" }, CPROV_COMPLETE_VERSIONS, "Nano", "", "\n" },
        { { "install", "--version", "1" }, CPROV_COMPLETE_VERSIONS, NULL, "", "\n" },
        { { "completion", "" }, CPROV_COMPLETE_NOTHING, NULL, "bash\nzsh\nfish\n", "csv" },
        { { "help", "pu" }, CPROV_COMPLETE_NOTHING, NULL, "pull\t", "find" },
        { { "find", "--columns", "os" }, CPROV_COMPLETE_NOTHING, NULL, "OsVersion\n", "Name" },
        { { "save-image", "--path", "" }, CPROV_COMPLETE_NOTHING, NULL, "", "\n" },
        { { "install", "Nano:1" }, CPROV_COMPLETE_VERSIONS, "Nano", "", "\n" },
        { { "install", "host:5000/a:" }, CPROV_COMPLETE_VERSIONS, "host:5000/a", "", "\n" },
        { { "install", "host:5000/a" }, CPROV_COMPLETE_NAMES, NULL, "", "\n" },
        { { "find", "--sort", "-s" }, CPROV_COMPLETE_NOTHING, NULL, "-size\n", "name" },
        { { "find", "--platform", "linux/arm" },
          CPROV_COMPLETE_NOTHING,
          NULL,
          "linux/arm64\n",
          "amd" },
        { { "login", "" }, CPROV_COMPLETE_HOSTS, NULL, "", "\n" },
        { { "cat", "Nano", "etc/" }, CPROV_COMPLETE_PATHS, "Nano", "", "\n" },
        { { "ls", "Na" }, CPROV_COMPLETE_NAMES, NULL, "", "\n" },
        { { "ls", "a", "--columns", "" }, CPROV_COMPLETE_NOTHING, NULL, "Mode\n", "Platforms" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_arena arena = { 0 };
        struct cprov_completion c;
        struct cprov_buf text;
        size_t count = 0;

        cprov_buf_init(&text, 65536);
        while (cases[i].words[count])
            count++;
        cprov_completion_words(cases[i].words, count, &arena, &c, &text);
        if (c.want != cases[i].want || !strstr(cprov_buf_text(&text), cases[i].offered) ||
            strstr(cprov_buf_text(&text), cases[i].not_offered))
            fail_msg("case %zu: want %d, '%s'", i, (int)c.want, cprov_buf_text(&text));
        if (cases[i].name)
            assert_string_equal(c.name, cases[i].name);
        else if (c.want == CPROV_COMPLETE_VERSIONS)
            assert_null(c.name);
        cprov_buf_clear(&text);
        cprov_arena_clear(&arena);
    }
}

static void test_no_words(void **state)
{
    struct cprov_arena arena = { 0 };
    struct cprov_completion c;
    struct cprov_buf text;

    (void)state;
    cprov_buf_init(&text, 65536);
    cprov_completion_words(NULL, 0, &arena, &c, &text);
    assert_non_null(strstr(cprov_buf_text(&text), "find-image"));
    cprov_buf_clear(&text);
    cprov_arena_clear(&arena);
}

static void test_scripts(void **state)
{
    static const char *const shells[] = { "bash", "zsh", "fish" };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(shells); i++) {
        struct cprov_buf text;

        cprov_buf_init(&text, 65536);
        assert_true(cprov_completion_script(shells[i], &text));
        assert_non_null(strstr(cprov_buf_text(&text), "cprov find-image"));
        assert_non_null(strstr(cprov_buf_text(&text), "cprov __complete"));
        assert_null(strstr(cprov_buf_text(&text), "cprov%s"));
        cprov_buf_clear(&text);
    }
    assert_false(cprov_completion_script("csh", NULL));
    assert_false(cprov_completion_script("", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_no_words),
        cmocka_unit_test(test_scripts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
