/* tests/unit/mirror/served_catalog_test.c - the catalog of what is served, as a document. */
#include "mirror/served_catalog.h"

#include <unistd.h>

#include "layout.h"
#include "mirror/served.h"
#include "mirror/site.h"
#include "registry/catalog_reader.h"

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

/* The document; `file` is closed. */
static void read_back(struct cprov_served_catalog *file, struct cprov_buf *out)
{
    char piece[4096];
    struct cprov_digest digest;
    char text[CPROV_DIGEST_TEXT_MAX];
    ssize_t got;

    cprov_buf_init(out, 64 * CPROV_MIB);
    for (off_t at = 0; (got = pread(file->fd, piece, sizeof(piece), at)) > 0; at += got)
        cprov_buf_add(out, piece, (size_t)got);
    assert_int_equal(out->len, file->size);
    assert_int_equal(cprov_digest_of(CPROV_SHA256, cprov_buf_span(out), &digest, NULL), 0);
    assert_string_equal(cprov_digest_format(&digest, text), file->etag);
    cprov_served_catalog_close(file);
}

static void make(struct cprov_view *v, const char *host, struct cprov_served_catalog *out)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_view_catalog(v, host, out, &err) < 0)
        fail_msg("%s", err.msg);
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
    struct cprov_served_catalog file, again, other;
    struct cprov_buf text;

    (void)state;
    begin(&f);
    struct cprov_descriptor d = layout_image(&f.layout, "x", NULL, NULL);
    LAYOUT_ENTRY(&f.layout, &d, "Server", "1.0", "r.example/win/server:ltsc");
    LAYOUT_ENTRY(&f.layout, &d, "app", "2.0");
    struct cprov_view *v = view_of(&f);
    make(v, "host:1", &file);
    make(v, "host:1", &again);
    make(v, "other", &other);
    assert_string_equal(file.etag, again.etag);
    assert_string_not_equal(file.etag, other.etag);
    cprov_served_catalog_close(&again);
    cprov_served_catalog_close(&other);
    read_back(&file, &text);
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
    struct cprov_served_catalog first, second, third;

    (void)state;
    begin(&f);
    struct cprov_descriptor a = layout_image(&f.layout, "a", NULL, NULL);
    struct cprov_descriptor b = layout_image(&f.layout, "b", NULL, NULL);
    LAYOUT_ENTRY(&f.layout, &a, "a", "1");
    LAYOUT_ENTRY(&f.layout, &b, "b", "1");
    struct cprov_view *v = view_of(&f);
    make(v, "h:1", &first);
    cprov_view_release(v);
    cprov_buf_reset(&f.layout.entries);
    LAYOUT_ENTRY(&f.layout, &b, "b", "1");
    LAYOUT_ENTRY(&f.layout, &a, "a", "1");
    v = view_of(&f);
    make(v, "h:1", &second);
    cprov_view_release(v);
    assert_string_equal(first.etag, second.etag);
    cprov_buf_reset(&f.layout.entries);
    LAYOUT_ENTRY(&f.layout, &b, "b", "1");
    LAYOUT_ENTRY(&f.layout, &b, "a", "1");
    v = view_of(&f);
    make(v, "h:1", &third);
    cprov_view_release(v);
    assert_string_not_equal(first.etag, third.etag);
    cprov_served_catalog_close(&first);
    cprov_served_catalog_close(&second);
    cprov_served_catalog_close(&third);
    end(&f);
}

/* Many names for us: the documents that are kept make room, those handed out stay whole. */
static void test_many_hosts(void **state)
{
    struct fixture f = { .served = NULL };
    struct cprov_served_catalog files[3 * CPROV_SERVED_CATALOGS_MAX];
    char host[32], wanted[48];
    struct cprov_buf text;

    (void)state;
    begin(&f);
    struct cprov_descriptor d = layout_image(&f.layout, "x", NULL, NULL);
    for (int i = 0; i < 2000; i++) {
        char version[16];

        snprintf(version, sizeof(version), "1.%d", i);
        LAYOUT_ENTRY(&f.layout, &d, "app", version);
    }
    struct cprov_view *v = view_of(&f);
    for (size_t i = 0; i < CPROV_COUNT(files); i++) {
        snprintf(host, sizeof(host), "h%zu:1", i);
        make(v, host, &files[i]);
    }
    cprov_view_release(v);
    for (size_t i = 0; i < CPROV_COUNT(files); i++) {
        snprintf(wanted, sizeof(wanted), "h%zu:1/app:1.1999", i);
        read_back(&files[i], &text);
        assert_true(text.len > 64 * CPROV_KIB); /* several pieces */
        assert_non_null(strstr(cprov_buf_text(&text), wanted));
        cprov_buf_clear(&text);
    }
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
        struct cprov_site site = { .address = "127.0.0.1:5000", .tls = cases[i].tls };

        print_message("%s\n", cases[i].header ? cases[i].header : "-");
        cprov_site_host(&site, cases[i].header, out);
        assert_string_equal(out, cases[i].expected);
    }
    struct cprov_site site = { .address = "127.0.0.1:5000" };
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    cprov_site_host(&site, longest, out);
    assert_string_equal(out, "127.0.0.1:5000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_etags),
        cmocka_unit_test(test_many_hosts),
        cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
