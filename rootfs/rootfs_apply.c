/* rootfs/rootfs_apply.c - one member becomes one name: what unpack_entry.c does, without a disk. */
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "rootfs/acl_private.h"
#include "rootfs/rootfs_private.h"
#include "rootfs/tree_private.h"

static int fail_hardlink(const char *target, const char *why, struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EVERIFY, "a hard link to '%s', which %s", cprov_tree_short(target),
                      why);
}

/* --- what describes a file --- */

static int plain_id(void *arg, bool group, uint64_t id, uint32_t *out, struct cprov_error *err)
{
    (void)arg;
    if (id >= UINT32_MAX)
        return cprov_fail(err, CPROV_EVERIFY, "the %s id does not fit", group ? "group" : "user");
    *out = (uint32_t)id;
    return 0;
}

static int check_acl(struct cprov_span text, struct cprov_error *err)
{
    auto_buf struct cprov_buf value = { 0 };
    uint64_t skipped = 0;

    cprov_buf_init(&value, CPROV_TAR_HEADER_MAX);
    return cprov_acl_parse(text, plain_id, NULL, &value, &skipped, err);
}

/* What unpacking would find that cannot be. */
static int check_attributes(const struct cprov_tar_entry *e, struct cprov_error *err)
{
    for (size_t i = 0; i < e->xattrs_count; i++)
        if (cprov_layer_check_attribute(e->xattrs[i].key, err) < 0)
            return err->code;
    for (size_t i = 0; i < e->pax_count; i++) {
        bool access = cprov_span_is(e->pax[i].key, "SCHILY.acl.access");
        bool own = cprov_span_is(e->pax[i].key, "SCHILY.acl.default") && e->type == CPROV_TAR_DIR;

        if ((access || own) && e->pax[i].value.len > 0 && e->type != CPROV_TAR_SYMLINK &&
            check_acl(e->pax[i].value, err) < 0)
            return err->code;
    }
    return 0;
}

static int describe(struct cprov_rootfs *r, uint32_t node, const struct cprov_tar_entry *e,
                    struct cprov_error *err)
{
    struct cprov_rootfs_node *n = cprov_rootfs_node_at(r, node);
    uint32_t uid = 0, gid = 0;

    if (plain_id(NULL, false, e->uid, &uid, err) < 0 ||
        plain_id(NULL, true, e->gid, &gid, err) < 0 || check_attributes(e, err) < 0)
        return err->code;
    n->size = e->type == CPROV_TAR_FILE ? e->size : 0;
    n->mtime = e->mtime_s;
    n->uid = uid;
    n->gid = gid;
    n->member = r->member;
    n->mode = (uint16_t)cprov_layer_mode(e, r->windows);
    n->layer = (uint16_t)(r->layers - 1);
    n->type = (uint8_t)e->type;
    return 0;
}

/* --- members --- */

static void split(const char *path, struct cprov_span *parent, struct cprov_span *name)
{
    *parent = cprov_span_make(path, 0);
    *name = cprov_span_of(path);
    (void)cprov_span_cut_last(*name, '/', parent, name);
}

/* The name of a member, which from now on this layer has made. */
static int make_place(struct cprov_rootfs *r, const char *path, uint32_t *out,
                      struct cprov_error *err)
{
    struct cprov_span parent, name;
    uint32_t dir;

    split(path, &parent, &name);
    if (name.len > NAME_MAX)
        return cprov_fail(err, CPROV_EVERIFY, "the name is too long for a file system");
    if (cprov_rootfs_enter(r, parent, true, &dir, err) < 0 ||
        cprov_rootfs_child_or_new(r, dir, name, out, err) < 0)
        return err->code;
    cprov_rootfs_name_at(r, *out)->made = (uint16_t)r->layers;
    r->made++;
    return 0;
}

static int make_node(struct cprov_rootfs *r, const struct cprov_tar_entry *e, uint32_t name,
                     struct cprov_error *err)
{
    uint32_t node;

