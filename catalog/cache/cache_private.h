/* catalog/cache/cache_private.h - the database under the index: opened, asked, told. */
#ifndef CPROV_CATALOG_CACHE_CACHE_PRIVATE_H
#define CPROV_CATALOG_CACHE_CACHE_PRIVATE_H

#include <sys/types.h>

#include "base/span.h"
#include "catalog/cache/cache.h"
#include "catalog/cache/sqlite_library_private.h"

#define CPROV_CACHE_STATEMENTS 64
#define CPROV_CACHE_TEXTS      8

/* A text that is kept once, and the number it goes by. */
struct cprov_cache_text {
    char *text;
    int64_t id;
};

struct cprov_cache {
    sqlite3 *db;
    char *dir;  /* NULL: of this handle's own */
    char *name; /* "catalog-1.sqlite" */
    bool bare;  /* no tables were made in it */
    bool damaged;
    struct cprov_cache_options options;
    struct {
        const char *sql; /* known by its address */
        sqlite3_stmt *statement;
    } statements[CPROV_CACHE_STATEMENTS];
    size_t statements_count;
    struct cprov_cache_text texts[CPROV_CACHE_TEXTS]; /* the last ones used */
    size_t texts_next;
    dev_t device; /* the file that was opened */
    ino_t inode;
    unsigned depth;   /* of transactions */
    unsigned imports; /* that are going on */
    bool held;        /* a transaction that only reads */
};

/* An empty database of this handle's own, gone when it is closed. */
CPROV_MUST_CHECK
int cprov_cache_open_bare(struct cprov_cache **out, struct cprov_error *err);

/* Turns what SQLite says into a code of ours. */
int cprov_cache_fail(struct cprov_cache *ix, int rc, struct cprov_error *err);
/* CPROV_ENOTFOUND: somebody has forgotten the source meanwhile. */
int cprov_cache_fail_forgotten(struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_cache_exec(struct cprov_cache *ix, const char *sql, struct cprov_error *err);

/*
 * A statement being used; failures are sticky until step or run. sql must be a literal: statements
 * are kept by its address, and one is used at one place at a time.
 */
struct cprov_query {
    struct cprov_cache *ix;
    const char *sql;
    sqlite3_stmt *statement;
    int bound; /* parameters so far */
    int rc;
};
CPROV_MUST_CHECK
int cprov_query_begin(struct cprov_cache *ix, const char *sql, struct cprov_query *q,
                      struct cprov_error *err);
void cprov_query_end(struct cprov_query *q);
#define auto_query CPROV_CLEANUP(cprov_query_end)

/* The next parameter. Texts and bytes must stay until the statement was stepped. */
void cprov_query_number(struct cprov_query *q, int64_t n);
void cprov_query_text(struct cprov_query *q, const char *text); /* NULL and "": null */
void cprov_query_span(struct cprov_query *q, struct cprov_span text);
void cprov_query_bytes(struct cprov_query *q, const void *bytes, size_t len); /* none: null */
void cprov_query_null(struct cprov_query *q);

/* *row: there is one more. */
CPROV_MUST_CHECK
int cprov_query_step(struct cprov_query *q, bool *row, struct cprov_error *err);
/* A statement without rows. */
CPROV_MUST_CHECK
int cprov_query_run(struct cprov_query *q, struct cprov_error *err);

int64_t cprov_query_get_number(const struct cprov_query *q, int column);
struct cprov_span cprov_query_get_text(const struct cprov_query *q, int column); /* null: empty */

/* Several changes as one: they nest; end with code < 0 takes all of them back. Returns the code, or
 * that of the failed commit. */
CPROV_MUST_CHECK
int cprov_cache_begin(struct cprov_cache *ix, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_cache_end(struct cprov_cache *ix, int code, struct cprov_error *err);

/* A name as it lies in the cache, cut to what fits. */
void cprov_cache_copy_name(char out[CPROV_NAME_MAX + 1], struct cprov_span text);

/* --- words: what is searched --- */

/* The row of words with the description, publisher and title of the entry: the one given when it
 * has them, else a new one. *id in and out; 0: none. */
CPROV_MUST_CHECK
int cprov_cache_words(struct cprov_cache *ix, int64_t repository, const struct cprov_entry *texts,
                      int64_t *id, struct cprov_error *err);
/* The row goes when nothing of the repository has these texts any more. */
CPROV_MUST_CHECK
int cprov_cache_words_left(struct cprov_cache *ix, int64_t repository, int64_t id,
                           struct cprov_error *err);
/* The same of all of a repository's: one walk over its versions. */
CPROV_MUST_CHECK
int cprov_cache_words_tidy(struct cprov_cache *ix, int64_t repository, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_cache_text_id(struct cprov_cache *ix, const char *text, int64_t *id,
                        struct cprov_error *err);

/* --- one version as a row of the table --- */

/* flags of a version */
#define CPROV_CACHE_KIND     4 /* of this bit on: enum cprov_kind */
#define CPROV_CACHE_OS       1
#define CPROV_CACHE_COMPLETE 2

/* How it is made. */
extern const char cprov_cache_version_table[];

struct cprov_cache_row {
    int64_t repository;
    int64_t words;   /* row of its texts, or 0 */
    int64_t checked; /* times, or 0 */
    int64_t changed;
    bool only_new; /* a row that is there stays */
};
CPROV_MUST_CHECK
int cprov_cache_store_version(struct cprov_cache *ix, const struct cprov_cache_row *row,
                              const struct cprov_entry *entry, struct cprov_error *err);
/* Reads a version's row into an entry, texts in the arena; its names stay as they are, and its
 * digest is that of *known. *there is false when there is none. */
CPROV_MUST_CHECK
int cprov_cache_load_version(struct cprov_cache *ix, int64_t repository, const char *version,
                             struct cprov_arena *arena, struct cprov_entry *entry,
                             struct cprov_cache_known *known, bool *there, struct cprov_error *err);
bool cprov_cache_read_digest(struct cprov_span bytes, struct cprov_digest *out);
/* Its words are made too: a name can be searched before anything else is known. CPROV_ENOTFOUND as
 * of cprov_cache_fail_forgotten(). */
CPROV_MUST_CHECK
int cprov_cache_add_repository(struct cprov_cache *ix, int64_t source, const char *path,
                               const char *name, int64_t *id, int64_t *words,
                               struct cprov_error *err);
/* The last component of a path. */
const char *cprov_cache_leaf(const char *path);
/* The newer one for people, where NULL and "" are none; b may be no version at all, then it is a.
 */
const char *cprov_cache_newer(const char *a, const char *b);
/* Takes back a repository and everything it has. */
CPROV_MUST_CHECK
int cprov_cache_clear_repository(struct cprov_cache *ix, int64_t repository,
                                 struct cprov_error *err);

#endif
