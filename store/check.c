/* store/check.c - reads every blob of the plan once, on all cores, then compares. */
#include "store/check.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/workers.h"
#include "store/blobs.h"
#include "store/check_plan_private.h"
#include "store/layer_stream.h"
#include "store/store_private.h"

#define PIECE (64 * CPROV_KIB) /* bytes that are hashed and then unpacked while in the cache */

/* The reading: jobs take the next item until there is none. */
struct reading {
    struct cprov_check_plan *plan;
    const size_t *order; /* items, the largest first */
    size_t count;
    uint64_t total; /* bytes */

    pthread_mutex_t lock; /* for what follows, the items' results and the plan's arena */
    pthread_cond_t moved;
    size_t next;
    size_t running; /* jobs */
    uint64_t done;  /* bytes */
    bool stop;
    int failed;
    struct cprov_error error;
};

struct reader {
    struct cprov_task job; /* first: the pool's pointer is ours */
    struct reading *reading;
    unsigned char *piece;
};

/* What becomes known about one blob. */
struct verdict {
    struct cprov_hasher *hasher;        /* of the bytes */
    struct cprov_layer_stream *content; /* what they unpack to, or NULL */
    int inflate_code;
    struct cprov_error inflate_error;
};

static void verdict_clear(struct verdict *f)
{
    cprov_hasher_free(f->hasher);
    cprov_layer_stream_free(f->content);
}

/* A layer that is past the ratio is given up, and only its packed bytes are read on. */
static void unpack(struct verdict *f, const unsigned char *data, size_t len)
{
    if (f->content && f->inflate_code == 0)
        f->inflate_code = cprov_layer_stream_update(f->content, data, len, &f->inflate_error);
}

/* Adds to the bytes done; false when the reading is to stop. */
static bool go_on(struct reading *r, size_t len)
{
    pthread_mutex_lock(&r->lock);
    r->done += len;
    bool stopped = r->stop;
    pthread_mutex_unlock(&r->lock);
    return !stopped;
}

static int read_bytes(struct reader *reader, int fd, struct verdict *f, struct cprov_error *err)
{
    off_t offset = 0;

    for (size_t got = PIECE; got == PIECE; offset += (off_t)got) {
        if (cprov_fs_read_at(fd, reader->piece, PIECE, offset, &got, err) < 0 ||
            cprov_hasher_update(f->hasher, reader->piece, got, err) < 0)
            return err->code;
        if (got > 0)
            unpack(f, reader->piece, got);
        if (!go_on(reader->reading, got))
            return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    }
    return 0;
}

/* Writes the results into *item, a copy. */
static int conclude(struct verdict *f, const struct cprov_digest *digest,
                    struct cprov_check_item *item, struct cprov_error *err)
{
    struct cprov_digest actual;

    if (cprov_digest_finish(f->hasher, digest->algo, &actual, err) < 0)
        return err->code;
    item->right = cprov_digest_equal(&actual, digest);
    if (!f->content || f->inflate_code < 0)
        return 0;
    f->inflate_code = cprov_layer_stream_finish(f->content, &item->diff_id, &f->inflate_error);
    item->unpacked = f->inflate_code == 0;
    return 0;
}

static int read_item(struct reader *reader, const struct cprov_digest *digest,
                     struct cprov_check_item *item, struct verdict *f, struct cprov_error *err)
{
    const struct cprov_layer_stream_options options = {
        .packed_size = item->size,
        .limits = reader->reading->plan->request->limits,
        .hash = &item->diff_algo,
    };
    auto_fd int fd = -1;
    uint64_t size;

    if (cprov_digest_hasher(digest->algo, &f->hasher, err) < 0 ||
        (item->is_layer && cprov_layer_stream_new(&options, &f->content, err) < 0) ||
        cprov_store_open_digest(reader->reading->plan->store, digest, &fd, &size, err) < 0 ||
        read_bytes(reader, fd, f, err) < 0)
        return err->code;
    return conclude(f, digest, item, err);
}

/* With the lock held: results go back into the plan, trouble of our own ends everything. */
static void store_result(struct reading *r, size_t number, struct cprov_check_item *item, int code,
                         const struct cprov_error *error, const struct verdict *f)
{
    const char *problem = code < 0 ? error->msg : f->inflate_code < 0 ? f->inflate_error.msg : NULL;
    int own = code < 0 ? code : f->inflate_code;

    if (own == CPROV_ENOMEM || own == CPROV_ECANCELLED) {
        r->failed = own;
        r->error = code < 0 ? *error : f->inflate_error;
        r->stop = true;
        return;
    }
    item->done = true;
    item->unreadable = code < 0;
    if (problem)
        item->problem = cprov_arena_text(&r->plan->arena, cprov_span_of(problem));
    r->plan->items[number] = *item;
}

