/* tests/unit/serve/ui_route_test.c - paths and queries of the pages. */
#include "serve/ui/ui_route_private.h"

#include "unit.h"

#define A10  "aaaaaaaaaa"
#define A100 A10 A10 A10 A10 A10 A10 A10 A10 A10 A10

static void test_paths(void **state)
{
    static const struct {
        const char *path;
        enum cprov_ui_kind kind;
        const char *repository, *tag;
    } cases[] = {
        { "/", CPROV_UI_LIST, "", "" },
        { "/ui", CPROV_UI_LIST, "", "" },
        { "/ui/", CPROV_UI_LIST, "", "" },
        { "http://host:5000/", CPROV_UI_LIST, "", "" },
        { "/ui/graph", CPROV_UI_GRAPH, "", "" },
        { "/ui/style.css", CPROV_UI_STYLE, "", "" },
        { "/ui/script.js", CPROV_UI_SCRIPT, "", "" },
        { "/ui/image/app", CPROV_UI_IMAGE, "app", "" },
        { "/ui/image/team/app", CPROV_UI_IMAGE, "team/app", "" },
        { "/ui/image/team/app/-/1.0", CPROV_UI_VERSION, "team/app", "1.0" },
        { "/ui/image/a/-/_X-y.Z", CPROV_UI_VERSION, "a", "_X-y.Z" },
        { "/ui/image/%61pp/-/1%2e0", CPROV_UI_VERSION, "app", "1.0" },
        { "/ui/image/graph", CPROV_UI_IMAGE, "graph", "" },
        { "/ui/image/", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/image/App", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/image/../etc", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/image/app/", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/image/app/-/", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/image/app/-/.x", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/image/-/1.0", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/image/app/-/1/-/2", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/image/<script>", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/image/" A100 A100 A100, CPROV_UI_UNKNOWN, "", "" },
        { "/ui/other", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/graph/", CPROV_UI_UNKNOWN, "", "" },
        { "/ui/image/a%2fb", CPROV_UI_ELSEWHERE, "", "" },
        { "/ui/%00", CPROV_UI_ELSEWHERE, "", "" },
        { "/uix", CPROV_UI_ELSEWHERE, "", "" },
        { "/v2/", CPROV_UI_ELSEWHERE, "", "" },
        { "/_cprov/catalog.json", CPROV_UI_ELSEWHERE, "", "" },
        { "", CPROV_UI_ELSEWHERE, "", "" },
        { "//", CPROV_UI_ELSEWHERE, "", "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_ui_route r;

        print_message("%s\n", cases[i].path);
        cprov_ui_route_parse(cprov_span_of(cases[i].path), &r);
        assert_int_equal(r.kind, cases[i].kind);
        assert_string_equal(r.repository, cases[i].repository);
        assert_string_equal(r.tag, cases[i].tag);
    }
}

static void test_queries(void **state)
{
    static const struct {
        const char *text;
        bool good;
        const char *expected;
    } cases[] = {
        { NULL, true, "" },
        { "", true, "" },
        { "nano+server", true, "nano server" },
        { "a%2Bb%20c%26", true, "a+b c&" },
        { "%c3%a9", true, "\xc3\xa9" },
        { A100 A100, true, A100 A100 },
        { A100 A100 "a", false, NULL },
        { "%", false, NULL },
        { "%0a", false, NULL },
        { "%ff", false, NULL },
    };
    static const struct {
        const char *text;
        bool good;
        size_t n;
    } numbers[] = {
        { NULL, true, 1 },       { "1", true, 1 },   { "1000000", true, 1000000 },
        { "1000001", false, 0 }, { "0", false, 0 },  { "-1", false, 0 },
        { "", false, 0 },        { "1x", false, 0 }, { "99999999999999999999", false, 0 },
    };
    char out[CPROV_UI_SEARCH_MAX + 1];

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].text ? cases[i].text : "-");
        assert_int_equal(cprov_ui_search_parse(cases[i].text, out), cases[i].good);
        if (cases[i].good)
            assert_string_equal(out, cases[i].expected);
    }
    for (size_t i = 0; i < CPROV_COUNT(numbers); i++) {
        size_t n = 0;

        print_message("%s\n", numbers[i].text ? numbers[i].text : "-");
        assert_int_equal(cprov_ui_number_parse(numbers[i].text, &n), numbers[i].good);
        assert_int_equal(n, numbers[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
