/* cli/main.c - one program with many names: which verb, which words, and its result. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/help.h"
#include "cli/powershell.h"
#include "cli/signals.h"
#include "cli/verb_named.h"

typedef int run_fn(struct cprov_cli *cli);

static run_fn *const runs[] = {
    [CPROV_VERB_FIND] = cprov_cmd_find,
    [CPROV_VERB_INSTALL] = cprov_cmd_install,
    [CPROV_VERB_SAVE] = cprov_cmd_save,
    [CPROV_VERB_GET] = cprov_cmd_get,
    [CPROV_VERB_TEST] = cprov_cmd_test,
    [CPROV_VERB_REGISTER] = cprov_cmd_register,
    [CPROV_VERB_GET_SOURCE] = cprov_cmd_get_source,
    [CPROV_VERB_SET_SOURCE] = cprov_cmd_set_source,
    [CPROV_VERB_UNREGISTER] = cprov_cmd_unregister,
    [CPROV_VERB_REFRESH] = cprov_cmd_refresh,
    [CPROV_VERB_PULL] = cprov_cmd_pull,
    [CPROV_VERB_IMAGES] = cprov_cmd_images,
    [CPROV_VERB_INSPECT] = cprov_cmd_inspect,
    [CPROV_VERB_LOGIN] = cprov_cmd_login,
    [CPROV_VERB_LOGOUT] = cprov_cmd_logout,
    [CPROV_VERB_CATALOG] = cprov_cmd_catalog,
    [CPROV_VERB_SERVE] = cprov_cmd_serve,
    [CPROV_VERB_NEW_CONTAINER] = cprov_cmd_new_container,
    [CPROV_VERB_GET_CONTAINER] = cprov_cmd_get_container,
    [CPROV_VERB_REMOVE_CONTAINER] = cprov_cmd_remove_container,
    [CPROV_VERB_NEW_IMAGE] = cprov_cmd_new_image,
    [CPROV_VERB_COMMIT] = cprov_cmd_commit,
    [CPROV_VERB_REMOVE] = cprov_cmd_remove,
    [CPROV_VERB_RMI] = cprov_cmd_rmi,
    [CPROV_VERB_TAG] = cprov_cmd_tag,
    [CPROV_VERB_UNTAG] = cprov_cmd_untag,
    [CPROV_VERB_GC] = cprov_cmd_gc,
    [CPROV_VERB_DF] = cprov_cmd_df,
    [CPROV_VERB_LS] = cprov_cmd_ls,
    [CPROV_VERB_CAT] = cprov_cmd_cat,
    [CPROV_VERB_EXPORT] = cprov_cmd_export,
    [CPROV_VERB_COMPAT] = cprov_cmd_compat,
    [CPROV_VERB_COMPLETION] = cprov_cmd_completion,
    [CPROV_VERB_HELP] = cprov_cmd_help,
    [CPROV_VERB_VERSION] = cprov_cmd_version,
    [CPROV_VERB_PROVIDER] = cprov_cmd_provider,
    [CPROV_VERB_COMPLETE] = cprov_cmd_complete,
};

/* The words after the verb. */
struct command {
    const struct cprov_verb *verb;
    bool powershell;
    struct cprov_words words;
};

/* A file that is opened later must not become standard output. Writing to these fails with EBADF,
 * as it should. */
static void keep_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static void add_words(struct command *c, struct cprov_arena *arena, const char *const *words,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        cprov_words_add(&c->words, arena, words[i]);
}

static int unknown_verb(const char *name, struct cprov_error *err)
{
    const char *meant = cprov_verb_guess(name), *instead = cprov_verb_of_others(name);

    cprov_fail(err, CPROV_EINVAL, "unknown verb '%s'", name);
    if (instead)
        cprov_hint_words(err, "%s", instead);
    else if (meant)
        cprov_hint_words(err, "did you mean '%s'?", meant);
    else
        cprov_hint_words(err, "see 'cprov help'");
    return CPROV_EINVAL;
}

/* The verb is the name of the program, or the first word that is no option. */
static int find_command(size_t argc, const char *const *argv, struct cprov_arena *arena,
                        struct command *c, struct cprov_error *err)
{
    const char *slash = argc ? strrchr(argv[0], '/') : NULL;
    const char *program = slash ? slash + 1 : argc ? argv[0] : "cprov";
    size_t words = argc ? argc - 1 : 0;

