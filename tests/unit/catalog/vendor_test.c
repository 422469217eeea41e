/* Tests of catalog/source/vendor.h and the kinds of source that are made with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "catalog/source/vendor.h"
#include "vendor_world.h"

#define HUB "/v2/namespaces/library/repositories/app"

static const struct vendor_case dockerhub[] = {
    { "two pages",
      "dockerhub",
      "",
      "library/app",
      { { HUB, NULL, "{\"name\":\"app\",\"description\":\"An app.\"}", 0 },
        { HUB "/tags?page_size=100", NULL,
          "{\"count\":2,\"next\":\"@" HUB "/tags?page_size=100&page=2\",\"results\":[{\"name\":"
          "\"1.0\",\"digest\":\"" D1 "\",\"full_size\":70,\"last_updated\":"
          "\"2026-01-05T21:06:53.5Z\",\"images\":[{\"architecture\":\"amd64\",\"os\":\"linux\","
          "\"size\":70},{\"architecture\":\"arm\",\"variant\":\"v7\",\"os\":\"linux\"},"
          "{\"architecture\":\"unknown\",\"os\":\"unknown\"}]}]}",
          0 },
        { HUB "/tags?page_size=100&page=2", NULL,
          "{\"next\":null,\"results\":[{\"name\":\"win\",\"digest\":null,\"images\":[{"
          "\"architecture\":\"amd64\",\"os\":\"windows\",\"os_version\":\"10.0.1\"}]},"
          "{\"name\":\"../no\"},{\"name\":7},7]}",
          0 } },
      0,
      "1.0 1111 70 [2026-01-05T21:06:53.5Z] [linux/amd64, linux/arm/v7] [] [An app.] []\n"
      "win - 0 [] [windows(10.0.1)/amd64] [10.0.1] [An app.] []\n",
      3 },
    { "another server",
      "dockerhub",
      "",
      "library/app",
      { { HUB, NULL, "{}", 0 },
        { HUB "/tags?page_size=100", NULL,
          "{\"next\":\"http://192.0.2.1/x\",\"results\":[{\"name\":\"1\"}]}", 0 } },
      CPROV_EVERIFY,
      "1 - 0 [] [] [] [] []\n",
      2 },
    { "a circle",
      "dockerhub",
      "",
      "library/app",
      { { HUB, NULL, "{}", 0 },
        { HUB "/tags?page_size=100", NULL,
          "{\"next\":\"@" HUB "/tags?page=2\",\"results\":[{\"name\":\"1\"}]}", 0 },
        { HUB "/tags?page=2", NULL, "{\"next\":\"@" HUB "/tags?page_size=100\",\"results\":[]}",
          0 } },
      CPROV_EVERIFY,
      "1 - 0 [] [] [] [] []\n",
      3 },
    { "not there",
      "dockerhub",
      "",
      "library/app",
      { PLAIN_TAGS("library/app") },
      0,
      "plain - 0 [] [] [] [] []\n",
      2 },
    { "a web page",
      "dockerhub",
      "",
      "library/app",
      { { HUB, HTML, "<html>", 0 }, PLAIN_TAGS("library/app") },
      0,
      "plain - 0 [] [] [] [] []\n",
      2 },
    { "the second page is not there",
      "dockerhub",
      "",
      "library/app",
      { { HUB, NULL, "{}", 0 },
        { HUB "/tags?page_size=100", NULL, "{\"next\":\"@/gone\",\"results\":[{\"name\":\"1\"}]}",
          0 },
        PLAIN_TAGS("library/app") },
      CPROV_ENETWORK,
      "1 - 0 [] [] [] [] []\n",
      3 },
    { "repositories",
      "dockerhub",
      "/library",
      NULL,
      { { "/v2/namespaces/library/repositories?page_size=100", NULL,
          "{\"next\":\"?page=2\",\"results\":[{\"name\":\"app\",\"namespace\":\"library\"}]}", 0 },
        { "/v2/namespaces/library/repositories?page=2", NULL,
          "{\"next\":\"\",\"results\":[{\"name\":\"b\",\"namespace\":\"library\"},{\"name\":\"c\","
          "\"namespace\":\"other\"},{\"name\":\"UPPER\",\"namespace\":\"library\"}]}",
          0 } },
      0,
      "library/app library/b ",
      2 },
    { "garbage",
      "dockerhub",
      "/library",
      NULL,
      { { "/v2/namespaces/library/repositories?page_size=100", NULL, "{\"results\":", 0 } },
      CPROV_EVERIFY,
      "",
      1 },
    { "no list",
      "dockerhub",
      "/library",
      NULL,
      { { "/v2/namespaces/library/repositories?page_size=100", NULL, "{\"results\":7}", 0 } },
      CPROV_EVERIFY,
      "",
      1 },
};

#define QUAY "/api/v1/repository/team/app/tag/?onlyActiveTags=true&limit=100"

static const struct vendor_case quay[] = {
    { "two pages",
      "quay",
      "",
      "team/app",
      { { QUAY, NULL,
          "{\"page\":1,\"has_additional\":true,\"tags\":[{\"name\":\"1\",\"manifest_digest\":\"" D1
          "\",\"size\":99,\"start_ts\":1700000000,\"last_modified\":\"Tue, 14 Nov 2023 22:13:20 "
          "-0000\"}]}",
          0 },
        { QUAY "&page=2", NULL,
          "{\"page\":2,\"has_additional\":false,\"tags\":[{\"name\":\"2\",\"manifest_digest\":"
          "\"sha256:short\",\"size\":null}]}",
          0 } },
      0,
      "1 1111 99 [2023-11-14T22:13:20Z] [] [] [] []\n2 - 0 [] [] [] [] []\n",
      2 },
    { "the same page for ever",
      "quay",
      "",
      "team/app",
      { { QUAY, NULL, "{\"page\":1,\"has_additional\":true,\"tags\":[{\"name\":\"1\"}]}", 0 },
        { QUAY "&page=2", NULL, "{\"page\":1,\"has_additional\":true,\"tags\":[{\"name\":\"1\"}]}",
          0 } },
      CPROV_EVERIFY,
      "1 - 0 [] [] [] [] []\n",
      2 },
    { "login required",
      "quay",
      "",
      "team/app",
      { { QUAY, NULL, "{\"error\":\"no\"}", 401 }, PLAIN_TAGS("team/app") },
      0,
      "plain - 0 [] [] [] [] []\n",
      2 },
    { "repositories",
      "quay",
      "/team",
      NULL,
      { { "/api/v1/repository?public=true&namespace=team", NULL,
          "{\"next_page\":\"gA==\",\"repositories\":[{\"namespace\":\"team\",\"name\":\"app\","
          "\"kind\":\"image\"},{\"namespace\":\"team\",\"name\":\"chart\",\"kind\":"
          "\"application\"}]}",
          0 },
        { "/api/v1/repository?public=true&namespace=team&next_page=gA%3D%3D", NULL,
          "{\"repositories\":[{\"namespace\":\"team\",\"name\":\"b\"}]}", 0 } },
      0,
      "team/app team/b ",
      2 },
    { "the token circles",
      "quay",
      "/team",
      NULL,
      { { "/api/v1/repository?public=true&namespace=team", NULL,
          "{\"next_page\":\"a\",\"repositories\":[]}", 0 },
        { "/api/v1/repository?public=true&namespace=team&next_page=a", NULL,
          "{\"next_page\":\"a\",\"repositories\":[{\"namespace\":\"team\",\"name\":\"b\"}]}", 0 } },
      CPROV_EVERIFY,
      "team/b ",
      2 },
};

#define HARBOR                                                                                     \
    "/api/v2.0/projects/team/repositories/a%252Fb/"                                                \
    "artifacts?with_tag=true&q=tags%3D*&page_size=100"

static const struct vendor_case harbor[] = {
    { "an image and an index",
      "harbor",
      "",
      "team/a/b",
      { { HARBOR, JSON "Link: </api/v2.0/next>; rel=\"next\"\r\n",
          "[{\"digest\":\"" D1 "\",\"size\":99,\"push_time\":\"2026-02-01T00:00:00Z\","
          "\"extra_attrs\":{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":"
          "\"2026-01-01T00:00:00Z\",\"config\":{\"Labels\":{"
          "\"org.opencontainers.image.vendor\":\"Team\"}}},\"annotations\":{"
          "\"org.opencontainers.image.description\":\"B.\"},\"references\":null,"
          "\"tags\":[{\"name\":\"1\"},{\"name\":\"1.0\"}]},{\"digest\":\"" D2 "\",\"tags\":null}]",
          0 },
        { "/api/v2.0/next", NULL,
          "[{\"digest\":\"" D2 "\",\"size\":500,\"push_time\":\"2026-02-01T00:00:00Z\","
          "\"references\":[{\"platform\":{\"os\":\"windows\",\"architecture\":\"amd64\","
          "\"os.version\":\"10.0.1\"}},{\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}}"
          "],\"tags\":[{\"name\":\"2\"}]}]",
          0 } },
      0,
      "1 1111 99 [2026-01-01T00:00:00Z] [linux/amd64] [] [B.] [Team] complete\n"
      "1.0 1111 99 [2026-01-01T00:00:00Z] [linux/amd64] [] [B.] [Team] complete\n"
      "2 2222 0 [2026-02-01T00:00:00Z] [windows(10.0.1)/amd64, linux/arm64] [] [] []\n",
      2 },
    { "another server",
      "harbor",
      "",
      "team/a/b",
      { { HARBOR, JSON "Link: <http://192.0.2.1/>; rel=\"next\"\r\n",
          "[{\"tags\":[{\"name\":\"1\"}]}]", 0 } },
      CPROV_EVERIFY,
      "1 - 0 [] [] [] [] []\n",
      1 },
    { "not Harbor",
      "harbor",
      "",
      "team/a/b",
      { PLAIN_TAGS("team/a/b") },
      0,
      "plain - 0 [] [] [] [] []\n",
      2 },
    { "an object", "harbor", "", "team/a/b", { { HARBOR, NULL, "{}", 0 } }, CPROV_EVERIFY, "", 1 },
    { "everything",
      "harbor",
      "",
      NULL,
      { { "/api/v2.0/repositories?page_size=100", NULL,
          "[{\"name\":\"team/a/b\"},{\"name\":\"x/y\"}]", 0 } },
      0,
      "team/a/b x/y ",
      1 },
    { "a project",
      "harbor",
      "/team/a",
      NULL,
      { { "/api/v2.0/projects/team/repositories?page_size=100", NULL,
          "[{\"name\":\"team/a/b\"},{\"name\":\"team/c\"}]", 0 } },
      0,
      "team/a/b ",
      1 },
    { "forbidden",
      "harbor",
      "/team",
      NULL,
      { { "/api/v2.0/projects/team/repositories?page_size=100", NULL, "{}", 403 }, PLAIN_CATALOG },
      0,
      "team/two ",
      2 },
};

static const struct vendor_case gitlab[] = {
    { "tags",
      "gitlab",
      "",
      "group/app",
      { { "/gitlab/v1/repositories/group/app/tags/list/?n=100",
          JSON "Link: <@/gitlab/v1/repositories/group/app/tags/list/?last=1&n=100>; "
               "rel=\"next\"\r\n",
          "[{\"name\":\"1\",\"digest\":\"" D1 "\",\"config_digest\":\"" D2
          "\",\"size_bytes\":286734237,\"created_at\":\"2022-06-07T12:10:12.4Z\","
          "\"published_at\":\"2022-06-07T12:11:13.6Z\"}]",
          0 },
        { "/gitlab/v1/repositories/group/app/tags/list/?last=1&n=100", NULL,
          "[{\"name\":\"2\",\"digest\":\"" D2 "\",\"created_at\":\"2022-06-07T12:10:12.4Z\"}]",
          0 } },
      0,
      "1 1111 286734237 [2022-06-07T12:11:13.6Z] [] [] [] []\n"
      "2 2222 0 [2022-06-07T12:10:12.4Z] [] [] [] []\n",
      2 },
    { "an old registry",
      "gitlab",
      "",
      "group/app",
      { PLAIN_TAGS("group/app") },
      0,
      "plain - 0 [] [] [] [] []\n",
      2 },
    { "a group",
      "gitlab",
      "/group/sub",
      NULL,
      { { "/api/v4/groups/group%2Fsub/registry/repositories?per_page=100", NULL,
          "[{\"id\":1,\"path\":\"group/sub/app\"}]", 0 } },
      0,
      "group/sub/app ",
      1 },
    { "a project",
      "gitlab",
      "/group",
      NULL,
      { { "/api/v4/projects/group/registry/repositories?per_page=100", NULL,
          "[{\"id\":1,\"path\":\"group/app\"}]", 0 } },
      0,
      "group/app ",
      2 },
    { "neither", "gitlab", "/team", NULL, { PLAIN_CATALOG }, 0, "team/two ", 3 },
};

static const struct vendor_case github[] = {
    { "an organisation",
      "github",
      "",
      "team/a/b",
      { { "/orgs/team/packages/container/a%2Fb/versions?per_page=100", NULL,
          "[{\"id\":1,\"name\":\"" D1 "\",\"created_at\":\"2024-05-06T05:20:30Z\",\"metadata\":{"
          "\"package_type\":\"container\",\"container\":{\"tags\":[\"1\",\"latest\",7]}}},"
          "{\"name\":\"" D2 "\",\"metadata\":{\"container\":{\"tags\":[]}}}]",
          0 } },
      0,
      "1 1111 0 [2024-05-06T05:20:30Z] [] [] [] []\n"
      "latest 1111 0 [2024-05-06T05:20:30Z] [] [] [] []\n",
      1 },
    { "a person",
      "github",
      "",
      "me/app",
      { { "/users/me/packages/container/app/versions?per_page=100", NULL,
          "[{\"name\":\"" D1 "\",\"metadata\":{\"container\":{\"tags\":[\"1\"]}}}]", 0 } },
      0,
      "1 1111 0 [] [] [] [] []\n",
      2 },
    { "the token may not",
      "github",
      "",
      "me/app",
      { { "/orgs/me/packages/container/app/versions?per_page=100", NULL, "{}", 403 },
        { "/users/me/packages/container/app/versions?per_page=100", NULL, "{}", 401 },
        PLAIN_TAGS("me/app") },
      0,
      "plain - 0 [] [] [] [] []\n",
      3 },
    { "packages",
      "github",
      "/team",
      NULL,
      { { "/orgs/team/packages?package_type=container&per_page=100",
          JSON "Link: <@/organizations/1/packages?page=2>; rel=\"next\"\r\n",
          "[{\"name\":\"app\"}]", 0 },
        { "/organizations/1/packages?page=2", NULL, "[{\"name\":\"b\"}]", 0 } },
      0,
      "team/app team/b ",
      2 },
};

static const struct vendor_case github_nobody[] = {
    { "nobody is not told",
      "github",
      "",
      "team/app",
      { PLAIN_TAGS("team/app") },
      0,
      "plain - 0 [] [] [] [] []\n",
      1 },
    { "nobody is not told", "github", "/team", NULL, { PLAIN_CATALOG }, 0, "team/two ", 1 },
};

static const struct vendor_case mcr[] = {
    { "tags",
      "mcr",
      "",
      "windows/nanoserver",
      { { "/api/v1/catalog/windows/nanoserver/tags?reg=mar", NULL,
          "[{\"name\":\"1809\",\"digest\":\"" D1 "\",\"architecture\":\"amd64\","
          "\"operatingSystem\":\"windows\",\"lastModifiedDate\":\"2026-03-04T00:00:00Z\","
          "\"size\":100},{\"name\":\"multi\",\"digest\":\"" D2 "\",\"architecture\":"
          "\"amd64, arm64\",\"operatingSystem\":\"windows\",\"createdDate\":"
          "\"2026-03-05T00:00:00Z\",\"size\":null}]",
          0 } },
      0,
      "1809 1111 100 [2026-03-04T00:00:00Z] [windows/amd64] [] [] []\n"
      "multi 2222 0 [2026-03-05T00:00:00Z] [] [] [] []\n",
      1 },
    { "not there", "mcr", "", "app", { PLAIN_TAGS("app") }, 0, "plain - 0 [] [] [] [] []\n", 2 },
    { "repositories", "mcr", "", NULL, { PLAIN_CATALOG }, 0, "plain/one team/two ", 1 },
};

static const struct vendor_case acr[] = {
    { "tags",
      "acr",
      "",
      "app",
      { { "/acr/v1/app/_tags?n=1000",
          JSON "Link: </acr/v1/app/_tags?last=1&n=1000>; rel=\"next\"\r\n",
          "{\"registry\":\"r\",\"imageName\":\"app\",\"tags\":[{\"name\":\"1\",\"digest\":\"" D1
          "\",\"createdTime\":\"2018-09-06T06:17:21Z\",\"lastUpdateTime\":"
          "\"2018-09-07T06:17:21Z\",\"signed\":false}]}",
          0 },
        { "/acr/v1/app/_tags?last=1&n=1000", NULL, "{\"tags\":null}", 0 } },
      0,
      "1 1111 0 [2018-09-07T06:17:21Z] [] [] [] []\n",
      2 },
    { "not there", "acr", "", "app", { PLAIN_TAGS("app") }, 0, "plain - 0 [] [] [] [] []\n", 2 },
    { "repositories",
      "acr",
      "",
      NULL,
      { { "/acr/v1/_catalog?n=1000", JSON "Link: </acr/v1/_catalog?last=b>; rel=\"next\"\r\n",
          "{\"repositories\":[\"a\",\"b\",7]}", 0 },
        { "/acr/v1/_catalog?last=b", NULL, "{\"repositories\":[\"c/d\"]}", 0 } },
      0,
      "a b c/d ",
      2 },
};

static const struct vendor_case gcr[] = {
    { "manifests",
      "gcr",
      "",
      "team/app",
      { { "/v2/team/app/tags/list", NULL,
          "{\"child\":[],\"name\":\"team/app\",\"tags\":[\"1\",\"latest\"],\"manifest\":{\"" D1
          "\":{\"imageSizeBytes\":\"99\",\"layerId\":\"\",\"mediaType\":\"x/y\",\"tag\":[\"1\","
          "\"latest\"],\"timeCreatedMs\":\"1700000000123\",\"timeUploadedMs\":\"1700000001123\"},"
          "\"" D2 "\":{\"imageSizeBytes\":\"5\",\"tag\":[],\"timeUploadedMs\":\"1\"}}}",
          0 } },
      0,
      "1 1111 99 [2023-11-14T22:13:20Z] [] [] [] []\n"
      "latest 1111 99 [2023-11-14T22:13:20Z] [] [] [] []\n",
      1 },
    { "a plain registry",
      "gcr",
      "",
      "team/app",
      { { "/v2/team/app/tags/list", NULL, "{\"name\":\"team/app\",\"tags\":[\"1\"]}", 0 } },
      0,
      "1 - 0 [] [] [] [] []\n",
      1 },
    { "folders",
      "gcr",
      "/team",
      NULL,
      { { "/v2/team/tags/list", NULL,
          "{\"child\":[\"app\",\"sub\",\"..\",7],\"manifest\":{},\"tags\":[]}", 0 },
        { "/v2/team/app/tags/list", NULL, "{\"child\":[],\"manifest\":{\"" D1 "\":{}}}", 0 },
        { "/v2/team/sub/tags/list", NULL, "{\"child\":[\"deep\"],\"tags\":[\"x\"]}", 0 },
        { "/v2/team/sub/deep/tags/list", NULL, "{\"tags\":[\"x\"]}", 0 } },
      0,
      "team/app team/sub team/sub/deep ",
      4 },
    { "the whole registry", "gcr", "", NULL, { PLAIN_CATALOG }, 0, "plain/one team/two ", 1 },
};

#define RUN(table, user, password)                                                                 \
    for (size_t i = 0; i < CPROV_COUNT(table); i++)                                                \
    vendor_check(&(table)[i], user, password)

static void anonymous(void **state)
{
    (void)state;
    RUN(dockerhub, NULL, NULL);
    RUN(quay, NULL, NULL);
    RUN(harbor, NULL, NULL);
    RUN(gitlab, NULL, NULL);
    RUN(github_nobody, NULL, NULL);
    RUN(mcr, NULL, NULL);
    RUN(acr, NULL, NULL);
    RUN(gcr, NULL, NULL);
}

static void logins(void **state)
{
    (void)state;
    RUN(github, "me", "SECRET");
    assert_string_equal(vendor_authorization, "Bearer SECRET");
    RUN(harbor, "robot$x", "SECRET");
    assert_string_equal(vendor_authorization, "Basic cm9ib3QkeDpTRUNSRVQ=");
    vendor_check(&quay[0], "$oauthtoken", "SECRET");
    assert_string_equal(vendor_authorization, "Bearer SECRET");
    vendor_check(&quay[0], "team+robot", "SECRET");
    assert_string_equal(vendor_authorization, "");
    vendor_check(&gitlab[2], "me", "SECRET");
    assert_string_equal(vendor_authorization, "Bearer SECRET");
    vendor_check(&dockerhub[0], "me", "SECRET");
    assert_string_equal(vendor_authorization, "");
    /* What would be two headers is no login. */
    vendor_check(&github_nobody[0], "me", "SECRET\r\nX: y");
}

