/* catalog/search/lookup.c - which repositories a name means: likely ones, the index, or a catalog.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "catalog/document/file.h"
#include "catalog/search/search_private.h"
#include "conf/catalog_dates.h"

/* So many waiting jobs of a lookup are enough; the rest is read from the index when its time comes.
 */
#define WAITING_MAX 256

#define NOTED_MAX ((size_t)CPROV_LIST_PAGE_SIZE) /* names of a scan that wait to be written */

/* Seconds in which a place that every search looks at may be found unchanged without a note. */
#define NOTED_APART 60

/* --- sites --- */

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

static const char *put_private(const struct cprov_site *site, const char *validator,
                               char out[CPROV_VALIDATOR_MAX + 1])
{
    if (!validator || !site->is_private)
        return validator;
    int len = snprintf(out, CPROV_VALIDATOR_MAX + 1, PRIVATE "%s", validator);
    return len > 0 && len <= CPROV_VALIDATOR_MAX ? out : validator;
}

static int make_key(const struct cprov_place *place, struct cprov_buf *key, struct cprov_error *err)
{
    cprov_buf_init(key, CPROV_URL_MAX);
    cprov_place_key(place, key);
    return cprov_buf_check(key, "key of a source", err);
}

/* Of a source that must be signed: the date of the newest catalog that was read from it. An older
 * one is a step back that somebody on the way may have made. */
static int get_seen(struct cprov_site *site, struct cprov_error *err)
{
    const char *dir = site->search->query->dates_dir;
    auto_buf struct cprov_buf key = { 0 };

    if (!site->place->source->key || !dir)
        return 0;
    if (make_key(site->place, &key, err) < 0)
        return err->code;
    return cprov_catalog_date_get(dir, cprov_buf_span(&key), &site->seen, err);
}

/* Before the index has the catalog: whoever is killed in between reads it again. A folder that
 * cannot be written does not hide what is right. */
static void put_seen(const struct cprov_site *site)
{
    const struct cprov_catalog_query *q = site->search->query;
    auto_buf struct cprov_buf key = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!site->place->source->key || !q->dates_dir || site->facts.created <= site->seen)
        return;
    if (make_key(site->place, &key, &err) == 0 &&
        cprov_catalog_date_put(q->dates_dir, cprov_buf_span(&key), site->facts.created, &err) == 0)
        return;
    (void)cprov_wrap(&err, "the date of its catalog cannot be kept");
    if (q->warning)
        q->warning(q->notice_arg, site->place, err.msg);
}

void cprov_site_init(struct cprov_site *site)
{
    struct cprov_search *s = site->search;
    auto_buf struct cprov_buf key = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    const char *host = site->place->kind->import ? "" : site->place->base.host;

    if (!s->index)
        return;
    if (make_key(site->place, &key, &err) < 0 ||
        cprov_cache_source(s->index, cprov_buf_text(&key), host, &site->known, &err) < 0)
        cprov_search_index_failed(s, &err);
    take_private(site);
}

int cprov_catalog_came_from_private(struct cprov_cache *ix, const struct cprov_place *place,
                                    bool *out, struct cprov_error *err)
{
    auto_buf struct cprov_buf key = { 0 };
    struct cprov_cache_source known;

    if (make_key(place, &key, err) < 0 ||
        cprov_cache_source(ix, cprov_buf_text(&key), "", &known, err) < 0)
        return err->code;
    *out = cprov_span_starts_with(cprov_span_of(known.validator), PRIVATE);
    return 0;
}

void cprov_site_clear(struct cprov_site *site)
{
    cprov_cache_import_free(site->import);
}

static bool is_fresh(const struct cprov_search *s, int64_t checked, int64_t age)
{
    return checked > 0 && (cprov_search_offline(s) || (age > 0 && s->now - checked <= age));
}

static int import_entry(void *arg, const struct cprov_entry *entry, struct cprov_error *err)
{
    struct cprov_site *site = arg;

    if (!site->import &&
        cprov_cache_import_begin(site->search->index, site->known.id, &site->import, err) < 0)
        return err->code;
    return cprov_cache_import_add(site->import, entry, err);
}

