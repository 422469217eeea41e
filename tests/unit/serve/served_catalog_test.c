/* tests/unit/serve/served_catalog_test.c - the catalog of what is served, as a document. */
#include "serve/served_catalog_private.h"

#include <unistd.h>

#include "catalog/document/reader.h"
#include "layout.h"
#include "serve/served_private.h"
#include "serve/service_private.h"

struct fixture {
    struct layout layout;
    struct cprov_served *served;
};

static void begin(struct fixture *f)
{
    layout_open(&f->layout);
}

static struct cprov_view *view_of(struct fixture *f)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    layout_write(&f->layout);
    if (!f->served && cprov_served_new(f->layout.store, &f->served, &err) < 0)
        fail_msg("%s", err.msg);
    return cprov_served_view(f->served);
}

static void end(struct fixture *f)
{
    cprov_served_free(f->served);
    layout_close(&f->layout);
}

/* The document for a host, read in pieces of a size; c is released. */
static void read_back(struct cprov_served_catalog *c, const char *host, size_t step,
                      struct cprov_buf *out)
{
    char piece[4096];
    ssize_t got;

    assert_true(step <= sizeof(piece));
    cprov_buf_init(out, 64 * CPROV_MIB);
    while ((got = cprov_served_catalog_read(c, host, out->len, piece, step)) > 0)
        cprov_buf_add(out, piece, (size_t)got);
    assert_int_equal(got, 0);
    assert_int_equal(out->len, cprov_served_catalog_size(c, host));
    cprov_served_catalog_release(c);
}

static struct cprov_served_catalog *make(struct cprov_view *v)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_served_catalog *made = NULL;

    if (cprov_view_catalog(v, &made, &err) < 0)
        fail_msg("%s", err.msg);
    return made;
}

struct listed {
    const struct cprov_descriptor *image;
    size_t count;
};

static int note_entry(void *arg, const struct cprov_entry *e, struct cprov_error *err)
{
    struct listed *l = arg;
    char reference[64];

    (void)err;
    print_message("%s %s %s\n", e->repository, e->version, e->reference);
    snprintf(reference, sizeof(reference), "host:1/%s:%s", e->repository, e->version);
    assert_string_equal(e->reference, reference);
    assert_true(e->complete);
    assert_true(cprov_digest_equal(e->digest, &l->image->digest));
    assert_string_equal(e->media_type, CPROV_MT_OCI_MANIFEST);
    if (strcmp(e->repository, "win/server") == 0)
        assert_string_equal(e->name, "Server");
    l->count++;
    return 0;
}

