/* store/follow.c - hashing from the page cache, behind the writer and beside it. */
#include "store/follow_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/workers.h"

#define INLINE_MAX     (64 * CPROV_KIB) /* bytes that are not worth another thread */
#define WAKE_STEP      CPROV_MIB        /* bytes to hash that are worth waking a thread */
#define CHUNKS_PER_RUN 16               /* then the next file has its turn on this thread */

struct cprov_follower {
    struct cprov_task job; /* first: the pool's pointer is ours */
    int fd;
    enum cprov_digest_algo algo;
    uint64_t size;
    struct cprov_workers *pool;
    struct cprov_hasher *hasher; /* of whoever has `active`, else of the owner */

    pthread_mutex_t lock; /* for what follows */
    pthread_cond_t moved; /* the job stopped */
    uint64_t limit;
    uint64_t hashed;
    bool flush;  /* also hash what is less than a chunk */
    bool active; /* the job is queued or runs */
    int failed;  /* code, with its record */
    struct cprov_error error;
};

/* Reads and hashes one piece; len bytes must be there. */
static int hash_piece(struct cprov_follower *f, uint64_t from, unsigned char *buf, size_t len,
                      struct cprov_error *err)
{
    size_t got;

    if (cprov_fs_read_at(f->fd, buf, len, (off_t)from, &got, err) < 0)
        return err->code;
    if (got < len)
        return cprov_fail(err, CPROV_EFAIL, "another process truncated the partial file");
    return cprov_hasher_update(f->hasher, buf, len, err);
}

/* How many bytes to hash now; 0 ends the run. With the lock held. */
static size_t next_piece(const struct cprov_follower *f)
{
    uint64_t left = f->limit - f->hashed;

    if (left >= CPROV_HASH_CHUNK)
        return CPROV_HASH_CHUNK;
    return f->flush || f->limit == f->size ? (size_t)left : 0;
}

static void stop(struct cprov_follower *f)
{
    f->active = false;
    pthread_cond_broadcast(&f->moved);
}

static void fail(struct cprov_follower *f, int code, const struct cprov_error *error)
{
    pthread_mutex_lock(&f->lock);
    f->failed = code;
    f->error = *error;
    stop(f);
    pthread_mutex_unlock(&f->lock);
}

/* One piece on the pool's thread. False when there is nothing more to do. */
static bool step(struct cprov_follower *f, unsigned char *chunk)
{
    struct cprov_error error = CPROV_ERROR_INIT;

    pthread_mutex_lock(&f->lock);
    size_t len = next_piece(f);
    uint64_t from = f->hashed;
    if (len == 0)
        stop(f);
    pthread_mutex_unlock(&f->lock);
    if (len == 0)
        return false;

    int code = hash_piece(f, from, chunk, len, &error);
    if (code < 0) {
        fail(f, code, &error);
        return false;
    }
    pthread_mutex_lock(&f->lock);
    f->hashed += len;
    pthread_mutex_unlock(&f->lock);
    return true;
}

/*
 * Lets the disk begin with what was hashed, so that the barrier of the commit finds little to do.
 * Only a hint: the barrier decides.
 */
static void begin_writeback(const struct cprov_follower *f, uint64_t from)
{
    (void)sync_file_range(f->fd, (off_t)from, (off_t)(f->hashed - from), SYNC_FILE_RANGE_WRITE);
}

/* Several pieces; false when there is nothing more to do. */
static bool hash_some(struct cprov_follower *f, unsigned char *chunk)
{
    uint64_t from = f->hashed; /* nobody else changes it now */

    for (int i = 0; i < CHUNKS_PER_RUN; i++)
        if (!step(f, chunk))
            return false;
    begin_writeback(f, from);
    return true;
}

/* The memory is the thread's: there are few threads, but maybe hundreds of files. */
static void run(struct cprov_task *job)
{
    struct cprov_follower *f = (struct cprov_follower *)job;
    struct cprov_error error = CPROV_ERROR_INIT;
    unsigned char chunk[CPROV_HASH_CHUNK];
    int code = 0;

    if (hash_some(f, chunk))
        code = cprov_workers_submit(f->pool, &f->job, &error);
    if (code < 0)
        fail(f, code, &error);
}

