/* Programs that were built with another header: each public function with each size of each of its
 * structs, in memory of exactly that size, so that the address sanitizer sees a byte too many. */
#include "world.h"

#include <fcntl.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/span.h"
#include "provider/options.h"

#define WORD    sizeof(size_t)
#define MAP_MAX 65536
#define LATER   64 /* bytes that a later header may have added */

static const char *const names[] = { "team/app" }, *const gone[] = { "team/gone" };

/* What a function is called with. */
struct given {
    struct world *w;
    const void *options;
    const struct cprov_callbacks *callbacks;
    bool deaf; /* no callback of its own */
};
typedef int call_fn(const struct given *g);

/* --- callbacks, and what all of them must find --- */

#define TOLD(name, type)                                                                           \
    static void name(void *arg, const struct type *item)                                           \
    {                                                                                              \
        (void)arg;                                                                                 \
        assert_int_equal(item->size, sizeof(*item));                                               \
    }
TOLD(on_container, cprov_container_item)
TOLD(on_file, cprov_file_item)
TOLD(on_found, cprov_finding)
TOLD(on_refreshed, cprov_refreshed_item)
TOLD(on_source, cprov_source_item)
TOLD(on_removed, cprov_removed_item)
TOLD(on_collected, cprov_collected_item)
TOLD(on_usage, cprov_usage_item)

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
    assert_int_equal(text[length - 1], '\n');
}

/* --- the calls --- */

#define CALL(name)                                                                                 \
    static int call_##name(const struct given *g)                                                  \
    {                                                                                              \
        return cprov_##name(g->w->session, g->options, g->callbacks);                              \
    }
#define CALL_TOLD(name, told)                                                                      \
    static int call_##name(const struct given *g)                                                  \
    {                                                                                              \
        return cprov_##name(g->w->session, g->options, g->deaf ? NULL : told, g->callbacks);       \
    }
CALL(find)
CALL(install)
CALL(save)
CALL(list)
CALL(catalog_add)
CALL(catalog_push)
CALL(serve)
CALL(source_unregister)
CALL(new_image)
CALL(tag)
CALL_TOLD(refresh, on_refreshed)
CALL_TOLD(test, on_found)
CALL_TOLD(inspect, on_json)
CALL_TOLD(files, on_file)
CALL_TOLD(file_read, on_bytes)
CALL_TOLD(export, on_bytes)
CALL_TOLD(container_new, on_container)
CALL_TOLD(container_list, on_container)
CALL_TOLD(container_remove, on_container)
CALL_TOLD(remove, on_removed)
CALL_TOLD(collect, on_collected)
CALL_TOLD(sources, on_source)
CALL_TOLD(source_register, on_source)
CALL_TOLD(source_set, on_source)
CALL_TOLD(catalog_export, on_bytes)

static int call_usage(const struct given *g)
{
    return cprov_usage(g->w->session, g->deaf ? NULL : on_usage, g->callbacks);
}

static int call_session_open(const struct given *g)
{
    struct cprov_session *s = NULL;
    int code = cprov_session_open(g->options, g->callbacks, &s);

    assert_true((code == 0) == (s != NULL));
    cprov_session_close(s);
    return code;
}

static int call_session_close(const struct given *g)
{
    (void)g;
    cprov_session_close(NULL);
    return 0;
}

static int call_login(const struct given *g)
{
    return cprov_login(g->w->session, "registry.invalid", g->callbacks);
}

static int call_logout(const struct given *g)
{
    return cprov_logout(g->w->session, "registry.invalid", g->callbacks);
}

static int call_compat_check(const struct given *g)
{
    const char *why = NULL;

    (void)g;
    assert_int_equal(cprov_compat_check(NULL, NULL, NULL, &why), CPROV_USAGE);
    return 0;
}

