/* catalog/search/likely.c - an exact name: where it most likely is, and a last attempt. */
#include "catalog/search/likely_private.h"

#include <string.h>

#include "catalog/search/import_private.h"
#include "catalog/search/scan_private.h"

/* The repository `path` below the place; false when such a name cannot be. */
static bool repository_at(const struct cprov_place *place, struct cprov_span path,
                          char out[CPROV_NAME_MAX + 1])
{
    char text[2 * CPROV_NAME_MAX + 2];
    size_t len = strlen(place->base.repository);
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (path.len == 0 || len + 1 + path.len > CPROV_NAME_MAX)
        return false;
    memcpy(text, place->base.repository, len);
    if (len > 0)
        text[len++] = '/';
    else if (strcmp(place->base.host, "docker.io") == 0 && cprov_span_find(path, '/') == path.len)
        len = (size_t)(stpcpy(text, "library/") - text);
    for (size_t i = 0; i < path.len; i++)
        text[len + i] = cprov_lower(path.ptr[i]);
    len += path.len;
    if (len > CPROV_NAME_MAX ||
        cprov_reference_check_repository(cprov_span_make(text, len), &ignored) < 0)
        return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

static bool is_short(struct cprov_span text)
{
    return cprov_span_find(text, '/') == text.len;
}

/*
 * A list of all repositories that is new enough, or all there is without a network, and has the
 * likely one not: what a short name means is in that list, and asking for the likely one is in
 * vain.
 */
static bool is_listed_elsewhere(struct cprov_lookup *l, const char *path)
{
    const struct cprov_search_context *s = l->queue.search;
    const struct cprov_place *place = l->queue.site->place;
    struct cprov_cache_repository ignored;
    struct cprov_error err = CPROV_ERROR_INIT;

    /* One that is to be spared is opened where its list may save a request: there is one, and the
     * name is short. */
    bool may_tell =
        s->query->how.has_cache && place->kind->can_scan(place) && is_short(l->queue.wanted->text);
    if (cprov_search_offline(s) || may_tell)
        (void)cprov_sites_open(l->queue.search);
    return !l->scanned && s->cache &&
           cprov_search_is_fresh(s, l->queue.site->known.checked, s->query->freshness.scan) &&
           cprov_cache_repository(s->cache, l->queue.site->known.id, path, &ignored, &err) ==
               CPROV_ENOTFOUND;
}

/* Likely repositories of an exact name, most likely first: where an alias leads, then the name
 * itself. */
bool cprov_lookup_try_likely(struct cprov_lookup *l)
{
    struct cprov_span text = l->queue.wanted->text;
    const char *alias = cprov_lookup_alias(l);
    char path[CPROV_NAME_MAX + 1];

    if (l->literal_tried || l->queue.site->place->kind->import)
        return false;
    if (!(alias && repository_at(l->queue.site->place, cprov_span_of(alias), path)) &&
        !repository_at(l->queue.site->place, text, path)) {
        l->literal_tried = true;
        return false;
    }
    if (is_listed_elsewhere(l, path))
        return cprov_lookup_scan(l);
    l->literal_tried = true;
    cprov_job_add(&l->queue, path, NULL);
    return true;
}

/* A catalog that was believed for its age is fetched when it has not what is wanted; of a registry
 * the likely repository has been asked already. */
bool cprov_lookup_ask_again(struct cprov_lookup *l)
{
    struct cprov_site *site = l->queue.site;

    if (l->asked_again || !site->place->kind->import || site->asked ||
        cprov_search_offline(l->queue.search))
        return false;
    l->asked_again = true;
    l->scanned = false;
    l->code = 0;
    site->state = CPROV_SITE_NEW;
    cprov_import_start(site);
    return true;
}
