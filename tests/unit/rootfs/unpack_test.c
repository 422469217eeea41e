/* tests/unit/rootfs/unpack_test.c - layers become a tree; a failure leaves nothing. */
#include "rootfs/unpack.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>

#include "tests/unit/rootfs/unpacking.h"

static void makes_every_type(void **state)
{
    struct unpacking *u = *state;
    struct cprov_buf *tar = &u->layers[0];

    add_member(tar, (struct member){ .type = '5', .name = "./", .mode = 0711, .mtime = 5 });
    add_member(tar, (struct member){ .type = '5', .name = "d/", .mode = 01777, .mtime = 1234 });
    add_member(tar,
               (struct member){ .name = "d/f", .content = "text", .mode = 04755, .mtime = 77 });
    add_pax(tar, "mtime", "1600000000.123456789");
    add_file(tar, "precise", "");
    add_hardlink(tar, "h", "/d/f");
    add_symlink(tar, "s", "../../outside");
    add_member(tar, (struct member){ .type = '6', .name = "fifo", .mode = 0666 });
    add_file(tar, "implied/by/this", "x");
    assert_unpacks(u);
    assert_int_equal(u->result.entries, 8);
    assert_int_equal(u->result.bytes, 5);
    assert_content(u, "h", "text");
    assert_int_equal(stat_of(u, "h").st_ino, stat_of(u, "d/f").st_ino);
    /* A bit that would lend the rights of the wrong user is left out. */
    assert_int_equal(stat_of(u, "d/f").st_mode, S_IFREG | (geteuid() == 0 ? 04755 : 0755));
    assert_int_equal(stat_of(u, "d/f").st_mtime, 77);
    assert_int_equal(stat_of(u, "precise").st_mtim.tv_nsec, 123456789);
    assert_int_equal(stat_of(u, "d").st_mode, S_IFDIR | 01777);
    assert_int_equal(stat_of(u, "d").st_mtime, 1234); /* though a file was made in it */
    assert_int_equal(stat_of(u, ".").st_mode, S_IFDIR | 0711);
    assert_int_equal(stat_of(u, ".").st_mtime, 5);
    assert_link(u, "s", "../../outside");
    assert_int_equal(stat_of(u, "fifo").st_mode, S_IFIFO | 0666);
    assert_int_equal(stat_of(u, "implied").st_mode, S_IFDIR | 0755);
}

static void umask_has_no_say(void **state)
{
    struct unpacking *u = *state;
    mode_t before = umask(077);

    add_member(&u->layers[0], (struct member){ .name = "f", .mode = 0666 });
    add_file(&u->layers[0], "d/f", "");
    int code = unpack_layers(u);
    umask(before);
    assert_int_equal(code, 0);
    assert_int_equal(stat_of(u, "f").st_mode, S_IFREG | 0666);
    assert_int_equal(stat_of(u, "d").st_mode, S_IFDIR | 0755);
    assert_int_equal(stat_of(u, ".").st_mode, S_IFDIR | 0755);
    assert_int_equal(stat_of(u, ".").st_mtime,
                     0); /* nobody has said, and it is the same each time */
}

/* Each type over each other. */
static void types_replace_each_other(void **state)
{
    struct unpacking *u = *state;
    static const char types[] = { '0', '1', '2', '5', '6' };

    for (size_t a = 0; a < sizeof(types); a++)
        for (size_t b = 0; b < sizeof(types); b++) {
            char name[8] = { types[a], types[b], '\0' };

            add_file(&u->layers[0], "target", "t");
            add_member(&u->layers[0],
                       (struct member){ .type = types[a], .name = name, .link = "target" });
            if (types[a] == '5') {
                char inner[16];
                snprintf(inner, sizeof(inner), "%s/inner", name);
                add_file(&u->layers[0], inner, "in");
            }
            add_member(&u->layers[1],
                       (struct member){ .type = types[b], .name = name, .link = "target" });
        }
    assert_unpacks(u);
    assert_int_equal(stat_of(u, "50").st_mode, S_IFREG | 0644);
    assert_int_equal(stat_of(u, "05").st_mode, S_IFDIR | 0755);
    assert_int_equal(stat_of(u, "25").st_mode, S_IFDIR | 0755);
    assert_link(u, "52", "target");
    assert_content(u, "51", "t");
    assert_content(u, "55/inner", "in"); /* a directory over one keeps what is in it */
    assert_int_equal(stat_of(u, "56").st_mode, S_IFIFO | 0644);
    assert_content(u, "target", "t"); /* never written through a link */
}

