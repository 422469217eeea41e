/* net/http.c - HTTP transfers on one curl multi handle. */
#include "net/http.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash_table.h"
#include "base/limits.h"
#include "net/curl_library_private.h"
#include "net/http_failure_private.h"
#include "net/http_transfer_private.h"

#define SWEEP_MS      50 /* between two looks at stalled transfers */
#define SWEEP_GAP_MS  (4 * SWEEP_MS)
#define RATION_MS     10 /* between two rations of a limited rate */
#define RATION_GAP_MS (10 * RATION_MS)

struct timer {
    struct timer *next;
    int64_t due_ms;
    void (*fire)(void *arg);
    void *arg;
};

struct cprov_http {
    struct cprov_http_setup setup;
    CURLM *multi; /* NULL until the first transfer */
    struct cprov_http_transfer *first, *last;
    struct cprov_http_transfer *waiting_first, *waiting_last; /* not yet given to multi */
    struct cprov_http_transfer *dead;                         /* ended or stopped, to be freed */
    size_t running;
    bool rates_due;       /* running has changed under a rate limit */
    bool inside;          /* cprov_http_run() is on the stack */
    struct timer *timers; /* by due_ms */
    int64_t swept_ms;
    int64_t rationed_ms;
    uint64_t requests;
    struct cprov_hash_table answered; /* hosts */
};

/* --- lists --- */

static void enlist(struct cprov_http *h, struct cprov_http_transfer *t)
{
    t->prev = h->last;
    *(h->last ? &h->last->next : &h->first) = t;
    h->last = t;
    *(h->waiting_last ? &h->waiting_last->next_waiting : &h->waiting_first) = t;
    h->waiting_last = t;
    h->running++;
}

static void delist(struct cprov_http *h, struct cprov_http_transfer *t)
{
    *(t->prev ? &t->prev->next : &h->first) = t->next;
    *(t->next ? &t->next->prev : &h->last) = t->prev;
    h->running--;
}

/* A dead transfer keeps its links until bury(): somebody may be walking over it. */
static void kill_transfer(struct cprov_http *h, struct cprov_http_transfer *t)
{
    t->next_dead = h->dead;
    h->dead = t;
}

static void bury(struct cprov_http *h)
{
    while (h->dead) {
        struct cprov_http_transfer *t = h->dead;

        h->dead = t->next_dead;
        if (t->added)
            cprov_curl.multi_remove_handle(h->multi, t->easy);
        delist(h, t);
        cprov_http_transfer_free(t);
    }
}

/* --- the end of a transfer --- */

static void finish(struct cprov_http *h, struct cprov_http_transfer *t, int code, bool retry,
                   const struct cprov_error *err)
{
    const struct cprov_http_head *head = t->headers.complete ? &t->headers.head : NULL;

    t->ended = true;
    if (t->added)
        cprov_curl.multi_remove_handle(h->multi, t->easy); /* frees its connection for others */
    t->added = false;
    cprov_debug(h->setup.log, "%s: %d in %lld ms%s%s", t->shown, head ? head->status : 0,
                (long long)(cprov_clock_ms() - t->started_ms), code < 0 ? ": " : "",
                code < 0 ? err->msg : "");
    t->request.done(t->request.arg, code, head, retry, code < 0 ? err : NULL);
    kill_transfer(h, t);
}

static void finish_by_result(struct cprov_http *h, struct cprov_http_transfer *t, CURLcode result)
{
    struct cprov_error err = CPROV_ERROR_INIT, ignored = CPROV_ERROR_INIT;
    bool may_retry, unreached;
    int code = cprov_http_transfer_result(t, result, &may_retry, &unreached, &err);

    /* To a host that has answered, a failure to connect is worth another try; one that never did
     * is more likely a mistyped name, as is one that there was no memory to note. */
    if (t->headers.complete)
        (void)!cprov_hash_table_note(&h->answered, 0, t->where, &ignored);
    if (unreached && !cprov_hash_table_noted(&h->answered, 0, t->where))
        may_retry = false;
    finish(h, t, code, may_retry, &err);
}

