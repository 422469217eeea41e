/* catalog/source/document.c - a document that lists images, behind a URL, as a source. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/signature.h"
#include "catalog/document/file.h"
#include "catalog/document/reader.h"
#include "catalog/document/writer.h"
#include "catalog/source/source.h"
#include "registry/client.h"
#include "registry/op.h"
#include "registry/retry.h"

#define HASH_MARK     "sha256:"
#define SIGNATURE_END ".sig"
#define SHOWN_MAX     160 /* bytes of a path in messages */

struct import {
    struct cprov_op op;
    const struct cprov_source *source;
    struct cprov_import wanted;
    struct cprov_buf host;
    struct cprov_buf path;  /* and query */
    struct cprov_buf mark;  /* what validators begin with: the key they hold for */
    struct cprov_buf known; /* the validator given, without mark; "" when it holds for another */
    struct cprov_buf validator; /* to give the next time */

    /* of the document that comes */
    struct cprov_catalog_reader *reader;
    struct cprov_hasher *hasher; /* while there is no ETag */
    struct cprov_signature *signature;
    struct cprov_buf etag;
    struct cprov_buf held; /* bytes that wait for their hash, see holds */
    bool holds;
    bool unchanged;
    int64_t entry_ms; /* when the last entry came; monotonic */
    bool delivered;   /* an entry was handed over: there is no way back */
    bool plain;       /* the server refuses a Range */
    bool ranged;      /* what was asked last had one */
    uint64_t fed;     /* bytes that came */
    uint64_t skip;    /* bytes of this answer that came before */
    uint64_t total;   /* as announced, or 0 */
};

/* --- beginning and end --- */

static void drop_document(struct import *m)
{
    cprov_catalog_reader_free(m->reader);
    cprov_hasher_free(m->hasher);
    cprov_signature_free(m->signature);
    m->reader = NULL;
    m->hasher = NULL;
    m->signature = NULL;
    cprov_buf_reset(&m->held);
    cprov_buf_reset(&m->etag);
    m->holds = false;
    m->fed = m->total = 0;
}

static void import_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    struct import *m = (struct import *)op;

    if (code < 0)
        cprov_buf_reset(&m->validator);
    m->wanted.done(m->wanted.arg, code, m->unchanged && code == 0, cprov_buf_text(&m->validator),
                   err);
}

static void import_clear(struct cprov_op *op)
{
    struct import *m = (struct import *)op;

    drop_document(m);
    cprov_buf_clear(&m->host);
    cprov_buf_clear(&m->path);
    cprov_buf_clear(&m->mark);
    cprov_buf_clear(&m->known);
    cprov_buf_clear(&m->validator);
    cprov_buf_clear(&m->etag);
    cprov_buf_clear(&m->held);
}

static const struct cprov_op_kind kind = { sizeof(struct import), import_done, import_clear };

/* The server's ETag, or the hash of what it sent. */
static int make_validator(struct import *m, struct cprov_error *err)
{
    uint8_t raw[CPROV_HASH_RAW_MAX];
    struct cprov_buf *out = &m->validator;

    cprov_buf_add_span(out, cprov_buf_span(&m->mark));
    cprov_buf_add_span(out, cprov_buf_span(m->unchanged ? &m->known : &m->etag));
    if (m->hasher && !m->unchanged) {
        if (cprov_hasher_finish(m->hasher, raw, err) < 0)
            return err->code;
        cprov_buf_add_text(out, HASH_MARK);
        for (size_t i = 0; i < cprov_hash_size(CPROV_HASH_SHA256); i++)
            cprov_buf_addf(out, "%02x", raw[i]);
    }
    return cprov_buf_check(out, "validator", err);
}

/* --- the document --- */

static int on_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    struct import *m = arg;

    m->delivered = true;
    m->entry_ms = cprov_clock_ms();
    return m->wanted.entry(m->wanted.arg, entry, err);
}

static bool is_strong(const struct cprov_buf *etag)
{
    return etag->len > 0 && etag->ptr[0] == '"';
}

/* A document that broke off goes on where it did, as long as it is the same. */
static int on_begin(void *arg, struct cprov_exchange *x, struct cprov_error *err)
{
    struct import *m = arg;

    (void)err;
    m->skip = 0;
    m->entry_ms = cprov_clock_ms();
    m->ranged = !m->plain && m->fed > 0 && m->fed < m->total && is_strong(&m->etag);
    if (m->ranged)
        cprov_exchange_set_range(x, m->fed, m->total - 1, cprov_buf_span(&m->etag));
    else
        cprov_exchange_clear_range(x);
    return 0;
}

