/* provider/find/find.c - cprov_find(): the catalog asked, rows filtered, misses told. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "catalog/source/local_place.h"
#include "provider/find/file.h"
#include "provider/find/filter.h"
#include "provider/find/item.h"
#include "provider/find/needs.h"
#include "provider/find/rows.h"
#include "provider/find/shown.h"
#include "provider/name.h"

/* What became of one wanted name over all places. */
struct outcome {
    size_t rows;
    size_t elsewhere; /* of them for other platforms or cultures */
    const char *offered;
    size_t shown;
    int code; /* the failure to tell when there are no rows */
    struct cprov_error err;
};

struct find {
    struct cprov_session *s; /* first: see cprov_session_query() */
    const struct cprov_find_options *options;
    const struct cprov_name *names;
    struct outcome *outcomes;
    size_t count;
    struct cprov_find_filter filter;
    struct cprov_rows *rows;
    struct cprov_shown seen;   /* references, where several sources may list one */
    bool several;              /* sources are asked */
    struct cprov_needs *needs; /* with dependencies: holds the rows back */
    size_t skipped;            /* rows without details */
    int code;                  /* of rows */
    struct cprov_error err;
    int strict; /* with strict: what a source failed with */
    struct cprov_error strict_err;
};

/* What there is instead of the platform or culture that is wanted. */
static const char *offered_by(struct find *f, size_t i, const struct cprov_listing *row)
{
    auto_found struct cprov_found found = { 0 };

    if (!f->options->culture)
        return cprov_arena_text(&f->s->call, cprov_span_of(row->entry.platforms));
    cprov_found_init(&found, f->s, &f->names[i], NULL, row);
    return cprov_arena_text(&f->s->call, cprov_span_of(found.item.culture));
}

/* NAME@DIGEST: of all versions those that have it. */
static bool has_named_digest(const struct cprov_name *n, const struct cprov_listing *row)
{
    return !n->has_digest ||
           (row->reference.has_digest && cprov_digest_equal(&row->reference.digest, &n->digest));
}

static bool on_row(void *arg, size_t i, const struct cprov_listing *row)
{
    struct find *f = arg;
    struct outcome *o = &f->outcomes[i];
    auto_found struct cprov_found found = { 0 };
    bool elsewhere, again = false, more = true;

    if (!cprov_name_admits(&f->names[i], row) || !has_named_digest(&f->names[i], row))
        return !cprov_cancelled(&f->s->cancel);
    o->rows++;
    if (!cprov_find_filter_passes(&f->filter, row, &elsewhere)) {
        o->elsewhere += elsewhere;
        if (elsewhere && !o->offered)
            o->offered = offered_by(f, i, row);
        return !cprov_cancelled(&f->s->cancel);
    }
    if (f->several && (f->code = cprov_shown_add(&f->seen, i, row, &again, &f->err)) < 0)
        return false;
    if (again)
        return !cprov_cancelled(&f->s->cancel);
    o->shown++;
    cprov_found_init(&found, f->s, &f->names[i], f->options->culture, row);
    found.item.several_sources = f->several;
    if (f->needs)
        f->code = cprov_needs_add(f->needs, &found.item, &f->err);
    else
        f->code = cprov_rows_add(f->rows, &found.item, cprov_find_relevance(&f->filter, row), &more,
                                 &f->err);
    return f->code == 0 && more && !cprov_cancelled(&f->s->cancel);
}

/* Where several sources are asked, one that cannot answer is told and does not hide the others; a
 * single one's failure is the result itself. */
