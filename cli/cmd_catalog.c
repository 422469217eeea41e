/* cli/cmd_catalog.c - catalog export and catalog push. */
#include <stdlib.h>
#include <string.h>

#include "cli/byte_sink.h"
#include "cli/cli.h"

static int export(struct cprov_cli *cli, struct cprov_catalog_options *options)
{
    const char *path = cli->settings.names.items[1];

    if (strcmp(path, "-") != 0) {
        options->path = path;
        return cprov_catalog_export(cli->session, options, NULL, &cli->callbacks);
    }
    struct cprov_byte_sink *sink = cprov_byte_sink_new(cli);
    if (!sink)
        return CPROV_FAILED;
    cli->rows = sink;
    int r = cprov_catalog_export(cli->session, options, cprov_byte_sink_write, &cli->callbacks);
    (void)!cprov_byte_sink_flush(sink);
    cli->rows = NULL;
    free(sink);
    return r;
}

int cprov_cmd_catalog(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;
    const char *what = s->names.items[0];
    struct cprov_catalog_options options = CPROV_INIT(struct cprov_catalog_options);
    bool push = strcmp(what, "push") == 0;

    if (!push && strcmp(what, "export") != 0)
        return cprov_cli_usage(cli, "a catalog is exported or pushed, not '%s'", what);
    options.title = s->title;
    options.key_file = s->sign;
    options.overwrite = s->force;
    options.reference = s->names.items[1];
    int r = cprov_cli_session(cli);
    if (r < 0)
        return r;
    return push ? cprov_catalog_push(cli->session, &options, &cli->callbacks)
                : export(cli, &options);
}
