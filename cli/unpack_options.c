/* cli/unpack_options.c - the options that say how an image becomes files. */
#include "cli/unpack_options.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

/* Id 4294967295 is no id but the word for none. */
#define IDS_MAX UINT32_MAX

int cprov_id_range_parse(const char *text, struct cprov_id_range *out, struct cprov_error *err)
{
    struct cprov_span rest = cprov_span_of(text), item;
    uint64_t n[3];
    size_t count = 0;

    while (cprov_span_next(&rest, ':', &item)) {
        if (count == CPROV_COUNT(n) || !cprov_span_u64(item, &n[count]) || n[count] > IDS_MAX)
            return cprov_fail(err, CPROV_EINVAL, "'%s' is not INSIDE:OUTSIDE:COUNT", text);
        count++;
    }
    if (count != CPROV_COUNT(n) || n[2] == 0 || n[0] + n[2] > IDS_MAX || n[1] + n[2] > IDS_MAX)
        return cprov_fail(err, CPROV_EINVAL, "'%s' is not INSIDE:OUTSIDE:COUNT", text);
    *out = (struct cprov_id_range){ (unsigned)n[0], (unsigned)n[1], (unsigned)n[2] };
    return 0;
}

static int read_maps(struct cprov_cli *cli, const struct cprov_words *words,
                     const struct cprov_id_range **out, size_t *count, struct cprov_error *err)
{
    struct cprov_id_range *list =
        cprov_arena_alloc(&cli->settings.arena, words->count, sizeof(*list));

    if (!list)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < words->count; i++)
        if (cprov_id_range_parse(words->items[i], &list[i], err) < 0)
            return err->code;
    *out = list;
    *count = words->count;
    return 0;
}

int cprov_cli_unpack_to(struct cprov_cli *cli, struct cprov_unpack_to *out)
{
    const struct cprov_settings *s = &cli->settings;
    /* One of the two is enough where users and groups have the same numbers. */
    const struct cprov_words *uids = s->uid_maps.count ? &s->uid_maps : &s->gid_maps;
    const struct cprov_words *gids = s->gid_maps.count ? &s->gid_maps : &s->uid_maps;
    struct cprov_unpack_to to = CPROV_INIT(struct cprov_unpack_to);
    struct cprov_error err = CPROV_ERROR_INIT;

    if (s->unpack && s->bundle)
        return cprov_cli_usage(cli, "--unpack and --bundle exclude each other");
    if (read_maps(cli, uids, &to.uid_map, &to.uid_map_count, &err) < 0 ||
        read_maps(cli, gids, &to.gid_map, &to.gid_map_count, &err) < 0)
        return cprov_cli_fail(cli, "", &err);
    to.rootfs = s->unpack;
    to.bundle = s->bundle;
    to.force = s->force;
    to.rootless = s->rootless;
    to.annotations = s->annotations.items;
    to.annotations_count = s->annotations.count;
    to.xattrs = s->xattrs.items;
    to.xattrs_count = s->xattrs.count;
    to.max_entries = s->max_entries;
    to.max_bytes = s->max_bytes;
    to.max_ratio = s->max_ratio;
    *out = to;
    return 0;
}
