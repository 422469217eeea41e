/* The sorter: every order, equal keys as they came, the limit, and more records than are kept in
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "catalog/cache/sorter.h"

struct sorted {
    char text[256]; /* records, a blank behind each */
    size_t stop_after, count;
};

static bool append(void *arg, struct cprov_span record)
{
    struct sorted *out = arg;
    size_t len = strlen(out->text);

    assert_true(len + record.len + 2 <= sizeof(out->text));
    memcpy(out->text + len, record.ptr, record.len);
    memcpy(out->text + len + record.len, " ", 2);
    return ++out->count != out->stop_after;
}

/* A record is its key and a letter: "b1", "b2". */
static void test_orders(void **state)
{
    static const struct {
        enum cprov_sorter_order order;
        bool descending;
        size_t limit, stop_after;
        const char *keys, *records, *sorted;
    } cases[] = {
        { CPROV_SORT_TEXTS, false, 0, 0, "b a B A", "1 2 3 4", "2 4 1 3 " },
        { CPROV_SORT_TEXTS, true, 0, 0, "b a B A", "1 2 3 4", "1 3 2 4 " },
        { CPROV_SORT_VERSIONS, false, 0, 0, "1.10 1.9 1.2", "1 2 3", "3 2 1 " },
        { CPROV_SORT_VERSIONS, true, 2, 0, "1.10 1.9 1.2", "1 2 3", "1 2 " },
        { CPROV_SORT_NUMBERS, false, 0, 0, "5 0 3", "1 2 3", "3 1 2 " }, /* unknown is last */
        { CPROV_SORT_NUMBERS, true, 0, 0, "5 0 3", "1 2 3", "1 3 2 " },
        { CPROV_SORT_NUMBERS, true, 0, 1, "5 0 3", "1 2 3", "1 " },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        auto_sorter struct cprov_sorter *s = NULL;
        struct cprov_span keys = cprov_span_of(cases[i].keys), key;
        struct cprov_span records = cprov_span_of(cases[i].records), record;
        struct sorted out = { .stop_after = cases[i].stop_after };

        assert_int_equal(
            cprov_sorter_new(cases[i].order, cases[i].descending, cases[i].limit, &s, &err), 0);
        while (cprov_span_next(&keys, ' ', &key) && cprov_span_next(&records, ' ', &record)) {
            uint64_t number = 0;

            assert_int_equal(cprov_span_u64(key, &number), cases[i].order == CPROV_SORT_NUMBERS);
            assert_int_equal(cprov_sorter_add(s, (int64_t)number, key, record, &err), 0);
        }
        assert_int_equal(cprov_sorter_each(s, append, &out, &err), 0);
        assert_string_equal(out.text, cases[i].sorted);
    }
}

static bool ascends(void *arg, struct cprov_span record)
{
    int64_t *last = arg, now;

    assert_int_equal(record.len, 16 * CPROV_KIB);
    memcpy(&now, record.ptr, sizeof(now));
    assert_int_equal(now, *last + 1);
    *last = now;
    return true;
}

static void test_spilled(void **state)
{
    const int64_t count = 4096; /* 64 MiB of records */
    char *record = calloc(1, 16 * CPROV_KIB);
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_sorter struct cprov_sorter *s = NULL;
    int64_t last = 0;

    (void)state;
    assert_non_null(record);
    assert_int_equal(cprov_sorter_new(CPROV_SORT_NUMBERS, false, 0, &s, &err), 0);
    for (int64_t i = 0; i < count; i++) {
        int64_t number = i * 1237 % count + 1; /* each once */

        memcpy(record, &number, sizeof(number));
        assert_int_equal(cprov_sorter_add(s, number, cprov_span_make(NULL, 0),
                                          cprov_span_make(record, 16 * CPROV_KIB), &err),
                         0);
    }
    assert_int_equal(cprov_sorter_each(s, ascends, &last, &err), 0);
    assert_int_equal(last, count);
    free(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_spilled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
