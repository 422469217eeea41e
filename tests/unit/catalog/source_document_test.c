/* tests/unit/catalog/source_document_test.c - documents behind URLs: fetched, known again, signed.
 */
#include "catalog/source/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/signature.h"
#include "entries.h"
#include "folder.h"
#include "tests/support/client_world.h"

#define ONE "[{\"Name\":\"n\",\"Version\":\"1\",\"url\":\"n.wim\"}]"

static int set_up(void **state)
{
    (void)state;
    folder_open();
    folder_make_keys();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    folder_close();
    return 0;
}

/* What the server says, and what came of asking it. */
struct scene {
    struct world world;
    struct cprov_source source;
    char location[128];
    const char *document;
    const char *etag; /* header line, or "" */
    struct cprov_buf signature;
    size_t cut_at; /* the first answer ends here; 0: whole */
    bool ranges;   /* what follows a cut may be a part */
    bool endless;  /* blanks follow the document for as long as they are read */
    int refuses;   /* the status of every request with a Range, 0: none */
    int status;    /* instead of 200, 0: none */

    struct cprov_buf entries;
    char validator[256];
    bool unchanged;
    int calls;
    int code;
    struct cprov_error err;
};

static void send_document(struct script_call *call, struct scene *s)
{
    size_t len = strlen(s->document);
    char etag[128];

    if (s->endless) {
        static const char head[] = "HTTP/1.1 200 X\r\nContent-Type: application/json\r\n\r\n";

        script_send(call, head, strlen(head));
        script_send(call, s->document, len);
        for (int i = 0; i < 4000 && !call->close; i++) {
            char blanks[4096];

            memset(blanks, ' ', sizeof(blanks));
            script_send(call, blanks, sizeof(blanks));
            script_sleep_ms(5);
        }
        call->close = true;
        return;
    }
    snprintf(etag, sizeof(etag), "ETag: %s\r\n", s->etag);
    if (s->refuses && *script_header(call, "Range"))
        script_reply(call, s->refuses, "", "");
    else if (s->cut_at > 0 && call->number == 0)
        script_reply_cut(call, 200, *s->etag ? etag : "", s->document, len, s->cut_at);
    else if (!s->ranges || !script_reply_range(call, *s->etag ? etag : "", s->document, len))
        script_reply_bytes(call, s->status ? s->status : 200, *s->etag ? etag : "", s->document,
                           len);
}

static void answer(struct script_call *call, void *arg)
{
    struct scene *s = arg;

    if (script_is(call, "GET", "/lists/moved.json?t=secret"))
        script_reply(call, 302, "Location: /real/list.json\r\n", "");
    else if (script_is(call, "GET", "/lists/c.json?t=secret") ||
             script_is(call, "GET", "/real/list.json")) {
        if (*s->etag && strcmp(script_header(call, "If-None-Match"), s->etag) == 0)
            script_reply(call, 304, "", "");
        else
            send_document(call, s);
    } else if (script_is(call, "GET", "/lists/c.json.sig?t=secret") && s->signature.len > 0)
        script_reply_bytes(call, 200, "", s->signature.ptr, s->signature.len);
    else
        script_reply(call, 404, "", "");
}

static void scene_open_with(struct scene *s, const char *document, const char *etag,
                            const struct cprov_client_options *options)
{
    memset(s, 0, sizeof(*s));
    s->document = document;
    s->etag = etag;
    cprov_buf_init(&s->entries, 64 * CPROV_MIB);
    cprov_buf_init(&s->signature, CPROV_SIGNATURE_MAX);
    world_open(&s->world, answer, s, options);
    snprintf(s->location, sizeof(s->location), "http://127.0.0.1:%d/lists/c.json?t=secret",
             script_server_port(s->world.server));
    s->source = (struct cprov_source){
        .name = "gallery", .location = s->location, .type = "document", .registered = true
    };
}

static void scene_open(struct scene *s, const char *document, const char *etag)
{
    scene_open_with(s, document, etag, NULL);
}

static void scene_close(struct scene *s)
{
    world_close(&s->world);
    cprov_buf_clear(&s->entries);
    cprov_buf_clear(&s->signature);
}

static void on_done(void *arg, int code, bool unchanged, const char *validator,
                    const struct cprov_error *err)
{
    struct scene *s = arg;

    s->calls++;
    s->code = code;
    s->unchanged = unchanged;
    snprintf(s->validator, sizeof(s->validator), "%s", validator);
    if (err)
        s->err = *err;
    print_message("  %d %s\n", code, s->err.msg);
}

static int on_scene_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    return entries_collect(&((struct scene *)arg)->entries, entry, err);
}

/* Asks with the validator of the last time. */
static int ask(struct scene *s)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_place place;
    char validator[256];
    struct cprov_import import = {
        .validator = validator, .entry = on_scene_entry, .done = on_done, .arg = s
    };

    memcpy(validator, s->validator, sizeof(validator));
    cprov_buf_reset(&s->entries);
    s->err = (struct cprov_error)CPROV_ERROR_INIT;
    s->calls = 0;
    assert_int_equal(cprov_place_init(&s->source, cprov_network_kinds, &place, &err), 0);
    assert_ptr_equal(place.kind, &cprov_source_document);
    int code = place.kind->import(s->world.client, &place, &import, &err);
    if (code < 0) {
        s->err = err;
        return code;
    }
    memset(validator, 'x', sizeof(validator) - 1); /* was the caller's */
    world_run(&s->world);
    assert_int_equal(s->calls, 1);
    assert_null(strstr(s->err.msg, "secret"));
    return s->code;
}

