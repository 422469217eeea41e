/* tests/unit/serve/lists_test.c - pages of names and their links. */
#include "serve/lists_private.h"

#include <stdlib.h>

#include "base/error.h"
#include "unit.h"

static void test_pages(void **state)
{
    static const struct {
        const char *n, *last;
        int code;
        size_t count;
        const char *after;
    } cases[] = {
        { NULL, NULL, 0, CPROV_LIST_PAGE_SIZE, "" },
        { "0", NULL, 0, 0, "" },
        { "7", "a", 0, 7, "a" },
        { "1000", "", 0, CPROV_LIST_PAGE_SIZE, "" },
        { "1001", NULL, 0, CPROV_LIST_PAGE_SIZE, "" },
        { "99999999999999999999999999", NULL, 0, CPROV_LIST_PAGE_SIZE, "" },
        { NULL, "a%2fb", 0, CPROV_LIST_PAGE_SIZE, "a/b" },
        { "", NULL, CPROV_EINVAL, 0, "" },
        { "-1", NULL, CPROV_EINVAL, 0, "" },
        { "1x", NULL, CPROV_EINVAL, 0, "" },
        { "1", "%00", CPROV_EINVAL, 0, "" },
        { "1", "%", CPROV_EINVAL, 0, "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_page page = { .count = 77, .last = "untouched" };

        print_message("n=%s last=%s\n", cases[i].n ? cases[i].n : "-",
                      cases[i].last ? cases[i].last : "-");
        assert_int_equal(cprov_page_parse(cases[i].n, cases[i].last, &page, CPROV_IGNORED),
                         cases[i].code);
        assert_int_equal(page.count, cases[i].code ? 77 : cases[i].count);
        assert_string_equal(page.last, cases[i].code ? "untouched" : cases[i].after);
    }
}

static void test_last_too_long(void **state)
{
    char last[CPROV_NAME_MAX + 2];
    struct cprov_page page;

    (void)state;
    memset(last, 'a', sizeof(last));
    last[CPROV_NAME_MAX + 1] = '\0';
    assert_int_equal(cprov_page_parse(NULL, last, &page, CPROV_IGNORED), CPROV_EINVAL);
    last[CPROV_NAME_MAX] = '\0';
    assert_int_equal(cprov_page_parse(NULL, last, &page, CPROV_IGNORED), 0);
}

static void test_names(void **state)
{
    static const char *const list[] = { "A", "a", "b/c", "d" };
    static const struct {
        const char *repository;
        size_t count, n;
        const char *last, *body, *link;
    } cases[] = {
        { "x/y", 4, 9, "", "{\"name\":\"x/y\",\"tags\":[\"A\",\"a\",\"b/c\",\"d\"]}", "" },
        { "x/y", 4, 4, "", "{\"name\":\"x/y\",\"tags\":[\"A\",\"a\",\"b/c\",\"d\"]}", "" },
        { "x/y", 4, 2, "", "{\"name\":\"x/y\",\"tags\":[\"A\",\"a\"]}",
          "</v2/x/y/tags/list?n=2&last=a>; rel=\"next\"" },
        { "x/y", 4, 2, "a", "{\"name\":\"x/y\",\"tags\":[\"b/c\",\"d\"]}", "" },
        { "x/y", 4, 1, "aa", "{\"name\":\"x/y\",\"tags\":[\"b/c\"]}",
          "</v2/x/y/tags/list?n=1&last=b/c>; rel=\"next\"" },
        { "x/y", 4, 0, "", "{\"name\":\"x/y\",\"tags\":[]}", "" },
        { "x/y", 0, 5, "", "{\"name\":\"x/y\",\"tags\":[]}", "" },
        { "x/y", 4, 5, "d", "{\"name\":\"x/y\",\"tags\":[]}", "" },
        { NULL, 4, 3, "", "{\"repositories\":[\"A\",\"a\",\"b/c\"]}",
          "</v2/_catalog?n=3&last=b/c>; rel=\"next\"" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_page page = { .count = cases[i].n };
        auto_buf struct cprov_buf body, link;

        print_message("case %zu\n", i);
        memcpy(page.last, cases[i].last, strlen(cases[i].last));
        cprov_buf_init(&body, CPROV_KIB);
        cprov_buf_init(&link, CPROV_KIB);
        cprov_names_write(&body, &link, cases[i].repository, list, cases[i].count, &page);
        assert_string_equal(cprov_buf_text(&body), cases[i].body);
        assert_string_equal(cprov_buf_text(&link), cases[i].link);
    }
}

static void test_problem(void **state)
{
    auto_buf struct cprov_buf body;

    (void)state;
    cprov_buf_init(&body, CPROV_KIB);
    cprov_problem_write(&body, "BLOB_UNKNOWN", "\"x\"");
    assert_string_equal(cprov_buf_text(&body),
                        "{\"errors\":[{\"code\":\"BLOB_UNKNOWN\",\"message\":\"\\\"x\\\"\"}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_last_too_long),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_problem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
