/* tests/unit/store/store_test.c - what is a store, what is left alone, what is tidied up. */
#include "store/store.h"

#include <sys/file.h>
#include <utime.h>

#include "base/error.h"
#include "tests/unit/store/fixture.h"

static int try_open(struct fixture *f, const char *name, unsigned flags)
{
    struct cprov_store *s = NULL;
    char path[256];

    int code = cprov_store_open(path_in(f, name, path), flags, NULL, &s, &f->err);
    assert_true((code == 0) == (s != NULL));
    cprov_store_close(s);
    return code;
}

static void make_dir(struct fixture *f, const char *name)
{
    char path[256];

    assert_int_equal(mkdir(path_in(f, name, path), 0755), 0);
}

static void is_made_where_it_may(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(try_open(f, "none", 0), CPROV_ENOTFOUND);
    assert_int_equal(try_open(f, "none", CPROV_STORE_READ | CPROV_STORE_CREATE), CPROV_ENOTFOUND);
    assert_false(exists(f, "none"));
    assert_int_equal(try_open(f, "a/b", CPROV_STORE_CREATE), 0);
    assert_true(exists(f, "a/b/oci-layout"));
    assert_true(exists(f, "a/b/index.json"));
    assert_true(exists(f, "a/b/blobs/sha256"));
    assert_int_equal(try_open(f, "a/b", 0), 0);

    make_dir(f, "empty");
    assert_int_equal(try_open(f, "empty", 0), CPROV_ENOTFOUND);
    make_dir(f, "empty/lost+found");                     /* the root of a fresh file system */
    write_file(f, "empty/.tmp-0123", cprov_span_of("")); /* of a crash */
    assert_int_equal(try_open(f, "empty", CPROV_STORE_CREATE), 0);

    make_dir(f, "home");
    write_file(f, "home/index.json", cprov_span_of("{}"));
    assert_int_equal(try_open(f, "home", CPROV_STORE_CREATE), CPROV_EVERIFY);
    assert_int_equal(try_open(f, "home", 0), CPROV_EVERIFY);
    assert_false(exists(f, "home/blobs"));
    write_file(f, "file", cprov_span_of(""));
    assert_int_not_equal(try_open(f, "file", CPROV_STORE_CREATE), 0);
    assert_int_not_equal(try_open(f, "", CPROV_STORE_CREATE), CPROV_ENOTFOUND);
}

static void knows_one_layout_version(void **state)
{
    static const struct {
        const char *text;
        int code;
    } cases[] = {
        { "{\"imageLayoutVersion\":\"1.0.0\"}", 0 },
        { " { \"imageLayoutVersion\" : \"1.0.0\", \"x\": 1 }\n", 0 },
        { "", CPROV_EVERIFY },
        { "{}", CPROV_EVERIFY },
        { "{\"imageLayoutVersion\":\"2.0.0\"}", CPROV_EVERIFY },
        { "{\"imageLayoutVersion\":1}", CPROV_EVERIFY },
        { "[]", CPROV_EVERIFY },
        { "{\"imageLayoutVersion\":\"1.0.0\"", CPROV_EVERIFY },
    };
    struct fixture *f = *state;

    make_dir(f, "s");
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].text);
        write_file(f, "s/oci-layout", cprov_span_of(cases[i].text));
        assert_int_equal(try_open(f, "s", CPROV_STORE_READ), cases[i].code);
        assert_int_equal(try_open(f, "s", CPROV_STORE_CREATE), cases[i].code);
    }
}

static void only_reads(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = put(f, cprov_span_of("x"), ""),
                            other = describe(cprov_span_of("y"), "");
    struct cprov_image image = image_named("a", "1", &d);
    struct cprov_blob_writer *w = NULL;
    struct cprov_store *s = NULL;
    size_t removed = 77;

    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    assert_ok(f, cprov_store_open(f->root, CPROV_STORE_READ, NULL, &s, &f->err));
    assert_true(cprov_store_read_only(s));
    assert_string_equal(cprov_store_root(s), f->root);
    assert_true(cprov_store_has(s, &d));
    assert_int_equal(cprov_blob_writer_open(s, &other, 0, &w, &f->err), CPROV_EREFUSED);
    assert_int_equal(cprov_images_add(s, &image, &f->err), CPROV_EREFUSED);
    assert_int_equal(cprov_store_discard(s, &d.digest, &f->err), CPROV_EREFUSED);
    assert_int_equal(cprov_store_log(s, cprov_span_of("{}"), &f->err), CPROV_EREFUSED);
    assert_int_equal(cprov_store_collect_partials(s, 0, false, &removed, &(uint64_t){ 0 }, &f->err),
                     CPROV_EREFUSED);
    assert_int_equal(removed, 77);
    auto_images struct cprov_images *images = NULL;
    assert_ok(f, cprov_images_read(s, &images, &f->err));
    assert_int_equal(images->count, 1);
    cprov_store_close(s);
}

