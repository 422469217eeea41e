/* registry/exchange_send.c - the requests of an exchange: slots, pauses, headers, the end. */
#include "registry/exchange_send_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "conf/secret.h"

#define HEADERS_MAX (8 + CPROV_EXCHANGE_HEADERS_MAX)

/* --- life --- */

static void wipe(const char *text, size_t len)
{
    if (text)
        explicit_bzero((char *)(uintptr_t)text, len); /* a copy of ours: see copy_spec() */
}

void cprov_exchange_leave(struct cprov_exchange *x)
{
    if (--x->busy > 0 || !x->ended)
        return;
    wipe(x->spec.content.ptr, x->spec.content.len);
    wipe(x->spec.authorization, x->spec.authorization ? strlen(x->spec.authorization) : 0);
    for (size_t i = 0; x->spec.headers && i < x->spec.headers_count; i++)
        if (x->spec.headers[i].value)
            wipe(x->spec.headers[i].value, strlen(x->spec.headers[i].value));
    cprov_arena_clear(&x->arena);
    cprov_buf_clear(&x->url);
    cprov_buf_clear(&x->etag);
    cprov_secret_buf_clear(&x->authorization);
    cprov_secret_buf_clear(&x->body);
    free(x);
}

static void leave_queue(struct cprov_exchange *x)
{
    struct cprov_wire *w = x->wire;
    struct cprov_exchange *before = NULL;

    if (!x->waiting)
        return;
    for (struct cprov_exchange *e = w->waiting_first; e != x; e = e->waiting_next)
        before = e;
    if (before)
        before->waiting_next = x->waiting_next;
    else
        w->waiting_first = x->waiting_next;
    if (w->waiting_last == x)
        w->waiting_last = before;
    x->waiting_next = NULL;
    x->waiting = false;
}

static void enter_queue(struct cprov_exchange *x)
{
    struct cprov_wire *w = x->wire;

    if (w->waiting_last)
        w->waiting_last->waiting_next = x;
    else
        w->waiting_first = x;
    w->waiting_last = x;
    x->waiting = true;
}

void cprov_exchange_wake(void *arg)
{
    struct cprov_wire *w = arg;

    while (w->waiting_first && w->small_running < CPROV_PARALLEL_REQUESTS) {
        struct cprov_exchange *x = w->waiting_first;

        leave_queue(x);
        cprov_exchange_send(x);
    }
}

void cprov_exchange_transfer_over(struct cprov_exchange *x)
{
    x->transfer = NULL;
    if (!x->spec.bulk)
        x->wire->small_running--;
}

void cprov_exchange_detach(struct cprov_exchange *x)
{
    x->ended = true;
    if (x->handle)
        *x->handle = NULL;
    *x->link = x->next;
    if (x->next)
        x->next->link = x->link;
    cprov_alarm_stop(x->alarm);
    x->alarm = NULL;
    leave_queue(x);
    if (x->transfer) {
        cprov_http_stop(x->wire->http, x->transfer);
        cprov_exchange_transfer_over(x);
    }
    if (x->route.login && x->route.login->free)
        x->route.login->free(x->route.login_arg);
    x->route.login = NULL;
}

void cprov_exchange_finish(struct cprov_exchange *x, int code, const struct cprov_http_head *head,
                           const struct cprov_error *err)
{
    struct cprov_exchange_answer answer = { .head = head,
                                            .body = cprov_buf_span(&x->body),
                                            .url = cprov_buf_span(&x->url) };
    struct cprov_error told = code < 0 ? *err : (struct cprov_error)CPROV_ERROR_INIT;

    x->busy++;
    if (code < 0 && x->route.login && x->route.login->failed)
        x->route.login->failed(x->route.login_arg, &told);
    cprov_exchange_detach(x);
    x->spec.done(x->spec.arg, code, &answer, code < 0 ? &told : NULL);
    cprov_exchange_leave(x);
}

void cprov_exchange_give_up(struct cprov_exchange *x, int code, const struct cprov_http_head *head,
                            const struct cprov_error *cause)
{
    struct cprov_error err = *cause;
    char tried[32] = "";

    if (x->failures > 0)
        (void)snprintf(tried, sizeof(tried), ", tried %u times", x->failures + 1);
    (void)cprov_fail(&err, code, "%s: %s%s", x->spec.what, cause->msg, tried);
    err.http = head ? head->status : 0;
    err.os = cause->os;
    cprov_hint_copy(&err, cause);
    cprov_exchange_finish(x, code, head, &err);
}

