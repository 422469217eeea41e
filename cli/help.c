/* cli/help.c - help for people at a terminal. */
#include "cli/help.h"

#include <string.h>

#include "base/compiler.h"
#include "cli/options.h"
#include "cli/out.h"
#include "cli/text.h"
#include "cli/verb_named.h"

#define OPTION_WIDTH 28 /* of the left column */
#define TEXT_WIDTH   76
#define SCREEN_WIDTH 80

const struct cprov_exit_meaning cprov_exit_meanings[] = {
    { 0, "done, or nothing to do" },
    { 1, "other failure" },
    { 2, "usage" },
    { 3, "not found" },
    { 4, "verification failed: digest, size, signature, malformed data" },
    { 5, "in use: a container or a derived image depends on it" },
    { 6, "network or registry failure" },
    { 7, "no space" },
    { 8, "refused: untrusted, unconfirmed, not permitted" },
    { 9, "incompatible host or platform" },
    { 10, "exists already" },
    { 11, "authentication or authorization" },
    { 12, "some items failed, others succeeded" },
    { 130, "interrupted" },
};
const size_t cprov_exit_meanings_count = CPROV_COUNT(cprov_exit_meanings);

static void add_padded(struct cprov_buf *out, const char *text, size_t width)
{
    cprov_buf_addf(out, "%-*s", (int)width, text);
}

/* A group on one line. */
static void add_names(size_t group, struct cprov_buf *out)
{
    const char *separator = " ";

    cprov_buf_addf(out, "%s:", cprov_verb_groups[group]);
    for (size_t i = 0; i < cprov_verbs_count; i++) {
        if (cprov_verbs[i].group != group)
            continue;
        cprov_buf_addf(out, "%s%s", separator, cprov_verbs[i].name);
        separator = ", ";
    }
    cprov_buf_add_char(out, '\n');
}

void cprov_help_overview(struct cprov_buf *out)
{
    cprov_buf_add_text(out, "Usage: cprov VERB [NAME...] [OPTION...]     cprov help VERB\n");
    for (size_t group = 0; group < CPROV_GROUP_DOCKER; group++) {
        cprov_buf_addf(out, "%s:\n", cprov_verb_groups[group]);
        for (size_t i = 0; i < cprov_verbs_count; i++) {
            if (cprov_verbs[i].group != group)
                continue;
            cprov_buf_add_text(out, "  ");
            add_padded(out, cprov_verbs[i].name, 19);
            cprov_buf_addf(out, "%s\n", cprov_verbs[i].summary);
        }
    }
    for (size_t group = CPROV_GROUP_DOCKER; group <= CPROV_GROUP_OTHER; group++)
        add_names(group, out);
    cprov_buf_add_text(
        out, "Verbs for images and sources are programs too: find-image is cprov find-image.\n");
}

/* "  -V, --version V" */
static void add_option_name(const struct cprov_option *option, struct cprov_buf *out)
{
    if (option->letter)
        cprov_buf_addf(out, "-%c, ", option->letter);
    else
        cprov_buf_add_text(out, "    ");
    cprov_buf_addf(out, "--%s", option->name);
    if (option->value)
        cprov_buf_addf(out, " %s", option->value);
}

static void add_option_line(const struct cprov_option *option, struct cprov_buf *out)
{
    size_t start = out->len;

    cprov_buf_add_text(out, "  ");
    add_option_name(option, out);
    if (out->len - start > OPTION_WIDTH) /* long choices are in the full help */
        while (out->len > start && out->ptr[out->len - 1] != ' ')
            out->len--;
    cprov_buf_add_char(out, ' ');
    while (out->len - start < OPTION_WIDTH && !out->failed)
        cprov_buf_add_char(out, ' ');
    cprov_buf_add_char(out, ' ');
    struct cprov_span help = cprov_span_of(option->help), first, rest;
    if (out->len - start + help.len > SCREEN_WIDTH && cprov_span_cut(help, ';', &first, &rest))
        help = first;
    cprov_buf_add_span(out, help);
    cprov_buf_add_char(out, '\n');
}

static bool is_shown(const struct cprov_verb *verb, const struct cprov_option *option)
{
    struct cprov_span rest = cprov_span_of(verb->shows), name;

    while (cprov_text_next(&rest, ' ', &name))
        if (option->help && cprov_span_is(name, option->name))
            return (option->sets & CPROV_SET_COMMON) != 0;
    return false;
}

static bool is_own(const struct cprov_verb *verb, const struct cprov_option *option)
{
    return option->help && !(option->sets & CPROV_SET_COMMON) && (option->sets & verb->sets);
}

static void add_usage(const struct cprov_verb *verb, struct cprov_buf *out)
{
    char program[CPROV_PROGRAM_MAX];

    cprov_buf_addf(out, "Usage: %s %s%s[OPTION...]\n", cprov_verb_program(verb, program),
                   verb->arguments, *verb->arguments ? " " : "");
}

static void add_examples(const struct cprov_verb *verb, struct cprov_buf *out)
{
    for (size_t i = 0; i < CPROV_COUNT(verb->examples) && verb->examples[i]; i++)
        cprov_buf_addf(out, "  %s\n", verb->examples[i]);
}

