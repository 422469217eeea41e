/* tests/unit/serve/ui_test.c - the pages, as answers. */
#include "base/error.h"
#include "layout.h"
#include "serve/answer_private.h"

#define EVIL       "<script>alert(1)</script>\"'\x1b\xff"
#define EVIL_JSON  "<script>alert(1)</script>\\\"'\\u001b"
#define EVIL_SHOWN "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;\xef\xbf\xbd"
#define BAD_HOST   "x\"><script>"
#define PLAIN_CONFIG                                                                               \
    "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]" \
    "}}"
#define EVIL_CONFIG                                                                                \
    "{\"os\":\"linux\",\"architecture\":\"amd64\",\"created\":\"" EVIL_JSON "\","                  \
    "\"config\":{\"Labels\":{\"" EVIL_JSON "\":\"" EVIL_JSON "\","                                 \
    "\"org.opencontainers.image.description\":\"" EVIL_JSON "\","                                  \
    "\"org.opencontainers.image.vendor\":\"" EVIL_JSON "\"},"                                      \
    "\"Env\":[\"A<B=secret\",\"" EVIL_JSON "\"],\"Entrypoint\":[\"" EVIL_JSON "\"],"               \
    "\"Cmd\":[\"" EVIL_JSON "\"],\"User\":\"" EVIL_JSON "\",\"WorkingDir\":\"" EVIL_JSON "\","     \
    "\"Volumes\":{\"" EVIL_JSON "\":{}},\"ExposedPorts\":{\"" EVIL_JSON "\":{}}},"                 \
    "\"history\":[{\"created_by\":\"" EVIL_JSON "\"}],"                                            \
    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"

#define DATED(day)                                                                                 \
    "{\"created\":\"" day "T00:00:00Z\",\"architecture\":\"amd64\",\"os\":\"linux\","              \
    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"

struct fixture {
    struct layout layout;
    struct cprov_service service;
};

static struct fixture begin(void)
{
    struct fixture f = { .service = { .address = "127.0.0.1:5000", .ui = true } };

    layout_open(&f.layout);
    f.service.store = f.layout.store;
    return f;
}

static void end(struct fixture *f)
{
    cprov_served_free(f->service.served);
    layout_close(&f->layout);
}

static void ask(struct fixture *f, const struct cprov_serve_request *q,
                struct cprov_serve_answer *out)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!f->service.served) {
        layout_write(&f->layout);
        if (cprov_served_new(f->service.store, &f->service.served, &err) < 0)
            fail_msg("%s", err.msg);
    }
    cprov_answer_make(&f->service, q, out);
}

static struct cprov_serve_answer get(struct fixture *f, const char *path)
{
    struct cprov_serve_request q = { .path = path };
    struct cprov_serve_answer a;

    ask(f, &q, &a);
    return a;
}

static size_t count(const struct cprov_serve_answer *a, const char *text)
{
    size_t n = 0;

    for (const char *p = cprov_buf_text(&a->body); (p = strstr(p, text)); p += strlen(text))
        n++;
    return n;
}

static void assert_has(const struct cprov_serve_answer *a, const char *text)
{
    if (count(a, text) == 0)
        fail_msg("no '%s' in:\n%s", text, cprov_buf_text(&a->body));
}

static void assert_lacks(const struct cprov_serve_answer *a, const char *text)
{
    if (count(a, text) > 0)
        fail_msg("'%s' in:\n%s", text, cprov_buf_text(&a->body));
}

static void assert_page(const struct cprov_serve_answer *a, unsigned status)
{
    assert_int_equal(a->status, status);
    assert_string_equal(a->content_type, "text/html; charset=utf-8");
    assert_true(a->page);
    assert_int_equal(count(a, "<h1"), 1);
    assert_int_equal(count(a, "<main"), 1);
    assert_int_equal(count(a, "<script"), 1); /* ours */
    assert_has(a, "<html lang=\"en\">");
    assert_has(a, "</html>");
    assert_true(cprov_span_is_utf8(cprov_buf_span(&a->body)));
    for (size_t i = 0; i < a->body.len; i++)
        assert_true(a->body.ptr[i] == '\n' || (unsigned char)a->body.ptr[i] >= ' ');
}

