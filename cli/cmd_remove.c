/* cli/cmd_remove.c - remove-image, rmi, tag, untag. */
#include <stdio.h>

#include "base/span.h"
#include "base/text.h"
#include "cli/cli.h"

struct removed_row {
    const char *name, *version, *full_name, *platforms, *digest, *image_id;
    uint64_t bytes;
    bool deleted;
};

#define TEXT_ROW(key, field)                                                                       \
    {                                                                                              \
        key, CPROV_COLUMN_TEXT, offsetof(struct removed_row, field), 0                             \
    }

static const struct cprov_column columns[] = {
    TEXT_ROW("Name", name),
    TEXT_ROW("Version", version),
    TEXT_ROW("FullName", full_name),
    TEXT_ROW("Platforms", platforms),
    TEXT_ROW("Digest", digest),
    TEXT_ROW("ImageId", image_id),
    { "Deleted", CPROV_COLUMN_BOOL, offsetof(struct removed_row, deleted), 0 },
    { "Freed", CPROV_COLUMN_BYTES, offsetof(struct removed_row, bytes), 0 },
};
static const struct cprov_record record = { columns, CPROV_COUNT(columns) };
static const struct cprov_layout layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Name", NULL, 0 }, { "Version", NULL, 0 }, { "Freed", NULL, 0 } }
};

/* For people one line on stderr, for programs a row. */
static void on_removed(void *arg, const struct cprov_removed_item *item)
{
    struct cprov_cli *cli = arg;
    char size[CPROV_SIZE_TEXT_MAX], text[1024];
    const struct removed_row row = {
        .name = item->name,
        .version = item->version,
        .full_name = item->full_name,
        .platforms = item->platforms,
        .digest = item->digest,
        .image_id = item->image_id,
        .bytes = item->bytes,
        .deleted = item->deleted != 0,
    };

    if (!cprov_out_is_for_people(cli->out)) {
        cprov_out_row(cli->out, &row);
        return;
    }
    cprov_text_size(item->bytes, size);
    snprintf(text, sizeof(text), "Removed %s %s%s%s", item->name, item->version,
             item->deleted ? item->bytes ? ", freed " : "" : "; the image keeps its other name",
             item->deleted && item->bytes ? size : "");
    cprov_report_message(&cli->report, CPROV_MSG_NOTE, text);
}

/* As Docker says it. */
static void on_untagged(void *arg, const struct cprov_removed_item *item)
{
    struct cprov_cli *cli = arg;
    struct cprov_span algorithm, hex = cprov_span_of(item->image_id);

    cprov_cli_print_line(cli, "Untagged: %s:%s", item->name, item->version);
    if (!item->deleted)
        return;
    if (!*item->image_id)
        hex = cprov_span_of(item->digest);
    (void)cprov_span_cut(hex, ':', &algorithm, &hex);
    cprov_cli_print_line(cli, "Deleted: %" CPROV_SPAN_FMT, CPROV_SPAN_ARG(hex));
}

static int remove_them(struct cprov_cli *cli, const char *const *names, size_t count)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_remove_options options = CPROV_INIT(struct cprov_remove_options);
    enum cprov_verb_id verb = cli->verb->id;

    options.names = names;
    options.names_count = count;
    options.version = &s->version;
    options.cascade = s->cascade;
    options.keep_blobs = s->keep_blobs;
    options.all_names = s->force;
    options.names_only = verb == CPROV_VERB_UNTAG;
    cprov_removed_fn *item = verb == CPROV_VERB_RMI ? on_untagged : on_removed;
    return count ? cprov_remove(cli->session, &options, item, &cli->callbacks) : 0;
}

int cprov_cmd_remove(struct cprov_cli *cli)
{
    int r = cprov_cli_rows(cli, &record, &layout);

    if (r < 0)
        return r;
    cli->settings.confirm = true; /* what is gone is gone: --yes has to be said */
    return cprov_cli_change(cli, remove_them);
}

/* Docker asks no questions. */
int cprov_cmd_rmi(struct cprov_cli *cli)
{
    return cprov_cli_change(cli, remove_them);
}

int cprov_cmd_untag(struct cprov_cli *cli)
{
    int r = cprov_cli_rows(cli, &record, &layout);

    return r < 0 ? r : cprov_cli_change(cli, remove_them);
}

static int tag(struct cprov_cli *cli, const char *const *names, size_t count)
{
    struct cprov_tag_options options = CPROV_INIT(struct cprov_tag_options);

    (void)count;
    options.name = names[0];
    options.version = &cli->settings.version;
    options.target = names[1];
    options.force = cli->settings.force;
    return cprov_tag(cli->session, &options, &cli->callbacks);
}

int cprov_cmd_tag(struct cprov_cli *cli)
{
    struct cprov_words names = cprov_cli_names(cli);

    if (names.count != 2)
        return cprov_cli_usage(cli, "an installed image and its new name are needed");
    return cprov_cli_change(cli, tag);
}
