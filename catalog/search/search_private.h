/* catalog/search/search_private.h - what the parts of one search share. */
#ifndef CPROV_CATALOG_SEARCH_SEARCH_PRIVATE_H
#define CPROV_CATALOG_SEARCH_SEARCH_PRIVATE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/document/reader.h"
#include "catalog/search/names_private.h"
#include "catalog/search/search.h"

/*
 * Four nested things. A site is one place, and what the index knows of it. A lookup is one wanted
 * name in one site; it finds repositories: by trying likely ones, by scanning the place's catalog,
 * or in the index. A job is one repository: its versions are listed, chosen, and their details
 * fetched. A row is one version. Jobs of all lookups run at once, within a window; rows leave in
 * order, from the head.
 */
struct cprov_search;
struct cprov_lookup;

enum cprov_site_state {
    CPROV_SITE_NEW,
    CPROV_SITE_IMPORTING,
    CPROV_SITE_READY, /* the index has what there is to have */
    CPROV_SITE_FAILED,
};

struct cprov_site {
    struct cprov_search *search;
    const struct cprov_place *place;
    struct cprov_cache_source known;
    enum cprov_site_state state; /* of a place with import() */
    struct cprov_cache_import *import;
    struct cprov_catalog_facts facts; /* of the document that was just read */
    int64_t seen;    /* the date of the newest signed catalog; 0: none, or none is needed */
    bool is_private; /* a document that came from a private address */
    bool asked;      /* in this search */
    bool stale_told;
    uint64_t done, found; /* repositories */
    int code;
    struct cprov_error err;
};

enum cprov_job_state { CPROV_JOB_WAITING, CPROV_JOB_LISTING, CPROV_JOB_DETAILS, CPROV_JOB_READY };

/* A version as a listing told it; entry only where that is more than its name. */
struct cprov_told {
    const char *version;
    const struct cprov_entry *entry;
};

/* Small while it waits: there may be as many as a registry has repositories. */
struct cprov_job {
    struct cprov_lookup *lookup;
    struct cprov_job *next;
    enum cprov_job_state state;
    int code;
    const char *path;                    /* of the repository */
    const struct cprov_reference *exact; /* a reference that is known whole; else NULL */
    struct cprov_arena arena;
    struct cprov_error *err; /* in the arena once it runs */
    struct cprov_reference *repository;
    const char *shown;  /* name that the source gives it, or "" */
    const char *newest; /* of the versions in the index, or "" */
    int64_t id;         /* in the index; 0: not there */
    int64_t checked;    /* when its versions were listed */
    bool from_index, stale;
    struct cprov_told *told; /* all of them, until some are chosen */
    size_t told_count, told_room;
    size_t told_bytes;          /* that they take */
    struct cprov_arena texts;   /* of them */
    bool again;                 /* they were too many beside those of others: listed alone later */
    const char *newest_refused; /* of those that the range does not admit */
    struct cprov_listing *rows;
    bool *failed;                 /* rows that are not to be shown */
    size_t rows_count, rows_left; /* left: details still running */
};

struct cprov_lookup {
    struct cprov_search *search;
    struct cprov_lookup *next;
    size_t wanted;                  /* index */
    struct cprov_site *site;        /* NULL: an exact repository */
    struct cprov_job *first, *last; /* not yet emitted */
    size_t waiting;                 /* jobs that have not begun */
    size_t held;                    /* jobs that have, and are not yet emitted */
    bool scanning, scanned;
    int64_t scan;       /* number of the scan that runs, or 0 */
    const char **noted; /* what it brought and the index does not have yet; in notes */
    size_t noted_count;
    struct cprov_arena notes;
    struct cprov_cache_cursor *cursor;
    bool spilled; /* repositories behind last_path are in the index alone */
    char last_path[CPROV_NAME_MAX + 1];
    bool literal_tried, asked_again;
    size_t rows; /* emitted */
    int code;    /* worst failure so far */
    struct cprov_error err;
};