static bool read_next(struct reader *reader)
{
    CPROV_CLEANUP(verdict_clear) struct verdict f = { 0 };
    struct reading *r = reader->reading;
    struct cprov_error error = CPROV_ERROR_INIT;
    struct cprov_check_item item;
    struct cprov_digest digest;
    size_t number = 0;

    pthread_mutex_lock(&r->lock);
    bool more = r->next < r->count && !r->stop;
    if (more) {
        number = r->order[r->next++];
        item = r->plan->items[number];
        digest = r->plan->digests.list[number];
    }
    pthread_mutex_unlock(&r->lock);
    if (!more)
        return false;
    int code = read_item(reader, &digest, &item, &f, &error);
    pthread_mutex_lock(&r->lock);
    store_result(r, number, &item, code, &error, &f);
    pthread_mutex_unlock(&r->lock);
    return true;
}

static void run(struct cprov_task *job)
{
    struct reader *reader = (struct reader *)job;
    struct reading *r = reader->reading;

    while (read_next(reader))
        ;
    pthread_mutex_lock(&r->lock);
    r->running--;
    pthread_cond_broadcast(&r->moved);
    pthread_mutex_unlock(&r->lock);
}

/* The largest first, so that no core ends up with a long one alone. */
static int compare_sizes(const void *left, const void *right, void *arg)
{
    const struct cprov_check_item *items = arg;
    size_t a = *(const size_t *)left, b = *(const size_t *)right;

    if (items[a].size != items[b].size)
        return items[a].size > items[b].size ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* Waits until the jobs are through; progress and cancel are the caller's, on its thread. */
static void wait_for_readers(struct reading *r)
{
    const struct cprov_check_request *request = r->plan->request;
    bool running = true;

    while (running) {
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += CPROV_POLL_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_mutex_lock(&r->lock);
        if (r->running > 0)
            pthread_cond_timedwait(&r->moved, &r->lock, &until);
        running = r->running > 0;
        uint64_t done = r->done;
        pthread_mutex_unlock(&r->lock);

        if (request->progress)
            request->progress(request->arg, done, r->total);
        if (running && cprov_cancelled(r->plan->store->cancel)) {
            pthread_mutex_lock(&r->lock);
            r->stop = true;
            pthread_mutex_unlock(&r->lock);
        }
    }
}

static int start_readers(struct reading *r, struct reader *readers, struct cprov_workers *pool,
                         struct cprov_error *err)
{
    int code = 0;

    for (size_t i = 0; i < CPROV_WORKERS_MAX && i < r->count && code == 0; i++) {
        readers[i] = (struct reader){ .job.run = run, .reading = r, .piece = malloc(PIECE) };
        if (!readers[i].piece)
            return i > 0 ? 0 : cprov_fail_memory(err);
        pthread_mutex_lock(&r->lock);
        r->running++;
        pthread_mutex_unlock(&r->lock);
        code = cprov_workers_submit(pool, &readers[i].job, err);
        if (code < 0) {
            pthread_mutex_lock(&r->lock);
            r->running--;
            r->stop = true;
            pthread_mutex_unlock(&r->lock);
        }
    }
    return code;
}

/* Reads all items of the order with as many jobs as the pool has threads. */
static int read_all(struct reading *r, struct cprov_error *err)
{
    struct reader readers[CPROV_WORKERS_MAX] = { 0 };
    struct cprov_workers *pool;

    if (cprov_store_workers(r->plan->store, &pool, err) < 0)
        return err->code;
    int code = start_readers(r, readers, pool, err);
    wait_for_readers(r);
    for (size_t i = 0; i < CPROV_COUNT(readers); i++) {
        if (readers[i].reading)
            cprov_workers_withdraw(pool, &readers[i].job);
        free(readers[i].piece);
    }
    if (code == 0 && r->failed < 0) {
        *err = r->error;
        code = r->failed;
    }
    return code;
}

static int read_plan(struct cprov_check_plan *p, struct cprov_error *err)
{
    struct reading r = { .plan = p, .done = p->result->bytes, .total = p->result->bytes };
    size_t *order = cprov_arena_alloc(&p->arena, p->digests.count, sizeof(*order));

    int code = cprov_arena_check(&p->arena, err);
    if (code < 0)
        return code;
    for (size_t i = 0; i < p->digests.count; i++) {
        if (p->items[i].done || !p->items[i].there)
            continue;
        order[r.count++] = i;
        r.total += p->items[i].size;
    }
    qsort_r(order, r.count, sizeof(*order), compare_sizes, p->items);
    r.order = order;
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.moved, NULL);
    if (r.count > 0)
        code = read_all(&r, err);
    pthread_cond_destroy(&r.moved);
    pthread_mutex_destroy(&r.lock);
    if (code == 0)
        code = cprov_arena_check(&p->arena, err);
    p->result->bytes = r.done;
    return code;
}

