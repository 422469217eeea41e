/* cli/man.c - man pages out of the same tables. */
#include <string.h>

#include "base/compiler.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/text.h"
#include "cli/verb_named.h"

/* Text as roff shows it: '-' is to be typed, '\' is itself, no line begins a request. */
static void add_roff(struct cprov_buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        cprov_buf_add_text(out, "\\&");
    for (; *text; text++) {
        if (*text == '-')
            cprov_buf_add_text(out, "\\-");
        else if (*text == '\\')
            cprov_buf_add_text(out, "\\e");
        else
            cprov_buf_add_char(out, *text);
    }
}

static void add_line(struct cprov_buf *out, const char *before, const char *text, const char *after)
{
    cprov_buf_add_text(out, before);
    add_roff(out, text);
    cprov_buf_add_text(out, after);
    cprov_buf_add_char(out, '\n');
}

static void add_option_name(struct cprov_buf *out, const struct cprov_option *option)
{
    if (option->letter)
        cprov_buf_addf(out, "\\fB\\-%c\\fR, ", option->letter);
    cprov_buf_add_text(out, "\\fB\\-\\-");
    add_roff(out, option->name);
    cprov_buf_add_text(out, "\\fR");
    if (option->value) {
        cprov_buf_add_text(out, " \\fI");
        add_roff(out, option->value);
        cprov_buf_add_text(out, "\\fR");
    }
}

static void add_option(struct cprov_buf *out, size_t at)
{
    const struct cprov_option *option = &cprov_options[at];
    char number[CPROV_QUANTITY_TEXT_MAX];
    const char *preset = cprov_option_default(option, number);

    cprov_buf_add_text(out, ".TP\n");
    add_option_name(out, option);
    for (size_t i = at + 1; i < cprov_options_count && !cprov_options[i].help; i++) {
        if (cprov_options[i].kind == CPROV_OPTION_SECRET)
            continue;
        cprov_buf_add_text(out, ", ");
        add_option_name(out, &cprov_options[i]);
    }
    cprov_buf_add_char(out, '\n');
    add_line(out, "", option->help, ".");
    if (preset)
        add_line(out, "Default: ", preset, ".");
}

static void add_options(struct cprov_buf *out, uint64_t sets, uint64_t without)
{
    for (size_t i = 0; i < cprov_options_count; i++)
        if (cprov_options[i].help && (cprov_options[i].sets & sets) &&
            !(cprov_options[i].sets & without))
            add_option(out, i);
}

static void add_exit_codes(struct cprov_buf *out)
{
    cprov_buf_add_text(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < cprov_exit_meanings_count; i++) {
        cprov_buf_addf(out, ".TP\n.B %d\n", cprov_exit_meanings[i].code);
        add_line(out, "", cprov_exit_meanings[i].meaning, ".");
    }
}

static void add_examples(struct cprov_buf *out, const struct cprov_verb *verb)
{
    cprov_buf_add_text(out, ".SH EXAMPLES\n.nf\n");
    for (size_t i = 0; i < CPROV_COUNT(verb->examples) && verb->examples[i]; i++)
        add_line(out, "", verb->examples[i], "");
    cprov_buf_add_text(out, ".fi\n");
}

static void add_columns(struct cprov_buf *out, const struct cprov_verb *verb)
{
    cprov_buf_add_text(out,
                       ".SH COLUMNS\nWhat \\-\\-columns and templates may name, and the members "
                       "of JSON:\n");
    cprov_help_columns(verb->record, out);
    cprov_buf_add_text(out, ".\n");
}

