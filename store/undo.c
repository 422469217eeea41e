/* store/undo.c - records of a text and its length after it, so that they are read from the end. */
#include "store/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "store/tree.h"

#define FLUSH_AT (64 * CPROV_KIB)

struct cprov_undo {
    int fd;
    off_t size;           /* of the file */
    struct cprov_buf buf; /* what is not in it yet */
};

/* Not every file system has files that never had a name. */
static int open_nameless(int dir, int *out, struct cprov_error *err)
{
    char name[40];
    uint64_t number;
    int fd = openat(dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

    if (fd < 0) {
        int code = cprov_random(&number, sizeof(number), err);
        if (code != 0)
            return code;
        snprintf(name, sizeof(name), ".cprov-undo-%016" PRIx64, number);
        fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
            return cprov_fail_os(err, errno, "%s", name);
        unlinkat(dir, name, 0);
    }
    *out = fd;
    return 0;
}

int cprov_undo_new(int dir, struct cprov_undo **out, struct cprov_error *err)
{
    int fd = -1;
    int code = open_nameless(dir, &fd, err);

    if (code != 0)
        return code;
    struct cprov_undo *u = calloc(1, sizeof(*u));
    if (!u) {
        cprov_fd_close(&fd);
        return cprov_fail_memory(err);
    }
    u->fd = fd;
    cprov_buf_init(&u->buf, 2 * FLUSH_AT);
    *out = u;
    return 0;
}

void cprov_undo_free(struct cprov_undo *u)
{
    if (!u)
        return;
    cprov_fd_close(&u->fd);
    cprov_buf_clear(&u->buf);
    free(u);
}

static int flush(struct cprov_undo *u, struct cprov_error *err)
{
    int code = cprov_buf_check(&u->buf, "the list of names", err);

    if (code == 0)
        code = cprov_fs_write_all(u->fd, u->buf.ptr, u->buf.len, u->size, err);
    if (code != 0)
        return code;
    u->size += (off_t)u->buf.len;
    cprov_buf_reset(&u->buf);
    return 0;
}

int cprov_undo_add(struct cprov_undo *u, const char *path, struct cprov_error *err)
{
    uint16_t len = (uint16_t)strlen(path);

    cprov_buf_add(&u->buf, path, len);
    cprov_buf_add(&u->buf, &len, sizeof(len));
    return u->buf.len < FLUSH_AT ? cprov_buf_check(&u->buf, "the list of names", err)
                                 : flush(u, err);
}

static void remove_one(struct cprov_tree *tree, const char *path)
{
    struct cprov_place place;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (cprov_tree_find(tree, path, CPROV_TREE_LOOK, &place, &ignored) != 0)
        return; /* gone with its parent */
    if (unlinkat(place.dir, place.name, 0) < 0 && (errno == EISDIR || errno == EPERM)) {
        cprov_tree_flush(tree); /* the directory may be one of those that are open */
        if (cprov_tree_find(tree, path, CPROV_TREE_LOOK, &place, &ignored) == 0)
            (void)unlinkat(place.dir, place.name, AT_REMOVEDIR);
    }
    cprov_tree_touched(tree, &place);
}

static int read_back(struct cprov_undo *u, void *data, size_t len, struct cprov_error *err)
{
    size_t got;

    u->size -= (off_t)len;
    int code = cprov_fs_read_at(u->fd, data, len, u->size, &got, err);
    if (code == 0 && got < len)
        code = cprov_fail(err, CPROV_EFAIL, "the list of names is cut");
    return code;
}

int cprov_undo_run(struct cprov_undo *u, struct cprov_tree *tree, struct cprov_error *err)
{
    char path[UINT16_MAX + 1];
    uint16_t len;
    int code = flush(u, err);

    while (code == 0 && u->size > 0) {
        code = read_back(u, &len, sizeof(len), err);
        if (code == 0)
            code = read_back(u, path, len, err);
        if (code != 0)
            return code;
        path[len] = '\0';
        remove_one(tree, path);
    }
    return code;
}
