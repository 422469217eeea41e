/* tests/unit/store/check_test.c - every way in which a store can be wrong is found. */
#include "store/check.h"

#include <signal.h>
#include <unistd.h>

#include "tests/unit/store/made.h"

#define FINDINGS_MAX 32

struct findings {
    size_t count;
    struct {
        enum cprov_check_kind kind;
        char image[32]; /* "" for the store as a whole */
        struct cprov_digest blob;
        char text[256];
    } list[FINDINGS_MAX];
    uint64_t last_done, total;
};

static void note(void *arg, const struct cprov_check_finding *finding)
{
    struct findings *all = arg;

    print_message("found %d: %s\n", (int)finding->kind, finding->text);
    assert_true(all->count < FINDINGS_MAX);
    all->list[all->count].kind = finding->kind;
    snprintf(all->list[all->count].image, sizeof(all->list[0].image), "%s",
             finding->image ? finding->image->name : "");
    snprintf(all->list[all->count].text, sizeof(all->list[0].text), "%s", finding->text);
    if (finding->blob)
        all->list[all->count].blob = finding->blob->digest;
    all->count++;
}

static void count_progress(void *arg, uint64_t done, uint64_t total)
{
    struct findings *all = arg;

    assert_true(done >= all->last_done);
    assert_true(done <= total);
    all->last_done = done;
    all->total = total;
}

static struct cprov_check_result check(struct fixture *f, const bool *selected,
                                       struct findings *out)
{
    auto_images struct cprov_images *images = NULL;
    struct cprov_check_result result = { 0 };

    memset(out, 0, sizeof(*out));
    assert_ok(f, cprov_images_read(f->store, &images, &f->err));
    struct cprov_check_request request = { .images = images,
                                           .selected = selected,
                                           .found = note,
                                           .progress = count_progress,
                                           .arg = out };
    assert_ok(f, cprov_store_check(f->store, &request, &result, &f->err));
    assert_int_equal(result.bad, out->count);
    return result;
}

static void add(struct fixture *f, const char *name, const struct cprov_descriptor *d)
{
    struct cprov_image image = image_named(name, "1", d);

    assert_ok(f, cprov_images_add(f->store, &image, &f->err));
}

static const char *const layers[] = { "first layer", "second layer" };

static void nothing_to_find(void **state)
{
    struct fixture *f = *state;
    struct findings all;

    struct cprov_check_result r = check(f, NULL, &all);
    assert_int_equal(r.images + r.blobs + r.bad + r.bytes, 0);
    struct made one = make_image(f, layers, 2, "one"), two = make_image(f, layers, 1, "two");
    add(f, "one", &one.manifest);
    add(f, "two", &two.manifest);
    r = check(f, NULL, &all);
    assert_int_equal(r.bad, 0);
    assert_int_equal(r.images, 2);
    assert_int_equal(r.blobs, 6); /* the first layer is shared, and read once */
    assert_int_equal(r.bytes, one.manifest.size + one.config.size + one.layers[0].size +
                                  one.layers[1].size + two.manifest.size + two.config.size);
    assert_int_equal(all.last_done, r.bytes);
    assert_int_equal(all.total, r.bytes);
    const bool selected[] = { true, false };
    r = check(f, selected, &all);
    assert_int_equal(r.images, 1);
    assert_int_equal(r.blobs, 4);
}

static void big_layers_are_read_in_parallel(void **state)
{
    struct fixture *f = *state;
    struct findings all;

    for (uint32_t i = 0; i < 12; i++) {
        struct cprov_span bytes = make_bytes(300000 + i, i);
        put(f, bytes, "");
        free_bytes(bytes);
    }
    struct cprov_check_result r = check(f, NULL, &all);
    assert_int_equal(r.bad, 0);
    assert_int_equal(r.blobs, 12);
}

