/* registry/blob_fetch.c - the parts of a blob: ranges, resumes, restarts, other sources. */
#include "registry/blob_fetch_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "registry/blob_queue_private.h"
#include "registry/range_read.h"
#include "registry/retry.h"

#define RESTARTS_MAX   4  /* of one blob from its first byte */
#define NAMED_DIGITS   19 /* bytes of a digest that a message shows: "sha256:" and 12 digits */
#define SHORT_ENDS_MAX 1

static int part_request(struct cprov_part *p, struct cprov_error *err);

/* --- life --- */

static void part_free(struct cprov_part *p)
{
    struct cprov_fetch *f = p->fetch;
    struct cprov_part **link = &f->parts;

    while (*link != p)
        link = &(*link)->next;
    *link = p->next;
    cprov_request_stop(p->request);
    if (!f->urgent)
        f->client->parts_running--;
    free(p);
}

static int part_new(struct cprov_fetch *f, uint64_t offset, uint64_t end, bool fresh,
                    struct cprov_error *err)
{
    struct cprov_part *p = calloc(1, sizeof(*p));

    if (!p)
        return cprov_fail_memory(err);
    p->fetch = f;
    p->offset = offset;
    p->end = end;
    p->fresh = fresh;
    p->next = f->parts;
    f->parts = p;
    if (!f->urgent)
        f->client->parts_running++;
    int code = part_request(p, err);
    if (code < 0)
        part_free(p);
    return code;
}

void cprov_fetch_free(struct cprov_fetch *f)
{
    while (f->parts)
        part_free(f->parts);
    cprov_alarm_stop(f->alarm);
    cprov_blob_queue_leave(f);
    cprov_op_remove(&f->op);
    free(f->what);
    free(f->etag);
    free(f);
}

void cprov_fetch_finish(struct cprov_fetch *f, int code, const struct cprov_error *err)
{
    void (*done)(void *, int, const struct cprov_error *) = f->done;
    void *arg = f->sink.arg;
    struct cprov_client *c = f->client;

    cprov_fetch_free(f);
    done(arg, code, err);
    cprov_blob_queue_pump(c);
}

static void fetch_end(struct cprov_op *op, const struct cprov_error *err)
{
    struct cprov_fetch *f = (struct cprov_fetch *)op;

    if (err) {
        cprov_fetch_finish(f, err->code, err);
        return;
    }
    if (f->drop)
        f->drop(f);
    cprov_fetch_free(f);
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
        return cprov_fail(err, CPROV_ENETWORK, "%s: the server gives something else each time",
                          f->what);
    cprov_fail(err, CPROV_ENETWORK,
               "%s: the download broke off %u times before its %llu bytes were there, and the "
               "server ignores Range, so each begins anew",
               f->what, f->restarts, (unsigned long long)f->descriptor.size);
    cprov_hint(err, "a proxy on the way may be what cuts it: try another network, or a source "
                    "that knows Range");
    return CPROV_ENETWORK;
}

