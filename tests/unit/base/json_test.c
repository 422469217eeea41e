/* tests/unit/base/json_test.c - what is refused, what is read, what is written. */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"

#define auto_arena CPROV_CLEANUP(cprov_arena_clear)

static struct cprov_json *parse(const char *text, struct cprov_arena *arena)
{
    struct cprov_json *v = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_json_parse(cprov_span_of(text), arena, &v, &err) < 0)
        fail_msg("%s: %s", text, err.msg);
    return v;
}

static void check_refused(struct cprov_span in, int code)
{
    auto_arena struct cprov_arena arena = { 0 };
    struct cprov_json untouched;
    struct cprov_json *v = &untouched;
    struct cprov_error err = CPROV_ERROR_INIT;

    print_message("'%.*s' ", (int)(in.len < 60 ? in.len : 60), in.ptr ? in.ptr : "");
    assert_int_equal(cprov_json_parse(in, &arena, &v, &err), code);
    print_message("%s\n", err.msg);
    assert_int_equal(err.code, code);
    assert_true(strlen(err.msg) > 0);
    assert_ptr_equal(v, &untouched);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct cprov_span cases[] = {
#define C(text) { text, sizeof(text) - 1 }
        C(""),
        C(" "),
        C("{"),
        C("}"),
        C("["),
        C("]"),
        C("[1"),
        C("[1,]"),
        C("[,1]"),
        C("[1 2]"),
        C("{\"a\"}"),
        C("{\"a\":}"),
        C("{\"a\":1,}"),
        C("{a:1}"),
        C("{1:1}"),
        C("{'a':1}"),
        C("tru"),
        C("truex"),
        C("nul"),
        C("NaN"),
        C("01"),
        C("-"),
        C("1."),
        C("1e"),
        C(".5"),
        C("+1"),
        C("0x1"),
        C("--1"),
        C("1 2"),
        C("{} {}"),
        C("{}x"),
        C("{}]"),
        C("[]\0"),
        C("// a\n{}"),
        C("/* a */{}"),
        C("\xef\xbb\xbf{}"),
        C("\"a"),
        C("\""),
        C("\"\\"),
        C("\"\\\""),
        C("\"\\x\""),
        C("\"\\u12\""),
        C("\"\\u12g4\""),
        C("{\"a\\u0000b\":1}"),
        C("\"a\0b\""),
        C("\"a\nb\""),
        C("\"\x1f\""),
        C("\"\xff\""),
        C("\"\xc0\x80\""),
        C("\"\xed\xa0\x80\""),
        C("\"\\ud800\""),
        C("\"\\ud800a\""),
        C("\"\\ud800\\u0041\""),
        C("\"\\udc00\""),
        C("\"\\ud800\\ud800\""),
        C("\"\\uD83D\\u\""),
        C("\f{}"),
        C("[1,\v2]"),
        C("\xc2\xa0{}"),
        C("{\"a\":1,\"a\":1}"),
        C("{\"a\":1,\"\\u0061\":1}"),
        C("{\"\":1,\"\":2}"),
        C("[{\"b\":{\"a\":1,\"c\":2,\"a\":3}}]"),
#undef C
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++)
        check_refused(cases[i], CPROV_EVERIFY);
    check_refused(cprov_span_make(NULL, 0), CPROV_EVERIFY);
}

static void test_values(void **state)
{
    (void)state;
    auto_arena struct cprov_arena arena = { 0 };
    const struct cprov_json *v =
        parse(" {\"n\":null,\"t\":true,\"f\":false,\"i\":-12.50e+3,"
              "\"s\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDC33z\","
              "\"l\":[1,[],{}],\"\":\"empty\"}\r\n\t ",
              &arena);

    assert_int_equal(v->type, CPROV_JSON_OBJECT);
    assert_int_equal(v->count, 7);
    assert_int_equal(cprov_json_get(v, "n")->type, CPROV_JSON_NULL);
    assert_true(cprov_json_get(v, "t")->boolean);
    assert_false(cprov_json_get(v, "f")->boolean);
    assert_true(cprov_span_is(cprov_json_get(v, "i")->text, "-12.50e+3"));
    assert_string_equal(cprov_json_get_text(v, "s"), "a\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x90\xb3z");
    assert_string_equal(cprov_json_get_text(v, ""), "empty");

    const struct cprov_json *list = cprov_json_get(v, "l");
    assert_int_equal(list->type, CPROV_JSON_ARRAY);
    assert_int_equal(list->count, 3);
    assert_int_equal(list->child->next->count, 0);
    assert_null(list->child->next->child);
    assert_null(list->child->next->next->next);
    assert_null(list->child->key.ptr);

    assert_null(cprov_json_get(v, "absent"));
    assert_null(cprov_json_get(list, "n"));
    assert_null(cprov_json_get(NULL, "n"));
    assert_null(cprov_json_get_text(v, "i"));
}