static void damage(struct fixture *f, const struct cprov_descriptor *d, enum cprov_check_kind how)
{
    char name[256], path[256];
    struct cprov_buf bytes;

    path_in(f, blob_name(d, name), path);
    if (how == CPROV_CHECK_MISSING) {
        assert_int_equal(unlink(path), 0);
        return;
    }
    read_file(f, name, &bytes);
    if (how == CPROV_CHECK_SIZE)
        bytes.len--;
    else
        bytes.ptr[bytes.len / 2] ^= 1;
    write_file(f, name, cprov_buf_span(&bytes));
    cprov_buf_clear(&bytes);
}

static void finds_damaged_blobs(void **state)
{
    static const enum cprov_check_kind kinds[] = { CPROV_CHECK_MISSING, CPROV_CHECK_SIZE,
                                                   CPROV_CHECK_DIGEST };
    struct fixture *f = *state;
    struct made one = make_image(f, layers, 2, "one"), two = make_image(f, layers, 1, "two");
    const struct cprov_descriptor *const victims[] = { &one.manifest, &one.config, &one.layers[1],
                                                       &one.layers[0] };
    struct findings all;

    add(f, "one", &one.manifest);
    add(f, "two", &two.manifest);
    for (size_t v = 0; v < CPROV_COUNT(victims); v++) {
        for (size_t k = 0; k < CPROV_COUNT(kinds); k++) {
            char name[256];
            struct cprov_buf before;

            print_message("blob %zu, damage %d\n", v, (int)kinds[k]);
            read_file(f, blob_name(victims[v], name), &before);
            damage(f, victims[v], kinds[k]);
            const bool selected[] = { true, true };
            struct cprov_check_result r = check(f, selected, &all);
            assert_int_equal(r.bad, victims[v] == &one.layers[0] ? 2 : 1); /* one per image */
            for (size_t i = 0; i < all.count; i++) {
                assert_int_equal(all.list[i].kind, kinds[k]);
                assert_true(cprov_digest_equal(&all.list[i].blob, &victims[v]->digest));
            }
            assert_string_equal(all.list[0].image, "one");
            write_file(f, name, cprov_buf_span(&before));
            cprov_buf_clear(&before);
        }
    }
    assert_int_equal(check(f, NULL, &all).bad, 0);
}

/* An image whose config and manifest are given as texts; %s in the manifest is the config. */
static struct cprov_descriptor put_image(struct fixture *f, const char *config_text,
                                         const struct cprov_descriptor *layer)
{
    struct cprov_buf text;

    struct cprov_descriptor config = put(f, cprov_span_of(config_text), CPROV_MT_OCI_CONFIG);
    cprov_buf_init(&text, 1 << 16);
    cprov_buf_add_text(&text, "{\"schemaVersion\":2,\"mediaType\":\"" CPROV_MT_OCI_MANIFEST
                              "\",\"config\":");
    add_descriptor(&text, &config);
    cprov_buf_add_text(&text, ",\"layers\":[");
    add_descriptor(&text, layer);
    cprov_buf_add_text(&text, "]}");
    struct cprov_descriptor d = put(f, cprov_buf_span(&text), CPROV_MT_OCI_MANIFEST);
    cprov_buf_clear(&text);
    return d;
}

#define CONFIG(ids)                                                                                \
    "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","                \
    "\"diff_ids\":[" ids "]}}"
#define ZEROS "\"sha256:0000000000000000000000000000000000000000000000000000000000000000\""

static void finds_what_does_not_fit(void **state)
{
    static const struct {
        const char *config;
        const char *layer; /* bytes */
        enum cprov_check_kind kind;
    } cases[] = {
        { CONFIG(ZEROS), "plain", CPROV_CHECK_DIFF_ID },
        { CONFIG(ZEROS), "\x1f\x8b\x08 no gzip", CPROV_CHECK_DIFF_ID },
        { CONFIG(ZEROS "," ZEROS), "plain", CPROV_CHECK_DOCUMENT },
        { "{", "plain", CPROV_CHECK_DOCUMENT },
        { "", "plain", CPROV_CHECK_DOCUMENT },
    };
    struct fixture *f = *state;
    struct findings all;

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].config);
        struct cprov_descriptor layer =
            put(f, cprov_span_of(cases[i].layer), CPROV_MT_OCI_LAYER "+gzip");
        struct cprov_descriptor d = put_image(f, cases[i].config, &layer);
        add(f, "bad", &d);
        struct cprov_check_result r = check(f, NULL, &all);
        assert_int_equal(r.bad, 1);
        assert_int_equal(all.list[0].kind, cases[i].kind);
        assert_string_equal(all.list[0].image, "bad");
    }
}

