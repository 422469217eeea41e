/* tests/unit/base/arena_test.c - alignment, zeroes, overflow. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"

static void assert_zero(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        assert_int_equal(p[i], 0);
}

static void test_alloc(void **state)
{
    (void)state;
    struct cprov_arena a = { 0 };

    for (size_t size = 0; size < 3000; size += 7) {
        char *p = cprov_arena_alloc(&a, 1, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        assert_zero(p, size);
        memset(p, 0xaa, size); /* the next one must not overlap; a sanitizer sees the ends */
        assert_non_null(cprov_arena_text(&a, CPROV_SPAN_LITERAL("odd")));
    }
    char *large = cprov_arena_alloc(&a, 1000, 1000);
    assert_zero(large, 1000 * 1000);
    assert_ptr_not_equal(cprov_arena_alloc(&a, 0, 8), cprov_arena_alloc(&a, 8, 0));
    assert_int_equal(cprov_arena_check(&a, CPROV_IGNORED), 0);
    cprov_arena_clear(&a);
    assert_null(a.blocks);
    assert_non_null(cprov_arena_alloc(&a, 1, 1));
    cprov_arena_clear(&a);
    cprov_arena_clear(&a);
}

static void test_text(void **state)
{
    (void)state;
    struct cprov_arena a = { 0 };

    const char *empty = cprov_arena_text(&a, cprov_span_make(NULL, 0));
    const char *abc = cprov_arena_text(&a, CPROV_SPAN_LITERAL("abc"));
    const char *formatted = cprov_arena_textf(&a, "%s-%d", "x", 7);
    assert_string_equal(cprov_arena_textf(&a, "%s", ""), "");
    assert_int_equal(strlen(cprov_arena_textf(&a, "%5000d", 1)), 5000);
    assert_string_equal(empty, "");
    assert_string_equal(abc, "abc");
    assert_string_equal(formatted, "x-7");
    cprov_arena_clear(&a);
}

static void test_overflow(void **state)
{
    (void)state;
    struct cprov_arena a = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    assert_null(cprov_arena_alloc(&a, SIZE_MAX / 2, 3));
    assert_int_equal(cprov_arena_check(&a, &err), CPROV_ENOMEM);
    assert_int_equal(err.code, CPROV_ENOMEM);
    assert_null(cprov_arena_alloc(&a, 1, 1)); /* sticky */
    assert_null(cprov_arena_text(&a, CPROV_SPAN_LITERAL("a")));
    assert_null(cprov_arena_textf(&a, "a"));
    cprov_arena_clear(&a);

    assert_null(cprov_arena_alloc(&a, 1, SIZE_MAX));
    assert_int_equal(cprov_arena_check(&a, CPROV_IGNORED), CPROV_ENOMEM);
    cprov_arena_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