int cprov_follower_new(int fd, enum cprov_digest_algo algo, uint64_t size,
                       struct cprov_workers *pool, struct cprov_follower **out,
                       struct cprov_error *err)
{
    struct cprov_follower *f = calloc(1, sizeof(*f));
    pthread_condattr_t attr;

    if (!f)
        return cprov_fail_memory(err);
    f->job.run = run;
    f->fd = fd;
    f->algo = algo;
    f->size = size;
    f->pool = pool;
    pthread_mutex_init(&f->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&f->moved, &attr);
    pthread_condattr_destroy(&attr);
    int code = cprov_digest_hasher(algo, &f->hasher, err);
    if (code < 0) {
        cprov_follower_free(f);
        return code;
    }
    *out = f;
    return 0;
}

void cprov_follower_free(struct cprov_follower *f)
{
    if (!f)
        return;
    cprov_workers_withdraw(f->pool, &f->job);
    cprov_hasher_free(f->hasher);
    pthread_cond_destroy(&f->moved);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* Puts the job into the queue when it has something to do and is not there. */
static int wake(struct cprov_follower *f, struct cprov_error *err)
{
    pthread_mutex_lock(&f->lock);
    bool submit = !f->active && f->failed == 0 && next_piece(f) > 0;
    if (submit)
        f->active = true;
    pthread_mutex_unlock(&f->lock);
    if (!submit)
        return 0;
    int code = cprov_workers_submit(f->pool, &f->job, err);
    if (code < 0) { /* no job, hence nobody else looks at it */
        f->active = false;
        return code;
    }
    return 0;
}

int cprov_follower_advance(struct cprov_follower *f, uint64_t limit, struct cprov_error *err)
{
    pthread_mutex_lock(&f->lock);
    f->limit = limit;
    bool enough = !f->active && (limit - f->hashed >= WAKE_STEP || limit == f->size);
    pthread_mutex_unlock(&f->lock);
    return enough && f->size > INLINE_MAX ? wake(f, err) : 0;
}

/* A short file, on the caller's thread. */
static int hash_here(struct cprov_follower *f, struct cprov_error *err)
{
    unsigned char buf[16 * CPROV_KIB];

    while (f->hashed < f->limit) {
        uint64_t left = f->limit - f->hashed;
        size_t len = left < sizeof(buf) ? (size_t)left : sizeof(buf);

        if (hash_piece(f, f->hashed, buf, len, err) < 0)
            return err->code;
        f->hashed += len;
    }
    return 0;
}

/* CLOCK_MONOTONIC, CPROV_POLL_MS from now. */
static struct timespec next_poll(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += CPROV_POLL_MS * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_nsec -= 1000000000L;
        t.tv_sec++;
    }
    return t;
}

/* Waits until the job has stopped. */
static int wait_for_job(struct cprov_follower *f, const struct cprov_cancel *cancel,
                        struct cprov_error *err)
{
    for (;;) {
        struct timespec until = next_poll();

        pthread_mutex_lock(&f->lock);
        while (f->active && pthread_cond_timedwait(&f->moved, &f->lock, &until) == 0)
            ;
        bool active = f->active;
        pthread_mutex_unlock(&f->lock);
        if (!active)
            return 0;
        if (cprov_cancelled(cancel))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    }
}

int cprov_follower_finish(struct cprov_follower *f, const struct cprov_cancel *cancel,
                          struct cprov_digest *out, struct cprov_error *err)
{
    if (f->size <= INLINE_MAX) {
        if (hash_here(f, err) < 0)
            return err->code;
    } else {
        pthread_mutex_lock(&f->lock);
        f->flush = true;
        pthread_mutex_unlock(&f->lock);
        if (wake(f, err) < 0 || wait_for_job(f, cancel, err) < 0)
            return err->code;
    }
    if (f->failed < 0) {
        if (err)
            *err = f->error;
        return f->failed;
    }
    return cprov_digest_finish(f->hasher, f->algo, out, err);
}

int cprov_follower_reset(struct cprov_follower *f, struct cprov_error *err)
{
    cprov_workers_withdraw(f->pool, &f->job);
    f->limit = f->hashed = 0;
    f->flush = f->active = false;
    f->failed = 0;
    return cprov_hasher_reset(f->hasher, err);
}
