/* tests/unit/archive/wim_test.c - WIM files that wimlib made, and headers that lie. */
#include "archive/wim.h"

#include <endian.h>
#include <sys/wait.h>

#include "base/limits.h"
#include "tests/unit/store/fixture.h"

static void run(const char *const *argv)
{
    int status = -1;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* NAME.wim with one image, or with as many as asked; `more` is given to wimcapture. */
static const char *make_wim(struct fixture *f, const char *name, unsigned images, const char *more,
                            char path[256])
{
    char folder[256], file[256], second[32];

    path_in(f, "content", folder);
    mkdir(folder, 0755);
    assert_ok(f, cprov_fs_replace(AT_FDCWD, path_in(f, "content/file.txt", file),
                                  CPROV_SPAN_LITERAL("content"), 0644, &f->err));
    path_in(f, name, path);
    const char *const capture[] = { "wimcapture",
                                    folder,
                                    path,
                                    "Nano Server",
                                    "A small one",
                                    "--image-property=WINDOWS/VERSION/MAJOR=10",
                                    "--image-property=WINDOWS/VERSION/MINOR=0",
                                    "--image-property=WINDOWS/VERSION/BUILD=10586",
                                    "--image-property=WINDOWS/VERSION/SPBUILD=8",
                                    "--image-property=WINDOWS/ARCH=9",
                                    more,
                                    NULL };
    run(capture);
    for (unsigned i = 1; i < images; i++) {
        snprintf(second, sizeof(second), "image %u", i);
        const char *const append[] = { "wimappend", folder, path, second, NULL };
        run(append);
    }
    return path;
}

static int read_path(const char *path, struct cprov_arena *arena, struct cprov_wim *out,
                     struct cprov_error *err)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

    *err = (struct cprov_error)CPROV_ERROR_INIT;
    return cprov_wim_read(fd, arena, out, err);
}

static void tells_what_it_is(void **state)
{
    static const char *const packings[] = { "--compress=none", "--compress=XPRESS",
                                            "--compress=LZX", "--solid" };
    struct fixture *f = *state;
    struct cprov_arena arena = { 0 };
    struct cprov_wim wim;
    struct stat st;
    char path[256];

    for (size_t i = 0; i < CPROV_COUNT(packings); i++) {
        make_wim(f, "a.wim", 1, packings[i], path);
        assert_ok(f, read_path(path, &arena, &wim, &f->err));
        assert_string_equal(wim.version, "10.0.10586.8");
        assert_string_equal(wim.image_name, "Nano Server");
        assert_string_equal(wim.description, "A small one");
        assert_string_equal(wim.architecture, "amd64");
        assert_string_equal(wim.platform, "windows(10.0.10586.8)/amd64");
        assert_int_equal(strlen(wim.created), strlen("2026-11-23T17:52:00Z"));
        assert_int_equal(wim.images, 1);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(wim.bytes, st.st_size);
        unlink(path);
    }
    cprov_arena_clear(&arena);
}

static void counts_images(void **state)
{
    struct fixture *f = *state;
    struct cprov_arena arena = { 0 };
    struct cprov_wim wim = { 0 };
    char path[256];

    make_wim(f, "two.wim", 2, "--check", path);
    assert_ok(f, read_path(path, &arena, &wim, &f->err));
    assert_int_equal(wim.images, 2);
    make_wim(f, "three.wim", 3, "--check", path);
    assert_int_equal(read_path(path, &arena, &wim, &f->err), CPROV_EVERIFY);
    assert_non_null(strstr(f->err.msg, "contains an unexpected number of images (3)"));
    assert_int_equal(wim.images, 2); /* untouched */
    cprov_arena_clear(&arena);
}

static void without_a_version(void **state)
{
    struct fixture *f = *state;
    struct cprov_arena arena = { 0 };
    struct cprov_wim wim;
    char path[256], folder[256];

    make_wim(f, "a.wim", 1, "--check", path);
    const char *const plain[] = { "wimcapture", path_in(f, "content", folder),
                                  path_in(f, "plain.wim", path), NULL };
    run(plain);
    assert_int_equal(read_path(path, &arena, &wim, &f->err), CPROV_EVERIFY);
    assert_non_null(strstr(f->err.msg, "has no version"));
    make_wim(f, "odd.wim", 1, "--image-property=WINDOWS/VERSION/BUILD=1%00", path);
    assert_int_equal(read_path(path, &arena, &wim, &f->err), CPROV_EVERIFY);
    make_wim(f, "huge.wim", 1, "--image-property=WINDOWS/VERSION/BUILD=99999999999", path);
    assert_int_equal(read_path(path, &arena, &wim, &f->err), CPROV_EVERIFY);
    cprov_arena_clear(&arena);
}

