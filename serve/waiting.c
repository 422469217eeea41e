/* serve/waiting.c - requests whose answer takes long. */
#include "serve/waiting_private.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/fs.h"
#include "serve/proofs_private.h"

#define DELAYS_MAX 4 /* of one request; then it is answered whatever it takes */

struct cprov_waiting {
    const struct cprov_service *service;
    struct cprov_workers *provers, *makers; /* of files, and of what is made of documents */
    pthread_mutex_t lock;
    struct cprov_asked *first;
    bool ending;
};

int cprov_waiting_new(const struct cprov_service *service, struct cprov_waiting **out,
                      struct cprov_error *err)
{
    struct cprov_waiting *s = calloc(1, sizeof(*s));

    if (!s)
        return cprov_fail_memory(err);
    pthread_mutex_init(&s->lock, NULL); /* with default attributes it cannot fail on Linux */
    s->service = service;
    if (cprov_workers_new(1, &s->provers, err) < 0 || cprov_workers_new(1, &s->makers, err) < 0) {
        cprov_waiting_free(s);
        return err->code;
    }
    *out = s;
    return 0;
}

void cprov_waiting_free(struct cprov_waiting *s)
{
    if (!s)
        return;
    cprov_waiting_end(s);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

struct cprov_asked *cprov_asked_new(struct cprov_waiting *s, struct MHD_Connection *connection)
{
    struct cprov_asked *asked = calloc(1, sizeof(*asked));

    if (asked)
        *asked = (struct cprov_asked){ .owner = s, .connection = connection, .fd = -1 };
    return asked;
}

static void catch_up(struct cprov_asked *a)
{
    struct cprov_proofs *proofs = a->owner->service->proofs;

    switch (a->delay) {
    case CPROV_DELAY_PROOF:
        a->verdict = cprov_proofs_known(proofs, &a->proof, a->fd);
        if (a->verdict == CPROV_VERDICT_NONE)
            a->verdict = cprov_proofs_check(proofs, &a->proof, a->fd, NULL) == 0
                             ? CPROV_VERDICT_RIGHT
                             : CPROV_VERDICT_WRONG;
        break;
    case CPROV_DELAY_PART:
        cprov_view_prepare(a->view, a->part);
        break;
    case CPROV_DELAY_CATCHUP:
        cprov_view_release(cprov_served_view(a->owner->service->served));
        break;
    case CPROV_DELAY_NONE:
        break;
    }
}

/* False at the end of the server: then nothing may wait any more. */
static bool begin_to_wait(struct cprov_asked *a)
{
    struct cprov_waiting *s = a->owner;

    pthread_mutex_lock(&s->lock);
    bool may = !s->ending;
    if (may) {
        a->next = s->first;
        a->link = &s->first;
        if (a->next)
            a->next->link = &a->next;
        s->first = a;
    }
    pthread_mutex_unlock(&s->lock);
    return may;
}

/* The handler is called again. */
static void go_on(struct cprov_asked *a)
{
    pthread_mutex_lock(&a->owner->lock);
    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
    pthread_mutex_unlock(&a->owner->lock);
    cprov_fd_close(&a->fd);
    cprov_view_release(a->view);
    a->view = NULL;
    cprov_mhd.resume_connection(a->connection);
}

static void run_job(struct cprov_task *job)
{
    struct cprov_asked *a = (struct cprov_asked *)job;

    catch_up(a);
    go_on(a);
}

/* Other clients of this thread do not wait for what takes long. */
enum MHD_Result cprov_waiting_delay(struct cprov_asked *asked, struct cprov_serve_answer *a)
{
    struct cprov_waiting *s = asked->owner;
    bool is_proof = a->delay == CPROV_DELAY_PROOF;

    if (!begin_to_wait(asked))
        return MHD_NO;
    asked->job.run = run_job;
    asked->patient = ++asked->delays >= DELAYS_MAX;
    asked->delay = a->delay;
    asked->part = a->part;
    asked->proof = a->proof;
    asked->fd = a->fd;
    a->fd = -1;
    asked->view = a->view;
    a->view = NULL;
    asked->verdict = is_proof ? CPROV_VERDICT_WRONG : asked->verdict; /* until it is known */
    cprov_mhd.suspend_connection(asked->connection);
    if (cprov_workers_submit(is_proof ? s->provers : s->makers, &asked->job, NULL) < 0)
        go_on(asked);
    return MHD_YES;
}

/* Whoever waits is let go: the library cannot end before. */
void cprov_waiting_end(struct cprov_waiting *s)
{
    if (!s || s->ending)
        return;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    pthread_mutex_unlock(&s->lock);
    cprov_proofs_end(s->service->proofs);
    cprov_workers_free(s->provers);
    cprov_workers_free(s->makers);
    s->provers = s->makers = NULL;
    while (s->first) /* what was queued has been dropped */
        go_on(s->first);
}