static void last_of_a_name_wins(void **state)
{
    struct unpacking *u = *state;

    add_file(&u->layers[0], "f", "first");
    add_hardlink(&u->layers[0], "kept", "f");
    add_file(&u->layers[0], "f", "second");
    add_file(&u->layers[0], "./x//../f/", "third");
    assert_unpacks(u);
    assert_content(u, "f", "third");
    assert_content(u, "kept", "first");
}

static void parents_are_followed_within(void **state)
{
    struct unpacking *u = *state;

    add_dir(&u->layers[0], "usr/lib");
    add_symlink(&u->layers[0], "lib", "usr/lib");
    add_symlink(&u->layers[0], "abs", "/usr");
    add_symlink(&u->layers[0], "up", "../../../usr");
    add_symlink(&u->layers[0], "dangling", "/run/there");
    add_symlink(&u->layers[0], "usr/back", "../lib");
    add_file(&u->layers[1], "lib/a", "1");
    add_file(&u->layers[1], "abs/lib/b", "2");
    add_file(&u->layers[1], "up/back/c", "3");
    add_file(&u->layers[1], "dangling/d", "4");
    add_file(&u->layers[1], "lib/a/under-a-file", "5");
    assert_unpacks(u);
    assert_content(u, "usr/lib/b", "2");
    assert_content(u, "usr/lib/c", "3");
    assert_content(u, "run/there/d", "4");
    assert_content(u, "usr/lib/a/under-a-file", "5");
    assert_link(u, "lib", "usr/lib");
}

static void whiteouts_hide_lower_layers(void **state)
{
    struct unpacking *u = *state;

    add_file(&u->layers[0], "a", "low");
    add_file(&u->layers[0], "d/x", "low");
    add_file(&u->layers[0], "d/sub/y", "low");
    add_file(&u->layers[0], "e/x", "low");
    add_symlink(&u->layers[0], "s", "e");
    add_file(&u->layers[0], "gone/deep/er", "low");
    add_file(&u->layers[1], ".wh.a", "");
    add_file(&u->layers[1], "d/.wh..wh..opq", "");
    add_file(&u->layers[1], ".wh.s", "");
    add_hardlink(&u->layers[1], ".wh.gone", ".wh..wh.aufs"); /* whatever its type */
    add_file(&u->layers[1], ".wh.never-there", "");
    add_file(&u->layers[1], "not/there/.wh.x", "");
    add_file(&u->layers[1], "nor/.wh..wh..opq", "");
    add_file(&u->layers[1], ".wh..wh.plnk/12.34", "kept by AUFS");
    add_file(&u->layers[1], "e/.wh..wh.orph", "");
    assert_unpacks(u);
    assert_false(is_there(u, "a"));
    assert_true(is_there(u, "d"));
    assert_false(is_there(u, "d/x"));
    assert_false(is_there(u, "d/sub"));
    assert_false(is_there(u, "s"));
    assert_false(is_there(u, "gone"));
    assert_content(u, "e/x", "low");
    assert_false(is_there(u, ".wh..wh.plnk"));
    assert_false(is_there(u, "e/.wh..wh.orph"));
    assert_false(is_there(u, "not"));
}

/* The marker first, in the middle, and last: the same tree. */
static void order_does_not_matter(void **state)
{
    struct unpacking *u = *state;

    add_file(&u->layers[0], "d/low", "low");
    add_file(&u->layers[0], "d/both", "low");
    add_file(&u->layers[0], "d/s/low", "low");
    add_file(&u->layers[0], "w/low", "low");
    add_file(&u->layers[0], "f", "low");
    for (int at = 0; at < 3; at++) {
        cprov_buf_reset(&u->layers[1]);
        for (int i = 0; i < 3; i++) {
            if (i == at) {
                add_file(&u->layers[1], "d/.wh..wh..opq", "");
                add_file(&u->layers[1], ".wh.w", "");
                add_file(&u->layers[1], ".wh.f", "");
            }
            if (i == 0)
                add_file(&u->layers[1], "d/both", "new");
            if (i == 1) {
                add_file(&u->layers[1], "d/s/new", "new");
                add_file(&u->layers[1], "w/new", "new");
                add_file(&u->layers[1], "f", "new");
            }
        }
        assert_unpacks(u);
        assert_content(u, "d/both", "new");
        assert_content(u, "d/s/new", "new");
        assert_content(u, "w/new", "new");
        assert_content(u, "f", "new");
        assert_false(is_there(u, "d/low"));
        assert_false(is_there(u, "d/s/low"));
        assert_false(is_there(u, "w/low"));
        assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);
    }
}

