/* catalog/cache/read.c - what the cache knows of versions: of one by name, or of all. */
#include <stdlib.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/version.h"
#include "catalog/cache/cache_private.h"

/* --- versions --- */

int cprov_cache_versions(struct cprov_cache *ix, int64_t repository, cprov_cache_version_fn *each,
                         void *arg, struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    char version[CPROV_NAME_MAX + 1], alias[CPROV_NAME_MAX + 1];

    if (cprov_query_begin(ix, "SELECT version, alias FROM version WHERE repository = ?", &q, err) <
        0)
        return err->code;
    cprov_query_number(&q, repository);
    for (bool row = true;;) {
        if (cprov_query_step(&q, &row, err) < 0)
            return err->code;
        if (!row)
            return 0;
        cprov_cache_copy_name(version, cprov_query_get_text(&q, 0));
        cprov_cache_copy_name(alias, cprov_query_get_text(&q, 1));
        if (!each(arg, version, *alias ? alias : NULL))
            return 0;
    }
}

int cprov_cache_version(struct cprov_cache *ix, int64_t repository, const char *version,
                        struct cprov_arena *arena, struct cprov_listing *row,
                        struct cprov_cache_known *known, struct cprov_error *err)
{
    struct cprov_reference r;
    bool there;

    if (cprov_cache_load_version(ix, repository, version, arena, &row->entry, known, &there, err) <
        0)
        return err->code;
    if (!there)
        return cprov_fail(err, CPROV_ENOTFOUND, "%s is not in the cache", version);
    row->entry.digest = NULL;
    const char *reference = row->entry.reference;
    if (*reference && cprov_reference_parse(cprov_span_of(reference), &r, NULL) == 0)
        row->reference = r;
    if (known->has_digest && !row->reference.has_digest) {
        row->reference.digest = known->digest;
        row->reference.has_digest = true;
    }
    return 0;
}

/* --- everything --- */

struct names {
    struct cprov_arena arena;
    const char **list;
    size_t count, room;
    bool failed;
};

static bool note_name(void *arg, const char *version, const char *alias)
{
    struct names *n = arg;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    (void)alias;
    n->failed = cprov_grow(&n->list, &n->room, n->count, sizeof(const char *), CPROV_LIST_MAX,
                           &ignored) < 0;
    if (n->failed)
        return false;
    n->list[n->count] = cprov_arena_text(&n->arena, cprov_span_of(version));
    n->failed = !n->list[n->count++];
    return !n->failed;
}

struct giving {
    struct cprov_cache *ix;
    const char *host; /* "" of a catalog */
    const struct cprov_cache_repository *repository;
    cprov_entry_fn *entry;
    void *arg;
};

/* What a version is called depends on where it is: of a registry it is its tag. */
static int give_version(const struct giving *g, const char *version, struct cprov_arena *arena,
                        struct cprov_error *err)
{
    struct cprov_entry e = { .version = version,
                             .repository = g->repository->path,
                             .name = g->repository->name };
    struct cprov_cache_known known;
    bool there;

    if (cprov_cache_load_version(g->ix, g->repository->id, version, arena, &e, &known, &there,
                                 err) < 0)
        return err->code;
    if (!there)
        return 0;
    if (*g->host && !*e.reference && !*e.alias)
        e.reference = cprov_arena_textf(arena, "%s/%s:%s", g->host, g->repository->path, version);
    if (cprov_arena_check(arena, err) < 0)
        return err->code;
    return g->entry(g->arg, &e, err);
}

static int give_repository(const struct giving *g, struct cprov_error *err)
{
    struct names n = { 0 };
    int code = cprov_cache_versions(g->ix, g->repository->id, note_name, &n, err);

    if (code == 0 && n.failed)
        code = cprov_fail_memory(err);
    if (code == 0)
        n.count = cprov_version_sort(n.list, n.count);
    for (size_t i = 0; i < n.count && code == 0; i++) {
        struct cprov_arena arena = { 0 };

        code = give_version(g, n.list[i], &arena, err);
        cprov_arena_clear(&arena);
    }
    cprov_arena_clear(&n.arena);
    free(n.list);
    return code;
}

static int give_source(struct giving *g, int64_t source, struct cprov_error *err)
{
    struct cprov_cache_repository repository;
    struct cprov_cache_cursor *c = NULL;
    bool more = true;
    int code = cprov_cache_cursor_open(g->ix, source, NULL, &c, err);

    g->repository = &repository;
    while (code == 0) {
        code = cprov_cache_cursor_next(c, &repository, &more, err);
        if (code < 0 || !more)
            break;
        code = give_repository(g, err);
    }
    cprov_cache_cursor_close(c);
    return code;
}

static int next_source(struct cprov_cache *ix, int64_t after, int64_t *id,
                       char host[CPROV_NAME_MAX + 1], struct cprov_error *err)
{
    auto_query struct cprov_query q = { 0 };
    bool row;

    if (cprov_query_begin(ix, "SELECT id, host FROM source WHERE id > ? ORDER BY id LIMIT 1", &q,
                          err) < 0)
        return err->code;
    cprov_query_number(&q, after);
    if (cprov_query_step(&q, &row, err) < 0)
        return err->code;
    *id = row ? cprov_query_get_number(&q, 0) : 0;
    cprov_cache_copy_name(host, cprov_query_get_text(&q, 1));
    return 0;
}

int cprov_cache_each(struct cprov_cache *ix, int64_t source, cprov_entry_fn *entry, void *arg,
                     struct cprov_error *err)
{
    struct giving g = { .ix = ix, .entry = entry, .arg = arg };
    char host[CPROV_NAME_MAX + 1];
    int64_t id = source ? source - 1 : 0;

    for (;;) {
        if (next_source(ix, id, &id, host, err) < 0)
            return err->code;
        if (id == 0 || (source && id != source))
            return 0;
        g.host = host;
        if (give_source(&g, id, err) < 0)
            return err->code;
        if (source)
            return 0;
    }
}