static void end_all(struct cprov_http *h, int code, const struct cprov_error *err)
{
    bool any;

    do { /* again for those that a done callback has started */
        any = false;
        for (struct cprov_http_transfer *t = h->first; t; t = t->next) {
            if (t->stopped || t->ended)
                continue;
            finish(h, t, code, false, err);
            any = true;
        }
    } while (any);
}

/* --- starting --- */

static int make_multi(struct cprov_http *h, struct cprov_error *err)
{
    if (cprov_curl_load(err) < 0)
        return err->code;
    h->multi = cprov_curl.multi_init();
    if (!h->multi)
        return cprov_fail_memory(err);
    cprov_curl.multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)CPROV_CONNECTIONS_MAX);
    cprov_curl.multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    return 0;
}

static void start_waiting(struct cprov_http *h)
{
    while (h->waiting_first) {
        struct cprov_http_transfer *t = h->waiting_first;

        h->waiting_first = t->next_waiting;
        if (!h->waiting_first)
            h->waiting_last = NULL;
        if (t->stopped || t->ended)
            continue;
        t->added = cprov_curl.multi_add_handle(h->multi, t->easy) == CURLM_OK;
        if (!t->added)
            finish_by_result(h, t, CURLE_OUT_OF_MEMORY);
    }
}

/* Between two calls of libcurl nobody walks over the lists. */
static void settle(struct cprov_http *h)
{
    start_waiting(h);
    bury(h);
}

int cprov_http_start(struct cprov_http *h, const struct cprov_http_request *request,
                     struct cprov_http_transfer **out, struct cprov_error *err)
{
    struct cprov_http_transfer *t = NULL;

    if ((!h->multi && make_multi(h, err) < 0) ||
        cprov_http_transfer_new(&h->setup, request, &h->requests, &t, err) < 0)
        return err->code;
    enlist(h, t);
    if (out)
        *out = t;
    return 0;
}

void cprov_http_stop(struct cprov_http *h, struct cprov_http_transfer *t)
{
    if (t->stopped || t->ended)
        return;
    t->stopped = true;
    kill_transfer(h, t);
    if (!h->inside)
        settle(h);
}

/* --- timers --- */

int cprov_http_after(struct cprov_http *h, int64_t ms, void (*fire)(void *arg), void *arg,
                     struct cprov_error *err)
{
    struct timer *timer = malloc(sizeof(*timer));
    struct timer **place = &h->timers;

    if (!timer)
        return cprov_fail_memory(err);
    *timer = (struct timer){ NULL, cprov_clock_ms() + (ms > 0 ? ms : 0), fire, arg };
    while (*place && (*place)->due_ms <= timer->due_ms)
        place = &(*place)->next;
    timer->next = *place;
    *place = timer;
    return 0;
}

static bool fire_timers(struct cprov_http *h)
{
    int64_t now = h->timers ? cprov_clock_ms() : 0;
    bool fired = false;

    while (h->timers && h->timers->due_ms <= now) {
        struct timer *timer = h->timers;

        h->timers = timer->next;
        timer->fire(timer->arg);
        free(timer);
        fired = true;
    }
    return fired;
}

static void drop_timers(struct cprov_http *h)
{
    while (h->timers) {
        struct timer *timer = h->timers;

        h->timers = timer->next;
        free(timer);
    }
}

static int wait_ms(const struct cprov_http *h)
{
    int64_t ms = CPROV_POLL_MS;

    if (h->timers && h->timers->due_ms - cprov_clock_ms() < ms)
        ms = h->timers->due_ms - cprov_clock_ms();
    if (h->running > 0 && h->setup.stall_timeout_ms < ms)
        ms = SWEEP_MS;
    if (h->running > 0 && h->setup.limit_rate > 0 && ms > RATION_MS)
        ms = RATION_MS;
    return ms > 0 ? (int)ms : 0;
}

/* --- running --- */

/* Lets what was held back pass; libcurl calls our callbacks from here. */
static void resume(struct cprov_http *h, struct cprov_http_transfer *t)
{
    CURLcode result;

    t->paused = false;
    result = cprov_curl.easy_pause(t->easy, CURLPAUSE_CONT);
    if (result != CURLE_OK && !t->stopped)
        finish_by_result(h, t, result);
}

/*
 * Every transfer gets an equal part of the rate. libcurl's own limit works by second and lets the
 * first megabytes through at any speed.
 */
