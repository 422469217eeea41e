/* registry/push_chunks.c - a blob sent piece by piece, gone on with where the registry has got to.
 */
#include "registry/push_chunks_private.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"

#define RANGE_MAX 64

static int send_next(struct cprov_upload *u, struct cprov_error *err);

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
static int take_location(struct cprov_upload *u, const struct cprov_exchange_answer *answer,
                         struct cprov_error *err)
{
    auto_buf struct cprov_buf url = { 0 };

    if (answer->head->location.len == 0)
        return 0;
    cprov_buf_init(&url, CPROV_URL_MAX);
    if (cprov_url_resolve(answer->url, answer->head->location, &url, err) < 0 ||
        cprov_buf_check(&url, "URL", err) < 0)
        return cprov_wrap_as(err, CPROV_ENETWORK, "%s", u->op.what);
    cprov_buf_reset(&u->url);
    cprov_buf_add_span(&u->url, cprov_buf_span(&url));
    return cprov_buf_check(&u->url, "URL", err);
}

/* --- what does the registry have --- */

static void on_status(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct cprov_upload *u = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    uint64_t next = 0;

    if (code == CPROV_ECANCELLED) {
        cprov_op_finish(&u->op, code, err);
        return;
    }
    if (code < 0 || !read_range(answer->head->range, &next) || next > u->size) {
        u->anew(u); /* the upload is forgotten */
        return;
    }
    u->offset = next;
    if (take_location(u, answer, &local) < 0 || send_next(u, &local) < 0)
        cprov_op_finish(&u->op, local.code, &local);
}

static void ask_status(void *arg)
{
    struct cprov_upload *u = arg;
    struct cprov_error err = CPROV_ERROR_INIT;
    const struct cprov_exchange_spec spec = { .url = cprov_buf_text(&u->url),
                                              .once = true,
                                              .done = on_status };

    if (cprov_upload_ask(u, &spec, NULL, &err) < 0)
        cprov_op_finish(&u->op, err.code, &err);
}

/* --- a piece --- */

/* What the registry has now: what it says, or what was sent. */
static int advance(struct cprov_upload *u, const struct cprov_exchange_answer *answer,
                   struct cprov_error *err)
{
    uint64_t next = u->offset + u->piece.length;

    if (answer->head->range.len > 0 &&
        (!read_range(answer->head->range, &next) || next > u->size || next <= u->offset))
        return cprov_fail(
            err, CPROV_ENETWORK, "%s: the server has %" CPROV_SPAN_FMT " after %" PRIu64 " bytes",
            u->op.what, CPROV_SPAN_ARG(answer->head->range), u->offset + u->piece.length);
    u->offset = next;
    if (take_location(u, answer, err) < 0)
        return err->code;
    return send_next(u, err);
}

static void on_piece(void *arg, int code, const struct cprov_exchange_answer *answer,
                     const struct cprov_error *err)
{
    struct cprov_upload *u = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code < 0)
        cprov_upload_lost(u, code, answer->head, err, ask_status);
    else if (answer->head->status == 201) /* some are content when all is there */
        cprov_upload_stored(u, 0, answer, NULL);
    else if (advance(u, answer, &local) < 0)
        cprov_op_finish(&u->op, local.code, &local);
}

static void on_sent(void *arg, uint64_t count)
{
    const struct cprov_upload *u = arg;

    if (u->content.sent)
        u->content.sent(u->content.arg, u->offset + count);
}

static int send_next(struct cprov_upload *u, struct cprov_error *err)
{
    uint64_t left = u->size - u->offset, length = left < u->chunk ? left : u->chunk;
    char range[RANGE_MAX];
    const struct cprov_header header = { "Content-Range", range };

    u->piece = (struct cprov_http_upload){ .bytes = CPROV_SPAN_LITERAL("") };
    if (length == 0)
        return cprov_upload_close(u, &u->piece, cprov_upload_stored, err);
    u->piece = (struct cprov_http_upload){ .fd = u->content.fd,
                                           .offset = u->content.offset + u->offset,
                                           .length = length,
                                           .sent = on_sent,
                                           .arg = u };
    if (u->content.bytes.ptr)
        u->piece.bytes = cprov_span_make(u->content.bytes.ptr + u->offset, (size_t)length);
    (void)snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64, u->offset, u->offset + length - 1);
    const struct cprov_exchange_spec spec = {
        .method = CPROV_PATCH,
        .url = cprov_buf_text(&u->url),
        .headers = &header,
        .headers_count = 1,
        .upload = &u->piece,
        .once = true, /* what of it has arrived, the status tells */
        .done = on_piece,
    };
    return cprov_upload_ask(u, &spec, NULL, err);
}

int cprov_push_chunks(struct cprov_upload *u, const struct cprov_exchange_answer *begun,
                      struct cprov_error *err)
{
    uint64_t least = 0;

    if (cprov_span_u64(cprov_span_trim(begun->head->oci_chunk_min_length), &least) &&
        least > u->chunk)
        u->chunk = least;
    if (u->chunk > CPROV_UPLOAD_CHUNK_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "%s: the server wants pieces of %" PRIu64 " bytes",
                          u->op.what, u->chunk);
    u->offset = 0;
    return send_next(u, err);
}
