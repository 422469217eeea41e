/* cli/cli.c - from settings to a session, and from callbacks to stdout and stderr. */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "cli/input.h"
#include "cli/question.h"
#include "cli/signals.h"
#include "cli/suggest.h"
#include "cli/text.h"

#define LINE_MAX_BYTES (64 * CPROV_KIB)

bool cprov_cli_stdin_taken(const struct cprov_cli *cli)
{
    return cli->settings.password_stdin ||
           (cli->settings.input && !strcmp(cli->settings.input, "-"));
}

int cprov_cli_fail(struct cprov_cli *cli, const char *target, const struct cprov_error *err)
{
    return cprov_report_error(&cli->report, target, err);
}

int cprov_cli_usage(struct cprov_cli *cli, const char *format, ...)
{
    struct cprov_error err = { .code = CPROV_EINVAL };
    va_list args;

    va_start(args, format);
    cprov_text_vformat(err.msg, sizeof(err.msg), format, args);
    va_end(args);
    cprov_hint_words(&err, "see '%s --help'", cli->program);
    return cprov_cli_fail(cli, "", &err);
}

/* --- stdout --- */

static int write_stdout(void *arg, struct cprov_span text, struct cprov_error *err)
{
    struct cprov_cli *cli = arg;

    (void)err; /* told once, by cprov_cli_end() */
    if (cli->stdout_failure.code)
        return cli->stdout_failure.code;
    cprov_bars_hide(cli->bars);
    if (cprov_fs_write_all(STDOUT_FILENO, text.ptr, text.len, -1, &cli->stdout_failure) < 0)
        return cprov_wrap(&cli->stdout_failure, "standard output");
    return 0;
}

void cprov_cli_print(struct cprov_cli *cli, struct cprov_span text)
{
    struct cprov_error ignored;

    if (text.len)
        (void)write_stdout(cli, text, &ignored);
}

void cprov_cli_print_line(struct cprov_cli *cli, const char *format, ...)
{
    auto_buf struct cprov_buf text = { 0 };
    auto_buf struct cprov_buf line = { 0 };
    va_list args;

    cprov_buf_init(&text, LINE_MAX_BYTES);
    cprov_buf_init(&line, LINE_MAX_BYTES);
    va_start(args, format);
    cprov_buf_vaddf(&text, format, args);
    va_end(args);
    cprov_text_add_clean(&line, cprov_buf_span(&text));
    cprov_buf_add_char(&line, '\n');
    cprov_cli_print(cli, cprov_buf_span(&line));
}

static unsigned terminal_columns(void)
{
    struct winsize size = { 0 };

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
        return 0;
    return size.ws_col;
}

int cprov_cli_rows(struct cprov_cli *cli, const struct cprov_record *record,
                   const struct cprov_layout *layout)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_out_options options = {
        .format = s->format,
        .columns = s->columns,
        .no_header = s->no_header,
        .wide = s->wide,
        .terminal = terminal_columns(),
        .record = record,
        .layout = layout,
        .write = write_stdout,
        .arg = cli,
    };

    return cprov_out_open(&options, &cli->out, &err) < 0 ? cprov_cli_fail(cli, "", &err) : 0;
}

/* --- callbacks --- */

static void on_progress(void *arg, const struct cprov_progress *progress)
{
    struct cprov_cli *cli = arg;

    cprov_bars_update(cli->bars, progress);
}

/* Results are what people read on stdout; beside rows for programs they are mere messages. */
static void on_message(void *arg, enum cprov_message_level level, const char *text)
{
    struct cprov_cli *cli = arg;

    if (level == CPROV_MSG_RESULT && !cli->settings.quiet &&
        (!cli->out || cprov_out_is_for_people(cli->out)))
        cprov_cli_print_line(cli, "%s", text);
    else
        cprov_report_message(&cli->report, level, text);
}

/* A call that ends because its reader went away did not fail. */
static void on_error(void *arg, const struct cprov_failure *failure)
{
    struct cprov_cli *cli = arg;

    if (failure->result == CPROV_CANCELLED && (cli->stdout_failure.code || cli->output_failed))
        return;
    struct cprov_failure told = *failure;
    const char *suggestion = cprov_suggest_image(cli, failure);
    if (suggestion)
        told.hint = suggestion;
    cprov_report_failure(&cli->report, &told);
}

static enum cprov_answer on_question(void *arg, const struct cprov_question *question)
{
    struct cprov_cli *cli = arg;

    cprov_bars_hide(cli->bars);
    return cprov_question_ask(cprov_cli_stdin_taken(cli), question->caption, question->text);
}

/* What changes something is finished though nobody reads of it. */
static bool on_cancelled(void *arg)
{
    const struct cprov_cli *cli = arg;

    return cprov_signals_asked_to_stop() || (cli->stdout_failure.code && !cli->verb->changes);
}

/* --- begin and end --- */

