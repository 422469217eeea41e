/* tests/unit/base/fs_test.c - files in a directory of its own that each test removes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"

static int top = -1; /* of the test that runs */
static char top_path[] = "cprov-fs-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    memcpy(top_path + sizeof(top_path) - 7, "XXXXXX", 6);
    if (!mkdtemp(top_path))
        return -1;
    return cprov_fs_open_dir(AT_FDCWD, top_path, &top, CPROV_IGNORED);
}

static int tear_down(void **state)
{
    (void)state;
    cprov_fd_close(&top);
    return cprov_fs_remove_tree(AT_FDCWD, top_path, CPROV_IGNORED);
}

static void put(const char *name, const char *content)
{
    assert_int_equal(cprov_fs_replace(top, name, cprov_span_of(content), 0644, CPROV_IGNORED), 0);
}

static void check_content(const char *name, const char *content)
{
    auto_buf struct cprov_buf buf;

    cprov_buf_init(&buf, 1000);
    assert_int_equal(cprov_fs_read(top, name, 1000, &buf, CPROV_IGNORED), 0);
    assert_string_equal(cprov_buf_text(&buf), content);
}

static bool exists(const char *name)
{
    struct stat st;

    return fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static mode_t mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st.st_mode & 07777;
}

static void close_fd(void **state)
{
    int none = -1, fd = dup(0);

    (void)state;
    cprov_fd_close(&none);
    assert_true(fd >= 0);
    int kept = fd;
    errno = ERANGE;
    cprov_fd_close(&fd);
    assert_int_equal(errno, ERANGE);
    assert_int_equal(fd, -1);
    assert_int_equal(fcntl(kept, F_GETFD), -1);
}

static void open_dir(void **state)
{
    auto_fd int fd = -7;

    (void)state;
    put("file", "x");
    assert_int_equal(cprov_fs_open_dir(top, "", &fd, CPROV_IGNORED), CPROV_ENOTFOUND);
    assert_int_equal(cprov_fs_open_dir(top, "none", &fd, CPROV_IGNORED), CPROV_ENOTFOUND);
    assert_int_equal(cprov_fs_open_dir(top, "file", &fd, CPROV_IGNORED), CPROV_EFAIL);
    assert_int_equal(fd, -7);
    assert_int_equal(cprov_fs_open_dir(top, ".", &fd, CPROV_IGNORED), 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void make_dirs(void **state)
{
    static const struct {
        const char *path;
        int code;
    } table[] = {
        { "a", 0 },
        { "a", 0 },
        { "a/b/c", 0 },
        { "a//b///d/", 0 },
        { "./e/../f", 0 },
        { "link", 0 },
        { "link/g", 0 },
        { "", CPROV_ENOTFOUND },
        { "file", CPROV_EFAIL },
        { "file/x", CPROV_EFAIL },
    };
    char longest[5000];

    (void)state;
    put("file", "x");
    assert_int_equal(symlinkat("a", top, "link"), 0);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s\n", table[i].path);
        assert_int_equal(cprov_fs_make_dirs(top, table[i].path, 0755, CPROV_IGNORED),
                         table[i].code);
    }
    assert_true(exists("a/b/c") && exists("a/b/d") && exists("e") && exists("f") && exists("a/g"));
    assert_int_equal(cprov_fs_make_dirs(top, "private/x", 0700, CPROV_IGNORED), 0);
    assert_int_equal(mode_of("private"), 0700);
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(cprov_fs_make_dirs(top, longest, 0755, CPROV_IGNORED), CPROV_EFAIL);
}

static void read_whole(void **state)
{
    static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 100000 };
    char data[100000];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 7 + i / 251);
    for (size_t s = 0; s < CPROV_COUNT(sizes); s++) {
        auto_buf struct cprov_buf buf;
        struct cprov_span content = cprov_span_make(data, sizes[s]);

        print_message("%zu\n", sizes[s]);
        cprov_buf_init(&buf, sizeof(data) + 1);
        cprov_buf_add_char(&buf, '>');
        assert_int_equal(cprov_fs_replace(top, "file", content, 0600, CPROV_IGNORED), 0);
        if (sizes[s] > 0)
            assert_int_equal(cprov_fs_read(top, "file", sizes[s] - 1, &buf, CPROV_IGNORED),
                             CPROV_ELIMIT);
        assert_int_equal(buf.len, 1);
        assert_int_equal(cprov_fs_read(top, "file", sizes[s], &buf, CPROV_IGNORED), 0);
        assert_int_equal(buf.len, sizes[s] + 1);
        assert_int_equal(buf.ptr[0], '>');
        assert_memory_equal(buf.ptr + 1, data, sizes[s]);
    }
}

