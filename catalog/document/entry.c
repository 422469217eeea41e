/* catalog/document/entry.c - what every entry of a listing has to be. */
#include "catalog/document/entry.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"

static bool fits(const char *text, size_t max)
{
    struct cprov_span s = cprov_span_of(text);

    if (s.len > max || !cprov_span_is_utf8(s))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return false;
    return true;
}

void cprov_entry_blank(struct cprov_entry *e)
{
    for (size_t i = 0; i < CPROV_TEXTS; i++)
        if (!e->texts[i])
            e->texts[i] = "";
}

int cprov_entry_check(const struct cprov_entry *e, struct cprov_error *err)
{
    if (!e->repository || !*e->repository || !fits(e->repository, CPROV_NAME_MAX))
        return cprov_fail(err, CPROV_EVERIFY, "an image has no valid name");
    if (!e->version || !*e->version || !fits(e->version, CPROV_TAG_MAX))
        return cprov_fail(err, CPROV_EVERIFY, "%s: a version has no valid name", e->repository);
    for (size_t i = CPROV_TEXT_NAMES; i < CPROV_TEXTS; i++)
        if (e->texts[i] && strlen(e->texts[i]) > CPROV_CATALOG_TEXT_MAX)
            return cprov_fail(err, CPROV_ELIMIT, "%s %s: a text is longer than %zu bytes",
                              e->repository, e->version, CPROV_CATALOG_TEXT_MAX);
    return 0;
}