static int read_password(struct cprov_cli *cli, struct cprov_error *err)
{
    const char *user = getenv("CPROV_USERNAME"), *password = getenv("CPROV_PASSWORD");
    struct cprov_settings *s = &cli->settings;
    struct cprov_buf text;

    if (!s->password_stdin) {
        if (!s->session.username && user && *user && password && *password)
            s->session.username = user;
        if (s->session.username && password && *password)
            s->session.password = password;
        return 0;
    }
    if (s->input && !strcmp(s->input, "-"))
        return cprov_fail(err, CPROV_EINVAL,
                          "--password-stdin and --input - both read standard "
                          "input");
    cprov_buf_init(&text, CPROV_TOKEN_LENGTH_MAX);
    if (cprov_input_read("-", &text, err) < 0 ||
        cprov_buf_take(&text, "the password", &cli->secret, err) < 0) {
        cprov_buf_clear(&text);
        return err->code;
    }
    size_t len = strlen(cli->secret);
    while (len && (cli->secret[len - 1] == '\n' || cli->secret[len - 1] == '\r'))
        cli->secret[--len] = '\0';
    if (!len)
        return cprov_fail(err, CPROV_EINVAL, "the password on standard input is empty");
    s->session.password = cli->secret;
    return 0;
}

static enum cprov_input_kind input_kind(const struct cprov_verb *verb)
{
    if (verb->group == CPROV_GROUP_SOURCES)
        return CPROV_INPUT_SOURCE;
    return verb->group == CPROV_GROUP_HAVE ? CPROV_INPUT_NAME : CPROV_INPUT_REF;
}

static int read_names(struct cprov_cli *cli, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    if (!cli->settings.input)
        return 0;
    cprov_buf_init(&text, CPROV_INDEX_FILE_MAX);
    if (cprov_input_read(cli->settings.input, &text, err) < 0 ||
        cprov_input_rows(&cli->settings, input_kind(cli->verb), cprov_buf_span(&text), err) < 0)
        return err->code;
    if (cli->settings.refs.count + cli->settings.names.count > cli->verb->most)
        return cprov_fail(err, CPROV_EINVAL, "the input has more rows than '%s' takes",
                          cli->verb->name);
    return 0;
}

int cprov_cli_start(struct cprov_cli *cli, struct cprov_error *err)
{
    struct cprov_settings *s = &cli->settings;
    bool terminal = isatty(STDERR_FILENO);

    cli->callbacks = (struct cprov_callbacks){
        .size = sizeof(cli->callbacks),
        .arg = cli,
        .progress = on_progress,
        .message = on_message,
        .error = on_error,
        .question = cprov_question_possible(cprov_cli_stdin_taken(cli)) ? on_question : NULL,
        .cancelled = on_cancelled,
    };
    s->session.yes |= s->force && !s->confirm; /* a question that is asked for is asked */
    s->session.sources = s->sources.items;
    s->session.sources_count = s->sources.count;
    s->session.current_user = s->scope && !strcmp(s->scope, "currentuser");
    s->session.all_users = s->scope && !strcmp(s->scope, "allusers");
    if (cprov_bars_open(cprov_bars_mode(s->progress, s->quiet, terminal), cli->program,
                        STDERR_FILENO, &cli->bars, err) < 0)
        return err->code;
    cli->report.bars = cli->bars;
    return read_password(cli, err) < 0 || read_names(cli, err) < 0 ? err->code : 0;
}

int cprov_cli_session(struct cprov_cli *cli)
{
    cli->settings.session.confirm = cli->settings.confirm;
    if (cli->settings.session.what_if || cli->callbacks.question)
        cli->callbacks.change = cprov_cli_on_change;
    return cprov_session_open(&cli->settings.session, &cli->callbacks, &cli->session);
}

struct cprov_words cprov_cli_names(struct cprov_cli *cli)
{
    struct cprov_settings *s = &cli->settings;
    struct cprov_words all = { NULL, 0, 0 };

    for (size_t i = 0; i < s->names.count; i++)
        cprov_words_add(&all, &s->arena, s->names.items[i]);
    for (size_t i = 0; i < s->refs.count; i++)
        cprov_words_add(&all, &s->arena, s->refs.items[i]);
    return all;
}

/* A reader that went away is no failure; a full disk is. */
static int end_output(struct cprov_cli *cli, int result)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cli->out && cprov_out_finish(cli->out, &err) < 0 && !cli->stdout_failure.code)
        return cprov_cli_fail(cli, "", &err);
    if (!cli->stdout_failure.code)
        return result;
    if (cli->stdout_failure.os == EPIPE)
        return result == CPROV_CANCELLED && !cprov_signals_asked_to_stop() ? 0 : result;
    return cprov_cli_fail(cli, "", &cli->stdout_failure);
}

int cprov_cli_end(struct cprov_cli *cli, int result)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    result = end_output(cli, result);
    if (result < 0 && !cli->report.failures && !cli->answered) {
        cprov_fail(&err, result, result == CPROV_CANCELLED ? "interrupted" : "failed");
        (void)cprov_cli_fail(cli, "", &err);
    }
    cprov_session_close(cli->session);
    cprov_out_close(cli->out);
    cprov_bars_close(cli->bars);
    cprov_settings_clear(&cli->settings);
    if (cli->secret) {
        explicit_bzero(cli->secret, strlen(cli->secret));
        free(cli->secret);
    }
    return result;
}
