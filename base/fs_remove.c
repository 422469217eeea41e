/* base/fs_remove.c - a tree is removed by descriptor: no link is followed, no mount is entered. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"

#define DEPTH_MAX     64 /* levels, of two descriptors each, that are open at once */
#define PARK_TRIES    1000
#define PROC_NAME_MAX 32

/*
 * Descriptors are bounded, and may be few: a directory that is too deep for them is moved up into
 * the top one, which is then emptied once more.
 */
struct removal {
    int top;
    uint64_t mount; /* everything that is removed is seen through this one */
    unsigned moved;
};

static bool is_out_of_descriptors(int os)
{
    return os == EMFILE || os == ENFILE;
}

/* A descriptor, or -1 and errno. */
static int open_dir(int at, const char *name, int flags)
{
    int fd;

    do
        fd = openat(at, name, flags | O_DIRECTORY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* Opens a directory of the tree for emptying. What was unpacked may have modes that keep its own
 * owner out. Returns 0, or an errno: EBUSY when something is mounted there. */
static int open_for_removal(const struct removal *r, int at, const char *name, int *out)
{
    char proc[PROC_NAME_MAX];
    struct stat st;
    uint64_t mount;
    auto_fd int fd = open_dir(at, name, O_PATH | O_NOFOLLOW);

    if (fd < 0 || fstat(fd, &st) < 0)
        return errno;
    int os = cprov_fs_mount_id(fd, &mount);
    if (os != 0 || mount != r->mount)
        return os != 0 ? os : EBUSY;
    if ((st.st_mode & S_IRWXU) != S_IRWXU) {
        snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
        if (chmod(proc, S_IRWXU) < 0)
            return errno;
    }
    *out = open_dir(fd, ".", O_RDONLY);
    return *out < 0 ? errno : 0;
}

static void close_stream(DIR **dir)
{
    int kept = errno;

    if (*dir)
        closedir(*dir);
    errno = kept;
}

static int remove_entry(struct removal *r, int dir, const char *name, unsigned depth);

/* 0, or the errno. */
static int empty_dir(struct removal *r, int fd, unsigned depth)
{
    int own = open_dir(fd, ".", O_RDONLY); /* from its first entry on */
    CPROV_CLEANUP(close_stream) DIR *stream = own < 0 ? NULL : fdopendir(own);

    if (!stream) {
        cprov_fd_close(&own);
        return errno;
    }
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry)
            return errno;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int os = remove_entry(r, fd, entry->d_name, depth);
        if (os != 0)
            return os;
    }
}

/* Moves a directory up into the top one, under a name that nothing there has. */
static int park(struct removal *r, int dir, const char *name)
{
    char parked[PROC_NAME_MAX];

    for (int tries = 0; tries < PARK_TRIES; tries++) {
        snprintf(parked, sizeof(parked), ".deep-%u", r->moved++);
        if (renameat(dir, name, r->top, parked) == 0)
            return 0;
        if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
            return errno;
    }
    return ENOTEMPTY;
}

static int remove_dir(struct removal *r, int dir, const char *name, unsigned depth)
{
    auto_fd int fd = -1;

    if (depth >= DEPTH_MAX)
        return park(r, dir, name);
    int os = open_for_removal(r, dir, name, &fd);
    if (is_out_of_descriptors(os) && depth > 1)
        return park(r, dir, name);
    if (os != 0)
        return os;
    /* Some file systems skip entries when others are removed meanwhile: look again. */
    for (int tries = 0; tries < 3; tries++) {
        os = empty_dir(r, fd, depth + 1);
        if (is_out_of_descriptors(os) && depth > 1)
            return park(r, dir, name);
        if (os != 0)
            return os;
        if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        if (errno != ENOTEMPTY && errno != EEXIST)
            return errno;
    }
    return ENOTEMPTY;
}

static int remove_entry(struct removal *r, int dir, const char *name, unsigned depth)
{
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return errno;
    int os = remove_dir(r, dir, name, depth);
    return os == ENOENT ? 0 : os;
}

/* The mount of the directory that a path is in: what is removed is to be seen through it too. */
static int find_mount(int at, const char *path, uint64_t *out)
{
    char parent[PATH_MAX];
    size_t len = strlen(path);

    while (len > 0 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    if (len >= sizeof(parent))
        return ENAMETOOLONG;
    memcpy(parent, path, len);
    parent[len] = '\0';
    auto_fd int fd = open_dir(at, len > 0 ? parent : ".", O_PATH);
    return fd < 0 ? errno : cprov_fs_mount_id(fd, out);
}

static int remove_tree(int at, const char *path)
{
    struct removal r = { .top = -1 };
    auto_fd int top = -1;

    if (unlinkat(at, path, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return errno;
    int os = find_mount(at, path, &r.mount);
    if (os == 0)
        os = open_for_removal(&r, at, path, &top);
    if (os != 0)
        return os == ENOENT ? 0 : os;
    r.top = top;
    unsigned moved;
    do {
        moved = r.moved;
        os = empty_dir(&r, top, 1);
        if (os != 0)
            return os;
    } while (r.moved != moved);
    return unlinkat(at, path, AT_REMOVEDIR) < 0 && errno != ENOENT ? errno : 0;
}

int cprov_fs_remove_tree(int at, const char *path, struct cprov_error *err)
{
    int os = remove_tree(at, path);

    if (os != EBUSY)
        return os != 0 ? cprov_fail_os(err, os, "cannot remove %s", path) : 0;
    cprov_fail(err, CPROV_EINUSE, "cannot remove %s: something is mounted in it", path);
    cprov_hint(err, CPROV_HINT_UNMOUNT);
    return CPROV_EINUSE;
}
