/* tests/unit/serve/serve_test.c - the server in a thread, spoken to over plain sockets. */
#include "serve/serve.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/error.h"
#include "layout.h"

#define PATIENCE_S 20

struct fixture {
    struct layout layout;
    struct cprov_descriptor image, child, index, signature, sbom, layer, empty, unnamed;
    pthread_t thread;
    atomic_bool stop, ready;
    char url[64];
    int code;
};

static struct fixture fixture;

static bool asked(void *arg)
{
    struct fixture *f = arg;

    return atomic_load(&f->stop);
}

static void on_ready(void *arg, const char *url, const char *others)
{
    struct fixture *f = arg;

    (void)others;
    snprintf(f->url, sizeof(f->url), "%s", url);
    atomic_store(&f->ready, true);
}

static void *serve(void *arg)
{
    struct fixture *f = arg;
    struct cprov_cancel cancel = { asked, f };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_serve_setup request = { .store = f->layout.store,
                                         .listen = "127.0.0.1:0",
                                         .max_connections = 32,
                                         .cancel = &cancel,
                                         .ready = on_ready,
                                         .arg = f };

    f->code = cprov_serve_run(&request, &err);
    if (f->code < 0)
        print_error("%s\n", err.msg);
    atomic_store(&f->ready, true);
    return NULL;
}

static int set_up(void **state)
{
    struct fixture *f = &fixture;
    struct layout *l = &f->layout;

    *state = f;
    layout_open(l);
    f->image = layout_image(l, "image", NULL, NULL);
    f->layer = layout_put(l, "", S("image"));
    f->child = layout_image(l, "child", NULL, NULL);
    f->index = layout_index(l, &f->child, &f->image);
    f->signature = layout_image(l, "sig", &f->image, "x/y+sig");
    f->sbom = layout_image(l, "", &f->image, NULL);
    f->empty = layout_put(l, "", S(""));
    f->unnamed = layout_put(l, "", S("no image names it"));
    LAYOUT_ENTRY(l, &f->image, "library/app", "1", "docker.io/library/app:1");
    LAYOUT_ENTRY(l, &f->signature, NULL);
    LAYOUT_ENTRY(l, &f->sbom, NULL);
    LAYOUT_ENTRY(l, &f->index, "Multi", "2.0");
    LAYOUT_ENTRY(l, &f->image, "Multi", "1.0");
    layout_write(l);
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    while (!atomic_load(&f->ready))
        usleep(1000);
    return f->code;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    atomic_store(&f->stop, true);
    pthread_join(f->thread, NULL);
    layout_close(&f->layout);
    return f->code;
}

