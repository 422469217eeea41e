/* Tests of registry/push.h: a scripted registry takes uploads, loses them, and says odd things. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/limits.h"
#include "registry/push.h"
#include "registry/push_manifest.h"
#include "tests/support/client_world.h"

#define LARGE (3 * CPROV_MIB) /* asks before it is sent */

/* What the registry does, and what it got. */
struct registry {
    const char *location;    /* of the POST; "%s" in it is the other server's port */
    int other_port;          /* of a server that is none of the registry's own */
    int statuses[8];         /* of the PUTs, in turn; 0: 201 */
    const char *put_headers; /* or NULL */
    int post_status;         /* 0: 202 */
    bool has;                /* the blob */
    bool keeps;              /* what was put is there afterwards */
    int no_head;             /* status of every HEAD */
    unsigned wants_token;    /* 0: none; else the number of requests that a token lasts */
    /* of pieces */
    const char *least;   /* OCI-Chunk-Min-Length, or NULL */
    unsigned lost_piece; /* of this one (from 1 on) half arrives, and no answer goes back */
    const char *lies;    /* Range of every answer, or NULL: the truth */
    bool forgets;        /* the upload, when asked for its status */
    bool content_early;  /* says 201 when all is there */
    /* seen */
    unsigned puts, token_uses, tokens;
    char *body;
    size_t body_len;
    char put_target[SCRIPT_TEXT_MAX], put_type[256], put_login[256], token_target[SCRIPT_TEXT_MAX];
    char post_length[32];
    bool had_expect;
    unsigned pieces;
    char *stored;
    size_t stored_len;
};

static bool let_in(struct script_call *call, struct registry *r)
{
    char headers[512], want[64];

    if (!r->wants_token)
        return true;
    snprintf(want, sizeof(want), "Bearer t%u", r->tokens);
    if (strcmp(script_header(call, "Authorization"), want) == 0 && r->token_uses > 0) {
        r->token_uses--;
        return true;
    }
    snprintf(headers, sizeof(headers),
             "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=\"s\"\r\n",
             script_server_port(call->server));
    script_reply(call, 401, headers, "");
    return false;
}

static void give_token(struct script_call *call, struct registry *r)
{
    char body[64];

    r->tokens++;
    r->token_uses = r->wants_token;
    snprintf(r->token_target, sizeof(r->token_target), "%s", call->target);
    snprintf(body, sizeof(body), "{\"token\":\"t%u\"}", r->tokens);
    script_reply(call, 200, "", body);
}

static void take_put(struct script_call *call, struct registry *r)
{
    int status = r->puts < CPROV_COUNT(r->statuses) ? r->statuses[r->puts] : 0;

    r->puts++;
    free(r->body);
    r->body = malloc(call->bytes_len + 1);
    if (!r->body)
        abort();
    memcpy(r->body, call->bytes, call->bytes_len);
    r->body_len = call->bytes_len;
    snprintf(r->put_target, sizeof(r->put_target), "%s", call->target);
    snprintf(r->put_type, sizeof(r->put_type), "%s", script_header(call, "Content-Type"));
    snprintf(r->put_login, sizeof(r->put_login), "%s", script_header(call, "Authorization"));
    r->had_expect = *script_header(call, "Expect") != '\0';
    if (status == 0)
        r->has = r->has || r->keeps;
    if (status < 0) { /* it came, and no answer goes back */
        r->has = true;
        call->close = true;
        return;
    }
    script_reply(call, status ? status : 201, r->put_headers ? r->put_headers : "Location: /b\r\n",
                 "");
}

static void answer_upload(struct script_call *call, const struct registry *r, int status)
{
    char headers[256], range[64];

    snprintf(range, sizeof(range), "0-%zu", r->stored_len > 0 ? r->stored_len - 1 : 0);
    snprintf(headers, sizeof(headers), "Location: /upload/1?state=%zu\r\nRange: %s\r\n",
             r->stored_len, r->lies ? r->lies : range);
    script_reply(call, status, headers, "");
}