    if (cprov_rootfs_add_node(r, &node, err) < 0 || describe(r, node, e, err) < 0)
        return err->code;
    if (e->type == CPROV_TAR_SYMLINK &&
        cprov_rootfs_add_text(r, e->link, &cprov_rootfs_node_at(r, node)->target, err) < 0)
        return err->code;
    cprov_rootfs_name_at(r, name)->node = node;
    cprov_rootfs_name_at(r, name)->member = r->member;
    return 0;
}

/* A directory that is there stays, with what is in it. */
static int make_dir(struct cprov_rootfs *r, const struct cprov_tar_entry *e, const char *path,
                    struct cprov_error *err)
{
    uint32_t name = CPROV_ROOTFS_ROOT;

    if (path[0] && make_place(r, path, &name, err) < 0)
        return err->code;
    struct cprov_rootfs_name *n = cprov_rootfs_name_at(r, name);
    n->member = r->member;
    if (n->node && cprov_rootfs_node_at(r, n->node)->type == CPROV_TAR_DIR)
        return describe(r, n->node, e, err);
    if (make_node(r, e, name, err) < 0)
        return err->code;
    const struct cprov_rootfs_node *parent = cprov_rootfs_node_at(r, n->dir);
    struct cprov_rootfs_node *made = cprov_rootfs_node_at(r, n->node);
    made->name = name;
    made->path_len = (uint16_t)(parent->path_len + (parent->path_len ? 1u : 0u) +
                                cprov_rootfs_text(r, n->text).len);
    return 0;
}

static int make_symlink(struct cprov_rootfs *r, const struct cprov_tar_entry *e, const char *path,
                        struct cprov_error *err)
{
    uint32_t name;

    if (e->link.len == 0)
        return cprov_fail(err, CPROV_EVERIFY, "a symlink without a target");
    if (memchr(e->link.ptr, '\0', e->link.len))
        return cprov_fail(err, CPROV_EVERIFY, "the target has a NUL");
    if (e->link.len > CPROV_UNPACK_PATH)
        return cprov_fail(err, CPROV_EVERIFY, "the target is too long for a file system");
    return make_place(r, path, &name, err) < 0 ? err->code : make_node(r, e, name, err);
}

static int find_target(struct cprov_rootfs *r, const char *target, uint32_t *out,
                       struct cprov_error *err)
{
    enum cprov_layer_meaning meaning;
    struct cprov_span parent, name;
    const char *hidden;
    uint32_t dir;

    *out = 0;
    if (cprov_layer_meaning(target, &meaning, &hidden, err) == 0 &&
        meaning == CPROV_MEANS_NOTHING) {
        *out = cprov_rootfs_child(r, r->aside, cprov_span_of(target));
        if (*out && cprov_rootfs_name_at(r, *out)->made != r->layers)
            *out = 0; /* of a layer below */
        return 0;
    }
    *err = (struct cprov_error)CPROV_ERROR_INIT;
    if (!target[0])
        *out = CPROV_ROOTFS_ROOT;
    if (!target[0])
        return 0;
    split(target, &parent, &name);
    int code = cprov_rootfs_enter(r, parent, false, &dir, err);
    if (code == 0)
        *out = cprov_rootfs_child(r, dir, name);
    return code == CPROV_ENOTFOUND ? 0 : code;
}

/* Whether the name stands below the directory. */
static bool is_below(const struct cprov_rootfs *r, uint32_t name, uint32_t dir)
{
    uint32_t at = cprov_rootfs_name_at(r, name)->dir;

    while (at && at != dir)
        at = cprov_rootfs_name_at(r, cprov_rootfs_node_at(r, at)->name)->dir;
    return at == dir;
}

static int make_hardlink(struct cprov_rootfs *r, const struct cprov_tar_entry *e, const char *path,
                         struct cprov_error *err)
{
    char target[CPROV_UNPACK_PATH + 1];
    uint32_t to, from;