/* Without the right to write, as a user who is not the owner sees a store of the system. */
static void reads_what_belongs_to_others(void **state)
{
    struct fixture *f = *state;

    if (geteuid() != 0) {
        print_message("skipped: only root can become someone else\n");
        skip();
    }
    assert_int_equal(chmod(f->root, 0755), 0);
    struct cprov_descriptor d = put(f, cprov_span_of("x"), "");
    pid_t pid = fork();
    if (pid == 0) {
        struct cprov_store *s = NULL;
        if (setgid(65534) < 0 || setuid(65534) < 0)
            _exit(1);
        if (cprov_store_open(f->root, CPROV_STORE_CREATE, NULL, &s, CPROV_IGNORED) < 0)
            _exit(2);
        if (!cprov_store_read_only(s) || !cprov_store_has(s, &d))
            _exit(3);
        _exit(0);
    }
    assert_int_equal(wait_for(pid), 0);
}

static void needs_space(void **state)
{
    struct fixture *f = *state;

    assert_ok(f, cprov_store_need_space(f->store, 0, &f->err));
    assert_ok(f, cprov_store_need_space(f->store, 1, &f->err));
    assert_int_equal(cprov_store_need_space(f->store, UINT64_MAX, &f->err), CPROV_ENOSPACE);
    assert_int_equal(cprov_store_need_space(f->store, 1ull << 60, &f->err), CPROV_ENOSPACE);
    assert_non_null(strstr(f->err.msg, "needs 1.153 EB"));
}

static void logs_whole_lines(void **state)
{
    struct fixture *f = *state;
    struct cprov_buf text;

    assert_ok(f, cprov_store_log(f->store, cprov_span_of("{\"a\":1}"), &f->err));
    assert_ok(f, cprov_store_log(f->store, cprov_span_of("{\"a\":2}"), &f->err));
    assert_int_equal(cprov_store_log(f->store, cprov_span_of(""), &f->err), CPROV_EINVAL);
    assert_int_equal(cprov_store_log(f->store, cprov_span_of("a\nb"), &f->err), CPROV_EINVAL);
    read_file(f, "cprov/log.jsonl", &text);
    assert_string_equal(text.ptr, "{\"a\":1}\n{\"a\":2}\n");
    cprov_buf_clear(&text);
    write_file(f, "cprov/log.jsonl", cprov_span_of("{\"a\":1}\n{\"cut")); /* a crash */
    assert_ok(f, cprov_store_log(f->store, cprov_span_of("{}"), &f->err));
    read_file(f, "cprov/log.jsonl", &text);
    assert_string_equal(text.ptr, "{\"a\":1}\n{\"cut\n{}\n");
    cprov_buf_clear(&text);
}

static void log_from_many_processes(void **state)
{
    struct fixture *f = *state;
    struct cprov_buf text;
    pid_t pids[4];
    size_t lines = 0;

    for (int p = 0; p < 4; p++) {
        pids[p] = fork();
        if (pids[p] == 0) {
            struct cprov_store *s = NULL;
            int code = cprov_store_open(f->root, 0, NULL, &s, CPROV_IGNORED);
            for (int i = 0; i < 25 && code == 0; i++)
                code =
                    cprov_store_log(s, cprov_span_of("{\"line\":\"0123456789\"}"), CPROV_IGNORED);
            _exit(code != 0);
        }
    }
    for (int p = 0; p < 4; p++)
        assert_int_equal(wait_for(pids[p]), 0);
    read_file(f, "cprov/log.jsonl", &text);
    struct cprov_span rest = cprov_buf_span(&text), line;
    while (cprov_span_next(&rest, '\n', &line) && line.len > 0) {
        assert_true(cprov_span_is(line, "{\"line\":\"0123456789\"}"));
        lines++;
    }
    assert_int_equal(lines, 100);
    cprov_buf_clear(&text);
}

static void age(struct fixture *f, const char *name, int64_t seconds)
{
    char path[256];
    struct stat st;

    assert_int_equal(stat(path_in(f, name, path), &st), 0);
    struct utimbuf t = { .actime = st.st_atime, .modtime = st.st_mtime - seconds };
    assert_int_equal(utime(path, &t), 0);
}