/* Azure's API takes tokens of the registry for an action of its own. */
static void serve_acr(struct script_call *call, void *arg)
{
    const struct world *w = arg;
    char headers[512];

    if (strncmp(call->target, "/token?", 7) == 0) {
        assert_non_null(strstr(call->target, "scope=repository%3Aa%2Fb%3Ametadata_read"));
        assert_string_equal(script_header(call, "Authorization"), "Basic bWU6U0VDUkVU");
        script_reply(call, 200, JSON, "{\"access_token\":\"T\"}");
    } else if (strcmp(script_header(call, "Authorization"), "Bearer T") == 0) {
        script_reply(call, 200, JSON, "{\"tags\":[{\"name\":\"1\"}]}");
    } else {
        snprintf(headers, sizeof(headers),
                 "WWW-Authenticate: Bearer realm=\"http://%s/token\",service=\"s\","
                 "scope=\"repository:a/b:metadata_read\"\r\n",
                 w->ref.host);
        script_reply(call, 401, headers, "{}");
    }
}

static bool on_entry(void *arg, const struct cprov_entry *e)
{
    return world_on_name(arg, e->version);
}

static int ask_versions(struct world *w, const char *type)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_versions_request request = { on_entry, world_on_done, w };
    struct cprov_source source = { .name = "s", .location = w->ref.host, .type = type };
    struct cprov_place place;

    assert_int_equal(cprov_place_init(&source, cprov_network_kinds, &place, &err), 0);
    assert_int_equal(place.kind->versions(w->client, &place, &w->ref, &request, &err), 0);
    world_run(w);
    assert_int_equal(w->calls, 1);
    return w->code;
}

