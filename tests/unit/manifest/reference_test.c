/* tests/unit/manifest/reference_test.c - names of images. */
#include "manifest/reference.h"

#include "base/error.h"
#include "unit.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_parse(void **state)
{
    static const struct {
        const char *text;
        const char *host;
        const char *repository;
        const char *tag;
        bool has_host;
        const char *familiar; /* NULL: as the text */
    } cases[] = {
        { "alpine", "docker.io", "library/alpine", "", false, NULL },
        { "alpine:3.20", "docker.io", "library/alpine", "3.20", false, NULL },
        { "user/name", "docker.io", "user/name", "", false, NULL },
        { "docker.io/alpine", "docker.io", "library/alpine", "", true, "alpine" },
        { "docker.io/library/alpine", "docker.io", "library/alpine", "", true, "alpine" },
        { "index.docker.io/a/b:c", "docker.io", "a/b", "c", true, "a/b:c" },
        { "Registry-1.Docker.IO/a", "docker.io", "library/a", "", true, "a" },
        { "docker.io/a.b/c", "docker.io", "a.b/c", "", true, "docker.io/a.b/c" },
        { "docker.io/library/a/b", "docker.io", "library/a/b", "", true, "library/a/b" },
        { "docker.io/" HEX, "docker.io", "library/" HEX, "", true, "library/" HEX },
        { HEX ":tag", "docker.io", "library/" HEX, "tag", false, "library/" HEX ":tag" },
        { "host:5000/name", "host:5000", "name", "", true, NULL },
        { "host:5000/name:tag", "host:5000", "name", "tag", true, NULL },
        { "host:5000", "docker.io", "library/host", "5000", false, NULL },
        { "localhost/a", "localhost", "a", "", true, NULL },
        { "LOCALHOST:80/a", "localhost:80", "a", "", true, "localhost:80/a" },
        { "[::1]:5000/a/b:c", "[::1]:5000", "a/b", "c", true, NULL },
        { "[2001:DB8::1]/a", "[2001:db8::1]", "a", "", true, "[2001:db8::1]/a" },
        { "127.0.0.1:5000/a__b/c.d/e--f", "127.0.0.1:5000", "a__b/c.d/e--f", "", true, NULL },
        { "mcr.microsoft.com/windows/nanoserver:10.0.20348.2113_x-y", "mcr.microsoft.com",
          "windows/nanoserver", "10.0.20348.2113_x-y", true, NULL },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_reference r;
        auto_buf struct cprov_buf out;

        print_message("%s\n", cases[i].text);
        cprov_buf_init(&out, 1024);
        assert_int_equal(cprov_reference_parse(cprov_span_of(cases[i].text), &r, CPROV_IGNORED), 0);
        assert_string_equal(r.host, cases[i].host);
        assert_string_equal(r.repository, cases[i].repository);
        assert_string_equal(r.tag, cases[i].tag);
        assert_int_equal(r.has_host, cases[i].has_host);
        assert_false(r.has_digest);
        cprov_reference_format_familiar(&r, &out);
        assert_string_equal(cprov_buf_text(&out),
                            cases[i].familiar ? cases[i].familiar : cases[i].text);
        assert_int_equal(cprov_reference_names_host(cprov_span_of(cases[i].text)),
                         cases[i].has_host);
    }
}

