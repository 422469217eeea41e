/* catalog/search/details.c - what a version is, from the cache where that will do. */
#include "catalog/search/details_private.h"

#include "registry/manifest_fetch.h"

/* A tag that has led somewhere for so long is believed for a tenth of that time, as HTTP's caches
 * do; but not longer than a week. */
#define LIFETIME_SHARE 10
#define LIFETIME_MAX   ((int64_t)7 * 24 * 3600)

/* One row on its way; in the job's arena. */
struct detail {
    struct cprov_job *job;
    size_t row;
    struct cprov_listing *known_row; /* from the cache; NULL: it has none */
    struct cprov_cache_known known;
};

static void one_less(struct cprov_job *j)
{
    if (--j->rows_left == 0)
        cprov_job_ready(j);
}

static struct cprov_listing *row_of(const struct detail *d)
{
    return &d->job->rows[d->row];
}

/* --- from the cache --- */

/* *row gets what the cache knows; false: nothing. */
static bool look_up(struct detail *d, struct cprov_listing *row)
{
    struct cprov_job *j = d->job;
    struct cprov_search_context *s = j->queue->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    *row = *row_of(d);
    if (!s->cache || !j->id)
        return false;
    int code = cprov_cache_version(s->cache, j->id, row_of(d)->entry.version, &j->arena, row,
                                   &d->known, &err);
    if (code < 0 && code != CPROV_ENOTFOUND)
        cprov_search_cache_failed(s, &err);
    return code == 0;
}

static void use_known(struct detail *d, const struct cprov_listing *known)
{
    struct cprov_listing *row = row_of(d);

    *row = *known;
    row->has_details = d->known.complete;
    row->checked = d->known.checked;
}

static bool never_moves(const char *immutable, const char *version)
{
    struct cprov_span rest = cprov_span_of(immutable), pattern;

    while (immutable && cprov_span_next(&rest, ' ', &pattern))
        if (pattern.len > 0 && cprov_span_glob(pattern, cprov_span_of(version)))
            return true;
    return false;
}

static bool is_fresh(const struct detail *d)
{
    const struct cprov_search_context *s = d->job->queue->search;
    const struct cprov_site *site = d->job->queue->site;
    int64_t age = s->query->freshness.details, kept = d->known.checked - d->known.changed;

    if (cprov_search_offline(s) || site->place->kind->import || d->job->stale)
        return true;
    if (!d->known.complete || age <= 0)
        return false;
    /* The digest came with the list: if it were another, the cache would have forgotten the rest.
     */
    if (site->place->kind->has_digests && d->known.has_digest && !d->job->from_cache)
        return true;
    if (never_moves(s->query->freshness.immutable, row_of(d)->entry.version))
        return true;
    kept = kept / LIFETIME_SHARE < LIFETIME_MAX ? kept / LIFETIME_SHARE : LIFETIME_MAX;
    return s->now - d->known.checked <= (kept > age ? kept : age);
}

/* --- from the place --- */

static void remember(const struct detail *d)
{
    struct cprov_search_context *s = d->job->queue->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (d->job->id && cprov_search_may_write(s) &&
        cprov_cache_put_details(s->cache, d->job->id, row_of(d), &err) < 0)
        cprov_search_cache_failed(s, &err);
}

/* A version that was listed is there, whatever becomes of its manifest; a reference is not. */
static bool is_listed(const struct cprov_job *j)
{
    return !j->exact || !(j->exact->has_digest || *j->exact->tag);
}

static void failed(struct detail *d, int code, const struct cprov_error *err)
{
    struct cprov_job *j = d->job;

    if (d->known_row && d->known.complete && code == CPROV_ENETWORK) {
        use_known(d, d->known_row);
        cprov_site_tell_stale(j->queue->site, d->known.checked, err);
        return;
    }
    if (is_listed(j) && code != CPROV_ENOMEM && code != CPROV_ECANCELLED) {
        if (d->known_row)
            use_known(d, d->known_row);
        cprov_search_tell_unread(j->queue->search, row_of(d), err);
        return;
    }
    j->failed[d->row] = true;
    cprov_job_fail(j, code, err);
}

