/* Tests of registry/client.h: several blobs, several parts, several sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "registry/blob_queue.h"
#include "tests/support/client_world.h"

#define SIZE WORLD_BLOB_SIZE
#define ETAG WORLD_BLOB_ETAG

static const char *const blob = world_bytes;

/* --- several at once --- */

#define BLOBS 12

struct crowd {
    _Atomic int now, most;
};

static void serve_crowd(struct script_call *call, void *arg)
{
    struct crowd *c = arg;
    int now = ++c->now;

    if (now > c->most)
        c->most = now;
    script_sleep_ms(30);
    c->now--;
    script_reply_bytes(call, 200, ETAG, blob, 1000);
}

static void several_at_once(void **state)
{
    struct cprov_client_options options = { .parallel = 4 };
    struct cprov_descriptor d = world_blob(blob, 1000);
    struct crowd crowd = { 0 };
    struct world w;
    struct sink s[BLOBS];

    (void)state;
    world_open(&w, serve_crowd, &crowd, &options);
    for (size_t i = 0; i < BLOBS; i++) {
        sink_open(&s[i], 1000);
        world_start_fetch(&w, &s[i], &d);
    }
    world_run(&w);
    for (size_t i = 0; i < BLOBS; i++) {
        assert_int_equal(s[i].calls, 1);
        assert_int_equal(s[i].code, 0);
        assert_true(sink_holds(&s[i], blob, 0));
        sink_close(&s[i]);
    }
    assert_in_range(crowd.most, 3, 4);
    assert_int_equal(script_server_count(w.server, ""), BLOBS);
    world_close(&w);
}

/* --- parts --- */

struct slow {
    bool no_ranges;  /* says that it can and cannot */
    bool drop_parts; /* answers 503 to ranges */
    bool cut;        /* every part, once */
    _Atomic int now, most;
};

static void serve_slow(struct script_call *call, void *arg)
{
    struct slow *slow = arg;
    char head[256];
    size_t first, last;
    bool ranged = *script_header(call, "Range") != '\0' && !slow->no_ranges;
    int now = ++slow->now;

    if (now > slow->most)
        slow->most = now;
    world_asked_range(call, &first, &last);
    if (!ranged) {
        first = 0;
        last = SIZE - 1;
    }
    if (ranged && slow->drop_parts) {
        script_reply(call, 503, "", "");
        slow->now--;
        return;
    }
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 %d X\r\n" ETAG "Accept-Ranges: bytes\r\nContent-Length: %zu\r\n"
                     "Content-Range: bytes %zu-%zu/%d\r\n\r\n",
                     ranged ? 206 : 200, last - first + 1, first, last, SIZE);
    script_send(call, head, (size_t)n);
    bool cut = slow->cut && call->number % 3 == 1;
    for (size_t at = first; at <= last && !call->close; at += 30000) {
        size_t len = last + 1 - at < 30000 ? last + 1 - at : 30000;

        script_send(call, blob + at, len);
        script_sleep_ms(10);
        if (cut && at > first + 60000)
            call->close = true;
    }
    slow->now--;
}

static const struct {
    struct slow slow;
    size_t fewest, most;
    int together;
} part_cases[] = {
    { { 0 }, 4, 40, 4 },
    { { .cut = true }, 4, 80, 3 },
    { { .no_ranges = true }, 2, 4, 2 },
    { { .drop_parts = true }, 2, 12, 1 },
};

static void in_parts(void **state)
{
    struct cprov_client_options options = {
        .retries = 1, .parallel = 4, .split_bytes = 100000, .split_after_ms = 100
    };
    struct cprov_descriptor d = world_blob(blob, SIZE);

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(part_cases); i++) {
        struct slow slow = part_cases[i].slow;
        struct world w;
        struct sink s;

        world_open(&w, serve_slow, &slow, &options);
        sink_open(&s, SIZE);
        assert_int_equal(world_fetch(&w, &s, &d, 0, NULL), 0);
        assert_true(sink_holds(&s, blob, 0));
        assert_int_equal(s.restarts, 0);
        size_t requests = script_server_count(w.server, "");
        print_message("%zu requests, %d at once\n", requests, slow.most);
        assert_in_range(requests, part_cases[i].fewest, part_cases[i].most);
        assert_true(slow.most >= part_cases[i].together);
        sink_close(&s);
        world_close(&w);
    }
}

