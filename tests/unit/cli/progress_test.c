/* tests/unit/cli/progress_test.c - bars fit the terminal and vanish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/progress.h"
#include "cli/text.h"

static struct cprov_progress half(void)
{
    return (struct cprov_progress){
        .size = sizeof(struct cprov_progress),
        .activity = "Downloading",
        .item = "app 1.0",
        .id = "sha256:8a49fdb3b6a5ff2bd8ec6a86c05b2922a0f7454579ecc07637e94dfd1d0639b6",
        .done = 60000000,
        .total = 120000000,
        .rate = 10000000,
    };
}

static void test_line(void **state)
{
    struct cprov_progress p = half();
    struct cprov_buf line;

    (void)state;
    cprov_buf_init(&line, 4096);
    cprov_bar_format(&p, 100, &line);
    assert_non_null(strstr(cprov_buf_text(&line), "Downloading 8a49fdb3b6a5"));
    assert_non_null(strstr(cprov_buf_text(&line), "60 MB of 120 MB"));
    assert_non_null(strstr(cprov_buf_text(&line), "50%"));
    assert_non_null(strstr(cprov_buf_text(&line), "10 MB/s 00:06"));
    assert_non_null(strstr(cprov_buf_text(&line), "=>"));
    cprov_buf_clear(&line);
}

/* Whatever the numbers and the width, a line never wraps. */
static void test_width(void **state)
{
    struct cprov_progress cases[4] = { half(), half(), half(), half() };

    (void)state;
    cases[1].total = 0;
    cases[2].done = UINT64_MAX;
    cases[3].activity = "";
    cases[3].id = "";
    cases[3].rate = 1;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++)
        for (size_t width = 0; width < 200; width++) {
            struct cprov_buf line;

            cprov_buf_init(&line, 4096);
            cprov_bar_format(&cases[i], width, &line);
            assert_true(cprov_text_width(cprov_buf_span(&line)) <= width);
            assert_int_equal(line.failed, 0);
            cprov_buf_clear(&line);
        }
}

static void test_mode(void **state)
{
    static const struct {
        const char *wanted, *term, *no_color;
        bool quiet, terminal;
        enum cprov_bars_mode mode;
    } cases[] = {
        { NULL, "xterm", NULL, false, true, CPROV_BARS_DRAWN },
        { "auto", "xterm", NULL, false, true, CPROV_BARS_DRAWN },
        { NULL, "xterm", NULL, true, true, CPROV_BARS_NONE },
        { NULL, "xterm", NULL, false, false, CPROV_BARS_NONE },
        { NULL, "dumb", NULL, false, true, CPROV_BARS_NONE },
        { NULL, NULL, NULL, false, true, CPROV_BARS_NONE },
        { NULL, "xterm", "1", false, true, CPROV_BARS_DRAWN }, /* it speaks of colours alone */
        { NULL, "xterm", "", false, true, CPROV_BARS_DRAWN },
        { "none", "xterm", NULL, false, true, CPROV_BARS_NONE },
        { "plain", "dumb", "1", false, false, CPROV_BARS_PLAIN },
        { "jsonl", NULL, NULL, true, false, CPROV_BARS_JSONL },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        if (cases[i].term)
            setenv("TERM", cases[i].term, 1);
        else
            unsetenv("TERM");
        if (cases[i].no_color)
            setenv("NO_COLOR", cases[i].no_color, 1);
        else
            unsetenv("NO_COLOR");
        assert_int_equal(cprov_bars_mode(cases[i].wanted, cases[i].quiet, cases[i].terminal),
                         cases[i].mode);
    }
}

/* What a view in that mode writes for one blob that begins and ends. */
static size_t written(enum cprov_bars_mode mode, char *text, size_t size)
{
    struct cprov_progress p = half();
    struct cprov_bars *bars = NULL;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(cprov_bars_open(mode, "install-image", ends[1], &bars, CPROV_IGNORED), 0);
    cprov_bars_update(bars, &p);
    p.done = p.total;
    p.finished = true;
    cprov_bars_update(bars, &p);
    cprov_bars_close(bars);
    close(ends[1]);

    ssize_t n = read(ends[0], text, size - 1);
    close(ends[0]);
    assert_true(n >= 0);
    text[n] = '\0';
    return (size_t)n;
}

static void test_modes(void **state)
{
    char text[4096];
    struct cprov_arena arena = { 0 };
    struct cprov_json *line = NULL;

    (void)state;
    assert_int_equal(written(CPROV_BARS_NONE, text, sizeof(text)), 0);

    written(CPROV_BARS_PLAIN, text, sizeof(text));
    assert_string_equal(text, "install-image: app 1.0: Downloading 8a49fdb3b6a5: 120 MB\n");

    written(CPROV_BARS_JSONL, text, sizeof(text));
    size_t first = strcspn(text, "\n");
    assert_int_equal(cprov_json_parse(cprov_span_make(text, first), &arena, &line, CPROV_IGNORED),
                     0);
    assert_string_equal(cprov_json_get_text(line, "t"), "progress");
    cprov_arena_clear(&arena);

    size_t n = written(CPROV_BARS_DRAWN, text, sizeof(text));
    assert_non_null(strstr(text, "8a49fdb3b6a5"));
    assert_string_equal(text + n - strlen("\033[1A\r\033[J"), "\033[1A\r\033[J");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_mode),
        cmocka_unit_test(test_modes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