/* --- sending --- */

static bool is_at(const struct cprov_exchange *x, const char *origin, const struct cprov_url *url)
{
    struct cprov_url home;

    return cprov_url_parse(cprov_span_of(origin ? origin : x->base), &home, NULL) == 0 &&
           cprov_url_same_origin(&home, url);
}

/* How the origin is reached: what was set for another one does not hold for it, but for the way out
 * of the house. */
static int choose_peer(struct cprov_exchange *x, const struct cprov_url *url,
                       const struct cprov_http_peer **out, struct cprov_error *err)
{
    const struct cprov_wire *w = x->wire;
    const char *proxy = x->route.peer ? x->route.peer->proxy : NULL;

    *out = x->route.peer;
    if (is_at(x, x->route.peer_origin, url))
        return 0;
    x->beyond = (struct cprov_http_peer){ 0 };
    if (w->peer && w->peer(w->peer_arg, url, &x->beyond, err) < 0)
        return err->code;
    if (!x->beyond.proxy)
        x->beyond.proxy = proxy;
    *out = &x->beyond;
    return 0;
}

void cprov_exchange_rewind(struct cprov_exchange *x)
{
    cprov_buf_reset(&x->url);
    cprov_buf_add_text(&x->url, x->base);
    x->hops = 0;
    x->public_only = x->route.public_only;
    x->trail[0] = cprov_url_mark(cprov_buf_span(&x->url));
    x->challenge_tried = false;
}

static size_t add_headers(struct cprov_exchange *x, bool home, struct cprov_header *list)
{
    size_t n = 0;

    list[n++] = (struct cprov_header){ "Accept-Encoding", "identity" };
    if (x->spec.accept)
        list[n++] = (struct cprov_header){ "Accept", x->spec.accept };
    if (x->authorization.len > 0)
        list[n++] = (struct cprov_header){ "Authorization", cprov_buf_text(&x->authorization) };
    if (*x->range)
        list[n++] = (struct cprov_header){ "Range", x->range };
    if (*x->range && x->etag.len > 0)
        list[n++] = (struct cprov_header){ "If-Range", cprov_buf_text(&x->etag) };
    if (x->spec.if_none_match)
        list[n++] = (struct cprov_header){ "If-None-Match", x->spec.if_none_match };
    if (cprov_http_has_body(x->spec.method))
        list[n++] =
            (struct cprov_header){ "Content-Type", x->spec.content_type
                                                       ? x->spec.content_type
                                                       : "application/x-www-form-urlencoded" };
    for (size_t i = 0; home && i < x->spec.headers_count; i++)
        list[n++] = x->spec.headers[i];
    return n;
}

/* What the server is about to see, and may say back. */
static void learn_secrets(const struct cprov_exchange *x, const struct cprov_header *headers,
                          size_t count)
{
    struct cprov_secrets *s = x->wire->secrets;
    struct cprov_url url;

    for (size_t i = 0; i < count; i++) {
        struct cprov_span name = cprov_span_of(headers[i].name);

        if (cprov_span_is_nocase(name, "Authorization"))
            cprov_secrets_add_authorization(s, cprov_span_of(headers[i].value));
        else if (cprov_span_is_nocase(name, "x-amz-security-token"))
            cprov_secrets_add(s, cprov_span_of(headers[i].value));
    }
    if (cprov_url_parse(cprov_buf_span(&x->url), &url, NULL) == 0)
        cprov_secrets_add_query(s, url.query);
}

/* A host twice in one sentence is once too often. */
static bool names_host(const struct cprov_exchange *x, const struct cprov_url *url)
{
    auto_buf struct cprov_buf host = { 0 };

    cprov_buf_init(&host, CPROV_URL_MAX);
    cprov_url_authority(url, &host);
    return strstr(x->spec.what, cprov_buf_text(&host)) != NULL;
}

static int start_transfer(struct cprov_exchange *x, const struct cprov_url *url, bool home,
                          struct cprov_error *err)
{
    struct cprov_header headers[HEADERS_MAX];
    size_t count = add_headers(x, home, headers);
    const struct cprov_http_peer *peer = NULL;