static void on_details(void *arg, int code, const struct cprov_error *err)
{
    struct detail *d = arg;

    if (code < 0)
        failed(d, code, err);
    else if (err)
        cprov_search_tell_unread(d->job->queue->search, row_of(d), err);
    else
        remember(d);
    one_less(d->job);
}

static int ask_details(struct detail *d, struct cprov_error *err)
{
    struct cprov_job *j = d->job;
    const struct cprov_search_context *s = j->queue->search;

    return cprov_job_kind(j)->details(s->client, s->query->how.host, row_of(d), &j->arena,
                                      on_details, d, err);
}

/* A tag that still leads to the digest that is known needs no reading. */
static void on_head(void *arg, int code, struct cprov_manifest_answer *answer,
                    const struct cprov_error *err)
{
    struct detail *d = arg;
    struct cprov_search_context *s = d->job->queue->search;
    struct cprov_error own = CPROV_ERROR_INIT;

    if (code == 0 && cprov_digest_equal(&answer->descriptor.digest, &d->known.digest)) {
        use_known(d, d->known_row);
        row_of(d)->checked = 0;
        if (cprov_search_may_write(s) &&
            cprov_cache_put_checked(s->cache, d->job->id, row_of(d)->entry.version, &own) < 0)
            cprov_search_cache_failed(s, &own);
        one_less(d->job);
        return;
    }
    if (code == 0 && (code = ask_details(d, &own)) == 0)
        return;
    failed(d, code, own.code ? &own : err);
    one_less(d->job);
}

/* The manifest of a tag costs a pull where pulls are counted, a look at its head does not. */
static int ask(struct detail *d, struct cprov_error *err)
{
    struct cprov_search_context *s = d->job->queue->search;
    const struct cprov_search_listener *l = &s->query->listener;

    if (l->led && l->led(l->arg, row_of(d), err) < 0)
        return err->code;
    if (d->known_row && d->known.complete && d->known.has_digest &&
        !row_of(d)->reference.has_digest)
        return cprov_client_head_manifest(s->client, &row_of(d)->reference, on_head, d, err);
    return ask_details(d, err);
}

/* What is to be compared, or used after all, when the place has answered. */
static bool keep_known(struct detail *d, const struct cprov_listing *known)
{
    d->known_row = cprov_arena_alloc(&d->job->arena, 1, sizeof(*d->known_row));
    if (d->known_row)
        *d->known_row = *known;
    return d->known_row != NULL;
}

/* true: the row is as good as it gets now. */
static bool settle(struct detail *d)
{
    struct cprov_search_context *s = d->job->queue->search;
    struct cprov_listing known;
    bool there = look_up(d, &known);

    if (!there && cprov_job_look_up_again(d->job))
        there = look_up(d, &known);
    if (there && is_fresh(d)) {
        use_known(d, &known);
        return true;
    }
    if (d->job->queue->site && s->counts.asked >= s->query->how.details_max) {
        s->counts.skipped++;
        if (there)
            use_known(d, &known);
        return true;
    }
    if (!there && d->job->queue->site && d->job->queue->site->place->kind->import) {
        d->job->failed[d->row] = true; /* another process has read the document anew meanwhile */
        return true;
    }
    s->counts.asked++;
    if (there && !keep_known(d, &known))
        cprov_search_out_of_memory(s);
    return false;
}

void cprov_job_start_details(struct cprov_job *j)
{
    struct detail *list = cprov_arena_alloc(&j->arena, j->rows_count, sizeof(*list));
    struct cprov_error err = CPROV_ERROR_INIT;

    j->state = CPROV_JOB_DETAILS;
    j->rows_left = j->rows_count + 1; /* one for this loop: no callback can end the job inside it */
    for (size_t i = 0; i < j->rows_count && list; i++) {
        struct detail *d = &list[i];

        *d = (struct detail){ .job = j, .row = i };
        if (settle(d)) {
            one_less(j);
            continue;
        }
        err = (struct cprov_error)CPROV_ERROR_INIT;
        int code = cprov_search_connect(j->queue->search, &err);
        if (code == 0)
            code = ask(d, &err);
        if (code < 0) {
            failed(d, code, &err);
            one_less(j);
        }
    }
    if (!list)
        cprov_search_out_of_memory(j->queue->search);
    one_less(j);
}
