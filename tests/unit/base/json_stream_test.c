/* tests/unit/base/json_stream_test.c - records of documents cut anywhere, and what is refused. */
#include "base/json_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/limits.h"

#define RECORD_MAX 4096

/* What came, as text: "<member{>" for begin, "member/key=value;" for a record. */
struct seen {
    struct cprov_buf text;
    size_t records;
    size_t fail_at; /* record number, 0: none */
    struct cprov_json_stream *stream;
    uint64_t offset; /* of the last record */
};

static int on_record(void *arg, const char *member, const struct cprov_json *value,
                     struct cprov_error *err)
{
    struct seen *s = arg;
    struct cprov_json_writer w;

    if (++s->records == s->fail_at)
        return cprov_fail(err, CPROV_EREFUSED, "enough");
    s->offset = cprov_json_stream_offset(s->stream);
    cprov_buf_addf(&s->text, "%s/%" CPROV_SPAN_FMT "=", member ? member : "",
                   CPROV_SPAN_ARG(value->key));
    cprov_json_writer_init(&w, &s->text, 0);
    cprov_json_value(&w, value);
    cprov_buf_add_char(&s->text, ';');
    return 0;
}

static int on_begin(void *arg, const char *member, bool object, struct cprov_error *err)
{
    struct seen *s = arg;

    (void)err;
    cprov_buf_addf(&s->text, "<%s%c>", member, object ? '{' : '[');
    return 0;
}

/* Feeds the document in pieces of `step` bytes. */
static int read_pieces(struct cprov_span doc, size_t step, struct seen *seen,
                       struct cprov_error *err)
{
    auto_json_stream struct cprov_json_stream *s = NULL;
    struct cprov_json_stream_options options = {
        .record_max = RECORD_MAX, .record = on_record, .begin = on_begin, .arg = seen
    };
    struct cprov_error again = CPROV_ERROR_INIT;
    int code = 0;

    cprov_buf_init(&seen->text, 64 * CPROV_MIB);
    assert_int_equal(cprov_json_stream_new(&options, &s, err), 0);
    seen->stream = s;
    for (size_t i = 0; i < doc.len && code == 0; i += step) {
        size_t len = doc.len - i < step ? doc.len - i : step;
        char *exact = malloc(len); /* so that a read past the piece is seen */

        assert_non_null(exact);
        memcpy(exact, doc.ptr + i, len);
        code = cprov_json_stream_feed(s, exact, len, err);
        free(exact);
    }
    if (code == 0)
        code = cprov_json_stream_finish(s, err);
    else
        assert_int_equal(cprov_json_stream_feed(s, "", 0, &again), code);
    return code;
}

