/* Tests of registry/auth_private.h through a client: who gets which token, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "tests/support/client_world.h"

#define TYPE "Content-Type: " CPROV_MT_OCI_MANIFEST "\r\n"

/* A registry that wants the token "t<generation>" and is its own token server. */
struct registry {
    const char *scope;   /* demanded; NULL: what the repository needs */
    const char *realm;   /* NULL: /token */
    const char *error;   /* in the challenge, or NULL */
    int token_status;    /* 0: 200 */
    int post_status;     /* 0: 200 */
    int expires_in;      /* 0: none said */
    bool silent;         /* content says 401 without a challenge */
    bool endless;        /* no token is good */
    bool basic;          /* wants Basic me:pw */
    unsigned generation; /* of the token that is good */
    unsigned uses;       /* of that token, so far */
    char token_target[SCRIPT_TEXT_MAX];
    char token_login[256];
    char token_body[SCRIPT_TEXT_MAX];
};

static void challenge(struct script_call *call, const struct registry *r)
{
    char headers[1024];

    snprintf(headers, sizeof(headers),
             "WWW-Authenticate: Negotiate\r\n"
             "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=\"reg, one\","
             "scope=\"%s\"%s%s\r\n",
             script_server_port(call->server), r->scope ? r->scope : "repository:a/b:pull",
             r->error ? ",error=" : "", r->error ? r->error : "");
    if (r->realm)
        snprintf(headers, sizeof(headers),
                 "WWW-Authenticate: Bearer realm=\"%s\",service=\"s\"\r\n", r->realm);
    if (r->basic)
        snprintf(headers, sizeof(headers), "WWW-Authenticate: Basic realm=\"x\"\r\n");
    script_reply(call, 401, headers,
                 "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"who are you\"}]}");
}

static void give_token(struct script_call *call, struct registry *r)
{
    bool post = strcmp(call->method, "POST") == 0;
    int status = post && r->post_status ? r->post_status : r->token_status;
    char body[256], expires[64] = "";

    snprintf(r->token_target, sizeof(r->token_target), "%s", call->target);
    snprintf(r->token_login, sizeof(r->token_login), "%s", script_header(call, "Authorization"));
    if (post)
        snprintf(r->token_body, sizeof(r->token_body), "%s", call->body);
    if (r->expires_in)
        snprintf(expires, sizeof(expires), ",\"expires_in\":%d", r->expires_in);
    snprintf(body, sizeof(body), "{\"token\":\"t%u\"%s}", r->generation, expires);
    script_reply(call, status ? status : 200, "", status ? "{\"details\":\"no\"}" : body);
}

static void serve(struct script_call *call, void *arg)
{
    struct registry *r = arg;
    char want[64];

    snprintf(want, sizeof(want), "Bearer t%u", r->generation);
    if (r->basic)
        snprintf(want, sizeof(want), "Basic bWU6cHc=");
    if (strncmp(call->target, "/token", 6) == 0)
        give_token(call, r);
    else if (!r->endless && strcmp(script_header(call, "Authorization"), want) == 0)
        script_reply(call, 200, TYPE, world_manifest);
    else if (r->silent && strcmp(call->target, "/v2/") != 0)
        script_reply(call, 401, "", "");
    else
        challenge(call, r);
}

static void anonymous_token(void **state)
{
    struct registry r = { .generation = 1, .expires_in = 300 };
    struct world w;

    (void)state;
    world_open(&w, serve, &r, NULL);
    assert_int_equal(world_get(&w), 0);
    assert_string_equal(r.token_target,
                        "/token?service=reg%2C%20one&scope=repository%3Aa%2Fb%3Apull");
    assert_string_equal(r.token_login, "");
    assert_int_equal(script_server_count(w.server, ""), 3);
    assert_int_equal(world_get(&w), 0); /* the token is kept */
    assert_int_equal(script_server_count(w.server, ""), 4);

    /* Another repository: its token is asked for at once. */
    snprintf(w.ref.repository, sizeof(w.ref.repository), "c");
    assert_int_equal(world_get(&w), 0);
    assert_int_equal(script_server_count(w.server, ""), 6);
    assert_string_equal(r.token_target, "/token?service=reg%2C%20one&scope=repository%3Ac%3Apull");
    world_close(&w);
}

