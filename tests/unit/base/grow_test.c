/* tests/unit/base/grow_test.c - lists keep what they hold, and end at their cap. */
#include "base/grow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"

#define MAX 1000u

static void grows_to_its_cap(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    uint32_t *list = NULL;
    size_t room = 0;

    (void)state;
    for (uint32_t i = 0; i < MAX; i++) {
        assert_int_equal(cprov_grow(&list, &room, i, sizeof(*list), MAX, &err), 0);
        list[i] = i;
    }
    assert_int_equal(room, MAX);
    const uint32_t *before = list;
    assert_int_equal(cprov_grow(&list, &room, MAX, sizeof(*list), MAX, &err), CPROV_ELIMIT);
    assert_ptr_equal(list, before);
    assert_int_equal(room, MAX);
    for (uint32_t i = 0; i < MAX; i++)
        assert_int_equal(list[i], i);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_to_its_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
