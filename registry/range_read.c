/* registry/range_read.c - a few bytes out of the middle of a file on a web server. */
#include "registry/range_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/client_private.h"
#include "registry/request.h"
#include "registry/retry.h"

struct range_read {
    struct cprov_op op;
    struct cprov_client *client;
    struct cprov_request *request;
    uint64_t offset;
    size_t len;
    bool plain; /* the server refuses a Range: does it give the whole? */
    char *url;
    struct cprov_reference ref;
    struct cprov_buf bytes;
    uint64_t total;
    char *what;
    cprov_range_fn *done;
    void *arg;
};

static void range_free(struct range_read *r)
{
    cprov_op_remove(&r->op);
    cprov_buf_clear(&r->bytes);
    free(r->what);
    free(r->url);
    free(r);
}

static void range_finish(struct range_read *r, int code, bool ranges, const struct cprov_error *err)
{
    struct cprov_range_answer answer = { .ranges = ranges, .total = r->total };
    auto_buf struct cprov_buf bytes = r->bytes;
    cprov_range_fn *done = r->done;
    void *arg = r->arg;

    r->bytes = (struct cprov_buf){ 0 };
    range_free(r);
    if (ranges)
        answer.bytes = cprov_buf_span(&bytes);
    done(arg, code, code < 0 ? NULL : &answer, err);
}

static void range_end(struct cprov_op *op, const struct cprov_error *err)
{
    struct range_read *r = (struct range_read *)op;

    cprov_request_stop(r->request);
    if (err)
        range_finish(r, err->code, false, err);
    else
        range_free(r);
}

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
        return cprov_fail(err, CPROV_ENETWORK, "%s: the server answers with the wrong range",
                          r->what);
    r->total = head->has_content_length && !head->encoded ? head->content_length : 0;
    cprov_request_stop(r->request);
    range_finish(r, 0, false, NULL);
    return 0;
}

static int on_body(void *arg, struct cprov_exchange *x, const void *data, size_t len,
                   struct cprov_error *err)
{
    struct range_read *r = arg;

    (void)x;
    if (len > r->len - r->bytes.len)
        return cprov_fail(err, CPROV_EVERIFY, "%s: more bytes than were asked for", r->what);
    cprov_buf_add(&r->bytes, data, len);
    return cprov_buf_check(&r->bytes, r->what, err);
}

static int ask(struct range_read *r, struct cprov_error *err);

static void on_done(void *arg, int code, const struct cprov_exchange_answer *answer,
                    const struct cprov_error *err)
{
    struct range_read *r = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    r->request = NULL;
    if (code < 0 && !r->plain && answer->head && cprov_range_refused(answer->head->status)) {
        r->plain = true;
        if ((code = ask(r, &local)) == 0)
            return;
        err = &local;
    }
    range_finish(r, code, code == 0, err);
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
    struct cprov_request_spec spec = {
        .method = CPROV_GET,
        .host = r->ref.host,
        .repository = "",
        .actions = "",
        .url = r->url,
        .foreign = true,
        .what = r->what,
        .begin = on_begin,
        .head = on_head,
        .body = on_body,
        .done = on_done,
        .arg = r,
    };
    return cprov_request_start(r->client, &spec, &r->request, err);
}

static int begin(struct range_read *r, const char *url, struct cprov_error *err)
{
    auto_buf struct cprov_buf what = { 0 };

    cprov_buf_init(&what, CPROV_URL_MAX);
    cprov_file_what(url, &what);
    if (cprov_file_reference(url, &r->ref, err) < 0 ||
        cprov_buf_take(&what, "URL", &r->what, err) < 0)
        return err->code;
    r->url = strdup(url);
    return r->url ? ask(r, err) : cprov_fail_memory(err);
}

int cprov_client_read_range(struct cprov_client *c, const char *url, uint64_t offset, size_t len,
                            cprov_range_fn *done, void *arg, struct cprov_error *err)
{
    if (len == 0 || len > CPROV_RANGE_MAX || offset > UINT64_MAX - len)
        return cprov_fail(err, CPROV_EINVAL, "a range of %zu bytes", len);
    struct range_read *r = calloc(1, sizeof(*r));
    if (!r)
        return cprov_fail_memory(err);
    r->client = c;
    r->offset = offset;
    r->len = len;
    r->done = done;
    r->arg = arg;
    cprov_buf_init(&r->bytes, CPROV_RANGE_MAX);
    cprov_op_add(c, &r->op, range_end);
    int code = begin(r, url, err);
    if (code < 0)
        range_free(r);
    return code;
}
