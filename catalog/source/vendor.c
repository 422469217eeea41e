/* catalog/source/vendor.c - pages of a vendor's listing, one after the other, and the way back to
 * the distribution spec. */
#include "catalog/source/vendor.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "conf/secret.h"
#include "net/url.h"
#include "registry/client.h"
#include "registry/endpoint.h"
#include "registry/op.h"
#include "registry/paging.h"

/* A name whose pages are still to be read. */
struct errand {
    struct errand *next;
    const char *name;
};

/* One listing. Pages of one name come one after the other; names too. */
struct walk {
    struct cprov_op op;
    const struct cprov_vendor_listing *listing;
    struct cprov_place place;
    struct cprov_reference ref; /* of versions: the repository; else the place */
    char api[CPROV_NAME_MAX + 1];
    bool of_versions;
    struct cprov_versions_request versions;
    struct cprov_list_request repositories;

    struct cprov_vendor_question question;
    unsigned way; /* n of path() */
    struct cprov_buf authorization;
    struct cprov_paging paging;
    struct cprov_arena arena;
    struct errand *first, **end;
    size_t errands; /* ever */
    const char *about;
    size_t given, dropped;
    bool enough;
};

struct cprov_vendor_page {
    struct walk *walk;
    struct cprov_arena arena;
    const char *next;
    const char *cursor;
};

/* A location that spells out plain HTTP names the API's own host. */
static void api_host(const struct cprov_vendor_listing *l, const struct cprov_place *place,
                     char buf[CPROV_NAME_MAX + 1])
{
    memcpy(buf, place->base.host, CPROV_NAME_MAX + 1);
    if (l->api && !place->plain_http)
        l->api(place->base.host, buf);
}

bool cprov_vendor_is_api(const struct cprov_place *place, const char *host)
{
    const struct cprov_vendor *v = place->kind->vendor;
    char api[CPROV_NAME_MAX + 1];

    if (!v)
        return false;
    api_host(&v->versions, place, api);
    if (strcmp(api, host) == 0)
        return true;
    api_host(&v->repositories, place, api);
    return strcmp(api, host) == 0;
}

/* --- the end --- */

static void walk_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    const struct walk *w = (struct walk *)op;

    if (w->of_versions)
        w->versions.done(w->versions.arg, code, err);
    else
        w->repositories.done(w->repositories.arg, code, w->dropped, err);
}

static void walk_clear(struct cprov_op *op)
{
    struct walk *w = (struct walk *)op;

    cprov_paging_clear(&w->paging);
    cprov_secret_buf_clear(&w->authorization);
    cprov_arena_clear(&w->arena);
}

static const struct cprov_op_kind kind = { sizeof(struct walk), walk_done, walk_clear };

/* What every registry has. err: why the vendor's own way led nowhere; it counts where there is no
 * other. */
static void fall_back(struct walk *w, int code, const struct cprov_error *err)
{
    struct cprov_error local = CPROV_ERROR_INIT;

    if (!w->of_versions && !cprov_source_oci.can_scan(&w->place)) {
        cprov_op_finish(&w->op, code, err);
        return;
    }
    struct cprov_client *c = w->op.client;
    code = w->of_versions ? cprov_source_oci.versions(c, &w->place, &w->ref, &w->versions, &local)
                          : cprov_source_oci.scan(c, &w->place, &w->repositories, &local);
    if (code < 0)
        cprov_op_finish(&w->op, code, &local);
    else
        cprov_op_free(&w->op); /* who is called back is the other one's now */
}

/* --- asking --- */

static void page_came(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err);

