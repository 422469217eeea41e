/* tests/unit/serve/routes_test.c - paths of the distribution API, and tricks with them. */
#include "serve/routes_private.h"

#include <stdlib.h>

#include "unit.h"

#define A16  "aaaaaaaaaaaaaaaa"
#define A128 A16 A16 A16 A16 A16 A16 A16 A16

static void test_paths(void **state)
{
    static const struct {
        const char *path;
        enum cprov_route_kind kind;
        const char *repository, *tag, *digest;
    } cases[] = {
        { "/v2/", CPROV_ROUTE_BASE, "", "", "" },
        { "/v2", CPROV_ROUTE_BASE, "", "", "" },
        { "http://host:5000/v2/", CPROV_ROUTE_BASE, "", "", "" },
        { "/v2/_catalog", CPROV_ROUTE_CATALOG, "", "", "" },
        { "/_cprov/catalog.json", CPROV_ROUTE_SERVED, "", "", "" },
        { "/v2/a/tags/list", CPROV_ROUTE_TAGS, "a", "", "" },
        { "/v2/tags/list/tags/list", CPROV_ROUTE_TAGS, "tags/list", "", "" },
        { "/v2/a/b/c/manifests/1.0", CPROV_ROUTE_MANIFEST, "a/b/c", "1.0", "" },
        { "/v2/manifests/manifests/manifests", CPROV_ROUTE_MANIFEST, "manifests", "manifests", "" },
        { "/v2/a/manifests/list", CPROV_ROUTE_MANIFEST, "a", "list", "" },
        { "/v2/a/manifests/" A128, CPROV_ROUTE_MANIFEST, "a", A128, "" },
        { "/v2/a/manifests/" SHA256_EMPTY, CPROV_ROUTE_MANIFEST, "a", "", SHA256_EMPTY },
        { "/v2/a/blobs/" SHA512_EMPTY, CPROV_ROUTE_BLOB, "a", "", SHA512_EMPTY },
        { "/v2/a/referrers/" SHA256_EMPTY, CPROV_ROUTE_REFERRERS, "a", "", SHA256_EMPTY },
        { "/v2/%61/manifests/%31", CPROV_ROUTE_MANIFEST, "a", "1", "" },
        { "/v2/" A128 A16 A16 A16 A16 A16 A16 A16 "aaaaaaaaaaaaaaa/tags/list", CPROV_ROUTE_TAGS,
          A128 A16 A16 A16 A16 A16 A16 A16 "aaaaaaaaaaaaaaa", "", "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_route r;
        char digest[CPROV_DIGEST_TEXT_MAX] = "";

        print_message("%s\n", cases[i].path);
        cprov_route_parse(cprov_span_of(cases[i].path), &r);
        assert_int_equal(r.kind, cases[i].kind);
        assert_string_equal(r.repository, cases[i].repository);
        assert_string_equal(r.tag, cases[i].tag);
        assert_int_equal(r.has_digest, cases[i].digest[0] != '\0');
        if (r.has_digest)
            cprov_digest_format(&r.digest, digest);
        assert_string_equal(digest, cases[i].digest);
    }
}

static void test_tricks(void **state)
{
    static const struct {
        const char *path;
        enum cprov_route_kind kind;
    } cases[] = {
        { "", CPROV_ROUTE_NONE },
        { "/", CPROV_ROUTE_NONE },
        { "*", CPROV_ROUTE_NONE },
        { "//v2/", CPROV_ROUTE_NONE },
        { "/v1/", CPROV_ROUTE_NONE },
        { "/v2x", CPROV_ROUTE_NONE },
        { "http://", CPROV_ROUTE_NONE },
        { "http://host", CPROV_ROUTE_NONE },
        { "/v2/_catalog/", CPROV_ROUTE_NONE },
        { "/v2/a", CPROV_ROUTE_NONE },
        { "/v2/tags/list", CPROV_ROUTE_NONE },
        { "/v2/a/tags/other", CPROV_ROUTE_NONE },
        { "/v2/a/blobs/uploads/", CPROV_ROUTE_NONE },
        { "/v2//tags/list", CPROV_ROUTE_BAD_NAME },
        { "/v2/a//b/tags/list", CPROV_ROUTE_BAD_NAME },
        { "/v2/../a/tags/list", CPROV_ROUTE_BAD_NAME },
        { "/v2/%2e%2e/a/tags/list", CPROV_ROUTE_BAD_NAME },
        { "/v2/A/tags/list", CPROV_ROUTE_BAD_NAME },
        { "/v2/a b/tags/list", CPROV_ROUTE_BAD_NAME },
        { "/v2/%c3%a4/tags/list", CPROV_ROUTE_BAD_NAME },
        { "/v2/" A128 A128 "/tags/list", CPROV_ROUTE_BAD_NAME },
        { "/v2/a%2fb/tags/list", CPROV_ROUTE_NONE },
        { "/v2/a%2Fb/tags/list", CPROV_ROUTE_NONE },
        { "/v2/a/manifests/1%00", CPROV_ROUTE_NONE },
        { "/v2/a/manifests/1%0a", CPROV_ROUTE_NONE },
        { "/v2/a/manifests/1%7f", CPROV_ROUTE_NONE },
        { "/v2/a/manifests/1%", CPROV_ROUTE_NONE },
        { "/v2/a/manifests/1%3", CPROV_ROUTE_NONE },
        { "/v2/a/manifests/1%zz", CPROV_ROUTE_NONE },
        { "/v2/a/manifests/", CPROV_ROUTE_ABSENT },
        { "/v2/a/manifests/.x", CPROV_ROUTE_ABSENT },
        { "/v2/a/manifests/" A128 "a", CPROV_ROUTE_ABSENT },
        { "/v2/a/manifests/sha256:12", CPROV_ROUTE_BAD_DIGEST },
        { "/v2/a/blobs/", CPROV_ROUTE_BAD_DIGEST },
        { "/v2/a/blobs/latest", CPROV_ROUTE_BAD_DIGEST },
        { "/v2/a/blobs/" SHA256_EMPTY "0", CPROV_ROUTE_BAD_DIGEST },
        { "/v2/a/blobs/sha256:..%2f..%2fetc%2fpasswd", CPROV_ROUTE_NONE },
        { "/v2/a/blobs/md5:d41d8cd98f00b204e9800998ecf8427e", CPROV_ROUTE_ABSENT },
        { "/v2/a/referrers/sha256:x", CPROV_ROUTE_BAD_DIGEST },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_route r;

        print_message("%s\n", cases[i].path);
        cprov_route_parse(cprov_span_of(cases[i].path), &r);
        assert_int_equal(r.kind, cases[i].kind);
        assert_false(r.has_digest);
    }
}

static void test_too_long(void **state)
{
    char *path = malloc(CPROV_ROUTE_PATH_MAX + 1);
    struct cprov_route r;

    (void)state;
    assert_non_null(path);
    memset(path, '0', CPROV_ROUTE_PATH_MAX + 1);
    memcpy(path, "/v2/a/manifests/", strlen("/v2/a/manifests/"));
    cprov_route_parse(cprov_span_make(path, CPROV_ROUTE_PATH_MAX), &r);
    assert_int_equal(r.kind, CPROV_ROUTE_ABSENT);
    cprov_route_parse(cprov_span_make(path, CPROV_ROUTE_PATH_MAX + 1), &r);
    assert_int_equal(r.kind, CPROV_ROUTE_NONE);
    free(path);
}

static void test_decode(void **state)
{
    char out[4];

    (void)state;
    assert_true(cprov_percent_decode(S(""), out, sizeof(out)));
    assert_string_equal(out, "");
    assert_true(cprov_percent_decode(S("a%2Bb"), out, sizeof(out)));
    assert_string_equal(out, "a+b");
    assert_false(cprov_percent_decode(S("abcd"), out, sizeof(out)));
    assert_string_equal(out, "");
    assert_false(cprov_percent_decode(S("%1"), out, sizeof(out)));
    assert_false(cprov_percent_decode(S("a\0b"), out, sizeof(out)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_tricks),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_decode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
