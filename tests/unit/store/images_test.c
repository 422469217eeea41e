/* tests/unit/store/images_test.c - index.json, ours and others', from many processes. */
#include "store/images.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/lineage.h"
#include "tests/unit/store/made.h"

#define SHA "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define ENTRY                                                                                      \
    "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"" SHA "\","         \
    "\"size\":5"

static struct cprov_images *read_images(struct fixture *f)
{
    struct cprov_images *images = NULL;

    assert_ok(f, cprov_images_read(f->store, &images, &f->err));
    return images;
}

static void add_and_read_again(void **state)
{
    static const struct cprov_annotation extra[] = { { "com.example", "kept" } };
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("m"), CPROV_MT_OCI_MANIFEST);
    struct cprov_image image = image_named("NanoServer", "10.0.10586.8", &d);
    struct cprov_buf text;

    image.descriptor.annotations = extra;
    image.descriptor.annotations_count = 1;
    image.publisher = "Microsoft";
    image.description = "a \"quoted\"\nline";
    image.source = "cat";
    image.reference = "localhost:5000/windows/nanoserver:10.0.10586.8";
    image.installed = "2026-11-23T17:52:00Z";
    image.created = "2024-05-01T10:00:00Z";
    image.platform = "windows(10.0.10586.8)/amd64";
    image.image_id = SHA;
    image.size = 123456789012;
    image.is_os = true;
    assert_ok(f, cprov_images_add(f->store, &image, &f->err));

    auto_images struct cprov_images *images = read_images(f);
    assert_int_equal(images->count, 1);
    const struct cprov_image *got = &images->list[0];
    assert_string_equal(got->name, image.name);
    assert_string_equal(got->version, image.version);
    assert_string_equal(got->publisher, image.publisher);
    assert_string_equal(got->description, image.description);
    assert_string_equal(got->source, image.source);
    assert_string_equal(got->reference, image.reference);
    assert_string_equal(got->installed, image.installed);
    assert_string_equal(got->created, image.created);
    assert_string_equal(got->platform, image.platform);
    assert_string_equal(got->image_id, image.image_id);
    assert_int_equal(got->size, image.size);
    assert_true(got->is_os);
    assert_true(cprov_digest_equal(&got->descriptor.digest, &d.digest));
    assert_string_equal(cprov_annotation_get(got->descriptor.annotations,
                                             got->descriptor.annotations_count, "com.example"),
                        "kept");
    read_file(f, "index.json", &text);
    assert_non_null(strstr(text.ptr, "\"org.opencontainers.image.ref.name\":"
                                     "\"NanoServer:10.0.10586.8\""));
    assert_non_null(strstr(text.ptr, "\"io.containerd.image.name\":\"localhost:5000/"));
    cprov_buf_clear(&text);
}

static void same_image_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor one = describe(cprov_span_of("1"), CPROV_MT_OCI_MANIFEST),
                            two = describe(cprov_span_of("2"), CPROV_MT_OCI_MANIFEST);
    struct cprov_image images[] = {
        image_named("a", "1", &one), image_named("a", "2", &one), image_named("a", "1", &one),
        image_named("a", "1", &two), image_named("A", "1", &one),
    };

    images[2].platform = "linux/arm64";
    assert_ok(f, cprov_images_add_all(f->store, images, 3, &f->err));
    auto_images struct cprov_images *first = read_images(f);
    assert_int_equal(first->count, 3);
    assert_ok(f, cprov_images_add_all(f->store, &images[3], 2, &f->err));
    auto_images struct cprov_images *second = read_images(f);
    assert_int_equal(second->count, 4);
    for (size_t i = 0; i < second->count; i++) {
        const struct cprov_image *image = &second->list[i];
        bool replaced = strcmp(image->name, "a") == 0 && strcmp(image->version, "1") == 0 &&
                        strcmp(image->platform, "linux/amd64") == 0;
        assert_true(
            cprov_digest_equal(&image->descriptor.digest, replaced ? &two.digest : &one.digest));
    }
    /* twice in one call: the last one holds */
    struct cprov_image twice[] = { images[0], images[3], images[0] };
    assert_ok(f, cprov_images_add_all(f->store, twice, 3, &f->err));
    auto_images struct cprov_images *third = read_images(f);
    assert_int_equal(third->count, 4);
    assert_ok(f, cprov_images_add_all(f->store, NULL, 0, &f->err));
}