static void tokens(void **state)
{
    struct world w;

    (void)state;
    world_open(&w, serve_acr, &w, NULL);
    w.username = "me";
    w.password = "SECRET";
    assert_int_equal(ask_versions(&w, "acr"), 0);
    assert_string_equal(w.names, "1 ");
    assert_int_equal(script_server_count(w.server, ""), 3);
    world_close(&w);
}

/* Each page is another one, and there is always a next. */
static void serve_endless(struct script_call *call, void *arg)
{
    size_t *page = arg;
    char headers[256], body[64];

    snprintf(headers, sizeof(headers), JSON "Link: </acr/v1/a/b/_tags?last=%zu>; rel=\"next\"\r\n",
             ++*page);
    snprintf(body, sizeof(body), "{\"tags\":[{\"name\":\"%zu\"}]}", *page);
    script_reply(call, 200, headers, body);
}

/* Who has enough is asked no more, and no further page is. */
static void enough(void **state)
{
    size_t pages = 0;
    struct world w;

    (void)state;
    world_open(&w, serve_endless, &pages, NULL);
    w.names_wanted = 30;
    assert_int_equal(ask_versions(&w, "acr"), 0);
    assert_int_equal(w.names_count, 30);
    assert_int_equal(pages, 30);
    world_close(&w);
}

