/* cli/cmd_login.c - login and logout. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "cli/cli.h"
#include "cli/question.h"
#include "cli/text.h"

#define USERNAME_MAX 256

static const char default_registry[] = "docker.io";

static const char *registry(const struct cprov_cli *cli)
{
    return cli->settings.names.count ? cli->settings.names.items[0] : default_registry;
}

static int no_terminal(struct cprov_error *err)
{
    if (err->code == CPROV_EREFUSED)
        cprov_hint_words(err,
                         "use --username NAME and --password-stdin, with the password on stdin");
    return err->code;
}

static int ask_username(struct cprov_cli *cli, struct cprov_error *err)
{
    char name[USERNAME_MAX];

    if (cprov_question_line(false, "Username: ", true, name, sizeof(name), err) < 0)
        return no_terminal(err);
    if (!*name)
        return cprov_fail(err, CPROV_EINVAL, "a username is needed");
    cli->settings.session.username = cprov_arena_text(&cli->settings.arena, cprov_span_of(name));
    return cprov_arena_check(&cli->settings.arena, err);
}

static int ask_password(struct cprov_cli *cli, struct cprov_error *err)
{
    cli->secret = calloc(1, CPROV_TOKEN_LENGTH_MAX);
    if (!cli->secret)
        return cprov_fail_memory(err);
    if (cprov_question_line(false, "Password: ", false, cli->secret, CPROV_TOKEN_LENGTH_MAX, err) <
        0)
        return no_terminal(err);
    if (!*cli->secret)
        return cprov_fail(err, CPROV_EINVAL, "the password is empty");
    cli->settings.session.password = cli->secret;
    return 0;
}

static int login(struct cprov_cli *cli, const char *const *names, size_t count)
{
    (void)names;
    (void)count;
    return cprov_login(cli->session, registry(cli), &cli->callbacks);
}

static int logout(struct cprov_cli *cli, const char *const *names, size_t count)
{
    (void)names;
    (void)count;
    return cprov_logout(cli->session, registry(cli), &cli->callbacks);
}

int cprov_cmd_login(struct cprov_cli *cli)
{
    struct cprov_session_options *o = &cli->settings.session;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cli->settings.password_stdin && !o->username)
        return cprov_cli_usage(cli, "--password-stdin needs --username");
    if ((!o->username && ask_username(cli, &err) < 0) ||
        (!o->password && ask_password(cli, &err) < 0))
        return cprov_cli_fail(cli, registry(cli), &err);
    int r = cprov_cli_change(cli, login);
    if (r == 0 && !cli->settings.quiet && !o->what_if)
        cprov_cli_print_line(cli, "Login Succeeded");
    return r;
}

int cprov_cmd_logout(struct cprov_cli *cli)
{
    return cprov_cli_change(cli, logout);
}
