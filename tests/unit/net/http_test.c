/* Tests of net/http.h, with the real libcurl against raw bytes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "http_world.h"

#define OK "HTTP/1.1 200 OK\r\n"

/* --- answers, one by one --- */

static const struct raw_reply replies[] = {
    { "/plain", OK "Content-Length: 5\r\n\r\nhello", 0, RAW_KEEP },
    { "/empty", "HTTP/1.1 204 No Content\r\n\r\n", 0, RAW_KEEP },
    { "/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 0, RAW_KEEP },
    { "/moved", "HTTP/1.1 307 X\r\nLocation: /plain\r\nContent-Length: 0\r\n\r\n", 0, RAW_KEEP },
    { "/chunked",
      OK "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nEtag: t\r\n\r\n", 0,
      RAW_KEEP },
    { "/continue",
      "HTTP/1.1 100 Continue\r\nEtag: \"no\"\r\n\r\n" OK "Content-Length: 5\r\n\r\nhello", 0,
      RAW_KEEP },
    { "/until-close", "HTTP/1.0 200 OK\r\n\r\nhello", 0, RAW_CLOSE },
    { "/extra", OK "Content-Length: 5\r\n\r\nhello and more", 0, RAW_CLOSE },
    { "/same-length", OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 0, RAW_KEEP },
    { "/both", OK "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
      0, RAW_KEEP },
    { "/bare-lf", "HTTP/1.1 429 Too Many\nContent-Length: 5\nConnection: close\n\nhello", 0,
      RAW_CLOSE },
    { "/large", OK "Content-Length: 3000000\r\n\r\n", 3000000, RAW_KEEP },

    { "/short", OK "Content-Length: 50\r\n\r\nhello", 0, RAW_CLOSE },
    { "/chunked-short", OK "Transfer-Encoding: chunked\r\n\r\n9\r\nhello", 0, RAW_CLOSE },
    { "/chunked-broken", OK "Transfer-Encoding: chunked\r\n\r\nZ\r\nhello", 0, RAW_CLOSE },
    { "/reset", OK "Content-Length: 50\r\n\r\nhello", 0, RAW_RESET },
    { "/nothing", "", 0, RAW_CLOSE },
    { "/reset-first", "", 0, RAW_RESET },
    { "/garbage", "SSH-2.0-OpenSSH_9.2\r\n", 0, RAW_CLOSE },
    { "/tls-alert", "\x15\x03\x01\x02\x02\x16", 0, RAW_CLOSE },
    { "/two-lengths", OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 0, RAW_CLOSE },
    { "/odd-length", OK "Content-Length: 5x\r\n\r\nhello", 0, RAW_CLOSE },
    { "/headers-end", OK "Content-Le", 0, RAW_CLOSE },
    { "/long-header", OK "X-Long: ", 70000, RAW_STALL },
    { "/endless-header", OK "X-Long: ", 300000, RAW_STALL },
    { "/endless-status", "HTTP/1.1 200 ", 300000, RAW_STALL },
    { "/silent", "", 0, RAW_STALL },
    { "/half", OK "Content-Length: 50\r\n\r\nhello", 0, RAW_STALL },
    { "/407", "HTTP/1.1 407 P\r\nContent-Length: 0\r\n\r\n", 0, RAW_KEEP },

    { "http://reg.example/v2/", "HTTP/1.1 407 P\r\nContent-Length: 0\r\n\r\n", 0, RAW_CLOSE },
    { "reg.example:443", "HTTP/1.1 407 P\r\nContent-Length: 0\r\n\r\n", 0, RAW_CLOSE },
    { "down.example:443", "HTTP/1.1 502 P\r\nContent-Length: 0\r\n\r\n", 0, RAW_CLOSE },
    { "http://ok.example/v2/", OK "Content-Length: 5\r\n\r\nhello", 0, RAW_KEEP },
    { NULL, NULL, 0, RAW_KEEP },
};

static void whole_answers(void **state)
{
    static const struct {
        const char *target;
        int status;
        size_t body_len;
    } cases[] = {
        { "/plain", 200, 5 },       { "/empty", 204, 0 },   { "/missing", 404, 2 },
        { "/moved", 307, 0 },       { "/chunked", 200, 5 }, { "/continue", 200, 5 },
        { "/until-close", 200, 5 }, { "/extra", 200, 5 },   { "/same-length", 200, 5 },
        { "/both", 200, 5 },        { "/bare-lf", 429, 5 }, { "/large", 200, 3000000 },
        { "/plain", 200, 5 },
    };
    struct world w;

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct got g = { 0 };

        print_message("%s\n", cases[i].target);
        start(&w, &g, CPROV_GET, cases[i].target);
        assert_int_equal(run(&w), 0);
        assert_int_equal(g.dones, 1);
        assert_int_equal(g.code, 0);
        assert_int_equal(g.heads, 1);
        assert_int_equal(g.status, cases[i].status);
        assert_int_equal(g.body_len, cases[i].body_len);
        if (g.body_len == 5)
            assert_string_equal(g.body, "hello");
    }
    assert_int_equal(cprov_http_requests(w.http), CPROV_COUNT(cases));
    close_world(&w);
}