static void test_routes(void **state)
{
    static const struct {
        const char *path;
        unsigned status;
    } cases[] = {
        { "/", 200 },
        { "/ui/graph", 200 },
        { "/ui/image/team/app", 200 },
        { "/ui/image/team/app/-/1.0", 200 },
        { "/ui/image/team/none", 404 },
        { "/ui/image/team/app/-/2.0", 404 },
        { "/ui/image/team", 404 },
        { "/ui/image/APP", 404 },
        { "/ui/x", 404 },
    };
    struct fixture f = begin();

    (void)state;
    struct cprov_descriptor d = LAYOUT_STACK(&f.layout, PLAIN_CONFIG, "x");
    LAYOUT_ENTRY(&f.layout, &d, "team/app", "1.0");
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].path);
        struct cprov_serve_answer a = get(&f, cases[i].path);
        assert_page(&a, cases[i].status);
        cprov_answer_clear(&a);
    }
    struct cprov_serve_answer a = get(&f, "/v2/");
    assert_string_equal(cprov_buf_text(&a.body), "{}");
    assert_false(a.page);
    cprov_answer_clear(&a);
    f.service.ui = false;
    a = get(&f, "/");
    assert_int_equal(a.status, 404);
    assert_string_equal(a.content_type, "application/json");
    cprov_answer_clear(&a);
    end(&f);
}

static void test_nothing_is_served(void **state)
{
    static const char *const paths[] = { "/", "/ui/graph" };
    struct fixture f = begin();

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(paths); i++) {
        struct cprov_serve_answer a = get(&f, paths[i]);
        assert_page(&a, 200);
        assert_lacks(&a, "<tr>");
        cprov_answer_clear(&a);
    }
    end(&f);
}

static void test_files(void **state)
{
    static const char *const paths[] = { "/ui/style.css", "/ui/script.js" };
    struct fixture f = begin();
    char link[256];

    (void)state;
    struct cprov_serve_answer page = get(&f, "/");
    for (size_t i = 0; i < CPROV_COUNT(paths); i++) {
        struct cprov_serve_answer a = get(&f, paths[i]), again;
        struct cprov_serve_request q = { .path = paths[i], .if_none_match = "\"x\"" };

        assert_int_equal(a.status, 200);
        assert_true(a.body.len > CPROV_KIB && a.body.len < 20 * CPROV_KIB);
        assert_non_null(strstr(a.cache_control, "max-age=31536000"));
        snprintf(link, sizeof(link), "%s?v=%.12s\"", paths[i], a.etag + strlen("sha256:"));
        assert_has(&page, link);
        ask(&f, &q, &again);
        assert_int_equal(again.status, 200);
        cprov_answer_clear(&again);
        snprintf(link, sizeof(link), "\"%s\"", a.etag);
        q.if_none_match = link;
        ask(&f, &q, &again);
        assert_int_equal(again.status, 304);
        assert_int_equal(again.body.len, 0);
        cprov_answer_clear(&again);
        cprov_answer_clear(&a);
    }
    cprov_answer_clear(&page);
    end(&f);
}

