/* catalog/search/details.c - what a version is, from the index where that will do. */
#include <string.h>

#include "catalog/search/search_private.h"

/* A tag that has led somewhere for so long is believed for a tenth of that time, as HTTP's caches
 * do; but not longer than a week. */
#define LIFETIME_SHARE 10
#define LIFETIME_MAX   ((int64_t)7 * 24 * 3600)

/* One row on its way; in the job's arena. */
struct detail {
    struct cprov_job *job;
    size_t row;
    struct cprov_listing *known_row; /* from the index; NULL: it has none */
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

/* --- from the index --- */

/* *row gets what the index knows; false: nothing. */
static bool look_up(struct detail *d, struct cprov_listing *row)
{
    struct cprov_job *j = d->job;
    struct cprov_search *s = j->lookup->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    *row = *row_of(d);
    if (!s->index || !j->id)
        return false;
    int code =
        cprov_cache_version(s->index, j->id, row_of(d)->version, &j->arena, row, &d->known, &err);
    if (code < 0 && code != CPROV_ENOTFOUND)
        cprov_search_index_failed(s, &err);
    return code == 0;
}

static void use_known(struct detail *d, const struct cprov_listing *known)
{
    struct cprov_listing *row = row_of(d);

    *row = *known;
    row->has_details = d->known.complete;
    row->checked = d->known.checked;
}

static bool never_moves(const struct cprov_catalog_query *q, const char *version)
{
    struct cprov_span rest = cprov_span_of(q->immutable), pattern;

    while (q->immutable && cprov_span_next(&rest, ' ', &pattern))
        if (pattern.len > 0 && cprov_span_glob(pattern, cprov_span_of(version)))
            return true;
    return false;
}

static bool is_fresh(const struct detail *d)
{
    const struct cprov_search *s = d->job->lookup->search;
    const struct cprov_site *site = d->job->lookup->site;
    int64_t age = s->query->freshness.details, kept = d->known.checked - d->known.changed;

    if (cprov_search_offline(s) || site->place->kind->import || d->job->stale)
        return true;
    if (!d->known.complete || age <= 0)
        return false;
    /* The digest came with the list: if it were another, the index would have forgotten the rest.
     */
    if (site->place->kind->has_digests && d->known.has_digest && !d->job->from_index)
        return true;
    if (never_moves(s->query, row_of(d)->version))
        return true;
    kept = kept / LIFETIME_SHARE < LIFETIME_MAX ? kept / LIFETIME_SHARE : LIFETIME_MAX;
    return s->now - d->known.checked <= (kept > age ? kept : age);
}

/* --- from the place --- */

static void remember(const struct detail *d)
{
    struct cprov_search *s = d->job->lookup->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (d->job->id && cprov_search_may_write(s) &&
        cprov_cache_put_details(s->index, d->job->id, row_of(d), &err) < 0)
        cprov_search_index_failed(s, &err);
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
        cprov_search_tell_stale(j->lookup->site, d->known.checked, err);
        return;
    }
    if (is_listed(j) && code != CPROV_ENOMEM && code != CPROV_ECANCELLED) {
        if (d->known_row)
            use_known(d, d->known_row);
        cprov_search_tell_unread(j->lookup->search, row_of(d), err);
        return;
    }
    j->failed[d->row] = true;
    if (j->code == 0) {
        j->code = code;
        *j->err = *err;
    }
}

static void on_details(void *arg, int code, const struct cprov_error *err)
{
    struct detail *d = arg;

    if (code < 0)
        failed(d, code, err);
    else if (err)
        cprov_search_tell_unread(d->job->lookup->search, row_of(d), err);
    else
        remember(d);
    one_less(d->job);
}

static int ask_details(struct detail *d, struct cprov_error *err)
{
    struct cprov_job *j = d->job;
    const struct cprov_search *s = j->lookup->search;
    const struct cprov_source_kind *kind =
        j->lookup->site ? j->lookup->site->place->kind : &cprov_source_oci;

    return kind->details(s->client, s->query->host, row_of(d), &j->arena, on_details, d, err);
}

/* A tag that still leads to the digest that is known needs no reading. */
static void on_head(void *arg, int code, struct cprov_manifest_answer *answer,
                    const struct cprov_error *err)
{
    struct detail *d = arg;
    struct cprov_search *s = d->job->lookup->search;
    struct cprov_error own = CPROV_ERROR_INIT;

    if (code == 0 && cprov_digest_equal(&answer->descriptor.digest, &d->known.digest)) {
        use_known(d, d->known_row);
        row_of(d)->checked = 0;
        if (cprov_search_may_write(s) &&
            cprov_cache_put_checked(s->index, d->job->id, row_of(d)->version, &own) < 0)
            cprov_search_index_failed(s, &own);
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
    struct cprov_search *s = d->job->lookup->search;

    if (s->query->led && s->query->led(s->query->notice_arg, row_of(d), err) < 0)
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
    struct cprov_search *s = d->job->lookup->search;
    const struct cprov_catalog_query *q = s->query;
    struct cprov_listing known;
    bool there = look_up(d, &known);

    if (!there && cprov_job_look_up_again(d->job))
        there = look_up(d, &known);
    if (there && is_fresh(d)) {
        use_known(d, &known);
        return true;
    }
    if (d->job->lookup->site && s->detailed >= q->details_max) {
        if (q->details_skipped)
            ++*q->details_skipped;
        if (there)
            use_known(d, &known);
        return true;
    }
    if (!there && d->job->lookup->site && d->job->lookup->site->place->kind->import) {
        d->job->failed[d->row] = true; /* another process has read the document anew meanwhile */
        return true;
    }
    s->detailed++;
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
        int code = cprov_search_connect(j->lookup->search, &err);
        if (code == 0)
            code = ask(d, &err);
        if (code < 0) {
            failed(d, code, &err);
            one_less(j);
        }
    }
    if (!list)
        cprov_search_out_of_memory(j->lookup->search);
    one_less(j);
}