static void sorted_for_people(void **state)
{
    static const struct {
        const char *name, *version;
    } given[] = { { "b", "1.9" },  { "B", "1" },   { "a", "latest" },
                  { "b", "1.10" }, { "a", "2.0" }, { "c", "" } },
      expected[] = { { "a", "2.0" },  { "a", "latest" }, { "B", "1" },
                     { "b", "1.10" }, { "b", "1.9" },    { "c", "" } };
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("m"), CPROV_MT_OCI_MANIFEST);

    for (size_t i = 0; i < CPROV_COUNT(given); i++) {
        struct cprov_image image = image_named(given[i].name, given[i].version, &d);
        assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    }
    auto_images struct cprov_images *images = read_images(f);
    assert_int_equal(images->count, CPROV_COUNT(expected));
    for (size_t i = 0; i < images->count; i++) {
        assert_string_equal(images->list[i].name, expected[i].name);
        assert_string_equal(images->list[i].version, expected[i].version);
    }
}

/* B14, B15: as skopeo, regctl, oras, ctr and docker save name them; PLACE: the folder. */
#define PLACE ""

static void names_entries_of_others(void **state)
{
    static const struct {
        const char *annotations, *name, *version;
    } cases[] = {
        { "\"org.opencontainers.image.ref.name\":\"alpine:3.20\"", "alpine", "3.20" },
        { "\"org.opencontainers.image.ref.name\":\"latest\"", PLACE, "latest" },
        { "\"org.opencontainers.image.ref.name\":\"edge\"", PLACE, "edge" },
        { "\"org.opencontainers.image.ref.name\":\"team/app@" SHA "\"", "team/app", "latest" },
        { "\"org.opencontainers.image.ref.name\":\"docker.io/library/a@" SHA "\"", "library/a",
          "latest" },
        { "\"org.opencontainers.image.ref.name\":\"host:5000/team/app\"", "host:5000/team/app",
          "latest" },
        { "\"org.opencontainers.image.ref.name\":\"host:5000/team/app:1\"", "host:5000/team/app",
          "1" },
        { "\"org.opencontainers.image.ref.name\":\":1\"", ":1", "latest" },
        { "\"org.opencontainers.image.ref.name\":\"\"", PLACE, "latest" },
        { "\"org.opencontainers.image.ref.name\":\"3.20\","
          "\"io.containerd.image.name\":\"docker.io/library/alpine:3.20\"",
          "library/alpine", "3.20" },
        { "\"io.containerd.image.name\":\"ghcr.io/a/b:1\"", "ghcr.io/a/b", "1" },
        { "\"org.opencontainers.image.ref.name\":\"@" SHA "\","
          "\"io.containerd.image.name\":\"docker.io/team/app@" SHA "\"",
          "team/app", "latest" },
        { "\"org.opencontainers.image.ref.name\":\"" SHA "\","
          "\"io.containerd.image.name\":\"ghcr.io/a/b@" SHA "\"",
          "ghcr.io/a/b", "latest" },
        { "\"org.opencontainers.image.ref.name\":\"@" SHA "\"", PLACE, "latest" },
        { "\"org.opencontainers.image.ref.name\":\"x\",\"org.opencontainers.image.version\":\"7\"",
          PLACE, "x" },
        { "", PLACE, "latest" },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        char text[1024];

        print_message("%s\n", cases[i].annotations);
        snprintf(text, sizeof(text),
                 "{\"schemaVersion\":2,\"manifests\":[{" ENTRY ",\"annotations\":{%s}}]}",
                 cases[i].annotations);
        write_file(f, "index.json", cprov_span_of(text));
        auto_images struct cprov_images *images = read_images(f);
        assert_int_equal(images->count, 1);
        const char *place = strrchr(cprov_store_root(f->store), '/') + 1;
        assert_string_equal(images->list[0].name, *cases[i].name ? cases[i].name : place);
        assert_string_equal(images->list[0].version, cases[i].version);
        assert_string_equal(images->list[0].publisher, "");
        assert_string_equal(images->list[0].platform, "");
    }
}

static void keeps_what_it_does_not_know(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("m"), CPROV_MT_OCI_MANIFEST);
    struct cprov_image image = image_named("new", "1", &d);
    struct cprov_buf text;

    write_file(f, "index.json",
               cprov_span_of("{\"x-first\":{\"deep\":[1,-2.50,null]},\"schemaVersion\":2,"
                             "\"manifests\":[{" ENTRY ",\"x-mine\":true,\"annotations\":"
                             "{\"org.opencontainers.image.ref.name\":\"theirs\"}}],"
                             "\"annotations\":{\"a\":\"b\"}}"));
    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    read_file(f, "index.json", &text);
    assert_non_null(strstr(text.ptr, "\"x-first\":{\"deep\":[1,-2.50,null]}"));
    assert_non_null(strstr(text.ptr, "{" ENTRY ",\"x-mine\":true,\"annotations\":"
                                     "{\"org.opencontainers.image.ref.name\":\"theirs\"}}"));
    assert_non_null(strstr(text.ptr, "\"annotations\":{\"a\":\"b\"}"));
    assert_null(strstr(text.ptr, "mediaType\":\"application/vnd.oci.image.index"));
    struct cprov_buf again;
    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    read_file(f, "index.json", &again);
    assert_string_equal(text.ptr, again.ptr);
    cprov_buf_clear(&text);
    cprov_buf_clear(&again);
    auto_images struct cprov_images *images = read_images(f);
    assert_int_equal(images->count, 2);
}

