/* tests/unit/conf/conf_test.c - YAML in, configuration or a line and column out. */
#include "tests/unit/conf/scratch.h"

#include "base/error.h"
#include "conf/conf.h"
#include "conf/draft_private.h"

static void load(struct cprov_conf **out)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_conf_places places;
    struct cprov_error err = CPROV_ERROR_INIT;

    assert_int_equal(cprov_conf_places(&arena, &places, &err), 0);
    int code = cprov_conf_load(&places, out, &err);
    if (code < 0)
        print_message("%s\n", err.msg);
    assert_int_equal(code, 0);
}

static void test_shipped(void **state)
{
    auto_conf struct cprov_conf *c = NULL;

    (void)state;
    load(&c);
    assert_int_equal(c->sources_count, 1);
    const struct cprov_source *s = cprov_conf_source(c, "DockerHub");
    assert_non_null(s);
    assert_string_equal(s->name, "dockerhub");
    assert_string_equal(s->location, "docker.io");
    assert_string_equal(s->type, "oci");
    assert_string_equal(s->file, "built-in");
    assert_true(s->registered);
    assert_false(s->trusted);
    assert_null(s->proxy);
    assert_null(cprov_conf_source(c, ""));
    assert_null(cprov_conf_host(c, "docker.io"));
    assert_int_equal(c->aliases_count, 3);
    assert_string_equal(c->aliases[0].repository, "windows/nanoserver");
    assert_string_equal(c->aliases[0].name, "NanoServer");
    assert_null(c->root);
    assert_true(c->parallel == 0 && !c->has_retries && !c->has_split_after);
}

/* Every key that the shipped file explains in a comment must be one that is read. */
static void test_shipped_comments(void **state)
{
    const char *p = (const char *)cprov_conf_shipped;
    struct cprov_span rest = cprov_span_make(p, cprov_conf_shipped_len), line;
    auto_conf struct cprov_conf *c = cprov_conf_new();
    struct cprov_draft draft = { .conf = c };
    struct cprov_error err = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf text;

    (void)state;
    cprov_buf_init(&text, SCRATCH_TEXT_MAX);
    while (cprov_span_next(&rest, '\n', &line)) {
        size_t hash = cprov_span_find(line, '#');
        struct cprov_span after = cprov_span_from(line, hash + 1);
        bool commented = after.len > 0 && after.ptr[0] != ' ' &&
                         cprov_span_trim(cprov_span_make(line.ptr, hash)).len == 0;
        bool member = hash == 0 && cprov_span_starts_with(after, "  ") &&
                      cprov_span_find(after, ':') < after.len;
        if (commented || member) {
            cprov_buf_add(&text, line.ptr, hash);
            cprov_buf_add_span(&text, after);
        } else {
            cprov_buf_add_span(&text, line);
        }
        cprov_buf_add_char(&text, '\n');
    }
    int code = cprov_draft_read(&draft, "shipped", cprov_buf_span(&text), &err);
    if (code < 0)
        print_message("%s\n", err.msg);
    assert_int_equal(code, 0);
    assert_int_equal(c->parallel, 6);
    assert_int_equal(c->split_bytes, 32 << 20);
    assert_non_null(cprov_draft_find(&draft.hosts, "registry.example:5000"));
}

static void test_all_keys(void **state)
{
    auto_conf struct cprov_conf *c = NULL;

    (void)state;
    scratch_write("etc/a.yaml",
                  "root: /srv/images\n"
                  "sources:\n"
                  "- {name: Corp, location: 'registry.example/team', trusted: true, proxy: none}\n"
                  "hosts:\n"
                  "  Registry.example:5000:\n"
                  "    allow-http: true\n"
                  "    tls-verify: false\n"
                  "    ca-file: certs/ca.pem\n"
                  "    cert-file: /abs/client.pem\n"
                  "    key-file: client.key\n"
                  "    proxy: \"http://p:1\"\n"
                  "aliases: {a/b: AB}\n"
                  "parallel: 64\nretries: 0\nconnect-timeout: 500ms\nstall-timeout: 20\n"
                  "limit-rate: 10M\nsplit-size: 500k\nsplit-after: 0s\n",
                  0644);
    load(&c);
    assert_string_equal(c->root, "/srv/images");
    assert_int_equal(c->sources_count, 2);
    assert_string_equal(c->sources[1].name, "Corp");
    assert_string_equal(c->sources[1].proxy, "none");
    assert_string_equal(c->sources[1].file, scratch_path("etc/a.yaml"));
    assert_true(c->sources[1].trusted);
    const struct cprov_host_conf *h = cprov_conf_host(c, "registry.EXAMPLE:5000");
    assert_non_null(h);
    assert_true(h->allow_http && h->insecure);
    assert_string_equal(h->ca_file, scratch_path("etc/certs/ca.pem"));
    assert_string_equal(h->cert_file, "/abs/client.pem");
    assert_string_equal(h->key_file, scratch_path("etc/client.key"));
    assert_string_equal(h->proxy, "http://p:1");
    assert_int_equal(c->aliases_count, 4);
    assert_true(c->parallel == 64 && c->has_retries && c->retries == 0);
    assert_true(c->connect_timeout_ms == 500 && c->stall_timeout_ms == 20000);
    assert_true(c->limit_rate == 10 << 20 && c->split_bytes == 512000);
    assert_true(c->has_split_after && c->split_after_ms == 0);
}

