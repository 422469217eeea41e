/* tests/unit/provider/local_test.c - layouts, archives and folders as sources; images and files
 * taken from them. */
#include "world.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catalog/source/local_place.h"
#include "provider/plan.h"
#include "provider/save_file.h"
#include "provider/session.h"

static const char script[] =
    "image windows/nanoserver 10.0.10586.8 os=windows osversion=10.0.10586.8 vendor=Microsoft "
    "title=NanoServer description=small size=20k content=1\n"
    "image team/app 1.0 layers=2 size=30k content=3\n"
    "raw /files/a.bin application/octet-stream text=hello\n";
#define HELLO "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

/* --- what an import says --- */

struct got {
    size_t count, warnings;
    char row[16][256]; /* "name version platforms url?" */
    struct cprov_digest digest[16];
    uint64_t bytes[16];
    int code;
    bool unchanged;
    char validator[160];
    struct cprov_error err;
};

static int on_entry(void *arg, const struct cprov_entry *e, struct cprov_error *err)
{
    struct got *g = arg;

    (void)err;
    assert_true(g->count < 16);
    assert_true(e->complete);
    if (e->digest)
        g->digest[g->count] = *e->digest;
    g->bytes[g->count] = e->bytes;
    snprintf(g->row[g->count++], sizeof(g->row[0]), "%s %s %s%s%s", e->name, e->version,
             e->platforms ? e->platforms : "", e->publisher ? " by " : "",
             e->publisher ? e->publisher : "");
    return 0;
}

static void on_done(void *arg, int code, bool unchanged, const char *validator,
                    const struct cprov_error *err)
{
    struct got *g = arg;

    g->code = code;
    g->unchanged = unchanged;
    snprintf(g->validator, sizeof(g->validator), "%s", validator);
    if (code < 0)
        g->err = *err;
}

static void on_warning(void *arg, const char *text)
{
    struct got *g = arg;

    assert_true(*text);
    g->warnings++;
}

static void get(const struct cprov_place *place, const char *validator, struct got *g)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_import import = {
        .validator = validator, .entry = on_entry, .done = on_done, .warning = on_warning, .arg = g
    };

    *g = (struct got){ 0 };
    assert_int_equal(place->kind->import(NULL, place, &import, &err), 0);
}

static struct cprov_place place_at(struct cprov_source *source, const char *type, const char *path)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_place place;

    *source = (struct cprov_source){ .name = "here", .location = path, .type = type, .file = "" };
    assert_int_equal(cprov_place_init(source, cprov_kinds, &place, &err), 0);
    return place;
}

static const char *in_world(const struct world *w, const char *name, char buf[256])
{
    snprintf(buf, 256, "%s/%s", w->dir, name);
    return buf;
}

static void save(struct world *w, const char *name, const char *path, enum cprov_save_type type)
{
    struct cprov_save_options o = CPROV_INIT(struct cprov_save_options);

    o.names = &name;
    o.names_count = 1;
    o.path = path;
    o.type = type;
    o.overwrite = true;
    assert_int_equal(cprov_save(w->session, &o, &w->callbacks), 0);
}

/* A layout with two images, an archive with one, in a session that knows its registry no more. */
static void prepare(struct world *w)
{
    char path[256];

    world_serve(w, script);
    world_session(w);
    mkdir(in_world(w, "mirror", path), 0755);
    save(w, "windows/nanoserver:10.0.10586.8", in_world(w, "mirror/one", path), CPROV_SAVE_OCI);
    save(w, "team/app:1.0", in_world(w, "mirror/one", path), CPROV_SAVE_OCI);
    save(w, "team/app:1.0", in_world(w, "app.oci.tar", path), CPROV_SAVE_OCI_ARCHIVE);
    save(w, "team/app:1.0", in_world(w, "mirror/.two", path), CPROV_SAVE_OCI);
}

static void layouts_tell_their_images(void **state)
{
    struct world *w = *state;
    struct cprov_source source;
    struct got g, again;
    char path[256], index[256];

    prepare(w);
    struct cprov_place place = place_at(&source, "layout", in_world(w, "mirror/one", path));
    get(&place, "", &g);
    assert_int_equal(g.code, 0);
    assert_int_equal(g.count, 2);
    assert_string_equal(g.row[0],
                        "NanoServer 10.0.10586.8 windows(10.0.10586.8)/amd64 by Microsoft");
    assert_string_equal(g.row[1], "team/app 1.0 linux/amd64");
    assert_true(g.bytes[0] > 20000);
    get(&place, g.validator, &again);
    assert_true(again.unchanged);
    assert_int_equal(again.count, 0);
    assert_string_equal(again.validator, g.validator);
    const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    assert_int_equal(utimensat(AT_FDCWD, in_world(w, "mirror/one/index.json", index), times, 0), 0);
    get(&place, g.validator, &again);
    assert_false(again.unchanged);
    assert_int_equal(again.count, 2);

    place = place_at(&source, "mirror", in_world(w, "mirror", path));
    get(&place, "", &g);
    assert_int_equal(g.count, 2); /* what is in both is told once */
    place = place_at(&source, "archive", in_world(w, "app.oci.tar", path));
    get(&place, NULL, &g);
    assert_int_equal(g.count, 1);
    assert_string_equal(g.row[0], "team/app 1.0 linux/amd64");
    place = place_at(&source, "archive", in_world(w, "nowhere.tar", path));
    get(&place, "", &g);
    assert_int_equal(g.code, CPROV_ENOTFOUND);
}