/* What our own clients make of it. */
static void assert_listed(struct cprov_span document, const struct cprov_descriptor *image,
                          size_t count)
{
    auto_catalog_reader struct cprov_catalog_reader *r = NULL;
    struct listed l = { .image = image };
    struct cprov_catalog_reader_options options = { .entry = note_entry, .arg = &l };
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_catalog_reader_new(&options, &r, &err) < 0 ||
        cprov_catalog_reader_feed(r, document.ptr, document.len, &err) < 0 ||
        cprov_catalog_reader_finish(r, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(l.count, count);
}

static void test_document(void **state)
{
    struct fixture f = { .served = NULL };
    char tags[3][CPROV_DIGEST_TEXT_MAX];
    struct cprov_buf text;

    (void)state;
    begin(&f);
    struct cprov_descriptor d = layout_image(&f.layout, "x", NULL, NULL);
    LAYOUT_ENTRY(&f.layout, &d, "Server", "1.0", "r.example/win/server:ltsc");
    LAYOUT_ENTRY(&f.layout, &d, "app", "2.0");
    struct cprov_view *v = view_of(&f);
    struct cprov_served_catalog *file = make(v);
    assert_ptr_equal(file, make(v)); /* one for all */
    cprov_served_catalog_release(file);
    cprov_served_catalog_etag(file, "host:1", tags[0]);
    cprov_served_catalog_etag(file, "host:1", tags[1]);
    cprov_served_catalog_etag(file, "other", tags[2]);
    assert_string_equal(tags[0], tags[1]);
    assert_string_not_equal(tags[0], tags[2]);
    read_back(file, "host:1", 4096, &text);
    assert_listed(cprov_buf_span(&text), &d, 3);
    assert_null(strstr(cprov_buf_text(&text), "host:1/server")); /* its other place */
    cprov_buf_clear(&text);
    cprov_view_release(v);
    end(&f);
}

/* The same entries give the same tag, in another view and another order; a change another one. */
static void test_etags(void **state)
{
    struct fixture f = { .served = NULL };
    char tags[3][CPROV_DIGEST_TEXT_MAX];

    (void)state;
    begin(&f);
    struct cprov_descriptor a = layout_image(&f.layout, "a", NULL, NULL);
    struct cprov_descriptor b = layout_image(&f.layout, "b", NULL, NULL);
    for (int i = 0; i < 3; i++) {
        cprov_buf_reset(&f.layout.entries);
        if (i == 0) {
            LAYOUT_ENTRY(&f.layout, &a, "a", "1");
            LAYOUT_ENTRY(&f.layout, &b, "b", "1");
        } else {
            LAYOUT_ENTRY(&f.layout, &b, "b", "1");
            LAYOUT_ENTRY(&f.layout, i == 1 ? &a : &b, "a", "1");
        }
        struct cprov_view *v = view_of(&f);
        struct cprov_served_catalog *made = make(v);
        cprov_served_catalog_etag(made, "h:1", tags[i]);
        cprov_served_catalog_release(made);
        cprov_view_release(v);
    }
    assert_string_equal(tags[0], tags[1]);
    assert_string_not_equal(tags[0], tags[2]);
    end(&f);
}

/* S9: many names for us are one file, read by offset: in pieces of any size it is the same. */
static void test_S9_many_hosts(void **state)
{
    static const size_t steps[] = { 1, 2, 3, 7, 64, 1000, 4096 };
    struct fixture f = { .served = NULL };
    char host[32], wanted[48];
    struct cprov_buf whole, text;

    (void)state;
    begin(&f);
    struct cprov_descriptor d = layout_image(&f.layout, "x", NULL, NULL);
    for (int i = 0; i < 2000; i++) {
        char version[16];

        snprintf(version, sizeof(version), "1.%d", i);
        LAYOUT_ENTRY(&f.layout, &d, "app", version);
    }
    struct cprov_view *v = view_of(&f);
    for (size_t i = 0; i < CPROV_COUNT(steps); i++) {
        snprintf(host, sizeof(host), "h%.*s:1", (int)i * 3, "-long-name-of-a-host");
        snprintf(wanted, sizeof(wanted), "\"%s/app:1.1999\"", host);
        read_back(make(v), host, 4096, &whole);
        assert_true(whole.len > 64 * CPROV_KIB); /* several pieces */
        assert_non_null(strstr(cprov_buf_text(&whole), wanted));
        read_back(make(v), host, steps[i], &text);
        assert_true(cprov_span_equal(cprov_buf_span(&whole), cprov_buf_span(&text)));
        cprov_buf_clear(&whole);
        cprov_buf_clear(&text);
    }
    cprov_view_release(v);
    end(&f);
}

static void test_hosts(void **state)
{
    static const struct {
        const char *header;
        bool tls;
        const char *expected;
    } cases[] = {
        { NULL, false, "127.0.0.1:5000" },
        { "", false, "127.0.0.1:5000" },
        { "Mirror.Example:8080", false, "mirror.example:8080" },
        { "localhost", true, "localhost" },
        { "mirror", false, "mirror:80" },
        { "mirror", true, "mirror:443" },
        { "[::1]:5000", false, "[::1]:5000" },
        { "a b", false, "127.0.0.1:5000" },
        { "<script>", false, "127.0.0.1:5000" },
        { "host/path", false, "127.0.0.1:5000" },
        { "user@host", false, "127.0.0.1:5000" },
        { "host:port", false, "127.0.0.1:5000" },
        { "\"", false, "127.0.0.1:5000" },
    };
    char out[CPROV_NAME_MAX + 1], longest[400];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_service service = { .address = "127.0.0.1:5000", .tls = cases[i].tls };

        print_message("%s\n", cases[i].header ? cases[i].header : "-");
        cprov_service_host(&service, cases[i].header, out);
        assert_string_equal(out, cases[i].expected);
    }
    struct cprov_service service = { .address = "127.0.0.1:5000" };
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    cprov_service_host(&service, longest, out);
    assert_string_equal(out, "127.0.0.1:5000");
}

/* S18: on loopback somebody else's name for it is refused. */
static void test_S18_whose_host(void **state)
{
    static const struct {
        const char *host;
        bool answered;
    } cases[] = {
        { NULL, true },
        { "", true },
        { "localhost", true },
        { "LocalHost:5000", true },
        { "localhost.:5000", true },
        { "127.0.0.1:5000", true },
        { "127.9.9.9", true },
        { "[::1]:5000", true },
        { "mirror.example", true }, /* given with hosts */
        { "Mirror.Example:80", true },
        { "evil.example", false },
        { "evil.example:5000", false },
        { "127.0.0.1.evil.example", false },
        { "[::1].evil.example", false },
        { "localhost.evil.example", false },
        { "a.mirror.example", false },
        { "192.0.2.1", false },
        { "[::2]", false },
        { "0.0.0.0", false },
        { ":5000", false },
    };
    static const char *const hosts[] = { "mirror.example:443" };
    struct cprov_service service = { .loopback = true, .hosts = hosts, .hosts_count = 1 };
    struct cprov_service open = { .loopback = false };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].host ? cases[i].host : "-");
        assert_int_equal(cprov_service_answers(&service, cases[i].host), cases[i].answered);
        assert_true(cprov_service_answers(&open, cases[i].host));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),       cmocka_unit_test(test_etags),
        cmocka_unit_test(test_S9_many_hosts),  cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_S18_whose_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
