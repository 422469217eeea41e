/* tests/unit/conf/host_test.c - spellings of registry hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "conf/host_private.h"

static void test_same(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } pairs[] = {
        { "", "", true },
        { "", "a", false },
        { "registry.example", "Registry.Example", true },
        { "registry.example:443", "registry.example", true },
        { "registry.example:80", "registry.example", false },
        { "registry.example:5000", "registry.example", false },
        { "docker.io", "index.docker.io", true },
        { "docker.io", "registry-1.docker.io:443", true },
        { "docker.io", "hub.docker.io", false },
        { "[::1]:443", "[::1]", true },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(pairs); i++) {
        print_message("'%s' '%s'\n", pairs[i].a, pairs[i].b);
        assert_int_equal(cprov_host_same(cprov_span_of(pairs[i].a), cprov_span_of(pairs[i].b)),
                         pairs[i].same);
        assert_int_equal(cprov_host_same(cprov_span_of(pairs[i].b), cprov_span_of(pairs[i].a)),
                         pairs[i].same);
    }
}

static void test_bare(void **state)
{
    static const char *const pairs[][2] = {
        { "", "" }, { "a", "a" }, { "a:5000", "a" }, { "[::1]", "[::1]" }, { "[::1]:1", "[::1]" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(pairs); i++) {
        print_message("'%s'\n", pairs[i][0]);
        assert_true(cprov_span_is(cprov_host_bare(cprov_span_of(pairs[i][0])), pairs[i][1]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_bare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
