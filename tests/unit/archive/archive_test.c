/* tests/unit/archive/archive_test.c - the archive, read by ourselves and by others. */
#include "archive/archive.h"

#include <dirent.h>

#include "tests/unit/store/made.h"

static const char *const layers[] = { "first layer", "second layer" };

/* The content of a file in a tar, found by its header; "" when it is not there. */
static struct cprov_span find_in_tar(struct cprov_span tar, const char *name)
{
    for (size_t at = 0; at + 512 <= tar.len && tar.ptr[at];) {
        const char *header = tar.ptr + at;
        size_t size = 0;

        for (int i = 0; i < 11; i++)
            size = size * 8 + (size_t)(header[124 + i] - '0');
        if (strncmp(header, name, 100) == 0)
            return cprov_span_make(header + 512, size);
        at += 512 + (size + 511) / 512 * 512;
    }
    return cprov_span_make("", 0);
}

static bool contains(struct cprov_span text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static struct cprov_image sample(struct fixture *f, struct made *m)
{
    *m = make_image(f, layers, 2, "one");
    struct cprov_image image = image_named("library/alpine", "3.20", &m->manifest);
    image.reference = "docker.io/library/alpine:3.20";
    image.installed = "2026-11-23T17:52:00Z";
    image.image_id = m->image_id;
    return image;
}

static void count_progress(void *arg, uint64_t done, uint64_t total)
{
    uint64_t *last = arg;

    assert_true(done > *last && done <= total);
    *last = done;
}

static void holds_everything(void **state)
{
    struct fixture *f = *state;
    struct cprov_buf tar, again;
    char path[256], name[256];
    uint64_t done = 0;
    struct made m;

    struct cprov_image image = sample(f, &m);
    path_in(f, "a.tar", path);
    assert_ok(f, cprov_archive_write(f->store, &image, 1, path, count_progress, &done, &f->err));
    assert_int_equal(done, m.manifest.size + m.config.size + m.layers[0].size + m.layers[1].size);
    read_file(f, "a.tar", &tar);
    struct cprov_span bytes = cprov_buf_span(&tar);
    assert_true(cprov_span_starts_with(bytes, "oci-layout"));
    assert_true(
        cprov_span_is(find_in_tar(bytes, "oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}"));
    struct cprov_span index = find_in_tar(bytes, "index.json");
    assert_true(contains(index, "\"org.opencontainers.image.ref.name\":\"library/alpine:3.20\""));
    assert_true(contains(index, "\"io.containerd.image.name\":\"docker.io/library/alpine:3.20\""));
    assert_false(contains(index, "2026-11-23"));
    struct cprov_span list = find_in_tar(bytes, "manifest.json");
    assert_true(contains(list, "\"RepoTags\":[\"alpine:3.20\"]"));
    assert_true(contains(list, blob_name(&m.config, name)));
    assert_true(contains(list, blob_name(&m.layers[1], name)));
    for (int i = 0; i < 2; i++)
        assert_int_equal(find_in_tar(bytes, blob_name(&m.layers[i], name)).len, m.layers[i].size);

    /* the same again, later, over the first */
    image.installed = "2027-01-01T00:00:00Z";
    assert_ok(f, cprov_archive_write(f->store, &image, 1, path, NULL, NULL, &f->err));
    read_file(f, "a.tar", &again);
    assert_int_equal(tar.len, again.len);
    assert_memory_equal(tar.ptr, again.ptr, tar.len);
    cprov_buf_clear(&tar);
    cprov_buf_clear(&again);
}

static void repo_tags_follow_docker(void **state)
{
    static const struct {
        const char *name, *version, *reference, *expected;
    } cases[] = {
        { "NanoServer", "10.0", "", "\"RepoTags\":[]" }, /* upper case is no repository */
        { "a", "1", "", "\"RepoTags\":[\"a:1\"]" },
        { "a", "", "", "\"RepoTags\":[\"a:latest\"]" },
        { "A", "1", "localhost:5000/x/y:1", "\"RepoTags\":[\"localhost:5000/x/y:1\"]" },
        { "a", "1",
          "ghcr.io/a/b:2@sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
          "\"RepoTags\":[\"ghcr.io/a/b:2\"]" },
    };
    struct fixture *f = *state;
    struct made m;
    char path[256];

    struct cprov_image image = sample(f, &m);
    path_in(f, "a.tar", path);
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_buf tar;

        print_message("%s %s\n", cases[i].name, cases[i].reference);
        image.name = cases[i].name;
        image.version = cases[i].version;
        image.reference = cases[i].reference;
        assert_ok(f, cprov_archive_write(f->store, &image, 1, path, NULL, NULL, &f->err));
        read_file(f, "a.tar", &tar);
        assert_true(
            contains(find_in_tar(cprov_buf_span(&tar), "manifest.json"), cases[i].expected));
        cprov_buf_clear(&tar);
    }
}

static void several_images_share_blobs(void **state)
{
    struct fixture *f = *state;
    struct made one = make_image(f, layers, 2, "one"), two = make_image(f, layers, 1, "two");
    struct cprov_image images[] = { image_named("one", "1", &one.manifest),
                                    image_named("two", "1", &two.manifest) };
    struct cprov_buf tar, text;
    char path[256];

    path_in(f, "a.tar", path);
    assert_ok(f, cprov_archive_write(f->store, images, 2, path, NULL, NULL, &f->err));
    read_file(f, "a.tar", &tar);
    assert_true(contains(find_in_tar(cprov_buf_span(&tar), "manifest.json"), "\"two:1\""));
    cprov_buf_clear(&tar);

    /* an index cannot be told in Docker's words */
    cprov_buf_init(&text, 1 << 16);
    cprov_buf_add_text(&text, "{\"schemaVersion\":2,\"mediaType\":\"" CPROV_MT_OCI_INDEX
                              "\",\"manifests\":[");
    add_descriptor(&text, &one.manifest);
    cprov_buf_add_text(&text, "]}");
    struct cprov_descriptor index = put(f, cprov_buf_span(&text), CPROV_MT_OCI_INDEX);
    cprov_buf_clear(&text);
    images[0].descriptor = index;
    assert_ok(f, cprov_archive_write(f->store, images, 2, path, NULL, NULL, &f->err));
    read_file(f, "a.tar", &tar);
    assert_int_equal(find_in_tar(cprov_buf_span(&tar), "manifest.json").len, 0);
    cprov_buf_clear(&tar);
}

static size_t count_files(const struct fixture *f, const char *name)
{
    char path[256];
    size_t count = 0;
    DIR *dir = opendir(path_in(f, name, path));

    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir));)
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static void damage_leaves_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct cprov_buf back;
    char path[256], name[256];
    struct made m;

    struct cprov_image image = sample(f, &m);
    assert_int_equal(mkdir(path_in(f, "out", path), 0755), 0);
    path_in(f, "out/a.tar", path);
    write_file(f, "out/a.tar", cprov_span_of("the old one"));

    read_file(f, blob_name(&m.layers[1], name), &back);
    back.ptr[5] ^= 1;
    write_file(f, name, cprov_buf_span(&back));
    assert_int_equal(cprov_archive_write(f->store, &image, 1, path, NULL, NULL, &f->err),
                     CPROV_EVERIFY);
    unlink(path_in(f, name, path));
    path_in(f, "out/a.tar", path);
    assert_int_equal(cprov_archive_write(f->store, &image, 1, path, NULL, NULL, &f->err),
                     CPROV_ENOTFOUND);
    cprov_buf_clear(&back);
    read_file(f, "out/a.tar", &back);
    assert_string_equal(back.ptr, "the old one");
    cprov_buf_clear(&back);
    assert_int_equal(count_files(f, "out"), 1);

    static const char *const bad[] = { "", "out/", "none/a.tar" };
    for (size_t i = 0; i < CPROV_COUNT(bad); i++) {
        snprintf(name, sizeof(name), "%s%s%s", *bad[i] ? f->root : "", *bad[i] ? "/" : "", bad[i]);
        print_message("'%s'\n", name);
        assert_int_not_equal(cprov_archive_write(f->store, &image, 1, name, NULL, NULL, &f->err),
                             0);
    }
}