static int ask(struct walk *w, const char *path, const char *url, struct cprov_error *err)
{
    const struct cprov_vendor_listing *l = w->listing;
    struct cprov_arena arena = { 0 };
    struct cprov_vendor_post post = { .arena = &arena };
    int code = l->post ? l->post(&w->question, &post, err) : 0;
    const char *own = l->post ? post.authorization : cprov_buf_text(&w->authorization);
    bool of_one = l->actions && strncmp(l->actions, "registry:", 9) != 0;

    if (code < 0) {
        cprov_arena_clear(&arena);
        return code;
    }
    const struct cprov_request_spec spec = {
        .ask = { .method = l->post ? CPROV_POST : CPROV_GET,
                 .url = url,
                 .accept = l->accept ? l->accept : "application/json",
                 .authorization = l->actions ? NULL : own,
                 .headers = post.headers,
                 .headers_count = post.headers_count,
                 .content = post.content,
                 .content_type = post.content_type,
                 .body_max = CPROV_LIST_PAGE_MAX,
                 .done = page_came },
        .host = w->api,
        .repository = of_one ? w->question.name : NULL,
        .actions = l->actions ? l->actions : "pull",
        .path = path,
    };
    code = cprov_op_ask(&w->op, &spec, err);
    cprov_arena_clear(&arena);
    return code;
}

/* The first page of a name, in the way that is next. CPROV_ENOTFOUND: there is none. */
static int ask_first(struct walk *w, struct cprov_error *err)
{
    auto_buf struct cprov_buf path = { 0 };

    cprov_buf_init(&path, CPROV_URL_MAX);
    cprov_paging_clear(&w->paging);
    cprov_paging_init(&w->paging);
    w->question.cursor = (struct cprov_span){ 0 };
    w->listing->path(&w->question, w->way, &path);
    if (cprov_buf_check(&path, "URL", err) < 0)
        return err->code;
    if (path.len == 0)
        return cprov_fail(err, CPROV_ENOTFOUND, "%s: the server has no listing", w->op.what);
    return ask(w, cprov_buf_text(&path), NULL, err);
}

/* --- pages --- */

/* Whether an answer says no more than that the API is not for us, or not there. */
static bool leads_nowhere(const struct walk *w, int code,
                          const struct cprov_exchange_answer *answer)
{
    if (w->given > 0)
        return false;
    if (code == CPROV_ENETWORK) /* where the registry itself is silent there is nobody to ask */
        return answer->head || strcmp(w->api, w->ref.host) != 0;
    return code == CPROV_EAUTH || code == CPROV_ENOTFOUND ||
           (code == 0 && cprov_span_starts_with(answer->head->content_type, "text/html"));
}

/* An API that is cut off is waited for once, and not once for each repository. */
static bool *silence_of(const struct walk *w)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    struct cprov_endpoint *e = NULL;

    if (strcmp(w->api, w->ref.host) == 0 ||
        cprov_client_endpoint(w->op.client, w->api, &e, &ignored) < 0)
        return NULL;
    return &e->silent;
}

static void try_other_way(struct walk *w, int code, const struct cprov_error *why)
{
    struct cprov_error local = CPROV_ERROR_INIT;

    w->way++;
    int next = ask_first(w, &local);
    if (next == CPROV_ENOTFOUND)
        fall_back(w, code, why);
    else if (next < 0)
        cprov_op_finish(&w->op, next, &local);
}

/* Where to go from here: 0 with *more false when everything was read. */
static int go_on(struct walk *w, const struct cprov_vendor_page *page,
                 const struct cprov_exchange_answer *answer, bool *more, struct cprov_error *err)
{
    auto_buf struct cprov_buf next = { 0 };
    int code = 0;

    *more = true;
    cprov_buf_init(&next, CPROV_URL_MAX);
    if (page->cursor) {
        w->question.cursor = cprov_span_of(page->cursor);
        code = cprov_paging_turn(&w->paging, w->question.cursor, err);
        return code < 0 ? code : ask(w, "/", NULL, err);
    }
    if (page->next)
        code = cprov_paging_follow(&w->paging, cprov_span_of(page->next), answer->url, &next, err);
    else
        code = cprov_paging_next(&w->paging, answer->head, answer->url, &next, err);
    if (code < 0)
        return code;
    if (next.len > 0)
        return ask(w, NULL, cprov_buf_text(&next), err);
    *more = w->first != NULL;
    if (!w->first)
        return 0;
    w->question.name = w->first->name;
    w->first = w->first->next;
    if (!w->first)
        w->end = &w->first;
    return ask_first(w, err);
}

