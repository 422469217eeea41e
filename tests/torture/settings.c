/* Configuration and logins under want of memory. */
#include "torture.h"

#include "base/arena.h"
#include "base/error.h"
#include "conf/conf.h"
#include "conf/credentials.h"

/* --- configuration --- */

static const char yaml[] = "root: /srv/images\n"
                           "sources:\n"
                           "  - {name: cat, location: reg.example/team, trusted: true}\n"
                           "  - {name: dockerhub, removed: true}\n"
                           "hosts:\n"
                           "  reg.example: {tls-verify: false, ca-file: own.pem}\n"
                           "aliases:\n"
                           "  team/app: App\n"
                           "retries: 3\n"
                           "stall-timeout: 5s\n";

static int run_load(void *arg, struct cprov_error *err)
{
    struct cprov_arena arena = { 0 };
    struct cprov_conf_places places = { 0 };
    struct cprov_conf *c = NULL;

    (void)arg;
    int code = cprov_conf_places(&arena, &places, err);
    places.file = code == 0 ? torture_path("file.yaml") : NULL;
    if (code == 0)
        code = cprov_conf_load(&places, &c, err);
    if (code < 0) {
        assert_null(c);
    } else {
        assert_string_equal(c->root, "/srv/other");
        assert_int_equal(c->sources_count, 1);
        assert_true(cprov_conf_source(c, "CAT")->trusted);
        assert_true(cprov_conf_host(c, "reg.example")->insecure);
        assert_int_equal(c->aliases_count, 4);
    }
    cprov_conf_free(c);
    cprov_arena_clear(&arena);
    return code;
}

static void load(void **state)
{
    (void)state;
    torture_write("etc/a.yaml", yaml);
    torture_write("etc/b.yaml", "root: /srv/other\n");
    torture_write("file.yaml", "parallel: 2\n");
    torture(&(struct torture){ .name = "configuration", .run = run_load });
}

/* A fault in the text is never told from want of memory by accident: the file stays at fault. */
static int run_bad(void *arg, struct cprov_error *err)
{
    const struct cprov_conf_places places = { .file = torture_path("bad.yaml") };
    struct cprov_conf *c = NULL;

    (void)arg;
    int code = cprov_conf_load(&places, &c, err);
    assert_null(c);
    if (code != CPROV_EINVAL)
        return code;
    assert_non_null(strstr(err->msg, "bad.yaml:2:1"));
    *err = (struct cprov_error)CPROV_ERROR_INIT;
    return 0;
}

static void bad_file(void **state)
{
    (void)state;
    torture_write("bad.yaml", "parallel: 2\nsoruces: []\n");
    torture(&(struct torture){ .name = "bad configuration", .run = run_bad });
}

static int run_change(void *arg, struct cprov_error *err)
{
    const struct cprov_source source = {
        .name = "new", .location = "new.example", .type = "oci", .registered = true
    };

    (void)arg;
    return cprov_conf_change_source(torture_path("etc"), CPROV_SOURCE_ADD, "new", &source, true,
                                    err);
}

/* Whatever became of it, the file can be read. */
static void readable(void *arg, int code)
{
    const struct cprov_conf_places places = { .system_dir = torture_path("etc") };
    struct cprov_conf *c = NULL;

    (void)arg;
    assert_int_equal(cprov_conf_load(&places, &c, CPROV_IGNORED), 0);
    assert_non_null(cprov_conf_source(c, "old"));
    if (code == 0)
        assert_non_null(cprov_conf_source(c, "new"));
    cprov_conf_free(c);
}

static void back(void *arg)
{
    (void)arg;
    torture_write("etc/sources.yaml", "sources:\n  - {name: old, location: old.example}\n");
}

static void change_sources(void **state)
{
    (void)state;
    torture(&(struct torture){
        .name = "sources", .before = back, .run = run_change, .after = readable });
}

/* --- logins --- */

struct login {
    const char *authfile, *host, *username, *password;
};

static int run_find(void *arg, struct cprov_error *err)
{
    const struct login *l = arg;
    struct cprov_credentials c = { 0 };

    int code = cprov_credentials_find(l->authfile, l->host, "team/app", 0, &c, err);
    if (code < 0) {
        assert_null(c.username);
        assert_null(c.password);
    } else {
        assert_string_equal(c.username, l->username);
        assert_string_equal(c.password, l->password);
    }
    cprov_credentials_clear(&c);
    return code;
}

static void find_logins(void **state)
{
    struct login file = { torture_path("auth.json"), "reg.example", "bob", "secret" };
    struct login netrc = { NULL, "other.example", "eve", "word" };

    (void)state;
    torture_write("auth.json", "{\"auths\":{\"reg.example\":{\"auth\":\"eDp5\"},"
                               "\"reg.example/team\":{\"auth\":\"Ym9iOnNlY3JldA==\"}}}");
    torture_write("netrc", "machine other.example login eve password word\n");
    setenv("NETRC", torture_path("netrc"), 1);
    torture(&(struct torture){ .name = "login of a file",
                               .run = run_find,
                               .arg = &file,
                               .other_code = CPROV_EINVAL }); /* an entry that cannot be decoded */
    torture(&(struct torture){ .name = "login of netrc", .run = run_find, .arg = &netrc });
    unsetenv("NETRC");
}

static int run_store(void *arg, struct cprov_error *err)
{
    const struct login *l = arg;
    char user[] = "bob", password[] = "secret";
    const struct cprov_credentials c = { .username = user, .password = password };
    char *where = NULL;

    int code = cprov_credentials_store(l->authfile, l->host, &c, &where, err);
    if (code < 0)
        assert_null(where);
    free(where);
    return code;
}

static void forget(void *arg)
{
    (void)arg;
    torture_write("logins.json", "{\"auths\":{\"kept.example\":{\"auth\":\"eDp5\"}},\"more\":1}");
}

static void still_there(void *arg, int code)
{
    const struct login *l = arg;
    struct cprov_credentials c = { 0 };

    assert_int_equal(cprov_credentials_find(l->authfile, "kept.example", "", 0, &c, CPROV_IGNORED),
                     0);
    assert_string_equal(c.username, "x");
    cprov_credentials_clear(&c);
    assert_int_equal(cprov_credentials_find(l->authfile, l->host, "", 0, &c, CPROV_IGNORED), 0);
    if (code == 0)
        assert_string_equal(c.password, l->password);
    cprov_credentials_clear(&c);
}

static void store_logins(void **state)
{
    struct login l = { torture_path("logins.json"), "reg.example", "bob", "secret" };

    (void)state;
    torture(&(struct torture){ .name = "storing a login",
                               .before = forget,
                               .run = run_store,
                               .after = still_there,
                               .arg = &l });
}

const struct CMUnitTest torture_settings[] = {
    cmocka_unit_test(load),        cmocka_unit_test(bad_file),     cmocka_unit_test(change_sources),
    cmocka_unit_test(find_logins), cmocka_unit_test(store_logins),
};
const size_t torture_settings_count = CPROV_COUNT(torture_settings);
