/* catalog/cache/rows.c - repositories as rows, and the texts that rows share. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/version.h"
#include "catalog/cache/cache_private.h"

const char *cprov_cache_leaf(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

const char *cprov_cache_newer(const char *a, const char *b)
{
    const char *const both[] = { a, b };

    if (b && cprov_version_is_attachment(cprov_span_of(b)))
        return a;
    if (!a || !*a || !b || !*b)
        return a && *a ? a : b;
    return both[cprov_version_newest(both, 2)];
}

/* --- texts that are kept once --- */

static int find_text(struct cprov_cache *ix, const char *text, int64_t *id, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    bool row;

    if (cprov_query_begin(ix, "SELECT id FROM text WHERE text = ?", &q, err) < 0)
        return err->code;
    cprov_query_text(&q, text);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    *id = row ? cprov_query_get_number(&q, 0) : 0;
    return 0;
}

static int add_text(struct cprov_cache *ix, const char *text, int64_t *id, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, "INSERT INTO text(text) VALUES(?)", &q, err) < 0)
        return err->code;
    cprov_query_text(&q, text);
    if (cprov_query_run(&q, err) < 0)
        return err->code;
    *id = cprov_sqlite.last_insert_rowid(ix->db);
    return 0;
}

static void remember_text(struct cprov_cache *ix, const char *text, int64_t id)
{
    struct cprov_cache_text *slot = &ix->texts[ix->texts_next++ % CPROV_CACHE_TEXTS];

    free(slot->text);
    *slot = (struct cprov_cache_text){ .text = strdup(text), .id = id };
}

int cprov_cache_text_id(struct cprov_cache *ix, const char *text, int64_t *id,
                        struct cprov_error *err)
{
    *id = 0;
    if (!text || !*text)
        return 0;
    for (size_t i = 0; i < CPROV_CACHE_TEXTS; i++)
        if (ix->texts[i].id && ix->texts[i].text && strcmp(ix->texts[i].text, text) == 0) {
            *id = ix->texts[i].id;
            return 0;
        }
    if (find_text(ix, text, id, err) < 0 || (*id == 0 && add_text(ix, text, id, err) < 0))
        return err->code;
    remember_text(ix, text, *id);
    return 0;
}

/* --- words --- */

static int has_texts(struct cprov_cache *ix, const struct cprov_entry *t, int64_t id, bool *has,
                     struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    bool row;

    *has = false;
    if (cprov_query_begin(ix, "SELECT description, publisher, title FROM words WHERE rowid = ?", &q,
                          err) < 0)
        return err->code;
    cprov_query_number(&q, id);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    *has = row && cprov_span_equal(cprov_query_get_text(&q, 0), cprov_span_of(t->description)) &&
           cprov_span_equal(cprov_query_get_text(&q, 1), cprov_span_of(t->publisher)) &&
           cprov_span_equal(cprov_query_get_text(&q, 2), cprov_span_of(t->title));
    return 0;
}

/* Both of its names are searched. */
static int add_words(struct cprov_cache *ix, int64_t repository, const struct cprov_entry *t,
                     int64_t id, struct cprov_error *err)
{
    static const char sql[] =
        "INSERT INTO words(name, description, publisher, title, rowid) "
        "SELECT coalesce(name || ' ', '') || path, ?, ?, ?, ? FROM repository WHERE id = ?";
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_span(&q, cprov_span_of(t->description));
    cprov_query_span(&q, cprov_span_of(t->publisher));
    cprov_query_span(&q, cprov_span_of(t->title));
    cprov_query_number(&q, id);
    cprov_query_number(&q, repository);
    return cprov_query_run(&q, err);
}

/* A statement with one number. */
static int run_with(struct cprov_cache *ix, const char *sql, int64_t number,
                    struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, number);
    return cprov_query_run(&q, err);
}

