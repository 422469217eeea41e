/* tests/unit/conf/credentials_test.c - which login is found, and where one is kept. */
#include "tests/unit/conf/scratch.h"

#include "conf/credentials.h"

#define DOCKER "home/.docker/config.json"
#define PODMAN "run/containers/auth.json"

/* base64 of u:p, a:b, x:y */
#define UP "{\"auth\":\"dTpw\"}"
#define AB "{\"auth\":\"YTpi\"}"
#define XY "{\"auth\":\"eDp5\"}"

static struct cprov_error ignored;

/* The login as text: "u:p", "token:T", "bearer:T", "". */
static void find(const char *authfile, const char *host, const char *repository,
                 const char *expected)
{
    auto_credentials struct cprov_credentials c = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    char text[256] = "";

    print_message("%s/%s\n", host, repository);
    int code = cprov_credentials_find(authfile, host, repository, 0, &c, &err);
    if (code < 0)
        print_message("%s\n", err.msg);
    assert_int_equal(code, 0);
    if (c.registry_token)
        snprintf(text, sizeof(text), "bearer:%s", c.registry_token);
    else if (c.identity_token)
        snprintf(text, sizeof(text), "token:%s", c.identity_token);
    else if (c.username)
        snprintf(text, sizeof(text), "%s:%s", c.username, c.password);
    assert_string_equal(text, expected);
}

static void use_helpers(void)
{
    char path[512];

    snprintf(path, sizeof(path), "%s:/usr/bin:/bin", scratch_path("bin"));
    setenv("PATH", path, 1);
}

/* A helper that keeps each login in a file named after the server. */
static void write_helper(const char *name)
{
    char script[1024], path[64];

    snprintf(path, sizeof(path), "bin/docker-credential-%s", name);
    snprintf(
        script, sizeof(script),
        "#!/bin/sh\n"
        "case $1 in\n"
        "get) f=%s/$(tr / _); [ -f $f ] && exec cat $f\n"
        "  echo credentials not found in native keychain; exit 1;;\n"
        "store) in=$(cat); s=$(echo \"$in\" | sed 's/.*\"ServerURL\":\"//; s/\".*//' | tr / _)\n"
        "  echo \"$in\" > %s/$s;;\n"
        "erase) rm %s/$(tr / _);;\n"
        "esac\n",
        scratch_path(name), scratch_path(name), scratch_path(name));
    scratch_write(path, script, 0755);
    assert_int_equal(mkdir(scratch_path(name), 0755), 0);
    use_helpers();
}

static const struct {
    const char *file;
    const char *host;
    const char *repository;
    const char *expected;
} samples[] = {
    { "", "h", "", "" },
    { "{}", "h", "", "" },
    { "{\"auths\":null}", "h", "a", "" },
    { "{\"auths\":{\"h\":" UP "}}", "h", "a/b", "u:p" },
    { "{\"auths\":{\"h\":" UP "}}", "H", "", "u:p" },
    { "{\"auths\":{\"h\":" UP "}}", "h:5000", "", "" },
    { "{\"auths\":{\"h:443\":" UP "}}", "h", "", "u:p" },
    { "{\"auths\":{\"https://h\":" UP "}}", "h", "", "u:p" },
    { "{\"auths\":{\"http://h/v2/\":" UP "}}", "h", "x", "u:p" },
    { "{\"auths\":{\"h/v1/\":" UP "}}", "h", "x", "u:p" },
    { "{\"auths\":{\"https://h\":" UP ",\"h\":" AB "}}", "h", "", "a:b" },
    { "{\"auths\":{\"h\":{},\"https://h\":" AB "}}", "h", "", "a:b" },
    { "{\"auths\":{\"h\":" UP ",\"h/a\":" AB ",\"h/a/b\":" XY "}}", "h", "a/b", "x:y" },
    { "{\"auths\":{\"h\":" UP ",\"h/a\":" AB ",\"h/a/b\":" XY "}}", "h", "a/bb", "a:b" },
    { "{\"auths\":{\"h\":" UP ",\"h/a\":" AB ",\"h/a/b\":" XY "}}", "h", "aa", "u:p" },
    { "{\"auths\":{\"h/a\":" AB "}}", "h", "", "" },
    { "{\"auths\":{\"h/a/\":" AB "}}", "h", "a/c/d", "a:b" },
    { "{\"auths\":{\"https://index.docker.io/v1/\":" UP "}}", "docker.io", "library/a", "u:p" },
    { "{\"auths\":{\"https://index.docker.io/v1/\":" UP "}}", "registry-1.docker.io", "", "u:p" },
    { "{\"auths\":{\"docker.io\":" UP "}}", "docker.io", "", "u:p" },
    { "{\"auths\":{\"index.docker.io\":" UP "}}", "docker.io", "", "u:p" },
    { "{\"auths\":{\"docker.io/team\":" UP "}}", "registry-1.docker.io", "team/x", "u:p" },
    { "{\"auths\":{\"h\":{\"auth\":\"dTpwOnE=\"}}}", "h", "", "u:p:q" },
    { "{\"auths\":{\"h\":{\"auth\":\"dTpwAAA=\"}}}", "h", "", "u:p" },
    { "{\"auths\":{\"h\":{\"username\":\"u\",\"password\":\"p\"}}}", "h", "", "u:p" },
    { "{\"auths\":{\"h\":{\"auth\":\"\"}}}", "h", "", "" },
    { "{\"auths\":{\"h\":{\"auth\":\"dTo=\",\"identitytoken\":\"T\"}}}", "h", "", "token:T" },
    { "{\"auths\":{\"h\":{\"identitytoken\":\"T\"}}}", "h", "", "token:T" },
    { "{\"auths\":{\"h\":{\"auth\":\"PHRva2VuPjpU\"}}}", "h", "", "token:T" },
    { "{\"auths\":{\"h\":{\"registrytoken\":\"R\"}}}", "h", "", "bearer:R" },
    { "{\"credHelpers\":{\"h\":\"\"},\"credsStore\":\"none\",\"auths\":{\"h\":" UP "}}", "h", "",
      "u:p" },
};

