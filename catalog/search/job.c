/* catalog/search/job.c - one repository: its versions listed, remembered, chosen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "catalog/search/search_private.h"

#define CHANNELS_MAX 32 /* that lead to each other */
/* Of one version: twice its place in the list, which grows by doubling, and in what is sorted. */
#define TOLD_COST (3 * sizeof(struct cprov_told) + sizeof(void *))

/* --- life --- */

static void forget_told(struct cprov_job *j)
{
    j->lookup->search->told_bytes -= j->told_bytes;
    j->told_bytes = j->told_count = j->told_room = 0;
    free(j->told);
    j->told = NULL;
    cprov_arena_clear(&j->texts);
}

void cprov_job_free(struct cprov_job *j)
{
    if (!j)
        return;
    forget_told(j);
    cprov_arena_clear(&j->arena);
    free(j);
}

static struct cprov_job *new_job(struct cprov_lookup *l)
{
    struct cprov_job *j = calloc(1, sizeof(*j));

    if (!j) {
        cprov_search_out_of_memory(l->search);
        return NULL;
    }
    j->lookup = l;
    j->shown = j->newest = "";
    if (l->last)
        l->last->next = j;
    else
        l->first = j;
    l->last = j;
    l->waiting++;
    return j;
}

void cprov_lookup_add_job(struct cprov_lookup *l, const char *path,
                          const struct cprov_cache_repository *known)
{
    struct cprov_job *j = new_job(l);

    if (!j)
        return;
    if (l->site)
        l->site->found++;
    j->path = cprov_arena_text(&j->arena, cprov_span_of(path));
    if (known) {
        j->id = known->id;
        j->checked = known->checked;
        if (*known->name)
            j->shown = cprov_arena_text(&j->arena, cprov_span_of(known->name));
        j->newest = cprov_arena_text(&j->arena, cprov_span_of(known->newest));
    }
    if (j->arena.failed)
        cprov_search_out_of_memory(l->search);
}

void cprov_lookup_add_exact(struct cprov_lookup *l, const struct cprov_reference *exact)
{
    struct cprov_job *j = new_job(l);

    if (j)
        j->exact = exact;
}

static const struct cprov_source_kind *kind_of(const struct cprov_job *j)
{
    return j->lookup->site ? j->lookup->site->place->kind : &cprov_source_oci;
}

static const struct cprov_place *place_of(const struct cprov_job *j)
{
    return j->lookup->site ? j->lookup->site->place : NULL;
}

void cprov_job_ready(struct cprov_job *j)
{
    struct cprov_search *s = j->lookup->search;
    struct cprov_site *site = j->lookup->site;

    j->state = CPROV_JOB_READY;
    s->active--;
    if (s->alone == j)
        s->alone = NULL;
    if (site) {
        site->done++;
        if (s->query->progress)
            s->query->progress(s->query->arg, site->place, site->done, site->found);
    }
    cprov_search_pump(s);
}

static void job_failed(struct cprov_job *j, int code, const struct cprov_error *err)
{
    if (j->code < 0)
        return;
    j->code = code;
    *j->err = *err;
}

/* --- rows --- */

static void fill_row(const struct cprov_job *j, const char *version, struct cprov_listing *row)
{
    *row = (struct cprov_listing){ .place = place_of(j),
                                   .from_private = j->lookup->site && j->lookup->site->is_private,
                                   .reference = *j->repository,
                                   .version = version,
                                   .description = "",
                                   .publisher = "",
                                   .created = "",
                                   .platforms = "",
                                   .os_version = "",
                                   .media_type = "",
                                   .image_id = "",
                                   .title = "",
                                   .url = "",
                                   .notes = "",
                                   .dependencies = "",
                                   .cultures = "" };
    _Static_assert(sizeof(row->reference.tag) > CPROV_TAG_MAX, "a version fits");
    (void)snprintf(row->reference.tag, sizeof(row->reference.tag), "%s", version);
}

static int make_rows(struct cprov_job *j, const char *const *versions, size_t count)
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
    j->lookup->search->held_rows += count;
    return 0;
}

