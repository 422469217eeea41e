/* catalog/cache/version_row.c - one version as a row of the cache, written and read by its table.
 */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "catalog/cache/cache_private.h"

/* How a text is kept: by itself; as the number of one that many rows share; as a number of seconds
 * or the bytes of a digest, where the text can be made of it again; or in `words`. */
enum form { NONE, PLAIN, SHARED, TIME, DIGEST, WORDS };

static const enum form forms[CPROV_TEXTS] = {
#define FORM(id, member, key, shape, dialects, form) [CPROV_TEXT_##id] = form,
    CPROV_ENTRY_TEXTS(FORM)
#undef FORM
};

#define COLUMN_NONE(column)
#define COLUMN_PLAIN(column)  ", " column " TEXT"
#define COLUMN_SHARED(column) ", " column " INTEGER"
#define COLUMN_TIME(column)   ", " column
#define COLUMN_DIGEST(column) ", " column " BLOB"
#define COLUMN_WORDS(column)
#define COLUMN(id, member, key, shape, dialects, form) COLUMN_##form(#member)

const char cprov_cache_version_table[] =
    "CREATE TABLE version(repository INTEGER NOT NULL, version TEXT NOT NULL, flags INTEGER NOT "
    "NULL, checked INTEGER, changed INTEGER, digest BLOB, bytes INTEGER, "
    "words INTEGER" CPROV_ENTRY_TEXTS(COLUMN) ", PRIMARY KEY(repository, version)) WITHOUT ROWID;";

/* --- written --- */

/* A time is kept as a number when its text can be made of it again. */
static void bind_time(struct cprov_query *q, const char *text)
{
    char again[CPROV_TIME_TEXT_MAX];
    int64_t t;

    if (text && cprov_time_parse(cprov_span_of(text), &t) &&
        strcmp(cprov_time_format(t, again), text) == 0)
        cprov_query_number(q, t);
    else
        cprov_query_text(q, text);
}

static void bind_number_or_null(struct cprov_query *q, int64_t n)
{
    if (n)
        cprov_query_number(q, n);
    else
        cprov_query_null(q);
}

static size_t digest_size(const struct cprov_digest *digest)
{
    return digest->algo == CPROV_SHA512 ? 64 : 32;
}

/* A digest is its algorithm's number and its bytes. */
static void bind_digest(struct cprov_query *q, const struct cprov_digest *digest,
                        uint8_t room[CPROV_DIGEST_RAW_MAX + 1])
{
    if (!digest) {
        cprov_query_null(q);
        return;
    }
    room[0] = (uint8_t)digest->algo;
    memcpy(room + 1, digest->raw, digest_size(digest));
    cprov_query_bytes(q, room, digest_size(digest) + 1);
}

bool cprov_cache_read_digest(struct cprov_span bytes, struct cprov_digest *out)
{
    struct cprov_digest d = { .algo = CPROV_SHA256 };

    if (bytes.len == 0 || (bytes.ptr[0] != CPROV_SHA256 && bytes.ptr[0] != CPROV_SHA512))
        return false;
    d.algo = bytes.ptr[0] == CPROV_SHA512 ? CPROV_SHA512 : CPROV_SHA256;
    if (bytes.len != digest_size(&d) + 1)
        return false;
    memcpy(d.raw, bytes.ptr + 1, bytes.len - 1);
    *out = d;
    return true;
}

#define INTO_NONE(column)
#define INTO_PLAIN(column)  ", " column
#define INTO_SHARED(column) ", " column
#define INTO_TIME(column)   ", " column
#define INTO_DIGEST(column) ", " column
#define INTO_WORDS(column)
#define INTO(id, member, key, shape, dialects, form) INTO_##form(#member)
#define VALUE_NONE
#define VALUE_PLAIN  ", ?"
#define VALUE_SHARED ", ?"
#define VALUE_TIME   ", ?"
#define VALUE_DIGEST ", ?"
#define VALUE_WORDS
#define VALUE(id, member, key, shape, dialects, form) VALUE_##form
#define COLUMNS                                                                                    \
    " INTO version(repository, version, flags, checked, changed, digest, bytes, "                  \
    "words" CPROV_ENTRY_TEXTS(INTO) ") VALUES(?, ?, ?, ?, ?, ?, ?, ?" CPROV_ENTRY_TEXTS(VALUE) ")"

/* What is bound stays until the statement is stepped. */
struct bound {
    int64_t shared[CPROV_TEXTS];
    uint8_t digest[CPROV_TEXTS][CPROV_DIGEST_RAW_MAX + 1];
};

static int find_shared(struct cprov_cache *ix, const struct cprov_entry *e, struct bound *b,
                       struct cprov_error *err)
{
    for (size_t i = 0; i < CPROV_TEXTS; i++)
        if (forms[i] == SHARED && cprov_cache_text_id(ix, e->texts[i], &b->shared[i], err) < 0)
            return err->code;
    return 0;
}

