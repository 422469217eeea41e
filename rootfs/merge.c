/* rootfs/merge.c - name by name, a step at a time, each of which can be taken back. */
#include "rootfs/merge_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "rootfs/merge_journal_private.h"
#include "rootfs/tree_private.h"
#include "store/dir.h"

#define DIR_FLAGS     (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define PROC_NAME_MAX 32
#define PARKED        ".cprov-parked" /* while names change places where that takes three steps */
#define RENAME_WORDS  "cannot be moved to its place"

struct tree_merge {
    int journal;
    uint64_t mount; /* of the folder */
    const struct cprov_hash_table *named;
    const struct cprov_layer_attributes *attributes;
    char path[CPROV_MERGE_PATH + 1];
    size_t path_len;
};

/* --- attributes --- */

static int add_attribute(int fd, const char *name, struct cprov_buf *out, struct cprov_error *err)
{
    char value[XATTR_SIZE_MAX];
    ssize_t len = fgetxattr(fd, name, value, sizeof(value));

    if (len < 0 && errno != ENODATA && errno != ENOTSUP)
        return cprov_fail_os(err, errno, "the attribute %s", name);
    if (len < 0)
        return 0;
    uint32_t size = (uint32_t)len;
    cprov_buf_add(out, name, strlen(name) + 1);
    cprov_buf_add(out, &size, sizeof(size));
    cprov_buf_add(out, value, size);
    return 0;
}

/* Those that an image may have: name, NUL, length, value. */
static int read_attributes(int fd, const struct cprov_layer_attributes *which,
                           struct cprov_buf *out, struct cprov_error *err)
{
    char list[XATTR_LIST_MAX];
    ssize_t len = flistxattr(fd, list, sizeof(list));

    if (len < 0 && errno == ENOTSUP)
        return 0;
    if (len < 0)
        return cprov_fail_os(err, errno, "the attributes");
    for (const char *name = list; name < list + len; name += strlen(name) + 1)
        if (cprov_layer_attribute_is_kept(which, name) && add_attribute(fd, name, out, err) < 0)
            return err->code;
    return cprov_buf_check(out, "attributes", err);
}

static bool has_attribute(const struct cprov_buf *list, const char *name)
{
    for (const char *p = list->ptr; list->len > 0 && p < list->ptr + list->len;) {
        uint32_t size;

        if (strcmp(p, name) == 0)
            return true;
        p += strlen(p) + 1;
        memcpy(&size, p, sizeof(size));
        p += sizeof(size) + size;
    }
    return false;
}

/* Makes the attributes those of `want`; `has` are the ones there are. */
static int write_attributes(int fd, const struct cprov_buf *has, const struct cprov_buf *want,
                            struct cprov_error *err)
{
    uint32_t size;

    for (const char *p = has->ptr; has->len > 0 && p < has->ptr + has->len;) {
        const char *name = p;

        p += strlen(p) + 1;
        memcpy(&size, p, sizeof(size));
        p += sizeof(size) + size;
        if (!has_attribute(want, name) && fremovexattr(fd, name) < 0)
            return cprov_fail_os(err, errno, "the attribute %s", name);
    }
    for (const char *p = want->ptr; want->len > 0 && p < want->ptr + want->len;) {
        const char *name = p;

        p += strlen(p) + 1;
        memcpy(&size, p, sizeof(size));
        p += sizeof(size);
        if (fsetxattr(fd, name, p, size, 0) < 0)
            return cprov_fail_os(err, errno, "the attribute %s", name);
        p += size;
    }
    return 0;
}

int cprov_merge_attributes(int from, int to, bool both_ways,
                           const struct cprov_layer_attributes *attributes, struct cprov_error *err)
{
    auto_buf struct cprov_buf a = { 0 }, b = { 0 };

    cprov_buf_init(&a, CPROV_TAR_HEADER_MAX);
    cprov_buf_init(&b, CPROV_TAR_HEADER_MAX);
    if (read_attributes(from, attributes, &a, err) < 0 ||
        read_attributes(to, attributes, &b, err) < 0 ||
        (both_ways && write_attributes(from, &a, &b, err) < 0) ||
        write_attributes(to, &b, &a, err) < 0)
        return err->code;
    return 0;
}

/* --- names --- */

