/* registry/manifest_fetch.c - manifests by GET and HEAD, compared with what was asked for. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/client_private.h"
#include "registry/request.h"

struct manifest_fetch {
    struct cprov_op op;
    struct cprov_client *client;
    struct cprov_request *request;
    struct cprov_reference ref;
    bool has_want;
    uint64_t want_size;
    char *want_type;        /* "" : any */
    struct cprov_span data; /* embedded in the descriptor: nothing has to be asked */
    struct cprov_alarm *alarm;
    bool by_head;
    char *what;
    cprov_manifest_fn *done;
    void *arg;
};

static void fetch_free(struct manifest_fetch *f)
{
    cprov_op_remove(&f->op);
    cprov_alarm_stop(f->alarm);
    free(f->want_type);
    free(f->what);
    free(f);
}

static void fetch_finish(struct manifest_fetch *f, int code, struct cprov_manifest_answer *answer,
                         const struct cprov_error *err)
{
    cprov_manifest_fn *done = f->done;
    void *arg = f->arg;

    fetch_free(f);
    done(arg, code, answer, err);
}

static void fetch_end(struct cprov_op *op, const struct cprov_error *err)
{
    struct manifest_fetch *f = (struct manifest_fetch *)op;

    cprov_request_stop(f->request);
    if (err)
        fetch_finish(f, err->code, NULL, err);
    else
        fetch_free(f);
}

/* --- checks --- */

