/* catalog/search/job_private.h - one repository on its way through a search. */
#ifndef CPROV_CATALOG_SEARCH_JOB_PRIVATE_H
#define CPROV_CATALOG_SEARCH_JOB_PRIVATE_H

#include "base/arena.h"
#include "catalog/search/notes_private.h"

enum cprov_job_state { CPROV_JOB_WAITING, CPROV_JOB_LISTING, CPROV_JOB_DETAILS, CPROV_JOB_READY };

/* Jobs of one wanted name in one place, in the order of their rows. */
struct cprov_job_queue {
    struct cprov_search_context *search;
    const struct cprov_wanted *wanted;
    struct cprov_site *site;        /* NULL: an exact repository */
    struct cprov_job *first, *last; /* not yet emitted */
    size_t waiting;                 /* jobs that have not begun */
    size_t held;                    /* jobs that have, and are not yet emitted */
    struct cprov_notes notes;       /* of the scan that feeds it */
};

/* A version as a listing told it; entry only where that is more than its name. */
struct cprov_told {
    const char *version;
    const struct cprov_entry *entry;
};

/* Small while it waits: there may be as many as a registry has repositories. */
struct cprov_job {
    struct cprov_job_queue *queue;
    struct cprov_job *next;
    enum cprov_job_state state;
    int code;
    const char *path;                    /* of the repository */
    const struct cprov_reference *exact; /* a reference that is known whole; else NULL */
    struct cprov_arena arena;
    struct cprov_error *err; /* in the arena once it runs */
    struct cprov_reference *repository;
    const char *shown;  /* name that the source gives it, or "" */
    const char *newest; /* of the versions in the cache, or "" */
    int64_t id;         /* in the cache; 0: not there */
    int64_t checked;    /* when its versions were listed */
    bool from_cache, stale;
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

void cprov_job_add(struct cprov_job_queue *q, const char *path,
                   const struct cprov_cache_repository *known);
void cprov_job_add_exact(struct cprov_job_queue *q, const struct cprov_reference *exact);
void cprov_job_free(struct cprov_job *j);

/* NULL: an exact repository. */
const struct cprov_place *cprov_job_place(const struct cprov_job *j);
const struct cprov_source_kind *cprov_job_kind(const struct cprov_job *j);

/* Looks the repository up in the cache unless its number came with it. */
void cprov_job_look_up(struct cprov_job *j);
/* Its number in the cache, when another process has read the document anew since it was looked up;
 * false: it is the same, or gone. */
bool cprov_job_look_up_again(struct cprov_job *j);

/* A version that was told, and a text of it; false, NULL: no memory. */
bool cprov_job_tell(struct cprov_job *j, const char *version, const struct cprov_entry *entry);
const char *cprov_job_keep(struct cprov_job *j, const char *text);
void cprov_job_forget_told(struct cprov_job *j);

/* A row for each version, with nothing but its name. */
CPROV_MUST_CHECK
int cprov_job_rows(struct cprov_job *j, const char *const *versions, size_t count);

/* The first failure counts. */
void cprov_job_fail(struct cprov_job *j, int code, const struct cprov_error *err);
/* It is through: its rows may leave. */
void cprov_job_ready(struct cprov_job *j);

#endif
