/* registry/referrers.c - what refers to a digest: the API, else the fallback tag. */
#include "registry/referrers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/json.h"
#include "base/limits.h"
#include "registry/client.h"
#include "registry/endpoint.h"
#include "registry/op.h"
#include "registry/paging.h"
#include "registry/problem_private.h"

#define TAG_DIGITS 64 /* of the digest in a fallback tag */

struct referrers {
    struct cprov_op op;
    struct cprov_endpoint *endpoint;
    struct cprov_reference ref;
    char *artifact_type; /* or NULL */
    bool filtered;       /* by the server, so far */
    bool by_tag;
    struct cprov_paging paging;
    struct cprov_manifest **pages;
    size_t pages_count, pages_room;
    struct cprov_manifest_answer *answer; /* for done */
    cprov_manifest_fn *done;
    void *arg;
};

static void referrers_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    const struct referrers *r = (struct referrers *)op;

    r->done(r->arg, code, code < 0 ? NULL : r->answer, err);
}

static void referrers_clear(struct cprov_op *op)
{
    struct referrers *r = (struct referrers *)op;

    cprov_paging_clear(&r->paging);
    for (size_t i = 0; i < r->pages_count; i++)
        cprov_manifest_free(r->pages[i]);
    free(r->pages);
    free(r->artifact_type);
}

static const struct cprov_op_kind kind = { sizeof(struct referrers), referrers_done,
                                           referrers_clear };

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

    cprov_buf_init(&text, CPROV_LIST_PAGE_MAX);
    if (as_is) {
        m = cprov_steal(&r->pages[0]);
    } else {
        write_index(r, &text);
        if (cprov_buf_check(&text, r->op.what, err) < 0)
            return err->code;
        if (cprov_manifest_parse(cprov_buf_span(&text), cprov_span_of(CPROV_MT_OCI_INDEX), &m,
                                 err) < 0)
            return cprov_wrap(err, "%s", r->op.what);
    }
    if (cprov_digest_of(CPROV_SHA256, m->raw, &digest, err) < 0)
        return err->code;
    *out = (struct cprov_manifest_answer){
        .descriptor = { .media_type = m->media_type, .digest = digest, .size = m->raw.len },
    };
    out->manifest = cprov_steal(&m);
    return 0;
}

/* --- pages --- */

static int ask(struct referrers *r, const char *path, const char *url, struct cprov_error *err);

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
    auto_manifest struct cprov_manifest *m = NULL;
    size_t total = 0;

    if (cprov_manifest_parse(answer->body, (struct cprov_span){ NULL, 0 }, &m, err) < 0)
        return cprov_wrap(err, "%s", r->op.what);
    if (m->kind != CPROV_DOC_INDEX)
        return cprov_fail(err, CPROV_EVERIFY, "%s: the answer is not an index", r->op.what);
    r->filtered = r->filtered && server_filtered(answer->head, m);
    if (cprov_grow(&r->pages, &r->pages_room, r->pages_count, sizeof(struct cprov_manifest *),
                   CPROV_LIST_MAX, err) < 0)
        return err->code;
    r->pages[r->pages_count++] = cprov_steal(&m);
    for (size_t i = 0; i < r->pages_count; i++)
        total += r->pages[i]->manifests_count;
    if (total > CPROV_INDEX_ENTRIES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "%s: more than %d", r->op.what,
                          CPROV_INDEX_ENTRIES_MAX);
    return 0;
}

static int fall_to_tag(struct referrers *r, struct cprov_error *err)
{
    char digits[CPROV_DIGEST_TEXT_MAX], path[CPROV_REQUEST_PATH_MAX];

    r->by_tag = true;
    (void)snprintf(path, sizeof(path), "/v2/%s/manifests/%s-%.*s", r->ref.repository,
                   cprov_digest_algo_name(r->ref.digest.algo), TAG_DIGITS,
                   cprov_digest_hex(&r->ref.digest, digits));
    return ask(r, path, NULL, err);
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

/* One more page; *last: there is no other. */
static int page_read(struct referrers *r, const struct cprov_exchange_answer *answer, bool *last,
                     struct cprov_error *err)
{
    auto_buf struct cprov_buf next = { 0 };

    *last = true;
    if (read_page(r, answer, err) < 0)
        return err->code;
    if (r->by_tag)
        return 0;
    cprov_buf_init(&next, CPROV_URL_MAX);
    if (cprov_paging_next(&r->paging, answer->head, answer->url, &next, err) < 0)
        return cprov_wrap(err, "%s", r->op.what);
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
    struct cprov_manifest_answer whole = { .manifest = NULL };
    bool last = false;

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
    if (code == 0 && !last)
        return;
    if (code == 0)
        code = make_answer(r, &whole, &local);
    r->answer = &whole;
    cprov_op_finish(&r->op, code, &local);
    cprov_manifest_free(whole.manifest); /* unless it was stolen */
}

static int ask(struct referrers *r, const char *path, const char *url, struct cprov_error *err)
{
    const struct cprov_request_spec spec = {
        .ask = { .url = url,
                 .accept = r->by_tag ? cprov_accept_manifests : CPROV_MT_OCI_INDEX,
                 .body_max = CPROV_MANIFEST_MAX,
                 .done = came },
        .host = r->ref.host,
        .repository = r->ref.repository,
        .actions = "pull",
        .path = path,
    };
    return cprov_op_ask(&r->op, &spec, err);
}

static int begin(struct referrers *r, const char *artifact_type, struct cprov_error *err)
{
    char digest[CPROV_DIGEST_TEXT_MAX];
    auto_buf struct cprov_buf path = { 0 };

    if (artifact_type && !(r->artifact_type = strdup(artifact_type)))
        return cprov_fail_memory(err);
    (void)cprov_digest_format(&r->ref.digest, digest);
    if (cprov_op_name(&r->op, err, "referrers of %s/%s@%.19s", r->ref.host, r->ref.repository,
                      digest) < 0 ||
        cprov_client_endpoint(r->op.client, r->ref.host, &r->endpoint, err) < 0)
        return err->code;
    if (r->endpoint->no_referrers)
        return fall_to_tag(r, err);
    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_buf_addf(&path, "/v2/%s/referrers/%s", r->ref.repository, digest);
    if (artifact_type)
        cprov_url_add_query(&path, "artifactType", cprov_span_of(artifact_type));
    if (cprov_buf_check(&path, "URL", err) < 0)
        return err->code;
    return ask(r, cprov_buf_text(&path), NULL, err);
}

int cprov_client_get_referrers(struct cprov_client *c, const struct cprov_reference *ref,
                               const char *artifact_type, cprov_manifest_fn *done, void *arg,
                               struct cprov_error *err)
{
    if (!ref->has_digest)
        return cprov_fail(err, CPROV_EINVAL, "referrers of a reference without a digest");
    struct referrers *r = cprov_op_new(c, &kind, err);
    if (!r)
        return CPROV_ENOMEM;
    r->ref = *ref;
    r->filtered = true;
    r->done = done;
    r->arg = arg;
    cprov_paging_init(&r->paging);
    return cprov_op_started(&r->op, begin(r, artifact_type, err));
}
