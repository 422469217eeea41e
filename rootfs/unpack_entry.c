/* rootfs/unpack_entry.c - one member of a layer becomes one name of the tree. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "rootfs/unpack_private.h"

#define WHITEOUT_LEN (sizeof(CPROV_WHITEOUT_PREFIX) - 1)

/* The place of a new name, which from now on this layer has made. */
static int make_place(struct cprov_unpack *u, const char *path, struct cprov_spot *out,
                      struct cprov_error *err)
{
    if (cprov_tree_find(u->tree, path, CPROV_TREE_MAKE, out, err) < 0)
        return err->code;
    return u->has_lower ? cprov_hash_table_note(&u->names, out->dir_id, out->name, err) : 0;
}

static int begin_file(struct cprov_unpack *u, const struct cprov_tar_entry *e, const char *path,
                      struct cprov_error *err)
{
    struct cprov_spot place;
    /* Attributes are for whoever may write the file. */
    mode_t mode = (e->mode & 0777) | (u->euid != 0 ? S_IRUSR | S_IWUSR : 0);

    if (make_place(u, path, &place, err) < 0 ||
        cprov_tree_file(u->tree, &place, mode, &u->file.fd, err) < 0)
        return err->code;
    u->file.made_mode = mode;
    u->file.may_inherit = place.gid != u->egid;
    return 0;
}

static int make_dir(struct cprov_unpack *u, const struct cprov_tar_entry *e, const char *path,
                    struct cprov_error *err)
{
    struct cprov_spot place;
    auto_fd int fd = -1;

    if (make_place(u, path, &place, err) < 0 || cprov_tree_dir(u->tree, &place, &fd, err) < 0)
        return err->code;
    return cprov_unpack_meta_dir(u, e, path, fd, err);
}

static int make_symlink(struct cprov_unpack *u, const struct cprov_tar_entry *e, const char *path,
                        struct cprov_error *err)
{
    struct cprov_spot place;

    if (strlen(e->link.ptr) != e->link.len)
        return cprov_fail(err, CPROV_EVERIFY, "the target has a NUL");
    if (make_place(u, path, &place, err) < 0 ||
        cprov_tree_symlink(u->tree, &place, e->link.ptr, err) < 0)
        return err->code;
    return cprov_unpack_meta_name(u, e, &place, err);
}

/* Nothing takes the place of what a lower layer has there. */
static int skip_device(struct cprov_unpack *u, const char *path, struct cprov_error *err)
{
    struct cprov_spot place;

    u->result.devices_skipped++;
    if (cprov_tree_find(u->tree, path, CPROV_TREE_LOOK, &place, err) == 0 &&
        cprov_tree_remove(u->tree, &place, err) == 0)
        return 0;
    if (err->code != CPROV_ENOTFOUND)
        return err->code;
    *err = (struct cprov_error)CPROV_ERROR_INIT;
    return 0;
}

static int make_hardlink(struct cprov_unpack *u, const struct cprov_tar_entry *e, const char *path,
                         struct cprov_error *err)
{
    char target[CPROV_UNPACK_PATH + 1];
    struct cprov_spot from, to;

    if (cprov_layer_clean(e->link, u->limits.path_bytes, target, err) < 0 ||
        (u->windows && (cprov_layer_check_windows(target, CPROV_MEANS_FILE, false, err) < 0 ||
                        cprov_unpack_windows_name(u, target, err) < 0)))
        return cprov_wrap(err, "the target of a hard link");
    if (make_place(u, path, &to, err) == 0 &&
        cprov_tree_find(u->tree, target, CPROV_TREE_LOOK, &from, err) == 0 &&
        cprov_tree_link(u->tree, &from, &to, err) == 0)
        return 0;
    if (err->code != CPROV_ENOTFOUND)
        return err->code;
    if (u->result.devices_skipped > 0) {
        *err = (struct cprov_error)CPROV_ERROR_INIT;
        return skip_device(u, path, err); /* another name of one, most likely */
    }
    return cprov_fail(err, CPROV_EVERIFY, "a hard link to '%s', which does not exist",
                      cprov_tree_short(target));
}

static int make_node(struct cprov_unpack *u, const struct cprov_tar_entry *e, const char *path,
                     struct cprov_error *err)
{
    mode_t type = e->type == CPROV_TAR_CHAR_DEVICE    ? S_IFCHR
                  : e->type == CPROV_TAR_BLOCK_DEVICE ? S_IFBLK
                                                      : S_IFIFO;
    bool device = type != S_IFIFO;
    struct cprov_spot place;

    if (device && (u->rootless || u->euid != 0))
        return skip_device(u, path, err);
    if (make_place(u, path, &place, err) < 0 ||
        cprov_tree_node(u->tree, &place, type | (e->mode & 0777),
                        device ? makedev(e->dev_major, e->dev_minor) : 0, err) < 0) {
        if (err->code != CPROV_EREFUSED || !device || err->os != EPERM)
            return err->code;
        u->result.devices_skipped++; /* root of a user namespace, most likely */
        return 0;
    }
    u->result.devices += device;
    return cprov_unpack_meta_name(u, e, &place, err);
}

