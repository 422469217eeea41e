#include "tests/support/client_world.h"
#include "registry/blob_queue.h"
#include "registry/listing.h"
#include "registry/ping.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char world_manifest[] =
    "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
    "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":"
    "\"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"size\":2},"
    "\"layers\":[]}";

static int find_login(void *arg, const char *host, const char *repository, unsigned skip,
                      struct cprov_credentials *out, struct cprov_error *err)
{
    struct world *w = arg;

    (void)host;
    if (skip > 0)
        return 0;
    (void)repository;
    (void)err;
    w->logins_asked++;
    out->username = w->username ? strdup(w->username) : NULL;
    out->password = w->password ? strdup(w->password) : NULL;
    out->identity_token = w->identity_token ? strdup(w->identity_token) : NULL;
    return 0;
}

static void on_warning(void *arg, const char *host, const char *text)
{
    struct world *w = arg;
    size_t len = strlen(w->warnings);

    (void)host;
    snprintf(w->warnings + len, sizeof(w->warnings) - len, "[%s]", text);
}

static bool is_cancelled(void *arg)
{
    return ((struct world *)arg)->cancelled;
}

void world_open(struct world *w, script_fn *answer, void *arg,
                const struct cprov_client_options *given)
{
    struct cprov_client_options options = { .retries = 3 };
    struct cprov_error err = CPROV_ERROR_INIT;
    static struct cprov_cancel cancel;
    char text[64];

    memset(w, 0, sizeof(*w));
    w->server = script_server_start(answer, arg);
    if (given)
        options = *given;
    cancel = (struct cprov_cancel){ is_cancelled, w };
    options.http.cancel = &cancel;
    options.credentials = find_login;
    options.warning = on_warning;
    options.arg = w;
    snprintf(text, sizeof(text), "127.0.0.1:%d/a/b:t", script_server_port(w->server));
    assert_int_equal(cprov_reference_parse(cprov_span_of(text), &w->ref, &err), 0);
    assert_int_equal(cprov_client_new(&options, &w->client, &err), 0);
}

void world_close(struct world *w)
{
    cprov_client_free(w->client);
    cprov_manifest_free(w->manifest);
    script_server_stop(w->server);
}

void world_run(struct world *w)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = cprov_client_run(w->client, NULL, &err);

    if (code < 0)
        print_message("run: %s\n", err.msg);
    assert_int_equal(code, 0);
}

static void note(struct world *w, int code, const struct cprov_error *err)
{
    w->calls++;
    w->code = code;
    if (code < 0) {
        w->err = *err;
        print_message("  %d: %s | %s\n", code, err->msg, cprov_hint_name(err->hint));
        assert_int_equal(code, err->code);
    }
}

void world_on_done(void *arg, int code, const struct cprov_error *err)
{
    note(arg, code, err);
}

void world_on_manifest(void *arg, int code, struct cprov_manifest_answer *answer,
                       const struct cprov_error *err)
{
    struct world *w = arg;

    note(w, code, err);
    if (code < 0)
        return;
    w->manifest = cprov_steal(&answer->manifest);
    w->descriptor = answer->descriptor;
    snprintf(w->media_type, sizeof(w->media_type), "%s", answer->descriptor.media_type);
}

bool world_on_name(void *arg, const char *name)
{
    struct world *w = arg;
    size_t len = strlen(w->names);

    snprintf(w->names + len, sizeof(w->names) - len, "%s ", name);
    return ++w->names_count != w->names_wanted;
}

void world_on_list(void *arg, int code, size_t dropped, const struct cprov_error *err)
{
    struct world *w = arg;

    w->dropped = dropped;
    note(w, code, err);
}

static void reset(struct world *w)
{
    w->calls = 0;
    w->code = 1;
    cprov_manifest_free(cprov_steal(&w->manifest));
    memset(&w->err, 0, sizeof(w->err));
}

static int finish(struct world *w, int started, const struct cprov_error *err)
{
    if (started < 0) {
        print_message("  start: %s\n", err->msg);
        return started;
    }
    world_run(w);
    assert_int_equal(w->calls, 1);
    return w->code;
}

int world_get(struct world *w)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    reset(w);
    return finish(
        w, cprov_client_get_manifest(w->client, &w->ref, NULL, world_on_manifest, w, &err), &err);
}

int world_head(struct world *w)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    reset(w);
    return finish(w, cprov_client_head_manifest(w->client, &w->ref, world_on_manifest, w, &err),
                  &err);
}

int world_tags(struct world *w)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_list_request request = { world_on_name, world_on_list, w };

    reset(w);
    w->names[0] = '\0';
    w->names_count = 0;
    return finish(w, cprov_client_list_tags(w->client, &w->ref, &request, &err), &err);
}

