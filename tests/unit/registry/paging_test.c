/* Tests of registry/paging.h and registry/warning_private.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/paging.h"
#include "registry/warning_private.h"

#define PAGE "http://127.0.0.1:5000/v2/a/tags/list?n=2"

static int step(struct cprov_paging *p, const char *link, struct cprov_buf *next,
                struct cprov_error *err)
{
    struct cprov_span links[] = { cprov_span_of("<https://x.example/>; rel=\"prev\""),
                                  cprov_span_of(link) };
    struct cprov_http_head head = { .links = links, .links_count = link ? 2 : 0 };

    cprov_buf_reset(next);
    return cprov_paging_next(p, &head, cprov_span_of(PAGE), next, err);
}

static void links(void **state)
{
    static const struct {
        const char *link, *next;
    } cases[] = {
        { NULL, "" },
        { "<x>; rel=\"prev\"", "" },
        { "</v2/a/tags/list?last=b>; rel=\"next\"", "http://127.0.0.1:5000/v2/a/tags/list?last=b" },
        { "<?last=b>; rel=next", "http://127.0.0.1:5000/v2/a/tags/list?last=b" },
        { "<http://127.0.0.1:5000/z>; rel=\"next\"", "http://127.0.0.1:5000/z" },
        { "</p>; rel=\"prev\", </n>; REL=Next", "http://127.0.0.1:5000/n" },
        { "/v2/bare?x=1", "http://127.0.0.1:5000/v2/bare?x=1" },
        { "<http://other.example/z>; rel=\"next\"", NULL },
        { "<https://127.0.0.1:5000/z>; rel=\"next\"", NULL },
        { "<http://127.0.0.1:5001/z>; rel=\"next\"", NULL },
        { "<//evil.example/z>; rel=\"next\"", NULL },
        { "<ftp://127.0.0.1:5000/z>; rel=\"next\"", NULL },
        { "</v2/a/tags/list?n=2>; rel=\"next\"", NULL }, /* this page again */
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_paging paging;
        struct cprov_buf next;

        print_message("%s\n", cases[i].link ? cases[i].link : "none");
        cprov_paging_init(&paging);
        cprov_buf_init(&next, 1024);
        assert_int_equal(step(&paging, cases[i].link, &next, &err),
                         cases[i].next ? 0 : CPROV_EVERIFY);
        if (cases[i].next)
            assert_string_equal(cprov_buf_text(&next), cases[i].next);
        cprov_buf_clear(&next);
        cprov_paging_clear(&paging);
    }
}

static void too_many_pages(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_paging paging;
    struct cprov_buf next;
    int code = 0;
    size_t pages = 0;

    (void)state;
    cprov_paging_init(&paging);
    cprov_buf_init(&next, 1024);
    for (; code == 0; pages++) {
        char link[64];

        snprintf(link, sizeof(link), "<?last=%zu>; rel=next", pages);
        code = step(&paging, link, &next, &err);
    }
    assert_int_equal(code, CPROV_ELIMIT);
    assert_int_equal(pages, CPROV_LIST_PAGES_MAX);
    cprov_buf_clear(&next);
    cprov_paging_clear(&paging);
}

/* Where pages have cursors, or name the next one themselves. */
static void cursors(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_paging paging;
    int code = 0;
    size_t pages = 0;

    (void)state;
    cprov_paging_init(&paging);
    assert_int_equal(cprov_paging_turn(&paging, cprov_span_of("a"), &err), 0);
    assert_int_equal(cprov_paging_turn(&paging, cprov_span_of("b"), &err), 0);
    assert_int_equal(cprov_paging_turn(&paging, cprov_span_of("a"), &err), CPROV_EVERIFY);
    cprov_paging_clear(&paging);

    cprov_paging_init(&paging);
    for (; code == 0; pages++) {
        char text[32];

        snprintf(text, sizeof(text), "%zu", pages);
        code = cprov_paging_turn(&paging, cprov_span_of(text), &err);
    }
    assert_int_equal(code, CPROV_ELIMIT);
    assert_int_equal(pages, CPROV_LIST_PAGES_MAX);
    cprov_paging_clear(&paging);
}

static void named_pages(void **state)
{
    static const struct {
        const char *target, *next;
        int code;
    } cases[] = {
        { "", "", 0 },
        { "?n=2&page=2", "http://127.0.0.1:5000/v2/a/tags/list?n=2&page=2", 0 },
        { "http://127.0.0.1:5000/x", "http://127.0.0.1:5000/x", 0 },
        { "http://other.example/x", "", CPROV_EVERIFY },
        { "?n=2", "", CPROV_EVERIFY },
        { "javascript:x", "", CPROV_EVERIFY },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_paging paging;
        struct cprov_buf next;

        print_message("%s\n", cases[i].target);
        cprov_paging_init(&paging);
        cprov_buf_init(&next, 1024);
        assert_int_equal(cprov_paging_follow(&paging, cprov_span_of(cases[i].target),
                                             cprov_span_of(PAGE), &next, &err),
                         cases[i].code);
        if (cases[i].code == 0)
            assert_string_equal(cprov_buf_text(&next), cases[i].next);
        cprov_buf_clear(&next);
        cprov_paging_clear(&paging);
    }
}

static void pages_that_came(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_paging paging;

    (void)state;
    cprov_paging_init(&paging);
    assert_int_equal(cprov_paging_check(&paging, cprov_span_of("[1]"), &err), 0);
    assert_int_equal(cprov_paging_check(&paging, cprov_span_of("[2]"), &err), 0);
    assert_int_equal(cprov_paging_check(&paging, cprov_span_of("[1]"), &err), CPROV_EVERIFY);
    cprov_paging_clear(&paging);
}

static void warnings(void **state)
{
    static const struct {
        const char *value, *text;
    } cases[] = {
        { "299 - \"going away\"", "going away" },
        { " 299 - \"a \\\"b\\\" c\" ", "a \"b\" c" },
        { "299 - \"two\" \"Tue, 15 Nov 1994 08:12:31 GMT\"", "two" },
        { "", NULL },
        { "299 - \"\"", NULL },
        { "299 - \"open", NULL },
        { "299 - \"open\\", NULL },
        { "199 - \"no\"", NULL },
        { "299 proxy \"no\"", NULL },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_buf out;

        print_message("%s\n", cases[i].value);
        cprov_buf_init(&out, 1024);
        assert_int_equal(cprov_warning_parse(cprov_span_of(cases[i].value), &out),
                         cases[i].text != NULL);
        if (cases[i].text)
            assert_string_equal(cprov_buf_text(&out), cases[i].text);
        cprov_buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links),           cmocka_unit_test(too_many_pages),
        cmocka_unit_test(cursors),         cmocka_unit_test(named_pages),
        cmocka_unit_test(pages_that_came), cmocka_unit_test(warnings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
