/* cli/parse.c - words of the command line into settings. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/quantity.h"
#include "cli/options.h"
#include "cli/text.h"
#include "cli/verb_named.h"

#define WORDS_FIRST 8 /* room of a list */

struct parser {
    const struct cprov_verb *verb;
    const char *const *argv;
    size_t count, at;
    struct cprov_settings *settings;
};

void cprov_settings_init(struct cprov_settings *s)
{
    *s = (struct cprov_settings){
        .session = CPROV_INIT(struct cprov_session_options),
        .version = CPROV_INIT(struct cprov_version_options),
        .trusted = -1,
        .source_http = -1,
        .source_verify = -1,
    };
}

void cprov_settings_clear(struct cprov_settings *s)
{
    cprov_arena_clear(&s->arena);
}

void cprov_words_add(struct cprov_words *w, struct cprov_arena *arena, const char *word)
{
    if (w->count == w->room) {
        size_t room = w->room ? 2 * w->room : WORDS_FIRST;
        const char **items = cprov_arena_alloc(arena, room, sizeof(*items));

        if (!items)
            return;
        if (w->count)
            memcpy(items, w->items, w->count * sizeof(*items));
        w->items = items;
        w->room = room;
    }
    w->items[w->count++] = word;
}

static int bad_value(const struct cprov_option *option, const char *value, const char *want,
                     struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EINVAL, "option '--%s': '%s' is not %s", option->name, value,
                      want);
}

/* "true", "1", "on", "yes" or the contrary. */
static int read_bool(const struct cprov_option *option, const char *value, bool *out,
                     struct cprov_error *err)
{
    static const char *const yes[] = { "true", "1", "yes", "on" };
    static const char *const no[] = { "false", "0", "no", "off" };

    for (size_t i = 0; i < CPROV_COUNT(yes); i++) {
        if (cprov_text_same(value, yes[i]) || cprov_text_same(value, no[i])) {
            *out = cprov_text_same(value, yes[i]);
            return 0;
        }
    }
    return bad_value(option, value, "true or false", err);
}

/* What may be said of an option whose value is a quantity. */
static struct cprov_quantity quantity_of(const struct cprov_option *option)
{
    struct cprov_quantity wanted = { .kind = CPROV_QUANTITY_COUNT,
                                     .least = option->kind != CPROV_OPTION_RETRIES,
                                     .most = option->most ? option->most : UINT64_MAX };

    if (option->kind == CPROV_OPTION_SIZE)
        wanted.kind = CPROV_QUANTITY_SIZE;
    else if (option->kind == CPROV_OPTION_RATE)
        wanted.kind = CPROV_QUANTITY_RATE;
    else if (option->kind == CPROV_OPTION_TIME)
        wanted.kind = CPROV_QUANTITY_TIME;
    return wanted;
}

static int read_quantity(const struct cprov_option *option, const char *value, uint64_t *out,
                         struct cprov_error *err)
{
    struct cprov_quantity wanted = quantity_of(option);
    char expected[CPROV_QUANTITY_EXPECTED_MAX];

    if (!cprov_quantity_read(&wanted, cprov_span_of(value), out))
        return bad_value(option, value, cprov_quantity_expected(&wanted, expected), err);
    return 0;
}

/* The spelling of the table, which lives for ever with the settings. */
static int read_choice(struct parser *p, const struct cprov_option *option, const char *value,
                       const char **out, struct cprov_error *err)
{
    struct cprov_span rest = cprov_span_of(option->value), choice;
    const char *meant = cprov_text_same(value, "index") ? "document" : value; /* its old name */

    while (cprov_text_next(&rest, '|', &choice)) {
        if (!cprov_span_is_nocase(choice, meant))
            continue;
        const char *copy = cprov_arena_text(&p->settings->arena, choice);
        if (!copy)
            return cprov_fail_memory(err);
        *out = copy;
        return 0;
    }
    return cprov_fail(err, CPROV_EINVAL, "option '--%s': '%s' is not one of %s", option->name,
                      value, option->value);
}

