/* tests/unit/engine/runtime_config_test.c - config.json of a bundle, and who its process is. */
#include "engine/runtime_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "engine/passwd_private.h"

#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}"

struct rootfs {
    char path[64];
    int fd;
};

static void put(const struct rootfs *r, const char *name, const char *text)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    assert_int_equal(cprov_fs_replace(r->fd, name, cprov_span_of(text), 0644, &err), 0);
}

static int setup(void **state)
{
    struct rootfs *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    snprintf(r->path, sizeof(r->path), "/tmp/cprov-bundle-test-XXXXXX");
    assert_non_null(mkdtemp(r->path));
    r->fd = open(r->path, O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(r->fd, "etc", 0755), 0);
    put(r, "etc/passwd",
        "# people\nroot:x:0:0:root:/root:/bin/sh\nshort:x\napp:x:1000:1001:App:/home/app:/bin/sh\n"
        "77:x:1200:1201:a name of digits:/d:\nbad:x:-1:0::/:\nhome:x:1300:1300::relative:\n");
    put(r, "etc/group",
        "root:x:0:\napp:x:1001:\nextra:x:1500:app\nmore:x:1600:x,app\nown:x:1001:app\n9:x:90:\n");
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rootfs *r = *state;
    struct cprov_error err = CPROV_ERROR_INIT;

    close(r->fd);
    assert_int_equal(cprov_fs_remove_tree(AT_FDCWD, r->path, &err), 0);
    free(r);
    return 0;
}

static void finds_users(void **state)
{
    static const struct {
        const char *text;
        uint32_t uid, gid;
        const char *home;
        size_t groups;
    } cases[] = {
        { "", 0, 0, "/root", 0 },
        { "root", 0, 0, "/root", 0 },
        { "0", 0, 0, "/root", 0 },
        { "app", 1000, 1001, "/home/app", 2 },
        { "1000", 1000, 1001, "/home/app", 2 },
        { "app:", 1000, 1001, "/home/app", 2 },
        { "app:extra", 1000, 1500, "/home/app", 0 },
        { "1000:1000", 1000, 1000, "/home/app", 0 },
        { "app:9", 1000, 90, "/home/app", 0 },
        { "4242", 4242, 0, "/", 0 },
        { "4242:4343", 4242, 4343, "/", 0 },
        { ":extra", 0, 1500, "/root", 0 },
        { "77", 1200, 1201, "/d", 0 },
        { "home", 1300, 1300, "/", 0 },
        { "2147483647", 2147483647, 0, "/", 0 },
    };
    const struct rootfs *r = *state;

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_arena arena = { 0 };
        struct cprov_user user;

        print_message("'%s'\n", cases[i].text);
        assert_int_equal(cprov_user_find(r->fd, cases[i].text, &arena, &user, &err), 0);
        assert_int_equal(user.uid, cases[i].uid);
        assert_int_equal(user.gid, cases[i].gid);
        assert_string_equal(user.home, cases[i].home);
        assert_int_equal(user.groups_count, cases[i].groups);
        if (user.groups_count == 2) {
            assert_int_equal(user.groups[0], 1500);
            assert_int_equal(user.groups[1], 1600);
        }
        cprov_arena_clear(&arena);
    }
}

static void refuses_users(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *named;
    } cases[] = {
        { "nobody", CPROV_ENOTFOUND, "etc/passwd" },
        { "short", CPROV_ENOTFOUND, "etc/passwd" },
        { "bad", CPROV_ENOTFOUND, "etc/passwd" },
        { "app:nogroup", CPROV_ENOTFOUND, "etc/group" },
        { "2147483648", CPROV_EVERIFY, "too large" },
        { "0:99999999999", CPROV_EVERIFY, "too large" },
        { "-1", CPROV_ENOTFOUND, "etc/passwd" },
    };
    const struct rootfs *r = *state;

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_arena arena = { 0 };
        struct cprov_user user = { .uid = 7 };

        print_message("'%s'\n", cases[i].text);
        assert_int_equal(cprov_user_find(r->fd, cases[i].text, &arena, &user, &err), cases[i].code);
        assert_non_null(strstr(err.msg, cases[i].named));
        assert_int_equal(user.uid, 7);
        cprov_arena_clear(&arena);
    }
}

