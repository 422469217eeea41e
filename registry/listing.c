/* registry/listing.c - tags and catalog, page by page. */
#include "registry/listing.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_stream.h"
#include "base/limits.h"
#include "registry/op.h"
#include "registry/paging.h"

/* The two listings differ in these alone. */
struct list_kind {
    const char *member;  /* of the document, that holds the names */
    const char *actions; /* what a token is for */
    int (*check)(struct cprov_span name, struct cprov_error *err);
};

static const struct list_kind tags = { "tags", "pull", cprov_reference_check_tag };
static const struct list_kind repositories = { "repositories", "registry:catalog:*",
                                               cprov_reference_check_repository };

struct listing {
    struct cprov_op op;
    const struct list_kind *of;
    struct cprov_reference ref;
    struct cprov_list_request wanted;
    struct cprov_paging paging;
    size_t entries, before; /* before: up to the page on its way */
    int empty;              /* pages in a row without a name */
    size_t dropped;
    /* the page on its way: */
    struct cprov_json_stream *json;
    size_t bytes, names;    /* of this try */
    uint64_t mark;          /* of these names */
    size_t given;           /* of the page, by an earlier try, */
    uint64_t given_mark;    /* and their mark */
    bool is_object, enough; /* enough: the caller wants no more */
};

static void listing_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    const struct listing *l = (struct listing *)op;

    l->wanted.done(l->wanted.arg, code, l->dropped, err);
}

static void listing_clear(struct cprov_op *op)
{
    struct listing *l = (struct listing *)op;

    cprov_paging_clear(&l->paging);
    cprov_json_stream_free(l->json);
}

static const struct cprov_op_kind kind = { sizeof(struct listing), listing_done, listing_clear };

/* --- a page, as it comes --- */

static int on_name(struct listing *l, const struct cprov_json *v, struct cprov_error *err)
{
    if (l->enough)
        return 0;
    if (v->type != CPROV_JSON_STRING || l->of->check(v->text, NULL) < 0) {
        l->dropped++;
        return 0;
    }
    /* A page that broke off is asked for once more: what it has brought already must be the same.
     */
    l->names++;
    for (size_t i = 0; i <= v->text.len; i++)
        l->mark =
            (l->mark ^ (i < v->text.len ? (unsigned char)v->text.ptr[i] : 0xffu)) * 0x100000001b3u;
    if (l->names == l->given && l->mark != l->given_mark)
        return cprov_fail(err, CPROV_ENETWORK, "the page changed while it was read");
    if (l->names <= l->given)
        return 0;
    if (++l->entries > CPROV_LIST_ENTRIES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d names", CPROV_LIST_ENTRIES_MAX);
    l->enough = !l->wanted.entry(l->wanted.arg, v->text.ptr);
    return 0;
}

static int no_list(const struct listing *l, struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EVERIFY, "\"%s\" is not a list", l->of->member);
}

static int on_member(void *arg, const char *member, bool object, struct cprov_error *err)
{
    const struct listing *l = arg;

    return object && strcmp(member, l->of->member) == 0 ? no_list(l, err) : 0;
}

/* Nexus has null where there are no tags. */
static int on_record(void *arg, const char *member, const struct cprov_json *value,
                     struct cprov_error *err)
{
    struct listing *l = arg;

    if (member)
        return strcmp(member, l->of->member) == 0 ? on_name(l, value, err) : 0;
    return value->type != CPROV_JSON_NULL && cprov_span_is(value->key, l->of->member)
               ? no_list(l, err)
               : 0;
}

static int page_begins(void *arg, struct cprov_exchange *x, const struct cprov_http_head *head,
                       struct cprov_error *err)
{
    struct listing *l = arg;
    const struct cprov_json_stream_options options = {
        .record_max = CPROV_LIST_RECORD_MAX, .record = on_record, .begin = on_member, .arg = l
    };

    (void)x;
    (void)head;
    if (l->names > l->given) {
        l->given = l->names;
        l->given_mark = l->mark;
    }
    l->bytes = l->names = 0;
    l->mark = 0xcbf29ce484222325u;
    l->is_object = false;
    cprov_json_stream_free(l->json);
    l->json = NULL;
    return cprov_json_stream_new(&options, &l->json, err);
}

