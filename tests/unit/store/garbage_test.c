#include "base/clock.h"
#include "base/limits.h"
#include "store/garbage.h"
#include "tests/unit/store/made.h"

#include "store/store_private.h"

static const char *const base_layers[] = { "base" };
static const char *const web_layers[] = { "base", "web" };

static struct cprov_image image_of(const struct made *m, const char *name)
{
    return image_named(name, "1.0", &m->manifest);
}

static void add(struct fixture *f, const struct made *m, const char *name)
{
    struct cprov_image image = image_of(m, name);

    assert_ok(f, cprov_images_install(f->store, &image, &f->err));
}

static int allow(void *arg, const struct cprov_images *now, struct cprov_error *err)
{
    size_t *seen = arg;

    (void)err;
    *seen = now->count;
    return 0;
}

static int refuse(void *arg, const struct cprov_images *now, struct cprov_error *err)
{
    (void)arg, (void)now;
    return cprov_fail(err, CPROV_EINUSE, "a container needs it");
}

static void take_out(struct fixture *f, const struct made *m, const char *name)
{
    struct cprov_image image = image_of(m, name);
    const struct cprov_image *gone = &image;
    size_t seen = 0;

    assert_ok(f, cprov_images_remove(f->store, &gone, 1, allow, &seen, &f->err));
    assert_true(seen > 0);
}

static struct cprov_garbage collect(struct fixture *f, bool dry_run)
{
    const struct cprov_garbage_options options = { .dry_run = dry_run };
    struct cprov_garbage found = { 0 };

    assert_ok(f, cprov_garbage_collect(f->store, &options, &found, &f->err));
    return found;
}

/* The store of the fixture puts blobs, and so holds the lock: it is closed and opened again. */
static void reopen(struct fixture *f)
{
    cprov_store_close(f->store);
    assert_ok(f, cprov_store_open(f->root, CPROV_STORE_CREATE, NULL, &f->store, &f->err));
}

static void only_what_nobody_names_goes(void **state)
{
    struct fixture *f = *state;
    struct made base = make_image(f, base_layers, 1, "a"), web = make_image(f, web_layers, 2, "b");

    add(f, &base, "base");
    add(f, &web, "web");
    reopen(f);
    assert_int_equal(collect(f, false).blobs, 0);

    take_out(f, &web, "web");
    struct cprov_garbage would = collect(f, true), did = collect(f, false);
    assert_int_equal(would.blobs, 3); /* manifest, config, its own layer */
    assert_int_equal(did.blobs, would.blobs);
    assert_int_equal(did.bytes, would.bytes);
    assert_int_equal(did.bytes, web.manifest.size + web.config.size + web.layers[1].size);
    assert_false(cprov_store_has(f->store, &web.layers[1]));
    assert_true(cprov_store_has(f->store, &base.layers[0]));
    assert_true(cprov_store_has(f->store, &base.manifest));
    assert_int_equal(collect(f, false).blobs, 0);
}

static void a_second_name_keeps_the_bytes(void **state)
{
    struct fixture *f = *state;
    struct made base = make_image(f, base_layers, 1, "a");

    add(f, &base, "one");
    add(f, &base, "two");
    reopen(f);
    take_out(f, &base, "one");
    assert_int_equal(collect(f, false).blobs, 0);
    take_out(f, &base, "two");
    assert_int_equal(collect(f, false).blobs, 3);
}

static void a_refusal_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct made base = make_image(f, base_layers, 1, "a");
    struct cprov_buf before = { 0 }, after = { 0 };
    struct cprov_image image = image_of(&base, "base");
    const struct cprov_image *gone = &image;

    add(f, &base, "base");
    cprov_buf_init(&before, 1 << 16);
    cprov_buf_init(&after, 1 << 16);
    assert_ok(f, cprov_fs_read(f->store->root, CPROV_STORE_INDEX, 1 << 16, &before, &f->err));
    assert_int_equal(cprov_images_remove(f->store, &gone, 1, refuse, NULL, &f->err), CPROV_EINUSE);
    assert_ok(f, cprov_fs_read(f->store->root, CPROV_STORE_INDEX, 1 << 16, &after, &f->err));
    assert_string_equal(cprov_buf_text(&before), cprov_buf_text(&after));
    cprov_buf_clear(&before);
    cprov_buf_clear(&after);
}