/* Whatever is in an image, its page has no element of its. */
static void test_hostile_texts(void **state)
{
    static const char *const paths[] = { "/", "/ui/image/evil", "/ui/image/evil/-/1", "/ui/graph" };
    static const char *const keys[] = { CPROV_ANN_NAME, "org.opencontainers.image.vendor",
                                        CPROV_ANN_PLATFORM, CPROV_ANN_REFERENCE };
    static const char *const values[] = { EVIL, EVIL, EVIL ", b", "r.example/evil:1" };
    struct fixture f = begin();

    (void)state;
    struct cprov_descriptor d = LAYOUT_STACK(&f.layout, EVIL_CONFIG, "x");
    struct cprov_descriptor top = LAYOUT_STACK(&f.layout, EVIL_CONFIG, "x", "y");
    struct cprov_annotation annotations[CPROV_COUNT(keys)];
    for (size_t i = 0; i < CPROV_COUNT(keys); i++)
        annotations[i] = (struct cprov_annotation){ keys[i], values[i] };
    d.annotations = annotations;
    d.annotations_count = CPROV_COUNT(keys);
    layout_add_descriptor(&f.layout.entries, &d);
    LAYOUT_ENTRY(&f.layout, &top, "evil", "2");
    for (size_t i = 0; i < CPROV_COUNT(paths); i++) {
        struct cprov_serve_request q = { .path = paths[i], .host = BAD_HOST };
        struct cprov_serve_answer a;

        print_message("%s\n", paths[i]);
        ask(&f, &q, &a);
        assert_page(&a, 200);
        assert_has(&a, EVIL_SHOWN);
        assert_lacks(&a, "alert(1)</script>");
        assert_lacks(&a, "secret");
        assert_has(&a, "127.0.0.1:5000"); /* not the host that was said */
        cprov_answer_clear(&a);
    }
    struct cprov_serve_answer a = get(&f, "/ui/image/evil/-/1");
    assert_has(&a, "A&lt;B");
    assert_has(&a, "Images on top of this");
    cprov_answer_clear(&a);
    end(&f);
}

static void test_search(void **state)
{
    static const struct {
        const char *q;
        size_t rows;
    } cases[] = {
        { "", 3 },
        { "server", 2 },
        { "SERVER", 2 },
        { "nano+server", 1 },
        { "server+nano", 1 },
        { "2.0", 1 },
        { "linux%2Famd64", 3 },
        { "none", 0 },
        { "%3Cscript%3E", 0 },
    };
    struct fixture f = begin();

    (void)state;
    struct cprov_descriptor d = LAYOUT_STACK(&f.layout, PLAIN_CONFIG, "x");
    LAYOUT_ENTRY(&f.layout, &d, "NanoServer", "1.0", "r.example/win/nano:1.0");
    LAYOUT_ENTRY(&f.layout, &d, "server", "1.0");
    LAYOUT_ENTRY(&f.layout, &d, "app", "2.0");
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_serve_request q = { .path = "/", .q = cases[i].q };
        struct cprov_serve_answer a;

        print_message("%s\n", cases[i].q);
        ask(&f, &q, &a);
        assert_page(&a, 200);
        assert_int_equal(count(&a, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">"),
                         cases[i].rows);
        cprov_answer_clear(&a);
    }
    struct cprov_serve_request bad = { .path = "/", .q = "%zz" },
                               page = { .path = "/", .page = "0" };
    struct cprov_serve_answer a;
    ask(&f, &bad, &a);
    assert_page(&a, 400);
    cprov_answer_clear(&a);
    ask(&f, &page, &a);
    assert_page(&a, 400);
    cprov_answer_clear(&a);
    end(&f);
}

