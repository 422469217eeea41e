/* tests/unit/archive/packed_test.c - layouts and archives, read where they lie. */
#include "archive/packed.h"

#include "archive/archive.h"
#include "tests/unit/store/made.h"
#include "tests/unit/store/tarball.h"

static const char *const layers[] = { "first layer", "second layer" };

static const struct cprov_image *only_image(const struct cprov_packed *p)
{
    size_t count;
    const struct cprov_image *images = cprov_packed_images(p, &count);

    assert_int_equal(count, 1);
    return images;
}

static int open_path(struct fixture *f, const char *name, struct cprov_packed **out)
{
    char path[256];

    f->err = (struct cprov_error)CPROV_ERROR_INIT;
    return cprov_packed_open(path_in(f, name, path), NULL, out, &f->err);
}

/* Every blob gets into a store of its own, and is what it should be. */
static void copy_all(struct fixture *f, struct cprov_packed *p, const struct made *m,
                     const char *name)
{
    auto_store struct cprov_store *to = NULL;
    const struct cprov_descriptor *all[] = { &m->config, &m->layers[0], &m->layers[1] };
    char path[256];

    assert_ok(f, cprov_store_open(path_in(f, name, path), CPROV_STORE_CREATE, NULL, &to, &f->err));
    for (size_t i = 0; i < CPROV_COUNT(all); i++) {
        struct cprov_blob_writer *w = NULL;

        assert_ok(f, cprov_packed_copy_blob(to, p, all[i], &w, &f->err));
        assert_non_null(w);
        assert_ok(f, cprov_store_commit(to, &w, 1, &f->err));
        cprov_blob_writer_close(w);
        assert_true(cprov_store_has(to, all[i]));
        assert_ok(f, cprov_packed_copy_blob(to, p, all[i], &w, &f->err)); /* is there */
        assert_null(w);
    }
}

static void check_image(struct fixture *f, struct cprov_packed *p, const struct made *m,
                        const char *copy)
{
    const struct cprov_image *image = only_image(p);
    struct cprov_buf text;

    assert_string_equal(image->name, "NanoServer");
    assert_string_equal(image->version, "10.0.1");
    assert_true(cprov_digest_equal(&image->descriptor.digest, &m->manifest.digest));
    cprov_buf_init(&text, CPROV_MIB);
    assert_ok(f, cprov_packed_read(p, &m->manifest.digest, CPROV_MIB, &text, &f->err));
    assert_int_equal(text.len, m->manifest.size);
    cprov_buf_clear(&text);
    copy_all(f, p, m, copy);
}

static struct made installed(struct fixture *f)
{
    struct made m = make_image(f, layers, 2, "one");
    struct cprov_image image = { .descriptor = m.manifest,
                                 .name = "NanoServer",
                                 .version = "10.0.1",
                                 .publisher = "",
                                 .description = "",
                                 .source = "",
                                 .reference = "",
                                 .installed = "",
                                 .created = "",
                                 .platform = "",
                                 .image_id = m.image_id };

    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    return m;
}

static void layouts_and_archives(void **state)
{
    struct fixture *f = *state;
    auto_packed struct cprov_packed *layout = NULL, *archive = NULL, *packed = NULL;
    auto_images struct cprov_images *images = NULL;
    struct made m = installed(f);
    struct cprov_buf tar;
    char path[256];

    assert_ok(f, cprov_packed_open(f->root, NULL, &layout, &f->err));
    check_image(f, layout, &m, "a");
    assert_ok(f, cprov_images_read(f->store, &images, &f->err));
    assert_ok(f, cprov_archive_write(f->store, images->list, 1, path_in(f, "x.tar", path), NULL,
                                     NULL, &f->err));
    assert_ok(f, open_path(f, "x.tar", &archive));
    check_image(f, archive, &m, "b");
    read_file(f, "x.tar", &tar);
    struct cprov_span gzip = gzip_of(cprov_buf_span(&tar));
    write_file(f, "x.tar.gz", gzip);
    assert_ok(f, open_path(f, "x.tar.gz", &packed));
    check_image(f, packed, &m, "c");
    free_bytes(gzip);
    cprov_buf_clear(&tar);
}

