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
#include "registry/index_private.h"
#include "registry/source.h"

struct world {
    char dir[64];
    struct cprov_index *ix;
    int rebuilt;
    struct cprov_error err;
};

static void on_rebuilt(void *arg, const char *why)
{
    struct world *w = arg;

    assert_non_null(strstr(why, "damaged"));
    w->rebuilt++;
}

static void open_index(struct world *w)
{
    struct cprov_index_options options = { .dir = w->dir, .rebuilt = on_rebuilt, .arg = w };

    assert_int_equal(cprov_index_open(&options, &w->ix, &w->err), 0);
}

static int begin(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    (void)stpcpy(w->dir, "/tmp/cprov-index-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    open_index(w);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    static const char *const files[] = { "catalog-1.sqlite", "catalog-1.sqlite-wal",
                                         "catalog-1.sqlite-shm", "catalog.import" };
    char path[128];

    cprov_index_close(w->ix);
    for (size_t i = 0; i < CPROV_COUNT(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", w->dir, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(w->dir), 0); /* and nothing else is in it */
    free(w);
    return 0;
}

static int64_t source(struct world *w, const char *key)
{
    struct cprov_index_source s;

    assert_int_equal(cprov_index_source(w->ix, key, "reg.example", &s, &w->err), 0);
    assert_true(s.id > 0);
    return s.id;
}

/* "a b c": each a version. */
static int64_t put(struct world *w, int64_t src, const char *path, const char *const *versions)
{
    struct cprov_index_version list[16] = { 0 };
    size_t count = 0;
    int64_t id;

    for (; versions[count]; count++)
        list[count].version = versions[count];
    assert_int_equal(cprov_index_put_versions(w->ix, src, path, list, count, &id, &w->err), 0);
    return id;
}

static void note(struct world *w, int64_t src, int64_t scan, const char *path)
{
    assert_int_equal(cprov_index_scan_note(w->ix, src, scan, &path, 1, &w->err), 0);
}

struct text {
    char all[512];
};

static bool add_version(void *arg, const char *version, const char *alias)
{
    struct text *t = arg;
    size_t len = strlen(t->all);

    (void)snprintf(t->all + len, sizeof(t->all) - len, "%s%s%s%s", len ? " " : "", version,
                   alias ? "=" : "", alias ? alias : "");
    return true;
}

static void expect_versions(struct world *w, int64_t repository, const char *expected)
{
    struct text t = { "" };

    assert_int_equal(cprov_index_versions(w->ix, repository, add_version, &t, &w->err), 0);
    assert_string_equal(t.all, expected);
}

static void expect_found(struct world *w, int64_t src, const struct cprov_index_filter *filter,
                         const char *expected)
{
    struct cprov_index_cursor *c;
    struct cprov_index_repository r;
    struct text t = { "" };
    bool more = true;

    assert_int_equal(cprov_index_cursor_open(w->ix, src, filter, &c, &w->err), 0);
    for (;;) {
        assert_int_equal(cprov_index_cursor_next(c, &r, &more, &w->err), 0);
        if (!more)
            break;
        add_version(&t, r.path, NULL);
    }
    cprov_index_cursor_close(c);
    assert_string_equal(t.all, expected);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void versions_come_and_go(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci reg.example");
    int64_t app = put(w, s, "team/app", LIST("1.0", "1.1", "latest"));

    expect_versions(w, app, "1.0 1.1 latest");
    assert_int_equal(put(w, s, "team/app", LIST("1.1", "1.2", "latest")), app);
    expect_versions(w, app, "1.1 1.2 latest");
    (void)put(w, s, "team/app", LIST("latest"));
    expect_versions(w, app, "latest");
    (void)put(w, s, "team/app", (const char *const[]){ NULL });
    expect_versions(w, app, "");
    /* Tags have letters of both cases, and 1.0 is not 1.00. */
    (void)put(w, s, "team/app", LIST("RC", "rc", "1.0", "1.00"));
    expect_versions(w, app, "1.0 1.00 RC rc");
}

static void sources_are_apart(void **state)
{
    struct world *w = *state;
    int64_t a = source(w, "oci a"), b = source(w, "oci b");
    int64_t in_a = put(w, a, "app", LIST("1")), in_b = put(w, b, "app", LIST("2"));

    assert_int_not_equal(in_a, in_b);
    assert_int_equal(source(w, "oci a"), a);
    expect_versions(w, in_a, "1");
    expect_versions(w, in_b, "2");
    expect_found(w, b, NULL, "app");
}

static void scans_forget_what_is_gone(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), scan, gone;
    struct cprov_index_source known;
    struct cprov_index_repository r;

    assert_int_equal(cprov_index_scan_begin(w->ix, s, &scan, &w->err), 0);
    note(w, s, scan, "one");
    note(w, s, scan, "two");
    assert_int_equal(cprov_index_scan_end(w->ix, s, scan, true, &w->err), 0);
    gone = put(w, s, "two", LIST("1"));
    expect_found(w, s, NULL, "one two");
    assert_int_equal(cprov_index_source(w->ix, "oci a", "", &known, &w->err), 0);
    assert_true(known.checked > 0);

    /* A scan that broke off proves nothing. */
    assert_int_equal(cprov_index_scan_begin(w->ix, s, &scan, &w->err), 0);
    note(w, s, scan, "one");
    assert_int_equal(cprov_index_scan_end(w->ix, s, scan, false, &w->err), 0);
    expect_found(w, s, NULL, "one two");

    assert_int_equal(cprov_index_scan_begin(w->ix, s, &scan, &w->err), 0);
    note(w, s, scan, "one");
    note(w, s, scan, "three");
    assert_int_equal(cprov_index_scan_end(w->ix, s, scan, true, &w->err), 0);
    expect_found(w, s, NULL, "one three");
    expect_versions(w, gone, "");
    assert_int_equal(cprov_index_repository(w->ix, s, "two", &r, &w->err), CPROV_ENOTFOUND);
}

static void repositories_are_found(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a");

    (void)put(w, s, "windows/nanoserver", LIST("1"));
    (void)put(w, s, "windows/servercore", LIST("1"));
    (void)put(w, s, "nano", LIST("1"));
    (void)put(w, s, "team/Nano-tools", LIST("1"));
    expect_found(w, s, NULL, "nano team/Nano-tools windows/nanoserver windows/servercore");
    expect_found(w, s, &(struct cprov_index_filter){ .named = CPROV_SPAN_LITERAL("NANOSERVER") },
                 "windows/nanoserver");
    expect_found(w, s,
                 &(struct cprov_index_filter){ .named = CPROV_SPAN_LITERAL("windows/nanoserver") },
                 "windows/nanoserver");
    expect_found(w, s, &(struct cprov_index_filter){ .prefix = CPROV_SPAN_LITERAL("Nano") },
                 "nano team/Nano-tools windows/nanoserver");
    expect_found(w, s, &(struct cprov_index_filter){ .prefix = CPROV_SPAN_LITERAL("windows/n") },
                 "windows/nanoserver");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "server" },
                 "windows/nanoserver windows/servercore");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "ano SERV" }, "windows/nanoserver");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "\"ano\" OR" }, "");
}