static void test_paging(void **state)
{
    static const struct {
        const char *path, *page, *q;
        size_t rows;
        const char *has, *lacks;
    } cases[] = {
        { "/", NULL, NULL, CPROV_UI_ROWS, "/?page=2\" rel=\"next\"", "rel=\"prev\"" },
        { "/", "2", NULL, CPROV_UI_ROWS, "page=3\" rel=\"next\"", "page=2\"" },
        { "/", "3", NULL, 11, "page=2\" rel=\"prev\"", "rel=\"next\"" },
        { "/", "99", NULL, 11, "Page 3 of 3", "rel=\"next\"" },
        { "/", "2", "i", CPROV_UI_ROWS, "/?q=i&amp;page=3", "page=2\"" },
        { "/ui/image/many", NULL, NULL, CPROV_UI_ROWS, "/ui/image/many?page=2", "rel=\"prev\"" },
        { "/ui/image/many", "2", NULL, 1, "/ui/image/many?page=1", "rel=\"next\"" },
    };
    struct fixture f = begin();
    char name[16];

    (void)state;
    cprov_buf_clear(&f.layout.entries);
    cprov_buf_init(&f.layout.entries, 16 * CPROV_MIB);
    struct cprov_descriptor d = LAYOUT_STACK(&f.layout, PLAIN_CONFIG, "x");
    for (int i = 0; i < 2 * CPROV_UI_ROWS + 10; i++) {
        snprintf(name, sizeof(name), "i%04d", i);
        LAYOUT_ENTRY(&f.layout, &d, name, "1");
    }
    for (int i = 0; i < CPROV_UI_ROWS + 1; i++) {
        snprintf(name, sizeof(name), "1.%d", i);
        LAYOUT_ENTRY(&f.layout, &d, "many", name);
    }
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_serve_request q = { .path = cases[i].path,
                                         .page = cases[i].page,
                                         .q = cases[i].q };
        struct cprov_serve_answer a;

        print_message("%s %s\n", cases[i].path, cases[i].page ? cases[i].page : "");
        ask(&f, &q, &a);
        assert_page(&a, 200);
        assert_int_equal(count(&a, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">"),
                         cases[i].rows);
        assert_has(&a, cases[i].has);
        assert_lacks(&a, cases[i].lacks);
        cprov_answer_clear(&a);
    }
    end(&f);
}

static void test_C_sort(void **state)
{
    static const struct {
        const char *sort;
        const char *order[3];
        const char *has;
    } cases[] = {
        { NULL,
          { ">a<", ">b<", ">c<" },
          "aria-sort=\"ascending\"><a href=\"/?q=1&amp;sort=-name\"" },
        { "-name",
          { ">c<", ">b<", ">a<" },
          "aria-sort=\"descending\"><a href=\"/?q=1&amp;sort=name\"" },
        { "created", { ">c<", ">a<", ">b<" }, "sort=-created" },
        { "-created", { ">b<", ">a<", ">c<" }, "name=\"sort\" value=\"-created\"" },
        { "size", { ">b<", ">c<", ">a<" }, "sort=-size" },
        { "-size", { ">a<", ">c<", ">b<" }, "3 versions, " },
    };
    struct fixture f = begin();
    struct layout *l = &f.layout;

    (void)state;
    struct cprov_descriptor a = LAYOUT_STACK(l, DATED("2024-02-03"), "1", "22222222222222");
    struct cprov_descriptor b = LAYOUT_STACK(l, DATED("2025-02-03"), "1");
    struct cprov_descriptor c = LAYOUT_STACK(l, DATED("2023-02-03"), "1", "2");
    LAYOUT_ENTRY(l, &b, "b", "1");
    LAYOUT_ENTRY(l, &a, "a", "1");
    LAYOUT_ENTRY(l, &c, "c", "1");
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_serve_request q = { .path = "/", .q = "1", .sort = cases[i].sort };
        struct cprov_serve_answer answer;
        const char *at;

        print_message("%s\n", cases[i].sort ? cases[i].sort : "-");
        ask(&f, &q, &answer);
        assert_page(&answer, 200);
        assert_has(&answer, cases[i].has);
        at = cprov_buf_text(&answer.body);
        for (size_t k = 0; k < 3; k++) {
            at = strstr(at, cases[i].order[k]);
            assert_non_null(at);
        }
        cprov_answer_clear(&answer);
    }
    struct cprov_serve_request q = { .path = "/", .sort = "color" };
    struct cprov_serve_answer answer;
    ask(&f, &q, &answer);
    assert_page(&answer, 400);
    cprov_answer_clear(&answer);
    end(&f);
}

static struct cprov_descriptor put_artifact(struct layout *l, const char *config_type)
{
    struct cprov_buf json;

