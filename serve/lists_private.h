/* serve/lists_private.h - the JSON bodies of the distribution API, a page at a time. */
#ifndef CPROV_SERVE_LISTS_PRIVATE_H
#define CPROV_SERVE_LISTS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/limits.h"
#include "serve/content_private.h"
#include "store/store.h"

struct cprov_error;

/* Which part of a list is wanted. */
struct cprov_page {
    size_t count;                  /* at most CPROV_LIST_PAGE_SIZE */
    char last[CPROV_NAME_MAX + 1]; /* begin after it; "" at the beginning */
};

/*
 * Reads the query's n and last, as sent; NULL when they are absent. A larger n than we give at once
 * is cut: the Link tells how to go on. CPROV_EINVAL.
 */
CPROV_MUST_CHECK
int cprov_page_parse(const char *n, const char *last, struct cprov_page *out,
                     struct cprov_error *err);

/*
 * {"name":"<repository>","tags":[...]}, or {"repositories":[...]} with a NULL repository. link gets
 * the value of the Link header when there is more. Both buffers are sticky.
 */
void cprov_names_write(struct cprov_buf *body, struct cprov_buf *link, const char *repository,
                       const char *const *list, size_t count, const struct cprov_page *page);

/* What referrers are wanted. */
struct cprov_referrers {
    const char *repository;
    struct cprov_digest subject;
    const char *artifact_type; /* "" for all */
    const char *last;          /* the digest to begin after; "" at the beginning */
};

/* The referrers as an index, about a mebibyte of it at a time; content may be NULL. */
CPROV_MUST_CHECK
int cprov_referrers_write(struct cprov_buf *body, struct cprov_buf *link, struct cprov_store *store,
                          const struct cprov_content *content, const struct cprov_referrers *wanted,
                          struct cprov_error *err);

/* {"errors":[{"code":...,"message":...}]} */
void cprov_problem_write(struct cprov_buf *body, const char *code, const char *message);

#endif
