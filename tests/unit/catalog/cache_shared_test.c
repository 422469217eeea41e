/* The index: who uses it beside others takes nothing from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache_world.h"

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

/* One more handle, which does not wait. */
static struct cprov_cache *open_impatient(struct index_world *w)
{
    static const struct cprov_cancel impatient = { .asked = at_once };
    struct cprov_cache_options options = { .dir = w->dir, .cancel = &impatient };
    struct cprov_cache *ix;

    assert_int_equal(cprov_cache_open(&options, &ix, &w->err), 0);
    return ix;
}

static void add_to(struct index_world *w, struct cprov_cache_import *m, const char *repository,
                   const char *version)
{
    struct cprov_entry e = { .repository = repository, .version = version, .complete = true };

    assert_int_equal(cprov_cache_import_add(m, &e, &w->err), 0);
}

static void an_import_that_waits_keeps_nobody_out(void **state)
{
    struct index_world *w = *state;
    int64_t a = index_world_source(w, "index a"), b = index_world_source(w, "oci b"), id;
    struct cprov_cache *other = open_impatient(w);
    struct cprov_cache_version v = { .version = "1" };
    struct cprov_cache_import *m;

    assert_int_equal(cprov_cache_import_begin(w->ix, a, &m, &w->err), 0);
    add_to(w, m, "One", "1");
    assert_int_equal(cprov_cache_put_versions(other, b, "app", &v, 1, &id, &w->err), 0);
    cprov_cache_import_free(m);
    cprov_cache_close(other);
    expect_found(w, b, NULL, "app");
}

static void an_import_that_ends_takes_nothing_along(void **state)
{
    struct index_world *w = *state;
    int64_t a = index_world_source(w, "index a"), b = index_world_source(w, "oci b");
    struct cprov_cache_import *m;

    assert_int_equal(cprov_cache_import_begin(w->ix, a, &m, &w->err), 0);
    add_to(w, m, "One", "1");
    int64_t app = index_world_put(w, b, "app", LIST("1"));
    cprov_cache_import_free(m);
    expect_found(w, b, NULL, "app");
    expect_versions(w, app, "1");
}

static void large_texts_are_written_in_time(void **state)
{
    struct index_world *w = *state;
    int64_t a = index_world_source(w, "index a");
    struct cprov_cache_import *m;
    char *text = calloc(1, CPROV_CATALOG_TEXT_MAX + 1), name[32];
    struct cprov_entry e = { .repository = name, .version = "1", .notes = text };
    uint64_t duplicates;

    assert_non_null(text);
    memset(text, 'x', CPROV_CATALOG_TEXT_MAX);
    assert_int_equal(cprov_cache_import_begin(w->ix, a, &m, &w->err), 0);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof(name), "R%03d", i);
        assert_int_equal(cprov_cache_import_add(m, &e, &w->err), 0);
    }
    free(text);
    assert_int_equal(cprov_cache_import_commit(m, "", &duplicates, &w->err), 0);
    cprov_cache_import_free(m);
    expect_found(w, a, &(struct cprov_cache_filter){ .prefix = CPROV_SPAN_LITERAL("R29") },
                 "R290 R291 R292 R293 R294 R295 R296 R297 R298 R299");
}

static void imports_side_by_side(struct index_world *w)
{
    int64_t a = index_world_source(w, "index a"), b = index_world_source(w, "index b");
    struct cprov_cache_import *one, *two;
    struct cprov_cache_repository r;
    uint64_t duplicates;

    assert_int_equal(cprov_cache_import_begin(w->ix, a, &one, &w->err), 0);
    for (int i = 0; i < 5000; i++) /* more than is written at once */
        add_to(w, one, "One", i % 2 ? "1" : "2");
    assert_int_equal(cprov_cache_import_begin(w->ix, b, &two, &w->err), 0);
    add_to(w, two, "Two", "3");
    assert_int_equal(cprov_cache_import_commit(two, "", &duplicates, &w->err), 0);
    cprov_cache_import_free(two);
    add_to(w, one, "One", "4");
    assert_int_equal(cprov_cache_import_commit(one, "", &duplicates, &w->err), 0);
    cprov_cache_import_free(one);
    expect_found(w, a, NULL, "One");
    expect_found(w, b, NULL, "Two");
    assert_int_equal(cprov_cache_repository(w->ix, a, "One", &r, &w->err), 0);
    expect_versions(w, r.id, "1 2 4");
    assert_int_equal(cprov_cache_repository(w->ix, b, "Two", &r, &w->err), 0);
    expect_versions(w, r.id, "3");
}

static void imports_leave_each_other_alone(void **state)
{
    struct index_world own = { .dir = "" };

    imports_side_by_side(*state);
    assert_int_equal(cprov_cache_open(&(struct cprov_cache_options){ 0 }, &own.ix, &own.err), 0);
    imports_side_by_side(&own);
    cprov_cache_close(own.ix);
}