static void read_refused(void **state)
{
    auto_buf struct cprov_buf buf, small;

    (void)state;
    cprov_buf_init(&buf, 100);
    cprov_buf_init(&small, 3);
    put("file", "four");
    assert_int_equal(mkfifoat(top, "pipe", 0600), 0);
    assert_int_equal(cprov_fs_read(top, "", 100, &buf, CPROV_IGNORED), CPROV_ENOTFOUND);
    assert_int_equal(cprov_fs_read(top, "none", 100, &buf, CPROV_IGNORED), CPROV_ENOTFOUND);
    assert_int_equal(cprov_fs_read(top, "pipe", 100, &buf, CPROV_IGNORED), CPROV_EINVAL);
    assert_int_equal(cprov_fs_read(top, ".", 100, &buf, CPROV_IGNORED), CPROV_EINVAL);
    assert_int_equal(buf.len, 0);
    assert_int_equal(cprov_fs_read(top, "file", 100, &small, CPROV_IGNORED), CPROV_ELIMIT);
    /* A file that does not know its size, as those of the kernel. */
    assert_int_equal(cprov_fs_read(AT_FDCWD, "/proc/self/status", 4, &buf, CPROV_IGNORED),
                     CPROV_ELIMIT);
    assert_int_equal(buf.len, 0);
}

static void read_proc(void **state)
{
    auto_buf struct cprov_buf buf;

    (void)state;
    cprov_buf_init(&buf, 1000000);
    assert_int_equal(cprov_fs_read(AT_FDCWD, "/proc/self/status", SIZE_MAX, &buf, CPROV_IGNORED),
                     0);
    assert_non_null(strstr(cprov_buf_text(&buf), "Name:"));
}

