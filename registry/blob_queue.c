/* registry/blob_queue.c - blobs in turn, large ones in several parts, small ones in memory. */
#include "registry/blob_queue_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"

/* --- lists --- */

static void take_out(struct cprov_fetch **list, const struct cprov_fetch *f)
{
    while (*list && *list != f)
        list = &(*list)->next;
    if (*list)
        *list = f->next;
}

void cprov_blob_queue_leave(struct cprov_fetch *f)
{
    take_out(f->queued ? &f->client->queue : &f->client->running, f);
    f->next = NULL;
    f->queued = false;
}

static void enter(struct cprov_fetch *f)
{
    struct cprov_fetch **end = &f->client->queue;

    while (*end)
        end = &(*end)->next;
    *end = f;
    f->queued = true;
}

/* --- splitting --- */

static bool may_split(const struct cprov_part *p, int64_t now)
{
    const struct cprov_fetch *f = p->fetch;
    const struct cprov_client_options *o = &f->client->options;

    return f->ranges && !f->plain && !f->urgent && !f->in_order && p->request && !p->fresh &&
           now - f->started_ms >= o->split_after_ms && p->end - p->offset > o->split_bytes;
}

static struct cprov_part *largest_part(const struct cprov_client *c)
{
    struct cprov_part *best = NULL;
    int64_t now = cprov_clock_ms();

    for (struct cprov_fetch *f = c->running; f; f = f->next)
        for (struct cprov_part *p = f->parts; p; p = p->next)
            if (may_split(p, now) && (!best || p->end - p->offset > best->end - best->offset))
                best = p;
    return best;
}

static void split_rang(void *arg)
{
    struct cprov_client *c = arg;

    c->split_alarm = NULL;
    cprov_blob_queue_pump(c);
}

/* Looks again when the next young fetch is old enough. */
static void look_again(struct cprov_client *c)
{
    int64_t now = cprov_clock_ms(), soonest = -1;

    for (const struct cprov_fetch *f = c->running; f; f = f->next) {
        int64_t left = c->options.split_after_ms - (now - f->started_ms);

        if (left > 0 && (soonest < 0 || left < soonest))
            soonest = left;
    }
    if (soonest < 0 || c->split_alarm)
        return;
    /* Without memory for the alarm the blob comes in one part. */
    if (cprov_alarm_start(&c->wire, soonest, split_rang, c, &c->split_alarm, NULL) < 0)
        c->split_alarm = NULL;
}

static void split(struct cprov_client *c)
{
    while (c->parts_running < c->options.parallel) {
        struct cprov_part *p = largest_part(c);

        if (!p || !cprov_fetch_split(p))
            break;
    }
    if (c->parts_running < c->options.parallel)
        look_again(c);
}

/* --- beginning --- */

/* Nothing has to be asked when all is there, or is written in the descriptor itself. */
static int without_request(struct cprov_fetch *f, bool *settled, struct cprov_error *err)
{
    const struct cprov_descriptor *d = &f->descriptor;
    uint64_t have = f->have;

    *settled = have == d->size || (d->has_data && d->data.len == d->size);
    if (!*settled || have == d->size)
        return 0;
    return f->sink.write(f->sink.arg, have, d->data.ptr + have, d->data.len - (size_t)have, err);
}

static void begin(struct cprov_fetch *f)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_client *c = f->client;
    bool settled;

    cprov_blob_queue_leave(f);
    f->next = c->running;
    c->running = f;
    int code = without_request(f, &settled, &err);
    if (code == 0 && !settled)
        code = cprov_fetch_begin(f, f->have, &err);
    if (code < 0 || settled)
        cprov_fetch_finish(f, code, code < 0 ? &err : NULL);
}

void cprov_blob_queue_pump(struct cprov_client *c)
{
    if (c->pumping) /* a fetch that ends at once asks for the next */
        return;
    c->pumping = true;
    while (c->queue && c->parts_running < c->options.parallel)
        begin(c->queue);
    c->pumping = false;
    if (!c->queue)
        split(c);
}

static void pump_rang(void *arg)
{
    struct cprov_client *c = arg;

    c->pump_alarm = NULL;
    cprov_blob_queue_pump(c);
}

