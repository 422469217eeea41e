/* rootfs/tail.c - one file, one writer, one reader, a condition between. */
#include "rootfs/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "base/limits.h"

struct cprov_tail {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint64_t size;
    int fd; /* -1: the blob is not begun */
    uint64_t available;
    bool was_read; /* somebody has used bytes of it */
    bool broken;
    bool failed;
    struct cprov_error err;
    const struct cprov_cancel *cancel;
};

int cprov_tail_new(uint64_t size, struct cprov_tail **out, struct cprov_error *err)
{
    struct cprov_tail *t = calloc(1, sizeof(*t));
    pthread_condattr_t attr;

    if (!t)
        return cprov_fail_memory(err);
    t->size = size;
    t->fd = -1;
    pthread_mutex_init(&t->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->moved, &attr);
    pthread_condattr_destroy(&attr);
    *out = t;
    return 0;
}

void cprov_tail_free(struct cprov_tail *t)
{
    if (!t)
        return;
    cprov_fd_close(&t->fd);
    pthread_cond_destroy(&t->moved);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

int cprov_tail_open(struct cprov_tail *t, int fd, uint64_t available, struct cprov_error *err)
{
    int own = t->fd;

    if (own < 0) /* this thread alone sets it; the reader may be using it already */
        own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (own < 0)
        return cprov_fail_os(err, errno, "cannot read a blob that is still being written");
    pthread_mutex_lock(&t->lock);
    t->fd = own;
    t->available = available;
    pthread_cond_broadcast(&t->moved);
    pthread_mutex_unlock(&t->lock);
    return 0;
}

void cprov_tail_advance(struct cprov_tail *t, uint64_t available)
{
    pthread_mutex_lock(&t->lock);
    t->available = available;
    pthread_cond_broadcast(&t->moved);
    pthread_mutex_unlock(&t->lock);
}

void cprov_tail_void(struct cprov_tail *t)
{
    pthread_mutex_lock(&t->lock);
    t->available = 0;
    t->broken = t->broken || t->was_read;
    pthread_cond_broadcast(&t->moved);
    pthread_mutex_unlock(&t->lock);
}

void cprov_tail_fail(struct cprov_tail *t, const struct cprov_error *err)
{
    pthread_mutex_lock(&t->lock);
    if (!t->failed) {
        t->failed = true;
        t->err = *err;
    }
    pthread_cond_broadcast(&t->moved);
    pthread_mutex_unlock(&t->lock);
}

bool cprov_tail_broken(struct cprov_tail *t)
{
    pthread_mutex_lock(&t->lock);
    bool broken = t->broken;
    pthread_mutex_unlock(&t->lock);
    return broken;
}

bool cprov_tail_was_read(struct cprov_tail *t)
{
    pthread_mutex_lock(&t->lock);
    bool was_read = t->was_read;
    pthread_mutex_unlock(&t->lock);
    return was_read;
}

bool cprov_tail_let_down(struct cprov_tail *t)
{
    pthread_mutex_lock(&t->lock);
    bool let_down = t->broken || t->failed;
    pthread_mutex_unlock(&t->lock);
    return let_down;
}

/* With the lock held. */
static void wait_a_moment(struct cprov_tail *t)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += CPROV_POLL_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_cond_timedwait(&t->moved, &t->lock, &until);
}

/* Waits until bytes after offset are there: how many, 0 at the end, or a negative code. */
static int64_t await(struct cprov_tail *t, uint64_t offset, struct cprov_error *err)
{
    if (offset >= t->size)
        return 0;
    while (t->fd < 0 || t->available <= offset) {
        if (t->broken)
            return cprov_fail(err, CPROV_EVERIFY, "the download restarted");
        if (t->failed) {
            *err = t->err;
            return t->err.code;
        }
        if (cprov_cancelled(t->cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
        wait_a_moment(t);
    }
    if (t->broken)
        return cprov_fail(err, CPROV_EVERIFY, "the download restarted");
    t->was_read = true;
    return (int64_t)(t->available - offset);
}

static int64_t source_read(void *arg, uint64_t offset, void *buf, size_t len,
                           struct cprov_error *err)
{
    struct cprov_tail *t = arg;
    size_t got;

    pthread_mutex_lock(&t->lock);
    int64_t there = await(t, offset, err);
    int fd = t->fd;
    pthread_mutex_unlock(&t->lock);
    if (there <= 0)
        return there;
    if ((uint64_t)there < len)
        len = (size_t)there;
    /* the descriptor stays open until the tail is freed, after the reader is gone */
    if (cprov_fs_read_at(fd, buf, len, (off_t)offset, &got, err) < 0)
        return err->code;
    return got > 0 ? (int64_t)got
                   : cprov_fail(err, CPROV_EFAIL, "another process truncated the blob");
}

struct cprov_layer_source cprov_tail_source(struct cprov_tail *t, const struct cprov_cancel *cancel)
{
    t->cancel = cancel;
    return (struct cprov_layer_source){ .read = source_read, .arg = t };
}