/* Sorts the versions that are admitted; one is found without that. */
static int choose_rows(struct cprov_job *j, const char **admitted, size_t count)
{
    if (!cprov_lookup_wanted(j->lookup)->all_versions)
        return make_rows(j, admitted + cprov_version_newest(admitted, count), 1);
    return make_rows(j, admitted, cprov_version_sort(admitted, count));
}

/* --- which versions --- */

static const struct cprov_told *told_named(const struct cprov_job *j, const char *version)
{
    for (size_t i = 0; i < j->told_count; i++)
        if (strcmp(j->told[i].version, version) == 0)
            return &j->told[i];
    return NULL;
}

static bool is_channel(const struct cprov_told *t)
{
    return t->entry && cprov_entry_is_alias(t->entry);
}

/* The version that a channel leads to, over others if need be; NULL: there is no such channel. */
static int follow_channel(struct cprov_job *j, struct cprov_span name, const char **version)
{
    const char *text = cprov_arena_text(&j->texts, name);
    const struct cprov_told *t = text ? told_named(j, text) : NULL;

    *version = NULL;
    if (!t || !is_channel(t))
        return 0;
    for (int hops = 0; hops < CHANNELS_MAX; hops++) {
        const char *to = t->entry->alias;

        t = told_named(j, to);
        if (!t)
            return cprov_fail(j->err, CPROV_EVERIFY,
                              "channel '%s' leads to '%s', which does not exist", text, to);
        if (!is_channel(t)) {
            *version = t->version;
            return 0;
        }
    }
    return cprov_fail(j->err, CPROV_EVERIFY, "channel '%s' goes in a circle", text);
}

/* Signatures and the like lie among the tags, and are none of what is looked for. */
static bool is_version(const struct cprov_job *j, const struct cprov_told *t)
{
    const struct cprov_wanted *w = cprov_lookup_wanted(j->lookup);

    return !is_channel(t) && (w->attachments || w->range.exact.len > 0 ||
                              !cprov_version_is_attachment(cprov_span_of(t->version)));
}

static void remember_refused(struct cprov_job *j, const char *version)
{
    if (cprov_version_is_attachment(cprov_span_of(version)))
        return;
    if (!j->newest_refused ||
        cprov_version_compare(cprov_span_of(version), cprov_span_of(j->newest_refused)) > 0)
        j->newest_refused = version;
}

/* "1" is "1.0" as long as no tag is spelled "1". */
static void keep_spelling(struct cprov_span exact, const char **list, size_t *count)
{
    size_t spelled = 0;

    for (size_t i = 0; i < *count; i++)
        if (cprov_span_is(exact, list[i]))
            list[spelled++] = list[i];
    if (spelled > 0)
        *count = spelled;
}

static int admit(struct cprov_job *j, const char ***out, size_t *count)
{
    const struct cprov_version_range *range = &cprov_lookup_wanted(j->lookup)->range;
    const char **list = cprov_arena_alloc(&j->texts, j->told_count + 1, sizeof(*list));
    const char *channel;

    *count = 0;
    *out = list;
    if (!list)
        return cprov_fail_memory(j->err);
    for (size_t i = 0; i < j->told_count; i++) {
        if (!is_version(j, &j->told[i]))
            continue;
        if (cprov_version_range_has(range, cprov_span_of(j->told[i].version)))
            list[(*count)++] = j->told[i].version;
        else
            remember_refused(j, j->told[i].version);
    }
    keep_spelling(range->exact, list, count);
    if (*count > 0 || range->exact.len == 0)
        return 0;
    int code = follow_channel(j, range->exact, &channel);
    if (code == 0 && channel)
        list[(*count)++] = channel;
    return code;
}

static void nothing_admitted(struct cprov_job *j)
{
    const struct cprov_place *place = place_of(j);
    auto_buf struct cprov_buf where = { 0 };
    struct cprov_error err = CPROV_ERROR_INIT;
    int code;

    cprov_buf_init(&where, CPROV_KIB);
    if (place)
        cprov_buf_addf(&where, "source '%s'", place->source->name);
    else
        cprov_buf_add_text(&where, j->repository->host);
    if (j->newest_refused)
        code = cprov_fail(&err, CPROV_ENOTFOUND, "not found in %s (newest is %s)",
                          cprov_buf_text(&where), j->newest_refused);
    else
        code =
            cprov_fail(&err, CPROV_ENOTFOUND, "%s has no versions of it", cprov_buf_text(&where));
    err.versions = j->newest_refused != NULL;
    job_failed(j, code, &err);
}

