/* The index: which version of a repository is the newest is known without looking at all of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "catalog/cache/cache.h"
#include "catalog/source/source.h"

struct world {
    struct cprov_cache *ix;
    int64_t source;
    struct cprov_error err;
};

static struct world world;

static int begin(void **state)
{
    struct cprov_cache_source s;
    struct world *w = *state = &world;

    *w = (struct world){ .err = CPROV_ERROR_INIT };
    assert_int_equal(cprov_cache_open(&(struct cprov_cache_options){ 0 }, &w->ix, &w->err), 0);
    assert_int_equal(cprov_cache_source(w->ix, "oci a", "reg.example", &s, &w->err), 0);
    w->source = s.id;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;

    cprov_cache_close(w->ix);
    return 0;
}

static void expect(struct world *w, const char *path, const char *newest)
{
    struct cprov_cache_repository r;

    assert_int_equal(cprov_cache_repository(w->ix, w->source, path, &r, &w->err), 0);
    assert_string_equal(r.newest, newest);
}

static int64_t put(struct world *w, const char *const *versions)
{
    struct cprov_cache_version list[8] = { 0 };
    size_t count = 0;
    int64_t id;

    for (; versions[count]; count++)
        list[count].version = versions[count];
    assert_int_equal(cprov_cache_put_versions(w->ix, w->source, "app", list, count, &id, &w->err),
                     0);
    return id;
}
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void of_a_listing(void **state)
{
    struct world *w = *state;
    struct cprov_listing unlisted = { .entry.version = "2.0" };

    cprov_entry_blank(&unlisted.entry);
    int64_t app = put(w, LIST("1.9", "latest", "1.10"));
    expect(w, "app", "1.10");
    (void)put(w, LIST("1.9", "latest"));
    expect(w, "app", "1.9");
    (void)put(w, LIST("1.9", "latest"));
    expect(w, "app", "1.9");
    /* One that no list has told of may be newer: it is found by looking. */
    assert_int_equal(cprov_cache_put_details(w->ix, app, &unlisted, &w->err), 0);
    expect(w, "app", "");
    (void)put(w, LIST("1.9", "2.0"));
    expect(w, "app", "2.0");
}

static void of_a_document(void **state)
{
    static const struct cprov_entry entries[] = {
        { .repository = "app", .version = "1.9" },
        { .repository = "app", .version = "1.10" },
        { .repository = "other", .version = "edge" },
        { .repository = "app", .version = "1.8" },
        { .repository = "app", .version = "9", .alias = "1.8" },
    };
    struct world *w = *state;
    struct cprov_cache_import *m;
    uint64_t duplicates;

    assert_int_equal(cprov_cache_import_begin(w->ix, w->source, &m, &w->err), 0);
    for (size_t i = 0; i < CPROV_COUNT(entries); i++)
        assert_int_equal(cprov_cache_import_add(m, &entries[i], &w->err), 0);
    assert_int_equal(cprov_cache_import_commit(m, "", &duplicates, &w->err), 0);
    cprov_cache_import_free(m);
    expect(w, "app", "1.10");
    expect(w, "other", "edge");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_a_listing, begin, end),
        cmocka_unit_test_setup_teardown(of_a_document, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
