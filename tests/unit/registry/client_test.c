/* Tests of registry/client.h: manifests, redirects, retries, ping; a scripted registry answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "tests/support/client_world.h"

#define TYPE     "Content-Type: " CPROV_MT_OCI_MANIFEST "\r\n"
#define MANIFEST "/v2/a/b/manifests/t"

/* --- manifests --- */

static void serve_manifest(struct script_call *call, void *arg)
{
    const char *headers = arg ? arg : TYPE;

    if (strncmp(call->target, "/v2/a/b/manifests/", 18) == 0)
        script_reply(call, 200, headers, world_manifest);
    else
        script_reply(call, 404, "", "");
}

static void get_by_tag(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, serve_manifest, NULL, NULL);
    assert_int_equal(world_get(&w), 0);
    assert_non_null(w.manifest);
    assert_int_equal(w.descriptor.size, strlen(world_manifest));
    struct cprov_digest want = world_digest(world_manifest, strlen(world_manifest));
    assert_true(cprov_digest_equal(&w.descriptor.digest, &want));
    assert_string_equal(w.media_type, CPROV_MT_OCI_MANIFEST);
    assert_int_equal(script_server_count(w.server, ""), 1);
    assert_int_equal(cprov_client_requests(w.client), 1);
    world_close(&w);
}

static void get_by_digest(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, serve_manifest, NULL, NULL);
    w.ref.digest = world_digest(world_manifest, strlen(world_manifest));
    w.ref.has_digest = true;
    assert_int_equal(world_get(&w), 0);
    assert_int_equal(script_server_count(w.server, "GET /v2/a/b/manifests/sha256:"), 1);
    w.ref.digest.raw[3] ^= 1;
    assert_int_equal(world_get(&w), CPROV_EVERIFY);
    assert_null(w.manifest);
    world_close(&w);
}

static void headers_that_lie(void **state)
{
    static const struct {
        const char *headers;
        int code;
    } cases[] = {
        { "", 0 },
        { "Content-Type: application/json\r\n", 0 },
        { "Content-Type: text/plain\r\n", 0 },
        { "Content-Type: Application/VND.oci.image.manifest.v1+JSON; charset=utf-8\r\n", 0 },
        { "Content-Type: text/html\r\n", CPROV_EVERIFY },
        { TYPE "Docker-Content-Digest: md5:abc\r\n", 0 },
        { TYPE "Docker-Content-Digest: nonsense\r\n", CPROV_EVERIFY },
        { TYPE "Docker-Content-Digest: sha256:"
               "0000000000000000000000000000000000000000000000000000000000000000\r\n",
          CPROV_EVERIFY },
        { "Content-Type: " CPROV_MT_OCI_INDEX "\r\n", CPROV_EVERIFY },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct world w;

        print_message("%s", cases[i].headers);
        world_open(&w, serve_manifest, (void *)(uintptr_t)cases[i].headers, NULL);
        assert_int_equal(world_get(&w), cases[i].code);
        world_close(&w);
    }
}

static int get_wanted(struct world *w, uint64_t size, const char *type, struct cprov_span data)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_descriptor want = { .media_type = type,
                                     .digest = world_digest(world_manifest, strlen(world_manifest)),
                                     .size = size,
                                     .data = data,
                                     .has_data = data.len > 0 };

    w->calls = 0;
    cprov_manifest_free(cprov_steal(&w->manifest));
    assert_int_equal(
        cprov_client_get_manifest(w->client, &w->ref, &want, world_on_manifest, w, &err), 0);
    world_run(w);
    assert_int_equal(w->calls, 1);
    return w->code;
}

static void wanted_by_descriptor(void **state)
{
    const size_t size = strlen(world_manifest);
    const struct cprov_span none = { NULL, 0 };
    struct world w;

    (void)state;
    world_open(&w, serve_manifest, NULL, NULL);
    assert_int_equal(get_wanted(&w, size, CPROV_MT_OCI_MANIFEST, none), 0);
    assert_int_equal(get_wanted(&w, size, "", none), 0);
    assert_int_equal(get_wanted(&w, size + 1, CPROV_MT_OCI_MANIFEST, none), CPROV_EVERIFY);
    assert_int_equal(get_wanted(&w, size, CPROV_MT_DOCKER_MANIFEST, none), CPROV_EVERIFY);
    size_t before = script_server_count(w.server, "");
    assert_int_equal(
        get_wanted(&w, size, CPROV_MT_OCI_MANIFEST, cprov_span_make(world_manifest, size)), 0);
    assert_int_equal(script_server_count(w.server, ""), before);
    world_close(&w);
}

