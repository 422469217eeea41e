/* catalog/search/names_private.h - what repositories are called. */
#ifndef CPROV_CATALOG_SEARCH_NAMES_PRIVATE_H
#define CPROV_CATALOG_SEARCH_NAMES_PRIVATE_H

#include "catalog/search/search.h"

/* Whether a name or pattern means the repository: by its shown name, its path below the place, or
 * its last component. "" means all. */
bool cprov_search_matches(const struct cprov_search_scope *what, const struct cprov_place *place,
                          struct cprov_span text, const struct cprov_reference *repository);

#endif