    /* Names without a dash ("get", "test") may be anything: those are no programs of ours. */
    c->verb = strchr(program, '-') ? cprov_verb_named(program, &c->powershell) : NULL;
    if (c->verb) {
        add_words(c, arena, argv + 1, words);
        return 0;
    }
    size_t at = cprov_options_first_word(argv + 1, words);
    if (at < words) {
        c->verb = cprov_verb_named(argv[at + 1], &c->powershell);
        if (!c->verb)
            return unknown_verb(argv[at + 1], err);
        add_words(c, arena, argv + 1, at);
        add_words(c, arena, argv + at + 2, words - at - 1);
        return 0;
    }
    c->verb = cprov_verb_named("help", &c->powershell);
    if (words == 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")))
        c->verb = cprov_verb_named("version", &c->powershell);
    else if (words == 0)
        return cprov_fail(err, CPROV_EINVAL, "a verb is missing");
    else if (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0)
        add_words(c, arena, argv + 1, words);
    return 0;
}

/* Also a failure to read the words is told in the format they ask for. */
static bool wants_json_errors(const struct cprov_words *words)
{
    bool json = false;

    for (size_t i = 0; i < words->count; i++) {
        if (!strcmp(words->items[i], "--error-format=json"))
            json = true;
        else if (!strcmp(words->items[i], "--error-format") && i + 1 < words->count)
            json = !strcmp(words->items[i + 1], "json");
    }
    return json;
}

static int read_words(struct cprov_cli *cli, struct command *c, struct cprov_error *err)
{
    struct cprov_settings *s = &cli->settings;
    struct cprov_words gnu = { NULL, 0, 0 };

    cli->report.json = wants_json_errors(&c->words);
    if (c->powershell) {
        if (cprov_powershell_translate(c->verb, c->words.items, c->words.count, &s->arena, &gnu,
                                       err) < 0)
            return err->code;
        c->words = gnu;
        cli->report.json = wants_json_errors(&c->words);
    }
    if (cprov_options_parse(c->verb, c->words.items, c->words.count, s, err) < 0)
        return err->code;
    cli->report.json |= !s->error_format && s->progress && !strcmp(s->progress, "jsonl");
    cli->report.quiet = s->quiet;
    cli->report.verbose = s->verbose;
    cli->report.debug = s->debug;
    return 0;
}

static int print_help(struct cprov_cli *cli)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_HELP_MAX);
    cprov_help_screen(cli->verb, &text);
    if (cprov_buf_check(&text, "help", &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    cprov_cli_print(cli, cprov_buf_span(&text));
    return 0;
}

static int run(struct cprov_cli *cli, size_t argc, const char *const *argv)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct command command = { NULL, false, { NULL, 0, 0 } };

    if (find_command(argc, argv, &cli->settings.arena, &command, &err) < 0 ||
        cprov_arena_check(&cli->settings.arena, &err) < 0) {
        cprov_hint_words(&err, "see 'cprov help'");
        return cprov_cli_fail(cli, "", &err);
    }
    cli->verb = command.verb;
    cli->powershell = command.powershell;
    cprov_verb_program(cli->verb, cli->program);
    if (read_words(cli, &command, &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    if (cli->settings.help)
        return print_help(cli);
    if (cprov_cli_start(cli, &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    return runs[cli->verb->id](cli);
}

/*
 * GnuTLS comes along with what libcurl needs for protocols we never speak, and sets itself up as it
 * is loaded: a megabyte and a millisecond. libmicrohttpd, which does use it, sets it up itself.
 * base/child.c keeps this from others.
 */
static void skip_gnutls_setup(void)
{
    (void)setenv("GNUTLS_NO_IMPLICIT_INIT", "1", 0);
}

/*
 * Passwords and tokens are in our memory: no file and no other process of the user gets a copy of
 * it. The leak checker of a sanitizer build is such a process.
 */
static void forbid_core_dumps(void)
{
    const struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };

    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
    (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}

int main(int argc, char **argv)
{
    struct cprov_cli cli = { .program = "cprov" };

    keep_standard_files();
    forbid_core_dumps();
    skip_gnutls_setup();
    cprov_signals_install();
    cprov_settings_init(&cli.settings);
    cli.report.program = cli.program;
    return cprov_result_exit(
        cprov_cli_end(&cli, run(&cli, (size_t)argc, (const char *const *)(void *)argv)));
}
