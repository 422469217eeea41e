/* The public API end to end, against the scripted registry: find, install, save, list, test,
 * inspect, and what a caller may answer. */
#include "world.h"

#include <pthread.h>

static const char two_images[] =
    "image windows/nanoserver 10.0.10586.8 os=windows osversion=10.0.10586.8 vendor=Microsoft "
    "size=20k content=1\n"
    "image windows/nanoserver 10.0.10586.0 os=windows osversion=10.0.10586.0 vendor=Microsoft "
    "size=20k content=2\n"
    "image team/app 1.0 layers=2 size=30k content=3\n";

static const char slow_image[] = "image app 1.0 layers=2 size=400k content=4\n"
                                 "fault /v2/app/blobs/* GET rate=400k\n";

static int find(struct world *w, const char *name, bool all)
{
    const struct cprov_version_options version = { .size = sizeof(version), .all = all };
    struct cprov_find_options o = CPROV_INIT(struct cprov_find_options);

    o.names = &name;
    o.names_count = name ? 1 : 0;
    o.version = &version;
    world_forget(w);
    return cprov_find(w->session, &o, &w->callbacks);
}

static void assert_installed(struct world *w, size_t count)
{
    int code = world_list(w);

    if (code < 0)
        print_error("%s\n", w->heard.failure);
    assert_int_equal(code, 0);
    assert_int_equal(w->heard.items, count);
}

static void assert_whole(struct world *w)
{
    int code = world_test(w);

    if (code < 0)
        print_error("%s\n", w->heard.failure);
    assert_int_equal(code, 0);
}

/* --- the way of an image --- */

static void found_images_are_installed_by_their_ref(void **state)
{
    struct world *w = *state;
    char ref[2048];

    world_serve(w, two_images);
    world_session(w);
    assert_int_equal(find(w, NULL, false), 0);
    assert_int_equal(w->heard.items, 2);
    assert_string_equal(w->heard.item[0], "team/app 1.0 from cat");
    assert_string_equal(w->heard.item[1], "NanoServer 10.0.10586.8 from cat");
    assert_int_equal(find(w, "nanoserver", true), 0);
    assert_int_equal(w->heard.items, 2);
    assert_string_equal(w->heard.item[1], "NanoServer 10.0.10586.0 from cat");
    assert_int_equal(w->heard.state[1], CPROV_AVAILABLE);
    snprintf(ref, sizeof(ref), "%s", w->heard.ref);

    world_forget(w);
    assert_int_equal(world_install(w, ref), 0);
    assert_int_equal(w->heard.items, 1);
    assert_int_equal(w->heard.state[0], CPROV_ADDED);
    assert_string_equal(w->heard.item[0], "NanoServer 10.0.10586.0 from cat");
    assert_string_equal(w->heard.messages, "Downloaded in 0 hours, 0 minutes, 0 seconds.\n");
    assert_true(w->heard.progress > 0);

    assert_installed(w, 1);
    assert_string_equal(w->heard.item[0], "NanoServer 10.0.10586.0 from cat");
    assert_whole(w);
    assert_int_equal(w->heard.items, 1);
}

static void what_is_installed_is_not_fetched_again(void **state)
{
    struct world *w = *state;

    world_serve(w, two_images);
    world_session(w);
    assert_int_equal(world_install(w, "team/app"), 0);
    size_t blobs = world_requests(w, "GET /v2/team/app/blobs/");
    assert_int_equal(blobs, 3);
    world_forget(w);
    assert_int_equal(world_install(w, "team/app:1.0"), 0);
    assert_int_equal(w->heard.state[0], CPROV_PRESENT);
    assert_string_equal(w->heard.messages, "Skipping installed package team/app 1.0.\n");
    assert_int_equal(world_requests(w, "GET /v2/team/app/blobs/"), blobs);
}