static void a_ref_name_stands_for_one_thing(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("m"), CPROV_MT_OCI_MANIFEST);
    struct cprov_image image = image_named("alpine", "3.20", &d);

    write_file(f, "index.json",
               cprov_span_of("{\"schemaVersion\":2,\"manifests\":[{" ENTRY ",\"annotations\":"
                             "{\"org.opencontainers.image.ref.name\":\"alpine:3.20\"}}]}"));
    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    auto_images struct cprov_images *images = read_images(f);
    assert_int_equal(images->count, 1);
    assert_true(cprov_digest_equal(&images->list[0].descriptor.digest, &d.digest));
}

static void damage_is_told(void **state)
{
    static const struct {
        const char *text, *place;
        int code;
    } cases[] = {
        { "", NULL, 0 },
        { "{}", NULL, 0 },
        { "{\"manifests\":null}", NULL, 0 },
        { "{\"manifests\":{}}", "manifests", CPROV_EVERIFY },
        { "[]", "index.json", CPROV_EVERIFY },
        { "{\"schemaVersion\":1}", "schemaVersion", CPROV_EVERIFY },
        { "{\"manifests\":[", "index.json", CPROV_EVERIFY },
        { "{\"manifests\":[{" ENTRY "},{}]}", "manifests[1]", CPROV_EVERIFY },
        { "{\"manifests\":[7]}", "manifests[0]", CPROV_EVERIFY },
        { "{\"manifests\":[{\"mediaType\":\"a\",\"digest\":\"md5:1\",\"size\":5}]}", "manifests[0]",
          CPROV_EVERIFY },
    };
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("m"), CPROV_MT_OCI_MANIFEST);
    struct cprov_image image = image_named("new", "1", &d);

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_images *images = NULL;
        struct cprov_buf back;

        print_message("%s\n", cases[i].text);
        write_file(f, "index.json", cprov_span_of(cases[i].text));
        assert_int_equal(cprov_images_read(f->store, &images, &f->err), cases[i].code);
        if (cases[i].code == 0) {
            assert_int_equal(images->count, 0);
            cprov_images_free(images);
            continue;
        }
        assert_null(images);
        assert_non_null(strstr(f->err.msg, cases[i].place));
        assert_int_equal(cprov_images_add(f->store, &image, &f->err), cases[i].code);
        read_file(f, "index.json", &back); /* never made worse */
        assert_string_equal(back.ptr, cases[i].text);
        cprov_buf_clear(&back);
    }
    char path[256];
    assert_int_equal(unlink(path_in(f, "index.json", path)), 0);
    auto_images struct cprov_images *images = read_images(f);
    assert_int_equal(images->count, 0);
}

static int add_twenty(const char *root, int process)
{
    struct cprov_store *s = NULL;
    int code = cprov_store_open(root, 0, NULL, &s, CPROV_IGNORED);

    for (int i = 0; i < 20 && code == 0; i++) {
        struct cprov_descriptor d = { .media_type = CPROV_MT_OCI_MANIFEST };
        char name[32];

        snprintf(name, sizeof(name), "p%d-%d", process, i);
        struct cprov_image image = image_named(name, "1", &d);
        code = cprov_images_add(s, &image, CPROV_IGNORED);
    }
    cprov_store_close(s);
    return code;
}

static void no_update_is_lost(void **state)
{
    struct fixture *f = *state;
    pid_t pids[8];

    for (int p = 0; p < 8; p++) {
        pids[p] = fork();
        if (pids[p] == 0)
            _exit(add_twenty(f->root, p) != 0);
    }
    for (int p = 0; p < 8; p++)
        assert_int_equal(wait_for(pids[p]), 0);
    auto_images struct cprov_images *images = read_images(f);
    assert_int_equal(images->count, 160);
    for (size_t i = 1; i < images->count; i++)
        assert_string_not_equal(images->list[i - 1].name, images->list[i].name);
}

