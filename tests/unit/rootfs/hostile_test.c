/* tests/unit/rootfs/hostile_test.c - every archive of data/hostile has its verdict, and nothing
 * outside of the folder changes. See data/hostile/make.py. */
#include <dirent.h>
#include <sys/file.h>

#include "store/dir.h"
#include "tests/unit/rootfs/hostile.h"

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
    struct cprov_arena arena = { .blocks = NULL };
    struct cprov_json *cases = read_cases(&arena);
    struct cprov_error err = CPROV_ERROR_INIT;
    size_t count = 0, wrong = 0;
    int lock = take_outside();

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