static void bind_text(struct cprov_query *q, const struct cprov_entry *e, size_t i, struct bound *b)
{
    const char *text = e->texts[i];
    struct cprov_digest digest;

    switch (forms[i]) {
    case PLAIN:
        cprov_query_text(q, text);
        return;
    case SHARED:
        bind_number_or_null(q, b->shared[i]);
        return;
    case TIME:
        bind_time(q, text);
        return;
    case DIGEST:
        bind_digest(
            q, text && cprov_digest_parse(cprov_span_of(text), &digest, NULL) == 0 ? &digest : NULL,
            b->digest[i]);
        return;
    case NONE:
    case WORDS:
        return;
    }
}

int cprov_cache_store_version(struct cprov_cache *ix, const struct cprov_cache_row *row,
                              const struct cprov_entry *e, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    uint8_t digest[CPROV_DIGEST_RAW_MAX + 1];
    struct bound bound;

    if (find_shared(ix, e, &bound, err) < 0 ||
        cprov_query_begin(ix, row->only_new ? "INSERT OR IGNORE" COLUMNS : "REPLACE" COLUMNS, &q,
                          err) < 0)
        return err->code;
    cprov_query_number(&q, row->repository);
    cprov_query_text(&q, e->version);
    cprov_query_number(&q, (int64_t)e->kind << CPROV_CACHE_KIND | (e->is_os ? CPROV_CACHE_OS : 0) |
                               (e->complete ? CPROV_CACHE_COMPLETE : 0));
    bind_number_or_null(&q, row->checked);
    bind_number_or_null(&q, row->changed);
    bind_digest(&q, e->digest, digest);
    bind_number_or_null(&q, (int64_t)e->bytes);
    bind_number_or_null(&q, row->words);
    for (size_t i = 0; i < CPROV_TEXTS; i++)
        bind_text(&q, e, i, &bound);
    return cprov_query_run(&q, err);
}

/* --- read --- */

enum { FLAGS, CHECKED, CHANGED, OWN_DIGEST, BYTES, FIRST_TEXT };

#define FROM_NONE(column)                            ", NULL"
#define FROM_PLAIN(column)                           ", v." column
#define FROM_SHARED(column)                          ", (SELECT text FROM text WHERE id = v." column ")"
#define FROM_TIME(column)                            ", v." column
#define FROM_DIGEST(column)                          ", v." column
#define FROM_WORDS(column)                           ", w." column
#define FROM(id, member, key, shape, dialects, form) FROM_##form(#member)

/* As it was, or "". */
static const char *text_of(const struct cprov_query *q, size_t i, struct cprov_arena *arena)
{
    int column = FIRST_TEXT + (int)i;
    struct cprov_span kept = cprov_query_get_text(q, column);
    char text[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest digest;

    _Static_assert(sizeof(text) >= CPROV_TIME_TEXT_MAX, "a time fits");
    if (forms[i] == DIGEST)
        kept = cprov_span_of(
            cprov_cache_read_digest(kept, &digest) ? cprov_digest_format(&digest, text) : NULL);
    else if (forms[i] == TIME && cprov_sqlite.column_type(q->statement, column) == SQLITE_INTEGER)
        kept = cprov_span_of(cprov_time_format(cprov_query_get_number(q, column), text));
    return kept.len ? cprov_arena_text(arena, kept) : "";
}

int cprov_cache_load_version(struct cprov_cache *ix, int64_t repository, const char *version,
                             struct cprov_arena *arena, struct cprov_entry *e,
                             struct cprov_cache_known *known, bool *there, struct cprov_error *err)
{
    static const char sql[] =
        "SELECT v.flags, v.checked, v.changed, v.digest, v.bytes" CPROV_ENTRY_TEXTS(
            FROM) " FROM version v LEFT JOIN words w ON w.rowid = v.words WHERE v.repository = ? "
                  "AND "
                  "v.version = ?";
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, repository);
    cprov_query_text(&q, version);
    if (cprov_query_step(&q, there, err) < 0)
        return err->code;
    if (!*there)
        return 0;
    int64_t flags = cprov_query_get_number(&q, FLAGS);
    *known = (struct cprov_cache_known){ .complete = flags & CPROV_CACHE_COMPLETE,
                                         .checked = cprov_query_get_number(&q, CHECKED),
                                         .changed = cprov_query_get_number(&q, CHANGED) };
    known->has_digest =
        cprov_cache_read_digest(cprov_query_get_text(&q, OWN_DIGEST), &known->digest);
    for (size_t i = CPROV_TEXT_NAMES; i < CPROV_TEXTS; i++)
        e->texts[i] = text_of(&q, i, arena);
    e->digest = known->has_digest ? &known->digest : NULL;
    e->bytes = (uint64_t)cprov_query_get_number(&q, BYTES);
    e->kind = (enum cprov_kind)(flags >> CPROV_CACHE_KIND & 3);
    e->is_os = flags & CPROV_CACHE_OS;
    e->complete = known->complete;
    return cprov_arena_check(arena, err);
}
