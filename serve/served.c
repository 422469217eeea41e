/* serve/served.c - which state of the store is the current one. */
#include "serve/served_private.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "serve/view_private.h"

#define INDEX_FILE "index.json"

/* What tells one index.json from another; all 0 when there is none. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

struct cprov_served {
    pthread_mutex_t lock;
    struct cprov_store *store;
    int root;
    struct stamp stamp; /* taken before what was read, so that a later change is seen */
    struct cprov_view *view;
    bool reading;               /* a thread is at it */
    struct cprov_error problem; /* not told yet */
};

#define LARGE (256 * CPROV_KIB) /* bytes of index.json that are read in more than a moment */

static struct stamp stamp_of(int root)
{
    struct stamp stamp = { 0 };
    struct stat st;

    if (fstatat(root, INDEX_FILE, &st, 0) == 0)
        stamp = (struct stamp){ st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
    return stamp;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(&a->modified, &b->modified) && same_time(&a->changed, &b->changed);
}

int cprov_served_new(struct cprov_store *store, struct cprov_served **out, struct cprov_error *err)
{
    auto_served struct cprov_served *s = calloc(1, sizeof(*s));

    if (!s)
        return cprov_fail_memory(err);
    pthread_mutex_init(&s->lock, NULL); /* with default attributes it cannot fail on Linux */
    s->store = store;
    s->root = -1;
    int code = cprov_fs_open_dir(AT_FDCWD, cprov_store_root(store), &s->root, err);
    if (code < 0)
        return code;
    s->stamp = stamp_of(s->root);
    code = cprov_view_read(store, &s->view, err);
    if (code < 0)
        return code;
    *out = cprov_steal(&s);
    return 0;
}

void cprov_served_free(struct cprov_served *s)
{
    if (!s)
        return;
    cprov_view_release(s->view);
    cprov_fd_close(&s->root);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* With the lock held: whether this thread is the one to read it again. */
static bool is_mine_to_read(struct cprov_served *s, struct stamp *now)
{
    *now = stamp_of(s->root);
    return !s->reading && !same(now, &s->stamp);
}

/* With the lock held; it is open while index.json is read. */
static void refresh(struct cprov_served *s)
{
    struct stamp now;
    struct cprov_error problem = CPROV_ERROR_INIT;
    struct cprov_view *fresh = NULL;

    if (!is_mine_to_read(s, &now))
        return;
    s->stamp = now; /* also when it cannot be read: it would not get better by asking again */
    s->reading = true;
    pthread_mutex_unlock(&s->lock);
    int code = cprov_view_read(s->store, &fresh, &problem);
    pthread_mutex_lock(&s->lock);
    s->reading = false;
    s->problem = problem;
    if (code < 0)
        return;
    cprov_view_release(s->view);
    s->view = fresh;
}

bool cprov_served_is_behind(struct cprov_served *s)
{
    struct stamp now;

    pthread_mutex_lock(&s->lock);
    bool behind = is_mine_to_read(s, &now) && now.size > (off_t)LARGE;
    pthread_mutex_unlock(&s->lock);
    return behind;
}

struct cprov_view *cprov_served_view(struct cprov_served *s)
{
    pthread_mutex_lock(&s->lock);
    refresh(s);
    struct cprov_view *v = cprov_view_hold(s->view);
    pthread_mutex_unlock(&s->lock);
    return v;
}

bool cprov_served_problem(struct cprov_served *s, struct cprov_error *out)
{
    pthread_mutex_lock(&s->lock);
    bool is_new = s->problem.code < 0;
    if (is_new)
        *out = s->problem;
    s->problem.code = 0;
    pthread_mutex_unlock(&s->lock);
    return is_new;
}
