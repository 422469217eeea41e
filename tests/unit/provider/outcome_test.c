/* Several items, one result; and the line that says how long it took. */
#include "world.h"

#include "provider/outcome.h"

static void time_taken(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } table[] = {
        { 0, "Downloaded in 0 hours, 0 minutes, 0 seconds." },
        { 999, "Downloaded in 0 hours, 0 minutes, 0 seconds." },
        { 1000, "Downloaded in 0 hours, 0 minutes, 1 seconds." },
        { 148000, "Downloaded in 0 hours, 2 minutes, 28 seconds." },
        { 3600000, "Downloaded in 1 hours, 0 minutes, 0 seconds." },
        { 25 * 3600000LL, "Downloaded in 25 hours, 0 minutes, 0 seconds." },
        { 100 * 3600000LL - 1, "Downloaded in 99 hours, 59 minutes, 59 seconds." },
    };
    struct world *w = *state;

    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(table); i++)
        assert_string_equal(cprov_time_taken(w->session, "Downloaded", table[i].ms), table[i].text);
}

static void some_done_and_some_not(void **state)
{
    static const struct {
        size_t count;
        int codes[3];
        int result;
        bool stop;
    } table[] = {
        { 0, { 0 }, 0, false },
        { 1, { 0 }, 0, false },
        { 3, { 0, 0, 0 }, 0, false },
        { 1, { CPROV_ENOTFOUND }, CPROV_ENOTFOUND, false },
        { 3, { CPROV_ENOTFOUND, CPROV_ENOTFOUND, CPROV_ENOTFOUND }, CPROV_ENOTFOUND, false },
        { 3, { CPROV_ENOTFOUND, CPROV_EVERIFY, CPROV_EAUTH }, CPROV_ENOTFOUND, false },
        { 2, { CPROV_ENOTFOUND, 0 }, CPROV_EPARTIAL, false },
        { 2, { 0, CPROV_ENOTFOUND }, CPROV_EPARTIAL, false },
        { 3, { CPROV_ENOTFOUND, 0, CPROV_EVERIFY }, CPROV_EPARTIAL, false },
        { 1, { CPROV_ECANCELLED }, CPROV_ECANCELLED, true },
        { 2, { CPROV_ENOTFOUND, CPROV_ECANCELLED }, CPROV_ECANCELLED, true },
        { 2, { 0, CPROV_ECANCELLED }, CPROV_ECANCELLED, true },
    };
    struct world *w = *state;

    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        struct cprov_outcome o = { 0 };
        size_t failures = 0;

        print_message("case %zu\n", i);
        world_forget(w);
        world_begin(w, &w->callbacks);
        for (size_t k = 0; k < table[i].count; k++) {
            struct cprov_error err = CPROV_ERROR_INIT;
            int code = table[i].codes[k];

            if (code)
                cprov_fail(&err, code, "why");
            failures += code != 0;
            cprov_outcome_add(w->session, &o, code, "text", NULL, NULL, &err);
        }
        assert_int_equal(cprov_outcome_code(&o), table[i].result);
        assert_int_equal(o.stop, table[i].stop);
        assert_int_equal(w->heard.failures, failures);
    }
}

static void failures_name_what_is_known(void **state)
{
    static const struct {
        const char *name, *version, *says;
    } table[] = {
        { NULL, NULL, "nano: why" },
        { "NanoServer", NULL, "nano: why" },
        { "NanoServer", "", "nano: why" },
        { "NanoServer", "10.0.1", "NanoServer 10.0.1: why" },
    };
    struct world *w = *state;

    world_session(w);
    world_begin(w, &w->callbacks);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        struct cprov_outcome o = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;
        int code = cprov_fail(&err, CPROV_ENOTFOUND, "why");

        cprov_outcome_add(w->session, &o, code, "nano", table[i].name, table[i].version, &err);
        assert_string_equal(w->heard.failure, table[i].says);
        assert_int_equal(w->heard.result, CPROV_NOT_FOUND);
    }
}

static void a_time_out_has_its_own_name(void **state)
{
    struct world *w = *state;
    struct cprov_outcome o = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    world_session(w);
    world_begin(w, &w->callbacks);
    w->session->options.timeout_ms = 7000;
    w->session->deadline_ms = 1; /* long ago */
    cprov_outcome_add(w->session, &o, cprov_fail(&err, CPROV_ECANCELLED, "cancelled"), "nano", NULL,
                      NULL, &err);
    assert_int_equal(cprov_outcome_code(&o), CPROV_ENETWORK);
    assert_true(o.stop);
    assert_string_equal(w->heard.failure, "nano: the time-out of 7 s was exceeded");
}

static void usage_is_told(void **state)
{
    struct world *w = *state;
    struct cprov_outcome o = { 0 };

    world_session(w);
    world_begin(w, &w->callbacks);
    cprov_outcome_usage(w->session, &o, "no image is named");
    assert_int_equal(cprov_outcome_code(&o), CPROV_EINVAL);
    assert_int_equal(w->heard.failures, 1);
    assert_string_equal(w->heard.failure, ": no image is named");
}

static void nobody_need_listen(void **state)
{
    struct world *w = *state;
    struct cprov_outcome o = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = cprov_fail(&err, CPROV_ENOTFOUND, "why");
    struct cprov_callbacks deaf = CPROV_INIT(struct cprov_callbacks);

    world_session(w);
    world_begin(w, NULL);
    cprov_outcome_add(w->session, &o, code, "nano", NULL, NULL, &err);
    world_begin(w, &deaf);
    cprov_outcome_add(w->session, &o, code, "nano", NULL, NULL, &err);
    cprov_say(w->session, CPROV_MSG_WARNING, "nothing");
    assert_int_equal(cprov_outcome_code(&o), CPROV_ENOTFOUND);
    assert_int_equal(w->heard.failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(time_taken),
        WORLD_TEST(some_done_and_some_not),
        WORLD_TEST(failures_name_what_is_known),
        WORLD_TEST(a_time_out_has_its_own_name),
        WORLD_TEST(usage_is_told),
        WORLD_TEST(nobody_need_listen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