static int call_result_exit(const struct given *g)
{
    (void)g;
    assert_int_equal(cprov_result_exit(CPROV_CANCELLED), 130);
    assert_int_equal(cprov_result_exit(CPROV_NO_MEMORY), 1);
    assert_int_equal(cprov_result_exit(CPROV_UNSUPPORTED), 1);
    assert_int_equal(cprov_result_exit(CPROV_TOO_LARGE), 4);
    return 0;
}

static int call_version(const struct given *g)
{
    (void)g;
    assert_int_equal(cprov_version(), CPROV_VERSION);
    assert_true(cprov_version() >= CPROV_VERSION_NUMBER(0, 1, 0));
    return 0;
}

static int call_version_text(const struct given *g)
{
    char text[32];

    (void)g;
    snprintf(text, sizeof(text), "%d.%d.%d", CPROV_VERSION_MAJOR, CPROV_VERSION_MINOR,
             CPROV_VERSION_PATCH);
    assert_string_equal(cprov_version_text(), text);
    return 0;
}

/* --- the table: every function of libcprov.map --- */

/* The structs, filled so that each call goes far and needs no network. */
struct templates {
    struct cprov_version_options version;
    struct cprov_unpack_to unpack;
    struct cprov_session_options session;
    struct cprov_find_options find;
    struct cprov_refresh_options refresh;
    struct cprov_install_options install;
    struct cprov_save_options save;
    struct cprov_list_options list;
    struct cprov_test_options test;
    struct cprov_inspect_options inspect;
    struct cprov_files_options files;
    struct cprov_container_options container;
    struct cprov_new_image_options new_image;
    struct cprov_tag_options tag;
    struct cprov_remove_options remove;
    struct cprov_collect_options collect;
    struct cprov_source_options source;
    struct cprov_catalog_options catalog;
    struct cprov_serve_options serve;
    char bundle[128], saved[128], catalog_path[128];
    const char *containers[1], *files_saved[1];
};

/* What a function takes; without a size it takes no options, without callbacks nothing at all. */
struct function {
    const char *name;
    call_fn *call;
    int code;               /* what it returns when nothing is cut */
    size_t options, size;   /* where the struct is among the templates */
    size_t version, unpack; /* where in it these are; 0: it has none */
    bool deaf;              /* takes no callbacks */
};

#define ROW(name, code)  "cprov_" #name, call_##name, code
#define OF(member)       offsetof(struct templates, member), sizeof(((struct templates *)0)->member)
#define AT(type, member) offsetof(struct cprov_##type##_options, member)
#define NO_OPTIONS       0, 0, 0, 0

static const struct function functions[] = {
    { ROW(version, 0), NO_OPTIONS, true },
    { ROW(version_text, 0), NO_OPTIONS, true },
    { ROW(result_exit, 0), NO_OPTIONS, true },
    { ROW(compat_check, 0), NO_OPTIONS, true },
    { ROW(session_close, 0), NO_OPTIONS, true },
    { ROW(session_open, 0), OF(session), 0, 0, false },
    { ROW(find, 0), OF(find), AT(find, version), 0, false },
    { ROW(refresh, CPROV_USAGE), OF(refresh), 0, 0, false },
    { ROW(install, 0), OF(install), AT(install, version), AT(install, unpack), false },
    { ROW(save, 0), OF(save), AT(save, version), 0, false },
    { ROW(list, 0), OF(list), AT(list, version), 0, false },
    { ROW(test, 0), OF(test), AT(test, version), 0, false },
    { ROW(inspect, 0), OF(inspect), AT(inspect, version), 0, false },
    { ROW(files, CPROV_NOT_FOUND), OF(files), AT(files, version), 0, false },
    { ROW(file_read, CPROV_NOT_FOUND), OF(files), AT(files, version), 0, false },
    { ROW(export, 0), OF(files), AT(files, version), 0, false },
    { ROW(container_new, 0), OF(container), AT(container, version), AT(container, unpack), false },
    { ROW(container_list, 0), OF(container), AT(container, version), AT(container, unpack), false },
    { ROW(container_remove, 0), OF(container), AT(container, version), AT(container, unpack),
      false },
    { ROW(new_image, CPROV_EXISTS), OF(new_image), 0, 0, false },
    { ROW(tag, 0), OF(tag), AT(tag, version), 0, false },
    { ROW(remove, CPROV_NOT_FOUND), OF(remove), AT(remove, version), 0, false },
    { ROW(collect, 0), OF(collect), 0, 0, false },
    { ROW(usage, 0), NO_OPTIONS, false },
    { ROW(catalog_export, 0), OF(catalog), 0, 0, false },
    { ROW(catalog_add, 0), OF(catalog), 0, 0, false },
    { ROW(catalog_push, CPROV_NETWORK), OF(catalog), 0, 0, false },
    { ROW(sources, 0), OF(source), 0, 0, false },
    { ROW(source_register, 0), OF(source), 0, 0, false },
    { ROW(source_set, 0), OF(source), 0, 0, false },
    { ROW(source_unregister, 0), OF(source), 0, 0, false },
    { ROW(login, CPROV_USAGE), NO_OPTIONS, false },
    { ROW(logout, CPROV_NOT_FOUND), NO_OPTIONS, false },
    { ROW(serve, CPROV_NOT_FOUND), OF(serve), 0, 0, false },
};

