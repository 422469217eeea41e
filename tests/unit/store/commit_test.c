/* tests/unit/store/commit_test.c - many blobs at once, documents, copies. */
#include "store/blobs.h"

#include "tests/unit/store/fixture.h"

static void commits_many_at_once(void **state)
{
    struct fixture *f = *state;
    struct cprov_blob_writer *writers[21] = { NULL }; /* the last stays NULL: nothing to do */
    struct cprov_descriptor d[20];
    char text[32], name[256];

    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof(text), "blob %d", i);
        d[i] = describe(cprov_span_of(text), "");
        assert_ok(f, cprov_store_stage(f->store, &d[i], cprov_span_of(text), &writers[i], &f->err));
        assert_non_null(writers[i]);
        assert_false(exists(f, blob_name(&d[i], name)));
    }
    assert_ok(f, cprov_store_commit(f->store, writers, 21, &f->err));
    for (int i = 0; i < 20; i++) {
        assert_true(cprov_store_has(f->store, &d[i]));
        assert_false(exists(f, partial_name(&d[i], name)));
    }
    assert_ok(f, cprov_store_commit(f->store, writers, 21, &f->err)); /* nothing is left to do */
    assert_ok(f, cprov_store_commit(f->store, NULL, 0, &f->err));
    for (int i = 0; i < 20; i++)
        cprov_blob_writer_close(writers[i]);
}

static void one_unfinished_stops_all(void **state)
{
    struct fixture *f = *state;
    struct cprov_blob_writer *writers[2] = { NULL };
    struct cprov_descriptor a = describe(cprov_span_of("a"), ""),
                            b = describe(cprov_span_of("b"), "");

    assert_ok(f, cprov_store_stage(f->store, &a, cprov_span_of("a"), &writers[0], &f->err));
    assert_ok(f, cprov_blob_writer_open(f->store, &b, 0, &writers[1], &f->err));
    assert_ok(f, cprov_blob_writer_write(writers[1], 0, "b", 1, &f->err));
    assert_int_equal(cprov_store_commit(f->store, writers, 2, &f->err), CPROV_EINVAL);
    assert_false(cprov_store_has(f->store, &a));
    assert_false(cprov_store_has(f->store, &b));
    cprov_blob_writer_close(writers[0]);
    cprov_blob_writer_close(writers[1]);
}

static void damaged_blob_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = cprov_span_of("whole");
    struct cprov_descriptor d = describe(bytes, "");
    struct cprov_buf back;
    char name[256];

    write_file(f, blob_name(&d, name), cprov_span_of("cut"));
    assert_false(cprov_store_has(f->store, &d));
    put(f, bytes, "");
    assert_true(cprov_store_has(f->store, &d));
    read_file(f, name, &back);
    assert_string_equal(back.ptr, "whole");
    cprov_buf_clear(&back);
    assert_ok(f, cprov_store_discard(f->store, &d.digest, &f->err));
    assert_false(exists(f, name));
    assert_ok(f, cprov_store_discard(f->store, &d.digest, &f->err));
}

static void stage_refuses_other_bytes(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("abc"), "");
    struct cprov_blob_writer *w = NULL;

    assert_int_equal(cprov_store_stage(f->store, &d, cprov_span_of("abd"), &w, &f->err),
                     CPROV_EVERIFY);
    assert_int_equal(cprov_store_stage(f->store, &d, cprov_span_of("ab"), &w, &f->err),
                     CPROV_EVERIFY);
    assert_int_equal(cprov_store_stage(f->store, &d, cprov_span_of("abcd"), &w, &f->err),
                     CPROV_EVERIFY);
    assert_null(w);
}

/* Two installs that share a config must not wait for each other. */
static void stage_does_not_wait(void **state)
{
    struct fixture *f = *state;
    struct cprov_span bytes = cprov_span_of("shared");
    struct cprov_descriptor d = describe(bytes, "");
    struct cprov_blob_writer *first = NULL, *second = NULL, *third = NULL;

    assert_ok(f, cprov_store_stage(f->store, &d, bytes, &first, &f->err));
    assert_ok(f, cprov_store_stage(f->store, &d, bytes, &second, &f->err));
    assert_ok(f, cprov_store_stage(f->store, &d, bytes, &third, &f->err));
    assert_ok(f, cprov_store_commit(f->store, &second, 1, &f->err));
    assert_ok(f, cprov_store_commit(f->store, &first, 1, &f->err));
    assert_true(cprov_store_has(f->store, &d));
    cprov_blob_writer_close(first);
    cprov_blob_writer_close(second);
    cprov_blob_writer_close(third);
    assert_ok(f, cprov_store_stage(f->store, &d, bytes, &first, &f->err));
    assert_null(first); /* there already */
    size_t left = 0;
    assert_ok(f,
              cprov_store_collect_partials(f->store, 0, false, &left, &(uint64_t){ 0 }, &f->err));
    assert_int_equal(left, 0); /* no debris */
}