static void test_scalars(void **state)
{
    (void)state;
    auto_arena struct cprov_arena arena = { 0 };

    assert_int_equal(parse("null", &arena)->type, CPROV_JSON_NULL);
    assert_true(cprov_span_is(parse("0", &arena)->text, "0"));
    assert_true(cprov_span_is(parse("123", &arena)->text, "123"));
    assert_true(cprov_span_is(parse("\"\"", &arena)->text, ""));
    assert_string_equal(parse("\"x\"", &arena)->text.ptr, "x");
}

static void nested(struct cprov_buf *b, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        cprov_buf_add_text(b, i % 2 ? "[" : "{\"a\":");
    cprov_buf_add_char(b, '1');
    for (size_t i = depth; i > 0; i--)
        cprov_buf_add_char(b, i % 2 ? '}' : ']');
}

static void test_depth(void **state)
{
    (void)state;
    auto_arena struct cprov_arena arena = { 0 };
    auto_buf struct cprov_buf b;

    cprov_buf_init(&b, CPROV_MIB);
    nested(&b, CPROV_JSON_DEPTH_MAX);
    assert_non_null(parse(cprov_buf_text(&b), &arena));
    cprov_buf_reset(&b);
    nested(&b, CPROV_JSON_DEPTH_MAX + 1);
    check_refused(cprov_buf_span(&b), CPROV_EVERIFY);
    cprov_buf_reset(&b);
    for (int i = 0; i < 1000000; i++)
        cprov_buf_add_char(&b, '[');
    check_refused(cprov_buf_span(&b), CPROV_EVERIFY);
}

static void test_value_limit(void **state)
{
    (void)state;
    auto_buf struct cprov_buf b;

    cprov_buf_init(&b, 16 * CPROV_MIB);
    cprov_buf_add_char(&b, '[');
    for (int i = 0; i < CPROV_JSON_VALUES_MAX; i++) /* and the array itself: one too many */
        cprov_buf_add_text(&b, i ? ",1" : "1");
    cprov_buf_add_char(&b, ']');
    check_refused(cprov_buf_span(&b), CPROV_ELIMIT);
}

/* A string with a NUL passes, and is no text for whoever wants one. */
static void H9_nul(void **state)
{
    (void)state;
    auto_arena struct cprov_arena arena = { 0 };
    auto_buf struct cprov_buf out;
    struct cprov_json_writer w;
    struct cprov_error err = CPROV_ERROR_INIT;
    static const struct cprov_json_field field[] = { { "a", CPROV_FIELD_TEXT, 0, false } };
    static const char text[] = "{\"a\":\"x\\u0000y\",\"b\":\"z\"}";
    const char *wanted = NULL;
    const struct cprov_json *v = parse(text, &arena);

    assert_int_equal(cprov_json_get(v, "a")->type, CPROV_JSON_UNUSABLE);
    assert_null(cprov_json_get_text(v, "a"));
    assert_string_equal(cprov_json_get_text(v, "b"), "z");
    assert_int_equal(cprov_json_decode(v, field, 1, &wanted, &err), CPROV_EVERIFY);
    cprov_buf_init(&out, 100);
    cprov_json_writer_init(&w, &out, 0);
    cprov_json_value(&w, v);
    assert_string_equal(cprov_buf_text(&out), text);
}

