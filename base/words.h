/* base/words.h - the words of a search: taken apart, and found in texts whatever the case. */
#ifndef CPROV_BASE_WORDS_H
#define CPROV_BASE_WORDS_H

#include "base/span.h"

/* Takes the next word from *rest, blanks between; false at the end. */
bool cprov_words_next(struct cprov_span *rest, struct cprov_span *word);
/* Whether each of the words is somewhere in one of the texts; ASCII case does not matter. */
bool cprov_words_in(const char *words, const char *const *texts, size_t count);

#endif
