/* tests/unit/conf/certs_test.c - certs.d folders. */
#include "tests/unit/conf/scratch.h"

#include "base/error.h"
#include "conf/conf.h"

#define FOLDER "config/containers/certs.d/registry.example:5000"
#define HOST   "registry.example:5000"

static void test_found(void **state)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_host_conf out = { .host = HOST };

    (void)state;
    scratch_write(FOLDER "/a.crt", "one\n", 0644);
    scratch_write(FOLDER "/ca.crt", "two\n", 0644);
    scratch_write(FOLDER "/client.cert", "", 0644);
    scratch_write(FOLDER "/client.key", "", 0644);
    scratch_write(FOLDER "/readme", "", 0644);
    assert_int_equal(cprov_conf_certs(HOST, &arena, &out, CPROV_IGNORED), 0);
    /* B22: of several authorities all count */
    assert_string_equal(out.ca_file, scratch_path(FOLDER));
    assert_string_equal(out.ca_pem, "one\n\ntwo\n\n");
    assert_string_equal(out.cert_file, scratch_path(FOLDER "/client.cert"));
    assert_string_equal(out.key_file, scratch_path(FOLDER "/client.key"));
}

static void test_fills_only(void **state)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_host_conf out = { .ca_file = "mine", .cert_file = "c", .key_file = "k" };

    (void)state;
    scratch_write(FOLDER "/a.crt", "", 0644);
    scratch_write(FOLDER "/b.cert", "", 0644);
    scratch_write(FOLDER "/b.key", "", 0644);
    assert_int_equal(cprov_conf_certs(HOST, &arena, &out, CPROV_IGNORED), 0);
    assert_string_equal(out.ca_file, "mine");
    assert_string_equal(out.cert_file, "c");
    assert_string_equal(out.key_file, "k");
}

static void test_alone(void **state)
{
    static const char *const files[] = { FOLDER "/b.cert", FOLDER "/b.key" };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(files); i++) {
        CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
        struct cprov_host_conf out = { .host = HOST };

        scratch_write(FOLDER "/a.crt", "", 0644);
        scratch_write(files[i], "", 0600);
        assert_int_equal(cprov_conf_certs(HOST, &arena, &out, CPROV_IGNORED), CPROV_EINVAL);
        assert_null(out.ca_file);
        assert_null(out.cert_file);
        assert_int_equal(unlink(scratch_path(files[i])), 0);
    }
}

static void test_nothing(void **state)
{
    static const char *const hosts[] = { "", ".", "..", "a/../registry.example:5000", "other" };

    (void)state;
    scratch_write(FOLDER "/ca.crt", "", 0644);
    scratch_write("config/containers/certs.d/ca.crt", "", 0644);
    scratch_write("config/containers/ca.crt", "", 0644);
    for (size_t i = 0; i < CPROV_COUNT(hosts); i++) {
        CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
        struct cprov_host_conf out = { .host = hosts[i] };

        print_message("'%s'\n", hosts[i]);
        assert_int_equal(cprov_conf_certs(hosts[i], &arena, &out, CPROV_IGNORED), 0);
        assert_null(out.ca_file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_found),
        scratch_test(test_fills_only),
        scratch_test(test_alone),
        scratch_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
