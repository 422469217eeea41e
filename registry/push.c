/* registry/push.c - uploads of blobs: asked for, begun, sent whole, begun anew when lost. */
#include "registry/push.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "registry/push_private.h"
#include "registry/retry.h"

#define NAMED_DIGITS 19 /* bytes of a digest that a message shows: "sha256:" and 12 digits */

/* --- life --- */

static void push_free(struct cprov_push *p)
{
    cprov_op_remove(&p->op);
    cprov_alarm_stop(p->alarm);
    cprov_buf_clear(&p->url);
    free(p->what);
    free(p);
}

void cprov_push_finish(struct cprov_push *p, int code, bool there, const struct cprov_error *err)
{
    struct cprov_push copy = *p;

    push_free(p);
    if (copy.found)
        copy.found(copy.arg, code, there, err);
    else
        copy.done(copy.arg, code, there, err);
}

static void push_end(struct cprov_op *op, const struct cprov_error *err)
{
    struct cprov_push *p = (struct cprov_push *)op;

    cprov_request_stop(p->request);
    if (err)
        cprov_push_finish(p, err->code, false, err);
    else
        push_free(p);
}

struct cprov_request_spec cprov_push_spec(struct cprov_push *p, enum cprov_http_method method)
{
    return (struct cprov_request_spec){
        .method = method,
        .host = p->ref.host,
        .repository = p->ref.repository,
        .actions = p->found ? "pull" : "pull,push",
        .what = p->what,
        .content_type = "application/octet-stream",
        .body_max = CPROV_ERROR_BODY_MAX,
        .arg = p,
    };
}

/* --- the upload is lost --- */

static int look(struct cprov_push *p, struct cprov_error *err);
static int begin_upload(struct cprov_push *p, struct cprov_error *err);

void cprov_push_anew(void *arg)
{
    struct cprov_push *p = arg;
    struct cprov_error err = CPROV_ERROR_INIT;

    p->alarm = NULL;
    int code = look(p, &err); /* what was sent last may have arrived, and its answer not */
    if (code < 0)
        cprov_push_finish(p, code, false, &err);
}

/* Milliseconds until it is worth while to begin anew; negative: it is not. */
static int64_t pause_before(const struct cprov_push *p, int code,
                            const struct cprov_http_head *head)
{
    int64_t asked = head ? cprov_retry_after_ms(head->retry_after, cprov_time_now()) : 0;
    bool lost = head
                    ? head->status == 404 || head->status == 416 || cprov_retry_status(head->status)
                    : code == CPROV_ENETWORK;
    uint32_t random = 0;

    if (!lost || p->restarts >= p->client->wire.retries ||
        asked > (int64_t)CPROV_RETRY_AFTER_MAX_S * 1000)
        return -1;
    if (cprov_random(&random, sizeof(random), NULL) < 0)
        random = 0; /* jitter is a courtesy */
    return asked > 0 ? asked : cprov_retry_backoff_ms(p->restarts + 1, random);
}

void cprov_push_lost(struct cprov_push *p, int code, const struct cprov_http_head *head,
                     const struct cprov_error *err, void (*again)(void *push))
{
    struct cprov_error local = *err;
    int64_t ms = pause_before(p, code, head);

    if (ms >= 0) {
        cprov_debug(p->client->wire.log, "%s: again in %lld ms", p->what, (long long)ms);
        p->restarts++;
        code = cprov_alarm_start(&p->client->wire, ms, again, p, &p->alarm, &local);
        if (code == 0)
            return;
    } else if (p->restarts > 0) {
        (void)cprov_fail(&local, code, "%s, tried %u times", err->msg, p->restarts + 1);
        local.http = err->http;
        memcpy(local.hint, err->hint, sizeof(local.hint));
    }
    if (head && head->status == 413)
        cprov_hint(&local, "a limit of the registry, or of a proxy in front of it, is smaller than "
                           "this");
    cprov_push_finish(p, code, false, &local);
}

/* --- the whole is sent --- */