static void many_repositories_by_pages(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), scan;
    struct cprov_index_cursor *c;
    struct cprov_index_repository r;
    char path[32], before[CPROV_NAME_MAX + 1] = "";
    size_t count = 0;
    bool more = true;

    assert_int_equal(cprov_index_scan_begin(w->ix, s, &scan, &w->err), 0);
    for (int i = 999; i >= 0; i--) {
        (void)snprintf(path, sizeof(path), "repo/%03d", i);
        note(w, s, scan, path);
    }
    assert_int_equal(cprov_index_cursor_open(w->ix, s, NULL, &c, &w->err), 0);
    for (;; count++) {
        assert_int_equal(cprov_index_cursor_next(c, &r, &more, &w->err), 0);
        if (!more)
            break;
        assert_true(strcmp(before, r.path) < 0);
        (void)stpcpy(before, r.path);
        /* It may be written while it is read. */
        (void)put(w, s, r.path, LIST("1"));
    }
    cprov_index_cursor_close(c);
    assert_int_equal(count, 1000);
}

static struct cprov_listing row_of(const char *version, const char *digest)
{
    struct cprov_listing row = { .version = version,
                                 .description = "A small base",
                                 .publisher = "CN=Demo",
                                 .title = "App",
                                 .created = "2024-05-06T07:08:09Z",
                                 .platforms = "linux/amd64, linux/arm64",
                                 .os_version = "",
                                 .media_type = "application/vnd.oci.image.index.v1+json",
                                 .image_id = digest,
                                 .bytes = 12345,
                                 .is_os = true };