static int begin_document(struct import *m, struct cprov_exchange *x,
                          const struct cprov_http_head *head, struct cprov_error *err)
{
    struct cprov_span url = cprov_exchange_url(x);
    auto_buf struct cprov_buf base = { 0 };

    drop_document(m);
    cprov_buf_init(&base, CPROV_URL_MAX);
    cprov_buf_add_span(&base, url);
    cprov_buf_add_span(&m->etag, head->etag);
    if (m->etag.failed) /* a longer one is none */
        cprov_buf_reset(&m->etag);
    m->total = head->has_content_length ? head->content_length : 0;
    struct cprov_catalog_reader_options options = { .base = cprov_buf_text(&base),
                                                    .not_before = m->wanted.not_before,
                                                    .facts = m->wanted.facts,
                                                    .entry = on_entry,
                                                    .arg = m };
    if (cprov_buf_check(&base, "URL", err) < 0 ||
        cprov_catalog_reader_new(&options, &m->reader, err) < 0 ||
        (m->source->key && cprov_signature_verifier(m->source->key, &m->signature, err) < 0))
        return err->code;
    if (m->etag.len > 0)
        return 0;
    m->holds = cprov_span_starts_with(cprov_buf_span(&m->known), HASH_MARK);
    return cprov_hasher_new(CPROV_HASH_SHA256, &m->hasher, err);
}

/* The rest of what broke off; some servers do not know If-Range. */
static bool continues(const struct import *m, const struct cprov_http_head *head)
{
    return m->fed > 0 && head->status == 206 && head->has_content_range &&
           head->range_first == m->fed && head->range_total == m->total &&
           cprov_span_equal(head->etag, cprov_buf_span(&m->etag));
}

/* All of it once more, from a server that gives no parts: what was read is passed over. */
static bool repeats(const struct import *m, const struct cprov_http_head *head)
{
    return m->fed > 0 && head->status == 200 && is_strong(&m->etag) && head->has_content_length &&
           head->content_length == m->total &&
           cprov_span_equal(head->etag, cprov_buf_span(&m->etag));
}

static int on_head(void *arg, struct cprov_exchange *x, const struct cprov_http_head *head,
                   struct cprov_error *err)
{
    struct import *m = arg;

    if (head->encoded)
        return cprov_fail(err, CPROV_ENETWORK,
                          "%s: the server sent an encoding that was not requested", m->op.what);
    if (continues(m, head))
        return 0;
    if (m->delivered && repeats(m, head)) {
        m->skip = m->fed;
        return 0;
    }
    if (m->delivered)
        return cprov_fail(err, CPROV_ENETWORK,
                          "%s: the download broke off at byte %llu and cannot be resumed",
                          m->op.what, (unsigned long long)m->fed);
    if (head->status != 200 && head->status != 304)
        return cprov_fail(err, CPROV_ENETWORK, "%s: HTTP %d instead of a document", m->op.what,
                          head->status);
    m->unchanged = head->status == 304;
    return m->unchanged ? 0 : begin_document(m, x, head, err);
}

/* A document may be large and slow, but not go on for ever without an image. */
static int check_progress(const struct import *m, struct cprov_error *err)
{
    int64_t stall_ms = cprov_client_options(m->op.client)->http.stall_timeout_ms;
    int64_t most_ms = (stall_ms > 0 ? stall_ms : CPROV_STALL_TIMEOUT_MS) * 3 / 2;

    if (m->skip > 0 || cprov_clock_ms() - m->entry_ms <= most_ms)
        return 0;
    return cprov_fail(err, CPROV_ENETWORK, "%s: no image was received for %lld s", m->op.what,
                      (long long)most_ms / 1000);
}

static int feed(struct import *m, struct cprov_span piece, struct cprov_error *err)
{
    int code = cprov_catalog_reader_feed(m->reader, piece.ptr, piece.len, err);

    if (code == CPROV_EVERIFY || code == CPROV_ELIMIT)
        return cprov_wrap(err, "%s", m->op.what);
    return code;
}

static int release(struct import *m, struct cprov_error *err)
{
    int code = m->holds && m->held.len > 0 ? feed(m, cprov_buf_span(&m->held), err) : 0;

    m->holds = false;
    cprov_buf_clear(&m->held);
    return code;
}

static int on_body(void *arg, struct cprov_exchange *x, const void *data, size_t len,
                   struct cprov_error *err)
{
    struct import *m = arg;

