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

void cprov_done_source(void *arg, const struct cprov_source_item *item)
{
    struct cprov_cli *cli = arg;
    auto_buf struct cprov_buf line = { 0 };

    if (for_programs(cli))
        return;
    cprov_buf_init(&line, CPROV_URL_MAX);
    cprov_buf_addf(&line, "Registered %s (%s, %s, %s)", item->name, item->type, item->location,
                   item->trusted ? "trusted" : "not trusted");
    cprov_report_message(&cli->report, CPROV_MSG_NOTE, cprov_buf_text(&line));
}
