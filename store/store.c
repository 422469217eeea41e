/* store/store.c - opening a layout, its lock files, its space and its log. */
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "store/dir.h"
#include "store/index_file.h"
#include "store/restore.h"
#include "store/store_private.h"

#define LAYOUT_FILE_MAX (64 * CPROV_KIB) /* bytes of oci-layout */
#define RESERVE_PART    20               /* one twentieth of what is asked for ... */
#define RESERVE_MAX     (256 * CPROV_MIB)

int cprov_store_writable(const struct cprov_store *s, struct cprov_error *err)
{
    if (s->read_only)
        return cprov_fail(err, CPROV_EREFUSED, "the store %s is read-only", s->path);
    return 0;
}

bool cprov_store_is_at(int fd, int dir, const char *name)
{
    struct stat open, named;

    return fstat(fd, &open) == 0 && fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

static int open_lock_file(struct cprov_store *s, const char *name, int *out,
                          struct cprov_error *err)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

    /* Twice: the first process here makes the folder. */
    for (int tries = 0; tries < 2; tries++) {
        int fd = openat(s->root, name, flags, 0644);

        if (fd >= 0) {
            *out = fd;
            return 0;
        }
        if (errno != ENOENT || tries > 0)
            break;
        if (cprov_fs_make_dirs(s->root, CPROV_STORE_PRIVATE, 0755, err) < 0)
            return err->code;
    }
    return cprov_fail_os(err, errno, "%s/%s", s->path, name);
}

int cprov_store_lock_file(struct cprov_store *s, const char *name, bool exclusive, int *out,
                          struct cprov_error *err)
{
    for (;;) {
        auto_fd int fd = -1;

        if (open_lock_file(s, name, &fd, err) < 0 ||
            cprov_fs_lock(fd, exclusive, CPROV_LOCK_WAIT_MS, s->cancel, err) < 0)
            return err->code;
        if (cprov_store_is_at(fd, s->root, name)) {
            *out = cprov_fd_take(&fd);
            return 0;
        }
    }
}

int cprov_store_try_lock(struct cprov_store *s, const char *name, int *out, struct cprov_error *err)
{
    auto_fd int fd = -1;

    if (open_lock_file(s, name, &fd, err) < 0)
        return err->code;
    bool got = flock(fd, LOCK_EX | LOCK_NB) == 0 && cprov_store_is_at(fd, s->root, name);
    *out = got ? cprov_fd_take(&fd) : -1;
    return 0;
}

int cprov_store_begin(struct cprov_store *s, struct cprov_error *err)
{
    auto_fd int lock = -1;
    int code = cprov_store_writable(s, err);

    if (code < 0 || s->lock >= 0)
        return code;
    if (cprov_store_lock_file(s, CPROV_STORE_LOCK, false, &lock, err) < 0 ||
        cprov_fs_make_dirs(s->root, CPROV_STORE_PARTIAL, 0755, err) < 0 ||
        cprov_fs_open_dir(s->root, CPROV_STORE_PARTIAL, &s->partial, err) < 0)
        return err->code;
    s->lock = cprov_fd_take(&lock);
    return 0;
}

int cprov_store_workers(struct cprov_store *s, struct cprov_workers **out, struct cprov_error *err)
{
    if (!s->workers) {
        if (cprov_workers_new(0, &s->workers, err) < 0)
            return err->code;
    }
    *out = s->workers;
    return 0;
}

/* Whether the folder may become a store: nothing is in it, or what a crash while making one left,
 * or what a fresh file system has. */
static int survey(struct cprov_store *s, bool *free_to_use, struct cprov_error *err)
{
    auto_dir DIR *dir = NULL;
    int code = cprov_dir_open(s->root, ".", &dir, err);
    const char *name;

    if (code < 0)
        return code;
    *free_to_use = true;
    while ((name = cprov_dir_next(dir)))
        if (strcmp(name, "lost+found") != 0 &&
            strncmp(name, CPROV_STORE_TEMP, strlen(CPROV_STORE_TEMP)) != 0)
            *free_to_use = false;
    return 0;
}

