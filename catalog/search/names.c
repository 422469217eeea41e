/* catalog/search/names.c - how repositories are called. */
#include "catalog/search/names_private.h"

#include <string.h>

static const char *alias_of(const struct cprov_search_scope *what, const char *repository)
{
    for (size_t i = 0; i < what->aliases_count; i++)
        if (strcmp(what->aliases[i].repository, repository) == 0)
            return what->aliases[i].name;
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

const char *cprov_search_name(const struct cprov_search_scope *what,
                              const struct cprov_place *place,
                              const struct cprov_reference *repository)
{
    const char *path = below(place, repository->repository);
    const char *alias = alias_of(what, path);

    if (!alias)
        alias = alias_of(what, repository->repository);
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
bool cprov_search_matches(const struct cprov_search_scope *what, const struct cprov_place *place,
                          struct cprov_span text, const struct cprov_reference *repository)
{
    const char *name = cprov_search_name(what, place, repository);
    const char *path = below(place, repository->repository);

    if (text.len == 0)
        return true;
    return cprov_span_glob(text, cprov_span_of(name)) ||
           (name != path && cprov_span_glob(text, cprov_span_of(path))) ||
           cprov_span_glob(text, last_component(repository->repository));
}