static void finds_bad_documents(void **state)
{
    static const struct {
        const char *text, *media_type;
        size_t bad;
    } cases[] = {
        { "{}", CPROV_MT_OCI_MANIFEST, 1 },
        { "not json", CPROV_MT_OCI_INDEX, 1 },
        { "", CPROV_MT_OCI_INDEX, 1 },
        { "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", CPROV_MT_OCI_INDEX, 1 },
        { "{\"schemaVersion\":2,\"mediaType\":\"" CPROV_MT_OCI_INDEX "\",\"manifests\":[]}",
          CPROV_MT_OCI_INDEX, 0 },
        { "anything", "application/octet-stream", 0 }, /* someone's artifact */
    };
    struct fixture *f = *state;
    struct findings all;

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("%s\n", cases[i].text);
        struct cprov_descriptor d = put(f, cprov_span_of(cases[i].text), cases[i].media_type);
        add(f, "bad", &d);
        assert_int_equal(check(f, NULL, &all).bad, cases[i].bad);
        if (cases[i].bad)
            assert_int_equal(all.list[0].kind, CPROV_CHECK_DOCUMENT);
    }
}

static struct cprov_descriptor put_index(struct fixture *f, const struct cprov_descriptor *children,
                                         size_t count)
{
    struct cprov_buf text;

    cprov_buf_init(&text, 1 << 16);
    cprov_buf_add_text(&text, "{\"schemaVersion\":2,\"mediaType\":\"" CPROV_MT_OCI_INDEX
                              "\",\"manifests\":[");
    for (size_t i = 0; i < count; i++) {
        cprov_buf_add_text(&text, i ? "," : "");
        add_descriptor(&text, &children[i]);
    }
    cprov_buf_add_text(&text, "]}");
    struct cprov_descriptor d = put(f, cprov_buf_span(&text), CPROV_MT_OCI_INDEX);
    cprov_buf_clear(&text);
    return d;
}

static void looks_into_indexes(void **state)
{
    struct fixture *f = *state;
    struct made one = make_image(f, layers, 2, "one"), two = make_image(f, layers, 1, "two");
    struct findings all;

    struct cprov_descriptor inner = put_index(f, &two.manifest, 1);
    struct cprov_descriptor children[] = { one.manifest, inner, one.manifest };
    struct cprov_descriptor outer = put_index(f, children, 3);
    add(f, "nested", &outer);
    assert_int_equal(check(f, NULL, &all).bad, 0);
    assert_int_equal(check(f, NULL, &all).blobs, 8);
    damage(f, &two.config, CPROV_CHECK_DIGEST);
    damage(f, &one.layers[1], CPROV_CHECK_MISSING);
    assert_int_equal(check(f, NULL, &all).bad, 2);
    struct cprov_descriptor deep = outer;
    for (int i = 0; i < 6; i++)
        deep = put_index(f, &deep, 1);
    add(f, "nested", &deep);
    assert_int_equal(check(f, NULL, &all).bad, 2); /* the second: what nobody names any more */
    assert_int_equal(all.list[0].kind, CPROV_CHECK_DOCUMENT);
}