static int check_stored(const struct cprov_push *p, const struct cprov_http_head *head,
                        struct cprov_error *err)
{
    struct cprov_digest said;
    struct cprov_span text = cprov_span_trim(head->docker_content_digest);

    if (head->status != 201 && head->status != 200 && head->status != 204)
        return cprov_fail(err, CPROV_ENETWORK, "%s: the server answers %d to the whole of it",
                          p->what, head->status);
    if (text.len == 0 || cprov_digest_parse(text, &said, err) < 0 || said.algo != p->digest.algo)
        return 0; /* it does not have to say, and it has been told what must come out */
    if (!cprov_digest_equal(&said, &p->digest))
        return cprov_fail(err, CPROV_EVERIFY, "%s: the server has stored %" CPROV_SPAN_FMT, p->what,
                          CPROV_SPAN_ARG(text));
    return 0;
}

/* A proxy that takes no body of this size may take its parts. */
static bool try_chunks(struct cprov_push *p, const struct cprov_http_head *head,
                       struct cprov_error *err)
{
    if (!head || head->status != 413 || p->chunk > 0 || p->size <= CPROV_UPLOAD_CHUNK)
        return false;
    p->chunk = CPROV_UPLOAD_CHUNK;
    return begin_upload(p, err) == 0;
}

void cprov_push_on_stored(void *arg, int code, const struct cprov_exchange_answer *answer,
                          const struct cprov_error *err)
{
    struct cprov_push *p = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    p->request = NULL;
    if (code < 0) {
        local = *err;
        if (!try_chunks(p, answer->head, &local))
            cprov_push_lost(p, code, answer->head, err, cprov_push_anew);
        return;
    }
    code = check_stored(p, answer->head, &local);
    cprov_push_finish(p, code, false, code < 0 ? &local : NULL);
}

/* The address as it came, its query too. */
int cprov_push_close_url(const struct cprov_push *p, struct cprov_span location,
                         struct cprov_buf *url, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];

    cprov_buf_init(url, CPROV_URL_MAX);
    cprov_buf_add_span(url, location);
    cprov_url_add_query(url, "digest", cprov_span_of(cprov_digest_format(&p->digest, digest)));
    return cprov_buf_check(url, "URL", err);
}

static int send_whole(struct cprov_push *p, struct cprov_error *err)
{
    struct cprov_request_spec spec = cprov_push_spec(p, CPROV_PUT);
    auto_buf struct cprov_buf url = { 0 };

    if (cprov_push_close_url(p, cprov_buf_span(&p->url), &url, err) < 0)
        return err->code;
    spec.url = cprov_buf_text(&url);
    spec.upload = &p->content;
    spec.bulk = p->size > CPROV_EXPECT_BYTES;
    spec.once = true; /* half an upload is not to be had again under this address */
    spec.done = cprov_push_on_stored;
    return cprov_request_start(p->client, &spec, &p->request, err);
}

static int send(struct cprov_push *p, const struct cprov_exchange_answer *begun,
                struct cprov_error *err)
{
    const struct cprov_http_head *head = begun->head;

    if (head->status == 201 || head->location.len == 0)
        return cprov_fail(err, CPROV_ENETWORK,
                          "%s: the server does not say where to upload to (%d)", p->what,
                          head->status);
    cprov_buf_reset(&p->url);
    if (cprov_url_resolve(begun->url, head->location, &p->url, err) < 0 ||
        cprov_buf_check(&p->url, "URL", err) < 0)
        return cprov_wrap_as(err, CPROV_ENETWORK, "%s", p->what);
    return p->chunk > 0 ? cprov_push_chunks(p, begun, err) : send_whole(p, err);
}

static void on_begun(void *arg, int code, const struct cprov_exchange_answer *answer,
                     const struct cprov_error *err)
{
    struct cprov_push *p = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    p->request = NULL;
    if (code == 0 && (code = send(p, answer, &local)) < 0)
        err = &local;
    if (code < 0)
        cprov_push_finish(p, code, false, err);
}

