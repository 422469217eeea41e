/* rootfs/tree.c - a few directories are kept open, since archives name neighbours one by one. */
#include "rootfs/tree_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "rootfs/tree_walk_private.h"

#define SLOTS     8
#define TRIES     8 /* when another process renames things meanwhile */
#define ROOT_SLOT 0
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* A directory that is kept open. The first is the root, for ever. */
struct slot {
    int fd; /* -1: free */
    struct cprov_buf path;
    dev_t dev;
    ino_t ino;
    gid_t gid;
    struct timespec times[2]; /* to be put back */
    bool touched;
    uint64_t used; /* when */
};

struct cprov_tree {
    int root;
    struct cprov_tree_options options;
    bool walk;
    uint64_t clock;
    struct slot slots[SLOTS];
};

/* The caller says which name it is about. */
static int fail_at(struct cprov_error *err, int os)
{
    if (os == ELOOP)
        return cprov_fail(err, CPROV_EVERIFY, "a loop of links, or too many of them");
    if (os == ENAMETOOLONG)
        return cprov_fail(err, CPROV_EVERIFY, "the name is too long for a file system");
    if (os == EXDEV)
        return cprov_fail(err, CPROV_EREFUSED, "another file system is mounted on the way");
    return cprov_fail_os(err, os, "cannot be created");
}

/* Mixes the two numbers: a plain sum would make neighbours of different disks the same. */
static uint64_t dir_id(dev_t dev, ino_t ino)
{
    return (uint64_t)dev * 0x9e3779b97f4a7c15u ^ (uint64_t)ino;
}

static int fill_slot(struct slot *s, int fd, struct cprov_error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "fstat");
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    s->gid = st.st_gid;
    s->times[0] = st.st_atim;
    s->times[1] = st.st_mtim;
    s->touched = false;
    return 0;
}

/* Failing to put times back is not worth stopping for: it is not content, and not ours. */
static void settle(struct slot *s)
{
    if (s->touched)
        (void)utimensat(s->fd, ".", s->times, 0);
    s->touched = false;
}

static void release(struct slot *s)
{
    if (s->fd < 0)
        return;
    settle(s);
    cprov_fd_close(&s->fd);
    cprov_buf_reset(&s->path);
}

/* Forgets every directory but the root and the two named: names may lead elsewhere now. */
static void forget(struct cprov_tree *t, unsigned keep, unsigned keep_too)
{
    for (unsigned i = ROOT_SLOT + 1; i < SLOTS; i++)
        if (i != keep && i != keep_too)
            release(&t->slots[i]);
}

int cprov_tree_new(int root, const struct cprov_tree_options *options, struct cprov_tree **out,
                   struct cprov_error *err)
{
    struct cprov_tree *t = calloc(1, sizeof(*t));

    if (!t)
        return cprov_fail_memory(err);
    t->root = root;
    t->options = *options;
    t->walk = options->walk;
    for (unsigned i = 0; i < SLOTS; i++) {
        t->slots[i].fd = -1;
        cprov_buf_init(&t->slots[i].path, CPROV_UNPACK_PATH);
    }
    int fd = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int code = fd < 0 ? cprov_fail_os(err, errno, "cannot open the folder") : 0;
    t->slots[ROOT_SLOT].fd = fd;
    if (code == 0)
        code = fill_slot(&t->slots[ROOT_SLOT], fd, err);
    if (code < 0) {
        cprov_tree_free(t);
        return code;
    }
    *out = t;
    return 0;
}

void cprov_tree_flush(struct cprov_tree *t)
{
    forget(t, ROOT_SLOT, ROOT_SLOT);
    settle(&t->slots[ROOT_SLOT]);
}

void cprov_tree_free(struct cprov_tree *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < SLOTS; i++) {
        release(&t->slots[i]);
        cprov_buf_clear(&t->slots[i].path);
    }
    free(t);
}

/* 0, or the errno. */
static int open_by_kernel(const struct cprov_tree *t, const char *path, int *out)
{
    struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                            .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV };
    long fd = -1;

    for (int tries = 0; fd < 0 && tries < TRIES; tries++) {
        fd = syscall(SYS_openat2, t->root, path, &how, sizeof(how));
        if (fd < 0 && errno != EAGAIN && errno != EINTR)
            break;
    }
    if (fd < 0)
        return errno;
    *out = (int)fd;
    return 0;
}

/* Old kernels do not have it, and some sandboxes say that it is not permitted. */
static bool is_refused_call(int os)
{
    return os == ENOSYS || os == EPERM || os == EINVAL || os == E2BIG;
}

static int open_parent(struct cprov_tree *t, const char *path, enum cprov_tree_how how, int *out,
                       struct cprov_error *err)
{
    int os = t->walk ? ENOSYS : open_by_kernel(t, path, out);
    bool make = how == CPROV_TREE_MAKE;

