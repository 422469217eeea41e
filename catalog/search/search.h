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

/* What is looked for, and where. */
struct cprov_search_scope {
    const struct cprov_wanted *wanted;
    size_t wanted_count;
    const struct cprov_place *places; /* in order of priority */
    size_t places_count;
    const struct cprov_alias *aliases;
    size_t aliases_count;
    /* Only repositories that may have such versions; NULL: all. Rows are still to be looked at. */
    const struct cprov_cache_filter *hint;
};

/* How old, in seconds, an answer of the cache may be. */
struct cprov_freshness {
    int64_t scan;          /* the list of repositories, or a whole catalog */
    int64_t versions;      /* the list of one repository's versions */
    int64_t details;       /* where a tag leads; a tag that has long led there is believed longer */
    const char *immutable; /* patterns, blanks between, of tags that never move; or NULL */
};

enum cprov_search_depth {
    CPROV_SEARCH_VERSIONS, /* which there are */
    CPROV_SEARCH_NAMES,    /* one row for a repository, without a version; in any order */
    CPROV_SEARCH_DETAILS,  /* and what each version is */
};

/* How far it goes for that. */
struct cprov_search_effort {
    enum cprov_search_depth depth;
    size_t names_max;              /* of CPROV_SEARCH_NAMES, from a source; 0: all */
    size_t details_max;            /* versions whose manifests are read; rows of others lack them */
    const struct cprov_host *host; /* for details; may be NULL */
    bool offline;                  /* the cache and what is on this machine have to do */
    bool sparing;                  /* the cache is opened only when nothing else helps */
    bool has_cache;                /* open_cache() would find one, not make it */
    const char *dates_dir; /* where conf/catalog_dates.h keeps its file; NULL: no dates are kept */
};

/* Who is asked for what a search needs, and told what it finds. */
struct cprov_search_listener {
    void *arg; /* of all of them */
    /* Gives the cache, borrowed; NULL, or when it fails: there is none, and places with import()
     * cannot be asked. */
    int (*open_cache)(void *arg, struct cprov_cache **out, struct cprov_error *err);
    /* Gives the client once the network is needed. */
    int (*connect)(void *arg, struct cprov_client **out, struct cprov_error *err);
    /* i: index into wanted. row is borrowed for the call; return false to end the search. NULL:
     * nobody looks at rows, the cache is to be brought up to date. */
    bool (*row)(void *arg, size_t i, const struct cprov_listing *row);
    /*
     * wanted[i] has no row from this place: CPROV_ENOTFOUND (err->versions, with the newest in the
     * text, when only versions do not fit; not called for patterns), or why the place could not
     * answer. place is NULL for `exactly`.
     */
    void (*missed)(void *arg, size_t i, const struct cprov_place *place, int code,
                   const struct cprov_error *err);
    /* The others may be NULL. Repositories of a place listed so far, and known so far. */
    void (*progress)(void *arg, const struct cprov_place *place, uint64_t done, uint64_t known);
    /* A place did not answer; what was known at that time is used. Once a place. */
    void (*stale)(void *arg, const struct cprov_place *place, int64_t checked,
                  const struct cprov_error *why);
    /* Something a person should know of a place, or of one of its versions: one that was listed and
     * cannot be read keeps its row. place is NULL where there is none. */
    void (*warning)(void *arg, const struct cprov_place *place, const char *text);
    /* A row of a document is about to be asked for at the host that it names. */
    int (*led)(void *arg, const struct cprov_listing *row, struct cprov_error *err);
    /* The cache cannot be used from here on. Once. */
    void (*cache_failed)(void *arg, const struct cprov_error *err);
};

/*
 * Answers come from the cache where it is fresh enough, else from the places, and are then kept
 * there. A name or version that the cache does not have is asked for all the same. The newest
 * version by cprov_version_newest() unless all are wanted. Rows come in the order of wanted, place,
 * repository, version descending, as soon as everything before them is known: memory holds the rows
 * of a window, not of the whole answer.
 */
struct cprov_search_query {
    struct cprov_search_scope what;
    struct cprov_freshness freshness;
    struct cprov_search_effort how;
    struct cprov_search_listener listener;
};

struct cprov_search_counts {
    size_t asked;   /* versions whose manifests were asked for */
    size_t skipped; /* rows that lack details for details_max */
};

/* 0 also when nothing was found. counts may be NULL. Codes: CPROV_ECANCELLED, CPROV_ENOMEM. */
CPROV_MUST_CHECK
int cprov_search_run(const struct cprov_search_query *query, struct cprov_search_counts *counts,
                     struct cprov_error *err);

/* Whether the document of a place came from a private address, as the cache has it. */
CPROV_MUST_CHECK
int cprov_search_came_from_private(struct cprov_cache *cache, const struct cprov_place *place,
                                   bool *out, struct cprov_error *err);

/* The name under which a repository is shown: its alias, else the path below the place, library/ of
 * Docker Hub left out. */
const char *cprov_search_name(const struct cprov_search_scope *what,
                              const struct cprov_place *place,
                              const struct cprov_reference *repository);

#endif