static void token_for_a_password(void **state)
{
    struct registry r = { .generation = 1 };
    struct world w;

    (void)state;
    world_open(&w, serve, &r, NULL);
    w.username = "me";
    w.password = "pw";
    assert_int_equal(world_get(&w), 0);
    assert_string_equal(r.token_login, "Basic bWU6cHc=");
    assert_non_null(strstr(r.token_target, "account=me"));
    assert_null(strstr(r.token_target, "pw"));
    world_close(&w);
}

static void token_for_an_identity(void **state)
{
    static const int posts[] = { 0, 400, 401, 404, 405 };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(posts); i++) {
        struct registry r = { .generation = 1, .post_status = posts[i] };
        struct world w;

        world_open(&w, serve, &r, NULL);
        w.username = "<token>";
        w.password = "id+1";
        assert_int_equal(world_get(&w), 0);
        assert_string_equal(r.token_body, "grant_type=refresh_token&service=reg%2C%20one"
                                          "&client_id=container-provider&refresh_token=id%2B1"
                                          "&scope=repository%3Aa%2Fb%3Apull");
        assert_int_equal(script_server_count(w.server, "POST /token"), 1);
        assert_int_equal(script_server_count(w.server, "GET /token"), posts[i] != 0);
        world_close(&w);
    }
}

static void refused_at_the_token_server(void **state)
{
    static const struct {
        int status;
        const char *password;
        int code;
        size_t requests;
        const char *words;
    } cases[] = {
        { 401, "pw", CPROV_EAUTH, 1, "refused (no)" },
        { 403, "pw", CPROV_EAUTH, 1, "refused (no)" },
        { 400, NULL, CPROV_EAUTH, 1, "requires a login (no)" },
        { 404, NULL, CPROV_EAUTH, 1, "requires a login (no)" },
        { 503, NULL, CPROV_ENETWORK, 2, "tried 2 times" },
    };
    struct cprov_client_options options = { .retries = 1 };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct registry r = { .token_status = cases[i].status };
        struct world w;

        world_open(&w, serve, &r, &options);
        w.password = cases[i].password;
        w.username = w.password ? "me" : NULL;
        assert_int_equal(world_get(&w), cases[i].code);
        assert_int_equal(script_server_count(w.server, "GET /token"), cases[i].requests);
        assert_non_null(strstr(w.err.msg, cases[i].words));
        world_close(&w);
    }
}

static void basic(void **state)
{
    struct registry r = { .basic = true };
    struct world w;

    (void)state;
    world_open(&w, serve, &r, NULL);
    w.username = "me";
    w.password = "pw";
    assert_int_equal(world_get(&w), 0);
    assert_int_equal(script_server_count(w.server, ""), 2);
    assert_int_equal(world_get(&w), 0);
    assert_int_equal(script_server_count(w.server, ""), 3);
    world_close(&w);

    world_open(&w, serve, &r, NULL);
    assert_int_equal(world_get(&w), CPROV_EAUTH);
    assert_int_equal(script_server_count(w.server, ""), 1);
    w.username = "me";
    w.password = "wrong";
    assert_int_equal(world_get(&w), CPROV_EAUTH);
    assert_null(strstr(w.err.msg, "wrong"));
    assert_non_null(strstr(w.err.msg, "login was refused"));
    world_close(&w);
}

static void endless_refusal(void **state)
{
    struct registry r = { .endless = true };
    struct world w;

    (void)state;
    world_open(&w, serve, &r, NULL);
    assert_int_equal(world_get(&w), CPROV_EAUTH);
    assert_int_equal(script_server_count(w.server, ""), 3);
    assert_non_null(strstr(w.err.msg, "who are you"));
    world_close(&w);

    r.error = "\"insufficient_scope\""; /* the token just granted has the scope: no use */
    world_open(&w, serve, &r, NULL);
    assert_int_equal(world_get(&w), CPROV_EAUTH);
    assert_int_equal(script_server_count(w.server, ""), 3);
    world_close(&w);
}

/* Wants two scopes, one after the other. */
static void serve_scopes(struct script_call *call, void *arg)
{
    struct registry *r = arg;
    const char *given = script_header(call, "Authorization");

    if (strncmp(call->target, "/token", 6) == 0) {
        r->generation++;
        give_token(call, r);
    } else if (strcmp(given, "Bearer t2") == 0) {
        script_reply(call, 200, TYPE, world_manifest);
    } else if (strcmp(given, "Bearer t1") == 0) {
        r->scope = "repository:base:pull";
        r->error = "insufficient_scope";
        challenge(call, r);
    } else {
        challenge(call, r);
    }
}