static void serve_whole(struct script_call *call, void *arg)
{
    (void)arg;
    script_reply_bytes(call, 200, ETAG "Accept-Ranges: bytes\r\n", blob, SIZE);
}

static void one_request_when_it_is_fast(void **state)
{
    struct cprov_client_options options = { .split_bytes = 1000 };
    struct cprov_descriptor d = world_blob(blob, SIZE);
    struct world w;
    struct sink s;

    (void)state;
    world_open(&w, serve_whole, NULL, &options);
    sink_open(&s, SIZE);
    assert_int_equal(world_fetch(&w, &s, &d, 0, NULL), 0);
    assert_int_equal(script_server_count(w.server, ""), 1);
    sink_close(&s);
    world_close(&w);
}

static bool stop_now(void *arg)
{
    return *(const bool *)arg;
}

static int sink_cancels(void *arg, uint64_t offset, const void *data, size_t len,
                        struct cprov_error *err)
{
    (void)offset;
    (void)data;
    (void)len;
    (void)err;
    *(bool *)arg = true;
    return 0;
}

static int cancels;
static void on_cancelled(void *arg, int code, const struct cprov_error *err)
{
    (void)arg;
    (void)err;
    assert_int_equal(code, CPROV_ECANCELLED);
    cancels++;
}

static void cancelled(void **state)
{
    struct slow slow = { 0 };
    bool stop = false;
    struct cprov_cancel cancel = { stop_now, &stop };
    struct cprov_client_options options = { .http.cancel = &cancel, .parallel = 2 };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_descriptor d = world_blob(blob, SIZE);
    struct cprov_client *c = NULL;
    struct world w;

    (void)state;
    world_open(&w, serve_slow, &slow, NULL);
    assert_int_equal(cprov_client_new(&options, &c, &err), 0);
    struct cprov_blob_request request = { .ref = &w.ref,
                                          .descriptor = &d,
                                          .sink = { .write = sink_cancels, .arg = &stop },
                                          .done = on_cancelled };
    for (int i = 0; i < 5; i++)
        assert_int_equal(cprov_client_fetch_blob(c, &request, &err), 0);
    assert_int_equal(cprov_client_run(c, NULL, &err), CPROV_ECANCELLED);
    assert_int_equal(cancels, 5);
    cprov_client_free(c);
    world_close(&w);
}

static void freed_with_work_left(void **state)
{
    struct slow slow = { 0 };
    struct cprov_descriptor d = world_blob(blob, SIZE);
    struct cprov_error err = CPROV_ERROR_INIT;
    bool enough = true;
    struct world w;
    struct sink s;

    (void)state;
    world_open(&w, serve_slow, &slow, NULL);
    sink_open(&s, SIZE);
    for (int i = 0; i < 9; i++)
        world_start_fetch(&w, &s, &d);
    assert_int_equal(cprov_client_run(w.client, &enough, &err), 0);
    world_close(&w);
    assert_int_equal(s.calls, 0);
    sink_close(&s);
}

/* --- other sources --- */

struct elsewhere {
    int status; /* of the registry */
    struct script_server *other;
    char authorization[64]; /* that the other saw */
    bool wrong;             /* it has other bytes */
};