static int wrong_digest(const struct manifest_fetch *f, const struct cprov_digest *want,
                        const struct cprov_digest *got, struct cprov_error *err)
{
    char want_text[CPROV_DIGEST_TEXT_MAX], got_text[CPROV_DIGEST_TEXT_MAX];

    return cprov_fail(err, CPROV_EVERIFY, "%s: digest is %.23s... rather than %.23s...", f->what,
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
        return cprov_wrap_as(err, CPROV_EVERIFY, "%s: Docker-Content-Digest", f->what);
    return 0;
}

static int check_digest(const struct manifest_fetch *f, const struct cprov_http_head *head,
                        struct cprov_span body, struct cprov_digest *out, struct cprov_error *err)
{
    struct cprov_digest said, got;
    bool found = false;
    int code = header_digest(f, head, &said, &found, err);

    if (code < 0)
        return code;
    if (found) {
        if ((code = cprov_digest_of(said.algo, body, &got, err)) < 0)
            return code;
        if (!cprov_digest_equal(&got, &said))
            return wrong_digest(f, &said, &got, err);
        *out = got;
    }
    if (!f->ref.has_digest && found)
        return 0;
    enum cprov_digest_algo algo = f->ref.has_digest ? f->ref.digest.algo : CPROV_SHA256;
    if ((code = cprov_digest_of(algo, body, out, err)) < 0)
        return code;
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
        return cprov_fail(err, CPROV_EVERIFY, "%s: the answer is a web page", f->what);
    if (f->has_want && body.len != f->want_size)
        return cprov_fail(err, CPROV_EVERIFY, "%s: has %zu bytes rather than %llu", f->what,
                          body.len, (unsigned long long)f->want_size);
    code = check_digest(f, head, body, &digest, err);
    if (code == CPROV_EVERIFY && is_schema_1(body, &why)) {
        *err = why;
        return cprov_wrap(err, "%s", f->what);
    }
    if (code < 0)
        return code;
    if (cprov_manifest_parse(body, type_of(f, head), &m, err) < 0)
        return cprov_wrap(err, "%s", f->what);
    if (*f->want_type &&
        cprov_media_type_document(cprov_span_of(f->want_type)) != CPROV_DOC_UNKNOWN &&
        !cprov_span_is_nocase(cprov_span_of(f->want_type), m->media_type))
        return cprov_fail(err, CPROV_EVERIFY, "%s: is of type %s rather than %s", f->what,
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

    if (code < 0) {
        fetch_finish(f, code, NULL, &local);
        return;
    }
    fetch_finish(f, 0, &answer, NULL);
    cprov_manifest_free(answer.manifest); /* unless it was stolen */
}

static void got(void *arg, int code, const struct cprov_exchange_answer *answer,
                const struct cprov_error *err)
{
    struct manifest_fetch *f = arg;

    f->request = NULL;
    if (code < 0)
        fetch_finish(f, code, NULL, err);
    else
        deliver(f, answer->head, answer->body);
}

/* 0 when the head tells all; CPROV_ENOTFOUND when a GET has to. */
static int read_head(const struct manifest_fetch *f, const struct cprov_http_head *head,
                     struct cprov_manifest_answer *out, struct cprov_error *err)
{
    struct cprov_digest digest;
    bool found = false;
    int code = header_digest(f, head, &digest, &found, err);

    if (code < 0)
        return code;
    if (found && f->ref.has_digest && digest.algo == f->ref.digest.algo &&
        !cprov_digest_equal(&digest, &f->ref.digest))
        return wrong_digest(f, &f->ref.digest, &digest, err);
    if (f->ref.has_digest) {
        digest = f->ref.digest;
        found = true;
    }
    enum cprov_document kind = cprov_media_type_document(head->content_type);
    if (!found || (kind != CPROV_DOC_MANIFEST && kind != CPROV_DOC_INDEX))
        return CPROV_ENOTFOUND;
    out->descriptor = (struct cprov_descriptor){ .digest = digest, .size = head->content_length };
    return 0;
}

/* The type without parameters, in the form that documents use. */
static void plain_type(struct cprov_span type, char *out, size_t size)
{
    struct cprov_span head = cprov_span_trim(cprov_span_make(type.ptr, cprov_span_find(type, ';')));
    size_t n = head.len < size ? head.len : size - 1;

    for (size_t i = 0; i < n; i++)
        out[i] = cprov_lower(head.ptr[i]);
    out[n] = '\0';
}

static void got_head(void *arg, int code, const struct cprov_exchange_answer *answer,
                     const struct cprov_error *err)
{
    struct manifest_fetch *f = arg;
    struct cprov_manifest_answer out = { .manifest = NULL };
    struct cprov_error local = CPROV_ERROR_INIT;
    char type[128];

    f->request = NULL;
    if (code < 0 && !answer->head) {
        fetch_finish(f, code, NULL, err);
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
    if (code < 0) {
        fetch_finish(f, code, NULL, &local);
        return;
    }
    plain_type(answer->head->content_type, type, sizeof(type));
    out.descriptor.media_type = type;
    fetch_finish(f, 0, &out, NULL);
}

static int ask(struct manifest_fetch *f, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf path = { 0 };
    const char *name = *f->ref.tag ? f->ref.tag : "latest";

    if (f->ref.has_digest)
        name = cprov_digest_format(&f->ref.digest, digest);
    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_addf(&path, "/v2/%s/manifests/%s", f->ref.repository, name);
    if (cprov_buf_check(&path, "URL", err) < 0)
        return err ? err->code : CPROV_ENOMEM;

    struct cprov_request_spec spec = {
        .method = f->by_head ? CPROV_HEAD : CPROV_GET,
        .host = f->ref.host,
        .repository = f->ref.repository,
        .actions = "pull",
        .path = cprov_buf_text(&path),
        .what = f->what,
        .accept = cprov_accept_manifests,
        .body_max = CPROV_MANIFEST_MAX,
        .probe = f->by_head,
        .done = f->by_head ? got_head : got,
        .arg = f,
    };
    return cprov_request_start(f->client, &spec, &f->request, err);
}

static void data_rang(void *arg)
{
    struct manifest_fetch *f = arg;

    f->alarm = NULL;
    deliver(f, NULL, f->data);
}

static int fill(struct manifest_fetch *f, const struct cprov_reference *ref,
                const struct cprov_descriptor *want, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf what = { 0 };

    f->ref = *ref;
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
    cprov_buf_init(&what, CPROV_KIB);
    cprov_buf_addf(&what, "manifest %s/%s", f->ref.host, f->ref.repository);
    if (*f->ref.tag || !f->ref.has_digest)
        cprov_buf_addf(&what, ":%s", *f->ref.tag ? f->ref.tag : "latest");
    else
        cprov_buf_addf(&what, "@%.19s", cprov_digest_format(&f->ref.digest, digest));
    return cprov_buf_take(&what, "name", &f->what, err);
}

static int begin(struct cprov_client *c, const struct cprov_reference *ref,
                 const struct cprov_descriptor *want, struct manifest_fetch *plan,
                 struct cprov_error *err)
{
    struct manifest_fetch *f = malloc(sizeof(*f));

    if (!f)
        return cprov_fail_memory(err);
    *f = *plan;
    f->client = c;
    cprov_op_add(c, &f->op, fetch_end);
    int code = fill(f, ref, want, err);
    if (code == 0 && f->data.len > 0)
        code = cprov_alarm_start(&c->wire, 0, data_rang, f, &f->alarm, err);
    else if (code == 0)
        code = ask(f, err);
    if (code < 0)
        fetch_free(f);
    return code;
}

int cprov_client_get_manifest(struct cprov_client *c, const struct cprov_reference *ref,
                              const struct cprov_descriptor *want, cprov_manifest_fn *done,
                              void *arg, struct cprov_error *err)
{
    struct manifest_fetch plan = { .done = done, .arg = arg };

    return begin(c, ref, want, &plan, err);
}

int cprov_client_head_manifest(struct cprov_client *c, const struct cprov_reference *ref,
                               cprov_manifest_fn *done, void *arg, struct cprov_error *err)
{
    struct manifest_fetch plan = { .done = done, .arg = arg, .by_head = true };

    return begin(c, ref, NULL, &plan, err);
}