static void tell_duplicates(const struct cprov_site *site, uint64_t count)
{
    const struct cprov_catalog_query *q = site->search->query;
    char text[64];

    (void)snprintf(text, sizeof(text), "lists %llu %s twice", (unsigned long long)count,
                   count == 1 ? "version" : "versions");
    if (count && q->warning)
        q->warning(q->notice_arg, site->place, text);
}

static void tell_left_out(const struct cprov_site *site)
{
    const struct cprov_catalog_query *q = site->search->query;
    const struct cprov_catalog_facts *facts = &site->facts;
    char text[sizeof(facts->first.msg) + 64];

    if (facts->left_out == 1)
        (void)snprintf(text, sizeof(text), "one version is left out: %s", facts->first.msg);
    else
        (void)snprintf(text, sizeof(text), "%llu versions are left out, the first is %s",
                       (unsigned long long)facts->left_out, facts->first.msg);
    if (facts->left_out && q->warning)
        q->warning(q->notice_arg, site->place, text);
}

static int commit_import(struct cprov_site *site, const char *validator, struct cprov_error *err)
{
    struct cprov_search *s = site->search;
    uint64_t duplicates = 0;

    if (!site->import && cprov_cache_import_begin(s->index, site->known.id, &site->import, err) < 0)
        return err->code;
    if (cprov_cache_import_commit(site->import, validator, &duplicates, err) < 0)
        return err->code;
    tell_duplicates(site, duplicates);
    tell_left_out(site);
    return 0;
}

/* The index has it, or what it had before has to do. */
static void site_settled(struct cprov_site *site, int code, const struct cprov_error *err)
{
    cprov_cache_import_free(site->import);
    site->import = NULL;
    site->state = CPROV_SITE_READY;
    if (code == 0) {
        site->known.checked = site->search->now;
        return;
    }
    if (site->search->index && cprov_cache_damaged(site->search->index))
        cprov_search_index_failed(site->search, err);
    site->code = code;
    site->err = *err;
    /* A list that is not where it should be is no empty list: the source has failed. */
    if (code == CPROV_ENOTFOUND)
        site->code = site->err.code = site->place->kind->local ? CPROV_EFAIL : CPROV_ENETWORK;
    if (site->known.checked > 0 && site->search->index && code != CPROV_ECANCELLED)
        cprov_search_tell_stale(site, site->known.checked, &site->err);
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

static void import_done(void *arg, int code, bool unchanged, const char *validator,
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
        code = cprov_cache_source_checked(site->search->index, site->known.id,
                                          put_private(site, validator, kept), &own);
    else if (code == 0 && !unchanged)
        code = commit_import(site, put_private(site, validator, kept), &own);
    site_settled(site, code, own.code ? &own : err);
    cprov_search_pump(site->search);
}

static void import_warning(void *arg, const char *text)
{
    struct cprov_site *site = arg;
    const struct cprov_catalog_query *q = site->search->query;

    if (q->warning)
        q->warning(q->notice_arg, site->place, text);
}

static int import(struct cprov_site *site, struct cprov_error *err)
{
    struct cprov_search *s = site->search;

    if (!s->index)
        return cprov_fail(err, CPROV_EFAIL, "the index is needed for it");
    if (get_seen(site, err) < 0 || (!site->place->kind->local && cprov_search_connect(s, err) < 0))
        return err->code;
    return site->place->kind->import(s->client, site->place,
                                     &(struct cprov_import){ .validator = site->known.validator,
                                                             .not_before = site->seen,
                                                             .facts = &site->facts,
                                                             .entry = import_entry,
                                                             .done = import_done,
                                                             .warning = import_warning,
                                                             .arg = site },
                                     err);
}

static void start_import(struct cprov_site *site)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    site->asked = true;
    site->state = CPROV_SITE_IMPORTING;
    int code = import(site, &err);
    if (code < 0)
        site_settled(site, code, &err);
}

