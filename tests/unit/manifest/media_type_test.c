/* tests/unit/manifest/media_type_test.c - what a media type says. */
#include "manifest/media_type.h"

#include "unit.h"

static void test_documents(void **state)
{
    static const struct {
        const char *type;
        enum cprov_document document;
    } cases[] = {
        { "", CPROV_DOC_UNKNOWN },
        { ";", CPROV_DOC_UNKNOWN },
        { "text/plain", CPROV_DOC_UNKNOWN },
        { "application/json", CPROV_DOC_UNKNOWN },
        { CPROV_MT_OCI_MANIFEST, CPROV_DOC_MANIFEST },
        { CPROV_MT_OCI_MANIFEST "x", CPROV_DOC_UNKNOWN },
        { CPROV_MT_OCI_INDEX "; charset=utf-8", CPROV_DOC_INDEX },
        { " APPLICATION/vnd.Docker.distribution.manifest.v2+json ;q", CPROV_DOC_MANIFEST },
        { CPROV_MT_DOCKER_LIST, CPROV_DOC_INDEX },
        { CPROV_MT_DOCKER_SCHEMA1, CPROV_DOC_SCHEMA1 },
        { "application/vnd.docker.distribution.manifest.v1+prettyjws", CPROV_DOC_SCHEMA1 },
        { CPROV_MT_OCI_CONFIG, CPROV_DOC_UNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        print_message("'%s'\n", cases[i].type);
        assert_int_equal(cprov_media_type_document(cprov_span_of(cases[i].type)),
                         cases[i].document);
    }
    assert_non_null(strstr(cprov_accept_manifests, CPROV_MT_OCI_INDEX ", "));
    assert_non_null(strstr(cprov_accept_manifests, CPROV_MT_DOCKER_MANIFEST));
}

static void test_layers(void **state)
{
    static const struct {
        const char *type;
        enum cprov_layer_packing packing;
        bool foreign;
    } cases[] = {
        { "", CPROV_LAYER_NONE, false },
        { CPROV_MT_OCI_LAYER, CPROV_LAYER_TAR, false },
        { CPROV_MT_OCI_LAYER "+gzip", CPROV_LAYER_GZIP, false },
        { CPROV_MT_OCI_LAYER "+zstd", CPROV_LAYER_ZSTD, false },
        { CPROV_MT_OCI_LAYER "+GZIP;x=y", CPROV_LAYER_GZIP, false },
        { CPROV_MT_OCI_LAYER ".gzip", CPROV_LAYER_NONE, false },
        { CPROV_MT_OCI_LAYER "+gzip+encrypted", CPROV_LAYER_NONE, false },
        { CPROV_MT_OCI_LAYER "+", CPROV_LAYER_NONE, false },
        { "application/vnd.oci.image.layer.nondistributable.v1.tar", CPROV_LAYER_TAR, true },
        { "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", CPROV_LAYER_ZSTD, true },
        { "application/vnd.docker.image.rootfs.diff.tar", CPROV_LAYER_TAR, false },
        { "application/vnd.docker.image.rootfs.diff.tar.gzip", CPROV_LAYER_GZIP, false },
        { "application/vnd.docker.image.rootfs.diff.tar.zstd", CPROV_LAYER_ZSTD, false },
        { "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", CPROV_LAYER_GZIP, true },
        { "application/vnd.docker.image.rootfs.foreign.diff.tar.x", CPROV_LAYER_NONE, false },
        { "application/vnd.in-toto+json", CPROV_LAYER_NONE, false },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_layer_type t = cprov_media_type_layer(cprov_span_of(cases[i].type));

        print_message("'%s'\n", cases[i].type);
        assert_int_equal(t.packing, cases[i].packing);
        assert_int_equal(t.foreign, cases[i].foreign);
    }
}

static void test_configs(void **state)
{
    (void)state;
    assert_true(cprov_media_type_is_config(S(CPROV_MT_OCI_CONFIG)));
    assert_true(cprov_media_type_is_config(S(CPROV_MT_DOCKER_CONFIG "; charset=x")));
    assert_false(cprov_media_type_is_config(S(CPROV_MT_OCI_EMPTY)));
    assert_false(cprov_media_type_is_config(S("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_configs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
