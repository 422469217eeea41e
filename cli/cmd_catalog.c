/* cli/cmd_catalog.c - catalog add, catalog export and catalog push. */
#include <stdlib.h>
#include <string.h>

#include "cli/byte_sink.h"
#include "cli/cli.h"
#include "cli/records.h"

static const struct cprov_layout added_layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Name", NULL, 0 },
                 { "Version", NULL, 0 },
                 { "Size", NULL, 0 },
                 { "Sha256", NULL, 0 } },
};

static struct cprov_catalog_options options_of(const struct cprov_settings *s)
{
    struct cprov_catalog_options options = CPROV_INIT(struct cprov_catalog_options);

    options.title = s->title;
    options.key_file = s->sign;
    options.overwrite = s->force;
    return options;
}

static int do_push(struct cprov_cli *cli, const char *const *names, size_t count)
{
    struct cprov_catalog_options options = options_of(&cli->settings);

    (void)count;
    options.reference = names[0];
    return cprov_catalog_push(cli->session, &options, &cli->callbacks);
}

static int do_export(struct cprov_cli *cli, const char *const *names, size_t count)
{
    struct cprov_catalog_options options = options_of(&cli->settings);

    (void)count;
    if (strcmp(names[0], "-") != 0) {
        options.path = names[0];
        return cprov_catalog_export(cli->session, &options, NULL, &cli->callbacks);
    }
    struct cprov_byte_sink *sink = cprov_byte_sink_new(cli);
    if (!sink)
        return CPROV_FAILED;
    cli->rows = sink;
    int r = cprov_catalog_export(cli->session, &options, cprov_byte_sink_write, &cli->callbacks);
    (void)!cprov_byte_sink_flush(sink);
    cli->rows = NULL;
    free(sink);
    return r;
}

static int do_add(struct cprov_cli *cli, const char *const *names, size_t count)
{
    struct cprov_catalog_options options = options_of(&cli->settings);
    struct cprov_callbacks with_items = cli->callbacks;

    if (count < 2)
        return cprov_cli_usage(cli, "'catalog add' needs a catalog and files");
    options.path = names[0];
    options.files = names + 1;
    options.files_count = count - 1;
    if (cli->out)
        with_items.item = cprov_print_item;
    return cprov_catalog_add(cli->session, &options, &with_items);
}

static int add(struct cprov_cli *cli)
{
    int r = cprov_cli_rows(cli, &cprov_image_record, &added_layout);

    return r < 0 ? r : cprov_cli_change(cli, do_add);
}

/* The first word says what is done with the second. */
int cprov_cmd_catalog(struct cprov_cli *cli)
{
    struct cprov_words *names = &cli->settings.names;
    const char *what = names->items[0];

    names->items++;
    names->count--;
    if (strcmp(what, "push") == 0)
        return cprov_cli_change(cli, do_push);
    if (strcmp(what, "export") == 0)
        return cprov_cli_change(cli, do_export);
    if (strcmp(what, "add") == 0)
        return add(cli);
    return cprov_cli_usage(cli, "unknown action '%s': use export, push or add", what);
}
