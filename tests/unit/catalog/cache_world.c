/* An index in a folder of its own, and what a test asks of it. */
#include "cache_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static void on_rebuilt(void *arg, const char *why)
{
    struct index_world *w = arg;

    assert_non_null(strstr(why, "damaged"));
    w->rebuilt++;
}

void index_world_open(struct index_world *w)
{
    struct cprov_cache_options options = { .dir = w->dir, .rebuilt = on_rebuilt, .arg = w };

    assert_int_equal(cprov_cache_open(&options, &w->ix, &w->err), 0);
}

int index_world_begin(void **state)
{
    struct index_world *w = calloc(1, sizeof(*w));

    (void)stpcpy(w->dir, "/tmp/cprov-index-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    index_world_open(w);
    *state = w;
    return 0;
}

int index_world_end(void **state)
{
    struct index_world *w = *state;
    static const char *const files[] = { "catalog-1.sqlite", "catalog-1.sqlite-wal",
                                         "catalog-1.sqlite-shm", "catalog.import" };
    char path[128];

    cprov_cache_close(w->ix);
    for (size_t i = 0; i < CPROV_COUNT(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", w->dir, files[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(w->dir), 0); /* and nothing else is in it */
    free(w);
    return 0;
}

int64_t index_world_source(struct index_world *w, const char *key)
{
    struct cprov_cache_source s;

    assert_int_equal(cprov_cache_source(w->ix, key, "reg.example", &s, &w->err), 0);
    assert_true(s.id > 0);
    return s.id;
}

int64_t index_world_put(struct index_world *w, int64_t src, const char *path,
                        const char *const *versions)
{
    struct cprov_cache_version list[16] = { 0 };
    size_t count = 0;
    int64_t id;

    for (; versions[count]; count++)
        list[count].version = versions[count];
    assert_int_equal(cprov_cache_put_versions(w->ix, src, path, list, count, &id, &w->err), 0);
    return id;
}

void index_world_note(struct index_world *w, int64_t src, int64_t scan, const char *path)
{
    assert_int_equal(cprov_cache_scan_note(w->ix, src, scan, &path, 1, &w->err), 0);
}

bool index_world_add(void *arg, const char *version, const char *alias)
{
    struct index_text *t = arg;
    size_t len = strlen(t->all);

    (void)snprintf(t->all + len, sizeof(t->all) - len, "%s%s%s%s", len ? " " : "", version,
                   alias ? "=" : "", alias ? alias : "");
    return true;
}

void expect_versions(struct index_world *w, int64_t repository, const char *expected)
{
    struct index_text t = { "" };

    assert_int_equal(cprov_cache_versions(w->ix, repository, index_world_add, &t, &w->err), 0);
    assert_string_equal(t.all, expected);
}

void expect_found(struct index_world *w, int64_t src, const struct cprov_cache_filter *filter,
                  const char *expected)
{
    struct cprov_cache_cursor *c;
    struct cprov_cache_repository r;
    struct index_text t = { "" };
    bool more = true;

    assert_int_equal(cprov_cache_cursor_open(w->ix, src, filter, &c, &w->err), 0);
    for (;;) {
        assert_int_equal(cprov_cache_cursor_next(c, &r, &more, &w->err), 0);
        if (!more)
            break;
        index_world_add(&t, r.path, NULL);
    }
    cprov_cache_cursor_close(c);
    assert_string_equal(t.all, expected);
}

struct cprov_listing index_world_row(const char *version, const char *digest)
{
    struct cprov_listing row = { .entry.version = version,
                                 .entry.description = "A small base",
                                 .entry.publisher = "CN=Demo",
                                 .entry.title = "App",
                                 .entry.created = "2024-05-06T07:08:09Z",
                                 .entry.platforms = "linux/amd64, linux/arm64",
                                 .entry.os_version = "",
                                 .entry.media_type = "application/vnd.oci.image.index.v1+json",
                                 .entry.image_id = digest,
                                 .entry.bytes = 12345,
                                 .entry.is_os = true };

    assert_int_equal(
        cprov_digest_parse(cprov_span_of(digest), &row.reference.digest, CPROV_IGNORED), 0);
    row.reference.has_digest = true;
    return row;
}
