/* registry/challenge.c - a tokenizer for WWW-Authenticate (RFC 9110, section 11). */
#include "registry/challenge.h"

#include "base/buf.h"
#include "base/error.h"

/* A fault of syntax ends the reading of one value and is no failure. */
enum step { STEP_MORE, STEP_END };

struct parameter {
    struct cprov_span name;
    struct cprov_span value;
    bool quoted; /* value holds escapes */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_token_char(char c)
{
    return cprov_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static struct cprov_span skip(struct cprov_span s, bool commas)
{
    size_t i = 0;

    while (i < s.len && (is_blank(s.ptr[i]) || (commas && s.ptr[i] == ',')))
        i++;
    return cprov_span_from(s, i);
}

static struct cprov_span take_token(struct cprov_span *rest)
{
    struct cprov_span s = *rest;
    size_t i = 0;

    while (i < s.len && is_token_char(s.ptr[i]))
        i++;
    *rest = cprov_span_from(s, i);
    return cprov_span_make(s.ptr, i);
}

/* "Negotiate TlRMTVNTUAAB==": one word of base64 instead of parameters. */
static bool take_token68(struct cprov_span *rest)
{
    struct cprov_span s = *rest;
    size_t i = 0;

    while (i < s.len && (cprov_is_alnum(s.ptr[i]) || (s.ptr[i] && strchr("-._~+/", s.ptr[i]))))
        i++;
    if (i == 0)
        return false;
    while (i < s.len && s.ptr[i] == '=')
        i++;
    s = skip(cprov_span_from(s, i), false);
    if (s.len > 0 && s.ptr[0] != ',')
        return false;
    *rest = s;
    return true;
}

/* false: the quote is never closed. */
static bool take_quoted(struct cprov_span *rest, struct cprov_span *value)
{
    struct cprov_span s = *rest;
    size_t i = 1;

    while (i < s.len && s.ptr[i] != '"')
        i += s.ptr[i] == '\\' ? 2 : 1;
    if (i >= s.len)
        return false;
    *value = cprov_span_make(s.ptr + 1, i - 1);
    *rest = cprov_span_from(s, i + 1);
    return true;
}

/*
 * Takes name=value and what separates it from the next. false, with *rest unmoved: here is no
 * parameter, hence another challenge, the end, or nonsense.
 */
static bool take_parameter(struct cprov_span *rest, struct parameter *out)
{
    struct cprov_span s = skip(*rest, true);
    struct parameter p = { .name = take_token(&s) };
    size_t i = 0;

    s = skip(s, false);
    if (p.name.len == 0 || s.len == 0 || s.ptr[0] != '=')
        return false;
    s = skip(cprov_span_from(s, 1), false);
    p.quoted = s.len > 0 && s.ptr[0] == '"';
    if (p.quoted) {
        if (!take_quoted(&s, &p.value))
            return false;
    } else {
        /* Wider than a token: servers forget the quotes around a realm that is a URL. */
        while (i < s.len && s.ptr[i] != ',' && !is_blank(s.ptr[i]))
            i++;
        p.value = cprov_span_make(s.ptr, i);
        s = cprov_span_from(s, i);
    }
    *rest = s;
    *out = p;
    return true;
}

static const char *keep(struct cprov_arena *arena, const struct parameter *p)
{
    char *text = cprov_arena_alloc(arena, p->value.len + 1, 1);
    size_t len = 0;

    if (!text)
        return "";
    for (size_t i = 0; i < p->value.len; i++) {
        if (p->quoted && p->value.ptr[i] == '\\' && i + 1 < p->value.len)
            i++;
        text[len++] = p->value.ptr[i];
    }
    return text;
}

/* The first of a name counts: an empty text is "not yet". */
static void set_parameter(struct cprov_challenges *c, struct cprov_challenge *challenge,
                          const struct parameter *p)
{
    const struct {
        const char *name;
        const char **slot;
    } known[] = {
        { "realm", &challenge->realm },
        { "service", &challenge->service },
        { "scope", &challenge->scope },
        { "error", &challenge->error },
    };

    for (size_t i = 0; i < CPROV_COUNT(known); i++)
        if (cprov_span_is_nocase(p->name, known[i].name) && (*known[i].slot)[0] == '\0')
            *known[i].slot = keep(&c->arena, p);
}

static enum cprov_auth_scheme scheme_named(struct cprov_span name)
{
    if (cprov_span_is_nocase(name, "bearer"))
        return CPROV_AUTH_BEARER;
    return cprov_span_is_nocase(name, "basic") ? CPROV_AUTH_BASIC : CPROV_AUTH_OTHER;
}

static enum step take_challenge(struct cprov_challenges *c, struct cprov_span *rest)
{
    struct cprov_span s = skip(*rest, true);
    struct cprov_span name = take_token(&s);
    struct cprov_challenge *challenge;
    struct parameter p;

    if (name.len == 0 || (s.len > 0 && s.ptr[0] != ',' && !is_blank(s.ptr[0])))
        return STEP_END;
    challenge = &c->list[c->count++];
    *challenge = (struct cprov_challenge){ scheme_named(name), "", "", "", "" };

    s = skip(s, false);
    if (!take_token68(&s)) {
        while (take_parameter(&s, &p)) {
            set_parameter(c, challenge, &p);
            s = skip(s, false);
            if (s.len > 0 && s.ptr[0] != ',')
                return STEP_END;
        }
    }
    s = skip(s, false);
    *rest = s;
    return s.len > 0 && s.ptr[0] == ',' ? STEP_MORE : STEP_END;
}

void cprov_challenges_clear(struct cprov_challenges *c)
{
    cprov_arena_clear(&c->arena);
    *c = (struct cprov_challenges){ 0 };
}

int cprov_challenges_add(struct cprov_challenges *c, struct cprov_span value,
                         struct cprov_error *err)
{
    while (c->count < CPROV_CHALLENGES_MAX && take_challenge(c, &value) == STEP_MORE) {
    }
    return cprov_arena_check(&c->arena, err);
}

const struct cprov_challenge *cprov_challenges_best(const struct cprov_challenges *c)
{
    const struct cprov_challenge *basic = NULL;

    for (size_t i = 0; i < c->count; i++) {
        if (c->list[i].scheme == CPROV_AUTH_BEARER && c->list[i].realm[0] != '\0')
            return &c->list[i];
        if (!basic && c->list[i].scheme == CPROV_AUTH_BASIC)
            basic = &c->list[i];
    }
    return basic;
}
