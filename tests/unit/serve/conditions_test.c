/* tests/unit/serve/conditions_test.c - ranges and entity tags. */
#include "serve/conditions_private.h"

#include "unit.h"

static void test_ranges(void **state)
{
    static const struct {
        const char *value;
        uint64_t size;
        enum cprov_range_kind kind;
        uint64_t first, length;
    } cases[] = {
        { "bytes=0-0", 10, CPROV_RANGE_PART, 0, 1 },
        { "bytes=0-9", 10, CPROV_RANGE_PART, 0, 10 },
        { "bytes=9-", 10, CPROV_RANGE_PART, 9, 1 },
        { "bytes=2-4", 10, CPROV_RANGE_PART, 2, 3 },
        { "bytes=2-400", 10, CPROV_RANGE_PART, 2, 8 },
        { "bytes=2-99999999999999999999999", 10, CPROV_RANGE_PART, 2, 8 },
        { "bytes=2-18446744073709551615", 10, CPROV_RANGE_PART, 2, 8 },
        { "bytes=-3", 10, CPROV_RANGE_PART, 7, 3 },
        { "bytes=-30", 10, CPROV_RANGE_PART, 0, 10 },
        { "bytes=-99999999999999999999999", 10, CPROV_RANGE_PART, 0, 10 },
        { " BYTES= 0-1 ", 10, CPROV_RANGE_PART, 0, 2 },
        { "bytes=10-", 10, CPROV_RANGE_NONE, 0, 0 },
        { "bytes=10-20", 10, CPROV_RANGE_NONE, 0, 0 },
        { "bytes=-0", 10, CPROV_RANGE_NONE, 0, 0 },
        { "bytes=18446744073709551615-", 10, CPROV_RANGE_NONE, 0, 0 },
        { "bytes=99999999999999999999999-", 10, CPROV_RANGE_NONE, 0, 0 },
        { "", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=-", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=5", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=5-4", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=a-b", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=+1-2", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=1 -2", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=0-0,2-2", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=--1", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "items=0-1", 10, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=0-", 0, CPROV_RANGE_WHOLE, 0, 0 },
        { "bytes=-1", 0, CPROV_RANGE_WHOLE, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        uint64_t first = 77, length = 77;
        bool part = cases[i].kind == CPROV_RANGE_PART;

        print_message("'%s' of %u\n", cases[i].value, (unsigned)cases[i].size);
        assert_int_equal(
            cprov_range_parse(cprov_span_of(cases[i].value), cases[i].size, &first, &length),
            cases[i].kind);
        assert_int_equal(first, part ? cases[i].first : 77);
        assert_int_equal(length, part ? cases[i].length : 77);
    }
}

static void test_etags(void **state)
{
    static const struct {
        const char *list;
        bool strong, weak;
    } cases[] = {
        { "\"a:b\"", true, true },
        { "W/\"a:b\"", false, true },
        { "*", true, true },
        { " \"x\" , \"a:b\" ", true, true },
        { "\"x\",W/\"a:b\"", false, true },
        { "", false, false },
        { "a:b", false, false },
        { "\"a:b", false, false },
        { "\"\"", false, false },
        { "\"a:bc\"", false, false },
        { "w/\"a:b\"", false, false },
        { ",,,", false, false },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].list);
        assert_int_equal(cprov_etag_listed(cprov_span_of(cases[i].list), S("a:b"), false),
                         cases[i].strong);
        assert_int_equal(cprov_etag_listed(cprov_span_of(cases[i].list), S("a:b"), true),
                         cases[i].weak);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_etags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