static void test_auths(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(samples); i++) {
        print_message("%s\n", samples[i].file);
        scratch_write("auth.json", samples[i].file, 0600);
        find(scratch_path("auth.json"), samples[i].host, samples[i].repository,
             samples[i].expected);
    }
}

static void test_bad_files(void **state)
{
    static const char *const files[] = {
        "{",
        "[]",
        "null",
        "{\"auths\":[]}",
        "{\"credHelpers\":\"x\"}",
        "{\"auths\":{}} x",
        "{\"auths\":{\"h\":{\"auth\":\"hunter2 is no base64\"}}}",
        "{\"auths\":{\"h\":{\"auth\":\"aHVudGVyMg==\"}}}", /* no colon */
        "{\"auths\":{\"h\":{\"auth\":\"dQA6cA==\"}}}",     /* a NUL */
        "{\"auths\":{\"h\":\"hunter2\"}}",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(files); i++) {
        struct cprov_credentials c = { 0 };
        struct cprov_error err = CPROV_ERROR_INIT;
        const char *path = scratch_path("auth.json");

        print_message("%s\n", files[i]);
        scratch_write("auth.json", files[i], 0600);
        assert_int_equal(cprov_credentials_find(path, "h", "", 0, &c, &err), CPROV_EINVAL);
        assert_non_null(strstr(err.msg, path));
        assert_null(strstr(err.msg, "hunter2"));
        assert_null(strstr(err.msg, "aHVudGVyMg"));
        assert_null(c.username);
    }
}

static void test_authfile(void **state)
{
    struct cprov_credentials c = { 0 };

    (void)state;
    scratch_write(DOCKER, "{\"auths\":{\"h\":" UP "}}", 0600);
    scratch_write("auth.json", "{\"auths\":{\"g\":" AB "}}", 0600);
    find(NULL, "h", "", "u:p");
    find(scratch_path("auth.json"), "h", "", "");
    setenv("REGISTRY_AUTH_FILE", scratch_path("auth.json"), 1);
    find(NULL, "h", "", "");
    find(NULL, "g", "", "a:b");
    assert_int_equal(cprov_credentials_find(scratch_path("none"), "h", "", 0, &c, &ignored),
                     CPROV_ENOTFOUND);
}