static int page_body(void *arg, struct cprov_exchange *x, const void *data, size_t len,
                     struct cprov_error *err)
{
    struct listing *l = arg;
    struct cprov_span text = cprov_span_trim(cprov_span_make(data, len));

    (void)x;
    l->bytes += len;
    if (l->bytes > CPROV_LIST_PAGE_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "%s: a page of more than %zu bytes", l->op.what,
                          CPROV_LIST_PAGE_MAX);
    if (!l->is_object && text.len > 0 && text.ptr[0] == '[') {
        no_list(l, err);
        return cprov_wrap(err, "%s", l->op.what);
    }
    l->is_object = l->is_object || text.len > 0;
    if (cprov_json_stream_feed(l->json, data, len, err) < 0)
        return cprov_wrap(err, "%s", l->op.what);
    return 0;
}

static int ask(struct listing *l, const char *path, const char *url, struct cprov_error *err);

static int page_ended(struct listing *l, const struct cprov_exchange_answer *answer, bool *more,
                      struct cprov_error *err)
{
    auto_buf struct cprov_buf next = { 0 };

    if (!l->json)
        return no_list(l, err);
    if (cprov_json_stream_finish(l->json, err) < 0)
        return err->code;
    l->empty = l->entries > l->before ? 0 : l->empty + 1;
    l->before = l->entries;
    l->names = l->given = 0;
    if (l->empty > CPROV_LIST_EMPTY_MAX)
        return cprov_fail(err, CPROV_EVERIFY, "%d pages in a row are empty", CPROV_LIST_EMPTY_MAX);
    if (l->enough)
        return 0;
    cprov_buf_init(&next, CPROV_URL_MAX);
    if (cprov_paging_next(&l->paging, answer->head, answer->url, &next, err) < 0)
        return err->code;
    *more = next.len > 0;
    return *more ? ask(l, NULL, cprov_buf_text(&next), err) : 0;
}

static void page_came(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct listing *l = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    bool more = false;

    if (code == 0 && (code = page_ended(l, answer, &more, &local)) < 0) {
        if (!more)
            (void)cprov_wrap(&local, "%s", l->op.what);
        err = &local;
    }
    if (code < 0 || !more)
        cprov_op_finish(&l->op, code, err);
}

static int ask(struct listing *l, const char *path, const char *url, struct cprov_error *err)
{
    const struct cprov_request_spec spec = {
        .ask = { .url = url,
                 .accept = "application/json",
                 .body_max = CPROV_ERROR_BODY_MAX,
                 .head = page_begins,
                 .body = page_body,
                 .done = page_came },
        .host = l->ref.host,
        .repository = l->ref.repository,
        .actions = l->of->actions,
        .path = path,
    };
    return cprov_op_ask(&l->op, &spec, err);
}

static int begin(struct cprov_client *c, const struct cprov_reference *ref,
                 const struct list_kind *of, const struct cprov_list_request *request,
                 struct cprov_error *err)
{
    char path[CPROV_REQUEST_PATH_MAX];
    struct listing *l = cprov_op_new(c, &kind, err);
    int code;

    if (!l)
        return CPROV_ENOMEM;
    l->of = of;
    l->ref = *ref;
    l->wanted = *request;
    cprov_paging_init(&l->paging);
    if (of == &tags) {
        (void)snprintf(path, sizeof(path), "/v2/%s/tags/list?n=%d", ref->repository,
                       CPROV_LIST_PAGE_SIZE);
        code = cprov_op_name(&l->op, err, "tags of %s/%s", ref->host, ref->repository);
    } else {
        l->ref.repository[0] = '\0';
        (void)snprintf(path, sizeof(path), "/v2/_catalog?n=%d", CPROV_LIST_PAGE_SIZE);
        code = cprov_op_name(&l->op, err, "catalog of %s", ref->host);
    }
    return cprov_op_started(&l->op, code < 0 ? code : ask(l, path, NULL, err));
}

int cprov_client_list_tags(struct cprov_client *c, const struct cprov_reference *ref,
                           const struct cprov_list_request *request, struct cprov_error *err)
{
    return begin(c, ref, &tags, request, err);
}

int cprov_client_list_repositories(struct cprov_client *c, const struct cprov_reference *ref,
                                   const struct cprov_list_request *request,
                                   struct cprov_error *err)
{
    return begin(c, ref, &repositories, request, err);
}
