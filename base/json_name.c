/* base/json_name.c - names of members as other readers take them. */
#include <string.h>

#include "base/json.h"
#include "base/span.h"

/* One letter as Go's decoder folds it: a long s (U+017F) is an s, a Kelvin sign (U+212A) a k. */
static char fold_letter(struct cprov_span *s)
{
    static const struct {
        const char *bytes;
        char letter;
    } folds[] = { { "\xc5\xbf", 's' }, { "\xe2\x84\xaa", 'k' } };
    bool plain = (unsigned char)*s->ptr < 0x80;

    for (size_t i = 0; i < CPROV_COUNT(folds) && !plain; i++)
        if (cprov_span_starts_with(*s, folds[i].bytes)) {
            *s = cprov_span_from(*s, strlen(folds[i].bytes));
            return folds[i].letter;
        }
    char letter = cprov_lower(*s->ptr);
    *s = cprov_span_from(*s, 1);
    return letter;
}

/*
 * Go's decoder, which most other tools use, takes "Layers" for "layers": a document with such a
 * member would be one thing to them and another to us.
 */
bool cprov_json_is_misspelled(struct cprov_span key, const char *name)
{
    struct cprov_span left = key;

    for (const char *n = name; *n; n++)
        if (left.len == 0 || fold_letter(&left) != cprov_lower(*n))
            return false;
    return left.len == 0 && !cprov_span_is(key, name);
}
