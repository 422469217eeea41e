/* Tests of net/url.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "net/url.h"

static void parses_what_is_a_url(void **state)
{
    static const struct {
        const char *text;
        bool https;
        const char *host;
        unsigned port;
        const char *path, *query;
    } cases[] = {
        { "https://registry-1.docker.io/v2/", true, "registry-1.docker.io", 443, "/v2/", "" },
        { "http://127.0.0.1:5000", false, "127.0.0.1", 5000, "", "" },
        { "HTTP://h/", false, "h", 80, "/", "" },
        { "https://[::1]:8443/a?b=c&d", true, "[::1]", 8443, "/a", "b=c&d" },
        { "https://[fe80::1%25eth0]/", true, "[fe80::1%25eth0]", 443, "/", "" },
        { "https://h:/x", true, "h", 443, "/x", "" },
        { "https://h?q=/@x", true, "h", 443, "", "q=/@x" },
        { "https://h/p?a?b#frag?c", true, "h", 443, "/p", "a?b" },
        { "https://h#@evil/", true, "h", 443, "", "" },
        { "https://h:65535/", true, "h", 65535, "/", "" },
        { "https://under_score.example/", true, "under_score.example", 443, "/", "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_url u;

        print_message("%s\n", cases[i].text);
        assert_int_equal(cprov_url_parse(cprov_span_of(cases[i].text), &u, &err), 0);
        assert_int_equal(u.https, cases[i].https);
        assert_true(cprov_span_is(u.host, cases[i].host));
        assert_int_equal(u.port, cases[i].port);
        assert_true(cprov_span_is(u.path, cases[i].path));
        assert_true(cprov_span_is(u.query, cases[i].query));
    }
}

static void refuses_what_is_none(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "", "begin with" },
        { "registry.example/v2", "begin with" },
        { "/v2/", "begin with" },
        { "ftp://h/", "ftp" },
        { "file:///etc/passwd", "file" },
        { "https:/h/", "no host" },
        { "https://", "valid host" },
        { "https:///x", "valid host" },
        { "https://:80/", "valid host" },
        { "https://user@h/", "user name" },
        { "https://user:secret@h/", "user name" },
        { "https://good\\@evil/", "user name" },
        { "https://good\\.evil/", "valid host" },
        { "https://h%2fevil/", "valid host" },
        { "https://b\xc3\xbc"
          "cher.example/",
          "valid host" },
        { "https://[::1/", "valid host" },
        { "https://[::1]x/", "valid host" },
        { "https://[]/", "valid host" },
        { "https://h:0/", "port" },
        { "https://h:65536/", "port" },
        { "https://h:99999999999999999999/", "port" },
        { "https://h:8x/", "port" },
        { "https://h/a b", "blanks" },
        { "https://h/a\r\nX: y", "blanks" },
        { "https://h/\x7f", "blanks" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_url u = { .port = 7 };

        print_message("%s\n", cases[i].text);
        assert_int_equal(cprov_url_parse(cprov_span_of(cases[i].text), &u, &err), CPROV_EINVAL);
        assert_int_equal(u.port, 7);
        assert_non_null(strstr(err.msg, cases[i].message));
        assert_null(strstr(err.msg, "secret"));
    }
}

static void length_is_limited(void **state)
{
    static char text[CPROV_URL_MAX + 1];
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_url u = { .port = 7 };

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "https://h/", 10);
    assert_int_equal(cprov_url_parse(cprov_span_make(text, sizeof(text)), &u, &err), CPROV_EINVAL);
    assert_int_equal(u.port, 7);
    assert_int_equal(cprov_url_parse(cprov_span_make(text, sizeof(text) - 1), &u, &err), 0);

    memset(text, 'a', sizeof(text));
    memcpy(text, "https://", 8);
    assert_int_equal(cprov_url_parse(cprov_span_make(text, 8 + 256), &u, &err), CPROV_EINVAL);
    assert_int_equal(cprov_url_parse(cprov_span_make(text, 8 + 255), &u, &err), 0);
}

static const char *resolved(const char *base, const char *reference, struct cprov_buf *out)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_reset(out);
    if (cprov_url_resolve(cprov_span_of(base), cprov_span_of(reference), out, &err) < 0)
        return "(failed)";
    return cprov_buf_text(out);
}

/* RFC 3986, 5.4, as far as it concerns http, and what registries send. */
static void resolves_references(void **state)
{
    static const struct {
        const char *base, *reference, *expected;
    } cases[] = {
        { "http://a/b/c/d;p?q", "g", "http://a/b/c/g" },
        { "http://a/b/c/d;p?q", "./g", "http://a/b/c/g" },
        { "http://a/b/c/d;p?q", "g/", "http://a/b/c/g/" },
        { "http://a/b/c/d;p?q", "/g", "http://a/g" },
        { "http://a/b/c/d;p?q", "//g", "http://g/" },
        { "http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y" },
        { "http://a/b/c/d;p?q", "g?y", "http://a/b/c/g?y" },
        { "http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q" },
        { "http://a/b/c/d;p?q", "g?y#s", "http://a/b/c/g?y" },
        { "http://a/b/c/d;p?q", ";x", "http://a/b/c/;x" },
        { "http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q" },
        { "http://a/b/c/d;p?q", ".", "http://a/b/c/" },
        { "http://a/b/c/d;p?q", "..", "http://a/b/" },
        { "http://a/b/c/d;p?q", "../g", "http://a/b/g" },
        { "http://a/b/c/d;p?q", "../..", "http://a/" },
        { "http://a/b/c/d;p?q", "../../../g", "http://a/g" },
        { "http://a/b/c/d;p?q", "/../g", "http://a/g" },
        { "http://a/b/c/d;p?q", "g..", "http://a/b/c/g.." },
        { "http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x" },
        { "https://r:443/v2/_catalog", "/v2/_catalog?last=b&n=2",
          "https://r/v2/_catalog?last=b&n=2" },
        { "https://r:5000/v2/x/tags/list?n=2", "list?n=2&last=z",
          "https://r:5000/v2/x/tags/list?n=2&last=z" },
        { "https://r", "v2/", "https://r/v2/" },
        { "https://r/v2", "//CDN.example:80/x", "https://cdn.example:80/x" },
        { "https://r/v2", "http://[::1]:5000/x", "http://[::1]:5000/x" },
        { "https://r/v2", "https://h/a/../b?sig=%2F..", "https://h/b?sig=%2F.." },
        { "https://r/v2", "javascript:alert(1)", "(failed)" },
        { "https://r/v2", "https://u:p@h/", "(failed)" },
        { "https://r/v2", "//u@h/", "(failed)" },
        { "https://r/v2", "/a b", "(failed)" },
        { "r/v2", "/a", "(failed)" },
    };
    auto_buf struct cprov_buf out;

    (void)state;
    cprov_buf_init(&out, CPROV_URL_MAX);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s + %s\n", cases[i].base, cases[i].reference);
        assert_string_equal(resolved(cases[i].base, cases[i].reference, &out), cases[i].expected);
    }
}