/* *damaged: it says nothing, rather than something else. */
static int check_layout(struct cprov_span text, bool *damaged, struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_json *layout;

    *damaged = true;
    if (cprov_json_parse(text, &arena, &layout, err) < 0)
        return cprov_wrap_as(err, CPROV_EVERIFY, CPROV_STORE_LAYOUT);
    const char *version = cprov_json_get_text(layout, "imageLayoutVersion");
    if (version && strcmp(version, "1.0.0") == 0)
        return 0;
    *damaged = !version;
    return cprov_fail(err, CPROV_EVERIFY, "an image layout of version '%s', not 1.0.0",
                      version ? version : "");
}

/* Under index.lock: another process may have made it and put an image in since we looked. */
static int make_index(struct cprov_store *s, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    auto_fd int lock = -1;

    int code = cprov_store_lock_file(s, CPROV_STORE_INDEXLOCK, true, &lock, err);
    if (code < 0 || faccessat(s->root, CPROV_STORE_INDEX, F_OK, 0) == 0)
        return code;
    code = cprov_index_check_nothing_lost(s, err);
    if (code < 0)
        return cprov_wrap(err, CPROV_STORE_INDEX);
    cprov_buf_init(&text, CPROV_KIB);
    cprov_index_write_head(&text, NULL);
    cprov_index_write_tail(&text);
    if (cprov_buf_check(&text, CPROV_STORE_INDEX, err) < 0)
        return err->code;
    return cprov_fs_replace(s->root, CPROV_STORE_INDEX, cprov_buf_span(&text), 0644, err);
}

/* oci-layout comes first: after a crash its folder is a store, with the rest missing. */
static int make_layout(struct cprov_store *s, bool fresh, struct cprov_error *err)
{
    if ((fresh && cprov_fs_replace(s->root, CPROV_STORE_LAYOUT,
                                   CPROV_SPAN_LITERAL(CPROV_LAYOUT_TEXT), 0644, err) < 0) ||
        cprov_fs_make_dirs(s->root, CPROV_STORE_BLOBS "/sha256", 0755, err) < 0)
        return err->code;
    return faccessat(s->root, CPROV_STORE_INDEX, F_OK, 0) < 0 ? make_index(s, err) : 0;
}