static void markers_in_the_first_layer(void **state)
{
    struct unpacking *u = *state;

    add_file(&u->layers[0], "a", "x");
    add_file(&u->layers[0], ".wh.a", "");
    add_file(&u->layers[0], ".wh..wh..opq", "");
    assert_unpacks(u);
    assert_content(u, "a", "x");
}

static void refused_names(void **state)
{
    static const struct member members[] = {
        { .name = "../x" },
        { .name = "/../x" },
        { .name = "a/../../x" },
        { .name = ".." },
        { .name = "" },
        { .name = "." },
        { .type = '2', .name = "/", .link = "x" },
        { .name = ".wh." },
        { .name = ".wh.." },
        { .name = "d/.wh..." },
        { .name = ".wh.d/x" },
        { .type = '1', .name = "h", .link = "../canary" },
        { .type = '1', .name = "h", .link = "missing" },
        { .type = '1', .name = "h", .link = "d" },
        { .type = '1', .name = "f", .link = "./f" },
        { .type = '1', .name = "h", .link = "" },
        { .type = '2', .name = "s", .link = "" },
        { .name = "loop/x" },
    };
    struct unpacking *u = *state;

    for (size_t i = 0; i < CPROV_COUNT(members); i++) {
        cprov_buf_reset(&u->layers[0]);
        add_file(&u->layers[0], "d/in", "x");
        add_file(&u->layers[0], "f", "x");
        add_symlink(&u->layers[0], "loop", "loop");
        add_member(&u->layers[0], members[i]);
        print_message("%s\n", members[i].name);
        assert_int_equal(unpack_layers(u), CPROV_EVERIFY);
        assert_false(is_there(u, ".")); /* nothing is left */
    }
}

static void limits_hold(void **state)
{
    struct unpacking *u = *state;
    char name[300];

    memset(name, 'n', sizeof(name));
    name[90] = '\0';
    add_file(&u->layers[0], name, "0123456789");
    add_file(&u->layers[1], "b", "0123456789");
    u->options.limits = (struct cprov_unpack_limits){ .entries = 2, .bytes = 20, .path_bytes = 90 };
    assert_unpacks(u);
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);
    u->options.limits.entries = 1;
    assert_int_equal(unpack_layers(u), CPROV_ELIMIT);
    u->options.limits = (struct cprov_unpack_limits){ .bytes = 19 };
    assert_int_equal(unpack_layers(u), CPROV_ELIMIT);
    u->options.limits = (struct cprov_unpack_limits){ .path_bytes = 89 };
    assert_int_equal(unpack_layers(u), CPROV_ELIMIT);
    assert_false(is_there(u, "."));
}

static void folder_must_be_empty(void **state)
{
    struct unpacking *u = *state;

    add_file(&u->layers[0], "f", "new");
    assert_int_equal(mkdir(u->dir, 0700), 0);
    assert_unpacks(u); /* there, but empty */
    assert_int_equal(unpack_layers(u), CPROV_EEXISTS);
    assert_content(u, "f", "new");
    u->options.force = true;
    assert_unpacks(u);
    cprov_buf_reset(&u->layers[0]);
    add_file(&u->layers[0], "made/f", "x");
    add_file(&u->layers[0], "../bad", "x");
    assert_int_equal(unpack_layers(u), CPROV_EVERIFY);
    assert_content(u, "f", "new"); /* what was there stays, what was made goes */
    assert_false(is_there(u, "made"));
    write_text(u->base, "file", "no folder");
    snprintf(u->dir, sizeof(u->dir), "%s/file", u->base);
    assert_int_not_equal(unpack_layers(u), 0);
}

