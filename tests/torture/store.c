/* The store under want of memory: never half a blob, never a damaged index. */
#include "torture.h"

#include "base/error.h"
#include "store/blobs.h"
#include "store/images.h"
#include "store/store.h"

#define BLOB_BYTES 300000 /* more than one chunk of the hash that follows the file */

struct blob {
    char bytes[BLOB_BYTES];
    struct cprov_descriptor descriptor;
    char root[512];
};

static void make_blob(struct blob *b)
{
    uint32_t seed = 1;

    for (size_t i = 0; i < sizeof(b->bytes); i++) {
        seed = seed * 1664525u + 1013904223u;
        b->bytes[i] = (char)(seed >> 24);
    }
    b->descriptor = (struct cprov_descriptor){ .media_type = "application/octet-stream",
                                               .size = sizeof(b->bytes) };
    assert_int_equal(cprov_digest_of(CPROV_SHA256, cprov_span_make(b->bytes, sizeof(b->bytes)),
                                     &b->descriptor.digest, CPROV_IGNORED),
                     0);
    snprintf(b->root, sizeof(b->root), "%s", torture_path("store"));
}

/* --- blobs --- */

static void take_out(void *arg)
{
    const struct blob *b = arg;
    auto_store struct cprov_store *store = NULL;

    assert_int_equal(cprov_store_open(b->root, CPROV_STORE_CREATE, NULL, &store, CPROV_IGNORED), 0);
    if (cprov_store_has(store, &b->descriptor))
        assert_int_equal(cprov_store_discard(store, &b->descriptor.digest, CPROV_IGNORED), 0);
}

static int put(struct cprov_store *store, const struct blob *b, struct cprov_error *err)
{
    auto_blob_writer struct cprov_blob_writer *w = NULL;
    const size_t half = BLOB_BYTES / 2;

    int code = cprov_blob_writer_open(store, &b->descriptor, 0, &w, err);
    if (code < 0)
        assert_null(w);
    if (code == 0)
        code = cprov_blob_writer_restart(w, err); /* an earlier attempt may have left its bytes */
    if (code == 0)
        code = cprov_blob_writer_write(w, 0, b->bytes, half, err);
    if (code == 0)
        code = cprov_blob_writer_write(w, half, b->bytes + half, BLOB_BYTES - half, err);
    if (code == 0)
        code = cprov_blob_writer_finish(w, err);
    if (code == 0)
        code = cprov_store_commit(store, &w, 1, err);
    return code;
}

static int run_put(void *arg, struct cprov_error *err)
{
    const struct blob *b = arg;
    auto_store struct cprov_store *store = NULL;

    int code = cprov_store_open(b->root, CPROV_STORE_CREATE, NULL, &store, err);
    if (code < 0) {
        assert_null(store);
        return code;
    }
    return put(store, b, err);
}

/* There whole, or not at all. */
static void whole_or_not(void *arg, int code)
{
    const struct blob *b = arg;
    auto_store struct cprov_store *store = NULL;
    auto_buf struct cprov_buf bytes = { 0 };

    assert_int_equal(cprov_store_open(b->root, CPROV_STORE_READ, NULL, &store, CPROV_IGNORED), 0);
    bool there = cprov_store_has(store, &b->descriptor);
    assert_true(there || code < 0);
    cprov_buf_init(&bytes, BLOB_BYTES);
    if (there)
        assert_int_equal(
            cprov_store_read_blob(store, &b->descriptor, BLOB_BYTES, &bytes, CPROV_IGNORED), 0);
}

static void blobs(void **state)
{
    struct blob *b = calloc(1, sizeof(*b));

    (void)state;
    assert_non_null(b);
    make_blob(b);
    torture(&(struct torture){ .name = "blob writer",
                               .before = take_out,
                               .run = run_put,
                               .after = whole_or_not,
                               .arg = b,
                               .other_code = CPROV_EFAIL }); /* of the hash, of a thread */
    free(b);
}

/* --- the index --- */

static int run_read(void *arg, struct cprov_error *err)
{
    const struct blob *b = arg;
    auto_store struct cprov_store *store = NULL;
    struct cprov_images *images = NULL;

    int code = cprov_store_open(b->root, CPROV_STORE_READ, NULL, &store, err);
    if (code == 0)
        code = cprov_images_read(store, &images, err);
    if (code < 0) {
        assert_null(images);
        return code;
    }
    assert_int_equal(images->count, 40);
    cprov_images_free(images);
    return 0;
}

static struct cprov_image image_of(const struct blob *b, const char *version)
{
    return (struct cprov_image){ .descriptor = b->descriptor,
                                 .name = "app",
                                 .version = version,
                                 .publisher = "CN=Demo",
                                 .description = "A \"described\" image",
                                 .source = "cat",
                                 .reference = "reg.example/app:1",
                                 .installed = "2024-05-01T10:00:00Z",
                                 .created = "",
                                 .platform = "linux/amd64",
                                 .image_id = "" };
}

/* Forty images in the index. */
static void fill_index(void *arg)
{
    const struct blob *b = arg;
    auto_store struct cprov_store *store = NULL;
    struct cprov_image images[40];
    char versions[40][16];

    take_out(arg);
    for (size_t i = 0; i < CPROV_COUNT(images); i++) {
        snprintf(versions[i], sizeof(versions[i]), "1.%zu", i);
        images[i] = image_of(b, versions[i]);
    }
    torture_write("store/index.json", "{\"schemaVersion\":2,\"manifests\":[],\"more\":[1]}");
    assert_int_equal(cprov_store_open(b->root, CPROV_STORE_CREATE, NULL, &store, CPROV_IGNORED), 0);
    assert_int_equal(put(store, b, CPROV_IGNORED), 0);
    assert_int_equal(cprov_images_add_all(store, images, CPROV_COUNT(images), CPROV_IGNORED), 0);
}

static int run_add(void *arg, struct cprov_error *err)
{
    const struct blob *b = arg;
    auto_store struct cprov_store *store = NULL;
    const struct cprov_image image = image_of(b, "2.0");

    int code = cprov_store_open(b->root, CPROV_STORE_CREATE, NULL, &store, err);
    return code < 0 ? code : cprov_images_add(store, &image, err);
}

static void old_or_new(void *arg, int code)
{
    const struct blob *b = arg;
    auto_store struct cprov_store *store = NULL;
    auto_images struct cprov_images *images = NULL;

    assert_int_equal(cprov_store_open(b->root, CPROV_STORE_READ, NULL, &store, CPROV_IGNORED), 0);
    assert_int_equal(cprov_images_read(store, &images, CPROV_IGNORED), 0);
    assert_int_equal(images->count, code < 0 ? 40 : 41);
}

static void index_file(void **state)
{
    struct blob *b = calloc(1, sizeof(*b));

    (void)state;
    assert_non_null(b);
    make_blob(b);
    fill_index(b);
    torture(&(struct torture){ .name = "reading the index", .run = run_read, .arg = b });
    torture(&(struct torture){ .name = "adding to the index",
                               .before = fill_index,
                               .run = run_add,
                               .after = old_or_new,
                               .arg = b });
    free(b);
}

const struct CMUnitTest torture_store[] = {
    cmocka_unit_test(blobs),
    cmocka_unit_test(index_file),
};
const size_t torture_store_count = CPROV_COUNT(torture_store);
