/* tests/unit/conf/credential_helper_test.c - programs that the test writes into PATH. */
#include "tests/unit/conf/scratch.h"

#include <signal.h>

#include "base/clock.h"
#include "conf/credential_helper_private.h"

#define PROGRAM "bin/docker-credential-fake"

static struct cprov_error ignored;

/* The folder of the fake goes before the real ones, which the scripts need. */
static void use_program(const char *script)
{
    char path[512];

    snprintf(path, sizeof(path), "relative:%s:/usr/bin:/bin", scratch_path("bin"));
    setenv("PATH", path, 1);
    scratch_write(PROGRAM, script, 0755);
}

static struct cprov_helper fake(void)
{
    return (struct cprov_helper){ "fake", "registry.example", 10000 };
}

static void test_get(void **state)
{
    auto_credentials struct cprov_credentials c = { 0 };
    struct cprov_helper h = fake();

    (void)state;
    use_program("#!/bin/sh\n[ \"$#:$1\" = 1:get ] && read server\n"
                "echo noise >&2\n"
                "printf '{\"ServerURL\":\"%s\",\"Username\":\"at-%s\",\"Secret\":\"s\"}' "
                "\"$server\" \"$server\"\n");
    assert_int_equal(cprov_helper_get(&h, &c, &ignored), 0);
    assert_string_equal(c.username, "at-registry.example");
    assert_string_equal(c.password, "s");
    assert_null(c.identity_token);
}

static void test_token(void **state)
{
    auto_credentials struct cprov_credentials c = { 0 };
    struct cprov_helper h = fake();

    (void)state;
    use_program("#!/bin/sh\necho '{\"Username\":\"<token>\",\"Secret\":\"t\"}'\n");
    assert_int_equal(cprov_helper_get(&h, &c, &ignored), 0);
    assert_null(c.username);
    assert_null(c.password);
    assert_string_equal(c.identity_token, "t");
}