static void serve_huge(struct script_call *call, void *arg)
{
    static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const bool *announced = arg;
    static char blanks[65536];

    memset(blanks, ' ', sizeof(blanks));
    if (*announced) {
        script_reply_cut(call, 200, TYPE, blanks, CPROV_MANIFEST_MAX + 1, sizeof(blanks));
        return;
    }
    script_send(call, chunked, strlen(chunked));
    for (size_t i = 0; i <= CPROV_MANIFEST_MAX / sizeof(blanks) && !call->close; i++) {
        script_send(call, "10000\r\n", 7);
        script_send(call, blanks, sizeof(blanks));
        script_send(call, "\r\n", 2);
    }
    call->close = true;
}

static void huge_manifest(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        bool announced = i == 0;
        struct world w;

        world_open(&w, serve_huge, &announced, NULL);
        assert_int_equal(world_get(&w), CPROV_ELIMIT);
        assert_int_equal(script_server_count(w.server, ""), 1);
        world_close(&w);
    }
}

#define DIGEST_HEADER "Docker-Content-Digest: sha256:%s\r\n"

/* A signed one: the digest that the registry names is of the part that is signed. */
static void serve_schema_1(struct script_call *call, void *arg)
{
    script_reply(call, 200, arg,
                 "{\"schemaVersion\":1,\"name\":\"a/b\",\"tag\":\"t\",\"fsLayers\":[],"
                 "\"history\":[],\"signatures\":[{\"signature\":\"x\"}]}");
}

static void B31_schema_1_is_unsupported(void **state)
{
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000\r\n"
    static const char *const headers[] = {
        "Content-Type: application/vnd.docker.distribution.manifest.v1+prettyjws\r\n"
        "Docker-Content-Digest: sha256:" ZEROS,
        "Content-Type: application/json\r\n"
        "Docker-Content-Digest: sha256:" ZEROS,
        "Content-Type: application/vnd.docker.distribution.manifest.v1+json\r\n",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(headers); i++) {
        union {
            const char *in;
            void *arg;
        } lines = { .in = headers[i] };
        struct world w;

        world_open(&w, serve_schema_1, lines.arg, NULL);
        assert_int_equal(world_get(&w), CPROV_EUNSUPPORTED);
        assert_non_null(strstr(w.err.msg, "schema 1"));
        world_close(&w);
    }
}

static void serve_head(struct script_call *call, void *arg)
{
    const int *kind = arg;
    char headers[512], hex[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest d = world_digest(world_manifest, strlen(world_manifest));

    snprintf(headers, sizeof(headers), TYPE DIGEST_HEADER, cprov_digest_hex(&d, hex));
    if (strcmp(call->method, "HEAD") != 0 || *kind == 0)
        script_reply(call, 200, headers, world_manifest);
    else if (*kind == 1)
        script_reply(call, 200, TYPE, world_manifest);
    else if (*kind == 2)
        script_reply(call, 200, headers + strlen(TYPE), world_manifest);
    else
        script_reply(call, *kind, "", "");
}

static void B18_head_is_not_believed(void **state)
{
    static const struct {
        int kind, code;
        size_t gets;
    } cases[] = { { 0, 0, 0 },   { 1, 0, 1 },   { 2, 0, 1 },   { 400, 0, 1 },
                  { 403, 0, 1 }, { 404, 0, 1 }, { 405, 0, 1 }, { 429, 0, 1 },
                  { 500, 0, 1 }, { 501, 0, 1 }, { 503, 0, 1 } };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct world w;
        int kind = cases[i].kind;

        print_message("%d\n", kind);
        world_open(&w, serve_head, &kind, NULL);
        assert_int_equal(world_head(&w), cases[i].code);
        assert_int_equal(script_server_count(w.server, "GET "), cases[i].gets);
        assert_int_equal(script_server_count(w.server, "HEAD "), 1);
        if (cases[i].code == 0) {
            struct cprov_digest want = world_digest(world_manifest, strlen(world_manifest));

            assert_true(cprov_digest_equal(&w.descriptor.digest, &want));
            assert_int_equal(w.descriptor.size, strlen(world_manifest));
            assert_string_equal(w.media_type, CPROV_MT_OCI_MANIFEST);
        }
        world_close(&w);
    }
}

