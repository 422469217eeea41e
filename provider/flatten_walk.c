/* provider/flatten_walk.c - going through directories that several layers made. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "provider/flatten_private.h"

/* A directory as each layer has it. */
struct place {
    size_t floor;  /* layers below this one do not count */
    uint32_t at[]; /* id by layer, 0: not there */
};

struct walk {
    struct cprov_flat *f;
    bool recursive;
    cprov_flat_fn *each;
    void *arg;
    char path[CPROV_UNPACK_PATH + 1];
    size_t len;
};

static struct place *new_place(const struct cprov_flat *f, struct cprov_error *err)
{
    struct place *p = calloc(1, sizeof(*p) + f->count * sizeof(p->at[0]));

    if (!p)
        cprov_fail_memory(err);
    return p;
}

static struct place *root_place(const struct cprov_flat *f, struct cprov_error *err)
{
    struct place *p = new_place(f, err);

    for (size_t i = 0; p && i < f->count; i++) {
        p->at[i] = CPROV_NAME_ROOT;
        if (cprov_layer_tree_at(f->trees[i], CPROV_NAME_ROOT)->flags & CPROV_NAME_OPAQUE)
            p->floor = i;
    }
    return p;
}

/* The child of a name; *out is what it is, and *in (when it is a directory) where. False: no layer
 * has it. */
static bool enter(const struct cprov_flat *f, const struct place *dir, struct cprov_span name,
                  struct place *in, struct cprov_flat_name *out)
{
    bool found = false, described = false;

    memset(in->at, 0, f->count * sizeof(in->at[0]));
    in->floor = dir->floor;
    for (size_t i = f->count; i > dir->floor; i--) {
        const struct cprov_layer_tree *t = f->trees[i - 1];
        uint32_t id = dir->at[i - 1] ? cprov_layer_tree_child(t, dir->at[i - 1], name) : 0;

        if (!id)
            continue;
        const struct cprov_layer_name *n = cprov_layer_tree_at(t, id);
        bool is_dir = n->type == CPROV_TAR_DIR;
        if (n->member || (n->flags & CPROV_NAME_FILLED)) {
            if (found && !is_dir) { /* a file that a directory took the place of */
                in->floor = i;
                break;
            }
            if (!described)
                *out = (struct cprov_flat_name){ i - 1, id };
            found = true;
            described |= n->member > 0;
        }
        if (is_dir)
            in->at[i - 1] = id;
        if ((n->flags & (CPROV_NAME_HIDDEN | CPROV_NAME_OPAQUE)) || (found && !is_dir)) {
            in->floor = i - 1;
            break;
        }
    }
    return found;
}

/* --- the names in a directory --- */

struct names {
    struct cprov_span *list;
    size_t count, room;
};

static int add_name(struct names *names, struct cprov_span name, struct cprov_error *err)
{
    if (names->count == names->room) {
        size_t room = names->room ? 2 * names->room : 32;
        struct cprov_span *list = reallocarray(names->list, room, sizeof(*list));

        if (!list)
            return cprov_fail_memory(err);
        names->list = list;
        names->room = room;
    }
    names->list[names->count++] = name;
    return 0;
}

static int compare(const void *a, const void *b)
{
    return cprov_span_compare(*(const struct cprov_span *)a, *(const struct cprov_span *)b);
}

/* Sorted; a name that several layers have stands several times. */
static int list_names(const struct cprov_flat *f, const struct place *dir, struct names *names,
                      struct cprov_error *err)
{
    for (size_t i = dir->floor; i < f->count; i++) {
        const struct cprov_layer_tree *t = f->trees[i];
        uint32_t id = dir->at[i] ? cprov_layer_tree_at(t, dir->at[i])->child : 0;

        for (; id; id = cprov_layer_tree_at(t, id)->sibling) {
            const struct cprov_layer_name *n = cprov_layer_tree_at(t, id);

            if (!(n->flags & CPROV_NAME_GONE) &&
                add_name(names, cprov_layer_tree_text(t, n->text), err) < 0)
                return err->code;
        }
    }
    if (names->count > 1)
        qsort(names->list, names->count, sizeof(names->list[0]), compare);
    return 0;
}

