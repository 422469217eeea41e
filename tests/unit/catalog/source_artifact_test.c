/* Tests of the source kind "catalog": a scripted registry has the artifact, whole, old or wrong. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/deflate.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/signature.h"
#include "catalog/document/artifact.h"
#include "catalog/source/source.h"
#include "manifest/media_type.h"
#include "tests/support/client_world.h"

#define VERSIONS 3000

static char folder[] = "/tmp/cprov-catalog-XXXXXX";

/* What the registry has. */
struct registry {
    struct cprov_buf document, packed, signature, manifest;
    struct cprov_catalog_artifact artifact;
    size_t cut_at;  /* the first answer ends here */
    bool no_ranges; /* and the next one begins anew */
};

static void serve(struct script_call *call, void *arg)
{
    struct registry *r = arg;
    char path[512], digest[CPROV_DIGEST_TEXT_MAX];

    if (strncmp(call->target, "/v2/a/b/manifests/", 18) == 0) {
        struct cprov_digest d = world_digest(r->manifest.ptr, r->manifest.len);

        snprintf(path, sizeof(path), "Content-Type: " CPROV_MT_OCI_MANIFEST "\r\n%s%s\r\n",
                 "Docker-Content-Digest: ", cprov_digest_format(&d, digest));
        script_reply_bytes(call, 200, path, r->manifest.ptr, r->manifest.len);
        return;
    }
    snprintf(path, sizeof(path), "/v2/a/b/blobs/%s",
             cprov_digest_format(&r->artifact.document.digest, digest));
    if (strcmp(call->target, path) == 0) {
        if (r->cut_at > 0 && call->number == 0)
            script_reply_cut(call, 200, "", r->packed.ptr, r->packed.len, r->cut_at);
        else if (r->no_ranges || !script_reply_range(call, "", r->packed.ptr, r->packed.len))
            script_reply_bytes(call, 200, "", r->packed.ptr, r->packed.len);
        return;
    }
    script_reply_bytes(call, 200, "", r->signature.ptr, r->signature.len);
}

/* --- making the artifact --- */

static int add_text(void *arg, struct cprov_span text, struct cprov_error *err)
{
    (void)err;
    cprov_buf_add_span(arg, text);
    return 0;
}

static int add_bytes(void *arg, const void *data, size_t len, struct cprov_error *err)
{
    (void)err;
    cprov_buf_add(arg, data, len);
    return 0;
}

static void write_document(struct registry *r)
{
    auto_catalog_writer struct cprov_catalog_writer *w = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;
    char name[32], version[32], reference[96];

    cprov_buf_init(&r->document, 16 * CPROV_MIB);
    assert_int_equal(cprov_catalog_writer_new("Test", NULL, add_text, &r->document, &w, &err), 0);
    for (int i = 0; i < VERSIONS; i++) {
        snprintf(name, sizeof(name), "team/app%d", i / 100);
        snprintf(version, sizeof(version), "1.%d.%d", i % 100, i * 7919 % 1000);
        snprintf(reference, sizeof(reference), "registry.example/%s:%s", name, version);
        struct cprov_entry e = { .repository = name, .version = version, .reference = reference };
        assert_int_equal(cprov_catalog_writer_add(w, &e, &err), 0);
    }
    assert_int_equal(cprov_catalog_writer_finish(w, &err), 0);
}

static void pack(struct registry *r)
{
    auto_deflater struct cprov_deflater *d = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&r->packed, 16 * CPROV_MIB);
    assert_int_equal(cprov_deflater_new(add_bytes, &r->packed, &d, &err), 0);
    assert_int_equal(cprov_deflater_update(d, r->document.ptr, r->document.len, &err), 0);
    assert_int_equal(cprov_deflater_finish(d, &err), 0);
}

static void remake_manifest(struct registry *r, const char *created)
{
    r->artifact.created = created;
    cprov_buf_reset(&r->manifest);
    cprov_catalog_artifact_write(&r->artifact, &r->manifest);
    assert_int_equal(r->manifest.failed, 0);
}

