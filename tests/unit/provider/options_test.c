/* A4: a program that was built with an older, shorter header: no function reads past the size that
 * a struct says it has. Each struct is given in memory of exactly that size, so that the address
 * sanitizer sees a byte too many. */
#include "world.h"

#include "provider/options.h"

#define EACH_OF "team/app"

static const char one_image[] = "image team/app 1.0 layers=1 size=2k content=3\n";
static const char *const names[] = { EACH_OF };

typedef int call_fn(struct world *w, const void *options);

/* What is shorter is whole words: a struct has no other size. Others must do no harm either. */
static void each_size(struct world *w, const void *full, size_t size, call_fn *call)
{
    for (size_t n = sizeof(size_t); n <= size; n++) {
        char *cut = malloc(n);

        assert_non_null(cut);
        memcpy(cut, full, n);
        memcpy(cut, &n, sizeof(n));
        world_forget(w);
        w->heard.cancelled = false;
        (void)call(w, cut);
        free(cut);
    }
}

#define EACH_SIZE(w, options, call) each_size(w, &(options), sizeof(options), call)

/* --- the calls --- */

static void on_source(void *arg, const struct cprov_source_item *item)
{
    (void)arg;
    (void)item;
}

static void on_refreshed(void *arg, const struct cprov_refreshed_item *item)
{
    (void)arg;
    (void)item;
}

static void on_container(void *arg, const struct cprov_container_item *item)
{
    (void)arg;
    (void)item;
}

static void on_found(void *arg, const struct cprov_finding *finding)
{
    (void)arg;
    (void)finding;
}

static void on_file(void *arg, const struct cprov_file_item *item)
{
    (void)arg;
    (void)item;
}

static int on_bytes(void *arg, const void *data, size_t len)
{
    (void)arg;
    (void)data;
    (void)len;
    return 0;
}

static void on_json(void *arg, const char *text, size_t length)
{
    (void)arg;
    (void)text;
    (void)length;
}

static int call_find(struct world *w, const void *o)
{
    return cprov_find(w->session, o, &w->callbacks);
}

static int call_refresh(struct world *w, const void *o)
{
    return cprov_refresh(w->session, o, on_refreshed, &w->callbacks);
}

static int call_install(struct world *w, const void *o)
{
    return cprov_install(w->session, o, &w->callbacks);
}

static int call_save(struct world *w, const void *o)
{
    return cprov_save(w->session, o, &w->callbacks);
}

static int call_list(struct world *w, const void *o)
{
    return cprov_list(w->session, o, &w->callbacks);
}

static int call_test(struct world *w, const void *o)
{
    return cprov_test(w->session, o, on_found, &w->callbacks);
}

static int call_inspect(struct world *w, const void *o)
{
    return cprov_inspect(w->session, o, on_json, &w->callbacks);
}

static int call_files(struct world *w, const void *o)
{
    int code = cprov_files(w->session, o, on_file, &w->callbacks);

    (void)cprov_file_read(w->session, o, on_bytes, &w->callbacks);
    (void)cprov_export(w->session, o, on_bytes, &w->callbacks);
    return code;
}

static int call_containers(struct world *w, const void *o)
{
    int code = cprov_container_new(w->session, o, on_container, &w->callbacks);

    (void)cprov_container_list(w->session, o, on_container, &w->callbacks);
    (void)cprov_container_remove(w->session, o, on_container, &w->callbacks);
    return code;
}

static int call_sources(struct world *w, const void *o)
{
    int code = cprov_sources(w->session, o, on_source, &w->callbacks);

    (void)cprov_source_register(w->session, o, on_source, &w->callbacks);
    (void)cprov_source_set(w->session, o, on_source, &w->callbacks);
    (void)cprov_source_unregister(w->session, o, &w->callbacks);
    return code;
}

static int call_catalog(struct world *w, const void *o)
{
    int code = cprov_catalog_export(w->session, o, on_bytes, &w->callbacks);

    (void)cprov_catalog_push(w->session, o, &w->callbacks);
    (void)cprov_catalog_add(w->session, o, &w->callbacks);
    return code;
}

static int call_serve(struct world *w, const void *o)
{
    w->heard.cancelled = true;
    return cprov_serve(w->session, o, &w->callbacks);
}

static int call_open(struct world *w, const void *o)
{
    struct cprov_session *s = NULL;
    int code = cprov_session_open(o, &w->callbacks, &s);

    cprov_session_close(s);
    return code;
}

static int call_with_unpack(struct world *w, const void *to)
{
    struct cprov_install_options o = CPROV_INIT(struct cprov_install_options);

    o.names = names;
    o.names_count = 1;
    o.unpack = to;
    return cprov_install(w->session, &o, &w->callbacks);
}