static int dial(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval patience = { .tv_sec = PATIENCE_S };
    struct cprov_span before, port;
    uint64_t number = 0;

    assert_true(cprov_span_cut_last(cprov_span_of(fixture.url), ':', &before, &port));
    assert_true(cprov_span_u64(port, &number));
    address.sin_port = htons((uint16_t)number);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Everything that comes until the server closes. */
static void read_all(int fd, struct cprov_buf *out)
{
    char piece[4096];
    ssize_t got;

    while ((got = recv(fd, piece, sizeof(piece), 0)) > 0)
        cprov_buf_add(out, piece, (size_t)got);
    assert_int_equal(cprov_buf_check(out, "answer", CPROV_IGNORED), 0);
}

struct answer {
    struct cprov_buf raw;
    int status;
    struct cprov_span head, body;
};

static void split(struct answer *a)
{
    const char *text = cprov_buf_text(&a->raw);
    const char *end = strstr(text, "\r\n\r\n");

    assert_non_null(end);
    assert_int_equal(strncmp(text, "HTTP/1.1 ", 9), 0);
    a->status = (text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0');
    a->head = cprov_span_make(text, (size_t)(end - text) + 2);
    a->body = cprov_span_from(cprov_buf_span(&a->raw), (size_t)(end - text) + 4);
}

static struct answer send_raw(struct cprov_span request)
{
    struct answer a = { .status = 0 };
    int fd = dial();

    cprov_buf_init(&a.raw, 16 * CPROV_MIB);
    assert_int_equal(send(fd, request.ptr, request.len, MSG_NOSIGNAL), (ssize_t)request.len);
    read_all(fd, &a.raw);
    close(fd);
    split(&a);
    return a;
}

/* headers: whole lines with CRLF. */
static struct answer ask(const char *method, const char *path, const char *headers)
{
    struct cprov_buf request;

    cprov_buf_init(&request, CPROV_MIB);
    cprov_buf_addf(&request, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
                   method, path, headers);
    struct answer a = send_raw(cprov_buf_span(&request));
    cprov_buf_clear(&request);
    return a;
}

static void forget(struct answer *a)
{
    cprov_buf_clear(&a->raw);
}

static bool has_line(const struct answer *a, const char *line)
{
    struct cprov_span rest = a->head, item;

    while (cprov_span_next(&rest, '\n', &item))
        if (cprov_span_is(cprov_span_trim(item), line))
            return true;
    return false;
}

static void assert_line(const struct answer *a, const char *line)
{
    if (!has_line(a, line))
        fail_msg("no line '%s' in:\n%" CPROV_SPAN_FMT, line, CPROV_SPAN_ARG(a->head));
}

static bool contains(struct cprov_span body, const char *text)
{
    return memmem(body.ptr, body.len, text, strlen(text)) != NULL;
}

static void assert_body(const struct answer *a, const char *expected)
{
    if (!cprov_span_is(a->body, expected))
        fail_msg("body '%" CPROV_SPAN_FMT "', not '%s'", CPROV_SPAN_ARG(a->body), expected);
}

static const char *path_of(char buf[512], const char *begin, const struct cprov_descriptor *d)
{
    char digest[CPROV_DIGEST_TEXT_MAX];

    snprintf(buf, 512, "%s%s", begin, cprov_digest_format(&d->digest, digest));
    return buf;
}

static void test_lists(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *body;
    } cases[] = {
        { "/v2/", 200, "{}" },
        { "/v2", 200, "{}" },
        { "/v2/?x=y", 200, "{}" },
        { "/v2/_catalog", 200, "{\"repositories\":[\"library/app\",\"multi\"]}" },
        { "/v2/_catalog?n=1", 200, "{\"repositories\":[\"library/app\"]}" },
        { "/v2/_catalog?n=1&last=library%2Fapp", 200, "{\"repositories\":[\"multi\"]}" },
        { "/v2/multi/tags/list", 200, "{\"name\":\"multi\",\"tags\":[\"1.0\",\"2.0\"]}" },
        { "/v2/multi/tags/list?last=1.0", 200, "{\"name\":\"multi\",\"tags\":[\"2.0\"]}" },
        { "/v2/multi/tags/list?n=0", 200, "{\"name\":\"multi\",\"tags\":[]}" },
        { "/v2/multi/tags/list?n=x", 400,
          "{\"errors\":[{\"code\":\"UNSUPPORTED\",\"message\":\"invalid value in the query\"}]}" },
        { "/v2/none/tags/list", 404,
          "{\"errors\":[{\"code\":\"NAME_UNKNOWN\",\"message\":"
          "\"repository name not known to registry\"}]}" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].path);
        struct answer a = ask("GET", cases[i].path, "");
        assert_int_equal(a.status, cases[i].status);
        assert_body(&a, cases[i].body);
        assert_line(&a, "Content-Type: application/json");
        assert_line(&a, "Docker-Distribution-Api-Version: registry/2.0");
        forget(&a);
    }
    struct answer a = ask("GET", "/v2/multi/tags/list?n=1", "");
    assert_line(&a, "Link: </v2/multi/tags/list?n=1&last=1.0>; rel=\"next\"");
    forget(&a);
}

