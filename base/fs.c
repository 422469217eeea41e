/* base/fs.c - every descriptor is closed on exec, every call is repeated after a signal. */
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"

#define READ_FIRST      4096 /* bytes; files of /proc say that they have none */
#define TEMP_NAME_MAX   32
#define TEMP_TRIES      16
#define LOCK_FIRST_MS   5
#define PASSWD_TEXT_MAX 16384

void cprov_fd_close(int *fd)
{
    int kept = errno;

    /* After EINTR the descriptor is closed on Linux: close(2). */
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = kept;
}

/* A descriptor, or -1 and errno. */
static int open_file(int at, const char *path, int flags, mode_t mode)
{
    int fd;

    do
        fd = openat(at, path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

int cprov_fs_open_dir(int at, const char *path, int *out, struct cprov_error *err)
{
    int fd = open_file(at, path, O_RDONLY | O_DIRECTORY, 0);

    if (fd < 0)
        return cprov_fail_os(err, errno, "%s", path);
    *out = fd;
    return 0;
}

/* 0, or the errno: a directory that is there is fine whatever mkdir says about it. */
static int make_dir(int at, const char *path, mode_t mode)
{
    struct stat st;

    if (mkdirat(at, path, mode) == 0)
        return 0;
    int os = errno;
    if (os == ENOENT || fstatat(at, path, &st, 0) < 0)
        return os;
    return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

int cprov_fs_make_dirs(int at, const char *path, mode_t mode, struct cprov_error *err)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    int os = make_dir(at, path, mode);

    if (os == 0)
        return 0;
    if (os != ENOENT || len == 0 || len >= sizeof(part))
        return cprov_fail_os(err, os, "cannot create the directory %s", path);
    for (size_t i = 1; i <= len; i++) {
        if ((path[i] != '/' && path[i] != '\0') || path[i - 1] == '/')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        os = make_dir(at, part, mode);
        if (os != 0)
            return cprov_fail_os(err, os, "cannot create the directory %s", part);
    }
    return 0;
}

/* 0, or the errno. offset < 0: at the file position. */
static int read_full(int fd, char *data, size_t len, off_t offset, size_t *got)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = offset < 0 ? read(fd, data + done, len - done)
                               : pread(fd, data + done, len - done, offset + (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *got = done;
    return 0;
}

/* Reads to the end into *data, which the caller frees in any case; at most max + 1 bytes. */
static int slurp(int fd, size_t room, size_t max, char **data, size_t *len)
{
    size_t used = 0;

    for (;;) {
        size_t got;
        char *grown = realloc(*data, room);

        if (!grown)
            return ENOMEM;
        *data = grown;
        int os = read_full(fd, grown + used, room - used, -1, &got);
        if (os != 0)
            return os;
        used += got;
        *len = used;
        if (used < room || used > max)
            return 0;
        room = room <= max / 2 ? room * 2 : max + 1;
    }
}

int cprov_fs_read(int at, const char *path, size_t max, struct cprov_buf *out,
                  struct cprov_error *err)
{
    /* Without O_NONBLOCK the open of a pipe without a writer would wait for one. */
    auto_fd int fd = open_file(at, path, O_RDONLY | O_NONBLOCK, 0);
    struct stat st;
    char *data = NULL;
    size_t len = 0, room = READ_FIRST;

    if (fd < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return cprov_fail(err, CPROV_EINVAL, "%s: not a regular file", path);
    if (max == SIZE_MAX)
        max--;
    if ((uintmax_t)st.st_size > max)
        return cprov_fail(err, CPROV_ELIMIT, "%s: larger than %zu bytes", path, max);
    if ((size_t)st.st_size >= room)
        room = (size_t)st.st_size + 1; /* the one more sees the end */
    int os = slurp(fd, room, max, &data, &len);
    int code = 0;
    if (os != 0)
        code = cprov_fail_os(err, os, "%s", path);
    else if (len > max)
        code = cprov_fail(err, CPROV_ELIMIT, "%s: larger than %zu bytes", path, max);
    if (code == 0) {
        cprov_buf_add(out, data, len);
        code = cprov_buf_check(out, path, err);
    }
    free(data);
    return code;
}

int cprov_fs_write_all(int fd, const void *data, size_t len, off_t offset, struct cprov_error *err)
{
    const char *p = data;
    size_t done = 0;

    while (done < len) {
        ssize_t n = offset < 0 ? write(fd, p + done, len - done)
                               : pwrite(fd, p + done, len - done, offset + (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cprov_fail_os(err, errno, "write");
        done += (size_t)n;
    }
    return 0;
}

int cprov_fs_read_at(int fd, void *data, size_t len, off_t offset, size_t *got,
                     struct cprov_error *err)
{
    int os = read_full(fd, data, len, offset, got);

    return os != 0 ? cprov_fail_os(err, os, "read") : 0;
}

static int sync_file(int fd)
{
    int rc;

    do
        rc = fsync(fd);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? errno : 0;
}

/* Creates a file that nobody else has: a new random name, no link followed. */
static int create_temp(int dir, mode_t mode, char name[TEMP_NAME_MAX], int *out,
                       struct cprov_error *err)
{
    for (int i = 0; i < TEMP_TRIES; i++) {
        uint64_t number;

        if (cprov_random(&number, sizeof(number), err) < 0)
            return err->code;
        snprintf(name, TEMP_NAME_MAX, ".tmp-%016llx", (unsigned long long)number);
        int fd = open_file(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
        if (fd >= 0) {
            *out = fd;
            return 0;
        }
        if (errno != EEXIST)
            return cprov_fail_os(err, errno, "cannot create a file");
    }
    return cprov_fail(err, CPROV_EFAIL, "cannot find a free name for a file");
}

/* Opens the directory that `path` is in; *name is the last component, within path. */
static int open_parent(int at, const char *path, int *dir, const char **name,
                       struct cprov_error *err)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const char *last = slash ? slash + 1 : path;
    size_t len = slash ? (size_t)(last - path) : 0; /* with the slash, so "/" is right */

    if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return cprov_fail(err, CPROV_EINVAL, "'%s' does not name a file", path);
    if (len >= sizeof(parent))
        return cprov_fail_os(err, ENAMETOOLONG, "%s", path);
    memcpy(parent, path, len);
    parent[len] = '\0';
    int code = cprov_fs_open_dir(at, len > 0 ? parent : ".", dir, err);
    if (code == 0)
        *name = last;
    return code;
}

/* A rename takes the place of anything but a folder: of /dev/null, too. */
static int check_replaceable(const struct cprov_fs_draft *d, struct cprov_error *err)
{
    struct stat st;

    if (fstatat(d->dir, d->name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISREG(st.st_mode) ||
        S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
        return 0;
    return cprov_fail(err, CPROV_EREFUSED, "%s is not a regular file", d->name);
}

int cprov_fs_draft_begin(int at, const char *path, struct cprov_fs_draft *d,
                         struct cprov_error *err)
{
    if (open_parent(at, path, &d->dir, &d->name, err) < 0 || check_replaceable(d, err) < 0)
        return err->code;
    return create_temp(d->dir, d->mode, d->temp, &d->fd, err);
}

int cprov_fs_draft_keep(struct cprov_fs_draft *d, mode_t mode, bool exclusive,
                        struct cprov_error *err)
{
    if (mode != 0 && fchmod(d->fd, mode) < 0)
        return cprov_fail_os(err, errno, "chmod");
    int os = sync_file(d->fd);
    if (os != 0)
        return cprov_fail_os(err, os, "fsync");
    if (check_replaceable(d, err) < 0) /* once more: it may have changed */
        return CPROV_EREFUSED;
    /* A link takes a free name alone; what it is a second name of is removed by the drop. */
    int rc = exclusive ? linkat(d->dir, d->temp, d->dir, d->name, 0)
                       : renameat(d->dir, d->temp, d->dir, d->name);
    if (rc < 0 && errno == EEXIST)
        return cprov_fail(err, CPROV_EEXISTS, "the file exists already");
    if (rc < 0)
        return cprov_fail_os(err, errno, "rename");
    if (!exclusive)
        d->temp[0] = '\0';
    return cprov_fs_sync_dir(d->dir, err);
}

void cprov_fs_draft_drop(struct cprov_fs_draft *d)
{
    if (d->dir >= 0 && d->temp[0])
        unlinkat(d->dir, d->temp, 0);
    d->temp[0] = '\0';
    cprov_fd_close(&d->fd);
    cprov_fd_close(&d->dir);
}

int cprov_fs_replace(int at, const char *path, struct cprov_span content, mode_t mode,
                     struct cprov_error *err)
{
    auto_fs_draft struct cprov_fs_draft d = CPROV_FS_DRAFT_INIT;

    if (cprov_fs_draft_begin(at, path, &d, err) < 0 ||
        cprov_fs_write_all(d.fd, content.ptr, content.len, -1, err) < 0 ||
        cprov_fs_draft_keep(&d, mode, false, err) < 0)
        return cprov_wrap(err, "cannot write %s", path);
    return 0;
}

int cprov_fs_nameless(const char *folder, int *out, struct cprov_error *err)
{
    *out = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*out >= 0)
        return 0;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
        return cprov_fail_os(err, errno, "cannot create a file in %s", folder);
    FILE *f = tmpfile(); /* a file system that needs names at first */
    if (f)
        *out = fcntl(fileno(f), F_DUPFD_CLOEXEC, 3);
    int os = errno;
    if (f)
        (void)fclose(f);
    return *out < 0 ? cprov_fail_os(err, os, "cannot create a temporary file") : 0;
}

int cprov_fs_sync_dir(int fd, struct cprov_error *err)
{
    int os = sync_file(fd);

    /* EINVAL: a file system that has no such thing as a directory to flush. */
    if (os != 0 && os != EINVAL)
        return cprov_fail_os(err, os, "fsync of a directory");
    return 0;
}

int cprov_fs_sync_all(int fd, struct cprov_error *err)
{
    int rc;

    do
        rc = syncfs(fd);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? cprov_fail_os(err, errno, "syncfs") : 0;
}

int cprov_fs_free_bytes(int fd, uint64_t *out, struct cprov_error *err)
{
    struct statvfs vfs;
    uint64_t bytes;
    int rc;

    do
        rc = fstatvfs(fd, &vfs);
    while (rc < 0 && errno == EINTR);
    if (rc < 0)
        return cprov_fail_os(err, errno, "cannot determine the free space");
    *out = __builtin_mul_overflow((uint64_t)vfs.f_bavail, (uint64_t)vfs.f_frsize, &bytes)
               ? UINT64_MAX
               : bytes;
    return 0;
}

static void sleep_ms(int64_t ms)
{
    struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

    nanosleep(&t, NULL); /* a signal ends it early: the caller looks around and comes back */
}

int cprov_fs_lock(int fd, bool exclusive, int wait_ms, const struct cprov_cancel *cancel,
                  struct cprov_error *err)
{
    int64_t end = cprov_clock_ms() + wait_ms;
    int64_t pause = LOCK_FIRST_MS;

    for (;;) {
        if (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return cprov_fail_os(err, errno, "cannot lock");
        if (cprov_cancelled(cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        int64_t left = end - cprov_clock_ms();
        if (left <= 0)
            return cprov_fail(err, CPROV_EINUSE, "another process holds the lock");
        sleep_ms(pause < left ? pause : left);
        pause = pause * 2 < CPROV_POLL_MS ? pause * 2 : CPROV_POLL_MS;
    }
}

const char *cprov_fs_home(struct cprov_buf *buf)
{
    const char *home = getenv("HOME");
    struct passwd entry, *found = NULL;

    cprov_buf_reset(buf);
    if (home && *home) {
        cprov_buf_add_text(buf, home);
        return cprov_buf_text(buf);
    }
    char *text = malloc(PASSWD_TEXT_MAX);
    if (text && getpwuid_r(getuid(), &entry, text, PASSWD_TEXT_MAX, &found) == 0 && found &&
        entry.pw_dir)
        cprov_buf_add_text(buf, entry.pw_dir);
    free(text);
    return cprov_buf_text(buf);
}
