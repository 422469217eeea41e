/* provider/find/filter.c - which of the rows that a search brings are wanted. */
#include "provider/find/filter.h"
#include "provider/resolve.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/quantity.h"
#include "base/words.h"

/* --- options read --- */

static int compile_regex(struct cprov_find_filter *f, struct cprov_error *err)
{
    char text[120];

    if (!f->options->regex)
        return 0;
    int rc = regcomp(&f->regex, f->options->regex, REG_EXTENDED | REG_ICASE | REG_NOSUB);
    if (rc != 0) {
        (void)regerror(rc, &f->regex, text, sizeof(text));
        return cprov_fail(err, CPROV_EINVAL, "regular expression: %s", text);
    }
    f->has_regex = true;
    return 0;
}

/* "30d": seconds. Without a unit it would rather be a year. */
static bool read_age(struct cprov_span text, int64_t *seconds)
{
    static const struct cprov_quantity age = { CPROV_QUANTITY_TIME, 0, CPROV_AGE_MAX_MS };
    uint64_t ms;

    if (text.len == 0 || cprov_is_digit(text.ptr[text.len - 1]) ||
        !cprov_quantity_read(&age, text, &ms))
        return false;
    *seconds = (int64_t)(ms / 1000);
    return true;
}

static int read_since(struct cprov_find_filter *f, struct cprov_error *err)
{
    const char *text = f->options->created_since;
    int64_t seconds;

    if (!text)
        return 0;
    const char *midnight = cprov_arena_textf(&f->session->call, "%sT00:00:00Z", text);
    if (!midnight)
        return cprov_fail_memory(err);
    if (read_age(cprov_span_of(text), &seconds))
        f->created_since = cprov_time_now() - seconds;
    else if (!cprov_time_parse(cprov_span_of(text), &f->created_since) &&
             !cprov_time_parse(cprov_span_of(midnight), &f->created_since))
        return cprov_fail(err, CPROV_EINVAL,
                          "'%s' is neither a date such as 2024-05-01 nor an age such as 30d", text);
    return 0;
}

int cprov_find_filter_init(struct cprov_find_filter *f, struct cprov_session *s,
                           const struct cprov_find_options *options, struct cprov_error *err)
{
    *f = (struct cprov_find_filter){ .session = s, .options = options };
    if (compile_regex(f, err) < 0 || read_since(f, err) < 0)
        return err->code;
    if (options->digest && cprov_digest_parse(cprov_span_of(options->digest), &f->digest, err) < 0)
        return cprov_wrap(err, "digest");
    f->has_digest = options->digest != NULL;
    return 0;
}

void cprov_find_filter_clear(struct cprov_find_filter *f)
{
    if (f->has_regex)
        regfree(&f->regex);
    f->has_regex = false;
}

/* "-created" too. */
static bool sorts_by_details(const char *sort)
{
    static const char *const keys[] = { "created", "size", "publisher" };

    for (size_t i = 0; sort && i < CPROV_COUNT(keys); i++)
        if (cprov_span_is_nocase(cprov_span_of(sort + (*sort == '-')), keys[i]))
            return true;
    return false;
}

bool cprov_find_filter_needs_details(const struct cprov_find_filter *f)
{
    const struct cprov_find_options *o = f->options;

    return o->search || o->os_images_only || o->publisher || o->created_since || o->digest ||
           o->culture || o->max_bytes || o->dependencies || sorts_by_details(o->sort) ||
           f->session->host_given;
}

/* --- rows --- */

/* By whatever name: windows/nanoserver may be shown as NanoServer. */
static bool has_words(const struct cprov_find_filter *f, const struct cprov_listing *row)
{
    const char *const texts[] = { row->entry.name, row->reference.repository,
                                  row->entry.description, row->entry.publisher };

    return cprov_words_in(f->options->search, texts, CPROV_COUNT(texts));
}

bool cprov_find_culture(const struct cprov_listing *row, const char *culture,
                        struct cprov_span *url)
{
    struct cprov_span list = cprov_span_of(row->entry.cultures), item, name;

    while (cprov_span_next(&list, ' ', &item))
        if (cprov_span_cut(item, '=', &name, url) && cprov_span_is_nocase(name, culture))
            return true;
    return false;
}

static bool is_new_enough(const struct cprov_find_filter *f, const struct cprov_listing *row)
{
    int64_t created;

    return f->created_since == 0 ||
           (cprov_time_parse(cprov_span_of(row->entry.created), &created) &&
            created >= f->created_since);
}

static bool has_digest(const struct cprov_find_filter *f, const struct cprov_listing *row)
{
    char text[CPROV_DIGEST_TEXT_MAX];

    if (!f->has_digest)
        return true;
    return (row->reference.has_digest && cprov_digest_equal(&row->reference.digest, &f->digest)) ||
           strcmp(row->entry.image_id, cprov_digest_format(&f->digest, text)) == 0;
}

bool cprov_find_filter_passes(const struct cprov_find_filter *f, const struct cprov_listing *row,
                              bool *platform)
{
    const struct cprov_find_options *o = f->options;
    struct cprov_span url;

    *platform = false;
    if ((o->os_images_only && !row->entry.is_os) ||
        (f->has_regex && regexec(&f->regex, row->entry.name, 0, NULL, 0) != 0) ||
        !has_words(f, row) ||
        (o->publisher &&
         !cprov_span_glob(cprov_span_of(o->publisher), cprov_span_of(row->entry.publisher))) ||
        (o->max_bytes && (row->entry.bytes == 0 || row->entry.bytes > o->max_bytes)) ||
        !is_new_enough(f, row) || !has_digest(f, row))
        return false;
    *platform = (f->session->host_given && !cprov_runs_here(f->session, row)) ||
                (o->culture && !cprov_find_culture(row, o->culture, &url));
    return !*platform;
}

/* --- how well --- */

/* The name as a whole, its end, its beginning, somewhere in it, the publisher, the description;
 * shorter names first. */
int64_t cprov_find_relevance(const struct cprov_find_filter *f, const struct cprov_listing *row)
{
    const char *search = f->options->search ? f->options->search : "";
    const char *repository = row->reference.repository;
    struct cprov_span words = cprov_span_trim(cprov_span_of(search)), name, before, leaf;
    int64_t tier = 5;

    name = leaf = cprov_span_of(row->entry.name);
    cprov_span_cut_last(name, '/', &before, &leaf);
    if (name.len == words.len && cprov_span_starts_with_nocase(name, words))
        tier = 0;
    else if (leaf.len == words.len && cprov_span_starts_with_nocase(leaf, words))
        tier = 1;
    else if (cprov_span_starts_with_nocase(leaf, words))
        tier = 2;
    else if (cprov_words_in(search, &row->entry.name, 1) || cprov_words_in(search, &repository, 1))
        tier = 3;
    else if (cprov_words_in(search, &row->entry.publisher, 1))
        tier = 4;
    return tier * 1000 + (int64_t)(name.len < 999 ? name.len : 999);
}