static void make_old(struct fixture *f, const struct cprov_descriptor *d)
{
    const struct timespec old[2] = { { .tv_nsec = UTIME_OMIT },
                                     { .tv_sec = cprov_time_now() - 2 * CPROV_GARBAGE_AGE_S } };
    char path[CPROV_BLOB_PATH_MAX];

    assert_int_equal(utimensat(f->store->root, cprov_layout_blob_path(&d->digest, path), old, 0),
                     0);
}

static void a_running_download_keeps_what_is_fresh(void **state)
{
    struct fixture *f = *state;
    struct made base = make_image(f, base_layers, 1, "a"), web = make_image(f, web_layers, 2, "b");
    struct cprov_store *other = NULL;

    reopen(f);
    make_old(f, &base.manifest);
    make_old(f, &web.manifest);
    assert_ok(f, cprov_store_open(f->root, 0, NULL, &other, &f->err));
    assert_ok(f, cprov_store_begin(other, &f->err));
    assert_true(cprov_store_has(other, &web.manifest)); /* it needs this one */

    struct cprov_garbage found = collect(f, false);
    assert_int_equal(found.blobs, 1);
    assert_int_equal(found.kept, 5);
    assert_false(cprov_store_has(f->store, &base.manifest));
    assert_true(cprov_store_has(f->store, &web.manifest));
    cprov_store_close(other);
    assert_int_equal(collect(f, false).blobs, 5);
}

static void a_blob_that_went_stops_the_image(void **state)
{
    struct fixture *f = *state;
    struct made base = make_image(f, base_layers, 1, "a");
    struct cprov_image image = image_of(&base, "base");

    assert_ok(f, cprov_store_discard(f->store, &base.layers[0].digest, &f->err));
    assert_int_equal(cprov_images_install(f->store, &image, &f->err), CPROV_EINUSE);
}

static void what_cannot_be_read_stops_it(void **state)
{
    struct fixture *f = *state;
    struct made base = make_image(f, base_layers, 1, "a"), web = make_image(f, web_layers, 2, "b");
    const struct cprov_garbage_options options = { .dry_run = false };
    struct cprov_garbage found = { 0 };

    add(f, &base, "base");
    reopen(f);
    assert_ok(f, cprov_store_discard(f->store, &base.manifest.digest, &f->err));
    assert_int_equal(cprov_garbage_collect(f->store, &options, &found, &f->err), CPROV_ENOTFOUND);
    assert_non_null(strstr(f->err.msg, "image base 1.0"));
    assert_true(cprov_store_has(f->store, &web.layers[1]));
}

static void strays_and_partials_go(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor want = describe(cprov_span_of("whole"), "");
    struct cprov_blob_writer *w = NULL;

    assert_ok(f, cprov_blob_writer_open(f->store, &want, 0, &w, &f->err));
    assert_ok(f, cprov_blob_writer_write(w, 0, "who", 3, &f->err));
    cprov_blob_writer_close(w);
    reopen(f);
    int fd = openat(f->store->root, "blobs/sha256/stray", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "12345", 5), 5);
    close(fd);

    struct cprov_garbage found = collect(f, false);
    assert_int_equal(found.blobs, 1);
    assert_int_equal(found.partials, 1);
    assert_int_equal(found.bytes, 8);
    found = collect(f, false);
    assert_int_equal(found.blobs + found.partials, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_what_nobody_names_goes),      TEST(a_second_name_keeps_the_bytes),
        TEST(a_refusal_changes_nothing),        TEST(a_running_download_keeps_what_is_fresh),
        TEST(a_blob_that_went_stops_the_image), TEST(what_cannot_be_read_stops_it),
        TEST(strays_and_partials_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