    cprov_buf_init(&json, CPROV_MIB);
    cprov_buf_addf(&json,
                   "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":", CPROV_MT_OCI_MANIFEST);
    struct cprov_descriptor part = layout_drop(l, config_type, S("{}"));
    layout_add_descriptor(&json, &part);
    cprov_buf_add_text(&json, ",\"layers\":[");
    part = layout_drop(l, "text/x-part", S("part"));
    layout_add_descriptor(&json, &part);
    cprov_buf_add_text(&json, "]}");
    struct cprov_descriptor d = layout_drop(l, CPROV_MT_OCI_MANIFEST, cprov_buf_span(&json));
    cprov_buf_clear(&json);
    return d;
}

/* What is no image says so, and offers what can be done with it. */
static void test_C_artifact(void **state)
{
    struct fixture f = begin();

    (void)state;
    struct cprov_descriptor d = put_artifact(&f.layout, "application/vnd.cncf.helm.config.v1+json");
    struct cprov_descriptor other = put_artifact(&f.layout, "text/x-notes");
    LAYOUT_ENTRY(&f.layout, &d, "charts/web", "3.1.0");
    LAYOUT_ENTRY(&f.layout, &other, "notes", "1");
    struct cprov_serve_answer a = get(&f, "/ui/image/charts/web/-/3.1.0");
    assert_page(&a, 200);
    assert_has(&a, "Helm chart");
    assert_has(&a, "helm pull oci://127.0.0.1:5000/charts/web --version 3.1.0 --plain-http<");
    assert_has(&a, "oras pull --plain-http 127.0.0.1:5000/charts/web:3.1.0<");
    assert_has(&a, "<h2 id=\"files\">Files</h2>");
    assert_lacks(&a, "docker pull");
    assert_lacks(&a, "podman");
    assert_lacks(&a, "not here");
    cprov_answer_clear(&a);
    a = get(&f, "/ui/image/notes/-/1");
    assert_has(&a, "text/x-notes");
    assert_lacks(&a, "helm pull");
    cprov_answer_clear(&a);
    a = get(&f, "/");
    assert_has(&a, "Helm chart</span>");
    cprov_answer_clear(&a);
    end(&f);
}

static void test_C_same_layers(void **state)
{
    struct fixture f = begin();

    (void)state;
    struct cprov_descriptor one = LAYOUT_STACK(&f.layout, PLAIN_CONFIG, "1", "2");
    struct cprov_descriptor two = LAYOUT_STACK(&f.layout, DATED("2024-01-01"), "1", "2");
    struct cprov_descriptor top = LAYOUT_STACK(&f.layout, PLAIN_CONFIG, "1", "2", "3");
    LAYOUT_ENTRY(&f.layout, &one, "one", "1");
    LAYOUT_ENTRY(&f.layout, &two, "two", "1");
    LAYOUT_ENTRY(&f.layout, &top, "top", "1");
    struct cprov_serve_answer a = get(&f, "/ui/image/one/-/1");
    assert_has(&a,
               "The same layers as</h3><ul class=\"relatives\"><li><a href=\"/ui/image/two/-/1\"");
    cprov_answer_clear(&a);
    a = get(&f, "/ui/image/two/-/1");
    assert_has(&a,
               "The same layers as</h3><ul class=\"relatives\"><li><a href=\"/ui/image/one/-/1\"");
    assert_has(&a, "Images on top of this</h3><ul class=\"relatives\"><li><a href=\"/ui/image/top");
    cprov_answer_clear(&a);
    a = get(&f, "/ui/graph");
    assert_has(&a, ", the same layers</span>");
    cprov_answer_clear(&a);
    end(&f);
}

/* A browser gets a page for a wrong address, a program the error of the API. */
static void test_C_not_found(void **state)
{
    static const struct {
        const char *path, *accept;
        bool page;
    } cases[] = {
        { "/nope", "text/html,application/xhtml+xml,*/*;q=0.8", true },
        { "/nope", "*/*", false },
        { "/nope", NULL, false },
        { "/v2/nope", "text/html", false },
        { "/_cprov/nope", "text/html", false },
        { "/ui/nope", "*/*", true },
    };
    struct fixture f = begin();

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_serve_request q = { .path = cases[i].path, .accept = cases[i].accept };
        struct cprov_serve_answer a;

        print_message("%s %s\n", cases[i].path, cases[i].accept ? cases[i].accept : "-");
        ask(&f, &q, &a);
        assert_int_equal(a.status, 404);
        assert_int_equal(a.page, cases[i].page);
        cprov_answer_clear(&a);
    }
    end(&f);
}