static void serve_foreign(struct script_call *call, void *arg)
{
    struct elsewhere *e = arg;

    if (strcmp(call->target, "/layer") == 0) {
        snprintf(e->authorization, sizeof(e->authorization), "<%.60s>",
                 script_header(call, "Authorization"));
        script_reply_bytes(call, 200, "", blob, e->wrong ? 999 : 1000);
    } else if (strcmp(script_header(call, "Authorization"), "Basic bWU6cHc=") != 0) {
        script_reply(call, 401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
    } else {
        script_reply(call, e->status, "", e->status == 200 ? "short" : "");
    }
}

static void foreign_layers(void **state)
{
    static const struct {
        int status;
        const char *first; /* of the urls; the second is good */
        bool wrong;
        int code;
        size_t asked;
    } runs[] = {
        { 404, NULL, false, 0, 1 },
        { 403, NULL, false, 0, 1 },
        { 200, NULL, false, 0, 1 },
        { 404, "http://192.0.2.1/x", false, 0, 1 },
        { 404, "ftp://192.0.2.1/x", false, 0, 1 },
        { 404, "", false, 0, 1 },
        { 404, NULL, true, CPROV_EVERIFY, 1 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(runs); i++) {
        struct elsewhere e = { .status = runs[i].status, .wrong = runs[i].wrong };
        struct cprov_descriptor d = world_blob(blob, 1000);
        char url[64];
        const char *urls[2];
        struct world w;
        struct sink s;

        e.other = script_server_start(serve_foreign, &e);
        snprintf(url, sizeof(url), "http://127.0.0.1:%d/layer", script_server_port(e.other));
        urls[0] = runs[i].first ? runs[i].first : url;
        urls[1] = url;
        d.urls = urls;
        d.urls_count = runs[i].first ? 2 : 1;
        world_open(&w, serve_foreign, &e, NULL);
        w.username = "me";
        w.password = "pw";
        sink_open(&s, 1000);
        assert_int_equal(world_fetch(&w, &s, &d, 0, NULL), runs[i].code);
        assert_int_equal(script_server_count(e.other, ""), runs[i].asked);
        assert_string_equal(e.authorization, "<>");
        sink_close(&s);
        world_close(&w);
        script_server_stop(e.other);
    }
}

/* --- redirects and tokens --- */

struct cdn {
    struct script_server *other;
    unsigned signature;     /* good once */
    unsigned good_token;    /* after the cut, another one */
    char authorization[64]; /* that the store saw */
    unsigned tokens;
    bool cut;
};

static void serve_store(struct script_call *call, void *arg)
{
    struct cdn *c = arg;
    char want[32];
    size_t first, last;

    snprintf(want, sizeof(want), "/b?sig=%u", c->signature);
    snprintf(c->authorization, sizeof(c->authorization), "<%.60s>",
             script_header(call, "Authorization"));
    if (strcmp(call->target, want) != 0 || call->number > 0) {
        script_reply(call, 403, "", "<Error><Code>ExpiredToken</Code></Error>");
        return;
    }
    world_asked_range(call, &first, &last);
    bool cut = !c->cut;
    c->cut = true;
    c->good_token += cut;
    world_reply_part(call, ETAG, first, last, cut ? 1000000 : SIZE_MAX);
}

static void serve_registry(struct script_call *call, void *arg)
{
    struct cdn *c = arg;
    char text[256];

    snprintf(text, sizeof(text), "Bearer %u", c->good_token);
    if (strncmp(call->target, "/token", 6) == 0) {
        c->tokens++;
        snprintf(text, sizeof(text), "{\"token\":\"%u\",\"expires_in\":300}", c->good_token);
        script_reply(call, 200, "", text);
    } else if (strcmp(script_header(call, "Authorization"), text) != 0) {
        snprintf(text, sizeof(text),
                 "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\"\r\n",
                 script_server_port(call->server));
        script_reply(call, 401, text, "");
    } else {
        snprintf(text, sizeof(text), "Location: http://127.0.0.1:%d/b?sig=%u\r\n",
                 script_server_port(c->other), ++c->signature);
        script_reply(call, 307, text, "");
    }
}

/* The signed URL and the token both run out in the middle. */
static void cut_at_the_store(void **state)
{
    struct cdn c = { .good_token = 1 };
    struct cprov_descriptor d = world_blob(blob, SIZE);
    struct world w;
    struct sink s;

    (void)state;
    c.other = script_server_start(serve_store, &c);
    world_open(&w, serve_registry, &c, NULL);
    sink_open(&s, SIZE);
    assert_int_equal(world_fetch(&w, &s, &d, 0, NULL), 0);
    assert_true(sink_holds(&s, blob, 0));
    assert_int_equal(s.restarts, 0);
    assert_string_equal(c.authorization, "<>");
    assert_int_equal(c.tokens, 2);
    assert_int_equal(script_server_count(c.other, ""), 2);
    sink_close(&s);
    world_close(&w);
    script_server_stop(c.other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_at_once),
        cmocka_unit_test(in_parts),
        cmocka_unit_test(one_request_when_it_is_fast),
        cmocka_unit_test(cancelled),
        cmocka_unit_test(freed_with_work_left),
        cmocka_unit_test(foreign_layers),
        cmocka_unit_test(cut_at_the_store),
    };

    world_fill_blob();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