static void reads_what_matches(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = put(f, cprov_span_of("some text"), "");
    struct cprov_descriptor longer = d, missing = describe(cprov_span_of("other"), "");
    struct cprov_buf out;
    uint64_t size = 0;
    char name[256];
    int fd = -1;

    longer.size++;
    cprov_buf_init(&out, 100);
    assert_ok(f, cprov_store_read_blob(f->store, &d, 100, &out, &f->err));
    assert_string_equal(out.ptr, "some text");
    cprov_buf_reset(&out);
    assert_int_equal(cprov_store_read_blob(f->store, &d, 8, &out, &f->err), CPROV_ELIMIT);
    assert_int_equal(cprov_store_read_blob(f->store, &longer, 100, &out, &f->err), CPROV_EVERIFY);
    assert_int_equal(cprov_store_read_blob(f->store, &missing, 100, &out, &f->err),
                     CPROV_ENOTFOUND);
    assert_int_equal(cprov_store_open_blob(f->store, &longer, &fd, &f->err), CPROV_EVERIFY);
    assert_int_equal(cprov_store_open_blob(f->store, &missing, &fd, &f->err), CPROV_ENOTFOUND);
    assert_int_equal(fd, -1);
    assert_ok(f, cprov_store_open_digest(f->store, &d.digest, &fd, &size, &f->err));
    assert_int_equal(size, 9);
    cprov_fd_close(&fd);

    write_file(f, blob_name(&d, name), cprov_span_of("same size"));
    assert_int_equal(cprov_store_read_blob(f->store, &d, 100, &out, &f->err), CPROV_EVERIFY);
    assert_int_equal(out.len, 0);
    cprov_buf_clear(&out);
}

static void a_blob_is_a_file(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("x"), "");
    char name[256], path[256];
    int fd = -1;

    write_file(f, "elsewhere", cprov_span_of("x"));
    assert_int_equal(symlink("../../elsewhere", path_in(f, blob_name(&d, name), path)), 0);
    assert_false(cprov_store_has(f->store, &d));
    assert_int_not_equal(cprov_store_open_blob(f->store, &d, &fd, &f->err), 0);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(cprov_store_open_blob(f->store, &d, &fd, &f->err), CPROV_EVERIFY);
    assert_int_equal(fd, -1);
}

static void copies_between_stores(void **state)
{
    static const size_t sizes[] = { 0, 1, 100000, 9000000 };
    struct fixture *f = *state;
    struct cprov_store *to = NULL;
    char path[256];

    assert_ok(f,
              cprov_store_open(path_in(f, "other", path), CPROV_STORE_CREATE, NULL, &to, &f->err));
    for (size_t i = 0; i < CPROV_COUNT(sizes); i++) {
        struct cprov_span bytes = make_bytes(sizes[i], (uint32_t)i);
        struct cprov_descriptor d = put(f, bytes, "");
        struct cprov_blob_writer *w = NULL;

        print_message("%zu bytes\n", sizes[i]);
        assert_ok(f, cprov_store_copy_blob(to, f->store, &d, &w, &f->err));
        assert_non_null(w);
        assert_ok(f, cprov_store_commit(to, &w, 1, &f->err));
        cprov_blob_writer_close(w);
        assert_true(cprov_store_has(to, &d));
        w = NULL;
        assert_ok(f, cprov_store_copy_blob(to, f->store, &d, &w, &f->err));
        assert_null(w);
        free_bytes(bytes);
    }
    cprov_store_close(to);
}

static void copies_nothing_damaged(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = put(f, cprov_span_of("good"), ""),
                            missing = describe(cprov_span_of("none"), "");
    struct cprov_blob_writer *w = NULL;
    struct cprov_store *to = NULL;
    char path[256], name[256];

    write_file(f, blob_name(&d, name), cprov_span_of("evil"));
    assert_ok(f,
              cprov_store_open(path_in(f, "other", path), CPROV_STORE_CREATE, NULL, &to, &f->err));
    assert_int_equal(cprov_store_copy_blob(to, f->store, &d, &w, &f->err), CPROV_EVERIFY);
    assert_int_equal(cprov_store_copy_blob(to, f->store, &missing, &w, &f->err), CPROV_ENOTFOUND);
    assert_null(w);
    assert_false(cprov_store_has(to, &d));
    cprov_store_close(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(commits_many_at_once),     TEST(one_unfinished_stops_all),
        TEST(damaged_blob_is_replaced), TEST(stage_refuses_other_bytes),
        TEST(stage_does_not_wait),      TEST(reads_what_matches),
        TEST(a_blob_is_a_file),         TEST(copies_between_stores),
        TEST(copies_nothing_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
