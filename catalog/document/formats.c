/* catalog/document/formats.c - which document it is that lists images, and its records. */
#include "catalog/document/formats_private.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "catalog/document/row_private.h"
#include "catalog/document/writer.h"
#include "manifest/reference.h"

#define DOCKER_NAME "Docker" /* its list speaks of one thing only, and does not say which */

/* --- entries --- */

static int give(struct cprov_catalog_format *f, const struct cprov_entry *entry,
                struct cprov_error *err)
{
    if (++f->entries > CPROV_CATALOG_ENTRIES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %d versions", CPROV_CATALOG_ENTRIES_MAX);
    int code = f->options.entry(f->options.arg, entry, err);
    f->refused = code < 0;
    return code;
}

/* "image 12 (NanoServer 1.0): size: ..." */
static int wrap_row(const struct cprov_catalog_format *f, const struct cprov_catalog_row *row,
                    struct cprov_error *err)
{
    const struct cprov_entry *e = &row->entry;
    const char *name = e->name ? e->name : e->repository;

    if (f->refused || err->code != CPROV_EVERIFY)
        return err->code;
    if (!name)
        return cprov_wrap(err, "row %" PRIu64, f->rows);
    return cprov_wrap(err, "row %" PRIu64 " (%.64s%s%.64s)", f->rows, name, e->version ? " " : "",
                      e->version ? e->version : "");
}

/* A row without the place that it names would be looked for elsewhere. It costs itself, and none of
 * the others. */
static bool leads_nowhere(struct cprov_catalog_format *f, const struct cprov_catalog_row *row)
{
    const char *text = row->entry.reference;
    struct cprov_reference ignored;
    struct cprov_error why = CPROV_ERROR_INIT;

    if (!text || !*text || cprov_reference_parse(cprov_span_of(text), &ignored, &why) == 0)
        return false;
    if (f->facts.left_out++ == 0) {
        (void)cprov_wrap_as(&why, CPROV_EVERIFY, "reference '%s'", text);
        (void)wrap_row(f, row, &why);
        f->facts.first = why;
    }
    return true;
}

static size_t length(const char *text)
{
    return text ? strlen(text) : 0;
}

/* What the cache keeps once, however many versions have it. */
static bool is_once_kept(size_t i)
{
    return i == CPROV_TEXT_ALIAS || i == CPROV_TEXT_CREATED || i == CPROV_TEXT_PLATFORMS ||
           i == CPROV_TEXT_MEDIA_TYPE || i == CPROV_TEXT_IMAGE_ID;
}

/*
 * What an image says holds for each of its versions, and is kept with each, but for what versions
 * share there: a small document must not become a large index.
 */
static int charge(struct cprov_catalog_format *f, const struct cprov_entry *e,
                  const struct cprov_entry *image, struct cprov_error *err)
{
    bool common = image && e->description == image->description &&
                  e->publisher == image->publisher && e->title == image->title;
    bool shared = common && f->shares;

    f->shares = common; /* only with the version before */

    for (size_t i = CPROV_TEXT_NAMES; i < CPROV_TEXTS; i++)
        if (!is_once_kept(i) && !(shared && i >= CPROV_TEXT_DESCRIPTION && i <= CPROV_TEXT_TITLE))
            f->texts += length(e->texts[i]);
    if (f->texts > CPROV_CATALOG_TEXTS_FREE + CPROV_CATALOG_TEXTS_RATIO * f->read)
        return cprov_fail(err, CPROV_ELIMIT,
                          "the versions repeat the texts of their images to more than %d times the "
                          "size of the document",
                          CPROV_CATALOG_TEXTS_RATIO);
    return 0;
}

/* image: the row's, or NULL. */
static int give_row(struct cprov_catalog_format *f, const struct cprov_catalog_row *row,
                    const struct cprov_catalog_image *image, struct cprov_error *err)
{
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena arena = { 0 };
    struct cprov_digest digest;
    struct cprov_entry entry;

    if (leads_nowhere(f, row))
        return 0;
    int code = cprov_catalog_row_entry(row, image, f->options.base, &arena, &digest, &entry, err);

    if (code == 0)
        code = charge(f, &entry, image ? &image->row->entry : NULL, err);
    if (code == 0)
        code = give(f, &entry, err);
    return code < 0 ? wrap_row(f, row, err) : 0;
}

/* In YAML 1.10 is a number. */
static const char *text_of(const struct cprov_json *v)
{
    return v && (v->type == CPROV_JSON_STRING || v->type == CPROV_JSON_NUMBER) ? v->text.ptr : NULL;
}

static const char *channel_target(const struct cprov_json *v)
{
    const char *alias = text_of(cprov_json_get(v, "alias"));

    if (v->type != CPROV_JSON_OBJECT)
        return text_of(v);
    return alias ? alias : text_of(cprov_json_get(v, "version"));
}

/* Where it leads, and whether in a circle, is seen when somebody asks for it: the version may be
 * in another record. */
static int give_channel(struct cprov_catalog_format *f, const struct cprov_catalog_row *row,
                        const struct cprov_json *channel, struct cprov_error *err)
{
    const char *target = channel_target(channel);
    struct cprov_entry entry;

    cprov_catalog_row_names(row, &entry);
    entry.version = channel->key.ptr;
    entry.alias = target;

    int code = cprov_catalog_check_name(entry.repository, err);
    if (code == 0 && (cprov_catalog_check_version(entry.version, err) < 0 ||
                      cprov_catalog_check_version(target, err) < 0))
        code = cprov_wrap(err, "channel %.64s", channel->key.ptr);
    if (code == 0)
        code = give(f, &entry, err);
    return code < 0 ? wrap_row(f, row, err) : 0;
}

/* --- our own --- */

static int give_versions(struct cprov_catalog_format *f, const struct cprov_catalog_row *own,
                         struct cprov_error *err)
{
    struct cprov_catalog_image image = { .row = own };