static bool has_layout_file(const struct cprov_store *s)
{
    return faccessat(s->root, CPROV_STORE_LAYOUT, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Whether a folder without a usable oci-layout is a store all the same: blobs, and a list of them.
 */
static bool looks_like_store(const struct cprov_store *s)
{
    struct stat st;

    return fstatat(s->root, CPROV_STORE_BLOBS, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(st.st_mode) &&
           (faccessat(s->root, CPROV_STORE_INDEX, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
            faccessat(s->root, CPROV_STORE_LAST, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
}

/* err says what is wrong with oci-layout; code, what it is called. */
static int mend_layout(struct cprov_store *s, int code, struct cprov_error *err)
{
    if (code != CPROV_EVERIFY || !looks_like_store(s))
        return code;
    if (!(s->flags & CPROV_STORE_REPAIR)) {
        cprov_hint_about(err, CPROV_HINT_REPAIR_STORE, "%s", s->path);
        return code;
    }
    if (cprov_store_writable(s, err) < 0)
        return err->code;
    return cprov_fs_replace(s->root, CPROV_STORE_LAYOUT, CPROV_SPAN_LITERAL(CPROV_LAYOUT_TEXT),
                            0644, err);
}

static int open_layout(struct cprov_store *s, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    bool create = s->flags & CPROV_STORE_CREATE, free_to_use = true, damaged = false;

    cprov_buf_init(&text, LAYOUT_FILE_MAX);
    if (has_layout_file(s)) {
        if ((cprov_fs_read(s->root, CPROV_STORE_LAYOUT, LAYOUT_FILE_MAX, &text, err) < 0 ||
             check_layout(cprov_buf_span(&text), &damaged, err) < 0) &&
            (!damaged || mend_layout(s, err->code, err) < 0))
            return err->code;
        return s->read_only || !create ? 0 : make_layout(s, false, err);
    }
    if (survey(s, &free_to_use, err) < 0)
        return err->code;
    if (!free_to_use && has_layout_file(s)) /* another process made the store meanwhile */
        return open_layout(s, err);
    if (!free_to_use)
        return mend_layout(s, cprov_fail(err, CPROV_EVERIFY, "holds files, but no oci-layout"),
                           err);
    if (!create)
        return cprov_fail(err, CPROV_ENOTFOUND, "no store here");
    if (cprov_store_writable(s, err) < 0)
        return err->code;
    return make_layout(s, true, err);
}

/* What is looked at is what was opened, whoever renames meanwhile. */
static int open_own(struct cprov_store *s, struct cprov_error *err)
{
    auto_fd int fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;

    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return cprov_fail(err, CPROV_EREFUSED, "is in the way: not one of our folders");
    if (fd < 0 || fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, "cannot open");
    if (st.st_uid == geteuid() && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0) {
        s->root = cprov_fd_take(&fd);
        return 0;
    }
    cprov_fail(err, CPROV_EREFUSED, "it belongs to another user, or others can write to it");
    cprov_hint(err, CPROV_HINT_REMOVE_OR_OTHER);
    return CPROV_EREFUSED;
}

static int open_root(struct cprov_store *s, struct cprov_error *err)
{
    mode_t mode = s->flags & CPROV_STORE_OWN ? 0700 : 0755;
    int code;

    if (s->flags & CPROV_STORE_CREATE) {
        if (cprov_fs_make_dirs(AT_FDCWD, s->path, mode, err) < 0)
            return err->code;
    }
    code = s->flags & CPROV_STORE_OWN ? open_own(s, err)
                                      : cprov_fs_open_dir(AT_FDCWD, s->path, &s->root, err);
    if (code < 0)
        return code;
    s->read_only =
        (s->flags & CPROV_STORE_READ) || faccessat(s->root, ".", W_OK | X_OK, AT_EACCESS) < 0;
    return 0;
}

int cprov_store_open(const char *root, unsigned flags, const struct cprov_cancel *cancel,
                     struct cprov_store **out, struct cprov_error *err)
{
    struct cprov_store *s = calloc(1, sizeof(*s));

    if (!s)
        return cprov_fail_memory(err);
    if (flags & CPROV_STORE_READ)
        flags &= ~(unsigned)(CPROV_STORE_CREATE | CPROV_STORE_EXPORT);
    *s = (struct cprov_store){ .path = strdup(root),
                               .root = -1,
                               .flags = flags,
                               .cancel = cancel,
                               .lock = -1,
                               .partial = -1 };
    int code = s->path ? open_root(s, err) : cprov_fail_memory(err);
    if (code < 0 && (flags & CPROV_STORE_OWN))
        cprov_wrap(err, "%s", root);
    if (code == 0) {
        code = open_layout(s, err);
        if (code < 0)
            cprov_wrap(err, "store %s", root);
    }
    if (code < 0) {
        s->flags = 0; /* nothing to tidy up */
        cprov_store_close(s);
        return code;
    }
    *out = s;
    return 0;
}

/* Locks a file that nobody else holds; *fd stays -1 when there is none. False: it is in use. */
static bool lock_idle(const struct cprov_store *s, const char *name, int *fd)
{
    *fd = openat(s->root, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd < 0)
        return errno == ENOENT;
    return flock(*fd, LOCK_EX | LOCK_NB) == 0 && cprov_store_is_at(*fd, s->root, name);
}

/*
 * An exported layout is for others, who have no use for our folder. Both locks are held while their
 * files go, and whoever waits for one of them looks whether it still has its name.
 */
static void remove_private(const struct cprov_store *s)
{
    auto_fd int lock = -1, index = -1;

    if (!lock_idle(s, CPROV_STORE_LOCK, &lock) || !lock_idle(s, CPROV_STORE_INDEXLOCK, &index))
        return;
    if (unlinkat(s->root, CPROV_STORE_PARTIAL, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return;
    unlinkat(s->root, CPROV_STORE_LOCK, 0);
    unlinkat(s->root, CPROV_STORE_INDEXLOCK, 0);
    unlinkat(s->root, CPROV_STORE_PRIVATE, AT_REMOVEDIR);
}

void cprov_store_close(struct cprov_store *s)
{
    if (!s)
        return;
    cprov_workers_free(s->workers);
    cprov_fd_close(&s->partial);
    cprov_fd_close(&s->lock);
    if ((s->flags & CPROV_STORE_EXPORT) && s->root >= 0 && !s->read_only)
        remove_private(s);
    cprov_fd_close(&s->root);
    free(s->path);
    free(s);
}

const char *cprov_store_root(const struct cprov_store *s)
{
    return s->path;
}

bool cprov_store_read_only(const struct cprov_store *s)
{
    return s->read_only;
}

int cprov_store_need_space(struct cprov_store *s, uint64_t bytes, struct cprov_error *err)
{
    uint64_t reserve = bytes / RESERVE_PART < RESERVE_MAX ? bytes / RESERVE_PART : RESERVE_MAX;
    uint64_t free_bytes, need;
    char there[CPROV_SIZE_TEXT_MAX], needed[CPROV_SIZE_TEXT_MAX];

    if (cprov_fs_free_bytes(s->root, &free_bytes, err) < 0)
        return err->code;
    if (__builtin_add_overflow(bytes, reserve, &need))
        need = UINT64_MAX;
    if (free_bytes < need)
        return cprov_fail(err, CPROV_ENOSPACE, "Not enough space: %s has %s free, but needs %s",
                          s->path, cprov_text_size(free_bytes, there),
                          cprov_text_size(need, needed));
    return 0;
}

/* After a crash or on a full disk the last line may be half there: it is ended, or taken back. */
static int append_line(int fd, const struct cprov_buf *line, struct cprov_error *err)
{
    struct stat st;
    char last = '\n';
    size_t got;

    if (fstat(fd, &st) < 0)
        return cprov_fail_os(err, errno, CPROV_STORE_LOG);
    if (st.st_size > 0) {
        if (cprov_fs_read_at(fd, &last, 1, st.st_size - 1, &got, err) < 0)
            return err->code;
    }
    size_t skip = last == '\n' ? 1 : 0; /* line begins with a newline */
    int code = cprov_fs_write_all(fd, line->ptr + skip, line->len - skip, st.st_size, err);
    if (code < 0 && ftruncate(fd, st.st_size) < 0)
        return code; /* the next line begins with the newline that this one lacks */
    return code;
}

int cprov_store_log(struct cprov_store *s, struct cprov_span line, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    auto_fd int fd = -1;

    cprov_buf_init(&text, line.len + 2);
    if (line.len == 0 || memchr(line.ptr, '\n', line.len))
        return cprov_fail(err, CPROV_EINVAL, "a log entry is one line");
    cprov_buf_add_char(&text, '\n');
    cprov_buf_add_span(&text, line);
    cprov_buf_add_char(&text, '\n');
    if (cprov_buf_check(&text, "log entry", err) < 0 || cprov_store_writable(s, err) < 0 ||
        cprov_store_lock_file(s, CPROV_STORE_LOG, true, &fd, err) < 0)
        return err->code;
    return append_line(fd, &text, err);
}

bool cprov_store_cancelled(const struct cprov_store *s)
{
    return cprov_cancelled(s->cancel);
}
