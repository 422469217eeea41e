/* One request: route it, spoil it as the script says, send it, log it. */
#include "fake.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fs.h"

#define PIECE (64u << 10)

/* The bytes of one answer on their way out. */
struct body {
    struct fake_request *request;
    struct fake_shape shape;
    struct cprov_buf own; /* keeps what `bytes` points to */
    const char *bytes;    /* NULL: zeros */
    uint64_t len;
    bool stalled;
};

void fake_log(const char *format, ...)
{
    struct cprov_buf line;
    va_list args;

    if (fake.log_fd < 0)
        return;
    cprov_buf_init(&line, FAKE_FORM_MAX);
    va_start(args, format);
    cprov_buf_vaddf(&line, format, args);
    va_end(args);
    cprov_buf_add_char(&line, '\n');
    /* One write of an O_APPEND file: lines of several threads do not mix. */
    if (write(fake.log_fd, cprov_buf_text(&line), line.len) < 0)
        fake_die("log");
    cprov_buf_clear(&line);
}

const char *fake_query(const struct fake_request *q, const char *name)
{
    return MHD_lookup_connection_value(q->connection, MHD_GET_ARGUMENT_KIND, name);
}

void fake_reply_header(struct fake_reply *p, const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        fake_die("out of memory");
    va_end(args);
    fake_list_add(&p->headers, text);
}

void fake_reply_body(struct fake_reply *p, int status, const char *type)
{
    p->status = status;
    p->type = type;
    p->bytes = cprov_buf_text(&p->body);
    p->size = p->body.len;
    p->ranges = false;
    p->digest = NULL;
    p->etag[0] = '\0';
}

void fake_reply_error(struct fake_reply *p, int status, const char *code)
{
    cprov_buf_reset(&p->body);
    cprov_buf_addf(&p->body,
                   "{\"errors\":[{\"code\":\"%s\",\"message\":\"as the script says\"}]}\n", code);
    fake_reply_body(p, status, "application/json");
}

/* --- routes --- */

static void reply_blob(const struct fake_blob *b, const char *type, struct fake_reply *p)
{
    p->status = 200;
    p->type = type;
    p->digest = b->digest;
    p->bytes = b->bytes;
    p->size = b->size;
    p->ranges = true;
    snprintf(p->etag, sizeof(p->etag), "\"%s\"", b->digest);
}

static const struct fake_blob *manifest_of(const struct fake_repo *r, const char *ref)
{
    for (size_t i = 0; i < r->tags.count; i++) {
        const struct fake_tag *t = r->tags.item[i];

        if (strcmp(t->name, ref) == 0)
            return t->image ? t->image->manifest : NULL;
    }
    for (size_t i = 0; i < r->images.count; i++) {
        const struct fake_image *image = r->images.item[i];

        if (strcmp(image->manifest->digest, ref) == 0)
            return image->manifest;
    }
    return NULL;
}

static const struct fake_blob *blob_of(const struct fake_repo *r, const char *digest)
{
    for (size_t i = 0; i < r->images.count; i++) {
        const struct fake_image *image = r->images.item[i];

        if (image->config && strcmp(image->config->digest, digest) == 0)
            return image->config;
        for (size_t j = 0; j < image->layers.count; j++) {
            const struct fake_blob *b = image->layers.item[j];

            if (!b->foreign && strcmp(b->digest, digest) == 0)
                return b;
        }
    }
    return NULL;
}

static void route_repo(const struct fake_request *q, const char *repo, const char *rest,
                       struct fake_reply *p)
{
    const struct fake_repo *r = fake_repo_named(repo);
    const struct fake_blob *b;

    if (!r) {
        fake_reply_error(p, 404, "NAME_UNKNOWN");
    } else if (strcmp(rest, "tags/list") == 0) {
        fake_list_tags(q, r, p);
    } else if (strncmp(rest, "manifests/", 10) == 0) {
        b = manifest_of(r, rest + 10);
        if (b)
            reply_blob(b, b->type, p);
        else
            fake_reply_error(p, 404, "MANIFEST_UNKNOWN");
        p->ranges = false;
    } else if (strncmp(rest, "blobs/", 6) == 0) {
        b = blob_of(r, rest + 6);
        if (b)
            reply_blob(b, "application/octet-stream", p);
        else
            fake_reply_error(p, 404, "BLOB_UNKNOWN");
    } else {
        fake_list_referrers(q, r, rest + strlen("referrers/"), p);
    }
}

