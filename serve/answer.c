/* serve/answer.c - from a request of the distribution API to its answer. */
#include "serve/answer_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "catalog/document/writer.h"
#include "manifest/media_type.h"
#include "serve/conditions_private.h"
#include "serve/lists_private.h"
#include "serve/proofs_private.h"
#include "serve/routes_private.h"
#include "serve/served_catalog_private.h"
#include "serve/ui/ui_private.h"
#include "store/blobs.h"

#define JSON_TYPE  "application/json"
#define BYTES_TYPE "application/octet-stream"
#define FOR_EVER   "public, max-age=31536000, immutable"
#define ASK_AGAIN  "no-cache"
#define LINK_MAX   (4 * CPROV_KIB)
#define TYPE_MAX   255 /* bytes of a media type in a query */
#define CHECK_NOW                                                                                  \
    (4 * CPROV_MIB) /* bytes of a file that is hashed before it is sent: milliseconds */

enum problem {
    NO_SUCH_PAGE,
    BAD_NAME,
    BAD_DIGEST,
    BAD_QUERY,
    NO_NAME,
    NO_MANIFEST,
    NO_BLOB,
    CHANGED,
    PAST_END,
    ROTTEN,
    STRANGER,
    TROUBLE,
};

static const struct {
    unsigned status;
    const char *code, *message;
} problems[] = {
    [NO_SUCH_PAGE] = { 404, "UNSUPPORTED", "no such page" },
    [BAD_NAME] = { 400, "NAME_INVALID", "invalid repository name" },
    [BAD_DIGEST] = { 400, "DIGEST_INVALID", "invalid digest" },
    [BAD_QUERY] = { 400, "UNSUPPORTED", "invalid value in the query" },
    [NO_NAME] = { 404, "NAME_UNKNOWN", "repository name not known to registry" },
    [NO_MANIFEST] = { 404, "MANIFEST_UNKNOWN", "manifest unknown to registry" },
    [NO_BLOB] = { 404, "BLOB_UNKNOWN", "blob unknown to registry" },
    [CHANGED] = { 412, "UNSUPPORTED", "the content has changed" },
    [PAST_END] = { 416, "SIZE_INVALID", "the range begins after the end" },
    [ROTTEN] = { 404, "BLOB_UNKNOWN", "this blob is damaged on the server's disk" },
    [STRANGER] = { 421, "DENIED", "this server does not serve the host name in the request" },
    [TROUBLE] = { 500, "UNKNOWN", "internal server error" },
};

/* One request on its way. */
struct task {
    const struct cprov_service *service;
    struct cprov_store *store;
    const struct cprov_serve_request *question;
    const struct cprov_route *route;
    struct cprov_serve_answer *answer;
};

static void refuse(struct task *t, enum problem p)
{
    struct cprov_serve_answer *a = t->answer;

    cprov_buf_reset(&a->body);
    cprov_buf_reset(&a->link);
    cprov_served_catalog_release(a->catalog);
    a->catalog = NULL;
    a->digest[0] = '\0';
    a->etag[0] = '\0';
    a->status = problems[p].status;
    a->content_type = JSON_TYPE;
    a->cache_control = NULL;
    a->filters = NULL;
    a->ranges = false;
    cprov_problem_write(&a->body, problems[p].code, problems[p].message);
}

static void give_json(struct task *t, const char *type)
{
    t->answer->status = 200;
    t->answer->content_type = type;
    t->answer->cache_control = ASK_AGAIN;
}

/* 304 and 412. A 304 keeps the file: its Content-Length is that of the 200. */
static bool is_unwanted(struct task *t, struct cprov_span etag)
{
    const struct cprov_serve_request *q = t->question;

    if (q->if_match && !cprov_etag_listed(cprov_span_of(q->if_match), etag, false)) {
        cprov_fd_close(&t->answer->fd);
        refuse(t, CHANGED);
        return true;
    }
    if (q->if_none_match && cprov_etag_listed(cprov_span_of(q->if_none_match), etag, true)) {
        t->answer->status = 304;
        t->answer->content_type = NULL;
        return true;
    }
    return false;
}