/* What Go's decoder takes for a member of ours, a long s and a Kelvin sign included. */
static void S15_letters_of_other_readers(void **state)
{
    (void)state;
    static const char *const other[] = { "Size", "SIZE", "\xc5\xbfize", "\xc5\xbfIZE" };
    static const char *const none[] = { "size", "siz", "sizes", "\xc5\xbf", "\xc5", "zize", "" };

    for (size_t i = 0; i < CPROV_COUNT(other); i++)
        assert_true(cprov_json_is_misspelled(cprov_span_of(other[i]), "size"));
    for (size_t i = 0; i < CPROV_COUNT(none); i++)
        assert_false(cprov_json_is_misspelled(cprov_span_of(none[i]), "size"));
    assert_true(cprov_json_is_misspelled(cprov_span_of("to\xe2\x84\xaa"
                                                       "en"),
                                         "token"));
}

/* Of members that nobody knows the name alone is kept, whatever they hold. */
static void S8_unknown_members(void **state)
{
    (void)state;
    static const struct cprov_json_field known[] = { { .name = "a" }, { .name = "b" } };
    auto_arena struct cprov_arena arena = { 0 };
    auto_buf struct cprov_buf b;
    struct cprov_json *v = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&b, 16 * CPROV_MIB);
    cprov_buf_add_text(&b, "{\"a\":[1,{\"q\":2}],\"x\":[");
    for (int i = 0; i < 4 * CPROV_JSON_VALUES_MAX; i++)
        cprov_buf_add_text(&b, i ? ",1" : "1");
    cprov_buf_add_text(&b, "],\"y\":{\"a\":[{}],\"a\":null},\"z\":true,\"b\":\"c\"}");
    assert_int_equal(cprov_json_parse_known(cprov_buf_span(&b), known, 2, &arena, &v, &err), 0);
    assert_int_equal(v->count, 5);
    assert_int_equal(cprov_json_get(v, "a")->count, 2);
    assert_int_equal(cprov_json_get(v, "x")->type, CPROV_JSON_NULL);
    assert_string_equal(cprov_json_get_text(v, "b"), "c");
    assert_int_equal(cprov_json_parse(cprov_buf_span(&b), &arena, &v, &err), CPROV_ELIMIT);

    static const char *const bad[] = {
        "{\"x\":1,\"x\":2}",
        "{\"x\":[}",
        "{\"x\":{\"y\":[1,]}}",
        "{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
    };
    for (size_t i = 0; i < CPROV_COUNT(bad); i++)
        assert_int_equal(cprov_json_parse_known(cprov_span_of(bad[i]), known, 2, &arena, &v, &err),
                         CPROV_EVERIFY);
}

static void many_keys(struct cprov_buf *b, int count, const char *last)
{
    cprov_buf_add_char(b, '{');
    for (int i = 0; i < count; i++)
        cprov_buf_addf(b, "\"key%d\":%d,", i, i);
    cprov_buf_addf(b, "\"%s\":0}", last);
}

static void test_many_keys(void **state)
{
    (void)state;
    static const int counts[] = { 1, 15, 16, 17, 100000 };

    for (size_t i = 0; i < CPROV_COUNT(counts); i++) {
        auto_arena struct cprov_arena arena = { 0 };
        auto_buf struct cprov_buf b;

        cprov_buf_init(&b, 8 * CPROV_MIB);
        many_keys(&b, counts[i], "other");
        assert_int_equal(parse(cprov_buf_text(&b), &arena)->count, counts[i] + 1);
        cprov_buf_reset(&b);
        many_keys(&b, counts[i], "key0");
        check_refused(cprov_buf_span(&b), CPROV_EVERIFY);
    }
}

/* Whatever the shape of the tokens, what yajl asks for must fit into what it was given. */
static void test_long_tokens(void **state)
{
    (void)state;
    static const size_t lengths[] = { 1, 2000, 2047, 2048, 2049, 70000, 1048575, 1048577 };

    for (size_t i = 0; i < CPROV_COUNT(lengths); i++) {
        auto_arena struct cprov_arena arena = { 0 };
        auto_buf struct cprov_buf b;

        cprov_buf_init(&b, 64 * CPROV_MIB);
        cprov_buf_add_text(&b, "[\"\\n");
        for (size_t k = 0; k < lengths[i]; k++)
            cprov_buf_add_char(&b, 'x');
        cprov_buf_add_text(&b, "\",\"");
        for (size_t k = 0; k < lengths[i]; k++)
            cprov_buf_add_text(&b, "\\t");
        cprov_buf_add_text(&b, "\"]");
        const struct cprov_json *v = parse(cprov_buf_text(&b), &arena);
        assert_int_equal(v->child->text.len, lengths[i] + 1);
        assert_int_equal(v->child->next->text.len, lengths[i]);

        cprov_buf_reset(&b);
        for (size_t k = 0; k < lengths[i]; k++)
            cprov_buf_add_char(&b, '7');
        assert_int_equal(parse(cprov_buf_text(&b), &arena)->text.len, lengths[i]);
    }
}

