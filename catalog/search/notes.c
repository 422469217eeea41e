/* catalog/search/notes.c - names that a scan brought and the cache does not have yet. */
#include "catalog/search/notes_private.h"

#define NOTED_MAX ((size_t)CPROV_LIST_PAGE_SIZE)

void cprov_notes_put(struct cprov_notes *n, const struct cprov_site *site)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (n->count > 0 && n->scan && cprov_search_may_write(site->search) &&
        cprov_cache_scan_note(site->search->cache, site->known.id, n->scan, n->paths, n->count,
                              &err) < 0) {
        cprov_search_cache_failed(site->search, &err);
        n->scan = 0; /* a scan with gaps must not end as a whole one */
    }
    cprov_arena_clear(&n->arena);
    n->paths = NULL;
    n->count = 0;
}

void cprov_notes_add(struct cprov_notes *n, const struct cprov_site *site, const char *path)
{
    if (!n->scan)
        return;
    if (!n->paths)
        n->paths = cprov_arena_alloc(&n->arena, NOTED_MAX, sizeof(*n->paths));
    const char *kept = n->paths ? cprov_arena_text(&n->arena, cprov_span_of(path)) : NULL;
    if (!kept) {
        cprov_search_out_of_memory(site->search);
        return;
    }
    n->paths[n->count++] = kept;
    if (n->count == NOTED_MAX)
        cprov_notes_put(n, site);
}
