/* tests/unit/base/workers_test.c - each job runs as often as it must, and never beside itself. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/workers.h"

struct counted {
    struct cprov_task job; /* first: run() casts */
    atomic_int runs;
    atomic_int inside;
    atomic_int clashes;
    atomic_bool signals_open;
    char name[32];
    sem_t *started; /* NULL: does not wait */
    sem_t *go;
    int order;
};

static atomic_int next_order;

static void run(struct cprov_task *job)
{
    struct counted *c = (struct counted *)job;
    sigset_t mask;

    if (atomic_fetch_add(&c->inside, 1) > 0)
        atomic_fetch_add(&c->clashes, 1);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    atomic_store(&c->signals_open, !sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGINT));
    pthread_getname_np(pthread_self(), c->name, sizeof(c->name));
    c->order = atomic_fetch_add(&next_order, 1);
    if (c->started) {
        sem_post(c->started);
        sem_wait(c->go);
    }
    atomic_fetch_sub(&c->inside, 1);
    atomic_fetch_add(&c->runs, 1);
}

/* One worker that is busy with `blocker` until sem_post(&go). */
struct fixture {
    struct cprov_workers *w;
    sem_t started, go;
    struct counted blocker;
};

static void set_up(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    assert_int_equal(sem_init(&f->started, 0, 0), 0);
    assert_int_equal(sem_init(&f->go, 0, 0), 0);
    f->blocker.job.run = run;
    f->blocker.started = &f->started;
    f->blocker.go = &f->go;
    assert_int_equal(cprov_workers_new(1, &f->w, CPROV_IGNORED), 0);
    assert_int_equal(cprov_workers_submit(f->w, &f->blocker.job, CPROV_IGNORED), 0);
    sem_wait(&f->started);
}

static void tear_down(struct fixture *f)
{
    cprov_workers_free(f->w);
    sem_destroy(&f->started);
    sem_destroy(&f->go);
}

static void nothing_to_do(void **state)
{
    struct cprov_workers *w = NULL;
    struct counted c = { .job.run = run };

    (void)state;
    cprov_workers_free(NULL);
    assert_int_equal(cprov_workers_new(0, &w, CPROV_IGNORED), 0);
    cprov_workers_withdraw(w, &c.job);
    cprov_workers_free(w);
    assert_int_equal(c.runs, 0);
}

static void many(void **state)
{
    enum { JOBS = 200 };
    static struct counted jobs[JOBS];
    struct cprov_workers *w = NULL;

    (void)state;
    memset(jobs, 0, sizeof(jobs));
    assert_int_equal(cprov_workers_new(CPROV_WORKERS_MAX + 10, &w, CPROV_IGNORED), 0);
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i].job.run = run;
        assert_int_equal(cprov_workers_submit(w, &jobs[i].job, CPROV_IGNORED), 0);
    }
    /* Withdrawn while queued it has not run, else it has run to its end: never half. */
    for (size_t i = 0; i < JOBS; i++) {
        cprov_workers_withdraw(w, &jobs[i].job);
        assert_in_range(jobs[i].runs, 0, 1);
        assert_int_equal(jobs[i].inside, 0);
    }
    cprov_workers_free(w);
}

static void queued_once_in_order(void **state)
{
    struct fixture f;
    struct counted a = { .job.run = run }, b = { .job.run = run }, last = { .job.run = run };
    sem_t done, go;

    (void)state;
    set_up(&f);
    sem_init(&done, 0, 0);
    sem_init(&go, 0, 1);
    last.started = &done;
    last.go = &go;
    assert_int_equal(cprov_workers_submit(f.w, &b.job, CPROV_IGNORED), 0);
    assert_int_equal(cprov_workers_submit(f.w, &a.job, CPROV_IGNORED), 0);
    assert_int_equal(cprov_workers_submit(f.w, &b.job, CPROV_IGNORED), 0);
    assert_int_equal(cprov_workers_submit(f.w, &last.job, CPROV_IGNORED), 0);
    sem_post(&f.go);
    sem_wait(&done);
    tear_down(&f);
    assert_int_equal(a.runs, 1);
    assert_int_equal(b.runs, 1);
    assert_true(b.order < a.order && a.order < last.order);
    assert_false(a.signals_open);
    assert_string_equal(a.name, "cprov-worker");
    sem_destroy(&done);
    sem_destroy(&go);
}

