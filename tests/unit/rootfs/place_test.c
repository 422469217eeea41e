/* tests/unit/rootfs/place_test.c - where a tree comes to stand: whole, or not at all. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "rootfs/merge_journal_private.h"
#include "rootfs/merge_private.h"
#include "rootfs/stage_private.h"
#include "store/dir.h"
#include "tests/unit/rootfs/unpacking.h"

#define NOBODY 65534

/* How many names there are beside the folder; the canary is one. */
static int neighbours(const struct unpacking *u)
{
    auto_dir DIR *dir = NULL;
    int count = 0;

    assert_int_equal(cprov_dir_open(AT_FDCWD, u->base, &dir, CPROV_IGNORED), 0);
    while (cprov_dir_next(dir))
        count++;
    return count;
}

static int open_it(struct unpacking *u, struct cprov_unpack **out)
{
    u->err = (struct cprov_error)CPROV_ERROR_INIT;
    return cprov_unpack_open(u->dir, &u->options, out, &u->err);
}

static int child_result(pid_t pid)
{
    int status = 0;

    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Runs a test's part as an ordinary user; 0: it says true. */
static int as_nobody(struct unpacking *u, bool (*part)(struct unpacking *u))
{
    assert_int_equal(chown(u->base, NOBODY, NOBODY), 0);
    pid_t pid = fork();
    if (pid == 0) {
        bool fine = setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
                    setresuid(NOBODY, NOBODY, NOBODY) == 0 && part(u);
        if (!fine)
            print_error("%s\n", u->err.msg);
        _exit(fine ? 0 : 1);
    }
    return child_result(pid);
}

static void H4_two_into_one_folder(void **state)
{
    struct unpacking *u = *state;
    auto_unpack struct cprov_unpack *first = NULL;
    struct cprov_unpack *second = NULL;

    add_file(&u->layers[0], "f", "first");
    assert_int_equal(open_it(u, &first), 0);
    assert_int_equal(apply_layer(first, &u->layers[0], &u->err), 0);
    assert_int_equal(open_it(u, &second), CPROV_EINUSE);
    assert_null(second);
    assert_int_equal(cprov_unpack_commit(first, &u->result, &u->err), 0);
    assert_content(u, "f", "first");
    assert_int_equal(open_it(u, &second), CPROV_EEXISTS);
    u->options.force = true;
    cprov_unpack_close(cprov_steal(&first));
    assert_int_equal(open_it(u, &first), 0);
    assert_int_equal(open_it(u, &second), CPROV_EINUSE);
    assert_null(second);
}

/* Somebody puts files there while we unpack: they stay, and we say so. */
static void H4_folder_fills_meanwhile(void **state)
{
    struct unpacking *u = *state;

    add_file(&u->layers[0], "f", "ours");
    for (int there = 0; there < 2; there++) {
        struct cprov_unpack *unpack = NULL;

        if (there)
            assert_int_equal(mkdir(u->dir, 0700), 0);
        assert_int_equal(open_it(u, &unpack), 0);
        assert_int_equal(apply_layer(unpack, &u->layers[0], &u->err), 0);
        if (!there)
            assert_int_equal(mkdir(u->dir, 0700), 0);
        write_text(u->dir, "f", "theirs");
        assert_int_equal(cprov_unpack_commit(unpack, &u->result, &u->err), CPROV_EINUSE);
        cprov_unpack_close(unpack);
        assert_content(u, "f", "theirs");
        assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);
        assert_int_equal(neighbours(u), 1);
    }
}

static void H5_nothing_is_seen_before_the_end(void **state)
{
    struct unpacking *u = *state;
    struct cprov_unpack *unpack = NULL;

    add_file(&u->layers[0], "f", "x");
    assert_int_equal(open_it(u, &unpack), 0);
    assert_int_equal(apply_layer(unpack, &u->layers[0], &u->err), 0);
    assert_false(is_there(u, "."));
    cprov_unpack_close(unpack);
    assert_int_equal(neighbours(u), 1);
    assert_int_equal(mkdir(u->dir, 0750), 0);
    assert_unpacks(u);
    assert_int_equal(stat_of(u, ".").st_mode, S_IFDIR | 0750); /* the image does not say */
    assert_int_equal(neighbours(u), 2);
}