static void add_sentence(struct cprov_buf *out, const char *text)
{
    cprov_buf_addf(out, "%c%s.\n", cprov_text_upper(text[0]), text + 1);
}

void cprov_help_screen(const struct cprov_verb *verb, struct cprov_buf *out)
{
    bool any = false;

    add_usage(verb, out);
    add_sentence(out, verb->summary);
    cprov_buf_add_char(out, '\n');
    add_examples(verb, out);
    for (size_t i = 0; i < cprov_options_count; i++) {
        const struct cprov_option *option = &cprov_options[i];

        if (!is_shown(verb, option) && (!is_own(verb, option) || (option->sets & CPROV_SET_RARE)))
            continue;
        if (!any)
            cprov_buf_add_char(out, '\n');
        any = true;
        add_option_line(option, out);
    }
    cprov_buf_addf(out, "%sMore: cprov help %s. For all verbs: cprov help options.\n",
                   any ? "" : "\n", verb->name);
}

/* Breaks at blanks so that no line is longer than TEXT_WIDTH. */
static void add_wrapped(struct cprov_buf *out, const char *text, const char *indent)
{
    struct cprov_span rest = cprov_span_of(text), word;
    size_t used = 0;

    while (cprov_text_next(&rest, ' ', &word)) {
        if (used && used + 1 + word.len > TEXT_WIDTH - strlen(indent)) {
            cprov_buf_add_char(out, '\n');
            used = 0;
        }
        cprov_buf_add_text(out, used ? " " : indent);
        cprov_buf_add_span(out, word);
        used += word.len + (used ? 1 : 0);
    }
    cprov_buf_add_char(out, '\n');
}

static void add_option_in_full(size_t at, struct cprov_buf *out)
{
    const struct cprov_option *option = &cprov_options[at];
    char number[CPROV_QUANTITY_TEXT_MAX];
    const char *preset = cprov_option_default(option, number);

    cprov_buf_add_text(out, "  ");
    add_option_name(option, out);
    for (size_t i = at + 1; i < cprov_options_count && !cprov_options[i].help; i++)
        if (cprov_options[i].kind != CPROV_OPTION_SECRET)
            cprov_buf_addf(out, ", --%s", cprov_options[i].name);
    cprov_buf_add_char(out, '\n');
    add_wrapped(out, option->help, "        ");
    if (preset)
        cprov_buf_addf(out, "        Default: %s\n", preset);
}

void cprov_help_common(struct cprov_buf *out)
{
    cprov_buf_add_text(out, "Options of every verb:\n");
    for (size_t i = 0; i < cprov_options_count; i++)
        if (cprov_options[i].help && (cprov_options[i].sets & CPROV_SET_COMMON))
            add_option_in_full(i, out);
}

void cprov_help_columns(const struct cprov_record *record, struct cprov_buf *out)
{
    for (size_t i = 0; i < record->count; i++)
        cprov_buf_addf(out, "%s%s", i ? ", " : "", record->columns[i].key);
}

/* "Columns: Name, Version, ..." */
static void add_columns(const struct cprov_verb *verb, struct cprov_buf *out)
{
    struct cprov_buf names;

    cprov_buf_init(&names, CPROV_HELP_MAX);
    cprov_help_columns(verb->record, &names);
    cprov_buf_add_text(out, "\nColumns (--columns, --format template='{{.Name}}'):\n");
    add_wrapped(out, cprov_buf_text(&names), "  ");
    cprov_buf_clear(&names);
}

static void add_positions(const struct cprov_verb *verb, struct cprov_buf *out)
{
    cprov_buf_addf(out, "  %s\n        Position: %s\n        Pipeline: %s\n        Wildcards: %s\n",
                   verb->arguments, verb->most > 1 ? "1 and following" : "1",
                   verb->sets & CPROV_SET_INPUT ? "--input - (JSON lines with Ref or Name)" : "no",
                   verb->wildcards ? "yes" : "no");
}

void cprov_help_full(const struct cprov_verb *verb, struct cprov_buf *out)
{
    add_usage(verb, out);
    add_sentence(out, verb->summary);
    if (*verb->aliases)
        cprov_buf_addf(out, "Also: cprov %s\n", verb->aliases);
    if (verb->powershell)
        cprov_buf_addf(out, "PowerShell: cprov %.*s -Name NAME -WhatIf ...\n",
                       (int)strcspn(verb->powershell, " "), verb->powershell);
    cprov_buf_add_text(out, "\nExamples:\n");
    add_examples(verb, out);
    if (verb->notes) {
        cprov_buf_add_char(out, '\n');
        add_wrapped(out, verb->notes, "");
    }
    cprov_buf_add_text(out, "\nParameters (options have no position and no wildcards unless they "
                            "say so):\n");
    if (*verb->arguments)
        add_positions(verb, out);
    for (size_t i = 0; i < cprov_options_count; i++)
        if (is_own(verb, &cprov_options[i]))
            add_option_in_full(i, out);
    if (verb->record)
        add_columns(verb, out);
    cprov_buf_add_char(out, '\n');
    cprov_help_common(out);
}
