/* tests/unit/catalog/document_writer_test.c - what is written is what is read again. */
#include "catalog/document/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "entries.h"

static int collect(void *arg, struct cprov_span text, struct cprov_error *err)
{
    struct cprov_buf *out = arg;

    cprov_buf_add_span(out, text);
    return cprov_buf_check(out, "document", err);
}

static void write_all(const struct cprov_entry *entries, size_t count, struct cprov_buf *doc)
{
    auto_catalog_writer struct cprov_catalog_writer *w = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(doc, 64 * CPROV_MIB);
    assert_int_equal(
        cprov_catalog_writer_new("mine", "2024-01-02T03:04:05Z", collect, doc, &w, &err), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(cprov_catalog_writer_add(w, &entries[i], &err), 0);
    assert_int_equal(cprov_catalog_writer_finish(w, &err), 0);
}

static void read_all(const struct cprov_buf *doc, struct cprov_buf *out)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(out, 64 * CPROV_MIB);
    if (entries_read(cprov_buf_span(doc), 4096, NULL, out, &err) < 0)
        fail_msg("%s", err.msg);
}

static const struct cprov_digest digest = { .algo = CPROV_SHA256, .raw = { 0xab, 0xcd } };
static const struct cprov_digest long_digest = { .algo = CPROV_SHA512, .raw = { 0xab, 0xcd } };

static const struct cprov_entry some[] = {
    {
        .repository = "a",
        .version = "1",
        .reference = "r.example/a:1",
        .digest = &digest,
        .bytes = UINT64_MAX,
        .description = "quoted \" \\ \n \xc3\xa4",
        .publisher = "P",
        .title = "A",
        .created = "2024-01-01",
        .platforms = "linux/amd64, windows(10.0.20348.1)/amd64",
        .os_version = "10.0.20348.1",
        .media_type = "a/b",
        .image_id = "sha256:00",
        .notes = "see, there",
        .dependencies = "B 1.0, C, D [2.0,3.0), E (,1.0]",
        .cultures = "de-de=https://c.example/de en-us=https://c.example/en",
        .is_os = true,
        .complete = true,
    },
    { .repository = "a", .version = "latest", .alias = "1", .complete = true },
    { .repository = "a", .version = "2", .title = "A", .publisher = "Q", .complete = true },
    { .repository = "team/b", .name = "B", .version = "stable", .alias = "1", .complete = true },
    {
        .repository = "team/b",
        .name = "B",
        .version = "1",
        .url = "https://f.example/b.wim",
        .digest = &digest,
        .complete = true,
    },
    { .repository = "team/b", .name = "Other", .version = "1", .complete = true },
    { .repository = "only", .version = "edge", .alias = "stable", .complete = true },
    {
        .repository = "c",
        .version = "1",
        .url = "/srv/what?.wim",
        .digest = &long_digest,
        .description = "",
        .complete = true,
    },
};

static const char some_text[] =
    "{\"format\":\"container-provider/catalog\",\"formatVersion\":1,\"name\":\"mine\",\"created\":"
    "\"2024-01-02T03:04:05Z\",\"images\":[\n"
    "{\"name\":\"a\",\"versions\":[\n"
    "{\"version\":\"1\",\"size\":3}],\"channels\":{\"latest\":\"1\"}},\n"
    "{\"name\":\"b\",\"versions\":[\n"
    "{\"version\":\"1\"},\n"
    "{\"version\":\"2\"}]}\n"
    "]}\n";

static void test_text(void **state)
{
    (void)state;
    static const struct cprov_entry entries[] = {
        { .repository = "a", .version = "1", .bytes = 3 },
        { .repository = "a", .version = "latest", .alias = "1" },
        { .repository = "b", .version = "1" },
        { .repository = "b", .version = "2" },
    };
    auto_buf struct cprov_buf doc = { 0 };

    write_all(entries, CPROV_COUNT(entries), &doc);
    assert_string_equal(cprov_buf_text(&doc), some_text);
}

/* Channels come after the versions of their image; else the order stays. */
static void test_round_trip(void **state)
{
    (void)state;
    static const size_t order[] = { 0, 2, 1, 4, 3, 5, 6 };
    auto_buf struct cprov_buf doc = { 0 }, again = { 0 }, wanted = { 0 }, got = { 0 };

    cprov_buf_init(&wanted, CPROV_MIB);
    for (size_t i = 0; i < CPROV_COUNT(order); i++)
        entries_add(&wanted, &some[order[i]]);
    write_all(some, CPROV_COUNT(order), &doc);
    read_all(&doc, &got);
    assert_string_equal(cprov_buf_text(&got), cprov_buf_text(&wanted));

    write_all(some, CPROV_COUNT(order), &again);
    assert_string_equal(cprov_buf_text(&again), cprov_buf_text(&doc));
}