static void broken_answers(void **state)
{
    static const struct {
        const char *target, *message;
        bool head, retry;
        int code;
    } cases[] = {
        { "/short", "closed the connection after 5 of 50 bytes", true, true, CPROV_ENETWORK },
        { "/chunked-short", "in the middle of an answer", true, true, CPROV_ENETWORK },
        { "/chunked-broken", "broke", true, true, CPROV_ENETWORK },
        { "/reset", "broke: ", true, true, CPROV_ENETWORK },
        { "/nothing", "without an answer", false, true, CPROV_ENETWORK },
        { "/reset-first", "broke: ", false, true, CPROV_ENETWORK },
        { "/garbage", "does not speak HTTP", false, false, CPROV_ENETWORK },
        { "/tls-alert", "does not speak HTTP", false, false, CPROV_ENETWORK },
        { "/two-lengths", "two different Content-Length", false, false, CPROV_ENETWORK },
        { "/odd-length", "malformed Content-Length", false, false, CPROV_ENETWORK },
        { "/headers-end", "in the middle of headers", false, true, CPROV_ENETWORK },
        { "/long-header", "has sent nothing for 0.", false, true, CPROV_ENETWORK },
        { "/endless-header", "header of more than 65536 bytes", false, false, CPROV_ENETWORK },
        { "/endless-status", "header of more than 65536 bytes", false, false, CPROV_ENETWORK },
        { "/silent", "sent nothing for 0.", false, true, CPROV_ENETWORK },
        { "/half", "sent nothing for 0.", true, true, CPROV_ENETWORK },
        { "/407", "the proxy requires a login (407)", true, false, CPROV_EAUTH },
    };
    struct world w;

    (void)state;
    open_world(&w, replies, 0, 500);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct got g = { 0 };

        print_message("%s: ", cases[i].target);
        start(&w, &g, CPROV_GET, cases[i].target);
        assert_int_equal(run(&w), 0);
        print_message("%s\n", g.err.msg);
        assert_int_equal(g.dones, 1);
        assert_int_equal(g.code, cases[i].code);
        assert_non_null(strstr(g.err.msg, cases[i].message));
        assert_int_equal(g.had_head, cases[i].head);
        assert_int_equal(g.retry, cases[i].retry);
    }
    close_world(&w);
}