/* Here the callbacks are what is cut. */
static int call_heard(struct world *w, const void *callbacks)
{
    struct cprov_list_options list = CPROV_INIT(struct cprov_list_options);
    struct cprov_install_options install = CPROV_INIT(struct cprov_install_options);
    struct cprov_inspect_options inspect = CPROV_INIT(struct cprov_inspect_options);
    struct cprov_files_options files = CPROV_INIT(struct cprov_files_options);
    struct cprov_session_options open = CPROV_INIT(struct cprov_session_options);
    struct cprov_session *s = NULL;

    install.names = names;
    install.names_count = 1;
    files.name = inspect.name = EACH_OF;
    (void)cprov_install(w->session, &install, callbacks);
    (void)cprov_inspect(w->session, &inspect, on_json, callbacks);
    (void)cprov_files(w->session, &files, on_file, callbacks);
    (void)cprov_logout(w->session, "registry.invalid", callbacks);
    if (cprov_session_open(&open, callbacks, &s) == 0)
        cprov_session_close(s);
    return cprov_list(w->session, &list, callbacks);
}

/* --- the tests --- */

/* The image is installed; from then on no network is asked. */
static void prepare(struct world *w)
{
    struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);

    world_serve(w, one_image);
    world_session(w);
    assert_int_equal(world_install(w, EACH_OF), 0);
    o.retries = -1;
    o.offline = true;
    assert_int_equal(world_open(w, &o), 0);
}

static void A4_verbs_of_images(void **state)
{
    struct world *w = *state;
    char path[128];
    const struct cprov_version_options version = { .size = sizeof(version), .minimum = "0.1" };
    struct cprov_find_options find = { .names = names, .names_count = 1, .version = version };
    struct cprov_install_options install = { .names = names, .names_count = 1, .version = version };
    struct cprov_save_options save = { .names = names, .names_count = 1, .version = version };
    struct cprov_list_options list = { .names = names, .names_count = 1, .version = version };
    struct cprov_test_options test = { .names = names, .names_count = 1, .version = version };
    struct cprov_inspect_options inspect = { .name = EACH_OF, .version = version };
    struct cprov_refresh_options refresh = { .details = 1 };

    prepare(w);
    snprintf(path, sizeof(path), "%s/home", w->dir);
    save.path = path;
    list.child_of = EACH_OF;
    EACH_SIZE(w, find, call_find);
    EACH_SIZE(w, refresh, call_refresh);
    EACH_SIZE(w, install, call_install);
    EACH_SIZE(w, save, call_save);
    EACH_SIZE(w, list, call_list);
    EACH_SIZE(w, test, call_test);
    EACH_SIZE(w, inspect, call_inspect);
}

static void A4_files_and_containers(void **state)
{
    struct world *w = *state;
    char path[128];
    struct cprov_files_options files = { .name = EACH_OF, .path = "x" };
    struct cprov_container_options container = {
        .names = names, .names_count = 1, .name = "c", .image = EACH_OF
    };
    struct cprov_unpack_to to = { .force = true, .rootless = true, .max_entries = 100 };

    prepare(w);
    snprintf(path, sizeof(path), "%s/root", w->dir);
    to.rootfs = path;
    EACH_SIZE(w, files, call_files);
    EACH_SIZE(w, container, call_containers);
    EACH_SIZE(w, to, call_with_unpack);
}

static void A4_sources_catalogs_and_server(void **state)
{
    struct world *w = *state;
    struct cprov_source_options source = { .name = "x",
                                           .location = "http://127.0.0.1:1",
                                           .no_check = true };
    struct cprov_catalog_options catalog = { .reference = "127.0.0.1:1/team/catalog",
                                             .title = "t" };
    struct cprov_serve_options serve = { .listen = "127.0.0.1:0" };

    prepare(w);
    EACH_SIZE(w, source, call_sources);
    EACH_SIZE(w, catalog, call_catalog);
    EACH_SIZE(w, serve, call_serve);
}

static void A4_session_and_callbacks(void **state)
{
    struct world *w = *state;
    const char *const sources[] = { "cat" };
    struct cprov_session_options open = { .root = "/nonexistent/store",
                                          .sources = sources,
                                          .sources_count = 1,
                                          .platform = "linux/amd64",
                                          .offline = true,
                                          .username = "u",
                                          .password = "p",
                                          .max_age = "1h" };

    prepare(w);
    EACH_SIZE(w, open, call_open);
    EACH_SIZE(w, w->callbacks, call_heard);
    assert_int_equal(cprov_list(w->session, NULL, NULL), 0);
}

static void A4_what_is_there_counts(void **state)
{
    struct given {
        size_t size;
        const char *a, *b;
        bool c;
    } given = { .size = sizeof(given), .a = "a", .b = "b", .c = true }, own;

    (void)state;
    assert_ptr_equal(cprov_options_copy(&own, sizeof(own), &given), &own);
    assert_string_equal(own.b, "b");
    assert_true(own.c);
    given.size = offsetof(struct given, b) + 3; /* half a pointer */
    cprov_options_copy(&own, sizeof(own), &given);
    assert_string_equal(own.a, "a");
    assert_null(own.b);
    assert_false(own.c);
    assert_int_equal(own.size, sizeof(own));
    given.size = 4096; /* of a later header */
    cprov_options_copy(&own, sizeof(own), &given);
    assert_true(own.c);
    cprov_options_copy(&own, sizeof(own), NULL);
    assert_null(own.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(A4_verbs_of_images),
        WORLD_TEST(A4_files_and_containers),
        WORLD_TEST(A4_sources_catalogs_and_server),
        WORLD_TEST(A4_session_and_callbacks),
        cmocka_unit_test(A4_what_is_there_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
