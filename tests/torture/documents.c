/* Parsers of documents and texts under want of memory. */
#include "torture.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "catalog/document/reader.h"
#include "catalog/document/writer.h"
#include "catalog/source/vendor.h"
#include "catalog/source/vendors_private.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "manifest/media_type.h"
#include "manifest/platform.h"
#include "manifest/reference.h"
#include "registry/challenge.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* --- JSON --- */

struct text {
    struct cprov_buf bytes;
};

/* Large enough for several blocks of an arena, and for a buffer that grows. */
static void make_json(struct cprov_buf *out)
{
    cprov_buf_init(out, CPROV_MIB);
    cprov_buf_add_text(out, "{\"list\":[");
    for (int i = 0; i < 120; i++)
        cprov_buf_addf(out, "%s{\"n\":%d,\"text\":\"line\\n%d\",\"none\":null,\"yes\":true}",
                       i ? "," : "", i, i);
    cprov_buf_add_text(out, "],\"long\":\"");
    for (int i = 0; i < 400; i++)
        cprov_buf_add_text(out, "0123456789");
    cprov_buf_add_text(out, "\"}");
}

static int run_json(void *arg, struct cprov_error *err)
{
    const struct text *t = arg;
    auto_buf struct cprov_buf out = { 0 };
    struct cprov_arena arena = { 0 };
    struct cprov_json *doc = NULL;
    struct cprov_json_writer w;

    int code = cprov_json_parse(cprov_buf_span(&t->bytes), &arena, &doc, err);
    if (code < 0)
        assert_null(doc);
    cprov_buf_init(&out, CPROV_MIB);
    if (code == 0) {
        cprov_json_writer_init(&w, &out, 0);
        cprov_json_value(&w, doc);
        code = cprov_buf_check(&out, "document", err);
    }
    if (code == 0)
        assert_true(cprov_span_equal(cprov_buf_span(&out), cprov_buf_span(&t->bytes)));
    cprov_arena_clear(&arena);
    return code;
}

static void json(void **state)
{
    struct text t;

    (void)state;
    make_json(&t.bytes);
    torture(&(struct torture){ .name = "json", .run = run_json, .arg = &t });
    cprov_buf_clear(&t.bytes);
}

/* --- manifests --- */

static int run_manifest(void *arg, struct cprov_error *err)
{
    const struct text *t = arg;
    auto_buf struct cprov_buf offers = { 0 };
    struct cprov_manifest *m = NULL;

    int code = cprov_manifest_parse(cprov_buf_span(&t->bytes), CPROV_SPAN_LITERAL(""), &m, err);
    if (code < 0) {
        assert_null(m);
        return code;
    }
    assert_true(cprov_span_equal(m->raw, cprov_buf_span(&t->bytes)));
    cprov_buf_init(&offers, CPROV_MIB);
    if (m->kind == CPROV_DOC_INDEX)
        cprov_manifest_offers(m, &offers);
    code = cprov_buf_check(&offers, "offers", err);
    cprov_manifest_free(m);
    return code;
}

/* Every document that the manifest tests call valid. */
static void manifests(void **state)
{
    DIR *folder = opendir(CPROV_TEST_DATA "/manifest");
    size_t count = 0;
    struct dirent *entry;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        struct text t;

        if (strncmp(entry->d_name, "valid-", 6) != 0)
            continue;
        cprov_buf_init(&t.bytes, CPROV_MANIFEST_MAX);
        assert_int_equal(cprov_fs_read(dirfd(folder), entry->d_name, CPROV_MANIFEST_MAX, &t.bytes,
                                       CPROV_IGNORED),
                         0);
        torture(&(struct torture){ .name = entry->d_name,
                                   .run = run_manifest,
                                   .arg = &t,
                                   .other_code = CPROV_EFAIL }); /* of the hash of `data` */
        cprov_buf_clear(&t.bytes);
        count++;
    }
    closedir(folder);
    assert_true(count > 0);
}

/* --- image configs --- */

static const char config[] =
    "{\"architecture\":\"amd64\",\"os\":\"windows\",\"os.version\":\"10.0.20348.1\","
    "\"os.features\":[\"win32k\"],\"created\":\"2024-05-01T10:00:00Z\",\"author\":\"a\","
    "\"config\":{\"Env\":[\"A=1\",\"B=2\"],\"Cmd\":[\"c:\\\\windows\\\\cmd.exe\"],"
    "\"Entrypoint\":[\"e\"],\"Labels\":{\"k\":\"v\",\"l\":\"w\"},\"User\":\"u\","
    "\"WorkingDir\":\"/\"},\"history\":[{\"created_by\":\"Apply image\"},"
    "{\"comment\":\"nothing\",\"empty_layer\":true}],"
    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX64 "\"]}}";

