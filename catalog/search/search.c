/* catalog/search/search.c - a search: in which order its lookups run and their rows leave. */
#include "catalog/search/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/search/import_private.h"
#include "catalog/search/likely_private.h"
#include "catalog/search/listing_private.h"
#include "catalog/search/names_private.h"
#include "catalog/search/scan_private.h"

#define HELD_MAX      ((size_t)2 * CPROV_PARALLEL_REQUESTS) /* jobs of one lookup */
#define HELD_ROWS_MAX ((size_t)2048)                        /* of all of them */

struct schedule {
    struct cprov_search_context context; /* first: ready() leads back */
    struct cprov_lookup *head;           /* emission goes on here */
    bool pumping;
};

/* --- the order of things --- */

/* Gives a lookup without jobs its next attempt. */
static void advance(struct cprov_lookup *l)
{
    if (l->queue.first || l->scanning || l->scanned || !l->queue.site)
        return;
    if (cprov_lookup_is_pattern(l) || l->queue.site->place->kind->import)
        (void)cprov_lookup_scan(l);
    else
        (void)cprov_lookup_try_likely(l);
}

/* Jobs that are ready wait for those before them with all their rows: there are not to be too many.
 * The head never waits for others. */
static bool has_room(const struct schedule *s, const struct cprov_job_queue *q)
{
    if (s->context.active >= CPROV_PARALLEL_REQUESTS || s->context.code)
        return false;
    return (q == &s->head->queue && q->held == 0) ||
           (q->held < HELD_MAX && s->context.held_rows < HELD_ROWS_MAX);
}

/* Jobs that were put back come first, and each runs alone. */
static bool may_start(const struct schedule *s, const struct cprov_job_queue *q)
{
    if (s->context.put_back > 0)
        return s->context.active == 0 && !s->context.code;
    return !s->context.alone && has_room(s, q);
}

/* Starts waiting jobs, nearest to the head first, as far as the window reaches. */
static void start_some(struct schedule *s)
{
    const struct cprov_search_context *c = &s->context;

    for (struct cprov_lookup *l = s->head; l && c->active < CPROV_PARALLEL_REQUESTS; l = l->next) {
        if (l->queue.site && !cprov_import_ready(l->queue.site))
            continue;
        advance(l);
        cprov_lookup_fill(l);
        for (struct cprov_job *j = l->queue.first; j && may_start(s, &l->queue); j = j->next)
            if (j->state == CPROV_JOB_WAITING && j->again == (c->put_back > 0)) {
                s->context.moves++;
                l->queue.held++;
                cprov_job_start(j);
            }
    }
}

/* Rows leave outside of this: who reads them may take any time. */
static void start_jobs(struct schedule *s)
{
    struct cprov_cache *cache = s->context.cache;

    if (cache)
        cprov_cache_hold(cache);
    start_some(s);
    if (cache)
        cprov_cache_release(cache);
}

/* A title that only spells the last component differently is how people want to read it. */
static const char *shown_name(const struct cprov_job *j, const struct cprov_listing *row)
{
    const char *name =
        cprov_search_name(&j->queue->search->query->what, cprov_job_place(j), j->repository);

    if (*row->entry.title && cprov_span_is_nocase(cprov_span_of(name), row->entry.title))
        return row->entry.title;
    return *j->shown ? j->shown : name;
}

static size_t number_of(const struct cprov_lookup *l)
{
    return (size_t)(l->queue.wanted - l->queue.search->query->what.wanted);
}

static void emit_rows(struct cprov_lookup *l, struct cprov_job *j)
{
    struct cprov_search_context *c = l->queue.search;
    const struct cprov_search_listener *to = &c->query->listener;

    for (size_t i = 0; i < j->rows_count && !c->stopped; i++) {
        struct cprov_listing *row = &j->rows[i];

        if (j->failed[i])
            continue;
        row->entry.name = shown_name(j, row);
        l->rows++;
        if (to->row && !to->row(to->arg, number_of(l), row))
            c->stopped = true;
    }
}

/* Lets finished jobs at the head of the lookup go; false while one is not finished. */
static bool emit_jobs(struct cprov_lookup *l)
{
    struct cprov_job_queue *q = &l->queue;

    while (q->first) {
        struct cprov_job *j = q->first;

        if (j->state != CPROV_JOB_READY)
            return false;
        if (j->code < 0)
            cprov_lookup_fail(l, j->code, j->err);
        emit_rows(l, j);
        q->first = j->next;
        if (!q->first)
            q->last = NULL;
        q->held--;
        q->search->held_rows -= j->rows_count;
        q->search->moves++;
        cprov_job_free(j);
    }
    return !l->scanning && (!q->site || q->site->state != CPROV_SITE_IMPORTING);
}

static bool versions_refused(const struct cprov_lookup *l)
{
    return l->code == CPROV_ENOTFOUND && l->err.versions;
}

