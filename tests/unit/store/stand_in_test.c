/* tests/unit/store/stand_in_test.c - an image of Docker's types and the OCI index beside it. */
#include "store/stand_in.h"

#include "base/limits.h"
#include "store/restore.h"
#include "tests/unit/store/made.h"

#define SHA(digit) "sha256:" digit digit digit digit digit digit digit digit
#define EIGHT(d)   d d d d d d d d
#define CHILD(digit, arch)                                                                         \
    "{\"mediaType\":\"" CPROV_MT_DOCKER_MANIFEST                                                   \
    "\",\"digest\":\"" SHA(EIGHT(digit)) "\","                                                     \
                                         "\"size\":5,\"platform\":{\"architecture\":\"" arch       \
                                         "\",\"os\":\"linux\"}}"

static struct cprov_descriptor put_docker(struct fixture *f, const char *author)
{
    struct cprov_buf text;

    cprov_buf_init(&text, 4096);
    cprov_buf_addf(&text,
                   "{\"schemaVersion\":2,\"mediaType\":\"" CPROV_MT_DOCKER_MANIFEST "\","
                   "\"config\":{\"mediaType\":\"" CPROV_MT_DOCKER_CONFIG
                   "\",\"digest\":\"" SHA(EIGHT("a")) "\",\"size\":%zu},\"layers\":[]}",
                   strlen(author));
    struct cprov_descriptor d = put(f, cprov_buf_span(&text), CPROV_MT_DOCKER_MANIFEST);
    cprov_buf_clear(&text);
    return d;
}

static size_t count_of(const char *text, const char *word)
{
    size_t n = 0;

    for (const char *p = text; (p = strstr(p, word)); p++)
        n++;
    return n;
}

static void assert_file_has(struct fixture *f, const char *word, size_t count)
{
    struct cprov_buf text;

    read_file(f, "index.json", &text);
    assert_int_equal(count_of(text.ptr, word), count);
    cprov_buf_clear(&text);
}

/* The bytes of the index beside the only image. */
static void read_stand_in(struct fixture *f, struct cprov_buf *out)
{
    struct cprov_images *images = NULL;

    assert_ok(f, cprov_images_read(f->store, &images, &f->err));
    assert_int_equal(images->count, 1);
    assert_non_null(images->list[0].stand_in);
    cprov_buf_init(out, CPROV_MIB);
    assert_ok(f,
              cprov_store_read_blob(f->store, images->list[0].stand_in, CPROV_MIB, out, &f->err));
    cprov_images_free(images);
}

static void one_image_with_two_entries(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = put_docker(f, "one");
    struct cprov_image image = image_named("team/app", "1.0", &d);
    struct cprov_buf text;

    image.reference = "registry.example/team/app:1.0";
    for (int i = 0; i < 2; i++) { /* the second time nothing changes */
        assert_ok(f, cprov_images_add(f->store, &image, &f->err));
        assert_file_has(f, "\"mediaType\"", 3);
        assert_file_has(f, "\"org.opencontainers.image.ref.name\":\"team/app:1.0\"", 1);
        assert_file_has(f, "io.containerd.image.name", 1);
        assert_file_has(f, CPROV_ANN_STANDS_FOR, 1);
    }
    auto_images struct cprov_images *images = NULL;
    assert_ok(f, cprov_images_read(f->store, &images, &f->err));
    assert_int_equal(images->count, 1);
    assert_true(cprov_digest_equal(&images->list[0].descriptor.digest, &d.digest));
    assert_string_equal(images->list[0].name, "team/app");
    assert_string_equal(images->list[0].version, "1.0");
    read_stand_in(f, &text);
    assert_non_null(strstr(text.ptr, CPROV_MT_OCI_INDEX));
    assert_null(strstr(text.ptr, "platform"));
    cprov_buf_clear(&text);
}

