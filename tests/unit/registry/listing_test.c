/* Tests of registry/client.h: tags, catalog and referrers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "registry/listing.h"
#include "registry/referrers.h"
#include "tests/support/client_world.h"

/* --- tags --- */

struct page {
    const char *target, *link, *body;
};

static void serve_pages(struct script_call *call, void *arg)
{
    for (const struct page *p = arg; p->target; p++)
        if (strcmp(call->target, p->target) == 0) {
            script_reply(call, 200, p->link, p->body);
            return;
        }
    script_reply(call, 404, "", "{\"errors\":[{\"code\":\"NAME_UNKNOWN\"}]}");
}

/* A new cursor each time, and never a name. */
static void serve_empty_pages(struct script_call *call, void *arg)
{
    _Atomic int *pages = arg;
    char link[96];

    snprintf(link, sizeof(link), "Link: </v2/a/b/tags/list?last=x%d>; rel=\"next\"\r\n", ++*pages);
    script_reply(call, 200, link, "{\"tags\":[\"\"]}");
}

static void S10_empty_pages_end(void **state)
{
    _Atomic int pages = 0;
    struct world w;

    (void)state;
    world_open(&w, serve_empty_pages, &pages, NULL);
    assert_int_equal(world_tags(&w), CPROV_EVERIFY);
    assert_int_equal(pages, CPROV_LIST_EMPTY_MAX + 1);
    world_close(&w);
}

#define FIRST "/v2/a/b/tags/list?n=1000"

static const struct {
    const char *name;
    struct page pages[4];
    int code;
    const char *names;
    size_t dropped;
} tag_cases[] = {
    { "one page", { { FIRST, "", "{\"name\":\"a/b\",\"tags\":[\"1\",\"2\"]}" } }, 0, "1 2 ", 0 },
    { "null", { { FIRST, "", "{\"tags\":null}" } }, 0, "", 0 },
    { "none", { { FIRST, "", "{}" } }, 0, "", 0 },
    { "empty list", { { FIRST, "", "{\"tags\":[]}" } }, 0, "", 0 },
    { "junk",
      { { FIRST, "",
          "{\"tags\":[\"ok\",\"\",\"../x\",\"a b\",\"sha256:abc\",7,null,\"x\\u001b\",\"v1\"]}" } },
      0,
      "ok v1 ",
      7 },
    { "three pages",
      { { FIRST, "Link: </v2/a/b/tags/list?last=1&n=1>; rel=\"next\"\r\n", "{\"tags\":[\"1\"]}" },
        { "/v2/a/b/tags/list?last=1&n=1",
          "Link: </x>; rel=\"prev\"\r\nLink: <list?last=2>; rel=next\r\n", "{\"tags\":[\"2\"]}" },
        { "/v2/a/b/tags/list?last=2", "", "{\"tags\":[\"3\"]}" } },
      0,
      "1 2 3 ",
      0 },
    { "bare link",
      { { FIRST, "Link: /v2/a/b/tags/list?last=1\r\n", "{\"tags\":[\"1\"]}" },
        { "/v2/a/b/tags/list?last=1", "", "{\"tags\":[\"2\"]}" } },
      0,
      "1 2 ",
      0 },
    { "another host",
      { { FIRST, "Link: <http://192.0.2.1/x>; rel=\"next\"\r\n", "{\"tags\":[\"1\"]}" } },
      CPROV_EVERIFY,
      "1 ",
      0 },
    { "circle",
      { { FIRST, "Link: </v2/2>; rel=\"next\"\r\n", "{\"tags\":[\"1\"]}" },
        { "/v2/2", "Link: </v2/3>; rel=\"next\"\r\n", "{\"tags\":[]}" },
        { "/v2/3", "Link: </v2/2>; rel=\"next\"\r\n", "{\"tags\":[]}" } },
      CPROV_EVERIFY,
      "1 ",
      0 },
    { "no repository", { { "/x", "", "" } }, CPROV_ENOTFOUND, "", 0 },
    { "no list", { { FIRST, "", "{\"tags\":\"1\"}" } }, CPROV_EVERIFY, "", 0 },
    { "no document", { { FIRST, "", "[]" } }, CPROV_EVERIFY, "", 0 },
    { "nothing", { { FIRST, "", "" } }, CPROV_EVERIFY, "", 0 },
    { "a web page", { { FIRST, "", "<html>" } }, CPROV_EVERIFY, "", 0 },
};