static void test_order(void **state)
{
    auto_conf struct cprov_conf *c = NULL;

    (void)state;
    scratch_write("etc/10.yaml", "parallel: 1\nsources: [{name: a, location: a.example}]\n", 0644);
    scratch_write("etc/9.yaml", "parallel: 2\nhosts: {h: {allow-http: true, proxy: none}}\n", 0644);
    scratch_write("etc/.hidden.yaml", "parallel: 9\n", 0644);
    scratch_write("etc/99.yml", "parallel: 9\n", 0644);
    scratch_write("config/container-provider/u.yaml",
                  "sources:\n- {name: DOCKERHUB, removed: true}\n- {name: A, location: b.example}\n"
                  "- {name: c, location: c.example}\nhosts: {H: {allow-http: false}}\naliases:\n"
                  "  windows/nanoserver: Nano\n",
                  0644);
    load(&c);
    assert_int_equal(c->parallel, 2);
    assert_int_equal(c->sources_count, 2);
    assert_string_equal(c->sources[0].name, "A");
    assert_string_equal(c->sources[0].location, "b.example");
    assert_string_equal(c->sources[1].name, "c");
    assert_null(cprov_conf_source(c, "dockerhub"));
    assert_int_equal(c->hosts_count, 1);
    assert_false(c->hosts[0].allow_http);
    assert_string_equal(c->hosts[0].proxy, "none"); /* what the later file does not say stays */
    assert_int_equal(c->aliases_count, 3);
    assert_string_equal(c->aliases[0].name, "Nano");
}

static void test_harmless(void **state)
{
    static const char *const texts[] = {
        "",
        "\n# nothing\n",
        "---\n",
        "---\n...\n",
        "~\n",
        "sources:\n#- name: x\nhosts:\naliases: ~\n",
        "\xef\xbb\xbfparallel: 3\n",
        "parallel: 3\r\nretries: 2\r\n",
        "%YAML 1.1\n---\nparallel: 3\n",
        "hosts: {a.example: }\n",
        "sources: []\n",
        "{}\n",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(texts); i++) {
        auto_conf struct cprov_conf *c = NULL;

        print_message("%s\n", texts[i]);
        scratch_write("etc/a.yaml", texts[i], 0644);
        load(&c);
    }
}

