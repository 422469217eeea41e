/* tests/unit/store/blob_writer_test.c - the one door into the store. */
#include "store/blobs.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include "base/error.h"
#include "tests/unit/store/fixture.h"

#define BIG (3 * 1024 * 1024 + 77) /* more than a few chunks of the hash */

static struct cprov_blob_writer *open_writer(struct fixture *f, const struct cprov_descriptor *d)
{
    struct cprov_blob_writer *w = NULL;

    assert_ok(f, cprov_blob_writer_open(f->store, d, 0, &w, &f->err));
    return w;
}

static void commit(struct fixture *f, struct cprov_blob_writer *w)
{
    assert_ok(f, cprov_blob_writer_finish(w, &f->err));
    assert_ok(f, cprov_store_commit(f->store, &w, 1, &f->err));
}

static void put_at(struct fixture *f, struct cprov_blob_writer *w, struct cprov_span bytes,
                   size_t from, size_t to)
{
    assert_ok(f, cprov_blob_writer_write(w, from, bytes.ptr + from, to - from, &f->err));
}

static void takes_every_size(void **state)
{
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 262144, 262145, BIG };
    struct fixture *f = *state;

    for (size_t i = 0; i < CPROV_COUNT(sizes); i++) {
        struct cprov_span bytes = make_bytes(sizes[i], (uint32_t)i);
        struct cprov_descriptor d = describe(bytes, "");
        struct cprov_buf back;
        char name[256];

        print_message("%zu bytes\n", sizes[i]);
        auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
        for (size_t at = 0; at < sizes[i]; at += 100000)
            put_at(f, w, bytes, at, at + 100000 < sizes[i] ? at + 100000 : sizes[i]);
        assert_int_equal(cprov_blob_writer_have(w), sizes[i]);
        assert_false(cprov_store_has(f->store, &d));
        commit(f, w);
        assert_true(cprov_store_has(f->store, &d));
        read_file(f, blob_name(&d, name), &back);
        assert_int_equal(back.len, sizes[i]);
        assert_memory_equal(back.ptr ? back.ptr : "", bytes.ptr, sizes[i]);
        assert_false(exists(f, partial_name(&d, name)));
        cprov_buf_clear(&back);
        free_bytes(bytes);
    }
}

