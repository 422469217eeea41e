/* catalog/cache/import.c - everything in a source anew, seen by others when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/error.h"
#include "base/hash.h"
#include "catalog/cache/cache_private.h"
#include "manifest/reference.h"

/* What is written as one change: enough to make it cheap, little enough to be kept in memory and to
 * let others write between two. */
#define BATCH       4096
#define BATCH_BYTES ((size_t)1 << 20) /* of texts */
#define LOCK_FILE   "catalog.import"
#define CLEAR_STEP  64 /* repositories that are thrown away at once */

/* One that is not written yet. */
struct waiting {
    struct cprov_entry entry;
    struct cprov_digest digest;
};

/*
 * The rows go to a source of a negative number of this import's own; commit renames. Who imports
 * holds a shared lock on a file beside the database; whoever gets it alone knows that nobody
 * imports, and that what is left below 0 is nobody's. Entries wait in memory until there are many:
 * whoever hands them over waits for a network, and no change to the index may be open meanwhile.
 */
struct cprov_cache_import {
    struct cprov_cache *ix;
    int64_t source, shadow;
    int lock; /* or -1 */
    char path[CPROV_NAME_MAX + 1];
    int64_t repository, base_words, words;
    bool incomplete;                /* one of the repository's versions is */
    char newest[CPROV_TAG_MAX + 1]; /* of them so far, or "" */
    struct waiting *waiting;        /* BATCH of them */
    size_t waiting_count, waiting_bytes;
    struct cprov_arena texts; /* of those that wait */
    uint64_t duplicates;
    bool over;
};

/* --- what is nobody's --- */

static int next_dead(struct cprov_cache *ix, int64_t below, int64_t *id, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    bool row;

    if (cprov_query_begin(ix, "SELECT id FROM repository WHERE source <= ? LIMIT 1", &q, err) < 0)
        return err->code;
    cprov_query_number(&q, below);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    *id = row ? cprov_query_get_number(&q, 0) : 0;
    return 0;
}

static int clear_some(struct cprov_cache *ix, bool *more, struct cprov_error *err)
{
    int64_t id = 1;

    for (int i = 0; i < CLEAR_STEP && id; i++)
        if (next_dead(ix, -1, &id, err) < 0 ||
            (id && cprov_cache_clear_repository(ix, id, err) < 0))
            return err->code;
    *more = id != 0;
    return 0;
}

static int clear_dead(struct cprov_cache *ix, struct cprov_error *err)
{
    bool more = true;

    while (more) {
        if (cprov_cache_begin(ix, err) < 0 ||
            cprov_cache_end(ix, clear_some(ix, &more, err), err) < 0)
            return err->code;
    }
    return 0;
}

/* A lock that failed to become exclusive is gone, as flock() has it. */
static bool is_alone(const struct cprov_cache_import *m)
{
    return m->ix->dir ? m->lock >= 0 && flock(m->lock, LOCK_EX | LOCK_NB) == 0
                      : m->ix->imports == 1;
}

/* Only who is alone: what is not cleared now is cleared by the next one. */
static int clean_up(struct cprov_cache_import *m, struct cprov_error *err)
{
    return is_alone(m) ? clear_dead(m->ix, err) : 0;
}

/* The same where it is no failure when something stays. */
static void try_to_clean_up(struct cprov_cache_import *m)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    int code = clean_up(m, &ignored);

    (void)code;
}