    assert_int_equal(cprov_digest_parse(cprov_span_of(digest), &row.reference.digest, NULL), 0);
    row.reference.has_digest = true;
    return row;
}

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void details_are_kept(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), app = put(w, s, "app", LIST("1.0", "1.1"));
    struct cprov_listing row = row_of("1.0", A), got = { 0 };
    struct cprov_index_known known;
    struct cprov_arena arena = { 0 };

    assert_int_equal(cprov_index_version(w->ix, app, "1.0", &arena, &got, &known, &w->err), 0);
    assert_false(known.complete);
    assert_string_equal(got.description, "");
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    assert_int_equal(cprov_index_version(w->ix, app, "1.0", &arena, &got, &known, &w->err), 0);
    assert_true(known.complete && known.has_digest && known.checked > 0);
    assert_int_equal(known.changed, 1714979289);
    assert_string_equal(got.description, row.description);
    assert_string_equal(got.publisher, row.publisher);
    assert_string_equal(got.title, row.title);
    assert_string_equal(got.created, row.created);
    assert_string_equal(got.platforms, row.platforms);
    assert_string_equal(got.media_type, row.media_type);
    assert_string_equal(got.image_id, A);
    assert_int_equal(got.bytes, 12345);
    assert_true(got.is_os && got.reference.has_digest);
    expect_found(w, s, &(struct cprov_index_filter){ .words = "small BASE app" }, "app");

    /* A list of names leaves them; a digest that is another does not. */
    (void)put(w, s, "app", LIST("1.0", "1.2"));
    assert_int_equal(cprov_index_version(w->ix, app, "1.0", &arena, &got, &known, &w->err), 0);
    assert_true(known.complete);
    struct cprov_digest other;
    assert_int_equal(cprov_digest_parse(cprov_span_of(B), &other, NULL), 0);
    struct cprov_entry entry = { .digest = &other, .bytes = 7 };
    struct cprov_index_version list[] = { { "1.0", &entry } };
    assert_int_equal(cprov_index_put_versions(w->ix, s, "app", list, 1, &app, &w->err), 0);
    assert_int_equal(cprov_index_version(w->ix, app, "1.0", &arena, &got, &known, &w->err), 0);
    assert_false(known.complete);
    assert_int_equal(got.bytes, 7);
    assert_true(cprov_digest_equal(&known.digest, &other));
    expect_found(w, s, &(struct cprov_index_filter){ .digest = other, .has_digest = true }, "app");
    cprov_arena_clear(&arena);
}

static void texts_are_replaced(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), app = put(w, s, "app", LIST("1.0", "1.1"));
    struct cprov_listing row = row_of("1.0", A);

    row.description = "first words";
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    row.version = "1.1";
    row.description = "second thoughts";
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    expect_found(w, s, &(struct cprov_index_filter){ .words = "first" }, "app");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "second" }, "app");
    row.description = "third time";
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    expect_found(w, s, &(struct cprov_index_filter){ .words = "second" }, "");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "third" }, "app");
}

/* --- imports --- */

static int64_t import(struct world *w, const char *key, const char *const *names,
                      const char *validator, bool commit)
{
    struct cprov_index_import *m;
    uint64_t duplicates = 0;
    int64_t s = source(w, key);

    assert_int_equal(cprov_index_import_begin(w->ix, s, &m, &w->err), 0);
    for (size_t i = 0; names[i]; i++) {
        struct cprov_entry e = {
            .repository = names[i], .version = "1.0", .description = "from a list", .complete = true
        };
        assert_int_equal(cprov_index_import_add(m, &e, &w->err), 0);
    }
    if (commit)
        assert_int_equal(cprov_index_import_commit(m, validator, &duplicates, &w->err), 0);
    cprov_index_import_free(m);
    return s;
}

static void imports_replace_everything(void **state)
{
    struct world *w = *state;
    struct cprov_index_source known;
    int64_t s = import(w, "index a", LIST("One", "Two"), "\"v1\"", true);

    expect_found(w, s, NULL, "One Two");
    assert_int_equal(cprov_index_source(w->ix, "index a", "", &known, &w->err), 0);
    assert_string_equal(known.validator, "\"v1\"");
    (void)import(w, "index a", LIST("Two", "Three"), "\"v2\"", true);
    expect_found(w, s, NULL, "Three Two");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "one" }, "");
    /* What is not committed never was. */
    (void)import(w, "index a", LIST("Four"), "\"v3\"", false);
    expect_found(w, s, NULL, "Three Two");
    assert_int_equal(cprov_index_source(w->ix, "index a", "", &known, &w->err), 0);
    assert_string_equal(known.validator, "\"v2\"");
}

static void imports_count_what_comes_twice(void **state)
{
    struct world *w = *state;
    struct cprov_index_import *m;
    struct cprov_entry e = { .repository = "X", .version = "1", .notes = "old", .complete = true };
    struct cprov_listing row = { 0 };
    struct cprov_index_known known;
    struct cprov_index_repository r;
    struct cprov_arena arena = { 0 };
    uint64_t duplicates = 0;
    int64_t s = source(w, "index a");

    assert_int_equal(cprov_index_import_begin(w->ix, s, &m, &w->err), 0);
    assert_int_equal(cprov_index_import_add(m, &e, &w->err), 0);
    e.notes = "new";
    assert_int_equal(cprov_index_import_add(m, &e, &w->err), 0);
    e = (struct cprov_entry){ .repository = "X", .version = "latest", .alias = "1" };
    assert_int_equal(cprov_index_import_add(m, &e, &w->err), 0);
    assert_int_equal(cprov_index_import_commit(m, "", &duplicates, &w->err), 0);
    cprov_index_import_free(m);
    assert_int_equal(duplicates, 1);
    assert_int_equal(cprov_index_repository(w->ix, s, "x", &r, &w->err), 0);
    expect_versions(w, r.id, "1 latest=1");
    assert_int_equal(cprov_index_version(w->ix, r.id, "1", &arena, &row, &known, &w->err), 0);
    assert_string_equal(row.notes, "new");
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
    struct world *w = *state;
    struct cprov_index_import *m;
    int64_t s = source(w, "index a");

    assert_int_equal(cprov_index_import_begin(w->ix, s, &m, &w->err), 0);
    for (size_t i = 0; i < CPROV_COUNT(bad); i++)
        assert_int_equal(cprov_index_import_add(m, &bad[i], &w->err), CPROV_EVERIFY);
    cprov_index_import_free(m);
    expect_found(w, s, NULL, "");
}

