/* cli/text.h - text for a terminal: what it is wide, clean, and close to. */
#ifndef CPROV_CLI_TEXT_H
#define CPROV_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "base/text.h"

#define CPROV_LEFT_TEXT_MAX 24

/* "1:02:03", "02:03"; from 100 hours on "99h+". buf is returned. */
const char *cprov_text_left(uint64_t seconds, char buf[CPROV_LEFT_TEXT_MAX]);

/* Columns that the text takes on a terminal: East Asian wide characters two, combining ones none,
 * a byte that is not UTF-8 one. */
size_t cprov_text_width(struct cprov_span text);
/* The longest beginning that takes at most `width` columns. */
struct cprov_span cprov_text_fit(struct cprov_span text, size_t width);

/* "Did you mean": offer every candidate, then ask for the best. {word} to begin with. */
struct cprov_guess {
    const char *word;
    const char *nearest;
    size_t distance;
};
void cprov_guess_offer(struct cprov_guess *g, const char *candidate);
/* NULL when nothing is close enough to be meant. */
const char *cprov_guess_best(const struct cprov_guess *g);

/* ASCII; does not look at the locale. */
static inline char cprov_text_upper(char c)
{
    if (!cprov_is_lower(c))
        return c;
    return (char)(c - 'a' + 'A');
}

/* ASCII, without regard to case. */
static inline bool cprov_text_same(const char *a, const char *b)
{
    return cprov_span_is_nocase(cprov_span_of(a), b);
}

/* Takes the next item of a list like "a|b|c" from *rest; false at its end. */
static inline bool cprov_text_next(struct cprov_span *rest, char separator, struct cprov_span *item)
{
    return rest->len && cprov_span_next(rest, separator, item);
}

#endif