/* "/v2/a/b/manifests/x" → "a/b" and "manifests/x"; false for any other path. */
static bool split_path(const char *path, char **repo, const char **rest)
{
    static const char *const words[] = { "/tags/list", "/manifests/", "/blobs/", "/referrers/" };

    if (strncmp(path, "/v2/", 4) != 0)
        return false;
    for (size_t i = 0; i < CPROV_COUNT(words); i++) {
        const char *hit = strstr(path + 3, words[i]);

        if (hit && hit > path + 3) {
            *repo = fake_format("%.*s", (int)(hit - path - 4), path + 4);
            *rest = hit + 1;
            return true;
        }
    }
    return false;
}

static enum MHD_Result add_argument(void *arg, enum MHD_ValueKind kind, const char *key,
                                    const char *value)
{
    struct cprov_buf *query = arg;

    (void)kind;
    cprov_buf_addf(query, "%c%s", query->len ? '&' : '?', key);
    if (value)
        cprov_buf_addf(query, "=%s", value);
    return MHD_YES;
}

/* As the file is now; one that is not there is not found. */
static void reply_raw(const struct fake_raw *r, struct fake_reply *p)
{
    const struct cprov_buf *body = &r->body;
    struct cprov_error err = CPROV_ERROR_INIT;
    char digest[FAKE_DIGEST_MAX];

    if (r->file && cprov_fs_read(AT_FDCWD, r->file, FAKE_BODY_MAX, &p->body, &err) < 0) {
        fake_reply_error(p, 404, "NOT_FOUND");
        return;
    }
    if (r->file)
        body = &p->body;
    for (size_t i = 0; i < r->headers.count; i++)
        fake_reply_header(p, "%s", (const char *)r->headers.item[i]);
    p->status = r->status;
    p->type = r->type;
    p->bytes = cprov_buf_text(body);
    p->size = body->len;
    p->ranges = true;
    if (r->etag) {
        fake_digest_of(cprov_buf_text(body), body->len, digest);
        snprintf(p->etag, sizeof(p->etag), "\"%s\"", digest);
    }
}

/* The answer for this very path and query, else the one for the path. */
static bool route_raw(const struct fake_request *q, struct fake_reply *p)
{
    const struct fake_raw *hit = NULL;
    struct cprov_buf query;
    size_t len = strlen(q->path);

    cprov_buf_init(&query, FAKE_FORM_MAX);
    MHD_get_connection_values(q->connection, MHD_GET_ARGUMENT_KIND, add_argument, &query);
    for (size_t i = 0; i < fake.raws.count; i++) {
        const struct fake_raw *r = fake.raws.item[i];

        if (!hit && strcmp(r->path, q->path) == 0)
            hit = r;
        if (strncmp(r->path, q->path, len) == 0 && r->path[len] == '?' &&
            strcmp(r->path + len, cprov_buf_text(&query)) == 0) {
            hit = r;
            break;
        }
    }
    cprov_buf_clear(&query);
    if (!hit)
        return false;
    reply_raw(hit, p);
    return true;
}

static bool route_foreign(const struct fake_request *q, struct fake_reply *p)
{
    if (strncmp(q->path, "/foreign/", 9) != 0)
        return false;
    for (size_t i = 0; i < fake.foreign.count; i++) {
        const struct fake_blob *b = fake.foreign.item[i];

        if (strcmp(b->digest, q->path + 9) == 0)
            reply_blob(b, "application/octet-stream", p);
    }
    p->digest = NULL;
    return p->status == 200;
}

static void route(const struct fake_request *q, struct fake_reply *p)
{
    char *repo = NULL;
    const char *rest = "";

    if (strcmp(q->path, "/token") == 0) {
        fake_auth_token(q, p);
        return;
    }
    bool content = split_path(q->path, &repo, &rest);
    if (strncmp(q->path, "/v2/", 4) == 0 && !fake_auth_allows(q, content ? repo : "", p)) {
        free(repo);
        return;
    }
    if (strcmp(q->path, "/v2/") == 0) {
        cprov_buf_add_text(&p->body, "{}");
        fake_reply_body(p, 200, "application/json");
    } else if (route_raw(q, p) || route_foreign(q, p)) {
        /* answered */
    } else if (strcmp(q->path, "/v2/_catalog") == 0) {
        fake_list_catalog(q, p);
    } else if (content) {
        route_repo(q, repo, rest, p);
    } else {
        fake_reply_error(p, 404, "NOT_FOUND");
    }
    free(repo);
}

