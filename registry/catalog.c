/* registry/catalog.c - which repositories are meant, which of their versions, in which order. */
#include "registry/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/limits.h"
#include "registry/catalog_names.h"

/*
 * Three nested things. A lookup is one wanted name in one place; it finds repositories: by trying
 * likely ones, or by scanning the place's catalog. A job is one repository: its tags are listed,
 * chosen, and their details fetched. A row is one version. Jobs of all lookups run at once, within
 * a window; rows leave in order, from the head.
 */
struct find;
struct lookup;

enum job_state { JOB_WAITING, JOB_LISTING, JOB_DETAILS, JOB_READY };

struct job {
    struct lookup *lookup;
    struct job *next;
    enum job_state state;
    struct cprov_reference repository;
    struct cprov_arena arena;
    const char **tags; /* admitted ones */
    size_t tags_count, tags_room;
    const char *newest_refused; /* of those that the range does not admit */
    struct cprov_listing *rows;
    size_t rows_count, rows_left; /* left: details still running */
    bool detailed;                /* rows without details have failed */
    int code;
    struct cprov_error err;
};

struct lookup {
    struct find *find;
    struct lookup *next;
    size_t wanted;                   /* index */
    const struct cprov_place *place; /* NULL: an exact repository */
    struct job *first, *last;        /* not yet emitted */
    bool scanning, scanned;
    bool literal_tried;
    size_t rows; /* emitted */
    int code;    /* worst failure so far */
    struct cprov_error err;
};

struct find {
    struct cprov_client *client;
    const struct cprov_catalog_query *query;
    struct lookup *head; /* emission goes on here */
    size_t active;       /* jobs that run */
    bool stopped;        /* the caller has enough */
    bool pumping;
    int code; /* fatal: memory */
    struct cprov_error err;
};

static void pump(struct find *f);

static const struct cprov_wanted *wanted_of(const struct lookup *l)
{
    return &l->find->query->wanted[l->wanted];
}

static bool wants_pattern(const struct cprov_wanted *w)
{
    return !w->exactly && (w->text.len == 0 || cprov_span_is_pattern(w->text));
}

/* A title that only spells the last component differently is how people want to read it. */
static const char *shown_name(const struct job *j, const struct cprov_listing *row)
{
    const char *name = cprov_catalog_name(j->lookup->find->query, j->lookup->place, &j->repository);

    if (row->title && cprov_span_is_nocase(cprov_span_of(name), row->title))
        return row->title;
    return name;
}

/* --- lookups and jobs --- */

static void out_of_memory(struct find *f)
{
    if (f->code == 0)
        f->code = cprov_fail_memory(&f->err);
}

static void job_free(struct job *j)
{
    if (!j)
        return;
    cprov_arena_clear(&j->arena);
    free(j->tags);
    free(j);
}

static void add_job(struct lookup *l, const struct cprov_reference *repository)
{
    struct job *j = calloc(1, sizeof(*j));

    if (!j) {
        out_of_memory(l->find);
        return;
    }
    j->lookup = l;
    j->repository = *repository;
    if (l->last)
        l->last->next = j;
    else
        l->first = j;
    l->last = j;
}

/* The repository `path` below the place; false when such a name cannot be. */
static bool repository_at(const struct cprov_place *place, struct cprov_span path,
                          struct cprov_reference *out)
{
    char text[2 * CPROV_NAME_MAX + 2];
    size_t len = strlen(place->base.repository);
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (path.len == 0 || len + 1 + path.len > CPROV_NAME_MAX)
        return false;
    *out = place->base;
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
    memcpy(out->repository, text, len);
    out->repository[len] = '\0';
    return true;
}

/* Likely repositories of an exact name, most likely first: where an alias leads, then the name
 * itself. */
static bool try_likely(struct lookup *l)
{
    const struct cprov_catalog_query *q = l->find->query;
    struct cprov_span text = wanted_of(l)->text;
    struct cprov_reference r;
    bool any = false;

    if (l->literal_tried)
        return false;
    l->literal_tried = true;
    for (size_t i = 0; i < q->aliases_count && !any; i++)
        if (cprov_span_is_nocase(text, q->aliases[i].name) &&
            repository_at(l->place, cprov_span_of(q->aliases[i].repository), &r)) {
            add_job(l, &r);
            any = true;
        }
    if (!any && repository_at(l->place, text, &r)) {
        add_job(l, &r);
        any = true;
    }
    return any;
}