static int run_config(void *arg, struct cprov_error *err)
{
    struct cprov_image_config *c = NULL;

    (void)arg;
    int code = cprov_image_config_parse(cprov_span_of(config), &c, err);
    if (code < 0) {
        assert_null(c);
        return code;
    }
    assert_string_equal(cprov_image_config_label(c, "l"), "w");
    assert_int_equal(c->history_count, 2);
    assert_int_equal(c->diff_ids_count, 1);
    cprov_image_config_free(c);
    return 0;
}

static void image_config(void **state)
{
    (void)state;
    torture(&(struct torture){ .name = "image config", .run = run_config });
}

/* --- references and platforms --- */

static int run_reference(void *arg, struct cprov_error *err)
{
    static const char text[] = "[::1]:5000/a/b:t@sha256:" HEX64;
    auto_buf struct cprov_buf out = { 0 };
    struct cprov_reference r;

    (void)arg;
    int code = cprov_reference_parse(cprov_span_of(text), &r, err);
    if (code < 0)
        return code;
    cprov_buf_init(&out, CPROV_KIB);
    cprov_reference_format(&r, &out);
    code = cprov_buf_check(&out, "reference", err);
    if (code == 0)
        assert_string_equal(cprov_buf_text(&out), text);
    return code;
}

static int run_platform(void *arg, struct cprov_error *err)
{
    static const char text[] = "windows(10.0.20348+win32k+other)/amd64/v2";
    auto_buf struct cprov_buf out = { 0 };
    struct cprov_arena arena = { 0 };
    struct cprov_platform p = { .os = "untouched" };

    (void)arg;
    int code = cprov_platform_parse(cprov_span_of(text), &arena, &p, err);
    if (code < 0)
        assert_string_equal(p.os, "untouched");
    cprov_buf_init(&out, CPROV_KIB);
    if (code == 0) {
        cprov_platform_format(&p, &out);
        code = cprov_buf_check(&out, "platform", err);
    }
    if (code == 0)
        assert_string_equal(cprov_buf_text(&out), text);
    cprov_arena_clear(&arena);
    return code;
}

static void references_and_platforms(void **state)
{
    (void)state;
    torture(&(struct torture){ .name = "reference", .run = run_reference });
    torture(&(struct torture){ .name = "platform", .run = run_platform });
}

/* --- challenges --- */

static int run_challenges(void *arg, struct cprov_error *err)
{
    static const char value[] =
        "Negotiate abc==, Basic realm=\"simple\", Bearer realm=\"https://auth.example/a\\\"b\", "
        "service=\"s\", scope=\"repository:a/b:pull,push\", error=invalid_token";
    struct cprov_challenges c = { 0 };

    (void)arg;
    int code = cprov_challenges_add(&c, cprov_span_of(value), err);
    if (code == 0) {
        const struct cprov_challenge *best = cprov_challenges_best(&c);
        assert_non_null(best);
        assert_string_equal(best->realm, "https://auth.example/a\"b");
        assert_int_equal(c.count, 3);
    }
    cprov_challenges_clear(&c);
    return code;
}

static void challenges(void **state)
{
    (void)state;
    torture(&(struct torture){ .name = "challenges", .run = run_challenges });
}

/* A page of each vendor's shape: rows that need memory, a next page, folders below. */
static const struct vendor_page {
    const struct cprov_source_kind *kind;
    const char *versions, *repositories;
} vendor_pages[] = {
    { &cprov_source_dockerhub,
      "{\"next\":\"?page=2\",\"results\":[{\"name\":\"1\",\"images\":[{\"os\":\"linux\","
      "\"architecture\":\"amd64\"},{\"os\":\"linux\",\"architecture\":\"arm64\"}]}]}",
      "{\"next\":\"?page=2\",\"results\":[{\"namespace\":\"team\",\"name\":\"app\"}]}" },
    { &cprov_source_quay,
      "{\"page\":1,\"has_additional\":true,\"tags\":[{\"name\":\"1\",\"start_ts\":1700000000}]}",
      "{\"next_page\":\"a\",\"repositories\":[{\"namespace\":\"team\",\"name\":\"app\"}]}" },
    { &cprov_source_gcr,
      "{\"manifest\":{\"x\":{\"tag\":[\"1\"],\"timeCreatedMs\":\"1700000000000\"}}}",
      "{\"child\":[\"app\"],\"manifest\":{\"x\":{}}}" },
    { &cprov_source_ecr, "{\"imageDetails\":[{\"imageTags\":[\"1\"]}],\"nextToken\":\"a\"}",
      "{\"repositories\":[{\"repositoryName\":\"team/app\"}],\"nextToken\":\"a\"}" },
};