static void take_piece(struct script_call *call, struct registry *r)
{
    char range[64];
    bool lost = ++r->pieces == r->lost_piece;
    size_t len = lost ? call->bytes_len / 2 : call->bytes_len;

    snprintf(range, sizeof(range), "%zu-%zu", r->stored_len, r->stored_len + call->bytes_len - 1);
    if (strcmp(script_header(call, "Content-Range"), range) != 0) {
        answer_upload(call, r, 416);
        return;
    }
    r->stored = realloc(r->stored, r->stored_len + len + 1);
    if (!r->stored)
        abort();
    memcpy(r->stored + r->stored_len, call->bytes, len);
    r->stored_len += len;
    if (lost)
        call->close = true;
    else if (r->content_early && r->stored_len == LARGE)
        script_reply(call, 201, "Location: /b\r\n", "");
    else
        answer_upload(call, r, 202);
}

static void serve(struct script_call *call, void *arg)
{
    struct registry *r = arg;
    char headers[512], location[256];

    if (strncmp(call->target, "/token", 6) == 0) {
        give_token(call, r);
        return;
    }
    if (!let_in(call, r))
        return;
    if (strcmp(call->method, "HEAD") == 0) {
        script_reply(call, r->no_head ? r->no_head : r->has ? 200 : 404, "", "");
    } else if (strcmp(call->method, "POST") == 0) {
        snprintf(r->post_length, sizeof(r->post_length), "%s",
                 script_header(call, "Content-Length"));
        snprintf(location, sizeof(location), "%s", r->location ? r->location : "/upload/1");
        if (strcmp(location, "OTHER") == 0)
            snprintf(location, sizeof(location), "http://127.0.0.1:%d/elsewhere?sig=x",
                     r->other_port);
        snprintf(headers, sizeof(headers), "Location: %s\r\nRange: 0-0\r\n%s%s%s", location,
                 r->least ? "OCI-Chunk-Min-Length: " : "", r->least ? r->least : "",
                 r->least ? "\r\n" : "");
        r->stored_len = 0;
        script_reply(call, r->post_status ? r->post_status : 202, *location ? headers : "", "");
    } else if (strcmp(call->method, "GET") == 0) {
        answer_upload(call, r, r->forgets ? 404 : 204);
    } else if (strcmp(call->method, "PATCH") == 0) {
        take_piece(call, r);
    } else {
        take_put(call, r);
    }
}

struct pushed {
    int calls, code;
    bool existed;
    uint64_t sent;
    struct cprov_digest digest;
    struct cprov_error err;
};

static void on_blob(void *arg, int code, bool existed, const struct cprov_error *err)
{
    struct pushed *p = arg;

    p->calls++;
    p->code = code;
    p->existed = existed;
    if (code < 0)
        p->err = *err;
    if (code < 0)
        print_message("  %d: %s | %s\n", code, err->msg, cprov_hint_name(err->hint));
}

static void on_sent(void *arg, uint64_t count)
{
    ((struct pushed *)arg)->sent = count;
}

static void on_manifest(void *arg, int code, const struct cprov_digest *digest,
                        const struct cprov_error *err)
{
    on_blob(arg, code, false, err);
    ((struct pushed *)arg)->digest = *digest;
}

static void open_registry(struct world *w, struct registry *r)
{
    world_open(w, serve, r, &(struct cprov_client_options){ .retries = 2 });
}

static void close_registry(struct world *w, struct registry *r)
{
    world_close(w);
    free(r->body);
    free(r->stored);
}

static int push_bytes(struct world *w, struct pushed *p, const char *bytes, size_t len)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_descriptor d = world_blob(bytes, len);

    memset(p, 0, sizeof(*p));
    assert_int_equal(
        cprov_client_push_blob(
            w->client,
            &(struct cprov_blob_push){
                .ref = &w->ref,
                .descriptor = &d,
                .content = { .bytes = { bytes, len }, .fd = -1, .sent = on_sent, .arg = p },
                .done = on_blob,
                .arg = p },
            &err),
        0);
    world_run(w);
    assert_int_equal(p->calls, 1);
    return p->code;
}

#define HELLO "hello registry"

