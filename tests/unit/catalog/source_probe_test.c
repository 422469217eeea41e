/* Tests of catalog/source/probe.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "catalog/source/probe.h"
#include "vendor_world.h"

static void by_name(void **state)
{
    static const struct {
        const char *location, *type;
    } cases[] = {
        { "docker.io", "dockerhub" },
        { "https://Docker.io/library", "dockerhub" },
        { "index.docker.io", "dockerhub" },
        { "quay.io/team", "quay" },
        { "HTTPS://quay.io", "quay" },
        { "http://quay.io", NULL },
        { "ghcr.io/team", "github" },
        { "registry.gitlab.com/g/p", "gitlab" },
        { "mcr.microsoft.com", "mcr" },
        { "team.azurecr.io", "acr" },
        { "azurecr.io", NULL },
        { ".azurecr.io", NULL },
        { "team.azurecr.io.evil.example", NULL },
        { "evilazurecr.io", NULL },
        { "gcr.io/distroless", "gcr" },
        { "eu.gcr.io", "gcr" },
        { "notgcr.io", NULL },
        { "europe-docker.pkg.dev/p/r", "gcr" },
        { "1234.dkr.ecr.eu-west-1.amazonaws.com", "ecr" },
        { "1234.dkr.ecr.cn-north-1.amazonaws.com.cn/a", "ecr" },
        { "1234.dkr.ecr.eu-west-1.amazonaws.com.evil.example", NULL },
        { "dkr.ecr.eu-west-1.amazonaws.com", NULL },
        { "127.0.0.1:5000", NULL },
        { "docker.io:444", NULL },
        { "", NULL },
        { NULL, NULL },
    };
    char longest[CPROV_NAME_MAX + 10];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        const char *type = cprov_source_guess(cases[i].location);

        print_message("%s\n", cases[i].location ? cases[i].location : "none");
        assert_string_equal(type ? type : "none", cases[i].type ? cases[i].type : "none");
    }
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(cprov_source_guess(longest));
}

static const struct {
    const char *name;
    struct page pages[PAGES_MAX];
    const char *type;
    size_t requests;
} cases[] = {
    { "a registry", { { "/v2/", JSON, "{}", 200 } }, "oci", 3 },
    { "a registry with a login",
      { { "/v2/", JSON "WWW-Authenticate: Basic realm=\"r\"\r\n", "{}", 401 } },
      "oci",
      3 },
    { "Harbor by its challenge",
      { { "/v2/",
          "WWW-Authenticate: Bearer realm=\"https://h.example/service/token\","
          "service=\"harbor-registry\"\r\n",
          "", 401 } },
      "harbor",
      1 },
    { "Harbor by its system",
      { { "/v2/", JSON, "{}", 200 },
        { "/api/v2.0/systeminfo", JSON, "{\"auth_mode\":\"db_auth\"}", 200 } },
      "harbor",
      2 },
    { "GitLab",
      { { "/v2/",
          "WWW-Authenticate: Bearer realm=\"https://g.example/jwt/auth\","
          "service=\"container_registry\"\r\n",
          "", 401 } },
      "gitlab",
      1 },
    { "Quay",
      { { "/v2/",
          "WWW-Authenticate: Bearer realm=\"https://q.example/v2/auth\",service=\"q.example\"\r\n",
          "", 401 },
        { "/api/v2.0/systeminfo", HTML, "<html>", 200 },
        { "/api/v1/discovery", JSON, "{\"info\":{\"title\":\"Quay Frontend\"},\"paths\":{}}",
          200 } },
      "quay",
      3 },
    { "web pages for everything",
      { { "/v2/", JSON, "{}", 200 },
        { "/api/v2.0/systeminfo", HTML, "<html>", 200 },
        { "/api/v1/discovery", HTML, "<html>", 200 } },
      "oci",
      3 },
    { "broken",
      { { "/v2/", JSON, "{}", 503 }, { "/api/v1/discovery", JSON, "{", 200 } },
      "oci",
      3 },
};

static void serve(struct script_call *call, void *arg)
{
    const struct page *pages = arg;

    for (const struct page *p = pages; p < pages + PAGES_MAX && p->target; p++)
        if (strcmp(call->target, p->target) == 0) {
            script_reply(call, p->status, p->headers, p->body);
            return;
        }
    script_reply(call, 404, JSON, "{}");
}

static void on_type(void *arg, int code, const char *type, const struct cprov_error *err)
{
    struct world *w = arg;

    if (code == 0)
        snprintf(w->names, sizeof(w->names), "%s", type);
    world_on_done(arg, code, err);
}

static void by_asking(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct page pages[PAGES_MAX];
        struct world w;

        print_message("%s\n", cases[i].name);
        memcpy(pages, cases[i].pages, sizeof(pages));
        world_open(&w, serve, pages, NULL);
        w.username = "me";
        w.password = "SECRET";
        assert_int_equal(cprov_source_probe(w.client, w.ref.host, on_type, &w, &err), 0);
        world_run(&w);
        assert_int_equal(w.calls, 1);
        assert_int_equal(w.code, 0);
        assert_string_equal(w.names, cases[i].type);
        assert_int_equal(script_server_count(w.server, ""), cases[i].requests);
        assert_int_equal(w.logins_asked, 0);
        world_close(&w);
    }
}

static void nobody_there(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct world w;

    (void)state;
    world_open(&w, serve, (void *)(uintptr_t)cases[0].pages, NULL);
    assert_int_equal(cprov_source_probe(w.client, "127.0.0.1:1", on_type, &w, &err), 0);
    world_run(&w);
    assert_int_equal(w.calls, 1);
    assert_int_equal(w.code, CPROV_ENETWORK);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_name),
        cmocka_unit_test(by_asking),
        cmocka_unit_test(nobody_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
