#include "http_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static bool asked(void *arg)
{
    return ((struct world *)arg)->cancel;
}

void open_world(struct world *w, const struct raw_reply *replies, uint64_t limit_rate,
                long stall_timeout_ms)
{
    *w = (struct world){ .peer.proxy = "none" };
    w->ask = (struct cprov_cancel){ asked, w };
    const struct cprov_http_options options = { .user_agent = "cprov-test/1",
                                                .connect_timeout_ms = 5000,
                                                .stall_timeout_ms = stall_timeout_ms,
                                                .limit_rate = limit_rate,
                                                .cancel = &w->ask };

    w->server = raw_server_start(replies, 0);
    assert_int_equal(cprov_http_new(&options, &w->http, CPROV_IGNORED), 0);
}

void close_world(struct world *w)
{
    cprov_http_free(w->http);
    raw_server_stop(w->server);
}

void start(struct world *w, struct got *g, enum cprov_http_method method, const char *target);

static int on_head(void *arg, const struct cprov_http_head *head, struct cprov_error *err)
{
    struct got *g = arg;

    assert_int_equal(g->body_len, 0);
    g->heads++;
    if (g->look)
        g->look(head);
    if (g->stop_in_head)
        cprov_http_stop(g->world->http, g->transfer);
    return g->fail_in_head ? cprov_fail(err, g->fail_in_head, "head says no") : 0;
}

static int on_body(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    struct got *g = arg;

    assert_int_equal(g->heads, 1);
    if (g->body_len + len < sizeof(g->body))
        memcpy(g->body + g->body_len, data, len);
    g->body_len += len;
    if (g->stop_in_body)
        cprov_http_stop(g->world->http, g->transfer);
    if (g->stop_other)
        cprov_http_stop(g->world->http, g->stop_other->transfer);
    return g->fail_in_body ? cprov_fail(err, g->fail_in_body, "body says no") : 0;
}

static void on_done(void *arg, int code, const struct cprov_http_head *head, bool retry,
                    const struct cprov_error *err)
{
    struct got *g = arg;

    g->dones++;
    g->code = code;
    g->status = head ? head->status : 0;
    g->had_head = head != NULL;
    g->retry = retry;
    assert_int_equal(err != NULL, code < 0);
    if (err)
        g->err = *err;
    if (err)
        assert_int_equal(err->code, code);
    if (g->then)
        start(g->world, g->then, CPROV_GET, g->then_target);
}

void start_url(struct world *w, struct got *g, enum cprov_http_method method, const char *url)
{
    const struct cprov_header headers[] = { { "Accept", "x/y" }, { "X-Empty", "" } };
    const struct cprov_http_request request = {
        .method = method,
        .url = url,
        .headers = headers,
        .headers_count = CPROV_COUNT(headers),
        .content = method == CPROV_POST ? CPROV_SPAN_LITERAL("a=b") : (struct cprov_span){ 0 },
        .peer = &w->peer,
        .public_only = g->public_only,
        .head = on_head,
        .body = on_body,
        .done = on_done,
        .arg = g,
    };

    g->world = w;
    assert_int_equal(cprov_http_start(w->http, &request, &g->transfer, CPROV_IGNORED), 0);
}

void start(struct world *w, struct got *g, enum cprov_http_method method, const char *target)
{
    char url[256];

    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", raw_server_port(w->server), target);
    start_url(w, g, method, url);
}

int run(struct world *w)
{
    return cprov_http_run(w->http, NULL, NULL, CPROV_IGNORED);
}
