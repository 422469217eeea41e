/* tests/unit/rootfs/tree_test.c - no name leads out, whoever does the walk. */
#include "rootfs/tree_private.h"

#include <errno.h>

#include "tests/unit/rootfs/unpacking.h"

/* A tree in out/; everything is tried with the kernel's walk and with ours. */
struct place {
    struct unpacking *u;
    int root;
    struct cprov_tree *tree;
};

static struct place open_tree(struct unpacking *u, bool walk)
{
    struct place p = { .u = u };
    const struct cprov_tree_options options = { .walk = walk, .umask = 0777 };

    assert_true(mkdir(u->dir, 0755) == 0 || errno == EEXIST);
    p.root = open(u->dir, O_RDONLY | O_DIRECTORY);
    assert_true(p.root >= 0);
    assert_int_equal(cprov_tree_new(p.root, &options, &p.tree, &u->err), 0);
    return p;
}

static void close_tree(struct place *p)
{
    cprov_tree_free(p->tree);
    close(p->root);
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, p->u->dir, &p->u->err), 0);
}

static int put(struct place *p, const char *path)
{
    struct cprov_spot place;
    int fd = -1;

    int code = cprov_tree_find(p->tree, path, CPROV_TREE_MAKE, &place, &p->u->err);
    if (code == 0)
        code = cprov_tree_file(p->tree, &place, 0644, &fd, &p->u->err);
    cprov_fd_close(&fd);
    return code;
}

static int put_link(struct place *p, const char *path, const char *target)
{
    struct cprov_spot place;
    int code = cprov_tree_find(p->tree, path, CPROV_TREE_MAKE, &place, &p->u->err);

    return code != 0 ? code : cprov_tree_symlink(p->tree, &place, target, &p->u->err);
}

static void cleans_names(void **state)
{
    static const struct {
        const char *in, *out; /* NULL: refused */
    } names[] = {
        { "", "" },
        { "/", "" },
        { ".", "" },
        { "./", "" },
        { "a", "a" },
        { "/a//b/", "a/b" },
        { "a/./b", "a/b" },
        { "a/../b", "b" },
        { "a/b/../..", "" },
        { "a/b/../c", "a/c" },
        { "...", "..." },
        { "a/..b", "a/..b" },
        { "..", NULL },
        { "../a", NULL },
        { "/..", NULL },
        { "a/../../b", NULL },
        { "a/b/../../..", NULL },
        { "./../a", NULL },
    };
    char out[CPROV_UNPACK_PATH + 1] = "before";
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(names); i++) {
        int code = cprov_layer_clean(cprov_span_of(names[i].in), 100, out, &err);

        print_message("%s\n", names[i].in);
        assert_int_equal(code, names[i].out ? 0 : CPROV_EVERIFY);
        if (names[i].out)
            assert_string_equal(out, names[i].out);
    }
    assert_int_equal(cprov_layer_clean(cprov_span_make("a\0b", 3), 100, out, &err), CPROV_EVERIFY);
    assert_int_equal(cprov_layer_clean(cprov_span_of("abc/def"), 7, out, &err), 0);
    assert_int_equal(cprov_layer_clean(cprov_span_of("abc/def"), 6, out, &err), CPROV_ELIMIT);
}

static void links_stay_inside(void **state)
{
    static const struct {
        const char *target, *lands; /* of the name link/f */
    } links[] = {
        { "usr", "usr/f" },
        { "/usr", "usr/f" },
        { "..", "f" },
        { "../../../..", "f" },
        { "/", "f" },
        { "/../../tmp", "tmp/f" },
        { "usr/./..//usr/", "usr/f" },
        { "usr/in/..", "usr/f" },
        { "usr/in/../../../usr/in", "usr/in/f" },
        { "other", "usr/f" },      /* a link to a link */
        { "usr/up/usr", "usr/f" }, /* a link on the way */
        { "usr/abs/new", "usr/in/new/f" },
        { "missing/dir", "missing/dir/f" },
        { "usr/file", "usr/file/f" }, /* a file in the way goes */
    };
    struct unpacking *u = *state;

    for (size_t i = 0; i < 2 * CPROV_COUNT(links); i++) {
        struct place p = open_tree(u, i % 2 == 1);

        print_message("%s\n", links[i / 2].target);
        assert_int_equal(put(&p, "usr/in/x"), 0);
        assert_int_equal(put(&p, "usr/file"), 0);
        assert_int_equal(put_link(&p, "usr/up", ".."), 0);
        assert_int_equal(put_link(&p, "usr/abs", "/usr/in"), 0);
        assert_int_equal(put_link(&p, "other", "usr"), 0);
        assert_int_equal(put_link(&p, "link", links[i / 2].target), 0);
        assert_int_equal(put(&p, "link/f"), 0);
        assert_true(is_there(u, links[i / 2].lands));
        close_tree(&p);
    }
    assert_int_equal(access("/tmp/f", F_OK), -1);
}

