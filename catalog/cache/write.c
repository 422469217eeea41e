/* catalog/cache/write.c - sources, scans and versions as they are learnt, a repository at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/grow.h"
#include "catalog/cache/cache_private.h"

/* --- sources --- */

static int read_source(struct cprov_cache *ix, const char *key, struct cprov_cache_source *out,
                       struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    bool row;

    *out = (struct cprov_cache_source){ 0 };
    if (cprov_query_begin(ix, "SELECT id, checked, validator FROM source WHERE key = ?", &q, err) <
        0)
        return err->code;
    cprov_query_text(&q, key);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    if (!row)
        return 0;
    struct cprov_span validator = cprov_query_get_text(&q, 2);
    out->id = cprov_query_get_number(&q, 0);
    out->checked = cprov_query_get_number(&q, 1);
    if (validator.len <= CPROV_VALIDATOR_MAX)
        memcpy(out->validator, validator.len ? validator.ptr : "", validator.len);
    return 0;
}

static int add_source(struct cprov_cache *ix, const char *key, const char *host,
                      struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, "INSERT OR IGNORE INTO source(key, host) VALUES(?, ?)", &q, err) < 0)
        return err->code;
    cprov_query_text(&q, key);
    cprov_query_span(&q, cprov_span_of(host));
    return cprov_query_run(&q, err);
}

int cprov_cache_source(struct cprov_cache *ix, const char *key, const char *host,
                       struct cprov_cache_source *out, struct cprov_error *err)
{
    if (read_source(ix, key, out, err) < 0)
        return err->code;
    if (out->id)
        return 0;
    if (add_source(ix, key, host, err) < 0)
        return err->code;
    return read_source(ix, key, out, err);
}

int cprov_cache_source_checked(struct cprov_cache *ix, int64_t source, const char *validator,
                               struct cprov_error *err)
{
    static const char sql[] = "UPDATE source SET checked = ?, validator = CASE WHEN ? THEN ? ELSE "
                              "validator END WHERE id = ?";
    auto_query struct cprov_query q = { 0 };
    struct cprov_span text = cprov_span_of(validator);

    if (text.len > CPROV_VALIDATOR_MAX)
        text.len = 0;
    if (cprov_query_begin(ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, cprov_time_now());
    cprov_query_number(&q, validator != NULL);
    cprov_query_span(&q, text);
    cprov_query_number(&q, source);
    return cprov_query_run(&q, err);
}

/* --- scans --- */

int cprov_cache_scan_begin(struct cprov_cache *ix, int64_t source, int64_t *scan,
                           struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    bool row;

    if (cprov_query_begin(ix, "UPDATE source SET scan = scan + 1 WHERE id = ? RETURNING scan", &q,
                          err) < 0)
        return err->code;
    cprov_query_number(&q, source);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    if (!row)
        return cprov_fail(err, CPROV_EFAIL, "the source was removed from the cache");
    *scan = cprov_query_get_number(&q, 0);
    return cprov_query_step(&q, &row, err); /* the change is made when the rows are read */
}

static int mark_seen(struct cprov_cache *ix, int64_t source, int64_t scan, const char *path,
                     bool *there, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix,
                          "UPDATE repository SET scan = max(scan, ?) WHERE source = ? AND path = ?",
                          &q, err) < 0)
        return err->code;
    cprov_query_number(&q, scan);
    cprov_query_number(&q, source);
    cprov_query_text(&q, path);
    if (cprov_query_run(&q, err) < 0)
        return err->code;
    *there = cprov_sqlite.changes(ix->db) > 0;
    return 0;
}

static int note_repository(struct cprov_cache *ix, int64_t source, int64_t scan, const char *path,
                           struct cprov_error *err)
{
    bool there = false;
    int64_t id, words;

    if (mark_seen(ix, source, scan, path, &there, err) < 0)
        return err->code;
    if (there)
        return 0;
    if (cprov_cache_add_repository(ix, source, path, NULL, &id, &words, err) < 0)
        return err->code;
    return mark_seen(ix, source, scan, path, &there, err);
}

int cprov_cache_scan_note(struct cprov_cache *ix, int64_t source, int64_t scan,
                          const char *const *paths, size_t count, struct cprov_error *err)
{
    int code = 0;

    if (cprov_cache_begin(ix, err) < 0)
        return err->code;
    for (size_t i = 0; i < count && code == 0; i++)
        code = note_repository(ix, source, scan, paths[i], err);
    return cprov_cache_end(ix, code, err);
}

/* One repository that a later scan has not seen; *id 0: none is left. */
static int find_unseen(struct cprov_cache *ix, int64_t source, int64_t scan, int64_t *id,
                       struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    bool row;

    if (cprov_query_begin(ix, "SELECT id FROM repository WHERE source = ? AND scan < ? LIMIT 1", &q,
                          err) < 0)
        return err->code;
    cprov_query_number(&q, source);
    cprov_query_number(&q, scan);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    *id = row ? cprov_query_get_number(&q, 0) : 0;
    return 0;
}

