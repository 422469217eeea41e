/* registry/exchange.c - what an answer leads to: redirect, challenge, wait, repeat, the end. */
#include "registry/exchange.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "manifest/reference.h"
#include "net/redirect.h"
#include "registry/exchange_send_private.h"
#include "registry/problem_private.h"
#include "registry/retry.h"

/* So much of a body since the last fault makes it a new one: a server that drips a byte per
 * connection must not keep us for ever. */
#define PROGRESS_MIN (256 * CPROV_KIB)

/* An answer of the server that ends the exchange; a redirect's target is named. */
static void fail_status(struct cprov_exchange *x, const struct cprov_http_head *head,
                        int64_t asked_ms)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf elsewhere = { 0 };
    struct cprov_url home, here;

    cprov_buf_init(&elsewhere, CPROV_URL_MAX);
    if (x->hops > 0 && cprov_url_parse(cprov_span_of(x->base), &home, NULL) == 0 &&
        cprov_url_parse(cprov_buf_span(&x->url), &here, NULL) == 0 &&
        !cprov_url_same_origin(&home, &here))
        cprov_url_authority(&here, &elsewhere);
    struct cprov_problem problem = {
        .what = x->spec.what,
        .http = head->status,
        .elsewhere = elsewhere.len > 0 ? cprov_buf_text(&elsewhere) : NULL,
        .content_type = head->content_type,
        .body = cprov_buf_span(&x->body),
        .tries = x->failures + 1,
        .asked_s = asked_ms / 1000,
    };

    int code = cprov_problem_fail(&problem, &err);
    cprov_exchange_finish(x, code, head, &err);
}

static bool may_repeat(struct cprov_exchange *x)
{
    if (x->progress >= PROGRESS_MIN)
        x->failures = 0;
    x->progress = 0;
    return !x->spec.once && x->failures < x->wire->retries;
}

/* asked_ms: what the server wants us to wait; below 1 for a back-off. */
static void repeat(struct cprov_exchange *x, int64_t asked_ms)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    uint32_t random = 0;

    if (cprov_random(&random, sizeof(random), NULL) < 0)
        random = 0; /* jitter is a courtesy */
    x->failures++;
    if (x->route.fallback_url)
        x->base = x->spec.url;
    x->fallback_tried = false;
    x->first_err = (struct cprov_error)CPROV_ERROR_INIT;
    cprov_exchange_rewind(x);

    int64_t ms = asked_ms > 0 ? asked_ms : cprov_retry_backoff_ms(x->failures, random);
    cprov_debug(x->wire->log, "%s: again in %lld ms", x->spec.what, (long long)ms);
    if (cprov_exchange_send_after(x, ms, &err) < 0)
        cprov_exchange_finish(x, err.code, NULL, &err);
}

static bool try_fallback(struct cprov_exchange *x)
{
    if (!x->route.fallback_url || x->fallback_tried)
        return false;
    x->fallback_tried = true;
    x->base = x->route.fallback_url;
    cprov_exchange_rewind(x);
    cprov_exchange_send(x);
    return true;
}

/* When neither scheme is answered, the first one's failure is the one to tell: the other was a
 * guess. */
static void transfer_failed(struct cprov_exchange *x, int code, const struct cprov_http_head *head,
                            bool retry, const struct cprov_error *err)
{
    struct cprov_error first;
    bool guessed = x->fallback_tried && x->first_err.code < 0 && !head && code == CPROV_ENETWORK;

    if (guessed) {
        first = x->first_err;
        retry = retry || x->first_retry;
        code = first.code;
        err = &first;
    } else if (!x->fallback_tried) {
        x->first_retry = retry;
        x->first_err = *err;
    }
    if (x->hook_failed || code == CPROV_ECANCELLED)
        cprov_exchange_finish(x, code, head, err);
    else if (!head && code == CPROV_ENETWORK && err->os != ETIMEDOUT && try_fallback(x))
        return;
    else if (retry && may_repeat(x))
        repeat(x, 0);
    else
        cprov_exchange_give_up(x, code, head, err);
}

static int next_hop(struct cprov_exchange *x, const struct cprov_http_head *head,
                    struct cprov_buf *to, struct cprov_error *err)
{
    struct cprov_url from_url, to_url;