static void test_manifests(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *begin;
        const struct cprov_descriptor *by, *expected;
    } cases[] = {
        { "/v2/library/app/manifests/1", NULL, &f->image },
        { "/v2/multi/manifests/2.0", NULL, &f->index },
        { "/v2/multi/manifests/", &f->child, &f->child },
        { "/v2/multi/manifests/", &f->index, &f->index },
        { "/v2/library/app/manifests/", &f->signature, &f->signature },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        const struct cprov_descriptor *d = cases[i].expected;
        char path[512], digest[CPROV_DIGEST_TEXT_MAX], line[512];
        struct cprov_digest got;

        if (cases[i].by)
            path_of(path, cases[i].begin, cases[i].by);
        else
            snprintf(path, sizeof(path), "%s", cases[i].begin);
        print_message("%s\n", path);
        struct answer whole = ask("GET", path, ""), head = ask("HEAD", path, "");
        assert_int_equal(whole.status, 200);
        assert_int_equal(head.status, 200);
        assert_int_equal(cprov_digest_of(CPROV_SHA256, whole.body, &got, CPROV_IGNORED), 0);
        assert_true(cprov_digest_equal(&got, &d->digest));
        assert_int_equal(head.body.len, 0);
        cprov_digest_format(&d->digest, digest);
        for (const struct answer *a = &whole; a; a = a == &whole ? &head : NULL) {
            snprintf(line, sizeof(line), "Content-Type: %s", d->media_type);
            assert_line(a, line);
            snprintf(line, sizeof(line), "Docker-Content-Digest: %s", digest);
            assert_line(a, line);
            snprintf(line, sizeof(line), "ETag: \"%s\"", digest);
            assert_line(a, line);
            snprintf(line, sizeof(line), "Content-Length: %" PRIu64, d->size);
            assert_line(a, line);
        }
        forget(&whole);
        forget(&head);
    }
}

static void test_blobs(void **state)
{
    struct fixture *f = *state;
    char path[512], line[512], digest[CPROV_DIGEST_TEXT_MAX];
    const struct {
        const char *method, *headers;
        int status;
        const char *body, *line;
    } cases[] = {
        { "GET", "", 200, "image", "Content-Length: 5" },
        { "HEAD", "", 200, "", "Content-Length: 5" },
        { "GET", "Range: bytes=1-2\r\n", 206, "ma", "Content-Range: bytes 1-2/5" },
        { "GET", "Range: bytes=3-\r\n", 206, "ge", "Content-Range: bytes 3-4/5" },
        { "GET", "Range: bytes=-1\r\n", 206, "e", "Content-Range: bytes 4-4/5" },
        { "GET", "Range: bytes=0-0,2-2\r\n", 200, "image", "Content-Length: 5" },
        { "HEAD", "Range: bytes=1-2\r\n", 200, "", "Content-Length: 5" },
        { "GET", "Range: bytes=5-\r\n", 416,
          "{\"errors\":[{\"code\":\"SIZE_INVALID\",\"message\":\"the range begins after the "
          "end\"}]}",
          "Content-Range: bytes */5" },
        { "GET", "Range: bytes=1-2\r\nIf-Range: \"other\"\r\n", 200, "image",
          "Accept-Ranges: bytes" },
        { "GET", "If-None-Match: \"other\", *\r\n", 200, "image", "Accept-Ranges: bytes" },
        { "GET", "If-None-Match: *\r\n", 304, "", "Content-Length: 5" },
        { "GET", "If-Match: \"other\"\r\n", 412,
          "{\"errors\":[{\"code\":\"UNSUPPORTED\",\"message\":\"the content has changed\"}]}",
          "Content-Type: application/json" },
        { "GET", "Accept: text/html\r\nAccept-Encoding: gzip\r\n", 200, "image",
          "Content-Type: application/octet-stream" },
    };

    path_of(path, "/v2/library/app/blobs/", &f->layer);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s %s\n", cases[i].method, cases[i].headers);
        struct answer a = ask(cases[i].method, path, cases[i].headers);
        assert_int_equal(a.status, cases[i].status);
        assert_body(&a, cases[i].body);
        assert_line(&a, cases[i].line);
        forget(&a);
    }
    cprov_digest_format(&f->layer.digest, digest);
    snprintf(line, sizeof(line), "If-Range: \"%s\"\r\nRange: bytes=1-2\r\n", digest);
    struct answer a = ask("GET", path, line);
    assert_int_equal(a.status, 206);
    forget(&a);
    snprintf(line, sizeof(line), "If-None-Match: \"x\", W/\"%s\"\r\n", digest);
    a = ask("GET", path, line);
    assert_int_equal(a.status, 304);
    snprintf(line, sizeof(line), "ETag: \"%s\"", digest);
    assert_line(&a, line);
    forget(&a);
}

