/* provider/find.c - cprov_find(): the catalog asked, rows filtered, misses told. */
#include <regex.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "provider/find_file.h"
#include "provider/local_place.h"
#include "provider/name.h"

/* What became of one wanted name over all places. */
struct outcome {
    size_t rows;
    int code; /* the failure to tell when there are no rows */
    struct cprov_error err;
};

struct find {
    struct cprov_session *s;
    const struct cprov_find_options *options;
    const struct cprov_name *names;
    struct outcome *outcomes;
    size_t count;
    regex_t regex;
    bool has_regex;
};

static bool has_nocase(const char *text, struct cprov_span word)
{
    for (size_t len = strlen(text), i = 0; i + word.len <= len; i++) {
        size_t k = 0;

        while (k < word.len && cprov_lower(text[i + k]) == cprov_lower(word.ptr[k]))
            k++;
        if (k == word.len)
            return true;
    }
    return false;
}

static bool passes(const struct find *f, const struct cprov_listing *row)
{
    struct cprov_span words = cprov_span_of(f->options->search), word;

    if (f->options->os_images_only && !row->is_os)
        return false;
    if (f->has_regex && regexec(&f->regex, row->name, 0, NULL, 0) != 0)
        return false;
    while (f->options->search && cprov_span_next(&words, ' ', &word))
        if (word.len > 0 && !has_nocase(row->name, word) && !has_nocase(row->description, word) &&
            !has_nocase(row->publisher, word))
            return false;
    return true;
}

static const char *shown_name(const struct find *f, size_t i, const struct cprov_listing *row)
{
    if (f->names[i].shown_name)
        return f->names[i].shown_name;
    return row->place ? row->name : cprov_name_of_reference(f->s, &row->reference);
}

static void emit(const struct find *f, size_t i, const struct cprov_listing *row)
{
    auto_buf struct cprov_buf reference = { 0 }, ref = { 0 };
    char digest[CPROV_DIGEST_TEXT_MAX] = "", full[CPROV_ITEM_TEXT_MAX];
    const struct cprov_source *source = row->place ? row->place->source : NULL;
    struct cprov_item item;

    cprov_buf_init(&reference, CPROV_URL_MAX);
    cprov_buf_init(&ref, CPROV_URL_MAX);
    cprov_row_reference(row, &reference);
    cprov_item_init(&item);
    item.name = shown_name(f, i, row);
    item.version = row->version;
    item.description = row->description;
    item.publisher = row->publisher;
    item.source = source               ? source->name
                  : f->names[i].source ? f->names[i].source
                                       : row->reference.host;
    item.location = source ? source->location : row->reference.host;
    item.trusted = source ? source->trusted : false;
    item.reference = cprov_buf_text(&reference);
    if (row->reference.has_digest)
        item.digest = cprov_digest_format(&row->reference.digest, digest);
    item.media_type = row->media_type;
    item.platforms = row->platforms;
    item.os_version = row->os_version;
    item.created = row->created;
    item.image_id = row->image_id;
    item.bytes = row->bytes;
    item.is_os = row->is_os;
    cprov_full_name(row->publisher, item.name, item.version, full);
    item.full_name = full;
    cprov_ref_write(&ref, item.source, item.name, &row->reference, row->url);
    item.ref = cprov_buf_text(&ref);
    cprov_item_emit(f->s, &item);
}

static bool on_row(void *arg, size_t i, const struct cprov_listing *row)
{
    struct find *f = arg;

    if (!cprov_name_admits(&f->names[i], row))
        return !cprov_cancelled(&f->s->cancel);
    f->outcomes[i].rows++;
    if (passes(f, row))
        emit(f, i, row);
    return !cprov_cancelled(&f->s->cancel);
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
    if (o->code == 0 || (o->code != CPROV_ENOTFOUND && code == CPROV_ENOTFOUND)) {
        o->code = code;
        o->err = *err;
    }
}

