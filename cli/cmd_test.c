/* cli/cmd_test.c - test-image: one row per whole image and per finding. */
#include "cli/cli.h"
#include "cli/done.h"
#include "cli/records.h"

static const struct cprov_layout layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Name", NULL, 0 },
                 { "Version", NULL, 0 },
                 { "Result", NULL, 0 },
                 { "Problem", NULL, 0 },
                 { "Blob", NULL, 0 },
                 { "Message", NULL, 0 } },
};

static void on_whole(void *arg, const struct cprov_item *item)
{
    struct cprov_cli *cli = arg;
    struct cprov_test_row row = { item->name, item->version, "ok", "", "", "" };

    cprov_out_row(cli->out, &row);
}

static void on_finding(void *arg, const struct cprov_finding *finding)
{
    struct cprov_cli *cli = arg;
    struct cprov_test_row row = {
        .name = finding->name,
        .version = finding->version,
        .result = finding->repaired ? "repaired" : "bad",
        .problem = finding->problem,
        .blob = finding->blob,
        .message = finding->message,
    };

    cprov_out_row(cli->out, &row);
}

static int test(struct cprov_cli *cli, const char *const *names, size_t count)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_test_options options = CPROV_INIT(struct cprov_test_options);

    options.names = names;
    options.names_count = count;
    options.version = &s->version;
    options.all = s->all;
    options.repair = s->repair;
    options.max_ratio = s->max_ratio;
    return cprov_test(cli->session, &options, on_finding, &cli->callbacks);
}

int cprov_cmd_test(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_words names = cprov_cli_names(cli);
    int r = cprov_cli_rows(cli, &cprov_test_record, &layout);

    if (r < 0 || (s->input && !names.count))
        return r;
    cli->callbacks.item = on_whole;
    if (s->repair)
        return cprov_cli_change(cli, test);
    r = cprov_cli_session(cli);
    if (r < 0)
        return r;
    return cprov_done_none(cli, test(cli, names.items, names.count),
                           "No image is installed: nothing was tested.");
}