static void test_empty_blob(void **state)
{
    static const char *const methods[] = { "GET", "HEAD" };
    struct fixture *f = *state;
    char path[512];

    path_of(path, "/v2/library/app/blobs/", &f->empty);
    for (size_t i = 0; i < CPROV_COUNT(methods); i++) {
        struct answer a = ask(methods[i], path, "Range: bytes=0-\r\n");
        assert_int_equal(a.status, 200);
        assert_line(&a, "Content-Length: 0");
        forget(&a);
    }
}

/* A committed blob is shown only where an image names it. */
static void test_hidden(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *begin;
        const struct cprov_descriptor *d;
        int status;
        const char *code;
    } cases[] = {
        { "/v2/library/app/blobs/", &f->unnamed, 404, "BLOB_UNKNOWN" },
        { "/v2/library/app/manifests/", &f->child, 404, "MANIFEST_UNKNOWN" },
        { "/v2/library/app/manifests/", &f->layer, 404, "MANIFEST_UNKNOWN" },
        { "/v2/none/blobs/", &f->layer, 404, "NAME_UNKNOWN" },
        { "/v2/none/manifests/", &f->image, 404, "NAME_UNKNOWN" },
        { "/v2/LIBRARY/blobs/", &f->layer, 400, "NAME_INVALID" },
        { "/v2/../blobs/", &f->layer, 400, "NAME_INVALID" },
        { "/v2/library%2fapp/blobs/", &f->layer, 404, "UNSUPPORTED" },
        { "//v2/library/app/blobs/", &f->layer, 404, "UNSUPPORTED" },
        { "/v2/library/app/blobs/../blobs/", &f->layer, 400, "NAME_INVALID" },
        { "/v2/library/app/blobs/0", &f->layer, 404, "BLOB_UNKNOWN" },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        char path[512], code[64];

        print_message("%s\n", path_of(path, cases[i].begin, cases[i].d));
        struct answer a = ask("GET", path, "");
        snprintf(code, sizeof(code), "{\"errors\":[{\"code\":\"%s\"", cases[i].code);
        assert_int_equal(a.status, cases[i].status);
        assert_true(cprov_span_starts_with(a.body, code));
        forget(&a);
    }
}

static void test_paths(void **state)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {
        { "/", 404 },
        { "/index.json", 404 },
        { "/v2/library/app/manifests/..%2f..%2findex.json", 404 },
        { "/v2/library/app/manifests/1%00", 404 },
        { "/v2/library/app/manifests/.hidden", 404 },
        { "/v2/library/app/blobs/sha256:short", 400 },
        { "/v2/library/app/blobs/md5:d41d8cd98f00b204e9800998ecf8427e", 404 },
        { "/v2/library/app/referrers/md5:short", 400 },
        { "/v2/library/app/blobs/uploads/", 404 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].path);
        struct answer a = ask("GET", cases[i].path, "");
        assert_int_equal(a.status, cases[i].status);
        assert_true(cprov_span_starts_with(a.body, "{\"errors\":[{\"code\":\""));
        forget(&a);
    }
}

