/* rootfs/rootfs_path.c - from paths to names, through links as in the kernel, and back. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "rootfs/rootfs_private.h"

#define COMPONENT_MAX 255                           /* bytes: NAME_MAX */
#define WAY_MAX       (2 * (CPROV_UNPACK_PATH + 1)) /* as tree_walk.c has it */

/* Where we are, and what is still to be walked: at the end of text, so that the target of a link
 * goes before it. */
struct way {
    uint32_t at; /* a directory's node */
    unsigned links;
    size_t pos;
    char text[WAY_MAX];
};

static int begin(struct way *w, struct cprov_span path, struct cprov_error *err)
{
    if (path.len > CPROV_UNPACK_PATH)
        return cprov_fail(err, CPROV_EVERIFY, "the name is too long for a file system");
    w->at = CPROV_ROOTFS_ROOT;
    w->links = 0;
    w->pos = WAY_MAX - path.len;
    if (path.len > 0)
        memcpy(w->text + w->pos, path.ptr, path.len);
    return 0;
}

static bool at_end(struct way *w)
{
    while (w->pos < WAY_MAX && w->text[w->pos] == '/')
        w->pos++;
    return w->pos == WAY_MAX;
}

/* False at the end. The name is good until follow(). */
static bool next_component(struct way *w, struct cprov_span *name)
{
    if (at_end(w))
        return false;
    const char *from = w->text + w->pos, *slash = memchr(from, '/', WAY_MAX - w->pos);

    *name = cprov_span_make(from, slash ? (size_t)(slash - from) : WAY_MAX - w->pos);
    w->pos += name->len;
    return true;
}

/* Whether it leads nowhere or up. */
static bool take_dots(const struct cprov_rootfs *r, struct way *w, struct cprov_span name)
{
    if (cprov_span_is(name, "."))
        return true;
    if (!cprov_span_is(name, ".."))
        return false;
    uint32_t dir = cprov_rootfs_name_at(r, cprov_rootfs_node_at(r, w->at)->name)->dir;
    w->at = dir ? dir : CPROV_ROOTFS_ROOT;
    return true;
}

static int follow(const struct cprov_rootfs *r, struct way *w, uint32_t link,
                  struct cprov_error *err)
{
    struct cprov_span target = cprov_rootfs_text(r, cprov_rootfs_node_at(r, link)->target);

    if (++w->links > CPROV_UNPACK_LINKS)
        return cprov_fail(err, CPROV_EVERIFY, "a loop of links, or too many of them");
    if (target.len + 1 > w->pos)
        return cprov_fail(err, CPROV_EVERIFY, "the name is too long for a file system");
    w->text[--w->pos] = '/';
    w->pos -= target.len;
    memcpy(w->text + w->pos, target.ptr, target.len);
    if (w->text[w->pos] == '/')
        w->at = CPROV_ROOTFS_ROOT;
    return 0;
}

/* A directory that no member describes; a file in its way is replaced. */
static int make_dir(struct cprov_rootfs *r, uint32_t dir, struct cprov_span name, uint32_t *out,
                    struct cprov_error *err)
{
    uint32_t id, node;

    if (cprov_rootfs_child_or_new(r, dir, name, &id, err) < 0 ||
        cprov_rootfs_add_node(r, &node, err) < 0)
        return err->code;
    const struct cprov_rootfs_node *d = cprov_rootfs_node_at(r, dir);
    *cprov_rootfs_node_at(r, node) = (struct cprov_rootfs_node){
        .type = CPROV_TAR_DIR,
        .mode = 0755,
        .name = id,
        .layer = (uint16_t)(r->layers - 1),
        .path_len = (uint16_t)(d->path_len + (d->path_len ? 1u : 0u) + name.len),
    };
    cprov_rootfs_name_at(r, id)->node = node;
    cprov_rootfs_name_at(r, id)->member = 0;
    *out = node;
    return 0;
}

int cprov_rootfs_enter(struct cprov_rootfs *r, struct cprov_span path, bool make, uint32_t *out,
                       struct cprov_error *err)
{
    struct cprov_span name;
    struct way w;

    if (begin(&w, path, err) < 0)
        return err->code;
    while (next_component(&w, &name)) {
        if (take_dots(r, &w, name))
            continue;
        if (name.len > COMPONENT_MAX)
            return cprov_fail(err, CPROV_EVERIFY, "the name is too long for a file system");
        uint32_t id = cprov_rootfs_child(r, w.at, name);
        uint32_t node = id ? cprov_rootfs_name_at(r, id)->node : 0;
        int type = node ? cprov_rootfs_node_at(r, node)->type : -1;

        if (type == CPROV_TAR_SYMLINK) {
            if (follow(r, &w, node, err) < 0)
                return err->code;
            continue;
        }
        if (type != CPROV_TAR_DIR && !make)
            return cprov_fail(err, CPROV_ENOTFOUND, "no such folder in the image");
        if (type != CPROV_TAR_DIR && make_dir(r, w.at, name, &node, err) < 0)
            return err->code;
        w.at = node;
    }
    *out = w.at;
    return 0;
}

