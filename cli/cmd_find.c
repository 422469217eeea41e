/* cli/cmd_find.c - find-image. */
#include <string.h>

#include "cli/cli.h"
#include "cli/records.h"
#include "cli/text.h"

/* Columns that a list of tags fills: no manifest is read for these. */
static bool names_are_enough(const struct cprov_cli *cli)
{
    static const char *const cheap[] = { "Name", "Version", "Source" };

    for (size_t i = 0; i < cprov_image_record.count; i++) {
        const char *key = cprov_image_record.columns[i].key;
        bool is_cheap = false;

        for (size_t k = 0; k < CPROV_COUNT(cheap); k++)
            is_cheap |= !strcmp(key, cheap[k]);
        if (!is_cheap && cprov_out_shows(cli->out, key))
            return false;
    }
    return true;
}

/* NAME:VERSION, NAME@DIGEST: such a name is one version. */
static bool names_a_version(const struct cprov_words *names)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *slash = strrchr(names->items[i], '/');

        if (strpbrk(slash ? slash : names->items[i], ":@"))
            return true;
    }
    return false;
}

int cprov_cmd_find(struct cprov_cli *cli)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_version_options version = s->version;
    struct cprov_find_options find = CPROV_INIT(struct cprov_find_options);
    struct cprov_words names = cprov_cli_names(cli);
    int r = cprov_cli_rows(cli, &cprov_image_record, &cprov_find_layout);

    if (r < 0 || (s->input && !names.count)) /* no row in, no row out */
        return r;
    find.names = names.items;
    find.names_count = names.count;
    find.version = &version;
    /* The cmdlet of the seed listed all there is when no version was asked for. */
    if (cli->powershell && !version.required && !version.minimum && !version.maximum &&
        !names_a_version(&names))
        version.all = true;
    find.search = s->search;
    find.regex = s->regex;
    find.os_images_only = s->os_image;
    find.publisher = s->publisher;
    find.created_since = s->created_since;
    find.max_bytes = s->max_size;
    find.digest = s->digest;
    find.culture = s->culture;
    find.sort = s->sort;
    find.limit = s->limit;
    find.dependencies = s->dependencies;
    find.strict = s->strict;
    find.file = s->file;
    find.uri = s->uri;
    find.all_tags = s->all_tags;
    find.fields = names_are_enough(cli) ? CPROV_FIELDS_NAMES : CPROV_FIELDS_DETAILS;
    cli->callbacks.item = cprov_print_item;
    r = cprov_cli_session(cli);
    return r < 0 ? r : cprov_find(cli->session, &find, &cli->callbacks);
}
