/* engine/id_maps.c - uidMappings and gidMappings of config.json. */
#include "engine/id_maps.h"

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"

struct id_mapping {
    uint64_t inside, outside, count;
};

static int read_list(const struct cprov_json *list, struct cprov_arena *arena,
                     const struct cprov_id_map **out, size_t *count, struct cprov_error *err)
{
    static const struct cprov_json_field fields[] = {
        { "containerID", CPROV_FIELD_U64, offsetof(struct id_mapping, inside), true },
        { "hostID", CPROV_FIELD_U64, offsetof(struct id_mapping, outside), true },
        { "size", CPROV_FIELD_U64, offsetof(struct id_mapping, count), true },
    };
    size_t found = 0;
    struct cprov_id_map *maps = cprov_arena_alloc(arena, list ? list->count : 0, sizeof(*maps));

    if (!maps)
        return cprov_fail_memory(err);
    for (const struct cprov_json *v = list ? list->child : NULL; v; v = v->next) {
        struct id_mapping m;

        if (cprov_json_decode(v, fields, CPROV_COUNT(fields), &m, err) < 0)
            return err->code;
        if (m.inside > UINT32_MAX || m.outside > UINT32_MAX || m.count > UINT32_MAX)
            return cprov_fail(err, CPROV_EVERIFY, "a mapping of ids that do not fit");
        maps[found++] =
            (struct cprov_id_map){ (uint32_t)m.inside, (uint32_t)m.outside, (uint32_t)m.count };
    }
    *out = maps;
    *count = found;
    return 0;
}

int cprov_id_maps_read(int bundle, struct cprov_arena *arena, struct cprov_id_maps *out,
                       struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_json *root = NULL;
    struct cprov_id_maps maps = { 0 };

    cprov_buf_init(&text, CPROV_CONFIG_MAX);
    if (cprov_fs_read(bundle, "config.json", CPROV_CONFIG_MAX, &text, err) < 0 ||
        cprov_json_parse(cprov_buf_span(&text), arena, &root, err) < 0)
        return cprov_wrap(err, "config.json");
    const struct cprov_json *linux_part = cprov_json_get(root, "linux");
    if (read_list(cprov_json_get(linux_part, "uidMappings"), arena, &maps.uids, &maps.uids_count,
                  err) < 0 ||
        read_list(cprov_json_get(linux_part, "gidMappings"), arena, &maps.gids, &maps.gids_count,
                  err) < 0)
        return cprov_wrap(err, "config.json");
    *out = maps;
    return 0;
}