static void target_of(char *out, size_t size, const char *start)
{
    char text[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest d = world_digest(HELLO, sizeof(HELLO) - 1);

    snprintf(out, size, "%ssha256%%3A%s", start, cprov_digest_hex(&d, text));
}

static void test_locations(void **state)
{
    static const struct {
        const char *location, *target;
    } cases[] = {
        { "/v2/a/b/blobs/uploads/u1", "/v2/a/b/blobs/uploads/u1?digest=" },
        { "/v2/a/b/blobs/uploads/u1?_state=a%3Db%2F&n=1",
          "/v2/a/b/blobs/uploads/u1?_state=a%3Db%2F&n=1&digest=" },
        { "u2", "/v2/a/b/blobs/uploads/u2?digest=" },
        { "?upload=u3", "/v2/a/b/blobs/uploads/?upload=u3&digest=" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct registry r = { .location = cases[i].location };
        struct pushed p;
        struct world w;
        char target[SCRIPT_TEXT_MAX];

        print_message("%s\n", cases[i].location);
        open_registry(&w, &r);
        target_of(target, sizeof(target), cases[i].target);
        assert_int_equal(push_bytes(&w, &p, HELLO, sizeof(HELLO) - 1), 0);
        assert_string_equal(r.put_target, target);
        assert_string_equal(r.put_type, "application/octet-stream");
        assert_string_equal(r.post_length, "0");
        assert_int_equal(r.body_len, sizeof(HELLO) - 1);
        assert_memory_equal(r.body, HELLO, r.body_len);
        assert_int_equal(p.sent, sizeof(HELLO) - 1);
        assert_false(p.existed);
        assert_false(r.had_expect);
        assert_int_equal(script_server_count(w.server, "HEAD "), 1);
        close_registry(&w, &r);
    }
}

static void test_what_is_there_is_not_sent(void **state)
{
    struct registry r = { .has = true };
    struct pushed p;
    struct world w;

    (void)state;
    open_registry(&w, &r);
    assert_int_equal(push_bytes(&w, &p, HELLO, sizeof(HELLO) - 1), 0);
    assert_true(p.existed);
    assert_int_equal(script_server_count(w.server, ""), 1);
    close_registry(&w, &r);
}

static void on_found(void *arg, int code, bool there, const struct cprov_error *err)
{
    on_blob(arg, code, there, err);
}

static void test_has_blob(void **state)
{
    static const struct {
        struct registry registry;
        int code;
        bool there;
    } cases[] = {
        { { .has = true }, 0, true },
        { { .has = false }, 0, false },
        { { .no_head = 405 }, CPROV_ENETWORK, false },
        { { .no_head = 403 }, CPROV_EAUTH, false },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct registry r = cases[i].registry;
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_descriptor d = world_blob("", 0);
        struct pushed p = { 0 };
        struct world w;

        open_registry(&w, &r);
        assert_int_equal(cprov_client_has_blob(w.client, &w.ref, &d, on_found, &p, &err), 0);
        world_run(&w);
        assert_int_equal(p.calls, 1);
        assert_int_equal(p.code, cases[i].code);
        assert_int_equal(p.existed, cases[i].there);
        close_registry(&w, &r);
    }
}

/* Statuses of the PUTs in turn, and what comes of them. */
static void test_answers(void **state)
{
    static const struct {
        const char *name;
        struct registry registry;
        int code;
        unsigned puts;
    } cases[] = {
        { "created without a digest", { .put_headers = "" }, 0, 1 },
        { "200 and 204 will do", { .statuses = { 204 } }, 0, 1 },
        { "accepted, no more", { .statuses = { 202 } }, CPROV_ENETWORK, 1 },
        { "another digest",
          { .put_headers = "Docker-Content-Digest: sha256:"
                           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n" },
          CPROV_EVERIFY,
          1 },
        { "the upload is forgotten once", { .statuses = { 404 } }, 0, 2 },
        { "a wrong range once", { .statuses = { 416 } }, 0, 2 },
        { "down for a moment", { .statuses = { 503, 500 } }, 0, 3 },
        { "down for long", { .statuses = { 503, 503, 503, 503 } }, CPROV_ENETWORK, 3 },
        { "forgotten each time", { .statuses = { 404, 404, 404, 404 } }, CPROV_ENOTFOUND, 3 },
        { "asks to wait for too long",
          { .statuses = { 429 }, .put_headers = "Retry-After: 9999\r\n" },
          CPROV_ENETWORK,
          1 },
        { "too large", { .statuses = { 413 } }, CPROV_ENETWORK, 1 },
        { "not permitted", { .statuses = { 403 } }, CPROV_EAUTH, 1 },
        { "a wrong digest, it says", { .statuses = { 400 } }, CPROV_ENETWORK, 1 },
        /* libcurl itself sends again what a connection that was used before has not answered */
        { "the answer is lost, the blob is there", { .statuses = { -1, 404 } }, 0, 2 },
        { "no HEAD here", { .no_head = 405 }, 0, 1 },
        { "no address", { .location = "" }, CPROV_ENETWORK, 0 },
        { "no upload is begun", { .post_status = 404 }, CPROV_ENOTFOUND, 0 },
        { "created before it was sent", { .post_status = 201 }, CPROV_ENETWORK, 0 },
        { "to another scheme", { .location = "ftp://127.0.0.1/x" }, CPROV_ENETWORK, 0 },
        { "the PUT is redirected elsewhere",
          { .statuses = { 307 }, .put_headers = "Location: http://localhost:1/x\r\n" },
          CPROV_ENETWORK,
          1 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct registry r = cases[i].registry;
        struct pushed p;
        struct world w;

        print_message("%s\n", cases[i].name);
        open_registry(&w, &r);
        assert_int_equal(push_bytes(&w, &p, HELLO, sizeof(HELLO) - 1), cases[i].code);
        assert_int_equal(r.puts, cases[i].puts);
        close_registry(&w, &r);
    }
}

static char *large_bytes(void)
{
    char *bytes = malloc(LARGE);

    assert_non_null(bytes);
    for (size_t i = 0; i < LARGE; i++)
        bytes[i] = (char)(i * 2654435761u >> 24);
    return bytes;
}

/* From a file, in its middle; it is asked first whether the registry wants it. */
static void test_large_file(void **state)
{
    struct registry r = { .keeps = true };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct pushed p = { 0 };
    struct world w;
    char *bytes = large_bytes();
    FILE *f = tmpfile();

    (void)state;
    open_registry(&w, &r);
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, LARGE, f), LARGE);
    assert_int_equal(fflush(f), 0);
    struct cprov_descriptor d = world_blob(bytes + 1000, LARGE - 1000);
    struct cprov_blob_push push = {
        .ref = &w.ref,
        .descriptor = &d,
        .content = { .fd = fileno(f), .offset = 1000, .sent = on_sent, .arg = &p },
        .done = on_blob,
        .arg = &p
    };
    script_server_cut(w.server, LARGE / 2);
    assert_int_equal(cprov_client_push_blob(w.client, &push, &err), 0);
    world_run(&w);
    assert_int_equal(p.code, 0);
    assert_int_equal(r.body_len, LARGE - 1000);
    assert_memory_equal(r.body, bytes + 1000, r.body_len);
    assert_int_equal(p.sent, LARGE - 1000);
    assert_true(r.had_expect);
    /* Begun anew, or sent again by libcurl, which does so while no answer has come. */
    assert_in_range(script_server_count(w.server, "POST "), 1, 2);
    assert_int_equal(r.puts, 1);

    r.has = false; /* a file that is too short ends it */
    assert_int_equal(ftruncate(fileno(f), LARGE / 2), 0);
    assert_int_equal(cprov_client_push_blob(w.client, &push, &err), 0);
    world_run(&w);
    assert_int_equal(p.code, CPROV_EFAIL);
    close_registry(&w, &r);
    fclose(f);
    free(bytes);
}

/* Refused before the body went out: it goes in pieces. */
static void test_pieces(void **state)
{
    static const struct {
        const char *name;
        struct registry registry;
        int code;
        unsigned pieces, posts, puts;
    } cases[] = {
        { "six pieces", { .least = NULL }, 0, 6, 2, 1 },
        { "larger ones are wanted", { .least = "1048576" }, 0, 3, 2, 1 },
        { "far too large ones", { .least = "99999999999" }, CPROV_ELIMIT, 0, 2, 0 },
        /* libcurl sends the lost one again by itself: 416 */
        { "one is lost half-way", { .lost_piece = 3 }, 0, 8, 2, 1 },
        { "one is lost, and what was there", { .lost_piece = 3, .forgets = true }, 0, 10, 3, 1 },
        { "all is there: no last word is needed", { .content_early = true }, 0, 6, 2, 0 },
        { "it has less than it took", { .lies = "0-0" }, CPROV_ENETWORK, 1, 2, 0 },
        { "it has more than there is", { .lies = "0-9999999" }, CPROV_ENETWORK, 1, 2, 0 },
        { "it counts in words", { .lies = "some" }, CPROV_ENETWORK, 1, 2, 0 },
        { "the end is forgotten", { .statuses = { 404 } }, 0, 12, 3, 2 },
    };
    char *bytes = large_bytes();

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct registry r = cases[i].registry;
        struct pushed p;
        struct world w;

        print_message("%s\n", cases[i].name);
        open_registry(&w, &r);
        script_server_refuse(w.server, 413);
        assert_int_equal(push_bytes(&w, &p, bytes, LARGE), cases[i].code);
        assert_int_equal(r.puts, cases[i].puts);
        assert_int_equal(script_server_count(w.server, "POST "), cases[i].posts);
        assert_int_equal(r.pieces, cases[i].pieces);
        if (cases[i].code == 0) {
            assert_int_equal(p.sent, LARGE);
            assert_int_equal(r.stored_len, LARGE);
            assert_memory_equal(r.stored, bytes, LARGE);
        }
        if (cases[i].puts > 0) {
            assert_int_equal(r.body_len, 0);
            assert_non_null(strstr(r.put_target, "/upload/1?state=3145728&digest=sha256%3A"));
        }
        close_registry(&w, &r);
    }
    free(bytes);
}

/* What is no larger than a piece stays refused. */
static void test_refused(void **state)
{
    struct registry r = { .statuses = { 413 } };
    struct pushed p;
    struct world w;

    (void)state;
    open_registry(&w, &r);
    assert_int_equal(push_bytes(&w, &p, HELLO, sizeof(HELLO) - 1), CPROV_ENETWORK);
    assert_int_equal(p.err.http, 413);
    assert_int_equal(p.err.hint, CPROV_HINT_SMALLER_LIMIT);
    assert_int_equal(script_server_count(w.server, "POST "), 1);
    close_registry(&w, &r);
}

/* What is sent is rationed like what comes. */
static void test_limited_rate(void **state)
{
    struct registry r = { .keeps = true };
    struct cprov_client_options options = { .http = { .limit_rate = 8 * CPROV_MIB } };
    struct pushed p;
    struct world w;
    char *bytes = large_bytes();

    (void)state;
    world_open(&w, serve, &r, &options);
    int64_t begin = cprov_clock_ms();
    assert_int_equal(push_bytes(&w, &p, bytes, LARGE), 0);
    assert_true(cprov_clock_ms() - begin > 250); /* 375 without the first ration */
    assert_int_equal(r.body_len, LARGE);
    assert_memory_equal(r.body, bytes, LARGE);
    close_registry(&w, &r);
    free(bytes);
}

/* A token lasts two requests: HEAD and POST; the PUT is sent again whole with the next one. */
static void test_token_ends_midway(void **state)
{
    struct registry r = { .wants_token = 2 };
    struct pushed p;
    struct world w;

    (void)state;
    open_registry(&w, &r);
    assert_int_equal(push_bytes(&w, &p, HELLO, sizeof(HELLO) - 1), 0);
    assert_int_equal(r.tokens, 2);
    assert_int_equal(script_server_count(w.server, "PUT "), 2);
    assert_int_equal(r.body_len, sizeof(HELLO) - 1);
    assert_memory_equal(r.body, HELLO, r.body_len);
    assert_non_null(strstr(r.token_target, "repository%3Aa%2Fb%3Apull%2Cpush"));
    close_registry(&w, &r);
}

/* The address is another server's: it is used, and sees no login. */
static void test_other_origin(void **state)
{
    struct registry other = { .has = false }, r = { .wants_token = 99, .location = "OTHER" };
    struct script_server *server = script_server_start(serve, &other);
    struct pushed p;
    struct world w;
    char target[SCRIPT_TEXT_MAX];

    (void)state;
    open_registry(&w, &r);
    r.other_port = script_server_port(server);
    target_of(target, sizeof(target), "/elsewhere?sig=x&digest=");
    assert_int_equal(push_bytes(&w, &p, HELLO, sizeof(HELLO) - 1), 0);
    assert_int_equal(r.puts, 0);
    assert_int_equal(other.puts, 1);
    assert_string_equal(other.put_target, target);
    assert_string_equal(other.put_login, "");
    assert_memory_equal(other.body, HELLO, sizeof(HELLO) - 1);
    close_registry(&w, &r);
    script_server_stop(server);
    free(other.body);
}

static int push_manifest(struct world *w, struct pushed *p)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    memset(p, 0, sizeof(*p));
    int code = cprov_client_push_manifest(w->client, &w->ref, CPROV_MT_OCI_MANIFEST,
                                          cprov_span_of(world_manifest), on_manifest, p, &err);
    if (code < 0)
        return code;
    world_run(w);
    assert_int_equal(p->calls, 1);
    return p->code;
}

