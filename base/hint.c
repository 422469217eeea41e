/* base/hint.c - the names and neutral sentences of the hints. */
#include "base/hint.h"

#include <stdio.h>
#include <string.h>

#include "base/span.h"

static const struct hint {
    const char *name, *sentence;
} hints[] = { [CPROV_HINT_NONE] = { "", "" },
#define HINT(id, name, sentence) [id] = { name, sentence },
              CPROV_HINTS(HINT)
#undef HINT
};

const char *cprov_hint_name(enum cprov_hint_id id)
{
    return hints[id].name;
}

enum cprov_hint_id cprov_hint_named(const char *name)
{
    for (size_t i = 1; i < CPROV_COUNT(hints); i++)
        if (*name && strcmp(hints[i].name, name) == 0)
            return (enum cprov_hint_id)i;
    return CPROV_HINT_NONE;
}

const char *cprov_hint_sentence(enum cprov_hint_id id, const char *pattern, const char *about,
                                char out[CPROV_HINT_SENTENCE_MAX])
{
    const char *text = pattern ? pattern : hints[id].sentence, *gap = strchr(text, '%');

    if (gap)
        snprintf(out, CPROV_HINT_SENTENCE_MAX, "%.*s%s%s", (int)(gap - text), text, about, gap + 1);
    else
        snprintf(out, CPROV_HINT_SENTENCE_MAX, "%s", text);
    return out;
}