static int clear_unseen(struct cprov_cache *ix, int64_t source, int64_t scan,
                        struct cprov_error *err)
{
    int64_t id = 1;

    while (id) {
        if (find_unseen(ix, source, scan, &id, err) < 0 ||
            (id && cprov_cache_clear_repository(ix, id, err) < 0))
            return err->code;
    }
    return cprov_cache_source_checked(ix, source, NULL, err);
}

int cprov_cache_scan_end(struct cprov_cache *ix, int64_t source, int64_t scan, bool whole,
                         struct cprov_error *err)
{
    if (!whole)
        return 0;
    if (cprov_cache_begin(ix, err) < 0)
        return err->code;
    return cprov_cache_end(ix, clear_unseen(ix, source, scan, err), err);
}

/* --- the versions of a repository --- */

struct known_repository {
    int64_t id, fingerprint, words;
};

static int read_repository(struct cprov_cache *ix, int64_t source, const char *path,
                           struct known_repository *out, struct cprov_error *err)
{
    static const char sql[] =
        "SELECT id, fingerprint, words FROM repository WHERE source = ? AND path = ?";
    auto_query struct cprov_query q = { 0 };
    bool row;

    *out = (struct known_repository){ 0 };
    if (cprov_query_begin(ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, source);
    cprov_query_text(&q, path);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    if (!row)
        return 0;
    out->id = cprov_query_get_number(&q, 0);
    out->fingerprint = cprov_query_get_number(&q, 1);
    out->words = cprov_query_get_number(&q, 2);
    return 0;
}

/* With its end, so that two texts in a row are not another two. */
static void mix(uint64_t *h, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i <= len; i++)
        *h = (*h ^ (i < len ? p[i] : 0xffu)) * 0x100000001b3u;
}

static void mix_entry(uint64_t *h, const struct cprov_entry *e)
{
    mix(h, e->digest ? e->digest->raw : NULL, e->digest ? sizeof(e->digest->raw) : 0);
    for (size_t i = CPROV_TEXT_NAMES; i < CPROV_TEXTS; i++)
        mix(h, e->texts[i], e->texts[i] ? strlen(e->texts[i]) : 0);
}

/* Of the whole list as it came: FNV-1a. Equal lists, which is nearly all of them, cost one look. */
static int64_t fingerprint_of(const struct cprov_cache_version *list, size_t count)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < count; i++) {
        mix(&h, list[i].version, strlen(list[i].version));
        if (list[i].entry)
            mix_entry(&h, list[i].entry);
        mix(&h, NULL, 0);
    }
    return (int64_t)(h >> 1);
}

static int by_version(const void *a, const void *b)
{
    const struct cprov_cache_version *const *x = a, *const *y = b;

    return strcmp((*x)->version, (*y)->version);
}

/* What is to become of the versions that are there: a walk over both lists, each in order. */
struct merge {
    const struct cprov_cache_version **list; /* in order; NULL where the row that is there stays */
    size_t count, at;
    const char **gone;
    size_t gone_count, gone_room;
    bool had_words; /* of their own: some that go or change */
    struct cprov_arena arena;
};

struct merged_row {
    struct cprov_span version, digest;
    bool alias, own_words;
};

static bool stays(const struct cprov_cache_version *v, struct cprov_span digest, bool alias)
{
    struct cprov_digest had;

    if (alias || (v->entry && cprov_entry_is_alias(v->entry)))
        return false;
    if (!v->entry || !v->entry->digest)
        return true;
    return cprov_cache_read_digest(digest, &had) && cprov_digest_equal(&had, v->entry->digest);
}

static int note_gone(struct merge *m, struct cprov_span version, struct cprov_error *err)
{
    if (cprov_grow(&m->gone, &m->gone_room, m->gone_count, sizeof(const char *), CPROV_LIST_MAX,
                   err) < 0)
        return err->code;
    m->gone[m->gone_count++] = cprov_arena_text(&m->arena, version);
    return cprov_arena_check(&m->arena, err);
}

static int merge_row(struct merge *m, const struct merged_row *row, struct cprov_error *err)
{
    while (m->at < m->count &&
           cprov_span_compare(cprov_span_of(m->list[m->at]->version), row->version) < 0)
        m->at++;
    bool there =
        m->at < m->count && cprov_span_equal(cprov_span_of(m->list[m->at]->version), row->version);
    bool same = there && stays(m->list[m->at], row->digest, row->alias);
    m->had_words = m->had_words || (!same && row->own_words);
    if (!there)
        return note_gone(m, row->version, err);
    for (bool twice = true; twice; m->at++) {
        twice = m->at + 1 < m->count &&
                strcmp(m->list[m->at]->version, m->list[m->at + 1]->version) == 0;
        if (same)
            m->list[m->at] = NULL;
    }
    return 0;
}