    if (cprov_layer_clean(e->link, r->limits.path_bytes, target, err) < 0 ||
        (r->windows && cprov_layer_check_windows(target, CPROV_MEANS_FILE, false, err) < 0))
        return cprov_wrap(err, "the target of a hard link");
    if (make_place(r, path, &to, err) < 0 || find_target(r, target, &from, err) < 0)
        return err->code;
    uint32_t file = from ? cprov_rootfs_name_at(r, from)->node : 0;
    struct cprov_rootfs_name *n = cprov_rootfs_name_at(r, to);
    if (from == to)
        return cprov_fail(err, CPROV_EVERIFY, "a hard link to itself");
    if (!file)
        return fail_hardlink(target, "does not exist", err);
    if (cprov_rootfs_node_at(r, file)->type == CPROV_TAR_DIR)
        return fail_hardlink(target, "cannot have hard links", err);
    if (n->node == file)
        return 0;
    if (n->node && cprov_rootfs_node_at(r, n->node)->type == CPROV_TAR_DIR &&
        is_below(r, from, n->node)) /* it goes with what has the name */
        return fail_hardlink(target, "does not exist", err);
    n->node = file;
    n->member = r->member;
    return 0;
}

static int make(struct cprov_rootfs *r, const struct cprov_tar_entry *e, const char *path,
                struct cprov_error *err)
{
    uint32_t name;

    if (!path[0] && e->type != CPROV_TAR_DIR)
        return cprov_fail(err, CPROV_EVERIFY, "the root can only be a directory");
    switch (e->type) {
    case CPROV_TAR_HARDLINK:
        return make_hardlink(r, e, path, err);
    case CPROV_TAR_SYMLINK:
        return make_symlink(r, e, path, err);
    case CPROV_TAR_DIR:
        return make_dir(r, e, path, err);
    case CPROV_TAR_FILE:
    case CPROV_TAR_CHAR_DEVICE:
    case CPROV_TAR_BLOCK_DEVICE:
    case CPROV_TAR_FIFO:
        break;
    }
    return make_place(r, path, &name, err) < 0 ? err->code : make_node(r, e, name, err);
}

/* --- whiteouts --- */

static int hide(struct cprov_rootfs *r, uint32_t name, unsigned depth, struct cprov_error *err);

/* Hides what lower layers brought into a directory; a second time there is none of it. */
static int hide_content(struct cprov_rootfs *r, uint32_t dir, unsigned depth,
                        struct cprov_error *err)
{
    struct cprov_rootfs_node *d = cprov_rootfs_node_at(r, dir);

    if (depth > CPROV_UNPACK_DEPTH)
        return cprov_fail(err, CPROV_ELIMIT, "a directory that is hidden has more than %d levels",
                          CPROV_UNPACK_DEPTH);
    if (d->hidden == r->layers)
        return 0;
    d->hidden = (uint16_t)r->layers;
    for (uint32_t id = cprov_rootfs_first(r, dir); id; id = cprov_rootfs_next(r, id))
        if (hide(r, id, depth, err) < 0)
            return err->code;
    return 0;
}

/* A name with all that is below it, but for what this layer has made. */
static int hide(struct cprov_rootfs *r, uint32_t name, unsigned depth, struct cprov_error *err)
{
    const struct cprov_rootfs_name *n = cprov_rootfs_name_at(r, name);
    bool made = n->made == r->layers;

    if (r->made > 0 && cprov_rootfs_node_at(r, n->node)->type == CPROV_TAR_DIR) {
        if (hide_content(r, n->node, depth + 1, err) < 0)
            return err->code;
        made |= cprov_rootfs_first(r, n->node) != 0;
    }
    if (!made)
        cprov_rootfs_detach(r, name);
    return 0;
}

static int hide_name(struct cprov_rootfs *r, struct cprov_span folder, const char *hidden,
                     struct cprov_error *err)
{
    uint32_t dir, name;

    if (cprov_rootfs_enter(r, folder, false, &dir, err) < 0)
        return err->code;
    name = cprov_rootfs_child(r, dir, cprov_span_of(hidden));
    return name ? hide(r, name, 0, err) : 0;
}

