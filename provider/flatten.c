/* provider/flatten.c - looking a path up in several layers, the uppermost first. */
#include "provider/flatten.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "provider/flatten_private.h"
#include "provider/layer_read.h"

struct cprov_layer_tree *cprov_flat_tree(const struct cprov_flat *f, size_t layer)
{
    return f->trees[layer];
}

const struct cprov_layer_name *cprov_flat_at(const struct cprov_flat *f, struct cprov_flat_name n)
{
    return cprov_layer_tree_at(f->trees[n.layer], n.id);
}

static struct cprov_span name_text(const struct cprov_layer_tree *t, uint32_t id)
{
    return cprov_layer_tree_text(t, cprov_layer_tree_at(t, id)->text);
}

void cprov_flat_path(const struct cprov_flat *f, struct cprov_flat_name n, struct cprov_buf *out)
{
    const struct cprov_layer_tree *t = f->trees[n.layer];
    uint32_t way[CPROV_UNPACK_PATH / 2 + 1];
    size_t depth = 0;

    for (uint32_t id = n.id; id != CPROV_NAME_ROOT && depth < CPROV_COUNT(way);
         id = cprov_layer_tree_at(t, id)->parent)
        way[depth++] = id;
    while (depth > 0) {
        cprov_buf_add_span(out, name_text(t, way[--depth]));
        if (depth > 0)
            cprov_buf_add_char(out, '/');
    }
}

/* --- reading layers --- */

static int add_member(void *arg, const struct cprov_tar_entry *entry, struct cprov_error *err)
{
    return cprov_layer_tree_add(arg, entry, err);
}

static int pass_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    (void)arg;
    (void)data;
    (void)len;
    (void)err;
    return 0;
}

static int pass_end(void *arg, struct cprov_error *err)
{
    (void)arg;
    (void)err;
    return 0;
}

/* The lowest layer makes the directories it does not name; others may have gone through links. */
static void look_for_odd_names(struct cprov_flat *f, size_t layer)
{
    const struct cprov_layer_tree *t = f->trees[layer];

    for (uint32_t id = 1; id <= cprov_layer_tree_count(t) && !f->odd; id++)
        f->odd = cprov_layer_tree_is_odd(t, id) &&
                 (layer > 0 || cprov_layer_tree_at(t, id)->type == CPROV_TAR_SYMLINK);
}

int cprov_flat_load(struct cprov_flat *f, size_t layer, struct cprov_error *err)
{
    struct cprov_tar_handler handler = { add_member, pass_data, pass_end, NULL };

    if (f->trees[layer])
        return 0;
    int code = cprov_layer_tree_new(f->options & CPROV_FLAT_DETAILS, &f->trees[layer], err);
    if (code != 0)
        return code;
    handler.arg = f->trees[layer];
    code = cprov_layer_read(f->s, f->in, layer, &handler, f->options & CPROV_FLAT_VERIFY, err);
    if (code == 0)
        look_for_odd_names(f, layer);
    return code;
}

int cprov_flat_new(struct cprov_session *s, const struct cprov_installed *in, unsigned options,
                   struct cprov_flat **out, struct cprov_error *err)
{
    struct cprov_flat *f = calloc(1, sizeof(*f));

    if (!f)
        return cprov_fail_memory(err);
    f->s = s;
    f->in = in;
    f->options = options;
    f->count = in->manifest->layers_count;
    f->trees = calloc(f->count + 1, sizeof(struct cprov_layer_tree *));
    if (!f->trees) {
        cprov_flat_free(f);
        return cprov_fail_memory(err);
    }
    *out = f;
    return 0;
}

void cprov_flat_free(struct cprov_flat *f)
{
    if (!f)
        return;
    for (size_t i = 0; f->trees && i < f->count; i++)
        cprov_layer_tree_free(f->trees[i]);
    free(f->trees);
    free(f);
}

/* --- one path, no link in it but maybe the last name --- */

/* Goes down to the path in one layer; 0: the layer does not have it. *blocked: what lower layers
 * have there does not count. */
static uint32_t descend(const struct cprov_layer_tree *t, struct cprov_span path, bool *blocked)
{
    struct cprov_span name;
    uint32_t id = CPROV_NAME_ROOT;

    while (path.len > 0 && cprov_span_next(&path, '/', &name)) {
        const struct cprov_layer_name *dir = cprov_layer_tree_at(t, id);

        *blocked |= dir->flags & CPROV_NAME_OPAQUE;
        if (dir->member && dir->type != CPROV_TAR_DIR) {
            *blocked = true; /* no directory: nothing of it is left from below */
            return 0;
        }
        id = cprov_layer_tree_child(t, id, name);
        if (!id)
            return 0;
        *blocked |= cprov_layer_tree_at(t, id)->flags & CPROV_NAME_HIDDEN;
    }
    return id;
}

/* Looks in the layers below `end`. *found is false when no layer has it. */
static int look_up(struct cprov_flat *f, struct cprov_span path, size_t end, bool *found,
                   struct cprov_flat_name *out, struct cprov_error *err)
{
    bool blocked = false;

