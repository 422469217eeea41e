/* tests/unit/catalog/document_reader_test.c - the four documents, and what is refused. */
#include "catalog/document/reader.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "entries.h"

#define BASE "https://example.org/lists/catalog.json"
#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEAD "{\"format\":\"container-provider/catalog\",\"formatVersion\":1,"

static void check_base(const char *base, const char *doc, const char *wanted)
{
    static const size_t steps[] = { 1, 2, 3, 7, 64, 100000 };

    for (size_t i = 0; i < CPROV_COUNT(steps); i++) {
        auto_buf struct cprov_buf out = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        cprov_buf_init(&out, CPROV_MIB);
        if (entries_read(cprov_span_of(doc), steps[i], base, &out, &err) < 0)
            fail_msg("%s: %s", doc, err.msg);
        assert_string_equal(cprov_buf_text(&out), wanted);
    }
}

static void check(const char *doc, const char *wanted)
{
    check_base(BASE, doc, wanted);
}

static void test_own(void **state)
{
    (void)state;
    check(HEAD "\"images\":[]}", "");
    check(HEAD
          "\"name\":\"x\",\"created\":\"2024-01-02T03:04:05Z\",\"future\":[{\"a\":1}],"
          "\"images\":[{\"name\":\"NanoServer\",\"description\":\"small\",\"osImage\":true,"
          "\"versions\":[{\"version\":\"10.0.1\",\"digest\":\"sha256:" HASH "\",\"size\":5,"
          "\"created\":\"2024-01-01\",\"platforms\":[\"windows(10.0.1)/amd64\",\"linux/arm64\"],"
          "\"osVersion\":\"10.0.1\",\"mediaType\":\"a/b\",\"imageId\":\"i\",\"notes\":\"n\","
          "\"unknown\":{}},{\"version\":\"10.0.2\",\"description\":\"smaller\",\"osImage\":false,"
          "\"reference\":\"r.example/n:2\",\"publisher\":null}],"
          "\"channels\":{\"latest\":\"10.0.2\",\"cs\":{\"alias\":\"latest\"}}}]}",
          "NanoServer 10.0.1 digest=sha256:" HASH " bytes=5 description=small created=2024-01-01 "
          "platforms=windows(10.0.1)/amd64, linux/arm64 os=10.0.1 type=a/b id=i notes=n is=os\n"
          "NanoServer 10.0.2 reference=r.example/n:2 description=smaller\n"
          "NanoServer latest alias=10.0.2\n"
          "NanoServer cs alias=latest\n");
}

/* One record is one version; the header may come last. */
static void test_flat(void **state)
{
    (void)state;
    check(
        "{\"images\":[{\"name\":\"a\",\"version\":1.10,\"url\":\"x/a.wim?sig=1\",\"sha256\":\"" HASH
        "\",\"size\":\"7\",\"title\":\"A\"},{\"name\":\"A\",\"repository\":\"team/a\",\"version\":"
        "\"2\"}],\"formatVersion\":1,\"format\":\"container-provider/catalog\"}",
        "a 1.10 url=https://example.org/lists/x/a.wim?sig=1 digest=sha256:" HASH
        " bytes=7 title=A\n"
        "team/a 2 name=A\n");
}

static void test_dependencies_and_cultures(void **state)
{
    (void)state;
    check(HEAD "\"images\":[{\"name\":\"a\",\"version\":\"1\",\"dependencies\":[{\"name\":\"b\","
               "\"version\":\"[2.0, 3.0)\"},{\"name\":\"c\"},{\"name\":\"d\",\"version\":\"1\"}],"
               "\"cultures\":{\"de-de\":\"de.cab\",\"en-us\":\"https://e.example/en.cab?s=1\"}}]}",
          "a 1 needs=b [2.0,3.0), c, d 1 "
          "cultures=de-de=https://example.org/lists/de.cab en-us=https://e.example/en.cab?s=1\n");
}

static void test_container_image(void **state)
{
    (void)state;
    check(
        "\xef\xbb\xbf[\r\n{\"Name\":\"NanoServer\",\"Version\":\"10.0.10586.0\","
        "\"Description\":\"Nano\",\"SasToken\":\"https://s.example/n.wim?sv=1&sig=a%2B\"},\r\n"
        "{\"name\":\"WindowsServerCore\",\"VERSION\":\"10.0.10586.8\",\"Extra\":[1]}]\r\n",
        "NanoServer 10.0.10586.0 url=https://s.example/n.wim?sv=1&sig=a%2B description=Nano is=os\n"
        "WindowsServerCore 10.0.10586.8\n");
    check("[]", "");
}