static int read_page(struct cprov_vendor_page *page, struct cprov_span body,
                     struct cprov_error *err)
{
    struct walk *w = page->walk;
    struct cprov_arena arena = { 0 };
    struct cprov_json *doc = NULL;
    bool failed = cprov_paging_check(&w->paging, body, err) < 0 ||
                  cprov_json_parse(body, &arena, &doc, err) < 0 ||
                  w->listing->read(page, doc, err) < 0 ||
                  cprov_arena_check(&page->arena, err) < 0 || cprov_arena_check(&w->arena, err) < 0;

    cprov_arena_clear(&arena);
    return failed ? err->code : 0;
}

static void page_came(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct walk *w = arg;
    struct cprov_vendor_page page = { .walk = w };
    struct cprov_error local = CPROV_ERROR_INIT;
    bool more = false;

    if (leads_nowhere(w, code, answer)) {
        if (code == 0)
            code = cprov_fail(&local, CPROV_ENOTFOUND, "%s: the server returned a web page",
                              w->op.what);
        else
            local = *err;
        bool *silent = code == CPROV_ENETWORK && !answer->head ? silence_of(w) : NULL;
        if (silent)
            *silent = true;
        try_other_way(w, code, &local);
        return;
    }
    if (code == 0) {
        code = read_page(&page, answer->body, &local);
        if (code == 0 && !w->enough)
            code = go_on(w, &page, answer, &more, &local);
        cprov_arena_clear(&page.arena);
        if (code == 0 && more)
            return;
        if (code < 0)
            (void)cprov_wrap(&local, "%s", w->op.what);
    } else {
        local = *err;
        if (code == CPROV_ENOTFOUND) /* what has begun is not "no such thing" */
            code = cprov_wrap_as(&local, CPROV_ENETWORK, "the listing is incomplete");
    }
    cprov_op_finish(&w->op, code, &local);
}

/* --- begin --- */

static bool is_printable(struct cprov_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    return true;
}

/* The login of the registry in the form that the API takes. */
static int find_login(struct walk *w, struct cprov_error *err)
{
    const struct cprov_client_options *o = cprov_client_options(w->op.client);
    auto_credentials struct cprov_credentials login = { 0 };

    if (!w->listing->login || !o->credentials)
        return 0;
    if (o->credentials(o->arg, w->ref.host, w->ref.repository, 0, &login, err) < 0)
        return err->code;
    w->listing->login(&login, &w->authorization);
    if (!is_printable(cprov_buf_span(&w->authorization)))
        cprov_secret_buf_clear(&w->authorization);
    return cprov_buf_check(&w->authorization, "login", err);
}

/* Asks for the first page. *plain: the API is not for us, and nothing was asked. */
static int begin(struct walk *w, bool *plain, struct cprov_error *err)
{
    struct cprov_error local = CPROV_ERROR_INIT;
    int code = w->of_versions
                   ? cprov_op_name(&w->op, err, "tags of %s/%s", w->ref.host, w->ref.repository)
                   : cprov_op_name(&w->op, err, "repositories of %s", w->ref.host);

    if (code < 0)
        return code;
    api_host(w->listing, &w->place, w->api);
    if (find_login(w, err) < 0)
        return err->code;
    const bool *silent = silence_of(w);
    *plain = (silent && *silent) || (w->listing->needs_login && w->authorization.len == 0);
    if (*plain)
        return 0;
    code = ask_first(w, &local);
    *plain = code == CPROV_ENOTFOUND || code == CPROV_EAUTH;
    if (code == 0 || *plain)
        return 0;
    *err = local;
    return code;
}