    *found = false;
    for (size_t i = end; i > 0 && !blocked; i--) {
        int code = cprov_flat_load(f, i - 1, err);
        if (code != 0)
            return code;
        uint32_t id = descend(f->trees[i - 1], path, &blocked);
        const struct cprov_layer_name *n = id ? cprov_layer_tree_at(f->trees[i - 1], id) : NULL;
        bool dir = n && n->type == CPROV_TAR_DIR;

        if (!n || (!n->member && !(n->flags & CPROV_NAME_FILLED) && id != CPROV_NAME_ROOT))
            continue;
        /* A directory that no member describes may be described further down; a file there was
         * replaced by it. */
        if (!*found || dir)
            *out = (struct cprov_flat_name){ i - 1, id };
        *found = true;
        if (n->member)
            break;
    }
    return 0;
}

/* --- any path --- */

/* The way that is gone, and what is still to go. */
struct route {
    char done[CPROV_UNPACK_PATH + 1]; /* no link in it */
    size_t done_len;
    char *rest; /* allocated */
    unsigned links;
};

static int push(struct route *r, struct cprov_span name, struct cprov_error *err)
{
    size_t slash = r->done_len > 0 ? 1 : 0;

    if (r->done_len + slash + name.len > CPROV_UNPACK_PATH)
        return cprov_fail(err, CPROV_EVERIFY, "the name is too long");
    if (slash)
        r->done[r->done_len] = '/';
    memcpy(r->done + r->done_len + slash, name.ptr, name.len);
    r->done_len += slash + name.len;
    return 0;
}

static void pop(struct route *r)
{
    size_t slash = cprov_span_find_last(cprov_span_make(r->done, r->done_len), '/');

    r->done_len = slash < r->done_len ? slash : 0;
}

/* The target goes before what is still to be walked. */
static int follow_link(struct route *r, struct cprov_span target, struct cprov_span rest,
                       struct cprov_error *err)
{
    if (++r->links > CPROV_UNPACK_LINKS)
        return cprov_fail(err, CPROV_EVERIFY, "a loop of links, or too many of them");
    if (target.len + rest.len > 2 * CPROV_UNPACK_PATH)
        return cprov_fail(err, CPROV_EVERIFY, "the name is too long");
    char *next = malloc(target.len + rest.len + 2);
    if (!next)
        return cprov_fail_memory(err);
    memcpy(next, target.ptr, target.len);
    next[target.len] = '/';
    if (rest.len > 0)
        memcpy(next + target.len + 1, rest.ptr, rest.len);
    next[target.len + 1 + rest.len] = '\0';
    if (next[0] == '/')
        r->done_len = 0;
    free(r->rest);
    r->rest = next;
    return 0;
}

static bool only_slashes(struct cprov_span s)
{
    while (s.len > 0 && s.ptr[0] == '/')
        s = cprov_span_from(s, 1);
    return s.len == 0;
}

struct query {
    size_t end; /* layers from here on do not count */
    bool follow;
    bool make; /* what is missing would be made */
};

/* Walks one component of r->rest; *more is false at the end. */
static int step(struct cprov_flat *f, const struct query *q, struct route *r, bool *more,
                struct cprov_error *err)
{
    struct cprov_span rest = cprov_span_of(r->rest), name = { NULL, 0 };
    struct cprov_flat_name at;
    size_t before = r->done_len;
    bool found;

    while (rest.len > 0 && name.len == 0 && cprov_span_next(&rest, '/', &name))
        ;
    *more = !only_slashes(rest);
    if (name.len == 0 || cprov_span_is(name, ".") || cprov_span_is(name, "..")) {
        if (cprov_span_is(name, ".."))
            pop(r);
        memmove(r->rest, rest.len ? rest.ptr : "", rest.len + 1);
        return 0;
    }
    if (push(r, name, err) < 0 ||
        look_up(f, cprov_span_make(r->done, r->done_len), q->end, &found, &at, err) < 0)
        return err->code;
    const struct cprov_layer_name *n = found ? cprov_flat_at(f, at) : NULL;
    if (n && n->member && n->type == CPROV_TAR_SYMLINK && (*more || q->follow)) {
        r->done_len = before;
        *more = true;
        return follow_link(r, cprov_layer_tree_text(f->trees[at.layer], n->link), rest, err);
    }
    if (!q->make && (!n || (*more && n->type != CPROV_TAR_DIR)))
        return cprov_fail(err, CPROV_ENOTFOUND, "no such file in the image");
    memmove(r->rest, rest.len ? rest.ptr : "", rest.len + 1);
    return 0;
}

/* *out is the path without links in it. */
static int resolve(struct cprov_flat *f, const struct query *q, struct cprov_span path,
                   struct route *r, struct cprov_error *err)
{
    bool more = !only_slashes(path);
    int code = 0;