static void check_one(const struct scene *s)
{
    char wanted[256];

    snprintf(wanted, sizeof(wanted), "n 1 url=http://127.0.0.1:%d/lists/n.wim\n",
             script_server_port(s->world.server));
    assert_string_equal(cprov_buf_text(&s->entries), wanted);
}

static void test_etag(void **state)
{
    (void)state;
    static const char *const etags[] = { "\"one\"", "W/\"one\"" };

    for (size_t i = 0; i < CPROV_COUNT(etags); i++) {
        struct scene s;

        scene_open(&s, ONE, etags[i]);
        assert_int_equal(ask(&s), 0);
        assert_false(s.unchanged);
        check_one(&s);
        assert_string_equal(s.validator, etags[i]);
        assert_int_equal(ask(&s), 0);
        assert_true(s.unchanged);
        assert_int_equal(s.entries.len, 0);
        assert_string_equal(s.validator, etags[i]);
        assert_int_equal(script_server_count(s.world.server, ""), 2);
        scene_close(&s);
    }
}

static void test_hash(void **state)
{
    (void)state;
    struct scene s;

    scene_open(&s, ONE, "");
    assert_int_equal(ask(&s), 0);
    check_one(&s);
    assert_int_equal(strncmp(s.validator, "sha256:", 7), 0);
    assert_int_equal(ask(&s), 0);
    assert_true(s.unchanged);
    assert_int_equal(s.entries.len, 0);
    s.document = "[{\"Name\":\"n\",\"Version\":\"2\"}]";
    assert_int_equal(ask(&s), 0);
    assert_false(s.unchanged);
    assert_string_equal(cprov_buf_text(&s.entries), "n 2\n");
    scene_close(&s);
}

/* Too long to be held until its hash is known: handed over though it may be the same. */
static void test_hash_of_long(void **state)
{
    (void)state;
    struct scene s;
    auto_buf struct cprov_buf doc = { 0 };

    cprov_buf_init(&doc, 8 * CPROV_MIB);
    cprov_buf_add_text(&doc, "[{\"Name\":\"n\",\"Version\":\"0\"}");
    for (int i = 1; doc.len < CPROV_CATALOG_HELD_MAX + 100; i++)
        cprov_buf_addf(&doc, ",{\"Name\":\"n\",\"Version\":\"%d\",\"Description\":\"%01000d\"}", i,
                       i);
    cprov_buf_add_char(&doc, ']');
    scene_open(&s, cprov_buf_text(&doc), "");
    assert_int_equal(ask(&s), 0);
    size_t len = s.entries.len;
    assert_int_equal(ask(&s), 0);
    assert_false(s.unchanged);
    assert_int_equal(s.entries.len, len);
    scene_close(&s);
}

static void test_redirect(void **state)
{
    (void)state;
    struct scene s;
    char wanted[256];

    scene_open(&s, ONE, "");
    snprintf(s.location, sizeof(s.location), "127.0.0.1:%d/lists/moved.json?t=secret#part",
             script_server_port(s.world.server));
    assert_int_equal(ask(&s), 0);
    snprintf(wanted, sizeof(wanted), "n 1 url=http://127.0.0.1:%d/real/n.wim\n",
             script_server_port(s.world.server));
    assert_string_equal(cprov_buf_text(&s.entries), wanted);
    scene_close(&s);
}

/* With a stall time of 400 ms: 600 ms without an image. */
static void S10_a_document_without_an_end(void **state)
{
    struct cprov_client_options options = { .http.stall_timeout_ms = 400 };
    struct scene s;

    (void)state;
    scene_open_with(&s, "[{\"Name\":\"n\",\"Version\":\"1\"},", "", &options);
    s.endless = true;
    int64_t begin = cprov_clock_ms();
    assert_int_equal(ask(&s), CPROV_ENETWORK);
    assert_non_null(strstr(s.err.msg, "no image was received"));
    assert_in_range(cprov_clock_ms() - begin, 500, 5000);
    scene_close(&s);
}