static void resolving_leaves_the_output_when_it_fails(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf out;
    static char path[CPROV_URL_MAX];

    (void)state;
    cprov_buf_init(&out, CPROV_URL_MAX);
    cprov_buf_add_text(&out, "before ");
    memset(path, 'p', sizeof(path));
    assert_int_equal(cprov_url_resolve(CPROV_SPAN_LITERAL("https://h/"),
                                       cprov_span_make(path, sizeof(path)), &out, &err),
                     CPROV_EINVAL);
    assert_string_equal(cprov_buf_text(&out), "before ");
    assert_int_equal(
        cprov_url_resolve(CPROV_SPAN_LITERAL("https://h/"), CPROV_SPAN_LITERAL("x"), &out, &err),
        0);
    assert_string_equal(cprov_buf_text(&out), "before https://h/x");
}

static bool same(const char *a, const char *b)
{
    struct cprov_url x, y;

    assert_int_equal(cprov_url_parse(cprov_span_of(a), &x, CPROV_IGNORED), 0);
    assert_int_equal(cprov_url_parse(cprov_span_of(b), &y, CPROV_IGNORED), 0);
    return cprov_url_same_origin(&x, &y);
}

static void compares_origins(void **state)
{
    (void)state;
    assert_true(same("https://h/a", "https://H:443/b?c"));
    assert_true(same("http://h:80", "http://h/"));
    assert_false(same("https://h", "http://h"));
    assert_false(same("https://h", "https://h:8443"));
    assert_false(same("https://h", "https://h.example"));
    assert_false(same("http://h:443", "https://h"));
}