static void too_many_headers(void **state)
{
    static const struct {
        size_t lines, value;
        int code;
    } cases[] = {
        { CPROV_HEADER_LINES_MAX, 10, 0 },
        { CPROV_HEADER_LINES_MAX + 1, 10, CPROV_ENETWORK },
        { 60, 1000, 0 },
        { 70, 1000, CPROV_ENETWORK },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_buf struct cprov_buf bytes;
        char value[1001];
        struct got g = { 0 };
        struct world w;

        memset(value, 'v', sizeof(value));
        value[cases[i].value] = '\0';
        cprov_buf_init(&bytes, 1 << 20);
        cprov_buf_add_text(&bytes, OK "Content-Length: 0\r\n");
        for (size_t k = 1; k < cases[i].lines; k++)
            cprov_buf_addf(&bytes, "X: %s\r\n", value);
        cprov_buf_add_text(&bytes, "\r\n");
        const struct raw_reply many[] = { { "/", cprov_buf_text(&bytes), 0, RAW_CLOSE },
                                          { NULL, NULL, 0, RAW_KEEP } };

        print_message("%zu lines of %zu bytes\n", cases[i].lines, cases[i].value);
        open_world(&w, many, 0, PATIENT);
        start(&w, &g, CPROV_GET, "/");
        assert_int_equal(run(&w), 0);
        assert_int_equal(g.code, cases[i].code);
        assert_int_equal(g.heads, cases[i].code == 0);
        assert_false(g.retry);
        close_world(&w);
    }
}

/* --- what is in a head --- */

static void look_at_everything(const struct cprov_http_head *head)
{
    assert_int_equal(head->status, 206);
    assert_true(cprov_span_is(head->content_type, "a/b; c=d"));
    assert_true(cprov_span_is(head->docker_content_digest, "sha256:00"));
    assert_true(cprov_span_is(head->etag, "\"e\""));
    assert_true(cprov_span_is(head->location, "/there"));
    assert_true(cprov_span_is(head->retry_after, "5"));
    assert_true(cprov_span_is(head->oci_filters_applied, "artifactType"));
    assert_int_equal(head->authenticate_count, 2);
    assert_true(cprov_span_is(head->authenticate[0], "Basic realm=\"a\", folded=b"));
    assert_true(cprov_span_is(head->authenticate[1], "Bearer realm=c"));
    assert_int_equal(head->links_count, 1);
    assert_true(cprov_span_is(head->links[0], "</a>; rel=next"));
    assert_int_equal(head->warnings_count, 1);
    assert_true(cprov_span_is(head->warnings[0], "299 - \"w\""));
    assert_true(head->has_content_length);
    assert_int_equal(head->content_length, 5);
    assert_true(head->accepts_ranges);
    assert_true(head->has_content_range);
    assert_int_equal(head->range_first, 10);
    assert_int_equal(head->range_last, 14);
    assert_int_equal(head->range_total, 100);
    assert_true(head->encoded);
}

static void look_at_nothing(const struct cprov_http_head *head)
{
    assert_int_equal(head->content_type.len, 0);
    assert_int_equal(head->authenticate_count, 0);
    assert_false(head->has_content_range);
    assert_false(head->encoded);
    assert_false(head->accepts_ranges);
    assert_int_equal(head->content_length, 0);
}

static void heads_are_read(void **state)
{
    static const struct raw_reply heads[] = {
        { "/all",
          "HTTP/1.1 206 Partial\r\ncontent-TYPE:  a/b; c=d \r\nContent-Type: second\r\n"
          "Docker-Content-Digest: sha256:00\r\nETag: \"e\"\r\nLocation: /there\r\nRetry-After: "
          "5\r\n"
          "OCI-Filters-Applied: artifactType\r\nWWW-Authenticate: Basic realm=\"a\",\r\n "
          "folded=b\r\n"
          "www-authenticate: Bearer realm=c\r\nLink: </a>; rel=next\r\nWarning: 299 - \"w\"\r\n"
          "Content-Length: 5\r\nAccept-Ranges: bytes\r\nContent-Range: bytes 10-14/100\r\n"
          "Content-Encoding: gzip\r\n\r\nhello",
          0, RAW_KEEP },
        { "/none",
          OK "Content-Length: 0\r\nAccept-Ranges: none\r\nContent-Encoding: identity\r\n"
             "Content-Range: bytes 5-4/10\r\n\r\n",
          0, RAW_KEEP },
        { NULL, NULL, 0, RAW_KEEP },
    };
    struct got all = { .look = look_at_everything }, none = { .look = look_at_nothing };
    struct world w;

    (void)state;
    open_world(&w, heads, 0, PATIENT);
    start(&w, &all, CPROV_GET, "/all");
    start(&w, &none, CPROV_GET, "/none");
    assert_int_equal(run(&w), 0);
    assert_int_equal(all.code, 0);
    assert_string_equal(all.body, "hello"); /* gzip is not undone */
    assert_int_equal(none.heads, 1);
    close_world(&w);
}