static void blob_is_read_only(void **state)
{
    struct fixture *f = *state;
    mode_t before = umask(0);
    struct cprov_descriptor d = put(f, cprov_span_of("x"), "");
    char name[256], path[256];
    struct stat st;

    umask(before);
    assert_int_equal(stat(path_in(f, blob_name(&d, name), path), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0444);
    assert_int_equal(stat(path_in(f, "cprov/partial", path), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
}

static void takes_sha512(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = cprov_span_of("hello");
    struct cprov_descriptor d = { .media_type = "", .size = bytes.len };

    assert_int_equal(cprov_digest_of(CPROV_SHA512, bytes, &d.digest, CPROV_IGNORED), 0);
    auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
    put_at(f, w, bytes, 0, bytes.len);
    commit(f, w);
    assert_true(cprov_store_has(f->store, &d));
}

static void wrong_bytes_never_get_a_name(void **state)
{
    static const size_t sizes[] = { 10, BIG };
    struct fixture *f = *state;

    for (size_t i = 0; i < CPROV_COUNT(sizes); i++) {
        struct cprov_span bytes = make_bytes(sizes[i], 1), others = make_bytes(sizes[i], 2);
        struct cprov_descriptor d = describe(bytes, "");
        char want[CPROV_DIGEST_TEXT_MAX], got[CPROV_DIGEST_TEXT_MAX];
        struct cprov_descriptor other = describe(others, "");

        auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
        put_at(f, w, others, 0, sizes[i]);
        assert_int_equal(cprov_blob_writer_finish(w, &f->err), CPROV_EVERIFY);
        assert_non_null(strstr(f->err.msg, cprov_digest_format(&d.digest, want)));
        assert_non_null(strstr(f->err.msg, cprov_digest_format(&other.digest, got)));
        assert_int_equal(cprov_store_commit(f->store, &w, 1, &f->err), CPROV_EINVAL);
        assert_false(cprov_store_has(f->store, &d));
        assert_int_equal(cprov_blob_writer_have(w), 0);
        put_at(f, w, bytes, 0, sizes[i]); /* a fresh start succeeds */
        commit(f, w);
        assert_true(cprov_store_has(f->store, &d));
        free_bytes(bytes);
        free_bytes(others);
    }
}

static void short_blob_is_told_apart(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = cprov_span_of("0123456789");
    struct cprov_descriptor d = describe(bytes, "");

    auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
    put_at(f, w, bytes, 0, 9);
    assert_int_equal(cprov_blob_writer_finish(w, &f->err), CPROV_EVERIFY);
    assert_non_null(strstr(f->err.msg, "9 of 10"));
    assert_int_equal(cprov_blob_writer_have(w), 9); /* kept: the rest can still come */
    put_at(f, w, bytes, 9, 10);
    commit(f, w);
}

static void nothing_past_the_end(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("0123"), "");

    auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
    assert_int_equal(cprov_blob_writer_write(w, 0, "01234", 5, &f->err), CPROV_EVERIFY);
    assert_int_equal(cprov_blob_writer_write(w, 4, "4", 1, &f->err), CPROV_EVERIFY);
    assert_int_equal(cprov_blob_writer_write(w, UINT64_MAX, "0", 1, &f->err), CPROV_EVERIFY);
    assert_int_equal(cprov_blob_writer_write(w, UINT64_MAX - 1, "0123", 4, &f->err), CPROV_EVERIFY);
    assert_int_equal(cprov_blob_writer_have(w), 0);
    assert_ok(f, cprov_blob_writer_write(w, 4, "", 0, &f->err));
    assert_ok(f, cprov_blob_writer_write(w, 0, "0123", 4, &f->err));
    commit(f, w);
    assert_int_equal(cprov_blob_writer_write(w, 0, "0", 1, &f->err), CPROV_EINVAL);
}

static void ranges_interleave(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = make_bytes(BIG, 3);
    struct cprov_descriptor d = describe(bytes, "");
    size_t half = BIG / 2;

    auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
    for (size_t at = 0; at < half; at += 50000) {
        size_t step = at + 50000 < half ? 50000 : half - at;
        put_at(f, w, bytes, half + at, half + at + step);
        put_at(f, w, bytes, at, at + step);
    }
    put_at(f, w, bytes, 2 * half, BIG);
    commit(f, w);
    assert_true(cprov_store_has(f->store, &d));
    free_bytes(bytes);
}

/* The hash has seen the first bytes: what comes later for the same place must not reach the file.
 */
static void written_bytes_do_not_change(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = make_bytes(BIG, 4), others = make_bytes(BIG, 5);
    struct cprov_descriptor d = describe(bytes, "");
    struct cprov_buf back;
    char name[256];

    auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
    put_at(f, w, bytes, 0, BIG - 10);
    put_at(f, w, others, 0, BIG - 20);
    put_at(f, w, bytes, BIG - 100, BIG);
    put_at(f, w, others, 0, BIG);
    commit(f, w);
    read_file(f, blob_name(&d, name), &back);
    assert_memory_equal(back.ptr, bytes.ptr, BIG);
    cprov_buf_clear(&back);
    free_bytes(bytes);
    free_bytes(others);
}

static void resumes_after_close(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = make_bytes(BIG, 6);
    struct cprov_descriptor d = describe(bytes, "");

    struct cprov_blob_writer *w = open_writer(f, &d);
    assert_false(cprov_blob_writer_resumed(w));
    assert_string_equal(cprov_blob_writer_etag(w), "");
    put_at(f, w, bytes, 0, 1000000);
    put_at(f, w, bytes, 2000000, 2500000); /* beyond a hole: not kept */
    assert_ok(f, cprov_blob_writer_set_etag(w, cprov_span_of("\"abc\""), &f->err));
    cprov_blob_writer_close(w);

    w = open_writer(f, &d);
    assert_true(cprov_blob_writer_resumed(w));
    assert_int_equal(cprov_blob_writer_have(w), 1000000);
    assert_string_equal(cprov_blob_writer_etag(w), "\"abc\"");
    put_at(f, w, bytes, 1000000, BIG);
    commit(f, w);
    cprov_blob_writer_close(w);
    assert_true(cprov_store_has(f->store, &d));
    assert_int_equal(cprov_blob_writer_open(f->store, &d, 0, &w, &f->err), CPROV_EEXISTS);
    free_bytes(bytes);
}

static void wrong_partial_is_found(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = make_bytes(BIG, 7), others = make_bytes(BIG, 8);
    struct cprov_descriptor d = describe(bytes, "");
    char name[256];

    struct cprov_blob_writer *w = open_writer(f, &d);
    put_at(f, w, others, 0, 500000);
    cprov_blob_writer_close(w);
    w = open_writer(f, &d);
    put_at(f, w, bytes, 500000, BIG);
    assert_int_equal(cprov_blob_writer_finish(w, &f->err), CPROV_EVERIFY);
    assert_false(cprov_blob_writer_resumed(w));
    cprov_blob_writer_close(w);
    assert_false(exists(f, partial_name(&d, name)));
    free_bytes(bytes);
    free_bytes(others);
}

static void restart_forgets(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = make_bytes(BIG, 9), others = make_bytes(BIG, 10);
    struct cprov_descriptor d = describe(bytes, "");

    auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
    put_at(f, w, others, 0, 2000000);
    assert_ok(f, cprov_blob_writer_set_etag(w, cprov_span_of("x"), &f->err));
    assert_ok(f, cprov_blob_writer_restart(w, &f->err));
    assert_int_equal(cprov_blob_writer_have(w), 0);
    assert_string_equal(cprov_blob_writer_etag(w), "");
    put_at(f, w, bytes, 0, BIG);
    commit(f, w);
    assert_int_equal(cprov_blob_writer_restart(w, &f->err), CPROV_EINVAL);
    free_bytes(bytes);
    free_bytes(others);
}

static void odd_partials_start_over(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = make_bytes(BIG, 11);
    struct cprov_descriptor d = describe(bytes, "");
    char name[256], path[256];

    cprov_blob_writer_close(open_writer(f, &d));
    path_in(f, partial_name(&d, name), path);

    /* longer than the blob */
    write_file(f, name, cprov_span_make(bytes.ptr, BIG));
    assert_int_equal(truncate(path, BIG + 1), 0);
    struct cprov_blob_writer *w = open_writer(f, &d);
    assert_int_equal(cprov_blob_writer_have(w), 0);
    assert_false(cprov_blob_writer_resumed(w));
    cprov_blob_writer_close(w);

    /* killed while ranges were interleaved: a hole, and bytes behind it */
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(pwrite(fd, bytes.ptr, 1000000, 0), 1000000);
    assert_int_equal(pwrite(fd, bytes.ptr + 2000000, 1000000, 2000000), 1000000);
    off_t hole = lseek(fd, 0, SEEK_HOLE);
    close(fd);
    w = open_writer(f, &d);
    print_message("hole at %lld\n", (long long)hole);
    if (hole < 3000000) { /* else the file system tells of no holes */
        assert_true(cprov_blob_writer_have(w) > 800000);
        assert_true(cprov_blob_writer_have(w) <= 1000000);
        put_at(f, w, bytes, cprov_blob_writer_have(w), BIG);
        commit(f, w);
    }
    cprov_blob_writer_close(w);
    free_bytes(bytes);
}

/* A crash between the chmod and the rename of a commit. */
static void unwritable_partial_is_taken_over(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = cprov_span_of("0123456789");
    struct cprov_descriptor d = describe(bytes, "");
    char name[256], path[256];

    cprov_blob_writer_close(open_writer(f, &d));
    write_file(f, partial_name(&d, name), bytes);
    assert_int_equal(chmod(path_in(f, name, path), 0444), 0);
    auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
    assert_int_equal(cprov_blob_writer_have(w), 10);
    commit(f, w);
}

static void partial_that_is_a_link_is_refused(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("0123456789"), "");
    struct cprov_blob_writer *w = NULL;
    char name[256], path[256], target[256];

    cprov_blob_writer_close(open_writer(f, &d));
    write_file(f, "victim", cprov_span_of("precious"));
    assert_int_equal(
        symlink(path_in(f, "victim", target), path_in(f, partial_name(&d, name), path)), 0);
    assert_int_not_equal(cprov_blob_writer_open(f->store, &d, 0, &w, &f->err), 0);
    assert_null(w);
    struct cprov_buf back;
    read_file(f, "victim", &back);
    assert_string_equal(back.ptr, "precious");
    cprov_buf_clear(&back);
}

static void etags_are_checked(void **state)
{
    static const struct {
        const char *given, *kept;
    } cases[] = {
        { "", "" }, { "\"a\"", "\"a\"" }, { "W/\"a\"", "W/\"a\"" }, { "a\nb", "" }, { "a\177", "" },
    };
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("x"), "");
    char longest[300];

    auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        assert_ok(f, cprov_blob_writer_set_etag(w, cprov_span_of(cases[i].given), &f->err));
        assert_string_equal(cprov_blob_writer_etag(w), cases[i].kept);
    }
    memset(longest, 'a', sizeof(longest));
    assert_ok(f, cprov_blob_writer_set_etag(w, cprov_span_make(longest, 256), &f->err));
    assert_int_equal(strlen(cprov_blob_writer_etag(w)), 256);
    assert_ok(f, cprov_blob_writer_set_etag(w, cprov_span_make(longest, 257), &f->err));
    assert_string_equal(cprov_blob_writer_etag(w), "");
}