static void test_graph(void **state)
{
    struct fixture f = begin();
    struct layout *l = &f.layout;

    (void)state;
    struct cprov_descriptor base = LAYOUT_STACK(l, PLAIN_CONFIG, "1");
    struct cprov_descriptor middle = LAYOUT_STACK(l, PLAIN_CONFIG, "1", "2");
    struct cprov_descriptor old = LAYOUT_STACK(l, PLAIN_CONFIG, "1", "2", "3");
    struct cprov_descriptor fresh = LAYOUT_STACK(l, PLAIN_CONFIG, "1", "2", "4");
    struct cprov_descriptor side = LAYOUT_STACK(l, PLAIN_CONFIG, "1", "5");
    struct cprov_descriptor alone = LAYOUT_STACK(l, PLAIN_CONFIG, "6");
    LAYOUT_ENTRY(l, &base, "base", "1");
    LAYOUT_ENTRY(l, &middle, "middle", "1");
    LAYOUT_ENTRY(l, &old, "app", "1");
    LAYOUT_ENTRY(l, &fresh, "app", "2");
    LAYOUT_ENTRY(l, &side, "side", "1");
    LAYOUT_ENTRY(l, &alone, "alone", "1");
    struct cprov_serve_answer a = get(&f, "/ui/graph");
    assert_page(&a, 200);
    assert_int_equal(count(&a, "<details class=\"base\" open>"), 1);
    assert_has(&a, "4 on top, ");
    assert_has(&a, ">app</a> <a href=\"/ui/image/app/-/2\">2</a> <a href=\"/ui/image/app/-/1\">1");
    assert_has(&a, "1 image is built on nothing");
    assert_int_equal(count(&a, "<li>"), count(&a, "</li>"));
    assert_int_equal(count(&a, "<ul"), count(&a, "</ul>"));
    assert_lacks(&a, ">alone");
    const char *list = strstr(cprov_buf_text(&a.body), "class=\"base\"");
    assert_non_null(list);
    const char *b = strstr(list, ">base"), *m = strstr(list, ">middle"), *s = strstr(list, ">side");
    assert_true(b && m && s && b < m && m < s);
    cprov_answer_clear(&a);
    a = get(&f, "/ui/image/middle/-/1");
    assert_has(&a, "<p id=\"base\"><a href=\"/ui/image/base/-/1\">");
    assert_has(&a, "<li><a href=\"/ui/image/app/-/2\">");
    assert_has(&a, "<li><a href=\"/ui/image/app/-/1\">");
    cprov_answer_clear(&a);
    end(&f);
}

