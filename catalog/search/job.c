/* catalog/search/job.c - one repository on its way through a search. */
#include "catalog/search/job_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"

/* Of one version: twice its place in the list, which grows by doubling, and in what is sorted. */
#define TOLD_COST (3 * sizeof(struct cprov_told) + sizeof(void *))

void cprov_job_forget_told(struct cprov_job *j)
{
    j->queue->search->told_bytes -= j->told_bytes;
    j->told_bytes = j->told_count = j->told_room = 0;
    free(j->told);
    j->told = NULL;
    cprov_arena_clear(&j->texts);
}

void cprov_job_free(struct cprov_job *j)
{
    if (!j)
        return;
    cprov_job_forget_told(j);
    cprov_arena_clear(&j->arena);
    free(j);
}

static struct cprov_job *new_job(struct cprov_job_queue *q)
{
    struct cprov_job *j = calloc(1, sizeof(*j));

    if (!j) {
        cprov_search_out_of_memory(q->search);
        return NULL;
    }
    j->queue = q;
    j->shown = j->newest = "";
    if (q->last)
        q->last->next = j;
    else
        q->first = j;
    q->last = j;
    q->waiting++;
    return j;
}

void cprov_job_add(struct cprov_job_queue *q, const char *path,
                   const struct cprov_cache_repository *known)
{
    struct cprov_job *j = new_job(q);

    if (!j)
        return;
    if (q->site)
        q->site->found++;
    j->path = cprov_arena_text(&j->arena, cprov_span_of(path));
    if (known) {
        j->id = known->id;
        j->checked = known->checked;
        if (*known->name)
            j->shown = cprov_arena_text(&j->arena, cprov_span_of(known->name));
        j->newest = cprov_arena_text(&j->arena, cprov_span_of(known->newest));
    }
    if (j->arena.failed)
        cprov_search_out_of_memory(q->search);
}

void cprov_job_add_exact(struct cprov_job_queue *q, const struct cprov_reference *exact)
{
    struct cprov_job *j = new_job(q);

    if (j)
        j->exact = exact;
}

const struct cprov_source_kind *cprov_job_kind(const struct cprov_job *j)
{
    return j->queue->site ? j->queue->site->place->kind : &cprov_source_oci;
}

const struct cprov_place *cprov_job_place(const struct cprov_job *j)
{
    return j->queue->site ? j->queue->site->place : NULL;
}

void cprov_job_ready(struct cprov_job *j)
{
    struct cprov_search_context *s = j->queue->search;
    struct cprov_site *site = j->queue->site;

    j->state = CPROV_JOB_READY;
    s->active--;
    if (s->alone == j)
        s->alone = NULL;
    if (site) {
        site->done++;
        if (s->query->listener.progress)
            s->query->listener.progress(s->query->listener.arg, site->place, site->done,
                                        site->found);
    }
    s->ready(s);
}

void cprov_job_fail(struct cprov_job *j, int code, const struct cprov_error *err)
{
    if (j->code < 0)
        return;
    j->code = code;
    *j->err = *err;
}

bool cprov_job_tell(struct cprov_job *j, const char *version, const struct cprov_entry *entry)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (cprov_grow(&j->told, &j->told_room, j->told_count, sizeof(*j->told), CPROV_LIST_MAX,
                   &ignored) < 0)
        return false;
    const char *kept = cprov_arena_text(&j->texts, cprov_span_of(version));
    size_t bytes = strlen(version) + TOLD_COST;

    j->told_bytes += bytes;
    j->queue->search->told_bytes += bytes;
    j->told[j->told_count++] = (struct cprov_told){ kept, entry };
    return kept != NULL;
}

const char *cprov_job_keep(struct cprov_job *j, const char *text)
{
    size_t len = text ? strlen(text) : 0;

    j->told_bytes += len;
    j->queue->search->told_bytes += len;
    return len ? cprov_arena_text(&j->texts, cprov_span_make(text, len)) : NULL;
}

static void fill_row(const struct cprov_job *j, const char *version, struct cprov_listing *row)
{
    *row = (struct cprov_listing){ .entry.version = version,
                                   .place = cprov_job_place(j),
                                   .from_private = j->queue->site && j->queue->site->is_private,
                                   .reference = *j->repository };
    cprov_entry_blank(&row->entry);
    _Static_assert(sizeof(row->reference.tag) > CPROV_TAG_MAX, "a version fits");
    (void)snprintf(row->reference.tag, sizeof(row->reference.tag), "%s", version);
}

int cprov_job_rows(struct cprov_job *j, const char *const *versions, size_t count)
{
    j->rows = cprov_arena_alloc(&j->arena, count, sizeof(*j->rows));
    j->failed = cprov_arena_alloc(&j->arena, count, sizeof(*j->failed));
    if (cprov_arena_check(&j->arena, j->err) < 0)
        return j->err->code;
    for (size_t i = 0; i < count; i++) {
        const char *kept = cprov_arena_text(&j->arena, cprov_span_of(versions[i]));

        if (!kept)
            return cprov_fail_memory(j->err);
        fill_row(j, kept, &j->rows[i]);
    }
    j->rows_count = count;
    j->queue->search->held_rows += count;
    return 0;
}

void cprov_job_look_up(struct cprov_job *j)
{
    const struct cprov_job_queue *q = j->queue;
    struct cprov_cache_repository r;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (j->id || !q->site || !q->search->cache)
        return;
    int code = cprov_cache_repository(q->search->cache, q->site->known.id,
                                      j->repository->repository, &r, &err);
    if (code == 0) {
        j->id = r.id;
        j->checked = r.checked;
        j->newest = cprov_arena_text(&j->arena, cprov_span_of(r.newest));
    } else if (code != CPROV_ENOTFOUND) {
        cprov_search_cache_failed(q->search, &err);
    }
}

bool cprov_job_look_up_again(struct cprov_job *j)
{
    const struct cprov_job_queue *q = j->queue;
    struct cprov_cache_repository r;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!q->site || !q->site->place->kind->import || !q->search->cache ||
        cprov_cache_repository(q->search->cache, q->site->known.id, j->repository->repository, &r,
                               &err) < 0 ||
        r.id == j->id)
        return false;
    j->id = r.id;
    return true;
}
