/* catalog/search/search.c - a search: lookups, in which order they run and their rows leave. */
#include "catalog/search/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/search/search_private.h"

#define HELD_MAX      ((size_t)2 * CPROV_PARALLEL_REQUESTS) /* jobs of one lookup */
#define HELD_ROWS_MAX ((size_t)2048)                        /* of all of them */
#define UNREAD_TOLD   8                                     /* versions that a warning names */

/* --- what all parts tell --- */

void cprov_search_out_of_memory(struct cprov_search *s)
{
    if (s->code == 0)
        s->code = cprov_fail_memory(&s->err);
}

bool cprov_search_may_write(const struct cprov_search *s)
{
    return s->index && !s->read_only;
}

void cprov_search_index_failed(struct cprov_search *s, const struct cprov_error *err)
{
    if (err->code == CPROV_ENOMEM)
        cprov_search_out_of_memory(s);
    if (!s->read_only && s->index && s->query->index_failed)
        s->query->index_failed(s->query->notice_arg, err);
    s->read_only = true;
    if (s->index && cprov_cache_damaged(s->index))
        s->index = NULL;
}

void cprov_search_tell_stale(struct cprov_site *site, int64_t checked,
                             const struct cprov_error *why)
{
    const struct cprov_catalog_query *q = site->search->query;

    if (!site->stale_told && q->stale)
        q->stale(q->stale_arg, site->place, checked, why);
    site->stale_told = true;
}

/* Each is named; of a registry that is down they are many, for one reason. */
void cprov_search_tell_unread(struct cprov_search *s, const struct cprov_listing *row,
                              const struct cprov_error *why)
{
    const struct cprov_catalog_query *q = s->query;
    struct cprov_error told = *why;

    if (s->unread++ >= UNREAD_TOLD || !q->warning)
        return;
    (void)cprov_wrap(&told, "%s:%s", row->reference.repository, row->version);
    q->warning(q->notice_arg, row->place, told.msg);
}

static void tell_more_unread(const struct cprov_search *s)
{
    const struct cprov_catalog_query *q = s->query;
    char text[64];

    if (s->unread <= UNREAD_TOLD || !q->warning)
        return;
    (void)snprintf(text, sizeof(text), "%zu more versions could not be read",
                   s->unread - UNREAD_TOLD);
    q->warning(q->notice_arg, NULL, text);
}

