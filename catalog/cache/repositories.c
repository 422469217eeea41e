/* catalog/cache/repositories.c - repositories of a source: one by name, or those of a filter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/grow.h"
#include "base/words.h"
#include "catalog/cache/cache_private.h"

#define REPOSITORY "SELECT id, checked, path, name, newest FROM repository "

void cprov_cache_copy_name(char out[CPROV_NAME_MAX + 1], struct cprov_span text)
{
    size_t len = text.len < CPROV_NAME_MAX ? text.len : CPROV_NAME_MAX;

    memcpy(out, len ? text.ptr : "", len);
    out[len] = '\0';
}

static void read_repository(const struct cprov_query *q, struct cprov_cache_repository *out)
{
    out->id = cprov_query_get_number(q, 0);
    out->checked = cprov_query_get_number(q, 1);
    cprov_cache_copy_name(out->path, cprov_query_get_text(q, 2));
    cprov_cache_copy_name(out->name, cprov_query_get_text(q, 3));
    cprov_cache_copy_name(out->newest, cprov_query_get_text(q, 4));
}

int cprov_cache_repository(struct cprov_cache *ix, int64_t source, const char *path,
                           struct cprov_cache_repository *out, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    bool row;

    if (cprov_query_begin(ix, REPOSITORY "WHERE source = ? AND path = ?", &q, err) < 0)
        return err->code;
    cprov_query_number(&q, source);
    cprov_query_text(&q, path);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    if (!row)
        return cprov_fail(err, CPROV_ENOTFOUND, "'%s' is not in the cache", path);
    read_repository(&q, out);
    return 0;
}

/* --- several of them --- */

#define PAGE         256
#define GATHERED_MAX 8

/*
 * A source as a whole is gone through a page at a time, each beginning behind the last path. What a
 * filter finds is kept as numbers, in the order of paths.
 */
struct cprov_cache_cursor {
    struct cprov_cache *ix;
    int64_t source;
    bool filtered;
    struct cprov_cache_repository page[PAGE];
    size_t count, at;
    bool last; /* no page after this one */
    char after[CPROV_NAME_MAX + 1];
    char like[CPROV_NAME_MAX + 3]; /* "%part%", or "%": all of them */
    int64_t *found;
    size_t found_count, found_room, found_at;
    struct cprov_cache_filter filter; /* texts in `texts` */
    struct cprov_arena texts;
    int gathered; /* times */
};

