/* catalog/search/import_private.h - the document of a site, read into the cache. */
#ifndef CPROV_CATALOG_SEARCH_IMPORT_PRIVATE_H
#define CPROV_CATALOG_SEARCH_IMPORT_PRIVATE_H

#include "catalog/search/site_private.h"

/* Whether the cache has what the site lists, as fresh as wanted; begins to read it otherwise. */
bool cprov_import_ready(struct cprov_site *site);
/* Reads it, whatever its age. */
void cprov_import_start(struct cprov_site *site);
/* Takes back one that is not over. */
void cprov_import_end(struct cprov_site *site);

#endif