static void failure_empties_the_folder(void **state)
{
    struct unpacking *u = *state;

    assert_int_equal(mkdir(u->dir, 0750), 0);
    add_member(&u->layers[0], (struct member){ .type = '5', .name = ".", .mode = 0777 });
    add_member(&u->layers[0], (struct member){ .type = '5', .name = "d", .mode = 0001 });
    add_file(&u->layers[0], "d/f", "x");
    add_file(&u->layers[1], "..", "x");
    assert_int_equal(unpack_layers(u), CPROV_EVERIFY);
    assert_int_equal(stat_of(u, ".").st_mode, S_IFDIR | 0750);
    assert_int_equal(rmdir(u->dir), 0);
}

static void sparse_files(void **state)
{
    struct unpacking *u = *state;

    add_pax(&u->layers[0], "GNU.sparse.map", "1048576,5");
    cprov_buf_reset(&u->layers[0]);
    struct cprov_buf pax;
    cprov_buf_init(&pax, TARBALL_MAX);
    add_record(&pax, "GNU.sparse.map", "3,2,1048576,3", 13);
    add_record(&pax, "GNU.sparse.size", "2097152", 7);
    add_body(&u->layers[0], 'x', pax.ptr, pax.len);
    add_member(&u->layers[0], (struct member){ .name = "s", .content = "abcde", .mode = 0600 });
    cprov_buf_clear(&pax);
    assert_unpacks(u);
    struct stat st = stat_of(u, "s");
    assert_int_equal(st.st_size, 2097152);
    assert_true(st.st_blocks * 512 < 1048576);
    assert_int_equal(u->result.bytes, 5);
    char path[512], text[8] = "";
    snprintf(path, sizeof(path), "%s/s", u->dir);
    int fd = open(path, O_RDONLY);
    assert_int_equal(pread(fd, text, 5, 0), 5);
    assert_memory_equal(text, "\0\0\0ab", 5);
    assert_int_equal(pread(fd, text, 5, 1048575), 5);
    assert_memory_equal(text, "\0cde\0", 5);
    close(fd);
}

static void wrong_content_is_refused(void **state)
{
    struct unpacking *u = *state;
    auto_unpack struct cprov_unpack *unpack = NULL;
    struct cprov_buf copy = u->layers[0];
    struct cprov_layer_source source = { read_span, &copy };
    struct cprov_digest other;

    add_file(&u->layers[0], "f", "x");
    copy = u->layers[0];
    assert_int_equal(cprov_digest_of(CPROV_SHA256, cprov_span_of("other"), &other, &u->err), 0);
    assert_int_equal(cprov_unpack_open(u->dir, &u->options, &unpack, &u->err), 0);
    assert_int_equal(
        cprov_unpack_layer(unpack, CPROV_LAYER_TAR, copy.len, &other, &source, &u->err),
        CPROV_EVERIFY);
    assert_int_equal(
        cprov_unpack_layer(unpack, CPROV_LAYER_TAR, copy.len + 1, &other, &source, &u->err),
        CPROV_EVERIFY); /* the source ends too early */
    assert_int_equal(cprov_unpack_layer(unpack, CPROV_LAYER_GZIP, 0, &other, &source, &u->err),
                     CPROV_EVERIFY);
}

static bool yes(void *arg)
{
    (void)arg;
    return true;
}

static void cancel_is_seen(void **state)
{
    struct unpacking *u = *state;
    const struct cprov_cancel cancel = { yes, NULL };

    add_file(&u->layers[0], "f", "x");
    u->options.cancel = &cancel;
    assert_int_equal(unpack_layers(u), CPROV_ECANCELLED);
    assert_false(is_there(u, "."));
}

static void attribute(const struct unpacking *u, const char *name, const char *key, char out[64])
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", u->dir, name);
    ssize_t n = lgetxattr(path, key, out, 63);
    out[n > 0 ? n : 0] = '\0';
}

