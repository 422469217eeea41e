/* provider/find/rows.c - the rows of find on their way out: at once, or in another order. */
#include "provider/find/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "catalog/cache/sorter.h"

struct key {
    const char *name;
    enum cprov_sorter_order order;
    bool descending; /* the way people expect it */
};

static const struct key keys[] = {
    { "name", CPROV_SORT_TEXTS, false },      { "version", CPROV_SORT_VERSIONS, true },
    { "created", CPROV_SORT_NUMBERS, true },  { "size", CPROV_SORT_NUMBERS, true },
    { "source", CPROV_SORT_TEXTS, false },    { "relevance", CPROV_SORT_NUMBERS, false },
    { "publisher", CPROV_SORT_TEXTS, false },
};

struct cprov_rows {
    struct cprov_session *session;
    const struct key *key; /* NULL: as they come */
    struct cprov_sorter *sorter;
    size_t limit, shown;
};

static int find_key(const char *sort, const struct key **key, bool *reverse,
                    struct cprov_error *err)
{
    *reverse = *sort == '-';
    for (size_t i = 0; i < CPROV_COUNT(keys); i++)
        if (cprov_span_is_nocase(cprov_span_of(sort + *reverse), keys[i].name)) {
            *key = &keys[i];
            return 0;
        }
    cprov_fail(err, CPROV_EINVAL, "rows cannot be sorted by '%s'", sort + *reverse);
    cprov_hint(err, CPROV_HINT_SORT_KEYS);
    return CPROV_EINVAL;
}

int cprov_rows_new(struct cprov_session *s, const char *sort, size_t limit, struct cprov_rows **out,
                   struct cprov_error *err)
{
    const struct key *key = NULL;
    bool reverse = false;

    if (sort && find_key(sort, &key, &reverse, err) < 0)
        return err->code;
    struct cprov_rows *r = calloc(1, sizeof(*r));
    if (!r)
        return cprov_fail_memory(err);
    *r = (struct cprov_rows){ .session = s, .key = key, .limit = limit };
    if (key &&
        cprov_sorter_new(key->order, key->descending != reverse, limit, &r->sorter, err) < 0) {
        free(r);
        return err->code;
    }
    *out = r;
    return 0;
}

void cprov_rows_free(struct cprov_rows *r)
{
    if (!r)
        return;
    cprov_sorter_free(r->sorter);
    free(r);
}

/* --- in and out --- */

static bool emit(void *arg, struct cprov_span record)
{
    struct cprov_rows *r = arg;
    struct cprov_item item;

    cprov_item_unpack(record, &item);
    cprov_item_emit(r->session, &item);
    return !cprov_cancelled(&r->session->cancel);
}

static int64_t number_of(const struct cprov_rows *r, const struct cprov_item *item,
                         int64_t relevance)
{
    int64_t t = 0;

    if (strcmp(r->key->name, "size") == 0)
        return (int64_t)item->bytes;
    if (strcmp(r->key->name, "relevance") == 0)
        return relevance;
    /* Year 1 is what Go writes for "never". */
    return cprov_time_parse(cprov_span_of(item->created), &t) && t > 0 ? t : 0;
}

static const char *text_of(const struct cprov_rows *r, const struct cprov_item *item)
{
    if (strcmp(r->key->name, "version") == 0)
        return item->version;
    if (strcmp(r->key->name, "source") == 0)
        return item->source;
    return strcmp(r->key->name, "publisher") == 0 ? item->publisher : item->name;
}

int cprov_rows_add(struct cprov_rows *r, const struct cprov_item *item, int64_t relevance,
                   bool *more, struct cprov_error *err)
{
    auto_buf struct cprov_buf record = { 0 };

    *more = true;
    if (!r->key) {
        cprov_item_emit(r->session, item);
        *more = ++r->shown != r->limit;
        return 0;
    }
    cprov_buf_init(&record, CPROV_MANIFEST_MAX);
    cprov_item_pack(item, &record);
    if (cprov_buf_check(&record, "row", err) < 0)
        return err->code;
    return cprov_sorter_add(r->sorter, number_of(r, item, relevance),
                            cprov_span_of(text_of(r, item)), cprov_buf_span(&record), err);
}

int cprov_rows_finish(struct cprov_rows *r, struct cprov_error *err)
{
    return r->key ? cprov_sorter_each(r->sorter, emit, r, err) : 0;
}