static void test_u64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        uint64_t value;
    } cases[] = {
        { "0", true, 0 },
        { "18446744073709551615", true, UINT64_MAX },
        { "18446744073709551616", false, 0 },
        { "-1", false, 0 },
        { "-0", false, 0 },
        { "1.0", false, 0 },
        { "1e3", false, 0 },
        { "\"1\"", false, 0 },
        { "null", false, 0 },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_arena struct cprov_arena arena = { 0 };
        uint64_t value = 42;

        assert_int_equal(cprov_json_u64(parse(cases[i].text, &arena), &value), cases[i].ok);
        assert_true(value == (cases[i].ok ? cases[i].value : 42));
    }
    uint64_t value;
    assert_false(cprov_json_u64(NULL, &value));
}

struct record {
    const char *name;
    uint64_t size;
    bool on;
    const struct cprov_json *any;
    const struct cprov_json *map;
    const struct cprov_json *list;
};

static const struct cprov_json_field record_fields[] = {
    { "name", CPROV_FIELD_TEXT, offsetof(struct record, name), true },
    { "size", CPROV_FIELD_U64, offsetof(struct record, size), false },
    { "on", CPROV_FIELD_BOOL, offsetof(struct record, on), false },
    { "any", CPROV_FIELD_VALUE, offsetof(struct record, any), false },
    { "map", CPROV_FIELD_OBJECT, offsetof(struct record, map), false },
    { "list", CPROV_FIELD_ARRAY, offsetof(struct record, list), false },
};

static void test_decode(void **state)
{
    (void)state;
    auto_arena struct cprov_arena arena = { 0 };
    struct record r = { .size = 7 };

    const struct cprov_json *v = parse("{\"name\":\"n\",\"unknown\":1,\"on\":true,\"any\":3,"
                                       "\"map\":{},\"list\":[],\"size\":null}",
                                       &arena);
    assert_int_equal(
        cprov_json_decode(v, record_fields, CPROV_COUNT(record_fields), &r, CPROV_IGNORED), 0);
    assert_string_equal(r.name, "n");
    assert_int_equal(r.size, 7); /* null is absent, absent leaves what was there */
    assert_true(r.on);
    assert_int_equal(r.any->type, CPROV_JSON_NUMBER);
    assert_int_equal(r.map->type, CPROV_JSON_OBJECT);
    assert_int_equal(r.list->type, CPROV_JSON_ARRAY);
}

static void test_decode_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        { "{}", "name: missing" },
        { "{\"name\":null}", "name: missing" },
        { "{\"name\":1}", "name: not a string" },
        { "{\"name\":\"n\",\"size\":-1}", "size: not a whole number of 64 bits" },
        { "{\"name\":\"n\",\"size\":1.5}", "size: not a whole number of 64 bits" },
        { "{\"name\":\"n\",\"size\":\"1\"}", "size: not a whole number of 64 bits" },
        { "{\"name\":\"n\",\"on\":1}", "on: not true or false" },
        { "{\"name\":\"n\",\"map\":[]}", "map: not an object" },
        { "{\"name\":\"n\",\"list\":{}}", "list: not an array" },
        { "[]", "not a JSON object" },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_arena struct cprov_arena arena = { 0 };
        struct record r = { .name = "untouched" };
        struct cprov_error err = CPROV_ERROR_INIT;

        assert_int_equal(cprov_json_decode(parse(cases[i].text, &arena), record_fields,
                                           CPROV_COUNT(record_fields), &r, &err),
                         CPROV_EVERIFY);
        assert_string_equal(err.msg, cases[i].message);
        assert_string_equal(r.name, "untouched");
    }
    struct record r;
    assert_int_equal(cprov_json_decode(NULL, record_fields, 1, &r, CPROV_IGNORED), CPROV_EVERIFY);
}