/* What the client has already. */
static void apply_condition(const struct fake_request *q, struct fake_reply *p)
{
    if (p->status != 200 || !*p->etag || !q->if_none_match ||
        strcmp(q->if_none_match, p->etag) != 0)
        return;
    p->status = 304;
    p->bytes = "";
    p->size = 0;
}

/* --- ranges --- */

/* "bytes=A-B", "bytes=A-": the one form that clients of registries send. */
static bool range_of(const char *text, uint64_t size, uint64_t *first, uint64_t *last)
{
    struct cprov_span s = cprov_span_of(text), a, b;

    if (!cprov_span_starts_with(s, "bytes=") || !cprov_span_cut(cprov_span_from(s, 6), '-', &a, &b))
        return false;
    if (!cprov_span_u64(a, first) || *first >= size)
        return false;
    *last = UINT64_MAX;
    if (b.len && (!cprov_span_u64(b, last) || *last < *first))
        return false;
    if (*last >= size)
        *last = size - 1;
    return true;
}

/* Cuts the reply down to the range asked for. */
static void apply_range(const struct fake_request *q, const struct fake_fault *f,
                        struct fake_reply *p)
{
    uint64_t first, last, shift = f && f->bad_content_range ? 7 : 0;

    if (!p->ranges || p->status != 200)
        return;
    fake_reply_header(p, "Accept-Ranges: bytes");
    if (!q->range || (q->if_range && strcmp(q->if_range, p->etag) != 0))
        return;
    if (!range_of(q->range, p->size, &first, &last)) {
        fake_reply_error(p, 416, "RANGE_INVALID");
        return;
    }
    if (!f || !f->no_content_range)
        fake_reply_header(p, "Content-Range: bytes %ju-%ju/%ju", first + shift, last + shift,
                          p->size);
    p->status = 206;
    if (p->bytes)
        p->bytes += first;
    p->size = last - first + 1;
}

/* --- sending --- */

static void sleep_ms(uint64_t ms)
{
    struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

    nanosleep(&t, NULL);
}

