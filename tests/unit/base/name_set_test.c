/* tests/unit/base/name_set_test.c - what was added is in, and nothing else. */
#include "base/name_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"

static void holds_what_was_added(void **state)
{
    struct cprov_name_set s = { .slots = NULL };
    struct cprov_error err = CPROV_ERROR_INIT;
    char name[64];

    (void)state;
    assert_false(cprov_name_set_has(&s, 0, ""));
    assert_int_equal(cprov_name_set_init(&s, &err), 0);
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "%.*s%u", (int)(i % 20), "aaaaaaaaaaaaaaaaaaaa", i);
        assert_int_equal(cprov_name_set_add(&s, i % 7, name, &err), 0);
        assert_int_equal(cprov_name_set_add(&s, i % 7, name, &err), 0); /* twice is once */
        assert_int_equal(s.count, i + 1);
    }
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "%.*s%u", (int)(i % 20), "aaaaaaaaaaaaaaaaaaaa", i);
        assert_true(cprov_name_set_has(&s, i % 7, name));
        assert_false(cprov_name_set_has(&s, i % 7 + 7, name));
    }
    assert_false(cprov_name_set_has(&s, 0, ""));
    assert_int_equal(cprov_name_set_add(&s, 0, "", &err), 0);
    assert_true(cprov_name_set_has(&s, 0, ""));
    cprov_name_set_clear(&s);
    assert_false(cprov_name_set_has(&s, 0, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_was_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
