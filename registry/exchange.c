/* registry/exchange.c - the sending half of an exchange: slots, pauses, headers, the end. */
#include "registry/exchange.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "registry/exchange_private.h"

#define HEADERS_MAX (8 + CPROV_EXCHANGE_HEADERS_MAX)

void cprov_secret_clear(struct cprov_buf *b)
{
    if (b->ptr)
        explicit_bzero(b->ptr, b->cap);
    cprov_buf_clear(b);
}

/* --- life --- */

static void free_exchange(struct cprov_exchange *x)
{
    if (x->spec.form.len > 0)
        explicit_bzero((char *)(uintptr_t)x->spec.form.ptr, x->spec.form.len);
    if (x->spec.authorization)
        explicit_bzero((char *)(uintptr_t)x->spec.authorization, strlen(x->spec.authorization));
    for (size_t i = 0; x->spec.headers && i < x->spec.headers_count; i++)
        if (x->spec.headers[i].value)
            explicit_bzero((char *)(uintptr_t)x->spec.headers[i].value,
                           strlen(x->spec.headers[i].value));
    cprov_arena_clear(&x->arena);
    cprov_buf_clear(&x->url);
    cprov_buf_clear(&x->etag);
    cprov_secret_clear(&x->authorization);
    cprov_secret_clear(&x->body);
    free(x);
}

void cprov_exchange_leave(struct cprov_exchange *x)
{
    if (--x->busy == 0 && x->ended)
        free_exchange(x);
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

/* From now on nothing calls back. */
static void detach(struct cprov_exchange *x)
{
    x->ended = true;
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
}

void cprov_exchange_stop(struct cprov_exchange *x)
{
    if (!x)
        return;
    struct cprov_wire *w = x->wire;

    x->busy++;
    detach(x);
    cprov_exchange_leave(x);
    /* Not from here: what wakes may call back into the one who stops us. */
    if (w->waiting_first && cprov_alarm_start(w, 0, cprov_exchange_wake, w, NULL, NULL) < 0)
        cprov_exchange_wake(w);
}

void cprov_exchange_finish(struct cprov_exchange *x, int code, const struct cprov_http_head *head,
                           const struct cprov_error *err)
{
    struct cprov_exchange_answer answer = { .head = head,
                                            .body = cprov_buf_span(&x->body),
                                            .url = cprov_buf_span(&x->url) };

    x->busy++;
    detach(x);
    x->spec.hooks->done(x->spec.arg, code, &answer, err);
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
    memcpy(err.hint, cause->hint, sizeof(err.hint));
    cprov_exchange_finish(x, code, head, &err);
}

/* --- sending --- */

uint64_t cprov_exchange_mark(struct cprov_span url)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a: who makes it collide stops his own redirects */

    for (size_t i = 0; i < url.len; i++)
        h = (h ^ (unsigned char)url.ptr[i]) * 0x100000001b3u;
    return h;
}

static bool is_at(const struct cprov_exchange *x, const char *origin, const struct cprov_url *url)
{
    struct cprov_url home;

    return cprov_url_parse(cprov_span_of(origin ? origin : x->base), &home, NULL) == 0 &&
           cprov_url_same_origin(&home, url);
}

/* The one place that says who sees a login: the origin that it was entered for. */
static bool at_home(const struct cprov_exchange *x, const struct cprov_url *url)
{
    return is_at(x, x->spec.login_origin, url);
}

/* How the origin is reached: what was set for another one does not hold for it, but for the way out
 * of the house. */
