/* cli/cli.h - what the verbs share: settings, session, output, the way to speak. */
#ifndef CPROV_CLI_CLI_H
#define CPROV_CLI_CLI_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "cli/options.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/verb_named.h"
#include "provider/provider.h"

struct cprov_cli {
    const struct cprov_verb *verb;
    char program[CPROV_PROGRAM_MAX]; /* for messages: "install-image", "cprov pull" */
    bool powershell;
    struct cprov_settings settings;
    struct cprov_report report;
    struct cprov_bars *bars;
    struct cprov_out *out;
    struct cprov_error stdout_failure; /* once set nothing more is written there */
    bool output_failed;                /* the same of a file that the verb writes */
    struct cprov_callbacks callbacks;  /* arg is the cli; verbs put in their item() */
    enum cprov_answer answer;          /* the last one to --confirm */
    struct cprov_session *session;
    bool answered; /* a result below 0 has been said on stdout */
    void *rows;    /* what a verb keeps between its items */
    char *secret;  /* the password; wiped */
};

/* Files, bars and callbacks, once the settings are read. */
CPROV_MUST_CHECK
int cprov_cli_start(struct cprov_cli *cli, struct cprov_error *err);
/* Ends the output, tells what could not be written, frees all; returns the final result. */
int cprov_cli_end(struct cprov_cli *cli, int result);

/* stdin is not at the keyboard: --input - or --password-stdin. */
bool cprov_cli_stdin_taken(const struct cprov_cli *cli);

/* Tells a failure of our own and returns its code. */
int cprov_cli_fail(struct cprov_cli *cli, const char *target, const struct cprov_error *err);
int cprov_cli_usage(struct cprov_cli *cli, const char *format, ...) CPROV_PRINTF(2, 3);

/* The session of the settings; a failure has been told. */
CPROV_MUST_CHECK
int cprov_cli_session(struct cprov_cli *cli);
/* The output for rows of the record; a failure has been told. */
CPROV_MUST_CHECK
int cprov_cli_rows(struct cprov_cli *cli, const struct cprov_record *record,
                   const struct cprov_layout *layout);
/* A line, or a document, of data on stdout. */
void cprov_cli_print(struct cprov_cli *cli, struct cprov_span text);
void cprov_cli_print_line(struct cprov_cli *cli, const char *format, ...) CPROV_PRINTF(2, 3);

/* names and refs, one after the other; in the settings' arena. */
struct cprov_words cprov_cli_names(struct cprov_cli *cli);

/* Tells a change in words with --what-if, else asks about it: callbacks.change. */
enum cprov_answer cprov_cli_on_change(void *arg, const struct cprov_change *change);
/* What a verb changes; cli->session is open. */
typedef int cprov_change_fn(struct cprov_cli *cli, const char *const *names, size_t count);
/* Opens the session and does it. */
int cprov_cli_change(struct cprov_cli *cli, cprov_change_fn *change);

/* The verbs; each returns enum cprov_result and has told its failures. */
int cprov_cmd_find(struct cprov_cli *cli);
int cprov_cmd_install(struct cprov_cli *cli);
int cprov_cmd_pull(struct cprov_cli *cli);
int cprov_cmd_save(struct cprov_cli *cli);
int cprov_cmd_get(struct cprov_cli *cli);
int cprov_cmd_images(struct cprov_cli *cli);
int cprov_cmd_test(struct cprov_cli *cli);
int cprov_cmd_inspect(struct cprov_cli *cli);
int cprov_cmd_get_source(struct cprov_cli *cli);
int cprov_cmd_register(struct cprov_cli *cli);
int cprov_cmd_set_source(struct cprov_cli *cli);
int cprov_cmd_unregister(struct cprov_cli *cli);
int cprov_cmd_refresh(struct cprov_cli *cli);
int cprov_cmd_login(struct cprov_cli *cli);
int cprov_cmd_logout(struct cprov_cli *cli);
int cprov_cmd_catalog(struct cprov_cli *cli);
int cprov_cmd_serve(struct cprov_cli *cli);
int cprov_cmd_new_container(struct cprov_cli *cli);
int cprov_cmd_get_container(struct cprov_cli *cli);
int cprov_cmd_remove_container(struct cprov_cli *cli);
int cprov_cmd_new_image(struct cprov_cli *cli);
int cprov_cmd_commit(struct cprov_cli *cli);
int cprov_cmd_remove(struct cprov_cli *cli);
int cprov_cmd_rmi(struct cprov_cli *cli);
int cprov_cmd_tag(struct cprov_cli *cli);
int cprov_cmd_untag(struct cprov_cli *cli);
int cprov_cmd_gc(struct cprov_cli *cli);
int cprov_cmd_df(struct cprov_cli *cli);
int cprov_cmd_ls(struct cprov_cli *cli);
int cprov_cmd_cat(struct cprov_cli *cli);
int cprov_cmd_export(struct cprov_cli *cli);
int cprov_cmd_compat(struct cprov_cli *cli);
int cprov_cmd_version(struct cprov_cli *cli);
int cprov_cmd_provider(struct cprov_cli *cli);
int cprov_cmd_help(struct cprov_cli *cli);
int cprov_cmd_completion(struct cprov_cli *cli);
int cprov_cmd_complete(struct cprov_cli *cli);

#endif