static int refuse_secret(const struct cprov_option *option, struct cprov_error *err)
{
    cprov_fail(err, CPROV_EINVAL, "option '--%s' is refused: other users can read arguments",
               option->name);
    cprov_hint_words(err, "use --password-stdin and give the password on standard input");
    return CPROV_EINVAL;
}

/* The last word counts, but where people mean all of them and one alone can be obeyed. */
static int set_text(const struct cprov_option *option, const char **field, const char *value,
                    struct cprov_error *err)
{
    if (option->most == 1 && *field && value && strcmp(*field, value) != 0) {
        cprov_fail(err, CPROV_EINVAL, "option '--%s' takes one value, not both '%s' and '%s'",
                   option->name, *field, value);
        cprov_hint_words(err, "run the command once for each, or use --all-platforms");
        return CPROV_EINVAL;
    }
    *field = value;
    return 0;
}

/* value is NULL when a flag stands alone. */
static int set(struct parser *p, const struct cprov_option *option, const char *value,
               struct cprov_error *err)
{
    void *field = (char *)p->settings + option->offset;
    uint64_t n = 0;
    bool on = true;

    if (option->kind == CPROV_OPTION_SECRET)
        return refuse_secret(option, err);
    if (value && !*value && option->kind != CPROV_OPTION_LIST)
        return cprov_fail(err, CPROV_EINVAL, "option '--%s' has an empty value", option->name);
    if (value && !cprov_option_takes_value(option) && read_bool(option, value, &on, err) < 0)
        return CPROV_EINVAL;

    switch (option->kind) {
    case CPROV_OPTION_FLAG:
        *(bool *)field = on;
        return 0;
    case CPROV_OPTION_NOT:
        *(bool *)field = !on;
        return 0;
    case CPROV_OPTION_MAYBE:
        *(int *)field = on;
        return 0;
    case CPROV_OPTION_TEXT:
    case CPROV_OPTION_LIST:
        return set_text(option, field, value, err);
    case CPROV_OPTION_CHOICE:
        return read_choice(p, option, value, field, err);
    case CPROV_OPTION_WORDS:
        cprov_words_add(field, &p->settings->arena, value);
        return 0;
    case CPROV_OPTION_COUNT:
        if (read_quantity(option, value, &n, err) < 0)
            return err->code;
        *(unsigned *)field = (unsigned)n;
        return 0;
    case CPROV_OPTION_RETRIES:
        if (read_quantity(option, value, &n, err) < 0)
            return err->code;
        *(int *)field = n ? (int)n : -1; /* 0 is the default of the library */
        return 0;
    case CPROV_OPTION_AMOUNT:
    case CPROV_OPTION_SIZE:
    case CPROV_OPTION_RATE:
    case CPROV_OPTION_TIME:
        return read_quantity(option, value, field, err);
    case CPROV_OPTION_SECRET:
        break;
    }
    return 0;
}

static void hint_help(const struct parser *p, struct cprov_error *err)
{
    char program[CPROV_PROGRAM_MAX] = "cprov";

    cprov_hint_words(err, "see '%s --help'",
                     p->verb ? cprov_verb_program(p->verb, program) : program);
}

static int unknown_option(const struct parser *p, struct cprov_span name, struct cprov_error *err)
{
    char word[64];

    if (name.len >= sizeof(word))
        name.len = sizeof(word) - 1;
    memcpy(word, name.ptr, name.len);
    word[name.len] = '\0';

    struct cprov_guess guess = { .word = word };
    for (size_t i = 0; i < cprov_options_count; i++)
        if (cprov_verb_takes(p->verb, &cprov_options[i]) &&
            cprov_options[i].kind != CPROV_OPTION_SECRET)
            cprov_guess_offer(&guess, cprov_options[i].name);

    cprov_fail(err, CPROV_EINVAL, "unknown option '--%s'", word);
    if (cprov_guess_best(&guess))
        cprov_hint_words(err, "did you mean '--%s'?", cprov_guess_best(&guess));
    else
        hint_help(p, err);
    return CPROV_EINVAL;
}