static int open_lock(struct cprov_cache_import *m, struct cprov_error *err)
{
    auto_fd int dir = -1;

    if (!m->ix->dir)
        return 0;
    if (cprov_fs_open_dir(AT_FDCWD, m->ix->dir, &dir, err) < 0)
        return err->code;
    m->lock = openat(dir, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return m->lock < 0 ? cprov_fail_os(err, errno, "%s/%s", m->ix->dir, LOCK_FILE) : 0;
}

static int stay_shared(struct cprov_cache_import *m, struct cprov_error *err)
{
    if (m->lock < 0)
        return 0;
    return cprov_fs_lock(m->lock, false, CPROV_LOCK_WAIT_MS, m->ix->options.cancel, err);
}

/* --- the life of an import --- */

int cprov_cache_import_begin(struct cprov_cache *ix, int64_t source,
                             struct cprov_cache_import **out, struct cprov_error *err)
{
    struct cprov_cache_import *m = calloc(1, sizeof(*m));
    uint32_t number = 0;

    if (!m)
        return cprov_fail_memory(err);
    m->ix = ix;
    ix->imports++;
    m->source = source;
    m->lock = -1;
    m->waiting = calloc(BATCH, sizeof(*m->waiting));
    int code = m->waiting ? open_lock(m, err) : cprov_fail_memory(err);
    if (code == 0)
        code = clean_up(m, err);
    if (code == 0)
        code = stay_shared(m, err);
    if (code == 0)
        code = cprov_random(&number, sizeof(number), err);
    m->shadow = -1 - (int64_t)number;
    if (code < 0)
        cprov_cache_import_free(m);
    else
        *out = m;
    return code;
}

/* --- one entry --- */

static int set_known(struct cprov_cache_import *m, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (!m->repository)
        return 0;
    if (cprov_query_begin(m->ix,
                          "UPDATE repository SET known = ?, newest = ?, checked = 1 WHERE id = ?",
                          &q, err) < 0)
        return err->code;
    cprov_query_number(&q, !m->incomplete);
    cprov_query_text(&q, m->newest);
    cprov_query_number(&q, m->repository);
    return cprov_query_run(&q, err);
}

static void keep_newest(struct cprov_cache_import *m, struct cprov_span version)
{
    size_t len = version.len <= CPROV_TAG_MAX ? version.len : 0;

    memcpy(m->newest, len ? version.ptr : "", len);
    m->newest[len] = '\0';
}

static int find_repository(struct cprov_cache_import *m, const char *path, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    bool row;

    m->repository = 0;
    *m->newest = '\0';
    if (cprov_query_begin(m->ix,
                          "SELECT id, words, newest FROM repository WHERE source = ? AND path = ?",
                          &q, err) < 0)
        return err->code;
    cprov_query_number(&q, m->shadow);
    cprov_query_text(&q, path);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    m->repository = row ? cprov_query_get_number(&q, 0) : 0;
    m->words = m->base_words = row ? cprov_query_get_number(&q, 1) : 0;
    if (row)
        keep_newest(m, cprov_query_get_text(&q, 2));
    return 0;
}

/* Entries of one image mostly follow each other. */
static int turn_to(struct cprov_cache_import *m, const struct cprov_entry *e,
                   struct cprov_error *err)
{
    if (m->repository && strcmp(m->path, e->repository) == 0)
        return 0;
    if (set_known(m, err) < 0 || find_repository(m, e->repository, err) < 0)
        return err->code;
    m->incomplete = false;
    (void)stpcpy(m->path, e->repository);
    if (m->repository)
        return 0;
    int code = cprov_cache_add_repository(m->ix, m->shadow, e->repository, e->name, &m->repository,
                                          &m->base_words, err);
    m->words = m->base_words;
    return code;
}

static int store(struct cprov_cache_import *m, const struct cprov_entry *e, struct cprov_error *err)
{
    struct cprov_cache_row row = { .repository = m->repository, .only_new = true };

    if (!cprov_entry_is_alias(e)) {
        m->incomplete = m->incomplete || !e->complete;
        if (cprov_cache_newer(m->newest, e->version) == e->version)
            keep_newest(m, cprov_span_of(e->version));
        if (cprov_cache_words(m->ix, m->repository, e, &m->words, err) < 0)
            return err->code;
        row.words = m->words;
    }
    if (cprov_cache_store_version(m->ix, &row, e, err) < 0)
        return err->code;
    if (cprov_sqlite.changes(m->ix->db) > 0)
        return 0;
    m->duplicates++;
    row.only_new = false;
    return cprov_cache_store_version(m->ix, &row, e, err);
}

/* --- the entries that wait --- */

static void clear_waiting(struct cprov_cache_import *m)
{
    cprov_arena_clear(&m->texts);
    m->waiting_count = m->waiting_bytes = 0;
}

static int store_waiting(struct cprov_cache_import *m, struct cprov_error *err)
{
    for (size_t i = 0; i < m->waiting_count; i++)
        if (turn_to(m, &m->waiting[i].entry, err) < 0 || store(m, &m->waiting[i].entry, err) < 0)
            return err->code;
    return 0;
}

static int write_waiting(struct cprov_cache_import *m, struct cprov_error *err)
{
    if (m->waiting_count == 0)
        return 0;
    int code = cprov_cache_begin(m->ix, err);
    if (code == 0)
        code = cprov_cache_end(m->ix, store_waiting(m, err), err);
    clear_waiting(m);
    return code;
}

/* Versions of one image have most texts in common: such a one is kept once. */
static void keep_text(struct cprov_cache_import *m, const char **text, const char *before)
{
    struct cprov_span s = cprov_span_of(*text);

    if (s.len && before && strcmp(before, *text) == 0) {
        *text = before;
        return;
    }
    *text = s.len ? cprov_arena_text(&m->texts, s) : NULL;
    m->waiting_bytes += s.len;
}

static int keep_waiting(struct cprov_cache_import *m, const struct cprov_entry *entry,
                        struct cprov_error *err)
{
    struct waiting *w = &m->waiting[m->waiting_count];
    struct cprov_entry *e = &w->entry;

    *e = *entry;
    const struct cprov_entry *last = m->waiting_count > 0 ? &w[-1].entry : NULL;
    for (size_t i = 0; i < CPROV_TEXTS; i++)
        keep_text(m, &e->texts[i], last ? last->texts[i] : NULL);
    if (e->digest) {
        w->digest = *e->digest;
        e->digest = &w->digest;
    }
    m->waiting_count++;
    return cprov_arena_check(&m->texts, err);
}

int cprov_cache_import_add(struct cprov_cache_import *m, const struct cprov_entry *entry,
                           struct cprov_error *err)
{
    if (cprov_entry_check(entry, err) < 0 || keep_waiting(m, entry, err) < 0)
        return err->code;
    return m->waiting_count == BATCH || m->waiting_bytes >= BATCH_BYTES ? write_waiting(m, err) : 0;
}

/* --- commit --- */

static int move(struct cprov_cache *ix, int64_t from, int64_t to, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, "UPDATE repository SET source = ? WHERE source = ?", &q, err) < 0)
        return err->code;
    cprov_query_number(&q, to);
    cprov_query_number(&q, from);
    return cprov_query_run(&q, err);
}