static void finds_strays(void **state)
{
    struct fixture *f = *state;
    struct cprov_descriptor d = put(f, cprov_span_of("unnamed"), "");
    const bool none[] = { false };
    struct findings all;
    char path[256];

    assert_int_equal(check(f, NULL, &all).bad, 0); /* named by no image, but right */
    write_file(f, "blobs/readme", cprov_span_of("x"));
    write_file(f, "blobs/sha256/readme", cprov_span_of("x"));
    assert_int_equal(mkdir(path_in(f, "blobs/md5", path), 0755), 0);
    write_file(f, "blobs/md5/d41d8cd98f00b204e9800998ecf8427e", cprov_span_of("x"));
    assert_int_equal(check(f, NULL, &all).bad, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(all.list[i].kind, CPROV_CHECK_STRAY);
        assert_string_equal(all.list[i].image, "");
    }
    damage(f, &d, CPROV_CHECK_DIGEST);
    assert_int_equal(check(f, NULL, &all).bad, 4);
    assert_int_equal(all.list[3].kind, CPROV_CHECK_DIGEST);
    assert_true(cprov_digest_equal(&all.list[3].blob, &d.digest));
    add(f, "x", &d);
    assert_int_equal(check(f, none, &all).bad, 0); /* nothing selected, nothing read */
}

/* Installs images until it is killed. */
static void install_for_ever(const char *root)
{
    struct fixture f = { .root = "" };

    if (cprov_store_open(root, 0, NULL, &f.store, &f.err) < 0)
        _exit(1);
    for (unsigned i = 0;; i++) {
        char name[32], text[32];
        const char *const contents[] = { name, text };

        snprintf(name, sizeof(name), "image-%d-%u", (int)getpid(), i);
        snprintf(text, sizeof(text), "layer %d %u", (int)getpid(), i);
        struct made m = make_image(&f, contents, 2, name);
        struct cprov_image image = image_named(name, "1", &m.manifest);
        if (cprov_images_add(f.store, &image, &f.err) < 0)
            _exit(1);
    }
}

/* On a busy machine the first one takes its time. */
static void await_image(struct fixture *f)
{
    for (int i = 0; i < 1000; i++) {
        auto_images struct cprov_images *images = NULL;

        if (cprov_images_read(f->store, &images, &f->err) == 0 && images->count > 0)
            return;
        usleep(10 * 1000);
    }
}

static void right_after_every_kill(void **state)
{
    struct fixture *f = *state;
    struct findings all;
    size_t installed = 0;

    for (unsigned i = 0; i < 30; i++) {
        pid_t pid = fork();
        if (pid == 0)
            install_for_ever(f->root);
        if (i == 0)
            await_image(f);
        usleep(1000 + i * 1777 % 20000);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(wait_for(pid), 1000);
        struct cprov_check_result r = check(f, NULL, &all);
        assert_int_equal(r.bad, 0);
        assert_true(r.images >= installed);
        installed = r.images;
    }
    assert_true(installed > 0);
}

static bool always(void *arg)
{
    (void)arg;
    return true;
}

static void can_be_cancelled(void **state)
{
    const struct cprov_cancel cancel = { .asked = always };
    struct fixture *f = *state;
    struct cprov_check_result result = { .images = 77 };
    struct findings all = { 0 };
    struct cprov_store *s = NULL;

    struct made one = make_image(f, layers, 2, "one");
    add(f, "one", &one.manifest);
    assert_ok(f, cprov_store_open(f->root, CPROV_STORE_READ, &cancel, &s, &f->err));
    auto_images struct cprov_images *images = NULL;
    assert_ok(f, cprov_images_read(s, &images, &f->err));
    struct cprov_check_request request = { .images = images, .found = note, .arg = &all };
    assert_int_equal(cprov_store_check(s, &request, &result, &f->err), CPROV_ECANCELLED);
    assert_int_equal(result.images, 77);
    cprov_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_to_find),        TEST(big_layers_are_read_in_parallel),
        TEST(finds_damaged_blobs),    TEST(finds_what_does_not_fit),
        TEST(finds_bad_documents),    TEST(looks_into_indexes),
        TEST(finds_strays),           TEST(can_be_cancelled),
        TEST(right_after_every_kill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