static void fail_lookup(struct lookup *l, int code, const struct cprov_error *err)
{
    if (l->code == 0 || l->code == CPROV_ENOTFOUND) {
        l->code = code;
        if (err)
            l->err = *err;
    }
}

/* To an exact name that is simply "not found"; who asked for a pattern must hear why there is
 * nothing. */
static void no_catalog(struct lookup *l)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!wants_pattern(wanted_of(l)))
        return;
    int code = cprov_fail(&err, CPROV_ENETWORK, "source '%s' has no catalog to search",
                          l->place->source->name);
    cprov_hint(&err, "name a repository exactly");
    fail_lookup(l, code, &err);
}

static bool on_repository(void *arg, const char *name)
{
    struct lookup *l = arg;
    struct cprov_reference r = l->place->base;

    if (l->find->stopped || l->find->code)
        return false;
    memcpy(r.repository, name, strlen(name) + 1);
    if (l->last && strcmp(l->last->repository.repository, name) == 0)
        return true; /* said twice */
    if (cprov_catalog_matches(l->find->query, l->place, wanted_of(l)->text, &r)) {
        add_job(l, &r);
        pump(l->find);
    }
    return true;
}

static void on_scanned(void *arg, int code, size_t dropped, const struct cprov_error *err)
{
    struct lookup *l = arg;

    (void)dropped;
    l->scanning = false;
    if (code == CPROV_ENOTFOUND)
        no_catalog(l);
    else if (code < 0)
        fail_lookup(l, code, err);
    pump(l->find);
}

static bool start_scan(struct lookup *l)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (!l->place || l->scanned)
        return false;
    l->scanned = true;
    if (!l->place->kind->can_scan(l->place)) {
        no_catalog(l);
        return false;
    }
    l->scanning = true;
    int code = l->place->kind->scan(
        l->find->client, l->place,
        &(struct cprov_list_request){ .entry = on_repository, .done = on_scanned, .arg = l }, &err);
    if (code < 0) {
        l->scanning = false;
        fail_lookup(l, code, &err);
    }
    return l->scanning;
}

/* --- one job --- */

static void job_ready(struct job *j)
{
    j->state = JOB_READY;
    j->lookup->find->active--;
    pump(j->lookup->find);
}

static void on_details(void *arg, int code, const struct cprov_error *err)
{
    struct job *j = arg;

    if (code < 0 && j->code == 0) {
        j->code = code;
        j->err = err ? *err : (struct cprov_error)CPROV_ERROR_INIT;
    }
    if (--j->rows_left == 0)
        job_ready(j);
}

static void start_details(struct job *j)
{
    const struct find *f = j->lookup->find;
    const struct cprov_source_kind *kind =
        j->lookup->place ? j->lookup->place->kind : &cprov_source_oci;
    struct cprov_error err = CPROV_ERROR_INIT;

    j->state = JOB_DETAILS;
    j->detailed = true;
    j->rows_left = j->rows_count + 1; /* one for this loop: no callback can end the job inside it */
    for (size_t i = 0; i < j->rows_count; i++) {
        int code =
            kind->details(f->client, f->query->host, &j->rows[i], &j->arena, on_details, j, &err);
        if (code < 0)
            on_details(j, code, &err);
    }
    on_details(j, 0, NULL);
}

