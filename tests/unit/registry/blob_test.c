/* Tests of registry/client.h: blobs through every fault a server can have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "registry/blob_get.h"
#include "tests/support/client_world.h"

#define SIZE WORLD_BLOB_SIZE
#define ETAG WORLD_BLOB_ETAG

static const char *const blob = world_bytes;

/* What the server does, request by request. */
enum act {
    WHOLE,       /* 200, Accept-Ranges, ETag */
    RANGE,       /* 206 as asked, 200 without Range */
    CUT,         /* the same, but cut after a third of it */
    CUT_EARLY,   /* after ten bytes */
    NEW_WHOLE,   /* 200 with another ETag */
    NEW_RANGE,   /* 206 with another ETag */
    OFF_RANGE,   /* 206 that begins elsewhere */
    NO_RANGE,    /* 206 without Content-Range */
    SHORT_RANGE, /* 206 with half of what was asked for */
    TOTAL_RANGE, /* 206 of another total */
    UNSATISFIED, /* 416 */
    SHORT,       /* 200 with a Content-Length one short */
    LONG,        /* 200 with one byte too many */
    LONG_OPEN,   /* the same without Content-Length */
    SHORT_OPEN,  /* one byte too few, without Content-Length */
    PAGE,        /* 200 text/html */
    GZIPPED,     /* Content-Encoding: gzip and another length */
    LABELLED,    /* Content-Encoding: gzip and the right length */
    MISSING,     /* 404 */
    BUSY,        /* 503 */
    ODD,         /* 203 */
    END,
};

struct script {
    const enum act *acts; /* the last is repeated */
    _Atomic size_t step;
    char ranges[16][64];
    char if_ranges[16][64];
};

static void reply_open(struct script_call *call, size_t len)
{
    static const char head[] = "HTTP/1.0 200 X\r\n" ETAG "\r\n";

    script_send(call, head, strlen(head));
    script_send(call, blob, len < SIZE ? len : SIZE);
    if (len > SIZE)
        script_send(call, "x", 1);
    call->close = true;
}

static void reply_odd_range(struct script_call *call, enum act act, size_t first, size_t last)
{
    char headers[256];

    if (act == SHORT_RANGE) {
        world_reply_part(call, ETAG, first, first + (last - first) / 2, SIZE_MAX);
        return;
    }
    snprintf(headers, sizeof(headers), "Content-Range: bytes %zu-%zu/%d\r\n",
             act == OFF_RANGE ? first - 1 : first, last, act == TOTAL_RANGE ? SIZE + 1 : SIZE);
    script_reply_bytes(call, 206, act == NO_RANGE ? "" : headers, blob + first, last - first + 1);
}

static void reply_odd_whole(struct script_call *call, enum act act)
{
    static char longer[SIZE + 1];

    memcpy(longer, blob, SIZE);
    if (act == SHORT)
        script_reply_bytes(call, 200, "", blob, SIZE - 1);
    else if (act == LONG)
        script_reply_bytes(call, 200, "", longer, SIZE + 1);
    else if (act == LONG_OPEN)
        reply_open(call, SIZE + 1);
    else if (act == SHORT_OPEN)
        reply_open(call, SIZE - 1);
    else if (act == PAGE)
        script_reply(call, 200, "Content-Type: text/html\r\n", "<html>");
    else if (act == GZIPPED)
        script_reply(call, 200, "Content-Encoding: gzip\r\n", "zzz");
    else if (act == LABELLED)
        script_reply_bytes(call, 200, "Content-Encoding: gzip\r\n", blob, SIZE);
    else if (act == ODD)
        script_reply_bytes(call, 203, "", blob, SIZE);
    else
        script_reply(call, act == MISSING ? 404 : act == BUSY ? 503 : 416, "", "");
}