static void scope_union(void **state)
{
    struct registry r = { .generation = 0 };
    struct world w;

    (void)state;
    world_open(&w, serve_scopes, &r, NULL);
    assert_int_equal(world_get(&w), 0);
    assert_string_equal(r.token_target, "/token?service=reg%2C%20one&scope=repository%3Abase%3Apull"
                                        "&scope=repository%3Aa%2Fb%3Apull");
    assert_int_equal(script_server_count(w.server, ""), 5);
    world_close(&w);
}

static void token_runs_out(void **state)
{
    struct registry r = { .generation = 1, .expires_in = 300 };
    struct world w;

    (void)state;
    world_open(&w, serve, &r, NULL);
    assert_int_equal(world_get(&w), 0);
    r.generation++; /* the server forgets the first */
    assert_int_equal(world_get(&w), 0);
    assert_int_equal(script_server_count(w.server, "GET /token"), 2);
    assert_int_equal(script_server_count(w.server, ""), 6);
    world_close(&w);
}

static void silent_refusal(void **state)
{
    struct registry r = { .generation = 1, .silent = true };
    struct world w;

    (void)state;
    world_open(&w, serve, &r, NULL);
    assert_int_equal(world_get(&w), 0);
    assert_int_equal(script_server_count(w.server, "GET /v2/"), 3); /* content, ping, content */
    assert_int_equal(world_get(&w), 0);
    assert_int_equal(script_server_count(w.server, ""), 5);
    r.generation++; /* and refreshed without a challenge */
    assert_int_equal(world_get(&w), 0);
    assert_int_equal(script_server_count(w.server, ""), 8);
    world_close(&w);
}

static void realms(void **state)
{
    static const struct {
        const char *realm;
        int code;
    } cases[] = {
        { "/token", 0 },
        { "http://192.0.2.1/token", CPROV_EAUTH },
        { "file:///token", CPROV_EAUTH },
        { "", CPROV_EAUTH },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct registry r = { .generation = 1, .realm = cases[i].realm };
        struct world w;

        print_message("%s\n", cases[i].realm);
        world_open(&w, serve, &r, NULL);
        w.username = "me";
        w.password = "pw";
        assert_int_equal(world_get(&w), cases[i].code);
        world_close(&w);
    }
}

static void realm_that_wanders(void **state)
{
    struct registry elsewhere = { .generation = 1 }, r = { .generation = 1 };
    struct script_server *other = script_server_start(serve, &elsewhere);
    char realm[64];
    struct world w;

    (void)state;
    world_open(&w, serve, &r, NULL);
    w.username = "me";
    w.password = "pw";
    assert_int_equal(world_get(&w), 0);
    snprintf(realm, sizeof(realm), "http://127.0.0.1:%d/token", script_server_port(other));
    r.realm = realm;
    r.generation++;
    assert_int_equal(world_get(&w), CPROV_EAUTH);
    assert_int_equal(script_server_count(other, ""), 0);
    world_close(&w);
    script_server_stop(other);
}

/* --- redirects and logins --- */

struct hop {
    char location[128];
    struct registry registry; /* of the target */
    char authorization[256];  /* that the target saw first */
    bool plain;               /* the target wants none */
};

static void serve_hop(struct script_call *call, void *arg)
{
    const struct hop *h = arg;

    if (strcmp(script_header(call, "Authorization"), "Basic bWU6cHc=") == 0)
        script_reply(call, 307, h->location, "");
    else
        script_reply(call, 401, "WWW-Authenticate: basic\r\n", "");
}

static void serve_target(struct script_call *call, void *arg)
{
    struct hop *h = arg;

    if (call->number == 0 && strncmp(call->target, "/token", 6) != 0)
        snprintf(h->authorization, sizeof(h->authorization), "<%s>",
                 script_header(call, "Authorization"));
    if (h->plain)
        script_reply(call, 200, TYPE, world_manifest);
    else
        serve(call, &h->registry);
}