static int merge_rows(struct cprov_cache *ix, const struct known_repository *r, struct merge *m,
                      struct cprov_error *err)
{
    static const char sql[] =
        "SELECT version, digest, alias IS NOT NULL, words IS NOT ? FROM version "
        "WHERE repository = ? ORDER BY version";
    auto_query struct cprov_query q = { 0 };
    bool row;

    if (cprov_query_begin(ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, r->words);
    cprov_query_number(&q, r->id);
    for (;;) {
        if (cprov_query_step(&q, &row, err) < 0)
            return err->code;
        if (!row)
            return 0;
        struct merged_row had = { .version = cprov_query_get_text(&q, 0),
                                  .digest = cprov_query_get_text(&q, 1),
                                  .alias = cprov_query_get_number(&q, 2) != 0,
                                  .own_words = cprov_query_get_number(&q, 3) != 0 };
        if (merge_row(m, &had, err) < 0)
            return err->code;
    }
}

static int drop_version(struct cprov_cache *ix, int64_t repository, const char *version,
                        struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, "DELETE FROM version WHERE repository = ? AND version = ?", &q, err) <
        0)
        return err->code;
    cprov_query_number(&q, repository);
    cprov_query_text(&q, version);
    return cprov_query_run(&q, err);
}

static int store_listed(struct cprov_cache *ix, struct known_repository *r,
                        const struct cprov_cache_version *v, struct cprov_error *err)
{
    struct cprov_entry e = v->entry ? *v->entry : (struct cprov_entry){ 0 };
    struct cprov_cache_row row = { .repository = r->id, .words = r->words };

    e.version = v->version;
    if (v->entry && !cprov_entry_is_alias(&e) &&
        cprov_cache_words(ix, r->id, &e, &row.words, err) < 0)
        return err->code;
    if (e.digest || e.complete)
        row.checked = row.changed = cprov_time_now();
    return cprov_cache_store_version(ix, &row, &e, err);
}

static int store_merged(struct cprov_cache *ix, struct known_repository *r, const struct merge *m,
                        struct cprov_error *err)
{
    for (size_t i = 0; i < m->gone_count; i++)
        if (drop_version(ix, r->id, m->gone[i], err) < 0)
            return err->code;
    for (size_t i = 0; i < m->count; i++)
        if (m->list[i] && store_listed(ix, r, m->list[i], err) < 0)
            return err->code;
    return m->had_words ? cprov_cache_words_tidy(ix, r->id, err) : 0;
}

static int update_versions(struct cprov_cache *ix, struct known_repository *r,
                           const struct cprov_cache_version *list, size_t count,
                           struct cprov_error *err)
{
    struct merge m = { .list = calloc(count + 1, sizeof(*m.list)) };

    if (!m.list)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < count; i++)
        m.list[m.count++] = &list[i];
    qsort(m.list, m.count, sizeof(*m.list), by_version);
    int code = merge_rows(ix, r, &m, err);
    if (code == 0)
        code = store_merged(ix, r, &m, err);
    cprov_arena_clear(&m.arena);
    free(m.gone);
    free(m.list);
    return code;
}

static bool all_complete(const struct cprov_cache_version *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!list[i].entry || (!list[i].entry->complete && !cprov_entry_is_alias(list[i].entry)))
            return false;
    return true;
}

static const char *newest_of(const struct cprov_cache_version *list, size_t count)
{
    const char *newest = NULL;

    for (size_t i = 0; i < count; i++)
        if (!list[i].entry || !cprov_entry_is_alias(list[i].entry))
            newest = cprov_cache_newer(newest, list[i].version);
    return newest;
}

/* That the list was looked at now. */
static int set_checked(struct cprov_cache *ix, int64_t repository, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, "UPDATE repository SET checked = ? WHERE id = ?", &q, err) < 0)
        return err->code;
    cprov_query_number(&q, cprov_time_now());
    cprov_query_number(&q, repository);
    return cprov_query_run(&q, err);
}

static int set_listed(struct cprov_cache *ix, int64_t repository, int64_t fingerprint,
                      const struct cprov_cache_version *list, size_t count, struct cprov_error *err)
{
    static const char sql[] = "UPDATE repository SET checked = ?, fingerprint = ?, known = ?, "
                              "newest = ? WHERE id = ?";
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, cprov_time_now());
    cprov_query_number(&q, fingerprint);
    cprov_query_number(&q, all_complete(list, count));
    cprov_query_text(&q, newest_of(list, count));
    cprov_query_number(&q, repository);
    return cprov_query_run(&q, err);
}