/* --- crashes and damage --- */

static void a_killed_import_leaves_the_old_state(void **state)
{
    struct world *w = *state;
    int64_t s = import(w, "index a", LIST("Old"), "\"v1\"", true);

    cprov_index_close(w->ix);
    w->ix = NULL;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct cprov_index_options options = { .dir = w->dir };
        struct cprov_index_import *m;
        struct cprov_error err = CPROV_ERROR_INIT;
        char name[32];

        if (cprov_index_open(&options, &w->ix, &err) < 0 ||
            cprov_index_import_begin(w->ix, s, &m, &err) < 0)
            _exit(1);
        for (int i = 0; i < 10000; i++) {
            struct cprov_entry e = { .repository = name, .version = "1", .complete = true };

            (void)snprintf(name, sizeof(name), "New%d", i);
            if (cprov_index_import_add(m, &e, &err) < 0)
                _exit(1);
        }
        _exit(42); /* as a kill has it: nothing is closed */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 42);

    open_index(w);
    assert_int_equal(w->rebuilt, 0);
    expect_found(w, s, NULL, "Old");
    expect_found(w, s, &(struct cprov_index_filter){ .prefix = CPROV_SPAN_LITERAL("New") }, "");
    /* The next import clears up. */
    (void)import(w, "index a", LIST("Newer"), "", true);
    expect_found(w, s, NULL, "Newer");
    for (int64_t below = -1; below > -2; below--)
        expect_found(w, below, NULL, "");
}

static void overwrite(const struct world *w, off_t from, size_t len)
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
    struct world *w = *state;
    int64_t s = source(w, "oci a");

    (void)put(w, s, "app", LIST("1"));
    cprov_index_close(w->ix);
    overwrite(w, 0, 4096);
    open_index(w);
    assert_int_equal(w->rebuilt, 1);
    s = source(w, "oci a");
    expect_found(w, s, NULL, "");
    (void)put(w, s, "app", LIST("1"));
    expect_found(w, s, NULL, "app");
}

static void damage_that_shows_late_ends_the_file(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a");
    struct cprov_index_repository r;
    char name[32];
    bool bad = false;

    for (int i = 0; i < 500; i++) {
        (void)snprintf(name, sizeof(name), "repo%d", i);
        (void)put(w, s, name, LIST("1", "2"));
    }
    cprov_index_close(w->ix);
    overwrite(w, 4096, 40 * 4096);
    open_index(w);
    for (int i = 0; i < 500 && !bad && w->rebuilt == 0; i++) {
        (void)snprintf(name, sizeof(name), "repo%d", i);
        bad = cprov_index_repository(w->ix, s, name, &r, &w->err) == CPROV_EVERIFY;
    }
    if (w->rebuilt == 0) {
        assert_true(bad);
        assert_true(cprov_index_damaged(w->ix));
        cprov_index_close(w->ix);
        open_index(w);
    }
    s = source(w, "oci a");
    expect_found(w, s, NULL, "");
}

static void the_file_is_its_owners(void **state)
{
    const struct world *w = *state;
    struct stat st;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/catalog-1.sqlite", w->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void one_of_its_own_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct world own = { .dir = "" };

    assert_int_equal(cprov_index_open(&(struct cprov_index_options){ 0 }, &own.ix, &own.err), 0);
    int64_t s = import(&own, "index a", LIST("One"), "", true);
    expect_found(&own, s, NULL, "One");
    cprov_index_close(own.ix);
    expect_found(w, source(w, "index a"), NULL, "");
}

/* --- several processes --- */

#define WRITERS 4
#define ROUNDS  50

