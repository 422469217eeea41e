/* cli/cmd_space.c - gc, df: the space of the store. */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"

/* --- gc --- */

struct collected_row {
    uint64_t blobs, partials, bytes, kept;
};

#define NUMBER(type, key, kind, field)                                                             \
    {                                                                                              \
        key, kind, offsetof(struct type, field), 0                                                 \
    }

static const struct cprov_column collected_columns[] = {
    NUMBER(collected_row, "Blobs", CPROV_COLUMN_COUNT, blobs),
    NUMBER(collected_row, "Partials", CPROV_COLUMN_COUNT, partials),
    NUMBER(collected_row, "Freed", CPROV_COLUMN_BYTES, bytes),
    NUMBER(collected_row, "Kept", CPROV_COLUMN_COUNT, kept),
};
static const struct cprov_record collected_record = { collected_columns,
                                                      CPROV_COUNT(collected_columns) };
static const struct cprov_layout collected_layout = {
    .style = CPROV_TABLE_FITTED,
    .columns = { { "Blobs", NULL, 0 }, { "Partials", NULL, 0 }, { "Freed", NULL, 0 } }
};

static void on_collected(void *arg, const struct cprov_collected_item *item)
{
    struct cprov_cli *cli = arg;
    const struct collected_row row = { item->blobs, item->partials, item->bytes, item->kept };
    char size[CPROV_SIZE_TEXT_MAX], text[256];

    if (item->kept > 0) {
        snprintf(text, sizeof(text),
                 "%" PRIu64 " blobs stay for now: another process is downloading", item->kept);
        cprov_report_message(&cli->report, CPROV_MSG_WARNING, text);
    }
    if (!cprov_out_is_table(cli->out)) {
        cprov_out_row(cli->out, &row);
        return;
    }
    cprov_cli_print_line(
        cli, "%s %s: %" PRIu64 " blobs that no image names, %" PRIu64 " broken-off downloads",
        cli->settings.session.what_if ? "Would free" : "Freed", cprov_text_size(item->bytes, size),
        item->blobs, item->partials);
}

int cprov_cmd_gc(struct cprov_cli *cli)
{
    struct cprov_collect_options options = CPROV_INIT(struct cprov_collect_options);
    int r = cprov_cli_rows(cli, &collected_record, &collected_layout);

    if (r < 0)
        return r;
    options.all_partials = cli->settings.force;
    r = cprov_cli_session(cli);
    return r < 0 ? r : cprov_collect(cli->session, &options, on_collected, &cli->callbacks);
}

/* --- df --- */

struct usage_row {
    const char *type;
    uint64_t count, bytes, reclaimable;
};

static const struct cprov_column usage_columns[] = {
    { "Type", CPROV_COLUMN_TEXT, offsetof(struct usage_row, type), 0 },
    NUMBER(usage_row, "Count", CPROV_COLUMN_COUNT, count),
    NUMBER(usage_row, "Size", CPROV_COLUMN_BYTES, bytes),
    NUMBER(usage_row, "Reclaimable", CPROV_COLUMN_BYTES, reclaimable),
};
static const struct cprov_record usage_record = { usage_columns, CPROV_COUNT(usage_columns) };
static const struct cprov_layout usage_layout = { .style = CPROV_TABLE_FITTED,
                                                  .columns = { { "Type", NULL, 0 },
                                                               { "Count", NULL, 0 },
                                                               { "Size", NULL, 0 },
                                                               { "Reclaimable", NULL, 0 } } };

static void on_usage(void *arg, const struct cprov_usage_item *u)
{
    struct cprov_cli *cli = arg;
    const struct usage_row rows[] = {
        { "Images", u->images, u->images_bytes, 0 },
        { "Containers", u->containers, 0, 0 },
        { "Broken-off downloads", u->partials, u->partials_bytes, u->partials_bytes },
        { "Blobs without an image", u->garbage, u->garbage_bytes, u->garbage_bytes },
    };

    for (size_t i = 0; i < CPROV_COUNT(rows); i++)
        cprov_out_row(cli->out, &rows[i]);
}

int cprov_cmd_df(struct cprov_cli *cli)
{
    int r = cprov_cli_rows(cli, &usage_record, &usage_layout);

    if (r < 0)
        return r;
    r = cprov_cli_session(cli);
    return r < 0 ? r : cprov_usage(cli->session, on_usage, &cli->callbacks);
}
