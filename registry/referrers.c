/* registry/referrers.c - what refers to a digest: the API, else the fallback tag. */
#include <stdlib.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"
#include "base/limits.h"
#include "registry/client_private.h"
#include "registry/endpoint.h"
#include "registry/paging.h"
#include "registry/problem_private.h"
#include "registry/request.h"

#define TAG_DIGITS 64 /* of the digest in a fallback tag */

struct referrers {
    struct cprov_op op;
    struct cprov_client *client;
    struct cprov_request *request;
    struct cprov_endpoint *endpoint;
    struct cprov_reference ref;
    char *artifact_type; /* or NULL */
    bool filtered;       /* by the server, so far */
    bool by_tag;
    struct cprov_paging paging;
    struct cprov_manifest **pages;
    size_t pages_count, pages_room;
    char *what;
    cprov_manifest_fn *done;
    void *arg;
};

static void referrers_free(struct referrers *r)
{
    cprov_op_remove(&r->op);
    cprov_paging_clear(&r->paging);
    for (size_t i = 0; i < r->pages_count; i++)
        cprov_manifest_free(r->pages[i]);
    free(r->pages);
    free(r->artifact_type);
    free(r->what);
    free(r);
}

static void referrers_finish(struct referrers *r, int code, struct cprov_manifest_answer *answer,
                             const struct cprov_error *err)
{
    cprov_manifest_fn *done = r->done;
    void *arg = r->arg;

    referrers_free(r);
    done(arg, code, answer, err);
}

static void referrers_end(struct cprov_op *op, const struct cprov_error *err)
{
    struct referrers *r = (struct referrers *)op;

    cprov_request_stop(r->request);
    if (err)
        referrers_finish(r, err->code, NULL, err);
    else
        referrers_free(r);
}

/* --- the answer --- */

static bool is_wanted(const struct referrers *r, const struct cprov_descriptor *d)
{
    if (!r->artifact_type || (r->filtered && !r->by_tag))
        return true;
    return d->artifact_type && strcmp(d->artifact_type, r->artifact_type) == 0;
}

/* One index of all pages, with what is wanted. */
static void write_index(const struct referrers *r, struct cprov_buf *out)
{
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, out, 0);
    cprov_manifest_begin(&w, CPROV_MT_OCI_INDEX);
    cprov_json_key(&w, "manifests");
    cprov_json_begin_array(&w);
    for (size_t i = 0; i < r->pages_count; i++)
        for (size_t k = 0; k < r->pages[i]->manifests_count; k++)
            if (is_wanted(r, &r->pages[i]->manifests[k]))
                cprov_descriptor_write(&w, &r->pages[i]->manifests[k]);
    cprov_json_end_array(&w);
    cprov_json_end_object(&w);
}

static int make_answer(struct referrers *r, struct cprov_manifest_answer *out,
                       struct cprov_error *err)
{
    auto_manifest struct cprov_manifest *m = NULL;
    auto_buf struct cprov_buf text = { 0 };
    struct cprov_digest digest;
    bool as_is = r->pages_count == 1 && (!r->artifact_type || (r->filtered && !r->by_tag));
    int code;

    cprov_buf_init(&text, CPROV_LIST_PAGE_MAX);
    if (as_is) {
        m = cprov_steal(&r->pages[0]);
    } else {
        write_index(r, &text);
        if ((code = cprov_buf_check(&text, r->what, err)) < 0)
            return code;
        code =
            cprov_manifest_parse(cprov_buf_span(&text), cprov_span_of(CPROV_MT_OCI_INDEX), &m, err);
        if (code < 0)
            return cprov_wrap(err, "%s", r->what);
    }
    if ((code = cprov_digest_of(CPROV_SHA256, m->raw, &digest, err)) < 0)
        return code;
    *out = (struct cprov_manifest_answer){
        .descriptor = { .media_type = m->media_type, .digest = digest, .size = m->raw.len },
    };
    out->manifest = cprov_steal(&m);
    return 0;
}

static void deliver(struct referrers *r)
{
    struct cprov_manifest_answer answer = { .manifest = NULL };
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = make_answer(r, &answer, &err);

    referrers_finish(r, code, code < 0 ? NULL : &answer, code < 0 ? &err : NULL);
    cprov_manifest_free(answer.manifest); /* unless it was stolen */
}

/* --- pages --- */

static int ask(struct referrers *r, const char *path, const char *url, struct cprov_error *err);

static int keep_page(struct referrers *r, struct cprov_manifest *m, struct cprov_error *err)
{
    if (cprov_grow(&r->pages, &r->pages_room, r->pages_count, sizeof(struct cprov_manifest *),
                   CPROV_LIST_MAX, err) < 0) {
        cprov_manifest_free(m);
        return err->code;
    }
    r->pages[r->pages_count++] = m;
    return 0;
}

static bool server_filtered(const struct cprov_http_head *head, const struct cprov_manifest *m)
{
    const char *note = cprov_manifest_annotation(m, "org.opencontainers.referrers.filtersApplied");
    struct cprov_span applied = head->oci_filters_applied;

    return cprov_span_is_nocase(cprov_span_trim(applied), "artifactType") ||
           (note && strcmp(note, "artifactType") == 0);
}

static int read_page(struct referrers *r, const struct cprov_exchange_answer *answer,
                     struct cprov_error *err)
{
    struct cprov_manifest *m = NULL;
    size_t total = 0;