/* p alone is left, and brings everything. */
static int alone_from_start(struct cprov_part *p, struct cprov_error *err)
{
    struct cprov_fetch *f = p->fetch;

    if (++f->restarts > RESTARTS_MAX)
        return never_whole(f, err);
    for (struct cprov_part *q = f->parts, *next; q; q = next) {
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
static bool give_back(struct cprov_part *p)
{
    if (!p->fresh)
        return false;
    for (struct cprov_part *q = p->fetch->parts; q; q = q->next)
        if (q != p && q->end == p->offset && q->request) {
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
        return cprov_fail(err, CPROV_ENETWORK, "%s: the answer is a web page", f->what);
    return cprov_fail(err, CPROV_EVERIFY, "%s: has %llu bytes rather than %llu", f->what,
                      (unsigned long long)found, (unsigned long long)f->descriptor.size);
}

static bool covers_all(const struct cprov_part *p)
{
    return p->offset == 0 && p->end == p->fetch->descriptor.size;
}

static int whole_came(struct cprov_part *p, const struct cprov_http_head *head,
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

static int part_came(struct cprov_part *p, struct cprov_exchange *x,
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
        return cprov_fail(err, CPROV_ENETWORK, "%s: the server answers with the wrong range",
                          f->what);
    f->plain = f->plain || !fits;
    if ((code = alone_from_start(p, err)) < 0)
        return code;
    return cprov_exchange_restart(x, err);
}

static int on_head(void *arg, struct cprov_exchange *x, const struct cprov_http_head *head,
                   struct cprov_error *err)
{
    struct cprov_part *p = arg;
    struct cprov_fetch *f = p->fetch;

    /* Stores that label a gzip layer as "gzip" still send its own bytes: the length tells. */
    if (head->encoded && !(head->has_content_length && head->content_length == p->end - p->offset))
        return cprov_fail(err, CPROV_EVERIFY, "%s: the server sends it in another encoding",
                          f->what);
    if (head->status == 206)
        return part_came(p, x, head, err);
    if (head->status == 200)
        return whole_came(p, head, err);
    return cprov_fail(err, CPROV_ENETWORK, "%s: the server answers %d", f->what, head->status);
}

/* --- bytes --- */

static void part_complete(struct cprov_part *p)
{
    struct cprov_fetch *f = p->fetch;
    struct cprov_client *c = f->client;

    part_free(p);
    if (!f->parts)
        cprov_fetch_finish(f, 0, NULL);
    else
        cprov_blob_queue_pump(c);
}

static int on_body(void *arg, struct cprov_exchange *x, const void *data, size_t len,
                   struct cprov_error *err)
{
    struct cprov_part *p = arg;
    struct cprov_fetch *f = p->fetch;
    uint64_t room = p->end - p->offset;
    size_t n = len < room ? len : (size_t)room;

    (void)x;
    if (n < len && p->end == f->descriptor.size)
        return cprov_fail(err, CPROV_EVERIFY, "%s: has more bytes than the %llu it should", f->what,
                          (unsigned long long)f->descriptor.size);
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
    struct cprov_part *p = arg;

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
static int next_source(struct cprov_part *p, int code, struct cprov_error *err)
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

static int short_end(struct cprov_part *p, struct cprov_error *err)
{
    struct cprov_fetch *f = p->fetch;

    if (p->offset == p->asked_end) /* a range shorter than we asked for */
        return part_request(p, err);
    if (++f->short_ends > SHORT_ENDS_MAX)
        return cprov_fail(err, CPROV_EVERIFY, "%s: ends after %llu of %llu bytes", f->what,
                          (unsigned long long)p->offset, (unsigned long long)p->end);
    return part_request(p, err);
}

/*
 * A server that knows no ranges is asked for the whole once. What is there already is dropped when
 * it comes (whole_came()), not before: the server may refuse that as well.
 */
static int range_refused(struct cprov_part *p, struct cprov_error *err)
{
    p->fetch->plain = true;
    return part_request(p, err);
}

static int no_such_byte(const struct cprov_part *p, struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EVERIFY, "%s: the server has no byte %llu of it", p->fetch->what,
                      (unsigned long long)p->offset);
}

static void on_done(void *arg, int code, const struct cprov_exchange_answer *answer,
                    const struct cprov_error *err)
{
    struct cprov_part *p = arg;
    struct cprov_fetch *f = p->fetch;
    struct cprov_client *c = f->client;
    struct cprov_error local = CPROV_ERROR_INIT;

    p->request = NULL;
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
            cprov_blob_queue_pump(c);
            return;
        }
        if (refused)
            code = range_refused(p, &local);
        else if (answer->head && answer->head->status == 416)
            code = no_such_byte(p, &local);
        else if (code == CPROV_ENETWORK && p->once) { /* nobody is there to take it */
            p->fresh = false;
            code = part_request(p, &local);
        }
    }
    if (code < 0)
        code = next_source(p, code, &local);
    if (code < 0)
        cprov_fetch_finish(f, code, &local);
}

/* --- asking --- */

static int part_request(struct cprov_part *p, struct cprov_error *err)
{
    struct cprov_fetch *f = p->fetch;
    char digest[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf path = { 0 };

    p->once = p->fresh;
    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_addf(&path, "/v2/%s/blobs/%s", f->ref.repository,
                   cprov_digest_format(&f->descriptor.digest, digest));
    int code = cprov_buf_check(&path, "URL", err);
    if (code < 0)
        return code;
    struct cprov_request_spec spec = {
        .method = CPROV_GET,
        .host = f->ref.host,
        .repository = f->ref.repository,
        .actions = "pull",
        .path = cprov_buf_text(&path),
        .url = f->source > 0 ? f->descriptor.urls[f->source - 1] : NULL,
        .foreign = f->source > 0,
        .what = f->what,
        .bulk = !f->urgent,
        .expected = f->descriptor.size,
        .once = p->once,
        .begin = on_begin,
        .head = on_head,
        .body = on_body,
        .done = on_done,
        .arg = p,
    };
    return cprov_request_start(f->client, &spec, &p->request, err);
}

int cprov_fetch_begin(struct cprov_fetch *f, uint64_t offset, struct cprov_error *err)
{
    f->started_ms = cprov_clock_ms();
    return part_new(f, offset, f->descriptor.size, false, err);
}

bool cprov_fetch_split(struct cprov_part *p)
{
    struct cprov_fetch *f = p->fetch;
    uint64_t end = p->end, middle = p->offset + (end - p->offset) / 2;

    if (part_new(f, middle, end, true, NULL) < 0)
        return false;
    p->end = middle;
    return true;
}

static bool name_file(struct cprov_fetch *f)
{
    auto_buf struct cprov_buf what = { 0 };

    cprov_buf_init(&what, CPROV_URL_MAX);
    cprov_file_what(f->descriptor.urls[0], &what);
    return cprov_buf_take(&what, "URL", &f->what, NULL) == 0;
}

int cprov_fetch_new(struct cprov_client *c, const struct cprov_blob_request *request,
                    struct cprov_fetch **out, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    struct cprov_fetch *f = calloc(1, sizeof(*f));

    if (!f)
        return cprov_fail_memory(err);
    f->client = c;
    f->ref = *request->ref;
    f->descriptor = *request->descriptor;
    f->sink = request->sink;
    f->done = request->done;
    f->have = request->have;
    f->in_order = request->in_order;
    f->written = request->have > 0;
    cprov_op_add(c, &f->op, fetch_end);
    (void)cprov_digest_format(&f->descriptor.digest, digest);
    bool file = !*f->ref.repository && f->descriptor.urls_count > 0;
    if (file)
        f->source = 1;
    bool named = file ? name_file(f)
                      : asprintf(&f->what, "blob %.*s of %s/%s", NAMED_DIGITS, digest, f->ref.host,
                                 f->ref.repository) >= 0;
    if (!named)
        f->what = NULL;
    if (request->etag && *request->etag)
        f->etag = strdup(request->etag);
    if (!named || (request->etag && *request->etag && !f->etag)) {
        cprov_fetch_free(f);
        return cprov_fail_memory(err);
    }
    *out = f;
    return 0;
}
