/* cli/text.c - the terminal is the one place where a character can do harm. */
#include "cli/text.h"

#include <inttypes.h>
#include <stdio.h>

#define GUESS_WORD_MAX 48 /* longer words are no misspelt options */

const char *cprov_text_left(uint64_t seconds, char buf[CPROV_LEFT_TEXT_MAX])
{
    unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);

    if (seconds >= UINT64_C(360000))
        snprintf(buf, CPROV_LEFT_TEXT_MAX, "99h+");
    else if (seconds >= 3600)
        snprintf(buf, CPROV_LEFT_TEXT_MAX, "%" PRIu64 ":%02u:%02u", seconds / 3600, minutes, rest);
    else
        snprintf(buf, CPROV_LEFT_TEXT_MAX, "%02u:%02u", minutes, rest);
    return buf;
}

struct range {
    uint32_t first, last;
};

static bool within(const struct range *ranges, size_t count, uint32_t c)
{
    for (size_t i = 0; i < count; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static size_t char_width(uint32_t c)
{
    static const struct range wide[] = {
        { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xac00, 0xd7a3 },
        { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
        { 0x1f300, 0x1f64f }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
    };
    static const struct range none[] = {
        { 0x300, 0x36f },
        { 0x200b, 0x200d },
        { 0x20d0, 0x20ff },
        { 0xfe00, 0xfe0f },
    };

    if (c < 0x300)
        return 1;
    if (within(none, CPROV_COUNT(none), c))
        return 0;
    return within(wide, CPROV_COUNT(wide), c) ? 2 : 1;
}

size_t cprov_text_width(struct cprov_span text)
{
    size_t width = 0, length;

    for (; text.len; text = cprov_span_from(text, length))
        width += char_width(cprov_text_char(text, &length));
    return width;
}

struct cprov_span cprov_text_fit(struct cprov_span text, size_t width)
{
    size_t at = 0, used = 0, length;

    while (at < text.len) {
        used += char_width(cprov_text_char(cprov_span_from(text, at), &length));
        if (used > width)
            break;
        at += length;
    }
    return cprov_span_make(text.ptr, at);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, without regard to case; one row of the matrix at a time. */
static size_t distance(const char *a, const char *b)
{
    size_t row[GUESS_WORD_MAX + 1];
    size_t width = strlen(b);

    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t replaced = diagonal + (cprov_lower(a[i]) != cprov_lower(b[j]));

            diagonal = row[j + 1];
            row[j + 1] = least(replaced, 1 + least(row[j], row[j + 1]));
        }
    }
    return row[width];
}

void cprov_guess_offer(struct cprov_guess *g, const char *candidate)
{
    if (strlen(g->word) > GUESS_WORD_MAX || strlen(candidate) > GUESS_WORD_MAX)
        return;
    size_t d = distance(g->word, candidate);
    if (!g->nearest || d < g->distance) {
        g->nearest = candidate;
        g->distance = d;
    }
}

const char *cprov_guess_best(const struct cprov_guess *g)
{
    return g->nearest && g->distance <= 1 + strlen(g->word) / 4 ? g->nearest : NULL;
}
