/* registry/paging.h - the way from one page of a listing to the next. */
#ifndef CPROV_REGISTRY_PAGING_H
#define CPROV_REGISTRY_PAGING_H

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "net/http.h"

struct cprov_error;

struct cprov_paging {
    struct cprov_buf marks; /* of the URLs, cursors and pages seen */
    size_t pages;
};

void cprov_paging_init(struct cprov_paging *p);
void cprov_paging_clear(struct cprov_paging *p);

/*
 * Finds the next page in the Link headers of an answer that came from url, and appends its URL to
 * next; nothing when this was the last page. CPROV_EVERIFY: another origin, or a page that was
 * there before; CPROV_ELIMIT: more than CPROV_LIST_PAGES_MAX.
 */
CPROV_MUST_CHECK
int cprov_paging_next(struct cprov_paging *p, const struct cprov_http_head *head,
                      struct cprov_span url, struct cprov_buf *next, struct cprov_error *err);

/* The same where the page itself names the next one: target is a URL or a part of one, "" on the
 * last page. */
CPROV_MUST_CHECK
int cprov_paging_follow(struct cprov_paging *p, struct cprov_span target, struct cprov_span url,
                        struct cprov_buf *next, struct cprov_error *err);
/* Where the next page has a cursor and no URL. */
CPROV_MUST_CHECK
int cprov_paging_turn(struct cprov_paging *p, struct cprov_span cursor, struct cprov_error *err);
/* CPROV_EVERIFY when a page with these very bytes was there before. */
CPROV_MUST_CHECK
int cprov_paging_check(struct cprov_paging *p, struct cprov_span body, struct cprov_error *err);

#endif