static const char *in_folder(const char *name)
{
    static char paths[4][128];
    static size_t turn;
    char *path = paths[turn++ % CPROV_COUNT(paths)];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void make_artifact(struct registry *r, const char *key)
{
    auto_signature struct cprov_signature *s = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    write_document(r);
    pack(r);
    cprov_buf_init(&r->manifest, CPROV_MIB);
    cprov_buf_init(&r->signature, CPROV_SIGNATURE_MAX);
    assert_int_equal(cprov_catalog_artifact_config(&r->artifact.config, &err), 0);
    r->artifact.document = world_blob(r->packed.ptr, r->packed.len);
    if (key) {
        assert_int_equal(cprov_signature_signer(in_folder(key), &s, &err), 0);
        assert_int_equal(cprov_signature_update(s, r->document.ptr, r->document.len, &err), 0);
        assert_int_equal(cprov_signature_make(s, &r->signature, &err), 0);
        r->artifact.signature = world_blob(r->signature.ptr, r->signature.len);
        r->artifact.is_signed = true;
    }
    remake_manifest(r, "2026-01-01T00:00:00Z");
}

static void drop_artifact(struct registry *r)
{
    cprov_buf_clear(&r->document);
    cprov_buf_clear(&r->packed);
    cprov_buf_clear(&r->signature);
    cprov_buf_clear(&r->manifest);
}

/* --- importing it --- */

struct imported {
    struct world *world;
    struct cprov_source source;
    struct cprov_place place;
    char location[128];
    size_t entries, requests;
    int calls, code;
    bool unchanged;
    char validator[512];
    struct cprov_error err;
};

static int on_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    struct imported *im = arg;

    (void)err;
    assert_int_equal(im->calls, 0);
    if (im->entries == 0)
        assert_true(strncmp(entry->repository, "team/app", 8) == 0);
    im->entries++;
    return 0;
}

static void on_done(void *arg, int code, bool unchanged, const char *validator,
                    const struct cprov_error *err)
{
    struct imported *im = arg;

    im->calls++;
    im->code = code;
    im->unchanged = unchanged;
    snprintf(im->validator, sizeof(im->validator), "%s", validator);
    if (code < 0)
        im->err = *err;
    if (code < 0)
        print_message("  %d: %s\n", code, err->msg);
}

static void open_place(struct imported *im, struct world *w, const char *key)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    memset(im, 0, sizeof(*im));
    im->world = w;
    snprintf(im->location, sizeof(im->location), "http://127.0.0.1:%d/a/b:t",
             script_server_port(w->server));
    im->source = (struct cprov_source){
        .name = "c", .location = im->location, .type = "catalog", .key = key
    };
    assert_int_equal(cprov_place_init(&im->source, cprov_network_kinds, &im->place, &err), 0);
}

static int import(struct imported *im)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    char validator[512];
    size_t before = script_server_count(im->world->server, "");

    memcpy(validator, im->validator, sizeof(validator));
    im->entries = 0;
    im->calls = 0;
    int code = cprov_source_catalog.import(
        im->world->client, &im->place,
        &(struct cprov_import){
            .validator = validator, .entry = on_entry, .done = on_done, .arg = im },
        &err);
    if (code < 0)
        return code;
    world_run(im->world);
    assert_int_equal(im->calls, 1);
    im->requests = script_server_count(im->world->server, "") - before;
    return im->code;
}

static void test_import(void **state)
{
    struct registry r = { .cut_at = 0 };
    struct imported im;
    struct world w;

    (void)state;
    make_artifact(&r, NULL);
    world_open(&w, serve, &r, NULL);
    open_place(&im, &w, NULL);
    assert_int_equal(import(&im), 0);
    assert_int_equal(im.entries, VERSIONS);
    assert_false(im.unchanged);
    assert_int_equal(im.requests, 2);

    assert_int_equal(import(&im), 0); /* one HEAD */
    assert_true(im.unchanged);
    assert_int_equal(im.entries, 0);
    assert_int_equal(im.requests, 1);

    remake_manifest(&r, "2026-02-02T00:00:00Z"); /* pushed again, the document is the same */
    assert_int_equal(import(&im), 0);
    assert_true(im.unchanged);
    assert_int_equal(im.requests, 2);
    assert_int_equal(import(&im), 0);
    assert_int_equal(im.requests, 1);
    world_close(&w);
    drop_artifact(&r);
}