/* A link to the folder hides nothing. */
static int hide_folder(struct cprov_rootfs *r, struct cprov_span folder, struct cprov_error *err)
{
    struct cprov_span parent = { folder.ptr, 0 }, last = folder;
    uint32_t dir, name;

    if (folder.len == 0)
        return hide_content(r, CPROV_ROOTFS_ROOT, 0, err);
    (void)cprov_span_cut_last(last, '/', &parent, &last);
    if (cprov_rootfs_enter(r, parent, false, &dir, err) < 0)
        return err->code;
    name = cprov_rootfs_child(r, dir, last);
    uint32_t node = name ? cprov_rootfs_name_at(r, name)->node : 0;
    return node && cprov_rootfs_node_at(r, node)->type == CPROV_TAR_DIR
               ? hide_content(r, node, 0, err)
               : 0;
}

static int apply_whiteout(struct cprov_rootfs *r, const char *path, enum cprov_layer_meaning how,
                          const char *hidden, struct cprov_error *err)
{
    struct cprov_span folder, name;

    if (r->layers < 2)
        return 0; /* nothing is below */
    split(path, &folder, &name);
    int code =
        how == CPROV_MEANS_OPAQUE ? hide_folder(r, folder, err) : hide_name(r, folder, hidden, err);
    if (code != CPROV_ENOTFOUND)
        return code;
    *err = (struct cprov_error)CPROV_ERROR_INIT; /* there is nothing to hide */
    return 0;
}

/* Files that AUFS kept hard links by: no part of the image, but what links to them is. */
static int put_aside(struct cprov_rootfs *r, const struct cprov_tar_entry *e, const char *path,
                     struct cprov_error *err)
{
    uint32_t name;

    if (e->type != CPROV_TAR_FILE)
        return 0;
    if (cprov_rootfs_child_or_new(r, r->aside, cprov_span_of(path), &name, err) < 0)
        return err->code;
    cprov_rootfs_name_at(r, name)->made = (uint16_t)r->layers;
    return make_node(r, e, name, err);
}

static int apply(struct cprov_rootfs *r, const struct cprov_tar_entry *e, struct cprov_error *err)
{
    char path[CPROV_UNPACK_PATH + 1];
    enum cprov_layer_meaning meaning;
    const char *hidden;

    if (cprov_unpack_count_entry(&r->limits, &r->count, e, err) < 0 ||
        cprov_layer_clean(e->path, r->limits.path_bytes, path, err) < 0 ||
        cprov_layer_meaning(path, &meaning, &hidden, err) < 0 ||
        (r->windows && cprov_layer_check_windows(path, meaning, r->layers < 2, err) < 0))
        return err->code;
    switch (meaning) {
    case CPROV_MEANS_FILE:
        return make(r, e, path, err);
    case CPROV_MEANS_HIDDEN:
    case CPROV_MEANS_OPAQUE:
        return apply_whiteout(r, path, meaning, hidden, err);
    case CPROV_MEANS_NOTHING:
        break;
    }
    return put_aside(r, e, path, err);
}

void cprov_rootfs_begin_layer(struct cprov_rootfs *r)
{
    r->layers++;
    r->made = 0;
}

int cprov_rootfs_add(struct cprov_rootfs *r, const struct cprov_tar_entry *e,
                     struct cprov_error *err)
{
    r->member++;
    return apply(r, e, err) < 0 ? cprov_layer_wrap(e->path, err) : 0;
}

static void settle_dir(struct cprov_rootfs *r, uint32_t dir)
{
    for (uint32_t id = cprov_rootfs_first(r, dir); id; id = cprov_rootfs_next(r, id)) {
        const struct cprov_rootfs_name *n = cprov_rootfs_name_at(r, id);
        struct cprov_rootfs_node *f = cprov_rootfs_node_at(r, n->node);

        if (f->type == CPROV_TAR_DIR)
            settle_dir(r, n->node);
        else if (!f->name || n->member < cprov_rootfs_name_at(r, f->name)->member)
            f->name = id; /* the member that describes it came before those of its links */
    }
}

void cprov_rootfs_settle(struct cprov_rootfs *r)
{
    settle_dir(r, CPROV_ROOTFS_ROOT);
}
