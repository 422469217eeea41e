/* cli/report.c - one cause, one line; text from outside can do nothing to the terminal. */
#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/hint_words.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "cli/verb_named.h"

#define LINE_MAX_BYTES (64 * CPROV_KIB)

/* There is nowhere to tell that stderr is gone. */
static void send(struct cprov_report *r, struct cprov_buf *line)
{
    struct cprov_error ignored;

    cprov_bars_hide(r->bars);
    cprov_buf_add_char(line, '\n');
    if (!line->failed)
        (void)!cprov_fs_write_all(STDERR_FILENO, line->ptr, line->len, -1, &ignored);
}

static bool has_colour(void)
{
    const char *term = getenv("TERM"), *none = getenv("NO_COLOR");

    return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0 && !(none && *none);
}

#define RED    "31"
#define YELLOW "33"
#define CYAN   "36"

/* A word of our own that says what kind of line it is: "warning:". */
static void add_word(struct cprov_buf *line, const char *colour, const char *word)
{
    if (has_colour())
        cprov_buf_addf(line, "\033[%sm%s\033[0m ", colour, word);
    else
        cprov_buf_addf(line, "%s ", word);
}

/* "install-image: " */
static void add_program(struct cprov_buf *line, const struct cprov_report *r, const char *colour)
{
    char word[CPROV_PROGRAM_MAX + 1];

    snprintf(word, sizeof(word), "%s:", r->program);
    add_word(line, colour, word);
}

static void add_failure_json(struct cprov_buf *line, const struct cprov_failure *f)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, line, 0);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "t", "error");
    cprov_json_member(&w, "id", f->id);
    cprov_json_member(&w, "category", f->category);
    cprov_json_member(&w, "target", f->target);
    cprov_json_member(&w, "message", f->message);
    cprov_json_member(&w, "hint", f->hint);
    cprov_json_key(&w, "exit");
    cprov_json_number(&w, (uint64_t)cprov_exit_code(f->result));
    cprov_json_end_object(&w);
}

void cprov_report_failure(struct cprov_report *r, const struct cprov_failure *failure)
{
    auto_buf struct cprov_buf line = { 0 };
    auto_buf struct cprov_buf target = { 0 };
    struct cprov_failure shown = *failure;
    char hint[CPROV_HINT_SENTENCE_MAX];

    cprov_buf_init(&line, LINE_MAX_BYTES);
    cprov_buf_init(&target, LINE_MAX_BYTES);
    cprov_buf_add_text(&target, failure->target); /* as somebody wrote it */
    if (target.ptr)
        cprov_text_hide_login(target.ptr);
    shown.target = target.ptr ? target.ptr : "";
    shown.hint = cprov_cli_hint(failure, hint);
    r->failures++;
    if (r->json) {
        add_failure_json(&line, &shown);
        send(r, &line);
        return;
    }
    add_program(&line, r, RED);
    cprov_text_add_clean(&line, cprov_span_of(shown.target));
    cprov_buf_add_text(&line, *shown.target ? ": " : "");
    cprov_text_add_clean(&line, cprov_span_of(failure->message));
    if (*shown.hint) {
        cprov_buf_add_char(&line, '\n');
        add_word(&line, CYAN, "hint:");
        cprov_text_add_clean(&line, cprov_span_of(shown.hint));
    }
    send(r, &line);
}

int cprov_report_error(struct cprov_report *r, const char *target, const struct cprov_error *err)
{
    char hint[CPROV_HINT_SENTENCE_MAX];
    struct cprov_failure failure = {
        .size = sizeof(failure),
        .result = err->code,
        .id = cprov_code_id(err->code),
        .category = cprov_code_category(err->code),
        .target = target,
        .message = err->msg,
        .hint = cprov_hint_sentence(err->hint, NULL, err->about, hint),
        .hint_id = cprov_hint_name(err->hint),
        .hint_about = err->about,
    };

    cprov_report_failure(r, &failure);
    return err->code;
}

void cprov_report_message(struct cprov_report *r, enum cprov_message_level level, const char *text)
{
    static const char *const names[] = {
        [CPROV_MSG_RESULT] = "message",  [CPROV_MSG_WARNING] = "warning",
        [CPROV_MSG_VERBOSE] = "verbose", [CPROV_MSG_DEBUG] = "debug",
        [CPROV_MSG_NOTE] = "note",
    };
    auto_buf struct cprov_buf line = { 0 };
    struct cprov_json_writer w;

    cprov_buf_init(&line, LINE_MAX_BYTES);
    if (r->quiet || (level == CPROV_MSG_VERBOSE && !r->verbose && !r->debug) ||
        (level == CPROV_MSG_DEBUG && !r->debug))
        return;
    if (r->json) {
        cprov_json_writer_init(&w, &line, 0);
        cprov_json_begin_object(&w);
        cprov_json_member(&w, "t", names[level]);
        cprov_json_member(&w, "message", text);
        cprov_json_end_object(&w);
    } else {
        if (level == CPROV_MSG_WARNING) {
            add_program(&line, r, YELLOW);
            add_word(&line, YELLOW, "warning:");
        } else if (level != CPROV_MSG_RESULT && level != CPROV_MSG_NOTE) {
            cprov_buf_addf(&line, "%s: ", r->program);
        }
        cprov_text_add_clean(&line, cprov_span_of(text));
    }
    send(r, &line);
}

void cprov_results_add(struct cprov_results *results, int result)
{
    results->cancelled |= result == CPROV_CANCELLED;
    if (result >= 0) {
        results->done = true;
    } else if (!results->first) {
        results->first = result;
    } else if (results->first != result) {
        results->mixed = true;
    }
}

int cprov_results_sum(const struct cprov_results *results)
{
    if (results->cancelled)
        return CPROV_CANCELLED;
    return results->mixed && results->done ? CPROV_SOME_FAILED : results->first;
}
