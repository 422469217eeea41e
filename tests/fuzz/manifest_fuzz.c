/* A manifest that is read has one kind, and its descriptors read the same after writing. */
#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "fuzz.h"
#include "manifest/manifest.h"

static void write_one(const struct cprov_descriptor *d, struct cprov_buf *out)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, out, 0);
    cprov_descriptor_write(&w, d);
}

static void check_descriptor(const struct cprov_descriptor *d)
{
    struct cprov_arena arena = { 0 };
    struct cprov_json *json = NULL;
    struct cprov_descriptor again;
    auto_buf struct cprov_buf first, second;

    cprov_buf_init(&first, 32 * CPROV_MANIFEST_MAX);
    cprov_buf_init(&second, 32 * CPROV_MANIFEST_MAX);
    write_one(d, &first);
    FUZZ_CHECK(cprov_json_parse(cprov_buf_span(&first), &arena, &json, CPROV_IGNORED) == 0);
    FUZZ_CHECK(cprov_descriptor_decode(json, &arena, &again, CPROV_IGNORED) == 0);
    write_one(&again, &second);
    FUZZ_CHECK(cprov_span_equal(cprov_buf_span(&first), cprov_buf_span(&second)));
    cprov_arena_clear(&arena);
}

static void check_index(const struct cprov_manifest *m)
{
    static const char *const windows[] = { "", "windows", "linux" };
    auto_buf struct cprov_buf offers;

    cprov_buf_init(&offers, 4096);
    cprov_manifest_offers(m, &offers);
    for (size_t i = 0; i < CPROV_COUNT(windows); i++) {
        struct cprov_host host = {
            .platform = { .os = windows[i], .architecture = "amd64" },
            .os_version = CPROV_SPAN_LITERAL("10.0.20348.2113"),
        };
        const struct cprov_descriptor *d = cprov_manifest_choose(m, &host);

        FUZZ_CHECK(!d || (d >= m->manifests && d < m->manifests + m->manifests_count));
    }
    for (size_t i = 0; i < m->manifests_count; i++)
        check_descriptor(&m->manifests[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_span bytes = cprov_span_make((const char *)data, size);
    auto_manifest struct cprov_manifest *m = NULL;

    if (cprov_manifest_parse(bytes, cprov_span_of(""), &m, CPROV_IGNORED) < 0)
        return 0;
    FUZZ_CHECK(cprov_span_equal(m->raw, bytes));
    FUZZ_CHECK(cprov_media_type_document(cprov_span_of(m->media_type)) == m->kind);
    cprov_manifest_is_artifact(m);
    if (m->kind == CPROV_DOC_INDEX) {
        FUZZ_CHECK(m->layers_count == 0);
        check_index(m);
        return 0;
    }
    FUZZ_CHECK(m->manifests_count == 0);
    check_descriptor(&m->config);
    for (size_t i = 0; i < m->layers_count; i++)
        check_descriptor(&m->layers[i]);
    return 0;
}
