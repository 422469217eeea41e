/* base/text.c - characters that a terminal acts on, and what is shown in their place. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

uint32_t cprov_text_char(struct cprov_span text, size_t *length)
{
    static const unsigned char lead[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    size_t bytes = cprov_utf8_length(text);

    if (bytes == 0 || bytes >= CPROV_COUNT(lead)) {
        *length = 1;
        return 0xfffd;
    }
    uint32_t c = (unsigned char)text.ptr[0] & lead[bytes];
    for (size_t i = 1; i < bytes; i++)
        c = c << 6 | ((unsigned char)text.ptr[i] & 0x3f);
    *length = bytes;
    return c;
}

bool cprov_text_is_control(uint32_t character)
{
    static const struct {
        uint32_t first, last;
    } controls[] = {
        { 0, 0x1f },        { 0x7f, 0x9f },     { 0x61c, 0x61c },
        { 0x200e, 0x200f }, { 0x2028, 0x202e }, { 0x2066, 0x2069 },
        { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
    };

    if (character >= 0x20 && character < 0x7f)
        return false;
    for (size_t i = 0; i < CPROV_COUNT(controls); i++)
        if (character >= controls[i].first && character <= controls[i].last)
            return true;
    return false;
}

/* What is shown for the character c of `length` bytes: 0 for itself. */
static char stand_in(uint32_t c, size_t length)
{
    if (c == '\n' || c == '\r' || c == '\t')
        return ' ';
    return cprov_text_is_control(c) || (c == 0xfffd && length == 1) ? '?' : 0;
}

void cprov_text_add_clean(struct cprov_buf *b, struct cprov_span text)
{
    size_t length = 1;

    for (; text.len; text = cprov_span_from(text, length)) {
        uint32_t c = cprov_text_char(text, &length);
        char other = stand_in(c, length);

        if (other)
            cprov_buf_add_char(b, other);
        else
            cprov_buf_add(b, text.ptr, length);
    }
}

void cprov_text_clean(char *text)
{
    char *out = text;
    size_t length = 1;

    for (struct cprov_span rest = cprov_span_make(text, strlen(text)); rest.len;
         rest = cprov_span_from(rest, length)) {
        uint32_t c = cprov_text_char(rest, &length);
        char other = stand_in(c, length);

        if (other) {
            *out++ = other;
        } else {
            memmove(out, rest.ptr, length);
            out += length;
        }
    }
    *out = '\0';
}

/* What stands after the '@' of a reference, in full or cut short. */
static bool is_digest(struct cprov_span text)
{
    return cprov_span_starts_with(text, "sha256:") || cprov_span_starts_with(text, "sha512:");
}

static size_t last_at(struct cprov_span word)
{
    size_t i = word.len;

    while (i > 0 && word.ptr[i - 1] != '@')
        i--;
    return i > 0 ? i - 1 : word.len;
}

/* "5000/app": what follows the ':' is a port. */
static bool is_port(struct cprov_span text)
{
    uint64_t port;
    size_t slash = cprov_span_find(text, '/');

    return slash < text.len && cprov_span_u64(cprov_span_make(text.ptr, slash), &port);
}

/* The password within a word, or an empty span. In a URL it stands before the path. */
static struct cprov_span password_of(struct cprov_span word)
{
    struct cprov_span none = { NULL, 0 };
    const char *scheme = memmem(word.ptr, word.len, "://", 3);

    if (scheme) {
        word = cprov_span_from(word, (size_t)(scheme - word.ptr) + 3);
        word.len = cprov_span_find(word, '/');
    }
    size_t at = last_at(word);
    if (at < word.len && is_digest(cprov_span_from(word, at + 1))) {
        word.len = at;
        at = last_at(word);
    }
    if (at == word.len)
        return none;
    word.len = at;
    size_t colon = cprov_span_find(word, ':');
    if (colon >= word.len || cprov_span_find(word, '/') < colon ||
        is_port(cprov_span_from(word, colon + 1)))
        return none;
    return cprov_span_from(word, colon + 1);
}

/* What follows the '?' of "host/path?name=value" within a word, or an empty span. "did you mean x?"
 * and the pattern "a?b" have none. */
static struct cprov_span query_of(struct cprov_span word)
{
    struct cprov_span none = { NULL, 0 }, path, query;

    if (!cprov_span_cut(word, '?', &path, &query) || cprov_span_find(query, '=') == query.len)
        return none;
    return query;
}

/* Puts stars in the place of a piece of the word at *len; less remains of it. */
static void put_stars(char *text, size_t *len, struct cprov_span secret)
{
    size_t stars = secret.len < 3 ? secret.len : 3;

    if (secret.len == 0)
        return;
    char *from = text + (secret.ptr - text);
    memset(from, '*', stars);
    memmove(from + stars, from + secret.len, strlen(from + secret.len) + 1);
    *len -= secret.len - stars;
}

void cprov_text_hide_login(char *text)
{
    static const char blanks[] = " \t\r\n'\"";

    if (!strpbrk(text, "@?"))
        return;
    while (*(text += strspn(text, blanks))) {
        size_t len = strcspn(text, blanks);

        put_stars(text, &len, query_of(cprov_span_make(text, len)));
        put_stars(text, &len, password_of(cprov_span_make(text, len)));
        text += len;
    }
}

const char *cprov_text_size(uint64_t bytes, char buf[CPROV_SIZE_TEXT_MAX])
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
    double n = (double)bytes;
    size_t unit = 0;

    while (n >= (unit > 0 ? 999.95 : 1000) && unit + 1 < CPROV_COUNT(units)) {
        n /= 1000;
        unit++;
    }
    snprintf(buf, CPROV_SIZE_TEXT_MAX, "%.4g %s", n, units[unit]);
    return buf;
}
