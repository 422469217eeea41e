/* The index: texts of versions, and what is found by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cache_world.h"

#include "base/error.h"

/* --- whose texts these are --- */

static void expect_description(struct index_world *w, int64_t repository, const char *version,
                               const char *expected)
{
    struct cprov_listing row = { 0 };
    struct cprov_cache_known known;
    struct cprov_arena arena = { 0 };

    assert_int_equal(cprov_cache_version(w->ix, repository, version, &arena, &row, &known, &w->err),
                     0);
    assert_string_equal(row.entry.description, expected);
    cprov_arena_clear(&arena);
}

static void texts_are_of_one_version(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a"),
            app = index_world_put(w, s, "app", LIST("1.0", "1.1", "1.2"));
    struct cprov_listing row = index_world_row("1.0", A);

    row.entry.description = row.entry.publisher = row.entry.title = "";
    assert_int_equal(cprov_cache_put_details(w->ix, app, &row, &w->err), 0);
    row = index_world_row("1.1", B);
    assert_int_equal(cprov_cache_put_details(w->ix, app, &row, &w->err), 0);
    expect_description(w, app, "1.0", "");
    expect_description(w, app, "1.1", "A small base");
    expect_description(w, app, "1.2", "");
}

static void texts_of_a_list_are_of_one_version(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "index a");
    struct cprov_entry e[] = {
        { .repository = "X", .version = "1" },
        { .repository = "X", .version = "2", .description = "second", .alias = "" },
        { .repository = "X", .version = "3" },
    };
    struct cprov_cache_import *m;
    struct cprov_cache_repository r;
    uint64_t duplicates;

    assert_int_equal(cprov_cache_import_begin(w->ix, s, &m, &w->err), 0);
    for (size_t i = 0; i < CPROV_COUNT(e); i++)
        assert_int_equal(cprov_cache_import_add(m, &e[i], &w->err), 0);
    assert_int_equal(cprov_cache_import_commit(m, "", &duplicates, &w->err), 0);
    cprov_cache_import_free(m);
    assert_int_equal(cprov_cache_repository(w->ix, s, "X", &r, &w->err), 0);
    expect_description(w, r.id, "1", "");
    expect_description(w, r.id, "2", "second");
    expect_description(w, r.id, "3", "");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "second" }, "X");
}

static void texts_go_with_their_versions(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a"),
            app = index_world_put(w, s, "app", LIST("1.0", "1.1"));
    struct cprov_listing row = index_world_row("1.0", A);

    row.entry.description = "first words";
    assert_int_equal(cprov_cache_put_details(w->ix, app, &row, &w->err), 0);
    row.entry.version = "1.1";
    row.entry.description = "second thoughts";
    assert_int_equal(cprov_cache_put_details(w->ix, app, &row, &w->err), 0);
    (void)index_world_put(w, s, "app", LIST("1.0"));
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "second" }, "");
    struct cprov_digest other;
    assert_int_equal(cprov_digest_parse(cprov_span_of(B), &other, CPROV_IGNORED), 0);
    struct cprov_entry entry = { .digest = &other };
    struct cprov_cache_version moved = { "1.0", &entry };
    assert_int_equal(cprov_cache_put_versions(w->ix, s, "app", &moved, 1, &app, &w->err), 0);
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "first" }, "");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "app" }, "app");
}

/* --- what is found --- */

static void names_that_a_list_gives_are_found(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "index a");
    struct cprov_entry e = { .repository = "images/x1", .name = "NanoServer", .version = "1" };
    struct cprov_cache_import *m;
    uint64_t duplicates;

    assert_int_equal(cprov_cache_import_begin(w->ix, s, &m, &w->err), 0);
    assert_int_equal(cprov_cache_import_add(m, &e, &w->err), 0);
    assert_int_equal(cprov_cache_import_commit(m, "", &duplicates, &w->err), 0);
    cprov_cache_import_free(m);
    expect_found(w, s, &(struct cprov_cache_filter){ .named = CPROV_SPAN_LITERAL("nanoserver") },
                 "images/x1");
    expect_found(w, s, &(struct cprov_cache_filter){ .named = CPROV_SPAN_LITERAL("X1") },
                 "images/x1");
    expect_found(w, s, &(struct cprov_cache_filter){ .prefix = CPROV_SPAN_LITERAL("nano") },
                 "images/x1");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "server" }, "images/x1");
}