static void test_docker(void **state)
{
    (void)state;
    check("{\"channels\":{\"cs\":{\"version\":\"17.06\"},\"stable\":{\"alias\":\"cs\"}},"
          "\"versions\":{\"17.06\":{\"date\":\"2017-09-01T00:00:00\",\"url\":\"https://d.example/"
          "d.zip\","
          "\"size\":16000000,\"sha256\":"
          "\"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855\","
          "\"notes\":\"text\"},\"18.03.1-ee-4\":{\"size\":\"12\",\"sha256\":\"\",\"notes\":\"\"}}}",
          "Docker cs alias=17.06\n"
          "Docker stable alias=cs\n"
          "Docker 17.06 url=https://d.example/d.zip digest=sha256:" HASH
          " bytes=16000000 created=2017-09-01T00:00:00 notes=text\n"
          "Docker 18.03.1-ee-4 bytes=12\n");
}

static void test_nano_server(void **state)
{
    (void)state;
    check(
        "[{\"Name\":\"Microsoft-NanoServer-DNS-Package\",\"Version\":\"10.0.14393.0\","
        "\"Description\":\"DNS\",\"Sku\":[\"Standard\",\"Datacenter\"],"
        "\"NanoServerVersion\":\"[10.0.14393.0]\",\"Language\":{\"base\":\"https://n.example/"
        "b.cab\","
        "\"de-de\":\"https://n.example/de.cab\",\"en-us\":\"https://n.example/en.cab\"},"
        "\"Dependencies\":[{\"Name\":\"Base\",\"Version\":\"10.0.0.0\"}]}]",
        "Microsoft-NanoServer-DNS-Package 10.0.14393.0 url=https://n.example/b.cab description=DNS "
        "notes=needs Nano Server [10.0.14393.0]; editions: Standard, Datacenter "
        "needs=Base 10.0.0.0 "
        "cultures=de-de=https://n.example/de.cab en-us=https://n.example/en.cab\n");
}

static void test_yaml(void **state)
{
    (void)state;
    check("# a comment\r\nformat: container-provider/catalog\r\nformatVersion: 1\r\nimages:\r\n"
          "  - name: a\r\n    versions:\r\n      - version: 1.10\r\n        size: 5\r\n"
          "        platforms: [linux/amd64]\r\n      - {version: '2', url: b.wim}\r\n"
          "    channels: {latest: '2', old: 1.10, older: {version: 1.10}}\r\n",
          "a 1.10 bytes=5 platforms=linux/amd64\n"
          "a 2 url=https://example.org/lists/b.wim\n"
          "a latest alias=2\n"
          "a old alias=1.10\n"
          "a older alias=1.10\n");
    check("\xef\xbb\xbf- Name: x\n  Version: 1.0\n", "x 1.0\n");
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *base, *url, *wanted;
    } cases[] = {
        { BASE, "a.wim", "https://example.org/lists/a.wim" },
        { BASE, "../a.wim", "https://example.org/a.wim" },
        { BASE, "/a.wim", "https://example.org/a.wim" },
        { BASE, "//o.example/a", "https://o.example/a" },
        { BASE, "file:///etc/passwd", NULL },
        { BASE, "ftp://o.example/a", NULL },
        { BASE, "https://user:pw@o.example/a", NULL },
        { BASE, "a b", NULL },
        { "/srv/c.json", "a.wim", "/srv/a.wim" },
        { "/srv/c.json", "/x/a.wim", "/x/a.wim" },
        { "/srv/c.json", "file:///x/a.wim", "/x/a.wim" },
        { "/srv/c.json", "https://o.example/a?s", "https://o.example/a?s" },
        { "/srv/c.json", "a\\u0007", NULL },
        { NULL, "https://o.example/a", "https://o.example/a" },
        { NULL, "a.wim", NULL },
        { NULL, "/etc/passwd", NULL },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_buf struct cprov_buf doc = { 0 }, out = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        cprov_buf_init(&doc, CPROV_KIB);
        cprov_buf_init(&out, CPROV_KIB);
        cprov_buf_addf(&doc, "[{\"Name\":\"n\",\"Version\":\"1\",\"url\":\"%s\"}]", cases[i].url);
        int code = entries_read(cprov_buf_span(&doc), 1000, cases[i].base, &out, &err);
        print_message("%s: %s\n", cases[i].url, err.msg);
        assert_int_equal(code, cases[i].wanted ? 0 : CPROV_EVERIFY);
        if (!cases[i].wanted)
            continue;
        assert_non_null(strstr(cprov_buf_text(&out), cases[i].wanted));
    }
}