    r->done_len = 0;
    r->links = 0;
    r->rest = strndup(path.len ? path.ptr : "", path.len);
    if (!r->rest)
        return cprov_fail_memory(err);
    while (code == 0 && more)
        code = step(f, q, r, &more, err);
    free(r->rest);
    r->rest = NULL;
    return code;
}

/* --- names that went through links --- */

/* Where the members below this name really stand. */
static int real_place(struct cprov_flat *f, struct cprov_flat_name n, struct route *r, bool *moved,
                      struct cprov_error *err)
{
    auto_buf struct cprov_buf path = { 0 };
    bool link = cprov_flat_at(f, n)->member, found;
    const struct query q = { .end = link ? n.layer + 1 : n.layer, .follow = true, .make = true };
    struct cprov_flat_name at;

    cprov_buf_init(&path, CPROV_UNPACK_PATH);
    cprov_flat_path(f, n, &path);
    if (cprov_buf_check(&path, "a name", err) < 0 ||
        look_up(f, cprov_buf_span(&path), q.end, &found, &at, err) < 0)
        return err->code;
    const struct cprov_layer_name *there = found ? cprov_flat_at(f, at) : NULL;
    *moved = there && there->member && there->type == CPROV_TAR_SYMLINK;
    return *moved ? resolve(f, &q, cprov_buf_span(&path), r, err) : 0;
}

static int settle_layer(struct cprov_flat *f, size_t layer, struct cprov_error *err)
{
    struct cprov_layer_tree *t = f->trees[layer];
    struct route r;
    uint32_t place = 0;
    bool moved = false;

    /* What is moved has a larger number than where it comes from, and is looked at again. */
    for (uint32_t id = 1; id <= cprov_layer_tree_count(t); id++) {
        if (!cprov_layer_tree_is_odd(t, id))
            continue;
        int code = real_place(f, (struct cprov_flat_name){ layer, id }, &r, &moved, err);
        if (code == 0 && moved)
            code = cprov_layer_tree_make(t, cprov_span_make(r.done, r.done_len), &place, err);
        if (code != 0)
            return code;
        if (moved && place != id)
            cprov_layer_tree_move(t, id, place);
    }
    return 0;
}

/* From the lowest layer up, since each is put on those that are right already. */
int cprov_flat_settle(struct cprov_flat *f, struct cprov_error *err)
{
    int code = 0;

    if (f->settled || !f->odd)
        return 0;
    f->settled = true;
    for (size_t i = f->count; i > 0 && code == 0; i--)
        code = cprov_flat_load(f, i - 1, err);
    for (size_t i = 0; i < f->count && code == 0; i++)
        code = settle_layer(f, i, err);
    return code;
}

/* --- what others ask --- */

static int find(struct cprov_flat *f, struct cprov_span path, const struct query *q,
                struct cprov_flat_name *out, struct cprov_error *err)
{
    struct route r;
    bool found = false;

    int code = resolve(f, q, path, &r, err);
    if (code == 0)
        code = look_up(f, cprov_span_make(r.done, r.done_len), q->end, &found, out, err);
    if (code == 0 && !found)
        code = cprov_fail(err, CPROV_ENOTFOUND, "no such file in the image");
    return code;
}

/* Once a layer turns out to have gone through links, the answer is looked for again. */
static int find_settled(struct cprov_flat *f, struct cprov_span path, const struct query *q,
                        struct cprov_flat_name *out, struct cprov_error *err)
{
    int code = find(f, path, q, out, err);

    if ((code != 0 && code != CPROV_ENOTFOUND) || !f->odd || f->settled)
        return code;
    code = cprov_flat_settle(f, err);
    return code != 0 ? code : find(f, path, q, out, err);
}

int cprov_flat_find(struct cprov_flat *f, struct cprov_span path, bool follow,
                    struct cprov_flat_name *out, struct cprov_error *err)
{
    const struct query q = { .end = f->count, .follow = follow };

    if (memchr(path.ptr ? path.ptr : "", '\0', path.len))
        return cprov_fail(err, CPROV_EINVAL, "a path has no NUL");
    return find_settled(f, path, &q, out, err);
}

int cprov_flat_link(struct cprov_flat *f, struct cprov_flat_name link, struct cprov_flat_name *out,
                    struct cprov_error *err)
{
    struct cprov_flat_name at = link;

    for (unsigned i = 0; i < CPROV_UNPACK_LINKS; i++) {
        const struct cprov_layer_name *n = cprov_flat_at(f, at);
        const struct query q = { .end = at.layer + 1 };

        if (n->type != CPROV_TAR_HARDLINK) {
            *out = at;
            return 0;
        }
        struct cprov_span target = cprov_layer_tree_text(f->trees[at.layer], n->link);
        int code = find_settled(f, target, &q, &at, err);
        if (code != 0 && code != CPROV_ENOTFOUND)
            return code;
        if (code != 0 || cprov_flat_at(f, at)->type == CPROV_TAR_DIR)
            break;
    }
    return cprov_fail(err, CPROV_EVERIFY, "a hard link to a name that is no file");
}
