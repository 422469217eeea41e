/* The index: what is put in comes out, whatever ends in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "cache_world.h"

static void versions_come_and_go(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci reg.example");
    int64_t app = index_world_put(w, s, "team/app", LIST("1.0", "1.1", "latest"));

    expect_versions(w, app, "1.0 1.1 latest");
    assert_int_equal(index_world_put(w, s, "team/app", LIST("1.1", "1.2", "latest")), app);
    expect_versions(w, app, "1.1 1.2 latest");
    (void)index_world_put(w, s, "team/app", LIST("latest"));
    expect_versions(w, app, "latest");
    (void)index_world_put(w, s, "team/app", (const char *const[]){ NULL });
    expect_versions(w, app, "");
    /* Tags have letters of both cases, and 1.0 is not 1.00. */
    (void)index_world_put(w, s, "team/app", LIST("RC", "rc", "1.0", "1.00"));
    expect_versions(w, app, "1.0 1.00 RC rc");
}

static void sources_are_apart(void **state)
{
    struct index_world *w = *state;
    int64_t a = index_world_source(w, "oci a"), b = index_world_source(w, "oci b");
    int64_t in_a = index_world_put(w, a, "app", LIST("1")),
            in_b = index_world_put(w, b, "app", LIST("2"));

    assert_int_not_equal(in_a, in_b);
    assert_int_equal(index_world_source(w, "oci a"), a);
    expect_versions(w, in_a, "1");
    expect_versions(w, in_b, "2");
    expect_found(w, b, NULL, "app");
}

static void scans_forget_what_is_gone(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a"), scan, gone;
    struct cprov_cache_source known;
    struct cprov_cache_repository r;

    assert_int_equal(cprov_cache_scan_begin(w->ix, s, &scan, &w->err), 0);
    index_world_note(w, s, scan, "one");
    index_world_note(w, s, scan, "two");
    assert_int_equal(cprov_cache_scan_end(w->ix, s, scan, true, &w->err), 0);
    gone = index_world_put(w, s, "two", LIST("1"));
    expect_found(w, s, NULL, "one two");
    assert_int_equal(cprov_cache_source(w->ix, "oci a", "", &known, &w->err), 0);
    assert_true(known.checked > 0);

    /* A scan that broke off proves nothing. */
    assert_int_equal(cprov_cache_scan_begin(w->ix, s, &scan, &w->err), 0);
    index_world_note(w, s, scan, "one");
    assert_int_equal(cprov_cache_scan_end(w->ix, s, scan, false, &w->err), 0);
    expect_found(w, s, NULL, "one two");

    assert_int_equal(cprov_cache_scan_begin(w->ix, s, &scan, &w->err), 0);
    index_world_note(w, s, scan, "one");
    index_world_note(w, s, scan, "three");
    assert_int_equal(cprov_cache_scan_end(w->ix, s, scan, true, &w->err), 0);
    expect_found(w, s, NULL, "one three");
    expect_versions(w, gone, "");
    assert_int_equal(cprov_cache_repository(w->ix, s, "two", &r, &w->err), CPROV_ENOTFOUND);
}

static void repositories_are_found(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a");

    (void)index_world_put(w, s, "windows/nanoserver", LIST("1"));
    (void)index_world_put(w, s, "windows/servercore", LIST("1"));
    (void)index_world_put(w, s, "nano", LIST("1"));
    (void)index_world_put(w, s, "team/Nano-tools", LIST("1"));
    expect_found(w, s, NULL, "nano team/Nano-tools windows/nanoserver windows/servercore");
    expect_found(w, s, &(struct cprov_cache_filter){ .named = CPROV_SPAN_LITERAL("NANOSERVER") },
                 "windows/nanoserver");
    expect_found(w, s,
                 &(struct cprov_cache_filter){ .named = CPROV_SPAN_LITERAL("windows/nanoserver") },
                 "windows/nanoserver");
    expect_found(w, s, &(struct cprov_cache_filter){ .prefix = CPROV_SPAN_LITERAL("Nano") },
                 "nano team/Nano-tools windows/nanoserver");
    expect_found(w, s, &(struct cprov_cache_filter){ .prefix = CPROV_SPAN_LITERAL("windows/n") },
                 "windows/nanoserver");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "server" },
                 "windows/nanoserver windows/servercore");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "ano SERV" }, "windows/nanoserver");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "\"ano\" OR" }, "");
}