static int choose_peer(struct cprov_exchange *x, const struct cprov_url *url,
                       const struct cprov_http_peer **out, struct cprov_error *err)
{
    const struct cprov_wire *w = x->wire;
    const char *proxy = x->spec.peer ? x->spec.peer->proxy : NULL;

    *out = x->spec.peer;
    if (is_at(x, x->spec.peer_origin, url))
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
    x->public_only = x->spec.public_only;
    x->trail[0] = cprov_exchange_mark(cprov_buf_span(&x->url));
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
            (struct cprov_header){ "Content-Type", x->spec.form_type
                                                       ? x->spec.form_type
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
static bool names_host(const struct cprov_exchange *x)
{
    struct cprov_url url;
    auto_buf struct cprov_buf origin = { 0 };
    struct cprov_span host, what = cprov_span_of(x->spec.what);

    cprov_buf_init(&origin, CPROV_URL_MAX);
    if (cprov_url_parse(cprov_buf_span(&x->url), &url, NULL) < 0)
        return false;
    cprov_url_origin(&url, &origin);
    host = cprov_buf_span(&origin);
    host = cprov_span_from(host, cprov_span_find(host, '/') + 2);
    return memmem(what.ptr, what.len, host.ptr, host.len) != NULL;
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
        .content = x->spec.form,
        .upload = x->spec.upload,
        .bulk = x->spec.bulk,
        .host_is_named = names_host(x),
        .public_only = x->public_only,
        .whole = !x->spec.hooks->body,
        .expected = x->spec.expected,
        .peer = peer,
        .head = cprov_exchange_on_head,
        .body = cprov_exchange_on_body,
        .done = cprov_exchange_on_done,
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
    int code = x->spec.hooks->challenged(x->spec.arg, x, url, head, x->authorization.len > 0, err);
    x->asking = false;

    if (code < 0)
        return code;
    return x->answered ? CPROV_ASK_GO_ON : CPROV_ASK_WAIT;
}

static int authorize(struct cprov_exchange *x, const struct cprov_url *url, bool home,
                     struct cprov_error *err)
{
    const struct cprov_exchange_hooks *hooks = x->spec.hooks;

    cprov_buf_reset(&x->authorization);
    if (home && x->spec.authorization)
        cprov_buf_add_text(&x->authorization, x->spec.authorization);
    if (!hooks->authorize)
        return CPROV_ASK_GO_ON;
    if (hooks->authorize(x->spec.arg, url, &x->authorization) || x->challenge_tried)
        return CPROV_ASK_GO_ON;

    int code = cprov_exchange_ask(x, url, NULL, err);
    if (code == CPROV_ENOTFOUND)
        return CPROV_ASK_GO_ON;
    if (code == CPROV_ASK_GO_ON) {
        cprov_buf_reset(&x->authorization);
        (void)hooks->authorize(x->spec.arg, url, &x->authorization);
    }
    return code;
}

static void alarm_rang(void *arg)
{
    struct cprov_exchange *x = arg;

    x->alarm = NULL;
    cprov_exchange_send(x);
}

int cprov_exchange_send_after(struct cprov_exchange *x, int64_t ms, struct cprov_error *err)
{
    return cprov_alarm_start(x->wire, ms, alarm_rang, x, &x->alarm, err);
}

/* 0: the request is on its way, or waits for something that will send it. */
static int try_send(struct cprov_exchange *x, struct cprov_error *err)
{
    const struct cprov_exchange_hooks *hooks = x->spec.hooks;
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
    if (hooks->begin && (code = hooks->begin(x->spec.arg, x, err)) < 0)
        return code;
    if (x->ended)
        return 0;

    bool home = at_home(x, &url);
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
    int code = try_send(x, &err);
    if (code < 0 && !x->ended)
        cprov_exchange_finish(x, code, NULL, &err);
    cprov_exchange_leave(x);
}

/* --- public --- */

/* They may hold secrets: wiped with the exchange. */
static void copy_headers(struct cprov_exchange *x, const struct cprov_exchange_spec *spec)
{
    struct cprov_header *list = cprov_arena_alloc(&x->arena, spec->headers_count, sizeof(*list));

    assert(spec->headers_count <= CPROV_EXCHANGE_HEADERS_MAX);
    x->spec.headers = list;
    for (size_t i = 0; list && i < spec->headers_count; i++) {
        list[i].name = cprov_arena_text(&x->arena, cprov_span_of(spec->headers[i].name));
        list[i].value = cprov_arena_text(&x->arena, cprov_span_of(spec->headers[i].value));
    }
}

static int copy_spec(struct cprov_exchange *x, const struct cprov_exchange_spec *spec,
                     struct cprov_error *err)
{
    struct cprov_arena *a = &x->arena;
    const char *const texts[] = { spec->url,       spec->fallback_url,  spec->what,
                                  spec->accept,    spec->authorization, spec->if_none_match,
                                  spec->form_type, spec->login_origin,  spec->peer_origin };
    const char **const copies[] = { &x->spec.url,           &x->spec.fallback_url,
                                    &x->spec.what,          &x->spec.accept,
                                    &x->spec.authorization, &x->spec.if_none_match,
                                    &x->spec.form_type,     &x->spec.login_origin,
                                    &x->spec.peer_origin };

    x->spec = *spec;
    for (size_t i = 0; i < CPROV_COUNT(texts); i++)
        *copies[i] = texts[i] ? cprov_arena_text(a, cprov_span_of(texts[i])) : NULL;
    if (spec->form.len > 0)
        x->spec.form.ptr = cprov_arena_text(a, spec->form);
    copy_headers(x, spec);
    return cprov_arena_check(a, err);
}

int cprov_exchange_start(struct cprov_wire *w, const struct cprov_exchange_spec *spec,
                         struct cprov_exchange **out, struct cprov_error *err)
{
    struct cprov_exchange *x = calloc(1, sizeof(*x));

    if (!x)
        return cprov_fail_memory(err);
    cprov_buf_init(&x->url, CPROV_URL_MAX);
    cprov_buf_init(&x->authorization, CPROV_TOKEN_LENGTH_MAX + CPROV_KIB);
    cprov_buf_init(&x->etag, CPROV_HEADER_BYTES_MAX);
    cprov_buf_init(&x->body,
                   spec->body_max > CPROV_ERROR_BODY_MAX ? spec->body_max : CPROV_ERROR_BODY_MAX);
    x->wire = w;
    x->next = w->live;
    x->link = &w->live;
    if (x->next)
        x->next->link = &x->next;
    w->live = x;

    x->busy++;
    int code = copy_spec(x, spec, err);
    if (code == 0) {
        x->base = x->spec.url;
        cprov_exchange_rewind(x);
        code = try_send(x, err);
    }
    if (code < 0)
        detach(x);
    else
        *out = x;
    cprov_exchange_leave(x);
    return code;
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
