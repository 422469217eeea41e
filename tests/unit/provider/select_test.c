/* Which installed images are meant, in a store made on the spot. */
#include "world.h"

#include "base/error.h"
#include "provider/select.h"
#include "store/blobs.h"

static const char id_of_nano[] =
    "sha256:aaaabbbbccccdddd0000000000000000000000000000000000000000000000aa";

/* As the store sorts them: by name, newest first. */
static const struct {
    const char *name, *version, *publisher, *reference, *id;
} installed[] = {
    { "NanoServer", "10.0.10586.8", "CN=Microsoft", "reg.example/windows/nanoserver:10.0.10586.8",
      id_of_nano },
    { "NanoServer", "10.0.10586.0", "CN=Microsoft", "", "" },
    { "team/app", "1.10", "Demo", "127.0.0.1:5000/team/app:1.10", "" },
    { "team/app", "1.9", "Demo", "", "" },
    { "team/app", "latest", "", "", "" },
    { "WindowsServerCore", "10.0.10586.0", "CN=Microsoft", "", "" },
};
#define COUNT CPROV_COUNT(installed)

static struct cprov_descriptor descriptor_of(size_t i)
{
    struct cprov_descriptor d = { .media_type = "application/vnd.oci.image.manifest.v1+json",
                                  .size = 1 };
    const char bytes = (char)('a' + i);

    assert_int_equal(
        cprov_digest_of(CPROV_SHA256, cprov_span_make(&bytes, 1), &d.digest, CPROV_IGNORED), 0);
    return d;
}

static void put(struct cprov_store *store, size_t i)
{
    struct cprov_descriptor d = descriptor_of(i);
    const char bytes = (char)('a' + i);
    struct cprov_blob_writer *writer = NULL;
    struct cprov_image image = { .descriptor = d,
                                 .name = installed[i].name,
                                 .version = installed[i].version,
                                 .publisher = installed[i].publisher,
                                 .description = "",
                                 .source = "cat",
                                 .reference = installed[i].reference,
                                 .installed = "",
                                 .created = "",
                                 .platform = "windows/amd64",
                                 .image_id = installed[i].id };

    assert_int_equal(
        cprov_store_stage(store, &d, cprov_span_make(&bytes, 1), &writer, CPROV_IGNORED), 0);
    assert_int_equal(cprov_store_commit(store, &writer, 1, CPROV_IGNORED), 0);
    cprov_blob_writer_close(writer);
    assert_int_equal(cprov_images_add(store, &image, CPROV_IGNORED), 0);
}

static int setup(void **state)
{
    struct cprov_store *store = NULL;

    assert_int_equal(world_setup(state), 0);
    struct world *w = *state;
    world_session(w);
    world_begin(w, &w->callbacks);
    assert_int_equal(cprov_session_store(w->session, CPROV_STORE_CREATE, &store, CPROV_IGNORED), 0);
    for (size_t i = COUNT; i-- > 0;)
        put(store, i);
    cprov_store_close(store);
    return 0;
}

#define SELECT_TEST(function) cmocka_unit_test_setup_teardown(function, setup, world_teardown)

/* The selected ones as "0 2 5". */
static int run(struct world *w, const struct cprov_selection *selection, char out[64],
               struct cprov_outcome *outcome)
{
    auto_store struct cprov_store *store = NULL;
    auto_images struct cprov_images *images = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    bool selected[COUNT];
    size_t len = 0;

    world_forget(w);
    *outcome = (struct cprov_outcome){ 0 };
    out[0] = '\0';
    assert_int_equal(cprov_session_store(w->session, CPROV_STORE_READ, &store, &err), 0);
    assert_int_equal(cprov_images_read(store, &images, &err), 0);
    assert_int_equal(images->count, COUNT);
    int code = cprov_select(w->session, images, selection, selected, outcome, &err);
    for (size_t i = 0; i < COUNT && code == 0; i++) {
        assert_string_equal(images->list[i].version, installed[i].version);
        if (selected[i])
            len += (size_t)snprintf(out + len, 64 - len, "%s%zu", len ? " " : "", i);
    }
    return code;
}

