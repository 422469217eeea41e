/* cli/cmd_serve.c - serve. */
#include <stdio.h>

#include "cli/cli.h"

struct serve_row {
    const char *url;
};

static const struct cprov_column columns[] = {
    { "Url", CPROV_COLUMN_TEXT, offsetof(struct serve_row, url), 0 },
};
static const struct cprov_record record = { columns, CPROV_COUNT(columns) };
static const struct cprov_layout layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Url", NULL, 0 } },
};

/* The line says where, since port 0 means any. */
static void on_ready(void *arg, const char *url)
{
    struct cprov_cli *cli = arg;
    struct serve_row row = { url };

    if (!cprov_out_is_table(cli->out))
        cprov_out_row(cli->out, &row);
    else if (!cli->settings.quiet)
        cprov_cli_print_line(cli, "Serving at %s", url);
}

/* For people; whoever reads stdout has the address that was asked for. */
static void on_reach(void *arg, const char *addresses)
{
    struct cprov_cli *cli = arg;
    char text[512];

    snprintf(text, sizeof(text),
             "This is every address of this machine, and everybody who can reach it can read. "
             "Others can use %s.",
             addresses);
    cprov_report_message(&cli->report, CPROV_MSG_RESULT, text);
}

int cprov_cmd_serve(struct cprov_cli *cli)
{
    struct cprov_settings *s = &cli->settings;
    struct cprov_serve_options options = CPROV_INIT(struct cprov_serve_options);
    int r;

    if (s->path && s->names.count)
        return cprov_cli_usage(cli, "only one folder can be served: '%s' or '%s'", s->path,
                               s->names.items[0]);
    if (!s->session.cert_file != !s->session.key_file)
        return cprov_cli_usage(cli, "--cert and --key go together");
    options.listen = s->listen;
    options.path = s->names.count ? s->names.items[0] : s->path;
    options.cert_file = s->session.cert_file;
    options.key_file = s->session.key_file;
    options.max_connections = s->max_connections;
    options.ui = s->ui;
    options.ready = on_ready;
    options.ready_arg = cli;
    options.reach = on_reach;
    options.hosts = s->hosts.items;
    options.hosts_count = s->hosts.count;
    s->session.cert_file = NULL; /* the server's, not the client's */
    s->session.key_file = NULL;
    r = cprov_cli_rows(cli, &record, &layout);
    if (r == 0)
        r = cprov_cli_session(cli);
    return r < 0 ? r : cprov_serve(cli->session, &options, &cli->callbacks);
}