static void api_hosts(void **state)
{
    static const struct {
        const char *type, *location, *host;
        bool is_api;
    } cases[] = {
        { "oci", "docker.io", "hub.docker.com", false },
        { "dockerhub", "docker.io/library", "hub.docker.com", true },
        { "dockerhub", "http://docker.io", "hub.docker.com", false },
        { "dockerhub", "mirror.example", "hub.docker.com", false },
        { "github", "ghcr.io/team", "api.github.com", true },
        { "gitlab", "registry.gitlab.com/g", "gitlab.com", true },
        { "gitlab", "git.example:5050", "git.example", true },
        { "gitlab", "registry.git.example", "git.example", false },
        { "ecr", "1.dkr.ecr.r.amazonaws.com", "api.ecr.r.amazonaws.com", true },
        { "harbor", "h.example", "h.example", true },
        { "harbor", "h.example", "other.example", false },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_source source = { .name = "s",
                                       .location = cases[i].location,
                                       .type = cases[i].type };
        struct cprov_place place;

        print_message("%s %s\n", cases[i].type, cases[i].location);
        assert_int_equal(cprov_place_init(&source, cprov_network_kinds, &place, &err), 0);
        assert_int_equal(cprov_vendor_is_api(&place, cases[i].host), cases[i].is_api);
    }
}

/* A kind that has learnt nothing asks as the spec says, and so does a reference given exactly. */
static void kinds(void **state)
{
    static const struct {
        const char *type, *location;
        bool can_scan;
    } cases[] = {
        { "oci", "docker.io", false },         { "dockerhub", "docker.io", false },
        { "dockerhub", "docker.io/ns", true }, { "quay", "quay.io", false },
        { "quay", "quay.io/ns", true },        { "quay", "quay.example", true },
        { "harbor", "harbor.example", true },  { "gcr", "gcr.io/p", true },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_source source = { .name = "s",
                                       .location = cases[i].location,
                                       .type = cases[i].type };
        struct cprov_place place;

        assert_int_equal(cprov_place_init(&source, cprov_network_kinds, &place, &err), 0);
        assert_int_equal(place.kind->can_scan(&place), cases[i].can_scan);
        assert_int_equal(place.kind->has_digests, strcmp(cases[i].type, "oci") != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anonymous), cmocka_unit_test(logins),    cmocka_unit_test(tokens),
        cmocka_unit_test(enough),    cmocka_unit_test(api_hosts), cmocka_unit_test(kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
