/* registry/manifest_fetch.c - manifests by GET and HEAD, compared with what was asked for. */
#include "registry/manifest_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/op.h"

struct manifest_fetch {
    struct cprov_op op;
    struct cprov_reference ref;
    bool has_want;
    uint64_t want_size;
    char *want_type;        /* "" : any */
    struct cprov_span data; /* embedded in the descriptor: nothing has to be asked */
    bool by_head;
    struct cprov_manifest_answer *answer; /* for done */
    cprov_manifest_fn *done;
    void *arg;
};

static void fetch_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    const struct manifest_fetch *f = (struct manifest_fetch *)op;

    f->done(f->arg, code, code < 0 ? NULL : f->answer, err);
}

static void fetch_clear(struct cprov_op *op)
{
    free(((struct manifest_fetch *)op)->want_type);
}

static const struct cprov_op_kind kind = { sizeof(struct manifest_fetch), fetch_done, fetch_clear };

/* --- checks --- */

static int wrong_digest(const struct manifest_fetch *f, const struct cprov_digest *want,
                        const struct cprov_digest *got, struct cprov_error *err)
{
    char want_text[CPROV_DIGEST_TEXT_MAX], got_text[CPROV_DIGEST_TEXT_MAX];

    return cprov_fail(err, CPROV_EVERIFY, "%s: digest is %.23s... instead of %.23s...", f->op.what,
                      cprov_digest_format(got, got_text), cprov_digest_format(want, want_text));
}

/* What the server says the digest is; false when it says nothing that we can compare. */
static int header_digest(const struct manifest_fetch *f, const struct cprov_http_head *head,
                         struct cprov_digest *out, bool *found, struct cprov_error *err)
{
    struct cprov_span text =
        head ? cprov_span_trim(head->docker_content_digest) : (struct cprov_span){ NULL, 0 };
    int code = text.len > 0 ? cprov_digest_parse(text, out, err) : CPROV_EUNSUPPORTED;

    *found = code == 0;
    if (code < 0 && code != CPROV_EUNSUPPORTED)
        return cprov_wrap_as(err, CPROV_EVERIFY, "%s: Docker-Content-Digest", f->op.what);
    return 0;
}

static int check_digest(const struct manifest_fetch *f, const struct cprov_http_head *head,
                        struct cprov_span body, struct cprov_digest *out, struct cprov_error *err)
{
    struct cprov_digest said;
    bool found = false;

    if (header_digest(f, head, &said, &found, err) < 0)
        return err->code;
    if (found) {
        if (cprov_digest_of(said.algo, body, out, err) < 0)
            return err->code;
        if (!cprov_digest_equal(out, &said))
            return wrong_digest(f, &said, out, err);
    }
    if (!f->ref.has_digest && found)
        return 0;
    if (cprov_digest_of(f->ref.has_digest ? f->ref.digest.algo : CPROV_SHA256, body, out, err) < 0)
        return err->code;
    if (f->ref.has_digest && !cprov_digest_equal(out, &f->ref.digest))
        return wrong_digest(f, &f->ref.digest, out, err);
    return 0;
}

/* The digest of a signed schema 1 manifest is of a part of it: its bytes look like another's. */
static bool is_schema_1(struct cprov_span body, struct cprov_error *why)
{
    auto_manifest struct cprov_manifest *m = NULL;
    struct cprov_span type = cprov_span_of(CPROV_MT_DOCKER_SCHEMA1);

    return cprov_manifest_parse(body, type, &m, why) == CPROV_EUNSUPPORTED;
}

/* The type to read the bytes as: servers also say text/plain, application/json and the like. */
static struct cprov_span type_of(const struct manifest_fetch *f, const struct cprov_http_head *head)
{
    if (head && cprov_media_type_document(head->content_type) != CPROV_DOC_UNKNOWN)
        return head->content_type;
    return cprov_span_of(f->want_type);
}

