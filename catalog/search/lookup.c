/* catalog/search/lookup.c - one wanted name in one place: its repositories in the cache. */
#include "catalog/search/lookup_private.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/search/names_private.h"

bool cprov_lookup_is_pattern(const struct cprov_lookup *l)
{
    const struct cprov_wanted *w = l->queue.wanted;

    return !w->exactly && (w->text.len == 0 || cprov_span_is_pattern(w->text));
}

void cprov_lookup_fail(struct cprov_lookup *l, int code, const struct cprov_error *err)
{
    if (l->code == 0 || l->code == CPROV_ENOTFOUND) {
        l->code = code;
        if (err)
            l->err = *err;
    }
}

const char *cprov_lookup_alias(const struct cprov_lookup *l)
{
    const struct cprov_search_scope *what = &l->queue.search->query->what;

    for (size_t i = 0; i < what->aliases_count; i++)
        if (cprov_span_is_nocase(l->queue.wanted->text, what->aliases[i].name))
            return what->aliases[i].repository;
    return NULL;
}

bool cprov_lookup_means(const struct cprov_lookup *l, const char *path)
{
    struct cprov_reference r = l->queue.site->place->base;

    (void)stpcpy(r.repository, path);
    return cprov_search_matches(&l->queue.search->query->what, l->queue.site->place,
                                l->queue.wanted->text, &r);
}

/* Its repository is called otherwise than the pattern says. */
static bool means_an_alias(const struct cprov_lookup *l)
{
    const struct cprov_search_scope *what = &l->queue.search->query->what;

    for (size_t i = 0; i < what->aliases_count; i++)
        if (cprov_span_glob(l->queue.wanted->text, cprov_span_of(what->aliases[i].name)))
            return true;
    return false;
}

/* "nano*" → "nano": what every match begins with; below a namespace also behind that, where no
 * index leads. */
static struct cprov_span literal_beginning(const struct cprov_lookup *l)
{
    struct cprov_span text = l->queue.wanted->text;
    size_t len = 0;

    if (*l->queue.site->place->base.repository)
        return cprov_span_make(NULL, 0);
    while (len < text.len && !strchr("*?[\\`", text.ptr[len]))
        len++;
    text.len = len;
    return text;
}

/* "*-api" → "-api": the longest word that every match has in it. */
static struct cprov_span literal_part(const struct cprov_lookup *l)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./";
    struct cprov_span text = l->queue.wanted->text, best = { NULL, 0 };

    for (size_t i = 0, begin = 0; i < text.len && !strchr("[\\`", text.ptr[i]); i++) {
        if (!strchr(word, text.ptr[i]))
            begin = i + 1;
        else if (i + 1 - begin > best.len)
            best = cprov_span_make(text.ptr + begin, i + 1 - begin);
    }
    return best;
}

bool cprov_lookup_open_cursor(struct cprov_lookup *l)
{
    struct cprov_search_context *s = l->queue.search;
    const struct cprov_search_effort *how = &s->query->how;
    struct cprov_cache_filter filter = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    const char *alias = cprov_lookup_alias(l);

    if (!s->cache)
        return false;
    if (l->spilled)
        filter.after = l->last_path;
    else if (!cprov_lookup_is_pattern(l) && alias && !l->queue.site->place->kind->import)
        filter.named = cprov_span_of(alias);
    else if (!cprov_lookup_is_pattern(l)) /* a catalog may list either name */
        filter = (struct cprov_cache_filter){ .named = l->queue.wanted->text,
                                              .also = cprov_span_of(alias) };
    else if (s->query->what.hint)
        filter = *s->query->what.hint;
    else if (!means_an_alias(l))
        filter =
            (struct cprov_cache_filter){ .prefix = literal_beginning(l),
                                         .part = literal_part(l),
                                         .most = how->depth == CPROV_SEARCH_NAMES ? how->names_max
                                                                                  : 0 };
    if (cprov_cache_cursor_open(s->cache, l->queue.site->known.id, &filter, &l->cursor, &err) < 0) {
        cprov_search_cache_failed(s, &err);
        return false;
    }
    l->scanning = true;
    return true;
}

static void close_cursor(struct cprov_lookup *l)
{
    cprov_cache_cursor_close(l->cursor);
    l->cursor = NULL;
    l->scanning = false;
}

void cprov_lookup_fill(struct cprov_lookup *l)
{
    struct cprov_cache_repository r;
    struct cprov_error err = CPROV_ERROR_INIT;
    bool more = true;

    while (l->cursor && l->queue.waiting < CPROV_LOOKUP_WAITING_MAX) {
        if (cprov_cache_cursor_next(l->cursor, &r, &more, &err) < 0) {
            cprov_search_cache_failed(l->queue.search, &err);
            cprov_lookup_fail(l, err.code, &err);
            more = false;
        }
        if (!more)
            close_cursor(l);
        else if (cprov_lookup_means(l, r.path) ||
                 (*r.name && cprov_span_glob(l->queue.wanted->text, cprov_span_of(r.name))))
            cprov_job_add(&l->queue, r.path, &r);
    }
}

void cprov_lookup_free(struct cprov_lookup *l)
{
    while (l->queue.first) {
        struct cprov_job *j = l->queue.first;

        l->queue.first = j->next;
        cprov_job_free(j);
    }
    cprov_cache_cursor_close(l->cursor);
    cprov_arena_clear(&l->queue.notes.arena);
    free(l);
}