static void test_not_found(void **state)
{
    static const char *const scripts[] = {
        "#!/bin/sh\necho credentials not found in native keychain\nexit 1\n",
        "#!/bin/sh\necho '{\"Username\":\"\",\"Secret\":\"\"}'\n",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(scripts); i++) {
        struct cprov_credentials c = { 0 };
        struct cprov_helper h = fake();

        use_program(scripts[i]);
        assert_int_equal(cprov_helper_get(&h, &c, &ignored), 0);
        assert_null(c.username);
        assert_null(c.password);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *script;
        const char *message; /* after the name */
    } bad[] = {
        { "#!/bin/sh\necho hunter2\n", " did not return a login as JSON" },
        { "#!/bin/sh\n", " did not return a login as JSON" },
        { "#!/bin/sh\necho '{\"Username\":\"hunter2\"}'\n", " did not return a login as JSON" },
        { "#!/bin/sh\necho '[]'\n", " did not return a login as JSON" },
        { "#!/bin/sh\necho '{\"Username\":\"a\",\"Secret\":7}'\n",
          " did not return a login as JSON" },
        { "#!/bin/sh\necho hunter2; exit 3\n", " failed with status 3" },
        { "#!/bin/sh\nkill -9 $$\n", " was killed" },
        { "#!/bin/sh\nexec cat /dev/zero\n", " returns endless output" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(bad); i++) {
        struct cprov_credentials c = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_helper h = fake();
        char message[128];

        print_message("%s\n", bad[i].script);
        use_program(bad[i].script);
        snprintf(message, sizeof(message), "credential helper docker-credential-fake%s",
                 bad[i].message);
        assert_int_equal(cprov_helper_get(&h, &c, &err), CPROV_EAUTH);
        assert_string_equal(err.msg, message);
        assert_null(strstr(err.about, "hunter2"));
        assert_null(c.username);
        assert_null(c.password);
    }
}

static void test_late(void **state)
{
    static const char *const scripts[] = {
        "#!/bin/sh\nexec sleep 20\n",
        "#!/bin/sh\nexec >&-\nexec sleep 20\n",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(scripts); i++) {
        struct cprov_credentials c = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_helper h = fake();
        int64_t start = cprov_clock_ms();

        h.timeout_ms = 200;
        use_program(scripts[i]);
        assert_int_equal(cprov_helper_get(&h, &c, &err), CPROV_EAUTH);
        assert_string_equal(err.msg, "credential helper docker-credential-fake did not answer");
        assert_true(cprov_clock_ms() - start < 5000);
    }
}

/* What the helper has started may outlive it and hold the pipe. */
static void test_left_behind(void **state)
{
    auto_credentials struct cprov_credentials c = { 0 };
    struct cprov_helper h = fake();
    int64_t start = cprov_clock_ms();

    (void)state;
    use_program("#!/bin/sh\nsleep 8 &\necho '{\"Username\":\"u\",\"Secret\":\"s\"}'\n");
    assert_int_equal(cprov_helper_get(&h, &c, &ignored), 0);
    assert_string_equal(c.username, "u");
    assert_true(cprov_clock_ms() - start < 5000);
}

static void test_not_run(void **state)
{
    static const char *const names[] = {
        "",    "none",   "../fake",
        "a b", "fake;x", "a234567890123456789012345678901234567890123456789012345678901234x"
    };

    (void)state;
    use_program("#!/bin/sh\necho '{\"Username\":\"u\",\"Secret\":\"s\"}'\n");
    for (size_t i = 0; i < CPROV_COUNT(names); i++) {
        struct cprov_credentials c = { 0 };
        struct cprov_helper h = { names[i], "x", 1000 };

        print_message("'%s'\n", names[i]);
        assert_int_equal(cprov_helper_get(&h, &c, &ignored), CPROV_EAUTH);
        assert_null(c.username);
    }
}

static void test_store_and_erase(void **state)
{
    char user[] = "u\"", secret[] = "p\\w";
    struct cprov_credentials login = { .username = user, .password = secret };
    struct cprov_helper h = fake();
    char script[512];

    (void)state;
    snprintf(script, sizeof(script), "#!/bin/sh\ncat > %s.$1\n", scratch_path("got"));
    use_program(script);
    assert_int_equal(cprov_helper_store(&h, &login, &ignored), 0);
    char *got = scratch_read("got.store");
    assert_string_equal(got, "{\"ServerURL\":\"registry.example\",\"Username\":\"u\\\"\","
                             "\"Secret\":\"p\\\\w\"}");
    free(got);

    char token[] = "t";
    login = (struct cprov_credentials){ .username = user, .identity_token = token };
    assert_int_equal(cprov_helper_store(&h, &login, &ignored), 0);
    got = scratch_read("got.store");
    assert_string_equal(got, "{\"ServerURL\":\"registry.example\",\"Username\":\"<token>\","
                             "\"Secret\":\"t\"}");
    free(got);

    assert_int_equal(cprov_helper_erase(&h, &ignored), 0);
    got = scratch_read("got.erase");
    assert_string_equal(got, "registry.example");
    free(got);

    login = (struct cprov_credentials){ .registry_token = token };
    assert_int_equal(cprov_helper_store(&h, &login, &ignored), CPROV_EUNSUPPORTED);
    use_program("#!/bin/sh\nexit 1\n");
    login = (struct cprov_credentials){ .username = user };
    assert_int_equal(cprov_helper_store(&h, &login, &ignored), CPROV_EAUTH);
    assert_int_equal(cprov_helper_erase(&h, &ignored), CPROV_EAUTH);
}

/* A program that reads nothing of a long input must not block us. */
static void test_deaf(void **state)
{
    char user[] = "u";
    struct cprov_credentials login = { .username = user };
    struct cprov_helper h = fake();

    (void)state;
    login.password = malloc(200001);
    assert_non_null(login.password);
    memset(login.password, 'p', 200000);
    login.password[200000] = '\0';
    use_program("#!/bin/sh\nexit 0\n");
    assert_int_equal(cprov_helper_store(&h, &login, &ignored), 0);
    cprov_secret_free(login.password);
    cprov_secret_free(NULL);
}

/* A host program may ignore SIGCHLD; then nobody can tell how a child has ended. */
static void test_ignored_children(void **state)
{
    auto_credentials struct cprov_credentials c = { 0 };
    struct cprov_helper h = fake();

    (void)state;
    use_program("#!/bin/sh\necho '{\"Username\":\"u\",\"Secret\":\"s\"}'\n");
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(cprov_helper_get(&h, &c, &ignored), 0);
    signal(SIGCHLD, SIG_DFL);
    assert_string_equal(c.username, "u");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_get),       scratch_test(test_token),
        scratch_test(test_not_found), scratch_test(test_bad),
        scratch_test(test_late),      scratch_test(test_left_behind),
        scratch_test(test_not_run),   scratch_test(test_store_and_erase),
        scratch_test(test_deaf),      scratch_test(test_ignored_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
