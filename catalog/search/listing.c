/* catalog/search/listing.c - a job at work: versions listed, remembered, chosen, detailed. */
#include "catalog/search/listing_private.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/search/choice_private.h"
#include "catalog/search/details_private.h"

/* A list of tags has names alone, and there may be many. */
static const struct cprov_entry *keep_entry(struct cprov_job *j, const struct cprov_entry *e)
{
    if (!e->digest && !e->bytes && !e->created && !e->description && !e->alias && !e->complete)
        return NULL;
    struct cprov_entry *kept = cprov_arena_alloc(&j->texts, 1, sizeof(*kept));
    struct cprov_digest *digest =
        e->digest ? cprov_arena_alloc(&j->texts, 1, sizeof(*digest)) : NULL;
    if (!kept || (e->digest && !digest))
        return NULL;
    j->told_bytes += sizeof(*kept) + sizeof(*digest);
    j->queue->search->told_bytes += sizeof(*kept) + sizeof(*digest);
    if (digest)
        *digest = *e->digest;
    *kept = *e;
    kept->digest = digest;
    for (size_t i = 0; i < CPROV_TEXTS; i++)
        kept->texts[i] = i < CPROV_TEXT_NAMES ? NULL : cprov_job_keep(j, e->texts[i]);
    return kept;
}

/* One budget for the lists of all jobs: the one that exceeds it begins anew when it is alone. */
static void too_much(struct cprov_job *j)
{
    const struct cprov_search_context *s = j->queue->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    j->again = s->told_bytes > j->told_bytes || s->active > 1;
    if (!j->again) {
        int code =
            cprov_fail(&err, CPROV_ELIMIT, "the list of its versions takes more than %zu MiB",
                       CPROV_TOLD_MAX / CPROV_MIB);
        cprov_job_fail(j, code, &err);
    }
}

static bool on_version(void *arg, const struct cprov_entry *entry)
{
    struct cprov_job *j = arg;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_span_of(entry->version).len > CPROV_TAG_MAX)
        return true;
    const struct cprov_entry *kept = keep_entry(j, entry);
    if (j->texts.failed || !cprov_job_tell(j, entry->version, kept)) {
        int code = cprov_fail_memory(&err);
        cprov_job_fail(j, code, &err);
        return false;
    }
    if (j->queue->search->told_bytes <= CPROV_TOLD_MAX)
        return true;
    too_much(j);
    return false;
}

static void remember_versions(struct cprov_job *j)
{
    struct cprov_search_context *s = j->queue->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!j->queue->site || !cprov_search_may_write(s))
        return;
    cprov_notes_put(&j->queue->notes,
                    j->queue->site); /* all of them at once; else each is added by itself */
    _Static_assert(sizeof(struct cprov_told) == sizeof(struct cprov_cache_version), "same fields");
    struct cprov_cache_version *list = calloc(j->told_count + 1, sizeof(*list));
    for (size_t i = 0; list && i < j->told_count; i++)
        list[i] = (struct cprov_cache_version){ j->told[i].version, j->told[i].entry };
    if (!list)
        (void)cprov_fail_memory(&err);
    else
        (void)!cprov_cache_put_versions(s->cache, j->queue->site->known.id,
                                        j->repository->repository, list, j->told_count, &j->id,
                                        &err);
    free(list);
    if (err.code < 0)
        cprov_search_cache_failed(s, &err);
}

static bool known_version(void *arg, const char *version, const char *alias)
{
    struct cprov_job *j = arg;
    struct cprov_entry *entry = NULL;

    if (strlen(version) > CPROV_TAG_MAX) /* nobody wrote that: the file was changed */
        return true;
    if (alias) {
        entry = cprov_arena_alloc(&j->texts, 1, sizeof(*entry));
        if (entry)
            entry->alias = cprov_job_keep(j, alias);
    }
    return cprov_job_tell(j, version, entry) && !j->texts.failed;
}

static bool take_known(struct cprov_job *j)
{
    struct cprov_search_context *s = j->queue->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    do {
        cprov_job_forget_told(j);
        if (cprov_cache_versions(s->cache, j->id, known_version, j, &err) < 0) {
            cprov_search_cache_failed(s, &err);
            return false;
        }
    } while (j->told_count == 0 && cprov_job_look_up_again(j));
    if (j->texts.failed)
        cprov_search_out_of_memory(s);
    j->from_cache = true;
    return true;
}

/* A place that is down, or answers with garbage, leaves what was known before. */
static bool use_stale(struct cprov_job *j, int code, const struct cprov_error *err)
{
    struct cprov_site *site = j->queue->site;

    if (!site || !cprov_sites_open(site->search))
        return false;
    cprov_job_look_up(j);
    if (!j->id || !j->checked ||
        (code != CPROV_ENETWORK && code != CPROV_EVERIFY && code != CPROV_ELIMIT))
        return false;
    j->stale = true;
    if (!take_known(j))
        return false;
    cprov_site_tell_stale(site, j->checked, err);
    return true;
}

/* Waits once more, as if nothing had been asked. */
static void put_back(struct cprov_job *j)
{
    struct cprov_search_context *s = j->queue->search;

    cprov_job_forget_told(j);
    j->state = CPROV_JOB_WAITING;
    j->queue->waiting++;
    j->queue->held--;
    s->active--;
    s->put_back++;
    s->moves++;
    s->ready(s);
}

static bool ask_versions(struct cprov_job *j);

/* What the cache has is not what is wanted: the place may have it by now. */
static bool ask_instead(struct cprov_job *j)
{
    if (!j->from_cache || j->stale || cprov_job_kind(j)->import ||
        cprov_search_offline(j->queue->search))
        return false;
    cprov_job_forget_told(j);
    j->newest_refused = NULL;
    j->from_cache = false;
    return ask_versions(j);
}

