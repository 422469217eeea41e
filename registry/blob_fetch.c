/* registry/blob_fetch.c - the parts of a blob: ranges, resumes, restarts, other sources. */
#include "registry/blob_fetch_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "registry/client_private.h"
#include "registry/range_read.h"
#include "registry/retry.h"

#define RESTARTS_MAX   4  /* of one blob from its first byte */
#define NAMED_DIGITS   19 /* bytes of a digest that a message shows: "sha256:" and 12 digits */
#define SHORT_ENDS_MAX 1

static int part_request(struct cprov_blob_part *p, struct cprov_error *err);

/* --- life --- */

static void part_free(struct cprov_blob_part *p)
{
    struct cprov_fetch *f = p->fetch;
    struct cprov_blob_part **link = &f->parts;

    while (*link != p)
        link = &(*link)->next;
    *link = p->next;
    cprov_exchange_stop(p->exchange);
    if (!f->urgent)
        f->op.client->parts_running--;
    free(p);
}

static int part_new(struct cprov_fetch *f, uint64_t offset, uint64_t end, bool fresh,
                    struct cprov_error *err)
{
    struct cprov_blob_part *p = calloc(1, sizeof(*p));

    if (!p)
        return cprov_fail_memory(err);
    p->fetch = f;
    p->offset = offset;
    p->end = end;
    p->fresh = fresh;
    p->next = f->parts;
    f->parts = p;
    if (!f->urgent)
        f->op.client->parts_running++;
    int code = part_request(p, err);
    if (code < 0)
        part_free(p);
    return code;
}

void cprov_fetch_enter(struct cprov_fetch *f, struct cprov_fetch **place)
{
    if (f->link && (*f->link = f->next))
        f->next->link = f->link;
    if ((f->next = *place))
        f->next->link = &f->next;
    f->link = place;
    *place = f;
}

void cprov_fetch_release(struct cprov_fetch *f)
{
    while (f->parts)
        part_free(f->parts);
    if (f->link && (*f->link = f->next))
        f->next->link = f->link;
    f->link = NULL;
}

void cprov_fetch_clear(struct cprov_fetch *f)
{
    cprov_fetch_release(f);
    free(f->etag);
}

/* --- the sink --- */

static int sink_restart(struct cprov_fetch *f, struct cprov_error *err)
{
    int code = f->written ? f->sink.restart(f->sink.arg, err) : 0;

    f->sink_failed = code < 0;
    f->written = false;
    return code;
}

static bool same_etag(const struct cprov_fetch *f, struct cprov_span etag)
{
    return f->etag && cprov_span_is(etag, f->etag);
}

/* What comes is known by this ETag from now on; an empty one tells nothing new. */
static int take_etag(struct cprov_fetch *f, struct cprov_span etag, struct cprov_error *err)
{
    if (etag.len == 0 || same_etag(f, etag))
        return 0;
    char *copy = strndup(etag.ptr, etag.len);
    if (!copy)
        return cprov_fail_memory(err);
    free(f->etag);
    f->etag = copy;
    int code = f->sink.validator ? f->sink.validator(f->sink.arg, etag, err) : 0;
    f->sink_failed = code < 0;
    return code;
}

static void drop_etag(struct cprov_fetch *f)
{
    free(f->etag);
    f->etag = NULL;
}

/* --- starting over --- */

static int never_whole(const struct cprov_fetch *f, struct cprov_error *err)
{
    if (!f->no_ranges)
        return cprov_fail(err, CPROV_ENETWORK, "%s: the content was different on every attempt",
                          f->op.what);
    cprov_fail(err, CPROV_ENETWORK,
               "%s: the download broke off %u times before its %llu bytes arrived; the server "
               "ignores Range, so each attempt starts from the beginning",
               f->op.what, f->restarts, (unsigned long long)f->descriptor.size);
    cprov_hint(err, CPROV_HINT_OTHER_NETWORK);
    return CPROV_ENETWORK;
}