bool cprov_site_ready(struct cprov_site *site)
{
    const struct cprov_search *s = site->search;
    const struct cprov_source_kind *kind = site->place->kind;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!kind->import)
        return true;
    if (site->state == CPROV_SITE_NEW) {
        (void)cprov_search_open_index(site->search);
        if (!kind->local && is_fresh(s, site->known.checked, s->query->freshness.scan)) {
            site->state = CPROV_SITE_READY;
        } else if (!kind->local && cprov_search_offline(s)) {
            site->code = cprov_fail(&err, CPROV_ENETWORK,
                                    "it has not been listed yet, and the "
                                    "network must not be used");
            site->err = err;
            site->state = CPROV_SITE_FAILED;
        } else {
            start_import(site);
        }
    }
    return site->state != CPROV_SITE_IMPORTING;
}

/* --- likely repositories --- */

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

static const char *aliased(const struct cprov_catalog_query *q, struct cprov_span text)
{
    for (size_t i = 0; i < q->aliases_count; i++)
        if (cprov_span_is_nocase(text, q->aliases[i].name))
            return q->aliases[i].repository;
    return NULL;
}

/*
 * A list of all repositories that is new enough, or all there is without a network, and has the
 * likely one not: what a short name means is in that list, and asking for the likely one is in
 * vain.
 */
static bool is_listed_elsewhere(struct cprov_lookup *l, const char *path)
{
    const struct cprov_search *s = l->search;
    struct cprov_cache_repository ignored;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_search_offline(s)) /* elsewhere an index that is to be spared stays closed */
        (void)cprov_search_open_index(l->search);
    return !l->scanned && s->index &&
           is_fresh(s, l->site->known.checked, s->query->freshness.scan) &&
           cprov_cache_repository(s->index, l->site->known.id, path, &ignored, &err) ==
               CPROV_ENOTFOUND;
}

/* Likely repositories of an exact name, most likely first: where an alias leads, then the name
 * itself. */
bool cprov_lookup_try_likely(struct cprov_lookup *l)
{
    struct cprov_span text = cprov_lookup_wanted(l)->text;
    const char *alias = aliased(l->search->query, text);
    char path[CPROV_NAME_MAX + 1];

    if (l->literal_tried || l->site->place->kind->import)
        return false;
    if (!(alias && repository_at(l->site->place, cprov_span_of(alias), path)) &&
        !repository_at(l->site->place, text, path)) {
        l->literal_tried = true;
        return false;
    }
    if (is_listed_elsewhere(l, path))
        return cprov_lookup_scan(l);
    l->literal_tried = true;
    cprov_lookup_add_job(l, path, NULL);
    return true;
}

/* --- repositories of the index --- */

static bool means(const struct cprov_lookup *l, const char *path)
{
    struct cprov_reference r = l->site->place->base;

    (void)stpcpy(r.repository, path);
    return cprov_catalog_matches(l->search->query, l->site->place, cprov_lookup_wanted(l)->text,
                                 &r);
}

/* Which leads elsewhere. */
static bool means_an_alias(const struct cprov_lookup *l)
{
    const struct cprov_catalog_query *q = l->search->query;

    for (size_t i = 0; i < q->aliases_count; i++)
        if (cprov_span_glob(cprov_lookup_wanted(l)->text, cprov_span_of(q->aliases[i].name)))
            return true;
    return false;
}

/* "nano*" → "nano": what every match begins with; below a namespace also behind that, where no
 * index leads. */
static struct cprov_span literal_beginning(const struct cprov_lookup *l)
{
    struct cprov_span text = cprov_lookup_wanted(l)->text;
    size_t len = 0;

    if (*l->site->place->base.repository)
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
    struct cprov_span text = cprov_lookup_wanted(l)->text, best = { NULL, 0 };