/* Writes a part and dies by a signal; nothing is tidied up. */
static void die_in_the_middle(struct fixture *f, const struct cprov_descriptor *d,
                              struct cprov_span bytes, size_t len)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct cprov_blob_writer *w = NULL;
        struct cprov_store *s = NULL;

        if (cprov_store_open(f->root, 0, NULL, &s, CPROV_IGNORED) < 0 ||
            cprov_blob_writer_open(s, d, 0, &w, CPROV_IGNORED) < 0 ||
            cprov_blob_writer_write(w, 0, bytes.ptr, len, CPROV_IGNORED) < 0)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(wait_for(pid), 1000);
}

static void survives_kill(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = make_bytes(BIG, 12);
    struct cprov_descriptor d = describe(bytes, "");

    die_in_the_middle(f, &d, bytes, 1234567);
    auto_blob_writer struct cprov_blob_writer *w = open_writer(f, &d);
    assert_true(cprov_blob_writer_resumed(w));
    assert_int_equal(cprov_blob_writer_have(w), 1234567);
    put_at(f, w, bytes, 1234567, BIG);
    commit(f, w);
    assert_true(cprov_store_has(f->store, &d));
    free_bytes(bytes);
}

static void one_writer_at_a_time(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = make_bytes(1000, 13);
    struct cprov_descriptor d = describe(bytes, "");
    struct cprov_blob_writer *second = NULL;

    struct cprov_blob_writer *w = open_writer(f, &d);
    put_at(f, w, bytes, 0, 500);
    assert_int_equal(cprov_blob_writer_open(f->store, &d, 0, &second, &f->err), CPROV_EINUSE);
    assert_null(second);
    pid_t pid = fork();
    if (pid == 0) {
        struct cprov_store *s = NULL;
        int code = cprov_store_open(f->root, 0, NULL, &s, CPROV_IGNORED);
        if (code == 0)
            code = cprov_blob_writer_open(s, &d, 50, &second, CPROV_IGNORED);
        _exit(-code);
    }
    assert_int_equal(wait_for(pid), -CPROV_EINUSE);
    assert_int_equal(cprov_blob_writer_have(w), 500);
    put_at(f, w, bytes, 500, 1000);
    commit(f, w);
    cprov_blob_writer_close(w);
    free_bytes(bytes);
}

