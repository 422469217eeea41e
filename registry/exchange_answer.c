/* registry/exchange_answer.c - the judging half of an exchange: redirect, challenge, wait, repeat.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "manifest/reference.h"
#include "net/redirect.h"
#include "registry/exchange_private.h"
#include "registry/problem_private.h"
#include "registry/retry.h"

/* So much of a body since the last fault makes it a new one: a server that drips a byte per
 * connection must not keep us for ever. */
#define PROGRESS_MIN (256 * CPROV_KIB)

/* The host that a redirect led to, when it is another origin. */
static void name_elsewhere(const struct cprov_exchange *x, struct cprov_buf *out)
{
    struct cprov_url home, here;

    if (x->hops == 0 || cprov_url_parse(cprov_span_of(x->base), &home, NULL) < 0 ||
        cprov_url_parse(cprov_buf_span(&x->url), &here, NULL) < 0 ||
        cprov_url_same_origin(&home, &here))
        return;
    cprov_buf_add_span(out, here.host);
    if (here.port != (here.https ? 443 : 80))
        cprov_buf_addf(out, ":%u", here.port);
}

/* An answer of the server that ends the exchange. */
static void fail_status(struct cprov_exchange *x, const struct cprov_http_head *head,
                        int64_t asked_ms)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf elsewhere = { 0 };

    cprov_buf_init(&elsewhere, CPROV_URL_MAX);
    name_elsewhere(x, &elsewhere);
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
    if (x->spec.fallback_url)
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
    if (!x->spec.fallback_url || x->fallback_tried)
        return false;
    x->fallback_tried = true;
    x->base = x->spec.fallback_url;
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
        return cprov_fail(err, CPROV_ENETWORK, "a redirect (%d) that names no target",
                          head->status);
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
        return cprov_fail(err, CPROV_ENETWORK, "the answer to what was sent is a redirect (%d)",
                          head->status);
    for (size_t i = 0; i <= x->hops; i++)
        if (x->trail[i] == cprov_exchange_mark(cprov_buf_span(to)))
            return cprov_fail(err, CPROV_ENETWORK, "redirects in a circle");
    return cprov_redirect_check(&from_url, &to_url, x->spec.allow_http, err);
}

/* Through a proxy nothing but the name can be judged. */
static bool at_private_literal(const struct cprov_exchange *x)
{
    struct cprov_url url;

    return cprov_url_parse(cprov_buf_span(&x->url), &url, NULL) == 0 &&
           cprov_host_is_private(url.host);
}

static void follow(struct cprov_exchange *x, const struct cprov_http_head *head)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf to = { 0 };

    cprov_buf_init(&to, CPROV_URL_MAX);
    if (next_hop(x, head, &to, &err) < 0) {
        cprov_exchange_give_up(x, err.code, head, &err);
        return;
    }
    /* Who is private may lead to what is: its network is the user's own. Once public, always so. */
    if (!head->from_private && !at_private_literal(x))
        x->public_only = true;
    cprov_buf_reset(&x->url);
    cprov_buf_add_span(&x->url, cprov_buf_span(&to));
    x->trail[++x->hops] = cprov_exchange_mark(cprov_buf_span(&to));
    x->challenge_tried = false;
    cprov_exchange_send(x);
}

static void challenge(struct cprov_exchange *x, const struct cprov_http_head *head)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_url url;
    int code = CPROV_ENOTFOUND;

    if (x->spec.hooks->challenged && cprov_url_parse(cprov_buf_span(&x->url), &url, &err) == 0)
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

/* Before it is cut to a message: half a secret would not be known again. */
static void hide_secrets(struct cprov_exchange *x)
{
    if (x->body.len == 0)
        return;
    cprov_secrets_hide(x->wire->secrets, x->body.ptr);
    x->body.len = strlen(x->body.ptr);
}

static void settled_scheme(struct cprov_exchange *x, const struct cprov_http_head *head)
{
    const struct cprov_exchange_hooks *hooks = x->spec.hooks;
    struct cprov_url url;

    x->spec.fallback_url = NULL;
    if (hooks->seen && cprov_url_parse(cprov_buf_span(&x->url), &url, NULL) == 0)
        hooks->seen(x->spec.arg, &url, head);
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
    if (!x->accepted)
        hide_secrets(x);

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

int cprov_exchange_on_head(void *arg, const struct cprov_http_head *head, struct cprov_error *err)
{
    struct cprov_exchange *x = arg;
    const struct cprov_exchange_hooks *hooks = x->spec.hooks;

    x->accepted = (head->status >= 200 && head->status < 300) ||
                  (head->status == 304 && x->spec.if_none_match);
    cprov_buf_reset(&x->body);
    if (head->status != 400) /* may be a TLS server's: see wants_tls() */
        settled_scheme(x, head);
    if (!x->accepted) {
        cprov_http_hurry(x->transfer, CPROV_ERROR_WAIT_MS);
        return 0;
    }
    if (!hooks->body && x->spec.method != CPROV_HEAD && head->has_content_length &&
        head->content_length > x->spec.body_max) {
        x->hook_failed = true;
        return cprov_fail(err, CPROV_ELIMIT, "%s: larger than %zu bytes", x->spec.what,
                          x->spec.body_max);
    }
    if (!hooks->head)
        return 0;

    x->busy++;
    int code = hooks->head(x->spec.arg, x, head, err);
    x->hook_failed = code < 0;
    cprov_exchange_leave(x);
    return code;
}

/* What all answers that are on their way hold together. */
static size_t held_bodies(const struct cprov_wire *w)
{
    size_t held = 0;

    for (const struct cprov_exchange *x = w->live; x; x = x->next)
        held += x->body.cap;
    return held;
}

static int collect(struct cprov_exchange *x, const void *data, size_t len, struct cprov_error *err)
{
    size_t max = x->accepted ? x->spec.body_max : CPROV_ERROR_BODY_MAX;
    size_t room = max - x->body.len;

    cprov_buf_add(&x->body, data, len < room ? len : room);
    if (len > room)
        return cprov_fail(err, CPROV_ELIMIT, "%s: larger than %zu bytes", x->spec.what, max);
    if (held_bodies(x->wire) > CPROV_BODIES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "%s: all answers together hold more than %zu MiB",
                          x->spec.what, CPROV_BODIES_MAX / CPROV_MIB);
    return cprov_buf_check(&x->body, x->spec.what, err);
}

int cprov_exchange_on_body(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct cprov_exchange *x = arg;
    const struct cprov_exchange_hooks *hooks = x->spec.hooks;
    int code;

    x->busy++;
    if (x->accepted)
        x->progress += len;
    if (x->accepted && hooks->body)
        code = hooks->body(x->spec.arg, x, data, len, err);
    else
        code = collect(x, data, len, err);
    x->hook_failed = x->accepted && code < 0;
    cprov_exchange_leave(x);
    return code;
}

void cprov_exchange_on_done(void *arg, int code, const struct cprov_http_head *head, bool retry,
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