static void ration(struct cprov_http *h)
{
    int64_t now, gap, share;

    if (h->setup.limit_rate == 0 || h->running == 0)
        return;
    now = cprov_clock_ms();
    gap = now - h->rationed_ms;
    if (gap < RATION_MS)
        return;
    h->rationed_ms = now;
    share = (int64_t)(h->setup.limit_rate / h->running) + 1;
    for (struct cprov_http_transfer *t = h->first; t; t = t->next) {
        if (t->stopped || t->ended)
            continue;
        t->ration += share * (gap < RATION_GAP_MS ? gap : RATION_GAP_MS);
        if (t->ration > share * RATION_GAP_MS)
            t->ration = share * RATION_GAP_MS; /* what was not used is not saved up */
        if (t->paused && t->ration > 0)
            resume(h, t);
    }
}

static void fail_late(struct cprov_http *h, struct cprov_http_transfer *t, bool retry,
                      struct cprov_error *err)
{
    err->os = ETIMEDOUT;
    finish(h, t, CPROV_ENETWORK, retry, err);
}

static void fail_stalled(struct cprov_http *h, struct cprov_http_transfer *t)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    bool quiet = 2 * t->quiet_ms >= t->idle_ms;
    long long ms = (long long)(quiet ? t->quiet_ms : t->idle_ms), s = ms / 1000;
    long long tenth = ms % 1000 / 100;

    if (!t->sent)
        cprov_fail(&err, CPROV_ENETWORK,
                   "%s accepted the connection but sent nothing for %lld.%lld s", t->name, s,
                   tenth);
    else if (quiet)
        cprov_fail(&err, CPROV_ENETWORK, "%s has sent nothing for %lld.%lld s", t->name, s, tenth);
    else
        cprov_fail(&err, CPROV_ENETWORK, "%s is too slow: %llu bytes in %lld.%lld s", t->name,
                   (unsigned long long)(t->moved - t->seen), s, tenth);
    fail_late(h, t, true, &err);
}

/* The time for the head, or for all of a document, is over: another try would bring the same. */
static void fail_endless(struct cprov_http *h, struct cprov_http_transfer *t)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    bool head = !t->headers.complete;

    cprov_fail(&err, CPROV_ENETWORK, "the %s of %s did not end: %llu bytes in %lld s",
               head ? "head" : "answer", t->name, (unsigned long long)t->received,
               (long long)(cprov_clock_ms() - t->started_ms) / 1000);
    cprov_hint(&err, CPROV_HINT_MORE_TIME);
    fail_late(h, t, false, &err);
}

static void look_at(struct cprov_http *h, struct cprov_http_transfer *t, int64_t gap)
{
    uint64_t moved = t->received + t->uploaded;
    bool uploads = t->position < t->upload.length;

    t->quiet_ms = moved == t->moved ? t->quiet_ms + gap : 0;
    t->moved = moved;
    t->idle_ms += gap;
    if (moved - t->seen >= CPROV_STALL_BYTES) {
        t->seen = moved;
        t->idle_ms = 0;
    }
    if (t->sent && !uploads && t->left_ms != CPROV_HTTP_NO_LIMIT)
        t->left_ms -= gap;
    if (t->idle_ms >= h->setup.stall_timeout_ms)
        fail_stalled(h, t);
    else if (t->left_ms <= 0)
        fail_endless(h, t);
}

/*
 * Looks for transfers that do not get on, headers included: a server that drips a byte now and then
 * must not keep us for ever. A long gap since the last look is our own absence (a slow disk, a
 * suspended machine) and counts for little.
 */
static void sweep(struct cprov_http *h)
{
    int64_t now = cprov_clock_ms(), gap = now - h->swept_ms;

    if (gap < SWEEP_MS)
        return;
    h->swept_ms = now;
    if (gap > SWEEP_GAP_MS)
        gap = SWEEP_GAP_MS;
    for (struct cprov_http_transfer *t = h->first; t; t = t->next)
        if (!t->stopped && !t->ended && !t->paused &&
            (t->sent || cprov_http_transfer_shakes_hands(t)))
            look_at(h, t, gap);
}

void cprov_http_hurry(struct cprov_http_transfer *t, int64_t ms)
{
    t->left_ms = ms;
}

