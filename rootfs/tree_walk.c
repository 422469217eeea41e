/* rootfs/tree_walk.c - each component is opened by itself, with O_NOFOLLOW, from its parent. */
#include "rootfs/tree_walk_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"

#define PATH_ROOM  (CPROV_UNPACK_PATH + 1)
#define OPEN_FLAGS (O_PATH | O_NOFOLLOW | O_CLOEXEC)

struct tree_walk {
    int root;
    const struct cprov_tree_options *options;
    bool make;
    dev_t device;
    int fd;               /* of `real`; -1: the root */
    char real[PATH_ROOM]; /* the way so far, no link in it; "" is the root */
    size_t real_len;
    char rest[2 * PATH_ROOM]; /* what is still to be walked; grows by links */
    unsigned links;
};

static int here(const struct tree_walk *w)
{
    return w->fd >= 0 ? w->fd : w->root;
}

static void go_to_root(struct tree_walk *w)
{
    cprov_fd_close(&w->fd);
    w->real_len = 0;
    w->real[0] = '\0';
}

/* The parent of where we are, which at the root is the root; opened anew from there, since ".." of
 * a directory is wherever somebody may have moved it. */
static int go_up(struct tree_walk *w)
{
    char way[PATH_ROOM];
    const char *slash = strrchr(w->real, '/');
    size_t len = slash ? (size_t)(slash - w->real) : 0;

    memcpy(way, w->real, len);
    way[len] = '\0';
    go_to_root(w);
    for (char *name = way, *end; *name; name = end) {
        end = strchrnul(name, '/');
        if (*end)
            *end++ = '\0';
        int next = openat(here(w), name, OPEN_FLAGS | O_DIRECTORY);
        if (next < 0)
            return errno;
        cprov_fd_close(&w->fd);
        w->fd = next;
    }
    memcpy(w->real, way, len);
    for (size_t i = 0; i < len; i++)
        if (w->real[i] == '\0')
            w->real[i] = '/';
    w->real[len] = '\0';
    w->real_len = len;
    return 0;
}

/* Puts the target of a link before what is still to be walked. */
static int follow(struct tree_walk *w, int link)
{
    char target[PATH_ROOM];
    ssize_t n = readlinkat(link, "", target, sizeof(target));
    size_t rest = strlen(w->rest);

    if (n < 0)
        return errno;
    if (n == 0)
        return ENOENT;
    if (++w->links > CPROV_UNPACK_LINKS)
        return ELOOP;
    if ((size_t)n >= sizeof(target) || (size_t)n + 1 + rest >= sizeof(w->rest))
        return ENAMETOOLONG;
    memmove(w->rest + n + 1, w->rest, rest + 1);
    memcpy(w->rest, target, (size_t)n);
    w->rest[n] = '/';
    if (target[0] == '/')
        go_to_root(w);
    return 0;
}

static int push(struct tree_walk *w, const char *name, int *fd)
{
    size_t len = strlen(name), slash = w->real_len > 0 ? 1 : 0;

    if (w->real_len + slash + len >= sizeof(w->real))
        return ENAMETOOLONG;
    if (slash)
        w->real[w->real_len] = '/';
    memcpy(w->real + w->real_len + slash, name, len + 1);
    w->real_len += slash + len;
    cprov_fd_close(&w->fd);
    w->fd = *fd;
    *fd = -1;
    return 0;
}

/* Makes a directory here; the times of this one stay. */
static int make_dir(struct tree_walk *w, const char *name)
{
    const struct cprov_tree_options *o = w->options;
    struct stat before;

    if (fstat(here(w), &before) < 0 || mkdirat(here(w), name, 0755) < 0)
        return errno;
    if ((o->umask & 0755) && fchmodat(here(w), name, 0755, 0) < 0)
        return errno;
    if (o->own && fchownat(here(w), name, o->uid, o->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return errno;
    const struct timespec times[2] = { before.st_atim, before.st_mtim };
    (void)utimensat(here(w), ".", times, 0); /* as well as it can be done */
    return 0;
}

static int open_name(struct tree_walk *w, const char *name, int *out, struct stat *st)
{
    int fd = openat(here(w), name, OPEN_FLAGS);

    if (fd < 0 && errno == ENOENT && w->make) {
        int os = make_dir(w, name);
        if (os != 0)
            return os;
        fd = openat(here(w), name, OPEN_FLAGS);
    }
    if (fd < 0)
        return errno;
    *out = fd;
    return fstat(fd, st) < 0 ? errno : 0;
}

static int enter(struct tree_walk *w, const char *name)
{
    auto_fd int fd = -1;
    struct stat st = { .st_mode = 0 };
    int os = open_name(w, name, &fd, &st);

    if (os != 0)
        return os;
    if (S_ISLNK(st.st_mode))
        return follow(w, fd);
    if (!S_ISDIR(st.st_mode)) {
        if (!w->make)
            return ENOTDIR;
        if (unlinkat(here(w), name, 0) < 0)
            return errno;
        cprov_fd_close(&fd);
        os = open_name(w, name, &fd, &st);
    }
    if (os == 0 && !S_ISDIR(st.st_mode))
        os = ENOTDIR;
    if (os == 0 && st.st_dev != w->device)
        os = EXDEV;
    return os != 0 ? os : push(w, name, &fd);
}

/* Takes the next component from the rest. */
static int step(struct tree_walk *w)
{
    char name[NAME_MAX + 1];
    const char *end = strchrnul(w->rest, '/');
    size_t len = (size_t)(end - w->rest);

    if (len > NAME_MAX)
        return ENAMETOOLONG;
    memcpy(name, w->rest, len);
    name[len] = '\0';
    while (*end == '/')
        end++;
    memmove(w->rest, end, strlen(end) + 1);
    if (len == 0 || strcmp(name, ".") == 0)
        return 0;
    return strcmp(name, "..") == 0 ? go_up(w) : enter(w, name);
}

int cprov_tree_walk(int root, const struct cprov_tree_options *options, const char *path, bool make,
                    int *out)
{
    struct tree_walk w = { .root = root, .options = options, .make = make, .fd = -1 };
    struct stat st;
    int os = 0;

    if (strlen(path) >= PATH_ROOM)
        return ENAMETOOLONG;
    if (fstat(root, &st) < 0)
        return errno;
    w.device = st.st_dev;
    memcpy(w.rest, path, strlen(path) + 1);
    while (os == 0 && w.rest[0])
        os = step(&w);
    if (os == 0 && w.fd < 0) {
        w.fd = openat(root, ".", OPEN_FLAGS | O_DIRECTORY);
        os = w.fd < 0 ? errno : 0;
    }
    if (os == 0) {
        *out = w.fd;
        w.fd = -1;
    }
    cprov_fd_close(&w.fd);
    return os;
}