static const char *bytes_problem(const struct cprov_check_item *item)
{
    return item->unreadable && item->problem ? item->problem
                                             : "the content does not match its digest";
}

/* What an image says of the blob against what was found. */
static void judge(struct cprov_check_plan *p, const struct cprov_check_mention *m)
{
    const struct cprov_check_item *item = &p->items[m->item];
    struct cprov_descriptor blob = { .media_type = m->media_type,
                                     .digest = p->digests.list[m->item],
                                     .size = m->size };
    char text[CPROV_DIGEST_TEXT_MAX], diff_id[CPROV_DIGEST_TEXT_MAX];

    cprov_digest_format(&blob.digest, text);
    if (!item->there)
        cprov_check_report(p, CPROV_CHECK_MISSING, m->image, &blob, "blob %s is missing", text);
    else if (item->size != m->size)
        cprov_check_report(p, CPROV_CHECK_SIZE, m->image, &blob,
                           "blob %s has %" PRIu64 " bytes, not %" PRIu64, text, item->size,
                           m->size);
    else if (!item->right)
        cprov_check_report(p, CPROV_CHECK_DIGEST, m->image, &blob, "blob %s: %s", text,
                           bytes_problem(item));
    else if (m->has_diff_id && !item->unpacked)
        cprov_check_report(p, CPROV_CHECK_DIFF_ID, m->image, &blob,
                           "layer %s cannot be unpacked: %s", text,
                           item->problem ? item->problem : "no reason given");
    else if (m->has_diff_id && !cprov_digest_equal(&item->diff_id, &m->diff_id))
        cprov_check_report(p, CPROV_CHECK_DIFF_ID, m->image, &blob,
                           "the content of layer %s differs from the diff id in the config (%s)",
                           text, cprov_digest_format(&m->diff_id, diff_id));
}

/* Blobs that no image of the list names, with all. */
static int judge_others(struct cprov_check_plan *p, struct cprov_error *err)
{
    bool *named = cprov_arena_alloc(&p->arena, p->digests.count, sizeof(*named));
    char text[CPROV_DIGEST_TEXT_MAX];

    if (cprov_arena_check(&p->arena, err) < 0)
        return err->code;
    for (size_t i = 0; i < p->mentions_count; i++)
        named[p->mentions[i].item] = true;
    for (size_t i = 0; i < p->digests.count; i++) {
        struct cprov_descriptor blob = { .media_type = "",
                                         .digest = p->digests.list[i],
                                         .size = p->items[i].size };
        if (!named[i] && !p->items[i].right)
            cprov_check_report(p, CPROV_CHECK_DIGEST, CPROV_CHECK_NO_IMAGE, &blob, "blob %s: %s",
                               cprov_digest_format(&blob.digest, text),
                               bytes_problem(&p->items[i]));
    }
    return 0;
}

static int check(struct cprov_check_plan *p, struct cprov_error *err)
{
    if (cprov_check_plan_images(p, err) < 0 ||
        (!p->request->selected && cprov_check_plan_all(p, err) < 0) || read_plan(p, err) < 0)
        return err->code;
    p->result->blobs = p->digests.count;
    for (size_t i = 0; i < p->mentions_count; i++)
        judge(p, &p->mentions[i]);
    return judge_others(p, err);
}

int cprov_store_check(struct cprov_store *s, const struct cprov_check_request *request,
                      struct cprov_check_result *out, struct cprov_error *err)
{
    struct cprov_check_result result = { 0 };
    struct cprov_check_plan plan = { .store = s, .request = request, .result = &result };
    struct cprov_error local;

    int code = check(&plan, err ? err : &local);
    cprov_check_plan_clear(&plan);
    if (code < 0)
        return code;
    *out = result;
    return 0;
}
