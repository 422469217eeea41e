/* tests/unit/manifest/image_config_test.c - image configs, and what is an operating system. */
#include "manifest/image_config.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "manifest/manifest.h"
#include "unit.h"

#define ROOTFS(ids) "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ids "]}"
#define ID          "\"" SHA256_EMPTY "\""
#define FOREIGN     "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
#define PLAIN       CPROV_MT_OCI_LAYER

static void test_full(void **state)
{
    auto_image_config struct cprov_image_config *c = NULL;
    struct cprov_manifest m = { .layers_count = 1 };

    (void)state;
    assert_int_equal(
        cprov_image_config_parse(
            S("{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\",\"author\":\"me\","
              "\"created\":\"2024-01-01T00:00:00Z\",\"config\":{\"User\":\"u\",\"WorkingDir\":\"/"
              "w\","
              "\"Env\":[\"A=1\",\"B=2\"],\"Cmd\":[\"c\"],\"Entrypoint\":\"old\","
              "\"Labels\":{\"l\":\"v\"},\"StopSignal\":\"SIGINT\",\"Volumes\":{\"/d\":{},\"/"
              "e\":null},"
              "\"ExposedPorts\":{\"80/tcp\":{}}},"
              "\"history\":[{\"created_by\":\"x\"},{\"comment\":\"y\",\"empty_layer\":true}]"
              "," ROOTFS(ID) "}"),
            &c, CPROV_IGNORED),
        0);
    assert_string_equal(c->platform.variant, "v7");
    assert_string_equal(c->platform.os_version, "");
    assert_string_equal(c->created, "2024-01-01T00:00:00Z");
    assert_string_equal(c->author, "me");
    assert_string_equal(c->user, "u");
    assert_string_equal(c->working_dir, "/w");
    assert_int_equal(c->env_count, 2);
    assert_string_equal(c->env[1], "B=2");
    assert_string_equal(c->entrypoint[0], "old");
    assert_int_equal(c->cmd_count, 1);
    assert_string_equal(cprov_image_config_label(c, "l"), "v");
    assert_null(cprov_image_config_label(c, "m"));
    assert_string_equal(c->stop_signal, "SIGINT");
    assert_int_equal(c->volumes_count, 2);
    assert_string_equal(c->volumes[1], "/e");
    assert_int_equal(c->ports_count, 1);
    assert_string_equal(c->ports[0], "80/tcp");
    assert_int_equal(c->history_count, 2);
    assert_true(c->history[1].empty_layer);
    assert_string_equal(c->history[1].created_by, "");
    assert_int_equal(c->diff_ids_count, 1);
    assert_int_equal(cprov_image_config_fits(c, &m, CPROV_IGNORED), 0);
    m.layers_count = 2;
    assert_int_equal(cprov_image_config_fits(c, &m, CPROV_IGNORED), CPROV_EVERIFY);
}

static void test_nulls(void **state)
{
    auto_image_config struct cprov_image_config *c = NULL;

    (void)state;
    assert_int_equal(cprov_image_config_parse(
                         S("{\"os\":null,\"config\":{\"Cmd\":null,\"Env\":null,\"Labels\":null},"
                           "\"history\":null,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":null}}"),
                         &c, CPROV_IGNORED),
                     0);
    assert_string_equal(c->platform.os, "");
    assert_string_equal(c->created, "");
    assert_string_equal(c->user, "");
    assert_string_equal(c->stop_signal, "");
    assert_int_equal(c->volumes_count + c->ports_count, 0);
    assert_int_equal(c->cmd_count + c->env_count + c->labels_count + c->diff_ids_count, 0);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        const char *named;
    } cases[] = {
        { "", "" },
        { "[]", "object" },
        { "{\"rootfs\":{\"type\":\"layers+base\"}}", "rootfs.type" },
        { "{\"rootfs\":[]}", "rootfs" },
        { "{\"rootfs\":{\"type\":1}}", "rootfs: type" },
        { "{" ROOTFS("1") "}", "diff_ids[0]" },
        { "{" ROOTFS(ID ",\"sha256:0\"") "}", "diff_ids[1]" },
        { "{\"os\":1," ROOTFS("") "}", "os" },
        { "{\"config\":{\"Cmd\":{}}," ROOTFS("") "}", "config.Cmd" },
        { "{\"config\":{\"Env\":[1]}," ROOTFS("") "}", "config.Env" },
        { "{\"config\":{\"Labels\":{\"a\":1}}," ROOTFS("") "}", "config.Labels" },
        { "{\"config\":{\"User\":0}," ROOTFS("") "}", "config: User" },
        { "{\"history\":[1]," ROOTFS("") "}", "history[0]" },
        { "{\"history\":[{\"empty_layer\":\"\"}]," ROOTFS("") "}", "history[0]: empty_layer" },
        { "{" ROOTFS("") "," ROOTFS("") "}", "" },
        { "{" ROOTFS("") "} {}", "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_image_config *c = NULL;
        struct cprov_error err = CPROV_ERROR_INIT;

        print_message("%s\n", cases[i].text);
        assert_int_equal(cprov_image_config_parse(cprov_span_of(cases[i].text), &c, &err),
                         CPROV_EVERIFY);
        print_message("  %s\n", err.msg);
        assert_non_null(strstr(err.msg, cases[i].named));
        assert_null(c);
    }
}

