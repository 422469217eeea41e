/* registry/upload.c - an upload of a blob: its requests, its pauses, what the server has stored. */
#include "registry/upload_private.h"

#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/limits.h"
#include "registry/client_private.h"
#include "registry/retry.h"

int cprov_upload_ask(struct cprov_upload *u, const struct cprov_exchange_spec *spec,
                     const char *path, struct cprov_error *err)
{
    struct cprov_request_spec request = {
        .ask = *spec,
        .host = u->ref.host,
        .repository = u->ref.repository,
        .actions = u->found ? "pull" : "pull,push",
        .path = path,
    };

    request.ask.content_type = "application/octet-stream";
    request.ask.body_max = CPROV_ERROR_BODY_MAX;
    return cprov_op_ask(&u->op, &request, err);
}

/* Milliseconds until it is worth while to begin anew; negative: it is not. */
static int64_t pause_before(const struct cprov_upload *u, int code,
                            const struct cprov_http_head *head)
{
    int64_t asked = head ? cprov_retry_after_ms(head->retry_after, cprov_time_now()) : 0;
    bool lost = head
                    ? head->status == 404 || head->status == 416 || cprov_retry_status(head->status)
                    : code == CPROV_ENETWORK;
    uint32_t random = 0;

    if (!lost || u->restarts >= u->op.client->hub.wire.retries ||
        asked > (int64_t)CPROV_RETRY_AFTER_MAX_S * 1000)
        return -1;
    if (cprov_random(&random, sizeof(random), NULL) < 0)
        random = 0; /* jitter is a courtesy */
    return asked > 0 ? asked : cprov_retry_backoff_ms(u->restarts + 1, random);
}

void cprov_upload_lost(struct cprov_upload *u, int code, const struct cprov_http_head *head,
                       const struct cprov_error *err, void (*again)(void *upload))
{
    struct cprov_error local = *err;
    int64_t ms = pause_before(u, code, head);

    if (ms >= 0) {
        cprov_debug(u->op.client->hub.wire.log, "%s: again in %lld ms", u->op.what, (long long)ms);
        u->restarts++;
        if ((code = cprov_op_wait(&u->op, ms, again, &local)) == 0)
            return;
    } else if (u->restarts > 0) {
        (void)cprov_fail(&local, code, "%s, tried %u times", err->msg, u->restarts + 1);
        local.http = err->http;
        cprov_hint_copy(&local, err);
    }
    if (head && head->status == 413)
        cprov_hint(&local, CPROV_HINT_SMALLER_LIMIT);
    cprov_op_finish(&u->op, code, &local);
}

int cprov_upload_close(struct cprov_upload *u, const struct cprov_http_upload *body,
                       void (*done)(void *upload, int code,
                                    const struct cprov_exchange_answer *answer,
                                    const struct cprov_error *err),
                       struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf url = { 0 };

    cprov_buf_init(&url, CPROV_URL_MAX);
    cprov_buf_add_span(&url, cprov_buf_span(&u->url)); /* as it came, its query too */
    cprov_url_add_query(&url, "digest", cprov_span_of(cprov_digest_format(&u->digest, digest)));
    if (cprov_buf_check(&url, "URL", err) < 0)
        return err->code;
    const struct cprov_exchange_spec spec = {
        .method = CPROV_PUT,
        .url = cprov_buf_text(&url),
        .upload = body,
        .bulk = body->length > CPROV_EXPECT_BYTES,
        .once = true, /* half an upload is not to be had again under this address */
        .done = done,
    };
    return cprov_upload_ask(u, &spec, NULL, err);
}

static int check_stored(const struct cprov_upload *u, const struct cprov_http_head *head,
                        struct cprov_error *err)
{
    struct cprov_digest said;
    struct cprov_span text = cprov_span_trim(head->docker_content_digest);

    if (head->status != 201 && head->status != 200 && head->status != 204)
        return cprov_fail(err, CPROV_ENETWORK, "%s: the server answered %d to the complete upload",
                          u->op.what, head->status);
    if (text.len == 0 || cprov_digest_parse(text, &said, err) < 0 || said.algo != u->digest.algo)
        return 0; /* it does not have to say, and it has been told what must come out */
    if (!cprov_digest_equal(&said, &u->digest))
        return cprov_fail(err, CPROV_EVERIFY, "%s: the server has stored %" CPROV_SPAN_FMT,
                          u->op.what, CPROV_SPAN_ARG(text));
    return 0;
}

void cprov_upload_stored(void *arg, int code, const struct cprov_exchange_answer *answer,
                         const struct cprov_error *err)
{
    struct cprov_upload *u = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code < 0) {
        cprov_upload_lost(u, code, answer->head, err, u->anew);
        return;
    }
    code = check_stored(u, answer->head, &local);
    cprov_op_finish(&u->op, code, &local);
}