static void add_verb(struct cprov_buf *out, const struct cprov_verb *verb)
{
    char program[CPROV_PROGRAM_MAX];

    cprov_buf_add_text(out, ".SH SYNOPSIS\n.B ");
    add_roff(out, cprov_verb_program(verb, program));
    add_line(out, "\n.RI \"", verb->arguments, " \" [OPTION...]");
    cprov_buf_add_text(out, ".SH DESCRIPTION\n");
    add_line(out, "", verb->notes ? verb->notes : verb->summary, verb->notes ? "" : ".");
    if (*verb->aliases)
        add_line(out, ".PP\nAlso: cprov ", verb->aliases, ".");
    if (verb->powershell)
        add_line(
            out,
            ".PP\nPowerShell's spelling (each with \\-Name NAME; parameters in any case, or what "
            "begins one alone): ",
            verb->powershell, ".");
    if (*verb->arguments) {
        cprov_buf_add_text(out, ".SH PARAMETERS\n.TP\n.I ");
        add_roff(out, verb->arguments);
        cprov_buf_addf(out, "\nPosition: %s. Pipeline: %s. Wildcards: %s.\n",
                       verb->most > 1 ? "1 and following" : "1",
                       verb->sets & CPROV_SET_INPUT ? "\\-\\-input \\-" : "no",
                       verb->wildcards ? "yes" : "no");
    }
    if (verb->sets) {
        cprov_buf_add_text(out, ".SH OPTIONS\n");
        add_options(out, verb->sets, CPROV_SET_COMMON);
    }
    if (verb->record)
        add_columns(out, verb);
    cprov_buf_add_text(out, ".SH OPTIONS OF EVERY VERB\n");
    add_options(out, CPROV_SET_COMMON, 0);
    add_examples(out, verb);
    add_exit_codes(out);
    cprov_buf_add_text(out, ".SH SEE ALSO\n.BR cprov (1)\n");
}

static void add_program(struct cprov_buf *out)
{
    cprov_buf_add_text(out, ".SH SYNOPSIS\n.B cprov\n.RI VERB \" [NAME...] [OPTION...]\"\n"
                            ".SH DESCRIPTION\nFinds, installs, verifies and serves container "
                            "images, of any OCI registry and any platform. The verbs of images "
                            "and sources are programs of their own, too.\n");
    for (size_t group = 0; group < CPROV_GROUP_HIDDEN; group++) {
        add_line(out, ".SS ", cprov_verb_groups[group], "");
        for (size_t i = 0; i < cprov_verbs_count; i++) {
            if (cprov_verbs[i].group != group)
                continue;
            add_line(out, ".TP\n.B ", cprov_verbs[i].name, "");
            add_line(out, "", cprov_verbs[i].summary, ".");
        }
    }
    cprov_buf_add_text(out, ".SH OPTIONS OF EVERY VERB\n");
    add_options(out, CPROV_SET_COMMON, 0);
    cprov_buf_add_text(out,
                       ".SH ENVIRONMENT\n.TP\n.B CPROV_ROOT\nThe store.\n.TP\n"
                       ".BR CPROV_USERNAME \", \" CPROV_PASSWORD\nA login, as \\-\\-username and "
                       "\\-\\-password\\-stdin give it.\n.TP\n.B NO_COLOR\n"
                       "Nothing is coloured.\n.TP\n.B TERM=dumb\n"
                       "Nothing is coloured, and no bars are drawn.\n");
    add_exit_codes(out);
}

void cprov_man_page(const struct cprov_verb *verb, const char *version, struct cprov_buf *out)
{
    struct cprov_buf title;
    char program[CPROV_PROGRAM_MAX];

    cprov_buf_init(&title, CPROV_PROGRAM_MAX);
    cprov_buf_add_text(&title, verb ? cprov_verb_program(verb, program) : "cprov");
    for (size_t i = 0; i < title.len; i++)
        if (title.ptr[i] == ' ')
            title.ptr[i] = '-';
    cprov_buf_add_text(out, ".TH ");
    add_roff(out, cprov_buf_text(&title));
    cprov_buf_addf(out, " 1 \"\" \"container\\-provider %s\"\n.SH NAME\n", version);
    add_roff(out, cprov_buf_text(&title));
    add_line(out, " \\- ", verb ? verb->summary : "container images from any registry", "");
    cprov_buf_clear(&title);
    if (verb)
        add_verb(out, verb);
    else
        add_program(out);
}
