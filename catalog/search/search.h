/* catalog/search/search.h - the searchable, versioned listing over many sources. */
#ifndef CPROV_CATALOG_SEARCH_SEARCH_H
#define CPROV_CATALOG_SEARCH_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/version.h"
#include "catalog/cache/cache.h"
#include "catalog/source/source.h"
#include "conf/conf.h"
#include "manifest/platform.h"
#include "registry/client.h"

struct cprov_error;

/* What is looked for: a name, a pattern, everything (""), or a repository that is known. */
struct cprov_wanted {
    struct cprov_span text;                /* a name or pattern for every place */
    const struct cprov_reference *exactly; /* or one repository: text is then not looked at */
    struct cprov_version_range range;      /* versions admitted */
    bool all_versions;                     /* or the newest of them */
    bool attachments; /* also tags that are no versions: cprov_version_is_attachment() */
    /* This place alone is asked for the text, which need not be one of the query's; or NULL. */
    const struct cprov_place *only;
};

/* How old, in seconds, an answer of the index may be. */
struct cprov_freshness {
    int64_t scan;     /* the list of repositories, or a whole catalog */
    int64_t versions; /* the list of one repository's versions */
    int64_t details;  /* where a tag leads; a tag that has long led there is believed for longer */
};

/*
 * Answers come from the index where it is fresh enough, else from the places, and are then kept
 * there. A name or version that the index does not have is asked for all the same. The newest
 * version by cprov_version_newest() unless all are wanted. Rows come in the order of wanted, place,
 * repository, version descending, as soon as everything before them is known: memory holds the rows
 * of a window, not of the whole answer.
 */
struct cprov_catalog_query {
    const struct cprov_wanted *wanted;
    size_t wanted_count;
    const struct cprov_place *places; /* in order of priority */
    size_t places_count;
    const struct cprov_alias *aliases;
    size_t aliases_count;
    const struct cprov_host *host; /* for details; may be NULL */
    /* Gives the index, borrowed; NULL, or when it fails: there is none, and places with import()
     * cannot be asked. sparing: opened only when nothing else helps. */
    int (*open_index)(void *arg, struct cprov_cache **out, struct cprov_error *err);
    bool sparing;
    const char *dates_dir; /* where conf/catalog_dates.h keeps its file; NULL: no dates are kept */
    struct cprov_freshness freshness;
    /* Gives the client once the network is needed; NULL: offline, the index and what is on this
     * machine have to do. */
    int (*connect)(void *arg, struct cprov_client **out, struct cprov_error *err);
    bool details;
    bool names_only;       /* one row for a repository, without a version; in any order */
    size_t names_max;      /* of these, from a source; 0: all */
    bool update_only;      /* no rows: bring the index up to date */
    const char *immutable; /* patterns, blanks between, of tags that never move; or NULL */
    /* Versions whose manifests are read for details; the rows of others lack them. */
    size_t details_max;
    /* Only repositories that may have such versions; NULL: all. Rows are still to be looked at. */
    const struct cprov_cache_filter *hint;
    /* i: index into wanted. row is borrowed for the call; return false to end the search. */
    bool (*row)(void *arg, size_t i, const struct cprov_listing *row);
    /*
     * wanted[i] has no row from this place: CPROV_ENOTFOUND (err->versions, with the newest in the
     * text, when only versions do not fit; not called for patterns), or why the place could not
     * answer. place is NULL for `exactly`.
     */
    void (*missed)(void *arg, size_t i, const struct cprov_place *place, int code,
                   const struct cprov_error *err);
    /* Repositories of a place listed so far, and known so far; may be NULL. */
    void (*progress)(void *arg, const struct cprov_place *place, uint64_t done, uint64_t known);
    void *arg; /* of these three */
    /* A place did not answer; what was known at that time is used. Once a place; may be NULL. */
    void (*stale)(void *arg, const struct cprov_place *place, int64_t checked,
                  const struct cprov_error *why);
    /* Something a person should know of a place, or of one of its versions: one that was listed and
     * cannot be read keeps its row. place is NULL where there is none. May be NULL. */
    void (*warning)(void *arg, const struct cprov_place *place, const char *text);
    /* A row of a document is about to be asked for at the host that it names; may be NULL. */
    int (*led)(void *arg, const struct cprov_listing *row, struct cprov_error *err);
    /* The index cannot be used from here on. Once; may be NULL. */
    void (*index_failed)(void *arg, const struct cprov_error *err);
    void *stale_arg;
    void *notice_arg; /* of connect, open_index, warning and index_failed */
    /* May be NULL: versions whose manifests were asked for, and rows that lack details for
     * details_max. */
    size_t *details_asked, *details_skipped;
};

/* 0 also when nothing was found. Codes: CPROV_ECANCELLED, CPROV_ENOMEM. */
CPROV_MUST_CHECK
int cprov_catalog_find(const struct cprov_catalog_query *query, struct cprov_error *err);

/* Whether the document of a place came from a private address, as the index has it. */
CPROV_MUST_CHECK
int cprov_catalog_came_from_private(struct cprov_cache *ix, const struct cprov_place *place,
                                    bool *out, struct cprov_error *err);

/* The name under which a repository is shown: its alias, else the path below the place, library/ of
 * Docker Hub left out. */
const char *cprov_catalog_name(const struct cprov_catalog_query *query,
                               const struct cprov_place *place,
                               const struct cprov_reference *repository);

#endif