static void test_order(void **state)
{
    (void)state;
    find(NULL, "h", "a", "");
    scratch_write("home/.netrc", "machine h login n password r", 0600);
    find(NULL, "h", "a", "n:r");
    scratch_write("home/.config/containers/auth.json", "{\"auths\":{\"h\":" XY "}}", 0600);
    find(NULL, "h", "a", "x:y");
    scratch_write("config/containers/auth.json", "{\"auths\":{\"h\":" UP "}}", 0600);
    find(NULL, "h", "a", "u:p");
    scratch_write(PODMAN, "{\"auths\":{\"h\":" AB "}}", 0644);
    find(NULL, "h", "a", "a:b");
    scratch_write(DOCKER, "{\"auths\":{\"h\":" XY "}}", 0644);
    find(NULL, "h", "a", "x:y");
    scratch_write("dc/config.json", "{\"auths\":{\"h\":" UP "}}", 0644);
    setenv("DOCKER_CONFIG", scratch_path("dc"), 1);
    find(NULL, "h", "a", "u:p");
    scratch_write("netrc", "machine g login n password r", 0600);
    setenv("NETRC", scratch_path("netrc"), 1);
    find(NULL, "g", "", "n:r");
}

static void test_helpers(void **state)
{
    (void)state;
    write_helper("one");
    write_helper("two");
    scratch_write(DOCKER,
                  "{\"auths\":{\"h\":" UP ",\"docker.io\":" AB "},\"credsStore\":\"one\","
                  "\"credHelpers\":{\"h/team\":\"two\",\"https://index.docker.io/v1/\":\"two\"}}",
                  0600);
    find(NULL, "h", "x", "u:p"); /* the helper has none */
    scratch_write("one/h", "{\"Username\":\"one\",\"Secret\":\"1\"}", 0644);
    find(NULL, "h", "x", "one:1");
    scratch_write("two/h_team", "{\"Username\":\"two\",\"Secret\":\"2\"}", 0644);
    find(NULL, "h", "team/x", "two:2");
    find(NULL, "docker.io", "library/x", "a:b");
    scratch_write("two/https:__index.docker.io_v1_", "{\"Username\":\"<token>\",\"Secret\":\"3\"}",
                  0644);
    find(NULL, "docker.io", "library/x", "token:3");
}

static void B21_next_login_after_a_refusal(void **state)
{
    static const char *const expected[] = { "x:y", "a:b", "n:r", "" };

    (void)state;
    scratch_write(DOCKER, "{\"auths\":{\"h\":" XY "}}", 0600);
    scratch_write(PODMAN, "{\"auths\":{\"h\":" AB "}}", 0600);
    scratch_write("home/.netrc", "machine h login n password r", 0600);
    for (unsigned skip = 0; skip < CPROV_COUNT(expected); skip++) {
        struct cprov_credentials c = { 0 };
        char text[64] = "";

        assert_int_equal(cprov_credentials_find(NULL, "h", "", skip, &c, &ignored), 0);
        if (c.username)
            (void)snprintf(text, sizeof(text), "%s:%s", c.username, c.password);
        assert_string_equal(text, expected[skip]);
        cprov_credentials_clear(&c);
    }
}

static void B21_broken_lines_in_auth(void **state)
{
    (void)state;
    scratch_write(DOCKER, "{\"auths\":{\"h\":{\"auth\":\"dT\\r\\npw\\n\"}}}", 0600);
    find(NULL, "h", "", "u:p");
}

static void test_missing_helper(void **state)
{
    struct cprov_credentials c = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    use_helpers();
    scratch_write(DOCKER, "{\"credsStore\":\"none\"}", 0600);
    assert_int_equal(cprov_credentials_find(NULL, "h", "", 0, &c, &err), CPROV_EAUTH);
    assert_non_null(strstr(err.msg, "docker-credential-none"));
}

static void store(const char *authfile, const char *host, const char *where)
{
    char user[] = "u", secret[] = "p";
    struct cprov_credentials login = { .username = user, .password = secret };
    struct cprov_error err = CPROV_ERROR_INIT;
    char *used = NULL;

    int code = cprov_credentials_store(authfile, host, &login, &used, &err);
    if (code < 0)
        print_message("%s\n", err.msg);
    assert_int_equal(code, 0);
    assert_string_equal(used, where);
    free(used);
}

static void assert_file(const char *name, const char *expected)
{
    char *text = scratch_read(name);

    assert_string_equal(text, expected);
    free(text);
}