static void on_missed(void *arg, size_t i, const struct cprov_place *place, int code,
                      const struct cprov_error *err)
{
    struct find *f = arg;
    struct outcome *o = &f->outcomes[i];

    if (code != CPROV_ENOTFOUND && place && f->s->places_count > 1)
        cprov_say(f->s, CPROV_MSG_WARNING, "source '%s': %s", place->source->name, err->msg);
    if (code != CPROV_ENOTFOUND && f->options->strict && f->strict == 0) {
        f->strict = code;
        f->strict_err = *err;
    }
    if (o->code == 0 || (o->code != CPROV_ENOTFOUND && code == CPROV_ENOTFOUND)) {
        o->code = code;
        o->err = *err;
        if (code != CPROV_ENOTFOUND && place && place->kind->import && f->s->places_count == 1)
            (void)cprov_wrap(&o->err, "source '%s'", place->source->name);
    }
}

/* With strict, what is known of a source that does not answer is no answer. */
static void on_stale(void *arg, const struct cprov_place *place, int64_t checked,
                     const struct cprov_error *why)
{
    struct find *f = arg;

    (void)checked;
    if (f->strict == 0) {
        f->strict = why->code;
        f->strict_err = *why;
        (void)cprov_wrap(&f->strict_err, "source '%s'", place->source->name);
    }
}

static const char *target_of(struct cprov_session *s, const struct cprov_name *n)
{
    auto_buf struct cprov_buf text = { 0 };

    if (n->is_reference)
        return n->text;
    if (cprov_span_is(n->lookup, "*")) /* everything */
        return "";
    cprov_buf_init(&text, CPROV_URL_MAX);
    cprov_buf_add_span(&text, n->lookup);
    if (n->range.exact.len > 0)
        cprov_buf_addf(&text, " %" CPROV_SPAN_FMT, CPROV_SPAN_ARG(n->range.exact));
    const char *kept = cprov_arena_text(&s->call, cprov_buf_span(&text));
    return kept ? kept : n->text;
}

static void name_sources(struct cprov_session *s, struct cprov_error *err)
{
    auto_buf struct cprov_buf names = { 0 };

    cprov_buf_init(&names, CPROV_URL_MAX);
    for (size_t i = 0; i < s->places_count; i++)
        cprov_buf_addf(&names, "%s'%s'", i ? ", " : "", s->places[i].source->name);
    cprov_fail(err, CPROV_ENOTFOUND, "not found in the sources %s", cprov_buf_text(&names));
}

/* A name that is there, but not for this platform. */
static int for_others(struct find *f, size_t i)
{
    const struct outcome *o = &f->outcomes[i];
    struct cprov_error err = CPROV_ERROR_INIT;
    const char *what = f->options->culture ? f->options->culture : f->s->options.platform;

    if (!what)
        what = f->s->options.os_version ? f->s->options.os_version : "this platform";
    int code = cprov_fail(&err, CPROV_ENOTFOUND, "%s is not supported%s%s%s", what,
                          o->offered && *o->offered ? " (offered: " : "",
                          o->offered ? o->offered : "", o->offered && *o->offered ? ")" : "");
    cprov_report(f->s, target_of(f->s, &f->names[i]), &err);
    return code;
}

/* The only source broke off: what it gave before is not all there is. A repository that one may not
 * read is none of ours. */
static bool broke_off(const struct find *f, const struct outcome *o)
{
    return o->rows > 0 && f->s->places_count < 2 && o->code != 0 && o->code != CPROV_ENOTFOUND &&
           o->code != CPROV_EAUTH;
}

/* The failure of one name, told; 0: it has none. */
static int conclude_one(struct find *f, size_t i)
{
    struct outcome *o = &f->outcomes[i];
    const struct cprov_name *n = &f->names[i];
    bool pattern = !n->is_reference && (n->lookup.len == 0 || cprov_span_is_pattern(n->lookup));

    if (!pattern && o->rows > 0 && o->elsewhere == o->rows)
        return for_others(f, i);
    if (n->has_digest && o->rows == 0 && o->code == 0)
        o->code = cprov_fail(&o->err, CPROV_ENOTFOUND, "no version has that digest");
    if ((o->rows > 0 && !broke_off(f, o)) || o->code == 0 ||
        (pattern && o->code == CPROV_ENOTFOUND))
        return 0;
    if (o->code == CPROV_ENOTFOUND && f->s->places_count > 1 && !n->is_reference && !n->place &&
        !o->err.versions)
        name_sources(f->s, &o->err);
    cprov_report(f->s, target_of(f->s, n), &o->err);
    return o->code;
}

