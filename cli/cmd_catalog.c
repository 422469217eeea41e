/* cli/cmd_catalog.c - catalog export and catalog push. */
#include <stdlib.h>
#include <string.h>

#include "cli/byte_sink.h"
#include "cli/cli.h"

static struct cprov_catalog_options options_of(const struct cprov_settings *s)
{
    struct cprov_catalog_options options = CPROV_INIT(struct cprov_catalog_options);

    options.title = s->title;
    options.key_file = s->sign;
    options.overwrite = s->force;
    return options;
}

static int do_push(struct cprov_cli *cli, const char *const *names, size_t count,
                   const struct cprov_callbacks *callbacks)
{
    struct cprov_catalog_options options = options_of(&cli->settings);

    (void)count;
    options.reference = names[0];
    return cprov_catalog_push(cli->session, &options, callbacks);
}

static int do_export(struct cprov_cli *cli, const char *const *names, size_t count,
                     const struct cprov_callbacks *callbacks)
{
    struct cprov_catalog_options options = options_of(&cli->settings);

    (void)count;
    if (strcmp(names[0], "-") != 0) {
        options.path = names[0];
        return cprov_catalog_export(cli->session, &options, NULL, callbacks);
    }
    struct cprov_byte_sink *sink = cprov_byte_sink_new(cli);
    if (!sink)
        return CPROV_FAILED;
    cli->rows = sink;
    int r = cprov_catalog_export(cli->session, &options, cprov_byte_sink_write, callbacks);
    (void)!cprov_byte_sink_flush(sink);
    cli->rows = NULL;
    free(sink);
    return r;
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
    return cprov_cli_usage(cli, "a catalog is exported or pushed, not '%s'", what);
}
