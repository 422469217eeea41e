/* tests/unit/manifest/manifest_test.c - manifests and indexes beyond what the data files say. */
#include "manifest/manifest.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "unit.h"

#define CHILD(type, size, more)                                                                    \
    "{\"mediaType\":\"" type "\",\"digest\":\"" SHA256_BRACES "\",\"size\":" #size more "}"
#define PLATFORM(os, arch) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"}"
#define INDEX(children)    "{\"schemaVersion\":2,\"manifests\":[" children "]}"
#define MANIFEST(own, config, layers)                                                              \
    "{\"schemaVersion\":2" own ",\"config\":" CHILD(config, 2, "") ",\"layers\":[" layers "]}"

static struct cprov_manifest *parse(const char *text)
{
    struct cprov_manifest *m = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_manifest_parse(cprov_span_of(text), S(""), &m, &err) < 0)
        print_message("%s\n", err.msg);
    assert_non_null(m);
    return m;
}

static void test_content_type(void **state)
{
    static const char plain[] = MANIFEST("", CPROV_MT_OCI_CONFIG, "");
    static const char named[] =
        MANIFEST(",\"mediaType\":\"" CPROV_MT_OCI_MANIFEST "\"", CPROV_MT_OCI_CONFIG, "");
    static const struct {
        const char *document;
        const char *content_type;
        int code;
        const char *media_type;
    } cases[] = {
        { plain, "", 0, CPROV_MT_OCI_MANIFEST },
        { plain, "application/json", 0, CPROV_MT_OCI_MANIFEST },
        { plain, "text/plain; charset=utf-8", 0, CPROV_MT_OCI_MANIFEST },
        { plain, CPROV_MT_DOCKER_MANIFEST, 0, CPROV_MT_DOCKER_MANIFEST },
        { plain, CPROV_MT_OCI_INDEX, CPROV_EVERIFY, NULL },
        { plain, CPROV_MT_DOCKER_SCHEMA1, CPROV_EVERIFY, NULL },
        { named, "APPLICATION/vnd.oci.image.manifest.v1+json;x", 0, CPROV_MT_OCI_MANIFEST },
        { named, CPROV_MT_DOCKER_MANIFEST, CPROV_EVERIFY, NULL },
        { named, CPROV_MT_DOCKER_LIST, CPROV_EVERIFY, NULL },
        { INDEX(""), CPROV_MT_OCI_MANIFEST, CPROV_EVERIFY, NULL },
        { INDEX(""), CPROV_MT_DOCKER_LIST, 0, CPROV_MT_DOCKER_LIST },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_manifest struct cprov_manifest *m = NULL;

        print_message("%s as %s\n", cases[i].document, cases[i].content_type);
        assert_int_equal(cprov_manifest_parse(cprov_span_of(cases[i].document),
                                              cprov_span_of(cases[i].content_type), &m,
                                              CPROV_IGNORED),
                         cases[i].code);
        assert_int_equal(m != NULL, cases[i].code == 0);
        if (m)
            assert_string_equal(m->media_type, cases[i].media_type);
    }
}

/* count times the same layer or child; 0 or the code of the failure. */
static int parse_many(const char *name, size_t count)
{
    static const char child[] = CHILD("a/b", 2, "");
    auto_manifest struct cprov_manifest *m = NULL;
    auto_buf struct cprov_buf text;

    cprov_buf_init(&text, 2 * CPROV_MANIFEST_MAX);
    cprov_buf_add_text(&text, "{\"schemaVersion\":2,");
    if (strcmp(name, "layers") == 0)
        cprov_buf_addf(&text, "\"config\":%s,", child);
    cprov_buf_addf(&text, "\"%s\":[", name);
    for (size_t i = 0; i < count; i++)
        cprov_buf_addf(&text, "%s%s", i ? "," : "", child);
    cprov_buf_add_text(&text, "]}");
    assert_int_equal(cprov_buf_check(&text, "test", CPROV_IGNORED), 0);
    return cprov_manifest_parse(cprov_buf_span(&text), S(""), &m, CPROV_IGNORED);
}

static void test_caps(void **state)
{
    struct cprov_manifest *m = NULL;
    char *blank = malloc(CPROV_MANIFEST_MAX + 1);

    (void)state;
    assert_int_equal(parse_many("layers", CPROV_LAYERS_MAX), 0);
    assert_int_equal(parse_many("layers", CPROV_LAYERS_MAX + 1), CPROV_ELIMIT);
    assert_int_equal(parse_many("manifests", CPROV_INDEX_ENTRIES_MAX), 0);
    assert_int_equal(parse_many("manifests", CPROV_INDEX_ENTRIES_MAX + 1), CPROV_ELIMIT);

    assert_non_null(blank);
    memset(blank, ' ', CPROV_MANIFEST_MAX + 1);
    memcpy(blank, INDEX(""), strlen(INDEX("")));
    assert_int_equal(cprov_manifest_parse(cprov_span_make(blank, CPROV_MANIFEST_MAX + 1), S(""), &m,
                                          CPROV_IGNORED),
                     CPROV_ELIMIT);
    assert_null(m);
    assert_int_equal(
        cprov_manifest_parse(cprov_span_make(blank, CPROV_MANIFEST_MAX), S(""), &m, CPROV_IGNORED),
        0);
    cprov_manifest_free(m);
    cprov_manifest_free(NULL);
    free(blank);
}

