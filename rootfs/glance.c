/* rootfs/glance.c - one path, looked for from the top without putting layers together. */
#include "rootfs/glance_private.h"

#include <string.h>

#include "base/error.h"
#include "base/hash_table.h"
#include "base/limits.h"
#include "manifest/manifest.h"
#include "rootfs/layer_read_private.h"

/* One layer. Where each member stands is certain when it is in a folder that an earlier one
 * describes: no link of a lower layer is in the way then. */
struct glance {
    const char *path;
    uint32_t number;                 /* of the member that is read */
    struct cprov_hash_table folders; /* described */
    bool sure;
    bool hidden; /* what lower layers have there is gone */
    bool found;  /* the file */
    uint32_t member;
};

/* Whether the path is the wanted one, or a folder on the way to it. */
static bool is_on_the_way(const struct glance *g, const char *path, bool *whole)
{
    size_t len = strlen(path);

    *whole = strcmp(g->path, path) == 0;
    return *whole || len == 0 || (strncmp(g->path, path, len) == 0 && g->path[len] == '/');
}

/* The folder that a path is in, and whether it is described. */
static bool in_known_folder(const struct glance *g, const char *path,
                            char folder[CPROV_UNPACK_PATH + 1])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;

    memcpy(folder, path, len);
    folder[len] = '\0';
    return len == 0 || cprov_hash_table_noted(&g->folders, 0, folder);
}

static int look_at_file(struct glance *g, const struct cprov_tar_entry *e, const char *path,
                        struct cprov_error *err)
{
    bool whole, on_the_way = is_on_the_way(g, path, &whole);

    if (e->type == CPROV_TAR_DIR) {
        g->sure &= !whole && !(on_the_way && g->found);
        return cprov_hash_table_note(&g->folders, 0, path, err);
    }
    /* A folder that becomes a link; a file on the way, or a link in the place of the file. */
    g->sure &= !cprov_hash_table_noted(&g->folders, 0, path);
    if (on_the_way) {
        g->sure &= whole && e->type == CPROV_TAR_FILE;
        g->found = true;
        g->member = g->number;
    }
    return 0;
}

static int look_at(struct glance *g, const struct cprov_tar_entry *e, struct cprov_error *err)
{
    char path[CPROV_UNPACK_PATH + 1], folder[CPROV_UNPACK_PATH + 1];
    enum cprov_layer_meaning meaning;
    const char *hidden;
    bool whole;

    if (cprov_layer_clean(e->path, CPROV_UNPACK_PATH, path, err) < 0 ||
        cprov_layer_meaning(path, &meaning, &hidden, err) < 0)
        return err->code;
    if (meaning == CPROV_MEANS_NOTHING)
        return 0;
    g->sure &= in_known_folder(g, path, folder);
    if (meaning == CPROV_MEANS_FILE)
        return look_at_file(g, e, path, err);
    if (meaning == CPROV_MEANS_OPAQUE) {
        g->hidden |= is_on_the_way(g, folder, &whole) && !whole;
        return 0;
    }
    memmove(path + strlen(path) - strlen(hidden) - strlen(CPROV_WHITEOUT_PREFIX), hidden,
            strlen(hidden) + 1);
    g->hidden |= is_on_the_way(g, path, &whole);
    return 0;
}

static int on_entry(void *arg, const struct cprov_tar_entry *e, struct cprov_error *err)
{
    struct glance *g = arg;

    g->number++;
    if (look_at(g, e, err) < 0)
        return cprov_layer_wrap(e->path, err);
    return g->sure ? 0 : cprov_fail(err, CPROV_ECANCELLED, "the rest does not help");
}

static int glance_at_layer(const struct cprov_layers *layers, size_t i, struct glance *g,
                           struct cprov_error *err)
{
    const struct cprov_tar_handler handler = { on_entry, cprov_layer_pass_data,
                                               cprov_layer_pass_end, g };
    int code = cprov_layer_read(layers, i, &handler, false, err);

    cprov_hash_table_clear(&g->folders);
    if (g->sure)
        return code;
    *err = (struct cprov_error)CPROV_ERROR_INIT;
    return 0;
}

int cprov_glance(const struct cprov_layers *layers, const char *path, bool *sure,
                 struct cprov_flat_file *out, struct cprov_error *err)
{
    *sure = false;
    for (size_t i = layers->manifest->layers_count; i > 0; i--) {
        struct glance g = { .path = path, .sure = true };

        if (glance_at_layer(layers, i - 1, &g, err) < 0)
            return err->code;
        if (!g.sure)
            return 0;
        if (g.found) {
            *sure = true;
            *out = (struct cprov_flat_file){ i - 1, g.member };
            return 0;
        }
        if (g.hidden)
            break;
    }
    *sure = true;
    return cprov_fail(err, CPROV_ENOTFOUND, "no such file in the image");
}