static void many_repositories_by_pages(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a"), scan;
    struct cprov_cache_cursor *c;
    struct cprov_cache_repository r;
    char path[32], before[CPROV_NAME_MAX + 1] = "";
    size_t count = 0;
    bool more = true;

    assert_int_equal(cprov_cache_scan_begin(w->ix, s, &scan, &w->err), 0);
    for (int i = 999; i >= 0; i--) {
        (void)snprintf(path, sizeof(path), "repo/%03d", i);
        index_world_note(w, s, scan, path);
    }
    assert_int_equal(cprov_cache_cursor_open(w->ix, s, NULL, &c, &w->err), 0);
    for (;; count++) {
        assert_int_equal(cprov_cache_cursor_next(c, &r, &more, &w->err), 0);
        if (!more)
            break;
        assert_true(strcmp(before, r.path) < 0);
        (void)stpcpy(before, r.path);
        /* It may be written while it is read. */
        (void)index_world_put(w, s, r.path, LIST("1"));
    }
    cprov_cache_cursor_close(c);
    assert_int_equal(count, 1000);
}

static void details_are_kept(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a"),
            app = index_world_put(w, s, "app", LIST("1.0", "1.1"));
    struct cprov_listing row = index_world_row("1.0", A), got = { 0 };
    struct cprov_cache_known known;
    struct cprov_arena arena = { 0 };

    assert_int_equal(cprov_cache_version(w->ix, app, "1.0", &arena, &got, &known, &w->err), 0);
    assert_false(known.complete);
    assert_string_equal(got.entry.description, "");
    assert_int_equal(cprov_cache_put_details(w->ix, app, &row, &w->err), 0);
    assert_int_equal(cprov_cache_version(w->ix, app, "1.0", &arena, &got, &known, &w->err), 0);
    assert_true(known.complete && known.has_digest && known.checked > 0);
    assert_int_equal(known.changed, 1714979289);
    assert_string_equal(got.entry.description, row.entry.description);
    assert_string_equal(got.entry.publisher, row.entry.publisher);
    assert_string_equal(got.entry.title, row.entry.title);
    assert_string_equal(got.entry.created, row.entry.created);
    assert_string_equal(got.entry.platforms, row.entry.platforms);
    assert_string_equal(got.entry.media_type, row.entry.media_type);
    assert_string_equal(got.entry.image_id, A);
    assert_int_equal(got.entry.bytes, 12345);
    assert_true(got.entry.is_os && got.reference.has_digest);
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "small BASE app" }, "app");

    /* A list of names leaves them; a digest that is another does not. */
    (void)index_world_put(w, s, "app", LIST("1.0", "1.2"));
    assert_int_equal(cprov_cache_version(w->ix, app, "1.0", &arena, &got, &known, &w->err), 0);
    assert_true(known.complete);
    struct cprov_digest other;
    assert_int_equal(cprov_digest_parse(cprov_span_of(B), &other, CPROV_IGNORED), 0);
    struct cprov_entry entry = { .digest = &other, .bytes = 7 };
    struct cprov_cache_version list[] = { { "1.0", &entry } };
    assert_int_equal(cprov_cache_put_versions(w->ix, s, "app", list, 1, &app, &w->err), 0);
    assert_int_equal(cprov_cache_version(w->ix, app, "1.0", &arena, &got, &known, &w->err), 0);
    assert_false(known.complete);
    assert_int_equal(got.entry.bytes, 7);
    assert_true(cprov_digest_equal(&known.digest, &other));
    expect_found(w, s, &(struct cprov_cache_filter){ .digest = other, .has_digest = true }, "app");
    cprov_arena_clear(&arena);
}

static void texts_are_replaced(void **state)
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
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "first" }, "app");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "second" }, "app");
    row.entry.description = "third time";
    assert_int_equal(cprov_cache_put_details(w->ix, app, &row, &w->err), 0);
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "second" }, "");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "third" }, "app");
}

/* --- imports --- */