static bool count_version(void *arg, const struct cprov_entry *entry)
{
    assert_string_equal(entry->version, "1");
    ++*(size_t *)arg;
    return true;
}

static bool count_repository(void *arg, const char *name)
{
    (void)name;
    ++*(size_t *)arg;
    return true;
}

static int run_vendor(void *arg, struct cprov_error *err)
{
    const struct vendor_page *p = arg;
    const struct cprov_reference app = { .host = "registry.example", .repository = "team/app" };
    const struct cprov_place place = { .kind = p->kind, .base = { .host = "registry.example" } };
    size_t versions = 0, repositories = 0;
    const struct cprov_versions_request v = { .entry = count_version, .arg = &versions };
    const struct cprov_list_request r = { .entry = count_repository, .arg = &repositories };
    int code = cprov_vendor_read_versions(&place, &app, cprov_span_of(p->versions), &v, err);

    if (code == 0)
        code = cprov_vendor_read_repositories(&place, cprov_span_of(p->repositories), &r, err);
    if (code == 0) {
        assert_int_equal(versions, 1);
        assert_true(repositories == 1 || p->kind == &cprov_source_gcr);
    }
    return code;
}

static void vendors(void **state)
{
    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(vendor_pages); i++)
        torture(&(struct torture){ .name = vendor_pages[i].kind->type,
                                   .run = run_vendor,
                                   .arg = (void *)(uintptr_t)&vendor_pages[i] });
}

/* --- documents that list images --- */

static int add_text(void *arg, struct cprov_span text, struct cprov_error *err)
{
    cprov_buf_add_span(arg, text);
    return cprov_buf_check(arg, "catalog", err);
}

static int add_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    return cprov_catalog_writer_add(arg, entry, err);
}

static int run_catalog(void *arg, struct cprov_error *err)
{
    struct cprov_span text = cprov_span_of(arg);
    auto_catalog_reader struct cprov_catalog_reader *r = NULL;
    auto_catalog_writer struct cprov_catalog_writer *w = NULL;
    auto_buf struct cprov_buf out = { 0 };

    cprov_buf_init(&out, CPROV_MIB);
    int code = cprov_catalog_writer_new("t", NULL, add_text, &out, &w, err);
    struct cprov_catalog_reader_options options = { .base = "/srv/c",
                                                    .entry = add_entry,
                                                    .arg = w };
    if (code == 0)
        code = cprov_catalog_reader_new(&options, &r, err);
    for (size_t i = 0; i < text.len && code == 0; i += 7)
        code = cprov_catalog_reader_feed(r, text.ptr + i, text.len - i < 7 ? text.len - i : 7, err);
    if (code == 0)
        code = cprov_catalog_reader_finish(r, err);
    if (code == 0)
        code = cprov_catalog_writer_finish(w, err);
    if (code == 0)
        assert_non_null(strstr(out.ptr,
                               "{\"version\":\"1\",\"url\":\"/srv/a.wim\",\"sha256\":\"" HEX64
                               "\",\"platforms\":[\"linux/amd64\",\"linux/arm64\"]}"));
    return code;
}

static void catalogs(void **state)
{
    static char json[] =
        "{\"format\":\"container-provider/"
        "catalog\",\"formatVersion\":1,\"images\":[{\"name\":\"a\","
        "\"versions\":[{\"version\":\"1\",\"url\":\"a.wim\",\"sha256\":\"" HEX64 "\",\"platforms\":"
        "[\"linux/amd64\",\"linux/arm64\"]}],\"channels\":{\"latest\":\"1\"}}]}";
    static char yaml[] =
        "format: container-provider/catalog\nformatVersion: 1\nimages:\n  - name: a\n"
        "    versions: [{version: 1, url: a.wim, sha256: " HEX64
        ", platforms: [linux/amd64, linux/arm64]}]\n    channels: {latest: 1}\n";

    (void)state;
    torture(&(struct torture){ .name = "catalog", .run = run_catalog, .arg = json });
    torture(&(struct torture){ .name = "catalog in YAML", .run = run_catalog, .arg = yaml });
}

const struct CMUnitTest torture_documents[] = {
    cmocka_unit_test(json),         cmocka_unit_test(manifests),
    cmocka_unit_test(image_config), cmocka_unit_test(references_and_platforms),
    cmocka_unit_test(challenges),   cmocka_unit_test(vendors),
    cmocka_unit_test(catalogs),
};
const size_t torture_documents_count = CPROV_COUNT(torture_documents);
