/* cli/cmd_save.c - save-image. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/done.h"
#include "cli/records.h"

static int save(struct cprov_cli *cli, const char *const *names, size_t count)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_save_options options = CPROV_INIT(struct cprov_save_options);

    options.names = names;
    options.names_count = count;
    options.version = &s->version;
    options.path = s->destination ? s->destination : s->literal_path ? s->literal_path : s->path;
    options.literal_path = s->destination || s->literal_path;
    options.type =
        s->save_type && !strcmp(s->save_type, "oci") ? CPROV_SAVE_OCI : CPROV_SAVE_OCI_ARCHIVE;
    options.overwrite = s->force;
    options.all_platforms = s->all_platforms;
    options.allow_unverified = s->allow_unverified;
    return count ? cprov_save(cli->session, &options, &cli->callbacks) : 0;
}

/* Where data goes to stdout, what is said does not. */
static void on_message(void *arg, enum cprov_message_level level, const char *text)
{
    struct cprov_cli *cli = arg;

    if (level == CPROV_MSG_RESULT && !cli->settings.session.what_if)
        level = CPROV_MSG_VERBOSE;
    cprov_report_message(&cli->report, level, text);
}

/* The destination of the first version of the cmdlet was a file. */
static bool is_folder(const char *path)
{
    struct stat st;

    return path[strlen(path) - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static bool is_stdout(const char *path)
{
    return path && (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0);
}

int cprov_cmd_save(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;
    int places = !!s->path + !!s->literal_path + !!s->destination;
    bool layout = s->save_type && !strcmp(s->save_type, "oci");

    if (places == 0)
        return cprov_cli_usage(cli, "Saving a package requires either a --path or --literal-path "
                                    "parameter.");
    if (places > 1)
        return cprov_cli_usage(cli, "--path, --literal-path and --destination exclude each other");
    if (s->destination && !layout && is_folder(s->destination))
        return cprov_cli_usage(cli, "'%s' is a folder. Please provide file name with path.",
                               s->destination);
    if (s->destination && cprov_cli_names(cli).count > 1)
        return cprov_cli_usage(cli, "--destination is one file: it takes one name");
    if (is_stdout(s->path) || is_stdout(s->literal_path) || is_stdout(s->destination)) {
        if (isatty(STDOUT_FILENO))
            return cprov_cli_usage(cli, "refusing to write an archive to a terminal; name a file");
        cli->callbacks.message = on_message;
        return cprov_cli_change(cli, save);
    }
    int r = cprov_cli_rows(cli, &cprov_image_record, &cprov_get_layout);
    if (r < 0)
        return r;
    cli->callbacks.item = cprov_out_is_for_people(cli->out) ? cprov_done_item : cprov_print_item;
    return cprov_cli_change(cli, save);
}
