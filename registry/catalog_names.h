/* registry/catalog_names.h - the pure part of the catalog: names and the order of versions. */
#ifndef CPROV_REGISTRY_CATALOG_NAMES_H
#define CPROV_REGISTRY_CATALOG_NAMES_H

#include "registry/catalog.h"

/* Whether a name or pattern means the repository: by its shown name, its path below the place, or
 * its last component. "" means all. */
bool cprov_catalog_matches(const struct cprov_catalog_query *query, const struct cprov_place *place,
                           struct cprov_span text, const struct cprov_reference *repository);

/* Newest first, each once: returns how many are left. */
size_t cprov_catalog_sort(const char **versions, size_t count);

#endif