static void scans_at_once_lose_nothing(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a"), first, second;

    assert_int_equal(cprov_cache_scan_begin(w->ix, s, &first, &w->err), 0);
    assert_int_equal(cprov_cache_scan_begin(w->ix, s, &second, &w->err), 0);
    assert_int_equal(cprov_cache_scan_note(w->ix, s, second, &(const char *){ "app" }, 1, &w->err),
                     0);
    assert_int_equal(cprov_cache_scan_note(w->ix, s, first, &(const char *){ "app" }, 1, &w->err),
                     0);
    assert_int_equal(cprov_cache_scan_end(w->ix, s, second, true, &w->err), 0);
    expect_found(w, s, NULL, "app");
    assert_int_equal(cprov_cache_scan_end(w->ix, s, first, true, &w->err), 0);
    expect_found(w, s, NULL, "app");
}

static void many_that_are_gone(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a"), scan;
    char path[32];

    assert_int_equal(cprov_cache_scan_begin(w->ix, s, &scan, &w->err), 0);
    for (int i = 0; i < 500; i++) {
        (void)snprintf(path, sizeof(path), "repo/%03d", i);
        assert_int_equal(cprov_cache_scan_note(w->ix, s, scan, &(const char *){ path }, 1, &w->err),
                         0);
    }
    assert_int_equal(cprov_cache_scan_begin(w->ix, s, &scan, &w->err), 0);
    assert_int_equal(
        cprov_cache_scan_note(w->ix, s, scan, &(const char *){ "repo/000" }, 1, &w->err), 0);
    assert_int_equal(
        cprov_cache_scan_note(w->ix, s, scan, &(const char *){ "repo/300" }, 1, &w->err), 0);
    assert_int_equal(cprov_cache_scan_end(w->ix, s, scan, true, &w->err), 0);
    expect_found(w, s, NULL, "repo/000 repo/300");
}

static void what_is_forgotten_meanwhile_stays_forgotten(void **state)
{
    struct index_world *w = *state;
    int64_t a = index_world_source(w, "index a"), b = index_world_source(w, "oci b"), scan, id;
    struct cprov_cache_version v = { .version = "1" };
    struct cprov_cache_import *m;
    uint64_t duplicates;

    assert_int_equal(cprov_cache_import_begin(w->ix, a, &m, &w->err), 0);
    add_to(w, m, "One", "1");
    assert_int_equal(cprov_cache_scan_begin(w->ix, b, &scan, &w->err), 0);
    assert_int_equal(cprov_cache_forget(w->ix, "index a", &w->err), 0);
    assert_int_equal(cprov_cache_forget(w->ix, "oci b", &w->err), 0);
    /* Another handle would do the same. */
    assert_int_equal(cprov_cache_import_commit(m, "", &duplicates, &w->err), CPROV_ENOTFOUND);
    cprov_cache_import_free(m);
    assert_int_equal(cprov_cache_put_versions(w->ix, b, "app", &v, 1, &id, &w->err),
                     CPROV_ENOTFOUND);
    assert_int_equal(cprov_cache_scan_note(w->ix, b, scan, &(const char *){ "app" }, 1, &w->err),
                     CPROV_ENOTFOUND);
    expect_found(w, index_world_source(w, "oci c"), NULL, "");
    expect_found(w, index_world_source(w, "oci d"), NULL, "");
    expect_found(w, a, NULL, "");
    expect_found(w, b, NULL, "");
}

static void numbers_are_given_once(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a"), old = index_world_put(w, s, "old", LIST("1")), scan;
    struct cprov_listing row = index_world_row("1", A);

    assert_int_equal(cprov_cache_scan_begin(w->ix, s, &scan, &w->err), 0);
    assert_int_equal(cprov_cache_scan_end(w->ix, s, scan, true, &w->err), 0);
    assert_int_not_equal(index_world_put(w, s, "new", LIST("1")), old);
    /* Whoever still fetches the details of what is gone does not tell them of another. */
    assert_int_equal(cprov_cache_put_details(w->ix, old, &row, &w->err), CPROV_ENOTFOUND);
}

static void who_found_damage_spares_what_came_after(void **state)
{
    struct index_world *w = *state;
    struct index_world later = { .dir = "" };
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/catalog-1.sqlite", w->dir);
    w->ix->damaged = true;
    assert_int_equal(unlink(path), 0); /* another has found it too, and begins anew */
    (void)stpcpy(later.dir, w->dir);
    index_world_open(&later);
    (void)index_world_put(&later, index_world_source(&later, "oci a"), "app", LIST("1"));
    cprov_cache_close(w->ix);
    assert_int_equal(access(path, F_OK), 0);
    cprov_cache_close(later.ix);
    index_world_open(w);
    expect_found(w, index_world_source(w, "oci a"), NULL, "app");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, index_world_begin, index_world_end)
    const struct CMUnitTest tests[] = {
        TEST(an_import_that_waits_keeps_nobody_out),
        TEST(an_import_that_ends_takes_nothing_along),
        TEST(large_texts_are_written_in_time),
        TEST(imports_leave_each_other_alone),
        TEST(scans_at_once_lose_nothing),
        TEST(many_that_are_gone),
        TEST(what_is_forgotten_meanwhile_stays_forgotten),
        TEST(numbers_are_given_once),
        TEST(who_found_damage_spares_what_came_after),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
