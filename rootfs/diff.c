/* rootfs/diff.c - the members of an image beside the files of a folder, as they come by. */
#include "rootfs/diff_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "rootfs/file_content_private.h"
#include "rootfs/inode_private.h"
#include "rootfs/layer_read_private.h"
#include "rootfs/rootfs_private.h"
#include "rootfs/tree_private.h"

#define PIECE (32 * CPROV_KIB)

struct comparing {
    const struct cprov_layers *layers;
    const struct cprov_folder *folder;
    const struct cprov_rootfs *rootfs;
    bool *same;
    struct cprov_tree *tree;
    uint32_t *names; /* by member: the name that it gave and that is left, or 0 */
    uint32_t number; /* of the member that is read */
    uint32_t name;   /* of the file whose content is compared, or 0 */
    struct cprov_inode inode;
    struct cprov_tar_pair *xattrs; /* of the member, those that pass */
    struct cprov_buf path;
    struct cprov_file_content content;
    uint64_t at; /* bytes of it that were compared */
    char piece[PIECE];
};

static void comparing_clear(struct comparing *c)
{
    cprov_tree_free(c->tree);
    free(c->names);
    free(c->xattrs);
    cprov_inode_clear(&c->inode);
    cprov_buf_clear(&c->path);
}

void cprov_diff_free(struct cprov_diff *d)
{
    if (!d)
        return;
    cprov_flat_clear(&d->flat);
    free(d->same);
    free(d);
}

/* The folder's file of that name, if it has one that can be in a layer. */
static int read_inode(struct comparing *c, uint32_t name, bool *there, struct cprov_error *err)
{
    struct cprov_error why = CPROV_ERROR_INIT;
    struct cprov_spot spot;

    *there = false;
    cprov_buf_reset(&c->path);
    cprov_rootfs_path(c->rootfs, name, &c->path);
    if (cprov_buf_check(&c->path, "a name", err) < 0)
        return err->code;
    int code = cprov_tree_find(c->tree, cprov_buf_text(&c->path), CPROV_TREE_LOOK, &spot, &why);
    if (code == 0)
        code = cprov_inode_read(&c->inode, spot.dir, spot.name, c->folder, &why);
    /* What is there instead, if anything, is the walk's business. */
    if (code == CPROV_ENOTFOUND || code == CPROV_EVERIFY || code == CPROV_EUNSUPPORTED)
        return 0;
    *there = code == 0;
    if (code == 0)
        return 0;
    *err = why;
    return cprov_layer_wrap(cprov_buf_span(&c->path), err);
}

/* Of those that pass. An ordinary user's files lack some. */
static bool same_xattrs(const struct cprov_tar_entry *image, const struct cprov_tar_entry *own)
{
    size_t found = 0;

    for (size_t i = 0; i < image->xattrs_count; i++) {
        bool there = false;

        for (size_t k = 0; k < own->xattrs_count && !there; k++)
            there = cprov_span_equal(image->xattrs[i].key, own->xattrs[k].key) &&
                    cprov_span_equal(image->xattrs[i].value, own->xattrs[k].value);
        if (!there && (geteuid() == 0 || cprov_span_starts_with(image->xattrs[i].key, "user.")))
            return false;
        found += there ? 1 : 0;
    }
    return found == own->xattrs_count;
}

static bool same_entry(const struct cprov_tar_entry *image, const struct cprov_tar_entry *own)
{
    bool link = own->type == CPROV_TAR_SYMLINK;

    return image->type == own->type && image->uid == own->uid && image->gid == own->gid &&
           (link ? cprov_span_equal(image->link, own->link) : (image->mode & 07777) == own->mode) &&
           (own->type == CPROV_TAR_DIR || image->mtime_s == own->mtime_s) &&
           (own->type != CPROV_TAR_FILE || image->size == own->size) &&
           image->dev_major == own->dev_major && image->dev_minor == own->dev_minor &&
           same_xattrs(image, own);
}

/* --- the second pass --- */

static int on_link(struct comparing *c, uint32_t name, uint32_t first, struct cprov_error *err)
{
    bool there;

    if (read_inode(c, name, &there, err) < 0)
        return err->code;
    const struct stat own = c->inode.st;
    if (!there || !c->same[first] || read_inode(c, first, &there, err) < 0)
        return err->code;
    c->same[name] = there && own.st_ino == c->inode.st.st_ino && own.st_dev == c->inode.st.st_dev;
    return 0;
}