static bool reap(struct cprov_http *h)
{
    bool any = false;
    CURLMsg *msg;
    int left;

    while ((msg = cprov_curl.multi_info_read(h->multi, &left)) != NULL) {
        struct cprov_http_transfer *t = NULL;
        CURLcode result = msg->data.result;

        cprov_curl.easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
        if (t->stopped || t->ended)
            continue;
        finish_by_result(h, t, result);
        any = true;
    }
    return any;
}

static int fail_multi(struct cprov_http *h, CURLMcode failed, struct cprov_error *err)
{
    struct cprov_error local = CPROV_ERROR_INIT;

    cprov_fail(&local, CPROV_EFAIL, "libcurl: %s", cprov_curl.multi_strerror(failed));
    end_all(h, CPROV_EFAIL, &local);
    if (err)
        *err = local;
    return CPROV_EFAIL;
}

/* One round: everything that is readable, then a wait unless something ended. */
static int step(struct cprov_http *h, bool busy, struct cprov_error *err)
{
    CURLMcode failed;
    int alive;

    if (!h->multi) {
        poll(NULL, 0, busy ? 0 : wait_ms(h));
        return 0;
    }
    ration(h);
    failed = cprov_curl.multi_perform(h->multi, &alive);
    if (failed != CURLM_OK)
        return fail_multi(h, failed, err);
    busy = reap(h) || busy;
    sweep(h);
    if (busy || h->waiting_first || h->dead)
        return 0;
    failed = cprov_curl.multi_poll(h->multi, NULL, 0, wait_ms(h), NULL);
    return failed == CURLM_OK ? 0 : fail_multi(h, failed, err);
}

static int run(struct cprov_http *h, bool (*finished)(void *arg), void *arg,
               struct cprov_error *err)
{
    for (;;) {
        settle(h);
        if (finished && finished(arg))
            return 0;
        if (cprov_cancelled(h->setup.cancel)) {
            int code = cprov_fail(err, CPROV_ECANCELLED, "interrupted");
            struct cprov_error reason = { .code = CPROV_ECANCELLED, .msg = "interrupted" };

            drop_timers(h);
            end_all(h, code, &reason);
            return code;
        }
        bool fired = fire_timers(h);
        if (!h->first && !h->timers)
            return 0;
        int code = step(h, fired, err);
        if (code < 0)
            return code;
    }
}

int cprov_http_run(struct cprov_http *h, bool (*finished)(void *arg), void *arg,
                   struct cprov_error *err)
{
    h->swept_ms = h->rationed_ms = cprov_clock_ms();
    h->inside = true;
    int code = run(h, finished, arg, err);
    h->inside = false;
    settle(h);
    return code;
}

/* --- making and freeing --- */

int cprov_http_new(const struct cprov_http_options *options, struct cprov_http **out,
                   struct cprov_error *err)
{
    auto_http struct cprov_http *h = calloc(1, sizeof(*h));

    if (!h)
        return cprov_fail_memory(err);
    h->setup.connect_timeout_ms =
        options->connect_timeout_ms > 0 ? options->connect_timeout_ms : CPROV_CONNECT_TIMEOUT_MS;
    h->setup.stall_timeout_ms =
        options->stall_timeout_ms > 0 ? options->stall_timeout_ms : CPROV_STALL_TIMEOUT_MS;
    h->setup.limit_rate = options->limit_rate;
    h->setup.cancel = options->cancel;
    h->setup.log = options->log;
    if (options->user_agent && !(h->setup.user_agent = strdup(options->user_agent)))
        return cprov_fail_memory(err);
    *out = cprov_steal(&h);
    return 0;
}

void cprov_http_free(struct cprov_http *h)
{
    if (!h)
        return;
    for (struct cprov_http_transfer *t = h->first; t; t = t->next)
        if (!t->stopped && !t->ended) {
            t->stopped = true;
            kill_transfer(h, t);
        }
    bury(h);
    drop_timers(h);
    if (h->multi)
        cprov_curl.multi_cleanup(h->multi);
    cprov_hash_table_clear(&h->answered);
    free(h->setup.user_agent);
    free(h);
}

uint64_t cprov_http_requests(const struct cprov_http *h)
{
    return h->requests;
}