    if (head->location.len == 0)
        return cprov_fail(err, CPROV_ENETWORK, "a redirect (%d) without a target", head->status);
    if (x->hops >= CPROV_REDIRECTS_MAX)
        return cprov_fail(err, CPROV_ENETWORK, "more than %d redirects", CPROV_REDIRECTS_MAX);
    if (cprov_url_parse(cprov_buf_span(&x->url), &from_url, err) < 0 ||
        cprov_url_resolve(cprov_buf_span(&x->url), head->location, to, err) < 0 ||
        cprov_buf_check(to, "URL", err) < 0 ||
        cprov_url_parse(cprov_buf_span(to), &to_url, err) < 0)
        return cprov_wrap_as(err, CPROV_ENETWORK, "redirect");
    /* A form carries a secret, and an upload is not for everybody: they stay where they were meant
     * for. */
    if (cprov_http_has_body(x->spec.method) &&
        (head->status < 307 || !cprov_url_same_origin(&from_url, &to_url)))
        return cprov_fail(err, CPROV_ENETWORK,
                          "the server answered the upload with a redirect (%d)", head->status);
    for (size_t i = 0; i <= x->hops; i++)
        if (x->trail[i] == cprov_url_mark(cprov_buf_span(to)))
            return cprov_fail(err, CPROV_ENETWORK, "the redirects form a loop");
    return cprov_redirect_check(&from_url, &to_url, x->route.allow_http, err);
}

static void follow(struct cprov_exchange *x, const struct cprov_http_head *head)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf to = { 0 };
    struct cprov_url from;

    cprov_buf_init(&to, CPROV_URL_MAX);
    if (next_hop(x, head, &to, &err) < 0) {
        cprov_exchange_give_up(x, err.code, head, &err);
        return;
    }
    /* Who is private may lead to what is: its network is the user's own. Once public, always so.
     * Through a proxy nothing but the name can be judged. */
    if (!head->from_private && !(cprov_url_parse(cprov_buf_span(&x->url), &from, NULL) == 0 &&
                                 cprov_host_is_private(from.host)))
        x->public_only = true;
    cprov_buf_reset(&x->url);
    cprov_buf_add_span(&x->url, cprov_buf_span(&to));
    x->trail[++x->hops] = cprov_url_mark(cprov_buf_span(&to));
    x->challenge_tried = false;
    cprov_exchange_send(x);
}

static void challenge(struct cprov_exchange *x, const struct cprov_http_head *head)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_url url;
    int code = CPROV_ENOTFOUND;

    if (x->route.login && x->route.login->challenged &&
        cprov_url_parse(cprov_buf_span(&x->url), &url, &err) == 0)
        code = cprov_exchange_ask(x, &url, head, &err);
    if (code == CPROV_ENOTFOUND)
        fail_status(x, head, 0);
    else if (code < 0)
        cprov_exchange_give_up(x, code, head, &err);
    else if (code == CPROV_ASK_GO_ON)
        cprov_exchange_send(x);
}

static void retry_later(struct cprov_exchange *x, const struct cprov_http_head *head)
{
    int64_t asked = cprov_retry_after_ms(head->retry_after, cprov_time_now());
    struct cprov_url url;

    bool too_long = asked > (int64_t)CPROV_RETRY_AFTER_MAX_S * 1000;
    if (!too_long && asked > 0 && cprov_url_parse(cprov_buf_span(&x->url), &url, NULL) == 0)
        cprov_wire_pause(x->wire, &url, asked);
    if (too_long || x->spec.probe || !may_repeat(x))
        fail_status(x, head, too_long ? asked : 0);
    else
        repeat(x, asked);
}

/* What servers that speak TLS say to a request in the clear. */
static bool wants_tls(const struct cprov_exchange *x, const struct cprov_http_head *head)
{
    static const char *const words[] = { "HTTPS", "SSL-enabled" };

    for (size_t i = 0; i < CPROV_COUNT(words) && head->status == 400 && x->body.len > 0; i++)
        if (memmem(x->body.ptr, x->body.len, words[i], strlen(words[i])))
            return true;
    return false;
}

static void settled_scheme(struct cprov_exchange *x, const struct cprov_http_head *head)
{
    const struct cprov_exchange_login *login = x->route.login;
    struct cprov_url url;

    x->route.fallback_url = NULL;
    if (login && login->seen && cprov_url_parse(cprov_buf_span(&x->url), &url, NULL) == 0)
        login->seen(x->route.login_arg, &url, head);
}