static void test_manifest(void **state)
{
    struct registry r = { .statuses = { 503 } };
    struct cprov_digest digest = world_digest(world_manifest, strlen(world_manifest));
    struct pushed p;
    struct world w;
    char text[CPROV_DIGEST_TEXT_MAX], target[SCRIPT_TEXT_MAX], headers[256];

    (void)state;
    open_registry(&w, &r);
    assert_int_equal(push_manifest(&w, &p), 0); /* at the second try, whole */
    assert_int_equal(r.puts, 2);
    assert_string_equal(r.put_target, "/v2/a/b/manifests/t");
    assert_string_equal(r.put_type, CPROV_MT_OCI_MANIFEST);
    assert_int_equal(r.body_len, strlen(world_manifest));
    assert_memory_equal(r.body, world_manifest, r.body_len);
    assert_true(cprov_digest_equal(&p.digest, &digest));

    snprintf(headers, sizeof(headers),
             "Docker-Content-Digest: %s\r\nOCI-Subject: sha256:0\r\nLocation: /x\r\n",
             cprov_digest_format(&digest, text));
    r.put_headers = headers;
    assert_int_equal(push_manifest(&w, &p), 0);
    r.put_headers = "Docker-Content-Digest: sha256:"
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n";
    assert_int_equal(push_manifest(&w, &p), CPROV_EVERIFY);
    r.put_headers = "Docker-Content-Digest: nonsense\r\n";
    assert_int_equal(push_manifest(&w, &p), CPROV_EVERIFY);

    r.put_headers = NULL;
    w.ref.tag[0] = '\0';
    w.ref.has_digest = true;
    w.ref.digest = digest;
    snprintf(target, sizeof(target), "/v2/a/b/manifests/%s", text);
    assert_int_equal(push_manifest(&w, &p), 0);
    assert_string_equal(r.put_target, target);
    w.ref.digest.raw[0] ^= 1;
    assert_int_equal(push_manifest(&w, &p), CPROV_EINVAL);
    close_registry(&w, &r);
}