static void fill(const struct world *w, struct templates *t)
{
    *t = (struct templates){
        .version = { .minimum = "0.1", .maximum = "9" },
        .unpack = { .bundle = t->bundle, .force = true, .rootless = true, .max_entries = 100 },
        .session = { .root = "/nonexistent/store",
                     .sources = names,
                     .sources_count = 1,
                     .platform = "linux/amd64",
                     .offline = true,
                     .username = "u",
                     .password = "p",
                     .max_age = "1h" },
        .find = { .names = names, .names_count = 1, .version = &t->version },
        .refresh = { .details = 1 },
        .install = { .names = names,
                     .names_count = 1,
                     .version = &t->version,
                     .unpack = &t->unpack },
        .save = { .names = names,
                  .names_count = 1,
                  .version = &t->version,
                  .overwrite = true,
                  .path = t->saved },
        .list = { .names = names, .names_count = 1, .version = &t->version, .parents = true },
        .test = { .names = names, .names_count = 1, .version = &t->version },
        .inspect = { .name = names[0], .version = &t->version },
        .files = { .name = names[0], .version = &t->version, .path = "x" },
        .container = { .names = t->containers,
                       .names_count = 1,
                       .name = "c",
                       .image = names[0],
                       .version = &t->version,
                       .unpack = &t->unpack },
        .new_image = { .path = t->bundle, .name = names[0], .version = "1.0.0" },
        .tag = { .name = names[0], .version = &t->version, .target = "team/other", .force = true },
        .remove = { .names = gone, .names_count = 1, .version = &t->version },
        .collect = { .all_partials = 1 },
        .source = { .name = "cat",
                    .location = "http://127.0.0.1:1",
                    .type = "oci",
                    .no_check = true,
                    .force = true },
        .catalog = { .path = t->catalog_path,
                     .reference = "127.0.0.1:1/team/catalog",
                     .title = "t",
                     .overwrite = true,
                     .files = t->files_saved,
                     .files_count = 1 },
        /* Without a store it ends at once, also when nobody can cancel it. */
        .serve = { .listen = "127.0.0.1:0", .path = "/nonexistent/layout" },
    };
    t->version.size = sizeof(t->version);
    t->unpack.size = sizeof(t->unpack);
    t->containers[0] = "c";
    t->files_saved[0] = t->saved;
    snprintf(t->bundle, sizeof(t->bundle), "%s/bundle", w->dir);
    snprintf(t->catalog_path, sizeof(t->catalog_path), "%s/catalog.json", w->dir);
    snprintf(t->saved, sizeof(t->saved), "%s/app-1-0-0.tar", w->dir);
}

/* --- structs of other headers --- */

