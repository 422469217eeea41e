/* base/fs.h - files and directories by descriptor, with the durability rules in one place. */
#ifndef CPROV_BASE_FS_H
#define CPROV_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

/* Closes *fd unless it is negative and sets it to -1; keeps errno. */
void cprov_fd_close(int *fd);
#define auto_fd CPROV_CLEANUP(cprov_fd_close)

/* Takes a descriptor out of a variable that would close it. */
static inline int cprov_fd_take(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Opens a directory (O_DIRECTORY | O_CLOEXEC); `at` is a directory fd or AT_FDCWD. */
CPROV_MUST_CHECK
int cprov_fs_open_dir(int at, const char *path, int *out, struct cprov_error *err);
/* Makes every missing component with the mode (umask applies); an existing one is fine. */
CPROV_MUST_CHECK
int cprov_fs_make_dirs(int at, const char *path, mode_t mode, struct cprov_error *err);

/* Reads a whole regular file of at most max bytes (CPROV_ELIMIT beyond) and appends it to out.
 * CPROV_ENOTFOUND when missing, CPROV_EINVAL for another type. */
CPROV_MUST_CHECK
int cprov_fs_read(int at, const char *path, size_t max, struct cprov_buf *out,
                  struct cprov_error *err);

/* Writes all, over short writes and EINTR. offset < 0: at the file position. */
CPROV_MUST_CHECK
int cprov_fs_write_all(int fd, const void *data, size_t len, off_t offset, struct cprov_error *err);
/* Reads until len bytes or the end; *got says how many. */
CPROV_MUST_CHECK
int cprov_fs_read_at(int fd, void *data, size_t len, off_t offset, size_t *got,
                     struct cprov_error *err);

/*
 * Replaces a file as one step: temporary name beside it, mode, fsync, rename, fsync of the
 * directory. After a crash there is the old file or the new one. A symlink at `path` is replaced,
 * not followed.
 */
CPROV_MUST_CHECK
int cprov_fs_replace(int at, const char *path, struct cprov_span content, mode_t mode,
                     struct cprov_error *err);

/*
 * The same for content that comes piece by piece: begin, write to fd, then keep; drop is for the
 * end in any case, and removes what was not kept. `exclusive`: CPROV_EEXISTS when there is a file
 * of that name by then, nothing is replaced. mode 0: it stays as it was made. What is neither a
 * regular file nor a symlink is never replaced: CPROV_EREFUSED.
 */
struct cprov_fs_draft {
    int dir, fd;
    mode_t mode;      /* it is made with, as the umask has it; set before it begins */
    char temp[32];    /* "" once it is kept */
    const char *name; /* within path, which is borrowed */
};
#define CPROV_FS_DRAFT_INIT                                                                        \
    {                                                                                              \
        .dir = -1, .fd = -1, .mode = 0600                                                          \
    }
CPROV_MUST_CHECK
int cprov_fs_draft_begin(int at, const char *path, struct cprov_fs_draft *d,
                         struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_fs_draft_keep(struct cprov_fs_draft *d, mode_t mode, bool exclusive,
                        struct cprov_error *err);
void cprov_fs_draft_drop(struct cprov_fs_draft *d);
#define auto_fs_draft CPROV_CLEANUP(cprov_fs_draft_drop)

/* A file in that folder that has no name, or at first one, and goes when it is closed. */
CPROV_MUST_CHECK
int cprov_fs_nameless(const char *folder, int *out, struct cprov_error *err);

CPROV_MUST_CHECK
int cprov_fs_sync_dir(int fd, struct cprov_error *err);
/* Flushes the whole file system that fd is on: one barrier for many files. */
CPROV_MUST_CHECK
int cprov_fs_sync_all(int fd, struct cprov_error *err);

/* Bytes an ordinary user may still write on the file system of fd. */
CPROV_MUST_CHECK
int cprov_fs_free_bytes(int fd, uint64_t *out, struct cprov_error *err);

/*
 * Removes the tree at `path` without following links; a missing one is fine. Modes that keep its
 * owner out are changed. What is mounted in it or at its top, a bind mount of the same file system
 * too, is left alone: CPROV_EINUSE, with what was before it removed.
 */
CPROV_MUST_CHECK
int cprov_fs_remove_tree(int at, const char *path, struct cprov_error *err);

/* The number of the mount that an open file is seen through; a bind mount has its own. Returns 0,
 * or an errno. */
int cprov_fs_mount_id(int fd, uint64_t *out);
/*
 * CPROV_EINUSE, naming the first, when something is mounted at the open directory (when at_top) or
 * below: for whoever is about to remove it and wants to know before. What /proc does not tell is
 * not found.
 */
CPROV_MUST_CHECK
int cprov_fs_check_mounts(int dir, bool at_top, struct cprov_error *err);

/*
 * Locks an open file (flock). Polls, so that *cancel (may be NULL) is seen within CPROV_POLL_MS;
 * gives up after wait_ms with CPROV_EINUSE; wait_ms 0 tries once. Released by closing the
 * descriptor.
 */
typedef bool cprov_cancel_fn(void *arg);
struct cprov_cancel {
    cprov_cancel_fn *asked; /* NULL: never */
    void *arg;
};
static inline bool cprov_cancelled(const struct cprov_cancel *c)
{
    return c && c->asked && c->asked(c->arg);
}
CPROV_MUST_CHECK
int cprov_fs_lock(int fd, bool exclusive, int wait_ms, const struct cprov_cancel *cancel,
                  struct cprov_error *err);

/* $HOME, else the password database; "" when there is none. Borrowed from buf. */
const char *cprov_fs_home(struct cprov_buf *buf);

#endif