static void serve(struct script_call *call, void *arg)
{
    struct script *s = arg;
    size_t step = s->step++, at = 0, first, last;

    while (at < step && s->acts[at + 1] != END)
        at++;
    enum act act = s->acts[at];
    if (step < 16) {
        snprintf(s->ranges[step], sizeof(s->ranges[0]), "%.60s", script_header(call, "Range"));
        snprintf(s->if_ranges[step], sizeof(s->if_ranges[0]), "%.60s",
                 script_header(call, "If-Range"));
    }
    world_asked_range(call, &first, &last);
    if (act == WHOLE)
        script_reply_bytes(call, 200, ETAG "Accept-Ranges: bytes\r\n", blob, SIZE);
    else if (act == NEW_WHOLE)
        script_reply_bytes(call, 200, "ETag: \"two\"\r\n", blob, SIZE);
    else if (act == NEW_RANGE)
        world_reply_part(call, "ETag: \"two\"\r\n", first, last, SIZE_MAX);
    else if (act == RANGE || act == CUT || act == CUT_EARLY)
        world_reply_part(call, ETAG, first, last,
                         act == RANGE ? SIZE_MAX
                         : act == CUT ? (last - first) / 3
                                      : 10);
    else if (act == OFF_RANGE || act == NO_RANGE || act == SHORT_RANGE || act == TOTAL_RANGE)
        reply_odd_range(call, act, first, last);
    else
        reply_odd_whole(call, act);
}

static const struct fetch_case {
    const char *name;
    enum act acts[12];
    int code;
    int restarts;
    size_t requests;
    const char *words;
} cases[] = {
    { "in one go", { WHOLE, END }, 0, 0, 1, "" },
    { "cut twice", { CUT, CUT, RANGE, END }, 0, 0, 3, "" },
    { "cut more often than the retries", { CUT, CUT, CUT, CUT, RANGE, END }, 0, 0, 5, "" },
    { "never gets on", { CUT_EARLY, END }, CPROV_ENETWORK, 0, 3, "tried 3 times" },
    { "busy", { BUSY, CUT, BUSY, RANGE, END }, 0, 0, 4, "" },
    { "range ignored", { CUT, WHOLE, END }, 0, 1, 2, "" },
    { "changed: 200", { CUT, NEW_WHOLE, END }, 0, 1, 2, "" },
    { "changes each time",
      { CUT, NEW_RANGE, CUT, NEW_RANGE, CUT, NEW_RANGE, CUT, NEW_RANGE, CUT, NEW_RANGE, END },
      CPROV_ENETWORK,
      4,
      10,
      "the content was different on every attempt" },
    { "changed: 206", { CUT, NEW_RANGE, NEW_RANGE, END }, 0, 1, 3, "" },
    { "range elsewhere", { CUT, OFF_RANGE, WHOLE, END }, 0, 1, 3, "" },
    { "range not named", { CUT, NO_RANGE, WHOLE, END }, 0, 1, 3, "" },
    { "range never right", { CUT, OFF_RANGE, NO_RANGE, END }, CPROV_ENETWORK, 1, 3, "range" },
    { "shorter ranges", { CUT, SHORT_RANGE, SHORT_RANGE, RANGE, END }, 0, 0, 4, "" },
    { "another total", { CUT, TOTAL_RANGE, END }, CPROV_EVERIFY, 0, 2, "instead of" },
    { "not satisfied", { CUT, UNSATISFIED, WHOLE, END }, 0, 1, 3, "" },
    { "never satisfied", { CUT, UNSATISFIED, END }, CPROV_EVERIFY, 0, 3, "no byte" },
    { "short", { SHORT, END }, CPROV_EVERIFY, 0, 1, "2999999 bytes instead of 3000000" },
    { "long", { LONG, END }, CPROV_EVERIFY, 0, 1, "3000001 bytes instead of 3000000" },
    { "long, not announced", { LONG_OPEN, END }, CPROV_EVERIFY, 0, 1, "more than the expected" },
    { "short, not announced", { SHORT_OPEN, RANGE, END }, 0, 0, 2, "" },
    { "short again", { SHORT_OPEN, SHORT_OPEN, END }, CPROV_EVERIFY, 1, 2, "ends after" },
    { "a web page", { PAGE, END }, CPROV_ENETWORK, 0, 1, "web page" },
    { "encoded", { GZIPPED, END }, CPROV_EVERIFY, 0, 1, "encoding" },
    { "labelled", { LABELLED, END }, 0, 0, 1, "" },
    { "missing", { MISSING, END }, CPROV_ENOTFOUND, 0, 1, "not found" },
    { "203", { ODD, END }, CPROV_ENETWORK, 0, 1, "203" },
};