    for (size_t i = 0, begin = 0; i < text.len && !strchr("[\\`", text.ptr[i]); i++) {
        if (!strchr(word, text.ptr[i]))
            begin = i + 1;
        else if (i + 1 - begin > best.len)
            best = cprov_span_make(text.ptr + begin, i + 1 - begin);
    }
    return best;
}

static bool open_cursor(struct cprov_lookup *l)
{
    struct cprov_search *s = l->search;
    struct cprov_cache_filter filter = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    const char *alias = aliased(s->query, cprov_lookup_wanted(l)->text);

    if (!s->index)
        return false;
    if (l->spilled)
        filter.after = l->last_path;
    else if (!cprov_lookup_is_pattern(l) && alias && !l->site->place->kind->import)
        filter.named = cprov_span_of(alias);
    else if (!cprov_lookup_is_pattern(l)) /* a catalog may list either name */
        filter = (struct cprov_cache_filter){ .named = cprov_lookup_wanted(l)->text,
                                              .also = cprov_span_of(alias) };
    else if (s->query->hint)
        filter = *s->query->hint;
    else if (!means_an_alias(l))
        filter =
            (struct cprov_cache_filter){ .prefix = literal_beginning(l),
                                         .part = literal_part(l),
                                         .most = s->query->names_only ? s->query->names_max : 0 };
    if (cprov_cache_cursor_open(s->index, l->site->known.id, &filter, &l->cursor, &err) < 0) {
        cprov_search_index_failed(s, &err);
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

    while (l->cursor && l->waiting < WAITING_MAX) {
        if (cprov_cache_cursor_next(l->cursor, &r, &more, &err) < 0) {
            cprov_search_index_failed(l->search, &err);
            cprov_lookup_fail(l, err.code, &err);
            more = false;
        }
        if (!more)
            close_cursor(l);
        else if (means(l, r.path) ||
                 (*r.name && cprov_span_glob(cprov_lookup_wanted(l)->text, cprov_span_of(r.name))))
            cprov_lookup_add_job(l, r.path, &r);
    }
}

/* --- a catalog that is asked --- */

/* To an exact name that is simply "not found"; who asked for a pattern must hear why there is
 * nothing. */
static void no_catalog(struct cprov_lookup *l)
{
    const struct cprov_place *place = l->site->place;
    bool never = place->kind->can_scan && !place->kind->can_scan(place);
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!cprov_lookup_is_pattern(l))
        return;
    int code = cprov_fail(&err, never ? CPROV_EINVAL : CPROV_ENETWORK,
                          "source '%s' has no catalog to search: an image must be named exactly",
                          place->source->name);
    cprov_hint(&err, "find-image nginx, or register-source NAME LOCATION for one that can be "
                     "searched");
    cprov_lookup_fail(l, code, &err);
}

void cprov_lookup_put_noted(struct cprov_lookup *l)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (l->noted_count > 0 && l->scan && cprov_search_may_write(l->search) &&
        cprov_cache_scan_note(l->search->index, l->site->known.id, l->scan, l->noted,
                              l->noted_count, &err) < 0) {
        cprov_search_index_failed(l->search, &err);
        l->scan = 0; /* a scan with gaps must not end as a whole one */
    }
    cprov_arena_clear(&l->notes);
    l->noted = NULL;
    l->noted_count = 0;
}

/* A page of names is one change to the index. */
static void note_scanned(struct cprov_lookup *l, const char *path)
{
    if (!l->scan)
        return;
    if (!l->noted)
        l->noted = cprov_arena_alloc(&l->notes, NOTED_MAX, sizeof(*l->noted));
    const char *kept = l->noted ? cprov_arena_text(&l->notes, cprov_span_of(path)) : NULL;
    if (!kept) {
        cprov_search_out_of_memory(l->search);
        return;
    }
    l->noted[l->noted_count++] = kept;
    if (l->noted_count == NOTED_MAX)
        cprov_lookup_put_noted(l);
}