static void collects_what_nobody_writes(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor old = describe(cprov_span_of("old one"), ""),
                            fresh = describe(cprov_span_of("fresh one"), ""),
                            busy = describe(cprov_span_of("busy one"), "");
    struct cprov_blob_writer *w = NULL, *busy_writer = NULL;
    char name[256], etag[300];
    size_t removed = 77;

    assert_ok(f, cprov_blob_writer_open(f->store, &old, 0, &w, &f->err));
    assert_ok(f, cprov_blob_writer_write(w, 0, "old", 3, &f->err));
    assert_ok(f, cprov_blob_writer_set_etag(w, cprov_span_of("e"), &f->err));
    cprov_blob_writer_close(w);
    age(f, partial_name(&old, name), 1000);
    snprintf(etag, sizeof(etag), "%s.etag", name);
    assert_true(exists(f, etag));
    assert_ok(f, cprov_blob_writer_open(f->store, &fresh, 0, &w, &f->err));
    assert_ok(f, cprov_blob_writer_write(w, 0, "fresh", 5, &f->err));
    cprov_blob_writer_close(w);
    assert_ok(f, cprov_blob_writer_open(f->store, &busy, 0, &busy_writer, &f->err));
    assert_ok(f, cprov_blob_writer_write(busy_writer, 0, "busy", 4, &f->err));
    age(f, partial_name(&busy, name), 1000);
    write_file(f, "cprov/partial/lonely.etag", cprov_span_of("e"));
    age(f, "cprov/partial/lonely.etag", 1000);
    write_file(f, ".tmp-0123456789abcdef", cprov_span_of("dead"));
    age(f, ".tmp-0123456789abcdef", 1000);
    write_file(f, ".tmp-fedcba9876543210", cprov_span_of("alive"));

    assert_ok(
        f, cprov_store_collect_partials(f->store, 500, false, &removed, &(uint64_t){ 0 }, &f->err));
    assert_int_equal(removed, 4);
    assert_false(exists(f, partial_name(&old, name)));
    assert_false(exists(f, etag));
    assert_true(exists(f, partial_name(&fresh, name)));
    assert_true(exists(f, partial_name(&busy, name)));
    assert_true(exists(f, ".tmp-fedcba9876543210"));
    assert_ok(
        f, cprov_store_collect_partials(f->store, 0, false, &removed, &(uint64_t){ 0 }, &f->err));
    assert_int_equal(removed, 1);
    assert_true(exists(f, partial_name(&busy, name)));
    assert_ok(f, cprov_blob_writer_write(busy_writer, 4, " one", 4, &f->err));
    assert_ok(f, cprov_blob_writer_finish(busy_writer, &f->err));
    cprov_blob_writer_close(busy_writer);
}

static void holds_the_lock(void **state)
{
    struct fixture *f = *state;
    char path[256];

    put(f, cprov_span_of("x"), "");
    int fd = open(path_in(f, "cprov/lock", path), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
    assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
    close(fd);
    fd = open(path, O_RDWR | O_CLOEXEC);
    cprov_store_close(f->store);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    close(fd);
    assert_ok(f, cprov_store_open(f->root, 0, NULL, &f->store, &f->err));
}

static void export_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    struct cprov_store *s = NULL, *second = NULL;
    struct cprov_blob_writer *w = NULL;
    struct cprov_descriptor d = describe(cprov_span_of("x"), ""),
                            half = describe(cprov_span_of("half"), "");
    char path[256];

    path_in(f, "out", path);
    assert_ok(f,
              cprov_store_open(path, CPROV_STORE_CREATE | CPROV_STORE_EXPORT, NULL, &s, &f->err));
    assert_ok(
        f, cprov_store_open(path, CPROV_STORE_CREATE | CPROV_STORE_EXPORT, NULL, &second, &f->err));
    assert_ok(f, cprov_store_stage(s, &d, cprov_span_of("x"), &w, &f->err));
    assert_ok(f, cprov_store_commit(s, &w, 1, &f->err));
    cprov_blob_writer_close(w);
    assert_ok(f, cprov_blob_writer_open(second, &half, 0, &w, &f->err));
    assert_ok(f, cprov_blob_writer_write(w, 0, "ha", 2, &f->err));
    cprov_store_close(s);
    assert_true(exists(f, "out/cprov")); /* the second is at work */
    cprov_blob_writer_close(w);
    cprov_store_close(second);
    assert_true(exists(f, "out/cprov")); /* something can be resumed */

    assert_ok(f, cprov_store_open(path, CPROV_STORE_EXPORT, NULL, &s, &f->err));
    assert_ok(f, cprov_blob_writer_open(s, &half, 0, &w, &f->err));
    assert_int_equal(cprov_blob_writer_have(w), 2);
    assert_ok(f, cprov_blob_writer_write(w, 2, "lf", 2, &f->err));
    assert_ok(f, cprov_blob_writer_finish(w, &f->err));
    assert_ok(f, cprov_store_commit(s, &w, 1, &f->err));
    cprov_blob_writer_close(w);
    cprov_store_close(s);
    assert_false(exists(f, "out/cprov"));
    assert_true(exists(f, "out/oci-layout"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_made_where_it_may),
        TEST(knows_one_layout_version),
        TEST(only_reads),
        TEST(reads_what_belongs_to_others),
        TEST(needs_space),
        TEST(logs_whole_lines),
        TEST(log_from_many_processes),
        TEST(collects_what_nobody_writes),
        TEST(holds_the_lock),
        TEST(export_leaves_no_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