static void write_sample(struct cprov_buf *out, int indent)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, out, indent);
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "a", "x");
    cprov_json_member(&w, "left out", NULL);
    cprov_json_key(&w, "b");
    cprov_json_begin_array(&w);
    cprov_json_number(&w, UINT64_MAX);
    cprov_json_bool(&w, false);
    cprov_json_null(&w);
    cprov_json_text(&w, NULL);
    cprov_json_begin_object(&w);
    cprov_json_end_object(&w);
    cprov_json_begin_array(&w);
    cprov_json_end_array(&w);
    cprov_json_end_array(&w);
    cprov_json_key(&w, "c");
    cprov_json_begin_object(&w);
    cprov_json_member(&w, "d", "");
    cprov_json_end_object(&w);
    cprov_json_end_object(&w);
}

static void test_writer(void **state)
{
    (void)state;
    auto_buf struct cprov_buf out;

    cprov_buf_init(&out, 1000);
    write_sample(&out, 0);
    assert_string_equal(cprov_buf_text(&out),
                        "{\"a\":\"x\",\"b\":[18446744073709551615,false,null,null,{},[]],"
                        "\"c\":{\"d\":\"\"}}");
    cprov_buf_reset(&out);
    write_sample(&out, 2);
    assert_string_equal(cprov_buf_text(&out), "{\n"
                                              "  \"a\": \"x\",\n"
                                              "  \"b\": [\n"
                                              "    18446744073709551615,\n"
                                              "    false,\n"
                                              "    null,\n"
                                              "    null,\n"
                                              "    {},\n"
                                              "    []\n"
                                              "  ],\n"
                                              "  \"c\": {\n"
                                              "    \"d\": \"\"\n"
                                              "  }\n"
                                              "}");
}

static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        struct cprov_span in;
        const char *expected;
    } cases[] = {
        { { "", 0 }, "\"\"" },
        { { NULL, 0 }, "\"\"" },
        { { "a\"b\\c/", 6 }, "\"a\\\"b\\\\c/\"" },
        { { "\b\f\n\r\t\x01\x1f\0\x7f", 9 }, "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u0000\\u007f\"" },
        /* S13: C1, directions and tags can do nothing to a terminal */
        { { "\xc2\x9b\xe2\x80\xae\xe2\x81\xa6\xd8\x9c", 10 }, "\"\\u009b\\u202e\\u2066\\u061c\"" },
        { { "\xf3\xa0\x80\x81", 4 }, "\"\\udb40\\udc01\"" },
        { { "\xc3\xa9\xef\xbf\xbd", 5 }, "\"\xc3\xa9\xef\xbf\xbd\"" },
        { { "\xc3\xa9\xf0\x9f\x90\xb3", 6 }, "\"\xc3\xa9\xf0\x9f\x90\xb3\"" },
        { { "a\xff\xc3", 3 }, "\"a\xef\xbf\xbd\xef\xbf\xbd\"" },
        { { "\xed\xa0\x80", 3 }, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_buf struct cprov_buf out;
        struct cprov_json_writer w;

        print_message("%zu\n", i);
        cprov_buf_init(&out, 1000);
        cprov_json_writer_init(&w, &out, 0);
        cprov_json_span(&w, cases[i].in);
        assert_string_equal(cprov_buf_text(&out), cases[i].expected);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "null",
        "[]",
        "{}",
        "\"\"",
        "{\"z\":1,\"a\":-1.50e+3,\"\":[true,false,null,\"x\\\"\\n\xc3\xa9\"],\"o\":{\"b\":{}}}",
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_arena struct cprov_arena arena = { 0 };
        auto_buf struct cprov_buf out;
        struct cprov_json_writer w;

        cprov_buf_init(&out, 1000);
        cprov_json_writer_init(&w, &out, 0);
        cprov_json_value(&w, parse(cases[i], &arena));
        assert_string_equal(cprov_buf_text(&out), cases[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_value_limit),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_long_tokens),
        cmocka_unit_test(test_u64),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_decode_refused),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(H9_nul),
        cmocka_unit_test(S15_letters_of_other_readers),
        cmocka_unit_test(S8_unknown_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