/* What the page shows as documents are documents. */
static void test_documentation(void **state)
{
    (void)state;
    auto_buf struct cprov_buf page = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    size_t examples = 0;

    cprov_buf_init(&page, CPROV_MIB);
    assert_int_equal(cprov_fs_read(AT_FDCWD, CPROV_TEST_DATA "/../../docs/catalog-format.md",
                                   CPROV_MIB, &page, &err),
                     0);
    for (const char *p = cprov_buf_text(&page); (p = strstr(p, "\n```")); p += 4) {
        bool json = strncmp(p, "\n```json\n", 9) == 0;
        auto_buf struct cprov_buf out = { 0 };

        if (!json && strncmp(p, "\n```yaml\n", 9) != 0)
            continue;
        p += 9;
        const char *end = strstr(p, "\n```");
        assert_non_null(end);
        cprov_buf_init(&out, CPROV_MIB);
        if (entries_read(cprov_span_make(p, (size_t)(end - p)), 10, BASE, &out, &err) < 0)
            fail_msg("%s", err.msg);
        assert_true(out.len > 0);
        examples++;
    }
    assert_int_equal(examples, 3);
}

/* --- what is refused --- */

static void check_refused(const char *doc, int code, const char *message)
{
    for (size_t step = 1; step < 200; step += 66) {
        auto_buf struct cprov_buf out = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        cprov_buf_init(&out, CPROV_MIB);
        assert_int_equal(entries_read(cprov_span_of(doc), step, BASE, &out, &err), code);
        assert_string_equal(err.msg, message);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *doc, *message;
    } cases[] = {
        { "", "byte 0: the document is empty" },
        { " \n", "byte 2: the document is empty" },
        { "<html>", "byte 0: a page of HTML or XML" },
        { "{}", "not a known format of image list" },
        { "{\"repositories\":[\"a\"]}", "not a known format of image list" },
        { "hello", "neither JSON nor a list or mapping of YAML" },
        { "\xef\xbb", "byte 2: the document is empty" },
        { "\xef\xbb[]", "byte 0: not UTF-8" },
        { "[1]", "byte 1: row 1: not an object" },
        { "[ {\"Version\":\"1\"}]", "byte 2: row 1: name: missing" },
        { "[{\"Name\":\"n\"}]", "byte 1: row 1 (n): version: missing" },
        { "[{\"Name\":\"n\",\"Version\":\"1\"},{\"Name\":\"m\",\"Version\":[]}]",
          "byte 28: row 2 (m): version: not a text" },
        { "[{\"Name\":\"../n\",\"Version\":\"1\"}]",
          "byte 1: row 1 (../n 1): name: not the name of an image" },
        { "[{\"Name\":\"n\",\"Version\":\"1/2\"}]",
          "byte 1: row 1 (n 1/2): version: not a version" },
        { "[{\"Name\":\"n\",\"Version\":\"1\"}", "byte 27: the document ends too early" },
        { "[{\"Name\":\"n\",\"Version\":\"1\",\"SasToken\":\"https://a b?secret\"}]",
          "byte 1: row 1 (n 1): url: URL contains blanks or control characters" },
        { HEAD "\"images\":{}}", "byte 57: images: not a list" },
        { HEAD
          "\"images\":[{\"name\":\"n\",\"versions\":[{\"version\":\"1\",\"sha256\":\"12\"}]}]}",
          "byte 67: row 1 (n 1): sha256: sha256 digest has 2 digits" },
        { HEAD "\"images\":[{\"name\":\"n\",\"version\":\"1\",\"digest\":\"md5:00\"}]}",
          "byte 67: row 1 (n 1): digest: digest algorithm is not sha256 or sha512" },
        { HEAD "\"images\":[{\"name\":\"n\",\"version\":\"1\",\"size\":-1}]}",
          "byte 67: row 1 (n 1): size: not a size such as 123456789 or 500M" },
        { HEAD "\"images\":[{\"name\":\"n\",\"version\":\"1\",\"size\":\"1.5\"}]}",
          "byte 67: row 1 (n 1): size: not a size such as 123456789 or 500M" },
        { HEAD "\"images\":[{\"name\":\"n\",\"versions\":[1]}]}",
          "byte 67: row 1 (n): not an object" },
        { HEAD "\"images\":[{\"name\":\"n\",\"channels\":{\"a\":{}}}]}",
          "byte 67: row 1 (n): channel a: version: missing" },
        { HEAD
          "\"images\":[{\"name\":\"n\",\"version\":\"1\",\"dependencies\":[{\"name\":\"a b\"}]}]}",
          "byte 67: row 1 (n 1): dependencies: not a list of names and versions" },
        { "[{\"Name\":\"n\",\"Version\":\"1\",\"Dependencies\":[{\"Name\":\"a\",\"Version\":\"1,\"}"
          "]}]",
          "byte 1: row 1 (n 1): dependencies: not a list of names and versions" },
        { "{\"format\":\"other\",\"images\":[]}",
          "byte 1: format: not \"container-provider/catalog\"" },
        { "{\"images\":[],\"format\":\"container-provider/catalog\"}", "formatVersion: missing" },
        { "{\"images\":[],\"formatVersion\":1}", "format: missing" },
        { "{\"format\":\"container-provider/catalog\",\"formatVersion\":2,\"images\":[]}",
          "byte 39: document format 2 is newer than this program" },
        { "{\"formatVersion\":0}", "byte 1: formatVersion: not a number of 1 or more" },
        { "{\"versions\":[]}", "byte 1: versions: not a mapping" },
        { "{\"versions\":{\"1\":{\"sha256\":\"x\"}}}",
          "byte 13: row 1 (Docker 1): sha256: sha256 digest has 1 digits" },
        { "images: [{name: a}]", "row 1 (a): version: missing" },
        { "a: &x 1", "line 1, column 4: anchors of YAML are not supported" },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].doc);
        check_refused(cases[i].doc, CPROV_EVERIFY, cases[i].message);
    }
}