struct cprov_search {
    struct cprov_client *client; /* once the network was needed */
    const struct cprov_catalog_query *query;
    struct cprov_cache *index; /* NULL before it is opened, and once it is damaged */
    bool index_tried;
    bool read_only;           /* it could not be written once */
    struct cprov_site *sites; /* of the query's places, then of those that one name is of */
    size_t sites_count;
    struct cprov_lookup *head;     /* emission goes on here */
    size_t active;                 /* jobs that run */
    size_t told_bytes;             /* of all jobs */
    size_t put_back;               /* jobs that wait to run alone */
    const struct cprov_job *alone; /* one that does */
    size_t held_rows;              /* of jobs begun and not yet emitted */
    uint64_t moves;                /* steps of any kind: when none is made there is nothing to do */
    size_t detailed;               /* versions whose manifests were asked for */
    size_t unread;                 /* of them, without an answer that could be read */
    bool stopped;                  /* the caller has enough */
    bool pumping;
    int64_t now;
    int code; /* fatal: memory */
    struct cprov_error err;
};

/* --- catalog.c --- */

void cprov_search_pump(struct cprov_search *s);
void cprov_search_out_of_memory(struct cprov_search *s);
/* Something went wrong with the index: told once, and no more written, or it is left alone. */
void cprov_search_index_failed(struct cprov_search *s, const struct cprov_error *err);
/* Opens the index unless that was tried; false: there is none. */
bool cprov_search_open_index(struct cprov_search *s);
/* The client, before anything is asked through a network. CPROV_ENETWORK: offline. */
CPROV_MUST_CHECK
int cprov_search_connect(struct cprov_search *s, struct cprov_error *err);
static inline bool cprov_search_offline(const struct cprov_search *s)
{
    return !s->query->connect;
}
bool cprov_search_may_write(const struct cprov_search *s);
/* What was known of a site is used since it does not answer. */
void cprov_search_tell_stale(struct cprov_site *site, int64_t checked,
                             const struct cprov_error *why);
/* Of a version no more is known than the row says. */
void cprov_search_tell_unread(struct cprov_search *s, const struct cprov_listing *row,
                              const struct cprov_error *why);
static inline const struct cprov_wanted *cprov_lookup_wanted(const struct cprov_lookup *l)
{
    return &l->search->query->wanted[l->wanted];
}
bool cprov_lookup_is_pattern(const struct cprov_lookup *l);
/* CPROV_ENOTFOUND gives way to whatever is worse. */
void cprov_lookup_fail(struct cprov_lookup *l, int code, const struct cprov_error *err);

/* --- catalog_scan.c: from a lookup to jobs --- */

void cprov_site_init(struct cprov_site *site);
void cprov_site_clear(struct cprov_site *site);
/* Whether the lookup can go on; starts what it waits for. */
bool cprov_site_ready(struct cprov_site *site);
/* The next attempts of a lookup that has no jobs; false: there is none (left). */
bool cprov_lookup_try_likely(struct cprov_lookup *l);
bool cprov_lookup_scan(struct cprov_lookup *l);
/* Asks the place itself once more after the index had nothing. */
bool cprov_lookup_ask_again(struct cprov_lookup *l);
/* Takes repositories from the index as long as few jobs wait. */
void cprov_lookup_fill(struct cprov_lookup *l);
/* What a scan has brought so far is to be in the index. */
void cprov_lookup_put_noted(struct cprov_lookup *l);
void cprov_lookup_clear(struct cprov_lookup *l);

/* --- catalog_job.c --- */

void cprov_lookup_add_job(struct cprov_lookup *l, const char *path,
                          const struct cprov_cache_repository *known);
void cprov_lookup_add_exact(struct cprov_lookup *l, const struct cprov_reference *exact);
void cprov_job_start(struct cprov_job *j);
void cprov_job_free(struct cprov_job *j);

/* --- catalog_details.c --- */

/* Fills the job's rows, from the index or from manifests; the job is ready afterwards. */
/* The repository's number in the index, when another process has read the document anew since it
 * was looked up; false: it is the same, or gone. */
bool cprov_job_look_up_again(struct cprov_job *j);
void cprov_job_start_details(struct cprov_job *j);
void cprov_job_ready(struct cprov_job *j);

#endif
