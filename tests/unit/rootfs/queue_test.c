/* tests/unit/rootfs/queue_test.c - every reader gets every byte, in order, whatever the pieces. */
#include "rootfs/queue_private.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"

#define TOTAL 100000

struct reader {
    struct cprov_queue *q;
    unsigned number;
    size_t got;
    bool right;
};

static void *read_all(void *arg)
{
    struct reader *r = arg;
    struct cprov_span piece;

    r->right = true;
    while (cprov_queue_read(r->q, r->number, &piece))
        for (size_t i = 0; i < piece.len; i++, r->got++)
            r->right = r->right && (unsigned char)piece.ptr[i] == r->got % 251;
    return NULL;
}

static void passes_everything(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    for (unsigned readers = 1; readers <= CPROV_QUEUE_READERS; readers++) {
        auto_queue struct cprov_queue *q = NULL;
        struct reader r[CPROV_QUEUE_READERS];
        pthread_t threads[CPROV_QUEUE_READERS];
        unsigned char data[997];

        assert_int_equal(cprov_queue_new(3, 100, readers, &q, &err), 0);
        for (unsigned i = 0; i < readers; i++) {
            r[i] = (struct reader){ q, i, 0, false };
            assert_int_equal(pthread_create(&threads[i], NULL, read_all, &r[i]), 0);
        }
        for (size_t at = 0, n; at < TOTAL; at += n) {
            n = at % sizeof(data) + 1;
            n = n < TOTAL - at ? n : TOTAL - at;
            for (size_t i = 0; i < n; i++)
                data[i] = (unsigned char)((at + i) % 251);
            assert_true(cprov_queue_write(q, data, n));
        }
        cprov_queue_end(q);
        for (unsigned i = 0; i < readers; i++) {
            pthread_join(threads[i], NULL);
            assert_true(r[i].right);
            assert_int_equal(r[i].got, TOTAL);
        }
    }
}

static void *write_for_ever(void *arg)
{
    while (cprov_queue_write(arg, "0123456789", 10))
        ;
    return NULL;
}

static void stopping_wakes(void **state)
{
    auto_queue struct cprov_queue *q = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_span piece;
    pthread_t thread;

    (void)state;
    assert_int_equal(cprov_queue_new(2, 4, 1, &q, &err), 0);
    assert_int_equal(pthread_create(&thread, NULL, write_for_ever, q), 0);
    assert_true(cprov_queue_read(q, 0, &piece));
    assert_int_equal(piece.len, 4);
    cprov_queue_stop(q);
    pthread_join(thread, NULL);
    assert_false(cprov_queue_read(q, 0, &piece));
    cprov_queue_free(NULL);
}

static void nothing_is_an_end(void **state)
{
    auto_queue struct cprov_queue *q = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_span piece = { "before", 6 };

    (void)state;
    assert_int_equal(cprov_queue_new(2, 4, 1, &q, &err), 0);
    assert_true(cprov_queue_write(q, "", 0));
    cprov_queue_end(q);
    assert_false(cprov_queue_read(q, 0, &piece));
    assert_int_equal(piece.len, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_everything),
        cmocka_unit_test(stopping_wakes),
        cmocka_unit_test(nothing_is_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
