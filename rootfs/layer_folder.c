/* rootfs/layer_folder.c - a walk through a folder, name by name in their order. */
#include "rootfs/layer_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/hash_table.h"
#include "base/limits.h"
#include "rootfs/diff_private.h"
#include "rootfs/inode_private.h"
#include "rootfs/rootfs_private.h"
#include "store/dir.h"

#define PIECE (128 * CPROV_KIB)

/* A file with several names, and the first of them in the layer. */
struct linked_file {
    dev_t dev;
    ino_t ino;
    const char *path;
};

struct folder_walk {
    const struct cprov_folder *folder;
    const struct cprov_diff *diff; /* NULL: everything is written */
    struct cprov_layer_writer *w;
    struct cprov_inode inode;
    struct cprov_hash_table table; /* of links by number and device */
    struct linked_file *links;
    size_t links_count, links_room;
    struct cprov_arena arena; /* of their paths */
    uint64_t sockets;
    char *piece;
    size_t len;
    char path[CPROV_UNPACK_PATH + 1];
};

static void walk_clear(struct folder_walk *k)
{
    cprov_inode_clear(&k->inode);
    cprov_hash_table_clear(&k->table);
    free(k->links);
    cprov_arena_clear(&k->arena);
    free(k->piece);
}

/* The path grows by a name; undone by setting len back. */
static int push(struct folder_walk *k, const char *prefix, const char *name,
                struct cprov_error *err)
{
    size_t room = sizeof(k->path) - k->len - 2; /* a slash, here or at the end, and NUL */
    size_t len = strlen(prefix) + strlen(name);

    if (len >= room)
        return cprov_fail(err, CPROV_ELIMIT, "a name has more than %d bytes", CPROV_UNPACK_PATH);
    if (k->len > 0)
        k->path[k->len++] = '/';
    memcpy(k->path + k->len, prefix, strlen(prefix));
    memcpy(k->path + k->len + strlen(prefix), name, strlen(name) + 1);
    k->len += len;
    return 0;
}

static void pop(struct folder_walk *k, size_t len)
{
    k->len = len;
    k->path[len] = '\0';
}

/* --- files --- */