/* One rule for every verb: a config type that says nothing leaves it to the layers. */
static void test_B16_generic_config(void **state)
{
    static const char *const generic[] = { "", "application/octet-stream", "application/json",
                                           "text/html; charset=utf-8", "text/plain" };
    static const struct {
        const char *layer;
        const char *more;
        bool is_artifact;
    } cases[] = {
        { CPROV_MT_OCI_LAYER "+gzip", "", false },
        { "application/vnd.docker.image.rootfs.diff.tar.gzip", "", false },
        { "application/vnd.in-toto+json", "", true },
        { CPROV_MT_OCI_LAYER, ",\"artifactType\":\"a/b\"", true },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(generic); i++)
        for (size_t k = 0; k < CPROV_COUNT(cases); k++) {
            char text[2048];

            snprintf(
                text, sizeof(text),
                "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"%s\",\"digest\":\"" SHA256_BRACES
                "\",\"size\":2},\"layers\":[{\"mediaType\":\"%s\",\"digest\":\"" SHA256_BRACES
                "\",\"size\":3}]%s}",
                generic[i], cases[k].layer, cases[k].more);
            print_message("%s\n", text);
            auto_manifest struct cprov_manifest *m = parse(text);
            assert_int_equal(cprov_manifest_is_artifact(m), cases[k].is_artifact);
        }
}

/* What other tools call a platform, for hosts that are called as Go calls them. */
static void test_B31_other_names(void **state)
{
    static const struct {
        const char *platform, *host;
    } cases[] = {
        { PLATFORM("linux", "x86_64"), "linux/amd64" },
        { PLATFORM("Linux", "aarch64"), "linux/arm64" },
        { PLATFORM("Linux", "AMD64"), "linux/amd64" },
        { PLATFORM("Windows", "amd64"), "windows/amd64" },
        { PLATFORM("linux", "armhf"), "linux/arm/v7" },
        { PLATFORM("linux", "i386"), "linux/386" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        char text[1024];
        struct cprov_arena arena = { 0 };
        struct cprov_host host = { 0 };
        auto_buf struct cprov_buf offers = { 0 };

        snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"manifests\":[%s%s}]}",
                 "{\"mediaType\":\"" CPROV_MT_OCI_MANIFEST "\",\"digest\":\"" SHA256_BRACES
                 "\",\"size\":7",
                 cases[i].platform);
        auto_manifest struct cprov_manifest *m = parse(text);
        cprov_buf_init(&offers, 256);
        cprov_manifest_offers(m, &offers);
        print_message("%s: %s\n", cases[i].platform, cprov_buf_text(&offers));
        assert_string_equal(cprov_buf_text(&offers), cases[i].host);
        assert_int_equal(cprov_platform_parse(cprov_span_of(cases[i].host), &arena, &host.platform,
                                              CPROV_IGNORED),
                         0);
        assert_ptr_equal(cprov_manifest_choose(m, &host), &m->manifests[0]);
        cprov_arena_clear(&arena);
    }
}

static void test_artifact(void **state)
{
    static const struct {
        const char *document;
        bool is_artifact;
    } cases[] = {
        { MANIFEST("", CPROV_MT_OCI_CONFIG, ""), false },
        { MANIFEST("", CPROV_MT_OCI_CONFIG, CHILD(CPROV_MT_OCI_LAYER "+gzip", 1, "")), false },
        { MANIFEST("", CPROV_MT_OCI_EMPTY, CHILD(CPROV_MT_OCI_LAYER, 1, "")), true },
        { MANIFEST("", CPROV_MT_OCI_CONFIG, CHILD("application/vnd.in-toto+json", 1, "")), true },
        { INDEX(""), false },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_manifest struct cprov_manifest *m = parse(cases[i].document);

        print_message("%s\n", cases[i].document);
        assert_int_equal(cprov_manifest_is_artifact(m), cases[i].is_artifact);
    }
}

#define AMD64              PLATFORM("linux", "amd64")
#define ARM64              PLATFORM("linux", "arm64")
#define UNKNOWN            PLATFORM("unknown", "unknown")
#define ATTESTATION        ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}"
#define IMAGE(size, more)  CHILD(CPROV_MT_OCI_MANIFEST, size, more)
#define NESTED(size, more) CHILD(CPROV_MT_OCI_INDEX, size, more)