/* A lookup whose jobs are through either has what it wanted, has another way to try, or is over. */
static bool lookup_over(struct cprov_lookup *l)
{
    bool failed = l->code != 0 && l->code != CPROV_ENOTFOUND;

    if (l->rows > 0 || !l->queue.site || l->queue.search->stopped || failed ||
        l->queue.search->code)
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
    const struct cprov_search_query *q = l->queue.search->query;
    const struct cprov_place *place = l->queue.site ? l->queue.site->place : NULL;
    struct cprov_error own = CPROV_ERROR_INIT;
    const struct cprov_error *err = &l->err;
    int code = l->code;

    if (code == 0 || code == CPROV_ENOTFOUND) {
        if (l->queue.search->stopped || l->rows > 0 || (place && cprov_lookup_is_pattern(l)))
            return;
        if (place && !versions_refused(l)) {
            code =
                cprov_fail(&own, CPROV_ENOTFOUND, "not found in source '%s'", place->source->name);
            err = &own;
        }
    }
    q->listener.missed(q->listener.arg, number_of(l), place, code, err);
}

static void pump(struct cprov_search_context *c)
{
    struct schedule *s = (struct schedule *)c;

    if (s->pumping) /* start and emit call back into here */
        return;
    s->pumping = true;
    for (uint64_t before = c->moves - 1; before != c->moves && !c->code;) {
        before = c->moves;
        if (!c->stopped)
            start_jobs(s);
        struct cprov_lookup *l = s->head;
        if (l && emit_jobs(l)) {
            c->moves++;
            if (lookup_over(l)) {
                report_miss(l);
                s->head = l->next;
                cprov_lookup_free(l);
            }
        }
    }
    s->pumping = false;
}

/* --- beginning and end --- */

static int add_lookup(struct schedule *s, struct cprov_lookup ***tail,
                      const struct cprov_wanted *wanted, struct cprov_site *site,
                      struct cprov_error *err)
{
    struct cprov_lookup *l = calloc(1, sizeof(*l));

    if (!l)
        return cprov_fail_memory(err);
    l->queue = (struct cprov_job_queue){ .search = &s->context, .wanted = wanted, .site = site };
    **tail = l;
    *tail = &l->next;
    if (!site)
        cprov_job_add_exact(&l->queue, wanted->exactly);
    return s->context.code;
}

static bool same_place(const struct cprov_place *a, const struct cprov_place *b)
{
    return a->kind == b->kind && strcmp(a->source->name, b->source->name) == 0 &&
           strcmp(a->source->location, b->source->location) == 0;
}

/* The site of a place, made when there is none: several names may be of one. */
static struct cprov_site *site_of(struct cprov_search_context *c, const struct cprov_place *place)
{
    for (size_t k = 0; k < c->sites_count; k++)
        if (same_place(c->sites[k].place, place))
            return &c->sites[k];
    struct cprov_site *site = &c->sites[c->sites_count++];
    *site = (struct cprov_site){ .search = c, .place = place };
    return site;
}

static int add_wanted(struct schedule *s, struct cprov_lookup ***tail, const struct cprov_wanted *w,
                      struct cprov_error *err)
{
    if (w->exactly)
        return add_lookup(s, tail, w, NULL, err);
    if (w->only)
        return add_lookup(s, tail, w, site_of(&s->context, w->only), err);
    for (size_t k = 0; k < s->context.query->what.places_count; k++)
        if (add_lookup(s, tail, w, &s->context.sites[k], err) < 0)
            return err->code;
    return 0;
}

static int add_lookups(struct schedule *s, struct cprov_error *err)
{
    struct cprov_search_context *c = &s->context;
    const struct cprov_search_scope *what = &c->query->what;
    struct cprov_lookup **tail = &s->head;

    c->sites = calloc(what->places_count + what->wanted_count + 1, sizeof(*c->sites));
    if (!c->sites)
        return cprov_fail_memory(err);
    for (; c->sites_count < what->places_count; c->sites_count++)
        c->sites[c->sites_count] =
            (struct cprov_site){ .search = c, .place = &what->places[c->sites_count] };
    for (size_t i = 0; i < what->wanted_count; i++)
        if (add_wanted(s, &tail, &what->wanted[i], err) < 0)
            return CPROV_ENOMEM;
    return 0;
}

static void clear(struct schedule *s)
{
    while (s->head) {
        struct cprov_lookup *l = s->head;

        s->head = l->next;
        cprov_lookup_free(l);
    }
    for (size_t k = 0; k < s->context.sites_count; k++)
        cprov_import_end(&s->context.sites[k]);
    free(s->context.sites);
}

int cprov_search_run(const struct cprov_search_query *query, struct cprov_search_counts *counts,
                     struct cprov_error *err)
{
    struct schedule s = {
        .context = { .query = query, .now = cprov_time_now(), .ready = pump },
    };
    struct cprov_search_context *c = &s.context;

    int code = add_lookups(&s, err);
    if (code == 0) {
        if (!query->how.sparing)
            (void)cprov_sites_open(c);
        pump(c);
        if (c->client)
            code = cprov_client_run(c->client, NULL, err);
    }
    cprov_search_tell_more_unread(c);
    if (counts)
        *counts = c->counts;
    if (code == 0 && c->code < 0) {
        *err = c->err;
        code = c->code;
    }
    clear(&s);
    return code;
}