/* Engines take a rootfs without a type, and one without diff ids; nothing is unpacked of the
 * latter. */
static void test_B20_rootfs_incomplete(void **state)
{
    static const struct {
        const char *text;
        size_t layers;
        int fits, unpacks;
    } cases[] = {
        { "{}", 0, 0, 0 },
        { "{}", 1, 0, CPROV_EUNSUPPORTED },
        { "{\"rootfs\":{}}", 0, 0, 0 },
        { "{\"rootfs\":{}}", 2, 0, CPROV_EUNSUPPORTED },
        { "{\"rootfs\":{\"type\":\"\",\"diff_ids\":[" ID "]}}", 1, 0, 0 },
        { "{\"rootfs\":{\"diff_ids\":[" ID "]}}", 1, 0, 0 },
        { "{\"rootfs\":{\"diff_ids\":[" ID "]}}", 2, CPROV_EVERIFY, CPROV_EVERIFY },
        { "{\"rootfs\":{\"diff_ids\":[" ID "]}}", 0, CPROV_EVERIFY, CPROV_EVERIFY },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_image_config struct cprov_image_config *c = NULL;
        struct cprov_manifest m = { .layers_count = cases[i].layers };

        print_message("%s %zu\n", cases[i].text, cases[i].layers);
        assert_int_equal(cprov_image_config_parse(cprov_span_of(cases[i].text), &c, CPROV_IGNORED),
                         0);
        assert_int_equal(cprov_image_config_fits(c, &m, CPROV_IGNORED), cases[i].fits);
        assert_int_equal(cprov_image_config_unpacks(c, &m, CPROV_IGNORED), cases[i].unpacks);
    }
}

/* A member that Go's decoder takes for one of ours, at every level that we read. */
static void test_S15_letter_case(void **state)
{
    static const char *const cases[] = {
        "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[],\"Diff_IDs\":[" ID "]}}",
        "{\"rootFS\":{}," ROOTFS(ID) "}",
        "{\"os\":\"linux\",\"OS\":\"windows\"," ROOTFS("") "}",
        "{\"os.version\":\"1\",\"OS.Version\":\"2\"," ROOTFS("") "}",
        "{\"config\":{\"Cmd\":[],\"cmd\":[\"sh\"]}," ROOTFS("") "}",
        "{\"history\":[{\"created_by\":\"a\",\"Created_By\":\"b\"}]," ROOTFS("") "}",
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_image_config *c = NULL;
        struct cprov_error err = CPROV_ERROR_INIT;

        assert_int_equal(cprov_image_config_parse(cprov_span_of(cases[i]), &c, &err),
                         CPROV_EVERIFY);
        print_message("%s: %s\n", cases[i], err.msg);
        assert_null(c);
    }
}