static void misses_are_told_one_by_one(void **state)
{
    const char *names[] = { "team/app", "nope", "NanoServer:9.9", "nanoserver" };
    struct cprov_install_options o = CPROV_INIT(struct cprov_install_options);
    struct world *w = *state;

    world_serve(w, two_images);
    world_session(w);
    assert_int_equal(find(w, "nope", false), CPROV_NOT_FOUND);
    assert_int_equal(w->heard.failures, 1);
    assert_int_equal(find(w, "nope*", false), 0);
    assert_int_equal(w->heard.failures, 0);

    o.names = names;
    o.names_count = CPROV_COUNT(names);
    world_forget(w);
    assert_int_equal(cprov_install(w->session, &o, &w->callbacks), CPROV_SOME_FAILED);
    assert_int_equal(w->heard.failures, 2);
    assert_non_null(strstr(w->heard.failure, "newest is 10.0.10586.8"));
    assert_int_equal(w->heard.items, 2);
    o.names = names + 1;
    o.names_count = 2;
    assert_int_equal(cprov_install(w->session, &o, &w->callbacks), CPROV_NOT_FOUND);
    o.names_count = 0;
    assert_int_equal(cprov_install(w->session, &o, &w->callbacks), CPROV_USAGE);
    assert_installed(w, 2);
}

static void saved_images_are_not_installed(void **state)
{
    const char *name = "team/app";
    struct cprov_save_options o = CPROV_INIT(struct cprov_save_options);
    struct world *w = *state;
    char path[128];

    world_serve(w, two_images);
    world_session(w);
    snprintf(path, sizeof(path), "%s/home", w->dir);
    o.names = &name;
    o.names_count = 1;
    o.path = path;
    assert_int_equal(cprov_save(w->session, &o, &w->callbacks), 0);
    assert_true(world_size(w, "home/team-app-1-0.oci.tar") > 60000);
    assert_false(world_has(w, "home/team-app-1-0.oci.tar.partial"));
    assert_false(world_has(w, "store"));
    size_t requests = world_requests(w, "GET /v2/team/app/blobs/");

    world_forget(w);
    assert_int_equal(cprov_save(w->session, &o, &w->callbacks), 0);
    assert_int_equal(w->heard.items, 0);
    assert_non_null(strstr(w->heard.messages, "already exists. Skipping save."));
    assert_int_equal(world_requests(w, "GET /v2/team/app/blobs/"), requests);
    snprintf(path, sizeof(path), "%s/missing/", w->dir);
    assert_int_equal(cprov_save(w->session, &o, &w->callbacks), CPROV_NOT_FOUND);
    assert_non_null(strstr(w->heard.failure, "Cannot find the path"));
    o.path = "";
    assert_int_equal(cprov_save(w->session, &o, &w->callbacks), CPROV_USAGE);
}

/* --- inspect --- */

static void on_json(void *arg, const char *text, size_t length)
{
    struct heard *h = arg;

    assert_true(length < sizeof(h->messages));
    memcpy(h->messages, text, length);
    h->messages[length] = '\0';
}

static int inspect(struct world *w, const char *name, bool raw)
{
    struct cprov_inspect_options o = CPROV_INIT(struct cprov_inspect_options);

    o.name = name;
    o.raw = raw;
    world_forget(w);
    return cprov_inspect(w->session, &o, on_json, &w->callbacks);
}

static void images_are_inspected_here_and_there(void **state)
{
    struct world *w = *state;
    char remote[8192], digest[136];

    world_serve(w, two_images);
    world_session(w);
    assert_int_equal(inspect(w, "team/app", false), 0);
    world_digest(w, "team/app 1.0 manifest", digest);
    assert_non_null(strstr(w->heard.messages, digest));
    assert_non_null(strstr(w->heard.messages, "\"Name\": \"team/app\""));
    assert_false(world_has(w, "store"));
    snprintf(remote, sizeof(remote), "%s", w->heard.messages);

    assert_int_equal(world_install(w, "team/app"), 0);
    size_t requests = world_requests(w, "GET ");
    assert_int_equal(inspect(w, "team/app", false), 0);
    assert_string_equal(w->heard.messages, remote);
    assert_int_equal(inspect(w, "team/app", true), 0);
    assert_int_equal(w->heard.messages[0], '{');
    assert_int_equal(world_requests(w, "GET "), requests);
    assert_int_equal(inspect(w, "", false), CPROV_USAGE);
    assert_int_equal(inspect(w, "nope", false), CPROV_NOT_FOUND);
}