/* p alone is left, and brings everything. */
static int alone_from_start(struct cprov_blob_part *p, struct cprov_error *err)
{
    struct cprov_fetch *f = p->fetch;

    if (++f->restarts > RESTARTS_MAX)
        return never_whole(f, err);
    for (struct cprov_blob_part *q = f->parts, *next; q; q = next) {
        next = q->next;
        if (q != p)
            part_free(q);
    }
    p->offset = 0;
    p->end = p->asked_end = f->descriptor.size;
    p->fresh = false;
    drop_etag(f);
    return sink_restart(f, err);
}

/* What a part that was split off has to bring goes back to the one before it. */
static bool give_back(struct cprov_blob_part *p)
{
    if (!p->fresh)
        return false;
    for (struct cprov_blob_part *q = p->fetch->parts; q; q = q->next)
        if (q != p && q->end == p->offset && q->exchange) {
            q->end = p->end;
            p->fetch->ranges = false; /* do not try again */
            part_free(p);
            return true;
        }
    return false;
}

/* --- an answer begins --- */

static int wrong_size(const struct cprov_fetch *f, uint64_t found, bool page,
                      struct cprov_error *err)
{
    if (page)
        return cprov_fail(err, CPROV_ENETWORK, "%s: the server returned a web page", f->op.what);
    return cprov_fail(err, CPROV_EVERIFY, "%s: has %llu bytes instead of %llu", f->op.what,
                      (unsigned long long)found, (unsigned long long)f->descriptor.size);
}

static bool covers_all(const struct cprov_blob_part *p)
{
    return p->offset == 0 && p->end == p->fetch->descriptor.size;
}

static int whole_came(struct cprov_blob_part *p, const struct cprov_http_head *head,
                      struct cprov_error *err)
{
    struct cprov_fetch *f = p->fetch;
    bool page = cprov_span_starts_with(head->content_type, "text/html");
    int code;

    if (head->has_content_length && head->content_length != f->descriptor.size)
        return wrong_size(f, head->content_length, page, err);
    if (!covers_all(p)) {
        if (same_etag(f, head->etag) && give_back(p))
            return 0;
        f->no_ranges = p->ranged && (!f->etag || same_etag(f, head->etag));
        if ((code = alone_from_start(p, err)) < 0)
            return code;
    } else if (f->etag && !same_etag(f, head->etag)) {
        drop_etag(f);
    }
    p->asked_end = p->end;
    f->ranges = head->accepts_ranges && !f->plain;
    return take_etag(f, head->etag, err);
}

static int part_came(struct cprov_blob_part *p, struct cprov_exchange *x,
                     const struct cprov_http_head *head, struct cprov_error *err)
{
    struct cprov_fetch *f = p->fetch;
    int code;
    bool fits = head->has_content_range && head->range_first == p->offset &&
                head->range_last >= head->range_first && head->range_last < p->end &&
                (!head->has_content_length ||
                 head->content_length == head->range_last - head->range_first + 1);

    if (head->has_content_range && head->range_total != 0 &&
        head->range_total != f->descriptor.size)
        return wrong_size(f, head->range_total, false, err);
    bool changed = f->etag && head->etag.len > 0 && !same_etag(f, head->etag);
    if (fits && !changed) {
        f->ranges = true;
        p->asked_end = head->range_last + 1;
        return take_etag(f, head->etag, err);
    }
    if (!fits && f->plain)
        return cprov_fail(err, CPROV_ENETWORK, "%s: the server returned the wrong range",
                          f->op.what);
    f->plain = f->plain || !fits;
    if ((code = alone_from_start(p, err)) < 0)
        return code;
    return cprov_exchange_restart(x, err);
}

static int on_head(void *arg, struct cprov_exchange *x, const struct cprov_http_head *head,
                   struct cprov_error *err)
{
    struct cprov_blob_part *p = arg;
    struct cprov_fetch *f = p->fetch;

    /* Stores that label a gzip layer as "gzip" still send its own bytes: the length tells. */
    if (head->encoded && !(head->has_content_length && head->content_length == p->end - p->offset))
        return cprov_fail(err, CPROV_EVERIFY, "%s: the server used an unexpected encoding",
                          f->op.what);
    if (head->status == 206)
        return part_came(p, x, head, err);
    if (head->status == 200)
        return whole_came(p, head, err);
    return cprov_fail(err, CPROV_ENETWORK, "%s: the server answered %d", f->op.what, head->status);
}

