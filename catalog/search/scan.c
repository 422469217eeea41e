/* catalog/search/scan.c - all repositories of a place, for a name that may be any of them. */
#include "catalog/search/scan_private.h"

#include <string.h>

/* To an exact name that is simply "not found"; who asked for a pattern must hear why there is
 * nothing. */
static void no_catalog(struct cprov_lookup *l)
{
    const struct cprov_place *place = l->queue.site->place;
    bool never = place->kind->can_scan && !place->kind->can_scan(place);
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!cprov_lookup_is_pattern(l))
        return;
    int code =
        cprov_fail(&err, never ? CPROV_EINVAL : CPROV_ENETWORK,
                   "source '%s' cannot list its images; give an exact name", place->source->name);
    cprov_hint(&err, CPROV_HINT_SEARCHABLE_SOURCE);
    cprov_lookup_fail(l, code, &err);
}

static bool on_repository(void *arg, const char *path)
{
    struct cprov_lookup *l = arg;
    int order = strcmp(path, l->last_path);

    if (l->queue.search->stopped || l->queue.search->code)
        return false;
    cprov_notes_add(&l->queue.notes, l->queue.site, path);
    if (order == 0)
        return true; /* said twice */
    l->spilled = l->spilled ||
                 (l->queue.notes.scan && l->queue.waiting >= CPROV_LOOKUP_WAITING_MAX && order > 0);
    if (l->spilled && order > 0)
        return true; /* the cursor will come by */
    if (order > 0)
        (void)stpcpy(l->last_path, path);
    if (cprov_lookup_means(l, path)) {
        cprov_job_add(&l->queue, path, NULL);
        l->queue.search->ready(l->queue.search);
    }
    return true;
}

/* A catalog that breaks off still leaves what the cache knows of the rest. */
static void scan_failed(struct cprov_lookup *l, int code, const struct cprov_error *err)
{
    struct cprov_site *site = l->queue.site;

    if (code == CPROV_ENOTFOUND) {
        no_catalog(l);
    } else if (site->known.checked > 0 && l->queue.search->cache && code != CPROV_ECANCELLED &&
               code != CPROV_EAUTH) {
        cprov_site_tell_stale(site, site->known.checked, err);
        l->spilled = true; /* behind the last one that came */
        (void)cprov_lookup_open_cursor(l);
    } else {
        cprov_lookup_fail(l, code, err);
    }
}

static void on_scanned(void *arg, int code, size_t dropped, const struct cprov_error *err)
{
    struct cprov_lookup *l = arg;
    struct cprov_error own = CPROV_ERROR_INIT;
    bool whole = code == 0 && !l->queue.search->stopped;

    (void)dropped;
    l->scanning = false;
    cprov_notes_put(&l->queue.notes, l->queue.site);
    if (l->queue.notes.scan && cprov_search_may_write(l->queue.search) &&
        cprov_cache_scan_end(l->queue.search->cache, l->queue.site->known.id, l->queue.notes.scan,
                             whole, &own) < 0)
        cprov_search_cache_failed(l->queue.search, &own);
    if (whole)
        l->queue.site->known.checked = l->queue.search->now;
    if (code < 0)
        scan_failed(l, code, err);
    else if (l->spilled)
        (void)cprov_lookup_open_cursor(l);
    l->queue.search->ready(l->queue.search);
}

static void begin_scan(struct cprov_lookup *l)
{
    struct cprov_search_context *s = l->queue.search;
    struct cprov_error err = CPROV_ERROR_INIT;

    l->queue.notes.scan = 0;
    if (cprov_search_may_write(s) &&
        cprov_cache_scan_begin(s->cache, l->queue.site->known.id, &l->queue.notes.scan, &err) < 0)
        cprov_search_cache_failed(s, &err);
}

/* What is known without a list of all: single repositories that were asked for. */
static bool scan_offline(struct cprov_lookup *l)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    int code =
        cprov_fail(&err, CPROV_ENETWORK, "the network is needed, but the session is offline");
    cprov_lookup_fail(l, code, &err);
    return cprov_lookup_open_cursor(l);
}

bool cprov_lookup_scan(struct cprov_lookup *l)
{
    struct cprov_search_context *s = l->queue.search;
    struct cprov_site *site = l->queue.site;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!site || l->scanned)
        return false;
    l->scanned = true;
    (void)cprov_sites_open(s);
    if (site->place->kind->import) {
        if (site->state == CPROV_SITE_FAILED)
            cprov_lookup_fail(l, site->code, &site->err);
        return site->state == CPROV_SITE_READY && cprov_lookup_open_cursor(l);
    }
    if (s->cache && cprov_search_is_fresh(s, site->known.checked, s->query->freshness.scan))
        return cprov_lookup_open_cursor(l);
    if (cprov_search_offline(s))
        return scan_offline(l);
    if (!site->place->kind->can_scan(site->place)) {
        no_catalog(l);
        return false;
    }
    begin_scan(l);
    l->scanning = true;
    int code = cprov_search_connect(s, &err);
    if (code == 0)
        code = site->place->kind->scan(
            s->client, site->place,
            &(struct cprov_list_request){ .entry = on_repository, .done = on_scanned, .arg = l },
            &err);
    if (code < 0) {
        l->scanning = false;
        cprov_lookup_fail(l, code, &err);
    }
    return l->scanning;
}