static ssize_t body_read(void *arg, uint64_t pos, char *out, size_t max)
{
    struct body *b = arg;
    uint64_t end = b->shape.declared == UINT64_MAX ? b->len : b->shape.declared;
    uint64_t part = max < PIECE ? max : PIECE;

    if (pos >= b->shape.cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (pos >= end)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (b->shape.stall_ms && !b->stalled) {
        if (pos >= b->shape.stall_at) {
            b->stalled = true;
            sleep_ms(b->shape.stall_ms);
        } else if (part > b->shape.stall_at - pos) {
            part = b->shape.stall_at - pos;
        }
    }
    if (b->shape.rate) {
        part = part < b->shape.rate / 20 + 1 ? part : b->shape.rate / 20 + 1;
        sleep_ms(part * 1000 / b->shape.rate);
    }
    if (part > end - pos)
        part = end - pos;
    if (part > b->shape.cut - pos)
        part = b->shape.cut - pos;
    memset(out, 0, part);
    if (b->bytes && pos < b->len)
        memcpy(out, b->bytes + pos, part < b->len - pos ? part : b->len - pos);
    if (b->shape.corrupt && pos <= b->len / 2 && b->len / 2 < pos + part)
        out[b->len / 2 - pos] ^= 1;
    b->request->sent += part;
    return (ssize_t)part;
}

static void body_free(void *arg)
{
    struct body *b = arg;

    cprov_buf_clear(&b->own);
    free(b);
}

static void add_header(struct MHD_Response *r, const char *name, const char *value)
{
    if (value && *value && MHD_add_response_header(r, name, value) != MHD_YES)
        fake_die("header %s", name);
}

static void add_headers(struct MHD_Response *r, const struct fake_reply *p)
{
    add_header(r, "Content-Type", p->type);
    add_header(r, "Docker-Content-Digest", p->digest);
    add_header(r, "ETag", p->etag);
    add_header(r, "Docker-Distribution-Api-Version", "registry/2.0");
    for (size_t i = 0; i < p->headers.count; i++) {
        char *line = p->headers.item[i], *colon = strstr(line, ": ");

        if (!colon)
            fake_die("header '%s'", line);
        *colon = '\0';
        add_header(r, line, colon + 2);
    }
}

static enum MHD_Result send_reply(struct fake_request *q, const struct fake_fault *f,
                                  struct fake_reply *p)
{
    struct body *b = fake_alloc(sizeof(*b));

    b->request = q;
    b->own = p->body;
    b->bytes = p->bytes;
    b->len = p->size;
    fake_shape_of(f, p->size, &b->shape);
    struct MHD_Response *r = MHD_create_response_from_callback(
        b->shape.declared == UINT64_MAX ? MHD_SIZE_UNKNOWN : b->shape.declared, PIECE, body_read, b,
        body_free);
    if (!r)
        fake_die("out of memory");
    add_headers(r, p);
    fake_log("%s %s %d range=%s auth=%s at=%s t=%jd id=%ju", q->method, q->path, p->status,
             q->range ? q->range : "-", fake_auth_kind(q), q->other ? "other" : "main",
             (intmax_t)cprov_clock_ms(), q->id);
    enum MHD_Result result = MHD_queue_response(q->connection, (unsigned)p->status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result answer(struct fake_request *q)
{
    struct fake_reply p = { .status = 404 };
    const struct fake_fault *f;

    cprov_buf_init(&p.body, FAKE_BODY_MAX);
    route(q, &p);
    /* A refused login is not what faults are about: they would be used up by it. */
    f = p.status == 401 ? NULL : fake_fault_for(q);
    if (f && f->delay_ms)
        sleep_ms(f->delay_ms);
    if (f && f->close) {
        fake_log("%s %s 0 range=- auth=%s at=%s closed", q->method, q->path, fake_auth_kind(q),
                 q->other ? "other" : "main");
        cprov_buf_clear(&p.body);
        return MHD_NO;
    }
    if (f)
        fake_fault_apply(f, q, &p);
    apply_condition(q, &p);
    apply_range(q, f, &p);
    enum MHD_Result result = send_reply(q, f, &p);
    for (size_t i = 0; i < p.headers.count; i++)
        free(p.headers.item[i]);
    free(p.headers.item);
    return result;
}

/* --- libmicrohttpd --- */

static enum MHD_Result on_request(void *other, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    static uint64_t ids;
    struct fake_request *q = *state;

    (void)version;
    if (!q) {
        q = *state = fake_alloc(sizeof(*q));
        q->id = __atomic_add_fetch(&ids, 1, 5);
        q->connection = c;
        q->other = other != NULL;
        q->method = fake_copy(method);
        q->path = fake_copy(path);
        cprov_buf_init(&q->form, FAKE_FORM_MAX);
        return MHD_YES;
    }
    if (*size) {
        cprov_buf_add(&q->form, data, *size);
        *size = 0;
        return MHD_YES;
    }
    q->range = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Range");
    q->if_range = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "If-Range");
    q->if_none_match = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "If-None-Match");
    q->authorization = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
    return answer(q);
}

static void on_completed(void *arg, struct MHD_Connection *c, void **state,
                         enum MHD_RequestTerminationCode why)
{
    struct fake_request *q = *state;

    (void)arg;
    (void)c;
    if (!q)
        return;
    fake_log("done id=%ju path=%s sent=%ju t=%jd %s", q->id, q->path, q->sent,
             (intmax_t)cprov_clock_ms(),
             why == MHD_REQUEST_TERMINATED_COMPLETED_OK ? "ok" : "broken");
    cprov_buf_clear(&q->form);
    free(q);
    *state = NULL;
}

struct MHD_Daemon *fake_serve_start(int socket, bool other, const char *cert, const char *key)
{
    static int mark;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, fake_copy(cert ? cert : "") },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, fake_copy(key ? key : "") },
        { MHD_OPTION_END, 0, NULL },
    };

    if (!cert)
        tls[0] = tls[2];
    else
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, other ? &mark : NULL,
                            MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_NOTIFY_COMPLETED,
                            on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT, 512u, MHD_OPTION_ARRAY,
                            tls, MHD_OPTION_END);
}
