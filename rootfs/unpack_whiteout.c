/* rootfs/unpack_whiteout.c - names that hide what lower layers brought, and only that. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "rootfs/unpack_private.h"
#include "store/dir.h"

#define HIDDEN_MARK "/" /* no file has this name */

static int hide(struct cprov_unpack *u, int dir, uint64_t dir_id, const char *name, unsigned depth,
                struct cprov_error *err);

/* Hides what is in an open directory. Once a layer has made names, a second mark finds nothing
 * more: a directory is then read once, however many marks it has. */
static int hide_content(struct cprov_unpack *u, int fd, unsigned depth, struct cprov_error *err)
{
    uint64_t id;
    auto_dir DIR *dir = NULL;

    if (depth > CPROV_UNPACK_DEPTH)
        return cprov_fail(err, CPROV_ELIMIT, "a directory that is hidden has more than %d levels",
                          CPROV_UNPACK_DEPTH);
    int code = cprov_tree_dir_id(fd, &id, err);
    if (code == 0 && u->names.count > 0) {
        if (cprov_hash_table_noted(&u->names, id, HIDDEN_MARK))
            return 0;
        code = cprov_hash_table_note(&u->names, id, HIDDEN_MARK, err);
    }
    if (code == 0)
        code = cprov_dir_open(fd, ".", &dir, err);
    for (const char *name; code == 0 && (name = cprov_dir_next(dir));)
        code = hide(u, fd, id, name, depth, err);
    return code;
}

static int hide_dir(struct cprov_unpack *u, int dir, const char *name, bool made, unsigned depth,
                    struct cprov_error *err)
{
    uint64_t here, there;
    struct stat st;
    auto_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return cprov_fail_os(err, errno, "%s", name);
    if (fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "fstat");
    int os = cprov_fs_mount_id(dir, &here);
    if (os == 0)
        os = cprov_fs_mount_id(fd, &there);
    if (os != 0)
        return cprov_fail_os(err, os, "cannot list the mounts");
    if (there != here)
        return cprov_fail(err, CPROV_EREFUSED, "%s: something is mounted there", name);
    if (hide_content(u, fd, depth + 1, err) < 0)
        return err->code;
    if (!made && (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT))
        return 0;
    if (!made && errno != ENOTEMPTY && errno != EEXIST)
        return cprov_fail_os(err, errno, "cannot remove %s", name);
    const struct timespec times[2] = { st.st_atim, st.st_mtim };
    (void)futimens(fd, times); /* the layer's own content keeps it */
    return 0;
}

/* Removes a name with all that is below it, but for what this layer has made. */
static int hide(struct cprov_unpack *u, int dir, uint64_t dir_id, const char *name, unsigned depth,
                struct cprov_error *err)
{
    bool made = cprov_hash_table_noted(&u->names, dir_id, name);
    struct stat st;

    if (u->names.count == 0)
        return cprov_fs_remove_tree(dir, name, err);
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : cprov_fail_os(err, errno, "%s", name);
    if (S_ISDIR(st.st_mode))
        return hide_dir(u, dir, name, made, depth, err);
    if (!made && unlinkat(dir, name, 0) < 0 && errno != ENOENT)
        return cprov_fail_os(err, errno, "cannot remove %s", name);
    return 0;
}

/* The directory itself stays, and is not looked for behind a link: a link hides nothing. */
static int apply_opaque(struct cprov_unpack *u, const char *marker, const char *name,
                        struct cprov_error *err)
{
    char path[CPROV_UNPACK_PATH + 1];
    size_t len = name > marker ? (size_t)(name - marker) - 1 : 0;
    struct cprov_spot place;
    auto_fd int fd = -1;

    memcpy(path, marker, len);
    path[len] = '\0';
    if (cprov_tree_find(u->tree, path, CPROV_TREE_LOOK, &place, err) < 0 ||
        cprov_tree_open_dir(u->tree, &place, &fd, err) < 0)
        return err->code;
    cprov_tree_flush(u->tree); /* its times too */
    struct stat st;
    if (fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "fstat");
    int code = hide_content(u, fd, 0, err);
    const struct timespec times[2] = { st.st_atim, st.st_mtim };
    (void)futimens(fd, times);
    return code;
}

static int apply_plain(struct cprov_unpack *u, const char *path, const char *hidden,
                       struct cprov_error *err)
{
    struct cprov_spot place;

    if (cprov_tree_find(u->tree, path, CPROV_TREE_LOOK, &place, err) < 0)
        return err->code;
    /* What is kept open below the name would be of no use any more. */
    cprov_tree_flush(u->tree);
    if (cprov_tree_find(u->tree, path, CPROV_TREE_LOOK, &place, err) < 0)
        return err->code;
    cprov_tree_touched(u->tree, &place);
    return hide(u, place.dir, place.dir_id, hidden, 0, err);
}

int cprov_unpack_whiteout(struct cprov_unpack *u, const char *path, enum cprov_layer_meaning how,
                          const char *hidden, struct cprov_error *err)
{
    const char *slash = strrchr(path, '/');

    if (how == CPROV_MEANS_NOTHING || !u->has_lower)
        return 0;
    int code = how == CPROV_MEANS_OPAQUE ? apply_opaque(u, path, slash ? slash + 1 : path, err)
                                         : apply_plain(u, path, hidden, err);
    if (code != CPROV_ENOTFOUND)
        return code;
    *err = (struct cprov_error)CPROV_ERROR_INIT; /* there is nothing to hide */
    return 0;
}

int cprov_unpack_put_aside(struct cprov_unpack *u, const char *path, struct cprov_error *err)
{
    const char *last = u->aside.ptr;
    size_t len = cprov_layer_reserved(path);

    for (size_t at = 0; at < u->aside.len; at += strlen(u->aside.ptr + at) + 1)
        last = u->aside.ptr + at;
    if (u->aside.len > 0 && strlen(last) == len && memcmp(last, path, len) == 0)
        return 0; /* it goes with the folder */
    cprov_buf_add(&u->aside, path, len);
    cprov_buf_add_char(&u->aside, '\0');
    return cprov_buf_check(&u->aside, "the list of names that AUFS kept", err);
}

int cprov_unpack_drop_aside(struct cprov_unpack *u, struct cprov_error *err)
{
    struct cprov_spot place;

    for (size_t at = 0; at < u->aside.len; at += strlen(u->aside.ptr + at) + 1) {
        const char *path = u->aside.ptr + at;
        if (cprov_tree_find(u->tree, path, CPROV_TREE_LOOK, &place, err) < 0 ||
            cprov_tree_remove(u->tree, &place, err) < 0)
            return cprov_wrap(err, "%s", path);
    }
    cprov_buf_reset(&u->aside);
    return 0;
}
