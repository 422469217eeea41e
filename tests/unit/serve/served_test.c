/* tests/unit/serve/served_test.c - a store as repositories, tags and what each may show. */
#include "serve/served_private.h"

#include <unistd.h>

#include "base/error.h"
#include "layout.h"

/* "name: tag tag\n" for each repository. */
static void describe(struct cprov_view *v, struct cprov_buf *out)
{
    size_t count, tags_count;
    const char *const *names = cprov_view_names(v, &count);

    cprov_buf_init(out, CPROV_MIB);
    for (size_t i = 0; i < count; i++) {
        struct cprov_repository *r = cprov_view_find(v, cprov_span_of(names[i]));
        assert_non_null(r);
        const char *const *tags = cprov_repository_tags(r, &tags_count);
        cprov_buf_addf(out, "%s:", names[i]);
        for (size_t k = 0; k < tags_count; k++)
            cprov_buf_addf(out, " %s", tags[k]);
        cprov_buf_add_char(out, '\n');
    }
}

static void assert_described(struct cprov_served *s, const char *expected)
{
    struct cprov_view *v = cprov_served_view(s);
    struct cprov_buf text;

    describe(v, &text);
    assert_string_equal(cprov_buf_text(&text), expected);
    cprov_buf_clear(&text);
    cprov_view_release(v);
}

static struct cprov_served *serve(struct layout *l)
{
    struct cprov_served *s = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_served_new(l->store, &s, &err) < 0)
        fail_msg("%s", err.msg);
    return s;
}

static const struct cprov_content *content_of(struct cprov_view *v, const char *name)
{
    const struct cprov_content *content = NULL;
    struct cprov_repository *r = cprov_view_find(v, cprov_span_of(name));

    assert_non_null(r);
    assert_int_equal(cprov_repository_content(v, r, &content, CPROV_IGNORED), 0);
    return content;
}