/*
 * The struct as a program has it whose header gave it n bytes: all of its block on the heap. What
 * is past the one of today is `more`.
 */
static void *resized(const void *full, size_t size, size_t n, char more)
{
    char *given = malloc(n);

    assert_non_null(given);
    memset(given, more, n);
    memcpy(given, full, n < size ? n : size);
    memcpy(given, &n, n < sizeof(n) ? n : sizeof(n));
    return given;
}

static int call(const struct function *f, const struct given *g)
{
    world_forget(g->w);
    g->w->heard.cancelled = f->call == call_serve;
    return f->call(g);
}

/* What is under test is either the options, a struct in them, or the callbacks. */
enum part { OPTIONS, VERSION, UNPACK, CALLBACKS };

static int call_with(const struct function *f, struct world *w, const struct templates *t,
                     enum part part, const void *given)
{
    char *options = f->size ? resized((const char *)t + f->options, f->size, f->size, 0) : NULL;
    const struct given g = { w, part == OPTIONS ? given : options,
                             part == CALLBACKS ? given : &w->callbacks, false };

    if (part == VERSION || part == UNPACK)
        memcpy(options + (part == VERSION ? f->version : f->unpack), &given, sizeof(given));
    int code = call(f, &g);
    free(options);
    return code;
}

static void each_size(const struct function *f, struct world *w, const struct templates *t,
                      enum part part, const void *full, size_t size)
{
    const size_t wrong[] = { 0,        WORD - 1, WORD + 1,
                             size - 1, size + 1, CPROV_OPTIONS_SIZE_MAX + WORD };
    void *given;

    for (size_t n = WORD; n <= size; n += WORD) {
        given = resized(full, size, n, 0);
        assert_int_not_equal(call_with(f, w, t, part, given), CPROV_UNSUPPORTED);
        free(given);
    }
    for (size_t n = size + WORD; n <= size + LATER; n += WORD) {
        given = resized(full, size, n, 0);
        assert_int_not_equal(call_with(f, w, t, part, given), CPROV_UNSUPPORTED);
        memset((char *)given + n - 1, 1, 1);
        assert_int_equal(call_with(f, w, t, part, given), CPROV_UNSUPPORTED);
        assert_int_equal(w->heard.failures, part == CALLBACKS ? 0 : 1);
        free(given);
    }
    for (size_t i = 0; i < CPROV_COUNT(wrong); i++) {
        given = resized(full, size, size, 0);
        memcpy(given, &wrong[i], sizeof(wrong[i]));
        assert_int_equal(call_with(f, w, t, part, given), CPROV_USAGE);
        assert_int_equal(w->heard.failures, part == CALLBACKS ? 0 : 1);
        assert_true(part == CALLBACKS || strstr(w->heard.failure, "CPROV_INIT"));
        free(given);
    }
}

/* --- the tests --- */

/* The image is known and installed; from then on no network is asked. */
static void prepare(struct world *w, struct templates *t)
{
    struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);
    struct cprov_find_options find = CPROV_INIT(struct cprov_find_options);

    world_serve(w, "image team/app 1.0 layers=1 size=2k content=3\n");
    world_session(w);
    assert_int_equal(world_install(w, names[0]), 0);
    fill(w, t);
    assert_int_equal(cprov_find(w->session, &find, &w->callbacks), 0);
    o.offline = true;
    assert_int_equal(world_open(w, &o), 0);
}