static int walk_dir(struct walk *w, const struct place *dir, struct cprov_error *err);

static int walk_name(struct walk *w, const struct place *dir, struct cprov_span name,
                     struct place *in, struct cprov_error *err)
{
    size_t before = w->len, slash = before > 0 ? 1 : 0;
    struct cprov_flat_name at;

    if (!enter(w->f, dir, name, in, &at))
        return 0;
    if (before + slash + name.len > CPROV_UNPACK_PATH)
        return cprov_fail(err, CPROV_EVERIFY, "the name is too long");
    if (slash)
        w->path[before] = '/';
    memcpy(w->path + before + slash, name.ptr, name.len);
    w->len = before + slash + name.len;
    w->path[w->len] = '\0';
    int code = w->each(w->arg, w->path, at, err);
    if (code == 0 && w->recursive && cprov_flat_at(w->f, at)->type == CPROV_TAR_DIR)
        code = walk_dir(w, in, err);
    w->len = before;
    return code;
}

static int walk_dir(struct walk *w, const struct place *dir, struct cprov_error *err)
{
    struct names names = { NULL, 0, 0 };
    struct place *in = new_place(w->f, err);

    int code = in ? list_names(w->f, dir, &names, err) : err->code;
    if (code == 0 && cprov_cancelled(&w->f->s->cancel))
        code = cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    for (size_t i = 0; i < names.count && code == 0; i++)
        if (i == 0 || !cprov_span_equal(names.list[i - 1], names.list[i]))
            code = walk_name(w, dir, names.list[i], in, err);
    free(names.list);
    free(in);
    return code;
}

/* Goes down to the directory; *dir is replaced. */
static int go_to(struct walk *w, struct cprov_span path, struct place **dir,
                 struct cprov_error *err)
{
    struct cprov_span name;
    struct cprov_flat_name at;

    memcpy(w->path, path.ptr ? path.ptr : "", path.len);
    w->len = path.len;
    while (path.len > 0 && cprov_span_next(&path, '/', &name)) {
        struct place *in = new_place(w->f, err);
        if (!in)
            return err->code;
        bool found = enter(w->f, *dir, name, in, &at);
        free(*dir);
        *dir = in;
        if (!found || cprov_flat_at(w->f, at)->type != CPROV_TAR_DIR)
            return cprov_fail(err, CPROV_ENOTFOUND, "no such folder in the image");
    }
    return 0;
}

int cprov_flat_walk(struct cprov_flat *f, struct cprov_span path, bool recursive,
                    cprov_flat_fn *each, void *arg, struct cprov_error *err)
{
    struct walk w = { .f = f, .recursive = recursive, .each = each, .arg = arg };
    int code =
        path.len > CPROV_UNPACK_PATH ? cprov_fail(err, CPROV_EINVAL, "the path is too long") : 0;

    for (size_t i = f->count; i > 0 && code == 0; i--)
        code = cprov_flat_load(f, i - 1, err);
    if (code == 0)
        code = cprov_flat_settle(f, err);
    if (code != 0)
        return code;
    struct place *dir = root_place(f, err);
    code = dir ? go_to(&w, path, &dir, err) : err->code;
    if (code == 0)
        code = walk_dir(&w, dir, err);
    free(dir);
    return code;
}

static int show(void *arg, const char *path, struct cprov_flat_name name, struct cprov_error *err)
{
    const struct cprov_flat *f = arg;
    struct cprov_layer_name *n = cprov_layer_tree_at(f->trees[name.layer], name.id);

    (void)path;
    (void)err;
    if (n->member)
        n->flags |= CPROV_NAME_SHOWN;
    return 0;
}

int cprov_flat_show_all(struct cprov_flat *f, struct cprov_error *err)
{
    int code = cprov_flat_walk(f, cprov_span_of(""), true, show, f, err);

    if (code != 0)
        return code;
    for (size_t i = f->count; i > 0; i--) {
        struct cprov_layer_name *root = cprov_layer_tree_at(f->trees[i - 1], CPROV_NAME_ROOT);

        if (!root->member)
            continue;
        root->flags |= CPROV_NAME_SHOWN;
        break;
    }
    return 0;
}
