/* registry/listing.c - tags and catalog, page by page. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json_stream.h"
#include "base/limits.h"
#include "manifest/reference.h"
#include "registry/client_private.h"
#include "registry/paging.h"
#include "registry/request.h"

/* The two listings differ in these alone. */
struct kind {
    const char *member;  /* of the document, that holds the names */
    const char *actions; /* what a token is for */
    int (*check)(struct cprov_span name, struct cprov_error *err);
};

static const struct kind tags = { "tags", "pull", cprov_reference_check_tag };
static const struct kind repositories = { "repositories", "registry:catalog:*",
                                          cprov_reference_check_repository };

struct listing {
    struct cprov_op op;
    struct cprov_client *client;
    struct cprov_request *request;
    const struct kind *kind;
    struct cprov_reference ref;
    struct cprov_list_request wanted;
    struct cprov_paging paging;
    size_t entries, before; /* before: up to the page on its way */
    int empty;              /* pages in a row without a name */
    size_t dropped;
    char *what;
    /* the page on its way: */
    struct cprov_json_stream *json;
    size_t bytes, names;    /* of this try */
    uint64_t mark;          /* of these names */
    size_t given;           /* of the page, by an earlier try, */
    uint64_t given_mark;    /* and their mark */
    bool is_object, enough; /* enough: the caller wants no more */
};

static void listing_free(struct listing *l)
{
    cprov_op_remove(&l->op);
    cprov_paging_clear(&l->paging);
    cprov_json_stream_free(l->json);
    free(l->what);
    free(l);
}

static void listing_finish(struct listing *l, int code, const struct cprov_error *err)
{
    struct cprov_list_request wanted = l->wanted;
    size_t dropped = l->dropped;

    listing_free(l);
    wanted.done(wanted.arg, code, dropped, err);
}

static void listing_end(struct cprov_op *op, const struct cprov_error *err)
{
    struct listing *l = (struct listing *)op;

    cprov_request_stop(l->request);
    if (err)
        listing_finish(l, err->code, err);
    else
        listing_free(l);
}

/* --- a page, as it comes --- */

/* A page that broke off is asked for once more: what it has brought already must be the same. */
static int passes_again(struct listing *l, struct cprov_span name, bool *again,
                        struct cprov_error *err)
{
    l->names++;
    for (size_t i = 0; i <= name.len; i++)
        l->mark = (l->mark ^ (i < name.len ? (unsigned char)name.ptr[i] : 0xffu)) * 0x100000001b3u;
    *again = l->names <= l->given;
    if (l->names == l->given && l->mark != l->given_mark)
        return cprov_fail(err, CPROV_ENETWORK, "the page changed while it was read");
    return 0;
}

static int on_name(struct listing *l, const struct cprov_json *v, struct cprov_error *err)
{
    bool again = false;

    if (l->enough)
        return 0;
    if (v->type != CPROV_JSON_STRING || l->kind->check(v->text, NULL) < 0) {
        l->dropped++;
        return 0;
    }
    if (passes_again(l, v->text, &again, err) < 0)
        return err->code;
    if (again)
        return 0;
    if (++l->entries > CPROV_LIST_ENTRIES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d names", CPROV_LIST_ENTRIES_MAX);
    l->enough = !l->wanted.entry(l->wanted.arg, v->text.ptr);
    return 0;
}

static int no_list(const struct listing *l, struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EVERIFY, "\"%s\" is not a list", l->kind->member);
}

static int on_member(void *arg, const char *member, bool object, struct cprov_error *err)
{
    const struct listing *l = arg;

    return object && strcmp(member, l->kind->member) == 0 ? no_list(l, err) : 0;
}

/* Nexus has null where there are no tags. */
static int on_record(void *arg, const char *member, const struct cprov_json *value,
                     struct cprov_error *err)
{
    struct listing *l = arg;

