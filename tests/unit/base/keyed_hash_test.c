/* tests/unit/base/keyed_hash_test.c - the answers that SipHash's authors published. */
#include "base/keyed_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

static void test_reference(void **state)
{
    const struct cprov_hash_key key = { { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u } };
    static const unsigned char rest[] = { 8, 9, 10, 11, 12, 13, 14 };

    (void)state;
    assert_true(cprov_keyed_hash(&key, 0x0706050403020100u, rest, 0) == 0x93f5f5799a932462u);
    assert_true(cprov_keyed_hash(&key, 0x0706050403020100u, rest, 7) == 0xa129ca6149be45e5u);
}

static void test_keys_differ(void **state)
{
    struct cprov_hash_key a, b;

    (void)state;
    assert_int_equal(cprov_hash_key_init(&a, CPROV_IGNORED), 0);
    assert_int_equal(cprov_hash_key_init(&b, CPROV_IGNORED), 0);
    assert_true(cprov_keyed_hash(&a, 1, "name", 4) != cprov_keyed_hash(&b, 1, "name", 4));
    assert_true(cprov_keyed_hash(&a, 1, "name", 4) != cprov_keyed_hash(&a, 2, "name", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_keys_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