    if (choose_peer(x, url, &peer, err) < 0)
        return cprov_wrap(err, "%s", x->spec.what);

    learn_secrets(x, headers, count);
    struct cprov_http_request request = {
        .method = x->spec.method,
        .url = cprov_buf_text(&x->url),
        .headers = headers,
        .headers_count = count,
        .content = x->spec.content,
        .upload = x->spec.upload,
        .bulk = x->spec.bulk,
        .host_is_named = names_host(x, url),
        .public_only = x->public_only,
        .whole = !x->spec.body,
        .expected = x->spec.expected,
        .peer = peer,
        .head = x->judge->head,
        .body = x->judge->body,
        .done = x->judge->done,
        .arg = x,
    };

    int code = cprov_http_start(x->wire->http, &request, &x->transfer, err);
    if (code == 0 && !x->spec.bulk)
        x->wire->small_running++;
    return code;
}

int cprov_exchange_ask(struct cprov_exchange *x, const struct cprov_url *url,
                       const struct cprov_http_head *head, struct cprov_error *err)
{
    x->challenge_tried = true;
    x->asking = true;
    x->answered = false;
    int code =
        x->route.login->challenged(x->route.login_arg, x, url, head, x->authorization.len > 0, err);
    x->asking = false;

    if (code < 0)
        return code;
    return x->answered ? CPROV_ASK_GO_ON : CPROV_ASK_WAIT;
}

static int authorize(struct cprov_exchange *x, const struct cprov_url *url, bool home,
                     struct cprov_error *err)
{
    const struct cprov_exchange_login *login = x->route.login;

    cprov_buf_reset(&x->authorization);
    if (home && x->spec.authorization)
        cprov_buf_add_text(&x->authorization, x->spec.authorization);
    if (!login || !login->authorize ||
        login->authorize(x->route.login_arg, url, &x->authorization) || x->challenge_tried)
        return CPROV_ASK_GO_ON;

    int code = cprov_exchange_ask(x, url, NULL, err);
    if (code == CPROV_ENOTFOUND)
        return CPROV_ASK_GO_ON;
    if (code == CPROV_ASK_GO_ON) {
        cprov_buf_reset(&x->authorization);
        (void)login->authorize(x->route.login_arg, url, &x->authorization);
    }
    return code;
}

static void alarm_rang(void *arg)
{
    cprov_exchange_send(arg);
}

int cprov_exchange_send_after(struct cprov_exchange *x, int64_t ms, struct cprov_error *err)
{
    return cprov_alarm_start(x->wire, ms, alarm_rang, x, &x->alarm, err);
}

int cprov_exchange_try_send(struct cprov_exchange *x, struct cprov_error *err)
{
    struct cprov_url url;
    int code;

    if (cprov_cancelled(x->wire->cancel))
        return cprov_fail(err, CPROV_ECANCELLED, "interrupted");
    if (cprov_buf_check(&x->url, "URL", err) < 0 ||
        cprov_url_parse(cprov_buf_span(&x->url), &url, err) < 0)
        return cprov_wrap(err, "%s", x->spec.what);
    int64_t pause = cprov_wire_pause_left(x->wire, &url);
    if (pause > 0)
        return cprov_exchange_send_after(x, pause, err);
    if (!x->spec.bulk && x->wire->small_running >= CPROV_PARALLEL_REQUESTS) {
        enter_queue(x);
        return 0;
    }
    if (x->spec.begin && (code = x->spec.begin(x->spec.arg, x, err)) < 0)
        return code;
    if (x->ended)
        return 0;

    /* The one place that says who sees a login: the origin that it was entered for. */
    bool home = is_at(x, x->route.login_origin, &url);
    code = authorize(x, &url, home, err);
    if (code < 0 || code == CPROV_ASK_WAIT)
        return code;
    if (cprov_buf_check(&x->authorization, "authorization", err) < 0)
        return cprov_wrap(err, "%s", x->spec.what);
    return start_transfer(x, &url, home, err);
}

void cprov_exchange_send(struct cprov_exchange *x)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    x->busy++;
    int code = cprov_exchange_try_send(x, &err);
    if (code < 0 && !x->ended)
        cprov_exchange_finish(x, code, NULL, &err);
    cprov_exchange_leave(x);
}
