/* cli/docker.c - the rules of "familiar" names. */
#include "cli/docker.h"

#include <string.h>

#include "base/span.h"

static bool is_host(struct cprov_span first)
{
    return cprov_span_find(first, '.') < first.len || cprov_span_find(first, ':') < first.len ||
           cprov_span_is(first, "localhost");
}

static bool is_local(const char *name)
{
    static const char *const kinds[] = { "oci:", "oci-archive:", "docker-archive:" };

    for (size_t i = 0; i < CPROV_COUNT(kinds); i++)
        if (!strncmp(name, kinds[i], strlen(kinds[i])))
            return true;
    return strstr(name, "://") || *name == '/' || *name == '.';
}

static bool has_capitals(struct cprov_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (cprov_is_alpha(name.ptr[i]) && !cprov_is_lower(name.ptr[i]))
            return true;
    return false;
}

const char *cprov_docker_reference(struct cprov_arena *arena, const char *name, bool tag)
{
    struct cprov_span whole = cprov_span_of(name), first = whole, rest, last, path = whole;
    bool hosted = cprov_span_cut(whole, '/', &first, &rest) && is_host(first);

    (void)cprov_span_cut(path, '@', &path, &rest);
    last = cprov_span_from(
        path, cprov_span_find_last(path, '/') < path.len ? cprov_span_find_last(path, '/') + 1 : 0);
    bool marked = path.len != whole.len || cprov_span_find(last, ':') < last.len;
    (void)cprov_span_cut(last, ':', &last, &rest);
    if (is_local(name) || (!hosted && (has_capitals(first) || has_capitals(last))))
        return name;
    return cprov_arena_textf(arena, "%s%s%s",
                             hosted                   ? ""
                             : first.len == whole.len ? "docker.io/library/"
                                                      : "docker.io/",
                             name, tag && !marked ? ":latest" : "");
}

const char *cprov_docker_familiar(const char *reference)
{
    static const char *const hidden[] = { "docker.io/library/", "docker.io/" };

    for (size_t i = 0; i < CPROV_COUNT(hidden); i++)
        if (!strncmp(reference, hidden[i], strlen(hidden[i])))
            return reference + strlen(hidden[i]);
    return reference;
}
