/* rootfs/unpack.c - the folder: empty at the beginning, whole at the end, or as it was. */
#include "rootfs/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "rootfs/merge_private.h"
#include "rootfs/unpack_private.h"
#include "store/dir.h"

#define STAGE_INSIDE  ".cprov-unpack" /* beside: after a dot and the folder's name */
#define PROC_NAME_MAX 32
#define STATUS_MAX    (64 * CPROV_KIB)
#define UMASK_UNKNOWN 0777

/* The only way to ask without setting it, which would be seen by every thread. */
static mode_t read_umask(void)
{
    auto_buf struct cprov_buf text = { 0 };
    mode_t mask = 0;

    cprov_buf_init(&text, STATUS_MAX);
    if (cprov_fs_read(AT_FDCWD, "/proc/self/status", STATUS_MAX, &text, CPROV_IGNORED) < 0)
        return UMASK_UNKNOWN;
    const char *line = strstr(cprov_buf_text(&text), "\nUmask:");
    if (!line)
        return UMASK_UNKNOWN;
    for (line += strlen("\nUmask:"); *line && *line != '\n'; line++)
        if (*line >= '0' && *line <= '7')
            mask = (mask << 3 | (mode_t)(*line - '0')) & 0777;
    return mask;
}

static int copy_map(const struct cprov_id_map *map, size_t count, struct cprov_id_map **out,
                    size_t *out_count, struct cprov_error *err)
{
    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (map[i].count == 0 || map[i].inside > UINT32_MAX - map[i].count ||
            map[i].outside > UINT32_MAX - map[i].count)
            return cprov_fail(err, CPROV_EINVAL, "an id map has a range that does not fit");
    *out = calloc(count, sizeof(*map));
    if (!*out)
        return cprov_fail_memory(err);
    memcpy(*out, map, count * sizeof(*map));
    *out_count = count;
    return 0;
}

static int set_up(struct cprov_unpack *u, const struct cprov_unpack_options *o,
                  struct cprov_error *err)
{
    u->rootless = o->rootless;
    u->windows = o->windows;
    u->bundle = o->bundle;
    u->attributes = o->attributes;
    u->cancel = o->cancel;
    u->limits = o->limits;
    cprov_unpack_limits_fill(&u->limits);
    u->euid = geteuid();
    u->egid = getegid();
    u->umask = read_umask();
    cprov_buf_init(&u->late, CPROV_UNPACK_LATE);
    cprov_buf_init(&u->aside, CPROV_UNPACK_ASIDE);
    cprov_buf_init(&u->win.lines, 4 * CPROV_TAR_HEADER_MAX);
    if (copy_map(o->uid_map, o->uid_map_count, &u->uid_map, &u->uid_map_count, err) < 0 ||
        copy_map(o->gid_map, o->gid_map_count, &u->gid_map, &u->gid_map_count, err) < 0)
        return err->code;
    return 0;
}

/* --- the folder --- */

enum target_folder { FOLDER_MISSING, FOLDER_EMPTY, FOLDER_FULL };

static int fail_full(const char *dir, struct cprov_error *err)
{
    cprov_fail(err, CPROV_EEXISTS, "%s is not empty", dir);
    cprov_hint(err, CPROV_HINT_OTHER_FOLDER);
    return CPROV_EEXISTS;
}

/* Without "/" and "/." at its end, which would lead through a link. */
static int trim(const char *dir, char out[PATH_MAX], struct cprov_error *err)
{
    size_t len = strlen(dir);

    for (;;) {
        if (len > 1 && dir[len - 1] == '/')
            len--;
        else if (len > 2 && dir[len - 1] == '.' && dir[len - 2] == '/')
            len -= 2;
        else
            break;
    }
    if (len == 0 || len >= PATH_MAX)
        return cprov_fail(err, CPROV_EINVAL, "'%s' does not name a folder", dir);
    memcpy(out, dir, len);
    out[len] = '\0';
    return 0;
}

/* What a broken-off run has left in it is not counted, but told. */
static int look_into(int fd, enum target_folder *out, bool *left, struct cprov_error *err)
{
    auto_dir DIR *entries = NULL;
    int code = cprov_dir_open(fd, ".", &entries, err);

    *out = FOLDER_EMPTY;
    *left = false;
    for (const char *name; code == 0 && (name = cprov_dir_next(entries));)
        if (strcmp(name, STAGE_INSIDE) == 0)
            *left = true;
        else
            *out = FOLDER_FULL;
    return code;
}

/* Opens the folder, if there is one; what is something else is not followed and not replaced. */
static int look_at(const char *dir, int *fd, enum target_folder *out, bool *left,
                   struct cprov_error *err)
{
    char path[PATH_MAX];
    struct stat st;