/* All of one registry that has nothing: perhaps it is none, or its path is another. Sources of
 * other kinds say themselves what is in them. */
static void tell_empty(const struct find *f)
{
    const struct cprov_place *place = &f->s->places[0];
    const char *path = place->base.repository;

    if (f->s->places_count != 1 || f->count != 1 || f->options->prefix || place->kind->import ||
        f->names[0].is_reference || !cprov_span_is(f->names[0].lookup, "*") ||
        f->outcomes[0].rows > 0 || f->outcomes[0].code != 0)
        return;
    cprov_say(f->s, CPROV_MSG_WARNING, "source '%s': its registry lists no images%s%s%s",
              place->source->name, *path ? " below '" : "", path, *path ? "'" : "");
}

/* Tells what was not found; the first failure decides the code. */
static int conclude(struct find *f)
{
    int result = 0;

    if (f->skipped)
        cprov_say(f->s, CPROV_MSG_WARNING,
                  "of %zu versions nothing but the name is known; a refresh "
                  "with details reads more",
                  f->skipped);
    for (size_t i = 0; i < f->count; i++) {
        int code = conclude_one(f, i);

        if (result == 0)
            result = code;
    }
    if (result == 0)
        tell_empty(f);
    if (result == 0 && f->strict) {
        cprov_report(f->s, "", &f->strict_err);
        result = f->strict;
    }
    return result;
}

static int read_names(struct find *f, struct cprov_name *names, struct cprov_wanted *wanted,
                      struct cprov_error *err)
{
    const struct cprov_find_options *o = f->options;
    const char *everything = cprov_arena_textf(&f->s->call, "%s*", o->prefix ? o->prefix : "");

    if (!everything)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < f->count; i++) {
        const char *text = o->names_count ? o->names[i] : everything;

        if (cprov_name_read(f->s, text, o->version, true, &names[i], err) < 0)
            return cprov_wrap(err, "%s", text);
        wanted[i] = (struct cprov_wanted){
            .text = names[i].lookup,
            .exactly = names[i].is_reference ? &names[i].reference : NULL,
            .range = names[i].range,
            .all_versions =
                names[i].all_versions || names[i].has_digest || o->digest || o->all_tags,
            .attachments = o->all_tags || o->digest,
            .only = names[i].place,
        };
        if (cprov_span_is(names[i].lookup, "*"))
            wanted[i].text.len = 0;
    }
    return 0;
}

/* Without an order asked for, words are answered best first. */
static const char *order_of(const struct find *f)
{
    if (f->options->sort)
        return f->options->sort;
    return f->options->search ? "relevance" : NULL;
}

static bool names_digest(const struct find *f)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->names[i].has_digest)
            return true;
    return false;
}

/* Where there is nobody to ask, that is the answer. */
static int check_places(const struct find *f, const struct cprov_wanted *wanted,
                        struct cprov_error *err)
{
    bool named = false;

    for (size_t i = 0; i < f->count; i++)
        named = named || wanted[i].exactly || wanted[i].only;
    if (f->s->places_count > 0 || named || f->options->prefix)
        return 0;
    cprov_fail(err, CPROV_EINVAL, "no source is registered");
    cprov_hint(err, CPROV_HINT_REGISTER_OR_REFERENCE);
    return CPROV_EINVAL;
}

/* Whether more than one place may answer. */
static bool asks_several(const struct find *f, const struct cprov_wanted *wanted)
{
    bool everywhere = false;
    size_t single = 0;

    for (size_t i = 0; i < f->count; i++) {
        bool one = wanted[i].exactly || wanted[i].only;

        single += one;
        everywhere = everywhere || !one;
    }
    return single + (everywhere ? f->s->places_count : 0) > 1;
}

