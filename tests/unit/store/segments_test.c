/* tests/unit/store/segments_test.c - pieces in every order, sets of digests. */
#include "store/segments_private.h"

#include "base/error.h"
#include "store/digest_set.h"
#include "tests/unit/store/fixture.h"

static void joins_pieces(void **state)
{
    static const struct {
        const char *name;
        struct cprov_segment add[5];
        uint64_t prefix;
        size_t count;
    } cases[] = {
        { "nothing", { { 0, 0 } }, 0, 0 },
        { "empty piece far away", { { 7, 7 } }, 0, 0 },
        { "backwards", { { 9, 3 } }, 0, 0 },
        { "in order", { { 0, 3 }, { 3, 5 } }, 5, 0 },
        { "hole", { { 0, 3 }, { 4, 5 } }, 3, 1 },
        { "hole closed", { { 4, 5 }, { 0, 3 }, { 3, 4 } }, 5, 0 },
        { "last first", { { 8, 9 }, { 6, 8 }, { 2, 4 }, { 0, 2 } }, 4, 1 },
        { "overlap", { { 4, 8 }, { 6, 10 }, { 2, 5 } }, 0, 1 },
        { "within another", { { 4, 8 }, { 5, 6 } }, 0, 1 },
        { "over several", { { 2, 3 }, { 5, 6 }, { 8, 9 }, { 1, 10 } }, 0, 1 },
        { "touching both sides", { { 2, 3 }, { 4, 5 }, { 3, 4 } }, 0, 1 },
        { "known already", { { 0, 9 }, { 3, 5 } }, 9, 0 },
        { "prefix swallows", { { 3, 4 }, { 6, 7 }, { 0, 9 } }, 9, 0 },
        { "the last byte there is", { { UINT64_MAX - 1, UINT64_MAX } }, 0, 1 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_segments s = { 0 };

        print_message("%s\n", cases[i].name);
        for (size_t k = 0; k < CPROV_COUNT(cases[i].add); k++)
            assert_int_equal(
                cprov_segments_add(&s, cases[i].add[k].begin, cases[i].add[k].end, CPROV_IGNORED),
                0);
        assert_int_equal(s.prefix, cases[i].prefix);
        assert_int_equal(s.count, cases[i].count);
    }
}

static void one_piece_too_many(void **state)
{
    struct cprov_segments s = { 0 }, before;
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    for (uint64_t i = 0; i < CPROV_SEGMENTS_MAX; i++)
        assert_int_equal(cprov_segments_add(&s, 10 * i + 5, 10 * i + 6, &err), 0);
    before = s;
    assert_int_equal(cprov_segments_add(&s, 9999, 10000, &err), CPROV_ELIMIT);
    assert_memory_equal(&s, &before, sizeof(s));
    assert_int_equal(cprov_segments_add(&s, 6, 7, &err), 0); /* grows one that is there */
    assert_int_equal(cprov_segments_add(&s, 0, 5, &err), 0);
    assert_int_equal(s.prefix, 7);
}

static void sets_number_digests(void **state)
{
    CPROV_CLEANUP(cprov_digest_set_clear) struct cprov_digest_set set = { 0 };
    struct cprov_digest d = { .algo = CPROV_SHA256 };
    size_t index = 77;
    bool added;

    (void)state;
    assert_false(cprov_digest_set_find(&set, &d, &index));
    assert_int_equal(index, 77);
    for (size_t i = 0; i < 1000; i++) {
        d.raw[20] = (uint8_t)i; /* the same slot for all: a hostile manifest may ask for that */
        d.raw[21] = (uint8_t)(i >> 8);
        assert_int_equal(cprov_digest_set_add(&set, &d, &index, &added, CPROV_IGNORED), 0);
        assert_true(added);
        assert_int_equal(index, i);
    }
    assert_int_equal(cprov_digest_set_add(&set, &d, &index, &added, CPROV_IGNORED), 0);
    assert_false(added);
    assert_int_equal(index, 999);
    d.algo = CPROV_SHA512;
    assert_false(cprov_digest_set_find(&set, &d, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_pieces),
        cmocka_unit_test(one_piece_too_many),
        cmocka_unit_test(sets_number_digests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