/* --- requests --- */

static void requests_are_as_asked(void **state)
{
    struct world w;
    struct got get = { 0 }, post = { 0 }, head = { 0 };

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    start(&w, &get, CPROV_GET, "/plain");
    assert_int_equal(run(&w), 0);
    assert_non_null(strstr(raw_server_last(w.server), "GET /plain HTTP/1.1\r\n"));
    assert_non_null(strstr(raw_server_last(w.server), "Accept: x/y\r\n"));
    assert_non_null(strstr(raw_server_last(w.server), "User-Agent: cprov-test/1\r\n"));
    assert_null(strstr(raw_server_last(w.server), "Accept-Encoding"));
    start(&w, &post, CPROV_POST, "/plain");
    assert_int_equal(run(&w), 0);
    assert_non_null(strstr(raw_server_last(w.server), "POST /plain HTTP/1.1\r\n"));
    assert_non_null(strstr(raw_server_last(w.server), "\r\n\r\na=b"));
    assert_null(strstr(raw_server_last(w.server), "Expect"));
    assert_int_equal(post.body_len, 5);
    start(&w, &head, CPROV_HEAD, "/moved");
    assert_int_equal(run(&w), 0);
    assert_non_null(strstr(raw_server_last(w.server), "HEAD /moved HTTP/1.1\r\n"));
    assert_int_equal(head.status, 307);
    assert_int_equal(head.code, 0);
    assert_int_equal(raw_server_connections(w.server), 1); /* kept alive */
    assert_int_equal(cprov_http_requests(w.http), 3);
    close_world(&w);
}

static void bad_requests_do_not_start(void **state)
{
    static const struct cprov_header split = { "X", "a\r\nAuthorization: b" };
    static const struct cprov_http_request requests[] = {
        { .url = "" },
        { .url = "ftp://127.0.0.1/" },
        { .url = "http://u:secret@127.0.0.1/" },
        { .url = "http://127.0.0.1/", .headers = &split, .headers_count = 1 },
    };
    struct world w;

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    for (size_t i = 0; i < CPROV_COUNT(requests); i++) {
        struct cprov_http_transfer *t = NULL;
        struct cprov_error err = CPROV_ERROR_INIT;

        assert_int_equal(cprov_http_start(w.http, &requests[i], &t, &err), CPROV_EINVAL);
        assert_null(t);
        assert_null(strstr(err.msg, "secret"));
    }
    assert_int_equal(run(&w), 0);
    close_world(&w);
}

/* --- many, stops, cancels --- */

static void look_from_private(const struct cprov_http_head *head)
{
    assert_true(head->from_private);
}

/* S11: what counts is the address that a name has led to, also over a connection that stands. */
static void S11_private_addresses_by_name(void **state)
{
    struct world w;
    struct got named = { .look = look_from_private }, led = { .public_only = true };
    char url[64];

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    snprintf(url, sizeof(url), "http://localhost:%d/plain", raw_server_port(w.server));
    start_url(&w, &led, CPROV_GET, url);
    assert_int_equal(run(&w), 0);
    assert_int_equal(led.code, CPROV_ENETWORK);
    assert_false(led.retry);
    assert_non_null(strstr(led.err.msg, "private address"));
    assert_int_equal(cprov_http_requests(w.http), 0);
    start(&w, &named, CPROV_GET, "/plain");
    assert_int_equal(run(&w), 0);
    assert_int_equal(named.status, 200);
    close_world(&w);
}

