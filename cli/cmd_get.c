/* cli/cmd_get.c - get-image, and images: the same as Docker shows it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/grow.h"
#include "cli/cli.h"
#include "cli/done.h"
#include "cli/records.h"
#include "cli/text.h"

#define ID_DIGITS 12

static int list(struct cprov_cli *cli, bool parents, bool legacy_ids)
{
    const struct cprov_settings *s = &cli->settings;
    struct cprov_list_options options = CPROV_INIT(struct cprov_list_options);
    struct cprov_words names = cprov_cli_names(cli);
    int r;

    if (s->input && !names.count)
        return 0;
    options.names = names.items;
    options.names_count = names.count;
    options.version = &s->version;
    options.publisher = s->publisher;
    options.child_of = s->child_of;
    options.parents = parents;
    options.legacy_ids = legacy_ids;
    r = cprov_cli_session(cli);
    return r < 0 ? r : cprov_list(cli->session, &options, &cli->callbacks);
}

int cprov_cmd_get(struct cprov_cli *cli)
{
    int r = cprov_cli_rows(cli, &cprov_image_record, &cprov_get_layout);

    cli->callbacks.item = cprov_print_item;
    if (r < 0)
        return r;
    r = list(cli, cprov_out_shows(cli->out, "Parent"), cprov_out_shows(cli->out, "LegacyId"));
    const struct cprov_settings *s = &cli->settings;
    bool any = !s->names.count && !s->refs.count && !s->input && !s->publisher && !s->child_of;
    return cprov_done_none(cli, r,
                           any ? "No image is installed; 'find-image' shows what the sources "
                                 "offer, 'install-image NAME' installs it."
                               : "No installed image matches; 'get-image' lists them all.");
}

/* --- images --- */

static const struct cprov_layout docker_layout = {
    .style = CPROV_TABLE_DOCKER,
    .columns = { { "Repository", "REPOSITORY", 0 },
                 { "Tag", "TAG", 0 },
                 { "ID", "IMAGE ID", 0 },
                 { "CreatedSince", "CREATED", 0 },
                 { "Size", "VIRTUAL SIZE", 0 } },
};

struct docker_list {
    struct cprov_cli *cli;
    struct cprov_docker_row *rows;
    size_t count, room;
    int64_t now;
    bool failed;
};

/* "sha256:8572..." without the algorithm, as long as wanted. */
static struct cprov_span short_id(const char *id, bool whole)
{
    struct cprov_span algorithm, hex = cprov_span_of(id);

    if (whole)
        return hex;
    (void)cprov_span_cut(hex, ':', &algorithm, &hex);
    return cprov_text_fit(hex, ID_DIGITS);
}

static struct cprov_docker_row make_row(const struct docker_list *l, const struct cprov_item *item)
{
    struct cprov_settings *s = &l->cli->settings;
    struct cprov_arena *arena = &s->arena;
    bool legacy = s->legacy && item->is_os;
    char age[CPROV_AGE_TEXT_MAX] = "", size[CPROV_SIZE_TEXT_MAX];
    struct cprov_docker_row row = { .time = 0 };

    if (cprov_time_parse(cprov_span_of(item->created), &row.time))
        cprov_time_age(l->now > row.time ? l->now - row.time : 0, age);
    row.repository = cprov_arena_lower(arena, cprov_span_of(item->name));
    row.tag = cprov_arena_text(arena, cprov_span_of(item->version));
    row.id =
        cprov_arena_text(arena, short_id(legacy ? item->legacy_id : item->image_id, s->no_trunc));
    row.digest = cprov_arena_text(arena, cprov_span_of(item->digest));
    row.since = cprov_arena_text(arena, cprov_span_of(age));
    row.created = cprov_arena_text(arena, cprov_span_of(item->created));
    row.size =
        cprov_arena_text(arena, cprov_span_of(cprov_text_size(legacy ? 0 : item->bytes, size)));
    return row;
}

static void on_item(void *arg, const struct cprov_item *item)
{
    struct cprov_cli *cli = arg;
    struct docker_list *l = cli->rows;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (cprov_grow(&l->rows, &l->room, l->count, sizeof(*l->rows), CPROV_LIST_MAX, &ignored) < 0) {
        l->failed = true;
        return;
    }
    l->rows[l->count++] = make_row(l, item);
}

/* Newest first. */
static int compare_rows(const void *a, const void *b)
{
    const struct cprov_docker_row *one = a, *other = b;

    if (one->time != other->time)
        return one->time < other->time ? 1 : -1;
    return strcmp(one->repository, other->repository);
}

static int print_rows(struct docker_list *l, int r)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (l->failed || cprov_arena_check(&l->cli->settings.arena, &err) < 0) {
        cprov_fail_memory(&err);
        return cprov_cli_fail(l->cli, "", &err);
    }
    if (l->count)
        qsort(l->rows, l->count, sizeof(*l->rows), compare_rows);
    for (size_t i = 0; i < l->count; i++) {
        if (l->cli->settings.quiet && !l->cli->settings.format)
            cprov_cli_print_line(l->cli, "%s", l->rows[i].id);
        else
            cprov_out_row(l->cli->out, &l->rows[i]);
    }
    return r;
}

int cprov_cmd_images(struct cprov_cli *cli)
{
    struct docker_list rows = { .cli = cli, .now = cprov_time_now() };
    int r = 0;

    /* Docker's -q: ids and no table. */
    if (!cli->settings.quiet || cli->settings.format)
        r = cprov_cli_rows(cli, &cprov_docker_record, &docker_layout);
    if (r < 0)
        return r;
    cli->rows = &rows;
    cli->callbacks.item = on_item;
    r = print_rows(&rows, list(cli, false, cli->settings.legacy));
    cli->rows = NULL;
    free(rows.rows);
    return r;
}
