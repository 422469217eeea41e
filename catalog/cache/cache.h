/* catalog/cache/cache.h - what is known of every source, in one file on this machine; a cache. */
#ifndef CPROV_CATALOG_CACHE_CACHE_H
#define CPROV_CATALOG_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/fs.h"
#include "base/limits.h"
#include "catalog/document/entry.h"

struct cprov_error;
struct cprov_listing;

/*
 * An SQLite database, catalog-N.sqlite, where N is the version of its schema: programs of two
 * versions each have their own. Several processes may use it. Deleting it loses nothing but time.
 * One thread a handle.
 *
 * Every function returns 0 or: CPROV_EVERIFY (damaged: the file goes when the handle is closed),
 * CPROV_ENOSPACE, CPROV_EREFUSED (may not be written), CPROV_ECANCELLED (while another process
 * writes), CPROV_ENOMEM, CPROV_EFAIL. What fails to be written leaves what was there.
 */
struct cprov_cache;

struct cprov_cache_options {
    const char *dir; /* made when it is missing, for its owner alone; NULL: a database of this
                        handle's own, gone when it is closed */
    const struct cprov_cancel *cancel;           /* polled while waiting; or NULL */
    void (*rebuilt)(void *arg, const char *why); /* a damaged file was thrown away; or NULL */
    void *arg;
};

CPROV_MUST_CHECK
int cprov_cache_open(const struct cprov_cache_options *options, struct cprov_cache **out,
                     struct cprov_error *err);
void cprov_cache_close(struct cprov_cache *ix);
bool cprov_cache_exists(const char *dir); /* NULL-safe */
CPROV_DEFINE_CLEANUP(struct cprov_cache, cprov_cache, cprov_cache_close)
#define auto_cache CPROV_CLEANUP(cprov_cache_cleanup)

bool cprov_cache_damaged(const struct cprov_cache *ix);

/*
 * Many questions at once: between these two all are answered from one state of the index, without a
 * lock for each. Whatever is written through this handle ends it before its time. They do not nest;
 * nobody should be waited for meanwhile, since the log of what others write grows.
 */
void cprov_cache_hold(struct cprov_cache *ix);
void cprov_cache_release(struct cprov_cache *ix);

/* --- sources --- */

/* key: "oci registry.example/team": kind and place. host: of references to what is in it, "" for
 * a catalog. All of *out is 0 but the key's id when nothing is known. */
struct cprov_cache_source {
    int64_t id;
    int64_t checked; /* when its repositories were last listed to the end; 0: never */
    char validator[CPROV_VALIDATOR_MAX + 1];
};
CPROV_MUST_CHECK
int cprov_cache_source(struct cprov_cache *ix, const char *key, const char *host,
                       struct cprov_cache_source *out, struct cprov_error *err);
/* Forgets a source with all that is in it; 0 also when there is none. */
CPROV_MUST_CHECK
int cprov_cache_forget(struct cprov_cache *ix, const char *key, struct cprov_error *err);
/* Its listing was looked at now and is unchanged; validator (NULL: as it was) is to be given the
 * next time. */
CPROV_MUST_CHECK
int cprov_cache_source_checked(struct cprov_cache *ix, int64_t source, const char *validator,
                               struct cprov_error *err);

/*
 * A scan: begin, note each repository, many at once for speed, end. Repositories that a scan which
 * came to its end has not seen are gone. Of several at once none takes away what a later one saw.
 */