/* --- bytes --- */

static void part_complete(struct cprov_blob_part *p)
{
    struct cprov_fetch *f = p->fetch;

    part_free(p);
    if (!f->parts)
        cprov_op_finish(&f->op, 0, NULL);
    else
        f->pump(f->op.client);
}

static int on_body(void *arg, struct cprov_exchange *x, const void *data, size_t len,
                   struct cprov_error *err)
{
    struct cprov_blob_part *p = arg;
    struct cprov_fetch *f = p->fetch;
    uint64_t room = p->end - p->offset;
    size_t n = len < room ? len : (size_t)room;

    (void)x;
    if (n < len && p->end == f->descriptor.size)
        return cprov_fail(err, CPROV_EVERIFY, "%s: has more than the expected %llu bytes",
                          f->op.what, (unsigned long long)f->descriptor.size);
    if (n > 0) {
        int code = f->sink.write(f->sink.arg, p->offset, data, n, err);

        if (code < 0) {
            f->sink_failed = true;
            return code;
        }
        f->written = true;
        p->fresh = false;
        p->offset += n;
    }
    /* A split has lowered the end: the rest of the answer is another part's. */
    if (p->offset == p->end && (n < len || p->asked_end > p->end))
        part_complete(p);
    return 0;
}

static int on_begin(void *arg, struct cprov_exchange *x, struct cprov_error *err)
{
    struct cprov_blob_part *p = arg;

    (void)err;
    p->asked_end = p->end;
    p->ranged = !covers_all(p) && !p->fetch->plain;
    if (!p->ranged)
        cprov_exchange_clear_range(x);
    else
        cprov_exchange_set_range(x, p->offset, p->end - 1, cprov_span_of(p->fetch->etag));
    return 0;
}

/* --- an answer ends --- */

static bool may_be_elsewhere(const struct cprov_fetch *f, int code)
{
    return !f->sink_failed && code != CPROV_ECANCELLED && code != CPROV_ENOMEM &&
           f->source < f->descriptor.urls_count;
}

/* Another place to get the blob from, after the one so far has failed with code. */
static int next_source(struct cprov_blob_part *p, int code, struct cprov_error *err)
{
    struct cprov_fetch *f = p->fetch;

    while (code < 0 && may_be_elsewhere(f, code)) {
        bool keep = f->parts == p && !p->next && code != CPROV_EVERIFY;

        f->source++;
        f->plain = f->ranges = false;
        f->restarts = f->short_ends = 0;
        if (keep)
            drop_etag(f); /* the same bytes by their digest, under another server's name */
        else if ((code = alone_from_start(p, err)) < 0)
            return code;
        code = part_request(p, err); /* a URL that is refused fails at once */
    }
    return code;
}

static int short_end(struct cprov_blob_part *p, struct cprov_error *err)
{
    struct cprov_fetch *f = p->fetch;

    if (p->offset == p->asked_end) /* a range shorter than we asked for */
        return part_request(p, err);
    if (++f->short_ends > SHORT_ENDS_MAX)
        return cprov_fail(err, CPROV_EVERIFY, "%s: ends after %llu of %llu bytes", f->op.what,
                          (unsigned long long)p->offset, (unsigned long long)p->end);
    return part_request(p, err);
}

static void on_done(void *arg, int code, const struct cprov_exchange_answer *answer,
                    const struct cprov_error *err)
{
    struct cprov_blob_part *p = arg;
    struct cprov_fetch *f = p->fetch;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code == 0 && p->offset == p->end) {
        part_complete(p);
        return;
    }
    bool refused =
        code < 0 && p->ranged && answer->head && cprov_range_refused(answer->head->status);
    if (code == 0) {
        code = short_end(p, &local);
    } else {
        local = *err;
        if ((code == CPROV_ENETWORK || refused) && give_back(p)) {
            f->pump(f->op.client);
            return;
        }
        if (refused) {
            /* A server that knows no ranges is asked for the whole once. What is there already is
             * dropped when it comes (whole_came()), not before: it may be refused as well. */
            f->plain = true;
            code = part_request(p, &local);
        } else if (answer->head && answer->head->status == 416) {
            code = cprov_fail(&local, CPROV_EVERIFY, "%s: the server has no byte %llu", f->op.what,
                              (unsigned long long)p->offset);
        } else if (code == CPROV_ENETWORK && p->once) { /* nobody is there to take it */
            p->fresh = false;
            code = part_request(p, &local);
        }
    }
    if (code < 0)
        code = next_source(p, code, &local);
    if (code < 0)
        cprov_op_finish(&f->op, code, &local);
}

