/* tests/unit/manifest/config_edit_test.c - one config out of another, change by change. */
#include "manifest/config_edit.h"

#include "base/error.h"
#include "base/limits.h"
#include "unit.h"

#define REST                                                                                       \
    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" SHA256_EMPTY "\"]},"                        \
    "\"history\":[{\"created\":\"2024-01-01T00:00:00Z\"}]}"
#define HEAD "{\"created\":\"2024-01-01T00:00:00Z\","
#define MADE HEAD "\"architecture\":\"arm\",\"variant\":\"v7\",\"os\":\"linux\","

static int edit(const char *base, const struct cprov_annotation *changes, size_t count,
                struct cprov_buf *out, struct cprov_error *err)
{
    struct cprov_digest empty;
    struct cprov_config_edit e = {
        .base = cprov_span_of(base),
        .platform = { .os = "linux", .architecture = "arm", .variant = "v7" },
        .changes = changes,
        .changes_count = count,
        .created = "2024-01-01T00:00:00Z",
        .diff_id = &empty,
    };

    assert_int_equal(cprov_digest_parse(S(SHA256_EMPTY), &empty, err), 0);
    cprov_buf_init(out, CPROV_CONFIG_MAX);
    return cprov_config_edit(&e, out, err);
}

static void test_edits(void **state)
{
    static const struct {
        const char *base;
        struct cprov_annotation changes[4];
        const char *wanted;
    } cases[] = {
        { "", { { 0 } }, MADE "\"config\":{}," REST },
        { "", { { "cmd", "[]" } }, MADE "\"config\":{\"Cmd\":[]}," REST },
        { "", { { "user", "u" }, { "user", "" } }, MADE "\"config\":{\"User\":\"\"}," REST },
        { "",
          { { "expose", "80" }, { "expose", "80/tcp" }, { "expose", "1-2/udp" } },
          MADE "\"config\":{\"ExposedPorts\":{\"80/tcp\":{},\"1-2/udp\":{}}}," REST },
        { "{\"config\":{\"Env\":[\"A=1\",\"B=2\",\"C\"],\"Labels\":null}}",
          { { "env", "A=9" }, { "env", "N=a=b" }, { "env", "A=8" }, { "label", "k=" } },
          HEAD
          "\"config\":{\"Env\":[\"A=8\",\"B=2\",\"C\",\"N=a=b\"],\"Labels\":{\"k\":\"\"}}," REST },
        { "{\"os\":\"x\",\"odd\":[1],\"id\":\"gone\",\"container\":\"gone\",\"config\":{\"Cmd\":["
          "\"c\"],"
          "\"Odd\":1}}",
          { { "entrypoint", "[\"e\"]" } },
          HEAD "\"os\":\"x\",\"odd\":[1],\"config\":{\"Odd\":1,\"Entrypoint\":[\"e\"]}," REST },
        { "{\"config\":{\"Cmd\":[\"c\"]}}",
          { { "entrypoint", "[\"e\"]" }, { "cmd", "[\"d\"]" } },
          HEAD "\"config\":{\"Entrypoint\":[\"e\"],\"Cmd\":[\"d\"]}," REST },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        auto_buf struct cprov_buf out = { 0 };
        size_t count = 0;

        while (count < CPROV_COUNT(cases[i].changes) && cases[i].changes[count].key)
            count++;
        assert_int_equal(edit(cases[i].base, cases[i].changes, count, &out, &err), 0);
        assert_string_equal(cprov_buf_text(&out), cases[i].wanted);
    }
}

static void test_refusals(void **state)
{
    static const struct cprov_annotation cases[] = {
        { "nothing", "x" },      { "cmd", "a" },
        { "cmd", "{}" },         { "cmd", "[1]" },
        { "entrypoint", "[" },   { "env", "" },
        { "env", "A" },          { "env", "=x" },
        { "label", "\xff=x" },   { "expose", "0" },
        { "expose", "65536" },   { "expose", "80/x" },
        { "expose", "9-8/tcp" }, { "expose", "80/tcp/udp" },
        { "volume", "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        auto_buf struct cprov_buf out = { 0 };
        int code = edit("", &cases[i], 1, &out, &err);

        if (code != CPROV_EINVAL)
            print_error("%s %s\n", cases[i].key, cases[i].value);
        assert_int_equal(code, CPROV_EINVAL);
        assert_int_equal(out.len, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_edits),
                                        cmocka_unit_test(test_refusals) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