    f->shares = false;

    if (cprov_catalog_row_lists(own, f->options.base, &f->arena, &image.entry, err) < 0)
        return wrap_row(f, own, err);
    for (const struct cprov_json *v = own->versions->child; v; v = v->next) {
        struct cprov_catalog_row row = *own;

        row.channels = row.versions = NULL;
        int code = cprov_catalog_row_read(v, CPROV_CATALOG_OURS, &row, err);
        code = code < 0 ? wrap_row(f, &row, err) : give_row(f, &row, &image, err);
        if (code < 0)
            return code;
    }
    return 0;
}

static int give_image(struct cprov_catalog_format *f, const struct cprov_json *value,
                      struct cprov_error *err)
{
    struct cprov_catalog_row row = { .digest = NULL };

    f->rows++;
    int code = cprov_catalog_row_read(value, CPROV_CATALOG_OURS, &row, err);
    if (code < 0)
        return wrap_row(f, &row, err);
    if (row.versions)
        code = give_versions(f, &row, err);
    else if (row.entry.version || !row.channels)
        code = give_row(f, &row, NULL, err);
    row.entry.version = NULL;
    for (const struct cprov_json *c = row.channels ? row.channels->child : NULL; c && code == 0;
         c = c->next)
        code = give_channel(f, &row, c, err);
    return code;
}

/* Other readers take "Images" for "images". */
static int check_spelling(const char *member, struct cprov_error *err)
{
    static const char *const names[] = { "format", "formatVersion", "images" };

    for (size_t i = 0; i < CPROV_COUNT(names); i++)
        if (cprov_json_is_misspelled(cprov_span_of(member), names[i]))
            return cprov_fail(err, CPROV_EVERIFY, "ambiguous: \"%s\" is spelled as %s", names[i],
                              member);
    return 0;
}

static int read_header(struct cprov_catalog_format *f, const struct cprov_json *value,
                       struct cprov_error *err)
{
    uint64_t version = 0;

    if (check_spelling(value->key.ptr, err) < 0)
        return err->code;
    if (cprov_span_is(value->key, "format")) {
        if (value->type != CPROV_JSON_STRING ||
            !cprov_span_is(value->text, CPROV_CATALOG_FORMAT_NAME))
            return cprov_fail(err, CPROV_EVERIFY, "format: not \"%s\"", CPROV_CATALOG_FORMAT_NAME);
        f->kind = CPROV_CATALOG_OWN;
        f->has_format = true;
    } else if (cprov_span_is(value->key, "formatVersion")) {
        if (!cprov_json_u64(value, &version) || version == 0)
            return cprov_fail(err, CPROV_EVERIFY, "formatVersion: not a number of 1 or more");
        if (version > CPROV_CATALOG_FORMAT)
            return cprov_fail(err, CPROV_EVERIFY,
                              "document format %" PRIu64 " is newer than this program", version);
        f->kind = CPROV_CATALOG_OWN;
        f->has_version = true;
    } else if (cprov_span_is(value->key, "created") && value->type == CPROV_JSON_STRING) {
        (void)cprov_time_parse(value->text, &f->facts.created);
    }
    return 0;
}

/* --- others' --- */

static int give_microsoft(struct cprov_catalog_format *f, const struct cprov_json *value,
                          struct cprov_error *err)
{
    struct cprov_catalog_row row = { .digest = NULL };