static void answered(struct cprov_exchange *x, const struct cprov_http_head *head)
{
    int status = head->status;

    if (status == 400) {
        if (wants_tls(x, head) && try_fallback(x))
            return;
        settled_scheme(x, head);
    }
    x->first_err = (struct cprov_error)CPROV_ERROR_INIT; /* what fails now is no guess any more */
    if (!x->accepted && x->body.len > 0) {
        /* Before it is cut to a message: half a secret would not be known again. */
        cprov_secrets_hide(x->wire->secrets, x->body.ptr);
        x->body.len = strlen(x->body.ptr);
    }

    if (x->accepted) {
        cprov_exchange_finish(x, 0, head, NULL);
    } else if (cprov_redirect_status(status)) {
        follow(x, head);
    } else if (status == 401 || (status == 403 && head->authenticate_count > 0)) {
        challenge(x, head);
    } else if (cprov_retry_status(status)) {
        retry_later(x, head);
    } else if (status == 403 && x->hops > 0 && !x->hop_refused && may_repeat(x)) {
        x->hop_refused = true; /* a signature may have run out on the way */
        repeat(x, 0);
    } else {
        fail_status(x, head, 0);
    }
}

static int on_head(void *arg, const struct cprov_http_head *head, struct cprov_error *err)
{
    struct cprov_exchange *x = arg;

    x->accepted = (head->status >= 200 && head->status < 300) ||
                  (head->status == 304 && x->spec.if_none_match);
    cprov_buf_reset(&x->body);
    if (head->status != 400) /* may be a TLS server's: see wants_tls() */
        settled_scheme(x, head);
    if (!x->accepted) {
        cprov_http_hurry(x->transfer, CPROV_ERROR_WAIT_MS);
        return 0;
    }
    if (!x->spec.body && x->spec.method != CPROV_HEAD && head->has_content_length &&
        head->content_length > x->spec.body_max) {
        x->hook_failed = true;
        return cprov_fail(err, CPROV_ELIMIT, "%s: larger than %zu bytes", x->spec.what,
                          x->spec.body_max);
    }
    if (!x->spec.head)
        return 0;

    x->busy++;
    int code = x->spec.head(x->spec.arg, x, head, err);
    x->hook_failed = code < 0;
    cprov_exchange_leave(x);
    return code;
}

static int collect(struct cprov_exchange *x, const void *data, size_t len, struct cprov_error *err)
{
    size_t max = x->accepted ? x->spec.body_max : CPROV_ERROR_BODY_MAX;
    size_t room = max - x->body.len, held = 0;

    cprov_buf_add(&x->body, data, len < room ? len : room);
    if (len > room)
        return cprov_fail(err, CPROV_ELIMIT, "%s: larger than %zu bytes", x->spec.what, max);
    for (const struct cprov_exchange *other = x->wire->live; other; other = other->next)
        held += other->body.cap;
    if (held > CPROV_BODIES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "%s: all answers together are larger than %zu MiB",
                          x->spec.what, CPROV_BODIES_MAX / CPROV_MIB);
    return cprov_buf_check(&x->body, x->spec.what, err);
}

static int on_body(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct cprov_exchange *x = arg;
    int code;

    x->busy++;
    if (x->accepted)
        x->progress += len;
    if (x->accepted && x->spec.body)
        code = x->spec.body(x->spec.arg, x, data, len, err);
    else
        code = collect(x, data, len, err);
    x->hook_failed = x->accepted && code < 0;
    cprov_exchange_leave(x);
    return code;
}

static void on_done(void *arg, int code, const struct cprov_http_head *head, bool retry,
                    const struct cprov_error *err)
{
    struct cprov_exchange *x = arg;
    struct cprov_wire *w = x->wire;

    x->busy++;
    cprov_exchange_transfer_over(x);
    /* Of an error its status counts: who reads a body without an end to its end waits for ever. */
    if (head && !x->accepted && (code == CPROV_ENETWORK || code == CPROV_ELIMIT))
        code = 0;
    if (code < 0)
        transfer_failed(x, code, head, retry, err);
    else
        answered(x, head);
    cprov_exchange_leave(x);
    cprov_exchange_wake(w);
}

/* --- public --- */