#define CONFIG_FORMAT                                                                              \
    "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","                \
    "\"diff_ids\":[\"%s\",\"%s\"]}}"

/* As docker save of before the layout wrote it: layers as plain tars, one of them by a link. */
static struct made make_saved(struct fixture *f, const char *name, const char *tags)
{
    struct made m = { 0 };
    char id[2][CPROV_DIGEST_TEXT_MAX], config[1024];
    struct cprov_buf tar, json;

    for (int i = 0; i < 2; i++) {
        m.layers[i] = describe(cprov_span_of(layers[i]), CPROV_MT_OCI_LAYER);
        cprov_digest_format(&m.layers[i].digest, id[i]);
    }
    snprintf(config, sizeof(config), CONFIG_FORMAT, id[0], id[1]);
    m.config = describe(cprov_span_of(config), CPROV_MT_OCI_CONFIG);
    cprov_buf_init(&json, CPROV_MIB);
    cprov_buf_addf(&json,
                   "[{\"Config\":\"c.json\",\"RepoTags\":%s,\"Layers\":[\"1/layer.tar\","
                   "\"2/layer.tar\"]}]",
                   tags);
    cprov_buf_init(&tar, TARBALL_MAX);
    add_member(&tar, (struct member){ .name = "./1/layer.tar", .content = layers[0] });
    add_member(&tar, (struct member){ .name = "3/layer.tar", .content = layers[1] });
    add_member(&tar,
               (struct member){ .type = '2', .name = "2/layer.tar", .link = "../3/layer.tar" });
    add_member(&tar, (struct member){ .name = "c.json", .content = config });
    add_member(&tar, (struct member){ .name = "manifest.json", .content = cprov_buf_text(&json) });
    add_end(&tar);
    write_file(f, name, cprov_buf_span(&tar));
    cprov_buf_clear(&tar);
    cprov_buf_clear(&json);
    return m;
}

static void what_docker_saved(void **state)
{
    struct fixture *f = *state;
    auto_packed struct cprov_packed *p = NULL, *again = NULL, *nameless = NULL;
    struct cprov_buf text;
    struct made m = make_saved(f, "d.tar", "[\"reg.example/team/app:1.0\",\"alpine:3\"]");
    size_t count;

    assert_ok(f, open_path(f, "d.tar", &p));
    const struct cprov_image *images = cprov_packed_images(p, &count);
    assert_int_equal(count, 2);
    assert_string_equal(images[0].name, "reg.example/team/app");
    assert_string_equal(images[0].version, "1.0");
    assert_string_equal(images[1].name, "library/alpine");
    assert_true(cprov_digest_equal(&images[0].descriptor.digest, &images[1].descriptor.digest));
    cprov_buf_init(&text, CPROV_MIB);
    assert_ok(f, cprov_packed_read(p, &images[0].descriptor.digest, CPROV_MIB, &text, &f->err));
    assert_ok(f, cprov_descriptor_check(&images[0].descriptor, cprov_buf_span(&text), &f->err));
    assert_non_null(strstr(text.ptr, CPROV_MT_OCI_LAYER));
    cprov_buf_clear(&text);
    copy_all(f, p, &m, "copy");

    assert_ok(f, open_path(f, "d.tar", &again));
    assert_true(cprov_digest_equal(&images[0].descriptor.digest,
                                   &cprov_packed_images(again, &count)->descriptor.digest));
    make_saved(f, "n.tar", "null");
    assert_ok(f, open_path(f, "n.tar", &nameless));
    assert_string_equal(only_image(nameless)->name, "n"); /* as the file is called */
    assert_string_equal(only_image(nameless)->version, "latest");
}