static int ask_catalog(struct find *f, const struct cprov_wanted *wanted, struct cprov_error *err)
{
    const struct cprov_find_options *o = f->options;
    struct cprov_cache_filter hint = { .words = o->search,
                                       .or_unknown = true,
                                       .digest = f->filter.digest,
                                       .has_digest = f->filter.has_digest };
    bool details = o->fields != CPROV_FIELDS_NAMES || names_digest(f) ||
                   cprov_find_filter_needs_details(&f->filter);
    struct cprov_search_query query = {
        .what = { .wanted = wanted,
                  .wanted_count = f->count,
                  .hint = o->search || f->filter.has_digest ? &hint : NULL },
        .how = { .depth = o->prefix ? CPROV_SEARCH_NAMES
                          : details ? CPROV_SEARCH_DETAILS
                                    : CPROV_SEARCH_VERSIONS,
                 .names_max = o->limit },
        .listener = { .arg = f,
                      .row = on_row,
                      .missed = on_missed,
                      .stale = o->strict ? on_stale : NULL },
    };
    struct cprov_search_counts counts = { 0 };

    if (cprov_session_query(f->s, false, &query, err) < 0 || check_places(f, wanted, err) < 0)
        return err->code;
    f->several = asks_several(f, wanted);
    int code = cprov_search_run(&query, &counts, err);
    f->skipped = counts.skipped;
    return code;
}

static int run_find(struct find *f, struct cprov_error *err)
{
    struct cprov_session *s = f->s;
    struct cprov_name *names = cprov_arena_alloc(&s->call, f->count, sizeof(*names));
    struct cprov_wanted *wanted = cprov_arena_alloc(&s->call, f->count, sizeof(*wanted));

    f->outcomes = cprov_arena_alloc(&s->call, f->count, sizeof(*f->outcomes));
    if (cprov_arena_check(&s->call, err) < 0)
        return err->code;
    f->names = names;
    if (read_names(f, names, wanted, err) < 0 ||
        cprov_find_filter_init(&f->filter, s, f->options, err) < 0 ||
        cprov_rows_new(s, order_of(f), f->options->limit, &f->rows, err) < 0 ||
        (f->options->dependencies && cprov_needs_new(s, f->options->culture, &f->needs, err) < 0) ||
        ask_catalog(f, wanted, err) < 0)
        return err->code;
    if (f->code < 0) {
        *err = f->err;
        return f->code;
    }
    if (f->needs && cprov_needs_give(f->needs, f->rows, err) < 0)
        return err->code;
    return cprov_rows_finish(f->rows, err);
}

/* One file that is asked instead of the sources. */
static int find_in_file(struct cprov_session *s, const struct cprov_find_options *o,
                        struct cprov_error *err)
{
    if (o->names_count > 0 || (o->file && o->uri))
        return cprov_fail(err, CPROV_EINVAL, "a name, a file and a URI exclude each other");
    return o->file ? cprov_find_file(s, o->file, err) : cprov_find_uri(s, o->uri, err);
}

int cprov_find(struct cprov_session *s, const struct cprov_find_options *options,
               const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_version_options version;
    struct cprov_find_options o;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0 ||
        cprov_options_copy(&version, sizeof(version), o.version, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    o.version = &version;
    if (o.file || o.uri)
        return cprov_session_end(s, find_in_file(s, &o, &err), "", &err);
    struct find f = { .s = s, .options = &o, .count = o.names_count ? o.names_count : 1 };
    int code = run_find(&f, &err);
    cprov_find_filter_clear(&f.filter);
    cprov_shown_clear(&f.seen);
    cprov_rows_free(f.rows);
    cprov_needs_free(f.needs);
    if (code < 0)
        return cprov_session_end(s, code, "", &err);
    return cprov_session_end(s, conclude(&f), "", NULL);
}