/* --- an image taken from there --- */

static struct cprov_target target_of(const struct cprov_place *place,
                                     const struct cprov_digest *digest)
{
    struct cprov_target t = { .text = "app",
                              .name = "app",
                              .version = "1.0",
                              .place = place,
                              .source = place->source,
                              .source_name = place->source->name };

    snprintf(t.reference.tag, sizeof(t.reference.tag), "1.0");
    t.reference.digest = *digest;
    t.reference.has_digest = true;
    return t;
}

static int take(struct world *w, struct cprov_target *target, struct cprov_error *err)
{
    struct cprov_session *s = w->session;
    auto_plan struct cprov_plan plan = { 0 };
    auto_store struct cprov_store *store = NULL;
    auto_transfer struct cprov_transfer *t = NULL;
    auto_image_config struct cprov_image_config *config = NULL;
    struct cprov_descriptor chosen;

    if (cprov_plan_start(s, target, false, &plan, &chosen, err) < 0 ||
        cprov_plan_fetch(s, target, false, &chosen, &plan, err) < 0 ||
        cprov_session_store(s, CPROV_STORE_CREATE, &store, err) < 0 ||
        cprov_transfer_new(s, store, "app", &t, err) < 0 ||
        cprov_plan_transfer(&plan, target, false, t, err) < 0 || cprov_transfer_run(t, err) < 0 ||
        cprov_plan_config(s, store, &plan, &config, err) < 0)
        return err->code;
    assert_int_equal(cprov_transfer_missing(t), 0);
    assert_non_null(config);
    return 0;
}

static void without_a_network(struct world *w)
{
    struct cprov_session_options o = CPROV_INIT(struct cprov_session_options);

    o.offline = true;
    assert_int_equal(world_open(w, &o), 0);
}

static void images_come_without_a_network(void **state)
{
    static const struct {
        const char *type, *name;
    } places[] = { { "layout", "mirror/one" },
                   { "mirror", "mirror" },
                   { "archive", "app.oci.tar" } };
    struct world *w = *state;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_source source;
    struct got g;
    char path[256], root[256];

    prepare(w);
    for (size_t i = 0; i < CPROV_COUNT(places); i++) {
        struct cprov_place place =
            place_at(&source, places[i].type, in_world(w, places[i].name, path));
        get(&place, "", &g);
        in_world(w, "store-of-", root);
        snprintf(w->root, sizeof(w->root), "%.80s%s", root, places[i].type);
        without_a_network(w);
        struct cprov_target target = target_of(&place, &g.digest[g.count - 1]);
        int code = take(w, &target, &err);
        if (code < 0)
            print_error("%s: %s\n", places[i].type, err.msg);
        assert_int_equal(code, 0);
    }
}

static void a_damaged_layer_stays_out(void **state)
{
    struct world *w = *state;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_source source;
    char path[256];
    struct got g;

    prepare(w);
    struct cprov_place place = place_at(&source, "archive", in_world(w, "app.oci.tar", path));
    get(&place, "", &g);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    char byte;
    assert_int_equal(pread(fd, &byte, 1, 20000),
                     1); /* in the first layer, which random bytes fill */
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 20000), 1);
    close(fd);
    without_a_network(w);
    struct cprov_target target = target_of(&place, &g.digest[0]);
    assert_int_equal(take(w, &target, &err), CPROV_EVERIFY);
    assert_non_null(strstr(err.msg, "sha256:"));
}

/* --- locations --- */