/* --- the caller's word --- */

static void cancelled_installs_go_on_later(void **state)
{
    struct world *w = *state;

    world_serve(w, slow_image);
    world_session(w);
    w->heard.cancel_at = 100000;
    assert_int_equal(world_install(w, "app:1.0"), CPROV_CANCELLED);
    assert_int_equal(cprov_result_exit(CPROV_CANCELLED), 130);
    assert_int_equal(w->heard.failures, 1);
    assert_true(w->heard.done > 0);
    assert_installed(w, 0);
    assert_whole(w);
    assert_int_equal(world_install(w, "app:1.0"), 0);
    char *log = world_log(w);
    assert_non_null(strstr(log, " 206 range=bytes="));
    free(log);
    assert_installed(w, 1);
    assert_whole(w);
}

static void a_call_has_its_time(void **state)
{
    struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);
    struct world *w = *state;

    world_serve(w, slow_image);
    o.timeout_ms = 300;
    assert_int_equal(world_open(w, &o), 0);
    assert_int_equal(world_install(w, "app:1.0"), CPROV_NETWORK);
    assert_non_null(strstr(w->heard.failure, "the time-out of"));
    world_session(w);
    assert_int_equal(world_install(w, "app:1.0"), 0);
}

static const char untrusted[] = "sources:\n"
                                "  - {name: one, location: 'http://$REG/windows'}\n"
                                "  - {name: two, location: 'http://$REG/team'}\n";

static void trust_is_asked_for(void **state)
{
    static const struct {
        enum cprov_answer answer;
        int code;
        size_t questions, items;
    } table[] = {
        { CPROV_NO, CPROV_REFUSED, 3, 0 },
        { CPROV_NO_TO_ALL, CPROV_REFUSED, 1, 0 },
        { CPROV_YES, 0, 2, 3 },
        { CPROV_YES_TO_ALL, 0, 2, 3 },
    };
    const char *names[] = { "nanoserver:10.0.10586.0", "nanoserver:10.0.10586.8", "app" };
    struct cprov_install_options o = CPROV_INIT(struct cprov_install_options);
    struct world *w = *state;

    world_serve(w, two_images);
    world_configure(w, untrusted);
    o.names = names;
    o.names_count = CPROV_COUNT(names);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("answer %d\n", table[i].answer);
        snprintf(w->root, sizeof(w->root), "%s/store%zu", w->dir, i);
        world_forget(w);
        world_session(w);
        w->heard.answer = table[i].answer;
        assert_int_equal(cprov_install(w->session, &o, &w->callbacks), table[i].code);
        assert_int_equal(w->heard.questions, table[i].questions);
        assert_int_equal(w->heard.items, table[i].items);
        assert_non_null(strstr(w->heard.question, "Are you sure you want to install software from "
                                                  "'"));
    }
    assert_false(world_has(w, "store0")); /* no means nothing */
    assert_false(world_has(w, "store1"));
}

static void without_a_question_nothing_is_trusted(void **state)
{
    struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);
    struct world *w = *state;
    char reference[160];

    world_serve(w, two_images);
    world_configure(w, untrusted);
    w->callbacks.question = NULL;
    o.yes = true; /* yes to everything, but to this */
    assert_int_equal(world_open(w, &o), 0);
    assert_int_equal(world_install(w, "app"), CPROV_REFUSED);
    assert_string_equal(w->heard.failure, "app 1.0: source 'two' is not trusted");
    assert_int_equal(world_requests(w, "GET /v2/team/app/blobs/"), 0);
    o.trust = true;
    assert_int_equal(world_open(w, &o), 0);
    assert_int_equal(world_install(w, "app"), 0);
    o.trust = false; /* a reference in full is the user's own word */
    assert_int_equal(world_open(w, &o), 0);
    snprintf(reference, sizeof(reference), "%s/windows/nanoserver", w->host);
    assert_int_equal(world_install(w, reference), 0);
}