static int64_t import(struct index_world *w, const char *key, const char *const *names,
                      const char *validator, bool commit)
{
    struct cprov_cache_import *m;
    uint64_t duplicates = 0;
    int64_t s = index_world_source(w, key);

    assert_int_equal(cprov_cache_import_begin(w->ix, s, &m, &w->err), 0);
    for (size_t i = 0; names[i]; i++) {
        struct cprov_entry e = {
            .repository = names[i], .version = "1.0", .description = "from a list", .complete = true
        };
        assert_int_equal(cprov_cache_import_add(m, &e, &w->err), 0);
    }
    if (commit)
        assert_int_equal(cprov_cache_import_commit(m, validator, &duplicates, &w->err), 0);
    cprov_cache_import_free(m);
    return s;
}

static void imports_replace_everything(void **state)
{
    struct index_world *w = *state;
    struct cprov_cache_source known;
    int64_t s = import(w, "index a", LIST("One", "Two"), "\"v1\"", true);

    expect_found(w, s, NULL, "One Two");
    assert_int_equal(cprov_cache_source(w->ix, "index a", "", &known, &w->err), 0);
    assert_string_equal(known.validator, "\"v1\"");
    (void)import(w, "index a", LIST("Two", "Three"), "\"v2\"", true);
    expect_found(w, s, NULL, "Three Two");
    expect_found(w, s, &(struct cprov_cache_filter){ .words = "one" }, "");
    /* What is not committed never was. */
    (void)import(w, "index a", LIST("Four"), "\"v3\"", false);
    expect_found(w, s, NULL, "Three Two");
    assert_int_equal(cprov_cache_source(w->ix, "index a", "", &known, &w->err), 0);
    assert_string_equal(known.validator, "\"v2\"");
}

static void imports_count_what_comes_twice(void **state)
{
    struct index_world *w = *state;
    struct cprov_cache_import *m;
    struct cprov_entry e = { .repository = "X", .version = "1", .notes = "old", .complete = true };
    struct cprov_listing row = { 0 };
    struct cprov_cache_known known;
    struct cprov_cache_repository r;
    struct cprov_arena arena = { 0 };
    uint64_t duplicates = 0;
    int64_t s = index_world_source(w, "index a");

    assert_int_equal(cprov_cache_import_begin(w->ix, s, &m, &w->err), 0);
    assert_int_equal(cprov_cache_import_add(m, &e, &w->err), 0);
    e.notes = "new";
    assert_int_equal(cprov_cache_import_add(m, &e, &w->err), 0);
    e = (struct cprov_entry){ .repository = "X", .version = "latest", .alias = "1" };
    assert_int_equal(cprov_cache_import_add(m, &e, &w->err), 0);
    assert_int_equal(cprov_cache_import_commit(m, "", &duplicates, &w->err), 0);
    cprov_cache_import_free(m);
    assert_int_equal(duplicates, 1);
    assert_int_equal(cprov_cache_repository(w->ix, s, "x", &r, &w->err), 0);
    expect_versions(w, r.id, "1 latest=1");
    assert_int_equal(cprov_cache_version(w->ix, r.id, "1", &arena, &row, &known, &w->err), 0);
    assert_string_equal(row.entry.notes, "new");
    assert_true(known.complete);
    cprov_arena_clear(&arena);
}

static void imports_refuse_what_is_no_name(void **state)
{
    static const struct cprov_entry bad[] = {
        { .repository = "", .version = "1" },         { .repository = "X" },
        { .repository = "X\n", .version = "1" },      { .repository = "X", .version = "\xff" },
        { .repository = "X", .version = "\x1b[31m" },
    };
    struct index_world *w = *state;
    struct cprov_cache_import *m;
    int64_t s = index_world_source(w, "index a");

    assert_int_equal(cprov_cache_import_begin(w->ix, s, &m, &w->err), 0);
    for (size_t i = 0; i < CPROV_COUNT(bad); i++)
        assert_int_equal(cprov_cache_import_add(m, &bad[i], &w->err), CPROV_EVERIFY);
    cprov_cache_import_free(m);
    expect_found(w, s, NULL, "");
}

/* --- crashes and damage --- */

