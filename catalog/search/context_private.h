/* catalog/search/context_private.h - what all parts of one search share: cache, client, memory. */
#ifndef CPROV_CATALOG_SEARCH_CONTEXT_PRIVATE_H
#define CPROV_CATALOG_SEARCH_CONTEXT_PRIVATE_H

#include "base/error.h"
#include "catalog/search/search.h"

/*
 * Who includes whom, from the bottom: the context; a site is one place, and what the cache knows of
 * it; an import brings a document into the cache. A job is one repository: its versions are listed,
 * chosen, and their details fetched. A lookup is one wanted name in one site; it finds repositories
 * in the cache, by a scan of the place's catalog, or by trying likely ones, and queues a job for
 * each. search.c starts jobs of all lookups, within a window, and lets rows leave in order.
 */
struct cprov_job;
struct cprov_site;

struct cprov_search_context {
    const struct cprov_search_query *query;
    struct cprov_cache *cache; /* NULL before it is opened, and once it is damaged */
    bool cache_tried;
    bool read_only;              /* it could not be written once */
    struct cprov_client *client; /* once the network was needed */
    struct cprov_site *sites;    /* of the query's places, then of those that one name is of */
    size_t sites_count;
    size_t active;                 /* jobs that run */
    size_t told_bytes;             /* of all jobs' lists of versions */
    size_t held_rows;              /* of jobs begun and not yet emitted */
    size_t put_back;               /* jobs that wait to run alone */
    const struct cprov_job *alone; /* one that does */
    uint64_t moves;                /* steps of any kind: when none is made there is nothing to do */
    size_t unread;                 /* versions without an answer that could be read */
    struct cprov_search_counts counts;
    bool stopped; /* the caller has enough */
    int64_t now;
    int code; /* fatal: memory */
    struct cprov_error err;
    /* Something came that others wait for; what is possible now is done before it returns. */
    void (*ready)(struct cprov_search_context *s);
};

void cprov_search_out_of_memory(struct cprov_search_context *s);
/* Something went wrong with the cache: told once, and no more written, or it is left alone. */
void cprov_search_cache_failed(struct cprov_search_context *s, const struct cprov_error *err);
bool cprov_search_may_write(const struct cprov_search_context *s);
/* The client, before anything is asked through a network. CPROV_ENETWORK: offline. */
CPROV_MUST_CHECK
int cprov_search_connect(struct cprov_search_context *s, struct cprov_error *err);
static inline bool cprov_search_offline(const struct cprov_search_context *s)
{
    return s->query->how.offline;
}
/* What was last seen at that time is believed for `age` seconds; offline always. */
bool cprov_search_is_fresh(const struct cprov_search_context *s, int64_t checked, int64_t age);
/* place may be NULL. */
void cprov_search_warn(const struct cprov_search_context *s, const struct cprov_place *place,
                       const char *text);
/* Of a version no more is known than the row says. */
void cprov_search_tell_unread(struct cprov_search_context *s, const struct cprov_listing *row,
                              const struct cprov_error *why);
/* At the end: how many more there were. */
void cprov_search_tell_more_unread(const struct cprov_search_context *s);

#endif
