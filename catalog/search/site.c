/* catalog/search/site.c - one place in a search, and what the cache knows of it. */
#include "catalog/search/site_private.h"

#include <stdio.h>
#include <string.h>

/* In front of the validator: that a document came from a private address, and may lead to others.
 */
#define PRIVATE "private "

static void take_private(struct cprov_site *site)
{
    struct cprov_span text = cprov_span_of(site->known.validator);

    site->is_private = cprov_span_starts_with(text, PRIVATE);
    if (site->is_private)
        memmove(site->known.validator, text.ptr + strlen(PRIVATE), text.len - strlen(PRIVATE) + 1);
}

const char *cprov_site_validator(const struct cprov_site *site, const char *validator,
                                 char out[CPROV_VALIDATOR_MAX + 1])
{
    if (!validator || !site->is_private)
        return validator;
    int len = snprintf(out, CPROV_VALIDATOR_MAX + 1, PRIVATE "%s", validator);
    return len > 0 && len <= CPROV_VALIDATOR_MAX ? out : validator;
}

int cprov_site_key(const struct cprov_place *place, struct cprov_buf *key, struct cprov_error *err)
{
    cprov_buf_init(key, CPROV_URL_MAX);
    cprov_place_key(place, key);
    return cprov_buf_check(key, "key of a source", err);
}

static void look_up(struct cprov_site *site)
{
    struct cprov_search_context *s = site->search;
    auto_buf struct cprov_buf key = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    const char *host = site->place->kind->import ? "" : site->place->base.host;

    if (cprov_site_key(site->place, &key, &err) < 0 ||
        cprov_cache_source(s->cache, cprov_buf_text(&key), host, &site->known, &err) < 0)
        cprov_search_cache_failed(s, &err);
    take_private(site);
}

bool cprov_sites_open(struct cprov_search_context *s)
{
    const struct cprov_search_listener *l = &s->query->listener;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (s->cache_tried || !l->open_cache)
        return s->cache != NULL;
    s->cache_tried = true;
    if (l->open_cache(l->arg, &s->cache, &ignored) < 0)
        s->cache = NULL;
    for (size_t k = 0; s->cache && k < s->sites_count; k++)
        look_up(&s->sites[k]);
    return s->cache != NULL;
}

void cprov_site_tell_stale(struct cprov_site *site, int64_t checked, const struct cprov_error *why)
{
    const struct cprov_search_listener *l = &site->search->query->listener;

    if (!site->stale_told && l->stale)
        l->stale(l->arg, site->place, checked, why);
    site->stale_told = true;
}

int cprov_search_came_from_private(struct cprov_cache *ix, const struct cprov_place *place,
                                   bool *out, struct cprov_error *err)
{
    auto_buf struct cprov_buf key = { 0 };
    struct cprov_cache_source known;

    if (cprov_site_key(place, &key, err) < 0 ||
        cprov_cache_source(ix, cprov_buf_text(&key), "", &known, err) < 0)
        return err->code;
    *out = cprov_span_starts_with(cprov_span_of(known.validator), PRIVATE);
    return 0;
}