/* The lock file may be unlinked by an export that ends: the next holder makes a new one. */
static void no_update_is_lost_in_an_export(void **state)
{
    struct fixture *f = *state;
    pid_t pids[4];

    for (int p = 0; p < 4; p++) {
        pids[p] = fork();
        if (pids[p] == 0) {
            int code = 0;
            for (int i = 0; i < 10 && code == 0; i++) {
                struct cprov_descriptor d = { .media_type = CPROV_MT_OCI_MANIFEST };
                struct cprov_store *s = NULL;
                char name[32];

                snprintf(name, sizeof(name), "p%d-%d", p, i);
                struct cprov_image image = image_named(name, "1", &d);
                code = cprov_store_open(f->root, CPROV_STORE_CREATE | CPROV_STORE_EXPORT, NULL, &s,
                                        CPROV_IGNORED);
                if (code == 0)
                    code = cprov_images_add(s, &image, CPROV_IGNORED);
                cprov_store_close(s);
            }
            _exit(code != 0);
        }
    }
    for (int p = 0; p < 4; p++)
        assert_int_equal(wait_for(pids[p]), 0);
    auto_images struct cprov_images *images = read_images(f);
    assert_int_equal(images->count, 40);
}

static void finds_the_parent(void **state)
{
    static const char *const layers[] = { "one", "two", "three" };
    struct fixture *f = *state;
    struct made made[] = {
        make_image(f, layers, 1, "base"),          make_image(f, layers, 2, "middle"),
        make_image(f, layers, 3, "top"),           make_image(f, layers, 3, "twin of top"),
        make_image(f, layers + 1, 2, "unrelated"),
    };
    static const char *const names[] = { "base", "middle", "top", "twin", "unrelated", "broken" };
    static const struct {
        const char *name, *parent;
    } expected[] = { { "base", NULL },     { "middle", "base" },  { "top", "middle" },
                     { "twin", "middle" }, { "unrelated", NULL }, { "broken", NULL } };
    struct cprov_descriptor missing = describe(cprov_span_of("none"), CPROV_MT_OCI_MANIFEST);

    for (size_t i = 0; i < CPROV_COUNT(names); i++) {
        struct cprov_image image =
            image_named(names[i], "1", i < CPROV_COUNT(made) ? &made[i].manifest : &missing);
        assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    }
    auto_images struct cprov_images *images = read_images(f);
    auto_lineage struct cprov_lineage *lineage = NULL;
    assert_ok(f, cprov_lineage_new(f->store, images, &lineage, &f->err));
    for (size_t i = 0; i < images->count; i++) {
        const struct cprov_image *parent = cprov_lineage_parent(lineage, i);

        for (size_t k = 0; k < CPROV_COUNT(expected); k++) {
            if (strcmp(expected[k].name, images->list[i].name) != 0)
                continue;
            print_message("%s\n", expected[k].name);
            if (expected[k].parent)
                assert_string_equal(parent->name, expected[k].parent);
            else
                assert_null(parent);
        }
    }
}

static void lists_ten_thousand(void **state)
{
    struct fixture *f = *state;
    struct cprov_image *images = calloc(10000, sizeof(*images));
    char(*names)[32] = calloc(10000, sizeof(*names));

    assert_non_null(images);
    assert_non_null(names);
    for (size_t i = 0; i < 10000; i++) {
        struct cprov_descriptor d = { .media_type = CPROV_MT_OCI_MANIFEST, .size = i };

        memcpy(d.digest.raw, &i, sizeof(i));
        snprintf(names[i], sizeof(names[i]), "team/image-%05zu", i * 7919 % 10000);
        images[i] = image_named(names[i], "10.0.10586.8", &d);
        images[i].reference = "registry.example.com/team/image:10.0.10586.8";
        images[i].publisher = "Someone";
    }
    assert_ok(f, cprov_images_add_all(f->store, images, 1000, &f->err));
    assert_ok(f, cprov_images_add_all(f->store, images + 1000, 9000, &f->err));
    int64_t before = cprov_clock_ms();
    auto_images struct cprov_images *got = read_images(f);
    print_message("%lld ms\n", (long long)(cprov_clock_ms() - before));
    assert_int_equal(got->count, 10000);
    assert_string_equal(got->list[0].name, "team/image-00000");
    assert_string_equal(got->list[9999].name, "team/image-09999");
    free(images);
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(add_and_read_again),
        TEST(same_image_is_replaced),
        TEST(sorted_for_people),
        TEST(names_entries_of_others),
        TEST(keeps_what_it_does_not_know),
        TEST(a_ref_name_stands_for_one_thing),
        TEST(damage_is_told),
        TEST(no_update_is_lost),
        TEST(no_update_is_lost_in_an_export),
        TEST(finds_the_parent),
        TEST(lists_ten_thousand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