static bool ask_versions(struct cprov_job *j);

/* What the index has is not what is wanted: the place may have it by now. */
static bool ask_instead(struct cprov_job *j)
{
    if (!j->from_index || j->stale || kind_of(j)->import || cprov_search_offline(j->lookup->search))
        return false;
    forget_told(j);
    j->newest_refused = NULL;
    j->from_index = false;
    return ask_versions(j);
}

/* One row for the repository as such. */
static void name_alone(struct cprov_job *j)
{
    static const char *const none[] = { "" };

    if (make_rows(j, none, 1) < 0)
        j->code = j->err->code;
    cprov_job_ready(j);
}

/* Of a document the index has all there is, and above all where each image is. */
static void after_choosing(struct cprov_job *j)
{
    forget_told(j);
    if (j->code == 0 && (j->lookup->search->query->details || kind_of(j)->import))
        cprov_job_start_details(j);
    else
        cprov_job_ready(j);
}

static void after_listing(struct cprov_job *j)
{
    const struct cprov_catalog_query *q = j->lookup->search->query;
    const char **admitted = NULL;
    size_t count = 0;

    if (j->code == 0 && q->names_only && j->told_count > 0) {
        name_alone(j);
        return;
    }
    if (j->code == 0 && q->update_only &&
        !q->details) { /* the index has them: nobody looks at rows */
        after_choosing(j);
        return;
    }
    int code = j->code == 0 ? admit(j, &admitted, &count) : 0;
    if (j->code == 0 && code == 0 && count == 0) {
        if (ask_instead(j))
            return;
        if (j->code == 0)
            nothing_admitted(j);
    } else if (j->code == 0 && code == 0) {
        code = choose_rows(j, admitted, count);
    }
    if (j->code == 0)
        j->code = code;
    after_choosing(j);
}

/* The index has been told which of the versions is the newest: the others need not be read. */
static bool take_newest(struct cprov_job *j)
{
    const struct cprov_wanted *w = cprov_lookup_wanted(j->lookup);
    const struct cprov_version_range *r = &w->range;

    if (!j->newest || !*j->newest || strlen(j->newest) > CPROV_TAG_MAX || w->all_versions ||
        w->attachments ||
        cprov_version_is_attachment(cprov_span_of(j->newest)) || /* an older program wrote it */
        r->exact.len + r->prefix.len + r->minimum.len + r->maximum.len > 0)
        return false;
    j->from_index = true;
    if (make_rows(j, &j->newest, 1) < 0)
        j->code = j->err->code;
    after_choosing(j);
    return true;
}

/* --- what is told --- */

static bool note_told(struct cprov_job *j, const char *version, const struct cprov_entry *entry)
{
    if (j->told_count == j->told_room) {
        size_t room = j->told_room ? 2 * j->told_room : 64;
        struct cprov_told *more = reallocarray(j->told, room, sizeof(*more));

        if (!more)
            return false;
        j->told = more;
        j->told_room = room;
    }
    const char *kept = cprov_arena_text(&j->texts, cprov_span_of(version));
    size_t bytes = strlen(version) + TOLD_COST;

    j->told_bytes += bytes;
    j->lookup->search->told_bytes += bytes;
    j->told[j->told_count++] = (struct cprov_told){ kept, entry };
    return kept != NULL;
}