/* --- failures --- */

struct failure {
    int status;
    const char *headers, *body;
    size_t times; /* then the manifest */
};

static void serve_failure(struct script_call *call, void *arg)
{
    const struct failure *f = arg;

    if (call->number < f->times)
        script_reply(call, f->status, f->headers, f->body);
    else
        script_reply(call, 200, TYPE, world_manifest);
}

static void failures(void **state)
{
    static const struct {
        struct failure failure;
        int code;
        size_t requests;
        const char *words;
    } cases[] = {
        { { 404, "", "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"no\"}]}", 9 },
          CPROV_ENOTFOUND,
          1,
          "/a/b:t: not found (no - MANIFEST_UNKNOWN)" },
        { { 403, "", "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"}]}", 9 },
          CPROV_EAUTH,
          1,
          "access denied" },
        { { 400, "", "", 9 }, CPROV_ENETWORK, 1, "the server answered 400" },
        { { 503, "", "", 2 }, 0, 3, "" },
        { { 500, "", "", 9 }, CPROV_ENETWORK, 4, "the server answered 500, tried 4 times" },
        { { 429, "Retry-After: 0\r\n", "slow down", 9 },
          CPROV_ENETWORK,
          4,
          "too many requests, tried 4 times (slow down)" },
        { { 429, "Retry-After: 9999\r\n", "", 9 },
          CPROV_ENETWORK,
          1,
          "too many requests, which asks to wait 9999 s" },
        { { 429, "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n", "", 9 },
          CPROV_ENETWORK,
          1,
          "too many requests" },
        { { 503, "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", "", 1 }, 0, 2, "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct failure failure = cases[i].failure;
        struct world w;

        print_message("%d %s\n", failure.status, failure.headers);
        world_open(&w, serve_failure, &failure, NULL);
        assert_int_equal(world_get(&w), cases[i].code);
        assert_int_equal(script_server_count(w.server, ""), cases[i].requests);
        if (cases[i].code < 0) {
            assert_int_equal(w.err.http, failure.status);
            assert_non_null(strstr(w.err.msg, cases[i].words));
        }
        if (failure.status == 429)
            assert_true(w.err.hint != CPROV_HINT_NONE);
        world_close(&w);
    }
}

static void waits_as_asked(void **state)
{
    struct failure failure = { 429, "Retry-After: 1\r\n", "", 1 };
    struct world w;

    (void)state;
    world_open(&w, serve_failure, &failure, NULL);
    int64_t begin = cprov_clock_ms();
    assert_int_equal(world_get(&w), 0);
    assert_in_range(cprov_clock_ms() - begin, 950, 3000);
    world_close(&w);
}

static void serve_cut(struct script_call *call, void *arg)
{
    (void)arg;
    script_reply_cut(call, 200, TYPE, world_manifest, strlen(world_manifest), 20);
}

static void cut_manifest(void **state)
{
    struct cprov_client_options options = { .retries = 1 };
    struct world w;

    (void)state;
    world_open(&w, serve_cut, NULL, &options);
    assert_int_equal(world_get(&w), CPROV_ENETWORK);
    assert_int_equal(script_server_count(w.server, ""), 2);
    assert_non_null(strstr(w.err.msg, "tried 2 times"));
    world_close(&w);
}

/* --- answers without an end --- */

struct endless {
    const char *head;  /* to the end of the header lines */
    const char *piece; /* sent again and again */
    int pause_ms;
    int code;
    int64_t most_ms;
};