/* A tower of images, one on another, and a base of more images than a page has rows. */
static void test_large_graphs(void **state)
{
    static const char *texts[302];
    static char numbers[301][8];
    struct fixture f = begin();
    char name[16];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(numbers); i++) {
        snprintf(numbers[i], sizeof(numbers[i]), "%zu", i);
        texts[i] = numbers[i];
        struct cprov_descriptor d = layout_stack(&f.layout, PLAIN_CONFIG, texts);
        snprintf(name, sizeof(name), "%zu", i);
        LAYOUT_ENTRY(&f.layout, &d, "tower", name);
    }
    struct cprov_descriptor base = LAYOUT_STACK(&f.layout, PLAIN_CONFIG, "base");
    LAYOUT_ENTRY(&f.layout, &base, "a-base", "1");
    for (int i = 0; i < CPROV_UI_ROWS + 20; i++) {
        snprintf(name, sizeof(name), "on%d", i);
        struct cprov_descriptor d = LAYOUT_STACK(&f.layout, PLAIN_CONFIG, "base", name);
        LAYOUT_ENTRY(&f.layout, &d, name, "1");
    }
    struct cprov_serve_answer a = get(&f, "/ui/graph");
    assert_page(&a, 200);
    assert_int_equal(count(&a, "<details class=\"base\">"), 2); /* closed: two lines are seen */
    assert_has(&a, "300 on top");
    assert_has(&a, "220 on top");
    assert_has(&a, "and 181 more lines");
    assert_has(&a, "and 261 more lines");
    assert_int_equal(count(&a, "<ul"), count(&a, "</ul>"));
    assert_int_equal(count(&a, "<li>"), count(&a, "</li>"));
    cprov_answer_clear(&a);
    a = get(&f, "/ui/image/a-base/-/1");
    assert_has(&a, "and 120 more");
    cprov_answer_clear(&a);
    end(&f);
}

static void test_platforms(void **state)
{
    struct fixture f = begin();
    struct cprov_platform arm = { "linux", "arm64", "", "", NULL, 0 };
    struct cprov_platform amd = { "linux", "amd64", "", "", NULL, 0 };
    char digest[CPROV_DIGEST_TEXT_MAX], text[CPROV_DIGEST_TEXT_MAX + 32];

    (void)state;
    struct cprov_descriptor gone = { .media_type = CPROV_MT_OCI_MANIFEST, .size = 3 };
    assert_int_equal(cprov_digest_of(CPROV_SHA256, S("gone"), &gone.digest, CPROV_IGNORED), 0);
    struct cprov_descriptor here = LAYOUT_STACK(&f.layout, PLAIN_CONFIG, "abc", "d");
    gone.platform = arm;
    here.platform = amd;
    gone.has_platform = here.has_platform = true;
    struct cprov_descriptor both = layout_index(&f.layout, &gone, &here);
    LAYOUT_ENTRY(&f.layout, &both, "app", "1");
    struct cprov_serve_request q = { .path = "/ui/image/app/-/1", .host = "mirror.example" };
    struct cprov_serve_answer a;
    ask(&f, &q, &a);
    assert_page(&a, 200);
    assert_has(&a, "<th scope=\"row\">linux/arm64</th><td class=\"number\">not here");
    assert_has(&a, "aria-current=\"true\">linux/amd64");
    assert_has(&a, "2 layers");
    assert_has(&a, "install-image mirror.example/app:1 --allow-http<");
    assert_has(&a, "podman pull --tls-verify=false mirror.example/app:1<");
    cprov_answer_clear(&a);
    q.platform = cprov_digest_format(&gone.digest, digest);
    ask(&f, &q, &a);
    assert_page(&a, 200);
    assert_has(&a, "is not here");
    cprov_answer_clear(&a);
    f.service.tls = true;
    q.platform = cprov_digest_format(&here.digest, digest);
    ask(&f, &q, &a);
    assert_page(&a, 200);
    assert_has(&a, "install-image mirror.example/app:1<");
    snprintf(text, sizeof(text), "platform=%s\" aria-current", digest);
    assert_has(&a, text);
    cprov_answer_clear(&a);
    q.platform = SHA256_BRACES;
    ask(&f, &q, &a);
    assert_page(&a, 404);
    cprov_answer_clear(&a);
    q.platform = "linux/amd64";
    ask(&f, &q, &a);
    assert_page(&a, 404);
    cprov_answer_clear(&a);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routes),      cmocka_unit_test(test_nothing_is_served),
        cmocka_unit_test(test_files),       cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_search),      cmocka_unit_test(test_paging),
        cmocka_unit_test(test_graph),       cmocka_unit_test(test_large_graphs),
        cmocka_unit_test(test_platforms),   cmocka_unit_test(test_C_sort),
        cmocka_unit_test(test_C_artifact),  cmocka_unit_test(test_C_same_layers),
        cmocka_unit_test(test_C_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
