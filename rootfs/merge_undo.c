/* rootfs/merge_undo.c - the journal of a merge: written forwards, taken back from its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/span.h"
#include "rootfs/merge_journal_private.h"
#include "rootfs/merge_private.h"

#define MAGIC     0x4a4d5243u
#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* A record: this, the path, and the record's size once more, by which it is found from the end. */
struct head {
    uint32_t magic;
    uint16_t kind, path_len;
    uint32_t mode, uid, gid;
    uint64_t device, inode;
    int64_t times[4];
};
#define RECORD_MAX (sizeof(struct head) + CPROV_MERGE_PATH + sizeof(uint16_t))

int cprov_merge_note(int journal, enum cprov_merge_kind kind, const char *path,
                     const struct stat *was, struct cprov_error *err)
{
    char record[RECORD_MAX];
    const size_t len = strlen(path);
    struct head head = { .magic = MAGIC,
                         .kind = (uint16_t)kind,
                         .path_len = (uint16_t)len,
                         .mode = was->st_mode,
                         .uid = was->st_uid,
                         .gid = was->st_gid,
                         .device = was->st_dev,
                         .inode = was->st_ino,
                         .times = { was->st_atim.tv_sec, was->st_atim.tv_nsec, was->st_mtim.tv_sec,
                                    was->st_mtim.tv_nsec } };
    const uint16_t size = (uint16_t)(sizeof(head) + len + sizeof(size));

    memcpy(record, &head, sizeof(head));
    memcpy(record + sizeof(head), path, len);
    memcpy(record + sizeof(head) + len, &size, sizeof(size));
    return cprov_fs_write_all(journal, record, size, -1, err);
}

static void read_head(const struct head *h, const char *path, struct cprov_merge_step *out)
{
    out->kind = (enum cprov_merge_kind)h->kind;
    out->was = (struct stat){ .st_mode = h->mode,
                              .st_uid = h->uid,
                              .st_gid = h->gid,
                              .st_dev = h->device,
                              .st_ino = h->inode,
                              .st_atim = { h->times[0], (long)h->times[1] },
                              .st_mtim = { h->times[2], (long)h->times[3] } };
    memcpy(out->path, path, h->path_len);
    out->path[h->path_len] = '\0';
}

/* Whoever may write into the folder could have put a journal there: no path leads out of it. */
static bool stays_below(const char *path, size_t len)
{
    struct cprov_span rest = cprov_span_make(path, len), item;

    if (len > 0 && memchr(path, '\0', len))
        return false;
    while (rest.len > 0 && cprov_span_next(&rest, '/', &item))
        if (item.len == 0 || cprov_span_is(item, ".") || cprov_span_is(item, ".."))
            return false;
    return len == 0 || path[len - 1] != '/';
}

static bool is_whole(const struct head *h)
{
    return h->magic == MAGIC && h->path_len <= CPROV_MERGE_PATH;
}

/* Where the last whole record ends: whoever wrote it may have been killed in the next one. */
static int find_end(int journal, off_t *out, struct cprov_error *err)
{
    struct head h;
    uint16_t size;
    size_t got;
    off_t at = 0;

    for (;;) {
        *out = at;
        if (cprov_fs_read_at(journal, &h, sizeof(h), at, &got, err) < 0)
            return err->code;
        if (got < sizeof(h) || !is_whole(&h))
            return 0;
        at += (off_t)(sizeof(h) + h.path_len);
        if (cprov_fs_read_at(journal, &size, sizeof(size), at, &got, err) < 0)
            return err->code;
        at += (off_t)sizeof(size);
        if (got < sizeof(size) || size != sizeof(h) + h.path_len + sizeof(size))
            return 0;
    }
}

/* The record before *end, which goes back to where it begins. */
static int read_back(int journal, off_t *end, struct cprov_merge_step *out, struct cprov_error *err)
{
    char record[RECORD_MAX];
    struct head h;
    uint16_t size;
    size_t got;

    if (cprov_fs_read_at(journal, &size, sizeof(size), *end - (off_t)sizeof(size), &got, err) < 0)
        return err->code;
    if (got < sizeof(size) || size > sizeof(record) || size < sizeof(h) || (off_t)size > *end)
        return cprov_fail(err, CPROV_EFAIL, "the journal is damaged");
    *end -= (off_t)size;
    if (cprov_fs_read_at(journal, record, size, *end, &got, err) < 0)
        return err->code;
    memcpy(&h, record, sizeof(h));
    if (got < size || !is_whole(&h) || h.path_len != size - sizeof(h) - sizeof(size) ||
        !stays_below(record + sizeof(h), h.path_len))
        return cprov_fail(err, CPROV_EFAIL, "the journal is damaged");
    read_head(&h, record + sizeof(h), out);
    return 0;
}