static void serve_endless(struct script_call *call, void *arg)
{
    const struct endless *e = arg;
    int64_t begin = cprov_clock_ms();

    if (strcmp(call->target, "/else") == 0) {
        script_reply(call, 200, TYPE, world_manifest);
        return;
    }
    script_send(call, e->head, strlen(e->head));
    while (!call->close && cprov_clock_ms() - begin < 20000) {
        script_send(call, e->piece, strlen(e->piece));
        script_sleep_ms(e->pause_ms);
    }
    call->close = true;
}

#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define PIECE   "8\r\n        \r\n"

/* With a stall time of 1 s: 1.5 s for a document, 5 s for the body of an error. */
static void S10_answers_without_an_end(void **state)
{
    static const struct endless cases[] = {
        { "HTTP/1.1 404 X\r\n" CHUNKED "\r\n", PIECE, 0, CPROV_ENOTFOUND, 3000 },
        { "HTTP/1.1 404 X\r\n" CHUNKED "\r\n", PIECE, 200, CPROV_ENOTFOUND, 7000 },
        { "HTTP/1.1 403 X\r\n\r\n", "denied ", 0, CPROV_EAUTH, 3000 },
        { "HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm=\"x\"\r\n" CHUNKED "\r\n", PIECE, 0,
          CPROV_EAUTH, 3000 },
        { "HTTP/1.1 302 X\r\nLocation: /else\r\n" CHUNKED "\r\n", PIECE, 0, 0, 3000 },
        { "HTTP/1.1 200 X\r\n" TYPE CHUNKED "\r\n", PIECE, 100, CPROV_ENETWORK, 2500 },
        { "HTTP/1.1 200 X\r\n" TYPE CHUNKED "\r\n", PIECE, 1, CPROV_ENETWORK, 2500 },
        { "HTTP/1.1 200 X\r\n" TYPE CHUNKED "\r\n2\r\n{}\r\n0\r\n", "X-A: b\r\n", 1, CPROV_ENETWORK,
          2500 },
        { "", "HTTP/1.1 102 Processing\r\n\r\n", 100, CPROV_ENETWORK, 2500 },
        { "", "HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n", 0, CPROV_ENETWORK, 2500 },
        { "HTTP/1.1 200 X\r\n", "X-A: b\r\n", 100, CPROV_ENETWORK, 2500 },
    };
    struct cprov_client_options options = { .http.stall_timeout_ms = 1000 };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct endless e = cases[i];
        struct world w;

        world_open(&w, serve_endless, &e, &options);
        int64_t begin = cprov_clock_ms();
        assert_int_equal(world_get(&w), e.code);
        print_message("%zu: %d in %lld ms: %s\n", i, e.code, (long long)(cprov_clock_ms() - begin),
                      w.err.msg);
        assert_in_range(cprov_clock_ms() - begin, 0, e.most_ms);
        world_close(&w);
    }
}

/* --- cancelling --- */

static void serve_slowly(struct script_call *call, void *arg)
{
    struct world *w = arg;

    w->cancelled = true;
    script_reply(call, 503, "", "");
}

static void cancelled(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct world w;

    (void)state;
    world_open(&w, serve_slowly, &w, NULL);
    assert_int_equal(cprov_client_get_manifest(w.client, &w.ref, NULL, world_on_manifest, &w, &err),
                     0);
    assert_int_equal(cprov_client_run(w.client, NULL, &err), CPROV_ECANCELLED);
    assert_int_equal(w.calls, 1);
    assert_int_equal(w.code, CPROV_ECANCELLED);
    assert_int_equal(cprov_client_get_manifest(w.client, &w.ref, NULL, world_on_manifest, &w, &err),
                     CPROV_ECANCELLED);
    world_close(&w);
}

static void freed_while_it_runs(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct failure failure = { 503, "", "", 9 };
    struct world w;
    bool enough = true;

    (void)state;
    world_open(&w, serve_failure, &failure, NULL);
    assert_int_equal(cprov_client_get_manifest(w.client, &w.ref, NULL, world_on_manifest, &w, &err),
                     0);
    assert_int_equal(cprov_client_run(w.client, &enough, &err), 0);
    world_close(&w);
    assert_int_equal(w.calls, 0);
}