static void test_catalog(void **state)
{
    static const char type[] = "Content-Type: application/vnd.container-provider.catalog.v1+json";
    char line[512] = "", reference[128], text[CPROV_DIGEST_TEXT_MAX];

    (void)state;
    struct answer base = ask("GET", "/v2/", "");
    assert_line(&base, "Link: </_cprov/catalog.json>; rel=\"describedby\"; "
                       "type=\"application/vnd.container-provider.catalog.v1+json\"");
    forget(&base);
    struct answer a = ask("GET", "/_cprov/catalog.json", "");
    assert_int_equal(a.status, 200);
    assert_line(&a, type);
    assert_line(&a, "Cache-Control: no-cache");
    assert_true(contains(a.body, "\"localhost/library/app:1\""));
    assert_true(contains(a.body, "\"localhost/multi:2.0\""));
    const char *etag = strstr(a.raw.ptr, "ETag: \"");
    assert_non_null(etag);
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(etag, "\r"), etag);
    snprintf(text, sizeof(text), "%.*s", (int)strcspn(etag + 7, "\""), etag + 7);
    struct answer head = ask("HEAD", "/_cprov/catalog.json", "");
    assert_int_equal(head.status, 200);
    assert_int_equal(head.body.len, 0);
    assert_line(&head, line);
    snprintf(line, sizeof(line), "Content-Length: %zu", a.body.len);
    assert_line(&head, line);
    forget(&head);
    forget(&a);
    snprintf(line, sizeof(line), "If-None-Match: \"%s\"\r\n", text);
    a = ask("GET", "/_cprov/catalog.json", line);
    assert_int_equal(a.status, 304);
    assert_int_equal(a.body.len, 0);
    forget(&a);
    /* For a client that says nothing of a host, we are where we listen. */
    a = send_raw(S("GET /_cprov/catalog.json HTTP/1.0\r\n\r\n"));
    assert_int_equal(a.status, 200);
    snprintf(reference, sizeof(reference), "%s/multi:1.0", strstr(fixture.url, "//") + 2);
    assert_true(contains(a.body, reference));
    forget(&a);
    a = ask("GET", "/_cprov/", "");
    assert_int_equal(a.status, 404);
    forget(&a);
}

static void test_methods(void **state)
{
    static const char *const methods[] = {
        "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "X"
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(methods); i++) {
        print_message("%s\n", methods[i]);
        struct answer a = ask(methods[i], "/v2/library/app/manifests/1",
                              "Content-Length: 1000000000\r\nExpect: 100-continue\r\n");
        assert_int_equal(a.status, 405);
        assert_line(&a, "Allow: GET, HEAD");
        forget(&a);
    }
}

static void test_referrers(void **state)
{
    static const struct {
        const char *query;
        bool signature, sbom, filtered;
    } cases[] = {
        { "", true, true, false },
        { "?artifactType=x/y%2Bsig", true, false, true },
        { "?artifactType=x/y+sig", true, false, true },
        { "?artifactType=application/vnd.oci.image.config.v1%2Bjson", false, true, true },
        { "?artifactType=none", false, false, true },
        { "?artifactType=", true, true, false },
        { "?last=" SHA256_EMPTY, false, false, false },
    };
    struct fixture *f = *state;
    char path[512], url[600];

    path_of(path, "/v2/library/app/referrers/", &f->image);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].query);
        snprintf(url, sizeof(url), "%s%s", path, cases[i].query);
        struct answer a = ask("GET", url, "");
        assert_int_equal(a.status, 200);
        assert_line(&a, "Content-Type: " CPROV_MT_OCI_INDEX);
        assert_int_equal(strstr(a.body.ptr, "\"of\":\"sig\"") != NULL, cases[i].signature);
        assert_int_equal(strstr(a.body.ptr, "\"of\":\"\"") != NULL, cases[i].sbom);
        assert_int_equal(has_line(&a, "OCI-Filters-Applied: artifactType"), cases[i].filtered);
        forget(&a);
    }
}

/* "If the registry supports the referrers API, it MUST NOT return a 404" */
static void test_no_referrers(void **state)
{
    static const char *const begins[] = { "/v2/none/referrers/", "/v2/library/app/referrers/" };
    struct fixture *f = *state;

    for (size_t i = 0; i < CPROV_COUNT(begins); i++) {
        char path[512];
        struct answer a = ask("GET", path_of(path, begins[i], &f->child), "");
        assert_int_equal(a.status, 200);
        assert_body(&a, "{\"schemaVersion\":2,\"mediaType\":\"" CPROV_MT_OCI_INDEX
                        "\",\"manifests\":[]}");
        forget(&a);
    }
}

static size_t count_of(struct cprov_span text, const char *word)
{
    size_t n = 0;

    for (const char *p = text.ptr; (p = strstr(p, word)); p++)
        n++;
    return n;
}