    (void)x;
    if (!m->reader)
        return 0; /* of a 304 */
    size_t known = len < m->skip ? len : (size_t)m->skip;
    data = (const char *)data + known;
    len -= known;
    m->skip -= known;
    m->fed += len;
    if ((m->hasher && cprov_hasher_update(m->hasher, data, len, err) < 0) ||
        (m->signature && cprov_signature_update(m->signature, data, len, err) < 0) ||
        (m->holds && len > CPROV_CATALOG_HELD_MAX - m->held.len && release(m, err) < 0))
        return err->code;
    if (m->holds) {
        cprov_buf_add(&m->held, data, len);
        return cprov_buf_check(&m->held, m->op.what, err);
    }
    if (check_progress(m, err) < 0)
        return err->code;
    return feed(m, cprov_span_make(data, len), err);
}

/* --- its signature --- */

static void on_signature(void *arg, int code, const struct cprov_exchange_answer *answer,
                         const struct cprov_error *err)
{
    struct import *m = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code == CPROV_ENOTFOUND)
        code = cprov_fail(&local, CPROV_EVERIFY, "%s: not signed: %s does not exist", m->op.what,
                          SIGNATURE_END);
    else if (code < 0)
        local = *err;
    else if ((code = cprov_signature_check(m->signature, answer->body, &local)) < 0)
        (void)cprov_wrap(&local, "%s", m->op.what);
    cprov_op_finish(&m->op, code, &local);
}

static int ask_signature(struct import *m, struct cprov_error *err)
{
    auto_buf struct cprov_buf path = { 0 };
    struct cprov_span place = cprov_buf_span(&m->path), query = { 0 };
    bool has_query = cprov_span_cut(place, '?', &place, &query);

    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_add_span(&path, place);
    cprov_buf_add_text(&path, SIGNATURE_END);
    cprov_buf_add_text(&path, has_query ? "?" : "");
    cprov_buf_add_span(&path, query);
    if (cprov_buf_check(&path, "URL", err) < 0)
        return err->code;
    const struct cprov_request_spec spec = {
        .ask = { .body_max = CPROV_SIGNATURE_MAX, .done = on_signature },
        .host = cprov_buf_text(&m->host),
        .path = cprov_buf_text(&path),
    };
    return cprov_op_ask(&m->op, &spec, err);
}

/* --- its end --- */

static int end_document(struct import *m, struct cprov_error *err)
{
    if (make_validator(m, err) < 0)
        return err->code;
    struct cprov_span fresh = cprov_span_from(cprov_buf_span(&m->validator), m->mark.len);
    if (m->holds && cprov_span_equal(fresh, cprov_buf_span(&m->known)))
        m->unchanged = true; /* nothing of it was handed over */
    if (m->unchanged)
        return 0;
    if (release(m, err) < 0)
        return err->code;
    return cprov_catalog_reader_finish(m->reader, err) < 0 ? cprov_wrap(err, "%s", m->op.what) : 0;
}

static int ask(struct import *m, struct cprov_error *err);

static void on_document(void *arg, int code, const struct cprov_exchange_answer *answer,
                        const struct cprov_error *err)
{
    struct import *m = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code < 0 && m->ranged && answer->head && cprov_range_refused(answer->head->status)) {
        m->plain = true;
        if ((code = ask(m, &local)) == 0)
            return;
    } else if (code < 0) {
        local = *err;
    } else {
        code = end_document(m, &local);
    }
    if (code == 0 && m->signature && !m->unchanged) {
        code = ask_signature(m, &local);
        if (code == 0)
            return;
    }
    cprov_op_finish(&m->op, code, &local);
}

/* --- the question --- */

/* "https://host:port/path?query#part" → host, path with query, and what may be shown. */
static int read_location(struct import *m, const struct cprov_place *place, struct cprov_error *err)
{
    struct cprov_span rest = cprov_span_of(place->source->location), host = rest, path = { 0 };
    size_t colon = cprov_span_find(rest, ':');

    if (cprov_span_starts_with(cprov_span_from(rest, colon), "://"))
        rest = cprov_span_from(rest, colon + 3);
    rest.len = cprov_span_find(rest, '#');
    cprov_span_cut(rest, '/', &host, &path);
    if (!place->kind->is_url) /* a registry of our own, not a document */
        path = cprov_span_of(&CPROV_CATALOG_PATH[1]);
    cprov_buf_add_text(&m->host, place->base.host);
    cprov_buf_add_char(&m->path, '/');
    cprov_buf_add_span(&m->path, path);
    path.len = cprov_span_find(path, '?');
    if (path.len > SHOWN_MAX)
        path.len = SHOWN_MAX;
    if (cprov_buf_check(&m->host, "host", err) < 0 || cprov_buf_check(&m->path, "URL", err) < 0)
        return err->code;
    return cprov_op_name(&m->op, err, "catalog %s/%" CPROV_SPAN_FMT, place->base.host,
                         CPROV_SPAN_ARG(path));
}

