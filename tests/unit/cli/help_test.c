/* tests/unit/cli/help_test.c - help fits its screen and leaves out nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/quantity.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/text.h"
#include "cli/verb_named.h"

#define SCREEN_LINES   24
#define SCREEN_COLUMNS 80

static void check_screen(const char *name, const struct cprov_buf *text)
{
    struct cprov_span rest = cprov_buf_span(text), line;
    size_t lines = 0;

    assert_int_equal(text->failed, 0);
    while (rest.len && cprov_span_next(&rest, '\n', &line)) {
        lines++;
        if (cprov_text_width(line) > SCREEN_COLUMNS)
            fail_msg("%s: '%.*s'", name, CPROV_SPAN_ARG(line));
    }
    if (lines > SCREEN_LINES)
        fail_msg("%s: %zu lines", name, lines);
}

static void test_screens(void **state)
{
    struct cprov_buf text;

    (void)state;
    cprov_buf_init(&text, CPROV_HELP_MAX);
    cprov_help_overview(&text);
    check_screen("overview", &text);
    for (size_t i = 0; i < cprov_verbs_count; i++) {
        cprov_buf_reset(&text);
        cprov_help_screen(&cprov_verbs[i], &text);
        check_screen(cprov_verbs[i].name, &text);
    }
    cprov_buf_clear(&text);
}

/* Every parameter of the parser is in the full help and in the man page. */
static void test_complete(void **state)
{
    struct cprov_buf full, man;
    char option[64], roff[64];

    (void)state;
    cprov_buf_init(&full, CPROV_HELP_MAX);
    cprov_buf_init(&man, CPROV_HELP_MAX);
    for (size_t v = 0; v < cprov_verbs_count; v++) {
        cprov_buf_reset(&full);
        cprov_buf_reset(&man);
        cprov_help_full(&cprov_verbs[v], &full);
        cprov_man_page(&cprov_verbs[v], "1.2.3", &man);
        for (size_t i = 0; i < cprov_options_count; i++) {
            if (!cprov_verb_takes(&cprov_verbs[v], &cprov_options[i]) ||
                cprov_options[i].kind == CPROV_OPTION_SECRET)
                continue;
            snprintf(option, sizeof(option), "--%s", cprov_options[i].name);
            if (!strstr(cprov_buf_text(&full), option))
                fail_msg("help of %s: no %s", cprov_verbs[v].name, option);
            size_t len = 0;
            for (const char *p = option; *p; p++)
                len +=
                    (size_t)snprintf(roff + len, sizeof(roff) - len, *p == '-' ? "\\-" : "%c", *p);
            if (!strstr(cprov_buf_text(&man), roff))
                fail_msg("man page of %s: no %s", cprov_verbs[v].name, roff);
        }
        assert_non_null(strstr(cprov_buf_text(&man), "1.2.3"));
        assert_null(strstr(cprov_buf_text(&full), "--password,"));
    }
    cprov_buf_clear(&full);
    cprov_buf_clear(&man);
}

static void test_man_of_program(void **state)
{
    struct cprov_buf man;

    (void)state;
    cprov_buf_init(&man, CPROV_HELP_MAX);
    cprov_man_page(NULL, "1.2.3", &man);
    assert_int_equal(strncmp(cprov_buf_text(&man), ".TH cprov 1", 11), 0);
    assert_non_null(strstr(cprov_buf_text(&man), "install\\-image"));
    assert_non_null(strstr(cprov_buf_text(&man), ".B 130"));
    cprov_buf_clear(&man);
}

static bool is_quantity(const char *text)
{
    uint64_t value;

    for (int kind = CPROV_QUANTITY_COUNT; kind <= CPROV_QUANTITY_TIME; kind++)
        if (cprov_quantity_read(
                &(struct cprov_quantity){ (enum cprov_quantity_kind)kind, 0, UINT64_MAX },
                cprov_span_of(text), &value))
            return true;
    return false;
}

/* Numbers are those of base/limits.h, and none is typed a second time. */
static void test_defaults(void **state)
{
    static const struct {
        const char *verb, *option;
        enum cprov_quantity_kind kind;
        uint64_t value;
    } cases[] = {
        { "install", "max-entries", CPROV_QUANTITY_COUNT, CPROV_UNPACK_ENTRIES },
        { "install", "max-size", CPROV_QUANTITY_SIZE, CPROV_UNPACK_BYTES },
        { "install", "max-ratio", CPROV_QUANTITY_COUNT, CPROV_UNPACK_RATIO },
        { "serve", "max-connections", CPROV_QUANTITY_COUNT, CPROV_SERVED_CONNECTIONS },
        { "find", "parallel", CPROV_QUANTITY_COUNT, CPROV_PARALLEL },
        { "find", "stall-timeout", CPROV_QUANTITY_TIME, CPROV_STALL_TIMEOUT_MS },
        { "find", "retry", CPROV_QUANTITY_COUNT, CPROV_RETRIES },
        { "find", "max-age", CPROV_QUANTITY_TIME, CPROV_MAX_AGE_MS },
    };
    char buf[CPROV_QUANTITY_TEXT_MAX];
    size_t numbers = 0;
    bool powershell;

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        const struct cprov_verb *verb = cprov_verb_named(cases[i].verb, &powershell);
        const struct cprov_option *option =
            cprov_option_named(verb, cprov_span_of(cases[i].option));
        uint64_t value = 0;
        const char *text = cprov_option_default(option, buf);

        print_message("--%s: %s\n", cases[i].option, text);
        assert_true(cprov_quantity_read(&(struct cprov_quantity){ cases[i].kind, 0, UINT64_MAX },
                                        cprov_span_of(text), &value));
        assert_true(value == cases[i].value);
    }
    for (size_t i = 0; i < cprov_options_count; i++) {
        const struct cprov_option *option = &cprov_options[i];
        const char *text = option->help ? cprov_option_default(option, buf) : NULL;

        if (option->preset && is_quantity(option->preset))
            fail_msg("--%s: '%s' belongs into base/limits.h", option->name, option->preset);
        numbers += text && is_quantity(text);
    }
    assert_int_equal(numbers, CPROV_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screens),
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_man_of_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