static void loops_end(void **state)
{
    struct unpacking *u = *state;
    char name[16], target[16];

    for (int walk = 0; walk < 2; walk++) {
        struct place p = open_tree(u, walk == 1);

        assert_int_equal(put_link(&p, "self", "self"), 0);
        assert_int_equal(put_link(&p, "a", "b"), 0);
        assert_int_equal(put_link(&p, "b", "/a/x"), 0);
        assert_int_equal(put(&p, "self/f"), CPROV_EVERIFY);
        assert_int_equal(put(&p, "a/f"), CPROV_EVERIFY);
        for (int i = 0; i < 60; i++) {
            snprintf(name, sizeof(name), "l%d", i);
            snprintf(target, sizeof(target), i > 0 ? "l%d" : ".", i - 1);
            assert_int_equal(put_link(&p, name, target), 0);
        }
        assert_int_equal(put(&p, "l30/f"), 0);
        assert_int_equal(put(&p, "l59/f"), CPROV_EVERIFY);
        close_tree(&p);
    }
}

static void looking_makes_nothing(void **state)
{
    struct unpacking *u = *state;
    struct cprov_spot place = { .name = "before" };

    for (int walk = 0; walk < 2; walk++) {
        struct place p = open_tree(u, walk == 1);

        assert_int_equal(put(&p, "file"), 0);
        assert_int_equal(cprov_tree_find(p.tree, "a/b", CPROV_TREE_LOOK, &place, &u->err),
                         CPROV_ENOTFOUND);
        assert_int_equal(cprov_tree_find(p.tree, "file/b", CPROV_TREE_LOOK, &place, &u->err),
                         CPROV_ENOTFOUND);
        assert_string_equal(place.name, "before");
        assert_false(is_there(u, "a"));
        assert_int_equal(cprov_tree_find(p.tree, "", CPROV_TREE_LOOK, &place, &u->err), 0);
        assert_string_equal(place.name, ".");
        assert_int_equal(cprov_tree_remove(p.tree, &place, &u->err), CPROV_EVERIFY);
        place.name = "before";
        close_tree(&p);
    }
}

/* More directories than are kept open, each with times of its own. */
static void times_stay(void **state)
{
    struct unpacking *u = *state;
    struct place p = open_tree(u, false);
    struct cprov_spot place;
    char name[32];

    for (int i = 0; i < 40; i++) {
        const struct timespec times[2] = { { .tv_sec = i }, { .tv_sec = 1000 + i } };
        int fd = -1;

        snprintf(name, sizeof(name), "d%d", i);
        assert_int_equal(cprov_tree_find(p.tree, name, CPROV_TREE_MAKE, &place, &u->err), 0);
        assert_int_equal(cprov_tree_dir(p.tree, &place, &fd, &u->err), 0);
        snprintf(name, sizeof(name), "d%d/early", i);
        assert_int_equal(put(&p, name), 0);
        assert_int_equal(cprov_tree_dir_times(p.tree, fd, times, &u->err), 0);
        cprov_fd_close(&fd);
    }
    for (int i = 0; i < 80; i++) {
        snprintf(name, sizeof(name), "d%d/f%d", i % 40, i);
        assert_int_equal(put(&p, name), 0);
    }
    assert_int_equal(put(&p, "d3/deep/er"), 0);
    cprov_tree_flush(p.tree);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof(name), "d%d", i);
        assert_int_equal(stat_of(u, name).st_mtime, 1000 + i);
    }
    close_tree(&p);
}

/* What is kept open must not outlive what takes its place. */
static void replaced_parents(void **state)
{
    struct unpacking *u = *state;

    for (int walk = 0; walk < 2; walk++) {
        struct place p = open_tree(u, walk == 1);
        struct cprov_spot place;
        int fd = -1;

        assert_int_equal(put(&p, "d/e/one"), 0);
        assert_int_equal(put_link(&p, "d", "elsewhere"), 0);
        assert_int_equal(put(&p, "d/e/two"), 0);
        assert_true(is_there(u, "elsewhere/e/two"));
        assert_int_equal(cprov_tree_find(p.tree, "d", CPROV_TREE_MAKE, &place, &u->err), 0);
        assert_int_equal(cprov_tree_dir(p.tree, &place, &fd, &u->err), 0);
        cprov_fd_close(&fd);
        assert_int_equal(put(&p, "d/e/three"), 0);
        assert_true(is_there(u, "d/e/three"));
        assert_false(is_there(u, "elsewhere/e/three"));
        close_tree(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cleans_names),          TEST(links_stay_inside), TEST(loops_end),
        TEST(looking_makes_nothing), TEST(times_stay),        TEST(replaced_parents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