static const struct {
    const char *text;
    const char *message; /* after FILE: */
} refused[] = {
    { "soruces: []\n", "1:1: unknown key 'soruces' (did you mean 'sources'?)" },
    { "root: a: b\n", "1:8: mapping values are not allowed in this context" },
    { "paralel: 1\n", "1:1: unknown key 'paralel' (did you mean 'parallel'?)" },
    { "colour: 1\n", "1:1: unknown key 'colour'" },
    { "sources:\n  - nane: x\n", "2:5: unknown key 'nane' (did you mean 'name'?)" },
    { "hosts:\n  h:\n    ca_file: x\n", "3:5: unknown key 'ca_file' (did you mean 'ca-file'?)" },
    { "x: 1\n", "1:1: unknown key 'x'" },
    { "? [a]\n: 1\n", "1:3: a key must be a text" },
    { "parallel: 1\nparallel: 2\n", "2:1: duplicate key 'parallel'" },
    { "sources: []\nsources: []\n", "2:1: duplicate key 'sources'" },
    { "hosts: {a: {}, A: {}}\n", "1:16: duplicate 'A'" },
    { "aliases: {a: x, a: y}\n", "1:17: duplicate key 'a'" },
    { "sources:\n- {name: a, location: b}\n- {name: A, location: c}\n", "3:3: duplicate 'A'" },
    { "sources:\n- {name: a}\n", "2:3: source 'a' has no 'location'" },
    { "sources:\n- {location: a}\n", "2:3: a source has no 'name'" },
    { "sources:\n- {removed: true}\n", "2:3: a source has no 'name'" },
    { "sources:\n- {name: a, location: b, type: oic}\n",
      "2:3: unknown source kind 'oic' (known: oci, dockerhub, quay, harbor, gitlab, github, mcr, "
      "acr, gcr, ecr, cprov, document, catalog, layout, archive, mirror, folder)" },
    { "sources:\n- {name: a, location: 'u:p@h'}\n",
      "2:3: the location of source 'a' has a login or query" },
    { "sources:\n- {name: a, location: 'a b'}\n", "2:3: the location of source 'a' is not valid" },
    { "sources: {a: b}\n", "1:10: 'sources' must be a list" },
    { "sources: [a]\n", "1:11: a source must be a mapping with 'name' and 'location'" },
    { "sources: a\n", "1:10: 'sources' must be a list" },
    { "hosts: []\n", "1:8: 'hosts' must be a mapping" },
    { "hosts: {'http://a': {}}\n", "1:9: 'http://a' must be host or host:port" },
    { "hosts: {a: b}\n", "1:12: host 'a' must be a mapping" },
    { "hosts: {a: {tls-verify: no}}\n", "1:25: 'tls-verify' must be true or false" },
    { "hosts: {a: {allow-http: 'true'}}\n", "1:25: 'allow-http' must be true or false" },
    { "hosts: {a: {cert-file: x}}\n",
      "1:9: host 'a' needs both 'cert-file' and 'key-file', or neither" },
    { "aliases: {a: [b]}\n", "1:14: 'a' must be a text" },
    { "aliases: {a: }\n", "1:14: 'a' has no value" },
    { "root:\n", "1:6: 'root' has no value" },
    { "root: ''\n", "1:7: 'root' has no value" },
    { "root: \"a\\0b\"\n", "1:7: NUL in a text" },
    { "root: \"a\\nb\"\n", "1:7: 'root' has a control character" },
    { "root: [a]\n", "1:7: 'root' must be a text" },
    { "parallel: 0\n", "1:11: 'parallel' must be a number from 1 to 64" },
    { "parallel: 65\n", "1:11: 'parallel' must be a number from 1 to 64" },
    { "parallel: -1\n", "1:11: 'parallel' must be a number from 1 to 64" },
    { "parallel: many\n", "1:11: 'parallel' must be a number from 1 to 64" },
    { "parallel: '6'\n", "1:11: 'parallel' must be a number from 1 to 64" },
    { "parallel: [6]\n", "1:11: 'parallel' must be a number from 1 to 64" },
    { "stall-timeout: soon\n",
      "1:16: 'stall-timeout' must be a time from 1ms to 1d, such as 500ms, 30s or 2h" },
    { "stall-timeout: 0\n",
      "1:16: 'stall-timeout' must be a time from 1ms to 1d, such as 500ms, 30s or 2h" },
    { "limit-rate: 1X\n",
      "1:13: 'limit-rate' must be a rate from 0 to 16T, such as 500K or 10M/s" },
    { "parallel: &a 1\nretries: *a\n", "1:11: anchors of YAML are not supported" },
    { "parallel: *a\n", "1:11: aliases of YAML are not supported" },
    { "parallel: !!int 1\n", "1:11: tags of YAML are not supported" },
    { "--- !x\nparallel: 1\n", "1:5: tags of YAML are not supported" },
    { "hosts: !x {}\n", "1:8: tags of YAML are not supported" },
    { "sources: &a []\n", "1:10: anchors of YAML are not supported" },
    { "<<: {parallel: 1}\n", "1:1: unknown key '<<'" },
    { "parallel: 1\n---\nparallel: 2\n", "2:1: more than one document" },
    { "- a\n", "1:1: a configuration must be a mapping" },
    { "text\n", "1:1: a configuration must be a mapping" },
    { "root: \"open\n", "2:1: found unexpected end of stream" },
    { "root: \xff\n", "1:1: invalid leading UTF-8 octet" },
    { "\troot: a\n", "1:1: found character that cannot start any token" },
    { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "2:1: did not find expected node content" },
    { "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "1:33: nested more than 32 levels deep" },
    { "[[[[]]]]", "1:1: a configuration must be a mapping" },
};

static void test_refused(void **state)
{
    struct cprov_conf_places places = { .file = NULL };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(refused); i++) {
        struct cprov_conf *c = NULL;
        struct cprov_error err = CPROV_ERROR_INIT;
        char message[512];

        print_message("%s\n", refused[i].text);
        scratch_write("bad.yaml", refused[i].text, 0644);
        places.file = scratch_path("bad.yaml");
        snprintf(message, sizeof(message), "%s:%s", places.file, refused[i].message);
        assert_int_equal(cprov_conf_load(&places, &c, &err), CPROV_EINVAL);
        assert_string_equal(err.msg, message);
        assert_null(c);
    }
}