static void a_killed_import_leaves_the_old_state(void **state)
{
    struct index_world *w = *state;
    int64_t s = import(w, "index a", LIST("Old"), "\"v1\"", true);

    cprov_cache_close(w->ix);
    w->ix = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct cprov_cache_options options = { .dir = w->dir };
        struct cprov_cache_import *m;
        struct cprov_error err = CPROV_ERROR_INIT;
        char name[32];

        if (cprov_cache_open(&options, &w->ix, &err) < 0 ||
            cprov_cache_import_begin(w->ix, s, &m, &err) < 0)
            _exit(1);
        for (int i = 0; i < 10000; i++) {
            struct cprov_entry e = { .repository = name, .version = "1", .complete = true };

            (void)snprintf(name, sizeof(name), "New%d", i);
            if (cprov_cache_import_add(m, &e, &err) < 0)
                _exit(1);
        }
        _exit(42); /* as a kill has it: nothing is closed */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 42);

    index_world_open(w);
    assert_int_equal(w->rebuilt, 0);
    expect_found(w, s, NULL, "Old");
    expect_found(w, s, &(struct cprov_cache_filter){ .prefix = CPROV_SPAN_LITERAL("New") }, "");
    /* The next import clears up. */
    (void)import(w, "index a", LIST("Newer"), "", true);
    expect_found(w, s, NULL, "Newer");
    for (int64_t below = -1; below > -2; below--)
        expect_found(w, below, NULL, "");
}

static void overwrite(const struct index_world *w, off_t from, size_t len)
{
    char path[128], junk[4096];
    (void)snprintf(path, sizeof(path), "%s/catalog-1.sqlite", w->dir);
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    memset(junk, 0x5a, sizeof(junk));
    for (size_t done = 0; done < len; done += sizeof(junk))
        assert_true(pwrite(fd, junk, sizeof(junk), from + (off_t)done) > 0);
    (void)close(fd);
}

static void damage_is_repaired_by_starting_anew(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a");

    (void)index_world_put(w, s, "app", LIST("1"));
    cprov_cache_close(w->ix);
    overwrite(w, 0, 4096);
    index_world_open(w);
    assert_int_equal(w->rebuilt, 1);
    s = index_world_source(w, "oci a");
    expect_found(w, s, NULL, "");
    (void)index_world_put(w, s, "app", LIST("1"));
    expect_found(w, s, NULL, "app");
}

static void damage_that_shows_late_ends_the_file(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a");
    struct cprov_cache_repository r;
    char name[32];
    bool bad = false;

    for (int i = 0; i < 500; i++) {
        (void)snprintf(name, sizeof(name), "repo%d", i);
        (void)index_world_put(w, s, name, LIST("1", "2"));
    }
    cprov_cache_close(w->ix);
    overwrite(w, 4096, 40 * 4096);
    index_world_open(w);
    for (int i = 0; i < 500 && !bad && w->rebuilt == 0; i++) {
        (void)snprintf(name, sizeof(name), "repo%d", i);
        bad = cprov_cache_repository(w->ix, s, name, &r, &w->err) == CPROV_EVERIFY;
    }
    if (w->rebuilt == 0) {
        assert_true(bad);
        assert_true(cprov_cache_damaged(w->ix));
        cprov_cache_close(w->ix);
        index_world_open(w);
    }
    s = index_world_source(w, "oci a");
    expect_found(w, s, NULL, "");
}