static void wrong_hosts(void **state)
{
    static const char *const hosts[] = { "", "a b", "user@host", "host/path", "h\nx" };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(hosts); i++) {
        struct world w;

        world_open(&w, serve_manifest, NULL, NULL);
        snprintf(w.ref.host, sizeof(w.ref.host), "%s", hosts[i]);
        assert_int_equal(world_get(&w), CPROV_EINVAL);
        world_close(&w);
    }
}

/* --- redirects --- */

static void serve_redirects(struct script_call *call, void *arg)
{
    const char *location = arg;
    char headers[512];

    snprintf(headers, sizeof(headers), "Location: %s\r\n", location);
    if (strcmp(call->target, "/there") == 0)
        script_reply(call, 200, TYPE, world_manifest);
    else if (strcmp(call->target, "/1") == 0)
        script_reply(call, 302, "Location: 2\r\n", "");
    else if (strcmp(call->target, "/2") == 0)
        script_reply(call, 301, "Location: ?x=3\r\n", "");
    else if (strcmp(call->target, "/2?x=3") == 0)
        script_reply(call, 308, "Location: /there\r\n", "");
    else if (strncmp(call->target, "/deep", 5) == 0) {
        snprintf(headers, sizeof(headers), "Location: %.60sx\r\n", call->target);
        script_reply(call, 307, headers, "");
    } else
        script_reply(call, 307, *location ? headers : "", "");
}