static void test_cut(void **state)
{
    (void)state;
    for (int again = 0; again < 2; again++) {
        struct registry r = { .cut_at = 5000, .no_ranges = again == 1 };
        struct imported im;
        struct world w;

        make_artifact(&r, NULL);
        assert_true(r.packed.len > 2 * r.cut_at);
        world_open(&w, serve, &r, NULL);
        open_place(&im, &w, NULL);
        assert_int_equal(import(&im), 0);
        assert_int_equal(im.entries, VERSIONS); /* each once */
        assert_int_equal(im.requests, 3);
        world_close(&w);
        drop_artifact(&r);
    }
}

/* The last bytes are those of the digest, so that all entries have been handed over before. */
static void test_damaged(void **state)
{
    struct registry r = { .cut_at = 0 };
    struct imported im;
    struct world w;

    (void)state;
    make_artifact(&r, NULL);
    cprov_buf_add(&r.packed, "\0", 1); /* padding: gzip takes no offence */
    r.artifact.document.size = r.packed.len;
    remake_manifest(&r, NULL);
    world_open(&w, serve, &r, NULL);
    open_place(&im, &w, NULL);
    assert_int_equal(import(&im), CPROV_EVERIFY);
    assert_int_equal(im.entries, VERSIONS);
    assert_string_equal(im.validator, "");

    r.packed.ptr[r.packed.len / 2] ^= 1;
    assert_int_equal(import(&im), CPROV_EVERIFY);
    world_close(&w);
    drop_artifact(&r);
}

static void test_signed(void **state)
{
    struct registry r = { .cut_at = 0 };
    struct imported im;
    struct world w;

    (void)state;
    make_artifact(&r, "one.pem");
    world_open(&w, serve, &r, NULL);
    open_place(&im, &w, in_folder("one.pub"));
    assert_int_equal(import(&im), 0);
    assert_int_equal(im.entries, VERSIONS);
    assert_int_equal(im.requests, 3);
    assert_int_equal(import(&im), 0);
    assert_int_equal(im.requests, 1);
    assert_true(im.unchanged);

    im.source.key = in_folder("two.pub"); /* what another key has signed does not go on */
    assert_int_equal(import(&im), CPROV_EVERIFY);
    im.source.key = in_folder("none.pub");
    assert_int_equal(import(&im), CPROV_ENOTFOUND);
    im.source.key = NULL;
    assert_int_equal(import(&im), 0);
    world_close(&w);
    drop_artifact(&r);
}

static void test_not_signed(void **state)
{
    struct registry r = { .cut_at = 0 };
    struct imported im;
    struct world w;

    (void)state;
    make_artifact(&r, NULL);
    world_open(&w, serve, &r, NULL);
    open_place(&im, &w, NULL);
    assert_int_equal(import(&im), 0);
    im.source.key = in_folder("one.pub"); /* demanded from now on, though nothing has changed */
    assert_int_equal(import(&im), CPROV_EVERIFY);
    assert_int_equal(im.entries, 0);
    assert_non_null(strstr(im.err.msg, "not signed"));
    world_close(&w);
    drop_artifact(&r);
}

#define DOCUMENT                                                                                   \
    "{\"mediaType\":\"" CPROV_CATALOG_PACKED_TYPE "\",\"digest\":"                                 \
    "\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":%s}"
#define MANIFEST(layers)                                                                           \
    "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" CPROV_MT_OCI_EMPTY "\",\"digest\":"        \
    "\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2},"     \
    "\"layers\":[" layers "]}"