static void login_stays_at_home(void **state)
{
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        struct hop h = { .registry = { .generation = 1 }, .plain = plain };
        struct script_server *target = script_server_start(serve_target, &h);
        struct world w;

        snprintf(h.location, sizeof(h.location), "Location: http://127.0.0.1:%d/m\r\n",
                 script_server_port(target));
        world_open(&w, serve_hop, &h, NULL);
        w.username = "me";
        w.password = "pw";
        assert_int_equal(world_get(&w), 0);
        assert_string_equal(h.authorization, "<>");
        /* Its own challenge is answered, but by nobody in particular. */
        assert_int_equal(script_server_count(target, "GET /token"), !plain);
        assert_string_equal(h.registry.token_login, "");
        world_close(&w);
        script_server_stop(target);
    }
}

/* --- many at once --- */

static void count_answer(void *arg, int code, struct cprov_manifest_answer *answer,
                         const struct cprov_error *err)
{
    struct world *w = arg;

    (void)answer;
    (void)err;
    w->calls++;
    w->code = code;
}

static void one_token_for_all(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct registry r = { .generation = 1, .expires_in = 300 };
    struct world w;

    (void)state;
    world_open(&w, serve, &r, NULL);
    assert_int_equal(world_get(&w), 0);
    r.generation++;
    w.calls = 0;
    for (int i = 0; i < 8; i++)
        assert_int_equal(cprov_client_get_manifest(w.client, &w.ref, NULL, count_answer, &w, &err),
                         0);
    world_run(&w);
    assert_int_equal(w.calls, 8);
    assert_in_range(script_server_count(w.server, "GET /token"), 2, 4);
    world_close(&w);
}

/* Each token lets two requests in. */
static void serve_two_uses(struct script_call *call, void *arg)
{
    struct registry *r = arg;
    char want[64];

    snprintf(want, sizeof(want), "Bearer t%u", r->generation);
    if (strncmp(call->target, "/token", 6) == 0) {
        r->generation++;
        r->uses = 0;
        give_token(call, r);
    } else if (strcmp(script_header(call, "Authorization"), want) == 0 && r->uses++ < 2) {
        script_reply(call, 200, TYPE, world_manifest);
    } else {
        challenge(call, r);
    }
}

/* H9: a request that is sent again with a renewed token is no retry. */
static void H9_tokens_of_two_uses(void **state)
{
    const struct cprov_client_options options = { .retries = 0 };
    struct registry r = { .generation = 0, .expires_in = 300 };
    struct world w;

    (void)state;
    world_open(&w, serve_two_uses, &r, &options);
    for (int i = 0; i < 9; i++)
        assert_int_equal(world_get(&w), 0);
    assert_int_equal(script_server_count(w.server, "GET /token"), 5);
    assert_int_equal(script_server_count(w.server, ""), 5 + 9 + 5); /* and the refusals */
    world_close(&w);
}

static void more_than_are_kept(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct registry r = { .generation = 1, .expires_in = 300 };
    struct world w;

    (void)state;
    world_open(&w, serve, &r, NULL);
    assert_int_equal(world_get(&w), 0);
    w.calls = 0;
    for (int i = 0; i < CPROV_TOKENS_CACHED_MAX + 20; i++) {
        snprintf(w.ref.repository, sizeof(w.ref.repository), "r%d", i);
        assert_int_equal(cprov_client_get_manifest(w.client, &w.ref, NULL, count_answer, &w, &err),
                         0);
    }
    world_run(&w);
    assert_int_equal(w.calls, CPROV_TOKENS_CACHED_MAX + 20);
    assert_int_equal(w.code, 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anonymous_token),
        cmocka_unit_test(token_for_a_password),
        cmocka_unit_test(token_for_an_identity),
        cmocka_unit_test(refused_at_the_token_server),
        cmocka_unit_test(basic),
        cmocka_unit_test(endless_refusal),
        cmocka_unit_test(scope_union),
        cmocka_unit_test(token_runs_out),
        cmocka_unit_test(silent_refusal),
        cmocka_unit_test(realms),
        cmocka_unit_test(realm_that_wanders),
        cmocka_unit_test(login_stays_at_home),
        cmocka_unit_test(one_token_for_all),
        cmocka_unit_test(H9_tokens_of_two_uses),
        cmocka_unit_test(more_than_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