static int write_content(struct folder_walk *k, struct cprov_error *err)
{
    const struct stat *before = &k->inode.st;
    size_t got = PIECE;
    struct stat after;

    for (off_t at = 0; got == PIECE; at += (off_t)got) {
        if (cprov_cancelled(k->folder->cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        if (cprov_fs_read_at(k->inode.fd, k->piece, PIECE, at, &got, err) < 0 ||
            cprov_layer_writer_data(k->w, k->piece, got, err) < 0)
            return err->code;
    }
    if (fstat(k->inode.fd, &after) < 0)
        return cprov_fail_os(err, errno, "cannot look at it");
    if (after.st_size != before->st_size || after.st_mtim.tv_sec != before->st_mtim.tv_sec ||
        after.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
        return cprov_fail(err, CPROV_EINUSE, "the file changed while it was read");
    return 0;
}

/* The name that the file has in the layer already; else this one is kept. */
static int find_link(struct folder_walk *k, const char **first, struct cprov_error *err)
{
    const struct stat *st = &k->inode.st;
    struct cprov_hash_walk walk =
        cprov_hash_table_walk(&k->table, st->st_ino, &st->st_dev, sizeof(st->st_dev));
    uint32_t id;

    while ((id = cprov_hash_table_next(&k->table, &walk)) != 0) {
        const struct linked_file *f = &k->links[id - 1];

        if (f->ino == st->st_ino && f->dev == st->st_dev) {
            *first = f->path;
            return 0;
        }
    }
    if (cprov_grow(&k->links, &k->links_room, k->links_count, sizeof(*k->links), CPROV_LIST_MAX,
                   err) < 0)
        return err->code;
    char *path = cprov_arena_text(&k->arena, cprov_span_make(k->path, k->len));
    k->links[k->links_count++] = (struct linked_file){ st->st_dev, st->st_ino, path };
    *first = NULL;
    return path ? cprov_hash_table_add(&k->table, st->st_ino, &st->st_dev, sizeof(st->st_dev),
                                       (uint32_t)k->links_count, err)
                : cprov_fail_memory(err);
}

static int write_inode(struct folder_walk *k, struct cprov_error *err)
{
    struct cprov_tar_entry e = k->inode.entry;
    const char *first = NULL;
    bool folder = e.type == CPROV_TAR_DIR;

    if (!folder && k->inode.st.st_nlink > 1 && find_link(k, &first, err) < 0)
        return err->code;
    if (first) {
        e.type = CPROV_TAR_HARDLINK;
        e.link = cprov_span_of(first);
        e.xattrs_count = 0; /* the file has them */
    }
    if (folder)
        k->path[k->len] = '/';
    e.path =
        k->len > 0 ? cprov_span_make(k->path, k->len + (folder ? 1 : 0)) : CPROV_SPAN_LITERAL("./");
    int code = cprov_layer_writer_entry(k->w, &e, err);
    k->path[k->len] = '\0';
    return code == 0 && e.type == CPROV_TAR_FILE ? write_content(k, err) : code;
}

/* --- folders --- */

struct gone_look {
    struct folder_walk *k;
    int dir;
};

/* A device that could not be made when the image was unpacked is not gone. */
static bool was_left_out(const struct folder_walk *k, const struct cprov_rootfs_node *node)
{
    return (node->type == CPROV_TAR_CHAR_DEVICE || node->type == CPROV_TAR_BLOCK_DEVICE) &&
           (geteuid() != 0 || k->folder->uid_map_count > 0);
}

static int write_gone(void *arg, const char *path, uint32_t name, struct cprov_error *err)
{
    const struct gone_look *g = arg;
    struct folder_walk *k = g->k;
    const struct cprov_rootfs *r = k->diff->flat.rootfs;
    const struct cprov_rootfs_name *n = cprov_rootfs_name(r, name);
    const char *text = cprov_rootfs_text(r, n->text).ptr;
    size_t len = k->len;
    struct stat st;

    (void)path;
    if (fstatat(g->dir, text, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
        was_left_out(k, cprov_rootfs_node(r, n->node)))
        return 0;
    if (errno != ENOENT)
        return cprov_fail_os(err, errno, "cannot look at %s", text);
    if (push(k, CPROV_WHITEOUT_PREFIX, text, err) < 0)
        return err->code;
    const struct cprov_tar_entry whiteout = { .type = CPROV_TAR_FILE,
                                              .path = cprov_span_make(k->path, k->len) };
    int code = cprov_layer_writer_entry(k->w, &whiteout, err);
    pop(k, len);
    return code;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a directory, sorted; both are yours. */
static int list_names(int dir, struct cprov_buf *texts, char ***out, size_t *count,
                      struct cprov_error *err)
{
    auto_dir DIR *stream = NULL;
    const char *name;
    size_t found = 0;

    cprov_buf_init(texts, CPROV_MERGE_NAMES);
    if (cprov_dir_open(dir, ".", &stream, err) < 0)
        return err->code;
    for (; (name = cprov_dir_next(stream)); found++)
        cprov_buf_add(texts, name, strlen(name) + 1);
    if (cprov_buf_check(texts, "the names in a folder", err) < 0)
        return err->code;
    char **list = calloc(found + 1, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    char *at = texts->ptr;
    for (size_t i = 0; i < found; i++, at += strlen(at) + 1)
        list[i] = at;
    qsort(list, found, sizeof(*list), compare_names);
    *out = list;
    *count = found;
    return 0;
}

static int write_folder(struct folder_walk *k, int dir, uint32_t node, unsigned depth,
                        struct cprov_error *err);

/* What the image has there, in the directory that is its node. */
static int write_name(struct folder_walk *k, int dir, const char *name, uint32_t node,
                      unsigned depth, struct cprov_error *err)
{
    const struct cprov_rootfs *r = k->diff ? k->diff->flat.rootfs : NULL;
    uint32_t id = node ? cprov_rootfs_child(r, node, cprov_span_of(name)) : 0;
    uint32_t there = id ? cprov_rootfs_name(r, id)->node : 0;

    if (strncmp(name, CPROV_WHITEOUT_PREFIX, strlen(CPROV_WHITEOUT_PREFIX)) == 0)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "in a layer this name would hide another one");
    if (cprov_inode_read(&k->inode, dir, name, k->folder, err) < 0) {
        if (!S_ISSOCK(k->inode.st.st_mode))
            return err->code;
        k->sockets++;
        return 0;
    }
    if (!(there && k->diff->same[id]) && write_inode(k, err) < 0)
        return err->code;
    if (k->inode.entry.type != CPROV_TAR_DIR)
        return 0;
    bool both = there && cprov_rootfs_node(r, there)->type == CPROV_TAR_DIR;
    auto_fd int sub = cprov_fd_take(&k->inode.fd);
    return write_folder(k, sub, both ? there : 0, depth + 1, err);
}

static int write_folder(struct folder_walk *k, int dir, uint32_t node, unsigned depth,
                        struct cprov_error *err)
{
    auto_buf struct cprov_buf texts = { 0 };
    struct gone_look gone = { k, dir };
    size_t len = k->len, count = 0;
    char **names = NULL;
    int code = 0;

    if (depth > CPROV_UNPACK_DEPTH)
        return cprov_fail(err, CPROV_ELIMIT, "folders are nested more than %d deep",
                          CPROV_UNPACK_DEPTH);
    if (node &&
        cprov_rootfs_walk(k->diff->flat.rootfs, cprov_rootfs_node(k->diff->flat.rootfs, node)->name,
                          false, write_gone, &gone, err) < 0)
        return err->code;
    if (list_names(dir, &texts, &names, &count, err) < 0)
        return err->code;
    for (size_t i = 0; i < count && code == 0; i++) {
        if (push(k, "", names[i], err) < 0 || write_name(k, dir, names[i], node, depth, err) < 0)
            code = err->code;
        else
            pop(k, len);
    }
    free(names);
    return code;
}

static int write_all(struct folder_walk *k, struct cprov_error *err)
{
    if (k->diff && !k->diff->same[CPROV_ROOTFS_ROOT] &&
        (cprov_inode_read(&k->inode, k->folder->fd, ".", k->folder, err) < 0 ||
         write_inode(k, err) < 0))
        return err->code;
    return write_folder(k, k->folder->fd, k->diff ? CPROV_ROOTFS_ROOT : 0, 0, err);
}

int cprov_layer_from_folder(const struct cprov_folder *folder, const struct cprov_diff *diff,
                            struct cprov_layer_writer *w, uint64_t *sockets,
                            struct cprov_error *err)
{
    CPROV_CLEANUP(walk_clear)
    struct folder_walk k = { .folder = folder, .diff = diff, .w = w };

    cprov_inode_init(&k.inode);
    k.piece = malloc(PIECE);
    if (!k.piece)
        return cprov_fail_memory(err);
    if (write_all(&k, err) < 0) /* the path is where it stopped */
        return err->code == CPROV_ECANCELLED || k.len == 0
                   ? err->code
                   : cprov_layer_wrap(cprov_span_make(k.path, k.len), err);
    *sockets = k.sockets;
    return 0;
}