/* A name that hides another one has the case of what it hides. */
static int settle_windows_name(struct cprov_unpack *u, char path[CPROV_UNPACK_PATH + 1],
                               struct cprov_error *err)
{
    char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    if (strncmp(name, CPROV_WHITEOUT_PREFIX, WHITEOUT_LEN) != 0)
        return cprov_unpack_windows_name(u, path, err);
    memmove(name, name + WHITEOUT_LEN, strlen(name + WHITEOUT_LEN) + 1);
    int code = cprov_unpack_windows_name(u, path, err);
    memmove(name + WHITEOUT_LEN, name, strlen(name) + 1);
    memcpy(name, CPROV_WHITEOUT_PREFIX, WHITEOUT_LEN);
    return code;
}

static int make(struct cprov_unpack *u, const struct cprov_tar_entry *e, const char *path,
                struct cprov_error *err)
{
    switch (e->type) {
    case CPROV_TAR_FILE:
        return begin_file(u, e, path, err);
    case CPROV_TAR_HARDLINK:
        return make_hardlink(u, e, path, err);
    case CPROV_TAR_SYMLINK:
        return make_symlink(u, e, path, err);
    case CPROV_TAR_DIR:
        return make_dir(u, e, path, err);
    case CPROV_TAR_CHAR_DEVICE:
    case CPROV_TAR_BLOCK_DEVICE:
    case CPROV_TAR_FIFO:
        return make_node(u, e, path, err);
    }
    return 0;
}

static int apply(struct cprov_unpack *u, const struct cprov_tar_entry *e, struct cprov_error *err)
{
    char path[CPROV_UNPACK_PATH + 1];
    enum cprov_layer_meaning meaning;
    const char *hidden;

    /* A name that is settled is as long as it was: hidden stays. */
    if (cprov_unpack_count_entry(&u->limits, &u->count, e, err) < 0 ||
        cprov_layer_clean(e->path, u->limits.path_bytes, path, err) < 0 ||
        cprov_layer_meaning(path, &meaning, &hidden, err) < 0 ||
        (u->windows && (cprov_layer_check_windows(path, meaning, u->layers < 2, err) < 0 ||
                        settle_windows_name(u, path, err) < 0)))
        return err->code;
    if (meaning == CPROV_MEANS_NOTHING && e->type == CPROV_TAR_FILE)
        return cprov_unpack_put_aside(u, path, err) < 0 ? err->code : begin_file(u, e, path, err);
    if (meaning != CPROV_MEANS_FILE)
        return cprov_unpack_whiteout(u, path, meaning, hidden, err);
    if (!path[0] && e->type != CPROV_TAR_DIR)
        return cprov_fail(err, CPROV_EVERIFY, "the root can only be a directory");
    if (make(u, e, path, err) < 0)
        return err->code;
    return u->windows ? cprov_unpack_windows_note(u, path, e, err) : 0;
}

static int on_entry(void *arg, const struct cprov_tar_entry *e, struct cprov_error *err)
{
    struct cprov_unpack *u = arg;

    u->file = (struct cprov_unpack_file){ .fd = -1, .entry = e };
    int code = apply(u, e, err);
    return code < 0 ? cprov_layer_wrap(e->path, err) : 0;
}

/* The stored bytes, each run to its place; the reader has checked that they fit. */
static int write_sparse(struct cprov_unpack_file *f, struct cprov_span data,
                        struct cprov_error *err)
{
    while (data.len > 0 && f->extent < f->entry->extents_count) {
        const struct cprov_tar_extent *x = &f->entry->extents[f->extent];
        uint64_t left = x->len - f->extent_done;
        size_t n = left < data.len ? (size_t)left : data.len;

        if (cprov_fs_write_all(f->fd, data.ptr, n, (off_t)(x->offset + f->extent_done), err) < 0)
            return err->code;
        f->extent_done += n;
        data = cprov_span_from(data, n);
        if (f->extent_done == x->len) {
            f->extent++;
            f->extent_done = 0;
        }
    }
    return 0;
}

static int on_data(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct cprov_unpack *u = arg;
    struct cprov_unpack_file *f = &u->file;

    if (f->fd < 0)
        return 0;
    int code = f->entry->sparse ? write_sparse(f, cprov_span_make(data, len), err)
                                : cprov_fs_write_all(f->fd, data, len, -1, err);
    return code < 0 ? cprov_layer_wrap(f->entry->path, err) : 0;
}

static int finish_file(struct cprov_unpack *u, struct cprov_error *err)
{
    struct cprov_unpack_file *f = &u->file;

    if (f->entry->sparse && ftruncate(f->fd, (off_t)f->entry->size) < 0)
        return cprov_fail_os(err, errno, "cannot set the size");
    return cprov_unpack_meta_file(u, f, err);
}

static int on_end(void *arg, struct cprov_error *err)
{
    struct cprov_unpack *u = arg;
    int code = u->file.fd >= 0 ? finish_file(u, err) : 0;

    cprov_fd_close(&u->file.fd);
    return code < 0 ? cprov_layer_wrap(u->file.entry->path, err) : 0;
}

const struct cprov_tar_handler cprov_unpack_handler = { .entry = on_entry,
                                                        .data = on_data,
                                                        .end = on_end };
