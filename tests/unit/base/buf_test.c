/* tests/unit/base/buf_test.c - the cap, the stickiness, the NUL. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"

static void test_append(void **state)
{
    (void)state;
    auto_buf struct cprov_buf b;

    cprov_buf_init(&b, 100);
    assert_string_equal(cprov_buf_text(&b), "");
    cprov_buf_add(&b, NULL, 0);
    cprov_buf_add_span(&b, cprov_span_make(NULL, 0));
    assert_null(b.ptr);
    cprov_buf_add_text(&b, "a");
    cprov_buf_add_char(&b, 'b');
    cprov_buf_add_span(&b, CPROV_SPAN_LITERAL("c"));
    cprov_buf_addf(&b, "%d%s", 4, "");
    cprov_buf_addf(&b, "%s", "");
    cprov_buf_add(&b, "\0e", 2);
    assert_int_equal(b.len, 6);
    assert_memory_equal(b.ptr, "abc4\0e", 7);
    assert_int_equal(cprov_buf_span(&b).len, 6);
    assert_int_equal(cprov_buf_check(&b, "it", CPROV_IGNORED), 0);

    cprov_buf_reset(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(cprov_buf_text(&b), "");
}

static void test_cap(void **state)
{
    (void)state;
    auto_buf struct cprov_buf b;
    struct cprov_error err = CPROV_ERROR_INIT;
    char *out = NULL;

    cprov_buf_init(&b, 4);
    cprov_buf_add_text(&b, "1234");
    assert_int_equal(cprov_buf_check(&b, "it", &err), 0);
    cprov_buf_add_char(&b, '5');
    assert_string_equal(cprov_buf_text(&b), "1234");
    assert_int_equal(cprov_buf_check(&b, "answer", &err), CPROV_ELIMIT);
    assert_string_equal(err.msg, "answer is larger than 4 bytes");
    assert_int_equal(cprov_buf_take(&b, "it", &out, &err), CPROV_ELIMIT);
    assert_null(out);

    cprov_buf_reset(&b);
    cprov_buf_addf(&b, "%d", 12345);
    assert_int_equal(b.failed, CPROV_ELIMIT);
    cprov_buf_add_text(&b, "1"); /* sticky */
    assert_int_equal(b.len, 0);
    cprov_buf_clear(&b);
    cprov_buf_add_text(&b, "1");
    assert_int_equal(b.len, 1);
    cprov_buf_add(&b, "x", SIZE_MAX); /* overflow is over the cap, and reads nothing */
    assert_int_equal(b.failed, CPROV_ELIMIT);
}

static void test_no_cap_given(void **state)
{
    (void)state;
    auto_buf struct cprov_buf b = { 0 };

    cprov_buf_add_char(&b, 'x');
    assert_int_equal(b.failed, CPROV_ELIMIT);
    cprov_buf_init(&b, SIZE_MAX);
    cprov_buf_add_char(&b, 'x');
    assert_int_equal(b.failed, 0);
    cprov_buf_add(&b, "x", SIZE_MAX - 1);
    assert_int_equal(b.failed, CPROV_ELIMIT);
}

static void test_take(void **state)
{
    (void)state;
    auto_buf struct cprov_buf b;
    char *out = NULL;

    cprov_buf_init(&b, 0);
    assert_int_equal(cprov_buf_take(&b, "it", &out, CPROV_IGNORED), 0);
    assert_string_equal(out, "");
    free(out);

    cprov_buf_init(&b, 1000);
    for (int i = 0; i < 1000; i++)
        cprov_buf_add_char(&b, 'x');
    assert_true(b.cap <= 1001);
    assert_int_equal(cprov_buf_take(&b, "it", &out, CPROV_IGNORED), 0);
    assert_int_equal(strlen(out), 1000);
    free(out);
    assert_null(b.ptr);
    assert_int_equal(b.len, 0);
    assert_int_equal(b.max, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_no_cap_given),
        cmocka_unit_test(test_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