/* The one who waits gets the blob, or the place of the one who gave up. */
static void waits_for_the_other(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = make_bytes(1000, 14);
    struct cprov_descriptor d = describe(bytes, "");

    for (int committed = 0; committed < 2; committed++) {
        int ready[2], code;
        char byte = 0;

        assert_int_equal(pipe(ready), 0);
        pid_t pid = fork();
        if (pid == 0) {
            struct cprov_blob_writer *w = NULL;
            struct cprov_store *s = NULL;

            code = cprov_store_open(f->root, 0, NULL, &s, CPROV_IGNORED);
            if (code == 0)
                code = cprov_blob_writer_open(s, &d, 0, &w, CPROV_IGNORED);
            if (code == 0 && write(ready[1], "x", 1) != 1)
                code = 1;
            usleep(100000);
            if (code == 0)
                code = cprov_blob_writer_write(w, 0, bytes.ptr, 1000, CPROV_IGNORED);
            if (code == 0 && committed)
                code = cprov_blob_writer_finish(w, CPROV_IGNORED);
            if (code == 0 && committed)
                code = cprov_store_commit(s, &w, 1, CPROV_IGNORED);
            _exit(code != 0);
        }
        assert_int_equal(read(ready[0], &byte, 1), 1);
        struct cprov_blob_writer *w = NULL;
        code = cprov_blob_writer_open(f->store, &d, 20000, &w, &f->err);
        assert_int_equal(code, committed ? CPROV_EEXISTS : 0);
        assert_int_equal(w ? cprov_blob_writer_have(w) : 1000, 1000);
        cprov_blob_writer_close(w);
        assert_int_equal(wait_for(pid), 0);
        close(ready[0]);
        close(ready[1]);
    }
    free_bytes(bytes);
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

static void cancel_ends_the_wait(void **state)
{
    const struct cprov_cancel cancel = { .asked = always };
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("x"), "");
    struct cprov_blob_writer *second = NULL;
    struct cprov_store *s = NULL;
    char name[256];

    struct cprov_blob_writer *w = open_writer(f, &d);
    assert_ok(f, cprov_store_open(f->root, 0, &cancel, &s, &f->err));
    assert_int_equal(cprov_blob_writer_open(s, &d, 60000, &second, &f->err), CPROV_ECANCELLED);
    assert_true(exists(f, partial_name(&d, name))); /* still the other's */
    cprov_store_close(s);
    cprov_blob_writer_close(w);
}