static void parts_of_paths_are_found(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "index a");
    struct cprov_cache_filter part = { .part = CPROV_SPAN_LITERAL("-API") };
    struct cprov_entry e = { .repository = "b/web", .name = "Web-Api", .version = "1" };
    struct cprov_cache_import *m;
    uint64_t duplicates;

    (void)index_world_put(w, s, "a/user-api", LIST("1"));
    (void)index_world_put(w, s, "a/user_api", LIST("1"));
    (void)index_world_put(w, s, "z-api/x", LIST("1"));
    expect_found(w, s, &part, "a/user-api z-api/x");
    /* Where there are names of their own nothing is left out that may have it there. */
    assert_int_equal(cprov_cache_import_begin(w->ix, s, &m, &w->err), 0);
    assert_int_equal(cprov_cache_import_add(m, &e, &w->err), 0);
    assert_int_equal(cprov_cache_import_commit(m, "", &duplicates, &w->err), 0);
    cprov_cache_import_free(m);
    expect_found(w, s, &part, "b/web");
}

static void digests_are_looked_for_where_they_may_be(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a");
    struct cprov_listing row = index_world_row("1", A);
    struct cprov_cache_filter filter = { .has_digest = true };

    int64_t app = index_world_put(w, s, "by-image", LIST("1"));
    assert_int_equal(cprov_digest_parse(cprov_span_of(B), &row.reference.digest, CPROV_IGNORED), 0);
    assert_int_equal(cprov_cache_put_details(w->ix, app, &row, &w->err), 0);
    row.entry.image_id = "";
    app = index_world_put(w, s, "half-known", LIST("1", "2"));
    assert_int_equal(cprov_cache_put_details(w->ix, app, &row, &w->err), 0);
    (void)index_world_put(w, s, "unknown", LIST("1"));
    app = index_world_put(w, s, "another", LIST("1"));
    assert_int_equal(cprov_cache_put_details(w->ix, app, &row, &w->err), 0);
    assert_int_equal(cprov_digest_parse(cprov_span_of(A), &filter.digest, CPROV_IGNORED), 0);
    expect_found(w, s, &filter, "by-image");
    filter.or_unknown = true;
    expect_found(w, s, &filter, "by-image half-known unknown");
}

static void words_are_no_query(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a");
    char many[4000] = "";

    (void)index_world_put(w, s, "app", LIST("1"));
    for (int i = 0; i < 400; i++)
        (void)stpcpy(many + 4 * i, "app ");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = many }, "app");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "app* NEAR(app) {name}:app" }, "");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "\"\"\" ^app -app 'app'" }, "");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "app \xff\xfe\xfd\xfc" }, "");
}

static void a_version_that_is_listed_twice(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a"),
            app = index_world_put(w, s, "app", LIST("1.0", "1.0"));
    struct cprov_listing row = index_world_row("1.0", A);

    assert_int_equal(cprov_cache_put_details(w->ix, app, &row, &w->err), 0);
    (void)index_world_put(w, s, "app", LIST("1.0", "1.1", "1.0"));
    expect_description(w, app, "1.0", "A small base");
}

static void lists_that_read_alike_are_not_the_same(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a"), app;
    struct cprov_entry entry = { .description = "2" };
    struct cprov_cache_version one = { "1", &entry };

    assert_int_equal(cprov_cache_put_versions(w->ix, s, "app", &one, 1, &app, &w->err), 0);
    (void)index_world_put(w, s, "app", LIST("1", "2"));
    expect_versions(w, app, "1 2");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, index_world_begin, index_world_end)
    const struct CMUnitTest tests[] = {
        TEST(texts_are_of_one_version),
        TEST(texts_of_a_list_are_of_one_version),
        TEST(texts_go_with_their_versions),
        TEST(names_that_a_list_gives_are_found),
        TEST(parts_of_paths_are_found),
        TEST(digests_are_looked_for_where_they_may_be),
        TEST(words_are_no_query),
        TEST(a_version_that_is_listed_twice),
        TEST(lists_that_read_alike_are_not_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
