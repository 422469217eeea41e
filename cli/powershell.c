/* cli/powershell.c - parameters are matched against the names of the one table. */
#include "cli/powershell.h"

#include <string.h>

#include "base/error.h"
#include "cli/text.h"
#include "cli/verb_named.h"

#define PARAMETER_MAX 48

struct translation {
    const struct cprov_verb *verb;
    const char *const *argv;
    size_t count, at;
    struct cprov_arena *arena;
    struct cprov_words *out;
};

void cprov_powershell_name(const struct cprov_option *option, char *buf, size_t size)
{
    bool capital = true;
    size_t len = 0;

    for (const char *p = option->name; *p && len + 1 < size; p++) {
        if (*p == '-') {
            capital = true;
            continue;
        }
        buf[len] = *p;
        if (capital)
            buf[len] = cprov_text_upper(*p);
        len++;
        capital = false;
    }
    buf[len] = '\0';
}

/* Whether `written` begins the parameter; *whole when it is all of it. */
static bool begins(const struct cprov_option *option, struct cprov_span written, bool *whole)
{
    char name[PARAMETER_MAX] = "";

    cprov_powershell_name(option, name, sizeof(name));
    struct cprov_span full = cprov_span_of(name);
    *whole = written.len == full.len;
    if (written.len > full.len || !written.len)
        return false;
    for (size_t i = 0; i < written.len; i++)
        if (cprov_lower(written.ptr[i]) != cprov_lower(full.ptr[i]))
            return false;
    return true;
}

/* The parameter that is meant, or NULL and *err. */
static const struct cprov_option *find_parameter(const struct translation *t,
                                                 struct cprov_span written, struct cprov_error *err)
{
    char program[CPROV_PROGRAM_MAX];
    const struct cprov_option *first, *other;
    const struct cprov_option *meant = cprov_option_meant(t->verb, written, begins, &first, &other);

    if (meant)
        return meant;
    if (!first) {
        cprov_fail(err, CPROV_EINVAL, "unknown parameter '-%" CPROV_SPAN_FMT "'",
                   CPROV_SPAN_ARG(written));
        cprov_hint_words(err, "see '%s --help'", cprov_verb_program(t->verb, program));
    } else {
        cprov_fail(err, CPROV_EINVAL, "parameter '-%" CPROV_SPAN_FMT "' is ambiguous: --%s or --%s",
                   CPROV_SPAN_ARG(written), first->name, other->name);
    }
    return NULL;
}

static void add_option(struct translation *t, const struct cprov_option *option,
                       struct cprov_span value)
{
    cprov_words_add(
        t->out, t->arena,
        cprov_arena_textf(t->arena, "--%s=%" CPROV_SPAN_FMT, option->name, CPROV_SPAN_ARG(value)));
}

/* A list in PowerShell is one word with commas. */
static void add_list(struct translation *t, const struct cprov_option *option, const char *value)
{
    struct cprov_span rest = cprov_span_of(value), item;

    while (cprov_span_next(&rest, ',', &item))
        add_option(t, option, cprov_span_trim(item));
}

static int translate_value(struct translation *t, const struct cprov_option *option,
                           const char *value, struct cprov_error *err)
{
    if (option->kind == CPROV_OPTION_SECRET)
        value = "";
    else if (!value && t->at == t->count)
        return cprov_fail(err, CPROV_EINVAL, "parameter '--%s' needs a value (%s)", option->name,
                          option->value);
    else if (!value)
        value = t->argv[t->at++];

    if (option->kind == CPROV_OPTION_WORDS)
        add_list(t, option, value);
    else
        add_option(t, option, cprov_span_of(value));
    return 0;
}

static int translate_parameter(struct translation *t, const char *word, struct cprov_error *err)
{
    struct cprov_span name = cprov_span_of(word + 1), value = { NULL, 0 };
    bool valued = cprov_span_cut(name, ':', &name, &value);
    const struct cprov_option *option = find_parameter(t, name, err);

    if (!option)
        return CPROV_EINVAL;
    if (cprov_option_takes_value(option))
        return translate_value(t, option, valued ? value.ptr : NULL, err);
    if (valued && value.len && value.ptr[0] == '$')
        value = cprov_span_from(value, 1);
    add_option(t, option, valued ? value : CPROV_SPAN_LITERAL("true"));
    return 0;
}

static void translate_name(struct translation *t, const char *word)
{
    struct cprov_span rest = cprov_span_of(word), item;

    while (cprov_span_next(&rest, ',', &item))
        cprov_words_add(t->out, t->arena, cprov_arena_text(t->arena, cprov_span_trim(item)));
}

/* A GNU option keeps the word after it when that is its value. */
static void pass(struct translation *t, const char *word)
{
    const struct cprov_option *option = cprov_option_long(t->verb, cprov_span_of(word + 2));

    cprov_words_add(t->out, t->arena, word);
    if (option && cprov_option_takes_value(option) && t->at < t->count)
        cprov_words_add(t->out, t->arena, t->argv[t->at++]);
}

int cprov_powershell_translate(const struct cprov_verb *verb, const char *const *argv, size_t count,
                               struct cprov_arena *arena, struct cprov_words *out,
                               struct cprov_error *err)
{
    struct translation t = {
        .verb = verb, .argv = argv, .count = count, .arena = arena, .out = out
    };
    bool options = true;

    while (t.at < count) {
        const char *word = argv[t.at++];

        if (options && !strcmp(word, "--"))
            options = false;
        if (!options)
            cprov_words_add(out, arena, word);
        else if (!strncmp(word, "--", 2))
            pass(&t, word);
        else if (word[0] == '-' && word[1]) {
            if (translate_parameter(&t, word, err) < 0)
                return CPROV_EINVAL;
        } else
            translate_name(&t, word);
    }
    return cprov_arena_check(arena, err);
}