/* One change of a good file, and what is said of it. */
static const struct lie {
    const char *name;
    size_t at, len; /* bytes of the header that are changed */
    uint64_t value;
    size_t cut; /* or the file's new length */
    int code;
    const char *says;
} lies[] = {
    { "empty", 0, 0, 0, 1, CPROV_EVERIFY, "not a WIM file" },
    { "half a header", 0, 0, 0, 207, CPROV_EVERIFY, "not a WIM file" },
    { "no description", 0, 0, 0, 210, CPROV_EVERIFY, "cut off" },
    { "magic", 0, 8, 0x4d53, 0, CPROV_EVERIFY, "not a WIM file" },
    { "header size", 8, 4, 4096, 0, CPROV_EVERIFY, "not a WIM file" },
    { "a part", 40, 2, 2, 0, CPROV_EVERIFY, "split" },
    { "no image", 44, 4, 0, 0, CPROV_EVERIFY, "number of images (0)" },
    { "many images", 44, 4, UINT32_MAX, 0, CPROV_EVERIFY, "number of images (4294967295)" },
    { "one image too many", 44, 4, 2, 0, CPROV_EVERIFY, "damaged WIM file" },
    { "empty description", 72, 8, UINT64_C(2) << 56, 0, CPROV_EVERIFY, "damaged WIM header" },
    { "solid description", 72, 8, UINT64_C(0x12000000000000ff), 0, CPROV_EVERIFY, "damaged" },
    { "huge description", 72, 8, UINT64_C(0x0200ffffffffffff), 0, CPROV_EVERIFY, "damaged" },
    { "far away", 80, 8, UINT64_MAX - 5, 0, CPROV_EVERIFY, "cut off" },
    { "within the header", 80, 8, 100, 0, CPROV_EVERIFY, "cut off" },
    { "elsewhere", 80, 8, 208, 0, CPROV_EVERIFY, "damaged WIM file" },
    { "huge when unpacked", 88, 8, UINT64_C(1) << 40, 0, CPROV_EVERIFY, "damaged WIM header" },
    { "tables that lie", 48, 8, UINT64_MAX, 0, 0, "" },
};

static void headers_that_lie(void **state)
{
    struct fixture *f = *state;
    struct cprov_arena arena = { 0 };
    struct cprov_buf good;
    struct cprov_wim wim;
    char path[256], bad[256];

    make_wim(f, "a.wim", 1, "--compress=none", path);
    cprov_buf_init(&good, CPROV_MIB);
    assert_ok(f, cprov_fs_read(AT_FDCWD, path, CPROV_MIB, &good, &f->err));
    path_in(f, "bad.wim", bad);
    for (size_t i = 0; i < CPROV_COUNT(lies); i++) {
        const struct lie *lie = &lies[i];
        uint64_t value = htole64(lie->value);
        char header[256];

        print_message("%s\n", lie->name);
        memcpy(header, good.ptr, sizeof(header));
        memcpy(good.ptr + lie->at, &value, lie->len);
        assert_ok(f, cprov_fs_replace(AT_FDCWD, bad,
                                      cprov_span_make(good.ptr, lie->cut ? lie->cut : good.len),
                                      0644, &f->err));
        memcpy(good.ptr, header, sizeof(header));
        assert_int_equal(read_path(bad, &arena, &wim, &f->err), lie->code);
        if (lie->code)
            assert_non_null(strstr(f->err.msg, lie->says));
    }
    cprov_buf_clear(&good);
    cprov_arena_clear(&arena);
}

/* Every byte of the description is worth a try: nothing but an error or a version comes out. */
static void garbage_for_a_description(void **state)
{
    struct fixture *f = *state;
    struct cprov_arena arena = { 0 };
    struct cprov_wim_parts parts;
    struct cprov_buf good;
    struct cprov_wim wim;
    char path[256];
    size_t refused = 0;

    make_wim(f, "a.wim", 1, "--compress=none", path);
    cprov_buf_init(&good, CPROV_MIB);
    assert_ok(f, cprov_fs_read(AT_FDCWD, path, CPROV_MIB, &good, &f->err));
    const uint8_t *header = (const uint8_t *)good.ptr;
    assert_ok(f, cprov_wim_header(header, good.len, &parts, &f->err));
    for (size_t i = 0; i < parts.xml_size; i += 3) {
        char *at = good.ptr + parts.xml_offset + i, kept = *at;

        *at = (char)(kept ^ 0x5b);
        struct cprov_span xml = cprov_span_make(good.ptr + parts.xml_offset, parts.xml_size);
        int code = cprov_wim_describe(header, good.len, xml, &arena, &wim, &f->err);
        assert_true(code == 0 || code == CPROV_EVERIFY);
        refused += code != 0;
        *at = kept;
    }
    assert_true(refused > 0);
    cprov_buf_clear(&good);
    cprov_arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tells_what_it_is),          TEST(counts_images),
        TEST(without_a_version),         TEST(headers_that_lie),
        TEST(garbage_for_a_description),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
