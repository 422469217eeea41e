/* tests/unit/serve/listen_test.c - listening sockets from text. */
#include "serve/listen_private.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/fs.h"
#include "unit.h"

static void test_opened(void **state)
{
    static const struct {
        const char *text, *address;
        bool loopback;
    } cases[] = {
        { "127.0.0.1:0", "127.0.0.1:", true },
        { "127.0.0.2:0", "127.0.0.2:", true },
        { "localhost:0", "localhost:", true },
        { ":0", "[::]:", false }, /* B29: what is listened on is said */
        { "[::]:0", "[::]:", false },
        { "0.0.0.0:0", "0.0.0.0:", false },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_listener l;
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_span before, port;
        uint64_t number;

        print_message("%s\n", cases[i].text);
        assert_int_equal(cprov_listen(cases[i].text, &l, &err), 0);
        assert_int_equal(strncmp(l.address, cases[i].address, strlen(cases[i].address)), 0);
        assert_int_equal(l.loopback, cases[i].loopback);
        assert_non_null(strpbrk(l.local, "1l")); /* 127.0.0.1, [::1], localhost */
        assert_int_equal(strcmp(l.local, l.address) == 0, cases[i].loopback);
        assert_null(strstr(l.others, "127.0.0.1"));
        assert_true(fcntl(l.fd, F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(l.fd, F_GETFL) & O_NONBLOCK);
        assert_true(cprov_span_cut_last(cprov_span_of(l.address), ':', &before, &port));
        assert_true(cprov_span_u64(port, &number) && number > 0);
        cprov_fd_close(&l.fd);
    }
}

static void test_refused(void **state)
{
    static const char *const cases[] = {
        "",         "5000",         "127.0.0.1",    "127.0.0.1:",        "127.0.0.1:65536",
        "::1:5000", "[::1]",        "[::1]5000",    "[127.0.0.1]:0",     "127.0.0.1:-1",
        "a:b:0",    "192.0.2.77:0", "127.0.0.1:0x", "256.256.256.256:0",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_listener l = { .fd = 77 };
        struct cprov_error err = CPROV_ERROR_INIT;

        print_message("'%s'\n", cases[i]);
        assert_int_equal(cprov_listen(cases[i], &l, &err), CPROV_EINVAL);
        assert_int_equal(err.code, CPROV_EINVAL);
        assert_int_equal(l.fd, 77);
    }
}

static void test_too_long(void **state)
{
    char text[CPROV_LISTEN_HOST_MAX + 8];
    struct cprov_listener l;

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text + CPROV_LISTEN_HOST_MAX + 1, ":0", 3);
    assert_int_equal(cprov_listen(text, &l, CPROV_IGNORED), CPROV_EINVAL);
}

static void test_in_use(void **state)
{
    struct cprov_listener first, second;
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    assert_int_equal(cprov_listen("127.0.0.1:0", &first, &err), 0);
    assert_int_equal(cprov_listen(first.address, &second, &err), CPROV_EINUSE);
    cprov_fd_close(&first.fd);
    assert_int_equal(cprov_listen(first.address, &second, &err), 0);
    assert_string_equal(first.address, second.address);
    cprov_fd_close(&second.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opened),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_in_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
