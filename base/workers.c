/* base/workers.c - one lock, one queue; threads come one by one as jobs find none idle. */
#include "base/workers.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"

#define STACK_SIZE ((size_t)256 * CPROV_KIB)

/*
 * What a thread runs is noted here and not in the job: when run() returns the job may be gone,
 * since its owner was free to release it there.
 */
struct worker {
    struct cprov_workers *pool;
    pthread_t thread;
    struct cprov_task *running;
    bool again; /* queue it again after this run */
};

struct cprov_workers {
    pthread_mutex_t lock;
    pthread_cond_t work; /* a job was queued, or stop */
    pthread_cond_t done; /* a job has run */
    struct cprov_task *first, *last;
    size_t queued;
    size_t idle;
    size_t started;
    size_t count;
    bool stop;
    struct worker workers[CPROV_WORKERS_MAX];
};

static void enqueue(struct cprov_workers *w, struct cprov_task *job)
{
    job->queued = 1;
    job->next = NULL;
    if (w->last)
        w->last->next = job;
    else
        w->first = job;
    w->last = job;
    w->queued++;
    pthread_cond_signal(&w->work);
}

static struct cprov_task *dequeue(struct cprov_workers *w)
{
    struct cprov_task *job = w->first;

    w->first = job->next;
    if (!w->first)
        w->last = NULL;
    w->queued--;
    job->next = NULL;
    job->queued = 0;
    return job;
}

static void unqueue(struct cprov_workers *w, struct cprov_task *job)
{
    struct cprov_task *before = NULL;

    if (!job->queued)
        return;
    for (struct cprov_task *j = w->first; j != job; j = j->next)
        before = j;
    if (before)
        before->next = job->next;
    else
        w->first = job->next;
    if (w->last == job)
        w->last = before;
    w->queued--;
    job->next = NULL;
    job->queued = 0;
}

static void *work(void *arg)
{
    struct worker *self = arg;
    struct cprov_workers *w = self->pool;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        w->idle++;
        while (!w->first && !w->stop)
            pthread_cond_wait(&w->work, &w->lock);
        w->idle--;
        if (w->stop)
            break;
        struct cprov_task *job = dequeue(w);
        self->running = job;
        self->again = false;
        pthread_mutex_unlock(&w->lock);
        job->run(job);
        pthread_mutex_lock(&w->lock);
        self->running = NULL;
        if (self->again && !w->stop)
            enqueue(w, job);
        pthread_cond_broadcast(&w->done);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static struct worker *worker_of(struct cprov_workers *w, const struct cprov_task *job)
{
    for (size_t i = 0; i < w->started; i++)
        if (w->workers[i].running == job)
            return &w->workers[i];
    return NULL;
}

/* Signals are for the threads of the program, so a worker is born with all of them blocked. */
static int start_worker(struct cprov_workers *w)
{
    struct worker *worker = &w->workers[w->started];
    pthread_attr_t attr;
    sigset_t all, before;
    int os = pthread_attr_init(&attr);

    if (os != 0)
        return os;
    worker->pool = w;
    sigfillset(&all);
    os = pthread_attr_setstacksize(&attr, STACK_SIZE);
    if (os == 0)
        os = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (os == 0) {
        os = pthread_create(&worker->thread, &attr, work, worker);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attr);
    if (os == 0) {
        pthread_setname_np(worker->thread, "cprov-worker");
        w->started++;
    }
    return os;
}

static size_t usable_cores(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
        return 1;
    return (size_t)CPU_COUNT(&set);
}

int cprov_workers_new(size_t count, struct cprov_workers **out, struct cprov_error *err)
{
    struct cprov_workers *w = calloc(1, sizeof(*w));

    if (!w)
        return cprov_fail_memory(err);
    w->count = count > 0 ? count : usable_cores();
    if (w->count > CPROV_WORKERS_MAX)
        w->count = CPROV_WORKERS_MAX;
    /* With default attributes none of these can fail on Linux. */
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->done, NULL);
    *out = w;
    return 0;
}

void cprov_workers_free(struct cprov_workers *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    while (w->first)
        dequeue(w);
    pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < w->started; i++)
        pthread_join(w->workers[i].thread, NULL);
    pthread_cond_destroy(&w->done);
    pthread_cond_destroy(&w->work);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

/* With the lock held. */
static int submit(struct cprov_workers *w, struct cprov_task *job)
{
    struct worker *busy = worker_of(w, job);
    int os = 0;

    if (job->queued)
        return 0;
    if (busy) { /* one job never runs on two threads at once */
        busy->again = true;
        return 0;
    }
    if (w->idle <= w->queued && w->started < w->count)
        os = start_worker(w);
    if (w->started == 0)
        return os;
    enqueue(w, job);
    return 0;
}

int cprov_workers_submit(struct cprov_workers *w, struct cprov_task *job, struct cprov_error *err)
{
    pthread_mutex_lock(&w->lock);
    int os = submit(w, job);
    pthread_mutex_unlock(&w->lock);
    if (os != 0)
        return cprov_fail_os(err, os, "cannot start a thread");
    return 0;
}

void cprov_workers_withdraw(struct cprov_workers *w, struct cprov_task *job)
{
    pthread_mutex_lock(&w->lock);
    for (;;) {
        struct worker *busy = worker_of(w, job);

        unqueue(w, job);
        if (busy)
            busy->again = false;
        if (!busy || pthread_equal(busy->thread, pthread_self()))
            break;
        pthread_cond_wait(&w->done, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
}