/* Opens the directory that a path is in, and names its last component; no link is followed. */
static int open_parent(int root, char *path, int *out, const char **name)
{
    char *last = strrchr(path, '/');

    *name = last ? last + 1 : path;
    auto_fd int at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (char *item = path, *end; at >= 0 && item < *name; item = end + 1) {
        end = strchr(item, '/');
        *end = '\0';
        int next = openat(at, item, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        *end = '/';
        cprov_fd_close(&at);
        at = next;
    }
    if (at < 0)
        return errno;
    *out = at;
    at = -1;
    return 0;
}

/* Gives a directory of the folder back what it was. */
static int restore_dir(int at, const char *name, const struct stat *was)
{
    auto_fd int fd = openat(at, *name ? name : ".", DIR_FLAGS);
    const struct timespec times[2] = { was->st_atim, was->st_mtim };
    struct stat is;

    if (fd < 0 || fstat(fd, &is) < 0)
        return errno;
    if ((is.st_uid != was->st_uid || is.st_gid != was->st_gid) &&
        fchown(fd, was->st_uid, was->st_gid) < 0)
        return errno;
    return fchmod(fd, was->st_mode & 07777) < 0 || futimens(fd, times) < 0 ? errno : 0;
}

static int swap_back(int from, int to, const char *name, const struct stat *was)
{
    struct stat is;

    if (fstatat(to, name, &is, AT_SYMLINK_NOFOLLOW) < 0)
        return renameat(from, name, to, name) < 0 ? errno : 0; /* killed between two names */
    if (is.st_dev != was->st_dev || is.st_ino != was->st_ino) {
        int os = cprov_merge_swap(from, to, name);
        if (os != 0)
            return os;
    }
    return S_ISDIR(was->st_mode) ? restore_dir(to, name, was) : 0;
}

static int attributes_back(int from, int to, const char *name,
                           const struct cprov_layer_attributes *attributes, struct cprov_error *err)
{
    auto_fd int a = openat(from, *name ? name : ".", DIR_FLAGS);
    auto_fd int b = openat(to, *name ? name : ".", DIR_FLAGS);

    if (a < 0 || b < 0)
        return cprov_fail_os(err, errno, "%s", name);
    return cprov_merge_attributes(a, b, false, attributes, err);
}

static int take_back(int from, int to, struct cprov_merge_step *s, bool modes,
                     const struct cprov_layer_attributes *attributes, struct cprov_error *err)
{
    auto_fd int a = -1;
    auto_fd int b = -1;
    const char *name;
    struct stat st;
    int os = 0;

    if ((s->kind == CPROV_MERGE_DIR) != modes)
        return 0;
    os = open_parent(from, s->path, &a, &name);
    if (os == 0)
        os = open_parent(to, s->path, &b, &name);
    if (os != 0)
        return cprov_fail_os(err, os, "%s", s->path);
    switch (s->kind) {
    case CPROV_MERGE_MOVED:
        if (fstatat(a, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && renameat(b, name, a, name) < 0)
            os = errno;
        break;
    case CPROV_MERGE_SWAPPED:
        os = swap_back(a, b, name, &s->was);
        break;
    case CPROV_MERGE_ATTRIBUTES:
        return attributes_back(a, b, name, attributes, err);
    case CPROV_MERGE_DIR:
        os = restore_dir(b, name, &s->was);
        break;
    }
    return os != 0 ? cprov_fail_os(err, os, "%s", s->path) : 0;
}

/* Modes of directories come last, since they may keep us out; what is below comes before. */
int cprov_merge_undo(int stage, int to, const struct cprov_layer_attributes *attributes,
                     struct cprov_error *err)
{
    auto_fd int journal = openat(stage, CPROV_MERGE_JOURNAL, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    auto_fd int from = openat(stage, CPROV_MERGE_TREE, DIR_FLAGS);
    struct cprov_merge_step step;
    struct stat st;
    off_t end;

    if (journal < 0)
        return errno == ENOENT ? 0 : cprov_fail_os(err, errno, "the journal");
    if (from < 0)
        return cprov_fail_os(err, errno, CPROV_MERGE_TREE);
    if (fstat(journal, &st) < 0 || st.st_uid != geteuid() || !S_ISREG(st.st_mode))
        return cprov_fail(err, CPROV_EREFUSED, "the journal belongs to another user");
    if (find_end(journal, &end, err) < 0)
        return err->code;
    for (int modes = 0; modes < 2; modes++)
        for (off_t at = end; at > 0;)
            if (read_back(journal, &at, &step, err) < 0 ||
                take_back(from, to, &step, modes != 0, attributes, err) < 0)
                return cprov_wrap(err, "cannot restore replaced files");
    return cprov_merge_keep(stage, err);
}