static void test_missing(void **state)
{
    struct cprov_conf_places places = { .system_dir = scratch_path("none"),
                                        .file = scratch_path("none.yaml") };
    struct cprov_conf *c = NULL;

    (void)state;
    assert_int_equal(cprov_conf_load(&places, &c, CPROV_IGNORED), CPROV_ENOTFOUND);
    assert_null(c);
    places.file = NULL;
    assert_int_equal(cprov_conf_load(&places, &c, CPROV_IGNORED), 0);
    cprov_conf_free(c);
    cprov_conf_free(NULL);
}

static void test_too_large(void **state)
{
    struct cprov_conf_places places = { .file = scratch_path("large.yaml") };
    struct cprov_conf *c = NULL;
    char *text = malloc(SCRATCH_TEXT_MAX + 2);

    (void)state;
    assert_non_null(text);
    memset(text, '#', SCRATCH_TEXT_MAX + 1);
    text[SCRATCH_TEXT_MAX + 1] = '\0';
    scratch_write("large.yaml", text, 0644);
    assert_int_equal(cprov_conf_load(&places, &c, CPROV_IGNORED), CPROV_ELIMIT);
    assert_null(c);
    free(text);
}

static void test_too_many(void **state)
{
    auto_conf struct cprov_conf *c = cprov_conf_new();
    struct cprov_draft draft = { .conf = c };
    auto_buf struct cprov_buf text;

    (void)state;
    cprov_buf_init(&text, SCRATCH_TEXT_MAX);
    cprov_buf_add_text(&text, "aliases:\n");
    for (int i = 0; i < CPROV_CONF_ENTRIES_MAX; i++)
        cprov_buf_addf(&text, "  a%d: b\n", i);
    assert_int_equal(cprov_draft_read(&draft, "x", cprov_buf_span(&text), CPROV_IGNORED), 0);
    assert_int_equal(draft.aliases.count, CPROV_CONF_ENTRIES_MAX);
    cprov_buf_reset(&text);
    cprov_buf_add_text(&text, "aliases: {one: more}\n");
    assert_int_equal(cprov_draft_read(&draft, "x", cprov_buf_span(&text), CPROV_IGNORED),
                     CPROV_ELIMIT);
}

static void test_places(void **state)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_conf_places places;

    (void)state;
    unsetenv("CPROV_SYSTEM_CONFIG_DIR");
    setenv("XDG_CONFIG_HOME", "relative", 1);
    assert_int_equal(cprov_conf_places(&arena, &places, CPROV_IGNORED), 0);
    assert_string_equal(places.system_dir, "/etc/container-provider");
    assert_string_equal(places.user_dir, scratch_path("home/.config/container-provider"));
    assert_null(places.file);
    setenv("XDG_CONFIG_HOME", "/x", 1);
    assert_int_equal(cprov_conf_places(&arena, &places, CPROV_IGNORED), 0);
    assert_string_equal(places.user_dir, "/x/container-provider");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        scratch_test(test_shipped),  scratch_test(test_shipped_comments),
        scratch_test(test_all_keys), scratch_test(test_order),
        scratch_test(test_harmless), scratch_test(test_refused),
        scratch_test(test_missing),  scratch_test(test_too_large),
        scratch_test(test_too_many), scratch_test(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
