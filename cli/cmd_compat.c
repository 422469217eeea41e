/* cli/cmd_compat.c - compat: may a Windows host run an image? */
#include "cli/cli.h"

struct compat_row {
    const char *host, *image, *isolation, *why;
    bool compatible;
};

#define ROW(key, field)                                                                            \
    {                                                                                              \
        key, CPROV_COLUMN_TEXT, offsetof(struct compat_row, field), 0                              \
    }

static const struct cprov_column columns[] = {
    ROW("Host", host),
    ROW("Image", image),
    ROW("Isolation", isolation),
    { "Compatible", CPROV_COLUMN_BOOL, offsetof(struct compat_row, compatible), 0 },
    ROW("Why", why),
};
static const struct cprov_record record = { columns, CPROV_COUNT(columns) };
static const struct cprov_layout layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Compatible", NULL, 0 }, { "Why", NULL, 0 } },
};

int cprov_cmd_compat(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;
    const char *isolation = s->session.isolation ? s->session.isolation : "any";
    const char *why = "";
    int r;

    if (!s->host || !s->image)
        return cprov_cli_usage(cli, "--host and --image are needed");
    r = cprov_cli_rows(cli, &record, &layout);
    if (r < 0)
        return r;
    r = cprov_compat_check(s->host, s->image, isolation, &why);
    if (r < 0 && r != CPROV_INCOMPATIBLE)
        return cprov_cli_usage(cli, "%s", why);
    if (r == CPROV_COMPATIBLE_WITH_WARNING)
        cprov_report_message(&cli->report, CPROV_MSG_WARNING, why);
    struct compat_row row = { s->host, s->image, isolation, why, r >= 0 };
    if (cprov_out_is_table(cli->out))
        cprov_cli_print_line(cli, "%s: %s", row.compatible ? "compatible" : "not compatible", why);
    else
        cprov_out_row(cli->out, &row);
    cli->answered = true; /* the verdict is the answer, and no failure to tell */
    return row.compatible ? 0 : r;
}