static void writers_do_not_lose_each_other(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a");
    pid_t children[WRITERS];
    struct cprov_index_cursor *c;
    struct cprov_index_repository r;
    size_t count = 0;
    bool more;

    for (int k = 0; k < WRITERS; k++) {
        children[k] = fork();
        assert_true(children[k] >= 0);
        if (children[k] > 0)
            continue;
        struct cprov_index_options options = { .dir = w->dir };
        struct cprov_index *ix;
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_index_version v = { .version = "1" };
        char name[32];
        int64_t id;

        if (cprov_index_open(&options, &ix, &err) < 0)
            _exit(1);
        for (int i = 0; i < ROUNDS; i++) {
            (void)snprintf(name, sizeof(name), "w%d/%d", k, i);
            if (cprov_index_put_versions(ix, s, name, &v, 1, &id, &err) < 0)
                _exit(2);
        }
        cprov_index_close(ix);
        _exit(0);
    }
    for (int k = 0; k < WRITERS; k++) {
        int status;

        assert_int_equal(waitpid(children[k], &status, 0), children[k]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(cprov_index_cursor_open(w->ix, s, NULL, &c, &w->err), 0);
    while (cprov_index_cursor_next(c, &r, &more, &w->err) == 0 && more)
        count++;
    cprov_index_cursor_close(c);
    assert_int_equal(count, WRITERS * ROUNDS);
}

/* What others write is seen after a release; what is written through the handle itself is a
 * release.
 */
static void held_it_stands_still(void **state)
{
    struct world *w = *state;
    struct world other = { 0 };
    int64_t s = source(w, "oci a");
    int64_t app = put(w, s, "app", LIST("1"));

    (void)stpcpy(other.dir, w->dir);
    open_index(&other);
    cprov_index_hold(w->ix);
    expect_versions(w, app, "1");
    (void)put(&other, s, "app", LIST("1", "2"));
    expect_versions(w, app, "1");
    cprov_index_release(w->ix);
    expect_versions(w, app, "1 2");

    cprov_index_hold(w->ix);
    expect_versions(w, app, "1 2");
    (void)put(&other, s, "app", LIST("1", "2", "3"));
    assert_int_equal(cprov_index_source_checked(w->ix, s, NULL, &w->err), 0);
    expect_versions(w, app, "1 2 3");
    cprov_index_release(w->ix);
    cprov_index_hold(w->ix);
    (void)put(w, s, "app", LIST("4"));
    cprov_index_release(w->ix);
    expect_versions(&other, app, "4");
    cprov_index_close(other.ix);
}

static int add_entry(void *arg, const struct cprov_entry *e, struct cprov_error *err)
{
    char line[256];

    (void)err;
    (void)snprintf(line, sizeof(line), "%s:%s@%s", e->repository, e->version,
                   e->reference ? e->reference : "");
    add_version(arg, line, NULL);
    return 0;
}

static void everything_comes_newest_first(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a");
    struct text t = { "" };

    (void)put(w, s, "b", LIST("1.9", "1.10", "latest"));
    (void)put(w, s, "a", LIST("1"));
    (void)import(w, "index x", LIST("Z"), "", true);
    assert_int_equal(cprov_index_each(w->ix, 0, add_entry, &t, &w->err), 0);
    assert_string_equal(t.all, "a:1@reg.example/a:1 b:1.10@reg.example/b:1.10 b:1.9@reg.example/"
                               "b:1.9 b:latest@reg.example/b:latest Z:1.0@reg.example/Z:1.0");
}

/* --- beside each other --- */

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

/* One more handle, which does not wait. */
static struct cprov_index *open_impatient(struct world *w)
{
    static const struct cprov_cancel impatient = { .asked = at_once };
    struct cprov_index_options options = { .dir = w->dir, .cancel = &impatient };
    struct cprov_index *ix;

    assert_int_equal(cprov_index_open(&options, &ix, &w->err), 0);
    return ix;
}

static void add_to(struct world *w, struct cprov_index_import *m, const char *repository,
                   const char *version)
{
    struct cprov_entry e = { .repository = repository, .version = version, .complete = true };

    assert_int_equal(cprov_index_import_add(m, &e, &w->err), 0);
}

static void an_import_that_waits_keeps_nobody_out(void **state)
{
    struct world *w = *state;
    int64_t a = source(w, "index a"), b = source(w, "oci b"), id;
    struct cprov_index *other = open_impatient(w);
    struct cprov_index_version v = { .version = "1" };
    struct cprov_index_import *m;

    assert_int_equal(cprov_index_import_begin(w->ix, a, &m, &w->err), 0);
    add_to(w, m, "One", "1");
    assert_int_equal(cprov_index_put_versions(other, b, "app", &v, 1, &id, &w->err), 0);
    cprov_index_import_free(m);
    cprov_index_close(other);
    expect_found(w, b, NULL, "app");
}

static void an_import_that_ends_takes_nothing_along(void **state)
{
    struct world *w = *state;
    int64_t a = source(w, "index a"), b = source(w, "oci b");
    struct cprov_index_import *m;

    assert_int_equal(cprov_index_import_begin(w->ix, a, &m, &w->err), 0);
    add_to(w, m, "One", "1");
    int64_t app = put(w, b, "app", LIST("1"));
    cprov_index_import_free(m);
    expect_found(w, b, NULL, "app");
    expect_versions(w, app, "1");
}

static void large_texts_are_written_in_time(void **state)
{
    struct world *w = *state;
    int64_t a = source(w, "index a");
    struct cprov_index_import *m;
    char *text = calloc(1, CPROV_CATALOG_TEXT_MAX + 1), name[32];
    struct cprov_entry e = { .repository = name, .version = "1", .notes = text };
    uint64_t duplicates;

    assert_non_null(text);
    memset(text, 'x', CPROV_CATALOG_TEXT_MAX);
    assert_int_equal(cprov_index_import_begin(w->ix, a, &m, &w->err), 0);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(name, sizeof(name), "R%03d", i);
        assert_int_equal(cprov_index_import_add(m, &e, &w->err), 0);
    }
    free(text);
    assert_int_equal(cprov_index_import_commit(m, "", &duplicates, &w->err), 0);
    cprov_index_import_free(m);
    expect_found(w, a, &(struct cprov_index_filter){ .prefix = CPROV_SPAN_LITERAL("R29") },
                 "R290 R291 R292 R293 R294 R295 R296 R297 R298 R299");
}

static void imports_side_by_side(struct world *w)
{
    int64_t a = source(w, "index a"), b = source(w, "index b");
    struct cprov_index_import *one, *two;
    struct cprov_index_repository r;
    uint64_t duplicates;

    assert_int_equal(cprov_index_import_begin(w->ix, a, &one, &w->err), 0);
    for (int i = 0; i < 5000; i++) /* more than is written at once */
        add_to(w, one, "One", i % 2 ? "1" : "2");
    assert_int_equal(cprov_index_import_begin(w->ix, b, &two, &w->err), 0);
    add_to(w, two, "Two", "3");
    assert_int_equal(cprov_index_import_commit(two, "", &duplicates, &w->err), 0);
    cprov_index_import_free(two);
    add_to(w, one, "One", "4");
    assert_int_equal(cprov_index_import_commit(one, "", &duplicates, &w->err), 0);
    cprov_index_import_free(one);
    expect_found(w, a, NULL, "One");
    expect_found(w, b, NULL, "Two");
    assert_int_equal(cprov_index_repository(w->ix, a, "One", &r, &w->err), 0);
    expect_versions(w, r.id, "1 2 4");
    assert_int_equal(cprov_index_repository(w->ix, b, "Two", &r, &w->err), 0);
    expect_versions(w, r.id, "3");
}

static void imports_leave_each_other_alone(void **state)
{
    struct world own = { .dir = "" };

    imports_side_by_side(*state);
    assert_int_equal(cprov_index_open(&(struct cprov_index_options){ 0 }, &own.ix, &own.err), 0);
    imports_side_by_side(&own);
    cprov_index_close(own.ix);
}

static void scans_at_once_lose_nothing(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), first, second;

    assert_int_equal(cprov_index_scan_begin(w->ix, s, &first, &w->err), 0);
    assert_int_equal(cprov_index_scan_begin(w->ix, s, &second, &w->err), 0);
    assert_int_equal(cprov_index_scan_note(w->ix, s, second, &(const char *){ "app" }, 1, &w->err),
                     0);
    assert_int_equal(cprov_index_scan_note(w->ix, s, first, &(const char *){ "app" }, 1, &w->err),
                     0);
    assert_int_equal(cprov_index_scan_end(w->ix, s, second, true, &w->err), 0);
    expect_found(w, s, NULL, "app");
    assert_int_equal(cprov_index_scan_end(w->ix, s, first, true, &w->err), 0);
    expect_found(w, s, NULL, "app");
}

