/* catalog/search/import.c - the document of a site, read into the cache. */
#include "catalog/search/import_private.h"

#include <stdio.h>
#include <string.h>

#include "conf/catalog_dates.h"

/* Seconds in which a place that every search looks at may be found unchanged without a note. */
#define NOTED_APART 60

/* Of a source that must be signed: the date of the newest catalog that was read from it. An older
 * one is a step back that somebody on the way may have made. */
static int get_seen(struct cprov_site *site, struct cprov_error *err)
{
    const char *dir = site->search->query->how.dates_dir;
    auto_buf struct cprov_buf key = { 0 };

    if (!site->place->source->key || !dir)
        return 0;
    if (cprov_site_key(site->place, &key, err) < 0)
        return err->code;
    return cprov_catalog_date_get(dir, cprov_buf_span(&key), &site->seen, err);
}

/* Before the cache has the catalog: whoever is killed in between reads it again. A folder that
 * cannot be written does not hide what is right. */
static void put_seen(const struct cprov_site *site)
{
    const char *dir = site->search->query->how.dates_dir;
    auto_buf struct cprov_buf key = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!site->place->source->key || !dir || site->facts.created <= site->seen)
        return;
    if (cprov_site_key(site->place, &key, &err) == 0 &&
        cprov_catalog_date_put(dir, cprov_buf_span(&key), site->facts.created, &err) == 0)
        return;
    (void)cprov_wrap(&err, "the date of its catalog cannot be stored");
    cprov_search_warn(site->search, site->place, err.msg);
}

void cprov_import_end(struct cprov_site *site)
{
    cprov_cache_import_free(site->import);
}

static int on_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    struct cprov_site *site = arg;

    if (!site->import &&
        cprov_cache_import_begin(site->search->cache, site->known.id, &site->import, err) < 0)
        return err->code;
    return cprov_cache_import_add(site->import, entry, err);
}

static void tell_duplicates(const struct cprov_site *site, uint64_t count)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "lists %llu %s twice", (unsigned long long)count,
                   count == 1 ? "version" : "versions");
    if (count)
        cprov_search_warn(site->search, site->place, text);
}

static void tell_left_out(const struct cprov_site *site)
{
    const struct cprov_catalog_facts *facts = &site->facts;
    char text[sizeof(facts->first.msg) + 64];

    if (facts->left_out == 1)
        (void)snprintf(text, sizeof(text), "one version is left out: %s", facts->first.msg);
    else
        (void)snprintf(text, sizeof(text), "%llu versions are left out, the first is %s",
                       (unsigned long long)facts->left_out, facts->first.msg);
    if (facts->left_out)
        cprov_search_warn(site->search, site->place, text);
}

static int commit_import(struct cprov_site *site, const char *validator, struct cprov_error *err)
{
    struct cprov_search_context *s = site->search;
    uint64_t duplicates = 0;

    if (!site->import && cprov_cache_import_begin(s->cache, site->known.id, &site->import, err) < 0)
        return err->code;
    if (cprov_cache_import_commit(site->import, validator, &duplicates, err) < 0)
        return err->code;
    tell_duplicates(site, duplicates);
    tell_left_out(site);
    return 0;
}

/* The cache has it, or what it had before has to do. */
static void settle(struct cprov_site *site, int code, const struct cprov_error *err)
{
    cprov_cache_import_free(site->import);
    site->import = NULL;
    site->state = CPROV_SITE_READY;
    if (code == 0) {
        site->known.checked = site->search->now;
        return;
    }
    if (site->search->cache && cprov_cache_damaged(site->search->cache))
        cprov_search_cache_failed(site->search, err);
    site->code = code;
    site->err = *err;
    /* A list that is not where it should be is no empty list: the source has failed. */
    if (code == CPROV_ENOTFOUND)
        site->code = site->err.code = site->place->kind->local ? CPROV_EFAIL : CPROV_ENETWORK;
    if (site->known.checked > 0 && site->search->cache && code != CPROV_ECANCELLED)
        cprov_site_tell_stale(site, site->known.checked, &site->err);
    else
        site->state = CPROV_SITE_FAILED;
}

/* A search that changes nothing else should not write, and wait for the disk, to say so. */
static bool is_noted(const struct cprov_site *site, const char *validator)
{
    int64_t since = site->search->now - site->known.checked;

    return site->place->kind->local && since >= 0 && since < NOTED_APART &&
           (!validator || strcmp(validator, site->known.validator) == 0);
}

static void on_done(void *arg, int code, bool unchanged, const char *validator,
                    const struct cprov_error *err)
{
    struct cprov_site *site = arg;
    struct cprov_error own = CPROV_ERROR_INIT;
    char kept[CPROV_VALIDATOR_MAX + 1];

    if (code == 0 && !site->place->kind->local)
        site->is_private = cprov_client_is_private(site->search->client, site->place->base.host);
    if (code == 0 && !unchanged)
        put_seen(site);
    if (code == 0 && unchanged && !is_noted(site, validator))
        code = cprov_cache_source_checked(site->search->cache, site->known.id,
                                          cprov_site_validator(site, validator, kept), &own);
    else if (code == 0 && !unchanged)
        code = commit_import(site, cprov_site_validator(site, validator, kept), &own);
    settle(site, code, own.code ? &own : err);
    site->search->ready(site->search);
}

static void on_warning(void *arg, const char *text)
{
    struct cprov_site *site = arg;

    cprov_search_warn(site->search, site->place, text);
}

static int import(struct cprov_site *site, struct cprov_error *err)
{
    struct cprov_search_context *s = site->search;

    if (!s->cache)
        return cprov_fail(err, CPROV_EFAIL, "the cache is needed to read it");
    if (get_seen(site, err) < 0 || (!site->place->kind->local && cprov_search_connect(s, err) < 0))
        return err->code;
    return site->place->kind->import(s->client, site->place,
                                     &(struct cprov_import){ .validator = site->known.validator,
                                                             .not_before = site->seen,
                                                             .facts = &site->facts,
                                                             .entry = on_entry,
                                                             .done = on_done,
                                                             .warning = on_warning,
                                                             .arg = site },
                                     err);
}

void cprov_import_start(struct cprov_site *site)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    site->asked = true;
    site->state = CPROV_SITE_IMPORTING;
    int code = import(site, &err);
    if (code < 0)
        settle(site, code, &err);
}

bool cprov_import_ready(struct cprov_site *site)
{
    const struct cprov_search_context *s = site->search;
    const struct cprov_source_kind *kind = site->place->kind;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!kind->import)
        return true;
    if (site->state == CPROV_SITE_NEW) {
        (void)cprov_sites_open(site->search);
        if (!kind->local &&
            cprov_search_is_fresh(s, site->known.checked, s->query->freshness.scan)) {
            site->state = CPROV_SITE_READY;
        } else if (!kind->local && cprov_search_offline(s)) {
            site->code = cprov_fail(&err, CPROV_ENETWORK,
                                    "it has not been listed yet and the network is off");
            site->err = err;
            site->state = CPROV_SITE_FAILED;
        } else {
            cprov_import_start(site);
        }
    }
    return site->state != CPROV_SITE_IMPORTING;
}