static void test_keep_alive(void **state)
{
    (void)state;
    struct answer a =
        send_raw(S("GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
                   "HEAD /v2/multi/manifests/1.0 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                   "GET /v2/_catalog HTTP/1.1\r\nHost: localhost\r\n\r\n"
                   "GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
    assert_int_equal(count_of(cprov_buf_span(&a.raw), "HTTP/1.1 200 OK"), 4);
    forget(&a);
}

/* A body of a GET is not read as a second request. */
static void test_smuggled(void **state)
{
    (void)state;
    struct answer a = send_raw(S("GET /v2/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                                 "GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert_int_equal(count_of(cprov_buf_span(&a.raw), "HTTP/1.1 "), 1);
    forget(&a);
}

static void test_malformed(void **state)
{
    struct cprov_buf request;

    (void)state;
    cprov_buf_init(&request, CPROV_MIB);
    cprov_buf_add_text(&request, "GET /v2/ HTTP/1.1\r\nHost: localhost\r\n");
    for (int i = 0; i < 20000; i++)
        cprov_buf_addf(&request, "X%d: y\r\n", i);
    int fd = dial();
    /* The server may answer and hang up while we are still sending. */
    assert_true(send(fd, request.ptr, request.len, MSG_NOSIGNAL) > 0);
    cprov_buf_clear(&request);
    close(fd);
    /* TLS on a port for HTTP, as crane tries it first, and other noise: an answer, not an end. */
    struct answer a = send_raw(S("\x16\x03\x01 HTTP\r\n\r\n"));
    assert_int_equal(a.status, 400);
    forget(&a);
    a = send_raw(S("\x16\x03\x01\x05\xd4\x01 no end of a line"));
    assert_int_equal(a.status, 400);
    assert_body(&a, "This port speaks plain HTTP.\n");
    forget(&a);
    a = send_raw(S("\x01"));
    assert_int_equal(a.status, 400);
    forget(&a);
    a = ask("GET", "/v2/", "");
    assert_int_equal(a.status, 200);
    forget(&a);
}

/* More clients than places: those that are waited for are not those that wait. */
static void test_crowd(void **state)
{
    int fds[300];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(fds); i++)
        fds[i] = dial();
    for (int i = 0; i < 20; i++) {
        struct answer a = ask("GET", "/v2/", "");
        assert_int_equal(a.status, 200);
        forget(&a);
    }
    for (size_t i = 0; i < CPROV_COUNT(fds); i++)
        close(fds[i]);
}

static void test_follows_the_store(void **state)
{
    struct fixture *f = *state;

    LAYOUT_ENTRY(&f->layout, &f->image, "added", "1");
    layout_write(&f->layout);
    struct answer a = ask("GET", "/v2/added/manifests/1", "");
    assert_int_equal(a.status, 200);
    forget(&a);
}

static void test_refused(void **state)
{
    struct fixture *f = *state;
    char pem[96], missing[96];
    const struct {
        const char *listen, *cert, *key;
        int code;
    } cases[] = {
        { "", NULL, NULL, CPROV_EINVAL },
        { f->url + strlen("http://"), NULL, NULL, CPROV_EINUSE },
        { "127.0.0.1:0", pem, NULL, CPROV_EINVAL },
        { "127.0.0.1:0", NULL, pem, CPROV_EINVAL },
        { "127.0.0.1:0", missing, missing, CPROV_EREFUSED },
        { "127.0.0.1:0", pem, pem, CPROV_EREFUSED },
    };

    snprintf(pem, sizeof(pem), "%s/pem", f->layout.path);
    snprintf(missing, sizeof(missing), "%s/missing", f->layout.path);
    assert_int_equal(
        cprov_fs_replace(AT_FDCWD, pem, S("-----BEGIN CERTIFICATE-----\n"), 0644, CPROV_IGNORED),
        0);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_serve_setup request = { .store = f->layout.store,
                                             .listen = cases[i].listen,
                                             .cert_file = cases[i].cert,
                                             .key_file = cases[i].key };

        print_message("case %zu\n", i);
        assert_int_equal(cprov_serve_run(&request, &err), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_catalog),
        cmocka_unit_test(test_manifests),
        cmocka_unit_test(test_blobs),
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_referrers),
        cmocka_unit_test(test_no_referrers),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_smuggled),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_crowd),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_follows_the_store),
        cmocka_unit_test(test_empty_blob),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