/* Dies with the layers applied; the next run has no trouble with what is left, in either place. */
static void H5_the_next_run_after_a_kill(void **state)
{
    struct unpacking *u = *state;

    add_file(&u->layers[0], "f", "x");
    for (int full = 0; full < 2; full++) {
        if (full) {
            assert_int_equal(mkdir(u->dir, 0700), 0);
            write_text(u->dir, "mine", "kept");
            u->options.force = true;
        }
        pid_t pid = fork();
        if (pid == 0) {
            struct cprov_unpack *unpack = NULL;

            if (open_it(u, &unpack) == 0 && apply_layer(unpack, &u->layers[0], &u->err) == 0)
                (void)raise(SIGKILL);
            _exit(1);
        }
        assert_int_equal(child_result(pid), 128 + SIGKILL);
        assert_int_equal(neighbours(u), 2); /* what it left: beside, or the folder */
        assert_false(is_there(u, "f"));
        assert_unpacks(u);
        assert_content(u, "f", "x");
        assert_false(is_there(u, ".cprov-unpack"));
        if (full)
            assert_content(u, "mine", "kept");
        assert_int_equal(neighbours(u), 2);
        assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);
    }
}

/* A folder with something of each kind in the way. */
static void fill(struct unpacking *u)
{
    char path[512];

    assert_int_equal(mkdir(u->dir, 0750), 0);
    write_text(u->dir, "file", "old");
    write_text(u->dir, "mine", "kept");
    snprintf(path, sizeof(path), "%s/to-file", u->dir);
    assert_int_equal(mkdir(path, 0711), 0);
    write_text(path, "inner", "old");
    snprintf(path, sizeof(path), "%s/both", u->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    write_text(path, "mine", "kept");
    write_text(path, "file", "old");
    (void)setxattr(path, "user.old", "1", 1, 0);
    snprintf(path, sizeof(path), "%s/implied", u->dir);
    assert_int_equal(mkdir(path, 0701), 0);
    snprintf(path, sizeof(path), "%s/link", u->dir);
    assert_int_equal(symlink("both", path), 0);
}

static void assert_as_filled(struct unpacking *u)
{
    assert_content(u, "file", "old");
    assert_content(u, "mine", "kept");
    assert_content(u, "to-file/inner", "old");
    assert_content(u, "both/mine", "kept");
    assert_content(u, "both/file", "old");
    assert_link(u, "link", "both");
    assert_int_equal(stat_of(u, ".").st_mode, S_IFDIR | 0750);
    assert_int_equal(stat_of(u, "to-file").st_mode, S_IFDIR | 0711);
    assert_int_equal(stat_of(u, "both").st_mode, S_IFDIR | 0700);
    assert_int_equal(stat_of(u, "implied").st_mode, S_IFDIR | 0701);
    assert_false(is_there(u, "new"));
    assert_false(is_there(u, "implied/f"));
    assert_false(is_there(u, "both/new"));
    assert_false(is_there(u, ".cprov-unpack"));
}

static void add_over(struct cprov_buf *tar)
{
    add_file(tar, "file", "new");
    add_file(tar, "to-file", "new");
    add_member(tar, (struct member){ .type = '5', .name = "both", .mode = 0555, .mtime = 77 });
    add_file(tar, "both/file", "new");
    add_file(tar, "both/new", "new");
    add_file(tar, "implied/f", "new");
    add_dir(tar, "link");
    add_file(tar, "link/f", "new");
    add_dir(tar, "new/deep");
}

static void H5_over_content(void **state)
{
    struct unpacking *u = *state;
    char path[512], value[8];

    fill(u);
    u->options.force = true;
    add_over(&u->layers[0]);
    assert_unpacks(u);
    assert_content(u, "file", "new");
    assert_content(u, "mine", "kept");
    assert_content(u, "to-file", "new");
    assert_content(u, "both/mine", "kept");
    assert_content(u, "both/file", "new");
    assert_content(u, "both/new", "new");
    assert_content(u, "implied/f", "new");
    assert_content(u, "link/f", "new"); /* never through what was a link */
    assert_false(is_there(u, "both/f"));
    assert_true(is_there(u, "new/deep"));
    assert_int_equal(stat_of(u, ".").st_mode, S_IFDIR | 0750); /* nobody says otherwise */
    assert_int_equal(stat_of(u, "both").st_mode, S_IFDIR | 0555);
    assert_int_equal(stat_of(u, "both").st_mtime, 77);
    assert_int_equal(stat_of(u, "implied").st_mode, S_IFDIR | 0701);
    snprintf(path, sizeof(path), "%s/both", u->dir);
    assert_true(getxattr(path, "user.old", value, sizeof(value)) < 0);
    assert_false(is_there(u, ".cprov-unpack"));
    assert_int_equal(neighbours(u), 2);
}

/* A refused layer, an image with our own name, something mounted in the way: nothing is touched. */
static void H5_what_is_replaced_comes_back(void **state)
{
    struct unpacking *u = *state;
    char path[512];

    fill(u);
    u->options.force = true;
    add_over(&u->layers[0]);
    add_file(&u->layers[1], "../bad", "x");
    assert_int_equal(unpack_layers(u), CPROV_EVERIFY);
    assert_as_filled(u);
    cprov_buf_reset(&u->layers[1]);
    add_dir(&u->layers[1], ".cprov-unpack");
    assert_int_equal(unpack_layers(u), CPROV_EEXISTS);
    assert_as_filled(u);
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        skip();
    static const char *const places[] = { "to-file", "both", "implied", "file" };
    for (size_t i = 0; i < CPROV_COUNT(places); i++) {
        cprov_buf_reset(&u->layers[1]);
        snprintf(path, sizeof(path), "%s/%s", u->dir, places[i]);
        assert_int_equal(mount(path, path, NULL, MS_BIND, NULL), 0);
        assert_int_equal(unpack_layers(u), CPROV_EINUSE);
        assert_int_equal(umount(path), 0);
        assert_as_filled(u);
    }
}

static void merge_and_die(struct unpacking *u)
{
    struct cprov_stage stage = CPROV_STAGE_INIT;
    int there = open(u->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char path[512];

    if (there < 0 || cprov_stage_open(there, ".cprov-unpack", NULL, NULL, &stage, &u->err) < 0 ||
        mkdirat(stage.fd, CPROV_MERGE_TREE, 0755) < 0)
        _exit(1);
    snprintf(path, sizeof(path), "%s/.cprov-unpack/" CPROV_MERGE_TREE, u->dir);
    write_text(path, "file", "new");
    write_text(path, "to-file", "new");
    write_text(path, "new", "new");
    snprintf(path, sizeof(path), "%s/.cprov-unpack/" CPROV_MERGE_TREE "/both", u->dir);
    if (mkdir(path, 0755) < 0)
        _exit(1);
    write_text(path, "file", "new");
    write_text(path, "new", "new");
    if (cprov_merge(stage.fd, there, NULL, NULL, &u->err) == 0)
        (void)raise(SIGKILL);
    _exit(1);
}

/* Killed while it replaces: the journal tells the next run, which puts things back first. */
static void H5_killed_while_it_replaces(void **state)
{
    struct unpacking *u = *state;
    char path[512];

    fill(u);
    pid_t pid = fork();
    if (pid == 0)
        merge_and_die(u);
    assert_int_equal(child_result(pid), 128 + SIGKILL);
    assert_content(u, "file", "new");
    snprintf(path, sizeof(path), "%s/.cprov-unpack/" CPROV_MERGE_JOURNAL, u->dir);
    int journal = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(journal >= 0);
    assert_int_equal(write(journal, "CRMJ", 4), 4); /* it died in the next record */
    close(journal);
    u->options.force = true;
    add_file(&u->layers[0], "..", "x");
    assert_int_equal(unpack_layers(u), CPROV_EVERIFY);
    assert_as_filled(u);
}

/* Who may write into the folder can put a journal there, but not reach out of it. */
static void H5_a_planted_journal(void **state)
{
    struct unpacking *u = *state;
    static const char *const paths[] = { "..", "../canary-dir", "a/../../canary-dir", "/tmp",
                                         "a//b" };
    char path[512];
    struct stat st;

    u->options.force = true;
    add_file(&u->layers[0], "f", "x");
    snprintf(path, sizeof(path), "%s/canary-dir", u->base);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t i = 0; i < CPROV_COUNT(paths); i++) {
        const struct stat open_to_all = { .st_mode = S_IFDIR | 0777 };

        snprintf(path, sizeof(path), "%s/.cprov-unpack/" CPROV_MERGE_TREE, u->dir);
        assert_int_equal(cprov_fs_make_dirs(AT_FDCWD, path, 0700, CPROV_IGNORED), 0);
        snprintf(path, sizeof(path), "%s/.cprov-unpack/" CPROV_MERGE_JOURNAL, u->dir);
        int journal = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(
            cprov_merge_note(journal, CPROV_MERGE_DIR, paths[i], &open_to_all, &u->err), 0);
        close(journal);
        assert_int_equal(unpack_layers(u), CPROV_EFAIL);
        assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);
    }
    snprintf(path, sizeof(path), "%s/canary-dir", u->base);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0700);
    assert_int_equal(stat(u->base, &st), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0700);
}