int cprov_merge_swap(int a, int b, const char *name)
{
    if (renameat2(a, name, b, name, RENAME_EXCHANGE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP)
        return errno;
    /* A file system that cannot do it in one step. */
    if (renameat(a, name, a, PARKED) < 0)
        return errno;
    if (renameat(b, name, a, name) < 0) {
        int os = errno;

        (void)renameat(a, PARKED, a, name);
        return os;
    }
    return renameat(a, PARKED, b, name) < 0 ? errno : 0;
}

/* In full before the first of them moves: a directory that changes may be listed twice. */
static int list_names(int fd, struct cprov_buf *out, struct cprov_error *err)
{
    auto_dir DIR *dir = NULL;

    if (cprov_dir_open(fd, ".", &dir, err) < 0)
        return err->code;
    errno = 0;
    for (const char *name; (name = cprov_dir_next(dir));)
        cprov_buf_add(out, name, strlen(name) + 1);
    if (errno != 0)
        return cprov_fail_os(err, errno, "cannot list a folder");
    return cprov_buf_check(out, "the names in a folder", err);
}

static int fail_mounted(struct cprov_error *err)
{
    cprov_fail(err, CPROV_EINUSE, "something is mounted there");
    cprov_hint(err, CPROV_HINT_UNMOUNT);
    return CPROV_EINUSE;
}

static int fail_rename(int os, struct cprov_error *err)
{
    return os == EBUSY ? fail_mounted(err) : cprov_fail_os(err, os, RENAME_WORDS);
}

/* Opens a directory of the folder that may keep its own owner out. Its mode is in the journal. */
static int open_ours(const struct tree_merge *m, int to, const char *name, mode_t mode, int *out,
                     struct cprov_error *err)
{
    char proc[PROC_NAME_MAX];
    uint64_t mount;
    auto_fd int fd = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int os = fd < 0 ? errno : cprov_fs_mount_id(fd, &mount);

    if (os != 0)
        return cprov_fail_os(err, os, "cannot open it");
    if (mount != m->mount)
        return fail_mounted(err);
    if ((mode & S_IRWXU) != S_IRWXU && geteuid() != 0) {
        snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
        if (chmod(proc, (mode & 07777) | S_IRWXU) < 0)
            return cprov_fail_os(err, errno, "cannot open it");
    }
    *out = openat(fd, ".", DIR_FLAGS);
    return *out < 0 ? cprov_fail_os(err, errno, "cannot open it") : 0;
}

static int merge_content(struct tree_merge *m, int from, int to, unsigned depth,
                         struct cprov_error *err);

/* What the directory is to be afterwards: the tree's, or as it was. */
static int settle_dir(struct tree_merge *m, int from, int to, const struct stat *new,
                      const struct stat *old, struct cprov_error *err)
{
    uint64_t id;

    if (cprov_tree_dir_id(from, &id, err) < 0)
        return err->code;
    const struct stat *st = m->named && cprov_hash_table_noted(m->named, id, "") ? new : old;
    if (st == new) {
        if (cprov_merge_note(m->journal, CPROV_MERGE_ATTRIBUTES, m->path, old, err) < 0 ||
            cprov_merge_attributes(from, to, true, m->attributes, err) < 0)
            return err->code;
        if ((new->st_uid != old->st_uid || new->st_gid != old->st_gid) &&
            fchown(to, new->st_uid, new->st_gid) < 0)
            return cprov_fail_os(err, errno, "cannot set the owner");
    }
    const struct timespec times[2] = { st->st_atim, st->st_mtim };
    if (fchmod(to, st->st_mode & 07777) < 0 || futimens(to, times) < 0)
        return cprov_fail_os(err, errno, "cannot set the mode");
    return 0;
}

static int merge_dirs(struct tree_merge *m, int from, int to, const char *name,
                      const struct stat *new, const struct stat *old, unsigned depth,
                      struct cprov_error *err)
{
    auto_fd int inner = openat(from, name, DIR_FLAGS);
    auto_fd int ours = -1;

    if (inner < 0)
        return cprov_fail_os(err, errno, "cannot open it");
    if (depth >= CPROV_UNPACK_DEPTH)
        return cprov_fail(err, CPROV_ELIMIT, "the folder has more than %d levels",
                          CPROV_UNPACK_DEPTH);
    if (cprov_merge_note(m->journal, CPROV_MERGE_DIR, m->path, old, err) < 0 ||
        open_ours(m, to, name, old->st_mode, &ours, err) < 0 ||
        merge_content(m, inner, ours, depth + 1, err) < 0)
        return err->code;
    return settle_dir(m, inner, ours, new, old, err);
}

static int swap(struct tree_merge *m, int from, int to, const char *name, const struct stat *old,
                struct cprov_error *err)
{
    auto_fd int dir = -1;

    if (cprov_merge_note(m->journal, CPROV_MERGE_SWAPPED, m->path, old, err) < 0)
        return err->code;
    /* What is below goes with it, and away in the end. */
    if (S_ISDIR(old->st_mode) && (open_ours(m, to, name, old->st_mode, &dir, err) < 0 ||
                                  cprov_fs_check_mounts(dir, true, err) < 0))
        return err->code;
    int os = cprov_merge_swap(from, to, name);
    return os != 0 ? fail_rename(os, err) : 0;
}

static int move(struct tree_merge *m, int from, int to, const char *name, struct cprov_error *err)
{
    static const struct stat nothing;

    if (cprov_merge_note(m->journal, CPROV_MERGE_MOVED, m->path, &nothing, err) < 0)
        return err->code;
    int rc = renameat2(from, name, to, name, RENAME_NOREPLACE);
    if (rc < 0 && (errno == EINVAL || errno == ENOSYS))
        rc = renameat(from, name, to, name);
    return rc < 0 ? fail_rename(errno, err) : 0;
}

static int merge_name(struct tree_merge *m, int from, int to, const char *name, unsigned depth,
                      struct cprov_error *err)
{
    struct stat new, old;

    if (fstatat(from, name, &new, AT_SYMLINK_NOFOLLOW) < 0)
        return cprov_fail_os(err, errno, "cannot be read");
    if (fstatat(to, name, &old, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? move(m, from, to, name, err)
                               : cprov_fail_os(err, errno, "cannot be examined");
    if (S_ISDIR(new.st_mode) && S_ISDIR(old.st_mode))
        return merge_dirs(m, from, to, name, &new, &old, depth, err);
    return swap(m, from, to, name, &old, err);
}

static int merge_content(struct tree_merge *m, int from, int to, unsigned depth,
                         struct cprov_error *err)
{
    auto_buf struct cprov_buf names = { 0 };
    size_t len = m->path_len;

    cprov_buf_init(&names, CPROV_MERGE_NAMES);
    if (list_names(from, &names, err) < 0)
        return err->code;
    for (const char *name = names.ptr; names.len > 0 && name < names.ptr + names.len;
         name += strlen(name) + 1) {
        if (len + 1 + strlen(name) > CPROV_MERGE_PATH)
            return cprov_fail(err, CPROV_ELIMIT, "a name is too long");
        char *end = m->path + len;
        if (len > 0)
            *end++ = '/';
        end = stpcpy(end, name);
        m->path_len = (size_t)(end - m->path);
        if (merge_name(m, from, to, name, depth, err) < 0)
            return depth > 0 && err->os == 0 ? err->code : cprov_wrap(err, "%s", m->path);
    }
    m->path_len = len;
    m->path[len] = '\0';
    return 0;
}

/* The folder itself is a directory of both. */
static int merge_all(struct tree_merge *m, int from, int to, struct cprov_error *err)
{
    struct stat new, old;

    if (fstat(from, &new) < 0 || fstat(to, &old) < 0)
        return cprov_fail_os(err, errno, "fstat");
    if (cprov_merge_note(m->journal, CPROV_MERGE_DIR, "", &old, err) < 0 ||
        merge_content(m, from, to, 0, err) < 0)
        return err->code;
    return settle_dir(m, from, to, &new, &old, err);
}

int cprov_merge(int stage, int to, const struct cprov_hash_table *named,
                const struct cprov_layer_attributes *attributes, struct cprov_error *err)
{
    struct tree_merge m = { .named = named, .attributes = attributes };
    struct cprov_error worse = CPROV_ERROR_INIT;
    auto_fd int from = openat(stage, CPROV_MERGE_TREE, DIR_FLAGS);
    auto_fd int journal = openat(stage, CPROV_MERGE_JOURNAL,
                                 O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);

    if (from < 0 || journal < 0)
        return cprov_fail_os(err, errno, "cannot start replacing existing files");
    int os = cprov_fs_mount_id(to, &m.mount);
    if (os != 0)
        return cprov_fail_os(err, os, "cannot list the mounts");
    m.journal = journal;
    if (merge_all(&m, from, to, err) == 0)
        return 0;
    if (cprov_merge_undo(stage, to, attributes, &worse) < 0)
        return cprov_wrap(err, "%s; replaced files could not be restored", worse.msg);
    return err->code;
}

int cprov_merge_keep(int stage, struct cprov_error *err)
{
    return unlinkat(stage, CPROV_MERGE_JOURNAL, 0) < 0 ? cprov_fail_os(err, errno, "the journal")
                                                       : 0;
}
