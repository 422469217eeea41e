/* registry/listing.c - tags and catalog, page by page. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
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
    size_t entries;
    int empty; /* pages in a row without a name */
    size_t dropped;
    char *what;
};

static void listing_free(struct listing *l)
{
    cprov_op_remove(&l->op);
    cprov_paging_clear(&l->paging);
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

/* *more is false once the caller has enough. */
static int give_names(struct listing *l, const struct cprov_json *list, bool *more,
                      struct cprov_error *err)
{
    for (const struct cprov_json *v = list ? list->child : NULL; v && *more; v = v->next) {
        if (v->type != CPROV_JSON_STRING || l->kind->check(v->text, NULL) < 0) {
            l->dropped++;
            continue;
        }
        if (++l->entries > CPROV_LIST_ENTRIES_MAX)
            return cprov_fail(err, CPROV_ELIMIT, "more than %d names", CPROV_LIST_ENTRIES_MAX);
        *more = l->wanted.entry(l->wanted.arg, v->text.ptr);
    }
    return 0;
}

static int read_page(struct listing *l, struct cprov_span body, bool *more, struct cprov_error *err)
{
    struct cprov_arena arena = { 0 };
    struct cprov_json *doc = NULL;
    int code = cprov_json_parse(body, &arena, &doc, err);

    if (code == 0) {
        const struct cprov_json *list = cprov_json_get(doc, l->kind->member);

        if (list && list->type == CPROV_JSON_NULL) /* Nexus has no tags */
            list = NULL;
        if (doc->type != CPROV_JSON_OBJECT || (list && list->type != CPROV_JSON_ARRAY))
            code = cprov_fail(err, CPROV_EVERIFY, "\"%s\" is not a list", l->kind->member);
        else
            code = give_names(l, list, more, err);
    }
    cprov_arena_clear(&arena);
    return code;
}

static int ask(struct listing *l, const char *path, const char *url, struct cprov_error *err);

static void page_came(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct listing *l = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    auto_buf struct cprov_buf next = { 0 };
    bool more = true;

    l->request = NULL;
    cprov_buf_init(&next, CPROV_URL_MAX);
    if (code < 0) {
        listing_finish(l, code, err);
        return;
    }
    size_t before = l->entries;
    code = read_page(l, answer->body, &more, &local);
    l->empty = l->entries > before ? 0 : l->empty + 1;
    if (code == 0 && l->empty > CPROV_LIST_EMPTY_MAX)
        code = cprov_fail(&local, CPROV_EVERIFY, "%d pages in a row name nothing",
                          CPROV_LIST_EMPTY_MAX);
    if (code == 0 && more)
        code = cprov_paging_next(&l->paging, answer->head, answer->url, &next, &local);
    if (code < 0)
        (void)cprov_wrap(&local, "%s", l->what);
    else if (more && next.len > 0 && (code = ask(l, NULL, cprov_buf_text(&next), &local)) == 0)
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
        .body_max = CPROV_LIST_PAGE_MAX,
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