static void A2_only_folders_are_targets(void **state)
{
    struct unpacking *u = *state;
    char link[128];

    add_file(&u->layers[0], "f", "x");
    assert_int_equal(mkdir(u->dir, 0700), 0);
    snprintf(link, sizeof(link), "%s/link", u->base);
    assert_int_equal(symlink("out", link), 0);
    for (int force = 0; force < 2; force++) {
        static const struct {
            const char *name;
            int code;
        } cases[] = { { "link", CPROV_EREFUSED },
                      { "link/", CPROV_EREFUSED },
                      { "link/.//", CPROV_EREFUSED },
                      { "canary", CPROV_EEXISTS },
                      { "fifo", CPROV_EEXISTS } };

        u->options.force = force != 0;
        snprintf(link, sizeof(link), "%s/fifo", u->base);
        (void)mkfifo(link, 0600);
        for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
            snprintf(u->dir, sizeof(u->dir), "%s/%s", u->base, cases[i].name);
            assert_int_equal(unpack_layers(u), cases[i].code);
            assert_int_equal(cprov_unpack_check(u->dir, force != 0, &u->err), cases[i].code);
        }
    }
    snprintf(u->dir, sizeof(u->dir), "%s/out", u->base);
    assert_int_equal(rmdir(u->dir), 0); /* still empty */
    snprintf(u->dir, sizeof(u->dir), "/dev/null");
    assert_int_equal(unpack_layers(u), CPROV_EEXISTS);
}

