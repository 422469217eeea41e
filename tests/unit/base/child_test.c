/* tests/unit/base/child_test.c - programs that are run for a moment, as scripts of the shell. */
#include "base/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"

#define ANSWER_MAX 64

/* One run of a script; tests change what they need. */
static struct run {
    struct cprov_child child;
    struct cprov_buf answer;
    struct cprov_error err;
    int status;
} run;

static int make_run(void **state)
{
    (void)state;
    run = (struct run){
        .child = { .what = "the test",
                   .args = { "/bin/sh", "-c" },
                   .timeout_ms = 10000,
                   .failure = CPROV_EAUTH },
        .status = 77,
    };
    cprov_buf_init(&run.answer, ANSWER_MAX);
    return 0;
}

static int free_run(void **state)
{
    (void)state;
    cprov_buf_clear(&run.answer);
    return 0;
}

static int run_script(const char *script)
{
    run.child.args[2] = script;
    return cprov_child_run(&run.child, &run.answer, &run.status, &run.err);
}

static void reads_input_and_answers(void **state)
{
    (void)state;
    run.child.input = cprov_span_of("words");
    assert_int_equal(run_script("read x; echo noise >&2; echo \"got $x\"; exit 3"), 0);
    assert_string_equal(cprov_buf_text(&run.answer), "got words\n");
    assert_int_equal(run.status, 3);
}

static void a_signal_is_a_status(void **state)
{
    (void)state;
    assert_int_equal(run_script("kill -9 $$"), 0);
    assert_int_equal(run.status, CPROV_CHILD_KILLED);
}

static void inherits_no_login(void **state)
{
    (void)state;
    setenv("CPROV_PASSWORD", "hunter2", 1);
    setenv("CPROV_USERNAME", "me", 1);
    setenv("CPROV_ROOT", "kept", 1);
    assert_int_equal(run_script("echo $CPROV_PASSWORD$CPROV_USERNAME$CPROV_ROOT"), 0);
    assert_string_equal(cprov_buf_text(&run.answer), "kept\n");
    unsetenv("CPROV_PASSWORD");
    unsetenv("CPROV_USERNAME");
    unsetenv("CPROV_ROOT");
}

static void late_ones_are_killed(void **state)
{
    static const char *const scripts[] = { "exec sleep 20", "exec >&-; exec sleep 20" };

    for (size_t i = 0; i < CPROV_COUNT(scripts); i++) {
        int64_t begin = cprov_clock_ms();

        make_run(state);
        run.child.timeout_ms = 200;
        assert_int_equal(run_script(scripts[i]), CPROV_EAUTH);
        assert_string_equal(run.err.msg, "the test did not answer");
        assert_int_equal(run.status, 77);
        assert_true(cprov_clock_ms() - begin < 5000);
    }
}

static void endless_answers_end(void **state)
{
    (void)state;
    assert_int_equal(run_script("exec cat /dev/zero"), CPROV_EAUTH);
    assert_string_equal(run.err.msg, "the test returns endless output");
    assert_true(run.answer.len <= ANSWER_MAX);
}

static bool yes(void *arg)
{
    (void)arg;
    return true;
}

static void can_be_cancelled(void **state)
{
    const struct cprov_cancel cancel = { .asked = yes };

    (void)state;
    run.child.cancel = &cancel;
    assert_int_equal(run_script("exec sleep 20"), CPROV_ECANCELLED);
}

static void cannot_be_run(void **state)
{
    (void)state;
    run.child.args[0] = "/proc/version";
    assert_int_equal(run_script(""), CPROV_EAUTH);
    assert_non_null(strstr(run.err.msg, "cannot run the test: "));
}

static void finds_programs_in_absolute_folders(void **state)
{
    char path[PATH_MAX];
    char *before = strdup(getenv("PATH"));

    (void)state;
    assert_non_null(before);
    setenv("PATH", "bin:.:/nowhere:/bin", 1);
    assert_true(cprov_child_find("sh", path));
    assert_string_equal(path, "/bin/sh");
    setenv("PATH", "../../../../../../../bin:.", 1);
    assert_false(cprov_child_find("sh", path));
    setenv("PATH", before, 1);
    free(before);
}

#define child_test(f) cmocka_unit_test_setup_teardown(f, make_run, free_run)

int main(void)
{
    const struct CMUnitTest tests[] = {
        child_test(reads_input_and_answers), child_test(a_signal_is_a_status),
        child_test(inherits_no_login),       child_test(late_ones_are_killed),
        child_test(endless_answers_end),     child_test(can_be_cancelled),
        child_test(cannot_be_run),           child_test(finds_programs_in_absolute_folders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