static void shows_no_secrets(void **state)
{
    static const struct {
        const char *text, *shown;
    } cases[] = {
        { "https://h:443/a/b?X-Amz-Signature=secret", "https://h/a/b" },
        { "http://h:5000", "http://h:5000" },
        { "https://user:secret@h/", "(a URL that cannot be shown)" },
        { "", "(a URL that cannot be shown)" },
    };
    auto_buf struct cprov_buf out;

    (void)state;
    cprov_buf_init(&out, CPROV_URL_MAX);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        cprov_buf_reset(&out);
        cprov_url_shown(cprov_span_of(cases[i].text), &out);
        assert_string_equal(cprov_buf_text(&out), cases[i].shown);
    }
}

static void formats_origins(void **state)
{
    auto_buf struct cprov_buf out;
    struct cprov_url u;

    (void)state;
    cprov_buf_init(&out, CPROV_URL_MAX);
    assert_int_equal(
        cprov_url_parse(CPROV_SPAN_LITERAL("https://Auth.Docker.IO:443/token"), &u, CPROV_IGNORED),
        0);
    cprov_url_origin(&u, &out);
    assert_string_equal(cprov_buf_text(&out), "https://auth.docker.io");
}

static void escapes(void **state)
{
    auto_buf struct cprov_buf out;

    (void)state;
    cprov_buf_init(&out, CPROV_URL_MAX);
    cprov_url_escape(&out, CPROV_SPAN_LITERAL("a-B_9.~/\xff %?&+"), false);
    assert_string_equal(cprov_buf_text(&out), "a-B_9.~%2F%FF%20%25%3F%26%2B");
    cprov_buf_reset(&out);
    cprov_url_escape(&out, CPROV_SPAN_LITERAL("a/b c"), true);
    assert_string_equal(cprov_buf_text(&out), "a/b%20c");
    cprov_buf_reset(&out);
    cprov_url_escape(&out, (struct cprov_span){ 0 }, true);
    assert_string_equal(cprov_buf_text(&out), "");
}

static void adds_queries(void **state)
{
    auto_buf struct cprov_buf out;

    (void)state;
    cprov_buf_init(&out, CPROV_URL_MAX);
    cprov_buf_add_text(&out, "https://h/token");
    cprov_url_add_query(&out, "service", CPROV_SPAN_LITERAL("h:5000"));
    cprov_url_add_query(&out, "scope", CPROV_SPAN_LITERAL("repository:a/b:pull"));
    cprov_url_add_query(&out, "e", (struct cprov_span){ 0 });
    assert_string_equal(cprov_buf_text(&out),
                        "https://h/token?service=h%3A5000&scope=repository%3Aa%2Fb%3Apull&e=");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_what_is_a_url),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(length_is_limited),
        cmocka_unit_test(resolves_references),
        cmocka_unit_test(resolving_leaves_the_output_when_it_fails),
        cmocka_unit_test(compares_origins),
        cmocka_unit_test(shows_no_secrets),
        cmocka_unit_test(formats_origins),
        cmocka_unit_test(escapes),
        cmocka_unit_test(adds_queries),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