/* Interrupted while it runs: it ends, and nothing is read from the caller's bytes any more. */
static void test_interrupted(void **state)
{
    struct registry r = { .statuses = { 503, 503, 503 } };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_descriptor d = world_blob(HELLO, sizeof(HELLO) - 1);
    struct pushed p = { 0 };
    struct world w;

    (void)state;
    open_registry(&w, &r);
    w.cancelled = true;
    assert_int_equal(
        cprov_client_push_blob(
            w.client,
            &(struct cprov_blob_push){ .ref = &w.ref,
                                       .descriptor = &d,
                                       .content = { .bytes = { HELLO, sizeof(HELLO) - 1 } },
                                       .done = on_blob,
                                       .arg = &p },
            &err),
        CPROV_ECANCELLED);
    assert_int_equal(p.calls, 0);
    close_registry(&w, &r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locations),         cmocka_unit_test(test_what_is_there_is_not_sent),
        cmocka_unit_test(test_has_blob),          cmocka_unit_test(test_answers),
        cmocka_unit_test(test_large_file),        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_refused),           cmocka_unit_test(test_limited_rate),
        cmocka_unit_test(test_token_ends_midway), cmocka_unit_test(test_other_origin),
        cmocka_unit_test(test_manifest),          cmocka_unit_test(test_interrupted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
