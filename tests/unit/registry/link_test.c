/* Tests of registry/link_private.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "registry/link_private.h"

static void finds_the_next_page(void **state)
{
    static const struct {
        const char *value, *target; /* NULL: none */
    } cases[] = {
        { "</v2/_catalog?last=b&n=2>; rel=\"next\"", "/v2/_catalog?last=b&n=2" },
        { "<https://r/v2/x/tags/list?n=1,2;3>; rel=next", "https://r/v2/x/tags/list?n=1,2;3" },
        { "</a>;REL=NEXT", "/a" },
        { "</a>; rel = \"next\"", "/a" },
        { "</a>; title=\"x, y; z\"; rel=\"next\"", "/a" },
        { "</a>; title=\"quote \\\" and <b>\"; rel=\"next\"", "/a" },
        { "</a>; rel=\"prev next\"", "/a" },
        { "</a>; rel=\"prev\", </b>; rel=\"next\"", "/b" },
        { "</a>; rel=prev,</b>;rel=next,</c>;rel=next", "/b" },
        { ", ,</a>; rel=next", "/a" },
        { "</a>; foo; rel=next", "/a" },
        { "</a>;; rel=next", "/a" },
        { " <  /a > ; rel=next ", "/a" },
        { "<?n=2&last=x>; rel=next", "?n=2&last=x" },
        { "<>; rel=next", "" },
        { "/v2/_catalog?last=b", "/v2/_catalog?last=b" },
        { "https://r/v2/_catalog?n=1,2", "https://r/v2/_catalog?n=1,2" },
        { "/v2/_catalog?last=b; rel=\"next\"", "/v2/_catalog?last=b" },
        { "/v2/_catalog?last=b; rel=\"prev\"", NULL },
        { "</a>; rel=\"prev\"", NULL },
        { "</a>; rel=\"nextpage\"", NULL },
        { "</a>; rel=prev; rel=next", NULL },
        { "</a>", NULL },
        { "</a; rel=next", NULL },
        { "</a>; rel=\"next", "/a" },
        { "</a>; rel=", NULL },
        { "</a>; =next", NULL },
        { "one two", NULL },
        { "", NULL },
        { "   ", NULL },
        { "<", NULL },
        { ";", NULL },
        { ",", NULL },
        { "</a>;\\", NULL },
        { "</a>; t=\"\\", NULL },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_span target = CPROV_SPAN_LITERAL("untouched");
        bool found = cprov_link_next(cprov_span_of(cases[i].value), &target);

        print_message("%s\n", cases[i].value);
        assert_int_equal(found, cases[i].target != NULL);
        assert_true(cprov_span_is(target, cases[i].target ? cases[i].target : "untouched"));
    }
}

static void takes_an_empty_span(void **state)
{
    struct cprov_span target = CPROV_SPAN_LITERAL("untouched");

    (void)state;
    assert_false(cprov_link_next((struct cprov_span){ 0 }, &target));
    assert_true(cprov_span_is(target, "untouched"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_next_page),
        cmocka_unit_test(takes_an_empty_span),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
