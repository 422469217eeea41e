/* catalog/source/vendor.h - a vendor's own listing, read as pages of JSON: what the kinds of source
 * for vendors' registries have in common. */
#ifndef CPROV_CATALOG_SOURCE_VENDOR_H
#define CPROV_CATALOG_SOURCE_VENDOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/json.h"
#include "catalog/document/entry.h"
#include "catalog/source/source.h"
#include "conf/credentials.h"
#include "net/http.h"

struct cprov_error;

/*
 * A kind describes its two listings: where the first page is and how a page is read. The engine
 * asks, follows the pages with suspicion, and falls back to the listing of the distribution spec
 * while the vendor's API has given nothing yet: when it is not there, wants a login that we do not
 * have, or answers with a web page.
 */
struct cprov_vendor_question {
    const struct cprov_place *place;
    const char *api;  /* host of the API */
    const char *name; /* whose versions; for repositories: the place's path, or a further name that
                         cprov_vendor_walk() gave */
    struct cprov_span cursor; /* of the next page, where pages have one */
};

/* A POST that asks for a page; texts in arena. */
struct cprov_vendor_post {
    struct cprov_span content;
    const char *content_type;
    const char *authorization;
    struct cprov_header headers[3];
    size_t headers_count;
    struct cprov_arena *arena;
};

/* One page while it is read. */
struct cprov_vendor_page;

struct cprov_vendor_listing {
    /* Path and query of the first page. n counts the ways to ask: the next one is tried when one
     * gives nothing. Nothing appended: there are no more. */
    void (*path)(const struct cprov_vendor_question *q, unsigned n, struct cprov_buf *out);
    /* Calls cprov_vendor_version() or cprov_vendor_repository() for each row. */
    int (*read)(struct cprov_vendor_page *page, const struct cprov_json *doc,
                struct cprov_error *err);
    /* The API's host for a registry's, into buf, where it is another one; NULL: it never is. */
    void (*api)(const char *registry, char buf[CPROV_NAME_MAX + 1]);
    /* What a token of the registry is for ("pull"), when the API takes its tokens. NULL: `login`
     * makes the authorization of the registry's login, or nothing; without it we are nobody. */
    const char *actions;
    void (*login)(const struct cprov_credentials *login, struct cprov_buf *authorization);
    /* Pages are asked for by this POST. CPROV_EAUTH: not without a login. */
    int (*post)(const struct cprov_vendor_question *q, struct cprov_vendor_post *out,
                struct cprov_error *err);
    bool needs_login; /* nobody is told nothing: the API is not asked then */
    const char *accept;
};

struct cprov_vendor {
    struct cprov_vendor_listing versions;
    struct cprov_vendor_listing repositories;
};

/* Of a kind whose `vendor` is set. */
int cprov_vendor_scan(struct cprov_client *c, const struct cprov_place *place,
                      const struct cprov_list_request *request, struct cprov_error *err);
int cprov_vendor_versions(struct cprov_client *c, const struct cprov_place *place,
                          const struct cprov_reference *repository,
                          const struct cprov_versions_request *request, struct cprov_error *err);
int cprov_vendor_details(struct cprov_client *c, const struct cprov_host *host,
                         struct cprov_listing *row, struct cprov_arena *arena,
                         cprov_details_fn *done, void *arg, struct cprov_error *err);
bool cprov_vendor_can_scan(const struct cprov_place *place);
/* Whether the place's API is at that host: how the registry is reached holds for it too. */
bool cprov_vendor_is_api(const struct cprov_place *place, const char *host);

/* One page as if a server had sent it; done is not called, and where the next one is does not
 * matter. For tests and fuzzers. */
CPROV_MUST_CHECK
int cprov_vendor_read_versions(const struct cprov_place *place,
                               const struct cprov_reference *repository, struct cprov_span body,
                               const struct cprov_versions_request *request,
                               struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_vendor_read_repositories(const struct cprov_place *place, struct cprov_span body,
                                   const struct cprov_list_request *request,
                                   struct cprov_error *err);

/* --- logins --- */

void cprov_vendor_basic(const struct cprov_credentials *login, struct cprov_buf *authorization);
/* The password is a token. */
void cprov_vendor_bearer(const struct cprov_credentials *login, struct cprov_buf *authorization);

/* --- for readers of pages --- */

/* Hands a version on; a name that is no tag is dropped. */
CPROV_MUST_CHECK
int cprov_vendor_version(struct cprov_vendor_page *page, const struct cprov_entry *entry,
                         struct cprov_error *err);
/* The same for each tag in a list that one manifest has; entry's version is not looked at. */
CPROV_MUST_CHECK
int cprov_vendor_tags(struct cprov_vendor_page *page, const struct cprov_json *tags,
                      struct cprov_entry *entry, struct cprov_error *err);
/* The same for a repository, full path; only those below the place go on. */
CPROV_MUST_CHECK
int cprov_vendor_repository(struct cprov_vendor_page *page, const char *name,
                            struct cprov_error *err);
/* Where the next page is: a URL or a part of one. Without it the Link header tells. NULL: nothing
 * happens. */
void cprov_vendor_next(struct cprov_vendor_page *page, const char *target);
/* Or the first page's address with one more parameter; value NULL or "": nothing happens. */
CPROV_MUST_CHECK
int cprov_vendor_next_query(struct cprov_vendor_page *page, const char *name, const char *value,
                            struct cprov_error *err);
/* Or the cursor that the next POST has. */
void cprov_vendor_cursor(struct cprov_vendor_page *page, const char *cursor);
/* A further name whose pages are to be read. */
CPROV_MUST_CHECK
int cprov_vendor_walk(struct cprov_vendor_page *page, const char *name, struct cprov_error *err);

const struct cprov_vendor_question *cprov_vendor_asked(const struct cprov_vendor_page *page);
/* Lives until the page has been read. */
struct cprov_arena *cprov_vendor_arena(struct cprov_vendor_page *page);
/* A description that holds for all versions from here on. */
void cprov_vendor_about(struct cprov_vendor_page *page, const char *text);
/* The first row of a list: of that member, or (NULL) the document itself. A missing or null list is
 * empty; CPROV_EVERIFY when it is none. */
CPROV_MUST_CHECK
int cprov_vendor_list(const struct cprov_json *doc, const char *member,
                      const struct cprov_json **first, struct cprov_error *err);
/* Calls read for each row of it. */
typedef int cprov_vendor_row_fn(struct cprov_vendor_page *page, const struct cprov_json *row,
                                struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_vendor_rows(struct cprov_vendor_page *page, const struct cprov_json *doc,
                      const char *member, cprov_vendor_row_fn *read, struct cprov_error *err);

/* The digest, in `out`; NULL for what is none. */
const struct cprov_digest *cprov_vendor_digest(const char *text, struct cprov_digest *out);
/* A number that may be written as text; 0 for what is none. */
uint64_t cprov_vendor_number(const struct cprov_json *value);
/* RFC 3339 of seconds since 1970; NULL for 0. */
const char *cprov_vendor_time(struct cprov_arena *arena, uint64_t seconds);
/* Appends the platform that an object describes; unknown ones are left out. */
void cprov_vendor_platform(const struct cprov_json *object, const char *os_version,
                           struct cprov_buf *out);

#endif
