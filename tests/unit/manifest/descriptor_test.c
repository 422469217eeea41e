/* tests/unit/manifest/descriptor_test.c - descriptors read, written and checked. */
#include "manifest/descriptor.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/json.h"
#include "unit.h"

#define FULL                                                                                       \
    "{\"mediaType\":\"a/b\",\"digest\":\"" SHA256_BRACES "\",\"size\":2,"                          \
    "\"urls\":[\"https://example.com/1\"],\"annotations\":{\"k\":\"v\"},\"data\":\"e30=\","        \
    "\"platform\":{\"architecture\":\"amd64\",\"os\":\"windows\","                                 \
    "\"os.version\":\"10.0.20348.1\",\"os.features\":[\"win32k\"],\"variant\":\"v2\"},"            \
    "\"artifactType\":\"x/y\"}"

static int decode(struct cprov_arena *arena, const char *text, struct cprov_descriptor *out,
                  struct cprov_error *err)
{
    struct cprov_json *json = NULL;

    assert_int_equal(cprov_json_parse(cprov_span_of(text), arena, &json, CPROV_IGNORED), 0);
    return cprov_descriptor_decode(json, arena, out, err);
}

static void test_round_trip(void **state)
{
    struct cprov_arena arena = { 0 };
    struct cprov_descriptor d;
    struct cprov_json_writer w;
    auto_buf struct cprov_buf out;

    (void)state;
    assert_int_equal(decode(&arena, FULL, &d, CPROV_IGNORED), 0);
    assert_string_equal(d.media_type, "a/b");
    assert_string_equal(d.artifact_type, "x/y");
    assert_true(d.size == 2);
    assert_int_equal(d.urls_count, 1);
    assert_true(d.has_data && cprov_span_is(d.data, "{}"));
    assert_true(d.has_platform);
    assert_string_equal(d.platform.os_features[0], "win32k");
    assert_string_equal(cprov_annotation_get(d.annotations, d.annotations_count, "k"), "v");
    assert_null(cprov_annotation_get(d.annotations, d.annotations_count, ""));
    assert_null(cprov_annotation_get(NULL, 0, "k"));

    cprov_buf_init(&out, 4096);
    cprov_json_writer_init(&w, &out, 0);
    cprov_descriptor_write(&w, &d);
    assert_string_equal(cprov_buf_text(&out), FULL);
    cprov_arena_clear(&arena);
}

static void test_absent(void **state)
{
    struct cprov_arena arena = { 0 };
    struct cprov_descriptor d;

    (void)state;
    assert_int_equal(decode(&arena,
                            "{\"mediaType\":\"\",\"digest\":\"" SHA512_EMPTY "\",\"size\":0,"
                            "\"urls\":null,\"annotations\":null,\"platform\":null,\"data\":null}",
                            &d, CPROV_IGNORED),
                     0);
    assert_null(d.artifact_type);
    assert_int_equal(d.urls_count, 0);
    assert_false(d.has_data);
    assert_false(d.has_platform);
    assert_string_equal(d.platform.os, "");
    assert_string_equal(d.platform.os_version, "");
    cprov_arena_clear(&arena);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        const char *named;
    } cases[] = {
        { "[]", "object" },
        { "{}", "mediaType" },
        { "{\"mediaType\":\"a\",\"digest\":\"x\",\"size\":1}", "digest" },
        { "{\"mediaType\":\"a\",\"digest\":\"" SHA256_BRACES "\",\"size\":17592186044417}",
          "size" },
        { "{\"mediaType\":\"a\",\"digest\":\"" SHA256_BRACES "\",\"size\":3,\"data\":\"e30=\"}",
          "data: expected 3 bytes, found 2" },
        { "{\"mediaType\":\"a\",\"digest\":\"" SHA256_EMPTY "\",\"size\":2,\"data\":\"e30=\"}",
          "data: expected " SHA256_EMPTY ", found " SHA256_BRACES },
        { "{\"mediaType\":\"a\",\"digest\":\"" SHA256_BRACES "\",\"size\":2,\"platform\":{"
          "\"os.features\":[null]}}",
          "platform: os.features: item 0" },
        { "{\"mediaType\":\"a\",\"digest\":\"" SHA256_BRACES "\",\"size\":2,\"annotations\":{"
          "\"key\":null}}",
          "annotations: key" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_arena arena = { 0 };
        struct cprov_descriptor d = { .size = 77 };
        struct cprov_error err = CPROV_ERROR_INIT;

        print_message("%s\n", cases[i].text);
        assert_int_equal(decode(&arena, cases[i].text, &d, &err), CPROV_EVERIFY);
        print_message("  %s\n", err.msg);
        assert_non_null(strstr(err.msg, cases[i].named));
        assert_true(d.size == 77);
        cprov_arena_clear(&arena);
    }
}

static void test_check(void **state)
{
    struct cprov_arena arena = { 0 };
    struct cprov_descriptor d;

    (void)state;
    assert_int_equal(decode(&arena, FULL, &d, CPROV_IGNORED), 0);
    assert_int_equal(cprov_descriptor_check(&d, S("{}"), CPROV_IGNORED), 0);
    assert_int_equal(cprov_descriptor_check(&d, S("{]"), CPROV_IGNORED), CPROV_EVERIFY);
    assert_int_equal(cprov_descriptor_check(&d, S("{} "), CPROV_IGNORED), CPROV_EVERIFY);
    assert_int_equal(cprov_descriptor_check(&d, S(""), CPROV_IGNORED), CPROV_EVERIFY);
    d.size = (1ull << 40) + 2; /* must not be cut to 2 */
    assert_int_equal(cprov_descriptor_check(&d, S("{}"), CPROV_IGNORED), CPROV_EVERIFY);
    cprov_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