static bool closed_twice(struct unpacking *u)
{
    return unpack_layers(u) == 0 && stat_of(u, "d").st_mode == S_IFDIR && chmod(u->dir, 0700) == 0;
}

/* B12: folders without a right for their owner, named by each layer, and by two ways. */
static void B12_closed_folders_named_twice(void **state)
{
    struct unpacking *u = *state;

    if (geteuid() != 0)
        skip();
    for (int i = 0; i < 2; i++) {
        add_member(&u->layers[i], (struct member){ .type = '5', .name = "d", .mode = S_IFDIR });
        add_member(&u->layers[i], (struct member){ .type = '5', .name = "d/e", .mode = S_IFDIR });
        add_file(&u->layers[i], "d/e/f", "x");
    }
    add_symlink(&u->layers[1], "l", "d");
    add_member(&u->layers[1], (struct member){ .type = '5', .name = "l/e", .mode = S_IFDIR });
    assert_int_equal(as_nobody(u, closed_twice), 0);
    assert_content(u, "d/e/f", "x");
    assert_int_equal(stat_of(u, "d/e").st_mode, S_IFDIR);
}

/* Windows says 0 for everything: its files are to be read by whoever unpacked them. */
static void B12_windows_modes(void **state)
{
    struct unpacking *u = *state;

    u->options.windows = true;
    add_member(&u->layers[0], (struct member){ .type = '5', .name = "Files", .mode = S_IFDIR });
    add_member(&u->layers[0],
               (struct member){ .name = "Files/f", .content = "x", .mode = S_IFREG });
    add_member(&u->layers[0], (struct member){ .name = "Files/g", .content = "x", .mode = 0555 });
    assert_unpacks(u);
    assert_int_equal(stat_of(u, "Files").st_mode, S_IFDIR | 0755);
    assert_int_equal(stat_of(u, "Files/f").st_mode, S_IFREG | 0644);
    assert_int_equal(stat_of(u, "Files/g").st_mode, S_IFREG | 0555);
}