/* One row for the repository as such. */
static void name_alone(struct cprov_job *j)
{
    static const char *const none[] = { "" };

    if (cprov_job_rows(j, none, 1) < 0)
        j->code = j->err->code;
    cprov_job_ready(j);
}

/* Of a document the cache has all there is, and above all where each image is. */
static void after_choosing(struct cprov_job *j)
{
    cprov_job_forget_told(j);
    if (j->code == 0 &&
        (j->queue->search->query->how.depth == CPROV_SEARCH_DETAILS || cprov_job_kind(j)->import))
        cprov_job_start_details(j);
    else
        cprov_job_ready(j);
}

static void after_listing(struct cprov_job *j)
{
    const struct cprov_search_query *q = j->queue->search->query;
    bool none = false;

    if (j->code == 0 && q->how.depth == CPROV_SEARCH_NAMES && j->told_count > 0) {
        name_alone(j);
        return;
    }
    if (j->code == 0 && !q->listener.row &&
        q->how.depth != CPROV_SEARCH_DETAILS) { /* the cache has them: nobody looks at rows */
        after_choosing(j);
        return;
    }
    if (j->code == 0)
        j->code = cprov_job_choose(j, &none);
    if (j->code == 0 && none) {
        if (ask_instead(j))
            return;
        if (j->code == 0)
            cprov_job_nothing_admitted(j);
    }
    after_choosing(j);
}

/* The cache has been told which of the versions is the newest: the others need not be read. */
static bool take_newest(struct cprov_job *j)
{
    const struct cprov_wanted *w = j->queue->wanted;
    const struct cprov_version_range *r = &w->range;

    if (!j->newest || !*j->newest || strlen(j->newest) > CPROV_TAG_MAX || w->all_versions ||
        w->attachments ||
        cprov_version_is_attachment(cprov_span_of(j->newest)) || /* an older program wrote it */
        r->exact.len + r->prefix.len + r->minimum.len + r->maximum.len > 0)
        return false;
    j->from_cache = true;
    if (cprov_job_rows(j, &j->newest, 1) < 0)
        j->code = j->err->code;
    after_choosing(j);
    return true;
}

static void on_listed(void *arg, int code, const struct cprov_error *err)
{
    struct cprov_job *j = arg;

    if (j->again && j->code == 0) {
        put_back(j);
        return;
    }

    if (code == 0 && j->code == 0)
        remember_versions(j);
    else if (j->code == 0 && !use_stale(j, code, err))
        cprov_job_fail(j, code, err);
    after_listing(j);
}

/* false: it could not be started, and the job says why. */
static bool ask_versions(struct cprov_job *j)
{
    struct cprov_search_context *s = j->queue->search;
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = cprov_search_connect(s, &err);

    if (code == 0)
        code = cprov_job_kind(j)->versions(
            s->client, cprov_job_place(j), j->repository,
            &(struct cprov_versions_request){ .entry = on_version, .done = on_listed, .arg = j },
            &err);
    if (code < 0)
        cprov_job_fail(j, code, &err);
    return code == 0;
}

static bool may_use_known(const struct cprov_job *j)
{
    const struct cprov_search_context *s = j->queue->search;
    int64_t age = s->query->freshness.versions;

    if (!j->id || !s->cache)
        return false;
    if (cprov_job_kind(j)->import)
        return true;
    return j->checked > 0 && (cprov_search_offline(s) || (age > 0 && s->now - j->checked <= age));
}

/* A document is in the cache with all of its versions once it has been read. */
static bool name_is_enough(const struct cprov_job *j)
{
    const struct cprov_search_query *q = j->queue->search->query;

    return q->how.depth == CPROV_SEARCH_NAMES || (!q->listener.row && cprov_job_kind(j)->import);
}

/* Room for the job at work; what a waiting one does without. */
static bool unfold(struct cprov_job *j)
{
    const struct cprov_place *place = cprov_job_place(j);

    j->err = cprov_arena_alloc(&j->arena, 1, sizeof(*j->err));
    j->repository = cprov_arena_alloc(&j->arena, 1, sizeof(*j->repository));
    if (j->arena.failed) {
        cprov_search_out_of_memory(j->queue->search);
        return false;
    }
    if (j->exact) {
        *j->repository = *j->exact;
    } else {
        if (place->kind->import) /* in a catalog; each entry tells where its image is */
            *j->repository = (struct cprov_reference){ 0 };
        else
            *j->repository = place->base;
        (void)stpcpy(j->repository->repository, j->path);
    }
    return true;
}

void cprov_job_start(struct cprov_job *j)
{
    struct cprov_search_context *s = j->queue->search;

    s->active++;
    if (j->again) {
        s->alone = j;
        s->put_back--;
    }
    j->again = false;
    j->queue->waiting--;
    j->state = CPROV_JOB_LISTING;
    if (!unfold(j))
        return;
    if (j->exact && (j->exact->has_digest || *j->exact->tag)) {
        const char *const one[] = { j->repository->tag };

        if (cprov_job_rows(j, one, 1) < 0) {
            j->code = j->err->code;
            cprov_job_ready(j);
        } else {
            cprov_job_start_details(j);
        }
        return;
    }
    cprov_job_look_up(j);
    if (name_is_enough(j) && may_use_known(j))
        name_alone(j);
    else if (may_use_known(j) && take_newest(j))
        return;
    else if (may_use_known(j) && take_known(j))
        after_listing(j);
    else if (!ask_versions(j))
        cprov_job_ready(j);
}
