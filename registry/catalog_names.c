/* registry/catalog_names.c - how repositories are called, and how their versions stand. */
#include "registry/catalog_names.h"

#include <stdlib.h>
#include <string.h>

/* --- names --- */

static const char *alias_of(const struct cprov_catalog_query *q, const char *repository)
{
    for (size_t i = 0; i < q->aliases_count; i++)
        if (strcmp(q->aliases[i].repository, repository) == 0)
            return q->aliases[i].name;
    return NULL;
}

/* The path below the place. */
static const char *below(const struct cprov_place *place, const char *repository)
{
    size_t len = place ? strlen(place->base.repository) : 0;

    if (len > 0 && strncmp(repository, place->base.repository, len) == 0 && repository[len] == '/')
        return repository + len + 1;
    return repository;
}

const char *cprov_catalog_name(const struct cprov_catalog_query *query,
                               const struct cprov_place *place,
                               const struct cprov_reference *repository)
{
    const char *path = below(place, repository->repository);
    const char *alias = alias_of(query, path);

    if (!alias)
        alias = alias_of(query, repository->repository);
    if (alias)
        return alias;
    if (strcmp(repository->host, "docker.io") == 0 && strncmp(path, "library/", 8) == 0)
        return path + 8;
    return path;
}

static struct cprov_span last_component(const char *path)
{
    struct cprov_span s = cprov_span_of(path);

    return cprov_span_from(
        s, cprov_span_find_last(s, '/') == s.len ? 0 : cprov_span_find_last(s, '/') + 1);
}

/* A repository is meant by its shown name, its path below the place, or its last component. */
bool cprov_catalog_matches(const struct cprov_catalog_query *q, const struct cprov_place *place,
                           struct cprov_span text, const struct cprov_reference *repository)
{
    const char *name = cprov_catalog_name(q, place, repository);
    const char *path = below(place, repository->repository);

    if (text.len == 0)
        return true;
    return cprov_span_glob(text, cprov_span_of(name)) ||
           (name != path && cprov_span_glob(text, cprov_span_of(path))) ||
           cprov_span_glob(text, last_component(repository->repository));
}

/* --- versions --- */

static int newest_rank(struct cprov_span v)
{
    switch (cprov_version_kind(v)) {
    case CPROV_VERSION_NUMERIC:
        return cprov_span_find(v, '.') < v.len
                   ? 0
                   : 2; /* "20260127" and "3" are not versions of a product line */
    case CPROV_VERSION_SEMVER:
        return cprov_span_find(v, '-') < v.len ? 1 : 0;
    case CPROV_VERSION_OTHER:
        break;
    }
    if (cprov_span_is(v, "latest"))
        return 3;
    return cprov_version_is_attachment(v) ? 5 : 4;
}

size_t cprov_catalog_newest(const char *const *versions, size_t count)
{
    size_t best = 0;
    int best_rank = 6;

    for (size_t i = 0; i < count; i++) {
        int rank = newest_rank(cprov_span_of(versions[i]));

        if (rank < best_rank ||
            (rank == best_rank && cprov_version_compare(cprov_span_of(versions[i]),
                                                        cprov_span_of(versions[best])) > 0)) {
            best = i;
            best_rank = rank;
        }
    }
    return best;
}

static int newest_first(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return cprov_version_compare(cprov_span_of(*y), cprov_span_of(*x));
}

/* Some registries name a tag twice. */
size_t cprov_catalog_sort(const char **versions, size_t count)
{
    size_t kept = 0;

    qsort(versions, count, sizeof(*versions), newest_first);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(versions[kept - 1], versions[i]) != 0)
            versions[kept++] = versions[i];
    return kept;
}