static void every_size_of_every_struct_is_taken(void **state)
{
    struct world *w = *state;
    struct templates t;

    prepare(w, &t);
    for (size_t i = 0; i < CPROV_COUNT(functions); i++) {
        const struct function *f = &functions[i];

        print_message("%s\n", f->name);
        char *full = f->size ? resized((const char *)&t + f->options, f->size, f->size, 0) : NULL;
        int code = call(f, &(struct given){ w, full, &w->callbacks, false });
        if (code != f->code)
            print_error("%s\n", w->heard.failure);
        assert_int_equal(code, f->code);
        free(full);
        if (f->size)
            each_size(f, w, &t, OPTIONS, (const char *)&t + f->options, f->size);
        if (f->version)
            each_size(f, w, &t, VERSION, &t.version, sizeof(t.version));
        if (f->unpack)
            each_size(f, w, &t, UNPACK, &t.unpack, sizeof(t.unpack));
        if (!f->deaf)
            each_size(f, w, &t, CALLBACKS, &w->callbacks, sizeof(w->callbacks));
    }
}

static void what_is_not_given_is_not_used(void **state)
{
    struct world *w = *state;
    struct templates t;

    prepare(w, &t);
    for (size_t i = 0; i < CPROV_COUNT(functions); i++) {
        const struct function *f = &functions[i];
        char *full = f->size ? resized((const char *)&t + f->options, f->size, f->size, 0) : NULL;
        struct given g = { w, full, NULL, true };

        print_message("%s\n", f->name);
        assert_int_not_equal(call(f, &g), CPROV_UNSUPPORTED);
        g.deaf = false;
        assert_int_not_equal(call(f, &g), CPROV_UNSUPPORTED);
        g.callbacks = &w->callbacks;
        g.deaf = true;
        assert_int_not_equal(call(f, &g), CPROV_UNSUPPORTED);
        g.options = NULL;
        assert_int_not_equal(call(f, &g), CPROV_UNSUPPORTED);
        free(full);
    }
}

static bool in_table(struct cprov_span name)
{
    for (size_t i = 0; i < CPROV_COUNT(functions); i++)
        if (cprov_span_is(name, functions[i].name))
            return true;
    return false;
}

/* A function that is new fails here until it has a row. */
static void the_table_is_all_that_the_library_exports(void **state)
{
    auto_buf struct cprov_buf map = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_span rest, line, name;
    size_t count = 0;

    (void)state;
    cprov_buf_init(&map, MAP_MAX);
    assert_int_equal(cprov_fs_read(AT_FDCWD, CPROV_MAP, MAP_MAX, &map, &err), 0);
    rest = cprov_buf_span(&map);
    while (cprov_span_next(&rest, '\n', &line))
        while (cprov_span_next(&line, ';', &name)) {
            name = cprov_span_trim(name);
            if (!cprov_span_starts_with(name, "cprov_"))
                continue;
            if (!in_table(name))
                fail_msg("the table lacks %" CPROV_SPAN_FMT, CPROV_SPAN_ARG(name));
            count++;
        }
    assert_int_equal(count, CPROV_COUNT(functions));
}

static void what_is_there_counts(void **state)
{
    struct given_struct {
        size_t size;
        const char *a, *b;
        bool c;
    } given = { .size = sizeof(given), .a = "a", .b = "b", .c = true }, own;
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    assert_int_equal(cprov_options_copy(&own, sizeof(own), &given, &err), 0);
    assert_string_equal(own.b, "b");
    assert_true(own.c);
    given.size = offsetof(struct given_struct, b);
    assert_int_equal(cprov_options_copy(&own, sizeof(own), &given, &err), 0);
    assert_string_equal(own.a, "a");
    assert_null(own.b);
    assert_false(own.c);
    assert_int_equal(own.size, sizeof(own));
    assert_true(CPROV_HAS(&given, a));
    assert_false(CPROV_HAS(&given, b));
    given.size--;
    assert_int_equal(cprov_options_copy(&own, sizeof(own), &given, &err), CPROV_EINVAL);
    assert_null(own.a);
    assert_int_equal(cprov_options_copy(&own, sizeof(own), NULL, &err), 0);
    assert_null(own.a);
    assert_int_equal(own.size, sizeof(own));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_all_that_the_library_exports),
        WORLD_TEST(every_size_of_every_struct_is_taken),
        WORLD_TEST(what_is_not_given_is_not_used),
        cmocka_unit_test(what_is_there_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