static const char *keep(struct cprov_job *j, const char *text)
{
    size_t len = text ? strlen(text) : 0;

    j->told_bytes += len;
    j->lookup->search->told_bytes += len;
    return len ? cprov_arena_text(&j->texts, cprov_span_make(text, len)) : NULL;
}

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
    j->lookup->search->told_bytes += sizeof(*kept) + sizeof(*digest);
    if (digest)
        *digest = *e->digest;
    *kept = (struct cprov_entry){ .alias = keep(j, e->alias),
                                  .digest = digest,
                                  .bytes = e->bytes,
                                  .description = keep(j, e->description),
                                  .publisher = keep(j, e->publisher),
                                  .title = keep(j, e->title),
                                  .created = keep(j, e->created),
                                  .platforms = keep(j, e->platforms),
                                  .os_version = keep(j, e->os_version),
                                  .media_type = keep(j, e->media_type),
                                  .image_id = keep(j, e->image_id),
                                  .notes = keep(j, e->notes),
                                  .kind = e->kind,
                                  .is_os = e->is_os,
                                  .complete = e->complete };
    return kept;
}

/* One budget for the lists of all jobs: the one that exceeds it begins anew when it is alone. */
static void too_much(struct cprov_job *j)
{
    const struct cprov_search *s = j->lookup->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    j->again = s->told_bytes > j->told_bytes || s->active > 1;
    if (!j->again) {
        int code =
            cprov_fail(&err, CPROV_ELIMIT, "the list of its versions takes more than %zu MiB",
                       CPROV_TOLD_MAX / CPROV_MIB);
        job_failed(j, code, &err);
    }
}

static bool on_version(void *arg, const struct cprov_entry *entry)
{
    struct cprov_job *j = arg;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_span_of(entry->version).len > CPROV_TAG_MAX)
        return true;
    const struct cprov_entry *kept = keep_entry(j, entry);
    if (j->texts.failed || !note_told(j, entry->version, kept)) {
        int code = cprov_fail_memory(&err);
        job_failed(j, code, &err);
        return false;
    }
    if (j->lookup->search->told_bytes <= CPROV_TOLD_MAX)
        return true;
    too_much(j);
    return false;
}

static void remember_versions(struct cprov_job *j)
{
    struct cprov_search *s = j->lookup->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!j->lookup->site || !cprov_search_may_write(s))
        return;
    cprov_lookup_put_noted(j->lookup); /* all of them at once; else each is added by itself */
    _Static_assert(sizeof(struct cprov_told) == sizeof(struct cprov_cache_version), "same fields");
    struct cprov_cache_version *list = calloc(j->told_count + 1, sizeof(*list));
    for (size_t i = 0; list && i < j->told_count; i++)
        list[i] = (struct cprov_cache_version){ j->told[i].version, j->told[i].entry };
    if (!list)
        (void)cprov_fail_memory(&err);
    else
        (void)!cprov_cache_put_versions(s->index, j->lookup->site->known.id,
                                        j->repository->repository, list, j->told_count, &j->id,
                                        &err);
    free(list);
    if (err.code < 0)
        cprov_search_index_failed(s, &err);
}

/* --- where it is asked --- */

static bool known_version(void *arg, const char *version, const char *alias)
{
    struct cprov_job *j = arg;
    struct cprov_entry *entry = NULL;

    if (strlen(version) > CPROV_TAG_MAX) /* nobody wrote that: the file was changed */
        return true;
    if (alias) {
        entry = cprov_arena_alloc(&j->texts, 1, sizeof(*entry));
        if (entry)
            entry->alias = keep(j, alias);
    }
    return note_told(j, version, entry) && !j->texts.failed;
}

bool cprov_job_look_up_again(struct cprov_job *j)
{
    struct cprov_lookup *l = j->lookup;
    struct cprov_cache_repository r;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!l->site || !l->site->place->kind->import || !l->search->index ||
        cprov_cache_repository(l->search->index, l->site->known.id, j->repository->repository, &r,
                               &err) < 0 ||
        r.id == j->id)
        return false;
    j->id = r.id;
    return true;
}

static bool take_known(struct cprov_job *j)
{
    struct cprov_search *s = j->lookup->search;
    struct cprov_error err = CPROV_ERROR_INIT;

    do {
        forget_told(j);
        if (cprov_cache_versions(s->index, j->id, known_version, j, &err) < 0) {
            cprov_search_index_failed(s, &err);
            return false;
        }
    } while (j->told_count == 0 && cprov_job_look_up_again(j));
    if (j->texts.failed)
        cprov_search_out_of_memory(s);
    j->from_index = true;
    return true;
}

