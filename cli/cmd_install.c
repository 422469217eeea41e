/* cli/cmd_install.c - install-image, and pull: the same with Docker's names and words. */
#include <string.h>

#include "cli/cli.h"
#include "cli/docker.h"
#include "cli/done.h"
#include "cli/records.h"
#include "cli/unpack_options.h"

static int install(struct cprov_cli *cli, const char *const *names, size_t count)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_install_options options = CPROV_INIT(struct cprov_install_options);
    struct cprov_unpack_to to;

    options.names = names;
    options.names_count = count;
    options.version = &s->version;
    /* With a folder --force is about what is in it. */
    options.reinstall = s->reinstall || (s->force && !s->unpack && !s->bundle);
    options.all_platforms = s->all_platforms;
    if (s->unpack || s->bundle) {
        int r = cprov_cli_unpack_to(cli, &to);
        if (r < 0)
            return r;
        options.unpack = &to;
    }
    return count ? cprov_install(cli->session, &options, &cli->callbacks) : 0;
}

int cprov_cmd_install(struct cprov_cli *cli)
{
    int r = cprov_cli_rows(cli, &cprov_image_record, &cprov_get_layout);

    if (r < 0)
        return r;
    /* For people the messages say what was done; rows are for programs. */
    cli->callbacks.item = cprov_out_is_for_people(cli->out) ? cprov_done_item : cprov_print_item;
    return cprov_cli_change(cli, install);
}

/* Docker's last lines take the place of ours. */
static void on_pulled(void *arg, const struct cprov_item *item)
{
    struct cprov_cli *cli = arg;
    const char *ref = cprov_docker_familiar(item->reference);

    if (cli->settings.quiet)
        return;
    cprov_cli_print_line(cli, "Digest: %s", item->digest);
    cprov_cli_print_line(cli,
                         item->state == CPROV_PRESENT ? "Status: Image is up to date for %s"
                                                      : "Status: Downloaded newer image for "
                                                        "%s",
                         *ref ? ref : item->name);
}

static void on_pull_message(void *arg, enum cprov_message_level level, const char *text)
{
    struct cprov_cli *cli = arg;

    if (level != CPROV_MSG_RESULT)
        cprov_report_message(&cli->report, level, text);
    else if (cli->settings.session.what_if)
        cprov_cli_print_line(cli, "%s", text);
}

int cprov_cmd_pull(struct cprov_cli *cli)
{
    struct cprov_settings *s = &cli->settings;
    struct cprov_error err = CPROV_ERROR_INIT;
    bool tagged = s->version.required || s->version.minimum || s->version.maximum || s->version.all;

    for (size_t i = 0; i < s->names.count; i++)
        s->names.items[i] = cprov_docker_reference(&s->arena, s->names.items[i], !tagged);
    if (cprov_arena_check(&s->arena, &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    int r = cprov_cli_rows(cli, &cprov_image_record, &cprov_get_layout);
    if (r < 0)
        return r;
    if (cprov_out_is_for_people(cli->out)) {
        cli->callbacks.item = on_pulled;
        cli->callbacks.message = on_pull_message;
    } else {
        cli->callbacks.item = cprov_print_item;
    }
    return cprov_cli_change(cli, install);
}