/* Neither a link out of the root file system nor something that is no file is read. */
static void stays_inside(void **state)
{
    const struct rootfs *r = *state;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_arena arena = { 0 };
    struct cprov_user user;
    char outside[128];

    snprintf(outside, sizeof(outside), "%s.outside", r->path);
    assert_int_equal(
        cprov_fs_replace(AT_FDCWD, outside, cprov_span_of("out:x:5:5::/:\n"), 0644, &err), 0);
    assert_int_equal(unlinkat(r->fd, "etc/passwd", 0), 0);
    assert_int_equal(symlinkat(outside, r->fd, "etc/passwd"), 0);
    assert_int_equal(cprov_user_find(r->fd, "out", &arena, &user, &err), CPROV_ENOTFOUND);
    unlink(outside);

    put(r, "people", "in:x:6:6::/:\n");
    assert_int_equal(unlinkat(r->fd, "etc/passwd", 0), 0);
    assert_int_equal(symlinkat("/../people", r->fd, "etc/passwd"), 0);
    assert_int_equal(cprov_user_find(r->fd, "in", &arena, &user, &err), 0);
    assert_int_equal(user.uid, 6);

    assert_int_equal(unlinkat(r->fd, "etc/passwd", 0), 0);
    assert_int_equal(mkfifoat(r->fd, "etc/passwd", 0644), 0);
    assert_int_equal(cprov_user_find(r->fd, "in", &arena, &user, &err), CPROV_ENOTFOUND);
    assert_int_equal(cprov_user_find(r->fd, "", &arena, &user, &err), 0);
    assert_string_equal(user.home, "/");
    cprov_arena_clear(&arena);
}

/* --- the document --- */

struct made {
    struct cprov_buf text;
    struct cprov_arena arena;
    struct cprov_json *root;
    size_t dropped;
};

static void make(const struct rootfs *r, const char *config, const struct cprov_runtime_options *to,
                 struct made *out)
{
    auto_image_config struct cprov_image_config *c = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    assert_int_equal(cprov_image_config_parse(cprov_span_of(config), &c, &err), 0);
    *out = (struct made){ .root = NULL };
    cprov_buf_init(&out->text, CPROV_CONFIG_MAX);
    if (cprov_runtime_config_write(c, r->fd, to, &out->text, &out->dropped, &err) != 0)
        fail_msg("%s", err.msg);
    assert_int_equal(cprov_json_parse(cprov_buf_span(&out->text), &out->arena, &out->root, &err),
                     0);
}

static void made_clear(struct made *m)
{
    cprov_buf_clear(&m->text);
    cprov_arena_clear(&m->arena);
}

/* Follows "process.args.1"; NULL when there is no such value. */
static const struct cprov_json *at(const struct made *m, const char *path)
{
    const struct cprov_json *v = m->root;
    struct cprov_span rest = cprov_span_of(path), item;

    while (v && cprov_span_next(&rest, '.', &item)) {
        const struct cprov_json *next = v->child;
        uint64_t n;

        if (v->type == CPROV_JSON_ARRAY && cprov_span_u64(item, &n))
            for (; next && n > 0; n--)
                next = next->next;
        else
            while (next && !cprov_span_equal(next->key, item))
                next = next->next;
        v = next;
    }
    return v;
}

static void assert_text(const struct made *m, const char *path, const char *want)
{
    const struct cprov_json *v = at(m, path);

    print_message("%s\n", path);
    assert_non_null(v);
    if (!cprov_span_is(v->text, want))
        fail_msg("%s is '%.*s'", path, CPROV_SPAN_ARG(v->text));
}

/* Whether a member of the array has the text, or an object with it as its `key`. */
static bool lists(const struct made *m, const char *path, const char *key, const char *text)
{
    const struct cprov_json *v = at(m, path);

    for (v = v ? v->child : NULL; v; v = v->next) {
        const struct cprov_json *item = key ? cprov_json_get(v, key) : v;

        if (item && cprov_span_is(item->text, text))
            return true;
    }
    return false;
}