static void many_at_once(void **state)
{
    static struct got many[CPROV_PARALLEL_REQUESTS];
    struct world w;

    (void)state;
    memset(many, 0, sizeof(many));
    open_world(&w, replies, 0, PATIENT);
    for (size_t i = 0; i < CPROV_COUNT(many); i++)
        start(&w, &many[i], CPROV_GET, i % 3 == 2 ? "/large" : "/chunked");
    assert_int_equal(run(&w), 0);
    for (size_t i = 0; i < CPROV_COUNT(many); i++) {
        assert_int_equal(many[i].dones, 1);
        assert_int_equal(many[i].code, 0);
        assert_int_equal(many[i].body_len, i % 3 == 2 ? 3000000 : 5);
    }
    close_world(&w);
}

static void callbacks_may_fail(void **state)
{
    struct got head = { .fail_in_head = CPROV_EVERIFY }, body = { .fail_in_body = CPROV_ENOSPACE };
    struct world w;

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    start(&w, &head, CPROV_GET, "/plain");
    start(&w, &body, CPROV_GET, "/large");
    assert_int_equal(run(&w), 0);
    assert_int_equal(head.code, CPROV_EVERIFY);
    assert_string_equal(head.err.msg, "head says no");
    assert_int_equal(head.body_len, 0);
    assert_int_equal(body.code, CPROV_ENOSPACE);
    assert_string_equal(body.err.msg, "body says no");
    assert_false(body.retry);
    close_world(&w);
}

static void callbacks_may_stop(void **state)
{
    struct got head = { .stop_in_head = true }, body = { .stop_in_body = true };
    struct got other = { 0 }, killer = { .stop_other = &other }, before = { 0 };
    struct world w;

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    start(&w, &head, CPROV_GET, "/plain");
    start(&w, &body, CPROV_GET, "/large");
    start(&w, &other, CPROV_GET, "/silent");
    start(&w, &killer, CPROV_GET, "/plain");
    start(&w, &before, CPROV_GET, "/plain");
    cprov_http_stop(w.http, before.transfer);
    assert_int_equal(run(&w), 0);
    assert_int_equal(head.dones + body.dones + other.dones + before.dones, 0);
    assert_int_equal(head.heads, 1);
    assert_int_equal(head.body_len, 0);
    assert_true(body.body_len > 0 && body.body_len < 3000000);
    assert_int_equal(killer.dones, 1);
    assert_int_equal(killer.code, 0);
    close_world(&w);
}

static void set_cancel(void *arg)
{
    *(bool *)arg = true;
}

static void a_cancel_ends_all(void **state)
{
    struct got one = { 0 }, two = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct world w;
    bool late = false;

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    start(&w, &one, CPROV_GET, "/silent");
    start(&w, &two, CPROV_GET, "/half");
    assert_int_equal(cprov_http_after(w.http, 30, set_cancel, &w.cancel, CPROV_IGNORED), 0);
    assert_int_equal(cprov_http_after(w.http, 60000, set_cancel, &late, CPROV_IGNORED), 0);
    int64_t begin = cprov_clock_ms();
    assert_int_equal(cprov_http_run(w.http, NULL, NULL, &err), CPROV_ECANCELLED);
    assert_true(cprov_clock_ms() - begin < 30 + 2 * CPROV_POLL_MS);
    assert_int_equal(err.code, CPROV_ECANCELLED);
    assert_int_equal(one.dones, 1);
    assert_int_equal(one.code, CPROV_ECANCELLED);
    assert_int_equal(two.code, CPROV_ECANCELLED);
    assert_false(one.retry);
    assert_false(late);
    close_world(&w);
}

static void freeing_ends_silently(void **state)
{
    struct got g = { 0 };
    struct world w;

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    start(&w, &g, CPROV_GET, "/silent");
    close_world(&w);
    assert_int_equal(g.dones, 0);
    cprov_http_free(NULL);
}

static bool has_one(void *arg)
{
    return ((struct got *)arg)->dones > 0;
}

static void done_may_start_more(void **state)
{
    struct got third = { 0 };
    struct got second = { .then = &third, .then_target = "/silent" };
    struct got first = { .then = &second, .then_target = "/chunked" };
    struct world w;

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    start(&w, &first, CPROV_GET, "/plain");
    assert_int_equal(cprov_http_run(w.http, has_one, &second, CPROV_IGNORED), 0);
    assert_int_equal(first.code, 0);
    assert_int_equal(second.code, 0);
    assert_int_equal(third.dones, 0);
    assert_int_equal(raw_server_connections(w.server), 1);
    close_world(&w);
}