    if (cprov_manifest_parse(answer->body, (struct cprov_span){ NULL, 0 }, &m, err) < 0)
        return cprov_wrap(err, "%s", r->what);
    if (m->kind != CPROV_DOC_INDEX) {
        cprov_manifest_free(m);
        return cprov_fail(err, CPROV_EVERIFY, "%s: the answer is not an index", r->what);
    }
    r->filtered = r->filtered && server_filtered(answer->head, m);
    int code = keep_page(r, m, err);
    if (code < 0)
        return code;
    for (size_t i = 0; i < r->pages_count; i++)
        total += r->pages[i]->manifests_count;
    if (total > CPROV_INDEX_ENTRIES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "%s: more than %d", r->what, CPROV_INDEX_ENTRIES_MAX);
    return 0;
}

static int fall_to_tag(struct referrers *r, struct cprov_error *err)
{
    char digits[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf path = { 0 };

    r->by_tag = true;
    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_addf(&path, "/v2/%s/manifests/%s-%.*s", r->ref.repository,
                   cprov_digest_algo_name(r->ref.digest.algo), TAG_DIGITS,
                   cprov_digest_hex(&r->ref.digest, digits));
    int code = cprov_buf_check(&path, "URL", err);
    return code < 0 ? code : ask(r, cprov_buf_text(&path), NULL, err);
}

/*
 * A server without the API answers 404, 405, 400, 406 or 501, or with something that is no index;
 * that the repository is unknown is an answer.
 */
static bool has_no_api(const struct cprov_exchange_answer *answer)
{
    int status = answer->head ? answer->head->status : 0;

    if (status == 200)
        return cprov_media_type_document(answer->head->content_type) != CPROV_DOC_INDEX;
    if (status == 404)
        return !cprov_problem_has_code(answer->body, "NAME_UNKNOWN");
    return status == 400 || status == 405 || status == 406 || status == 501;
}

static int page_read(struct referrers *r, const struct cprov_exchange_answer *answer, bool *last,
                     struct cprov_error *err)
{
    auto_buf struct cprov_buf next = { 0 };
    int code = read_page(r, answer, err);

    *last = true;
    if (code < 0 || r->by_tag)
        return code;
    cprov_buf_init(&next, CPROV_URL_MAX);
    if (cprov_paging_next(&r->paging, answer->head, answer->url, &next, err) < 0)
        return cprov_wrap(err, "%s", r->what);
    if (next.len == 0)
        return 0;
    *last = false;
    return ask(r, NULL, cprov_buf_text(&next), err);
}

static void came(void *arg, int code, const struct cprov_exchange_answer *answer,
                 const struct cprov_error *err)
{
    struct referrers *r = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    bool last = false;

    r->request = NULL;
    if (!r->by_tag && r->pages_count == 0 && has_no_api(answer)) {
        r->endpoint->no_referrers = true;
        code = fall_to_tag(r, &local);
    } else if (r->by_tag && code == CPROV_ENOTFOUND) {
        code = 0; /* nothing refers to it */
        last = true;
    } else if (code == 0) {
        code = page_read(r, answer, &last, &local);
    } else {
        local = *err;
    }
    if (code < 0)
        referrers_finish(r, code, NULL, &local);
    else if (last)
        deliver(r);
}

static int ask(struct referrers *r, const char *path, const char *url, struct cprov_error *err)
{
    struct cprov_request_spec spec = {
        .method = CPROV_GET,
        .host = r->ref.host,
        .repository = r->ref.repository,
        .actions = "pull",
        .path = path,
        .url = url,
        .what = r->what,
        .accept = r->by_tag ? cprov_accept_manifests : CPROV_MT_OCI_INDEX,
        .body_max = CPROV_MANIFEST_MAX,
        .done = came,
        .arg = r,
    };
    return cprov_request_start(r->client, &spec, &r->request, err);
}

static int first_page(struct referrers *r, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf path = { 0 };
    int code;

    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_addf(&path, "referrers of %s/%s@%.19s", r->ref.host, r->ref.repository,
                   cprov_digest_format(&r->ref.digest, digest));
    if ((code = cprov_buf_take(&path, "name", &r->what, err)) < 0)
        return code;
    code = cprov_endpoint_get(&r->client->endpoints, &r->client->options, r->ref.host, &r->endpoint,
                              err);
    if (code < 0)
        return code;
    if (r->endpoint->no_referrers)
        return fall_to_tag(r, err);
    cprov_buf_addf(&path, "/v2/%s/referrers/%s", r->ref.repository, digest);
    if (r->artifact_type)
        cprov_url_add_query(&path, "artifactType", cprov_span_of(r->artifact_type));
    code = cprov_buf_check(&path, "URL", err);
    return code < 0 ? code : ask(r, cprov_buf_text(&path), NULL, err);
}

int cprov_client_get_referrers(struct cprov_client *c, const struct cprov_reference *ref,
                               const char *artifact_type, cprov_manifest_fn *done, void *arg,
                               struct cprov_error *err)
{
    if (!ref->has_digest)
        return cprov_fail(err, CPROV_EINVAL, "referrers of a reference without a digest");
    struct referrers *r = calloc(1, sizeof(*r));
    if (!r)
        return cprov_fail_memory(err);
    r->client = c;
    r->ref = *ref;
    r->filtered = true;
    r->done = done;
    r->arg = arg;
    cprov_paging_init(&r->paging);
    cprov_op_add(c, &r->op, referrers_end);

    int code = 0;
    if (artifact_type && !(r->artifact_type = strdup(artifact_type)))
        code = cprov_fail_memory(err);
    if (code == 0)
        code = first_page(r, err);
    if (code < 0)
        referrers_free(r);
    return code;
}