static void test_names(void **state)
{
    static const struct {
        const char *texts[4];
        const char *expected;
    } cases[] = {
        { { "library/alpine", "3.20", "docker.io/library/alpine:3.20" }, "library/alpine: 3.20\n" },
        { { "NanoServer", "10.0.1.0", "mcr.example.com/windows/nanoserver:ltsc" },
          "nanoserver: 10.0.1.0 ltsc\nwindows/nanoserver: 10.0.1.0 ltsc\n" },
        { { "localhost:5000/a/b", "1", "localhost:5000/a/b:1" }, "a/b: 1\n" },
        { { "example.com/a", "1" }, "a: 1\nexample.com/a: 1\n" },
        { { "a", "", "docker.io/library/a@" SHA256_EMPTY }, "a:\nlibrary/a:\n" },
        { { "a", "no tag", "docker.io/library/a:t" }, "a: t\nlibrary/a: t\n" },
        { { "a" }, "a: latest\n" },
        { { "no repository", "1" }, "" },
        { { "../x", "1" }, "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct layout l;

        print_message("%s\n", cases[i].texts[0] ? cases[i].texts[0] : "-");
        layout_open(&l);
        struct cprov_descriptor d = layout_image(&l, "a", NULL, NULL);
        layout_entry(&l, &d, cases[i].texts);
        layout_write(&l);
        struct cprov_served *s = serve(&l);
        assert_described(s, cases[i].expected);
        cprov_served_free(s);
        layout_close(&l);
    }
}

static void test_empty(void **state)
{
    struct layout l;

    (void)state;
    layout_open(&l);
    struct cprov_served *s = serve(&l);
    struct cprov_view *v = cprov_served_view(s);
    assert_null(cprov_view_find(v, S("")));
    assert_null(cprov_view_find(v, S("a")));
    cprov_view_release(v);
    assert_described(s, "");
    cprov_served_free(s);
    layout_close(&l);
    cprov_served_free(NULL);
    cprov_view_release(NULL);
}

/* One tag wanted by several: the last installed has it, the others stay by digest. */
static void test_last_installed_has_the_tag(void **state)
{
    struct layout l;

    (void)state;
    layout_open(&l);
    struct cprov_descriptor old = layout_image(&l, "old", NULL, NULL);
    struct cprov_descriptor new = layout_image(&l, "new", NULL, NULL);
    LAYOUT_ENTRY(&l, &new, "a", "1", "docker.io/library/a:latest", "2026-02-01T00:00:00Z");
    LAYOUT_ENTRY(&l, &old, "a", "2", "docker.io/library/a:latest", "2026-01-01T00:00:00Z");
    layout_write(&l);
    struct cprov_served *s = serve(&l);
    assert_described(s, "a: 1 2 latest\nlibrary/a: 1 2 latest\n");
    struct cprov_view *v = cprov_served_view(s);
    struct cprov_repository *r = cprov_view_find(v, S("a"));
    assert_true(cprov_digest_equal(&cprov_repository_find(r, S("latest"))->digest, &new.digest));
    assert_true(cprov_digest_equal(&cprov_repository_find(r, S("2"))->digest, &old.digest));
    assert_null(cprov_repository_find(r, S("3")));
    assert_null(cprov_repository_find(r, S("")));
    assert_non_null(cprov_content_find(content_of(v, "a"), &old.digest));
    assert_non_null(cprov_content_find(content_of(v, "a"), &new.digest));
    cprov_view_release(v);
    cprov_served_free(s);
    layout_close(&l);
}

static void test_content(void **state)
{
    struct layout l;

    (void)state;
    layout_open(&l);
    struct cprov_descriptor a = layout_image(&l, "a", NULL, NULL);
    struct cprov_descriptor b = layout_image(&l, "b", NULL, NULL);
    struct cprov_descriptor index = layout_index(&l, &a, &b);
    struct cprov_descriptor other = layout_image(&l, "other", NULL, NULL);
    struct cprov_descriptor layer = layout_put(&l, "", S("a")),
                            foreign = layout_put(&l, "", S("other"));
    LAYOUT_ENTRY(&l, &index, "multi", "1");
    LAYOUT_ENTRY(&l, &other, "single", "1");
    layout_write(&l);
    struct cprov_served *s = serve(&l);
    struct cprov_view *v = cprov_served_view(s);
    const struct cprov_content *c = content_of(v, "multi");
    assert_string_equal(cprov_content_find(c, &index.digest)->media_type, CPROV_MT_OCI_INDEX);
    assert_string_equal(cprov_content_find(c, &b.digest)->media_type, CPROV_MT_OCI_MANIFEST);
    assert_null(cprov_content_find(c, &layer.digest)->media_type);
    assert_null(cprov_content_find(c, &other.digest));
    assert_null(cprov_content_find(c, &foreign.digest));
    assert_ptr_equal(content_of(v, "multi"), c);
    cprov_view_release(v);
    cprov_served_free(s);
    layout_close(&l);
}

/* What an index says of a manifest is not believed, and a manifest that is not there names nothing.
 */
static void test_lying_index(void **state)
{
    struct layout l;

    (void)state;
    layout_open(&l);
    struct cprov_descriptor a = layout_image(&l, "a", NULL, NULL), lie = a, missing = a;
    lie.media_type = "text/html\r\nX: y";
    lie.size = 1;
    missing.digest.raw[0] ^= 1;
    missing.media_type = "text/html\r\nX: y";
    struct cprov_descriptor index = layout_index(&l, &lie, &missing);
    LAYOUT_ENTRY(&l, &index, "a", "1");
    layout_write(&l);
    struct cprov_served *s = serve(&l);
    struct cprov_view *v = cprov_served_view(s);
    const struct cprov_content *c = content_of(v, "a");
    assert_string_equal(cprov_content_find(c, &a.digest)->media_type, CPROV_MT_OCI_MANIFEST);
    assert_string_equal(cprov_content_find(c, &missing.digest)->media_type,
                        "application/octet-stream");
    cprov_view_release(v);
    cprov_served_free(s);
    layout_close(&l);
}

static void test_referrers(void **state)
{
    struct layout l;

    (void)state;
    layout_open(&l);
    struct cprov_descriptor a = layout_image(&l, "a", NULL, NULL);
    struct cprov_descriptor b = layout_image(&l, "b", NULL, NULL);
    struct cprov_descriptor signature = layout_image(&l, "sig", &a, "x/sig");
    struct cprov_descriptor again = layout_image(&l, "sig of sig", &signature, "x/sig");
    struct cprov_descriptor blob = layout_put(&l, "", S("sig of sig"));
    LAYOUT_ENTRY(&l, &again, NULL);
    LAYOUT_ENTRY(&l, &signature, NULL);
    LAYOUT_ENTRY(&l, &a, "a", "1");
    LAYOUT_ENTRY(&l, &b, "b", "1");
    layout_write(&l);
    struct cprov_served *s = serve(&l);
    struct cprov_view *v = cprov_served_view(s);
    const struct cprov_content *c = content_of(v, "a");
    const struct cprov_served_item *item = cprov_content_referrer(c, &a.digest, NULL);
    assert_true(item && cprov_digest_equal(&item->digest, &signature.digest));
    assert_null(cprov_content_referrer(c, &a.digest, item));
    assert_non_null(cprov_content_referrer(c, &signature.digest, NULL));
    assert_non_null(cprov_content_find(c, &blob.digest));
    assert_null(cprov_content_referrer(c, &b.digest, NULL));
    assert_null(cprov_content_find(content_of(v, "b"), &signature.digest));
    cprov_view_release(v);
    cprov_served_free(s);
    layout_close(&l);
}

static void test_follows_the_index(void **state)
{
    struct cprov_error problem = CPROV_ERROR_INIT;
    struct layout l;
    char path[96];

    (void)state;
    layout_open(&l);
    struct cprov_descriptor a = layout_image(&l, "a", NULL, NULL);
    LAYOUT_ENTRY(&l, &a, "a", "1");
    layout_write(&l);
    struct cprov_served *s = serve(&l);
    struct cprov_view *before = cprov_served_view(s), *same = cprov_served_view(s);
    assert_ptr_equal(before, same);
    LAYOUT_ENTRY(&l, &a, "b", "1");
    layout_write(&l);
    assert_described(s, "a: 1\nb: 1\n");
    assert_null(cprov_view_find(before, S("b"))); /* who has the old state keeps it */
    cprov_view_release(before);
    cprov_view_release(same);
    assert_false(cprov_served_problem(s, &problem));
    snprintf(path, sizeof(path), "%s/index.json", l.path);
    assert_int_equal(cprov_fs_replace(AT_FDCWD, path, S("{\"manifests\":"), 0644, CPROV_IGNORED),
                     0);
    assert_described(s, "a: 1\nb: 1\n");
    assert_true(cprov_served_problem(s, &problem));
    assert_int_equal(problem.code, CPROV_EVERIFY);
    assert_false(cprov_served_problem(s, &problem));
    assert_int_equal(unlink(path), 0); /* H8: a lost list is no empty one */
    assert_described(s, "a: 1\nb: 1\n");
    assert_true(cprov_served_problem(s, &problem));
    cprov_served_free(s);
    layout_close(&l);
}

static void test_damaged_index(void **state)
{
    struct cprov_served *s = (struct cprov_served *)state;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct layout l;

    layout_open(&l);
    cprov_buf_add_text(&l.entries, "{]");
    layout_write(&l);
    assert_int_equal(cprov_served_new(l.store, &s, &err), CPROV_EVERIFY);
    assert_ptr_equal(s, state);
    layout_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_last_installed_has_the_tag),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_lying_index),
        cmocka_unit_test(test_referrers),
        cmocka_unit_test(test_follows_the_index),
        cmocka_unit_test(test_damaged_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
