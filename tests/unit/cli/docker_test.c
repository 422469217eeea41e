/* tests/unit/cli/docker_test.c - Docker's short names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/docker.h"

static void test_reference(void **state)
{
    static const struct {
        const char *name;
        bool tag;
        const char *expected;
    } cases[] = {
        { "alpine", true, "docker.io/library/alpine:latest" },
        { "alpine", false, "docker.io/library/alpine" },
        { "alpine:3", true, "docker.io/library/alpine:3" },
        { "team/app", true, "docker.io/team/app:latest" },
        { "localhost/app", true, "localhost/app:latest" },
        { "localhost:5000/app", true, "localhost:5000/app:latest" },
        { "localhost:5000/app:1", true, "localhost:5000/app:1" },
        { "a.example/b/c@sha256:00", true, "a.example/b/c@sha256:00" },
        { "[::1]:5000/app", true, "[::1]:5000/app:latest" },
        { "NanoServer", true, "NanoServer" },
        { "oci:dir", true, "oci:dir" },
        { "./file", true, "./file" },
        { "https://h/x", true, "https://h/x" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_arena arena = { 0 };

        assert_string_equal(cprov_docker_reference(&arena, cases[i].name, cases[i].tag),
                            cases[i].expected);
        cprov_arena_clear(&arena);
    }
}

static void test_familiar(void **state)
{
    (void)state;
    assert_string_equal(cprov_docker_familiar("docker.io/library/alpine:3"), "alpine:3");
    assert_string_equal(cprov_docker_familiar("docker.io/team/app:1"), "team/app:1");
    assert_string_equal(cprov_docker_familiar("quay.io/a/b:1"), "quay.io/a/b:1");
    assert_string_equal(cprov_docker_familiar(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_familiar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