static int check_request(const struct cprov_blob_request *request, struct cprov_error *err)
{
    if (request->descriptor->size > CPROV_BLOB_SIZE_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "blob of %llu bytes",
                          (unsigned long long)request->descriptor->size);
    if (request->have > request->descriptor->size)
        return cprov_fail(err, CPROV_EINVAL, "more bytes are there than the blob has");
    return 0;
}

int cprov_client_fetch_blob(struct cprov_client *c, const struct cprov_blob_request *request,
                            struct cprov_error *err)
{
    struct cprov_fetch *f = NULL;
    int code = check_request(request, err);

    if (code < 0 || (code = cprov_fetch_new(c, request, &f, err)) < 0)
        return code;
    if (!c->pump_alarm &&
        (code = cprov_alarm_start(&c->wire, 0, pump_rang, c, &c->pump_alarm, err)) < 0) {
        cprov_fetch_free(f);
        return code;
    }
    enter(f);
    return 0;
}

/* --- into memory --- */

struct blob_get {
    struct cprov_descriptor descriptor;
    char *bytes;
    void (*done)(void *arg, int code, struct cprov_span bytes, const struct cprov_error *err);
    void *arg;
};

static int get_write(void *arg, uint64_t offset, const void *data, size_t len,
                     struct cprov_error *err)
{
    struct blob_get *g = arg;

    if (offset > g->descriptor.size || len > g->descriptor.size - offset)
        return cprov_fail(err, CPROV_EFAIL, "write past the end of a blob");
    memcpy(g->bytes + offset, data, len);
    return 0;
}

static int get_restart(void *arg, struct cprov_error *err)
{
    (void)arg;
    (void)err;
    return 0; /* every byte is written again */
}

static void get_done(void *arg, int code, const struct cprov_error *err)
{
    struct blob_get *g = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    struct cprov_span bytes = cprov_span_make(g->bytes, (size_t)g->descriptor.size);

    if (code == 0 && (code = cprov_descriptor_check(&g->descriptor, bytes, &local)) < 0)
        err = &local;
    g->done(g->arg, code, code == 0 ? bytes : (struct cprov_span){ NULL, 0 }, err);
    free(g->bytes);
    free(g);
}

static void get_drop(struct cprov_fetch *f)
{
    struct blob_get *g = f->sink.arg;

    free(g->bytes);
    free(g);
}

static void get_rang(void *arg)
{
    struct cprov_fetch *f = arg;

    f->alarm = NULL;
    begin(f);
}

static int get_begin(struct cprov_client *c, const struct cprov_reference *ref, struct blob_get *g,
                     struct cprov_error *err)
{
    struct cprov_fetch *f = NULL;
    struct cprov_blob_request request = {
        .ref = ref,
        .descriptor = &g->descriptor,
        .sink = { .write = get_write, .restart = get_restart, .arg = g },
        .done = get_done,
    };
    int code = cprov_fetch_new(c, &request, &f, err);

    if (code < 0)
        return code;
    f->urgent = true;
    f->drop = get_drop;
    code = cprov_alarm_start(&c->wire, 0, get_rang, f, &f->alarm, err);
    if (code < 0)
        cprov_fetch_free(f);
    return code;
}

int cprov_client_get_blob(struct cprov_client *c, const struct cprov_reference *ref,
                          const struct cprov_descriptor *descriptor, size_t max,
                          void (*done)(void *arg, int code, struct cprov_span bytes,
                                       const struct cprov_error *err),
                          void *arg, struct cprov_error *err)
{
    if (descriptor->size > max)
        return cprov_fail(err, CPROV_ELIMIT, "a document of %llu bytes, where %zu are allowed",
                          (unsigned long long)descriptor->size, max);
    struct blob_get *g = calloc(1, sizeof(*g));
    if (!g)
        return cprov_fail_memory(err);
    g->descriptor = *descriptor;
    g->done = done;
    g->arg = arg;
    g->bytes = malloc((size_t)descriptor->size + 1);
    int code = g->bytes ? get_begin(c, ref, g, err) : cprov_fail_memory(err);
    if (code < 0) {
        free(g->bytes);
        free(g);
    }
    return code;
}
