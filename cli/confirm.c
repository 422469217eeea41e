/* cli/confirm.c - --confirm: a dry run says what would be done, and the person decides. */
#include <string.h>

#include "cli/cli.h"
#include "cli/question.h"

#define TEXT_MAX ((size_t)16 << 10) /* bytes of a question */

static const char caption[] = "Are you sure you want to perform this action?";
static const char what_if[] = "What if: ";

/* What a dry run says. */
struct dry_run {
    struct cprov_cli *cli;
    struct cprov_buf text;
};

static void on_message(void *arg, enum cprov_message_level level, const char *text)
{
    struct dry_run *dry = arg;

    if (level != CPROV_MSG_RESULT || strncmp(text, what_if, strlen(what_if)) != 0)
        return;
    if (dry->text.len)
        cprov_buf_add_char(&dry->text, ' ');
    cprov_buf_add_text(&dry->text, text + strlen(what_if));
}

static void on_error(void *arg, const struct cprov_failure *failure)
{
    const struct dry_run *dry = arg;

    dry->cli->callbacks.error(dry->cli->callbacks.arg, failure);
}

static bool on_cancelled(void *arg)
{
    const struct dry_run *dry = arg;

    return dry->cli->callbacks.cancelled(dry->cli->callbacks.arg);
}

/* Runs the change in a session that changes nothing. */
static int run_dry(struct dry_run *dry, cprov_change_fn *change, const char *const *names,
                   size_t count)
{
    struct cprov_cli *cli = dry->cli;
    struct cprov_session_options options = cli->settings.session;
    struct cprov_session *real = cli->session;
    struct cprov_callbacks callbacks = {
        .size = sizeof(callbacks),
        .arg = dry,
        .message = on_message,
        .error = on_error,
        .cancelled = on_cancelled,
    };

    options.what_if = true;
    int r = cprov_session_open(&options, &callbacks, &cli->session);
    if (r == 0) {
        r = change(cli, names, count, &callbacks);
        cprov_session_close(cli->session);
    }
    cli->session = real;
    return r;
}

static int refuse(struct cprov_cli *cli, const char *name)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_fail(&err, CPROV_EREFUSED, "not confirmed");
    if (!cli->callbacks.question)
        cprov_hint(&err, "there is no terminal to ask on; --yes answers the question");
    return cprov_cli_fail(cli, name, &err);
}

static int change_one(struct cprov_cli *cli, cprov_change_fn *change, const char *const *names,
                      size_t count, enum cprov_answer *answer)
{
    struct dry_run dry = { .cli = cli };
    struct cprov_question question = CPROV_INIT(struct cprov_question);

    cprov_buf_init(&dry.text, TEXT_MAX);
    int r = run_dry(&dry, change, names, count);
    if (r == 0 && dry.text.len && *answer != CPROV_YES_TO_ALL && *answer != CPROV_NO_TO_ALL) {
        question.caption = caption;
        question.text = cprov_buf_text(&dry.text);
        *answer = cli->callbacks.question ? cli->callbacks.question(cli->callbacks.arg, &question)
                                          : CPROV_NO;
    }
    bool refused = dry.text.len && (*answer == CPROV_NO || *answer == CPROV_NO_TO_ALL);
    cprov_buf_clear(&dry.text);
    if (r < 0)
        return r;
    if (cli->callbacks.cancelled(cli->callbacks.arg))
        return CPROV_CANCELLED;
    return refused ? refuse(cli, count ? names[0] : "")
                   : change(cli, names, count, &cli->callbacks);
}

int cprov_cli_change(struct cprov_cli *cli, cprov_change_fn *change)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_words names = cprov_cli_names(cli);
    struct cprov_results results = { 0 };
    enum cprov_answer answer = CPROV_NO;
    int r = cprov_cli_session(cli);

    if (r < 0)
        return r;
    if (!s->confirm || s->session.yes || s->session.what_if)
        return change(cli, names.items, names.count, &cli->callbacks);
    /* several words that are one thing */
    if (!names.count || cli->verb->group == CPROV_GROUP_SOURCES ||
        cli->verb->id == CPROV_VERB_CATALOG)
        return change_one(cli, change, names.items, names.count, &answer);
    for (size_t i = 0; i < names.count && !results.cancelled; i++)
        cprov_results_add(&results, change_one(cli, change, &names.items[i], 1, &answer));
    return cprov_results_sum(&results);
}