static void faults(void **state)
{
    struct cprov_client_options options = { .retries = 2 };
    struct cprov_descriptor d = world_blob(blob, SIZE);

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct script script = { .acts = cases[i].acts };
        struct world w;
        struct sink s;

        print_message("%s\n", cases[i].name);
        world_open(&w, serve, &script, &options);
        sink_open(&s, SIZE);
        assert_int_equal(world_fetch(&w, &s, &d, 0, NULL), cases[i].code);
        assert_int_equal(s.restarts, cases[i].restarts);
        assert_int_equal(script_server_count(w.server, ""), cases[i].requests);
        if (cases[i].code == 0)
            assert_true(sink_holds(&s, blob, 0));
        else
            assert_non_null(strstr(s.err.msg, cases[i].words));
        sink_close(&s);
        world_close(&w);
    }
}

/* A server that serves the whole and refuses every Range with one status; its first answer is cut.
 */
static void refuse_ranges(struct script_call *call, void *arg)
{
    const int *status = arg;

    if (*script_header(call, "Range"))
        script_reply(call, *status, "", "");
    else
        script_reply_cut(call, 200, ETAG "Accept-Ranges: bytes\r\n", blob, SIZE,
                         call->number == 0 ? SIZE / 3 : SIZE);
}

static void B3_a_refused_range_is_asked_for_without(void **state)
{
    static const int statuses[] = { 400, 403, 404, 405, 406, 412, 416, 417, 500, 501, 503, 507 };
    struct cprov_client_options options = { .retries = 1 };
    struct cprov_descriptor d = world_blob(blob, SIZE);

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(statuses); i++) {
        int status = statuses[i];
        struct world w;
        struct sink s;

        print_message("%d\n", status);
        world_open(&w, refuse_ranges, &status, &options);
        sink_open(&s, SIZE);
        assert_int_equal(world_fetch(&w, &s, &d, 0, NULL), 0);
        assert_int_equal(s.restarts, 1);
        assert_true(sink_holds(&s, blob, 0));
        assert_int_equal(script_server_count(w.server, "GET "), 3);
        sink_close(&s);
        world_close(&w);
    }
}

/* What is there is not dropped for a server that gives nothing at all. */
static void B3_bytes_are_kept_until_the_whole_comes(void **state)
{
    static const enum act acts[] = { MISSING, END };
    struct script script = { .acts = acts };
    struct cprov_descriptor d = world_blob(blob, SIZE);
    struct world w;
    struct sink s;

    (void)state;
    world_open(&w, serve, &script, NULL);
    sink_open(&s, SIZE);
    assert_int_equal(world_fetch(&w, &s, &d, 1000, NULL), CPROV_ENOTFOUND);
    assert_int_equal(s.restarts, 0);
    assert_string_equal(script.ranges[0], "bytes=1000-2999999");
    assert_string_equal(script.ranges[1], "");
    assert_int_equal(script_server_count(w.server, "GET "), 2);
    sink_close(&s);
    world_close(&w);
}

static void resumes_with_the_etag(void **state)
{
    static const enum act acts[] = { CUT, RANGE, END };
    struct script script = { .acts = acts };
    struct cprov_descriptor d = world_blob(blob, SIZE);
    struct world w;
    struct sink s;

    (void)state;
    world_open(&w, serve, &script, NULL);
    sink_open(&s, SIZE);
    assert_int_equal(world_fetch(&w, &s, &d, 0, NULL), 0);
    assert_string_equal(script.ranges[0], "");
    assert_string_equal(script.ranges[1], "bytes=999999-2999999");
    assert_string_equal(script.if_ranges[1], "\"one\"");
    assert_string_equal(s.etag, "\"one\"");
    sink_close(&s);
    world_close(&w);
}

static void goes_on_where_another_run_ended(void **state)
{
    static const struct {
        enum act act;
        const char *etag;
        int restarts;
        const char *if_range;
    } runs[] = {
        { RANGE, "\"one\"", 0, "\"one\"" },
        { RANGE, NULL, 0, "" },
        { RANGE, "W/\"weak\"", 1, "" },
        { NEW_WHOLE, "\"one\"", 1, "\"one\"" },
    };
    struct cprov_descriptor d = world_blob(blob, SIZE);

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(runs); i++) {
        const enum act acts[] = { runs[i].act, RANGE, END };
        struct script script = { .acts = acts };
        struct world w;
        struct sink s;

        print_message("%s\n", runs[i].etag ? runs[i].etag : "none");
        world_open(&w, serve, &script, NULL);
        sink_open(&s, SIZE);
        assert_int_equal(world_fetch(&w, &s, &d, 1000, runs[i].etag), 0);
        assert_string_equal(script.ranges[0], "bytes=1000-2999999");
        assert_string_equal(script.if_ranges[0], runs[i].if_range);
        assert_int_equal(s.restarts, runs[i].restarts);
        assert_true(sink_holds(&s, blob, runs[i].restarts ? 0 : 1000));
        sink_close(&s);
        world_close(&w);
    }
}