static void apply_range(struct task *t, struct cprov_span etag)
{
    const struct cprov_serve_request *q = t->question;
    struct cprov_serve_answer *a = t->answer;
    uint64_t size = a->length, first, length;

    /* Ranges are for GET alone; an If-Range with a date names nothing we have. */
    if (!q->range || q->head ||
        (q->if_range && !cprov_etag_listed(cprov_span_of(q->if_range), etag, false)))
        return;
    switch (cprov_range_parse(cprov_span_of(q->range), size, &first, &length)) {
    case CPROV_RANGE_WHOLE:
        break;
    case CPROV_RANGE_PART:
        a->status = 206;
        a->offset = first;
        a->length = length;
        snprintf(a->content_range, sizeof(a->content_range),
                 "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first, first + length - 1, size);
        break;
    case CPROV_RANGE_NONE:
        cprov_fd_close(&a->fd);
        refuse(t, PAST_END);
        snprintf(a->content_range, sizeof(a->content_range), "bytes */%" PRIu64, size);
        break;
    }
}

/* No byte leaves as a part of something whole that is not what its digest says. */
static void prove(struct task *t, const struct cprov_digest *digest, uint64_t size)
{
    struct cprov_proofs *proofs = t->service->proofs;
    struct cprov_serve_answer *a = t->answer;

    if (a->fd < 0 || a->status == 304 || t->question->verdict == CPROV_VERDICT_RIGHT)
        return;
    enum cprov_verdict verdict = cprov_proofs_known(proofs, digest, a->fd);
    if (verdict == CPROV_VERDICT_NONE)
        verdict = t->question->verdict;
    if (verdict == CPROV_VERDICT_RIGHT)
        return;
    if (verdict == CPROV_VERDICT_WRONG ||
        (size <= CHECK_NOW && cprov_proofs_check(proofs, digest, a->fd, NULL) < 0)) {
        cprov_fd_close(&a->fd);
        a->content_range[0] = '\0';
        refuse(t, ROTTEN);
    } else if (size > CHECK_NOW && !t->question->head) { /* a HEAD does not wait for it */
        a->proof = *digest;
        a->unproven = a->status == 200;
        a->delay = a->unproven ? CPROV_DELAY_NONE : CPROV_DELAY_PROOF;
    }
}

/* type: NULL for a blob whose type is nobody's business. */
static void give_file(struct task *t, const struct cprov_digest *digest, const char *type,
                      enum problem missing)
{
    struct cprov_serve_answer *a = t->answer;
    struct cprov_error err = CPROV_ERROR_INIT;

    int code = cprov_store_open_digest(t->store, digest, &a->fd, &a->length, &err);
    if (code < 0) {
        refuse(t, code == CPROV_ENOTFOUND ? missing : TROUBLE);
        return;
    }
    a->status = 200;
    a->content_type = type ? type : BYTES_TYPE;
    a->cache_control = t->route->has_digest ? FOR_EVER : ASK_AGAIN;
    a->ranges = true;
    struct cprov_span etag = cprov_span_of(cprov_digest_format(digest, a->digest));
    memcpy(a->etag, a->digest, sizeof(a->etag));
    uint64_t size = a->length;
    if (!is_unwanted(t, etag))
        apply_range(t, etag);
    prove(t, digest, size);
}

/* The repository with its content; NULL after an answer was given. */
static struct cprov_repository *open_repository(struct task *t,
                                                const struct cprov_content **content)
{
    struct cprov_view *v = t->answer->view;
    struct cprov_repository *r = cprov_view_find(v, cprov_span_of(t->route->repository));

    if (!r)
        refuse(t, NO_NAME);
    else if (cprov_repository_content(v, r, content, NULL) < 0)
        refuse(t, TROUBLE);
    else
        return r;
    return NULL;
}

static void answer_manifest(struct task *t)
{
    const struct cprov_digest *digest = &t->route->digest;
    const struct cprov_content *content;
    struct cprov_repository *r = open_repository(t, &content);

    if (!r)
        return;
    if (!t->route->has_digest) {
        const struct cprov_served_item *root =
            cprov_repository_find(r, cprov_span_of(t->route->tag));
        digest = root ? &root->digest : NULL;
    }
    const struct cprov_served_item *item = digest ? cprov_content_find(content, digest) : NULL;
    if (!item || !item->media_type)
        refuse(t, NO_MANIFEST);
    else
        give_file(t, digest, item->media_type, NO_MANIFEST);
}

static void answer_blob(struct task *t)
{
    const struct cprov_content *content;

    if (!open_repository(t, &content))
        return;
    if (cprov_content_find(content, &t->route->digest))
        give_file(t, &t->route->digest, NULL, NO_BLOB);
    else
        refuse(t, NO_BLOB);
}

static void answer_names(struct task *t)
{
    struct cprov_serve_answer *a = t->answer;
    const char *name = NULL;
    const char *const *list;
    struct cprov_page page;
    size_t count;

    if (cprov_page_parse(t->question->n, t->question->last, &page, NULL) < 0) {
        refuse(t, BAD_QUERY);
        return;
    }
    if (t->route->kind == CPROV_ROUTE_TAGS) {
        name = t->route->repository;
        struct cprov_repository *r = cprov_view_find(a->view, cprov_span_of(name));
        if (!r) {
            refuse(t, NO_NAME);
            return;
        }
        list = cprov_repository_tags(r, &count);
    } else {
        list = cprov_view_names(a->view, &count);
    }
    give_json(t, JSON_TYPE);
    cprov_names_write(&a->body, &a->link, name, list, count, &page);
}

/* A media type has no blank: where one is, the client did not escape its '+'. */
static bool decode_type(const char *text, char out[TYPE_MAX + 1])
{
    if (!cprov_percent_decode(cprov_span_of(text), out, TYPE_MAX + 1))
        return false;
    for (char *p = out; *p; p++)
        if (*p == ' ')
            *p = '+';
    return true;
}

/* An unknown repository has an empty list as well: after a 404 clients would look for a tag. */
static void answer_referrers(struct task *t)
{
    struct cprov_serve_answer *a = t->answer;
    struct cprov_repository *r = cprov_view_find(a->view, cprov_span_of(t->route->repository));
    const struct cprov_content *content = NULL;
    char type[TYPE_MAX + 1], last[CPROV_DIGEST_TEXT_MAX];
    struct cprov_referrers wanted = { .repository = t->route->repository,
                                      .subject = t->route->digest,
                                      .artifact_type = type,
                                      .last = last };

    if (!decode_type(t->question->artifact_type, type) ||
        !cprov_percent_decode(cprov_span_of(t->question->last), last, sizeof(last))) {
        refuse(t, BAD_QUERY);
        return;
    }
    give_json(t, CPROV_MT_OCI_INDEX);
    if (type[0])
        a->filters = "artifactType";
    int code = r ? cprov_repository_content(a->view, r, &content, NULL) : 0;
    if (code == 0)
        code = cprov_referrers_write(&a->body, &a->link, t->store, content, &wanted, NULL);
    if (code < 0)
        refuse(t, TROUBLE);
}

/* For clients that know it: everything about everything in one request, or in none. */
static void answer_served(struct task *t)
{
    struct cprov_serve_answer *a = t->answer;

    if (t->question->hasty && !cprov_view_has(a->view, CPROV_VIEW_CATALOG)) {
        a->delay = CPROV_DELAY_PART;
        a->part = CPROV_VIEW_CATALOG;
        return;
    }
    if (cprov_view_catalog(a->view, &a->catalog, NULL) < 0) {
        refuse(t, TROUBLE);
        return;
    }
    a->length = cprov_served_catalog_size(a->catalog, a->host);
    a->ranges = true;
    give_json(t, CPROV_CATALOG_MEDIA_TYPE);
    cprov_served_catalog_etag(a->catalog, a->host, a->etag);
    if (!is_unwanted(t, cprov_span_of(a->etag)))
        apply_range(t, cprov_span_of(a->etag));
}

/* Not on lists of names, where many clients take any Link for the next page. */
static void answer_base(struct task *t)
{
    give_json(t, JSON_TYPE);
    cprov_buf_add_text(&t->answer->body, "{}");
    cprov_buf_add_text(&t->answer->link, "<" CPROV_CATALOG_PATH ">; rel=\"describedby\"; "
                                         "type=\"" CPROV_CATALOG_MEDIA_TYPE "\"");
}

static void answer_absent(struct task *t)
{
    switch (t->route->wanted) {
    case CPROV_ROUTE_REFERRERS:
        refuse(t, BAD_DIGEST);
        break;
    case CPROV_ROUTE_BLOB:
        refuse(t, NO_BLOB);
        break;
    case CPROV_ROUTE_MANIFEST:
        refuse(t, NO_MANIFEST);
        break;
    case CPROV_ROUTE_NONE:
    case CPROV_ROUTE_BAD_NAME:
    case CPROV_ROUTE_BAD_DIGEST:
    case CPROV_ROUTE_ABSENT:
    case CPROV_ROUTE_BASE:
    case CPROV_ROUTE_CATALOG:
    case CPROV_ROUTE_TAGS:
    case CPROV_ROUTE_SERVED:
        refuse(t, NO_SUCH_PAGE);
        break;
    }
}

static void answer_route(struct task *t)
{
    switch (t->route->kind) {
    case CPROV_ROUTE_NONE:
        refuse(t, NO_SUCH_PAGE);
        break;
    case CPROV_ROUTE_BAD_NAME:
        refuse(t, BAD_NAME);
        break;
    case CPROV_ROUTE_BAD_DIGEST:
        refuse(t, BAD_DIGEST);
        break;
    case CPROV_ROUTE_ABSENT:
        answer_absent(t);
        break;
    case CPROV_ROUTE_BASE:
        answer_base(t);
        break;
    case CPROV_ROUTE_CATALOG:
    case CPROV_ROUTE_TAGS:
        answer_names(t);
        break;
    case CPROV_ROUTE_MANIFEST:
        answer_manifest(t);
        break;
    case CPROV_ROUTE_BLOB:
        answer_blob(t);
        break;
    case CPROV_ROUTE_REFERRERS:
        answer_referrers(t);
        break;
    case CPROV_ROUTE_SERVED:
        answer_served(t);
        break;
    }
}

void cprov_answer_make(const struct cprov_service *service, const struct cprov_serve_request *q,
                       struct cprov_serve_answer *out)
{
    struct cprov_route route;
    struct task t = {
        .service = service, .store = service->store, .question = q, .route = &route, .answer = out
    };

    *out = (struct cprov_serve_answer){ .fd = -1 };
    cprov_buf_init(&out->link, LINK_MAX);
    cprov_buf_init(&out->body, CPROV_LIST_PAGE_MAX);
    cprov_service_host(service, q->host, out->host);
    if (q->hasty && cprov_served_is_behind(service->served)) {
        out->delay = CPROV_DELAY_CATCHUP;
        return;
    }
    out->view = cprov_served_view(service->served);
    if (!cprov_service_answers(service, q->host)) {
        refuse(&t, STRANGER);
        return;
    }
    if (service->ui && cprov_ui_answer(service, q, out))
        return;
    cprov_route_parse(cprov_span_of(q->path), &route);
    answer_route(&t);
    if (out->body.failed || out->link.failed)
        refuse(&t, TROUBLE);
}

void cprov_answer_clear(struct cprov_serve_answer *a)
{
    cprov_fd_close(&a->fd);
    cprov_served_catalog_release(a->catalog);
    a->catalog = NULL;
    cprov_buf_clear(&a->link);
    cprov_buf_clear(&a->body);
    cprov_view_release(a->view);
    a->view = NULL;
}