static bool on_repository(void *arg, const char *path)
{
    struct cprov_lookup *l = arg;
    int order = strcmp(path, l->last_path);

    if (l->search->stopped || l->search->code)
        return false;
    note_scanned(l, path);
    if (order == 0)
        return true; /* said twice */
    l->spilled = l->spilled || (l->scan && l->waiting >= WAITING_MAX && order > 0);
    if (l->spilled && order > 0)
        return true; /* the cursor will come by */
    if (order > 0)
        (void)stpcpy(l->last_path, path);
    if (means(l, path)) {
        cprov_lookup_add_job(l, path, NULL);
        cprov_search_pump(l->search);
    }
    return true;
}

/* A catalog that breaks off still leaves what the index knows of the rest. */
static void scan_failed(struct cprov_lookup *l, int code, const struct cprov_error *err)
{
    struct cprov_site *site = l->site;

    if (code == CPROV_ENOTFOUND) {
        no_catalog(l);
    } else if (site->known.checked > 0 && l->search->index && code != CPROV_ECANCELLED &&
               code != CPROV_EAUTH) {
        cprov_search_tell_stale(site, site->known.checked, err);
        l->spilled = true; /* behind the last one that came */
        (void)open_cursor(l);
    } else {
        cprov_lookup_fail(l, code, err);
    }
}

static void on_scanned(void *arg, int code, size_t dropped, const struct cprov_error *err)
{
    struct cprov_lookup *l = arg;
    struct cprov_error own = CPROV_ERROR_INIT;
    bool whole = code == 0 && !l->search->stopped;

    (void)dropped;
    l->scanning = false;
    cprov_lookup_put_noted(l);
    if (l->scan && cprov_search_may_write(l->search) &&
        cprov_cache_scan_end(l->search->index, l->site->known.id, l->scan, whole, &own) < 0)
        cprov_search_index_failed(l->search, &own);
    if (whole)
        l->site->known.checked = l->search->now;
    if (code < 0)
        scan_failed(l, code, err);
    else if (l->spilled)
        (void)open_cursor(l);
    cprov_search_pump(l->search);
}

static void begin_scan(struct cprov_lookup *l)
{
    struct cprov_search *s = l->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    l->scan = 0;
    if (cprov_search_may_write(s) &&
        cprov_cache_scan_begin(s->index, l->site->known.id, &l->scan, &err) < 0)
        cprov_search_index_failed(s, &err);
}

/* What is known without a list of all: single repositories that were asked for. */
static bool scan_offline(struct cprov_lookup *l)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    int code = cprov_fail(&err, CPROV_ENETWORK, "the network is needed, but --offline was given");
    cprov_lookup_fail(l, code, &err);
    return open_cursor(l);
}

bool cprov_lookup_scan(struct cprov_lookup *l)
{
    struct cprov_search *s = l->search;
    struct cprov_site *site = l->site;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!site || l->scanned)
        return false;
    l->scanned = true;
    (void)cprov_search_open_index(s);
    if (site->place->kind->import) {
        if (site->state == CPROV_SITE_FAILED)
            cprov_lookup_fail(l, site->code, &site->err);
        return site->state == CPROV_SITE_READY && open_cursor(l);
    }
    if (s->index && is_fresh(s, site->known.checked, s->query->freshness.scan))
        return open_cursor(l);
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

/* A catalog that was believed for its age is fetched when it has not what is wanted; of a registry
 * the likely repository has been asked already. */
bool cprov_lookup_ask_again(struct cprov_lookup *l)
{
    struct cprov_site *site = l->site;

    if (l->asked_again || !site->place->kind->import || site->asked ||
        cprov_search_offline(l->search))
        return false;
    l->asked_again = true;
    l->scanned = false;
    l->code = 0;
    site->state = CPROV_SITE_NEW;
    start_import(site);
    return true;
}

void cprov_lookup_clear(struct cprov_lookup *l)
{
    while (l->first) {
        struct cprov_job *j = l->first;

        l->first = j->next;
        cprov_job_free(j);
    }
    cprov_cache_cursor_close(l->cursor);
    cprov_arena_clear(&l->notes);
    free(l);
}