static void what_if_changes_nothing(void **state)
{
    const char *name = "team/app";
    struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);
    struct cprov_save_options save = CPROV_INIT(struct cprov_save_options);
    struct cprov_source_options source = CPROV_INIT(struct cprov_source_options);
    struct world *w = *state;
    char path[128];

    world_serve(w, two_images);
    o.what_if = true;
    o.yes = true;
    o.trust = true;
    assert_int_equal(world_open(w, &o), 0);
    assert_int_equal(world_install(w, name), 0);
    assert_string_equal(w->heard.changes, "0 team/app 1.0 cat\n");
    assert_int_equal(w->heard.items, 0);
    snprintf(path, sizeof(path), "%s/saved", w->dir);
    save.names = &name;
    save.names_count = 1;
    save.path = path;
    save.overwrite = true;
    assert_int_equal(cprov_save(w->session, &save, &w->callbacks), 0);
    source.name = "new";
    source.location = "new.example";
    source.no_check = true;
    assert_int_equal(cprov_source_register(w->session, &source, NULL, &w->callbacks), 0);
    assert_int_equal(world_requests(w, "GET /v2/team/app/blobs/"), 0);
    assert_false(world_has(w, "store"));
    assert_false(world_has(w, "saved"));
    assert_false(world_has(w, "etc/sources.yaml"));
    assert_false(world_has(w, "home/config/container-provider/sources.yaml"));
}

/* --- damage --- */

static void wrong_bytes_are_never_recorded(void **state)
{
    struct world *w = *state;
    char digest[136], path[256];

    world_serve(w, "image app 1.0 layers=2 size=30k\nfault @app:1.0/layer/2 GET corrupt\n");
    world_session(w);
    assert_int_equal(world_install(w, "app:1.0"), CPROV_NOT_VERIFIED);
    assert_int_equal(w->heard.result, CPROV_NOT_VERIFIED);
    world_digest(w, "app 1.0 layer2", digest);
    snprintf(path, sizeof(path), "GET /v2/app/blobs/%s 200", digest);
    assert_int_equal(world_requests(w, path), 2); /* one fresh start */
    snprintf(path, sizeof(path), "store/blobs/sha256/%s", digest + strlen("sha256:"));
    assert_false(world_has(w, path));
    assert_installed(w, 0);
    assert_whole(w);
}

static void one_wrong_answer_is_forgiven(void **state)
{
    struct world *w = *state;

    world_serve(w, "image app 1.0 layers=2 size=30k\n"
                   "fault @app:1.0/layer/2 GET corrupt count=1\n");
    world_session(w);
    assert_int_equal(world_install(w, "app:1.0"), 0);
    assert_installed(w, 1);
    assert_whole(w);
}

/* --- two at once --- */

struct side {
    struct cprov_session_options options;
    const char *name;
    struct heard heard;
    int code;
    pthread_t thread;
};

static void *install_beside(void *arg)
{
    struct side *side = arg;
    struct cprov_callbacks callbacks = heard_callbacks(&side->heard);
    struct cprov_install_options o = CPROV_INIT(struct cprov_install_options);
    struct cprov_session *session = NULL;

    o.names = &side->name;
    o.names_count = 1;
    side->code = cprov_session_open(&side->options, &callbacks, &session);
    if (side->code == 0)
        side->code = cprov_install(session, &o, &callbacks);
    cprov_session_close(session);
    return NULL;
}

