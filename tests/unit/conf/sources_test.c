/* tests/unit/conf/sources_test.c - changes of sources.yaml. */
#include "tests/unit/conf/scratch.h"

#include <sys/wait.h>

#include "base/error.h"
#include "conf/conf.h"

static struct cprov_source source(const char *name, const char *location)
{
    return (struct cprov_source){ .name = name, .location = location, .type = "oci" };
}

static int change(enum cprov_source_change what, const char *old_name, const char *name,
                  const char *location, bool replace)
{
    struct cprov_source s = source(name, location);
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = cprov_conf_change_source(scratch_path("etc"), what, old_name, &s, replace, &err);

    if (code < 0)
        print_message("%s\n", err.msg);
    assert_int_equal(code, err.code);
    return code;
}

/* "name=location name=location" of everything that is in force. */
static void assert_sources(const char *expected)
{
    struct cprov_conf_places places = { .system_dir = scratch_path("etc") };
    auto_conf struct cprov_conf *c = NULL;
    auto_buf struct cprov_buf text;

    cprov_buf_init(&text, SCRATCH_TEXT_MAX);
    assert_int_equal(cprov_conf_load(&places, &c, CPROV_IGNORED), 0);
    for (size_t i = 0; i < c->sources_count; i++)
        cprov_buf_addf(&text, "%s%s=%s", i ? " " : "", c->sources[i].name, c->sources[i].location);
    assert_string_equal(cprov_buf_text(&text), expected);
}

/* Each line goes on from the one before. */
static const struct step {
    enum cprov_source_change what;
    const char *old_name;
    const char *name;
    const char *location;
    bool replace;
    int code;
    const char *after;
} steps[] = {
    { CPROV_SOURCE_REMOVE, "a", NULL, NULL, false, CPROV_ENOTFOUND, "dockerhub=docker.io" },
    { CPROV_SOURCE_UPDATE, "a", "a", "x", false, CPROV_ENOTFOUND, "dockerhub=docker.io" },
    { CPROV_SOURCE_ADD, NULL, "a", "a.example", false, 0, "dockerhub=docker.io a=a.example" },
    { CPROV_SOURCE_ADD, NULL, "A", "b.example", false, CPROV_EEXISTS,
      "dockerhub=docker.io a=a.example" },
    { CPROV_SOURCE_ADD, NULL, "b", "https://A.example/", false, CPROV_EEXISTS,
      "dockerhub=docker.io a=a.example" },
    { CPROV_SOURCE_ADD, NULL, "DockerHub", "b.example", false, CPROV_EEXISTS,
      "dockerhub=docker.io a=a.example" },
    { CPROV_SOURCE_ADD, NULL, "hub", "docker.io", false, CPROV_EEXISTS,
      "dockerhub=docker.io a=a.example" },
    { CPROV_SOURCE_ADD, NULL, "", "x", false, CPROV_EINVAL, "dockerhub=docker.io a=a.example" },
    { CPROV_SOURCE_ADD, NULL, "x", "", false, CPROV_EINVAL, "dockerhub=docker.io a=a.example" },
    { CPROV_SOURCE_ADD, NULL, "b", "b.example/t", false, 0,
      "dockerhub=docker.io a=a.example b=b.example/t" },
    { CPROV_SOURCE_UPDATE, "A", "c", "c.example", false, 0,
      "dockerhub=docker.io c=c.example b=b.example/t" },
    { CPROV_SOURCE_UPDATE, "c", "B", "c.example", false, CPROV_EEXISTS,
      "dockerhub=docker.io c=c.example b=b.example/t" },
    { CPROV_SOURCE_UPDATE, "c", "C", "c.example", false, 0,
      "dockerhub=docker.io C=c.example b=b.example/t" },
    { CPROV_SOURCE_UPDATE, "c", "b", "d.example", true, 0, "dockerhub=docker.io b=d.example" },
    { CPROV_SOURCE_ADD, NULL, "b", "e.example", true, 0, "dockerhub=docker.io b=e.example" },
    { CPROV_SOURCE_ADD, NULL, "f", "e.example", true, 0, "dockerhub=docker.io f=e.example" },
    { CPROV_SOURCE_REMOVE, "DOCKERHUB", NULL, NULL, false, 0, "f=e.example" },
    { CPROV_SOURCE_REMOVE, "dockerhub", NULL, NULL, false, CPROV_ENOTFOUND, "f=e.example" },
    { CPROV_SOURCE_ADD, NULL, "dockerhub", "docker.io", false, 0,
      "dockerhub=docker.io f=e.example" },
    { CPROV_SOURCE_UPDATE, "dockerhub", "hub", "docker.io", false, 0, "f=e.example hub=docker.io" },
    { CPROV_SOURCE_UPDATE, "hub", "dockerhub", "mirror.example", false, 0,
      "dockerhub=mirror.example f=e.example" },
    { CPROV_SOURCE_REMOVE, "dockerhub", NULL, NULL, false, 0, "f=e.example" },
    { CPROV_SOURCE_REMOVE, "f", NULL, NULL, false, 0, "" },
};

