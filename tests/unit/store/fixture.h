/* tests/unit/store/fixture.h - stores in a folder of their own. */
#ifndef CPROV_TESTS_UNIT_STORE_FIXTURE_H
#define CPROV_TESTS_UNIT_STORE_FIXTURE_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/fs.h"
#include "manifest/media_type.h"
#include "store/blobs.h"
#include "store/images.h"
#include "store/store.h"

struct fixture {
    char root[64]; /* a fresh folder; the store is in it or below */
    struct cprov_store *store;
    struct cprov_error err;
};

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    snprintf(f->root, sizeof(f->root), "/tmp/cprov-store-test-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    assert_int_equal(cprov_store_open(f->root, CPROV_STORE_CREATE, NULL, &f->store, &f->err), 0);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    cprov_store_close(f->store);
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, f->root, &f->err), 0);
    free(f);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

/* Prints why before it fails. */
#define assert_ok(f, expression)                                                                   \
    do {                                                                                           \
        int code_ = (expression);                                                                  \
        if (code_ != 0)                                                                            \
            print_error("%s\n", (f)->err.msg);                                                     \
        assert_int_equal(code_, 0);                                                                \
    } while (0)

static inline const char *path_in(const struct fixture *f, const char *name, char buf[256])
{
    int len = snprintf(buf, 256, "%s/%s", f->root, name);

    assert_in_range(len, 1, 255);
    return buf;
}

static inline bool exists(const struct fixture *f, const char *name)
{
    char path[256];
    struct stat st;

    return lstat(path_in(f, name, path), &st) == 0;
}

static inline void write_file(const struct fixture *f, const char *name, struct cprov_span bytes)
{
    char path[256];

    unlink(path_in(f, name, path));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    close(fd);
}

static inline void read_file(const struct fixture *f, const char *name, struct cprov_buf *out)
{
    char path[256];
    struct cprov_error err;

    cprov_buf_init(out, 1 << 26);
    assert_int_equal(cprov_fs_read(AT_FDCWD, path_in(f, name, path), 1 << 26, out, &err), 0);
}

static inline struct cprov_descriptor describe(struct cprov_span bytes, const char *media_type)
{
    struct cprov_descriptor d = { .media_type = media_type, .size = bytes.len };

    assert_int_equal(cprov_digest_of(CPROV_SHA256, bytes, &d.digest, CPROV_IGNORED), 0);
    return d;
}

static inline const char *blob_name(const struct cprov_descriptor *d, char buf[256])
{
    char hex[CPROV_DIGEST_TEXT_MAX];

    snprintf(buf, 256, "blobs/%s/%s", cprov_digest_algo_name(d->digest.algo),
             cprov_digest_hex(&d->digest, hex));
    return buf;
}

static inline const char *partial_name(const struct cprov_descriptor *d, char buf[256])
{
    char hex[CPROV_DIGEST_TEXT_MAX];

    snprintf(buf, 256, "cprov/partial/%s-%s", cprov_digest_algo_name(d->digest.algo),
             cprov_digest_hex(&d->digest, hex));
    return buf;
}

/* len bytes that do not repeat soon; free them. */
static inline struct cprov_span make_bytes(size_t len, uint32_t seed)
{
    char *p = malloc(len + 1);

    assert_non_null(p);
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = (char)(seed >> 24);
    }
    return cprov_span_make(p, len);
}

static inline void free_bytes(struct cprov_span s)
{
    void *p;

    memcpy(&p, &s.ptr, sizeof(p));
    free(p);
}

/* Puts a document or layer into the store. */
static inline struct cprov_descriptor put(struct fixture *f, struct cprov_span bytes,
                                          const char *media_type)
{
    struct cprov_descriptor d = describe(bytes, media_type);
    struct cprov_blob_writer *w = NULL;

    assert_ok(f, cprov_store_stage(f->store, &d, bytes, &w, &f->err));
    assert_ok(f, cprov_store_commit(f->store, &w, 1, &f->err));
    cprov_blob_writer_close(w);
    return d;
}

/* An image record; everything that is not given is "". */
static inline struct cprov_image image_named(const char *name, const char *version,
                                             const struct cprov_descriptor *d)
{
    return (struct cprov_image){ .descriptor = *d,
                                 .name = name,
                                 .version = version,
                                 .publisher = "",
                                 .description = "",
                                 .source = "",
                                 .reference = "",
                                 .installed = "",
                                 .created = "",
                                 .platform = "linux/amd64",
                                 .image_id = "" };
}

/* Waits for a child; its exit status, or 1000 when it did not end by itself. */
static inline int wait_for(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

#endif
