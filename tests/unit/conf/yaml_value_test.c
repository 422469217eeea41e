/* tests/unit/conf/yaml_value_test.c - YAML as the JSON that it means. */
#include "conf/yaml_value.h"

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

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *json;
    } cases[] = {
        { "", "null" },
        { "# nothing\n", "null" },
        { "---\n", "null" },
        { "a", "\"a\"" },
        { "a:", "{\"a\":null}" },
        { "a: ~\nb: null\nc: ''\nd: 'null'", "{\"a\":null,\"b\":null,\"c\":\"\",\"d\":\"null\"}" },
        { "[true, false, True, 'true', yes]", "[true,false,\"True\",\"true\",\"yes\"]" },
        { "[0, -1, 1.10, 1e5, -0.5E-2, '1']", "[0,-1,1.10,1e5,-0.5E-2,\"1\"]" },
        { "[007, 1., .5, +1, 0x1, 1_0, 1e, -, 10.0.1, 1.2.3]",
          "[\"007\",\"1.\",\".5\",\"+1\",\"0x1\",\"1_0\",\"1e\",\"-\",\"10.0.1\",\"1.2.3\"]" },
        { "- a: 1\n  b: [x, {c: d}]\n-\n  - 2\n", "[{\"a\":1,\"b\":[\"x\",{\"c\":\"d\"}]},[2]]" },
        { "a: |\n  x\n  y\nb: >\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\\n\"}" },
        { "1.0: v\r\n'': w\r\n", "{\"1.0\":\"v\",\"\":\"w\"}" },
        { "{\"a\": [1, \"\\u00e4\\n\"]}", "{\"a\":[1,\"\xc3\xa4\\n\"]}" },
        { "date: 2024-01-02", "{\"date\":\"2024-01-02\"}" },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_arena struct cprov_arena arena = { 0 };
        CPROV_CLEANUP(cprov_buf_clear) struct cprov_buf out = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_json *v = NULL;
        struct cprov_json_writer w;

        print_message("%s\n", cases[i].yaml);
        if (cprov_yaml_value(cprov_span_of(cases[i].yaml), &arena, &v, &err) < 0)
            fail_msg("%s", err.msg);
        cprov_buf_init(&out, CPROV_KIB);
        cprov_json_writer_init(&w, &out, 0);
        cprov_json_value(&w, v);
        assert_string_equal(cprov_buf_text(&out), cases[i].json);
    }
}

static int refused(struct cprov_span yaml, struct cprov_error *err)
{
    auto_arena struct cprov_arena arena = { 0 };
    struct cprov_json untouched, *v = &untouched;

    *err = (struct cprov_error)CPROV_ERROR_INIT;
    int code = cprov_yaml_value(yaml, &arena, &v, err);
    assert_ptr_equal(v, &untouched);
    assert_int_equal(code, err->code);
    return code;
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        { "a: &x 1", "line 1, column 4: anchors of YAML are not supported" },
        { "a: 1\nb: *x", "line 2, column 4: aliases of YAML are not supported" },
        { "a: !!str 1", "line 1, column 4: tags of YAML are not supported" },
        { "a: 1\n---\nb: 2", "line 2, column 1: more than one document" },
        { "a: 1\na: 2\n", "line 2, column 1: duplicate key 'a'" },
        { "a: 1\nc: 2\nb: 3\nc: 4\na: 5\n", "line 4, column 1: duplicate key 'c'" },
        { "[a]: 1", "line 1, column 1: a key must be a text" },
        { "? {a: 1}\n: 1", "line 1, column 3: a key must be a text" },
        { "a: \"\\0\"", "line 1, column 4: NUL in a text" },
        { "\"\\0\": a", "line 1, column 1: NUL in a text" },
    };
    struct cprov_error err;

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        assert_int_equal(refused(cprov_span_of(cases[i].yaml), &err), CPROV_EVERIFY);
        assert_string_equal(err.msg, cases[i].message);
    }
    static const char *const broken[] = { "a: [1", "a: b: c", "\t- a", "a: \"x", "{", "\xff", "%" };
    for (size_t i = 0; i < CPROV_COUNT(broken); i++) {
        assert_int_equal(refused(cprov_span_of(broken[i]), &err), CPROV_EVERIFY);
        print_message("%s\n", err.msg);
        assert_int_equal(strncmp(err.msg, "line ", 5), 0);
    }
}

static void check_place(struct cprov_yaml_place place, uint32_t line, uint32_t column)
{
    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
}

static void test_places(void **state)
{
    auto_arena struct cprov_arena arena = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_json *v = NULL;

    (void)state;
    assert_int_equal(
        cprov_yaml_value(CPROV_SPAN_LITERAL("a:\n  b: [1, '2']\n  c:\n"), &arena, &v, &err), 0);
    check_place(cprov_yaml_source(v)->at, 1, 1);
    const struct cprov_json *b = v->child->child, *c = b->next;
    check_place(cprov_yaml_source(b)->key_at, 2, 3);
    check_place(cprov_yaml_source(b)->at, 2, 6);
    check_place(cprov_yaml_source(b->child)->at, 2, 7);
    assert_true(cprov_yaml_source(b->child)->plain);
    check_place(cprov_yaml_source(b->child->next)->at, 2, 10);
    assert_false(cprov_yaml_source(b->child->next)->plain);
    check_place(cprov_yaml_source(c)->key_at, 3, 3);
    assert_int_equal(c->type, CPROV_JSON_NULL);
}

static void test_depth(void **state)
{
    (void)state;
    char deep[2 * CPROV_JSON_DEPTH_MAX + 3] = "";
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_arena struct cprov_arena arena = { 0 };
    struct cprov_json *v = NULL;

    memset(deep, '[', CPROV_JSON_DEPTH_MAX);
    memset(deep + CPROV_JSON_DEPTH_MAX, ']', CPROV_JSON_DEPTH_MAX);
    assert_int_equal(cprov_yaml_value(cprov_span_of(deep), &arena, &v, &err), 0);
    memset(deep, '[', CPROV_JSON_DEPTH_MAX + 1);
    memset(deep + CPROV_JSON_DEPTH_MAX + 1, ']', CPROV_JSON_DEPTH_MAX + 1);
    assert_int_equal(refused(cprov_span_of(deep), &err), CPROV_EVERIFY);
    assert_non_null(strstr(err.msg, "nested"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