/* Two sessions in two threads; the roots may be one. */
static void install_twice(struct world *w, const char *const roots[2], const char *const names[2])
{
    struct side *sides = calloc(2, sizeof(*sides));

    assert_non_null(sides);
    (void)w;
    for (size_t i = 0; i < 2; i++) {
        sides[i].options =
            (struct cprov_session_options){ .size = sizeof(sides[i].options), .root = roots[i] };
        sides[i].name = names[i];
        assert_int_equal(pthread_create(&sides[i].thread, NULL, install_beside, &sides[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(sides[i].thread, NULL), 0);
        if (sides[i].code < 0)
            print_error("%s\n", sides[i].heard.failure);
        assert_int_equal(sides[i].code, 0);
        assert_int_equal(sides[i].heard.items, 1);
    }
    free(sides);
}

static void sessions_are_apart(void **state)
{
    const char *const names[] = { "app", "other" };
    struct world *w = *state;
    char second[160];

    world_serve(w, "image app 1.0 layers=3 size=200k\nimage other 2.0 layers=3 size=200k "
                   "content=other\nfault /v2/*/blobs/* GET rate=1M\n");
    snprintf(second, sizeof(second), "%s2", w->root);
    install_twice(w, (const char *const[]){ w->root, second }, names);
    world_session(w);
    assert_installed(w, 1);
    assert_string_equal(w->heard.item[0], "app 1.0 from cat");
    assert_whole(w);
}

static void two_installs_of_one_image_are_one_download(void **state)
{
    const char *const names[] = { "app", "app" };
    struct world *w = *state;

    world_serve(w, "image app 1.0 layers=3 size=200k\nfault /v2/*/blobs/* GET rate=1M\n");
    install_twice(w, (const char *const[]){ w->root, w->root }, names);
    assert_int_equal(world_requests(w, "GET /v2/app/blobs/"), 4);
    world_session(w);
    assert_installed(w, 1);
    assert_whole(w);
}

/* --- sessions --- */

static void nonsense_opens_no_session(void **state)
{
    static const struct cprov_session_options table[] = {
        { .size = sizeof(table[0]), .all_users = true, .current_user = true },
        { .size = sizeof(table[0]), .platform = "" },
        { .size = sizeof(table[0]), .platform = "windows/amd64/v1/v2/v3" },
        { .size = sizeof(table[0]), .os_version = "ten" },
        { .size = sizeof(table[0]), .isolation = "none" },
        { .size = sizeof(table[0]), .config_file = "/nonexistent/file.yaml" },
    };
    struct world *w = *state;

    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("case %zu\n", i);
        world_forget(w);
        assert_true(world_open(w, &table[i]) < 0);
        assert_null(w->session);
        assert_int_equal(w->heard.failures, 1);
    }
    cprov_session_close(NULL);
    world_configure(w, "soruces: []\n");
    assert_int_equal(world_open(w, NULL), CPROV_USAGE);
    assert_non_null(strstr(w->heard.failure, "test.yaml:1:1"));
}

static void an_older_caller_has_fewer_options(void **state)
{
    struct cprov_session_options o;
    struct world *w = *state;

    memset(&o, 0xff, sizeof(o)); /* past its size nothing is looked at */
    memset(&o, 0, offsetof(struct cprov_session_options, config_file));
    o.size = offsetof(struct cprov_session_options, config_file);
    o.root = w->root;
    assert_int_equal(cprov_session_open(&o, &w->callbacks, &w->session), 0);
    assert_installed(w, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(found_images_are_installed_by_their_ref),
        WORLD_TEST(what_is_installed_is_not_fetched_again),
        WORLD_TEST(misses_are_told_one_by_one),
        WORLD_TEST(saved_images_are_not_installed),
        WORLD_TEST(images_are_inspected_here_and_there),
        WORLD_TEST(cancelled_installs_go_on_later),
        WORLD_TEST(a_call_has_its_time),
        WORLD_TEST(trust_is_asked_for),
        WORLD_TEST(without_a_question_nothing_is_trusted),
        WORLD_TEST(what_if_changes_nothing),
        WORLD_TEST(wrong_bytes_are_never_recorded),
        WORLD_TEST(one_wrong_answer_is_forgiven),
        WORLD_TEST(sessions_are_apart),
        WORLD_TEST(two_installs_of_one_image_are_one_download),
        WORLD_TEST(nonsense_opens_no_session),
        WORLD_TEST(an_older_caller_has_fewer_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
