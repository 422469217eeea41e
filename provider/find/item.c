/* provider/find/item.c - a row of the catalog as an item for the caller. */
#include "provider/find/item.h"

#include <string.h>

#include "base/limits.h"
#include "catalog/source/local_place.h"
#include "provider/find/filter.h"

void cprov_found_clear(struct cprov_found *f)
{
    cprov_buf_clear(&f->reference);
    cprov_buf_clear(&f->ref);
    cprov_buf_clear(&f->url);
    cprov_buf_clear(&f->culture);
}

static const char *shown_name(struct cprov_session *s, const struct cprov_name *name,
                              const struct cprov_listing *row)
{
    if (name->shown_name)
        return name->shown_name;
    return row->place ? row->entry.name : cprov_name_of_reference(s, &row->reference);
}

/* Of a URL the part that is no secret. */
static void add_bare_url(struct cprov_buf *out, struct cprov_span url)
{
    url.len = cprov_span_find(url, '?');
    url.len = cprov_span_find(url, '#');
    cprov_buf_add_span(out, url);
}

/* A file's address and the languages it comes in, or the one that was asked for. */
static void fill_file(struct cprov_found *f, const char *culture, const struct cprov_listing *row)
{
    struct cprov_span list = cprov_span_of(row->entry.cultures), one, name, url;

    if (culture && cprov_find_culture(row, culture, &url)) {
        add_bare_url(&f->url, url);
        cprov_buf_add_text(&f->culture, culture);
    } else {
        add_bare_url(&f->url, cprov_span_of(row->entry.url));
        while (cprov_span_next(&list, ' ', &one))
            if (cprov_span_cut(one, '=', &name, &url))
                cprov_buf_addf(&f->culture, "%s%" CPROV_SPAN_FMT, f->culture.len ? ", " : "",
                               CPROV_SPAN_ARG(name));
    }
    f->item.url = cprov_buf_text(&f->url);
    f->item.culture = cprov_buf_text(&f->culture);
    if (*f->item.url && *f->item.digest)
        f->item.sha256 = strchr(f->item.digest, ':') + 1;
}

/* What leads to the row's source again from anywhere: a path that was given as it was typed does
 * not. */
static const char *source_again(const struct cprov_found *f, const struct cprov_listing *row)
{
    bool typed_path = row->place && row->place->kind->local && !*row->place->source->file;

    return typed_path ? f->item.location : f->item.source;
}

static void fill_source(struct cprov_found *f, const struct cprov_name *name,
                        const struct cprov_listing *row)
{
    const struct cprov_source *source = row->place ? row->place->source : NULL;

    f->item.source = source ? source->name : name->source ? name->source : row->reference.host;
    f->item.location = source ? source->location : row->reference.host;
    f->item.trusted = source ? source->trusted : false;
}

void cprov_found_init(struct cprov_found *f, struct cprov_session *s, const struct cprov_name *name,
                      const char *culture, const struct cprov_listing *row)
{
    struct cprov_item *item = &f->item;

    cprov_buf_init(&f->reference, CPROV_URL_MAX);
    cprov_buf_init(&f->ref, CPROV_URL_MAX);
    cprov_buf_init(&f->url, CPROV_URL_MAX);
    cprov_buf_init(&f->culture, CPROV_URL_MAX);
    cprov_item_of_entry(&row->entry, item);
    item->name = shown_name(s, name, row);
    if (row->checked)
        item->checked = cprov_time_format(row->checked, f->checked);
    if (row->reference.has_digest)
        item->digest = cprov_digest_format(&row->reference.digest, f->digest);
    cprov_row_reference(row, &f->reference);
    item->reference = cprov_buf_text(&f->reference);
    fill_source(f, name, row);
    fill_file(f, culture, row);
    cprov_full_name(row->entry.publisher, item->name, item->version, f->full);
    item->full_name = f->full;
    cprov_ref_write(&f->ref, source_again(f, row), item->name, &row->reference, row->entry.url);
    item->ref = cprov_buf_text(&f->ref);
}