static void walk_init(struct walk *w, const struct cprov_place *place,
                      const struct cprov_reference *ref)
{
    w->place = *place;
    w->ref = *ref;
    w->end = &w->first;
    cprov_buf_init(&w->authorization, CPROV_TOKEN_LENGTH_MAX);
    cprov_paging_init(&w->paging);
    w->question = (struct cprov_vendor_question){ .place = &w->place,
                                                  .api = w->api,
                                                  .name = w->ref.repository };
}

/* Begins a walk. *plain: there is none, and what every registry has is to be asked. */
static int walk_begin(struct cprov_client *c, const struct walk *plan, bool *plain,
                      struct cprov_error *err)
{
    if (!plan->listing->path) {
        *plain = true;
        return 0;
    }
    struct walk *w = cprov_op_new(c, &kind, err);
    if (!w)
        return CPROV_ENOMEM;
    w->listing = plan->listing;
    w->of_versions = plan->of_versions;
    w->versions = plan->versions;
    w->repositories = plan->repositories;
    walk_init(w, &plan->place, &plan->ref);
    int code = begin(w, plain, err);
    if (code < 0 || *plain)
        cprov_op_free(&w->op);
    return code;
}

int cprov_vendor_versions(struct cprov_client *c, const struct cprov_place *place,
                          const struct cprov_reference *repository,
                          const struct cprov_versions_request *request, struct cprov_error *err)
{
    bool plain = !place;

    if (place && walk_begin(c,
                            &(struct walk){ .listing = &place->kind->vendor->versions,
                                            .place = *place,
                                            .ref = *repository,
                                            .of_versions = true,
                                            .versions = *request },
                            &plain, err) < 0)
        return err->code;
    return plain ? cprov_source_oci.versions(c, place, repository, request, err) : 0;
}

int cprov_vendor_scan(struct cprov_client *c, const struct cprov_place *place,
                      const struct cprov_list_request *request, struct cprov_error *err)
{
    bool plain = false;

    if (walk_begin(c,
                   &(struct walk){ .listing = &place->kind->vendor->repositories,
                                   .place = *place,
                                   .ref = place->base,
                                   .repositories = *request },
                   &plain, err) < 0)
        return err->code;
    return plain ? cprov_source_oci.scan(c, place, request, err) : 0;
}

int cprov_vendor_read_versions(const struct cprov_place *place,
                               const struct cprov_reference *repository, struct cprov_span body,
                               const struct cprov_versions_request *request,
                               struct cprov_error *err)
{
    struct walk w = { .listing = &place->kind->vendor->versions,
                      .of_versions = true,
                      .versions = *request };
    struct cprov_vendor_page page = { .walk = &w };

    walk_init(&w, place, repository);
    int code = read_page(&page, body, err);
    cprov_arena_clear(&page.arena);
    walk_clear(&w.op);
    return code;
}

int cprov_vendor_read_repositories(const struct cprov_place *place, struct cprov_span body,
                                   const struct cprov_list_request *request,
                                   struct cprov_error *err)
{
    struct walk w = { .listing = &place->kind->vendor->repositories, .repositories = *request };
    struct cprov_vendor_page page = { .walk = &w };

    walk_init(&w, place, &place->base);
    int code = read_page(&page, body, err);
    cprov_arena_clear(&page.arena);
    walk_clear(&w.op);
    return code;
}

int cprov_vendor_details(struct cprov_client *c, const struct cprov_host *host,
                         struct cprov_listing *row, struct cprov_arena *arena,
                         cprov_details_fn *done, void *arg, struct cprov_error *err)
{
    return cprov_source_oci.details(c, host, row, arena, done, arg, err);
}

bool cprov_vendor_can_scan(const struct cprov_place *place)
{
    (void)place;
    return true;
}

/* --- for readers --- */