static int read_answer(const struct manifest_fetch *f, const struct cprov_http_head *head,
                       struct cprov_span body, struct cprov_manifest_answer *out,
                       struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;
    struct cprov_error why = CPROV_ERROR_INIT;
    struct cprov_digest digest;
    int code;

    if (head && cprov_span_starts_with(head->content_type, "text/html"))
        return cprov_fail(err, CPROV_EVERIFY, "%s: the server returned a web page", f->op.what);
    if (f->has_want && body.len != f->want_size)
        return cprov_fail(err, CPROV_EVERIFY, "%s: has %zu bytes instead of %llu", f->op.what,
                          body.len, (unsigned long long)f->want_size);
    code = check_digest(f, head, body, &digest, err);
    if (code == CPROV_EVERIFY && is_schema_1(body, &why)) {
        *err = why;
        return cprov_wrap(err, "%s", f->op.what);
    }
    if (code < 0)
        return code;
    if (cprov_manifest_parse(body, type_of(f, head), &m, err) < 0)
        return cprov_wrap(err, "%s", f->op.what);
    if (*f->want_type &&
        cprov_media_type_document(cprov_span_of(f->want_type)) != CPROV_DOC_UNKNOWN &&
        !cprov_span_is_nocase(cprov_span_of(f->want_type), m->media_type))
        return cprov_fail(err, CPROV_EVERIFY, "%s: is of type %s instead of %s", f->op.what,
                          m->media_type, f->want_type);
    *out = (struct cprov_manifest_answer){
        .descriptor = { .media_type = m->media_type, .digest = digest, .size = body.len },
        .manifest = m,
    };
    m = NULL;
    return 0;
}

/* --- asking --- */

static int ask(struct manifest_fetch *f, struct cprov_error *err);

static void deliver(struct manifest_fetch *f, const struct cprov_http_head *head,
                    struct cprov_span body)
{
    struct cprov_manifest_answer answer = { .manifest = NULL };
    struct cprov_error local = CPROV_ERROR_INIT;
    int code = read_answer(f, head, body, &answer, &local);

    f->answer = &answer;
    cprov_op_finish(&f->op, code, &local);
    cprov_manifest_free(answer.manifest); /* unless it was stolen */
}

static void got(void *arg, int code, const struct cprov_exchange_answer *answer,
                const struct cprov_error *err)
{
    struct manifest_fetch *f = arg;

    if (code < 0)
        cprov_op_finish(&f->op, code, err);
    else
        deliver(f, answer->head, answer->body);
}

/* 0 when the head tells all; CPROV_ENOTFOUND when a GET has to. */
static int read_head(const struct manifest_fetch *f, const struct cprov_http_head *head,
                     struct cprov_manifest_answer *out, struct cprov_error *err)
{
    struct cprov_digest digest;
    enum cprov_document kind_of = cprov_media_type_document(head->content_type);
    bool found = false;

    if (header_digest(f, head, &digest, &found, err) < 0)
        return err->code;
    if (found && f->ref.has_digest && digest.algo == f->ref.digest.algo &&
        !cprov_digest_equal(&digest, &f->ref.digest))
        return wrong_digest(f, &f->ref.digest, &digest, err);
    if (f->ref.has_digest)
        digest = f->ref.digest;
    else if (!found)
        return CPROV_ENOTFOUND;
    if (kind_of != CPROV_DOC_MANIFEST && kind_of != CPROV_DOC_INDEX)
        return CPROV_ENOTFOUND;
    out->descriptor = (struct cprov_descriptor){ .digest = digest, .size = head->content_length };
    return 0;
}

