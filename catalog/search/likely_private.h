/* catalog/search/likely_private.h - an exact name: where it most likely is, and a last attempt. */
#ifndef CPROV_CATALOG_SEARCH_LIKELY_PRIVATE_H
#define CPROV_CATALOG_SEARCH_LIKELY_PRIVATE_H

#include "catalog/search/lookup_private.h"

/* The next attempt of a lookup that has no jobs; false: there is none (left). */
bool cprov_lookup_try_likely(struct cprov_lookup *l);
/* Asks the place itself once more after the cache had nothing. */
bool cprov_lookup_ask_again(struct cprov_lookup *l);

#endif