/* Looks the repository up in the index unless its number came with it. */
static void look_up(struct cprov_job *j)
{
    struct cprov_lookup *l = j->lookup;
    struct cprov_cache_repository r;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (j->id || !l->site || !l->search->index)
        return;
    int code = cprov_cache_repository(l->search->index, l->site->known.id,
                                      j->repository->repository, &r, &err);
    if (code == 0) {
        j->id = r.id;
        j->checked = r.checked;
        j->newest = cprov_arena_text(&j->arena, cprov_span_of(r.newest));
    } else if (code != CPROV_ENOTFOUND) {
        cprov_search_index_failed(l->search, &err);
    }
}

/* A place that is down, or answers with garbage, leaves what was known before. */
static bool use_stale(struct cprov_job *j, int code, const struct cprov_error *err)
{
    struct cprov_lookup *l = j->lookup;

    if (!l->site || !cprov_search_open_index(l->search))
        return false;
    look_up(j);
    if (!j->id || !j->checked ||
        (code != CPROV_ENETWORK && code != CPROV_EVERIFY && code != CPROV_ELIMIT))
        return false;
    j->stale = true;
    if (!take_known(j))
        return false;
    cprov_search_tell_stale(l->site, j->checked, err);
    return true;
}

/* Waits once more, as if nothing had been asked. */
static void put_back(struct cprov_job *j)
{
    struct cprov_search *s = j->lookup->search;

    forget_told(j);
    j->state = CPROV_JOB_WAITING;
    j->lookup->waiting++;
    j->lookup->held--;
    s->active--;
    s->put_back++;
    s->moves++;
    cprov_search_pump(s);
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
        job_failed(j, code, err);
    after_listing(j);
}

/* false: it could not be started, and the job says why. */
static bool ask_versions(struct cprov_job *j)
{
    struct cprov_search *s = j->lookup->search;
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = cprov_search_connect(s, &err);

    if (code == 0)
        code = kind_of(j)->versions(
            s->client, place_of(j), j->repository,
            &(struct cprov_versions_request){ .entry = on_version, .done = on_listed, .arg = j },
            &err);
    if (code < 0)
        job_failed(j, code, &err);
    return code == 0;
}

static bool may_use_known(const struct cprov_job *j)
{
    const struct cprov_search *s = j->lookup->search;
    int64_t age = s->query->freshness.versions;

    if (!j->id || !s->index)
        return false;
    if (kind_of(j)->import)
        return true;
    return j->checked > 0 && (cprov_search_offline(s) || (age > 0 && s->now - j->checked <= age));
}

/* A document is in the index with all of its versions once it has been read. */
static bool name_is_enough(const struct cprov_job *j)
{
    const struct cprov_catalog_query *q = j->lookup->search->query;

    return q->names_only || (q->update_only && kind_of(j)->import);
}

/* Room for the job at work; what a waiting one does without. */
static bool unfold(struct cprov_job *j)
{
    const struct cprov_place *place = place_of(j);

    j->err = cprov_arena_alloc(&j->arena, 1, sizeof(*j->err));
    j->repository = cprov_arena_alloc(&j->arena, 1, sizeof(*j->repository));
    if (j->arena.failed) {
        cprov_search_out_of_memory(j->lookup->search);
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
    struct cprov_search *s = j->lookup->search;

    s->active++;
    if (j->again) {
        s->alone = j;
        s->put_back--;
    }
    j->again = false;
    j->lookup->waiting--;
    j->state = CPROV_JOB_LISTING;
    if (!unfold(j))
        return;
    if (j->exact && (j->exact->has_digest || *j->exact->tag)) {
        const char *const one[] = { j->repository->tag };

        if (make_rows(j, one, 1) < 0) {
            j->code = j->err->code;
            cprov_job_ready(j);
        } else {
            cprov_job_start_details(j);
        }
        return;
    }
    look_up(j);
    if (name_is_enough(j) && may_use_known(j))
        name_alone(j);
    else if (may_use_known(j) && take_newest(j))
        return;
    else if (may_use_known(j) && take_known(j))
        after_listing(j);
    else if (!ask_versions(j))
        cprov_job_ready(j);
}