static void test_other_artifacts(void **state)
{
    static const struct {
        const char *manifest;
        int code;
    } cases[] = {
        { world_manifest, CPROV_EVERIFY },
        { "{\"schemaVersion\":2,\"manifests\":[]}", CPROV_EVERIFY },
        { "<html>", CPROV_EVERIFY },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct registry r = { .cut_at = 0 };
        struct imported im;
        struct world w;

        cprov_buf_init(&r.manifest, CPROV_MIB);
        cprov_buf_add_text(&r.manifest, cases[i].manifest);
        world_open(&w, serve, &r, NULL);
        open_place(&im, &w, NULL);
        assert_int_equal(import(&im), cases[i].code);
        assert_int_equal(im.requests, 1);
        world_close(&w);
        drop_artifact(&r);
    }
}

static int read_manifest(const char *text, struct cprov_catalog_artifact *out)
{
    auto_manifest struct cprov_manifest *m = NULL;
    struct cprov_error err = CPROV_ERROR_INIT;

    assert_int_equal(cprov_manifest_parse(cprov_span_of(text), (struct cprov_span){ 0 }, &m, &err),
                     0);
    int code = cprov_catalog_artifact_read(m, out, &err);
    if (code < 0)
        print_message("  %s\n", err.msg);
    return code;
}

static void test_artifact(void **state)
{
    struct cprov_catalog_artifact a;
    char text[4096];

    (void)state;
    snprintf(text, sizeof(text), MANIFEST(DOCUMENT), "10");
    assert_int_equal(read_manifest(text, &a), 0);
    assert_int_equal(a.document.size, 10);
    assert_false(a.is_signed);
    snprintf(text, sizeof(text), MANIFEST(DOCUMENT), "1073741825");
    assert_int_equal(read_manifest(text, &a), CPROV_ELIMIT);
    snprintf(text, sizeof(text), MANIFEST(DOCUMENT "," DOCUMENT), "10", "10");
    assert_int_equal(read_manifest(text, &a), CPROV_EVERIFY);
}

static void test_locations(void **state)
{
    static const struct {
        const char *location, *host, *repository, *tag; /* host NULL: refused */
    } cases[] = {
        { "registry.example/team/catalog", "registry.example", "team/catalog", "" },
        { "https://registry.example:5000/catalog:v1", "registry.example:5000", "catalog", "v1" },
        { "http://localhost/c", "localhost", "c", "" },
        { "docker.io/me/catalog:1", "docker.io", "me/catalog", "1" },
        { "registry.example", NULL, NULL, NULL },
        { "registry.example/", NULL, NULL, NULL },
        { "registry.example/Team", NULL, NULL, NULL },
        { "registry.example/c:", NULL, NULL, NULL },
        { "ftp://registry.example/c", NULL, NULL, NULL },
        { "team/catalog", NULL, NULL, NULL },
        { "", NULL, NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct cprov_source source = { .name = "c",
                                       .location = cases[i].location,
                                       .type = "catalog" };
        struct cprov_error err = CPROV_ERROR_INIT;
        struct cprov_place place;
        int code = cprov_place_init(&source, cprov_network_kinds, &place, &err);

        print_message("%s: %s\n", cases[i].location, err.msg);
        assert_int_equal(code, cases[i].host ? 0 : CPROV_EINVAL);
        if (!cases[i].host)
            continue;
        assert_string_equal(place.base.host, cases[i].host);
        assert_string_equal(place.base.repository, cases[i].repository);
        assert_string_equal(place.base.tag, cases[i].tag);
    }
}

static int set_up(void **state)
{
    static char line[512];

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(line, sizeof(line),
             "cd %s && for k in one two; do "
             "openssl ecparam -name prime256v1 -genkey -noout -out $k.pem && "
             "openssl pkey -in $k.pem -pubout -out $k.pub || exit 1; done",
             folder);
    pid_t pid = fork();
    int status = -1;
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    (void)state;
    return cprov_fs_remove_tree(AT_FDCWD, folder, &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import),     cmocka_unit_test(test_cut),
        cmocka_unit_test(test_damaged),    cmocka_unit_test(test_signed),
        cmocka_unit_test(test_not_signed), cmocka_unit_test(test_other_artifacts),
        cmocka_unit_test(test_artifact),   cmocka_unit_test(test_locations),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