static int swap(struct cprov_cache_import *m, const char *validator, struct cprov_error *err)
{
    int64_t dead = m->shadow - ((int64_t)1 << 33); /* no shadow's number */

    if (set_known(m, err) < 0 || move(m->ix, m->source, dead, err) < 0 ||
        move(m->ix, m->shadow, m->source, err) < 0 ||
        cprov_cache_source_checked(m->ix, m->source, validator, err) < 0)
        return err->code;
    return cprov_sqlite.changes(m->ix->db) == 0 ? cprov_cache_fail_forgotten(err) : 0;
}

int cprov_cache_import_commit(struct cprov_cache_import *m, const char *validator,
                              uint64_t *duplicates, struct cprov_error *err)
{
    if (write_waiting(m, err) < 0 || cprov_cache_begin(m->ix, err) < 0 ||
        cprov_cache_end(m->ix, swap(m, validator, err), err) < 0)
        return err->code;
    m->over = true;
    *duplicates = m->duplicates;
    try_to_clean_up(m);
    return 0;
}

/* --- forgetting --- */

static int drop_source(struct cprov_cache *ix, int64_t source, int64_t dead,
                       struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (move(ix, source, dead, err) < 0 ||
        cprov_query_begin(ix, "DELETE FROM source WHERE id = ?", &q, err) < 0)
        return err->code;
    cprov_query_number(&q, source);
    return cprov_query_run(&q, err);
}

/* Like an import of nothing. */
int cprov_cache_forget(struct cprov_cache *ix, const char *key, struct cprov_error *err)
{
    struct cprov_cache_import *m = NULL;
    struct cprov_cache_source known;

    if (cprov_cache_source(ix, key, "", &known, err) < 0 ||
        cprov_cache_import_begin(ix, known.id, &m, err) < 0)
        return err->code;
    int code = cprov_cache_begin(ix, err);
    if (code == 0)
        code = cprov_cache_end(ix, drop_source(ix, known.id, m->shadow, err), err);
    cprov_cache_import_free(m);
    return code;
}

void cprov_cache_import_free(struct cprov_cache_import *m)
{
    if (!m)
        return;
    if (!m->over && !m->ix->damaged)
        try_to_clean_up(m);
    clear_waiting(m);
    m->ix->imports--;
    free(m->waiting);
    cprov_fd_close(&m->lock);
    free(m);
}