static void writes_what_the_image_says(void **state)
{
    const struct cprov_runtime_options to = { 0 };
    struct made m;

    make(*state,
         "{\"os\":\"linux\",\"architecture\":\"amd64\",\"author\":\"me\","
         "\"created\":\"2020-01-01T00:00:00Z\",\"config\":{\"User\":\"app\",\"Env\":[\"A=\\\"b\"],"
         "\"Entrypoint\":[\"/bin/x\"],\"Cmd\":[\"y\",\"\"],\"WorkingDir\":\"w\","
         "\"Labels\":{\"k\":\"v\",\"org.opencontainers.image.author\":\"label\"},"
         "\"Volumes\":{\"/data\":{},\"rel\":{}},\"StopSignal\":\"SIGINT\","
         "\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}," ROOTFS "}",
         &to, &m);
    assert_text(&m, "ociVersion", "1.0.2");
    assert_text(&m, "root.path", "rootfs");
    assert_text(&m, "process.args.0", "/bin/x");
    assert_text(&m, "process.args.2", "");
    assert_null(at(&m, "process.args.3"));
    assert_text(&m, "process.cwd", "/w");
    assert_text(&m, "process.user.uid", "1000");
    assert_text(&m, "process.user.gid", "1001");
    assert_text(&m, "process.user.additionalGids.1", "1600");
    assert_true(lists(&m, "process.env", NULL, "A=\"b"));
    assert_true(lists(&m, "process.env", NULL, "HOME=/home/app"));
    assert_true(lists(&m, "process.capabilities.bounding", NULL, "CAP_CHOWN"));
    assert_null(at(&m, "process.capabilities.ambient"));
    assert_true(lists(&m, "mounts", "destination", "/data"));
    assert_true(lists(&m, "mounts", "destination", "/rel"));
    assert_true(lists(&m, "mounts", "destination", "/proc"));
    assert_true(lists(&m, "linux.namespaces", "type", "network"));
    assert_false(lists(&m, "linux.namespaces", "type", "user"));
    assert_null(at(&m, "windows"));
    const struct cprov_json *a = at(&m, "annotations");
    assert_string_equal(cprov_json_get_text(a, "org.opencontainers.image.author"), "label");
    assert_string_equal(cprov_json_get_text(a, "org.opencontainers.image.stopSignal"), "SIGINT");
    assert_string_equal(cprov_json_get_text(a, "org.opencontainers.image.exposedPorts"),
                        "80/tcp,53/udp");
    assert_null(cprov_json_get(a, "k"));
    assert_int_equal(m.dropped, 1);
    made_clear(&m);
}

/* S1: crun loads a library for one of these, others change the runtime or what it may do. */
static void S1_labels_that_runtimes_obey(void **state)
{
    static const char *const hand[] = { "k=first", "run.oci.keep_original_groups=1", "k=a=b",
                                        "org.opencontainers.image.os=mine",
                                        "org.opencontainers.image.title=ours" };
    struct cprov_runtime_options to = { 0 };
    struct made m;

    to.annotations = hand;
    to.annotations_count = CPROV_COUNT(hand);
    make(*state,
         "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Labels\":{"
         "\"run.oci.seccomp.plugins\":\"/proc/self/cwd/rootfs/e.so\",\"run.oci.handler\":\"krun\","
         "\"run.oci.hooks.stderr\":\"/x\",\"org.systemd.property.DeviceAllow\":\"x\","
         "\"org.criu.config\":\"/x\",\"io.katacontainers.config.hypervisor.path\":\"/x\","
         "\"org.opencontainers.imagex\":\"1\",\"ORG.opencontainers.image.x\":\"1\","
         "\"org.opencontainers.image.title\":\"theirs\","
         "\"org.opencontainers.image.version\":\"1\"}}," ROOTFS "}",
         &to, &m);
    const struct cprov_json *a = at(&m, "annotations");
    assert_int_equal(m.dropped, 8);
    assert_string_equal(cprov_json_get_text(a, "org.opencontainers.image.version"), "1");
    assert_string_equal(cprov_json_get_text(a, "org.opencontainers.image.title"), "ours");
    assert_string_equal(cprov_json_get_text(a, "org.opencontainers.image.os"), "mine");
    assert_string_equal(cprov_json_get_text(a, "run.oci.keep_original_groups"), "1");
    assert_string_equal(cprov_json_get_text(a, "k"), "a=b");
    for (const struct cprov_json *v = a->child; v; v = v->next)
        assert_true(cprov_span_starts_with(v->key, "org.opencontainers.image.") ||
                    cprov_span_is(v->key, "k") ||
                    cprov_span_is(v->key, "run.oci.keep_original_groups"));
    made_clear(&m);
}

