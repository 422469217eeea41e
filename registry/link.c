/* registry/link.c - the Link header of paged listings (RFC 8288). */
#include "registry/link_private.h"

#include <stddef.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct cprov_span skip_blanks(struct cprov_span s)
{
    while (s.len > 0 && is_blank(s.ptr[0]))
        s = cprov_span_from(s, 1);
    return s;
}

/* Takes a quoted string (quotes left out, escapes kept) or all up to the next ',', ';' or blank. */
static struct cprov_span take_value(struct cprov_span *rest)
{
    struct cprov_span s = *rest;
    size_t i = 0;

    if (s.len > 0 && s.ptr[0] == '"') {
        for (i = 1; i < s.len && s.ptr[i] != '"'; i++)
            if (s.ptr[i] == '\\' && i + 1 < s.len)
                i++;
        *rest = cprov_span_from(s, i + 1);
        return cprov_span_make(s.ptr + 1, i - 1);
    }
    while (i < s.len && s.ptr[i] != ',' && s.ptr[i] != ';' && !is_blank(s.ptr[i]))
        i++;
    *rest = cprov_span_from(s, i);
    return cprov_span_make(s.ptr, i);
}

static struct cprov_span take_name(struct cprov_span *rest)
{
    struct cprov_span s = *rest;
    size_t i = 0;

    while (i < s.len && s.ptr[i] != '=' && s.ptr[i] != ',' && s.ptr[i] != ';' &&
           !is_blank(s.ptr[i]))
        i++;
    *rest = cprov_span_from(s, i);
    return cprov_span_make(s.ptr, i);
}

static bool has_relation(struct cprov_span relations, const char *wanted)
{
    struct cprov_span rest = relations, item;

    while (cprov_span_next(&rest, ' ', &item))
        if (cprov_span_is_nocase(cprov_span_trim(item), wanted))
            return true;
    return false;
}

/* Reads ";name=value" until the comma that ends this link; the first rel counts. */
static bool take_parameters(struct cprov_span *rest)
{
    bool seen = false, next = false;
    struct cprov_span s = skip_blanks(*rest);

    while (s.len > 0 && s.ptr[0] != ',') {
        struct cprov_span name, value = { 0 };

        if (s.ptr[0] == ';')
            s = skip_blanks(cprov_span_from(s, 1));
        name = take_name(&s);
        s = skip_blanks(s);
        if (s.len > 0 && s.ptr[0] == '=') {
            s = skip_blanks(cprov_span_from(s, 1));
            value = take_value(&s);
        }
        if (!seen && cprov_span_is_nocase(name, "rel")) {
            seen = true;
            next = has_relation(value, "next");
        }
        s = skip_blanks(s);
    }
    *rest = cprov_span_from(s, 1);
    return next;
}

/* A value without '<': one target, on its own or with parameters after ';'. */
static bool bare_next(struct cprov_span value, struct cprov_span *target)
{
    struct cprov_span uri = value, rest = { 0 };

    if (cprov_span_cut(value, ';', &uri, &rest)) {
        uri = cprov_span_trim(uri);
        if (!take_parameters(&rest))
            return false;
    }
    if (uri.len == 0 || !(cprov_is_alnum(uri.ptr[0]) || strchr("/?.", uri.ptr[0])))
        return false;
    for (size_t i = 0; i < uri.len; i++)
        if (is_blank(uri.ptr[i]) || uri.ptr[i] == '"' || uri.ptr[i] == '>')
            return false;
    *target = uri;
    return true;
}

bool cprov_link_next(struct cprov_span value, struct cprov_span *target)
{
    struct cprov_span rest = cprov_span_trim(value);

    if (cprov_span_find(rest, '<') == rest.len)
        return bare_next(rest, target);
    while (rest.len > 0) {
        struct cprov_span uri;

        rest = skip_blanks(rest);
        if (rest.len > 0 && rest.ptr[0] == ',') {
            rest = cprov_span_from(rest, 1);
            continue;
        }
        if (rest.len == 0 || rest.ptr[0] != '<' ||
            !cprov_span_cut(cprov_span_from(rest, 1), '>', &uri, &rest))
            return false;
        if (take_parameters(&rest)) {
            *target = cprov_span_trim(uri);
            return true;
        }
    }
    return false;
}