bool cprov_lookup_is_pattern(const struct cprov_lookup *l)
{
    const struct cprov_wanted *w = cprov_lookup_wanted(l);

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

bool cprov_search_open_index(struct cprov_search *s)
{
    const struct cprov_catalog_query *q = s->query;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (s->index_tried || !q->open_index)
        return s->index != NULL;
    s->index_tried = true;
    if (q->open_index(q->notice_arg, &s->index, &ignored) < 0)
        s->index = NULL;
    for (size_t k = 0; s->index && k < s->sites_count; k++)
        cprov_site_init(&s->sites[k]);
    return s->index != NULL;
}

int cprov_search_connect(struct cprov_search *s, struct cprov_error *err)
{
    const struct cprov_catalog_query *q = s->query;

    if (s->client)
        return 0;
    if (!q->connect)
        return cprov_fail(err, CPROV_ENETWORK, "the network is needed, but --offline was given");
    return q->connect(q->notice_arg, &s->client, err);
}

/* --- the order of things --- */

/* Gives a lookup without jobs its next attempt. */
static void advance(struct cprov_lookup *l)
{
    if (l->first || l->scanning || l->scanned || !l->site)
        return;
    if (cprov_lookup_is_pattern(l) || l->site->place->kind->import)
        (void)cprov_lookup_scan(l);
    else
        (void)cprov_lookup_try_likely(l);
}

/* Jobs that are ready wait for those before them with all their rows: there are not to be too many.
 * The head never waits for others. */
static bool has_room(const struct cprov_lookup *l)
{
    const struct cprov_search *s = l->search;

    if (s->active >= CPROV_PARALLEL_REQUESTS || s->code)
        return false;
    return (l == s->head && l->held == 0) || (l->held < HELD_MAX && s->held_rows < HELD_ROWS_MAX);
}

/* Jobs that were put back come first, and each runs alone. */
static bool may_start(const struct cprov_lookup *l)
{
    const struct cprov_search *s = l->search;

    if (s->put_back > 0)
        return s->active == 0 && !s->code;
    return !s->alone && has_room(l);
}

/* Starts waiting jobs, nearest to the head first, as far as the window reaches. */
static void start_some(struct cprov_search *s)
{
    for (struct cprov_lookup *l = s->head; l && s->active < CPROV_PARALLEL_REQUESTS; l = l->next) {
        if (l->site && !cprov_site_ready(l->site))
            continue;
        advance(l);
        cprov_lookup_fill(l);
        for (struct cprov_job *j = l->first; j && may_start(l); j = j->next)
            if (j->state == CPROV_JOB_WAITING && j->again == (s->put_back > 0)) {
                s->moves++;
                l->held++;
                cprov_job_start(j);
            }
    }
}

/* Rows leave outside of this: who reads them may take any time. */
static void start_jobs(struct cprov_search *s)
{
    struct cprov_cache *ix = s->index;

    if (ix)
        cprov_cache_hold(ix);
    start_some(s);
    if (ix)
        cprov_cache_release(ix);
}

/* A title that only spells the last component differently is how people want to read it. */
static const char *shown_name(const struct cprov_job *j, const struct cprov_listing *row)
{
    const struct cprov_lookup *l = j->lookup;
    const char *name =
        cprov_catalog_name(l->search->query, l->site ? l->site->place : NULL, j->repository);

    if (*row->title && cprov_span_is_nocase(cprov_span_of(name), row->title))
        return row->title;
    return *j->shown ? j->shown : name;
}

static void emit_rows(struct cprov_job *j)
{
    struct cprov_lookup *l = j->lookup;
    struct cprov_search *s = l->search;

    for (size_t i = 0; i < j->rows_count && !s->stopped; i++) {
        struct cprov_listing *row = &j->rows[i];

        if (j->failed[i])
            continue;
        row->name = shown_name(j, row);
        l->rows++;
        if (!s->query->update_only && !s->query->row(s->query->arg, l->wanted, row))
            s->stopped = true;
    }
}

/* Lets finished jobs at the head of the lookup go; false while one is not finished. */
static bool emit_jobs(struct cprov_lookup *l)
{
    while (l->first) {
        struct cprov_job *j = l->first;

        if (j->state != CPROV_JOB_READY)
            return false;
        if (j->code < 0)
            cprov_lookup_fail(l, j->code, j->err);
        emit_rows(j);
        l->first = j->next;
        if (!l->first)
            l->last = NULL;
        l->held--;
        l->search->held_rows -= j->rows_count;
        l->search->moves++;
        cprov_job_free(j);
    }
    return !l->scanning && (!l->site || l->site->state != CPROV_SITE_IMPORTING);
}

static bool versions_refused(const struct cprov_lookup *l)
{
    return l->code == CPROV_ENOTFOUND && l->err.versions;
}

/* A lookup whose jobs are through either has what it wanted, has another way to try, or is over. */
static bool lookup_over(struct cprov_lookup *l)
{
    bool failed = l->code != 0 && l->code != CPROV_ENOTFOUND;

    if (l->rows > 0 || !l->site || l->search->stopped || failed || l->search->code)
        return true;
    if (cprov_lookup_is_pattern(l))
        return true;
    if (!versions_refused(l) && (cprov_lookup_try_likely(l) || cprov_lookup_scan(l)))
        return false;
    return !cprov_lookup_ask_again(l);
}

/* What a registry says of one repository that was tried is no answer to a name that was looked up.
 */
static void report_miss(struct cprov_lookup *l)
{
    const struct cprov_catalog_query *q = l->search->query;
    const struct cprov_place *place = l->site ? l->site->place : NULL;
    struct cprov_error own = CPROV_ERROR_INIT;
    const struct cprov_error *err = &l->err;
    int code = l->code;

    if (code == 0 || code == CPROV_ENOTFOUND) {
        if (l->search->stopped || l->rows > 0 || (place && cprov_lookup_is_pattern(l)))
            return;
        if (place && !versions_refused(l)) {
            code =
                cprov_fail(&own, CPROV_ENOTFOUND, "not found in source '%s'", place->source->name);
            err = &own;
        }
    }
    q->missed(q->arg, l->wanted, place, code, err);
}

void cprov_search_pump(struct cprov_search *s)
{
    if (s->pumping) /* start and emit call back into here */
        return;
    s->pumping = true;
    for (uint64_t before = s->moves - 1; before != s->moves && !s->code;) {
        before = s->moves;
        if (!s->stopped)
            start_jobs(s);
        struct cprov_lookup *l = s->head;
        if (l && emit_jobs(l)) {
            s->moves++;
            if (lookup_over(l)) {
                report_miss(l);
                s->head = l->next;
                cprov_lookup_clear(l);
            }
        }
    }
    s->pumping = false;
}

/* --- beginning and end --- */

static int add_lookup(struct cprov_search *s, struct cprov_lookup ***tail, size_t wanted,
                      struct cprov_site *site, struct cprov_error *err)
{
    struct cprov_lookup *l = calloc(1, sizeof(*l));

    if (!l)
        return cprov_fail_memory(err);
    *l = (struct cprov_lookup){ .search = s, .wanted = wanted, .site = site };
    **tail = l;
    *tail = &l->next;
    if (!site)
        cprov_lookup_add_exact(l, s->query->wanted[wanted].exactly);
    return s->code;
}

static bool same_place(const struct cprov_place *a, const struct cprov_place *b)
{
    return a->kind == b->kind && strcmp(a->source->name, b->source->name) == 0 &&
           strcmp(a->source->location, b->source->location) == 0;
}

/* The site of a place, made when there is none: several names may be of one. */
static struct cprov_site *site_of(struct cprov_search *s, const struct cprov_place *place)
{
    for (size_t k = 0; k < s->sites_count; k++)
        if (same_place(s->sites[k].place, place))
            return &s->sites[k];
    struct cprov_site *site = &s->sites[s->sites_count++];
    site->search = s;
    site->place = place;
    return site;
}

static int add_wanted(struct cprov_search *s, struct cprov_lookup ***tail, size_t i,
                      struct cprov_error *err)
{
    const struct cprov_catalog_query *q = s->query;
    const struct cprov_wanted *w = &q->wanted[i];

    if (w->exactly)
        return add_lookup(s, tail, i, NULL, err);
    if (w->only)
        return add_lookup(s, tail, i, site_of(s, w->only), err);
    for (size_t k = 0; k < q->places_count; k++)
        if (add_lookup(s, tail, i, &s->sites[k], err) < 0)
            return err->code;
    return 0;
}

static int add_lookups(struct cprov_search *s, struct cprov_error *err)
{
    const struct cprov_catalog_query *q = s->query;
    struct cprov_lookup **tail = &s->head;

    s->sites = calloc(q->places_count + q->wanted_count + 1, sizeof(*s->sites));
    if (!s->sites)
        return cprov_fail_memory(err);
    s->sites_count = q->places_count;
    for (size_t k = 0; k < q->places_count; k++) {
        s->sites[k].search = s;
        s->sites[k].place = &q->places[k];
    }
    for (size_t i = 0; i < q->wanted_count; i++)
        if (add_wanted(s, &tail, i, err) < 0)
            return CPROV_ENOMEM;
    return 0;
}

static void search_clear(struct cprov_search *s)
{
    while (s->head) {
        struct cprov_lookup *l = s->head;

        s->head = l->next;
        cprov_lookup_clear(l);
    }
    for (size_t k = 0; s->sites && k < s->sites_count; k++)
        cprov_site_clear(&s->sites[k]);
    free(s->sites);
}

int cprov_catalog_find(const struct cprov_catalog_query *query, struct cprov_error *err)
{
    struct cprov_search s = { .query = query, .now = cprov_time_now() };

    if (query->details_skipped)
        *query->details_skipped = 0;
    int code = add_lookups(&s, err);
    if (code == 0) {
        if (!query->sparing)
            (void)cprov_search_open_index(&s);
        cprov_search_pump(&s);
        if (s.client)
            code = cprov_client_run(s.client, NULL, err);
    }
    tell_more_unread(&s);
    if (query->details_asked)
        *query->details_asked = s.detailed;
    if (code == 0 && s.code < 0) {
        *err = s.err;
        code = s.code;
    }
    search_clear(&s);
    return code;
}