static void tags(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(tag_cases); i++) {
        struct page pages[4];
        struct world w;

        print_message("%s\n", tag_cases[i].name);
        memcpy(pages, tag_cases[i].pages, sizeof(pages));
        world_open(&w, serve_pages, pages, NULL);
        assert_int_equal(world_tags(&w), tag_cases[i].code);
        assert_string_equal(w.names, tag_cases[i].names);
        assert_int_equal(w.dropped, tag_cases[i].dropped);
        world_close(&w);
    }
}

static void enough_tags(void **state)
{
    struct page pages[] = {
        { FIRST, "Link: </v2/2>; rel=\"next\"\r\n", "{\"tags\":[\"1\",\"2\",\"3\"]}" },
        { NULL, NULL, NULL },
    };
    struct world w;

    (void)state;
    world_open(&w, serve_pages, pages, NULL);
    w.names_wanted = 2;
    assert_int_equal(world_tags(&w), 0);
    assert_string_equal(w.names, "1 2 ");
    assert_int_equal(script_server_count(w.server, ""), 1);
    world_close(&w);
}

static void catalog(void **state)
{
    struct page pages[] = {
        { "/v2/_catalog?n=1000", "Link: </v2/_catalog?last=b>; rel=\"next\"\r\n",
          "{\"repositories\":[\"a\",\"b/c\",\"UPPER\",\"../x\"]}" },
        { "/v2/_catalog?last=b", "", "{\"repositories\":[\"z\"]}" },
        { NULL, NULL, NULL },
    };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct world w;

    (void)state;
    world_open(&w, serve_pages, pages, NULL);
    struct cprov_list_request request = { world_on_name, world_on_list, &w };
    assert_int_equal(cprov_client_list_repositories(w.client, &w.ref, &request, &err), 0);
    world_run(&w);
    assert_int_equal(w.code, 0);
    assert_string_equal(w.names, "a b/c z ");
    assert_int_equal(w.dropped, 2);
    world_close(&w);
}

static void serve_any(struct script_call *call, void *arg)
{
    (void)arg;
    script_sleep_ms(2);
    script_reply(call, 200, "", "{\"tags\":[\"1\"]}");
}

static void many_repositories(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct world w;

    (void)state;
    world_open(&w, serve_any, NULL, NULL);
    struct cprov_list_request request = { world_on_name, world_on_list, &w };
    for (int i = 0; i < 100; i++) {
        snprintf(w.ref.repository, sizeof(w.ref.repository), "r%d", i);
        assert_int_equal(cprov_client_list_tags(w.client, &w.ref, &request, &err), 0);
    }
    world_run(&w);
    assert_int_equal(w.calls, 100);
    assert_int_equal(w.names_count, 100);
    assert_int_equal(cprov_client_requests(w.client), 100);
    world_close(&w);
}

/* --- referrers --- */

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define API "/v2/a/b/referrers/sha256:" HEX
#define TAG "/v2/a/b/manifests/sha256-" HEX
#define OCI "Content-Type: " CPROV_MT_OCI_INDEX "\r\n"
#define ENTRY(type, digit)                                                                         \
    "{\"mediaType\":\"" CPROV_MT_OCI_MANIFEST "\",\"digest\":\"sha256:" digit                      \
    "000000000000000000000000000000000000000000000000000000000000000\",\"size\":1,"                \
    "\"artifactType\":\"" type "\"}"
#define INDEX(entries)                                                                             \
    "{\"schemaVersion\":2,\"mediaType\":\"" CPROV_MT_OCI_INDEX "\",\"manifests\":[" entries "]}"