static int put_versions(struct cprov_cache *ix, int64_t source, const char *path,
                        const struct cprov_cache_version *list, size_t count, int64_t *out,
                        struct cprov_error *err)
{
    int64_t fingerprint = fingerprint_of(list, count);
    struct known_repository r;

    if (read_repository(ix, source, path, &r, err) < 0)
        return err->code;
    if (!r.id && cprov_cache_add_repository(ix, source, path, NULL, &r.id, &r.words, err) < 0)
        return err->code;
    *out = r.id;
    if (r.fingerprint == fingerprint)
        return set_checked(ix, r.id, err);
    if (update_versions(ix, &r, list, count, err) < 0)
        return err->code;
    return set_listed(ix, r.id, fingerprint, list, count, err);
}

int cprov_cache_put_versions(struct cprov_cache *ix, int64_t source, const char *path,
                             const struct cprov_cache_version *list, size_t count, int64_t *out,
                             struct cprov_error *err)
{
    if (cprov_cache_begin(ix, err) < 0)
        return err->code;
    return cprov_cache_end(ix, put_versions(ix, source, path, list, count, out, err), err);
}

/* --- details --- */

struct known_version {
    bool there, has_digest;
    struct cprov_digest digest;
    int64_t changed, words;
};

static int read_version(struct cprov_cache *ix, int64_t repository, const char *version,
                        struct known_version *out, struct cprov_error *err)
{
    static const char sql[] =
        "SELECT v.version IS NOT NULL, v.digest, v.changed, coalesce(v.words, r.words) "
        "FROM repository r LEFT JOIN version v ON v.repository = r.id AND v.version = ? "
        "WHERE r.id = ?";
    auto_query struct cprov_query q = { 0 };
    bool row;

    *out = (struct known_version){ 0 };
    if (cprov_query_begin(ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_text(&q, version);
    cprov_query_number(&q, repository);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    if (!row)
        return cprov_fail(err, CPROV_ENOTFOUND, "not in the cache");
    out->there = cprov_query_get_number(&q, 0) != 0;
    out->has_digest = cprov_cache_read_digest(cprov_query_get_text(&q, 1), &out->digest);
    out->changed = cprov_query_get_number(&q, 2);
    out->words = cprov_query_get_number(&q, 3);
    return 0;
}

/* Since when a tag leads where it leads: what is seen for the first time may be so since the image
 * was made. */
static int64_t changed_at(const struct known_version *had, const struct cprov_listing *row)
{
    int64_t now = cprov_time_now(), created;

    if (had->has_digest && row->reference.has_digest)
        return cprov_digest_equal(&had->digest, &row->reference.digest) && had->changed
                   ? had->changed
                   : now;
    return cprov_time_parse(cprov_span_of(row->entry.created), &created) && created > 0 &&
                   created < now
               ? created
               : now;
}

/* A version that no list has told may be the newest. */
static int set_known(struct cprov_cache *ix, int64_t repository, bool listed,
                     struct cprov_error *err)
{
    static const char there[] = "UPDATE repository SET known = 1 WHERE id = ? AND known = 0";
    static const char added[] = "UPDATE repository SET known = 1, newest = NULL WHERE id = ?";
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, listed ? there : added, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, repository);
    return cprov_query_run(&q, err);
}

static int put_details(struct cprov_cache *ix, int64_t repository, const struct cprov_listing *l,
                       struct cprov_error *err)
{
    struct known_version had;
    struct cprov_entry e = l->entry;

    e.digest = l->reference.has_digest ? &l->reference.digest : NULL;
    e.complete = true;
    if (read_version(ix, repository, e.version, &had, err) < 0)
        return err->code;
    struct cprov_cache_row row = { .repository = repository,
                                   .words = had.words,
                                   .checked = cprov_time_now(),
                                   .changed = changed_at(&had, l) };

    if (cprov_cache_words(ix, repository, &e, &row.words, err) < 0 ||
        cprov_cache_store_version(ix, &row, &e, err) < 0 ||
        (had.words != row.words && cprov_cache_words_left(ix, repository, had.words, err) < 0))
        return err->code;
    return set_known(ix, repository, had.there, err);
}

int cprov_cache_put_details(struct cprov_cache *ix, int64_t repository,
                            const struct cprov_listing *row, struct cprov_error *err)
{
    if (cprov_cache_begin(ix, err) < 0)
        return err->code;
    return cprov_cache_end(ix, put_details(ix, repository, row, err), err);
}

int cprov_cache_put_checked(struct cprov_cache *ix, int64_t repository, const char *version,
                            struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, "UPDATE version SET checked = ? WHERE repository = ? AND version = ?",
                          &q, err) < 0)
        return err->code;
    cprov_query_number(&q, cprov_time_now());
    cprov_query_number(&q, repository);
    cprov_query_text(&q, version);
    return cprov_query_run(&q, err);
}