static void names_select(void **state)
{
    static const struct {
        const char *name, *selected;
        int code;
    } table[] = {
        { "NanoServer", "0 1", 0 },
        { "nanoserver", "0 1", 0 },
        { "nano*", "0 1", 0 },
        { "*", "0 1 2 3 4 5", 0 },
        { "NanoServer:10.0.10586.8", "0", 0 },
        { "NanoServer:10.0.10586", "1", 0 },
        { "*:10.0.10586.0", "1 5", 0 },
        { "team/app", "2 3 4", 0 },
        { "app", "2 3 4", 0 },
        { "app:latest", "4", 0 },
        { "team/*:1.*", "", 0 },
        { "127.0.0.1:5000/team/app:1.10", "2", 0 },
        { "reg.example/windows/nanoserver:10.0.10586.8", "0", 0 },
        { id_of_nano, "0", 0 },
        { "aaaabbbbcccc", "0", 0 },
        { "AAAABBBBCCCC", "", CPROV_ENOTFOUND },
        { "aaa", "", CPROV_ENOTFOUND },
        { "nothing", "", CPROV_ENOTFOUND },
        { "nothing*", "", 0 },
        { "", "", CPROV_ENOTFOUND },
        { "NanoServer:9", "", CPROV_ENOTFOUND },
    };
    const struct cprov_version_options any = CPROV_INIT(struct cprov_version_options);
    struct world *w = *state;
    struct cprov_outcome outcome;
    char selected[64];

    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        const struct cprov_selection s = { .names = &table[i].name,
                                           .names_count = 1,
                                           .version = &any };

        print_message("'%s'\n", table[i].name);
        assert_int_equal(run(w, &s, selected, &outcome), 0);
        assert_string_equal(selected, table[i].selected);
        assert_int_equal(cprov_outcome_code(&outcome), table[i].code);
        assert_int_equal(w->heard.failures, table[i].code ? 1 : 0);
    }
}

static void manifest_digests_select(void **state)
{
    const struct cprov_version_options any = CPROV_INIT(struct cprov_version_options);
    struct cprov_descriptor d = descriptor_of(2);
    struct world *w = *state;
    struct cprov_outcome outcome;
    char selected[64], digest[CPROV_DIGEST_TEXT_MAX];
    const char *name = cprov_digest_format(&d.digest, digest);
    const struct cprov_selection s = { .names = &name, .names_count = 1, .version = &any };

    assert_int_equal(run(w, &s, selected, &outcome), 0);
    assert_string_equal(selected, "2");
    name = digest + strlen("sha256:");
    digest[strlen("sha256:") + 12] = '\0';
    assert_int_equal(run(w, &s, selected, &outcome), 0);
    assert_string_equal(selected, "2");
}

static void versions_and_publishers_select(void **state)
{
    static const struct {
        const char *name;
        struct cprov_version_options v;
        const char *publisher, *selected;
        int code;
    } table[] = {
        { NULL, { .size = 0 }, NULL, "0 1 2 3 4 5", 0 },
        { NULL, { .required = "10.0.10586.0" }, NULL, "1 5", 0 },
        { NULL, { .required = "10.0.*" }, NULL, "0 1 5", 0 },
        { NULL, { .minimum = "1.9" }, NULL, "0 2 5", 0 },
        { NULL, { .minimum = "1.9", .all = true }, NULL, "0 1 2 3 5", 0 },
        { NULL, { .maximum = "1.9" }, NULL, "3", 0 },
        { NULL, { .size = 0 }, "CN=Micro*", "0 1 5", 0 },
        { NULL, { .size = 0 }, "demo", "2 3", 0 },
        { NULL, { .size = 0 }, "", "4", 0 },
        { "NanoServer", { .size = 0 }, "Demo", "", CPROV_ENOTFOUND },
        { "NanoServer", { .required = "9" }, NULL, "", CPROV_ENOTFOUND },
        { "app", { .maximum = "1.9" }, NULL, "3", 0 },
    };
    struct world *w = *state;
    struct cprov_outcome outcome;
    char selected[64];

    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        const struct cprov_selection s = { .names = &table[i].name,
                                           .names_count = table[i].name ? 1 : 0,
                                           .version = &table[i].v,
                                           .publisher = table[i].publisher };

        print_message("case %zu\n", i);
        assert_int_equal(run(w, &s, selected, &outcome), 0);
        assert_string_equal(selected, table[i].selected);
        assert_int_equal(cprov_outcome_code(&outcome), table[i].code);
    }
}

static void contradictions_select_nothing(void **state)
{
    const struct cprov_version_options v = { .minimum = "3", .maximum = "2" };
    const struct cprov_selection s = { .version = &v };
    struct world *w = *state;
    struct cprov_outcome outcome;
    char selected[64];

    assert_int_equal(run(w, &s, selected, &outcome), CPROV_EINVAL);
}

static void a_missing_version_is_told_apart(void **state)
{
    const struct cprov_version_options v = { .required = "9" };
    const char *names[] = { "NanoServer", "nothing", "no*" };
    const struct cprov_selection s = { .names = names, .names_count = 3, .version = &v };
    struct world *w = *state;
    struct cprov_outcome outcome;
    char selected[64];

    assert_int_equal(run(w, &s, selected, &outcome), 0);
    assert_int_equal(w->heard.failures, 2);
    assert_string_equal(w->heard.failure, "nothing: not installed");
    assert_int_equal(cprov_outcome_code(&outcome), CPROV_ENOTFOUND);

    world_forget(w);
    outcome = (struct cprov_outcome){ 0 };
    cprov_select_nothing(w->session, &s, &outcome);
    assert_int_equal(w->heard.failures, 2);
    assert_int_equal(cprov_outcome_code(&outcome), CPROV_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SELECT_TEST(names_select),
        SELECT_TEST(manifest_digests_select),
        SELECT_TEST(versions_and_publishers_select),
        SELECT_TEST(contradictions_select_nothing),
        SELECT_TEST(a_missing_version_is_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