static void nothing_to_ask_for(void **state)
{
    static const enum act acts[] = { WHOLE, END };
    struct script script = { .acts = acts };
    struct cprov_descriptor d = world_blob(blob, SIZE), empty = world_blob("", 0);
    struct world w;
    struct sink s;

    (void)state;
    world_open(&w, serve, &script, NULL);
    sink_open(&s, SIZE);
    assert_int_equal(world_fetch(&w, &s, &d, SIZE, NULL), 0);
    assert_int_equal(s.writes, 0);
    s.calls = 0;
    assert_int_equal(world_fetch(&w, &s, &empty, 0, NULL), 0);
    s.calls = 0;
    d.data = cprov_span_make(blob, SIZE);
    d.has_data = true;
    assert_int_equal(world_fetch(&w, &s, &d, 10, NULL), 0);
    assert_true(sink_holds(&s, blob, 10));
    assert_int_equal(script_server_count(w.server, ""), 0);
    assert_int_equal(world_fetch(&w, &s, &d, SIZE + 1, NULL), CPROV_EINVAL);
    sink_close(&s);
    world_close(&w);
}

static void sink_that_fails(void **state)
{
    static const enum act acts[] = { WHOLE, END };
    struct script script = { .acts = acts };
    struct cprov_descriptor d = world_blob(blob, SIZE);
    struct world w;
    struct sink s;

    (void)state;
    world_open(&w, serve, &script, NULL);
    sink_open(&s, SIZE);
    s.fail_at = 3;
    assert_int_equal(world_fetch(&w, &s, &d, 0, NULL), CPROV_ENOSPACE);
    assert_string_equal(s.err.msg, "the disk is full");
    assert_int_equal(script_server_count(w.server, ""), 1);
    sink_close(&s);
    world_close(&w);
}

/* --- into memory --- */

static struct cprov_span got;
static char got_bytes[2000];
static int got_code, got_calls;

static void on_bytes(void *arg, int code, struct cprov_span bytes, const struct cprov_error *err)
{
    (void)arg;
    (void)err;
    got_calls++;
    got_code = code;
    got = cprov_span_make(got_bytes, bytes.len);
    if (bytes.len > 0)
        memcpy(got_bytes, bytes.ptr, bytes.len);
}

static void serve_document(struct script_call *call, void *arg)
{
    (void)arg;
    script_reply_bytes(call, 200, "", blob, 1000);
}

static void documents(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_descriptor good = world_blob(blob, 1000), bad = good;
    struct world w;

    (void)state;
    bad.digest.raw[0] ^= 1;
    world_open(&w, serve_document, NULL, NULL);
    assert_int_equal(cprov_client_get_blob(w.client, &w.ref, &good, 1000, on_bytes, NULL, &err), 0);
    world_run(&w);
    assert_int_equal(got_calls, 1);
    assert_int_equal(got_code, 0);
    assert_true(cprov_span_equal(got, cprov_span_make(blob, 1000)));
    assert_int_equal(cprov_client_get_blob(w.client, &w.ref, &bad, 1000, on_bytes, NULL, &err), 0);
    world_run(&w);
    assert_int_equal(got_code, CPROV_EVERIFY);
    assert_int_equal(got.len, 0);
    assert_int_equal(cprov_client_get_blob(w.client, &w.ref, &good, 999, on_bytes, NULL, &err),
                     CPROV_ELIMIT);
    assert_int_equal(cprov_client_get_blob(w.client, &w.ref, &good, 1000, on_bytes, NULL, &err), 0);
    world_close(&w); /* with one left */
    assert_int_equal(got_calls, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults),
        cmocka_unit_test(B3_a_refused_range_is_asked_for_without),
        cmocka_unit_test(B3_bytes_are_kept_until_the_whole_comes),
        cmocka_unit_test(resumes_with_the_etag),
        cmocka_unit_test(goes_on_where_another_run_ended),
        cmocka_unit_test(nothing_to_ask_for),
        cmocka_unit_test(sink_that_fails),
        cmocka_unit_test(documents),
    };

    world_fill_blob();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
