/* cli/cmd_source.c - register-source, get-source, set-source, unregister-source. */
#include <string.h>

#include "cli/cli.h"
#include "cli/done.h"
#include "cli/records.h"

static void on_source(void *arg, const struct cprov_source_item *item)
{
    struct cprov_cli *cli = arg;
    struct cprov_source_item row = CPROV_INIT(struct cprov_source_item);

    memcpy(&row, item, item->size < sizeof(row) ? item->size : sizeof(row));
    cprov_out_row(cli->out, &row);
}

/* A change is a line on stderr, a row for programs that want one and for PowerShell's manners. */
static cprov_source_fn *shown(const struct cprov_cli *cli)
{
    return cli->powershell || !cprov_out_is_for_people(cli->out) ? on_source : NULL;
}

/* 1, -1; 0: not said. */
static int tristate(int maybe)
{
    return maybe < 0 ? 0 : maybe ? 1 : -1;
}

static struct cprov_source_options from_settings(const struct cprov_settings *s)
{
    struct cprov_source_options o = CPROV_INIT(struct cprov_source_options);

    o.new_name = s->new_name;
    o.location = s->location;
    o.type = s->source_type;
    o.proxy = s->source_proxy;
    o.key = s->source_key;
    o.ca_file = s->source_ca;
    o.cert_file = s->source_cert;
    o.key_file = s->source_cert_key;
    o.allow_http = tristate(s->source_http);
    o.insecure = -tristate(s->source_verify);
    o.trusted = tristate(s->trusted);
    o.no_check = s->no_check;
    o.force = s->force;
    o.restore_default = s->restore_default;
    return o;
}

int cprov_cmd_get_source(struct cprov_cli *cli)
{
    struct cprov_settings *s = &cli->settings;
    struct cprov_words names = cprov_cli_names(cli);
    struct cprov_source_options options = CPROV_INIT(struct cprov_source_options);
    struct cprov_results results = { 0 };
    int r = cprov_cli_rows(cli, &cprov_source_record, &cprov_source_layout);

    if (r < 0 || (s->input && !names.count))
        return r;
    r = cprov_cli_session(cli);
    if (r < 0)
        return r;
    if (s->location)
        cprov_words_add(&names, &s->arena, s->location);
    if (!names.count)
        return cprov_done_none(
            cli, cprov_sources(cli->session, &options, on_source, &cli->callbacks),
            "No source is registered; 'register-source NAME LOCATION' adds one.");
    for (size_t i = 0; i < names.count && !results.cancelled; i++) {
        options.name = names.items[i];
        cprov_results_add(&results,
                          cprov_sources(cli->session, &options, on_source, &cli->callbacks));
    }
    return cprov_results_sum(&results);
}

static int do_register(struct cprov_cli *cli, const char *const *names, size_t count)
{
    struct cprov_source_options options = from_settings(&cli->settings);

    options.name = count ? names[0] : NULL;
    if (count > 1)
        options.location = names[1];
    cprov_source_fn *told = shown(cli);
    return cprov_source_register(cli->session, &options, told ? told : cprov_done_source,
                                 &cli->callbacks);
}

int cprov_cmd_register(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;
    size_t given = s->names.count + s->refs.count + (s->location ? 1 : 0);
    int r;

    if (s->restore_default ? given > 0 : given != 2 || !(s->names.count + s->refs.count))
        return cprov_cli_usage(cli, s->restore_default ? "--default takes no NAME and no LOCATION"
                                                       : "a NAME and a LOCATION are needed");
    r = cprov_cli_rows(cli, &cprov_source_record, &cprov_source_layout);
    return r < 0 ? r : cprov_cli_change(cli, do_register);
}

static int do_set(struct cprov_cli *cli, const char *const *names, size_t count)
{
    struct cprov_source_options options = from_settings(&cli->settings);

    options.name = count ? names[0] : NULL;
    cprov_source_fn *told = shown(cli);
    return count ? cprov_source_set(cli->session, &options, told ? told : cprov_done_change,
                                    &cli->callbacks)
                 : 0;
}

int cprov_cmd_set_source(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;
    int r;

    const char *const texts[] = { s->new_name,   s->location,    s->source_type,
                                  s->source_ca,  s->source_cert, s->source_cert_key,
                                  s->source_key, s->source_proxy };
    bool any = s->trusted >= 0 || s->source_http >= 0 || s->source_verify >= 0;

    for (size_t i = 0; i < CPROV_COUNT(texts); i++)
        any = any || texts[i];
    if (!any)
        return cprov_cli_usage(cli, "nothing to set: --new-name, --location, --type, --trusted, "
                                    "--proxy, --ca-file and others");
    r = cprov_cli_rows(cli, &cprov_source_record, &cprov_source_layout);
    return r < 0 ? r : cprov_cli_change(cli, do_set);
}

static int do_unregister(struct cprov_cli *cli, const char *const *names, size_t count)
{
    struct cprov_source_options options = CPROV_INIT(struct cprov_source_options);
    struct cprov_results results = { 0 };

    options.location = cli->settings.location;
    if (!count)
        return cprov_source_unregister(cli->session, &options, &cli->callbacks);
    for (size_t i = 0; i < count && !results.cancelled; i++) {
        options.name = names[i];
        cprov_results_add(&results,
                          cprov_source_unregister(cli->session, &options, &cli->callbacks));
    }
    return cprov_results_sum(&results);
}

int cprov_cmd_unregister(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;
    size_t names = cprov_cli_names(cli).count;

    if (!names && !s->location && !s->input)
        return cprov_cli_usage(cli, "Either --name or --location must be specified to select a "
                                    "package source.");
    if (names > 1 && s->location)
        return cprov_cli_usage(cli, "--location selects one source: give one name or none");
    return !names && !s->location ? 0 : cprov_cli_change(cli, do_unregister);
}