/* Cut anywhere, no document passes for a whole one. */
static void test_cut(void **state)
{
    (void)state;
    struct cprov_span doc = CPROV_SPAN_LITERAL(
        HEAD "\"images\":[{\"name\":\"n\",\"versions\":[{\"version\":\"1\"}]},{\"name\":\"m\","
             "\"version\":\"2\"}]}");

    for (size_t len = 0; len < doc.len; len++) {
        auto_buf struct cprov_buf out = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        cprov_buf_init(&out, CPROV_KIB);
        assert_int_equal(entries_read(cprov_span_make(doc.ptr, len), 5, BASE, &out, &err),
                         CPROV_EVERIFY);
        assert_non_null(strstr(err.msg, "byte "));
    }
}

static void test_limits(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        char fill;
        const char *message;
    } cases[] = {
        { "[{\"Name\":\"", 'x', "byte 1: a record of more than 2097152 bytes" },
        { "a: ", 'x', "YAML is larger than 1048576 bytes" },
        { "", ' ', "the data before the list is larger than 1048576 bytes" },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_buf struct cprov_buf doc = { 0 }, out = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;

        cprov_buf_init(&doc, 16 * CPROV_MIB);
        cprov_buf_init(&out, CPROV_KIB);
        cprov_buf_add_text(&doc, cases[i].before);
        while (doc.len < 10 * CPROV_MIB)
            cprov_buf_add_char(&doc, cases[i].fill);
        assert_int_equal(entries_read(cprov_buf_span(&doc), 100000, BASE, &out, &err),
                         CPROV_ELIMIT);
        print_message("%s\n", err.msg);
        assert_string_equal(err.msg, cases[i].message);
    }
}

static int refuse(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    (void)entry;
    ++*(int *)arg;
    return cprov_fail(err, CPROV_EVERIFY, "not that one");
}

static void test_callback(void **state)
{
    (void)state;
    static const char *const docs[] = {
        "[{\"Name\":\"n\",\"Version\":\"1\"},{\"Name\":\"n\",\"Version\":\"2\"}]",
        HEAD "\"images\":[{\"name\":\"n\",\"channels\":{\"a\":\"b\"}}]}",
    };

    for (size_t i = 0; i < CPROV_COUNT(docs); i++) {
        auto_catalog_reader struct cprov_catalog_reader *r = NULL;
        struct cprov_error err = CPROV_ERROR_INIT, again = CPROV_ERROR_INIT;
        int calls = 0;
        struct cprov_catalog_reader_options options = { .entry = refuse, .arg = &calls };

        assert_int_equal(cprov_catalog_reader_new(&options, &r, &err), 0);
        assert_int_equal(cprov_catalog_reader_feed(r, docs[i], strlen(docs[i]), &err),
                         CPROV_EVERIFY);
        assert_string_equal(err.msg, "not that one");
        assert_int_equal(cprov_catalog_reader_finish(r, &again), CPROV_EVERIFY);
        assert_int_equal(calls, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_flat),
        cmocka_unit_test(test_dependencies_and_cultures),
        cmocka_unit_test(test_container_image),
        cmocka_unit_test(test_docker),
        cmocka_unit_test(test_nano_server),
        cmocka_unit_test(test_yaml),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_documentation),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