static void fill_row(const struct job *j, const char *version, struct cprov_listing *row)
{
    *row = (struct cprov_listing){ .place = j->lookup->place,
                                   .reference = j->repository,
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
    memcpy(row->reference.tag, version, strlen(version) + 1);
}

/* Sorts and chooses among the tags and makes the rows. */
static int choose_rows(struct job *j)
{
    const char *const *chosen = j->tags;
    size_t count = j->tags_count;

    count = cprov_catalog_sort(j->tags, count);
    if (!wanted_of(j->lookup)->all_versions && count > 1) {
        chosen += cprov_catalog_newest(chosen, count);
        count = 1;
    }
    j->rows = cprov_arena_alloc(&j->arena, count, sizeof(*j->rows));
    if (cprov_arena_check(&j->arena, &j->err) < 0)
        return j->err.code;
    for (size_t i = 0; i < count; i++)
        fill_row(j, chosen[i], &j->rows[i]);
    j->rows_count = count;
    return 0;
}

static void nothing_admitted(struct job *j)
{
    auto_buf struct cprov_buf where = { 0 };

    cprov_buf_init(&where, CPROV_KIB);
    if (j->lookup->place)
        cprov_buf_addf(&where, "source '%s'", j->lookup->place->source->name);
    else
        cprov_buf_add_text(&where, j->repository.host);
    if (j->newest_refused)
        j->code = cprov_fail(&j->err, CPROV_ENOTFOUND, "not found in %s (newest is %s)",
                             cprov_buf_text(&where), j->newest_refused);
    else
        j->code = cprov_fail(&j->err, CPROV_ENOTFOUND, "%s has no versions of it",
                             cprov_buf_text(&where));
}

static void after_listing(struct job *j)
{
    if (j->code == 0 && j->tags_count == 0)
        nothing_admitted(j);
    else if (j->code == 0)
        j->code = choose_rows(j);

    if (j->code == 0 && j->lookup->find->query->details)
        start_details(j);
    else
        job_ready(j);
}

static void remember_refused(struct job *j, const char *tag)
{
    if (j->newest_refused &&
        cprov_version_compare(cprov_span_of(tag), cprov_span_of(j->newest_refused)) <= 0)
        return;
    j->newest_refused = cprov_arena_text(&j->arena, cprov_span_of(tag));
}

static bool on_version(void *arg, const struct cprov_entry *entry)
{
    struct job *j = arg;
    const char *tag = entry->version;

    if (!cprov_version_range_has(&wanted_of(j->lookup)->range, cprov_span_of(tag))) {
        remember_refused(j, tag);
        return true;
    }
    if (j->tags_count == j->tags_room) {
        size_t room = j->tags_room ? 2 * j->tags_room : 64;
        const char **more = reallocarray(j->tags, room, sizeof(*more));

        if (!more) {
            j->code = cprov_fail_memory(&j->err);
            return false;
        }
        j->tags = more;
        j->tags_room = room;
    }
    j->tags[j->tags_count] = cprov_arena_text(&j->arena, cprov_span_of(tag));
    if (!j->tags[j->tags_count]) {
        j->code = cprov_fail_memory(&j->err);
        return false;
    }
    j->tags_count++;
    return true;
}

static void on_listed(void *arg, int code, const struct cprov_error *err)
{
    struct job *j = arg;

    if (code < 0 && j->code == 0) {
        j->code = code;
        j->err = err ? *err : (struct cprov_error)CPROV_ERROR_INIT;
    }
    after_listing(j);
}

/* A reference that names its tag or digest has one row, and there is nothing to list. */
static void single_row(struct job *j)
{
    const char *version = *j->repository.tag ? j->repository.tag : "";

    j->rows = cprov_arena_alloc(&j->arena, 1, sizeof(*j->rows));
    if (cprov_arena_check(&j->arena, &j->err) < 0) {
        j->code = j->err.code;
        job_ready(j);
        return;
    }
    fill_row(j, version, &j->rows[0]);
    j->rows_count = 1;
    start_details(j);
}

static void start_job(struct job *j)
{
    const struct cprov_source_kind *kind =
        j->lookup->place ? j->lookup->place->kind : &cprov_source_oci;

    j->lookup->find->active++;
    j->state = JOB_LISTING;
    if (j->repository.has_digest || *j->repository.tag) {
        single_row(j);
        return;
    }
    int code = kind->versions(
        j->lookup->find->client, j->lookup->place, &j->repository,
        &(struct cprov_versions_request){ .entry = on_version, .done = on_listed, .arg = j },
        &j->err);
    if (code < 0) {
        j->code = code;
        job_ready(j);
    }
}

/* --- the order of things --- */

/* Starts waiting jobs, nearest to the head first, as far as the window reaches. */
static void start_jobs(struct find *f)
{
    for (struct lookup *l = f->head; l && f->active < CPROV_PARALLEL_REQUESTS; l = l->next) {
        if (!l->first && !l->scanning && wants_pattern(wanted_of(l)) && !l->scanned)
            start_scan(l);
        else if (!l->first && !l->scanning && !l->scanned && l->place)
            try_likely(l);
        for (struct job *j = l->first; j && f->active < CPROV_PARALLEL_REQUESTS; j = j->next)
            if (j->state == JOB_WAITING)
                start_job(j);
    }
}

static void emit_rows(struct job *j)
{
    struct lookup *l = j->lookup;
    struct find *f = l->find;

    for (size_t i = 0; i < j->rows_count && !f->stopped; i++) {
        struct cprov_listing *row = &j->rows[i];

        if (j->detailed && !row->has_details)
            continue;
        row->name = shown_name(j, row);
        l->rows++;
        if (!f->query->row(f->query->arg, l->wanted, row))
            f->stopped = true;
    }
}

/* Lets finished jobs at the head of the lookup go; false while one is not finished. */
static bool emit_jobs(struct lookup *l)
{
    while (l->first) {
        struct job *j = l->first;

        if (j->state != JOB_READY)
            return false;
        if (j->code < 0)
            fail_lookup(l, j->code, &j->err);
        emit_rows(j);
        l->first = j->next;
        if (!l->first)
            l->last = NULL;
        job_free(j);
    }
    return !l->scanning;
}

/* A lookup whose jobs are through either has what it wanted, has another way to try, or is over. */
static bool lookup_over(struct lookup *l)
{
    const struct cprov_wanted *w = wanted_of(l);
    bool listed_but_refused = l->code == CPROV_ENOTFOUND && strstr(l->err.msg, "newest is");

    if (l->rows > 0 || !l->place || l->find->stopped)
        return true;
    if (!wants_pattern(w) && !listed_but_refused && (l->code == 0 || l->code == CPROV_ENOTFOUND))
        return !try_likely(l) && !start_scan(l);
    return true;
}

/* What a registry says of one repository that was tried is no answer to a name that was looked up.
 */
static void report_miss(struct lookup *l)
{
    const struct cprov_catalog_query *q = l->find->query;
    struct cprov_error own = CPROV_ERROR_INIT;
    const struct cprov_error *err = &l->err;
    bool refused = l->code == CPROV_ENOTFOUND && strstr(l->err.msg, "newest is");
    int code = l->code;

    if (code == 0 || code == CPROV_ENOTFOUND) {
        if (l->find->stopped || l->rows > 0 || (l->place && wants_pattern(wanted_of(l))))
            return;
        if (l->place && !refused) {
            code = cprov_fail(&own, CPROV_ENOTFOUND, "not found in source '%s'",
                              l->place->source->name);
            err = &own;
        }
    }
    q->missed(q->arg, l->wanted, l->place, code, err);
}

static void pump(struct find *f)
{
    if (f->pumping) /* start and emit call back into here */
        return;
    f->pumping = true;
    for (bool again = true; again && !f->code;) {
        again = false;
        if (!f->stopped)
            start_jobs(f);
        struct lookup *l = f->head;
        if (l && emit_jobs(l)) {
            if (lookup_over(l)) {
                report_miss(l);
                f->head = l->next;
                free(l);
            }
            again = f->head != NULL;
        }
    }
    f->pumping = false;
}

static int add_lookup(struct find *f, struct lookup ***tail, size_t wanted,
                      const struct cprov_place *place, struct cprov_error *err)
{
    struct lookup *l = calloc(1, sizeof(*l));

    if (!l)
        return cprov_fail_memory(err);
    *l = (struct lookup){ .find = f, .wanted = wanted, .place = place };
    **tail = l;
    *tail = &l->next;
    if (!place)
        add_job(l, f->query->wanted[wanted].exactly);
    return f->code;
}

static int add_lookups(struct find *f, struct cprov_error *err)
{
    const struct cprov_catalog_query *q = f->query;
    struct lookup **tail = &f->head;

    for (size_t i = 0; i < q->wanted_count; i++) {
        if (q->wanted[i].exactly && add_lookup(f, &tail, i, NULL, err) < 0)
            return CPROV_ENOMEM;
        for (size_t k = 0; !q->wanted[i].exactly && k < q->places_count; k++)
            if (add_lookup(f, &tail, i, &q->places[k], err) < 0)
                return CPROV_ENOMEM;
    }
    return 0;
}

static void find_clear(struct find *f)
{
    while (f->head) {
        struct lookup *l = f->head;

        while (l->first) {
            struct job *j = l->first;
            l->first = j->next;
            job_free(j);
        }
        f->head = l->next;
        free(l);
    }
}

int cprov_catalog_find(struct cprov_client *c, const struct cprov_catalog_query *query,
                       struct cprov_error *err)
{
    struct find f = { .client = c, .query = query };

    int code = add_lookups(&f, err);
    if (code == 0) {
        pump(&f);
        code = cprov_client_run(c, NULL, err);
    }
    if (code == 0 && f.code < 0) {
        *err = f.err;
        code = f.code;
    }
    find_clear(&f);
    return code;
}
