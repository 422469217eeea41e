/* tests/unit/store/hostile_test.c - every archive of data/hostile has its verdict, and nothing
 * outside of the folder changes. See data/hostile/make.py. */
#include <dirent.h>
#include <sys/file.h>

#include "base/arena.h"
#include "base/inflate.h"
#include "base/json.h"
#include "store/dir.h"
#include "tests/unit/store/unpacking.h"

#define DATA    CPROV_TEST_DATA "/hostile/"
#define OUTSIDE "/tmp/cprov-hostile" /* where absolute names of the archives point to */

/* What must be the same afterwards. */
struct outside {
    struct stat canaries[2], folders[2];
};

static void look_around(const struct unpacking *u, struct outside *o)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/canary", u->base);
    assert_int_equal(lstat(path, &o->canaries[0]), 0);
    assert_int_equal(lstat(OUTSIDE "/canary", &o->canaries[1]), 0);
    assert_int_equal(lstat(u->base, &o->folders[0]), 0);
    assert_int_equal(lstat(OUTSIDE, &o->folders[1]), 0);
}

static void assert_names(const char *path)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_dir DIR *dir = NULL;

    assert_int_equal(cprov_dir_open(AT_FDCWD, path, &dir, &err), 0);
    for (const char *name; (name = cprov_dir_next(dir));)
        assert_true(strcmp(name, "canary") == 0 || strcmp(name, "out") == 0);
}

static void assert_same_around(const struct unpacking *u, const struct outside *before)
{
    struct outside after;

    look_around(u, &after);
    for (int i = 0; i < 2; i++) {
        const struct stat *a = &before->canaries[i], *b = &after.canaries[i];

        assert_int_equal(a->st_ino, b->st_ino);
        assert_int_equal(a->st_nlink, b->st_nlink);
        assert_int_equal(a->st_size, b->st_size);
        assert_int_equal(a->st_ctim.tv_sec, b->st_ctim.tv_sec); /* any change moves it */
        assert_int_equal(a->st_ctim.tv_nsec, b->st_ctim.tv_nsec);
        assert_int_equal(before->folders[i].st_mode, after.folders[i].st_mode);
        assert_int_equal(before->folders[i].st_uid, after.folders[i].st_uid);
    }
    assert_names(u->base);
    assert_names(OUTSIDE);
}

static uint64_t number_of(const struct cprov_json *c, const char *name)
{
    const struct cprov_json *v = cprov_json_get(c, name);
    uint64_t n = 0;

    assert_true(!v || cprov_json_u64(v, &n));
    return n;
}

static int to_buf(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    (void)err;
    cprov_buf_add(arg, data, len);
    return 0;
}

/* The diff id of what can be unpacked at all; of the packed bytes for the rest. */
static void diff_id_of(struct unpacking *u, const struct cprov_buf *packed, struct cprov_digest *id)
{
    auto_inflater struct cprov_inflater *i = NULL;
    auto_buf struct cprov_buf plain = { 0 };

    cprov_buf_init(&plain, TARBALL_MAX);
    int code = cprov_inflater_new(cprov_compression_of(cprov_buf_span(packed)), to_buf, &plain, &i,
                                  &u->err);
    assert_int_equal(code, 0);
    if (cprov_inflater_update(i, packed->ptr, packed->len, &u->err) != 0)
        u->err = (struct cprov_error)CPROV_ERROR_INIT;
    assert_int_equal(cprov_digest_of(CPROV_SHA256, cprov_buf_span(&plain), id, &u->err), 0);
}

static int apply_file(struct unpacking *u, struct cprov_unpack *unpack, const char *name)
{
    auto_buf struct cprov_buf packed = { 0 };
    struct cprov_digest id;
    char path[512];

    cprov_buf_init(&packed, TARBALL_MAX);
    snprintf(path, sizeof(path), DATA "%s", name);
    assert_int_equal(cprov_fs_read(AT_FDCWD, path, TARBALL_MAX, &packed, &u->err), 0);
    diff_id_of(u, &packed, &id);
    const struct cprov_layer_source source = { read_span, &packed };
    return cprov_unpack_layer(unpack, CPROV_LAYER_TAR, packed.len, &id, &source, &u->err);
}

