/* registry/push_chunks.c - a blob sent piece by piece, gone on with where the registry has got to.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "registry/push_private.h"

#define RANGE_MAX 64

static int send_next(struct cprov_push *p, struct cprov_error *err);

/* "0-1023", of old "bytes=0-1023" → 1024. Registries say "0-0" when they have nothing. */
static bool read_range(struct cprov_span text, uint64_t *next)
{
    struct cprov_span unit, first, last;
    uint64_t from, to;

    text = cprov_span_trim(text);
    if (cprov_span_cut(text, '=', &unit, &first))
        text = first;
    if (!cprov_span_cut(text, '-', &first, &last) || !cprov_span_u64(first, &from) ||
        !cprov_span_u64(last, &to) || from != 0 || to >= CPROV_BLOB_SIZE_MAX)
        return false;
    *next = to > 0 ? to + 1 : 0;
    return true;
}

/* Where the next piece goes; an answer that does not say so leaves it as it is. */
static int take_location(struct cprov_push *p, const struct cprov_exchange_answer *answer,
                         struct cprov_error *err)
{
    auto_buf struct cprov_buf url = { 0 };

    if (answer->head->location.len == 0)
        return 0;
    cprov_buf_init(&url, CPROV_URL_MAX);
    if (cprov_url_resolve(answer->url, answer->head->location, &url, err) < 0 ||
        cprov_buf_check(&url, "URL", err) < 0)
        return cprov_wrap_as(err, CPROV_ENETWORK, "%s", p->what);
    cprov_buf_reset(&p->url);
    cprov_buf_add_span(&p->url, cprov_buf_span(&url));
    return cprov_buf_check(&p->url, "URL", err);
}

/* --- what does the registry have --- */

static void on_status(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct cprov_push *p = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    uint64_t next = 0;

    p->request = NULL;
    if (code == CPROV_ECANCELLED) {
        cprov_push_finish(p, code, false, err);
        return;
    }
    if (code < 0 || !read_range(answer->head->range, &next) || next > p->size) {
        cprov_push_anew(p); /* the upload is forgotten */
        return;
    }
    p->offset = next;
    code = take_location(p, answer, &local);
    if (code == 0)
        code = send_next(p, &local);
    if (code < 0)
        cprov_push_finish(p, code, false, &local);
}

static void ask_status(void *arg)
{
    struct cprov_push *p = arg;
    struct cprov_request_spec spec = cprov_push_spec(p, CPROV_GET);
    struct cprov_error err = CPROV_ERROR_INIT;

    p->alarm = NULL;
    spec.url = cprov_buf_text(&p->url);
    spec.once = true;
    spec.done = on_status;
    int code = cprov_request_start(p->client, &spec, &p->request, &err);
    if (code < 0)
        cprov_push_finish(p, code, false, &err);
}

/* --- a piece --- */

/* What the registry has now: what it says, or what was sent. */
static int advance(struct cprov_push *p, const struct cprov_exchange_answer *answer,
                   struct cprov_error *err)
{
    uint64_t next = p->offset + p->piece.length;

    if (answer->head->range.len > 0 &&
        (!read_range(answer->head->range, &next) || next > p->size || next <= p->offset))
        return cprov_fail(err, CPROV_ENETWORK,
                          "%s: the server has %" CPROV_SPAN_FMT " after %" PRIu64 " bytes", p->what,
                          CPROV_SPAN_ARG(answer->head->range), p->offset + p->piece.length);
    p->offset = next;
    int code = take_location(p, answer, err);
    return code < 0 ? code : send_next(p, err);
}

static void on_piece(void *arg, int code, const struct cprov_exchange_answer *answer,
                     const struct cprov_error *err)
{
    struct cprov_push *p = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    p->request = NULL;
    if (code < 0) {
        cprov_push_lost(p, code, answer->head, err, ask_status);
        return;
    }
    if (answer->head->status == 201) { /* some are content when all is there */
        cprov_push_on_stored(p, 0, answer, NULL);
        return;
    }
    code = advance(p, answer, &local);
    if (code < 0)
        cprov_push_finish(p, code, false, &local);
}

static void on_sent(void *arg, uint64_t count)
{
    const struct cprov_push *p = arg;

    if (p->content.sent)
        p->content.sent(p->content.arg, p->offset + count);
}

static int send_piece(struct cprov_push *p, struct cprov_error *err)
{
    struct cprov_request_spec spec = cprov_push_spec(p, CPROV_PATCH);
    uint64_t left = p->size - p->offset, length = left < p->chunk ? left : p->chunk;
    char range[RANGE_MAX];
    struct cprov_header header = { "Content-Range", range };

    (void)snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, p->offset, p->offset + length - 1);
    p->piece = (struct cprov_http_upload){ .fd = p->content.fd,
                                           .offset = p->content.offset + p->offset,
                                           .length = length,
                                           .sent = on_sent,
                                           .arg = p };
    if (p->content.bytes.ptr)
        p->piece.bytes = cprov_span_make(p->content.bytes.ptr + p->offset, (size_t)length);
    spec.url = cprov_buf_text(&p->url);
    spec.headers = &header;
    spec.headers_count = 1;
    spec.upload = &p->piece;
    spec.once = true; /* what of it has arrived, the status tells */
    spec.done = on_piece;
    return cprov_request_start(p->client, &spec, &p->request, err);
}

static int send_end(struct cprov_push *p, struct cprov_error *err)
{
    struct cprov_request_spec spec = cprov_push_spec(p, CPROV_PUT);
    auto_buf struct cprov_buf url = { 0 };

    if (cprov_push_close_url(p, cprov_buf_span(&p->url), &url, err) < 0)
        return err->code;
    p->piece = (struct cprov_http_upload){ .bytes = CPROV_SPAN_LITERAL("") };
    spec.url = cprov_buf_text(&url);
    spec.upload = &p->piece;
    spec.once = true;
    spec.done = cprov_push_on_stored;
    return cprov_request_start(p->client, &spec, &p->request, err);
}

static int send_next(struct cprov_push *p, struct cprov_error *err)
{
    return p->offset < p->size ? send_piece(p, err) : send_end(p, err);
}

int cprov_push_chunks(struct cprov_push *p, const struct cprov_exchange_answer *begun,
                      struct cprov_error *err)
{
    uint64_t least = 0;

    if (cprov_span_u64(cprov_span_trim(begun->head->oci_chunk_min_length), &least) &&
        least > p->chunk)
        p->chunk = least;
    if (p->chunk > CPROV_UPLOAD_CHUNK_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "%s: the server wants pieces of %" PRIu64 " bytes",
                          p->what, p->chunk);
    p->offset = 0;
    return send_next(p, err);
}
