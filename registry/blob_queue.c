/* registry/blob_queue.c - blobs in turn, large ones in several parts. */
#include "registry/blob_queue.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "registry/blob_fetch_private.h"
#include "registry/blob_queue_private.h"
#include "registry/client_private.h"

static void pump_rang(void *arg)
{
    cprov_blob_queue_pump(arg);
}

/* --- splitting --- */

static bool may_split(const struct cprov_blob_part *p, int64_t now)
{
    const struct cprov_fetch *f = p->fetch;
    const struct cprov_client_options *o = &f->op.client->hub.options;

    return f->ranges && !f->plain && !f->in_order && p->exchange && !p->fresh &&
           now - f->started_ms >= o->split_after_ms && p->end - p->offset > o->split_bytes;
}

static struct cprov_blob_part *largest_part(const struct cprov_client *c)
{
    struct cprov_blob_part *best = NULL;
    int64_t now = cprov_clock_ms();

    for (struct cprov_fetch *f = c->running; f; f = f->next)
        for (struct cprov_blob_part *p = f->parts; p; p = p->next)
            if (may_split(p, now) && (!best || p->end - p->offset > best->end - best->offset))
                best = p;
    return best;
}

/* Looks again when the next young fetch is old enough. */
static void look_again(struct cprov_client *c)
{
    int64_t now = cprov_clock_ms(), soonest = -1;

    for (const struct cprov_fetch *f = c->running; f; f = f->next) {
        int64_t left = c->hub.options.split_after_ms - (now - f->started_ms);

        if (left > 0 && (soonest < 0 || left < soonest))
            soonest = left;
    }
    if (soonest < 0 || c->split_alarm)
        return;
    /* Without memory for the alarm the blob comes in one part. */
    (void)!cprov_alarm_start(&c->hub.wire, soonest, pump_rang, c, &c->split_alarm, NULL);
}

void cprov_blob_queue_pump(struct cprov_client *c)
{
    size_t parallel = c->hub.options.parallel;
    struct cprov_blob_part *p;

    if (c->pumping) /* a fetch that ends at once asks for the next */
        return;
    c->pumping = true;
    while (c->queue && c->parts_running < parallel) {
        struct cprov_fetch *f = c->queue;

        cprov_fetch_enter(f, &c->running);
        cprov_fetch_begin(f);
    }
    c->pumping = false;
    if (c->queue)
        return;
    while (c->parts_running < parallel && (p = largest_part(c)) != NULL)
        if (!cprov_fetch_split(p))
            break;
    if (c->parts_running < parallel)
        look_again(c);
}

/* --- asking --- */

static void fetch_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    struct cprov_fetch *f = (struct cprov_fetch *)op;

    cprov_fetch_release(f);
    f->done(f->sink.arg, code, err);
    cprov_blob_queue_pump(op->client);
}

static void fetch_clear(struct cprov_op *op)
{
    cprov_fetch_clear((struct cprov_fetch *)op);
}

static const struct cprov_op_kind kind = { sizeof(struct cprov_fetch), fetch_done, fetch_clear };

int cprov_client_fetch_blob(struct cprov_client *c, const struct cprov_blob_request *request,
                            struct cprov_error *err)
{
    uint64_t size = request->descriptor->size;
    struct cprov_fetch *f = NULL, **end = &c->queue;

    if (size > CPROV_BLOB_SIZE_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "blob of %llu bytes", (unsigned long long)size);
    if (request->have > size)
        return cprov_fail(err, CPROV_EINVAL, "the partial file is longer than the blob");
    if (cprov_fetch_new(c, &kind, request, cprov_blob_queue_pump, &f, err) < 0)
        return err->code;
    if (!c->pump_alarm && cprov_alarm_start(&c->hub.wire, 0, pump_rang, c, &c->pump_alarm, err) < 0)
        return cprov_op_started(&f->op, err->code);
    while (*end)
        end = &(*end)->next;
    cprov_fetch_enter(f, end);
    return 0;
}