static void running_is_queued_again(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f);
    assert_int_equal(cprov_workers_submit(f.w, &f.blocker.job, CPROV_IGNORED), 0);
    assert_int_equal(cprov_workers_submit(f.w, &f.blocker.job, CPROV_IGNORED), 0);
    sem_post(&f.go);
    sem_wait(&f.started); /* the second run */
    sem_post(&f.go);
    cprov_workers_withdraw(f.w, &f.blocker.job);
    tear_down(&f);
    assert_int_equal(f.blocker.runs, 2);
    assert_int_equal(f.blocker.clashes, 0);
}

static void *post_later(void *arg)
{
    struct timespec t = { .tv_nsec = 30000000 };

    nanosleep(&t, NULL);
    sem_post(arg);
    return NULL;
}

static void withdraw(void **state)
{
    struct fixture f;
    struct counted a = { .job.run = run }, b = { .job.run = run }, c = { .job.run = run };
    pthread_t thread;

    (void)state;
    set_up(&f);
    assert_int_equal(cprov_workers_submit(f.w, &a.job, CPROV_IGNORED), 0);
    assert_int_equal(cprov_workers_submit(f.w, &b.job, CPROV_IGNORED), 0);
    assert_int_equal(cprov_workers_submit(f.w, &c.job, CPROV_IGNORED), 0);
    cprov_workers_withdraw(f.w, &b.job); /* the middle, then the last, then the first */
    cprov_workers_withdraw(f.w, &c.job);
    cprov_workers_withdraw(f.w, &a.job);
    assert_int_equal(cprov_workers_submit(f.w, &c.job, CPROV_IGNORED),
                     0); /* the queue is in order */
    cprov_workers_withdraw(f.w, &c.job);
    assert_int_equal(cprov_workers_submit(f.w, &f.blocker.job, CPROV_IGNORED), 0);
    assert_int_equal(pthread_create(&thread, NULL, post_later, &f.go), 0);
    cprov_workers_withdraw(f.w, &f.blocker.job); /* waits for the run, cancels the next */
    assert_int_equal(f.blocker.runs, 1);
    pthread_join(thread, NULL);
    tear_down(&f);
    assert_int_equal(a.runs + b.runs + c.runs, 0);
    assert_int_equal(f.blocker.runs, 1);
}

static void free_drops_the_queue(void **state)
{
    struct fixture f;
    struct counted a = { .job.run = run };
    pthread_t thread;

    (void)state;
    set_up(&f);
    assert_int_equal(cprov_workers_submit(f.w, &a.job, CPROV_IGNORED), 0);
    assert_int_equal(pthread_create(&thread, NULL, post_later, &f.go), 0);
    cprov_workers_free(f.w);
    assert_int_equal(f.blocker.runs, 1);
    assert_int_equal(a.runs, 0);
    f.w = NULL;
    pthread_join(thread, NULL);
    tear_down(&f);
}

static sem_t released;

static void run_and_release(struct cprov_task *job)
{
    free(job);
    sem_post(&released);
}

static void job_that_releases_itself(void **state)
{
    struct cprov_workers *w = NULL;

    (void)state;
    sem_init(&released, 0, 0);
    assert_int_equal(cprov_workers_new(2, &w, CPROV_IGNORED), 0);
    for (int i = 0; i < 50; i++) {
        struct cprov_task *job = calloc(1, sizeof(*job));

        assert_non_null(job);
        job->run = run_and_release;
        assert_int_equal(cprov_workers_submit(w, job, CPROV_IGNORED), 0);
    }
    for (int i = 0; i < 50; i++)
        sem_wait(&released);
    cprov_workers_free(w);
    sem_destroy(&released);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_do),
        cmocka_unit_test(many),
        cmocka_unit_test(queued_once_in_order),
        cmocka_unit_test(running_is_queued_again),
        cmocka_unit_test(withdraw),
        cmocka_unit_test(free_drops_the_queue),
        cmocka_unit_test(job_that_releases_itself),
    };

    return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
