/* base/outfile.c - looked at without following, and once more after it is open. */
#include "base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"

/* The descriptor that the path is another name of, or -1: such links are the kernel's, and nobody
 * else can have put them there. */
static int standard_fd(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0 ? STDOUT_FILENO
           : strcmp(path, "/dev/stderr") == 0                         ? STDERR_FILENO
                                                                      : -1;
}

static enum cprov_outfile_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode))
        return CPROV_OUTFILE_FILE;
    if (S_ISFIFO(mode) || S_ISCHR(mode))
        return CPROV_OUTFILE_STREAM;
    if (S_ISDIR(mode))
        return CPROV_OUTFILE_FOLDER;
    return S_ISLNK(mode) ? CPROV_OUTFILE_LINK : CPROV_OUTFILE_OTHER;
}

/* A link in /proc/self/fd, which /dev/fd leads to: it is followed, and may lead to a stream alone.
 */
static bool is_descriptor(const char *path)
{
    auto_fd int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct statfs fs;
    struct stat st;

    return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
           stat(path, &st) == 0 && kind_of(st.st_mode) == CPROV_OUTFILE_STREAM;
}

enum cprov_outfile_kind cprov_outfile_look(const char *path)
{
    struct stat st;

    if (standard_fd(path) >= 0)
        return CPROV_OUTFILE_STREAM;
    if (lstat(path, &st) < 0)
        return CPROV_OUTFILE_NONE;
    enum cprov_outfile_kind kind = kind_of(st.st_mode);
    return kind == CPROV_OUTFILE_LINK && is_descriptor(path) ? CPROV_OUTFILE_STREAM : kind;
}

static int refuse(const char *what, enum cprov_hint_id hint, struct cprov_error *err)
{
    cprov_fail(err, CPROV_EREFUSED, "%s", what);
    cprov_hint(err, hint);
    return CPROV_EREFUSED;
}

static int check_kind(enum cprov_outfile_kind kind, bool replace, struct cprov_error *err)
{
    switch (kind) {
    case CPROV_OUTFILE_NONE:
    case CPROV_OUTFILE_STREAM:
        return 0;
    case CPROV_OUTFILE_FILE:
        if (replace)
            return 0;
        cprov_fail(err, CPROV_EEXISTS, "the file exists already");
        cprov_hint(err, CPROV_HINT_REPLACE_FILE);
        return CPROV_EEXISTS;
    case CPROV_OUTFILE_FOLDER:
        return cprov_fail(err, CPROV_EINVAL, "it is a folder; name a file");
    case CPROV_OUTFILE_LINK:
        return refuse("symlinks are not followed", CPROV_HINT_NAME_LINKED_FILE, err);
    case CPROV_OUTFILE_OTHER:
        break;
    }
    return refuse("not a regular file or a pipe", CPROV_HINT_NAME_A_FILE, err);
}

int cprov_outfile_check(const char *path, bool replace, struct cprov_error *err)
{
    return check_kind(cprov_outfile_look(path), replace, err);
}

/* What is open is what was looked at: a stream, and no file that took its place. */
static int open_stream(const char *path, int *out, struct cprov_error *err)
{
    int standard = standard_fd(path);
    int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | (is_descriptor(path) ? 0 : O_NOFOLLOW);
    auto_fd int fd = standard >= 0 ? fcntl(standard, F_DUPFD_CLOEXEC, 3) : open(path, flags);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "cannot open it");
    if (standard < 0 && kind_of(st.st_mode) != CPROV_OUTFILE_STREAM)
        return cprov_fail(err, CPROV_EREFUSED, "it was replaced during the write");
    *out = fd;
    fd = -1;
    return 0;
}

int cprov_outfile_open(const char *path, bool replace, struct cprov_outfile *f,
                       struct cprov_error *err)
{
    enum cprov_outfile_kind kind = cprov_outfile_look(path);

    if (check_kind(kind, replace, err) < 0)
        return err->code;
    f->replace = replace;
    f->stream = kind == CPROV_OUTFILE_STREAM;
    if (f->stream)
        return open_stream(path, &f->fd, err);
    f->draft.mode = 0666;
    int code = cprov_fs_draft_begin(AT_FDCWD, path, &f->draft, err);
    f->fd = f->draft.fd;
    return code;
}

int cprov_outfile_keep(struct cprov_outfile *f, struct cprov_error *err)
{
    return f->stream ? 0 : cprov_fs_draft_keep(&f->draft, 0, !f->replace, err);
}

void cprov_outfile_drop(struct cprov_outfile *f)
{
    if (f->stream)
        cprov_fd_close(&f->fd);
    cprov_fs_draft_drop(&f->draft);
    f->fd = -1;
}

int cprov_outfile_replace(const char *path, struct cprov_span content, bool replace,
                          struct cprov_error *err)
{
    auto_outfile struct cprov_outfile f = CPROV_OUTFILE_INIT;

    if (cprov_outfile_open(path, replace, &f, err) < 0 ||
        cprov_fs_write_all(f.fd, content.ptr, content.len, -1, err) < 0 ||
        cprov_outfile_keep(&f, err) < 0)
        return cprov_wrap(err, "%s", path);
    return 0;
}

int cprov_outfile_append(const char *path, int *out, struct cprov_error *err)
{
    enum cprov_outfile_kind kind = cprov_outfile_look(path);
    int code = check_kind(kind, true, err);
    struct stat st;

    if (code < 0)
        return code;
    if (kind == CPROV_OUTFILE_STREAM)
        return open_stream(path, out, err);
    auto_fd int fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    if (fd < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "cannot open it");
    if (!S_ISREG(st.st_mode))
        return cprov_fail(err, CPROV_EREFUSED, "it was replaced during the write");
    *out = fd;
    fd = -1;
    return 0;
}
