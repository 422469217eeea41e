/* The loop over failures, and the folder that tests live in. */
#include "torture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "memory.h"

#define TRIES_MAX                                                                                  \
    5000            /* an operation with more allocations than this is not what is meant here      \
                     */
#define KEPT_MAX 40 /* times that memory may be kept */

static char dir[64];

/* --- the loop --- */

struct attempt {
    int code;
    bool refused;
    long leaked;
};

static struct attempt attempt(const struct torture *t, long n, bool from_then_on)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct attempt a;

    if (t->before)
        t->before(t->arg);
    long live = memory_live();
    memory_fail(n, from_then_on);
    a.code = t->run(t->arg, &err);
    a.refused = memory_relax();
    a.leaked = memory_live() - live;
    if (a.code != 0) {
        if (a.code != CPROV_ENOMEM && a.code != t->other_code)
            fail_msg("%s, allocation %ld: code %d: %s", t->name, n, a.code, err.msg);
        assert_int_equal(err.code, a.code);
        assert_string_not_equal(err.msg, "");
    }
    if (t->after)
        t->after(t->arg, a.code);
    return a;
}

/* What a library keeps for the next time is no leak: OpenSSL, say, the places of its last sixteen
 * errors. What is lost every time is. */
static void assert_no_leak(const struct torture *t, long n, bool from_then_on, long leaked)
{
    for (int i = 0; i < KEPT_MAX && leaked > 0; i++)
        leaked = attempt(t, n, from_then_on).leaked;
    if (leaked > 0)
        fail_msg("%s, allocation %ld%s: %ld blocks are lost", t->name, n,
                 from_then_on ? " and all later ones" : "", leaked);
}

static long fail_each(const struct torture *t, bool from_then_on)
{
    long n = 1;

    for (;; n++) {
        struct attempt a = attempt(t, n, from_then_on);

        assert_no_leak(t, n, from_then_on, a.leaked);
        if (!a.refused) {
            assert_int_equal(a.code, 0);
            return n - 1;
        }
        assert_in_range(n, 1, TRIES_MAX);
    }
}

void torture(const struct torture *t)
{
    /* Libraries set themselves up at first use. */
    assert_int_equal(attempt(t, TRIES_MAX * 10, false).code, 0);
    long count = fail_each(t, false);
    fail_each(t, true);
    print_message("%s: %ld allocations\n", t->name, count);
}

/* --- the folder --- */

const char *torture_path(const char *name)
{
    static char paths[8][512];
    static unsigned turn;
    char *path = paths[turn++ % CPROV_COUNT(paths)];

    snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

void torture_write(const char *name, const char *text)
{
    assert_int_equal(
        cprov_fs_replace(AT_FDCWD, torture_path(name), cprov_span_of(text), 0600, CPROV_IGNORED),
        0);
}

int torture_setup(void **state)
{
    static const char *const unset[] = { "CPROV_ROOT", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE",
                                         "NETRC" };

    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/cprov-torture-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    for (size_t i = 0; i < CPROV_COUNT(unset); i++)
        unsetenv(unset[i]);
    setenv("HOME", torture_path("home"), 1);
    setenv("XDG_CONFIG_HOME", torture_path("home/config"), 1);
    setenv("XDG_RUNTIME_DIR", torture_path("run"), 1);
    setenv("CPROV_SYSTEM_CONFIG_DIR", torture_path("etc"), 1);
    return mkdir(torture_path("home"), 0700) | mkdir(torture_path("run"), 0700) |
           mkdir(torture_path("etc"), 0700);
}

int torture_teardown(void **state)
{
    (void)state;
    return cprov_fs_remove_tree(AT_FDCWD, dir, CPROV_IGNORED);
}
