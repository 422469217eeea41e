/* base/span.h - a borrowed run of bytes, passed by value; what every parser reads. */
#ifndef CPROV_BASE_SPAN_H
#define CPROV_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

/* Not NUL-terminated. Lives as long as what it points into. {NULL, 0} is the empty span. */
struct cprov_span {
    const char *ptr;
    size_t len;
};

/* printf("%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(s)) */
#define CPROV_SPAN_FMT ".*s"
#define CPROV_SPAN_ARG(s)                                                                          \
    ((s).len > 0x7fffffff ? 0x7fffffff : (int)(s).len), ((s).ptr ? (s).ptr : "")

#define CPROV_SPAN_LITERAL(text) ((struct cprov_span){ "" text, sizeof(text) - 1 })

/* text may be NULL: the empty span. */
static inline struct cprov_span cprov_span_of(const char *text)
{
    return (struct cprov_span){ text, text ? strlen(text) : 0 };
}

static inline struct cprov_span cprov_span_make(const char *ptr, size_t len)
{
    return (struct cprov_span){ ptr, len };
}

bool cprov_span_equal(struct cprov_span a, struct cprov_span b);
bool cprov_span_equal_nocase(struct cprov_span a, struct cprov_span b); /* ASCII */
bool cprov_span_is(struct cprov_span s, const char *text);
bool cprov_span_is_nocase(struct cprov_span s, const char *text); /* ASCII */
bool cprov_span_starts_with(struct cprov_span s, const char *prefix);
bool cprov_span_starts_with_nocase(struct cprov_span s, struct cprov_span prefix); /* ASCII */
bool cprov_span_ends_with(struct cprov_span s, const char *suffix);
bool cprov_span_ends_with_nocase(struct cprov_span s, const char *suffix); /* ASCII */
/* Whether the word is somewhere in it; ASCII. */
bool cprov_span_has_nocase(struct cprov_span s, struct cprov_span word);
/* Order of unsigned bytes, shorter first; <0, 0, >0. */
int cprov_span_compare(struct cprov_span a, struct cprov_span b);

/* The part from `start`, clamped to the end. */
struct cprov_span cprov_span_from(struct cprov_span s, size_t start);
/* Without ASCII blanks (space, tab, CR, LF) at both ends. */
struct cprov_span cprov_span_trim(struct cprov_span s);

/* Index of c, or s.len. */
size_t cprov_span_find(struct cprov_span s, char c);
size_t cprov_span_find_last(struct cprov_span s, char c);

/* Splits at the first / last c: false when there is none and then writes nothing. */
bool cprov_span_cut(struct cprov_span s, char c, struct cprov_span *before,
                    struct cprov_span *after);
bool cprov_span_cut_last(struct cprov_span s, char c, struct cprov_span *before,
                         struct cprov_span *after);

/* Takes the text up to the next c (or the end) from *rest; false when *rest is used up. A trailing
 * separator yields one last empty item. Start with rest = the whole text; rest->ptr is NULL at the
 * end. */
bool cprov_span_next(struct cprov_span *rest, char c, struct cprov_span *item);

/* All of s must be 1..20 decimal digits that fit; false otherwise and *out untouched. */
bool cprov_span_u64(struct cprov_span s, uint64_t *out);

/* 0..15 for 0-9a-f (lower case only), else -1. */
int cprov_hex_value(char c);

/* printable ASCII lower-case / classes that do not look at the locale */
static inline bool cprov_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool cprov_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}
static inline bool cprov_is_alpha(char c)
{
    return cprov_is_lower(c) || (c >= 'A' && c <= 'Z');
}
static inline bool cprov_is_alnum(char c)
{
    return cprov_is_alpha(c) || cprov_is_digit(c);
}
static inline char cprov_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/*
 * Shell-style pattern over the whole text, ASCII case-insensitive: * ? [abc] [a-z], '`' or '\'
 * escapes. A '[' that is never closed stands for itself. Linear in text times pattern.
 */
bool cprov_span_glob(struct cprov_span pattern, struct cprov_span text);
/* Whether the text has an unescaped * ? or [. */
bool cprov_span_is_pattern(struct cprov_span text);
/* Bytes of the one well-formed UTF-8 character that s begins with; 0 when there is none. */
size_t cprov_utf8_length(struct cprov_span s);
/* Well-formed UTF-8 (no surrogates, no overlong forms). */
bool cprov_span_is_utf8(struct cprov_span s);

#endif