int world_ping(struct world *w, bool need_login)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    reset(w);
    return finish(w, cprov_client_ping(w->client, w->ref.host, need_login, world_on_done, w, &err),
                  &err);
}

/* --- blobs --- */

static int sink_write(void *arg, uint64_t offset, const void *data, size_t len,
                      struct cprov_error *err)
{
    struct sink *s = arg;

    if (++s->writes == s->fail_at)
        return cprov_fail(err, CPROV_ENOSPACE, "the disk is full");
    assert_true(offset <= s->size && len <= s->size - offset);
    memcpy(s->bytes + offset, data, len);
    for (size_t i = 0; i < len; i++)
        s->seen[offset + i]++;
    return 0;
}

static int sink_restart(void *arg, struct cprov_error *err)
{
    struct sink *s = arg;

    (void)err;
    s->restarts++;
    memset(s->seen, 0, s->size);
    memset(s->bytes, 0, s->size);
    return 0;
}

static int sink_validator(void *arg, struct cprov_span etag, struct cprov_error *err)
{
    struct sink *s = arg;

    (void)err;
    snprintf(s->etag, sizeof(s->etag), "%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(etag));
    return 0;
}

static void sink_done(void *arg, int code, const struct cprov_error *err)
{
    struct sink *s = arg;

    s->calls++;
    s->code = code;
    if (code < 0) {
        s->err = *err;
        print_message("  %d: %s\n", code, err->msg);
    }
}

void sink_open(struct sink *s, size_t size)
{
    memset(s, 0, sizeof(*s));
    s->bytes = calloc(1, size + 1);
    s->seen = calloc(1, size + 1);
    s->size = size;
    s->code = 1;
}

void sink_close(struct sink *s)
{
    free(s->bytes);
    free(s->seen);
}

bool sink_holds(const struct sink *s, const char *bytes, size_t from)
{
    for (size_t i = from; i < s->size; i++)
        if (s->seen[i] != 1 || s->bytes[i] != bytes[i]) {
            print_message("  byte %zu was written %u times\n", i, s->seen[i]);
            return false;
        }
    return true;
}

static struct cprov_blob_request request_for(struct world *w, struct sink *s,
                                             const struct cprov_descriptor *d)
{
    return (struct cprov_blob_request){
        .ref = &w->ref,
        .descriptor = d,
        .sink = { sink_write, sink_restart, sink_validator, s },
        .done = sink_done,
    };
}

int world_fetch(struct world *w, struct sink *s, const struct cprov_descriptor *d, uint64_t have,
                const char *etag)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_blob_request request = request_for(w, s, d);

    request.have = have;
    request.etag = etag;
    int code = cprov_client_fetch_blob(w->client, &request, &err);
    if (code < 0)
        return code;
    world_run(w);
    assert_int_equal(s->calls, 1);
    return s->code;
}

void world_start_fetch(struct world *w, struct sink *s, const struct cprov_descriptor *d)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_blob_request request = request_for(w, s, d);

    assert_int_equal(cprov_client_fetch_blob(w->client, &request, &err), 0);
}

struct cprov_digest world_digest(const void *bytes, size_t len)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_digest d;

    assert_int_equal(cprov_digest_of(CPROV_SHA256, cprov_span_make(bytes, len), &d, &err), 0);
    return d;
}

struct cprov_descriptor world_blob(const void *bytes, size_t len)
{
    return (struct cprov_descriptor){
        .media_type = "application/vnd.oci.image.layer.v1.tar+gzip",
        .digest = world_digest(bytes, len),
        .size = len,
    };
}

char world_bytes[WORLD_BLOB_SIZE];

void world_fill_blob(void)
{
    uint32_t x = 1;

    for (size_t i = 0; i < WORLD_BLOB_SIZE; i++) {
        x = x * 1664525u + 1013904223u;
        world_bytes[i] = (char)(x >> 24);
    }
}

void world_asked_range(struct script_call *call, size_t *first, size_t *last)
{
    const char *range = script_header(call, "Range");
    char *end = NULL;

    *first = 0;
    *last = WORLD_BLOB_SIZE - 1;
    if (strncmp(range, "bytes=", 6) != 0)
        return;
    *first = strtoul(range + 6, &end, 10);
    *last = strtoul(end + 1, NULL, 10);
}

void world_reply_part(struct script_call *call, const char *headers, size_t first, size_t last,
                      size_t sent)
{
    char all[512];
    bool ranged = *script_header(call, "Range") != '\0';
    size_t len = last - first + 1;

    snprintf(all, sizeof(all), "%s", headers);
    if (ranged)
        snprintf(all, sizeof(all), "%sContent-Range: bytes %zu-%zu/%d\r\n", headers, first, last,
                 WORLD_BLOB_SIZE);
    script_reply_cut(call, ranged ? 206 : 200, all, world_bytes + first, len,
                     sent < len ? sent : len);
}
