/* catalog/cache/sorter.c - any number of records put in order, by a database of its own. */
#include "catalog/cache/sorter.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/version.h"
#include "catalog/cache/cache_private.h"

struct cprov_sorter {
    struct cprov_cache *database; /* with one table */
    enum cprov_sorter_order order;
    char select[160];
};

static int compare_versions(void *arg, int a_len, const void *a, int b_len, const void *b)
{
    (void)arg;
    return cprov_version_compare(cprov_span_make(a, (size_t)a_len),
                                 cprov_span_make(b, (size_t)b_len));
}

static int make_table(struct cprov_sorter *s, struct cprov_error *err)
{
    int rc = cprov_sqlite.create_collation(s->database->db, "VERSION", SQLITE_UTF8, NULL,
                                           compare_versions);

    if (rc != SQLITE_OK)
        return cprov_cache_fail(s->database, rc, err);
    return cprov_cache_exec(
        s->database, "CREATE TABLE sorted(seq INTEGER PRIMARY KEY, key, record BLOB); BEGIN", err);
}

int cprov_sorter_new(enum cprov_sorter_order order, bool descending, size_t limit,
                     struct cprov_sorter **out, struct cprov_error *err)
{
    static const char *const collations[] = { [CPROV_SORT_NUMBERS] = "",
                                              [CPROV_SORT_TEXTS] = "COLLATE NOCASE",
                                              [CPROV_SORT_VERSIONS] = "COLLATE VERSION" };
    struct cprov_sorter *s = calloc(1, sizeof(*s));

    if (!s)
        return cprov_fail_memory(err);
    s->order = order;
    (void)snprintf(s->select, sizeof(s->select),
                   "SELECT record FROM sorted ORDER BY %skey %s %s, seq LIMIT %lld",
                   order == CPROV_SORT_NUMBERS ? "key = 0, " : "", collations[order],
                   descending ? "DESC" : "", limit ? (long long)limit : -1LL);
    if (cprov_cache_open_bare(&s->database, err) < 0 || make_table(s, err) < 0) {
        cprov_sorter_free(s);
        return err->code;
    }
    *out = s;
    return 0;
}

void cprov_sorter_free(struct cprov_sorter *s)
{
    if (!s)
        return;
    cprov_cache_close(s->database);
    free(s);
}

int cprov_sorter_add(struct cprov_sorter *s, int64_t number, struct cprov_span text,
                     struct cprov_span record, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };

    if (cprov_query_begin(s->database, "INSERT INTO sorted(key, record) VALUES(?, ?)", &q, err) < 0)
        return err->code;
    if (s->order == CPROV_SORT_NUMBERS)
        cprov_query_number(&q, number);
    else
        cprov_query_span(&q, text);
    cprov_query_bytes(&q, record.ptr, record.len);
    return cprov_query_run(&q, err);
}

int cprov_sorter_each(struct cprov_sorter *s, bool (*each)(void *arg, struct cprov_span record),
                      void *arg, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    bool row = true;

    if (cprov_query_begin(s->database, s->select, &q, err) < 0)
        return err->code;
    while (row) {
        if (cprov_query_step(&q, &row, err) < 0)
            return err->code;
        if (row && !each(arg, cprov_query_get_text(&q, 0)))
            return 0;
    }
    return 0;
}