static const char *target_of(struct cprov_session *s, const struct cprov_name *n)
{
    auto_buf struct cprov_buf text = { 0 };

    if (n->is_reference)
        return n->text;
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

/* Tells what was not found; the first failure decides the code. */
static int conclude(struct find *f)
{
    int result = 0;

    for (size_t i = 0; i < f->count; i++) {
        struct outcome *o = &f->outcomes[i];
        bool pattern = !f->names[i].is_reference &&
                       (f->names[i].lookup.len == 0 || cprov_span_is_pattern(f->names[i].lookup));

        if (o->rows > 0 || o->code == 0 || (pattern && o->code == CPROV_ENOTFOUND))
            continue;
        if (o->code == CPROV_ENOTFOUND && f->s->places_count > 1 && !f->names[i].is_reference &&
            !strstr(o->err.msg, "newest is"))
            name_sources(f->s, &o->err);
        cprov_report(f->s, target_of(f->s, &f->names[i]), &o->err);
        if (result == 0)
            result = o->code;
    }
    return result;
}

static int read_names(struct find *f, struct cprov_name *names, struct cprov_wanted *wanted,
                      struct cprov_error *err)
{
    const struct cprov_find_options *o = f->options;

    for (size_t i = 0; i < f->count; i++) {
        const char *text = o->names_count ? o->names[i] : "*";

        if (cprov_name_read(f->s, text, &o->version, true, &names[i], err) < 0)
            return cprov_wrap(err, "%s", text);
        if (names[i]
                .has_digest) /* a digest alone names no version: only a reference can be asked */
            return cprov_fail(err, CPROV_EINVAL, "%s: a digest needs a reference with its host",
                              text);
        wanted[i] = (struct cprov_wanted){
            .text = names[i].lookup,
            .exactly = names[i].is_reference ? &names[i].reference : NULL,
            .range = names[i].range,
            .all_versions = names[i].all_versions,
        };
        if (cprov_span_is(names[i].lookup, "*"))
            wanted[i].text.len = 0;
    }
    return 0;
}

static int compile_regex(struct find *f, struct cprov_error *err)
{
    char text[120];

    if (!f->options->regex)
        return 0;
    int rc = regcomp(&f->regex, f->options->regex, REG_EXTENDED | REG_ICASE | REG_NOSUB);
    if (rc != 0) {
        regerror(rc, &f->regex, text, sizeof(text));
        return cprov_fail(err, CPROV_EINVAL, "--regex: %s", text);
    }
    f->has_regex = true;
    return 0;
}

static int ask_catalog(struct find *f, const struct cprov_wanted *wanted, struct cprov_error *err)
{
    struct cprov_session *s = f->s;
    bool filters = f->options->search || f->options->os_images_only;
    struct cprov_client *client;

    if (cprov_session_client(s, &client, err) < 0)
        return err->code;
    return cprov_catalog_find(client,
                              &(struct cprov_catalog_query){
                                  .wanted = wanted,
                                  .wanted_count = f->count,
                                  .places = s->places,
                                  .places_count = s->places_count,
                                  .aliases = s->conf->aliases,
                                  .aliases_count = s->conf->aliases_count,
                                  .host = &s->host,
                                  .details = filters || f->options->fields != CPROV_FIELDS_NAMES,
                                  .row = on_row,
                                  .missed = on_missed,
                                  .arg = f },
                              err);
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
    if (read_names(f, names, wanted, err) < 0 || compile_regex(f, err) < 0 ||
        cprov_session_places(s, err) < 0)
        return err->code;
    return ask_catalog(f, wanted, err);
}

/* One file that is asked instead of the sources. */
static int find_in_file(struct cprov_session *s, const struct cprov_find_options *o,
                        struct cprov_error *err)
{
    if (o->names_count > 0 || (o->file && o->uri))
        return cprov_fail(err, CPROV_EINVAL, "a name, --file and --uri exclude each other");
    return o->file ? cprov_find_file(s, o->file, err) : cprov_find_uri(s, o->uri, err);
}

int cprov_find(struct cprov_session *s, const struct cprov_find_options *options,
               const struct cprov_callbacks *callbacks)
{
    struct find f = { .s = s,
                      .options = options,
                      .count = options->names_count ? options->names_count : 1 };
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_session_begin(s, callbacks);
    if (options->size > offsetof(struct cprov_find_options, uri) && (options->file || options->uri))
        return cprov_session_end(s, find_in_file(s, options, &err), "", &err);
    int code = run_find(&f, &err);
    if (f.has_regex)
        regfree(&f.regex);
    if (code == 0) {
        code = conclude(&f);
        s->callbacks = NULL;
        return code;
    }
    return cprov_session_end(s, code, "", &err);
}