    if (is_refused_call(os))
        t->walk = true;
    if (is_refused_call(os) || (make && (os == ENOENT || os == ENOTDIR)))
        os = cprov_tree_walk(t->root, &t->options, path, make, out);
    if (os == 0)
        return 0;
    if (os == ENOENT || os == ENOTDIR)
        return cprov_fail(err, CPROV_ENOTFOUND, "no directory %s", cprov_tree_short(path));
    return fail_at(err, os);
}

static struct slot *find_slot(struct cprov_tree *t, struct cprov_span path)
{
    for (unsigned i = ROOT_SLOT; i < SLOTS; i++) {
        struct slot *s = &t->slots[i];

        if (s->fd >= 0 && s->path.len == path.len &&
            (path.len == 0 || memcmp(s->path.ptr, path.ptr, path.len) == 0))
            return s;
    }
    return NULL;
}

/* A free one, or the one not used for longest. */
static struct slot *oldest_slot(struct cprov_tree *t)
{
    struct slot *oldest = &t->slots[ROOT_SLOT + 1];

    for (unsigned i = ROOT_SLOT + 1; i < SLOTS; i++) {
        if (t->slots[i].fd < 0)
            return &t->slots[i];
        if (t->slots[i].used < oldest->used)
            oldest = &t->slots[i];
    }
    return oldest;
}

static int load_slot(struct cprov_tree *t, struct cprov_span path, enum cprov_tree_how how,
                     struct slot **out, struct cprov_error *err)
{
    char text[CPROV_UNPACK_PATH + 1];
    auto_fd int fd = -1;

    memcpy(text, path.ptr, path.len);
    text[path.len] = '\0';
    if (open_parent(t, text, how, &fd, err) < 0)
        return err->code;
    struct slot *s = oldest_slot(t);
    release(s);
    /* Another path to a directory that is open already: its times are put back first. */
    for (unsigned i = 0; i < SLOTS; i++)
        if (t->slots[i].fd >= 0)
            settle(&t->slots[i]);
    int code = fill_slot(s, fd, err);
    cprov_buf_add_span(&s->path, path);
    if (code < 0 || cprov_buf_check(&s->path, "a name", err) < 0)
        return err->code;
    s->fd = fd;
    fd = -1;
    *out = s;
    return 0;
}

int cprov_tree_find(struct cprov_tree *t, const char *path, enum cprov_tree_how how,
                    struct cprov_spot *out, struct cprov_error *err)
{
    const char *slash = strrchr(path, '/');
    struct cprov_span parent = cprov_span_make(path, slash ? (size_t)(slash - path) : 0);
    struct slot *s = find_slot(t, parent);

    if (parent.len > CPROV_UNPACK_PATH)
        return fail_at(err, ENAMETOOLONG);
    if (!s) {
        if (load_slot(t, parent, how, &s, err) < 0)
            return err->code;
    }
    s->used = ++t->clock;
    const char *name = slash ? slash + 1 : path;
    *out = (struct cprov_spot){ .path = path,
                                .name = *name ? name : ".",
                                .dir = s->fd,
                                .slot = (unsigned)(s - t->slots),
                                .dir_id = dir_id(s->dev, s->ino),
                                .gid = s->gid };
    return 0;
}

void cprov_tree_touched(struct cprov_tree *t, const struct cprov_spot *p)
{
    t->slots[p->slot].touched = true;
}

