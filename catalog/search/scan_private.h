/* catalog/search/scan_private.h - all repositories of a place, for a name that may be any of them.
 */
#ifndef CPROV_CATALOG_SEARCH_SCAN_PRIVATE_H
#define CPROV_CATALOG_SEARCH_SCAN_PRIVATE_H

#include "catalog/search/lookup_private.h"

/* From the cache where its list is fresh, else from the place; once. false: it finds none. */
bool cprov_lookup_scan(struct cprov_lookup *l);

#endif