/* Takes the next word as the value, whatever it looks like. */
static int set_from_next(struct parser *p, const struct cprov_option *option,
                         struct cprov_error *err)
{
    if (option->kind == CPROV_OPTION_SECRET)
        return refuse_secret(option, err);
    if (p->at == p->count)
        return cprov_fail(err, CPROV_EINVAL, "option '--%s' needs a value (%s)", option->name,
                          option->value);
    return set(p, option, p->argv[p->at++], err);
}

static int parse_long(struct parser *p, const char *word, struct cprov_error *err)
{
    struct cprov_span name = cprov_span_of(word), value;
    bool valued = cprov_span_cut(name, '=', &name, &value);
    const struct cprov_option *first, *other;
    const struct cprov_option *option =
        cprov_option_meant(p->verb, name, cprov_option_begins_gnu, &first, &other);

    if (other)
        return cprov_fail(err, CPROV_EINVAL,
                          "option '--%" CPROV_SPAN_FMT "' is ambiguous: --%s or --%s",
                          CPROV_SPAN_ARG(name), first->name, other->name);
    if (!option)
        return unknown_option(p, name, err);
    if (valued)
        return set(p, option, value.ptr, err);
    return cprov_option_takes_value(option) ? set_from_next(p, option, err)
                                            : set(p, option, NULL, err);
}

/* "-qf", "-V1.0", "-V 1.0". */
static int parse_letters(struct parser *p, const char *letters, struct cprov_error *err)
{
    for (; *letters; letters++) {
        const struct cprov_option *option = cprov_option_lettered(p->verb, *letters);

        if (!option) {
            cprov_fail(err, CPROV_EINVAL, "unknown option '-%c'", *letters);
            hint_help(p, err);
            return CPROV_EINVAL;
        }
        if (cprov_option_takes_value(option))
            return letters[1] ? set(p, option, letters + 1, err) : set_from_next(p, option, err);
        if (set(p, option, NULL, err) < 0)
            return CPROV_EINVAL;
    }
    return 0;
}

static int check_names(const struct parser *p, struct cprov_error *err)
{
    const struct cprov_settings *s = p->settings;
    size_t given = s->names.count + s->refs.count;

    /* The word that is being completed may well be empty. */
    for (size_t i = 0; i < s->names.count && p->verb->id != CPROV_VERB_COMPLETE; i++)
        if (!*s->names.items[i])
            return cprov_fail(err, CPROV_EINVAL, "a name is empty");
    if (s->help)
        return 0;
    if (given > p->verb->most)
        return cprov_fail(err, CPROV_EINVAL, "unexpected argument '%s' (usage: %s)",
                          s->names.count ? s->names.items[s->names.count - 1] : "--ref",
                          *p->verb->arguments ? p->verb->arguments : "no names are taken");
    if (given < p->verb->least && !s->input) {
        cprov_fail(err, CPROV_EINVAL, "%s is missing", p->verb->arguments);
        hint_help(p, err);
        return CPROV_EINVAL;
    }
    return 0;
}

int cprov_options_parse(const struct cprov_verb *verb, const char *const *argv, size_t count,
                        struct cprov_settings *out, struct cprov_error *err)
{
    struct parser p = { .verb = verb, .argv = argv, .count = count, .settings = out };
    bool options = true;
    int r = 0;

    while (r == 0 && p.at < count) {
        const char *word = argv[p.at++];

        if (options && !strcmp(word, "--"))
            options = false;
        else if (options && !strncmp(word, "--", 2))
            r = parse_long(&p, word + 2, err);
        else if (options && word[0] == '-' && word[1])
            r = parse_letters(&p, word + 1, err);
        else
            cprov_words_add(&out->names, &out->arena, word);
    }
    if (r == 0)
        r = cprov_arena_check(&out->arena, err);
    return r < 0 ? r : check_names(&p, err);
}

size_t cprov_options_first_word(const char *const *argv, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *word = argv[i];
        const struct cprov_option *option;

        if (word[0] != '-' || !word[1])
            return i;
        if (word[1] == '-')
            option = strchr(word, '=') ? NULL : cprov_option_long(NULL, cprov_span_of(word + 2));
        else
            option = word[2] ? NULL : cprov_option_lettered(NULL, word[1]);
        if (option && cprov_option_takes_value(option))
            i++;
    }
    return count;
}
