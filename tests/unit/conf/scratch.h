/* tests/unit/conf/scratch.h - a temporary folder that stands for home and /etc in one test. */
#ifndef CPROV_TESTS_UNIT_CONF_SCRATCH_H
#define CPROV_TESTS_UNIT_CONF_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/fs.h"

#define SCRATCH_TEXT_MAX (1u << 20)

static char scratch_dir[64];

/* "DIR/name", in one of a few buffers that take turns. */
CPROV_UNUSED static const char *scratch_path(const char *name)
{
    static char paths[8][512];
    static unsigned turn;
    char *path = paths[turn++ % CPROV_COUNT(paths)];

    snprintf(path, sizeof(paths[0]), "%s/%s", scratch_dir, name);
    return path;
}

CPROV_UNUSED static void scratch_write(const char *name, const char *text, mode_t mode)
{
    const char *path = scratch_path(name);
    char parent[512];

    snprintf(parent, sizeof(parent), "%s", path);
    *strrchr(parent, '/') = '\0';
    assert_int_equal(cprov_fs_make_dirs(AT_FDCWD, parent, 0755, CPROV_IGNORED), 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* The whole file: free() it. */
CPROV_UNUSED static char *scratch_read(const char *name)
{
    struct cprov_buf text;
    char *out = NULL;

    cprov_buf_init(&text, SCRATCH_TEXT_MAX);
    assert_int_equal(
        cprov_fs_read(AT_FDCWD, scratch_path(name), SCRATCH_TEXT_MAX, &text, CPROV_IGNORED), 0);
    assert_int_equal(cprov_buf_take(&text, name, &out, CPROV_IGNORED), 0);
    return out;
}

CPROV_UNUSED static bool scratch_exists(const char *name)
{
    struct stat st;

    return lstat(scratch_path(name), &st) == 0;
}

CPROV_UNUSED static mode_t scratch_mode(const char *name)
{
    struct stat st;

    assert_int_equal(lstat(scratch_path(name), &st), 0);
    return st.st_mode & 07777;
}

/* Test fixtures: a new folder; everything that names places outside points into it. */
CPROV_UNUSED static int scratch_setup(void **state)
{
    static const char *const unset[] = { "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "NETRC" };

    (void)state;
    snprintf(scratch_dir, sizeof(scratch_dir), "/tmp/cprov-conf-XXXXXX");
    if (!mkdtemp(scratch_dir))
        return -1;
    for (size_t i = 0; i < CPROV_COUNT(unset); i++)
        unsetenv(unset[i]);
    setenv("HOME", scratch_path("home"), 1);
    setenv("XDG_RUNTIME_DIR", scratch_path("run"), 1);
    setenv("XDG_CONFIG_HOME", scratch_path("config"), 1);
    setenv("CPROV_SYSTEM_CONFIG_DIR", scratch_path("etc"), 1);
    return mkdir(scratch_path("run"), 0700);
}

CPROV_UNUSED static int scratch_teardown(void **state)
{
    (void)state;
    return cprov_fs_remove_tree(AT_FDCWD, scratch_dir, CPROV_IGNORED);
}

#define scratch_test(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

#endif