static void test_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(steps); i++) {
        const struct step *s = &steps[i];

        print_message("step %zu\n", i);
        assert_int_equal(change(s->what, s->old_name, s->name, s->location, s->replace), s->code);
        assert_sources(s->after);
    }
}

static void test_file(void **state)
{
    struct cprov_source s = source("odd: \"name\" \\ #1 \xc3\xa9", "http://127.0.0.1:5000");

    (void)state;
    umask(0);
    s.trusted = true;
    s.proxy = "none";
    assert_int_equal(cprov_conf_change_source(scratch_path("etc"), CPROV_SOURCE_ADD, NULL, &s,
                                              false, CPROV_IGNORED),
                     0);
    umask(022);
    char *text = scratch_read("etc/sources.yaml");
    assert_string_equal(text, "# Written by container-provider, which keeps no comments.\n"
                              "sources:\n"
                              "  - name: \"odd: \\\"name\\\" \\\\ #1 \\U000000e9\"\n"
                              "    location: http://127.0.0.1:5000\n"
                              "    type: oci\n"
                              "    trusted: true\n"
                              "    proxy: none\n");
    free(text);
    assert_int_equal(scratch_mode("etc"), 0755);
    assert_int_equal(scratch_mode("etc/sources.yaml"), 0644);
    assert_sources("dockerhub=docker.io odd: \"name\" \\ #1 \xc3\xa9=http://127.0.0.1:5000");
}

static void test_untouched(void **state)
{
    static const char *const texts[] = {
        "parallel: 3\nsources: []\n",
        "sources: [{name: a}]\n",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(texts); i++) {
        scratch_write("etc/sources.yaml", texts[i], 0644);
        assert_int_equal(change(CPROV_SOURCE_ADD, NULL, "x", "x.example", true), CPROV_EINVAL);
        char *text = scratch_read("etc/sources.yaml");
        assert_string_equal(text, texts[i]);
        free(text);
    }
}

static void test_secret_proxy(void **state)
{
    struct cprov_source s = source("a", "a.example");
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    s.proxy = "http://user:hunter2@proxy";
    assert_int_equal(
        cprov_conf_change_source(scratch_path("etc"), CPROV_SOURCE_ADD, NULL, &s, false, &err),
        CPROV_EINVAL);
    assert_null(strstr(err.msg, "hunter2"));
    assert_false(scratch_exists("etc/sources.yaml"));
}

static void test_other_files(void **state)
{
    (void)state;
    scratch_write("etc/mine.yaml", "sources: [{name: m, location: m.example}]\n", 0644);
    assert_int_equal(change(CPROV_SOURCE_REMOVE, "m", NULL, NULL, false), CPROV_ENOTFOUND);
    assert_sources("dockerhub=docker.io m=m.example");
}

enum { PROCESSES = 8, EACH = 10 };

static void add_many(int process)
{
    for (int i = 0; i < EACH; i++) {
        char name[32], location[64];
        struct cprov_source s = source(name, location);

        snprintf(name, sizeof(name), "s%d-%d", process, i);
        snprintf(location, sizeof(location), "%s.example", name);
        if (cprov_conf_change_source(scratch_path("etc"), CPROV_SOURCE_ADD, NULL, &s, false,
                                     CPROV_IGNORED) < 0)
            _exit(1);
    }
    _exit(0);
}

static void test_concurrent(void **state)
{
    struct cprov_conf_places places = { .system_dir = scratch_path("etc") };
    auto_conf struct cprov_conf *c = NULL;

    (void)state;
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            add_many(i);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(cprov_conf_load(&places, &c, CPROV_IGNORED), 0);
    assert_int_equal(c->sources_count, 1 + PROCESSES * EACH);
    for (int i = 0; i < PROCESSES * EACH; i++) {
        char name[32];
        snprintf(name, sizeof(name), "s%d-%d", i / EACH, i % EACH);
        assert_non_null(cprov_conf_source(c, name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_steps),       scratch_test(test_file),
        scratch_test(test_untouched),   scratch_test(test_secret_proxy),
        scratch_test(test_other_files), scratch_test(test_concurrent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