static int copy_spec(struct cprov_exchange *x, const struct cprov_exchange_spec *spec,
                     const struct cprov_exchange_route *route, struct cprov_error *err)
{
    x->spec = *spec;
    x->route = *route;

    const char **const texts[] = {
        &x->spec.url,           &x->spec.what,         &x->spec.accept,
        &x->spec.authorization, &x->spec.content_type, &x->spec.if_none_match,
        &x->route.fallback_url, &x->route.peer_origin, &x->route.login_origin,
    };
    struct cprov_header *headers =
        cprov_arena_alloc(&x->arena, spec->headers_count, sizeof(*headers));

    assert(spec->headers_count <= CPROV_EXCHANGE_HEADERS_MAX);
    for (size_t i = 0; i < CPROV_COUNT(texts); i++)
        if (*texts[i])
            *texts[i] = cprov_arena_text(&x->arena, cprov_span_of(*texts[i]));
    if (spec->content.len > 0)
        x->spec.content.ptr = cprov_arena_text(&x->arena, spec->content);
    x->spec.headers = headers;
    for (size_t i = 0; headers && i < spec->headers_count; i++) {
        headers[i].name = cprov_arena_text(&x->arena, cprov_span_of(spec->headers[i].name));
        headers[i].value = cprov_arena_text(&x->arena, cprov_span_of(spec->headers[i].value));
    }
    return cprov_arena_check(&x->arena, err);
}

int cprov_exchange_start(struct cprov_wire *w, const struct cprov_exchange_spec *spec,
                         const struct cprov_exchange_route *route, struct cprov_exchange **out,
                         struct cprov_error *err)
{
    static const struct cprov_exchange_judge judge = { on_head, on_body, on_done };
    struct cprov_exchange *x = calloc(1, sizeof(*x));

    if (!x)
        return cprov_fail_memory(err);
    cprov_buf_init(&x->url, CPROV_URL_MAX);
    cprov_buf_init(&x->authorization, CPROV_TOKEN_LENGTH_MAX + CPROV_KIB);
    cprov_buf_init(&x->etag, CPROV_HEADER_BYTES_MAX);
    cprov_buf_init(&x->body,
                   spec->body_max > CPROV_ERROR_BODY_MAX ? spec->body_max : CPROV_ERROR_BODY_MAX);
    x->wire = w;
    x->judge = &judge;
    x->next = w->live;
    x->link = &w->live;
    if (x->next)
        x->next->link = &x->next;
    w->live = x;

    x->busy++;
    int code = copy_spec(x, spec, route, err);
    if (code == 0) {
        x->base = x->spec.url;
        cprov_exchange_rewind(x);
        code = cprov_exchange_try_send(x, err);
    }
    if (code < 0) {
        x->route.login = NULL; /* its owner's again */
        cprov_exchange_detach(x);
    } else if (!x->ended) {
        x->handle = out;
        *out = x;
    }
    cprov_exchange_leave(x);
    return code;
}

void cprov_exchange_stop(struct cprov_exchange *x)
{
    if (!x)
        return;
    struct cprov_wire *w = x->wire;

    x->busy++;
    cprov_exchange_detach(x);
    cprov_exchange_leave(x);
    /* Not from here: what wakes may call back into the one who stops us. */
    if (w->waiting_first && cprov_alarm_start(w, 0, cprov_exchange_wake, w, NULL, NULL) < 0)
        cprov_exchange_wake(w);
}

struct cprov_span cprov_exchange_url(const struct cprov_exchange *x)
{
    return cprov_buf_span(&x->url);
}

void cprov_exchange_set_range(struct cprov_exchange *x, uint64_t first, uint64_t last,
                              struct cprov_span etag)
{
    (void)snprintf(x->range, sizeof(x->range), "bytes=%llu-%llu", (unsigned long long)first,
                   (unsigned long long)last);
    cprov_buf_reset(&x->etag);
    if (!cprov_span_starts_with(etag, "W/"))
        cprov_buf_add_span(&x->etag, etag);
}

void cprov_exchange_clear_range(struct cprov_exchange *x)
{
    x->range[0] = '\0';
    cprov_buf_reset(&x->etag);
}

int cprov_exchange_restart(struct cprov_exchange *x, struct cprov_error *err)
{
    if (x->transfer) {
        cprov_http_stop(x->wire->http, x->transfer);
        cprov_exchange_transfer_over(x);
    }
    cprov_exchange_rewind(x);
    return cprov_exchange_send_after(x, 0, err);
}

void cprov_exchange_resume(struct cprov_exchange *x, int code, const struct cprov_error *err)
{
    x->busy++;
    if (x->asking)
        x->answered = code == 0;
    else if (code < 0)
        cprov_exchange_give_up(x, code, NULL, err);
    else
        cprov_exchange_send(x);
    cprov_exchange_leave(x);
}
