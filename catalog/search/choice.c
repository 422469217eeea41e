/* catalog/search/choice.c - which of a repository's versions are wanted. */
#include "catalog/search/choice_private.h"

#include <string.h>

#include "base/buf.h"

#define CHANNELS_MAX 32 /* that lead to each other */

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
                              "channel '%s' points to '%s', which does not exist", text, to);
        if (!is_channel(t)) {
            *version = t->version;
            return 0;
        }
    }
    return cprov_fail(j->err, CPROV_EVERIFY, "channel '%s' leads back to itself", text);
}

/* Signatures and the like lie among the tags, and are none of what is looked for. */
static bool is_version(const struct cprov_job *j, const struct cprov_told *t)
{
    const struct cprov_wanted *w = j->queue->wanted;

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
    const struct cprov_version_range *range = &j->queue->wanted->range;
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

int cprov_job_choose(struct cprov_job *j, bool *none)
{
    const char **admitted;
    size_t count;

    if (admit(j, &admitted, &count) < 0)
        return j->err->code;
    *none = count == 0;
    if (*none)
        return 0;
    if (!j->queue->wanted->all_versions) /* one is found without sorting */
        return cprov_job_rows(j, admitted + cprov_version_newest(admitted, count), 1);
    return cprov_job_rows(j, admitted, cprov_version_sort(admitted, count));
}

void cprov_job_nothing_admitted(struct cprov_job *j)
{
    const struct cprov_place *place = cprov_job_place(j);
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
        code = cprov_fail(&err, CPROV_ENOTFOUND, "%s has no version of it", cprov_buf_text(&where));
    err.versions = j->newest_refused != NULL;
    cprov_job_fail(j, code, &err);
}
