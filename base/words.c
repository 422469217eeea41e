/* base/words.c - the words of a search: taken apart, and found in texts whatever the case. */
#include "base/words.h"

bool cprov_words_next(struct cprov_span *rest, struct cprov_span *word)
{
    while (rest->ptr && cprov_span_next(rest, ' ', word))
        if (word->len > 0)
            return true;
    return false;
}

bool cprov_words_in(const char *words, const char *const *texts, size_t count)
{
    struct cprov_span rest = cprov_span_of(words), word;

    while (cprov_words_next(&rest, &word)) {
        size_t i = 0;

        while (i < count && !cprov_span_has_nocase(cprov_span_of(texts[i]), word))
            i++;
        if (i == count)
            return false;
    }
    return true;
}