const struct cprov_vendor_question *cprov_vendor_asked(const struct cprov_vendor_page *page)
{
    return &page->walk->question;
}

struct cprov_arena *cprov_vendor_arena(struct cprov_vendor_page *page)
{
    return &page->arena;
}

void cprov_vendor_about(struct cprov_vendor_page *page, const char *text)
{
    if (text && *text)
        page->walk->about = cprov_arena_text(&page->walk->arena, cprov_span_of(text));
}

void cprov_vendor_next(struct cprov_vendor_page *page, const char *target)
{
    if (target && *target)
        page->next = cprov_arena_text(&page->arena, cprov_span_of(target));
}

int cprov_vendor_next_query(struct cprov_vendor_page *page, const char *name, const char *value,
                            struct cprov_error *err)
{
    struct walk *w = page->walk;
    auto_buf struct cprov_buf target = { 0 };

    if (!value || !*value)
        return 0;
    cprov_buf_init(&target, CPROV_URL_MAX);
    w->listing->path(&w->question, w->way, &target);
    cprov_url_add_query(&target, name, cprov_span_of(value));
    if (cprov_buf_check(&target, "URL", err) < 0)
        return err->code;
    cprov_vendor_next(page, cprov_buf_text(&target));
    return 0;
}

void cprov_vendor_cursor(struct cprov_vendor_page *page, const char *cursor)
{
    if (cursor && *cursor)
        page->cursor = cprov_arena_text(&page->arena, cprov_span_of(cursor));
}

static int count_given(struct walk *w, struct cprov_error *err)
{
    if (++w->given > CPROV_LIST_ENTRIES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d names", CPROV_LIST_ENTRIES_MAX);
    return 0;
}

int cprov_vendor_version(struct cprov_vendor_page *page, const struct cprov_entry *entry,
                         struct cprov_error *err)
{
    struct walk *w = page->walk;
    struct cprov_entry full = *entry;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (w->enough)
        return 0;
    if (!entry->version || cprov_reference_check_tag(cprov_span_of(entry->version), &ignored) < 0) {
        w->dropped++;
        return 0;
    }
    if (count_given(w, err) < 0)
        return err->code;
    if (!full.description || !*full.description)
        full.description = w->about;
    w->enough = !w->versions.entry(w->versions.arg, &full);
    return 0;
}

static bool is_below(const char *path, const char *name)
{
    size_t len = strlen(path);

    return len == 0 || (strncmp(name, path, len) == 0 && name[len] == '/');
}

int cprov_vendor_repository(struct cprov_vendor_page *page, const char *name,
                            struct cprov_error *err)
{
    struct walk *w = page->walk;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (w->enough)
        return 0;
    if (!name || strlen(w->ref.host) + 1 + strlen(name) > CPROV_NAME_MAX ||
        cprov_reference_check_repository(cprov_span_of(name), &ignored) < 0) {
        w->dropped++;
        return 0;
    }
    if (count_given(w, err) < 0)
        return err->code;
    if (is_below(w->place.base.repository, name))
        w->enough = !w->repositories.entry(w->repositories.arg, name);
    return 0;
}

int cprov_vendor_walk(struct cprov_vendor_page *page, const char *name, struct cprov_error *err)
{
    struct walk *w = page->walk;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (strlen(w->ref.host) + 1 + strlen(name) > CPROV_NAME_MAX ||
        cprov_reference_check_repository(cprov_span_of(name), &ignored) < 0) {
        w->dropped++;
        return 0;
    }
    if (++w->errands > CPROV_LIST_PAGES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d folders", CPROV_LIST_PAGES_MAX);
    struct errand *e = cprov_arena_alloc(&w->arena, 1, sizeof(*e));
    if (!e || !(e->name = cprov_arena_text(&w->arena, cprov_span_of(name))))
        return cprov_arena_check(&w->arena, err);
    *w->end = e;
    w->end = &e->next;
    return 0;
}