/* --- timers, rates --- */

struct order {
    char text[8];
    struct world *world;
};

static void fire_a(void *arg)
{
    struct order *o = arg;

    memcpy(o->text + strlen(o->text), "a", 2);
}

static void fire_b(void *arg)
{
    struct order *o = arg;

    memcpy(o->text + strlen(o->text), "b", 2);
    assert_int_equal(cprov_http_after(o->world->http, 0, fire_a, o, CPROV_IGNORED), 0);
}

static void timers_fire_in_order(void **state)
{
    struct world w;
    struct order o = { "", &w };

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    assert_int_equal(cprov_http_after(w.http, 40, fire_b, &o, CPROV_IGNORED), 0);
    assert_int_equal(cprov_http_after(w.http, 0, fire_a, &o, CPROV_IGNORED), 0);
    assert_int_equal(cprov_http_after(w.http, 20, fire_b, &o, CPROV_IGNORED), 0);
    int64_t begin = cprov_clock_ms();
    assert_int_equal(run(&w), 0);
    assert_true(cprov_clock_ms() - begin >= 40);
    assert_string_equal(o.text, "ababa");
    close_world(&w);
}

static void a_rate_is_kept(void **state)
{
    struct got one = { 0 }, two = { 0 };
    struct world w;

    (void)state;
    open_world(&w, replies, 6000000, PATIENT);
    start(&w, &one, CPROV_GET, "/large");
    start(&w, &two, CPROV_GET, "/large");
    int64_t begin = cprov_clock_ms();
    assert_int_equal(run(&w), 0);
    int64_t took = cprov_clock_ms() - begin;
    print_message("%lld ms\n", (long long)took);
    assert_int_equal(one.code, 0);
    assert_int_equal(two.code, 0);
    assert_in_range(took, 900, 3000); /* 1000 by arithmetic */
    close_world(&w);
}

/* --- reaching --- */

static void proxies_may_refuse(void **state)
{
    static const struct {
        const char *url, *message;
        int code;
        bool retry;
    } cases[] = {
        { "http://reg.example/v2/", "requires a login (407) for reg.example", CPROV_EAUTH, false },
        { "https://reg.example/v2/", "requires a login (407) for reg.example", CPROV_EAUTH, false },
        { "https://down.example/v2/", "refuses to connect to down.example (502)", CPROV_ENETWORK,
          true },
        { "http://ok.example/v2/", "", 0, false },
    };
    char proxy[64];
    struct world w;

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    snprintf(proxy, sizeof(proxy), "http://user:secret@127.0.0.1:%d", raw_server_port(w.server));
    w.peer.proxy = proxy;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct got g = { 0 };

        start_url(&w, &g, CPROV_GET, cases[i].url);
        assert_int_equal(run(&w), 0);
        print_message("%s: %s\n", cases[i].url, g.err.msg);
        assert_int_equal(g.code, cases[i].code);
        assert_int_equal(g.retry, cases[i].retry);
        assert_non_null(strstr(g.err.msg, cases[i].message));
        assert_null(strstr(g.err.msg, "secret"));
    }
    close_world(&w);
}

static void bad_proxies_are_named_without_their_login(void **state)
{
    static const char *const proxies[] = { "http://user:secret@nowhere.invalid:1",
                                           "gopher://user:secret@127.0.0.1:1",
                                           "http://user:secret@127.0.0.1:x",
                                           "http://user:secret@127.0.0.1:1" };
    struct world w;

    (void)state;
    open_world(&w, replies, 0, PATIENT);
    for (size_t i = 0; i < CPROV_COUNT(proxies); i++) {
        struct got g = { 0 };

        w.peer.proxy = proxies[i];
        start(&w, &g, CPROV_GET, "/plain");
        assert_int_equal(run(&w), 0);
        print_message("%s\n", g.err.msg);
        assert_int_equal(g.code, CPROV_ENETWORK);
        assert_null(strstr(g.err.msg, "secret"));
    }
    close_world(&w);
}

