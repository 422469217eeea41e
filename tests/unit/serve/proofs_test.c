/* tests/unit/serve/proofs_test.c - which files are believed; no rotten one is given whole. */
#include "serve/proofs_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "unit.h"

#define BYTES 100000

struct fixture {
    struct cprov_proofs *proofs;
    struct cprov_digest digest;
    char path[32];
    char bytes[BYTES];
    int fd;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    memset(f->bytes, 'x', sizeof(f->bytes));
    snprintf(f->path, sizeof(f->path), "/tmp/proofs-XXXXXX");
    f->fd = mkstemp(f->path);
    assert_true(f->fd >= 0);
    assert_int_equal(write(f->fd, f->bytes, BYTES), BYTES);
    assert_int_equal(
        cprov_digest_of(CPROV_SHA256, cprov_span_make(f->bytes, BYTES), &f->digest, CPROV_IGNORED),
        0);
    assert_int_equal(cprov_proofs_new(&f->proofs, CPROV_IGNORED), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    cprov_proofs_free(f->proofs);
    cprov_fd_close(&f->fd);
    unlink(f->path);
    free(f);
    return 0;
}

/* Only what has not changed for a while is remembered. */
static void settle(void)
{
    sleep(3);
}

static void rot(struct fixture *f)
{
    assert_int_equal(pwrite(f->fd, "y", 1, BYTES - 1), 1);
}

static void mend(struct fixture *f)
{
    assert_int_equal(pwrite(f->fd, "x", 1, BYTES - 1), 1);
}

/* How many bytes come, or the code that ends them. */
static ssize_t read_stream(struct fixture *f, size_t *got)
{
    struct cprov_proof_stream *s = NULL;
    char piece[4096];
    ssize_t n;

    int fd = dup(f->fd);
    assert_int_equal(cprov_proof_stream_new(f->proofs, &f->digest, fd, BYTES, &s, CPROV_IGNORED),
                     0);
    for (*got = 0; (n = cprov_proof_stream_read(s, piece, sizeof(piece))) > 0; *got += (size_t)n)
        continue;
    cprov_proof_stream_free(s);
    return n;
}

static void test_H7_stream(void **state)
{
    struct fixture *f = *state;
    size_t got;

    assert_int_equal(read_stream(f, &got), 0);
    assert_int_equal(got, BYTES);
    rot(f);
    assert_int_equal(read_stream(f, &got), CPROV_EVERIFY);
    assert_true(got < BYTES); /* the last bytes are held back */
    assert_int_equal(ftruncate(f->fd, BYTES / 2), 0);
    assert_int_equal(read_stream(f, &got), CPROV_EVERIFY);
}

static void assert_known(struct fixture *f, enum cprov_verdict verdict)
{
    assert_int_equal(cprov_proofs_known(f->proofs, &f->digest, f->fd), verdict);
}

static void test_H7_identity(void **state)
{
    struct fixture *f = *state;
    size_t got;

    assert_known(f, CPROV_VERDICT_NONE);
    assert_int_equal(cprov_proofs_check(f->proofs, &f->digest, f->fd, CPROV_IGNORED), 0);
    assert_known(f, CPROV_VERDICT_NONE); /* it changed just now */
    settle();
    assert_int_equal(cprov_proofs_check(f->proofs, &f->digest, f->fd, CPROV_IGNORED), 0);
    assert_known(f, CPROV_VERDICT_RIGHT);
    rot(f);
    assert_known(f, CPROV_VERDICT_NONE);
    assert_int_equal(cprov_proofs_check(f->proofs, &f->digest, f->fd, CPROV_IGNORED),
                     CPROV_EVERIFY);
    assert_known(f, CPROV_VERDICT_NONE);
    settle();
    assert_int_equal(read_stream(f, &got), CPROV_EVERIFY);
    assert_known(f, CPROV_VERDICT_WRONG);
    mend(f);
    assert_known(f, CPROV_VERDICT_NONE);
    assert_int_equal(cprov_proofs_check(f->proofs, &f->digest, f->fd, CPROV_IGNORED), 0);
}

static void test_H7_ended(void **state)
{
    struct fixture *f = *state;

    cprov_proofs_end(f->proofs);
    assert_int_equal(cprov_proofs_check(f->proofs, &f->digest, f->fd, CPROV_IGNORED),
                     CPROV_ECANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_H7_stream, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_H7_identity, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_H7_ended, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
