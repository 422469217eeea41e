/* rootfs/stage.c - the lock is the folder's own, so it goes where the folder goes. */
#include "rootfs/stage_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"

#define TRIES         16 /* when others make and remove it meanwhile */
#define OPEN_FLAGS    (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define PROC_NAME_MAX 32

static int fail_in_use(const char *name, struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EINUSE, "another process is using it (in %s)", name);
}

/* A left-over may have got a mode that keeps its own owner out. Returns 0, or an errno. */
static int open_closed(int parent, const char *name, int *out)
{
    char proc[PROC_NAME_MAX];
    auto_fd int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno;
    snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
    if (chmod(proc, S_IRWXU) < 0)
        return errno;
    *out = openat(fd, ".", OPEN_FLAGS);
    return *out < 0 ? errno : 0;
}

/* Opens and locks the folder. *fd stays -1 when it went away meanwhile. */
static int hold(int parent, const char *name, bool made, int *fd, struct cprov_error *err)
{
    struct stat held, named;
    int own = openat(parent, name, OPEN_FLAGS);
    int os = own < 0 ? errno : 0;

    if (os == EACCES)
        os = open_closed(parent, name, &own);
    if (os == ENOENT)
        return 0;
    if (os != 0)
        return cprov_fail_os(err, os, "%s is in the way", name);
    if (flock(own, LOCK_EX | LOCK_NB) < 0) {
        /* Where folders have no locks, the one that made it holds it. */
        os = errno;
        if (os == EWOULDBLOCK || !made) {
            cprov_fd_close(&own);
            fail_in_use(name, err);
            if (os != EWOULDBLOCK)
                cprov_hint_about(err, CPROV_HINT_REMOVE_STAGE, "%s", name);
            return CPROV_EINUSE;
        }
    }
    if (fstat(own, &held) < 0 || fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
        held.st_dev != named.st_dev || held.st_ino != named.st_ino) {
        cprov_fd_close(&own);
        return 0;
    }
    *fd = own;
    return 0;
}

int cprov_stage_open(int parent, const char *name, cprov_stage_left_fn *left, void *arg,
                     struct cprov_stage *out, struct cprov_error *err)
{
    for (int tries = 0; tries < TRIES; tries++) {
        auto_fd int fd = -1;
        bool made = mkdirat(parent, name, S_IRWXU) == 0;

        if (!made && errno != EEXIST)
            return cprov_fail_os(err, errno, "cannot create a folder");
        if (hold(parent, name, made, &fd, err) < 0)
            return err->code;
        if (fd < 0)
            continue;
        if (made) {
            *out = (struct cprov_stage){ .parent = parent, .fd = fd };
            memcpy(out->name, name, strlen(name) + 1);
            fd = -1;
            return 0;
        }
        if ((left && left(fd, arg, err) < 0) || cprov_fs_remove_tree(parent, name, err) < 0)
            return cprov_wrap(err, "the remains of a killed process");
    }
    return fail_in_use(name, err);
}

int cprov_stage_remove(struct cprov_stage *s, struct cprov_error *err)
{
    int code = s->fd >= 0 && s->name[0] ? cprov_fs_remove_tree(s->parent, s->name, err) : 0;

    cprov_stage_close(s);
    return code;
}

void cprov_stage_close(struct cprov_stage *s)
{
    cprov_fd_close(&s->fd);
    s->name[0] = '\0';
}
