/* catalog/cache/sorter.h - any number of records put in order, with the memory of a few. */
#ifndef CPROV_CATALOG_CACHE_SORTER_H
#define CPROV_CATALOG_CACHE_SORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;
struct cprov_sorter;

enum cprov_sorter_order {
    CPROV_SORT_NUMBERS,
    CPROV_SORT_TEXTS,    /* as people read them: whatever the case */
    CPROV_SORT_VERSIONS, /* by cprov_version_compare() */
};

/* An SQLite table of its own does it: CPROV_CACHE_PAGES in memory, the rest in a file that nobody
 * else sees. limit 0: none. */
CPROV_MUST_CHECK
int cprov_sorter_new(enum cprov_sorter_order order, bool descending, size_t limit,
                     struct cprov_sorter **out, struct cprov_error *err);
void cprov_sorter_free(struct cprov_sorter *s);
CPROV_DEFINE_CLEANUP(struct cprov_sorter, cprov_sorter, cprov_sorter_free)
#define auto_sorter CPROV_CLEANUP(cprov_sorter_cleanup)

/* number or text is the key, as the order says. */
CPROV_MUST_CHECK
int cprov_sorter_add(struct cprov_sorter *s, int64_t number, struct cprov_span text,
                     struct cprov_span record, struct cprov_error *err);
/* The records in order, those of equal keys as they came; false from each() ends it. */
CPROV_MUST_CHECK
int cprov_sorter_each(struct cprov_sorter *s, bool (*each)(void *arg, struct cprov_span record),
                      void *arg, struct cprov_error *err);

#endif
