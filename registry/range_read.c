/* registry/range_read.c - a few bytes out of the middle of a file on a web server. */
#include "registry/range_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/op.h"
#include "registry/retry.h"

struct range_read {
    struct cprov_op op;
    uint64_t offset;
    size_t len;
    bool plain;  /* the server refuses a Range: does it give the whole? */
    bool ranges; /* what came is the range */
    char *url;
    struct cprov_reference ref;
    struct cprov_buf bytes;
    uint64_t total;
    cprov_range_fn *done;
    void *arg;
};

static void range_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    const struct range_read *r = (struct range_read *)op;
    struct cprov_range_answer answer = { .ranges = r->ranges, .total = r->total };

    if (r->ranges)
        answer.bytes = cprov_buf_span(&r->bytes);
    r->done(r->arg, code, code < 0 ? NULL : &answer, err);
}

static void range_clear(struct cprov_op *op)
{
    struct range_read *r = (struct range_read *)op;

    cprov_buf_clear(&r->bytes);
    free(r->url);
}

static const struct cprov_op_kind kind = { sizeof(struct range_read), range_done, range_clear };

static int on_begin(void *arg, struct cprov_exchange *x, struct cprov_error *err)
{
    struct range_read *r = arg;

    (void)err;
    cprov_buf_reset(&r->bytes);
    if (r->plain)
        cprov_exchange_clear_range(x);
    else
        cprov_exchange_set_range(x, r->offset, r->offset + r->len - 1,
                                 (struct cprov_span){ "", 0 });
    return 0;
}

static int on_head(void *arg, struct cprov_exchange *x, const struct cprov_http_head *head,
                   struct cprov_error *err)
{
    struct range_read *r = arg;

    (void)x;
    if (head->status == 206 && !head->encoded && head->has_content_range &&
        head->range_first == r->offset) {
        r->total = head->range_total;
        return 0;
    }
    if (head->status == 206)
        return cprov_fail(err, CPROV_ENETWORK, "%s: the server returned the wrong range",
                          r->op.what);
    r->total = head->has_content_length && !head->encoded ? head->content_length : 0;
    cprov_op_finish(&r->op, 0, NULL);
    return 0;
}

static int on_body(void *arg, struct cprov_exchange *x, const void *data, size_t len,
                   struct cprov_error *err)
{
    struct range_read *r = arg;

    (void)x;
    if (len > r->len - r->bytes.len)
        return cprov_fail(err, CPROV_EVERIFY, "%s: more bytes than requested", r->op.what);
    cprov_buf_add(&r->bytes, data, len);
    return cprov_buf_check(&r->bytes, r->op.what, err);
}

static int ask(struct range_read *r, struct cprov_error *err);

static void on_done(void *arg, int code, const struct cprov_exchange_answer *answer,
                    const struct cprov_error *err)
{
    struct range_read *r = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code < 0 && !r->plain && answer->head && cprov_range_refused(answer->head->status)) {
        r->plain = true;
        if ((code = ask(r, &local)) == 0)
            return;
        err = &local;
    }
    r->ranges = code == 0;
    cprov_op_finish(&r->op, code, err);
}

int cprov_file_reference(const char *url, struct cprov_reference *out, struct cprov_error *err)
{
    struct cprov_reference ref = { .has_host = true };
    struct cprov_url u;

    if (cprov_url_parse(cprov_span_of(url), &u, err) < 0)
        return err->code;
    if (u.host.len + sizeof(":65535") > sizeof(ref.host))
        return cprov_fail(err, CPROV_EINVAL, "the host of the URL is too long");
    for (size_t i = 0; i < u.host.len; i++)
        ref.host[i] = cprov_lower(u.host.ptr[i]);
    if (u.port != (u.https ? 443 : 80))
        (void)snprintf(ref.host + u.host.len, sizeof(":65535"), ":%u", u.port);
    *out = ref;
    return 0;
}

void cprov_file_what(const char *url, struct cprov_buf *out)
{
    auto_buf struct cprov_buf shown = { 0 };

    cprov_buf_init(&shown, CPROV_URL_MAX);
    cprov_url_shown(cprov_span_of(url), &shown);
    const char *text = cprov_buf_text(&shown), *scheme = strstr(text, "://");
    cprov_buf_addf(out, "file %s", scheme ? scheme + 3 : text);
}

static int ask(struct range_read *r, struct cprov_error *err)
{
    return cprov_op_ask(&r->op,
                        &(struct cprov_request_spec){ .host = r->ref.host,
                                                      .foreign = true,
                                                      .ask = { .url = r->url,
                                                               .begin = on_begin,
                                                               .head = on_head,
                                                               .body = on_body,
                                                               .done = on_done } },
                        err);
}

int cprov_client_read_range(struct cprov_client *c, const char *url, uint64_t offset, size_t len,
                            cprov_range_fn *done, void *arg, struct cprov_error *err)
{
    auto_buf struct cprov_buf what = { 0 };

    if (len == 0 || len > CPROV_RANGE_MAX || offset > UINT64_MAX - len)
        return cprov_fail(err, CPROV_EINVAL, "a range of %zu bytes", len);
    struct range_read *r = cprov_op_new(c, &kind, err);
    if (!r)
        return CPROV_ENOMEM;
    r->offset = offset;
    r->len = len;
    r->done = done;
    r->arg = arg;
    cprov_buf_init(&r->bytes, CPROV_RANGE_MAX);
    cprov_buf_init(&what, CPROV_URL_MAX);
    cprov_file_what(url, &what);
    int code = cprov_file_reference(url, &r->ref, err);
    if (code == 0)
        code = cprov_buf_take(&what, "URL", &r->op.what, err);
    if (code == 0 && !(r->url = strdup(url)))
        code = cprov_fail_memory(err);
    return cprov_op_started(&r->op, code < 0 ? code : ask(r, err));
}
