/* catalog/search/notes_private.h - names that a scan brought and the cache does not have yet. */
#ifndef CPROV_CATALOG_SEARCH_NOTES_PRIVATE_H
#define CPROV_CATALOG_SEARCH_NOTES_PRIVATE_H

#include "base/arena.h"
#include "catalog/search/site_private.h"

struct cprov_notes {
    int64_t scan; /* its number in the cache; 0: nothing is noted */
    const char **paths;
    size_t count;
    struct cprov_arena arena;
};

/* A page of names is one change to the cache. */
void cprov_notes_add(struct cprov_notes *n, const struct cprov_site *site, const char *path);
/* What came so far is to be in the cache. */
void cprov_notes_put(struct cprov_notes *n, const struct cprov_site *site);

#endif