/* The children are told apart by their size; 0: none fits. */
static void test_choose(void **state)
{
    static const struct {
        const char *document;
        uint64_t chosen; /* for linux/amd64 */
        uint64_t first;  /* without a host */
    } cases[] = {
        { INDEX(""), 0, 0 },
        { INDEX(IMAGE(1, ARM64) "," IMAGE(2, AMD64)), 2, 1 },
        { INDEX(IMAGE(1, ARM64)), 0, 1 },
        { INDEX(IMAGE(1, UNKNOWN) "," IMAGE(2, AMD64)), 2, 2 },
        { INDEX(IMAGE(1, AMD64 ATTESTATION) "," IMAGE(2, AMD64)), 2, 2 },
        { INDEX(IMAGE(1, UNKNOWN)), 0, 0 },
        { INDEX(IMAGE(1, ATTESTATION)), 0, 0 },
        { INDEX(IMAGE(1, AMD64 ",\"artifactType\":\"a/b\"") "," IMAGE(2, AMD64)), 2, 2 },
        { INDEX(CHILD("a/b", 1, AMD64) "," IMAGE(2, AMD64)), 2, 2 },
        { INDEX(CHILD(CPROV_MT_DOCKER_SCHEMA1, 1, AMD64)), 0, 0 },
        /* a child without a platform only when no other fits */
        { INDEX(IMAGE(1, "") "," IMAGE(2, AMD64)), 2, 1 },
        { INDEX(IMAGE(1, ARM64) "," IMAGE(2, "") "," IMAGE(3, "")), 2, 1 },
        /* a nested index only when no image fits */
        { INDEX(NESTED(1, AMD64) "," IMAGE(2, AMD64)), 2, 2 },
        { INDEX(NESTED(1, "") "," IMAGE(2, AMD64)), 2, 2 },
        { INDEX(NESTED(1, "") "," IMAGE(2, ARM64)), 1, 2 },
        { INDEX(IMAGE(1, "") "," NESTED(2, AMD64)), 2, 1 },
        { INDEX(NESTED(1, "") "," IMAGE(2, "")), 2, 2 },
        { INDEX(NESTED(1, ARM64)), 0, 1 },
    };
    static const struct cprov_host host = {
        .platform = { .os = "linux", .architecture = "amd64", .variant = "", .os_version = "" },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        auto_manifest struct cprov_manifest *m = parse(cases[i].document);
        const struct cprov_descriptor *d = cprov_manifest_choose(m, &host);
        const struct cprov_descriptor *first = cprov_manifest_choose(m, NULL);

        print_message("%s\n", cases[i].document);
        assert_int_equal(d ? d->size : 0, cases[i].chosen);
        assert_int_equal(first ? first->size : 0, cases[i].first);
    }
}

static void test_offers(void **state)
{
    auto_manifest struct cprov_manifest *m = parse(INDEX(IMAGE(
        1,
        ",\"platform\":{\"os\":\"windows\",\"architecture\":\"amd64\","
        "\"os.version\":\"10.0.20348.1\"}") "," IMAGE(2,
                                                      UNKNOWN) "," IMAGE(3,
                                                                         ARM64) "," IMAGE(4,
                                                                                          "") "," IMAGE(5,
                                                                                                        AMD64
                                                                                                            ATTESTATION)));
    auto_manifest struct cprov_manifest *empty = parse(INDEX(""));
    auto_buf struct cprov_buf out;

    (void)state;
    cprov_buf_init(&out, 256);
    cprov_manifest_offers(empty, &out);
    assert_string_equal(cprov_buf_text(&out), "");
    cprov_manifest_offers(m, &out);
    assert_string_equal(cprov_buf_text(&out), "windows(10.0.20348.1)/amd64, linux/arm64");
}

static void test_members(void **state)
{
    auto_manifest struct cprov_manifest *m = parse(MANIFEST(
        ",\"artifactType\":\"a/b\",\"annotations\":{\"k\":\"v\"},\"subject\":" CHILD("s/t", 9, ""),
        CPROV_MT_DOCKER_CONFIG, CHILD("l/1", 1, "") "," CHILD("l/2", 2, "")));

    (void)state;
    assert_string_equal(m->artifact_type, "a/b");
    assert_string_equal(cprov_manifest_annotation(m, "k"), "v");
    assert_null(cprov_manifest_annotation(m, "K"));
    assert_true(m->has_subject && m->subject.size == 9);
    assert_int_equal(m->layers_count, 2);
    assert_string_equal(m->layers[1].media_type, "l/2");
    assert_string_equal(m->config.media_type, CPROV_MT_DOCKER_CONFIG);
    assert_false(m->is_docker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_content_type),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_B16_generic_config),
        cmocka_unit_test(test_B31_other_names),
        cmocka_unit_test(test_artifact),
        cmocka_unit_test(test_choose),
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
