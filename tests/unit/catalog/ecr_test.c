/* Tests of catalog/source/ecr_api_private.h and the kind of source that is made with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalog/source/ecr_api_private.h"
#include "catalog/source/vendors_private.h"
#include "vendor_world.h"

#define TARGET "AmazonEC2ContainerRegistry_V20150921."

static void api_hosts(void **state)
{
    static const struct {
        const char *registry, *api;
    } cases[] = {
        { "1234.dkr.ecr.eu-west-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com" },
        { "1234.dkr.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn" },
        { "1234.dkr.ecr.x.evil.example", "1234.dkr.ecr.x.evil.example" },
        { "127.0.0.1:5000", "127.0.0.1:5000" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        char host[CPROV_NAME_MAX + 1];

        snprintf(host, sizeof(host), "%s", cases[i].registry);
        cprov_ecr_api(cases[i].registry, host);
        assert_string_equal(host, cases[i].api);
    }
}

/* What the server was asked, and how it answers. */
struct ecr {
    char asked[4][SCRIPT_TEXT_MAX]; /* bodies */
    size_t count;
    const char *images; /* the second page of images */
    bool badly_signed;
};

static bool is_signed(struct script_call *call)
{
    const char *text = script_header(call, "Authorization");
    bool ok = strncmp(text, "AWS4-HMAC-SHA256 Credential=KEY/", 32) == 0 &&
              strstr(text, "/eu-west-1/ecr/aws4_request, SignedHeaders=content-type;host;"
                           "x-amz-date;x-amz-security-token;x-amz-target, Signature=");

    ok = ok && strcmp(script_header(call, "X-Amz-Security-Token"), "SECRET-session") == 0;
    ok = ok && strlen(script_header(call, "X-Amz-Date")) == 16;
    return ok && strcmp(script_header(call, "Content-Type"), "application/x-amz-json-1.1") == 0;
}

static void serve(struct script_call *call, void *arg)
{
    struct ecr *e = arg;

    if (strcmp(call->method, "POST") != 0) {
        script_reply(call, 200, JSON, "{\"tags\":[\"plain\"]}");
        return;
    }
    e->badly_signed |= !is_signed(call);
    snprintf(e->asked[e->count++ % 4], sizeof(e->asked[0]), "%s", call->body);
    bool first = !strstr(call->body, "nextToken");
    if (strcmp(script_header(call, "X-Amz-Target"), TARGET "DescribeRepositories") == 0)
        script_reply(call, 200, JSON,
                     first ? "{\"repositories\":[{\"repositoryName\":\"team/a\"}],"
                             "\"nextToken\":\"more==\"}"
                           : "{\"repositories\":[{\"repositoryName\":\"b\"},7]}");
    else if (!e->images)
        script_reply(call, 400, JSON, "{\"__type\":\"RepositoryNotFoundException\"}");
    else
        script_reply(call, 200, JSON,
                     first ? "{\"imageDetails\":[{\"imageDigest\":\"" D1 "\",\"imageTags\":[\"1\","
                             "\"latest\"],\"imageSizeInBytes\":99,\"imagePushedAt\":"
                             "1700000000.0}],\"nextToken\":\"more\"}"
                           : e->images);
}

static bool on_version(void *arg, const struct cprov_entry *e)
{
    struct world *w = arg;
    char hex[CPROV_DIGEST_TEXT_MAX] = "-";
    char line[256];

    if (e->digest)
        cprov_digest_hex(e->digest, hex);
    snprintf(line, sizeof(line), "%s %.4s %ju %s", e->version, hex, (uintmax_t)e->bytes,
             e->created ? e->created : "");
    return world_on_name(w, line);
}

static void keys(const char *id)
{
    if (id) {
        setenv("AWS_ACCESS_KEY_ID", id, 1);
        setenv("AWS_SECRET_ACCESS_KEY", "SECRET", 1);
        setenv("AWS_SESSION_TOKEN", "SECRET-session", 1);
        setenv("AWS_REGION", "eu-west-1", 1);
    } else {
        unsetenv("AWS_ACCESS_KEY_ID");
        unsetenv("AWS_SECRET_ACCESS_KEY");
        unsetenv("AWS_SESSION_TOKEN");
        unsetenv("AWS_REGION");
    }
}

static void place_at(struct world *w, struct cprov_place *place)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_source source = { .name = "s", .location = w->ref.host, .type = "ecr" };

    assert_int_equal(cprov_place_init(&source, cprov_network_kinds, place, &err), 0);
    place->source = NULL;
}

static void versions(struct world *w)
{
    struct cprov_versions_request request = { on_version, world_on_done, w };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_place place;

    place_at(w, &place);
    assert_int_equal(cprov_source_ecr.versions(w->client, &place, &w->ref, &request, &err), 0);
    world_run(w);
    assert_int_equal(w->calls, 1);
}

static void images(void **state)
{
    struct ecr e = { .images = "{\"imageDetails\":[{\"imageDigest\":\"" D2
                               "\",\"imageTags\":[\"2\"]}],\"nextToken\":null}" };
    struct world w;

    (void)state;
    keys("KEY");
    world_open(&w, serve, &e, NULL);
    versions(&w);
    assert_int_equal(w.code, 0);
    assert_false(e.badly_signed);
    assert_string_equal(w.names, "1 1111 99 2023-11-14T22:13:20Z latest 1111 99 "
                                 "2023-11-14T22:13:20Z 2 2222 0  ");
    assert_string_equal(e.asked[0], "{\"repositoryName\":\"a/b\",\"filter\":{\"tagStatus\":"
                                    "\"TAGGED\"},\"maxResults\":1000}");
    assert_string_equal(e.asked[1], "{\"repositoryName\":\"a/b\",\"filter\":{\"tagStatus\":"
                                    "\"TAGGED\"},\"maxResults\":1000,\"nextToken\":\"more\"}");
    world_close(&w);
    keys(NULL);
}

static void the_token_circles(void **state)
{
    struct ecr e = { .images = "{\"imageDetails\":[],\"nextToken\":\"more\"}" };
    struct world w;

    (void)state;
    keys("KEY");
    world_open(&w, serve, &e, NULL);
    versions(&w);
    assert_int_equal(w.code, CPROV_EVERIFY);
    assert_int_equal(e.count, 2);
    world_close(&w);
    keys(NULL);
}

static void falls_back(void **state)
{
    struct ecr e = { 0 };
    struct world w;

    (void)state;
    for (int with = 0; with < 2; with++) {
        keys(with ? "KEY" : NULL);
        world_open(&w, serve, &e, NULL);
        versions(&w);
        assert_int_equal(w.code, 0);
        assert_string_equal(w.names, "plain - 0  ");
        assert_int_equal(e.count, with);
        world_close(&w);
    }
    keys(NULL);
}

static void repositories(void **state)
{
    struct ecr e = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_place place;
    struct world w;

    (void)state;
    keys("KEY");
    world_open(&w, serve, &e, NULL);
    struct cprov_list_request request = { world_on_name, world_on_list, &w };
    place_at(&w, &place);
    assert_int_equal(cprov_source_ecr.scan(w.client, &place, &request, &err), 0);
    world_run(&w);
    assert_int_equal(w.code, 0);
    assert_string_equal(w.names, "team/a b ");
    assert_int_equal(w.dropped, 1);
    assert_string_equal(e.asked[1], "{\"maxResults\":1000,\"nextToken\":\"more==\"}");
    world_close(&w);
    keys(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(api_hosts),         cmocka_unit_test(images),
        cmocka_unit_test(the_token_circles), cmocka_unit_test(falls_back),
        cmocka_unit_test(repositories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