static void has_defaults(void **state)
{
    const struct cprov_runtime_options to = { 0 };
    struct made m;

    make(*state, "{\"os\":\"linux\"," ROOTFS "}", &to, &m);
    assert_text(&m, "process.args.0", "sh");
    assert_text(&m, "process.cwd", "/");
    assert_text(&m, "process.user.uid", "0");
    assert_null(at(&m, "process.user.additionalGids"));
    assert_true(lists(&m, "process.env", NULL, "HOME=/root"));
    assert_true(strstr(m.text.ptr, "\"PATH=/usr/local/sbin:") != NULL);
    assert_null(at(&m, "annotations.k"));
    made_clear(&m);
}

static void maps_ids(void **state)
{
    const struct cprov_id_map map[] = { { 0, 100000, 1000 }, { 1000, 5, 1 } };
    struct cprov_runtime_options to = { 0 };
    struct made m;

    to.uid_map = map;
    to.uid_map_count = 2;
    to.gid_map = map;
    to.gid_map_count = 1;
    make(*state, "{\"os\":\"linux\"," ROOTFS "}", &to, &m);
    assert_true(lists(&m, "linux.namespaces", "type", "user"));
    assert_true(lists(&m, "linux.namespaces", "type", "network"));
    assert_text(&m, "linux.uidMappings.0.hostID", "100000");
    assert_text(&m, "linux.uidMappings.1.containerID", "1000");
    assert_text(&m, "linux.gidMappings.0.size", "1000");
    assert_null(at(&m, "linux.gidMappings.1"));
    made_clear(&m);
}

static void runs_without_root(void **state)
{
    struct cprov_runtime_options to = { 0 };
    struct made m;
    char uid[16];

    to.rootless = true;
    make(*state, "{\"os\":\"linux\",\"config\":{\"User\":\"app\"}," ROOTFS "}", &to, &m);
    snprintf(uid, sizeof(uid), "%u", geteuid());
    assert_true(lists(&m, "linux.namespaces", "type", "user"));
    assert_false(lists(&m, "linux.namespaces", "type", "network"));
    assert_text(&m, "linux.uidMappings.0.hostID", uid);
    assert_text(&m, "linux.uidMappings.0.size", "1");
    assert_null(at(&m, "linux.resources"));
    assert_null(at(&m, "process.user.additionalGids"));
    assert_false(lists(&m, "mounts", "destination", "/sys/fs/cgroup"));
    assert_null(strstr(m.text.ptr, "gid=5"));
    made_clear(&m);
}

static void windows_is_another_section(void **state)
{
    const struct cprov_runtime_options to = { 0 };
    struct made m;

    make(*state,
         "{\"os\":\"windows\",\"config\":{\"User\":\"ContainerUser\",\"Cmd\":[\"cmd\"],"
         "\"WorkingDir\":\"C:\\\\app\"}," ROOTFS "}",
         &to, &m);
    assert_text(&m, "process.user.username", "ContainerUser");
    assert_text(&m, "process.cwd", "C:\\app");
    assert_text(&m, "windows.layerFolders.0", "rootfs");
    assert_null(at(&m, "linux"));
    assert_null(at(&m, "mounts"));
    assert_null(at(&m, "process.capabilities"));
    made_clear(&m);
}

/* Nothing is there to read when the user is not known. */
static void fails_cleanly(void **state)
{
    size_t dropped = 7;
    const struct rootfs *r = *state;
    const struct cprov_runtime_options to = { 0 };
    auto_image_config struct cprov_image_config *c = NULL;
    auto_buf struct cprov_buf out = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&out, CPROV_CONFIG_MAX);
    assert_int_equal(cprov_image_config_parse(
                         cprov_span_of("{\"config\":{\"User\":\"nobody\"}," ROOTFS "}"), &c, &err),
                     0);
    assert_int_equal(cprov_runtime_config_write(c, r->fd, &to, &out, &dropped, &err),
                     CPROV_ENOTFOUND);
    assert_int_equal(out.len, 0);
    struct cprov_buf tiny = { 0 };
    cprov_buf_init(&tiny, 16);
    c->user = "";
    assert_int_equal(cprov_runtime_config_write(c, r->fd, &to, &tiny, &dropped, &err),
                     CPROV_ELIMIT);
    assert_int_equal(dropped, 7);
    cprov_buf_clear(&tiny);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_users),
        TEST(refuses_users),
        TEST(stays_inside),
        TEST(writes_what_the_image_says),
        TEST(S1_labels_that_runtimes_obey),
        TEST(has_defaults),
        TEST(maps_ids),
        TEST(runs_without_root),
        TEST(windows_is_another_section),
        TEST(fails_cleanly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