static void attributes_and_lists(void **state)
{
    struct unpacking *u = *state;
    char value[64];

    add_pax(&u->layers[0], "SCHILY.xattr.user.a", "one");
    add_member(&u->layers[0], (struct member){ .name = "f", .mode = 0444 });
    add_pax(&u->layers[0], "SCHILY.xattr.user.rootlesscontainers", "forged");
    add_file(&u->layers[0], "forged", "");
    add_pax(&u->layers[0], "SCHILY.acl.access",
            "user::rw-,user:x:r--:7,user:nobody-knows:r--,group::r--,mask::r--,other::---");
    add_member(&u->layers[0], (struct member){ .name = "acl", .mode = 0640 });
    add_pax(&u->layers[0], "SCHILY.acl.default", "user::rwx,group::r-x,other::---");
    add_member(&u->layers[0], (struct member){ .type = '5', .name = "d", .mode = 0755 });
    add_member(&u->layers[0], (struct member){ .name = "d/f", .mode = 0666 });
    assert_unpacks(u);
    attribute(u, "f", "user.a", value);
    assert_true(strcmp(value, "one") == 0 || u->result.xattrs_skipped > 2);
    attribute(u, "forged", "user.rootlesscontainers", value);
    assert_string_equal(value, "");
    assert_int_equal(stat_of(u, "acl").st_mode, S_IFREG | 0640);
    assert_int_equal(stat_of(u, "d/f").st_mode, S_IFREG | 0666); /* it inherits nothing */
    attribute(u, "d/f", "system.posix_acl_access", value);
    assert_string_equal(value, "");
}

static void bad_lists(void **state)
{
    static const char *const lists[] = { "user::rw-", "x", "user::rwz,group::---,other::---",
                                         "user::rw-,group::---,other::---,user:1:r--:4294967295" };
    struct unpacking *u = *state;

    for (size_t i = 0; i < CPROV_COUNT(lists); i++) {
        cprov_buf_reset(&u->layers[0]);
        add_pax(&u->layers[0], "SCHILY.acl.access", lists[i]);
        add_file(&u->layers[0], "f", "");
        print_message("%s\n", lists[i]);
        assert_int_equal(unpack_layers(u), CPROV_EVERIFY);
    }
}

static void owners_as_root(void **state)
{
    struct unpacking *u = *state;
    const struct cprov_id_map map[] = { { 0, 100000, 10 }, { 1000, 5000, 1 } };

    if (geteuid() != 0)
        skip();
    add_member(&u->layers[0], (struct member){ .type = '5', .name = "d", .gid = 5, .mode = 02755 });
    add_member(&u->layers[0], (struct member){ .name = "d/f", .mode = 06755 });
    add_member(&u->layers[0], (struct member){ .name = "g", .uid = 7, .gid = 8, .mode = 06711 });
    add_member(&u->layers[0], (struct member){ .type = '2', .name = "s", .link = "x", .uid = 9 });
    add_member(&u->layers[0],
               (struct member){ .type = '3', .name = "null", .major = 1, .minor = 3 });
    assert_unpacks(u);
    assert_int_equal(stat_of(u, "d/f").st_gid, 0); /* not that of its directory */
    assert_int_equal(stat_of(u, "g").st_uid, 7);
    assert_int_equal(stat_of(u, "g").st_mode, S_IFREG | 06711); /* after the owner */
    assert_int_equal(stat_of(u, "s").st_uid, 9);
    assert_true(u->result.devices_skipped == 1 || stat_of(u, "null").st_rdev == makedev(1, 3));
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);

    u->options.uid_map = u->options.gid_map = map;
    u->options.uid_map_count = u->options.gid_map_count = 2;
    add_member(&u->layers[0], (struct member){ .name = "i/m", .uid = 1000 });
    assert_unpacks(u);
    assert_int_equal(stat_of(u, "g").st_uid, 100007);
    assert_int_equal(stat_of(u, "i").st_uid, 100000);
    assert_int_equal(stat_of(u, "i/m").st_uid, 5000);
    assert_int_equal(stat_of(u, ".").st_uid, 100000);
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);
    add_member(&u->layers[0], (struct member){ .name = "unmapped", .uid = 10 });
    assert_int_equal(unpack_layers(u), CPROV_EINVAL);
}