    if (trim(dir, path, err) < 0)
        return err->code;
    *out = FOLDER_MISSING;
    *left = false;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : cprov_fail_os(err, errno, "%s", path);
    if (S_ISLNK(st.st_mode)) {
        cprov_fail(err, CPROV_EREFUSED, "%s is a symlink, which is not followed", path);
        cprov_hint(err, CPROV_HINT_NAME_LINKED_FOLDER);
        return CPROV_EREFUSED;
    }
    if (!S_ISDIR(st.st_mode))
        return cprov_fail(err, CPROV_EEXISTS, "%s is not a folder", path);
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0 && errno == EACCES && st.st_uid == geteuid()) {
        *out = FOLDER_FULL; /* as far as we can see */
        return 0;
    }
    if (*fd < 0)
        return cprov_fail_os(err, errno, "%s", path);
    return look_into(*fd, out, left, err);
}

int cprov_unpack_check(const char *dir, bool force, struct cprov_error *err)
{
    auto_fd int fd = -1;
    enum target_folder is;
    bool left;

    if (look_at(dir, &fd, &is, &left, err) < 0)
        return err->code;
    return is == FOLDER_FULL && !force ? fail_full(dir, err) : 0;
}

/* Opens the folder that dir is in, and copies its last component; "" when it has no name there. */
static int open_parent(struct cprov_unpack *u, const char *dir, bool make, struct cprov_error *err)
{
    char path[PATH_MAX];

    if (trim(dir, path, err) < 0)
        return err->code;
    char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    bool unnamed = strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
    u->name = strdup(unnamed ? "" : last);
    if (!u->name)
        return cprov_fail_memory(err);
    *last = '\0';
    if (make && path[0] && cprov_fs_make_dirs(AT_FDCWD, path, 0755, err) < 0)
        return err->code;
    return cprov_fs_open_dir(AT_FDCWD, path[0] ? path : ".", &u->parent, err);
}

/* Whether a rename can put another one in the place of the empty folder, and nothing is lost. */
static bool is_replaceable(const struct cprov_unpack *u, int fd)
{
    uint64_t here, above;
    struct stat st;

    return u->name[0] && fstat(fd, &st) == 0 && (u->euid == 0 || st.st_uid == u->euid) &&
           cprov_fs_mount_id(fd, &here) == 0 && cprov_fs_mount_id(u->parent, &above) == 0 &&
           here == above && fgetxattr(fd, "system.posix_acl_default", NULL, 0) <= 0 &&
           fgetxattr(fd, "system.posix_acl_access", NULL, 0) <= 0;
}

static int fail_meanwhile(const char *dir, struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EINUSE, "another process has just written to %s", dir);
}

/* The tree is made beside the folder, under a name that nobody looks for, and one rename makes it
 * the folder. was: the empty one that is there, or -1. */
static int open_beside(struct cprov_unpack *u, const char *dir, int was, struct cprov_error *err)
{
    char name[NAME_MAX + 1];
    auto_fd int now = -1;
    enum target_folder is;
    struct stat st;
    bool left;

    if (!u->name[0])
        return cprov_fail(err, CPROV_EINVAL, "'%s' does not name a folder", dir);
    snprintf(name, sizeof(name), ".%.*s" STAGE_INSIDE,
             (int)(sizeof(name) - sizeof("." STAGE_INSIDE)), u->name);
    if (cprov_stage_open(u->parent, name, NULL, NULL, &u->stage, err) < 0 ||
        look_at(dir, &now, &is, &left, err) < 0)
        return err->code;
    if (is == FOLDER_FULL || left) /* whoever had the lock before */
        return fail_meanwhile(dir, err);
    u->top = openat(u->stage.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (u->top < 0)
        return cprov_fail_os(err, errno, "cannot open a folder");
    u->fresh = was < 0 || u->bundle;
    mode_t mode = u->umask == UMASK_UNKNOWN ? 0755 : 0755 & ~u->umask;
    if (was >= 0 && (fstat(was, &st) < 0 || ((st.st_uid != u->euid || st.st_gid != u->egid) &&
                                             fchown(u->top, st.st_uid, st.st_gid) < 0)))
        return cprov_fail_os(err, errno, "cannot determine the owner of %s", dir);
    if (fchmod(u->top, was >= 0 ? st.st_mode & 07777 : mode) < 0)
        return cprov_fail_os(err, errno, "cannot set the mode of a folder");
    return 0;
}

/* A run that was killed while it replaced things: they come back. */
static int on_left(int stage, void *arg, struct cprov_error *err)
{
    const struct cprov_unpack *u = arg;
    int code = cprov_merge_undo(stage, u->there, &u->attributes, err);

    if (code < 0)
        cprov_hint_about(err, CPROV_HINT_LOOK_INTO_STAGE, "%s", STAGE_INSIDE);
    return code;
}

/* The folder is closed, and ours; it is closed again in the end. Returns 0, or an errno. */
static int open_closed(struct cprov_unpack *u, const char *path)
{
    char proc[PROC_NAME_MAX];
    struct stat st;
    auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0)
        return errno;
    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    if (chmod(proc, (st.st_mode & 07777) | S_IRWXU) < 0)
        return errno;
    u->closed = true;
    u->there_mode = st.st_mode & 07777;
    u->there = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return u->there < 0 ? errno : 0;
}