static const struct {
    const char *name;
    const char *type;
    struct page pages[4];
    int code;
    size_t count, requests;
} referrer_cases[] = {
    { "all", NULL, { { API, OCI, INDEX(ENTRY("x/y", "1") "," ENTRY("x/z", "2")) } }, 0, 2, 1 },
    { "none", NULL, { { API, OCI, INDEX("") } }, 0, 0, 1 },
    { "filtered here",
      "x/z",
      { { API "?artifactType=x%2Fz", OCI, INDEX(ENTRY("x/y", "1") "," ENTRY("x/z", "2")) } },
      0,
      1,
      1 },
    { "filtered there",
      "x/z",
      { { API "?artifactType=x%2Fz", OCI "OCI-Filters-Applied: artifactType\r\n",
          INDEX(ENTRY("x/z", "2")) } },
      0,
      1,
      1 },
    { "pages",
      NULL,
      { { API, OCI "Link: </v2/more>; rel=\"next\"\r\n", INDEX(ENTRY("x/y", "1")) },
        { "/v2/more", OCI, INDEX(ENTRY("x/z", "2") "," ENTRY("x/z", "3")) } },
      0,
      3,
      2 },
    { "by tag", NULL, { { TAG, OCI, INDEX(ENTRY("x/y", "1")) } }, 0, 1, 2 },
    { "by tag, filtered",
      "x/z",
      { { TAG, OCI, INDEX(ENTRY("x/y", "1") "," ENTRY("x/z", "2")) } },
      0,
      1,
      2 },
    { "no index, so by tag",
      NULL,
      { { API, "Content-Type: text/html\r\n", "<html>" }, { TAG, OCI, INDEX(ENTRY("x/y", "1")) } },
      0,
      1,
      2 },
    { "neither", NULL, { { "/x", "", "" } }, 0, 0, 2 },
    { "broken", NULL, { { API, OCI, "{" } }, CPROV_EVERIFY, 0, 1 },
    { "circle",
      NULL,
      { { API, OCI "Link: </v2/more>; rel=\"next\"\r\n", INDEX("") },
        { "/v2/more", OCI "Link: <" API ">; rel=\"next\"\r\n", INDEX("") } },
      CPROV_EVERIFY,
      0,
      2 },
};

static void serve_referrers(struct script_call *call, void *arg)
{
    for (const struct page *p = arg; p->target; p++)
        if (strcmp(call->target, p->target) == 0) {
            script_reply(call, 200, p->link, p->body);
            return;
        }
    script_reply(call, 404, "", "404 page not found\n");
}

static void ask_referrers(struct world *w, const char *type)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    w->calls = 0;
    cprov_manifest_free(cprov_steal(&w->manifest));
    assert_int_equal(cprov_digest_parse(cprov_span_of("sha256:" HEX), &w->ref.digest, &err), 0);
    w->ref.has_digest = true;
    assert_int_equal(
        cprov_client_get_referrers(w->client, &w->ref, type, world_on_manifest, w, &err), 0);
    world_run(w);
    assert_int_equal(w->calls, 1);
}

static void referrers(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(referrer_cases); i++) {
        struct page pages[4];
        struct world w;

        print_message("%s\n", referrer_cases[i].name);
        memcpy(pages, referrer_cases[i].pages, sizeof(pages));
        world_open(&w, serve_referrers, pages, NULL);
        ask_referrers(&w, referrer_cases[i].type);
        assert_int_equal(w.code, referrer_cases[i].code);
        assert_int_equal(script_server_count(w.server, ""), referrer_cases[i].requests);
        if (w.code == 0) {
            assert_int_equal(w.manifest->kind, CPROV_DOC_INDEX);
            assert_int_equal(w.manifest->manifests_count, referrer_cases[i].count);
        }
        world_close(&w);
    }
}

/* That the API is missing is remembered; that a repository is, is an answer. */
static void referrers_api_unknown(void **state)
{
    struct page pages[] = { { TAG, OCI, INDEX(ENTRY("x/y", "1")) }, { NULL, NULL, NULL } };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct world w;

    (void)state;
    world_open(&w, serve_referrers, pages, NULL);
    ask_referrers(&w, NULL);
    ask_referrers(&w, NULL);
    assert_int_equal(script_server_count(w.server, "GET " API), 1);
    assert_int_equal(script_server_count(w.server, "GET " TAG), 2);
    w.ref.has_digest = false;
    assert_int_equal(
        cprov_client_get_referrers(w.client, &w.ref, NULL, world_on_manifest, &w, &err),
        CPROV_EINVAL);
    world_close(&w);

    world_open(&w, serve_pages, pages, NULL);
    ask_referrers(&w, NULL);
    assert_int_equal(w.code, CPROV_ENOTFOUND);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(S10_empty_pages_end),   cmocka_unit_test(tags),
        cmocka_unit_test(enough_tags),           cmocka_unit_test(catalog),
        cmocka_unit_test(many_repositories),     cmocka_unit_test(referrers),
        cmocka_unit_test(referrers_api_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
