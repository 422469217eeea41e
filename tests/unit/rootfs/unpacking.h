/* tests/unit/rootfs/unpacking.h - layers in memory, unpacked into a folder with a neighbour. */
#ifndef CPROV_TESTS_UNIT_ROOTFS_UNPACKING_H
#define CPROV_TESTS_UNIT_ROOTFS_UNPACKING_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/fs.h"
#include "rootfs/unpack.h"
#include "tests/unit/store/tarball.h"

#define LAYERS 4

struct unpacking {
    char base[64]; /* holds out/ and what must not change */
    char dir[96];
    struct cprov_buf layers[LAYERS];
    struct cprov_unpack_options options;
    struct cprov_unpack_result result;
    struct cprov_error err;
};

static inline void write_text(const char *base, const char *name, const char *text)
{
    char path[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", base, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static inline int unpacking_setup(void **state)
{
    struct unpacking *u = calloc(1, sizeof(*u));

    assert_non_null(u);
    snprintf(u->base, sizeof(u->base), "/tmp/cprov-unpack-test-XXXXXX");
    assert_non_null(mkdtemp(u->base));
    snprintf(u->dir, sizeof(u->dir), "%s/out", u->base);
    write_text(u->base, "canary", "alive");
    for (int i = 0; i < LAYERS; i++)
        cprov_buf_init(&u->layers[i], TARBALL_MAX);
    *state = u;
    return 0;
}

static inline int unpacking_teardown(void **state)
{
    struct unpacking *u = *state;

    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->base, &u->err), 0);
    for (int i = 0; i < LAYERS; i++)
        cprov_buf_clear(&u->layers[i]);
    free(u);
    return 0;
}

static inline int64_t read_span(void *arg, uint64_t offset, void *buf, size_t len,
                                struct cprov_error *err)
{
    const struct cprov_buf *tar = arg;
    size_t left = tar->len - (size_t)offset, n = len < left ? len : left;

    (void)err;
    n = n > 1000 ? 1000 : n; /* in pieces, as from a network */
    memcpy(buf, tar->ptr + offset, n);
    return (int64_t)n;
}

static inline int apply_layer(struct cprov_unpack *u, const struct cprov_buf *tar,
                              struct cprov_error *err)
{
    struct cprov_buf copy = *tar;
    const struct cprov_layer_source source = { read_span, &copy };
    struct cprov_digest diff_id;

    assert_int_equal(cprov_digest_of(CPROV_SHA256, cprov_buf_span(tar), &diff_id, err), 0);
    return cprov_unpack_layer(u, CPROV_LAYER_TAR, tar->len, &diff_id, &source, err);
}

/* Unpacks the layers that are not empty; the code. */
static inline int unpack_layers(struct unpacking *u)
{
    auto_unpack struct cprov_unpack *unpack = NULL;

    u->err = (struct cprov_error)CPROV_ERROR_INIT;
    int code = cprov_unpack_open(u->dir, &u->options, &unpack, &u->err);
    for (int i = 0; code == 0 && i < LAYERS; i++)
        if (u->layers[i].len > 0)
            code = apply_layer(unpack, &u->layers[i], &u->err);
    if (code == 0)
        code = cprov_unpack_commit(unpack, &u->result, &u->err);
    if (code != u->err.code)
        print_error("%d, but %s\n", code, u->err.msg);
    assert_int_equal(code, u->err.code);
    return code;
}

#define assert_unpacks(u)                                                                          \
    do {                                                                                           \
        int code_ = unpack_layers(u);                                                              \
        if (code_ != 0)                                                                            \
            print_error("%s\n", (u)->err.msg);                                                     \
        assert_int_equal(code_, 0);                                                                \
    } while (0)

static inline struct stat stat_of(const struct unpacking *u, const char *name)
{
    char path[512];
    struct stat st = { .st_mode = 0 };

    snprintf(path, sizeof(path), "%s/%s", u->dir, name);
    if (lstat(path, &st) < 0)
        st.st_mode = 0;
    return st;
}

static inline bool is_there(const struct unpacking *u, const char *name)
{
    return stat_of(u, name).st_mode != 0;
}

static inline void assert_content(const struct unpacking *u, const char *name, const char *want)
{
    char path[512], text[256];

    snprintf(path, sizeof(path), "%s/%s", u->dir, name);
    int fd = open(path, O_RDONLY | O_NOFOLLOW);
    if (fd < 0)
        print_error("%s is missing\n", name);
    assert_true(fd >= 0);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, want);
}

static inline void assert_link(const struct unpacking *u, const char *name, const char *want)
{
    char path[512], text[256];

    snprintf(path, sizeof(path), "%s/%s", u->dir, name);
    ssize_t n = readlink(path, text, sizeof(text) - 1);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, want);
}

static inline void add_file(struct cprov_buf *tar, const char *name, const char *content)
{
    add_member(tar, (struct member){ .name = name, .content = content });
}

static inline void add_dir(struct cprov_buf *tar, const char *name)
{
    add_member(tar, (struct member){ .type = '5', .name = name });
}

static inline void add_symlink(struct cprov_buf *tar, const char *name, const char *target)
{
    add_member(tar, (struct member){ .type = '2', .name = name, .link = target });
}

static inline void add_hardlink(struct cprov_buf *tar, const char *name, const char *target)
{
    add_member(tar, (struct member){ .type = '1', .name = name, .link = target });
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, unpacking_setup, unpacking_teardown)

#endif