static void a_changed_layer_is_seen(void **state)
{
    struct fixture *f = *state;
    auto_packed struct cprov_packed *p = NULL;
    auto_store struct cprov_store *to = NULL;
    struct made m = make_saved(f, "d.tar", "[\"a:1\"]");
    struct cprov_blob_writer *w = NULL;
    struct cprov_buf tar;
    char path[256];

    read_file(f, "d.tar", &tar);
    char *at = memmem(tar.ptr, tar.len, layers[0], strlen(layers[0]));
    assert_non_null(at);
    *at = 'F';
    write_file(f, "d.tar", cprov_buf_span(&tar));
    cprov_buf_clear(&tar);
    assert_ok(f, open_path(f, "d.tar", &p));
    assert_ok(f, cprov_store_open(path_in(f, "s", path), CPROV_STORE_CREATE, NULL, &to, &f->err));
    assert_int_equal(cprov_packed_copy_blob(to, p, &m.layers[0], &w, &f->err), CPROV_EVERIFY);
    assert_null(w);
    assert_false(cprov_store_has(to, &m.layers[0]));
}

static void expect_refusal(struct fixture *f, const char *name, int code, const char *says)
{
    struct cprov_packed *p = NULL;

    int found = open_path(f, name, &p);
    print_message("%s: %s\n", name, f->err.msg);
    assert_int_equal(found, code);
    assert_non_null(strstr(f->err.msg, says));
    assert_null(p);
}

static void what_is_none(void **state)
{
    static const struct {
        const char *name, *member, *content, *says;
        int code;
    } table[] = {
        { "other.tar", "hello.txt", "x", "not an image archive", CPROV_EVERIFY },
        { "nojson.tar", "manifest.json", "{", "manifest.json", CPROV_EVERIFY },
        { "object.tar", "manifest.json", "{}", "is not a list", CPROV_EVERIFY },
        { "B25.tar", "manifest.json", "[]", "contains no image", CPROV_EVERIFY },
        { "nothing.tar", "manifest.json", "[{\"Config\":\"c.json\"}]", "c.json", CPROV_EVERIFY },
        { "number.tar", "manifest.json", "[{\"Config\":7}]", "is not in the archive",
          CPROV_EVERIFY },
        { "loop.tar", "manifest.json", "[{\"Config\":\"loop\"}]", "loop", CPROV_EVERIFY },
    };
    struct fixture *f = *state;
    struct cprov_buf tar;

    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        cprov_buf_init(&tar, TARBALL_MAX);
        add_member(&tar, (struct member){ .name = table[i].member, .content = table[i].content });
        add_member(&tar, (struct member){ .type = '2', .name = "loop", .link = "loop" });
        add_end(&tar);
        write_file(f, table[i].name, cprov_buf_span(&tar));
        cprov_buf_clear(&tar);
        expect_refusal(f, table[i].name, table[i].code, table[i].says);
    }
    expect_refusal(f, "missing", CPROV_ENOTFOUND, "missing");
    expect_refusal(f, "blobs", CPROV_EVERIFY, "no oci-layout");
    make_saved(f, "d.tar", "[\"a:1\"]");
    read_file(f, "d.tar", &tar);
    write_file(f, "cut.tar", cprov_span_make(tar.ptr, 515));
    expect_refusal(f, "cut.tar", CPROV_EVERIFY, "cut off");
    write_file(f, "noise.tar", cprov_span_make(tar.ptr + 100, 4000));
    expect_refusal(f, "noise.tar", CPROV_EVERIFY, "noise.tar");
    struct cprov_span gzip = gzip_of(cprov_buf_span(&tar));
    write_file(f, "cut.gz", cprov_span_make(gzip.ptr, gzip.len / 2));
    expect_refusal(f, "cut.gz", CPROV_EVERIFY, "cut.gz");
    free_bytes(gzip);
    cprov_buf_clear(&tar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(layouts_and_archives),
        TEST(what_docker_saved),
        TEST(a_changed_layer_is_seen),
        TEST(what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