static void locations(void **state)
{
    static const struct {
        const char *location, *type, *ends, *found;
    } table[] = {
        { "oci:mirror/one", NULL, "/mirror/one", "layout" },
        { "./mirror/one/", NULL, "/mirror/one", "layout" },
        { "mirror", NULL, "/mirror", "mirror" },
        { "oci-archive:app.oci.tar", NULL, "/app.oci.tar", "archive" },
        { "docker-archive:missing.tar", NULL, "/missing.tar", "archive" },
        { "app.oci.tar", NULL, "/app.oci.tar", "archive" },
        { "home", NULL, "/home", "folder" },
        { "home", "layout", "/home", "layout" },
        { "file:///srv/x", "folder", "/srv/x", "folder" },
        { "docker.io", NULL, NULL, NULL },
        { "oci://reg.example/x", NULL, NULL, NULL },
        { "http://reg.example/mirror", NULL, NULL, NULL },
    };
    struct world *w = *state;
    struct cprov_arena arena = { 0 };
    const char *path, *type;
    struct cprov_error err = CPROV_ERROR_INIT;

    prepare(w);
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(w->dir), 0);
    for (size_t i = 0; i < CPROV_COUNT(table); i++) {
        print_message("%s\n", table[i].location);
        assert_int_equal(
            cprov_local_location(table[i].location, table[i].type, &arena, &path, &type, &err), 0);
        if (!table[i].ends) {
            assert_null(path);
            continue;
        }
        assert_non_null(path);
        assert_int_equal(path[0], '/');
        assert_true(cprov_span_ends_with(cprov_span_of(path), table[i].ends));
        assert_string_equal(type, table[i].found);
    }
    assert_int_equal(cprov_local_location("/nowhere/at/all", NULL, &arena, &path, &type, &err),
                     CPROV_ENOTFOUND);
    assert_int_equal(cprov_local_location("etc/../script", NULL, &arena, &path, &type, &err),
                     CPROV_EINVAL);
    assert_int_equal(chdir(before), 0);
    free(before);
    cprov_arena_clear(&arena);
}

/* --- WIM files --- */