static int read_validator(struct import *m, const char *validator, struct cprov_error *err)
{
    if (m->source->key && cprov_catalog_key_mark(m->source->key, &m->mark, err) < 0)
        return err->code;
    if (!validator || strncmp(validator, cprov_buf_text(&m->mark), m->mark.len) != 0)
        return 0;
    cprov_buf_add_text(&m->known, validator + m->mark.len);
    return cprov_buf_check(&m->known, "validator", err);
}

static int ask(struct import *m, struct cprov_error *err)
{
    bool is_etag =
        is_strong(&m->known) || cprov_span_starts_with(cprov_buf_span(&m->known), "W/\"");
    const struct cprov_request_spec spec = {
        .ask = { .accept = CPROV_CATALOG_MEDIA_TYPE ", application/json, */*;q=0.5",
                 .if_none_match = is_etag ? cprov_buf_text(&m->known) : NULL,
                 .body_max = CPROV_ERROR_BODY_MAX,
                 .begin = on_begin,
                 .head = on_head,
                 .body = on_body,
                 .done = on_document },
        .host = cprov_buf_text(&m->host),
        .path = cprov_buf_text(&m->path),
    };
    return cprov_op_ask(&m->op, &spec, err);
}

static int document_import(struct cprov_client *c, const struct cprov_place *place,
                           const struct cprov_import *import, struct cprov_error *err)
{
    struct import *m = cprov_op_new(c, &kind, err);

    if (!m)
        return CPROV_ENOMEM;
    m->source = place->source;
    m->wanted = *import;
    cprov_buf_init(&m->host, CPROV_NAME_MAX + 1);
    cprov_buf_init(&m->path, CPROV_URL_MAX);
    cprov_buf_init(&m->mark, 64);
    cprov_buf_init(&m->known, CPROV_KIB);
    cprov_buf_init(&m->validator, CPROV_KIB);
    cprov_buf_init(&m->etag, CPROV_KIB / 2);
    cprov_buf_init(&m->held, CPROV_CATALOG_HELD_MAX);
    bool failed = read_location(m, place, err) < 0 ||
                  read_validator(m, import->validator, err) < 0 || ask(m, err) < 0;
    return cprov_op_started(&m->op, failed ? err->code : 0);
}

/* --- on this machine --- */

/* A document here may name files here, by their paths; elsewhere paths mean nothing. */
static int file_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    const struct cprov_import *import = arg;
    auto_buf struct cprov_buf url = { 0 };
    struct cprov_entry e = *entry;

    if (!e.url || *e.url != '/')
        return import->entry(import->arg, entry, err);
    cprov_buf_init(&url, CPROV_URL_MAX);
    cprov_buf_addf(&url, "file://%s", e.url);
    if (cprov_buf_check(&url, "path of a file", err) < 0)
        return err->code;
    e.url = cprov_buf_text(&url);
    return import->entry(import->arg, &e, err);
}

static int file_import(struct cprov_client *c, const struct cprov_place *place,
                       const struct cprov_import *import, struct cprov_error *err)
{
    struct cprov_import wanted = *import;
    const struct cprov_catalog_file file = { .path = cprov_place_path(place),
                                             .key = place->source->key,
                                             .validator = import->validator,
                                             .not_before = import->not_before,
                                             .facts = import->facts,
                                             .entry = file_entry,
                                             .arg = &wanted };
    struct cprov_error local = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf validator = { 0 };
    bool unchanged = false;

    (void)c;
    (void)err;
    cprov_buf_init(&validator, CPROV_VALIDATOR_MAX);
    int code = cprov_catalog_read_file(&file, &validator, &unchanged, &local);
    import->done(import->arg, code, unchanged, cprov_buf_text(&validator),
                 code < 0 ? &local : NULL);
    return 0;
}

static const struct cprov_source_kind document_on_disk = {
    .type = "document",
    .import = file_import,
    .local = true,
};

const struct cprov_source_kind cprov_source_document = {
    .type = "document",
    .import = document_import,
    .is_url = true,
    .on_disk = &document_on_disk,
};

/* What `cprov serve` serves: one document tells it all. */
const struct cprov_source_kind cprov_source_cprov = {
    .type = "cprov",
    .import = document_import,
};