int cprov_rootfs_find(const struct cprov_rootfs *r, struct cprov_span path, bool follows,
                      uint32_t *out, struct cprov_error *err)
{
    struct cprov_span name;
    struct way w;

    if (path.len > CPROV_UNPACK_PATH)
        return cprov_fail(err, CPROV_ENOTFOUND, "no such file in the image");
    if (begin(&w, path, err) < 0)
        return err->code;
    while (next_component(&w, &name)) {
        if (take_dots(r, &w, name))
            continue;
        uint32_t id = name.len <= COMPONENT_MAX ? cprov_rootfs_child(r, w.at, name) : 0;
        uint32_t node = id ? cprov_rootfs_name_at(r, id)->node : 0;
        int type = node ? cprov_rootfs_node_at(r, node)->type : -1;
        bool last = at_end(&w);

        if (type == CPROV_TAR_SYMLINK && (follows || !last)) {
            if (follow(r, &w, node, err) < 0)
                return err->code;
            continue;
        }
        if (!node || (!last && type != CPROV_TAR_DIR))
            return cprov_fail(err, CPROV_ENOTFOUND, "no such file in the image");
        if (type != CPROV_TAR_DIR) {
            *out = id;
            return 0;
        }
        w.at = node;
    }
    *out = cprov_rootfs_node_at(r, w.at)->name;
    return 0;
}

void cprov_rootfs_path(const struct cprov_rootfs *r, uint32_t name, struct cprov_buf *out)
{
    uint32_t way[CPROV_UNPACK_PATH / 2 + 1];
    size_t depth = 0;

    for (uint32_t id = name; id != CPROV_ROOTFS_ROOT && depth < CPROV_COUNT(way);) {
        const struct cprov_rootfs_name *n = cprov_rootfs_name_at(r, id);

        way[depth++] = n->text;
        id = cprov_rootfs_node_at(r, n->dir)->name;
    }
    while (depth > 0) {
        cprov_buf_add_span(out, cprov_rootfs_text(r, way[--depth]));
        if (depth > 0)
            cprov_buf_add_char(out, '/');
    }
}

/* --- walking --- */

struct path_walk {
    const struct cprov_rootfs *r;
    bool recursive;
    cprov_rootfs_fn *each;
    void *arg;
    char path[CPROV_UNPACK_PATH + 1];
};

struct path_child {
    struct cprov_span text;
    uint32_t name;
};

static int compare(const void *a, const void *b)
{
    return cprov_span_compare(((const struct path_child *)a)->text,
                              ((const struct path_child *)b)->text);
}

static int list_children(const struct path_walk *w, uint32_t dir, struct path_child **out,
                         size_t *count, struct cprov_error *err)
{
    size_t n = 0;

    for (uint32_t id = cprov_rootfs_first(w->r, dir); id; id = cprov_rootfs_next(w->r, id))
        n++;
    struct path_child *list = calloc(n + 1, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    *out = list;
    *count = n;
    for (uint32_t id = cprov_rootfs_first(w->r, dir); id; id = cprov_rootfs_next(w->r, id))
        *list++ =
            (struct path_child){ cprov_rootfs_text(w->r, cprov_rootfs_name_at(w->r, id)->text),
                                 id };
    if (n > 1)
        qsort(*out, n, sizeof(**out), compare);
    return 0;
}

/* path has len bytes: the directory's. */
static int walk_dir(struct path_walk *w, uint32_t dir, size_t len, struct cprov_error *err)
{
    struct path_child *list = NULL;
    size_t count = 0, slash = len > 0 ? 1 : 0;
    int code = list_children(w, dir, &list, &count, err);

    for (size_t i = 0; i < count && code == 0; i++) {
        const struct cprov_rootfs_name *n = cprov_rootfs_name_at(w->r, list[i].name);
        size_t end = len + slash + list[i].text.len; /* at most CPROV_UNPACK_PATH: see add */

        if (slash)
            w->path[len] = '/';
        memcpy(w->path + len + slash, list[i].text.ptr, list[i].text.len);
        w->path[end] = '\0';
        code = w->each(w->arg, w->path, list[i].name, err);
        if (code == 0 && w->recursive && cprov_rootfs_node_at(w->r, n->node)->type == CPROV_TAR_DIR)
            code = walk_dir(w, n->node, end, err);
    }
    free(list);
    return code;
}

int cprov_rootfs_walk(const struct cprov_rootfs *r, uint32_t dir, bool recursive,
                      cprov_rootfs_fn *each, void *arg, struct cprov_error *err)
{
    struct path_walk w = { .r = r, .recursive = recursive, .each = each, .arg = arg };
    auto_buf struct cprov_buf path = { 0 };

    cprov_buf_init(&path, CPROV_UNPACK_PATH);
    cprov_rootfs_path(r, dir, &path);
    if (cprov_buf_check(&path, "a name", err) < 0)
        return err->code;
    if (path.len > 0)
        memcpy(w.path, path.ptr, path.len);
    return walk_dir(&w, cprov_rootfs_name_at(r, dir)->node, path.len, err);
}