static int on_entry(void *arg, const struct cprov_tar_entry *entry, struct cprov_error *err)
{
    struct comparing *c = arg;
    struct cprov_tar_entry e = *entry;
    uint32_t name = c->names[++c->number];
    bool there;

    c->name = 0;
    if (!name)
        return 0;
    uint32_t first = cprov_rootfs_node(c->rootfs, cprov_rootfs_name(c->rootfs, name)->node)->name;
    if (first != name)
        return on_link(c, name, first, err);
    if (read_inode(c, name, &there, err) < 0)
        return err->code;
    if (!there)
        return 0;
    if (cprov_layer_pass_attributes(&e, &c->xattrs, err) < 0)
        return err->code;
    c->same[name] = same_entry(&e, &c->inode.entry);
    if (!c->same[name] || e.type != CPROV_TAR_FILE)
        return 0;
    c->name = name;
    c->at = 0;
    return cprov_file_content_begin(&c->content, entry, err);
}

/* The next bytes of the image's file. */
static int compare_bytes(void *arg, const void *data, size_t len)
{
    struct comparing *c = arg;
    const char *bytes = data;

    while (len > 0 && c->same[c->name]) {
        size_t part = len < PIECE ? len : PIECE;
        ssize_t got = pread(c->inode.fd, c->piece, part, (off_t)c->at);

        if (got <= 0 || memcmp(c->piece, bytes, (size_t)got) != 0) {
            c->same[c->name] = false; /* also what cannot be read: the walk says why */
            break;
        }
        bytes += got;
        c->at += (uint64_t)got;
        len -= (size_t)got;
    }
    return 0;
}

static int on_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct comparing *c = arg;

    return c->name ? cprov_file_content_data(&c->content, data, len, err) : 0;
}

static int on_end(void *arg, struct cprov_error *err)
{
    struct comparing *c = arg;

    return c->name ? cprov_file_content_end(&c->content, err) : 0;
}

/* --- which member is which name's --- */

static int plan_name(void *arg, const char *path, uint32_t name, struct cprov_error *err)
{
    struct comparing *c = arg;
    const struct cprov_rootfs_name *n = cprov_rootfs_name(c->rootfs, name);
    const struct cprov_rootfs_node *f = cprov_rootfs_node(c->rootfs, n->node);
    bool there;

    (void)path;
    if (f->member) {
        c->names[f->name == name ? f->member : n->member] = name;
        return 0;
    }
    /* A folder that no member describes. */
    const struct cprov_tar_entry made = { .type = CPROV_TAR_DIR, .mode = f->mode };
    if (read_inode(c, name, &there, err) < 0)
        return err->code;
    /* The top is as it was made. */
    c->same[name] = there && (name == CPROV_ROOTFS_ROOT || same_entry(&made, &c->inode.entry));
    return 0;
}

static int compare_all(struct comparing *c, struct cprov_error *err)
{
    const struct cprov_tar_handler handler = { on_entry, on_data, on_end, c };

    if (plan_name(c, "", CPROV_ROOTFS_ROOT, err) < 0 ||
        cprov_rootfs_walk(c->rootfs, CPROV_ROOTFS_ROOT, true, plan_name, c, err) < 0)
        return err->code;
    for (size_t i = 0; i < c->layers->manifest->layers_count; i++) {
        cprov_file_content_layer(&c->content, c->layers->manifest->layers[i].size);
        if (cprov_layer_read(c->layers, i, &handler, false, err) < 0)
            return err->code;
    }
    return 0;
}

int cprov_diff_new(const struct cprov_layers *layers, const struct cprov_folder *folder,
                   struct cprov_diff **out, struct cprov_error *err)
{
    const struct cprov_tree_options options = { .umask = 0777 };
    auto_diff struct cprov_diff *d = calloc(1, sizeof(*d));
    CPROV_CLEANUP(comparing_clear)
    struct comparing c = { .layers = layers, .folder = folder };

    cprov_inode_init(&c.inode);
    cprov_buf_init(&c.path, CPROV_UNPACK_PATH);
    cprov_file_content_init(&c.content, &layers->limits, compare_bytes, &c);
    if (!d)
        return cprov_fail_memory(err);
    if (cprov_flat_read(layers, true, &d->flat, err) < 0 ||
        cprov_tree_new(folder->fd, &options, &c.tree, err) < 0)
        return err->code;
    d->same = calloc((size_t)d->flat.rootfs->names.count + 1, sizeof(*d->same));
    c.names = calloc((size_t)cprov_rootfs_members(d->flat.rootfs) + 1, sizeof(*c.names));
    if (!d->same || !c.names)
        return cprov_fail_memory(err);
    c.rootfs = d->flat.rootfs;
    c.same = d->same;
    if (compare_all(&c, err) < 0)
        return err->code;
    *out = cprov_steal(&d);
    return 0;
}