static void test_digest(void **state)
{
    struct cprov_reference r;
    auto_buf struct cprov_buf out;

    (void)state;
    cprov_buf_init(&out, 1024);
    assert_int_equal(cprov_reference_parse(S("alpine:3@" SHA256_EMPTY), &r, CPROV_IGNORED), 0);
    assert_true(r.has_digest);
    assert_string_equal(r.tag, "3");
    cprov_reference_format(&r, &out);
    assert_string_equal(cprov_buf_text(&out), "docker.io/library/alpine:3@" SHA256_EMPTY);
    cprov_buf_reset(&out);
    assert_int_equal(cprov_reference_parse(S("h:1/a@" SHA512_EMPTY), &r, CPROV_IGNORED), 0);
    assert_string_equal(r.tag, "");
    cprov_reference_format_familiar(&r, &out);
    assert_string_equal(cprov_buf_text(&out), "h:1/a@" SHA512_EMPTY);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        const char *named;
    } cases[] = {
        { "", "empty" },
        { HEX, "64 hex" },
        { "name:", "tag is empty" },
        { "name:@" SHA256_EMPTY, "tag is empty" },
        { "host:5000/name:", "tag is empty" },
        { "name:.tag", "tag begins" },
        { "name:a b", "tag has" },
        { ":tag", "repository" },
        { "@" SHA256_EMPTY, "repository" },
        { "name@", "'@'" },
        { "name@sha256:0", "'@'" },
        { "name@md5:d41d8cd98f00b204e9800998ecf8427e", "'@'" },
        { "name@" SHA256_EMPTY "@" SHA256_EMPTY, "'@'" },
        { "Name", "repository" },
        { "a//b", "repository" },
        { "/a", "repository" },
        { "a/", "repository" },
        { "docker.io/", "repository" },
        { "a/../b", "repository" },
        { "a/.b", "repository" },
        { "a___b", "repository" },
        { "a..b", "repository" },
        { "a-", "repository" },
        { "host:0/a", "port" },
        { "host:65536/a", "port" },
        { "host:/a", "port" },
        { "host:99999999999999999999/a", "port" },
        { "[::1/a", "']'" },
        { "[::g]/a", "host" },
        { "[::1]x/a", "port" },
        { "-a.b/c", "host" },
        { "a..b/c", "host" },
        { "a.b\xc3\xa4/c", "host" },
        { "https://example.com/a", "https" },
        { "user:pw@example.com/a", "'@'" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_reference r, before;
        struct cprov_error err = CPROV_ERROR_INIT;

        memset(&r, 0x5a, sizeof(r));
        memcpy(&before, &r, sizeof(r));
        print_message("'%s'\n", cases[i].text);
        assert_int_equal(cprov_reference_parse(cprov_span_of(cases[i].text), &r, &err),
                         CPROV_EINVAL);
        print_message("  %s\n", err.msg);
        assert_non_null(strstr(err.msg, cases[i].named));
        assert_null(strstr(err.msg, "pw"));
        assert_memory_equal(&r, &before, sizeof(r));
    }
}

static void test_lengths(void **state)
{
    char text[600];
    struct cprov_reference r;

    (void)state;
    memset(text, 't', sizeof(text));
    memcpy(text, "name:", 5);
    assert_int_equal(cprov_reference_parse(cprov_span_make(text, 5 + 128), &r, CPROV_IGNORED), 0);
    assert_int_equal(strlen(r.tag), 128);
    assert_int_equal(cprov_reference_parse(cprov_span_make(text, 5 + 129), &r, CPROV_IGNORED),
                     CPROV_EINVAL);
    assert_int_equal(cprov_reference_check_tag(cprov_span_make(text + 5, 128), CPROV_IGNORED), 0);
    assert_int_equal(cprov_reference_check_tag(cprov_span_make(text + 5, 129), CPROV_IGNORED),
                     CPROV_EINVAL);

    memcpy(text, "a.b/t", 5);
    assert_int_equal(cprov_reference_parse(cprov_span_make(text, 255), &r, CPROV_IGNORED), 0);
    assert_int_equal(strlen(r.repository), 251);
    assert_int_equal(cprov_reference_parse(cprov_span_make(text, 256), &r, CPROV_IGNORED),
                     CPROV_EINVAL);
    /* What is filled in counts as well: "docker.io/library/" is 18 bytes. */
    assert_int_equal(cprov_reference_parse(cprov_span_make(text + 4, 255 - 18), &r, CPROV_IGNORED),
                     0);
    assert_int_equal(cprov_reference_parse(cprov_span_make(text + 4, 256 - 18), &r, CPROV_IGNORED),
                     CPROV_EINVAL);
}

static void test_names_host(void **state)
{
    (void)state;
    assert_false(cprov_reference_names_host(S("")));
    assert_false(cprov_reference_names_host(S("a/b")));
    assert_false(cprov_reference_names_host(S("a.b")));
    assert_false(cprov_reference_names_host(S("a.b/")));
    assert_true(cprov_reference_names_host(S("a.b/c")));
    assert_true(cprov_reference_names_host(S("[::1]/c")));
    assert_int_equal(cprov_reference_check_host(S(""), CPROV_IGNORED), CPROV_EINVAL);
    assert_int_equal(cprov_reference_check_repository(S(""), CPROV_IGNORED), CPROV_EINVAL);
    assert_int_equal(cprov_reference_check_tag(S(""), CPROV_IGNORED), CPROV_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_digest),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_names_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
