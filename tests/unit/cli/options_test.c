/* tests/unit/cli/options_test.c - the command line in the GNU style. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/options.h"
#include "cli/verb_named.h"

#define WORDS_MAX 12

static const struct cprov_verb *verb(const char *name)
{
    bool powershell;

    return cprov_verb_named(name, &powershell);
}

static size_t count_words(const char *const *words)
{
    size_t count = 0;

    while (count < WORDS_MAX && words[count])
        count++;
    return count;
}

static int parse(const char *name, const char *const *words, struct cprov_settings *s,
                 struct cprov_error *err)
{
    cprov_settings_init(s);
    return cprov_options_parse(verb(name), words, count_words(words), s, err);
}

static void test_everything_at_once(void **state)
{
    const char *words[WORDS_MAX] = {
        "--version", "1.0", "Nano*",          "-qf", "-sone", "-s", "two", "--platform=linux/arm64",
        "--retry=0", "--",  "--not-an-option"
    };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_settings s;

    (void)state;
    assert_int_equal(parse("find", words, &s, &err), 0);
    assert_string_equal(s.version.required, "1.0");
    assert_int_equal(s.names.count, 2);
    assert_string_equal(s.names.items[0], "Nano*");
    assert_string_equal(s.names.items[1], "--not-an-option");
    assert_true(s.quiet && s.force);
    assert_int_equal(s.sources.count, 2);
    assert_string_equal(s.sources.items[0], "one");
    assert_string_equal(s.sources.items[1], "two");
    assert_string_equal(s.session.platform, "linux/arm64");
    assert_int_equal(s.session.retries, -1);
    cprov_settings_clear(&s);
}

static void test_presets(void **state)
{
    const char *words[WORDS_MAX] = { NULL };
    struct cprov_settings s;

    (void)state;
    assert_int_equal(parse("find", words, &s, CPROV_IGNORED), 0);
    assert_int_equal(s.session.retries, 0);
    assert_int_equal(s.trusted, -1);
    assert_null(s.format);
    assert_int_equal(s.session.size, sizeof(s.session));
    cprov_settings_clear(&s);
}

static void test_values(void **state)
{
    const char *words[WORDS_MAX] = { "--limit-rate", "10M",      "--timeout",
                                     "1.5",          "--jobs",   "64",
                                     "--scope",      "AllUsers", "--tls-verify=false",
                                     "--force=false" };
    struct cprov_settings s;

    (void)state;
    assert_int_equal(parse("find", words, &s, CPROV_IGNORED), 0);
    assert_int_equal(s.session.limit_rate, 10 * 1024 * 1024);
    assert_int_equal(s.session.timeout_ms, 1500);
    assert_int_equal(s.session.parallel, 64);
    assert_string_equal(s.scope, "allusers");
    assert_true(s.session.insecure);
    assert_false(s.force);
    cprov_settings_clear(&s);
}

static void test_same_word_in_two_verbs(void **state)
{
    const char *flag[WORDS_MAX] = { "--config", "app" }, *file[WORDS_MAX] = { "--config", "f" };
    struct cprov_settings s;

    (void)state;
    assert_int_equal(parse("inspect", flag, &s, CPROV_IGNORED), 0);
    assert_true(s.image_config);
    assert_string_equal(s.names.items[0], "app");
    cprov_settings_clear(&s);
    assert_int_equal(parse("find", file, &s, CPROV_IGNORED), 0);
    assert_string_equal(s.session.config_file, "f");
    assert_int_equal(s.names.count, 0);
    cprov_settings_clear(&s);
}

/* C: a beginning that only one option has means that option. */
static void test_beginnings(void **state)
{
    const char *words[WORDS_MAX] = { "--vers", "1.2", "--min=1", "--all-v", "--config-f", "f" };
    struct cprov_settings s;

    (void)state;
    assert_int_equal(parse("find", words, &s, CPROV_IGNORED), 0);
    assert_string_equal(s.version.required, "1.2");
    assert_string_equal(s.version.minimum, "1");
    assert_true(s.version.all);
    assert_string_equal(s.session.config_file, "f");
    cprov_settings_clear(&s);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *verb;
        const char *words[4];
        const char *message, *hint;
    } cases[] = {
        { "find", { "--all-verison" }, "--all-verison", "--all-versions" },
        { "find", { "--all-verison=secret" }, "'--all-verison'", "--all-versions" },
        { "find", { "--zzz" }, "--zzz", "find-image --help" },
        { "ls", { "--zzz" }, "--zzz", "cprov ls --help" },
        { "find", { "--al" }, "ambiguous: --all-versions or --al", "" },
        { "login", { "--passw" }, "ambiguous", "" },
        { "find", { "-Z" }, "'-Z'", "--help" },
        { "find", { "--reinstall" }, "unknown option", "" },
        { "find", { "--version" }, "needs a value", "" },
        { "find", { "--version=" }, "empty value", "" },
        { "find", { "--version", "" }, "empty value", "" },
        { "find", { "" }, "a name is empty", "" },
        { "find", { "--force=maybe" }, "true or false", "" },
        { "find", { "--progress", "loud" }, "auto|plain|jsonl|none", "" },
        { "find", { "--parallel", "0" }, "1 to 64", "" },
        { "find", { "--parallel", "65" }, "1 to 64", "" },
        { "find", { "--parallel", "-1" }, "1 to 64", "" },
        { "find", { "--retry", "101" }, "0 to 100", "" },
        { "find",
          { "--timeout", "0" },
          "'0' is not a time from 1ms to 365d, such as 500ms, 30s or",
          "" },
        { "find", { "--timeout", "1.2345" }, "a time", "" },
        { "find", { "--stall-timeout", "2d" }, "a time from 1ms to 1d", "" },
        { "find", { "--limit-rate", "fast" }, "a rate from 1 to 16T, such as 500K or 10M/s", "" },
        { "find", { "--limit-rate", "99999999999G" }, "a rate from", "" },
        { "install", { "--max-entries", "1x" }, "a number of at least 1, such as 250 or 4M", "" },
        { "install", { "--max-size", "x" }, "a size of at least 1, such as 500M", "" },
        { "find", { "--password", "SECRET" }, "arguments", "--password-stdin" },
        { "find", { "--password=SECRET" }, "arguments", "--password-stdin" },
        { "login", { "-pSECRET" }, "arguments", "--password-stdin" },
        { "install", { NULL }, "NAME... is missing", "--help" },
        { "version", { "word" }, "unexpected argument 'word'", "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        const char *words[WORDS_MAX] = { cases[i].words[0], cases[i].words[1] };
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_settings s;

        assert_int_equal(parse(cases[i].verb, words, &s, &err), CPROV_EINVAL);
        if (!strstr(err.msg, cases[i].message) || !strstr(err.about, cases[i].hint))
            fail_msg("case %zu: '%s', hint '%s'", i, err.msg, err.about);
        assert_null(strstr(err.msg, "SECRET"));
        assert_null(strstr(err.msg, "secret"));
        cprov_settings_clear(&s);
    }
}

