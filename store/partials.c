/* store/partials.c - removing what dead processes left. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/span.h"
#include "store/blob_writer_private.h"
#include "store/dir.h"
#include "store/store_private.h"

#define TEMP_AGE_MIN_S 60 /* a temporary file lives for the time of one fsync */

struct collection {
    int dir;
    int64_t now;
    int64_t max_age_s;
    bool dry_run;
    size_t removed;
    uint64_t bytes;
};

static bool is_old(const struct collection *c, const char *name, int64_t max_age_s)
{
    struct stat st;

    return fstatat(c->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           c->now - (int64_t)st.st_mtime >= max_age_s;
}

static void remove_file(struct collection *c, const char *name)
{
    struct stat st;

    if (fstatat(c->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        (!c->dry_run && unlinkat(c->dir, name, 0) < 0))
        return;
    c->removed++;
    c->bytes += (uint64_t)st.st_size;
}

/* The lock is what tells a download that goes on from one that nobody will finish. */
static void collect_partial(struct collection *c, const char *name)
{
    char etag[CPROV_PARTIAL_NAME_MAX + 8];

    auto_fd int fd = openat(c->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || !cprov_store_is_at(fd, c->dir, name))
        return;
    remove_file(c, name);
    if ((size_t)snprintf(etag, sizeof(etag), "%s.etag", name) < sizeof(etag))
        remove_file(c, etag);
}

/* An ETag without its file: the file was committed or removed just before a crash. */
static bool is_orphan(const struct collection *c, struct cprov_span name)
{
    char partial[CPROV_PARTIAL_NAME_MAX];
    int len = (int)(name.len - strlen(".etag"));

    return (size_t)snprintf(partial, sizeof(partial), "%.*s", len, name.ptr) < sizeof(partial) &&
           faccessat(c->dir, partial, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static void collect_one(struct collection *c, const char *name)
{
    struct cprov_span span = cprov_span_of(name);

    if (cprov_span_ends_with(span, ".etag")) {
        if (is_old(c, name, c->max_age_s) && is_orphan(c, span))
            remove_file(c, name);
    } else if (is_old(c, name, c->max_age_s)) {
        collect_partial(c, name);
    }
}

static int collect_temps(struct cprov_store *s, const char *folder, struct collection *c,
                         struct cprov_error *err)
{
    int64_t age = c->max_age_s > TEMP_AGE_MIN_S ? c->max_age_s : TEMP_AGE_MIN_S;
    auto_dir DIR *dir = NULL;
    const char *name;

    int code = cprov_dir_open(s->root, folder, &dir, err);
    if (code < 0)
        return code == CPROV_ENOTFOUND ? 0 : code;
    c->dir = dirfd(dir);
    while ((name = cprov_dir_next(dir)))
        if (cprov_span_starts_with(cprov_span_of(name), CPROV_STORE_TEMP) && is_old(c, name, age))
            remove_file(c, name);
    return 0;
}

int cprov_store_collect_partials(struct cprov_store *s, int64_t max_age_s, bool dry_run,
                                 size_t *removed, uint64_t *bytes, struct cprov_error *err)
{
    struct collection c = { .now = cprov_time_now(), .max_age_s = max_age_s, .dry_run = dry_run };
    auto_dir DIR *dir = NULL;
    const char *name;

    if (((!dry_run && cprov_store_writable(s, err) < 0) || collect_temps(s, ".", &c, err) < 0 ||
         collect_temps(s, CPROV_STORE_PRIVATE, &c, err) < 0 ||
         cprov_dir_open(s->root, CPROV_STORE_PARTIAL, &dir, err) < 0) &&
        err->code != CPROV_ENOTFOUND)
        return err->code;
    c.dir = dir ? dirfd(dir) : -1;
    while (dir && (name = cprov_dir_next(dir)))
        collect_one(&c, name);
    *removed = c.removed;
    *bytes = c.bytes;
    return 0;
}