static void check(const char *doc, const char *wanted)
{
    struct cprov_span text = cprov_span_of(doc);

    print_message("%s\n", doc);
    for (size_t step = 1; step <= text.len; step++) {
        struct seen seen = { .records = 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        if (read_pieces(text, step, &seen, &err) < 0)
            fail_msg("pieces of %zu: %s", step, err.msg);
        assert_string_equal(cprov_buf_text(&seen.text), wanted);
        cprov_buf_clear(&seen.text);
    }
}

static void test_records(void **state)
{
    (void)state;
    check("[]", "");
    check("{}", "");
    check(" \r\n\t[ ] \n", "");
    check("[1,\"a\",null,[2,[3]],{\"b\":{\"c\":\"]}\\\"\"}}]",
          "/=1;/=\"a\";/=null;/=[2,[3]];/={\"b\":{\"c\":\"]}\\\"\"}};");
    check("{\"a\":1,\"b\":[],\"c\":{},\"d\":\"x\"}", "/a=1;<b[><c{>/d=\"x\";");
    check("{\"v\" : { \"1\\u002e0\" : {\"n\":1} , \"2\":true},\"l\":[[],{}]}",
          "<v{>v/1.0={\"n\":1};v/2=true;<l[>l/=[];l/={};");
    check("{\"\":{\"\":0},\"\xc3\xa4\":[-1.5e3 ]}", "<{>/=0;<\xc3\xa4[>\xc3\xa4/=-1.5e3;");
    check("[\"\\\\\",\"\\\\\\\"\",\"[{\"]", "/=\"\\\\\";/=\"\\\\\\\"\";/=\"[{\";");
}

static void check_refused(struct cprov_span doc, const char *message)
{
    for (size_t step = 1; step <= doc.len + 1; step++) {
        struct seen seen = { .records = 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        int code = read_pieces(doc, step, &seen, &err);
        if (step == 1)
            print_message("'%.*s' %s\n", (int)doc.len, doc.ptr, err.msg);
        cprov_buf_clear(&seen.text);
        assert_int_equal(code, CPROV_EVERIFY);
        if (code == err.code && message && step > doc.len) /* all at once: told at its place */
            assert_string_equal(err.msg, message);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        struct cprov_span doc;
        const char *message;
    } cases[] = {
#define C(text, message) { { text, sizeof(text) - 1 }, message }
        C("1", "byte 0: '[' or '{' is missing"),
        C("\"a\"", "byte 0: '[' or '{' is missing"),
        C("\xef\xbb\xbf[]", "byte 0: '[' or '{' is missing"),
        C("[1,]", "byte 3: a value is missing"),
        C("[,1]", "byte 1: a value is missing"),
        C("[1 2]", "byte 3: ',' or ']' is missing"),
        C("[1\"a\"]", "byte 2: ',' or ']' is missing"),
        C("[:]", "byte 1: a value is missing"),
        C("[1}", "byte 2: ',' or ']' is missing"),
        C("{1:2}", "byte 1: a key is missing"),
        C("{\"a\"}", "byte 4: ':' is missing"),
        C("{\"a\":}", "byte 5: a value is missing"),
        C("{\"a\":1,}", "byte 7: a key is missing"),
        C("{\"a\":1]", "byte 6: ',' or '}' is missing"),
        C("{\"a\":[1}", "byte 7: ',' or ']' is missing"),
        C("{\"a\":{1}}", "byte 6: a key is missing"),
        C("{\"a\":1,\"a\":2}", "byte 7: duplicate key \"a\""),
        C("{\"a\":1,\"\\u0061\":2}", "byte 7: duplicate key \"a\""),
        C("[] 1", "byte 3: the end is missing"),
        C("[][]", "byte 2: the end is missing"),
        C("[\f1]", NULL),
        C("[tru]", NULL),
        C("[01]", NULL),
        C("[+1]", NULL),
        C("[1.]", NULL),
        C("[NaN]", NULL),
        C("['a']", NULL),
        C("[[}]", NULL),
        C("[[1,]]", NULL),
        C("[{\"a\":1,\"a\":2}]", "byte 1: JSON: duplicate key \"a\""),
        C("[\"\x01\"]", NULL),
        C("[\"\xff\"]", NULL),
        C("{\"a\\u0000\":1}", "byte 1: NUL in a key"),
        C("[\"\\ud800\"]", NULL),
        C("[\"\0\"]", NULL),
        C("[1,\0]", NULL),
        C("\0", "byte 0: '[' or '{' is missing"),
        C("", "byte 0: the document ends too early"),
        C("   ", "byte 3: the document ends too early"),
        C("[", "byte 1: the document ends too early"),
        C("[\"a", "byte 3: the document ends too early"),
        C("[1", "byte 2: the document ends too early"),
        C("{\"a\":[1]", "byte 8: the document ends too early"),
        C("[1]]", "byte 3: the end is missing"),
        C("/* */[]", "byte 0: '[' or '{' is missing"),
#undef C
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++)
        check_refused(cases[i].doc, cases[i].message);
}

/* Cut at every byte, it ends too early, wherever pieces were. */
static void test_cut(void **state)
{
    (void)state;
    struct cprov_span doc = CPROV_SPAN_LITERAL(
        "{\"f\":\"x\",\"i\":[{\"n\":\"a\\n\",\"v\":[1,2]},true],\"o\":{\"k\":-1}} ");

    for (size_t len = 0; len + 2 < doc.len; len++)
        check_refused(cprov_span_make(doc.ptr, len), NULL);
}

static void test_inner_offsets(void **state)
{
    (void)state;
    struct seen seen = { .records = 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_span doc = CPROV_SPAN_LITERAL("{ \"a\": [10, 11, {\"x\" 1}]}");

    assert_int_equal(read_pieces(doc, 5, &seen, &err), CPROV_EVERIFY);
    assert_int_equal(seen.offset, 12);
    assert_non_null(strstr(err.msg, "byte 2")); /* within the third record, which begins at 16 */
    cprov_buf_clear(&seen.text);
}

static void test_callback_fails(void **state)
{
    (void)state;
    for (size_t step = 1; step < 8; step++) {
        struct seen seen = { .fail_at = 2 };
        struct cprov_error err = CPROV_ERROR_INIT;

        assert_int_equal(read_pieces(CPROV_SPAN_LITERAL("[1,2,3]"), step, &seen, &err),
                         CPROV_EREFUSED);
        assert_int_equal(seen.records, 2);
        cprov_buf_clear(&seen.text);
    }
}

/* Feeds `count` copies of `text` after `before`; returns the code of the first call that fails. */
static int feed_many(const char *before, const char *text, size_t count, struct seen *seen,
                     struct cprov_error *err)
{
    auto_json_stream struct cprov_json_stream *s = NULL;
    struct cprov_json_stream_options options = {
        .record_max = RECORD_MAX, .record = on_record, .begin = on_begin, .arg = seen
    };

    cprov_buf_init(&seen->text, 64 * CPROV_MIB);
    assert_int_equal(cprov_json_stream_new(&options, &s, err), 0);
    seen->stream = s;
    int code = cprov_json_stream_feed(s, before, strlen(before), err);
    for (size_t i = 0; i < count && code == 0; i++)
        code = cprov_json_stream_feed(s, text, strlen(text), err);
    cprov_buf_clear(&seen->text);
    return code;
}

static void test_endless(void **state)
{
    (void)state;
    static const struct {
        const char *before, *text;
        int code;
    } cases[] = {
        { "[\"", "xxxxxxxxxxxxxxxx", CPROV_ELIMIT }, /* a string of 10 MB */
        { "[", "[", CPROV_ELIMIT },
        { "[1", "1111111111111111", CPROV_ELIMIT },
        { "{\"", "kkkkkkkkkkkkkkkk", CPROV_ELIMIT },
        { "[", "        \n", 0 },
        { "", "        \n", 0 },
        { "{\"a\"", "        \n", 0 },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct seen seen = { .records = 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        int code = feed_many(cases[i].before, cases[i].text, 10 * CPROV_MIB / 16, &seen, &err);
        print_message("%s%s: %s\n", cases[i].before, cases[i].text, err.msg);
        assert_int_equal(code, cases[i].code);
        assert_int_equal(seen.records, 0);
    }
}

/* The cap is the same however the record comes. */
static void test_record_max(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        for (size_t step = 1000; step < 9000; step += 1000) {
            auto_buf struct cprov_buf doc = { 0 };
            struct seen seen = { .records = 0 };
            struct cprov_error err = CPROV_ERROR_INIT;

            cprov_buf_init(&doc, 2 * RECORD_MAX);
            cprov_buf_addf(&doc, "[\"%0*d\"]", (int)(RECORD_MAX - 2 + more), 0);
            assert_int_equal(read_pieces(cprov_buf_span(&doc), step, &seen, &err),
                             more ? CPROV_ELIMIT : 0);
            cprov_buf_clear(&seen.text);
        }
    }
}

static void test_members_max(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        auto_buf struct cprov_buf doc = { 0 };
        struct seen seen = { .records = 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        cprov_buf_init(&doc, 64 * CPROV_KIB);
        for (int i = 0; i < CPROV_JSON_MEMBERS_MAX + more; i++)
            cprov_buf_addf(&doc, "%c\"%d\":0", i ? ',' : '{', i);
        cprov_buf_add_char(&doc, '}');
        assert_int_equal(read_pieces(cprov_buf_span(&doc), 100, &seen, &err),
                         more ? CPROV_ELIMIT : 0);
        cprov_buf_clear(&seen.text);
    }
}

static void test_deep(void **state)
{
    (void)state;
    auto_buf struct cprov_buf doc = { 0 };
    struct seen seen = { .records = 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&doc, 4096);
    for (int i = 0; i < CPROV_JSON_DEPTH_MAX + 2; i++)
        cprov_buf_add_char(&doc, '[');
    for (int i = 0; i < CPROV_JSON_DEPTH_MAX + 2; i++)
        cprov_buf_add_char(&doc, ']');
    assert_int_equal(read_pieces(cprov_buf_span(&doc), 7, &seen, &err), CPROV_EVERIFY);
    assert_non_null(strstr(err.msg, "nested"));
    cprov_buf_clear(&seen.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_inner_offsets),
        cmocka_unit_test(test_callback_fails),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_record_max),
        cmocka_unit_test(test_members_max),
        cmocka_unit_test(test_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