static void test_caps(void **state)
{
    struct cprov_image_config *c = NULL;
    auto_buf struct cprov_buf text;
    char *large = calloc(1, CPROV_CONFIG_MAX + 1);

    (void)state;
    assert_non_null(large);
    assert_int_equal(
        cprov_image_config_parse(cprov_span_make(large, CPROV_CONFIG_MAX + 1), &c, CPROV_IGNORED),
        CPROV_ELIMIT);
    free(large);

    cprov_buf_init(&text, CPROV_CONFIG_MAX);
    cprov_buf_add_text(&text, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" ID);
    for (size_t i = 0; i < CPROV_LAYERS_MAX; i++)
        cprov_buf_add_text(&text, "," ID);
    cprov_buf_add_text(&text, "]}}");
    assert_int_equal(cprov_image_config_parse(cprov_buf_span(&text), &c, CPROV_IGNORED),
                     CPROV_ELIMIT);
    assert_null(c);
    cprov_image_config_free(NULL);
}

#define LINUX(config)    "{\"os\":\"linux\",\"config\":{" config "}," ROOTFS("") "}"
#define WINDOWS(history) "{\"os\":\"windows\",\"history\":[" history "]," ROOTFS("") "}"
#define STEP(text)       "{\"created_by\":\"" text "\"}"
#define LABEL(value)     "\"Labels\":{\"io.container-provider.os-image\":\"" value "\"}"

static void test_is_os(void **state)
{
    static const struct {
        const char *config;
        bool is_os;
        const char *layers[3];
    } cases[] = {
        { LINUX("\"Cmd\":[\"/bin/sh\"]"), true, { PLAIN } },
        { LINUX("\"Cmd\":[\"bash\"]"), true, { PLAIN } },
        { LINUX("\"Cmd\":[\"/bin/sh\",\"-c\",\"\\\"/bin/bash\\\"\"]"), true, { PLAIN } },
        { LINUX("\"Cmd\":[\"/bin/sh\",\"-c\",\"/run\"]"), false, { PLAIN } },
        { LINUX("\"Cmd\":[\"sh\",\"-x\"]"), false, { PLAIN } },
        { LINUX("\"Cmd\":[\"/bin/fish\"]"), false, { PLAIN } },
        { LINUX("\"Cmd\":[\"\"]"), false, { PLAIN } },
        { LINUX(""), false, { PLAIN } },
        { LINUX("\"Cmd\":[\"/bin/sh\"]"), false, { PLAIN, PLAIN } },
        { LINUX("\"Cmd\":[\"/bin/sh\"]"), false, { NULL } },
        { LINUX("\"Cmd\":[\"sh\"],\"Entrypoint\":[\"/e\"]"), false, { PLAIN } },
        { LINUX(LABEL("true")), true, { PLAIN, PLAIN } },
        { LINUX("\"Cmd\":[\"sh\"]," LABEL("false")), false, { PLAIN } },
        { LINUX("\"Cmd\":[\"sh\"]," LABEL("maybe")), true, { PLAIN } },
        { WINDOWS(""), true, { PLAIN } },
        { WINDOWS(""), false, { PLAIN, PLAIN } },
        { WINDOWS(""), true, { FOREIGN, FOREIGN } },
        { WINDOWS(""), false, { FOREIGN, PLAIN } },
        { WINDOWS(""), false, { NULL } },
        { WINDOWS(STEP("Apply image 10.0.1") "," STEP("Install update 1")),
          true,
          { PLAIN, PLAIN } },
        { WINDOWS(STEP("Apply image 1") ",{\"created_by\":\"CMD\",\"empty_layer\":true}," STEP(
              "Install update 1")),
          true,
          { PLAIN, PLAIN } },
        { WINDOWS(STEP("Apply image 1") "," STEP("COPY . .")), false, { PLAIN, PLAIN } },
        { WINDOWS(STEP("Apply image 1") "," STEP("COPY . .")), false, { FOREIGN, PLAIN } },
        { WINDOWS(STEP("Apply image 1")), false, { PLAIN, PLAIN } },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_image_config struct cprov_image_config *c = NULL;
        struct cprov_descriptor layers[3] = { { .media_type = "" } };
        struct cprov_manifest m = { .layers = layers };

        print_message("%s\n", cases[i].config);
        for (; cases[i].layers[m.layers_count]; m.layers_count++)
            layers[m.layers_count].media_type = cases[i].layers[m.layers_count];
        assert_int_equal(
            cprov_image_config_parse(cprov_span_of(cases[i].config), &c, CPROV_IGNORED), 0);
        assert_int_equal(cprov_image_is_os(&m, c), cases[i].is_os);
    }
}

/* The manifest's word is heard before the label's. */
static void test_annotation(void **state)
{
    static const struct cprov_annotation no = { "io.container-provider.os-image", "false" };
    auto_image_config struct cprov_image_config *c = NULL;
    struct cprov_manifest m = { .annotations = &no, .annotations_count = 1 };

    (void)state;
    assert_int_equal(cprov_image_config_parse(S(LINUX(LABEL("true"))), &c, CPROV_IGNORED), 0);
    assert_false(cprov_image_is_os(&m, c));
    m.annotations_count = 0;
    assert_true(cprov_image_is_os(&m, c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_nulls),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_B20_rootfs_incomplete),
        cmocka_unit_test(test_S15_letter_case),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_is_os),
        cmocka_unit_test(test_annotation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