static void test_store_places(void **state)
{
    (void)state;
    umask(0);
    store(NULL, "docker.io", scratch_path(PODMAN));
    assert_file(PODMAN, "{\n    \"auths\": {\n        \"docker.io\": {\n"
                        "            \"auth\": \"dTpw\"\n        }\n    }\n}\n");
    assert_int_equal(scratch_mode(PODMAN), 0600);
    assert_int_equal(scratch_mode("run/containers"), 0700);
    find(NULL, "docker.io", "library/x", "u:p");

    assert_int_equal(unlink(scratch_path(PODMAN)), 0);
    scratch_write(DOCKER, "", 0644);
    store(NULL, "docker.io", scratch_path(DOCKER));
    assert_file(DOCKER, "{\n    \"auths\": {\n        \"https://index.docker.io/v1/\": {\n"
                        "            \"auth\": \"dTpw\"\n        }\n    }\n}\n");
    assert_int_equal(scratch_mode(DOCKER), 0600);
    scratch_write("config/containers/auth.json", "{}", 0644);
    store(NULL, "h/team", scratch_path(DOCKER)); /* docker's folder is there */
    find(NULL, "h", "team/x", "u:p");
    scratch_write("config/containers/auth.json", "{\"auths\":{\"g\":" AB "}}", 0644);
    store(NULL, "g", scratch_path("config/containers/auth.json")); /* there it is found */
    find(NULL, "g", "", "u:p");
    find(NULL, "h", "x", "");
    store(scratch_path("new/auth.json"), "h", scratch_path("new/auth.json"));
    find(scratch_path("new/auth.json"), "h", "", "u:p");
    umask(022);
}

static void test_store_keeps(void **state)
{
    (void)state;
    scratch_write(DOCKER,
                  "{\"z\": [1, 2.50, \"\\u00e9\"], \"auths\": {\"https://h\": " AB ", \"g\": " XY
                  ", \"h\": {\"email\": \"e\"}}, \"HttpHeaders\": {\"a\": null}}",
                  0644);
    store(NULL, "h", scratch_path(DOCKER));
    assert_file(DOCKER, "{\n    \"z\": [\n        1,\n        2.50,\n        \"\xc3\xa9\"\n    ],\n"
                        "    \"auths\": {\n"
                        "        \"h\": {\n            \"auth\": \"dTpw\"\n        },\n"
                        "        \"g\": {\n            \"auth\": \"eDp5\"\n        }\n    },\n"
                        "    \"HttpHeaders\": {\n        \"a\": null\n    }\n}\n");
}

static void test_store_tokens(void **state)
{
    char user[] = "u", token[] = "T";
    struct cprov_credentials login = { .username = user,
                                       .password = user,
                                       .identity_token = token };
    const char *path = scratch_path("auth.json");
    char *where = NULL;

    (void)state;
    assert_int_equal(cprov_credentials_store(path, "h", &login, &where, &ignored), 0);
    free(where);
    find(path, "h", "", "token:T");
    assert_file("auth.json", "{\n    \"auths\": {\n        \"h\": {\n"
                             "            \"auth\": \"dTo=\",\n"
                             "            \"identitytoken\": \"T\"\n        }\n    }\n}\n");
    login = (struct cprov_credentials){ .registry_token = token };
    assert_int_equal(cprov_credentials_store(path, "h", &login, &where, &ignored), 0);
    free(where);
    find(path, "h", "", "bearer:T");
}

static void test_store_refused(void **state)
{
    char user[] = "u:v", secret[] = "hunter2";
    struct cprov_credentials login = { .username = user, .password = secret };
    struct cprov_credentials nobody = { 0 };
    const char *path = scratch_path("auth.json");
    char *where = NULL;

    (void)state;
    scratch_write("auth.json", "{\"auths\": 1}", 0600);
    assert_int_equal(cprov_credentials_store(path, "h", &login, &where, &ignored), CPROV_EINVAL);
    assert_int_equal(cprov_credentials_store(path, "h", &nobody, &where, &ignored), CPROV_EINVAL);
    user[1] = '\0';
    assert_int_equal(cprov_credentials_store(path, "", &login, &where, &ignored), CPROV_EINVAL);
    assert_int_equal(cprov_credentials_store(path, "h", &login, &where, &ignored), CPROV_EINVAL);
    assert_file("auth.json", "{\"auths\": 1}");
    assert_null(where);
}