static bool make_wim(const char *folder, const char *path, const char *build)
{
    char property[64];
    int status = -1;

    snprintf(property, sizeof(property), "--image-property=WINDOWS/VERSION/BUILD=%s", build);
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        dup2(null, 1);
        dup2(null, 2);
        execlp("wimcapture", "wimcapture", folder, path, "x",
               "--image-property=WINDOWS/VERSION/MAJOR=10",
               "--image-property=WINDOWS/VERSION/MINOR=0", property, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status == 0;
}

static void folders_of_wim_files(void **state)
{
    struct world *w = *state;
    struct cprov_source source;
    struct got g, again;
    char folder[256], path[256];

    mkdir(in_world(w, "wims", folder), 0755);
    mkdir(in_world(w, "wims/.hidden", path), 0755);
    mkdir(in_world(w, "wims/b", path), 0755);
    mkdir(in_world(w, "wims/b/deep", path), 0755);
    struct cprov_place place = place_at(&source, "folder", folder);
    get(&place, "", &g);
    assert_int_equal(g.code, 0);
    assert_int_equal(g.count, 0);
    if (!make_wim(in_world(w, "etc", path), "/dev/null/x", "1") &&
        !make_wim(path, in_world(w, "wims/Top.wim", folder), "10"))
        skip(); /* no wimcapture */
    assert_true(make_wim(path, in_world(w, "wims/.hidden/Nano.wim", folder), "11"));
    assert_true(make_wim(path, in_world(w, "wims/b/Nano.WIM", folder), "12"));
    assert_true(make_wim(path, in_world(w, "wims/b/deep/Far.wim", folder), "13"));
    int fd = open(in_world(w, "wims/not.wim", folder), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    assert_int_equal(write(fd, "hello", 5), 5);
    close(fd);
    source.location = in_world(w, "wims", folder);
    get(&place, g.validator, &g);
    assert_int_equal(g.code, 0);
    assert_false(g.unchanged);
    assert_int_equal(g.warnings, 1);
    assert_int_equal(g.count, 3);
    assert_string_equal(g.row[0], "Nano 10.0.11.0 windows(10.0.11.0)/unknown");
    assert_string_equal(g.row[1], "Top 10.0.10.0 windows(10.0.10.0)/unknown");
    assert_string_equal(g.row[2], "Nano 10.0.12.0 windows(10.0.12.0)/unknown");
    get(&place, g.validator, &again);
    assert_true(again.unchanged);
}

/* --- files behind a source --- */

struct file_case {
    const char *path; /* of the URL */
    const char *digest;
    uint64_t bytes;
    bool unverified;
    int code;
    const char *says;
};
static const struct file_case files[] = {
    { "/files/a.bin?sig=SECRET", HELLO, 5, false, 0, "" },
    { "/files/a.bin?sig=SECRET", HELLO, 0, false, 0, "" },
    { "/files/a.bin?sig=SECRET", NULL, 0, false, CPROV_EVERIFY, "has no hash" },
    { "/files/a.bin?sig=SECRET", NULL, 0, true, 0, "" },
    { "/files/a.bin?sig=SECRET", NULL, 6, true, CPROV_EVERIFY, "5 bytes instead of 6" },
    { "/files/a.bin?sig=SECRET", HELLO, 6, false, CPROV_EVERIFY, "5 bytes instead of 6" },
    { "/files/a.bin?sig=SECRET",
      "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9825", 5, false,
      CPROV_EVERIFY, HELLO },
    { "/files/b.bin?sig=SECRET", HELLO, 5, false, CPROV_ENETWORK, "listed, but 127" },
    { "/files/b.bin?sig=SECRET", NULL, 0, true, CPROV_ENETWORK, "/files/b.bin" },
};

static void check_file(struct world *w, const struct file_case *c)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_target t = {
        .text = "a", .name = "a", .version = "1.0", .bytes = c->bytes, .source_name = "here"
    };
    char url[256], path[256];

    snprintf(url, sizeof(url), "http://%s%s", w->host, c->path);
    t.url = url;
    if (c->digest) {
        assert_int_equal(cprov_digest_parse(cprov_span_of(c->digest), &t.reference.digest, &err),
                         0);
        t.reference.has_digest = true;
    }
    w->session->callbacks = w->callbacks;
    int code = cprov_save_file(w->session, &t, in_world(w, "out.bin", path), c->unverified, &err);
    w->session->callbacks = (struct cprov_callbacks){ 0 };
    print_message("%s: %s\n", c->path, err.msg);
    assert_int_equal(code, c->code);
    assert_non_null(strstr(err.msg, c->says));
    assert_null(strstr(err.msg, "SECRET"));
    assert_null(strstr(w->heard.messages, "SECRET"));
    assert_int_equal(world_size(w, "out.bin"), code ? -1 : 5);
    assert_false(world_has(w, "out.bin.partial"));
    if (code == 0) {
        char text[CPROV_DIGEST_TEXT_MAX];

        assert_int_equal(t.bytes, 5);
        assert_string_equal(cprov_digest_format(&t.reference.digest, text), HELLO);
        if (!c->digest)
            assert_non_null(strstr(w->heard.messages, HELLO));
    }
    unlink(path);
    world_forget(w);
}

static void files_of_a_source(void **state)
{
    struct world *w = *state;

    world_serve(w, script);
    world_session(w);
    for (size_t i = 0; i < CPROV_COUNT(files); i++)
        check_file(w, &files[i]);
}

static void files_on_this_machine(void **state)
{
    struct world *w = *state;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_source here = { .name = "here", .location = "/srv", .type = "folder" };
    struct cprov_source far = { .name = "far",
                                .location = "https://a.example/x",
                                .type = "document" };
    char from[256], to[256], url[300];

    world_serve(w, script);
    world_session(w);
    int fd = open(in_world(w, "from.wim", from), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "hello", 5), 5);
    close(fd);
    snprintf(url, sizeof(url), "file://%s", from);
    struct cprov_target t = {
        .text = "a", .name = "a", .version = "1", .url = url, .source = &here
    };
    in_world(w, "to.wim", to);
    assert_int_equal(cprov_save_file(w->session, &t, to, false, &err), 0);
    assert_int_equal(world_size(w, "to.wim"), 5);
    assert_true(t.reference.has_digest);
    t.reference.digest.raw[0] ^= 1;
    unlink(to);
    assert_int_equal(cprov_save_file(w->session, &t, to, false, &err), CPROV_EVERIFY);
    assert_non_null(strstr(err.msg, "the digest of the content is"));
    assert_false(world_has(w, "to.wim"));
    t.source = &far;
    assert_int_equal(cprov_save_file(w->session, &t, to, true, &err), CPROV_EVERIFY);
    assert_false(world_has(w, "to.wim"));
    t.source = &here;
    unlink(from);
    assert_int_equal(cprov_save_file(w->session, &t, to, true, &err), CPROV_ENETWORK);
    assert_string_equal(cprov_file_ending(w->session, "https://a/b/c.tar.gz?x=a.b/c"), ".tar.gz");
    assert_string_equal(cprov_file_ending(w->session, "https://a/b/Nano.wim?sig=1"), ".wim");
    assert_string_equal(cprov_file_ending(w->session, "https://a.example/file"), "");
    assert_string_equal(cprov_file_ending(w->session, "https://a/b.w%2f"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(layouts_tell_their_images), WORLD_TEST(images_come_without_a_network),
        WORLD_TEST(a_damaged_layer_stays_out), WORLD_TEST(locations),
        WORLD_TEST(folders_of_wim_files),      WORLD_TEST(files_of_a_source),
        WORLD_TEST(files_on_this_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