static void test_many_names(void **state)
{
    static const char *words[1000];
    struct cprov_settings s;

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(words); i++)
        words[i] = i % 2 ? "odd" : "even";
    cprov_settings_init(&s);
    assert_int_equal(
        cprov_options_parse(verb("find"), words, CPROV_COUNT(words), &s, CPROV_IGNORED), 0);
    assert_int_equal(s.names.count, CPROV_COUNT(words));
    assert_string_equal(s.names.items[999], "odd");
    cprov_settings_clear(&s);
}

static void test_first_word(void **state)
{
    static const struct {
        const char *words[6];
        size_t expected;
    } cases[] = {
        { { NULL }, 0 },
        { { "find" }, 0 },
        { { "--root", "find", "get" }, 2 },
        { { "--root=find", "get" }, 1 },
        { { "-q", "get" }, 1 },
        { { "-s", "x", "get" }, 2 },
        { { "--help" }, 1 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++)
        assert_int_equal(cprov_options_first_word(cases[i].words, count_words(cases[i].words)),
                         cases[i].expected);
}

/* Letters and names mean one option each in every verb. */
static void test_table(void **state)
{
    (void)state;
    for (size_t v = 0; v < cprov_verbs_count; v++)
        for (size_t i = 0; i < cprov_options_count; i++) {
            const struct cprov_option *o = &cprov_options[i];

            if (!cprov_verb_takes(&cprov_verbs[v], o) || !o->letter)
                continue;
            assert_ptr_equal(cprov_option_lettered(&cprov_verbs[v], o->letter), o);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_at_once),
        cmocka_unit_test(test_presets),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_same_word_in_two_verbs),
        cmocka_unit_test(test_beginnings),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_first_word),
        cmocka_unit_test(test_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