static void test_symlink(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    scratch_write("dotfiles/docker.json", "{\"a\": 1}", 0644);
    scratch_write("home/.docker/keep", "", 0644);
    assert_int_equal(symlink("../../dotfiles/link", scratch_path(DOCKER)), 0);
    assert_int_equal(symlink(scratch_path("dotfiles/docker.json"), scratch_path("dotfiles/link")),
                     0);
    store(NULL, "h", scratch_path(DOCKER));
    assert_true(S_ISLNK(scratch_mode(DOCKER) | S_IFLNK));
    struct stat st;
    assert_int_equal(lstat(scratch_path(DOCKER), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(lstat(scratch_path("dotfiles/link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(scratch_mode("dotfiles/docker.json"), 0600);
    find(NULL, "h", "", "u:p");
    assert_int_equal(cprov_credentials_erase(NULL, "h", &err), 0);
    assert_file("dotfiles/docker.json", "{\n    \"a\": 1,\n    \"auths\": {}\n}\n");

    /* a link to nothing yet, and one to itself */
    assert_int_equal(unlink(scratch_path("dotfiles/docker.json")), 0);
    store(scratch_path(DOCKER), "h", scratch_path(DOCKER));
    assert_true(scratch_exists("dotfiles/docker.json"));
    assert_int_equal(symlink("loop", scratch_path("loop")), 0);
    char user[] = "u";
    char *where = NULL;
    struct cprov_credentials login = { .username = user };
    assert_int_equal(cprov_credentials_store(scratch_path("loop"), "h", &login, &where, &err),
                     CPROV_EFAIL);
}

static void test_store_in_helper(void **state)
{
    (void)state;
    write_helper("one");
    scratch_write(DOCKER, "{\"credsStore\":\"one\"}", 0600);
    store(NULL, "docker.io", "docker-credential-one");
    assert_true(scratch_exists("one/https:__index.docker.io_v1_"));
    assert_file(DOCKER, "{\"credsStore\":\"one\"}");
    find(NULL, "registry-1.docker.io", "library/x", "u:p");
    assert_int_equal(cprov_credentials_erase(NULL, "docker.io", &ignored), 0);
    assert_false(scratch_exists("one/https:__index.docker.io_v1_"));
    assert_int_equal(cprov_credentials_erase(NULL, "docker.io", &ignored), CPROV_ENOTFOUND);
}

static void test_erase(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    static const char all[] = "{\"auths\":{\"h\":" UP ",\"https://h/v2/\":" AB ",\"h/a\":" XY "}}";

    (void)state;
    assert_int_equal(cprov_credentials_erase(NULL, "h", &err), CPROV_ENOTFOUND);
    assert_string_equal(err.msg, "no login is stored for it");
    assert_false(scratch_exists(DOCKER));
    scratch_write(DOCKER, all, 0600);
    scratch_write(PODMAN, all, 0600);
    assert_int_equal(cprov_credentials_erase(NULL, "h/b", &err), CPROV_ENOTFOUND);
    assert_file(DOCKER, all);
    assert_int_equal(cprov_credentials_erase(NULL, "h", &err), 0);
    find(NULL, "h", "", "");
    find(NULL, "h", "a", "x:y");
    assert_int_equal(cprov_credentials_erase(NULL, "h/a", &err), 0);
    find(NULL, "h", "a", "");
    assert_int_equal(cprov_credentials_erase(scratch_path("none"), "h", &err), CPROV_ENOTFOUND);
}

/* A helper that is gone must not keep the login in the files. */
static void test_erase_broken_helper(void **state)
{
    (void)state;
    use_helpers();
    scratch_write(DOCKER, "{\"credsStore\":\"gone\",\"auths\":{\"h\":" UP "}}", 0600);
    scratch_write(PODMAN, "{\"auths\":{\"h\":" UP "}}", 0600);
    assert_int_equal(cprov_credentials_erase(NULL, "h", &ignored), CPROV_EAUTH);
    find(scratch_path(PODMAN), "h", "", "");
    assert_file(DOCKER, "{\n    \"credsStore\": \"gone\",\n    \"auths\": {}\n}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_auths),
        scratch_test(test_bad_files),
        scratch_test(test_authfile),
        scratch_test(test_order),
        scratch_test(test_helpers),
        scratch_test(test_missing_helper),
        scratch_test(test_store_places),
        scratch_test(test_store_keeps),
        scratch_test(test_store_tokens),
        scratch_test(test_store_refused),
        scratch_test(test_symlink),
        scratch_test(test_store_in_helper),
        scratch_test(test_erase),
        scratch_test(test_erase_broken_helper),
        scratch_test(B21_broken_lines_in_auth),
        scratch_test(B21_next_login_after_a_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
