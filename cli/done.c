/* cli/done.c - sentences of what was done, with what a person may want to know of it. */
#include "cli/done.h"

#include "base/buf.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/text.h"

static void add_known(struct cprov_buf *line, const char *before, const char *text)
{
    if (*text)
        cprov_buf_addf(line, "%s%s", before, text);
}

/* "app 1.0 (linux/amd64, 2.30 kB, sha256:...)" */
static void add_image(struct cprov_buf *line, const struct cprov_item *item)
{
    char size[CPROV_SIZE_TEXT_MAX];

    cprov_buf_add_text(line, item->name);
    add_known(line, " ", item->version);
    cprov_buf_addf(line, " (%s%s%s", item->platforms, *item->platforms ? ", " : "",
                   cprov_text_size(item->bytes, size));
    add_known(line, ", ", item->digest);
    cprov_buf_add_char(line, ')');
}

/* The cmdlets said no more than what they say on stdout; JSON on stderr is read by programs. */
static bool for_programs(const struct cprov_cli *cli)
{
    return cli->powershell || cli->report.json;
}

void cprov_done_item(void *arg, const struct cprov_item *item)
{
    struct cprov_cli *cli = arg;
    const struct cprov_settings *s = &cli->settings;
    bool saved = s->path || s->literal_path || s->destination;
    auto_buf struct cprov_buf line = { 0 };

    if (item->state != CPROV_ADDED || for_programs(cli))
        return;
    cprov_buf_init(&line, CPROV_URL_MAX);
    cprov_buf_add_text(&line, saved ? "Saved " : "Installed ");
    add_image(&line, item);
    add_known(&line, " from ", item->source);
    add_known(&line, saved ? " as " : " in ", item->path);
    cprov_report_message(&cli->report, CPROV_MSG_NOTE, cprov_buf_text(&line));
}

void cprov_done_export(struct cprov_cli *cli, const char *name, const char *path, uint64_t bytes)
{
    auto_buf struct cprov_buf line = { 0 };
    char size[CPROV_SIZE_TEXT_MAX];

    if (for_programs(cli))
        return;
    cprov_buf_init(&line, CPROV_URL_MAX);
    cprov_buf_addf(&line, "Exported %s (%s) as %s", name, cprov_text_size(bytes, size), path);
    cprov_report_message(&cli->report, CPROV_MSG_NOTE, cprov_buf_text(&line));
}

static void tell_source(struct cprov_cli *cli, const char *verb,
                        const struct cprov_source_item *item)
{
    auto_buf struct cprov_buf line = { 0 };

    if (for_programs(cli))
        return;
    cprov_buf_init(&line, CPROV_URL_MAX);
    cprov_buf_addf(&line, "%s %s (%s, %s, %s)", verb, item->name, item->type, item->location,
                   item->trusted ? "trusted" : "not trusted");
    cprov_report_message(&cli->report, CPROV_MSG_NOTE, cprov_buf_text(&line));
}

void cprov_done_source(void *arg, const struct cprov_source_item *item)
{
    tell_source(arg, "Registered", item);
}

void cprov_done_change(void *arg, const struct cprov_source_item *item)
{
    tell_source(arg, "Changed", item);
}

int cprov_done_none(struct cprov_cli *cli, int result, const char *why)
{
    if (result == 0 && cprov_out_is_for_people(cli->out) && !cprov_out_rows(cli->out) &&
        !for_programs(cli))
        cprov_report_message(&cli->report, CPROV_MSG_NOTE, why);
    return result;
}