    f->rows++;
    if (cprov_catalog_row_read(value, CPROV_CATALOG_MICROSOFT, &row, err) < 0)
        return wrap_row(f, &row, err);
    return give_row(f, &row, NULL, err);
}

static int give_docker(struct cprov_catalog_format *f, const char *member,
                       const struct cprov_json *value, struct cprov_error *err)
{
    struct cprov_catalog_row row = { .entry.name = f->options.name };

    if (!row.entry.name || !*row.entry.name)
        row.entry.name = DOCKER_NAME;
    if (strcmp(member, "channels") == 0) {
        f->rows++;
        return give_channel(f, &row, value, err);
    }
    if (strcmp(member, "versions") != 0)
        return 0;
    f->rows++;
    int code = cprov_catalog_row_read(value, CPROV_CATALOG_OURS, &row, err);
    row.entry.version = value->key.ptr;
    return code < 0 ? wrap_row(f, &row, err) : give_row(f, &row, NULL, err);
}

/* --- public --- */

static bool is_dockers(const char *member)
{
    return strcmp(member, "channels") == 0 || strcmp(member, "versions") == 0;
}

int cprov_catalog_format_begin(struct cprov_catalog_format *f, const char *member, bool object,
                               struct cprov_error *err)
{
    if (check_spelling(member, err) < 0)
        return err->code;
    if (f->kind == CPROV_CATALOG_UNKNOWN && strcmp(member, "images") == 0)
        f->kind = CPROV_CATALOG_OWN;
    else if (f->kind == CPROV_CATALOG_UNKNOWN && is_dockers(member))
        f->kind = CPROV_CATALOG_DOCKER;
    if (f->kind == CPROV_CATALOG_OWN && strcmp(member, "images") == 0 && object)
        return cprov_fail(err, CPROV_EVERIFY, "images: not a list");
    if (f->kind == CPROV_CATALOG_DOCKER && is_dockers(member) && !object)
        return cprov_fail(err, CPROV_EVERIFY, "%s: not a mapping", member);
    return 0;
}

static int take(struct cprov_catalog_format *f, const char *member, const struct cprov_json *value,
                struct cprov_error *err)
{
    switch (f->kind) {
    case CPROV_CATALOG_ARRAY:
        return give_microsoft(f, value, err);
    case CPROV_CATALOG_DOCKER:
        return member ? give_docker(f, member, value, err) : 0;
    case CPROV_CATALOG_OWN:
        if (member)
            return strcmp(member, "images") == 0 ? give_image(f, value, err) : 0;
        return read_header(f, value, err);
    case CPROV_CATALOG_UNKNOWN:
        break;
    }
    return member ? 0 : read_header(f, value, err);
}

int cprov_catalog_format_record(struct cprov_catalog_format *f, const char *member,
                                const struct cprov_json *value, struct cprov_error *err)
{
    int code = take(f, member, value, err);

    cprov_arena_clear(&f->arena);
    return code;
}

/* An old catalog that was signed once is a way to hide what came after it. */
static int check_age(const struct cprov_catalog_format *f, struct cprov_error *err)
{
    char own[CPROV_TIME_TEXT_MAX], seen[CPROV_TIME_TEXT_MAX];

    if (f->options.not_before == 0 || f->facts.created >= f->options.not_before)
        return 0;
    (void)cprov_time_format(f->options.not_before, seen);
    cprov_fail(err, CPROV_EVERIFY,
               "the catalog of %s is older than the catalog of %s that was read before",
               f->facts.created ? cprov_time_format(f->facts.created, own) : "no date", seen);
    cprov_hint(err, CPROV_HINT_ACCEPT_OLDER);
    return CPROV_EVERIFY;
}

int cprov_catalog_format_finish(struct cprov_catalog_format *f, struct cprov_error *err)
{
    if (check_age(f, err) < 0)
        return CPROV_EVERIFY;
    if (f->facts.left_out > 0 && f->entries == 0) {
        *err = f->facts.first;
        return err->code;
    }
    if (f->options.facts)
        *f->options.facts = f->facts;
    if (f->kind == CPROV_CATALOG_UNKNOWN)
        return cprov_fail(err, CPROV_EVERIFY, "not a known format of image list");
    if (f->kind != CPROV_CATALOG_OWN)
        return 0;
    if (!f->has_format)
        return cprov_fail(err, CPROV_EVERIFY, "format: missing");
    return f->has_version ? 0 : cprov_fail(err, CPROV_EVERIFY, "formatVersion: missing");
}