/* Runs a program without a shell; its exit status, 127 when it is not there. */
static int run(const char *const argv[])
{
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, 1);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return wait_for(pid);
}

static void others_can_read_it(void **state)
{
    struct fixture *f = *state;
    char path[256], archive[400], docker[400], copy[400], layout[400];
    struct made m;

    struct cprov_image image = sample(f, &m);
    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    path_in(f, "a.tar", path);
    assert_ok(f, cprov_archive_write(f->store, &image, 1, path, NULL, NULL, &f->err));
    const char *version[] = { "skopeo", "--version", NULL };
    if (run(version) != 0) {
        print_message("skipped: no skopeo here\n");
        skip();
    }
    snprintf(archive, sizeof(archive), "oci-archive:%s:library/alpine:3.20", path);
    snprintf(docker, sizeof(docker), "docker-archive:%s:docker.io/library/alpine:3.20", path);
    snprintf(layout, sizeof(layout), "oci:%s:library/alpine:3.20", f->root);
    snprintf(copy, sizeof(copy), "dir:%s/copy", f->root);
    const char *const commands[][6] = {
        { "skopeo", "inspect", archive, NULL },
        { "skopeo", "inspect", docker, NULL },
        { "skopeo", "inspect", layout, NULL },
        { "skopeo", "--insecure-policy", "copy", archive, copy, NULL },
    };
    for (size_t i = 0; i < CPROV_COUNT(commands); i++) {
        print_message("%s %s\n", commands[i][0], commands[i][2]);
        assert_int_equal(run(commands[i]), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(holds_everything),           TEST(repo_tags_follow_docker),
        TEST(several_images_share_blobs), TEST(damage_leaves_nothing_behind),
        TEST(others_can_read_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