static void the_file_is_its_owners(void **state)
{
    const struct index_world *w = *state;
    struct stat st;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/catalog-1.sqlite", w->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void one_of_its_own_leaves_nothing(void **state)
{
    struct index_world *w = *state;
    struct index_world own = { .dir = "" };

    assert_int_equal(cprov_cache_open(&(struct cprov_cache_options){ 0 }, &own.ix, &own.err), 0);
    int64_t s = import(&own, "index a", LIST("One"), "", true);
    expect_found(&own, s, NULL, "One");
    cprov_cache_close(own.ix);
    expect_found(w, index_world_source(w, "index a"), NULL, "");
}

/* --- several processes --- */

#define WRITERS 4
#define ROUNDS  50

static void writers_do_not_lose_each_other(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a");
    pid_t children[WRITERS];
    struct cprov_cache_cursor *c;
    struct cprov_cache_repository r;
    size_t count = 0;
    bool more;

    for (int k = 0; k < WRITERS; k++) {
        children[k] = fork();
        assert_true(children[k] >= 0);
        if (children[k] > 0)
            continue;
        struct cprov_cache_options options = { .dir = w->dir };
        struct cprov_cache *ix;
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_cache_version v = { .version = "1" };
        char name[32];
        int64_t id;

        if (cprov_cache_open(&options, &ix, &err) < 0)
            _exit(1);
        for (int i = 0; i < ROUNDS; i++) {
            (void)snprintf(name, sizeof(name), "w%d/%d", k, i);
            if (cprov_cache_put_versions(ix, s, name, &v, 1, &id, &err) < 0)
                _exit(2);
        }
        cprov_cache_close(ix);
        _exit(0);
    }
    for (int k = 0; k < WRITERS; k++) {
        int status;

        assert_int_equal(waitpid(children[k], &status, 0), children[k]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(cprov_cache_cursor_open(w->ix, s, NULL, &c, &w->err), 0);
    while (cprov_cache_cursor_next(c, &r, &more, &w->err) == 0 && more)
        count++;
    cprov_cache_cursor_close(c);
    assert_int_equal(count, WRITERS * ROUNDS);
}

/* What others write is seen after a release; what is written through the handle itself is a
 * release.
 */
static void held_it_stands_still(void **state)
{
    struct index_world *w = *state;
    struct index_world other = { 0 };
    int64_t s = index_world_source(w, "oci a");
    int64_t app = index_world_put(w, s, "app", LIST("1"));

    (void)stpcpy(other.dir, w->dir);
    index_world_open(&other);
    cprov_cache_hold(w->ix);
    expect_versions(w, app, "1");
    (void)index_world_put(&other, s, "app", LIST("1", "2"));
    expect_versions(w, app, "1");
    cprov_cache_release(w->ix);
    expect_versions(w, app, "1 2");

    cprov_cache_hold(w->ix);
    expect_versions(w, app, "1 2");
    (void)index_world_put(&other, s, "app", LIST("1", "2", "3"));
    assert_int_equal(cprov_cache_source_checked(w->ix, s, NULL, &w->err), 0);
    expect_versions(w, app, "1 2 3");
    cprov_cache_release(w->ix);
    cprov_cache_hold(w->ix);
    (void)index_world_put(w, s, "app", LIST("4"));
    cprov_cache_release(w->ix);
    expect_versions(&other, app, "4");
    cprov_cache_close(other.ix);
}

static int add_entry(void *arg, const struct cprov_entry *e, struct cprov_error *err)
{
    char line[256];

    (void)err;
    (void)snprintf(line, sizeof(line), "%s:%s@%s", e->repository, e->version,
                   e->reference ? e->reference : "");
    index_world_add(arg, line, NULL);
    return 0;
}

static void everything_comes_newest_first(void **state)
{
    struct index_world *w = *state;
    int64_t s = index_world_source(w, "oci a");
    struct index_text t = { "" };

    (void)index_world_put(w, s, "b", LIST("1.9", "1.10", "latest"));
    (void)index_world_put(w, s, "a", LIST("1"));
    (void)import(w, "index x", LIST("Z"), "", true);
    assert_int_equal(cprov_cache_each(w->ix, 0, add_entry, &t, &w->err), 0);
    assert_string_equal(t.all, "a:1@reg.example/a:1 b:1.10@reg.example/b:1.10 b:1.9@reg.example/"
                               "b:1.9 b:latest@reg.example/b:latest Z:1.0@reg.example/Z:1.0");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, index_world_begin, index_world_end)
    const struct CMUnitTest tests[] = {
        TEST(versions_come_and_go),
        TEST(sources_are_apart),
        TEST(scans_forget_what_is_gone),
        TEST(repositories_are_found),
        TEST(many_repositories_by_pages),
        TEST(details_are_kept),
        TEST(texts_are_replaced),
        TEST(imports_replace_everything),
        TEST(imports_count_what_comes_twice),
        TEST(imports_refuse_what_is_no_name),
        TEST(a_killed_import_leaves_the_old_state),
        TEST(damage_is_repaired_by_starting_anew),
        TEST(damage_that_shows_late_ends_the_file),
        TEST(the_file_is_its_owners),
        TEST(one_of_its_own_leaves_nothing),
        TEST(writers_do_not_lose_each_other),
        TEST(held_it_stands_still),
        TEST(everything_comes_newest_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