/* The folder has content, or a rename cannot replace it: the tree is made in it, under one hidden
 * name, and merged when all of it is verified. */
static int open_inside(struct cprov_unpack *u, const char *dir, bool force, struct cprov_error *err)
{
    char path[PATH_MAX];
    enum target_folder is;
    bool left;

    if (trim(dir, path, err) < 0)
        return err->code;
    u->there = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (u->there < 0 && errno == EACCES && force && open_closed(u, path) != 0)
        u->there = -1;
    if (u->there < 0)
        return cprov_fail_os(err, errno, "%s", dir);
    u->inside = u->fresh = true;
    if (cprov_stage_open(u->there, STAGE_INSIDE, on_left, u, &u->stage, err) < 0 ||
        look_into(u->there, &is, &left, err) < 0)
        return cprov_wrap(err, "%s", dir);
    if (is == FOLDER_FULL && !force)
        return fail_full(dir, err);
    if (mkdirat(u->stage.fd, CPROV_MERGE_TREE, S_IRWXU) < 0 ||
        (u->top = openat(u->stage.fd, CPROV_MERGE_TREE, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        return cprov_fail_os(err, errno, "cannot create a folder in %s", dir);
    return 0;
}

static int open_folder(struct cprov_unpack *u, const char *dir, bool force, struct cprov_error *err)
{
    struct cprov_error no_room = CPROV_ERROR_INIT;
    auto_fd int fd = -1;
    enum target_folder is;
    bool left;

    if (look_at(dir, &fd, &is, &left, err) < 0)
        return err->code;
    if (is == FOLDER_FULL && !force)
        return fail_full(dir, err);
    if (is == FOLDER_FULL || left)
        return open_inside(u, dir, force, err);
    if (is == FOLDER_MISSING)
        return open_parent(u, dir, true, err) < 0 ? err->code : open_beside(u, dir, -1, err);
    /* Not every folder above is ours to make something in. */
    if (open_parent(u, dir, false, &no_room) < 0 || !is_replaceable(u, fd))
        return open_inside(u, dir, force, err);
    int code = open_beside(u, dir, fd, err);
    if (code != CPROV_EREFUSED)
        return code;
    *err = (struct cprov_error)CPROV_ERROR_INIT;
    cprov_fd_close(&u->top);
    if (cprov_stage_remove(&u->stage, err) < 0)
        return err->code;
    return open_inside(u, dir, force, err);
}

static int open_root(struct cprov_unpack *u, const char *dir, bool force, struct cprov_error *err)
{
    if (open_folder(u, dir, force, err) < 0)
        return err->code;
    if (u->bundle && mkdirat(u->top, CPROV_UNPACK_ROOTFS, 0755) < 0)
        return cprov_fail_os(err, errno, "cannot create the folder " CPROV_UNPACK_ROOTFS);
    u->root = openat(u->top, u->bundle ? CPROV_UNPACK_ROOTFS : ".",
                     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (u->root < 0)
        return cprov_fail_os(err, errno, "cannot open a folder");
    u->inherits_acls = fgetxattr(u->root, "system.posix_acl_default", NULL, 0) > 0;
    return 0;
}

static int open_tree(struct cprov_unpack *u, struct cprov_error *err)
{
    struct cprov_tree_options options = { .umask = u->umask };

    /* Directories that no entry names are root's: of the image, that is. */
    if (!u->rootless && u->euid == 0 && (u->uid_map_count > 0 || u->gid_map_count > 0)) {
        if (cprov_unpack_owner(u, 0, 0, &options.uid, &options.gid, err) < 0)
            return err->code;
        options.own = true;
        if (u->fresh && fchown(u->root, options.uid, options.gid) < 0)
            return cprov_fail_os(err, errno, "cannot set the owner of the folder");
    }
    if (u->fresh && fchmod(u->root, 0755) < 0) /* whatever the umask says */
        return cprov_fail_os(err, errno, "cannot set the mode of the folder");
    /* Many images do not say how old the root is; it is to be the same each time, as umoci has it.
     */
    (void)futimens(u->root, (const struct timespec[2]){ { .tv_sec = 0 }, { .tv_sec = 0 } });
    return cprov_tree_new(u->root, &options, &u->tree, err);
}

int cprov_unpack_open(const char *dir, const struct cprov_unpack_options *options,
                      struct cprov_unpack **out, struct cprov_error *err)
{
    auto_unpack struct cprov_unpack *u = calloc(1, sizeof(*u));

    if (!u)
        return cprov_fail_memory(err);
    u->parent = u->there = u->top = u->root = u->file.fd = u->win.fd = u->stage.fd = -1;
    if (set_up(u, options, err) < 0 || open_root(u, dir, options->force, err) < 0 ||
        open_tree(u, err) < 0)
        return err->code;
    *out = cprov_steal(&u);
    return 0;
}

int cprov_unpack_folder(const struct cprov_unpack *u)
{
    return u->top;
}

/* --- the end --- */

void cprov_unpack_close(struct cprov_unpack *u)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (!u)
        return;
    cprov_tree_free(u->tree);
    cprov_unpack_windows_clear(u);
    cprov_fd_close(&u->file.fd);
    cprov_fd_close(&u->root);
    cprov_fd_close(&u->top);
    /* What could not be put back is in it: the next run tries once more. */
    if (u->inside && u->stage.fd >= 0 &&
        faccessat(u->stage.fd, CPROV_MERGE_JOURNAL, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        cprov_stage_close(&u->stage);
    (void)!cprov_stage_remove(&u->stage, &ignored); /* nobody is there to be told */
    cprov_hash_table_clear(&u->names);
    cprov_hash_table_clear(&u->named);
    cprov_buf_clear(&u->late);
    cprov_buf_clear(&u->aside);
    if (u->closed)
        (void)fchmod(u->there, u->there_mode);
    cprov_fd_close(&u->there);
    cprov_fd_close(&u->parent);
    free(u->uid_map);
    free(u->gid_map);
    free(u->name);
    free(u);
}

/* One rename; an empty folder that is there gives way to it. */
static int put_in_place(struct cprov_unpack *u, struct cprov_error *err)
{
    if (renameat(u->parent, u->stage.name, u->parent, u->name) < 0) {
        int os = errno;

        if (os == ENOTEMPTY || os == EEXIST || os == ENOTDIR)
            return fail_meanwhile(u->name, err);
        return cprov_fail_os(err, os, "cannot rename the folder to %s", u->name);
    }
    u->stage.name[0] = '\0'; /* it is the caller's */
    return cprov_fs_sync_dir(u->parent, err);
}

/* The directories that keep their owner out do so once nothing has to be moved any more. */
static int close_late(struct cprov_unpack *u, int folder, struct cprov_error *err)
{
    const struct cprov_tree_options options = { .umask = u->umask };
    auto_tree struct cprov_tree *tree = NULL;
    auto_fd int root = openat(folder, u->bundle ? CPROV_UNPACK_ROOTFS : ".",
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (root < 0)
        return cprov_fail_os(err, errno, "cannot open the folder");
    return cprov_tree_new(root, &options, &tree, err) < 0 ? err->code
                                                          : cprov_unpack_late_apply(u, tree, err);
}

static int merge(struct cprov_unpack *u, struct cprov_error *err)
{
    struct stat st;
    uint64_t id;

    if (fstatat(u->top, STAGE_INSIDE, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return cprov_fail(err, CPROV_EEXISTS, "the image has a " STAGE_INSIDE " of its own");
    if (cprov_merge(u->stage.fd, u->there, &u->named, &u->attributes, err) < 0)
        return err->code;
    if (close_late(u, u->there, err) < 0 || cprov_fs_sync_all(u->there, err) < 0) {
        struct cprov_error worse = CPROV_ERROR_INIT;

        return cprov_merge_undo(u->stage.fd, u->there, &u->attributes, &worse) < 0
                   ? cprov_wrap(err, "%s", worse.msg)
                   : err->code;
    }
    if (cprov_merge_keep(u->stage.fd, err) < 0)
        return err->code;
    if (cprov_tree_dir_id(u->top, &id, err) == 0 && cprov_hash_table_noted(&u->named, id, ""))
        u->closed = false; /* it has the image's mode */
    return cprov_stage_remove(&u->stage, err) < 0 ? cprov_wrap(err, "the replaced files") : 0;
}

int cprov_unpack_commit(struct cprov_unpack *u, struct cprov_unpack_result *result,
                        struct cprov_error *err)
{
    if (cprov_unpack_windows_finish(u, err) < 0)
        return err->code;
    cprov_tree_flush(u->tree);
    if ((!u->inside && cprov_unpack_late_apply(u, u->tree, err) < 0) ||
        cprov_fs_sync_all(u->root, err) < 0 ||
        (u->inside ? merge(u, err) : put_in_place(u, err)) < 0)
        return err->code;
    *result = u->result;
    result->entries = u->count.entries;
    result->bytes = u->count.bytes;
    return 0;
}