static void test_path(void **state)
{
    (void)state;
    auto_buf struct cprov_buf doc = { 0 }, wanted = { 0 }, got = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&wanted, CPROV_MIB);
    cprov_buf_init(&got, CPROV_MIB);
    entries_add(&wanted, &some[7]);
    write_all(&some[7], 1, &doc);
    assert_int_equal(entries_read(cprov_buf_span(&doc), 9, "/srv/c.json", &got, &err), 0);
    assert_string_equal(cprov_buf_text(&got), cprov_buf_text(&wanted));
}

static void test_no_signatures(void **state)
{
    (void)state;
    static const struct cprov_entry entry = {
        .repository = "a",
        .version = "1",
        .url = "https://f.example/a.wim?sig=secret",
        .cultures = "de-de=https://f.example/de?sig=secret en-us=https://f.example/en#secret",
    };
    auto_buf struct cprov_buf doc = { 0 };

    write_all(&entry, 1, &doc);
    assert_null(strstr(cprov_buf_text(&doc), "secret"));
    assert_non_null(strstr(cprov_buf_text(&doc), "\"url\":\"https://f.example/a.wim\""));
}

/* An image of many versions is several records, none of which a reader cannot hold. */
static void test_many_versions(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    auto_buf struct cprov_buf doc = { 0 }, wanted = { 0 }, got = { 0 };
    auto_catalog_writer struct cprov_catalog_writer *w = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&doc, 64 * CPROV_MIB);
    cprov_buf_init(&wanted, 64 * CPROV_MIB);
    assert_int_equal(cprov_catalog_writer_new(NULL, NULL, collect, &doc, &w, &err), 0);
    for (int i = 0; i < MANY; i++) {
        char version[32];
        struct cprov_entry entry = { .repository = "a",
                                     .version = version,
                                     .description = "the same for all of them",
                                     .digest = &digest,
                                     .complete = true };

        snprintf(version, sizeof(version), "1.%d", i);
        assert_int_equal(cprov_catalog_writer_add(w, &entry, &err), 0);
        entries_add(&wanted, &entry);
    }
    assert_int_equal(cprov_catalog_writer_finish(w, &err), 0);
    read_all(&doc, &got);
    assert_true(strcmp(cprov_buf_text(&got), cprov_buf_text(&wanted)) == 0);
    assert_true(doc.len > 10 * 64 * CPROV_KIB);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct cprov_entry entries[] = { { .version = "1" }, { .repository = "a" } };
    auto_buf struct cprov_buf doc = { 0 };

    cprov_buf_init(&doc, CPROV_KIB);
    for (size_t i = 0; i < CPROV_COUNT(entries); i++) {
        auto_catalog_writer struct cprov_catalog_writer *w = NULL;
        struct cprov_error err = CPROV_ERROR_INIT;

        assert_int_equal(cprov_catalog_writer_new(NULL, NULL, collect, &doc, &w, &err), 0);
        assert_int_equal(cprov_catalog_writer_add(w, &entries[i], &err), CPROV_EINVAL);
    }
}

static void test_empty(void **state)
{
    (void)state;
    auto_buf struct cprov_buf doc = { 0 }, got = { 0 };

    write_all(NULL, 0, &doc);
    read_all(&doc, &got);
    assert_int_equal(got.len, 0);
}

/* A channel that is named twice would be a key that stands twice. */
static void test_channel_twice(void **state)
{
    (void)state;
    static const struct cprov_entry entries[] = {
        { .repository = "a", .version = "1" },
        { .repository = "a", .version = "x", .alias = "1" },
        { .repository = "a", .version = "x", .alias = "2" },
    };
    auto_buf struct cprov_buf doc = { 0 }, got = { 0 };

    write_all(entries, CPROV_COUNT(entries), &doc);
    read_all(&doc, &got);
    assert_string_equal(cprov_buf_text(&got), "a 1\na x alias=1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_path),          cmocka_unit_test(test_no_signatures),
        cmocka_unit_test(test_many_versions), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_empty),         cmocka_unit_test(test_channel_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