static void a_list_keeps_its_platforms(void **state)
{
    static const char list[] =
        "{\"schemaVersion\":2,\"mediaType\":\"" CPROV_MT_DOCKER_LIST
        "\",\"manifests\":[" CHILD("1", "amd64") "," CHILD("2", "arm64") "]}";
    struct fixture *f = *state;
    struct cprov_descriptor d = put(f, cprov_span_of(list), CPROV_MT_DOCKER_LIST);
    struct cprov_image image = image_named("app", "", &d);
    struct cprov_buf text;

    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    read_stand_in(f, &text);
    assert_non_null(strstr(text.ptr, CHILD("1", "amd64") "," CHILD("2", "arm64")));
    assert_file_has(f, "\"org.opencontainers.image.ref.name\":\"app\"", 1);
    cprov_buf_clear(&text);
}

static void goes_with_its_image(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor docker = put_docker(f, "one"), other = put_docker(f, "other");
    struct cprov_descriptor oci = put(f, cprov_span_of("{}"), CPROV_MT_OCI_MANIFEST);
    struct cprov_image images[] = { image_named("app", "1", &docker),
                                    image_named("app", "1", &docker),
                                    image_named("app", "2", &docker), image_named("app", "1", &oci),
                                    image_named("app", "1", &other) };

    images[1].platform = "linux/arm64";
    assert_ok(f, cprov_images_add_all(f->store, images, 3, &f->err));
    assert_file_has(f, "\"io.container-provider.name\"", 6);
    assert_ok(f, cprov_images_add(f->store, &images[4], &f->err));
    assert_file_has(f, "\"io.container-provider.name\"", 6);
    assert_ok(f, cprov_images_add(f->store, &images[3], &f->err));
    assert_file_has(f, "\"io.container-provider.name\"", 5);
    auto_images struct cprov_images *left = NULL;
    assert_ok(f, cprov_images_read(f->store, &left, &f->err));
    assert_int_equal(left->count, 3);
    for (size_t i = 0; i < left->count; i++)
        assert_true(!left->list[i].stand_in == (left->list[i].descriptor.size == 2));
}

static void alone_it_is_an_image(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = put_docker(f, "one");
    struct cprov_image image = image_named("app", "1", &d);
    struct cprov_buf text;

    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    read_file(f, "index.json", &text); /* without the line of the Docker image */
    char *line = strstr(text.ptr, "{\"mediaType\""), *next = strchr(line, '\n') + 1;
    memmove(line, next, strlen(next) + 1);
    write_file(f, "index.json", cprov_span_of(text.ptr));
    cprov_buf_clear(&text);
    auto_images struct cprov_images *images = NULL;
    assert_ok(f, cprov_images_read(f->store, &images, &f->err));
    assert_int_equal(images->count, 1);
    assert_string_equal(images->list[0].name, "app");
    assert_string_equal(images->list[0].descriptor.media_type, CPROV_MT_OCI_INDEX);
}

static void a_manifest_that_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = describe(cprov_span_of("m"), CPROV_MT_DOCKER_MANIFEST);
    struct cprov_image image = image_named("app", "1", &d);

    assert_int_equal(cprov_images_add(f->store, &image, &f->err), CPROV_ENOTFOUND);
    assert_file_has(f, "digest", 0);
}

static void restored_as_one(void **state)
{
    struct fixture *f = *state;
    struct cprov_restored restored = { 0 };
    struct cprov_descriptor d = put_docker(f, "one");
    struct cprov_image image = image_named("app", "1", &d);
    char path[256];

    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
    assert_int_equal(unlink(path_in(f, "index.json", path)), 0);
    assert_ok(f, cprov_store_restore(f->store, &restored, &f->err));
    assert_int_equal(restored.images, 1);
    assert_false(restored.by_digest);
    assert_file_has(f, CPROV_ANN_STANDS_FOR, 1);

    assert_int_equal(unlink(path_in(f, "index.json", path)), 0);
    assert_int_equal(unlink(path_in(f, "cprov/index.last", path)), 0);
    assert_ok(f, cprov_store_restore(f->store, &restored, &f->err));
    assert_int_equal(restored.images, 1);
    assert_true(restored.by_digest);
    assert_file_has(f, CPROV_MT_DOCKER_MANIFEST, 1);
    assert_file_has(f, CPROV_ANN_STANDS_FOR, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_image_with_two_entries),   TEST(a_list_keeps_its_platforms),
        TEST(goes_with_its_image),          TEST(alone_it_is_an_image),
        TEST(a_manifest_that_is_not_there), TEST(restored_as_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
