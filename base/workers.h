/* base/workers.h - a few threads for work that overlaps the network: hashing, inflating. */
#ifndef CPROV_BASE_WORKERS_H
#define CPROV_BASE_WORKERS_H

#include <stddef.h>

#include "base/compiler.h"

struct cprov_error;
struct cprov_workers;

/* One unit of work; runs on a worker's thread. Owned by the caller, embedded in its own struct. */
struct cprov_task {
    void (*run)(struct cprov_task *job);
    struct cprov_task *next;
    int queued; /* set by the pool */
};

/*
 * Starts no thread until the first job. Threads block all signals, have a small stack (256 KiB) and
 * a name. count 0: the number of usable cores, at most CPROV_WORKERS_MAX.
 */
CPROV_MUST_CHECK
int cprov_workers_new(size_t count, struct cprov_workers **out, struct cprov_error *err);
/* Waits for the jobs that run; queued ones are dropped. NULL-safe. */
void cprov_workers_free(struct cprov_workers *w);

/* First in, first out. A job that is queued already is left where it is; one that is running is
 * queued again. */
CPROV_MUST_CHECK
int cprov_workers_submit(struct cprov_workers *w, struct cprov_task *job, struct cprov_error *err);
/* Removes the job from the queue, or waits until it has run. Afterwards the pool does not know it.
 */
void cprov_workers_withdraw(struct cprov_workers *w, struct cprov_task *job);

#endif
