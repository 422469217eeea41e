/* cli/cmd_container.c - new-container, get-container, remove-container. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/done.h"
#include "cli/records.h"
#include "cli/unpack_options.h"

#define UPTIME_MAX 40

static const struct cprov_layout layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Name", NULL, 0 },
                 { "State", NULL, 0 },
                 { "Uptime", NULL, 0 },
                 { "ParentImageName", NULL, 0 } },
};

/* As PowerShell writes a span of time: "00:00:00", "3.07:15:00". */
static const char *uptime(int64_t started, char buf[UPTIME_MAX])
{
    int64_t now = cprov_time_now(), s = started > 0 && now > started ? now - started : 0;
    int len = s >= 86400 ? snprintf(buf, UPTIME_MAX, "%" PRId64 ".", s / 86400) : 0;

    snprintf(buf + len, (size_t)(UPTIME_MAX - len), "%02d:%02d:%02d", (int)(s / 3600 % 24),
             (int)(s / 60 % 60), (int)(s % 60));
    return buf;
}

static const char *state_word(const char *state, char buf[16])
{
    snprintf(buf, 16, "%s", state);
    if (cprov_is_lower(buf[0]))
        buf[0] = (char)(buf[0] - 32);
    return buf;
}

static void on_container(void *arg, const struct cprov_container_item *item)
{
    struct cprov_cli *cli = arg;
    char time[UPTIME_MAX], state[16];
    const struct cprov_container_row row = {
        .name = item->name,
        .state = state_word(item->state, state),
        .uptime = uptime(item->started, time),
        .image_name = item->image_name,
        .image = item->image,
        .id = item->id,
        .digest = item->digest,
        .path = item->path,
        .created = item->created,
        .isolation = item->isolation,
        .runtime = item->runtime,
    };

    cprov_out_row(cli->out, &row);
}

static int make(struct cprov_cli *cli, const char *const *names, size_t count)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_container_options options = CPROV_INIT(struct cprov_container_options);
    struct cprov_unpack_to to;

    if (s->bundle) {
        int r = cprov_cli_unpack_to(cli, &to);
        if (r < 0)
            return r;
        options.unpack = &to;
    }
    options.name = count ? names[0] : NULL;
    options.image = s->image;
    options.version = &s->version;
    options.isolation = s->session.isolation;
    options.runtime = s->runtime;
    return cprov_container_new(cli->session, &options, on_container, &cli->callbacks);
}

int cprov_cmd_new_container(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;

    if (!s->image)
        return cprov_cli_usage(cli, "--image is missing; give the installed image it is made from");
    if (!s->bundle && (s->rootless || s->uid_maps.count || s->gid_maps.count ||
                       s->annotations.count || s->xattrs.count))
        return cprov_cli_usage(
            cli, "--rootless, --uid-map, --gid-map, --annotation and --xattr need --path");
    int r = cprov_cli_rows(cli, &cprov_container_record, &layout);
    return r < 0 ? r : cprov_cli_change(cli, make);
}

int cprov_cmd_get_container(struct cprov_cli *cli)
{
    struct cprov_container_options options = CPROV_INIT(struct cprov_container_options);
    struct cprov_words names = cprov_cli_names(cli);
    int r = cprov_cli_rows(cli, &cprov_container_record, &layout);

    if (r < 0 || (cli->settings.input && !names.count))
        return r;
    options.names = names.items;
    options.names_count = names.count;
    r = cprov_cli_session(cli);
    if (r < 0)
        return r;
    r = cprov_container_list(cli->session, &options, on_container, &cli->callbacks);
    return cprov_done_none(cli, r,
                           names.count ? "No container matches." : "There is no container.");
}

static int remove_them(struct cprov_cli *cli, const char *const *names, size_t count)
{
    struct cprov_container_options options = CPROV_INIT(struct cprov_container_options);

    options.names = names;
    options.names_count = count;
    options.delete_files = cli->settings.delete_files;
    /* For people the words that were asked are enough; rows are for programs. */
    bool rows = !cprov_out_is_for_people(cli->out);
    return count ? cprov_container_remove(cli->session, &options, rows ? on_container : NULL,
                                          &cli->callbacks)
                 : 0;
}

int cprov_cmd_remove_container(struct cprov_cli *cli)
{
    int r = cprov_cli_rows(cli, &cprov_container_record, &layout);

    if (r < 0)
        return r;
    cli->settings.confirm = true; /* what is gone is gone: --yes has to be said */
    return cprov_cli_change(cli, remove_them);
}