static void write_and_read_at(void **state)
{
    auto_fd int fd = openat(top, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    auto_fd int closed = -1;
    char data[8] = "-------";
    size_t got = 99;

    (void)state;
    assert_int_equal(cprov_fs_write_all(fd, "", 0, -1, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_write_all(fd, "abc", 3, -1, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_write_all(fd, "def", 3, -1, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_write_all(fd, "X", 1, 1, CPROV_IGNORED), 0);
    check_content("file", "aXcdef");
    assert_int_equal(cprov_fs_read_at(closed, data, 3, 0, &got, CPROV_IGNORED), CPROV_EFAIL);
    assert_int_equal(cprov_fs_write_all(closed, data, 3, 0, CPROV_IGNORED), CPROV_EFAIL);
    assert_int_equal(got, 99);
    assert_int_equal(cprov_fs_read_at(fd, data, 3, 2, &got, CPROV_IGNORED), 0);
    assert_int_equal(got, 3);
    assert_string_equal(data, "cde----");
    assert_int_equal(cprov_fs_read_at(fd, data, 7, 4, &got, CPROV_IGNORED), 0);
    assert_int_equal(got, 2);
    assert_int_equal(cprov_fs_read_at(fd, data, 7, 100, &got, CPROV_IGNORED), 0);
    assert_int_equal(got, 0);
}

static void replace(void **state)
{
    struct cprov_span text = CPROV_SPAN_LITERAL("new");
    mode_t mask = umask(077);

    (void)state;
    put("file", "old");
    assert_int_equal(cprov_fs_replace(top, "file", text, 0640, CPROV_IGNORED), 0);
    umask(mask);
    check_content("file", "new");
    assert_int_equal(mode_of("file"), 0640); /* in spite of the umask */

    put("target", "kept");
    assert_int_equal(symlinkat("target", top, "link"), 0);
    assert_int_equal(cprov_fs_replace(top, "link", text, 0600, CPROV_IGNORED), 0);
    check_content("link", "new");
    check_content("target", "kept");

    assert_int_equal(cprov_fs_make_dirs(top, "a/b", 0755, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_replace(top, "a/b/c", (struct cprov_span){ 0 }, 0600, CPROV_IGNORED),
                     0);
    check_content("a/b/c", "");
}

static size_t count_entries(void)
{
    DIR *d = fdopendir(openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    size_t n = 0;

    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    closedir(d);
    return n;
}

static void write_draft(const char *name, const char *content, bool keep, bool exclusive, int code)
{
    auto_fs_draft struct cprov_fs_draft d = CPROV_FS_DRAFT_INIT;

    assert_int_equal(cprov_fs_draft_begin(top, name, &d, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_write_all(d.fd, content, strlen(content), -1, CPROV_IGNORED), 0);
    if (keep)
        assert_int_equal(cprov_fs_draft_keep(&d, 0640, exclusive, CPROV_IGNORED), code);
}

static void draft(void **state)
{
    (void)state;
    write_draft("file", "not yet", false, false, 0);
    assert_int_equal(count_entries(), 0); /* no remains */
    write_draft("file", "one", true, true, 0);
    check_content("file", "one");
    assert_int_equal(mode_of("file"), 0640);
    write_draft("file", "two", true, true, CPROV_EEXISTS);
    check_content("file", "one");
    write_draft("file", "three", true, false, 0);
    check_content("file", "three");
    assert_int_equal(count_entries(), 1);

    auto_fs_draft struct cprov_fs_draft d = CPROV_FS_DRAFT_INIT;
    assert_int_equal(cprov_fs_draft_begin(top, "none/file", &d, CPROV_IGNORED), CPROV_ENOTFOUND);
}

static void replace_fails(void **state)
{
    struct cprov_span text = CPROV_SPAN_LITERAL("new");
    static const struct {
        const char *path;
        int code;
    } table[] = {
        { "", CPROV_EINVAL },      { "a/", CPROV_EINVAL },        { ".", CPROV_EINVAL },
        { "..", CPROV_EINVAL },    { "none/x", CPROV_ENOTFOUND }, { "full", CPROV_EFAIL },
        { "file/x", CPROV_EFAIL },
    };
    char longest[5000];

    (void)state;
    put("file", "old");
    assert_int_equal(cprov_fs_make_dirs(top, "full/x", 0755, CPROV_IGNORED), 0);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s\n", table[i].path);
        assert_int_equal(cprov_fs_replace(top, table[i].path, text, 0600, CPROV_IGNORED),
                         table[i].code);
    }
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(cprov_fs_replace(top, longest, text, 0600, CPROV_IGNORED), CPROV_EFAIL);
    check_content("file", "old");
    /* No temporary file is left: the directory goes once these two are gone. */
    assert_int_equal(cprov_fs_remove_tree(top, "full", CPROV_IGNORED), 0);
    assert_int_equal(unlinkat(top, "file", 0), 0);
    assert_int_equal(rmdir(top_path), 0);
    assert_int_equal(mkdir(top_path, 0700), 0);
}

static void sync_and_space(void **state)
{
    uint64_t bytes = 0;

    (void)state;
    assert_int_equal(cprov_fs_sync_dir(top, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_sync_dir(-1, CPROV_IGNORED), CPROV_EFAIL);
    assert_int_equal(cprov_fs_sync_all(top, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_sync_all(-1, CPROV_IGNORED), CPROV_EFAIL);
    assert_int_equal(cprov_fs_free_bytes(-1, &bytes, CPROV_IGNORED), CPROV_EFAIL);
    assert_true(bytes == 0);
    assert_int_equal(cprov_fs_free_bytes(top, &bytes, CPROV_IGNORED), 0);
    assert_true(bytes > 0);
}

static void remove_tree(void **state)
{
    (void)state;
    assert_int_equal(cprov_fs_remove_tree(top, "none", CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_make_dirs(top, "keep", 0755, CPROV_IGNORED), 0);
    put("keep/file", "kept");
    assert_int_equal(cprov_fs_make_dirs(top, "tree/a/b", 0755, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_make_dirs(top, "tree/c", 0755, CPROV_IGNORED), 0);
    put("tree/a/b/file", "x");
    assert_int_equal(symlinkat("../keep", top, "tree/link"), 0);
    assert_int_equal(symlinkat("../../keep/file", top, "tree/a/link"), 0);
    assert_int_equal(symlinkat("keep", top, "toplink"), 0);
    assert_int_equal(mkfifoat(top, "tree/pipe", 0600), 0);
    assert_int_equal(fchmodat(top, "tree/a/b", 0500, 0), 0);
    assert_int_equal(fchmodat(top, "tree/a", 0, 0), 0);

    assert_int_equal(cprov_fs_remove_tree(top, "tree", CPROV_IGNORED), 0);
    assert_false(exists("tree"));
    assert_int_equal(cprov_fs_remove_tree(top, "toplink", CPROV_IGNORED), 0);
    assert_false(exists("toplink"));
    check_content("keep/file", "kept");
    assert_int_equal(cprov_fs_remove_tree(top, "keep/file", CPROV_IGNORED), 0);
    assert_false(exists("keep/file"));
}

/* Deeper than the descriptors that a process may have, and than a path may be long. */
static void remove_deep(void **state)
{
    enum { DEPTH = 3000 };
    auto_fd int at = dup(top);

    (void)state;
    for (int i = 0; i < DEPTH; i++) {
        int next = -1;

        assert_int_equal(mkdirat(at, "deeper", 0700), 0);
        assert_int_equal(cprov_fs_open_dir(at, "deeper", &next, CPROV_IGNORED), 0);
        cprov_fd_close(&at);
        at = next;
    }
    assert_int_equal(cprov_fs_remove_tree(top, "deeper", CPROV_IGNORED), 0);
    assert_false(exists("deeper"));
}

static void remove_many(void **state)
{
    char name[32];

    (void)state;
    assert_int_equal(cprov_fs_make_dirs(top, "many", 0700, CPROV_IGNORED), 0);
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof(name), "many/%d", i);
        auto_fd int fd = openat(top, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
    }
    assert_int_equal(cprov_fs_remove_tree(top, "many", CPROV_IGNORED), 0);
    assert_false(exists("many"));
}

/* S7: what is mounted in a tree, or at its top, keeps its content; the same file system too. */
static void S7_removal_leaves_mounts_alone(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    uint64_t here = 0, there = 0;
    char at[PATH_MAX], what[PATH_MAX];

    (void)state;
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        skip();
    cprov_fd_close(&top); /* it is of the old view */
    assert_int_equal(cprov_fs_open_dir(AT_FDCWD, top_path, &top, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_make_dirs(top, "victim/deep", 0755, CPROV_IGNORED), 0);
    put("victim/deep/precious", "kept");
    assert_int_equal(cprov_fs_make_dirs(top, "bound/a/mnt", 0755, CPROV_IGNORED), 0);
    snprintf(at, sizeof(at), "%s/bound/a/mnt", top_path);
    snprintf(what, sizeof(what), "%s/victim", top_path);
    assert_int_equal(mount(what, at, NULL, MS_BIND, NULL), 0);
    auto_fd int plain = openat(top, "bound/a", O_PATH | O_CLOEXEC);
    auto_fd int bound = openat(top, "bound/a/mnt", O_PATH | O_CLOEXEC);
    assert_int_equal(cprov_fs_mount_id(plain, &here), 0);
    assert_int_equal(cprov_fs_mount_id(bound, &there), 0);
    assert_true(here != there);
    assert_int_equal(cprov_fs_check_mounts(plain, false, &err), CPROV_EINUSE);
    assert_non_null(strstr(err.msg, "/bound/a/mnt"));
    assert_int_equal(cprov_fs_check_mounts(bound, false, &err), 0);
    assert_int_equal(cprov_fs_check_mounts(bound, true, &err), CPROV_EINUSE);
    assert_int_equal(cprov_fs_remove_tree(top, "bound", CPROV_IGNORED), CPROV_EINUSE);
    assert_int_equal(cprov_fs_remove_tree(top, "bound/a/mnt", CPROV_IGNORED), CPROV_EINUSE);
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, at, CPROV_IGNORED), CPROV_EINUSE);
    check_content("victim/deep/precious", "kept");
    cprov_fd_close(&bound);
    assert_int_equal(umount2(at, 0), 0);
    assert_int_equal(cprov_fs_remove_tree(top, "bound", CPROV_IGNORED), 0);
    assert_false(exists("bound"));
    assert_int_equal(cprov_fs_remove_tree(top, "victim/", CPROV_IGNORED), 0);
}

/* A removal needs few descriptors, however deep the tree is. */
static void H5_removal_with_few_descriptors(void **state)
{
    struct rlimit was;
    auto_fd int at = dup(top);

    (void)state;
    for (int i = 0; i < 40; i++) {
        int next = -1;

        assert_int_equal(mkdirat(at, ".deep-0", 0700), 0);
        assert_int_equal(cprov_fs_open_dir(at, ".deep-0", &next, CPROV_IGNORED), 0);
        cprov_fd_close(&at);
        at = next;
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    const struct rlimit few = { .rlim_cur = (rlim_t)at + 8, .rlim_max = was.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    int code = cprov_fs_remove_tree(top, ".deep-0", CPROV_IGNORED);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    assert_int_equal(code, 0);
    assert_false(exists(".deep-0"));
}

static bool cancel_at_third(void *arg)
{
    int *asked = arg;

    return ++*asked >= 3;
}

static void lock(void **state)
{
    auto_fd int a = openat(top, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    auto_fd int b = openat(top, "lock", O_RDWR | O_CLOEXEC);
    int asked = 0;
    struct cprov_cancel cancel = { cancel_at_third, &asked }, never = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    assert_int_equal(cprov_fs_lock(-1, true, 0, NULL, CPROV_IGNORED), CPROV_EFAIL);
    assert_int_equal(cprov_fs_lock(a, false, 0, NULL, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_lock(b, false, 0, NULL, CPROV_IGNORED), 0);
    assert_int_equal(cprov_fs_lock(a, true, 0, NULL, &err), CPROV_EINUSE);
    assert_int_equal(flock(b, LOCK_UN), 0);
    assert_int_equal(cprov_fs_lock(a, true, 0, NULL, CPROV_IGNORED), 0);

    int64_t start = cprov_clock_ms();
    assert_int_equal(cprov_fs_lock(b, true, 60, &never, CPROV_IGNORED), CPROV_EINUSE);
    assert_in_range(cprov_clock_ms() - start, 60, 5000);
    assert_int_equal(cprov_fs_lock(b, true, 600000, &cancel, CPROV_IGNORED), CPROV_ECANCELLED);
    assert_int_equal(asked, 3);
    cprov_fd_close(&a);
    assert_int_equal(cprov_fs_lock(b, true, 0, &cancel, CPROV_IGNORED), 0);
}

static void home(void **state)
{
    auto_buf struct cprov_buf buf;
    const char *before = getenv("HOME");
    char *kept = before ? strdup(before) : NULL;

    (void)state;
    cprov_buf_init(&buf, 4096);
    assert_int_equal(setenv("HOME", "/somewhere", 1), 0);
    assert_string_equal(cprov_fs_home(&buf), "/somewhere");
    assert_int_equal(setenv("HOME", "", 1), 0);
    assert_string_not_equal(cprov_fs_home(&buf), "/somewhere");
    assert_int_equal(unsetenv("HOME"), 0);
    assert_non_null(cprov_fs_home(&buf));
    if (kept)
        setenv("HOME", kept, 1);
    free(kept);
}

#define fs_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        fs_test(close_fd),
        fs_test(open_dir),
        fs_test(make_dirs),
        fs_test(read_whole),
        fs_test(read_refused),
        fs_test(read_proc),
        fs_test(write_and_read_at),
        fs_test(replace),
        fs_test(replace_fails),
        fs_test(sync_and_space),
        fs_test(remove_tree),
        fs_test(S7_removal_leaves_mounts_alone),
        fs_test(H5_removal_with_few_descriptors),
        fs_test(remove_deep),
        fs_test(remove_many),
        fs_test(lock),
        fs_test(home),
        fs_test(draft),
    };

    return cmocka_run_group_tests_name("fs", tests, NULL, NULL);
}