/* The path is compared as it lies in the index: only what fits is read. */
static int fill_page(struct cprov_cache_cursor *c, struct cprov_error *err)
{
    static const char sql[] =
        REPOSITORY "WHERE source = ? AND path > ? AND path LIKE ? ORDER BY path LIMIT ?";
    auto_query struct cprov_query q = { 0 };
    bool row = true;

    if (cprov_query_begin(c->ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, c->source);
    cprov_query_span(&q, cprov_span_of(c->after));
    cprov_query_text(&q, c->like);
    cprov_query_number(&q, PAGE);
    c->count = c->at = 0;
    while (c->count < PAGE) {
        if (cprov_query_step(&q, &row, err) < 0)
            return err->code;
        if (!row)
            break;
        read_repository(&q, &c->page[c->count++]);
    }
    c->last = c->count < PAGE;
    if (c->count > 0)
        memcpy(c->after, c->page[c->count - 1].path, sizeof(c->after));
    return 0;
}

static int note_found(struct cprov_cache_cursor *c, int64_t id, struct cprov_error *err)
{
    if (cprov_grow(&c->found, &c->found_room, c->found_count, sizeof(*c->found), CPROV_LIST_MAX,
                   err) < 0)
        return err->code;
    c->found[c->found_count++] = id;
    return 0;
}

static int gather(struct cprov_cache_cursor *c, struct cprov_query *q, struct cprov_error *err)
{
    for (bool row = true;;) {
        if (cprov_query_step(q, &row, err) < 0)
            return err->code;
        if (!row)
            return 0;
        if (note_found(c, cprov_query_get_number(q, 0), err) < 0)
            return err->code;
    }
}

static int gather_named(struct cprov_cache_cursor *c, const struct cprov_cache_filter *f,
                        struct cprov_error *err)
{
    static const char sql[] =
        "SELECT id FROM (SELECT id, path FROM repository WHERE source = ?1 AND "
        "leaf IN (?2, ?3) UNION SELECT id, path FROM repository WHERE source = ?1 "
        "AND path IN (?2, ?3) UNION SELECT id, path FROM repository WHERE source = ?1 "
        "AND name IS NOT NULL AND name IN (?2, ?3)) ORDER BY path";
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(c->ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, c->source);
    cprov_query_span(&q, f->named);
    cprov_query_span(&q, f->also.len > 0 ? f->also : f->named);
    return gather(c, &q, err);
}

/*
 * Up to the last character there is, behind the prefix. All of them are sorted; where any so many
 * will do they are taken from the three indexes as they lie there.
 */
static int gather_beginning(struct cprov_cache_cursor *c, const struct cprov_cache_filter *f,
                            struct cprov_error *err)
{
    static const char sorted[] =
        "SELECT id FROM (SELECT id, path FROM repository WHERE source = ?1 AND leaf >= ?2 AND "
        "leaf < ?3 UNION SELECT id, path FROM repository WHERE source = ?1 AND path >= ?2 AND "
        "path < ?3 UNION SELECT id, path FROM repository WHERE source = ?1 AND name IS NOT NULL "
        "AND name >= ?2 AND name < ?3) ORDER BY path";
    static const char some[] =
        "SELECT id FROM repository WHERE source = ?1 AND path >= ?2 AND path < ?3 UNION ALL "
        "SELECT id FROM repository WHERE source = ?1 AND leaf >= ?2 AND leaf < ?3 AND NOT "
        "(path >= ?2 AND path < ?3) UNION ALL SELECT id FROM repository WHERE source = ?1 AND "
        "name IS NOT NULL AND name >= ?2 AND name < ?3 AND NOT (path >= ?2 AND path < ?3) AND NOT "
        "(leaf >= ?2 AND leaf < ?3) LIMIT ?4";
    auto_query struct cprov_query q = { 0 };
    auto_buf struct cprov_buf end = { 0 };

    cprov_buf_init(&end, CPROV_URL_MAX);
    cprov_buf_add_span(&end, f->prefix);
    cprov_buf_add_text(&end, "\xf4\x8f\xbf\xbf");
    if (cprov_buf_check(&end, "prefix", err) < 0 ||
        cprov_query_begin(c->ix, f->most ? some : sorted, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, c->source);
    cprov_query_span(&q, f->prefix);
    cprov_query_span(&q, cprov_buf_span(&end));
    if (f->most)
        cprov_query_number(&q, (int64_t)f->most);
    return gather(c, &q, err);
}

static int gather_digest(struct cprov_cache_cursor *c, const struct cprov_cache_filter *f,
                         struct cprov_error *err)
{
    static const char sql[] =
        "SELECT id FROM (SELECT r.id AS id, r.path AS path FROM repository r JOIN version v ON "
        "v.repository = r.id WHERE r.source = ?1 AND (v.digest = ?2 OR v.image_id = ?2 OR (?3 AND "
        "v.flags & ?4 = 0 AND v.alias IS NULL)) UNION SELECT id, path FROM repository "
        "WHERE ?3 AND source = ?1 AND known = 0) ORDER BY path";
    auto_query struct cprov_query q = { 0 };
    uint8_t bytes[CPROV_DIGEST_RAW_MAX + 1];
    size_t len = f->digest.algo == CPROV_SHA512 ? 64 : 32;

    bytes[0] = (uint8_t)f->digest.algo;
    memcpy(bytes + 1, f->digest.raw, len);
    if (cprov_query_begin(c->ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, c->source);
    cprov_query_bytes(&q, bytes, len + 1);
    cprov_query_number(&q, f->or_unknown);
    cprov_query_number(&q, CPROV_CACHE_COMPLETE);
    return gather(c, &q, err);
}

/* Characters of a word: below three there is nothing to look up in an index of threes. */
static size_t characters(struct cprov_span word)
{
    size_t count = 0;

    for (size_t i = 0; i < word.len; i++)
        count += ((unsigned char)word.ptr[i] & 0xc0) != 0x80;
    return count;
}

/* "two words" → "\"two\" AND \"words\""; nothing when no word is long enough. */
static void write_match(struct cprov_buf *out, const char *words)
{
    struct cprov_span rest = cprov_span_of(words), word;

    while (cprov_words_next(&rest, &word)) {
        if (characters(word) < 3)
            continue;
        cprov_buf_add_text(out, out->len ? " AND \"" : "\"");
        for (size_t i = 0; i < word.len; i++) {
            if (word.ptr[i] == '"')
                cprov_buf_add_char(out, '"');
            cprov_buf_add_char(out, word.ptr[i]);
        }
        cprov_buf_add_char(out, '"');
    }
}

static int gather_words(struct cprov_cache_cursor *c, const struct cprov_cache_filter *f,
                        const char *match, struct cprov_error *err)
{
    static const char sql[] =
        "SELECT id FROM (SELECT r.id AS id, r.path AS path FROM words w JOIN words_of o ON o.id = "
        "w.rowid JOIN repository r ON r.id = o.repository WHERE w.words MATCH ?2 AND r.source = ?1 "
        "UNION SELECT id, path FROM repository WHERE ?3 AND source = ?1 AND known = 0) ORDER BY "
        "path";
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(c->ix, sql, &q, err) < 0)
        return err->code;
    cprov_query_number(&q, c->source);
    cprov_query_span(&q, cprov_span_of(match));
    cprov_query_number(&q, f->or_unknown);
    return gather(c, &q, err);
}

static int has_names(struct cprov_cache_cursor *c, bool *has, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(c->ix,
                          "SELECT 1 FROM repository WHERE source = ? AND name IS NOT NULL LIMIT 1",
                          &q, err) < 0)
        return err->code;
    cprov_query_number(&q, c->source);
    return cprov_query_step(&q, has, err);
}

/* Where repositories have names besides their paths, those are left to who asks. */
static int use_part(struct cprov_cache_cursor *c, struct cprov_span part, struct cprov_error *err)
{
    bool names = true;

    if (part.len > 0 && part.len <= CPROV_NAME_MAX && has_names(c, &names, err) < 0)
        return err->code;
    if (!names)
        (void)snprintf(c->like, sizeof(c->like), "%%%.*s%%", (int)part.len, part.ptr);
    return 0;
}

static int gather_filtered(struct cprov_cache_cursor *c, const struct cprov_cache_filter *f,
                           struct cprov_error *err)
{
    auto_buf struct cprov_buf match = { 0 };

    c->filtered = true;
    if (f->named.len > 0)
        return gather_named(c, f, err);
    if (f->has_digest)
        return gather_digest(c, f, err);
    cprov_buf_init(&match, CPROV_URL_MAX);
    if (f->words)
        write_match(&match, f->words);
    if (cprov_buf_check(&match, "words", err) < 0)
        return err->code;
    if (match.len > 0)
        return gather_words(c, f, cprov_buf_text(&match), err);
    if (f->prefix.len > 0)
        return gather_beginning(c, f, err);
    c->filtered = false;
    return use_part(c, f->part, err);
}

/* The filter's texts are the caller's. */
static int keep_filter(struct cprov_cache_cursor *c, const struct cprov_cache_filter *f,
                       struct cprov_error *err)
{
    struct cprov_cache_filter *own = &c->filter;
    struct cprov_span *const spans[] = { &own->named, &own->also, &own->prefix, &own->part };

    *own = *f;
    for (size_t i = 0; i < CPROV_COUNT(spans); i++)
        *spans[i] = cprov_span_of(cprov_arena_text(&c->texts, *spans[i]));
    if (f->words)
        own->words = cprov_arena_text(&c->texts, cprov_span_of(f->words));
    return cprov_arena_check(&c->texts, err);
}

/* The numbers are of a document that another process has read anew: look again, not for ever. */
static int gather_again(struct cprov_cache_cursor *c, struct cprov_error *err)
{
    if (c->filter.most || ++c->gathered > GATHERED_MAX)
        return 0;
    c->found_count = c->found_at = 0;
    return gather_filtered(c, &c->filter, err);
}

int cprov_cache_cursor_open(struct cprov_cache *ix, int64_t source,
                            const struct cprov_cache_filter *filter,
                            struct cprov_cache_cursor **out, struct cprov_error *err)
{
    struct cprov_cache_cursor *c = calloc(1, sizeof(*c));

    if (!c)
        return cprov_fail_memory(err);
    c->ix = ix;
    c->source = source;
    (void)stpcpy(c->like, "%");
    if (filter && filter->after)
        cprov_cache_copy_name(c->after, cprov_span_of(filter->after));
    if (filter && (keep_filter(c, filter, err) < 0 ||
                   (!filter->after && gather_filtered(c, filter, err) < 0))) {
        cprov_cache_cursor_close(c);
        return err->code;
    }
    *out = c;
    return 0;
}

static int next_found(struct cprov_cache_cursor *c, struct cprov_cache_repository *out, bool *more,
                      struct cprov_error *err)
{
    while (c->found_at < c->found_count) {
        auto_query struct cprov_query q = { 0 };

        if (cprov_query_begin(c->ix, REPOSITORY "WHERE id = ?", &q, err) < 0)
            return err->code;
        cprov_query_number(&q, c->found[c->found_at++]);
        if (cprov_query_step(&q, more, err) < 0)
            return err->code;
        if (*more) {
            read_repository(&q, out);
            if (c->gathered > 0 && strcasecmp(out->path, c->after) <= 0)
                continue; /* told already */
            memcpy(c->after, out->path, sizeof(c->after));
            return 0;
        }
        if (gather_again(c, err) < 0)
            return err->code;
    }
    *more = false;
    return 0;
}

int cprov_cache_cursor_next(struct cprov_cache_cursor *c, struct cprov_cache_repository *out,
                            bool *more, struct cprov_error *err)
{
    if (c->filtered)
        return next_found(c, out, more, err);
    if (c->at == c->count && !c->last && fill_page(c, err) < 0)
        return err->code;
    *more = c->at < c->count;
    if (*more)
        *out = c->page[c->at++];
    return 0;
}

void cprov_cache_cursor_close(struct cprov_cache_cursor *c)
{
    if (!c)
        return;
    free(c->found);
    cprov_arena_clear(&c->texts);
    free(c);
}
