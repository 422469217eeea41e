/* catalog/search/lookup_private.h - one wanted name in one place: its repositories in the cache. */
#ifndef CPROV_CATALOG_SEARCH_LOOKUP_PRIVATE_H
#define CPROV_CATALOG_SEARCH_LOOKUP_PRIVATE_H

#include "catalog/search/job_private.h"

/* So many waiting jobs of a lookup are enough; the rest is read from the cache when its time comes.
 */
#define CPROV_LOOKUP_WAITING_MAX 256

struct cprov_lookup {
    struct cprov_job_queue queue;
    struct cprov_lookup *next;
    bool scanning, scanned;
    struct cprov_cache_cursor *cursor;
    bool spilled; /* repositories behind last_path are in the cache alone */
    char last_path[CPROV_NAME_MAX + 1];
    bool literal_tried, asked_again;
    size_t rows; /* emitted */
    int code;    /* worst failure so far */
    struct cprov_error err;
};

void cprov_lookup_free(struct cprov_lookup *l);

bool cprov_lookup_is_pattern(const struct cprov_lookup *l);
/* Whether it means the repository. */
bool cprov_lookup_means(const struct cprov_lookup *l, const char *path);
/* The repository that its name is an alias of, or NULL. */
const char *cprov_lookup_alias(const struct cprov_lookup *l);
/* CPROV_ENOTFOUND gives way to whatever is worse. */
void cprov_lookup_fail(struct cprov_lookup *l, int code, const struct cprov_error *err);

/* Begins with the repositories of the cache that may be meant; false: there is no cache. */
bool cprov_lookup_open_cursor(struct cprov_lookup *l);
/* Takes some of them as long as few jobs wait. */
void cprov_lookup_fill(struct cprov_lookup *l);

#endif