static void faults_of_reaching(void **state)
{
    static const struct raw_reply plain[] = {
        { "/plain", OK "Content-Length: 5\r\nConnection: close\r\n\r\nhello", 0, RAW_CLOSE },
        { NULL, NULL, 0, RAW_KEEP }
    };
    struct got fine = { 0 }, tls = { 0 }, again = { 0 }, name = { 0 }, never = { 0 };
    struct world w;
    char url[64];

    (void)state;
    open_world(&w, plain, 0, PATIENT);
    int port = raw_server_port(w.server);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
    start_url(&w, &tls, CPROV_GET, url);
    assert_int_equal(run(&w), 0);
    assert_int_equal(tls.code, CPROV_ENETWORK);
    start(&w, &fine, CPROV_GET, "/plain");
    assert_int_equal(run(&w), 0);
    assert_int_equal(fine.code, 0);
    raw_server_stop(w.server);

    snprintf(url, sizeof(url), "http://127.0.0.1:%d/plain", port);
    start_url(&w, &again, CPROV_GET, url);
    start_url(&w, &never, CPROV_GET, "http://127.0.0.1:1/");
    start_url(&w, &name, CPROV_GET, "http://nowhere.invalid/");
    assert_int_equal(run(&w), 0);
    print_message("%s\n%s\n%s\n", again.err.msg, never.err.msg, name.err.msg);
    assert_int_equal(again.code, CPROV_ENETWORK);
    assert_true(again.retry); /* it has answered before */
    assert_string_equal(never.err.msg, "cannot connect to 127.0.0.1:1: Connection refused");
    assert_false(never.retry);
    assert_string_equal(name.err.msg, "cannot find the address of nowhere.invalid");
    cprov_http_free(w.http);
}

/* A server that accepted the connection and says nothing to a TLS greeting. */
static void C_a_silent_handshake_is_a_stall(void **state)
{
    struct got g = { 0 };
    struct world w;
    char url[64];

    (void)state;
    open_world(&w, replies, 0, 500);
    int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(at);
    union {
        struct sockaddr_in *in;
        struct sockaddr *any;
    } name = { .in = &at };
    assert_int_equal(bind(silent, name.any, len), 0);
    assert_int_equal(listen(silent, 4), 0);
    assert_int_equal(getsockname(silent, name.any, &len), 0);
    snprintf(url, sizeof(url), "https://127.0.0.1:%d/", ntohs(at.sin_port));
    int64_t begin = cprov_clock_ms();
    start_url(&w, &g, CPROV_GET, url);
    assert_int_equal(run(&w), 0);
    assert_int_equal(g.code, CPROV_ENETWORK);
    assert_int_equal(g.err.os, ETIMEDOUT);
    assert_non_null(strstr(g.err.msg, "accepted the connection"));
    assert_in_range(cprov_clock_ms() - begin, 400, 5000);
    close(silent);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C_a_silent_handshake_is_a_stall),
        cmocka_unit_test(whole_answers),
        cmocka_unit_test(broken_answers),
        cmocka_unit_test(too_many_headers),
        cmocka_unit_test(heads_are_read),
        cmocka_unit_test(requests_are_as_asked),
        cmocka_unit_test(bad_requests_do_not_start),
        cmocka_unit_test(S11_private_addresses_by_name),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(callbacks_may_fail),
        cmocka_unit_test(callbacks_may_stop),
        cmocka_unit_test(a_cancel_ends_all),
        cmocka_unit_test(freeing_ends_silently),
        cmocka_unit_test(done_may_start_more),
        cmocka_unit_test(timers_fire_in_order),
        cmocka_unit_test(a_rate_is_kept),
        cmocka_unit_test(proxies_may_refuse),
        cmocka_unit_test(bad_proxies_are_named_without_their_login),
        cmocka_unit_test(faults_of_reaching),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