static int begin_upload(struct cprov_push *p, struct cprov_error *err)
{
    struct cprov_request_spec spec = cprov_push_spec(p, CPROV_POST);
    auto_buf struct cprov_buf path = { 0 };

    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_addf(&path, "/v2/%s/blobs/uploads/", p->ref.repository);
    if (p->digest.algo != CPROV_SHA256)
        cprov_buf_add_text(&path, "?digest-algorithm=sha512");
    if (cprov_buf_check(&path, "URL", err) < 0)
        return err->code;
    spec.path = cprov_buf_text(&path);
    spec.done = on_begun;
    return cprov_request_start(p->client, &spec, &p->request, err);
}

/* --- is it there --- */

/* Some say 0 of everything that they are asked for with HEAD. */
static bool is_there(const struct cprov_push *p, const struct cprov_http_head *head)
{
    return !head->has_content_length || head->content_length == 0 ||
           head->content_length == p->size;
}

/* Servers that know no HEAD, or send it to a store that does not, are asked by the upload itself.
 */
static bool is_missing(const struct cprov_push *p, int code, const struct cprov_http_head *head)
{
    if (code == CPROV_ENOTFOUND)
        return true;
    return !p->found && head && head->status >= 400 && head->status < 500 && head->status != 401 &&
           !cprov_retry_status(head->status);
}

static void on_looked(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct cprov_push *p = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    bool there = code == 0 && is_there(p, answer->head);

    p->request = NULL;
    if (code < 0 && is_missing(p, code, answer->head))
        code = 0;
    if (code == 0 && !there && !p->found) {
        if ((code = begin_upload(p, &local)) == 0)
            return;
        err = &local;
    }
    cprov_push_finish(p, code, there, err);
}

static int look(struct cprov_push *p, struct cprov_error *err)
{
    struct cprov_request_spec spec = cprov_push_spec(p, CPROV_HEAD);
    char digest[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf path = { 0 };

    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_addf(&path, "/v2/%s/blobs/%s", p->ref.repository,
                   cprov_digest_format(&p->digest, digest));
    if (cprov_buf_check(&path, "URL", err) < 0)
        return err->code;
    spec.path = cprov_buf_text(&path);
    spec.done = on_looked;
    return cprov_request_start(p->client, &spec, &p->request, err);
}

/* --- public --- */

static int begin(struct cprov_client *c, const struct cprov_push *plan, struct cprov_error *err)
{
    struct cprov_push *p = malloc(sizeof(*p));
    char digest[CPROV_DIGEST_TEXT_MAX];

    if (!p)
        return cprov_fail_memory(err);
    *p = *plan;
    p->client = c;
    cprov_buf_init(&p->url, CPROV_URL_MAX);
    cprov_op_add(c, &p->op, push_end);
    int code = asprintf(&p->what, "blob %.*s of %s/%s", NAMED_DIGITS,
                        cprov_digest_format(&p->digest, digest), p->ref.host, p->ref.repository);
    if (code < 0) {
        p->what = NULL;
        code = cprov_fail_memory(err);
    } else {
        code = look(p, err);
    }
    if (code < 0)
        push_free(p);
    return code;
}

int cprov_client_has_blob(struct cprov_client *c, const struct cprov_reference *ref,
                          const struct cprov_descriptor *descriptor, cprov_has_blob_fn *done,
                          void *arg, struct cprov_error *err)
{
    return begin(c,
                 &(struct cprov_push){ .ref = *ref,
                                       .digest = descriptor->digest,
                                       .size = descriptor->size,
                                       .found = done,
                                       .arg = arg },
                 err);
}

int cprov_client_push_blob(struct cprov_client *c, const struct cprov_blob_push *push,
                           struct cprov_error *err)
{
    const struct cprov_descriptor *d = push->descriptor;
    struct cprov_push plan = { .ref = *push->ref,
                               .digest = d->digest,
                               .size = d->size,
                               .content = push->content,
                               .done = push->done,
                               .arg = push->arg };

    if (d->size > CPROV_BLOB_SIZE_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "blob of %llu bytes", (unsigned long long)d->size);
    plan.content.length = d->size;
    return begin(c, &plan, err);
}
