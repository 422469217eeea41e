/* registry/listing.h - tags and catalog, page by page. */
#ifndef CPROV_REGISTRY_LISTING_H
#define CPROV_REGISTRY_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "manifest/reference.h"

struct cprov_client;
struct cprov_error;

/*
 * entry() is called for each name as pages arrive (valid names only; others are dropped and
 * counted), done() once. Paging by Link in every form, same origin only, at most
 * CPROV_LIST_PAGES_MAX pages, a repeated cursor ends with CPROV_EVERIFY. null lists are empty.
 * entry returns false to stop early (done with 0).
 */
struct cprov_list_request {
    bool (*entry)(void *arg, const char *name);
    void (*done)(void *arg, int code, size_t dropped, const struct cprov_error *err);
    void *arg;
};
CPROV_MUST_CHECK
int cprov_client_list_tags(struct cprov_client *c, const struct cprov_reference *ref,
                           const struct cprov_list_request *request, struct cprov_error *err);
/* Only the host of ref counts. */
CPROV_MUST_CHECK
int cprov_client_list_repositories(struct cprov_client *c, const struct cprov_reference *ref,
                                   const struct cprov_list_request *request,
                                   struct cprov_error *err);

#endif
