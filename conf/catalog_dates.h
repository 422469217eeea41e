/* conf/catalog_dates.h - the newest date that each signed catalog has had here. */
#ifndef CPROV_CONF_CATALOG_DATES_H
#define CPROV_CONF_CATALOG_DATES_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

/*
 * The file `catalog-dates` beside sources.yaml in dir, and not in the cache, which anybody may
 * delete: it is what keeps an old catalog that was signed once from coming back. A line is the
 * SHA-256 of a catalog's name and a date. `catalog` names the key and the place: one key may sign
 * several.
 *
 * *out: seconds; 0 when it is not known. CPROV_EVERIFY when the file is damaged: then no date in it
 * counts, and whoever deletes it says that they are to be learnt anew.
 */
CPROV_MUST_CHECK
int cprov_catalog_date_get(const char *dir, struct cprov_span catalog, int64_t *out,
                           struct cprov_error *err);
/* As one step, under a lock; a date that is not newer changes nothing. Of more than
 * CPROV_CATALOG_DATES_MAX the one that was written first goes. */
CPROV_MUST_CHECK
int cprov_catalog_date_put(const char *dir, struct cprov_span catalog, int64_t date,
                           struct cprov_error *err);
/* 0 also when it is not known. */
CPROV_MUST_CHECK
int cprov_catalog_date_forget(const char *dir, struct cprov_span catalog, struct cprov_error *err);

#endif