static void redirects(void **state)
{
    static const struct {
        const char *location;
        int code;
        size_t requests;
    } cases[] = {
        { "/there", 0, 2 },
        { "/1", 0, 5 },
        { "", CPROV_ENETWORK, 1 },
        { MANIFEST, CPROV_ENETWORK, 1 },
        { "/deep", CPROV_ENETWORK, 9 },
        { "http://192.0.2.1/x", CPROV_ENETWORK, 1 }, /* plain http beyond loopback */
        { "file:///etc/passwd", CPROV_ENETWORK, 1 },
        { "http://user:pw@127.0.0.1/x", CPROV_ENETWORK, 1 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct world w;

        print_message("%s\n", cases[i].location);
        world_open(&w, serve_redirects, (void *)(uintptr_t)cases[i].location, NULL);
        assert_int_equal(world_get(&w), cases[i].code);
        assert_int_equal(script_server_count(w.server, ""), cases[i].requests);
        world_close(&w);
    }
}

/* --- ping --- */

static void serve_ping(struct script_call *call, void *arg)
{
    const int *status = arg;

    if (!script_is(call, "GET", "/v2/"))
        script_reply(call, 404, "", "");
    else if (*status == 401 && strcmp(script_header(call, "Authorization"), "Basic bWU6cHc=") == 0)
        script_reply(call, 200, "", "{}");
    else if (*status == 401)
        script_reply(call, 401, "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
    else if (*status == 1)
        script_reply(call, 200, "Content-Type: text/html\r\n", "<html>");
    else
        script_reply(call, *status, "", "{}");
}

static void pings(void **state)
{
    static const struct {
        int status;
        bool need_login;
        const char *password;
        int code;
        size_t requests;
    } cases[] = {
        { 200, false, NULL, 0, 1 },
        { 200, true, "pw", 0, 1 },
        { 401, false, NULL, 0, 1 },
        { 401, true, "pw", 0, 2 },
        { 401, false, "pw", 0, 2 },
        { 401, true, "wrong", CPROV_EAUTH, 2 },
        { 401, false, "wrong", CPROV_EAUTH, 2 },
        { 200, true, NULL, CPROV_EAUTH, 0 },
        { 404, false, NULL, CPROV_ENETWORK, 1 },
        { 1, false, NULL, CPROV_ENETWORK, 1 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        int status = cases[i].status;
        struct world w;

        print_message("%d %s\n", status, cases[i].password ? cases[i].password : "anonymous");
        world_open(&w, serve_ping, &status, NULL);
        w.password = cases[i].password;
        w.username = w.password ? "me" : NULL;
        assert_int_equal(world_ping(&w, cases[i].need_login), cases[i].code);
        assert_int_equal(script_server_count(w.server, ""), cases[i].requests);
        world_close(&w);
    }
}

/* --- the rest --- */

static void warnings_once(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, serve_manifest,
               (void *)(uintptr_t)TYPE "Warning: 299 - \"going \\\"away\\\"\"\r\n"
                                       "Warning: 199 - \"not this\"\r\n",
               NULL);
    assert_int_equal(world_get(&w), 0);
    assert_int_equal(world_get(&w), 0);
    assert_string_equal(w.warnings, "[going \"away\"]");
    world_close(&w);
}

static int plain_settings(void *arg, const char *host, struct cprov_registry_settings *out,
                          struct cprov_error *err)
{
    (void)arg;
    (void)host;
    (void)err;
    out->api = "http://registry.example:1";
    return 0;
}

static void plain_http_is_refused(void **state)
{
    struct cprov_client_options options = { .settings = plain_settings };
    struct world w;

    (void)state;
    world_open(&w, serve_manifest, NULL, &options);
    assert_int_equal(world_get(&w), CPROV_EREFUSED);
    world_close(&w);
}

static char private_api[CPROV_NAME_MAX + 16];

/* A name of a document that turns out to be on this machine. */
static int led_settings(void *arg, const char *host, struct cprov_registry_settings *out,
                        struct cprov_error *err)
{
    (void)arg;
    (void)err;
    out->api = private_api;
    out->public_only = strcmp(host, "led.example") == 0;
    return 0;
}

static void S11_a_document_leads_by_name(void **state)
{
    struct cprov_client_options options = { .settings = led_settings };
    struct world w;

    (void)state;
    world_open(&w, serve_manifest, NULL, &options);
    snprintf(private_api, sizeof(private_api), "http://%s", w.ref.host);
    snprintf(w.ref.host, sizeof(w.ref.host), "led.example");
    assert_int_equal(world_get(&w), CPROV_ENETWORK);
    assert_non_null(strstr(w.err.msg, "private address"));
    assert_int_equal(script_server_count(w.server, ""), 0);
    snprintf(w.ref.host, sizeof(w.ref.host), "named.example");
    assert_int_equal(world_get(&w), 0);
    assert_true(cprov_client_is_private(w.client, "named.example"));
    /* The connection of another request is no way round. */
    snprintf(w.ref.host, sizeof(w.ref.host), "led.example");
    assert_int_equal(world_get(&w), CPROV_ENETWORK);
    assert_int_equal(script_server_count(w.server, ""), 1);
    world_close(&w);
}

static void serve_tls_words(struct script_call *call, void *arg)
{
    (void)arg;
    script_reply(call, 400, "", "Client sent an HTTP request to an HTTPS server.\n");
    call->close = true;
}

/* The server speaks no TLS either: what counts is that https was tried. */
static void https_after_http(void **state)
{
    struct cprov_client_options options = { .retries = 0 };
    struct world w;

    (void)state;
    world_open(&w, serve_tls_words, NULL, &options);
    assert_int_equal(world_get(&w), CPROV_ENETWORK);
    assert_int_equal(script_server_count(w.server, "GET /v2/a/b/manifests/t"), 1);
    assert_null(strstr(w.err.msg, "answers 400")); /* a port may have these digits */
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_by_tag),
        cmocka_unit_test(get_by_digest),
        cmocka_unit_test(headers_that_lie),
        cmocka_unit_test(wanted_by_descriptor),
        cmocka_unit_test(huge_manifest),
        cmocka_unit_test(B31_schema_1_is_unsupported),
        cmocka_unit_test(B18_head_is_not_believed),
        cmocka_unit_test(failures),
        cmocka_unit_test(waits_as_asked),
        cmocka_unit_test(cut_manifest),
        cmocka_unit_test(S10_answers_without_an_end),
        cmocka_unit_test(cancelled),
        cmocka_unit_test(freed_while_it_runs),
        cmocka_unit_test(wrong_hosts),
        cmocka_unit_test(redirects),
        cmocka_unit_test(pings),
        cmocka_unit_test(warnings_once),
        cmocka_unit_test(plain_http_is_refused),
        cmocka_unit_test(S11_a_document_leads_by_name),
        cmocka_unit_test(https_after_http),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