static void many_that_are_gone(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), scan;
    char path[32];

    assert_int_equal(cprov_index_scan_begin(w->ix, s, &scan, &w->err), 0);
    for (int i = 0; i < 500; i++) {
        (void)snprintf(path, sizeof(path), "repo/%03d", i);
        assert_int_equal(cprov_index_scan_note(w->ix, s, scan, &(const char *){ path }, 1, &w->err),
                         0);
    }
    assert_int_equal(cprov_index_scan_begin(w->ix, s, &scan, &w->err), 0);
    assert_int_equal(
        cprov_index_scan_note(w->ix, s, scan, &(const char *){ "repo/000" }, 1, &w->err), 0);
    assert_int_equal(
        cprov_index_scan_note(w->ix, s, scan, &(const char *){ "repo/300" }, 1, &w->err), 0);
    assert_int_equal(cprov_index_scan_end(w->ix, s, scan, true, &w->err), 0);
    expect_found(w, s, NULL, "repo/000 repo/300");
}

static void what_is_forgotten_meanwhile_stays_forgotten(void **state)
{
    struct world *w = *state;
    int64_t a = source(w, "index a"), b = source(w, "oci b"), scan, id;
    struct cprov_index_version v = { .version = "1" };
    struct cprov_index_import *m;
    uint64_t duplicates;

    assert_int_equal(cprov_index_import_begin(w->ix, a, &m, &w->err), 0);
    add_to(w, m, "One", "1");
    assert_int_equal(cprov_index_scan_begin(w->ix, b, &scan, &w->err), 0);
    assert_int_equal(cprov_index_forget(w->ix, "index a", &w->err), 0);
    assert_int_equal(cprov_index_forget(w->ix, "oci b", &w->err), 0);
    /* Another handle would do the same. */
    assert_int_equal(cprov_index_import_commit(m, "", &duplicates, &w->err), CPROV_ENOTFOUND);
    cprov_index_import_free(m);
    assert_int_equal(cprov_index_put_versions(w->ix, b, "app", &v, 1, &id, &w->err),
                     CPROV_ENOTFOUND);
    assert_int_equal(cprov_index_scan_note(w->ix, b, scan, &(const char *){ "app" }, 1, &w->err),
                     CPROV_ENOTFOUND);
    expect_found(w, source(w, "oci c"), NULL, "");
    expect_found(w, source(w, "oci d"), NULL, "");
    expect_found(w, a, NULL, "");
    expect_found(w, b, NULL, "");
}