    if (member)
        return strcmp(member, l->kind->member) == 0 ? on_name(l, value, err) : 0;
    return value->type != CPROV_JSON_NULL && cprov_span_is(value->key, l->kind->member)
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
        return cprov_fail(err, CPROV_ELIMIT, "%s: a page of more than %zu bytes", l->what,
                          CPROV_LIST_PAGE_MAX);
    if (!l->is_object && text.len > 0 && text.ptr[0] == '[') {
        no_list(l, err);
        return cprov_wrap(err, "%s", l->what);
    }
    l->is_object = l->is_object || text.len > 0;
    if (cprov_json_stream_feed(l->json, data, len, err) < 0)
        return cprov_wrap(err, "%s", l->what);
    return 0;
}

static int ask(struct listing *l, const char *path, const char *url, struct cprov_error *err);

static void page_came(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct listing *l = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf next = { 0 };

    l->request = NULL;
    cprov_buf_init(&next, CPROV_URL_MAX);
    if (code < 0) {
        listing_finish(l, code, err);
        return;
    }
    if (l->json)
        code = cprov_json_stream_finish(l->json, &local);
    else
        code = no_list(l, &local);
    l->empty = l->entries > l->before ? 0 : l->empty + 1;
    l->before = l->entries;
    l->names = l->given = 0;
    if (code == 0 && l->empty > CPROV_LIST_EMPTY_MAX)
        code = cprov_fail(&local, CPROV_EVERIFY, "%d pages in a row name nothing",
                          CPROV_LIST_EMPTY_MAX);
    if (code == 0 && !l->enough)
        code = cprov_paging_next(&l->paging, answer->head, answer->url, &next, &local);
    if (code < 0)
        (void)cprov_wrap(&local, "%s", l->what);
    else if (!l->enough && next.len > 0 &&
             (code = ask(l, NULL, cprov_buf_text(&next), &local)) == 0)
        return;
    listing_finish(l, code, code < 0 ? &local : NULL);
}

static int ask(struct listing *l, const char *path, const char *url, struct cprov_error *err)
{
    struct cprov_request_spec spec = {
        .method = CPROV_GET,
        .host = l->ref.host,
        .repository = l->ref.repository,
        .actions = l->kind->actions,
        .path = path,
        .url = url,
        .what = l->what,
        .accept = "application/json",
        .body_max = CPROV_ERROR_BODY_MAX,
        .head = page_begins,
        .body = page_body,
        .done = page_came,
        .arg = l,
    };
    return cprov_request_start(l->client, &spec, &l->request, err);
}

static int first_page(struct listing *l, struct cprov_error *err)
{
    auto_buf struct cprov_buf path = { 0 };
    bool of_tags = l->kind == &tags;
    int code;

    cprov_buf_init(&path, CPROV_KIB);
    if (of_tags)
        cprov_buf_addf(&path, "tags of %s/%s", l->ref.host, l->ref.repository);
    else
        cprov_buf_addf(&path, "catalog of %s", l->ref.host);
    if ((code = cprov_buf_take(&path, "name", &l->what, err)) < 0)
        return code;
    if (of_tags)
        cprov_buf_addf(&path, "/v2/%s/tags/list", l->ref.repository);
    else
        cprov_buf_add_text(&path, "/v2/_catalog");
    cprov_buf_addf(&path, "?n=%d", CPROV_LIST_PAGE_SIZE);
    if ((code = cprov_buf_check(&path, "URL", err)) < 0)
        return code;
    return ask(l, cprov_buf_text(&path), NULL, err);
}

static int begin(struct cprov_client *c, const struct cprov_reference *ref, const struct kind *kind,
                 const struct cprov_list_request *request, struct cprov_error *err)
{
    struct listing *l = calloc(1, sizeof(*l));

    if (!l)
        return cprov_fail_memory(err);
    l->client = c;
    l->kind = kind;
    l->ref = *ref;
    if (kind == &repositories)
        l->ref.repository[0] = '\0';
    l->wanted = *request;
    cprov_paging_init(&l->paging);
    cprov_op_add(c, &l->op, listing_end);
    int code = first_page(l, err);
    if (code < 0)
        listing_free(l);
    return code;
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