/* keep: another slot that is in use. */
static int take_away(struct cprov_tree *t, const struct cprov_spot *p, unsigned keep,
                     struct cprov_error *err)
{
    if (strcmp(p->name, ".") == 0)
        return cprov_fail(err, CPROV_EVERIFY, "the root can only be a directory");
    forget(t, p->slot, keep);
    t->slots[p->slot].touched = true;
    if (unlinkat(p->dir, p->name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return fail_at(err, errno);
    return cprov_fs_remove_tree(p->dir, p->name, err);
}

int cprov_tree_remove(struct cprov_tree *t, const struct cprov_spot *p, struct cprov_error *err)
{
    return take_away(t, p, p->slot, err);
}

/* After a call that failed because the name is taken: frees the name. */
static int free_name(struct cprov_tree *t, const struct cprov_spot *p, int os,
                     struct cprov_error *err)
{
    if (os != EEXIST && os != EISDIR)
        return fail_at(err, os);
    return take_away(t, p, p->slot, err);
}

static int create(const struct cprov_spot *p, mode_t mode)
{
    return openat(p->dir, p->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY,
                  mode & 0777);
}

int cprov_tree_file(struct cprov_tree *t, const struct cprov_spot *p, mode_t mode, int *fd,
                    struct cprov_error *err)
{
    int file = create(p, mode);

    if (file >= 0) {
        *fd = file;
        cprov_tree_touched(t, p);
        return 0;
    }
    if (free_name(t, p, errno, err) < 0)
        return err->code;
    file = create(p, mode);
    if (file < 0)
        return fail_at(err, errno);
    *fd = file;
    return 0;
}

int cprov_tree_symlink(struct cprov_tree *t, const struct cprov_spot *p, const char *target,
                       struct cprov_error *err)
{
    if (!*target)
        return cprov_fail(err, CPROV_EVERIFY, "a symlink without a target");
    if (symlinkat(target, p->dir, p->name) == 0) {
        cprov_tree_touched(t, p);
        return 0;
    }
    if (free_name(t, p, errno, err) < 0)
        return err->code;
    if (symlinkat(target, p->dir, p->name) < 0)
        return fail_at(err, errno);
    return 0;
}

int cprov_tree_node(struct cprov_tree *t, const struct cprov_spot *p, mode_t mode, dev_t device,
                    struct cprov_error *err)
{
    if (mknodat(p->dir, p->name, mode, device) == 0) {
        cprov_tree_touched(t, p);
        return 0;
    }
    if (free_name(t, p, errno, err) < 0)
        return err->code;
    if (mknodat(p->dir, p->name, mode, device) < 0)
        return fail_at(err, errno);
    return 0;
}

static bool is_same_file(const struct cprov_spot *a, const struct cprov_spot *b)
{
    struct stat x, y;

    return fstatat(a->dir, a->name, &x, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(b->dir, b->name, &y, AT_SYMLINK_NOFOLLOW) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

static int fail_link(int os, const struct cprov_spot *target, struct cprov_error *err)
{
    if (os == ENOENT)
        return cprov_fail(err, CPROV_ENOTFOUND, "a hard link to '%s', which does not exist",
                          cprov_tree_short(target->path));
    if (os == EPERM)
        return cprov_fail(err, CPROV_EVERIFY, "a hard link to '%s', which cannot have hard links",
                          cprov_tree_short(target->path));
    return fail_at(err, os);
}

int cprov_tree_link(struct cprov_tree *t, const struct cprov_spot *target,
                    const struct cprov_spot *p, struct cprov_error *err)
{
    if (target->dir_id == p->dir_id && strcmp(target->name, p->name) == 0)
        return cprov_fail(err, CPROV_EVERIFY, "a hard link to itself");
    if (linkat(target->dir, target->name, p->dir, p->name, 0) == 0) {
        cprov_tree_touched(t, p);
        return 0;
    }
    if (errno != EEXIST)
        return fail_link(errno, target, err);
    if (is_same_file(target, p))
        return 0;
    if (take_away(t, p, target->slot, err) < 0)
        return err->code;
    return linkat(target->dir, target->name, p->dir, p->name, 0) < 0 ? fail_link(errno, target, err)
                                                                     : 0;
}

static int open_dir(struct cprov_tree *t, const struct cprov_spot *p, int *fd,
                    struct cprov_error *err)
{
    struct stat st;
    int dir = openat(p->dir, p->name, DIR_FLAGS);

    if (dir < 0)
        return fail_at(err, errno);
    int os = fstat(dir, &st) < 0 ? errno : 0;
    if (os == 0 && st.st_dev != t->slots[ROOT_SLOT].dev)
        os = EXDEV;
    if (os != 0) {
        cprov_fd_close(&dir);
        return fail_at(err, os);
    }
    *fd = dir;
    return 0;
}

/* Whether something else than a directory has the name. */
static bool is_other(const struct cprov_spot *p)
{
    struct stat st;

    return fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode);
}

int cprov_tree_dir(struct cprov_tree *t, const struct cprov_spot *p, int *fd,
                   struct cprov_error *err)
{
    int code = 0;

    if (strcmp(p->name, ".") == 0)
        return open_dir(t, p, fd, err);
    if (mkdirat(p->dir, p->name, 0700) == 0)
        cprov_tree_touched(t, p);
    else if (errno != EEXIST)
        code = fail_at(err, errno);
    else if (is_other(p)) {
        code = take_away(t, p, p->slot, err);
        if (code == 0 && mkdirat(p->dir, p->name, 0700) < 0)
            code = fail_at(err, errno);
    }
    return code < 0 ? code : open_dir(t, p, fd, err);
}

int cprov_tree_open_dir(struct cprov_tree *t, const struct cprov_spot *p, int *fd,
                        struct cprov_error *err)
{
    if (is_other(p))
        return cprov_fail(err, CPROV_ENOTFOUND, "%s is not a directory", cprov_tree_short(p->path));
    return open_dir(t, p, fd, err);
}

int cprov_tree_dir_times(struct cprov_tree *t, int fd, const struct timespec times[2],
                         struct cprov_error *err)
{
    struct stat st;

    if (futimens(fd, times) < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "cannot set the times");
    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot *s = &t->slots[i];

        if (s->fd >= 0 && s->dev == st.st_dev && s->ino == st.st_ino) {
            s->gid = st.st_gid;
            s->times[0] = times[0];
            s->times[1] = times[1];
        }
    }
    return 0;
}

int cprov_tree_dir_id(int fd, uint64_t *out, struct cprov_error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "fstat");
    *out = dir_id(st.st_dev, st.st_ino);
    return 0;
}