static void numbers_are_given_once(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), old = put(w, s, "old", LIST("1")), scan;
    struct cprov_listing row = row_of("1", A);

    assert_int_equal(cprov_index_scan_begin(w->ix, s, &scan, &w->err), 0);
    assert_int_equal(cprov_index_scan_end(w->ix, s, scan, true, &w->err), 0);
    assert_int_not_equal(put(w, s, "new", LIST("1")), old);
    /* Whoever still fetches the details of what is gone does not tell them of another. */
    assert_int_equal(cprov_index_put_details(w->ix, old, &row, &w->err), CPROV_ENOTFOUND);
}

static void who_found_damage_spares_what_came_after(void **state)
{
    struct world *w = *state;
    struct world later = { .dir = "" };
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/catalog-1.sqlite", w->dir);
    w->ix->damaged = true;
    assert_int_equal(unlink(path), 0); /* another has found it too, and begins anew */
    (void)stpcpy(later.dir, w->dir);
    open_index(&later);
    (void)put(&later, source(&later, "oci a"), "app", LIST("1"));
    cprov_index_close(w->ix);
    assert_int_equal(access(path, F_OK), 0);
    cprov_index_close(later.ix);
    open_index(w);
    expect_found(w, source(w, "oci a"), NULL, "app");
}

/* --- whose texts these are --- */

static void expect_description(struct world *w, int64_t repository, const char *version,
                               const char *expected)
{
    struct cprov_listing row = { 0 };
    struct cprov_index_known known;
    struct cprov_arena arena = { 0 };

    assert_int_equal(cprov_index_version(w->ix, repository, version, &arena, &row, &known, &w->err),
                     0);
    assert_string_equal(row.description, expected);
    cprov_arena_clear(&arena);
}

static void texts_are_of_one_version(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), app = put(w, s, "app", LIST("1.0", "1.1", "1.2"));
    struct cprov_listing row = row_of("1.0", A);

    row.description = row.publisher = row.title = "";
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    row = row_of("1.1", B);
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    expect_description(w, app, "1.0", "");
    expect_description(w, app, "1.1", "A small base");
    expect_description(w, app, "1.2", "");
}

static void texts_of_a_list_are_of_one_version(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "index a");
    struct cprov_entry e[] = {
        { .repository = "X", .version = "1" },
        { .repository = "X", .version = "2", .description = "second", .alias = "" },
        { .repository = "X", .version = "3" },
    };
    struct cprov_index_import *m;
    struct cprov_index_repository r;
    uint64_t duplicates;

    assert_int_equal(cprov_index_import_begin(w->ix, s, &m, &w->err), 0);
    for (size_t i = 0; i < CPROV_COUNT(e); i++)
        assert_int_equal(cprov_index_import_add(m, &e[i], &w->err), 0);
    assert_int_equal(cprov_index_import_commit(m, "", &duplicates, &w->err), 0);
    cprov_index_import_free(m);
    assert_int_equal(cprov_index_repository(w->ix, s, "X", &r, &w->err), 0);
    expect_description(w, r.id, "1", "");
    expect_description(w, r.id, "2", "second");
    expect_description(w, r.id, "3", "");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "second" }, "X");
}

