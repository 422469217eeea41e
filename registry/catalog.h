/* registry/catalog.h - the searchable, versioned listing over many sources. */
#ifndef CPROV_REGISTRY_CATALOG_H
#define CPROV_REGISTRY_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/version.h"
#include "conf/conf.h"
#include "manifest/platform.h"
#include "registry/client.h"
#include "registry/source.h"

struct cprov_error;

/* What is looked for: a name, a pattern, everything (""), or a repository that is known. */
struct cprov_wanted {
    struct cprov_span text;                /* a name or pattern for every place */
    const struct cprov_reference *exactly; /* or one repository: text is then not looked at */
    struct cprov_version_range range;      /* versions admitted */
    bool all_versions;                     /* or the newest of them */
};

/*
 * The newest version by cprov_catalog_newest() unless all are wanted. Rows come in the order of
 * wanted, place, repository, version descending, as soon as everything before them is known: memory
 * holds the rows of a window, not of the whole answer.
 */
struct cprov_catalog_query {
    const struct cprov_wanted *wanted;
    size_t wanted_count;
    const struct cprov_place *places; /* in order of priority */
    size_t places_count;
    const struct cprov_alias *aliases;
    size_t aliases_count;
    const struct cprov_host *host; /* for details; may be NULL */
    bool details;
    /* i: index into wanted. row is borrowed for the call; return false to end the search. */
    bool (*row)(void *arg, size_t i, const struct cprov_listing *row);
    /*
     * wanted[i] has no row from this place: CPROV_ENOTFOUND (with the newest version in the text
     * when only versions do not fit; not called for patterns), or why the place could not answer.
     * place is NULL for `exactly`.
     */
    void (*missed)(void *arg, size_t i, const struct cprov_place *place, int code,
                   const struct cprov_error *err);
    void *arg;
};

/* 0 also when nothing was found. Codes: CPROV_ECANCELLED, CPROV_ENOMEM. */
CPROV_MUST_CHECK
int cprov_catalog_find(struct cprov_client *c, const struct cprov_catalog_query *query,
                       struct cprov_error *err);

/*
 * Which of count versions is "the newest" for people: dotted numbers and releases first, then
 * pre-releases, then bare numbers (dates, majors), then "latest", then other tags. versions must be
 * sorted newest first by cprov_version_compare().
 */
size_t cprov_catalog_newest(const char *const *versions, size_t count);

/* The name under which a repository is shown: its alias, else the path below the place, library/ of
 * Docker Hub left out. */
const char *cprov_catalog_name(const struct cprov_catalog_query *query,
                               const struct cprov_place *place,
                               const struct cprov_reference *repository);

#endif