/* --- asking --- */

static int part_request(struct cprov_blob_part *p, struct cprov_error *err)
{
    struct cprov_fetch *f = p->fetch;
    char digest[CPROV_DIGEST_TEXT_MAX], path[CPROV_REQUEST_PATH_MAX];

    p->once = p->fresh;
    (void)snprintf(path, sizeof(path), "/v2/%s/blobs/%s", f->ref.repository,
                   cprov_digest_format(&f->descriptor.digest, digest));
    const struct cprov_request_spec spec = {
        .ask = { .url = f->source > 0 ? f->descriptor.urls[f->source - 1] : NULL,
                 .what = f->op.what,
                 .bulk = !f->urgent,
                 .expected = f->descriptor.size,
                 .once = p->once,
                 .begin = on_begin,
                 .head = on_head,
                 .body = on_body,
                 .done = on_done,
                 .arg = p },
        .host = f->ref.host,
        .repository = *f->ref.repository ? f->ref.repository : NULL,
        .actions = "pull",
        .path = path,
        .foreign = f->source > 0,
    };
    return cprov_request_start(&f->op.client->hub, &spec, &p->exchange, err);
}

void cprov_fetch_begin(struct cprov_fetch *f)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    const struct cprov_descriptor *d = &f->descriptor;
    bool embedded = d->has_data && d->data.len == d->size;
    int code = 0;

    f->started_ms = cprov_clock_ms();
    if (f->have < d->size && embedded)
        code = f->sink.write(f->sink.arg, f->have, d->data.ptr + f->have,
                             d->data.len - (size_t)f->have, &err);
    else if (f->have < d->size)
        code = part_new(f, f->have, d->size, false, &err);
    if (code < 0 || f->have == d->size || embedded)
        cprov_op_finish(&f->op, code, &err);
}

bool cprov_fetch_split(struct cprov_blob_part *p)
{
    struct cprov_fetch *f = p->fetch;
    uint64_t end = p->end, middle = p->offset + (end - p->offset) / 2;
    struct cprov_error ignored = CPROV_ERROR_INIT; /* it comes in one part, then */

    if (part_new(f, middle, end, true, &ignored) < 0)
        return false;
    p->end = middle;
    return true;
}

int cprov_fetch_new(struct cprov_client *c, const struct cprov_op_kind *kind,
                    const struct cprov_blob_request *request, void (*pump)(struct cprov_client *c),
                    struct cprov_fetch **out, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf file = { 0 };
    struct cprov_fetch *f = cprov_op_new(c, kind, err);
    int code;

    if (!f)
        return CPROV_ENOMEM;
    f->ref = *request->ref;
    f->descriptor = *request->descriptor;
    f->sink = request->sink;
    f->done = request->done;
    f->pump = pump;
    f->have = request->have;
    f->in_order = request->in_order;
    f->written = request->have > 0;
    if (!*f->ref.repository && f->descriptor.urls_count > 0) {
        f->source = 1;
        cprov_buf_init(&file, CPROV_URL_MAX);
        cprov_file_what(f->descriptor.urls[0], &file);
        code = cprov_buf_take(&file, "URL", &f->op.what, err);
    } else {
        code = cprov_op_name(&f->op, err, "blob %.*s of %s/%s", NAMED_DIGITS,
                             cprov_digest_format(&f->descriptor.digest, digest), f->ref.host,
                             f->ref.repository);
    }
    if (code == 0 && request->etag && *request->etag && !(f->etag = strdup(request->etag)))
        code = cprov_fail_memory(err);
    if (code == 0)
        *out = f;
    return cprov_op_started(&f->op, code);
}