static void texts_go_with_their_versions(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), app = put(w, s, "app", LIST("1.0", "1.1"));
    struct cprov_listing row = row_of("1.0", A);

    row.description = "first words";
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    row.version = "1.1";
    row.description = "second thoughts";
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    (void)put(w, s, "app", LIST("1.0"));
    expect_found(w, s, &(struct cprov_index_filter){ .words = "second" }, "");
    struct cprov_digest other;
    assert_int_equal(cprov_digest_parse(cprov_span_of(B), &other, NULL), 0);
    struct cprov_entry entry = { .digest = &other };
    struct cprov_index_version moved = { "1.0", &entry };
    assert_int_equal(cprov_index_put_versions(w->ix, s, "app", &moved, 1, &app, &w->err), 0);
    expect_found(w, s, &(struct cprov_index_filter){ .words = "first" }, "");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "app" }, "app");
}

/* --- what is found --- */

static void names_that_a_list_gives_are_found(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "index a");
    struct cprov_entry e = { .repository = "images/x1", .name = "NanoServer", .version = "1" };
    struct cprov_index_import *m;
    uint64_t duplicates;

    assert_int_equal(cprov_index_import_begin(w->ix, s, &m, &w->err), 0);
    assert_int_equal(cprov_index_import_add(m, &e, &w->err), 0);
    assert_int_equal(cprov_index_import_commit(m, "", &duplicates, &w->err), 0);
    cprov_index_import_free(m);
    expect_found(w, s, &(struct cprov_index_filter){ .named = CPROV_SPAN_LITERAL("nanoserver") },
                 "images/x1");
    expect_found(w, s, &(struct cprov_index_filter){ .named = CPROV_SPAN_LITERAL("X1") },
                 "images/x1");
    expect_found(w, s, &(struct cprov_index_filter){ .prefix = CPROV_SPAN_LITERAL("nano") },
                 "images/x1");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "server" }, "images/x1");
}

static void digests_are_looked_for_where_they_may_be(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a");
    struct cprov_listing row = row_of("1", A);
    struct cprov_index_filter filter = { .has_digest = true };

    int64_t app = put(w, s, "by-image", LIST("1"));
    assert_int_equal(cprov_digest_parse(cprov_span_of(B), &row.reference.digest, NULL), 0);
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    row.image_id = "";
    app = put(w, s, "half-known", LIST("1", "2"));
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    (void)put(w, s, "unknown", LIST("1"));
    app = put(w, s, "another", LIST("1"));
    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    assert_int_equal(cprov_digest_parse(cprov_span_of(A), &filter.digest, NULL), 0);
    expect_found(w, s, &filter, "by-image");
    filter.or_unknown = true;
    expect_found(w, s, &filter, "by-image half-known unknown");
}

static void words_are_no_query(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a");
    char many[4000] = "";

    (void)put(w, s, "app", LIST("1"));
    for (int i = 0; i < 400; i++)
        (void)strcat(many, "app ");
    expect_found(w, s, &(struct cprov_index_filter){ .words = many }, "app");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "app* NEAR(app) {name}:app" }, "");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "\"\"\" ^app -app 'app'" }, "");
    expect_found(w, s, &(struct cprov_index_filter){ .words = "app \xff\xfe\xfd\xfc" }, "");
}

static void a_version_that_is_listed_twice(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), app = put(w, s, "app", LIST("1.0", "1.0"));
    struct cprov_listing row = row_of("1.0", A);

    assert_int_equal(cprov_index_put_details(w->ix, app, &row, &w->err), 0);
    (void)put(w, s, "app", LIST("1.0", "1.1", "1.0"));
    expect_description(w, app, "1.0", "A small base");
}

static void lists_that_read_alike_are_not_the_same(void **state)
{
    struct world *w = *state;
    int64_t s = source(w, "oci a"), app;
    struct cprov_entry entry = { .description = "2" };
    struct cprov_index_version one = { "1", &entry };

    assert_int_equal(cprov_index_put_versions(w->ix, s, "app", &one, 1, &app, &w->err), 0);
    (void)put(w, s, "app", LIST("1", "2"));
    expect_versions(w, app, "1 2");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
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
        TEST(an_import_that_waits_keeps_nobody_out),
        TEST(an_import_that_ends_takes_nothing_along),
        TEST(large_texts_are_written_in_time),
        TEST(imports_leave_each_other_alone),
        TEST(scans_at_once_lose_nothing),
        TEST(many_that_are_gone),
        TEST(what_is_forgotten_meanwhile_stays_forgotten),
        TEST(numbers_are_given_once),
        TEST(who_found_damage_spares_what_came_after),
        TEST(texts_are_of_one_version),
        TEST(texts_of_a_list_are_of_one_version),
        TEST(texts_go_with_their_versions),
        TEST(names_that_a_list_gives_are_found),
        TEST(digests_are_looked_for_where_they_may_be),
        TEST(words_are_no_query),
        TEST(a_version_that_is_listed_twice),
        TEST(lists_that_read_alike_are_not_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