static void got_head(void *arg, int code, const struct cprov_exchange_answer *answer,
                     const struct cprov_error *err)
{
    struct manifest_fetch *f = arg;
    struct cprov_manifest_answer out = { .manifest = NULL };
    struct cprov_error local = CPROV_ERROR_INIT;
    char type[128] = "";

    if (code < 0 && !answer->head) {
        cprov_op_finish(&f->op, code, err);
        return;
    }
    /* Servers and proxies refuse HEAD with any status, 404 and 500 among them, and serve the GET:
     * it decides, and its body says why. */
    code = code < 0 ? CPROV_ENOTFOUND : read_head(f, answer->head, &out, &local);
    if (code == CPROV_ENOTFOUND) {
        f->by_head = false;
        if ((code = ask(f, &local)) == 0)
            return;
    }
    if (code == 0) { /* the type without parameters, in the form that documents use */
        struct cprov_span said = answer->head->content_type;

        said = cprov_span_trim(cprov_span_make(said.ptr, cprov_span_find(said, ';')));
        for (size_t i = 0; i < said.len && i < sizeof(type) - 1; i++)
            type[i] = cprov_lower(said.ptr[i]);
    }
    out.descriptor.media_type = type;
    f->answer = &out;
    cprov_op_finish(&f->op, code, &local);
}

static int ask(struct manifest_fetch *f, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX], path[CPROV_REQUEST_PATH_MAX];
    const char *name = *f->ref.tag ? f->ref.tag : "latest";

    if (f->ref.has_digest)
        name = cprov_digest_format(&f->ref.digest, digest);
    (void)snprintf(path, sizeof(path), "/v2/%s/manifests/%s", f->ref.repository, name);
    const struct cprov_request_spec spec = {
        .ask = { .method = f->by_head ? CPROV_HEAD : CPROV_GET,
                 .accept = cprov_accept_manifests,
                 .body_max = CPROV_MANIFEST_MAX,
                 .probe = f->by_head,
                 .done = f->by_head ? got_head : got },
        .host = f->ref.host,
        .repository = f->ref.repository,
        .actions = "pull",
        .path = path,
    };
    return cprov_op_ask(&f->op, &spec, err);
}

static void data_rang(void *arg)
{
    struct manifest_fetch *f = arg;

    deliver(f, NULL, f->data);
}

static int begin(struct manifest_fetch *f, const struct cprov_descriptor *want,
                 struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    const char *tag = *f->ref.tag ? f->ref.tag : "latest";

    if (want) {
        f->ref.digest = want->digest;
        f->ref.has_digest = true;
        f->has_want = true;
        f->want_size = want->size;
        if (want->has_data && want->data.len == want->size)
            f->data = want->data;
    }
    f->want_type = strdup(want ? want->media_type : "");
    if (!f->want_type)
        return cprov_fail_memory(err);
    bool by_tag = *f->ref.tag || !f->ref.has_digest;
    if (cprov_op_name(&f->op, err, by_tag ? "manifest %s/%s:%s" : "manifest %s/%s@%.19s",
                      f->ref.host, f->ref.repository,
                      by_tag ? tag : cprov_digest_format(&f->ref.digest, digest)) < 0)
        return err->code;
    return f->data.len > 0 ? cprov_op_wait(&f->op, 0, data_rang, err) : ask(f, err);
}

int cprov_client_get_manifest(struct cprov_client *c, const struct cprov_reference *ref,
                              const struct cprov_descriptor *want, cprov_manifest_fn *done,
                              void *arg, struct cprov_error *err)
{
    struct manifest_fetch *f = cprov_op_new(c, &kind, err);

    if (!f)
        return CPROV_ENOMEM;
    f->ref = *ref;
    f->done = done;
    f->arg = arg;
    return cprov_op_started(&f->op, begin(f, want, err));
}

int cprov_client_head_manifest(struct cprov_client *c, const struct cprov_reference *ref,
                               cprov_manifest_fn *done, void *arg, struct cprov_error *err)
{
    struct manifest_fetch *f = cprov_op_new(c, &kind, err);

    if (!f)
        return CPROV_ENOMEM;
    f->by_head = true;
    f->ref = *ref;
    f->done = done;
    f->arg = arg;
    return cprov_op_started(&f->op, begin(f, NULL, err));
}