static bool over_closed(struct unpacking *u)
{
    struct cprov_buf bad;
    char path[512];
    struct stat st;

    if (unpack_layers(u) != 0 || stat_of(u, "d").st_mode != (S_IFDIR | 0500))
        return false;
    u->options.force = true;
    cprov_buf_init(&bad, TARBALL_MAX);
    u->layers[2] = bad;
    snprintf(path, sizeof(path), "%s/d", u->dir);
    add_dir(&u->layers[2], ".cprov-unpack");
    if (chmod(path, 0) < 0 || unpack_layers(u) != CPROV_EEXISTS ||
        stat_of(u, "d").st_mode != S_IFDIR)
        return false;
    cprov_buf_reset(&u->layers[2]);
    if (unpack_layers(u) != 0 || stat_of(u, "d").st_mode != (S_IFDIR | 0500) ||
        !is_there(u, "d/e/f"))
        return false;
    /* The folder itself too; it stays closed, since the image does not say otherwise. */
    return chmod(u->dir, 0) == 0 && unpack_layers(u) == 0 && lstat(u->dir, &st) == 0 &&
           st.st_mode == S_IFDIR && chmod(u->dir, 0755) == 0 && is_there(u, "d/e/f") &&
           !is_there(u, ".cprov-unpack");
}

static void B31_over_closed_folders(void **state)
{
    struct unpacking *u = *state;

    if (geteuid() != 0)
        skip();
    add_member(&u->layers[0], (struct member){ .type = '5', .name = "d", .mode = 0500 });
    add_member(&u->layers[0], (struct member){ .type = '5', .name = "d/e", .mode = 0500 });
    add_file(&u->layers[0], "d/e/f", "x");
    assert_int_equal(as_nobody(u, over_closed), 0);
}

/* B31: what AUFS wrote: links to a file of its own, whiteouts that are links. */
static void B31_links_of_aufs(void **state)
{
    struct unpacking *u = *state;

    add_file(&u->layers[0], "gone", "x");
    add_member(&u->layers[1], (struct member){ .type = '5', .name = ".wh..wh.plnk" });
    add_file(&u->layers[1], ".wh..wh.aufs", "");
    add_file(&u->layers[1], ".wh..wh.plnk/67.89", "two names");
    add_member(&u->layers[1], (struct member){ .type = '5', .name = ".wh..wh.orph" });
    add_hardlink(&u->layers[1], "usr/a", ".wh..wh.plnk/67.89");
    add_hardlink(&u->layers[1], "usr/b", "/.wh..wh.plnk/67.89");
    add_hardlink(&u->layers[1], ".wh.gone", ".wh..wh.aufs");
    assert_unpacks(u);
    assert_content(u, "usr/a", "two names");
    assert_int_equal(stat_of(u, "usr/a").st_ino, stat_of(u, "usr/b").st_ino);
    assert_int_equal(stat_of(u, "usr/a").st_nlink, 2);
    assert_false(is_there(u, ".wh..wh.plnk"));
    assert_false(is_there(u, ".wh..wh.aufs"));
    assert_false(is_there(u, ".wh..wh.orph"));
    assert_false(is_there(u, "gone"));
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);
    add_hardlink(&u->layers[2], "usr/c", ".wh..wh.plnk/67.89"); /* it was of the layer below */
    assert_int_equal(unpack_layers(u), CPROV_EVERIFY);
}

static bool has_attribute(const struct unpacking *u, const char *name)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/f", u->dir);
    return lgetxattr(path, name, NULL, 0) >= 0;
}