static void rootless_keeps_owners_beside(void **state)
{
    struct unpacking *u = *state;
    char value[64];

    u->options.rootless = true;
    add_member(&u->layers[0], (struct member){ .name = "f", .uid = 1000, .gid = 5, .mode = 0400 });
    add_member(&u->layers[0], (struct member){ .name = "g", .gid = 5 });
    add_member(&u->layers[0], (struct member){ .name = "root" });
    add_member(&u->layers[0],
               (struct member){ .type = '3', .name = "null", .major = 1, .minor = 3 });
    assert_unpacks(u);
    assert_int_equal(stat_of(u, "f").st_uid, geteuid());
    assert_int_equal(stat_of(u, "f").st_mode, S_IFREG | 0400);
    assert_int_equal(u->result.devices_skipped, 1);
    attribute(u, "f", "user.rootlesscontainers", value);
    if (u->result.owners_skipped == 0) /* the file system has such attributes */
        assert_string_equal(value, "\x08\xe8\x07\x10\x05");
    attribute(u, "g", "user.rootlesscontainers", value);
    if (u->result.owners_skipped == 0)
        assert_string_equal(value, "\x08\xff\xff\xff\xff\x0f\x10\x05");
    attribute(u, "root", "user.rootlesscontainers", value);
    assert_string_equal(value, "");
}

static void windows_names(void **state)
{
    struct unpacking *u = *state;

    u->options.windows = true;
    add_dir(&u->layers[0], "Files/Windows/System32");
    add_pax(&u->layers[0], "MSWINDOWS.fileattr", "32");
    add_file(&u->layers[0], "Files/Windows/System32/a.dll", "one");
    add_file(&u->layers[0], "Files/Windows/a.txt:stream", "beside");
    add_file(&u->layers[1], "files/WINDOWS/system32/A.DLL", "two");
    add_file(&u->layers[1], "Files/windows/new", "x");
    add_file(&u->layers[2], "Files/Windows/.wh.NEW", "");
    assert_unpacks(u);
    assert_content(u, "Files/Windows/System32/a.dll", "two");
    assert_false(is_there(u, "files"));
    assert_false(is_there(u, "Files/Windows/new"));
    assert_content(u, "Files/Windows/a.txt:stream", "beside");
    char path[512];
    struct cprov_buf text;
    snprintf(path, sizeof(path), "%s/.cprov-windows.jsonl", u->dir);
    cprov_buf_init(&text, CPROV_MIB);
    assert_int_equal(cprov_fs_read(AT_FDCWD, path, CPROV_MIB, &text, &u->err), 0);
    assert_non_null(strstr(text.ptr, "{\"path\":\"Files/Windows/System32/a.dll\",\"type\":\"file\","
                                     "\"MSWINDOWS.fileattr\":\"32\"}\n"));
    cprov_buf_clear(&text);
    cprov_buf_reset(&u->layers[0]);
    add_file(&u->layers[0], ".CPROV-windows.jsonl", "");
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, u->dir, &u->err), 0);
    assert_int_equal(unpack_layers(u), CPROV_EVERIFY);
}

#define MARKS 3000

/* As many opaque marks as files: each directory is read once. */
static void A5_many_marks(void **state)
{
    struct unpacking *u = *state;
    clock_t begin = clock();
    char name[32];

    for (int layer = 0; layer < 2; layer++)
        for (unsigned i = 0; i < MARKS; i++) {
            snprintf(name, sizeof(name), "d/%d-%u", layer, i);
            add_member(&u->layers[layer], (struct member){ .name = name });
            if (layer > 0)
                add_member(&u->layers[layer], (struct member){ .name = "d/.wh..wh..opq" });
        }
    assert_unpacks(u);
    assert_false(is_there(u, "d/0-0"));
    assert_true(is_there(u, "d/1-0"));
    assert_true(is_there(u, "d/1-2999"));
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    print_message("%.2f s\n", seconds);
    assert_true(seconds < 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(makes_every_type),
        TEST(umask_has_no_say),
        TEST(types_replace_each_other),
        TEST(last_of_a_name_wins),
        TEST(parents_are_followed_within),
        TEST(whiteouts_hide_lower_layers),
        TEST(order_does_not_matter),
        TEST(markers_in_the_first_layer),
        TEST(refused_names),
        TEST(limits_hold),
        TEST(folder_must_be_empty),
        TEST(failure_empties_the_folder),
        TEST(sparse_files),
        TEST(wrong_content_is_refused),
        TEST(cancel_is_seen),
        TEST(attributes_and_lists),
        TEST(bad_lists),
        TEST(owners_as_root),
        TEST(rootless_keeps_owners_beside),
        TEST(windows_names),
        TEST(A5_many_marks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
