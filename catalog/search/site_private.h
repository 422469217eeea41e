/* catalog/search/site_private.h - one place in a search, and what the cache knows of it. */
#ifndef CPROV_CATALOG_SEARCH_SITE_PRIVATE_H
#define CPROV_CATALOG_SEARCH_SITE_PRIVATE_H

#include "catalog/document/reader.h"
#include "catalog/search/context_private.h"

enum cprov_site_state {
    CPROV_SITE_NEW,
    CPROV_SITE_IMPORTING,
    CPROV_SITE_READY, /* the cache has what there is to have */
    CPROV_SITE_FAILED,
};

struct cprov_site {
    struct cprov_search_context *search;
    const struct cprov_place *place;
    struct cprov_cache_source known;
    enum cprov_site_state state; /* of a place with import() */
    struct cprov_cache_import *import;
    struct cprov_catalog_facts facts; /* of the document that was just read */
    int64_t seen;    /* the date of the newest signed catalog; 0: none, or none is needed */
    bool is_private; /* a document that came from a private address */
    bool asked;      /* in this search */
    bool stale_told;
    uint64_t done, found; /* repositories */
    int code;
    struct cprov_error err;
};

/* Opens the cache unless that was tried, and looks up every site in it; false: there is none. */
bool cprov_sites_open(struct cprov_search_context *s);
/* What the cache knows a place by. */
CPROV_MUST_CHECK
int cprov_site_key(const struct cprov_place *place, struct cprov_buf *key, struct cprov_error *err);
/* The validator as it is kept: it says whether the document came from a private address. */
const char *cprov_site_validator(const struct cprov_site *site, const char *validator,
                                 char out[CPROV_VALIDATOR_MAX + 1]);
/* What was known of it is used since it does not answer. */
void cprov_site_tell_stale(struct cprov_site *site, int64_t checked, const struct cprov_error *why);

#endif