static int unpack_case(struct unpacking *u, const struct cprov_json *c)
{
    auto_unpack struct cprov_unpack *unpack = NULL;
    const struct cprov_json *windows = cprov_json_get(c, "windows");

    u->err = (struct cprov_error)CPROV_ERROR_INIT;
    u->options.windows = windows && windows->boolean;
    u->options.limits = (struct cprov_unpack_limits){ .entries = number_of(c, "entries"),
                                                      .bytes = number_of(c, "bytes"),
                                                      .ratio = number_of(c, "ratio"),
                                                      .free_bytes = number_of(c, "free_bytes") };
    int code = cprov_unpack_open(u->dir, &u->options, &unpack, &u->err);
    const struct cprov_json *layer = cprov_json_get(c, "layers")->child;
    for (; code == 0 && layer; layer = layer->next)
        code = apply_file(u, unpack, layer->text.ptr);
    if (code == 0)
        code = cprov_unpack_commit(unpack, &u->result, &u->err);
    return code;
}

static void check_name(const struct unpacking *u, const struct cprov_json *want)
{
    const char *text = want->type == CPROV_JSON_STRING ? want->text.ptr : NULL;
    mode_t type = stat_of(u, want->key.ptr).st_mode & S_IFMT;

    if (!text)
        assert_int_equal(type, 0);
    else if (strcmp(text, "dir") == 0)
        assert_int_equal(type, S_IFDIR);
    else if (strcmp(text, "other") == 0)
        assert_true(type != 0 && type != S_IFREG && type != S_IFDIR && type != S_IFLNK);
    else if (strncmp(text, "link ", 5) == 0)
        assert_link(u, want->key.ptr, text + 5);
    else
        assert_content(u, want->key.ptr, text + 5);
}

/* Whether the verdict is the right one. */
static bool check_case(struct unpacking *u, const struct cprov_json *c)
{
    const char *verdict = cprov_json_get_text(c, "verdict");
    struct outside before;
    struct cprov_error err = CPROV_ERROR_INIT;

    look_around(u, &before);
    int code = unpack_case(u, c);
    print_message("%-34s %-8s %s\n", cprov_json_get_text(c, "name"), verdict, u->err.msg);
    assert_same_around(u, &before);
    if (code != 0) {
        assert_false(is_there(u, ".")); /* no half of it is left */
        return code == (strcmp(verdict, "limit") == 0     ? CPROV_ELIMIT
                        : strcmp(verdict, "refused") == 0 ? CPROV_EVERIFY
                                                          : 0);
    }
    for (const struct cprov_json *w = cprov_json_get(c, "tree")->child; w; w = w->next)
        check_name(u, w);
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &err), 0);
    assert_same_around(u, &before);
    return strcmp(verdict, "fine") == 0;
}

/* Two runs at a time would take each other's canary for an escape. */
static int take_outside(void)
{
    int lock = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(lock >= 0);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_true(mkdir(OUTSIDE, 0755) == 0 || access(OUTSIDE, W_OK) == 0);
    write_text(OUTSIDE, "canary", "alive");
    return lock;
}

static void each_case(void **state)
{
    struct unpacking *u = *state;
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_arena arena = { .blocks = NULL };
    struct cprov_json *cases = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    size_t count = 0, wrong = 0;
    int lock = take_outside();

    cprov_buf_init(&text, CPROV_MIB);
    assert_int_equal(cprov_fs_read(AT_FDCWD, DATA "cases.json", CPROV_MIB, &text, &err), 0);
    assert_int_equal(cprov_json_parse(cprov_buf_span(&text), &arena, &cases, &err), 0);
    for (const struct cprov_json *c = cases->child; c; c = c->next, count++)
        if (!check_case(u, c)) {
            print_error("%s has another verdict\n", cprov_json_get_text(c, "name"));
            wrong++;
        }
    assert_int_equal(wrong, 0);
    assert_true(count >= 60);
    cprov_arena_clear(&arena);
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, OUTSIDE, &err), 0);
    close(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
