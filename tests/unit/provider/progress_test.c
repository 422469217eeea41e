/* Bars move for bytes that came; what was there before counts for no speed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "provider/progress.h"

struct told {
    uint64_t done, rate;
};

static void on_progress(void *arg, const struct cprov_progress *p)
{
    *(struct told *)arg = (struct told){ p->done, p->rate };
}

static void wait_a_little(void)
{
    const struct timespec pause = { .tv_nsec = 60 * 1000 * 1000 };

    nanosleep(&pause, NULL);
}

static void resumed_bytes_are_no_speed(void **state)
{
    struct told told = { 0 };
    const struct cprov_callbacks callbacks = { .size = sizeof(callbacks),
                                               .arg = &told,
                                               .progress = on_progress };
    struct cprov_session s = { .callbacks = callbacks };
    struct cprov_meter m;

    (void)state;
    cprov_meter_init(&m, "Downloading", "app", "", 2000000000);
    cprov_meter_set(&s, &m, 0);
    wait_a_little();
    cprov_meter_jump(&s, &m, 1000000000);
    assert_int_equal(told.done, 1000000000);
    assert_int_equal(told.rate, 0);
    wait_a_little();
    cprov_meter_add(&s, &m, 1000);
    assert_in_range(told.rate, 1, 100000);
    wait_a_little();
    cprov_meter_jump(&s, &m, 0); /* a restart */
    assert_int_equal(told.done, 0);
    assert_in_range(told.rate, 0, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumed_bytes_are_no_speed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
