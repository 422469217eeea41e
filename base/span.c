/* base/span.c - looking at borrowed bytes. */
#include "base/span.h"

bool cprov_span_equal(struct cprov_span a, struct cprov_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool cprov_span_is(struct cprov_span s, const char *text)
{
    return cprov_span_equal(s, cprov_span_of(text));
}

bool cprov_span_equal_nocase(struct cprov_span a, struct cprov_span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (cprov_lower(a.ptr[i]) != cprov_lower(b.ptr[i]))
            return false;
    return true;
}

bool cprov_span_is_nocase(struct cprov_span s, const char *text)
{
    return cprov_span_equal_nocase(s, cprov_span_of(text));
}

bool cprov_span_starts_with(struct cprov_span s, const char *prefix)
{
    size_t len = strlen(prefix);

    return len == 0 || (s.len >= len && memcmp(s.ptr, prefix, len) == 0);
}

bool cprov_span_starts_with_nocase(struct cprov_span s, struct cprov_span prefix)
{
    if (s.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++)
        if (cprov_lower(s.ptr[i]) != cprov_lower(prefix.ptr[i]))
            return false;
    return true;
}

bool cprov_span_ends_with_nocase(struct cprov_span s, const char *suffix)
{
    size_t len = strlen(suffix);

    return s.len >= len && cprov_span_is_nocase(cprov_span_from(s, s.len - len), suffix);
}

bool cprov_span_has_nocase(struct cprov_span s, struct cprov_span word)
{
    for (size_t i = 0; i + word.len <= s.len; i++)
        if (cprov_span_starts_with_nocase(cprov_span_from(s, i), word))
            return true;
    return false;
}

bool cprov_span_ends_with(struct cprov_span s, const char *suffix)
{
    size_t len = strlen(suffix);

    return len == 0 || (s.len >= len && memcmp(s.ptr + s.len - len, suffix, len) == 0);
}

int cprov_span_compare(struct cprov_span a, struct cprov_span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

struct cprov_span cprov_span_from(struct cprov_span s, size_t start)
{
    if (!s.ptr)
        return s;
    if (start > s.len)
        start = s.len;
    return cprov_span_make(s.ptr + start, s.len - start);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct cprov_span cprov_span_trim(struct cprov_span s)
{
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    while (s.len && is_blank(s.ptr[0]))
        s = cprov_span_from(s, 1);
    return s;
}

size_t cprov_span_find(struct cprov_span s, char c)
{
    const char *found = s.len ? memchr(s.ptr, c, s.len) : NULL;

    return found ? (size_t)(found - s.ptr) : s.len;
}

size_t cprov_span_find_last(struct cprov_span s, char c)
{
    const char *found = s.len ? memrchr(s.ptr, c, s.len) : NULL;

    return found ? (size_t)(found - s.ptr) : s.len;
}

static bool cut_at(struct cprov_span s, size_t at, struct cprov_span *before,
                   struct cprov_span *after)
{
    if (at == s.len)
        return false;
    *before = cprov_span_make(s.ptr, at);
    *after = cprov_span_from(s, at + 1);
    return true;
}

bool cprov_span_cut(struct cprov_span s, char c, struct cprov_span *before,
                    struct cprov_span *after)
{
    return cut_at(s, cprov_span_find(s, c), before, after);
}

bool cprov_span_cut_last(struct cprov_span s, char c, struct cprov_span *before,
                         struct cprov_span *after)
{
    return cut_at(s, cprov_span_find_last(s, c), before, after);
}

bool cprov_span_next(struct cprov_span *rest, char c, struct cprov_span *item)
{
    struct cprov_span whole = *rest;

    if (!whole.ptr)
        return false;
    if (!cprov_span_cut(whole, c, item, rest)) {
        *item = whole;
        *rest = cprov_span_make(NULL, 0);
    }
    return true;
}

bool cprov_span_u64(struct cprov_span s, uint64_t *out)
{
    uint64_t value = 0;

    if (s.len < 1 || s.len > 20)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!cprov_is_digit(s.ptr[i]))
            return false;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

int cprov_hex_value(char c)
{
    if (cprov_is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_escape(char c)
{
    return c == '`' || c == '\\';
}

/* Takes one literal character off *p; an escape with nothing after it stands for itself. */
static char take_literal(struct cprov_span *p)
{
    size_t at = is_escape(p->ptr[0]) && p->len > 1 ? 1 : 0;
    char c = p->ptr[at];

    *p = cprov_span_from(*p, at + 1);
    return c;
}

static bool in_range(char low, char c, char high)
{
    return (unsigned char)low <= (unsigned char)c && (unsigned char)c <= (unsigned char)high;
}

static char upper(char c)
{
    return cprov_is_lower(c) ? (char)(c - 32) : c;
}

/* Index of the ']' that closes the class p begins with, or p.len. */
static size_t class_end(struct cprov_span p)
{
    for (size_t i = 1; i < p.len; i++) {
        if (p.ptr[i] == ']')
            return i;
        if (is_escape(p.ptr[i]))
            i++;
    }
    return p.len;
}

static bool class_has(struct cprov_span members, char c)
{
    bool has = false;

    while (members.len) {
        char low = take_literal(&members);
        char high = low;
        if (members.len > 1 && members.ptr[0] == '-') {
            members = cprov_span_from(members, 1);
            high = take_literal(&members);
        }
        has = has || in_range(low, cprov_lower(c), high) || in_range(low, upper(c), high);
    }
    return has;
}

/* Takes one element other than '*' off *p; whether it admits c. */
static bool take_element(struct cprov_span *p, char c)
{
    if (p->ptr[0] == '?') {
        *p = cprov_span_from(*p, 1);
        return true;
    }
    if (p->ptr[0] == '[') {
        size_t end = class_end(*p);
        if (end < p->len) {
            struct cprov_span members = cprov_span_make(p->ptr + 1, end - 1);
            *p = cprov_span_from(*p, end + 1);
            return class_has(members, c);
        }
    }
    return cprov_lower(take_literal(p)) == cprov_lower(c);
}

/*
 * Only the last '*' is ever widened: an earlier one has matched the shortest text that lets the
 * rest begin, and a longer one could not help. That is what keeps this from being exponential.
 */
bool cprov_span_glob(struct cprov_span pattern, struct cprov_span text)
{
    struct cprov_span star = { NULL, 0 }; /* the pattern after the last '*' */
    struct cprov_span held = { NULL, 0 }; /* the text from where that '*' stops */

    while (text.len || pattern.len) {
        if (pattern.len && pattern.ptr[0] == '*') {
            pattern = star = cprov_span_from(pattern, 1);
            held = text;
            continue;
        }
        if (pattern.len && text.len && take_element(&pattern, text.ptr[0])) {
            text = cprov_span_from(text, 1);
            continue;
        }
        if (!star.ptr || !held.len)
            return false;
        held = text = cprov_span_from(held, 1);
        pattern = star;
    }
    return true;
}

bool cprov_span_is_pattern(struct cprov_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '*' || text.ptr[i] == '?' || text.ptr[i] == '[')
            return true;
        if (is_escape(text.ptr[i]))
            i++;
    }
    return false;
}

static bool is_continuation(const unsigned char *p, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((p[i] & 0xc0) != 0x80)
            return false;
    return true;
}

/* Unicode 15, table 3-7: the second byte is what tells overlong forms and surrogates. */
size_t cprov_utf8_length(struct cprov_span s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;

    if (s.len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;

    size_t len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (s.len < len || !is_continuation(p + 1, len - 1))
        return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

/* Documents are nearly all ASCII: eight bytes at a time while they are. */
static size_t ascii_run(struct cprov_span s)
{
    size_t i = 0;
    uint64_t eight;

    for (; s.len - i >= sizeof(eight); i += sizeof(eight)) {
        memcpy(&eight, s.ptr + i, sizeof(eight));
        if (eight & 0x8080808080808080u)
            break;
    }
    return i;
}

bool cprov_span_is_utf8(struct cprov_span s)
{
    while (s.len) {
        s = cprov_span_from(s, ascii_run(s));
        if (!s.len)
            break;
        size_t len = cprov_utf8_length(s);
        if (!len)
            return false;
        s = cprov_span_from(s, len);
    }
    return true;
}