static void huge_sizes_are_refused(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("x"), "");
    struct cprov_blob_writer *w = NULL;

    d.size = UINT64_MAX;
    assert_int_equal(cprov_blob_writer_open(f->store, &d, 0, &w, &f->err), CPROV_ELIMIT);
    assert_null(w);
}

/* In a file system of 1 MiB. The child's exit status tells which step went wrong. */
static int fill_small_disk(const char *folder)
{
    struct cprov_span bytes = make_bytes(BIG, 15);
    struct cprov_descriptor d = describe(bytes, "");
    struct cprov_blob_writer *w = NULL;
    struct cprov_store *s = NULL;
    int code = 0;

    if (cprov_store_open(folder, CPROV_STORE_CREATE, NULL, &s, CPROV_IGNORED) < 0)
        return 1;
    if (cprov_store_need_space(s, BIG, CPROV_IGNORED) != CPROV_ENOSPACE ||
        cprov_store_need_space(s, 1000, CPROV_IGNORED) != 0)
        return 2;
    if (cprov_blob_writer_open(s, &d, 0, &w, CPROV_IGNORED) < 0)
        return 3;
    for (size_t at = 0; at + 100000 < BIG && code == 0; at += 100000)
        code = cprov_blob_writer_write(w, at, bytes.ptr + at, 100000, CPROV_IGNORED);
    if (code != CPROV_ENOSPACE)
        return 4;
    uint64_t have = cprov_blob_writer_have(w);
    if (have < 500000)
        return 5;
    cprov_blob_writer_close(w);
    if (cprov_blob_writer_open(s, &d, 0, &w, CPROV_IGNORED) < 0 || cprov_blob_writer_have(w) < have)
        return 6;
    cprov_blob_writer_close(w);
    cprov_store_close(s);
    free_bytes(bytes);
    return 0;
}

static void full_disk_keeps_what_is_there(void **state)
{
    struct fixture *f = *state;
    char path[256];

    if (geteuid() != 0) {
        print_message("skipped: a small file system can be mounted by root only\n");
        skip();
    }
    path_in(f, "disk", path);
    assert_int_equal(mkdir(path, 0755), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", path, "tmpfs", 0, "size=1m") < 0)
            _exit(99);
        _exit(fill_small_disk(path));
    }
    int status = wait_for(pid);
    if (status == 99) {
        print_message("skipped: no mount in a namespace here\n");
        skip();
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(takes_every_size),
        TEST(blob_is_read_only),
        TEST(takes_sha512),
        TEST(wrong_bytes_never_get_a_name),
        TEST(short_blob_is_told_apart),
        TEST(nothing_past_the_end),
        TEST(ranges_interleave),
        TEST(written_bytes_do_not_change),
        TEST(resumes_after_close),
        TEST(wrong_partial_is_found),
        TEST(restart_forgets),
        TEST(odd_partials_start_over),
        TEST(unwritable_partial_is_taken_over),
        TEST(partial_that_is_a_link_is_refused),
        TEST(etags_are_checked),
        TEST(survives_kill),
        TEST(one_writer_at_a_time),
        TEST(waits_for_the_other),
        TEST(cancel_ends_the_wait),
        TEST(huge_sizes_are_refused),
        TEST(full_disk_keeps_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