/* Entries have come, then the connection breaks. */
static void test_broken_off(void **state)
{
    (void)state;
    static const struct {
        const char *etag;
        bool ranges;
        size_t cut_at;
        int code;
        int refuses;
    } cases[] = {
        { "\"one\"", true, 40, 0, 0 },   /* goes on where it was */
        { "\"one\"", false, 40, 0, 0 },  /* B3: no ranges: what was read is passed over */
        { "\"one\"", true, 40, 0, 403 }, /* B3: a Range is refused */
        { "\"one\"", true, 40, 0, 501 },
        { "W/\"one\"", true, 40, CPROV_ENETWORK, 0 }, /* may be other bytes */
        { "", true, 40, CPROV_ENETWORK, 0 },
        { "", false, 20, 0, 0 }, /* nothing was handed over yet */
        { "\"one\"", true, 20, 0, 0 },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct scene s;

        print_message("case %zu\n", i);
        scene_open(&s, "[{\"Name\":\"n\",\"Version\":\"1\"},{\"Name\":\"n\",\"Version\":\"2\"}]",
                   cases[i].etag);
        s.ranges = cases[i].ranges;
        s.refuses = cases[i].refuses;
        s.cut_at = cases[i].cut_at;
        assert_int_equal(ask(&s), cases[i].code);
        if (cases[i].code == 0)
            assert_string_equal(cprov_buf_text(&s.entries), "n 1\nn 2\n");
        else
            assert_string_equal(s.validator, "");
        scene_close(&s);
    }
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        int status;
        int code;
        const char *message;
    } cases[] = {
        { "[{\"Name\":\"n\"", 200, CPROV_EVERIFY, "/lists/c.json: byte 12: " },
        { "<html>", 200, CPROV_EVERIFY, "HTML" },
        { "{\"formatVersion\":7}", 200, CPROV_EVERIFY, "document format 7 is newer" },
        { "", 200, CPROV_EVERIFY, "empty" },
        { "x", 404, CPROV_ENOTFOUND, "catalog 127.0.0.1:" },
        { "x", 206, CPROV_ENETWORK, "HTTP 206" },
    };

    for (size_t i = 0; i < CPROV_COUNT(cases); i++) {
        struct scene s;

        scene_open(&s, cases[i].document, "");
        s.status = cases[i].status;
        assert_int_equal(ask(&s), cases[i].code);
        assert_int_equal(strncmp(s.err.msg, "catalog 127.0.0.1:", 18),
                         0); /* the place; who asked names the source */
        assert_non_null(strstr(s.err.msg, cases[i].message));
        scene_close(&s);
    }
}

static void sign(struct scene *s)
{
    auto_signature struct cprov_signature *signature = NULL;
    auto_buf struct cprov_buf raw = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_buf_init(&raw, CPROV_SIGNATURE_MAX);
    assert_int_equal(cprov_signature_signer(folder_path("key.pem"), &signature, &err), 0);
    assert_int_equal(cprov_signature_update(signature, s->document, strlen(s->document), &err), 0);
    assert_int_equal(cprov_signature_make(signature, &raw, &err), 0);
    cprov_base64_encode(&s->signature, cprov_buf_span(&raw));
}

static void test_signed(void **state)
{
    (void)state;
    static const char *const etags[] = { "\"one\"", "" };

    for (size_t i = 0; i < CPROV_COUNT(etags); i++) {
        struct scene s;

        scene_open(&s, ONE, etags[i]);
        s.source.key = folder_path("key.pub");
        assert_int_equal(ask(&s), CPROV_EVERIFY);
        assert_non_null(strstr(s.err.msg, "not signed"));
        sign(&s);
        assert_int_equal(ask(&s), 0);
        check_one(&s);
        assert_int_equal(ask(&s), 0);
        assert_true(s.unchanged);

        s.source.key = folder_path("other.pub"); /* the validator held for another key */
        assert_int_equal(ask(&s), CPROV_EVERIFY);
        assert_non_null(strstr(s.err.msg, "catalog 127.0.0.1:"));
        s.source.key = folder_path("none.pub");
        assert_int_equal(ask(&s), CPROV_ENOTFOUND);
        scene_close(&s);
    }
}

static void test_key_comes_later(void **state)
{
    (void)state;
    struct scene s;

    scene_open(&s, ONE, "\"one\"");
    assert_int_equal(ask(&s), 0);
    s.source.key = folder_path("key.pub");
    assert_int_equal(ask(&s), CPROV_EVERIFY);
    scene_close(&s);
}

/* A changed byte, the signature of before. */
static void test_tampered(void **state)
{
    (void)state;
    struct scene s;

    scene_open(&s, ONE, "");
    s.source.key = folder_path("key.pub");
    sign(&s);
    s.document = "[{\"Name\":\"n\",\"Version\":\"2\",\"url\":\"n.wim\"}]";
    assert_int_equal(ask(&s), CPROV_EVERIFY);
    scene_close(&s);
}

static void test_client_ends(void **state)
{
    (void)state;
    struct scene s;
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_place place;
    struct cprov_import import = { .entry = on_scene_entry, .done = on_done, .arg = &s };

    scene_open(&s, ONE, "");
    assert_int_equal(cprov_place_init(&s.source, cprov_network_kinds, &place, &err), 0);
    assert_int_equal(place.kind->import(s.world.client, &place, &import, &err), 0);
    scene_close(&s); /* nothing leaks, nobody is called */
    assert_int_equal(s.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_etag),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_hash_of_long),
        cmocka_unit_test(test_redirect),
        cmocka_unit_test(S10_a_document_without_an_end),
        cmocka_unit_test(test_broken_off),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_key_comes_later),
        cmocka_unit_test(test_tampered),
        cmocka_unit_test(test_client_ends),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