CPROV_MUST_CHECK
int cprov_cache_scan_begin(struct cprov_cache *ix, int64_t source, int64_t *scan,
                           struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_cache_scan_note(struct cprov_cache *ix, int64_t source, int64_t scan,
                          const char *const *paths, size_t count, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_cache_scan_end(struct cprov_cache *ix, int64_t source, int64_t scan, bool whole,
                         struct cprov_error *err);

/*
 * An import: everything in a source anew. Others see what was there until commit, which replaces
 * it at once; without commit nothing changes. duplicates counts versions that came twice (the last
 * one counts). Entries that are no names or versions: CPROV_EVERIFY.
 */
struct cprov_cache_import;
CPROV_MUST_CHECK
int cprov_cache_import_begin(struct cprov_cache *ix, int64_t source,
                             struct cprov_cache_import **out, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_cache_import_add(struct cprov_cache_import *import, const struct cprov_entry *entry,
                           struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_cache_import_commit(struct cprov_cache_import *import, const char *validator,
                              uint64_t *duplicates, struct cprov_error *err);
void cprov_cache_import_free(
    struct cprov_cache_import *import); /* takes back what is not committed */

/* --- repositories --- */

struct cprov_cache_repository {
    int64_t id;
    int64_t checked; /* when its versions were last listed; 0: never */
    char path[CPROV_NAME_MAX + 1];
    char name[CPROV_NAME_MAX + 1];   /* as the source spells it, or "" */
    char newest[CPROV_NAME_MAX + 1]; /* by cprov_version_newest(); "": look at the versions */
};
/* CPROV_ENOTFOUND when it is not known. */
CPROV_MUST_CHECK
int cprov_cache_repository(struct cprov_cache *ix, int64_t source, const char *path,
                           struct cprov_cache_repository *out, struct cprov_error *err);

/* Which repositories of a source: one of these, or all. */
struct cprov_cache_filter {
    struct cprov_span named;  /* whose path, its last component, or name is this, whatever the
                                 case */
    struct cprov_span also;   /* with named: or this; may be empty */
    struct cprov_span prefix; /* one of which begins with it */
    struct cprov_span part;   /* that have this somewhere in the path, or a name; a word of ASCII */
    const char *after;        /* whose path comes after this one; NULL: no matter */
    const char *words;        /* whose name, description or publisher may have all of these */
    bool or_unknown;          /* with words or a digest: also those that may, for all that is
                                 known */
    struct cprov_digest digest; /* that have a version, or an image id, of this digest */
    bool has_digest;
    size_t most; /* with prefix: only so many, whichever come first; 0: all */
};
/* In the order of their paths. The cursor owns nothing of the index between two steps: it may be
 * written meanwhile. */
struct cprov_cache_cursor;
CPROV_MUST_CHECK
int cprov_cache_cursor_open(struct cprov_cache *ix, int64_t source,
                            const struct cprov_cache_filter *filter,
                            struct cprov_cache_cursor **out, struct cprov_error *err);
/* *more is false at the end. */
CPROV_MUST_CHECK
int cprov_cache_cursor_next(struct cprov_cache_cursor *c, struct cprov_cache_repository *out,
                            bool *more, struct cprov_error *err);
void cprov_cache_cursor_close(struct cprov_cache_cursor *c);

/* --- versions --- */

/* One version as it was listed: what is not told of it is kept from before while its digest is not
 * another. */
struct cprov_cache_version {
    const char *version;
    const struct cprov_entry *entry; /* what the listing says beyond the name; NULL: nothing */
};
/* These are all versions of the repository now. *out gets its id. */
CPROV_MUST_CHECK
int cprov_cache_put_versions(struct cprov_cache *ix, int64_t source, const char *path,
                             const struct cprov_cache_version *list, size_t count, int64_t *out,
                             struct cprov_error *err);
/* What is known of one version after its manifest was read. */
CPROV_MUST_CHECK
int cprov_cache_put_details(struct cprov_cache *ix, int64_t repository,
                            const struct cprov_listing *row, struct cprov_error *err);
/* The tag still leads to the digest that is known. */
CPROV_MUST_CHECK
int cprov_cache_put_checked(struct cprov_cache *ix, int64_t repository, const char *version,
                            struct cprov_error *err);

/* Names alone, in no useful order; channels too, with the version they mean. */
typedef bool cprov_cache_version_fn(void *arg, const char *version, const char *alias);
CPROV_MUST_CHECK
int cprov_cache_versions(struct cprov_cache *ix, int64_t repository, cprov_cache_version_fn *each,
                         void *arg, struct cprov_error *err);

/* How well a version is known. */
struct cprov_cache_known {
    bool complete;   /* its manifest has been read, or there is none to read */
    int64_t checked; /* when that was last so */
    int64_t changed; /* since when it has been so, as far as we know */
    bool has_digest;
    struct cprov_digest digest;
};
/*
 * Fills the row but for place, names and has_details; texts in arena. The reference is the one of
 * the catalog, or stays as it is. CPROV_ENOTFOUND.
 */
CPROV_MUST_CHECK
int cprov_cache_version(struct cprov_cache *ix, int64_t repository, const char *version,
                        struct cprov_arena *arena, struct cprov_listing *row,
                        struct cprov_cache_known *known, struct cprov_error *err);

/* Every version of a source (0: of all), by source, repository, version, newest first. */
CPROV_MUST_CHECK
int cprov_cache_each(struct cprov_cache *ix, int64_t source, cprov_entry_fn *entry, void *arg,
                     struct cprov_error *err);

#endif