static void S14_attributes_by_a_list(void **state)
{
    struct unpacking *u = *state;
    static const char *const names[] = {
        "user.mine",    "user.overlay.opaque", "trusted.overlay.opaque", "trusted.any",
        "security.ima", "security.evm",        "security.selinux",       "user.rootlesscontainers"
    };
    static const char *const more[] = { "trusted.a*", "user.*" };
    struct cprov_buf pax;
    char key[64];

    cprov_buf_init(&pax, TARBALL_MAX);
    for (size_t i = 0; i < CPROV_COUNT(names); i++) {
        snprintf(key, sizeof(key), "SCHILY.xattr.%s", names[i]);
        add_record(&pax, key, "v", 1);
    }
    add_body(&u->layers[0], 'x', pax.ptr, pax.len);
    cprov_buf_clear(&pax);
    add_file(&u->layers[0], "f", "x");
    assert_unpacks(u);
    if (!has_attribute(u, "user.mine"))
        skip(); /* the file system has none */
    assert_int_equal(u->result.xattrs_refused, CPROV_COUNT(names) - 1);
    for (size_t i = 1; i < CPROV_COUNT(names); i++)
        if (strcmp(names[i], "security.selinux") != 0)
            assert_false(has_attribute(u, names[i]));
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);
    u->options.attributes = (struct cprov_layer_attributes){ more, CPROV_COUNT(more) };
    assert_unpacks(u);
    assert_true(has_attribute(u, "user.overlay.opaque"));
    assert_false(has_attribute(u, "user.rootlesscontainers"));
    assert_false(has_attribute(u, "trusted.overlay.opaque"));
    assert_int_equal(u->result.xattrs_refused, CPROV_COUNT(names) - 3);
}

static void S14_devices_and_set_ids_are_counted(void **state)
{
    struct unpacking *u = *state;

    if (geteuid() != 0)
        skip();
    add_member(&u->layers[0],
               (struct member){ .type = '3', .name = "null", .major = 1, .minor = 3 });
    add_member(&u->layers[0], (struct member){ .name = "su", .mode = 04755 });
    add_member(&u->layers[0], (struct member){ .name = "wall", .mode = 02755 });
    add_member(&u->layers[0], (struct member){ .type = '5', .name = "mail", .mode = 02755 });
    assert_unpacks(u);
    assert_int_equal(stat_of(u, "su").st_mode, S_IFREG | 04755);
    assert_int_equal(u->result.set_ids, 2); /* of a folder it means something else */
    assert_int_equal(u->result.devices + u->result.devices_skipped, 1);
}

/* With few descriptors it works or says that it did not; entries are never missing. */
static void H5_few_descriptors(void **state)
{
    struct unpacking *u = *state;
    struct rlimit was;
    int failed = 0;

    for (int i = 0; i < 2; i++) {
        add_file(&u->layers[i], "a/b/c/d/e/f/g/h/i/j/k/l", "x");
        add_file(&u->layers[i], "a/b/c/2", "x");
        add_file(&u->layers[i], "a/m/n", "x");
    }
    add_file(&u->layers[1], "a/b/.wh..wh..opq", "");
    add_file(&u->layers[2], "a/.wh.m", "");
    int first = dup(0);
    close(first);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    for (int room = 0; room < 40; room++) {
        const struct rlimit few = { .rlim_cur = (rlim_t)(first + room), .rlim_max = was.rlim_max };

        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        int code = unpack_layers(u);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
        failed += code != 0;
        if (code != 0) {
            assert_false(is_there(u, "."));
            continue;
        }
        assert_content(u, "a/b/c/d/e/f/g/h/i/j/k/l", "x");
        assert_content(u, "a/b/c/2", "x");
        assert_false(is_there(u, "a/m"));
        assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);
    }
    assert_true(failed > 0 && failed < 40);
    assert_unpacks(u); /* whatever is left is no trouble */
    assert_int_equal(neighbours(u), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(H4_two_into_one_folder),
        TEST(H4_folder_fills_meanwhile),
        TEST(H5_nothing_is_seen_before_the_end),
        TEST(H5_the_next_run_after_a_kill),
        TEST(H5_over_content),
        TEST(H5_what_is_replaced_comes_back),
        TEST(H5_killed_while_it_replaces),
        TEST(H5_few_descriptors),
        TEST(H5_a_planted_journal),
        TEST(A2_only_folders_are_targets),
        TEST(B12_closed_folders_named_twice),
        TEST(B12_windows_modes),
        TEST(B31_over_closed_folders),
        TEST(B31_links_of_aufs),
        TEST(S14_attributes_by_a_list),
        TEST(S14_devices_and_set_ids_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
