/* cli/cmd_refresh.c - cprov refresh. */
#include <string.h>

#include "cli/cli.h"
#include "cli/records.h"

static void on_refreshed(void *arg, const struct cprov_refreshed_item *item)
{
    struct cprov_cli *cli = arg;
    struct cprov_refreshed_item row = CPROV_INIT(struct cprov_refreshed_item);

    memcpy(&row, item, item->size < sizeof(row) ? item->size : sizeof(row));
    cprov_out_row(cli->out, &row);
}

int cprov_cmd_refresh(struct cprov_cli *cli)
{
    struct cprov_settings *s = &cli->settings;
    struct cprov_refresh_options options = CPROV_INIT(struct cprov_refresh_options);
    struct cprov_words names = cprov_cli_names(cli);
    int r = cprov_cli_rows(cli, &cprov_refreshed_record, &cprov_refreshed_layout);

    if (r < 0)
        return r;
    for (size_t i = 0; i < names.count; i++)
        cprov_words_add(&s->sources, &s->arena, names.items[i]);
    s->session.sources = s->sources.items;
    s->session.sources_count = s->sources.count;
    options.details = s->details;
    r = cprov_cli_session(cli);
    return r < 0 ? r : cprov_refresh(cli->session, &options, on_refreshed, &cli->callbacks);
}