int cprov_cache_words(struct cprov_cache *ix, int64_t repository, const struct cprov_entry *texts,
                      int64_t *id, struct cprov_error *err)
{
    bool has = false;

    if (*id && has_texts(ix, texts, *id, &has, err) < 0)
        return err->code;
    if (has)
        return 0;
    if (run_with(ix, "INSERT INTO words_of(repository) VALUES(?)", repository, err) < 0)
        return err->code;
    *id = cprov_sqlite.last_insert_rowid(ix->db);
    return add_words(ix, repository, texts, *id, err);
}

static int words_used(struct cprov_cache *ix, int64_t repository, int64_t id, bool *used,
                      struct cprov_error *err)
{
    static const char sql[] =
        "SELECT 1 FROM version WHERE repository = ?1 AND words = ?2 UNION ALL "
        "SELECT 1 FROM repository WHERE id = ?1 AND words = ?2 LIMIT 1";
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, repository);
    cprov_query_number(&q, id);
    return cprov_query_step(&q, used, err);
}

int cprov_cache_words_left(struct cprov_cache *ix, int64_t repository, int64_t id,
                           struct cprov_error *err)
{
    bool used = true;

    if (id && words_used(ix, repository, id, &used, err) < 0)
        return err->code;
    if (used)
        return 0;
    if (run_with(ix, "DELETE FROM words WHERE rowid = ?", id, err) < 0)
        return err->code;
    return run_with(ix, "DELETE FROM words_of WHERE id = ?", id, err);
}

int cprov_cache_words_tidy(struct cprov_cache *ix, int64_t repository, struct cprov_error *err)
{
#define UNUSED                                                                                     \
    "SELECT id FROM words_of WHERE repository = ?1 AND id NOT IN (SELECT words FROM version "      \
    "WHERE repository = ?1 AND words > 0 UNION SELECT words FROM repository WHERE id = ?1)"
    if (run_with(ix, "DELETE FROM words WHERE rowid IN (" UNUSED ")", repository, err) < 0)
        return err->code;
    return run_with(ix, "DELETE FROM words_of WHERE id IN (" UNUSED ")", repository, err);
#undef UNUSED
}

/* --- repositories --- */

int cprov_cache_clear_repository(struct cprov_cache *ix, int64_t repository,
                                 struct cprov_error *err)
{
    static const char *const all[] = {
        "DELETE FROM words WHERE rowid IN (SELECT id FROM words_of WHERE repository = ?)",
        "DELETE FROM words_of WHERE repository = ?",
        "DELETE FROM version WHERE repository = ?",
        "DELETE FROM repository WHERE id = ?",
    };

    for (size_t i = 0; i < CPROV_COUNT(all); i++)
        if (run_with(ix, all[i], repository, err) < 0)
            return err->code;
    return 0;
}

static int insert_repository(struct cprov_cache *ix, int64_t source, const char *path,
                             const char *name, struct cprov_error *err)
{
    static const char sql[] =
        "INSERT INTO repository(source, path, leaf, name) SELECT ?1, ?2, ?3, ?4 "
        "WHERE ?1 < 0 OR EXISTS (SELECT 1 FROM source WHERE id = ?1)";
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, source);
    cprov_query_text(&q, path);
    cprov_query_text(&q, cprov_cache_leaf(path));
    cprov_query_text(&q, name);
    if (cprov_query_run(&q, err) < 0)
        return err->code;
    return cprov_sqlite.changes(ix->db) == 0 ? cprov_cache_fail_forgotten(err) : 0;
}

int cprov_cache_add_repository(struct cprov_cache *ix, int64_t source, const char *path,
                               const char *name, int64_t *id, int64_t *words,
                               struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    *words = 0;
    if (insert_repository(ix, source, path, name, err) < 0)
        return err->code;
    *id = cprov_sqlite.last_insert_rowid(ix->db);
    if (cprov_cache_words(ix, *id, &(struct cprov_entry){ 0 }, words, err) < 0 ||
        cprov_query_begin(ix, "UPDATE repository SET words = ? WHERE id = ?", &q, err) < 0)
        return err->code;
    cprov_query_number(&q, *words);
    cprov_query_number(&q, *id);
    return cprov_query_run(&q, err);
}
