/* cli/completion.c - the scripts know nothing: they ask `cprov __complete`. */
#include "cli/completion.h"

#include <string.h>

#include "cli/records.h"
#include "cli/text.h"
#include "cli/verb_named.h"

static const char formats[] = "table|list|json|jsonl|yaml|csv|oneget|swidtag|template=";
static const char sort_keys[] = "name|version|created|size|source|publisher|relevance|"
                                "-version|-created|-size";
static const char platforms[] =
    "local|linux/amd64|linux/arm64|linux/arm/v7|linux/386|linux/ppc64le|"
    "linux/s390x|linux/riscv64|windows/amd64|windows/arm64";

static const char bash_script[] =
    "# bash completion for cprov: source <(cprov completion bash)\n"
    "_cprov() {\n"
    "    local word rest last done='' program=${COMP_WORDS[0]##*/}\n"
    "    local -a typed=()\n"
    "    [[ $program == cprov ]] || typed=(\"$program\")\n"
    "    # bash takes name:tag apart at the colon, and replaces what is behind it alone\n"
    "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD}\"; do\n"
    "        if [[ ${#typed[@]} -gt 0 && ( $word == :* || $last == *: ) ]]; then\n"
    "            typed[-1]+=$word\n"
    "        else\n"
    "            typed+=(\"$word\")\n"
    "        fi\n"
    "        last=$word\n"
    "    done\n"
    "    [[ $COMP_WORDBREAKS == *:* && ${typed[-1]} == *:* ]] && done=${typed[-1]%:*}:\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r word rest; do\n"
    "        word=${word#\"$done\"}\n"
    "        COMPREPLY+=(\"$(printf '%q' \"$word\")\")\n"
    "    done < <(cprov __complete -- \"${typed[@]}\" 2>/dev/null)\n"
    "    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]] && compopt -o nospace\n"
    "}\n"
    "complete -o default -F _cprov cprov%s\n";

static const char zsh_script[] =
    "#compdef cprov%s\n"
    "# zsh completion for cprov: a file _cprov in $fpath, or source <(cprov completion zsh)\n"
    "_cprov() {\n"
    "    local word help program=${words[1]:t}\n"
    "    local -a typed candidates\n"
    "    typed=(\"${(@)words[2,CURRENT]}\")\n"
    "    [[ $program == cprov ]] || typed=(\"$program\" \"${typed[@]}\")\n"
    "    while IFS=$'\\t' read -r word help; do\n"
    "        candidates+=(\"${word//:/\\\\:}:$help\")\n"
    "    done < <(cprov __complete -- \"${typed[@]}\" 2>/dev/null)\n"
    "    if (( $#candidates )); then\n"
    "        _describe cprov candidates\n"
    "    else\n"
    "        _files\n"
    "    fi\n"
    "}\n"
    "if [[ $funcstack[1] == _cprov ]]; then\n"
    "    _cprov \"$@\"\n"
    "else\n"
    "    compdef _cprov cprov%s\n"
    "fi\n";

static const char fish_script[] = "# fish completion for cprov: cprov completion fish | source\n"
                                  "function __cprov_complete\n"
                                  "    set -l typed (commandline -opc)\n"
                                  "    set -l program (basename $typed[1])\n"
                                  "    set -e typed[1]\n"
                                  "    if test $program != cprov\n"
                                  "        set typed $program $typed\n"
                                  "    end\n"
                                  "    cprov __complete -- $typed (commandline -ct) 2>/dev/null\n"
                                  "end\n"
                                  "for program in cprov%s\n"
                                  "    complete -c $program -a '(__cprov_complete)'\n"
                                  "end\n";

/* Copies the script with the programs in the place of each "%s". */
static void add_script(struct cprov_buf *out, const char *script)
{
    for (const char *next; (next = strstr(script, "cprov%s")); script = next + strlen("cprov%s")) {
        cprov_buf_add(out, script, (size_t)(next - script));
        cprov_buf_add_text(out, "cprov");
        for (size_t i = 0; i < cprov_verbs_count; i++)
            if (cprov_verbs[i].link)
                cprov_buf_addf(out, " %s", cprov_verbs[i].name);
    }
    cprov_buf_add_text(out, script);
}

bool cprov_completion_script(const char *shell, struct cprov_buf *out)
{
    if (!strcmp(shell, "bash"))
        add_script(out, bash_script);
    else if (!strcmp(shell, "zsh"))
        add_script(out, zsh_script);
    else if (!strcmp(shell, "fish"))
        add_script(out, fish_script);
    else
        return false;
    return true;
}

void cprov_completion_offer(const struct cprov_completion *c, const char *word, const char *help,
                            struct cprov_buf *candidates)
{
    size_t typed = strlen(c->prefix);

    if (strlen(word) < typed || !cprov_span_is_nocase(cprov_span_make(word, typed), c->prefix))
        return;
    cprov_buf_add_text(candidates, c->before);
    cprov_text_add_clean(candidates, cprov_span_of(word));
    if (help) {
        cprov_buf_add_char(candidates, '\t');
        cprov_text_add_clean(candidates, cprov_span_of(help));
    }
    cprov_buf_add_char(candidates, '\n');
}

static void offer_verbs(const struct cprov_completion *c, struct cprov_buf *candidates)
{
    for (size_t i = 0; i < cprov_verbs_count; i++)
        if (cprov_verbs[i].group != CPROV_GROUP_HIDDEN)
            cprov_completion_offer(c, cprov_verbs[i].name, cprov_verbs[i].summary, candidates);
}

static void offer_list(const struct cprov_completion *c, struct cprov_arena *arena,
                       const char *list, struct cprov_buf *candidates)
{
    struct cprov_span rest = cprov_span_of(list), item;

    while (cprov_text_next(&rest, '|', &item)) {
        const char *word = cprov_arena_text(arena, item);

        if (word)
            cprov_completion_offer(c, word, NULL, candidates);
    }
}

static void offer_options(const struct cprov_completion *c, struct cprov_arena *arena,
                          struct cprov_buf *candidates)
{
    for (size_t i = 0; i < cprov_options_count; i++) {
        const struct cprov_option *option = &cprov_options[i];

        if (!option->help || !cprov_verb_takes(c->verb, option) ||
            cprov_option_named(c->verb, cprov_span_of(option->name)) != option)
            continue;
        const char *word = cprov_arena_textf(arena, "--%s", option->name);
        if (word)
            cprov_completion_offer(c, word, option->help, candidates);
    }
}

static void offer_columns(const struct cprov_completion *c, struct cprov_buf *candidates)
{
    const struct cprov_record *record = c->verb->record ? c->verb->record : &cprov_image_record;

    for (size_t i = 0; i < record->count; i++)
        cprov_completion_offer(c, record->columns[i].key, NULL, candidates);
}

static void offer_values(const struct cprov_option *option, struct cprov_arena *arena,
                         struct cprov_completion *c, struct cprov_buf *candidates)
{
    if (option->kind == CPROV_OPTION_CHOICE)
        offer_list(c, arena, option->value, candidates);
    else if (!strcmp(option->name, "format"))
        offer_list(c, arena, formats, candidates);
    else if (!strcmp(option->name, "sort"))
        offer_list(c, arena, sort_keys, candidates);
    else if (!strcmp(option->name, "platform"))
        offer_list(c, arena, platforms, candidates);
    else if (!strcmp(option->name, "columns"))
        offer_columns(c, candidates);
    else if (!strcmp(option->name, "source"))
        c->want = CPROV_COMPLETE_SOURCES;
    else if (option->sets & CPROV_SET_VERSIONS)
        c->want = CPROV_COMPLETE_VERSIONS;
    else if (!strcmp(option->name, "child-of") || !strcmp(option->name, "name"))
        c->want =
            c->verb->group == CPROV_GROUP_SOURCES ? CPROV_COMPLETE_SOURCES : CPROV_COMPLETE_NAMES;
}

/* "nginx:1.": the versions of nginx. A port is no version: a '/' follows it. */
static bool take_name(struct cprov_completion *c, struct cprov_arena *arena)
{
    const char *slash = strrchr(c->prefix, '/');
    const char *colon = strchr(slash ? slash : c->prefix, ':');

    if (!colon || colon == c->prefix)
        return false;
    struct cprov_span name = cprov_span_make(c->prefix, (size_t)(colon - c->prefix));
    c->name = cprov_arena_text(arena, name);
    c->before = cprov_arena_text(arena, cprov_span_make(name.ptr, name.len + 1));
    c->prefix = colon + 1;
    return c->name && c->before;
}

static void offer_names(struct cprov_completion *c, struct cprov_arena *arena,
                        struct cprov_buf *candidates)
{
    bool files = c->verb->id == CPROV_VERB_LS || c->verb->id == CPROV_VERB_CAT;

    if (c->verb->id == CPROV_VERB_HELP)
        offer_verbs(c, candidates);
    else if (c->verb->id == CPROV_VERB_COMPLETION)
        offer_list(c, arena, c->verb->arguments, candidates);
    else if (c->verb->id == CPROV_VERB_CATALOG && !c->name)
        offer_list(c, arena, "export|push", candidates);
    else if (c->verb->group == CPROV_GROUP_SOURCES && c->verb->id != CPROV_VERB_REGISTER)
        c->want = CPROV_COMPLETE_SOURCES;
    else if (c->verb->id == CPROV_VERB_LOGIN || c->verb->id == CPROV_VERB_LOGOUT)
        c->want = CPROV_COMPLETE_HOSTS;
    else if (files && c->name)
        c->want = CPROV_COMPLETE_PATHS;
    else if (files || c->verb->id == CPROV_VERB_EXPORT ||
             (c->verb->sets & CPROV_SET_NAMES && c->verb->group != CPROV_GROUP_SOURCES))
        c->want = take_name(c, arena) ? CPROV_COMPLETE_VERSIONS : CPROV_COMPLETE_NAMES;
}

/* The first name among the words before the last: the image whose versions are asked for. */
static const char *first_name(const struct cprov_verb *verb, const char *const *words, size_t count)
{
    for (size_t i = 1; i + 1 < count; i++) {
        const struct cprov_option *option;

        if (words[i][0] != '-')
            return words[i];
        option = words[i][1] == '-' ? cprov_option_long(verb, cprov_span_of(words[i] + 2))
                                    : cprov_option_lettered(verb, words[i][1]);
        if (!option || !cprov_option_takes_value(option))
            continue;
        if (!strcmp(option->name, "name") && i + 2 < count)
            return words[i + 1];
        i++;
    }
    return NULL;
}

/* bash takes "--format=js" apart at the sign: the words are joined as if typed with a blank. */
static size_t drop_signs(const char *const *words, size_t count, const char **out)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        bool sign = i && !strcmp(words[i], "=");

        if (!sign)
            out[kept++] = words[i];
        else if (i + 1 == count)
            out[kept++] = "";
    }
    return kept;
}

void cprov_completion_words(const char *const *words, size_t count, struct cprov_arena *arena,
                            struct cprov_completion *out, struct cprov_buf *candidates)
{
    const char **typed = cprov_arena_alloc(arena, count + 1, sizeof(*typed));
    const struct cprov_option *option = NULL;
    bool powershell;

    *out = (struct cprov_completion){ .prefix = "", .before = "" };
    if (!typed)
        return;
    count = drop_signs(words, count, typed);
    if (count)
        out->prefix = typed[count - 1];
    if (count < 2) {
        offer_verbs(out, candidates);
        return;
    }
    out->verb = cprov_verb_named(typed[0], &powershell);
    if (!out->verb)
        return;
    out->name = first_name(out->verb, typed, count);

    const char *last = out->prefix, *sign = strchr(last, '='), *before = typed[count - 2];
    if (!strncmp(last, "--", 2) && sign) {
        option = cprov_option_long(out->verb, cprov_span_make(last + 2, (size_t)(sign - last) - 2));
        out->prefix = sign + 1;
        out->before = cprov_arena_text(arena, cprov_span_make(last, (size_t)(sign - last) + 1));
        if (!out->before)
            return;
    } else if (!strncmp(before, "--", 2)) {
        option = cprov_option_long(out->verb, cprov_span_of(before + 2));
    } else if (before[0] == '-' && before[1] && !before[2]) {
        option = cprov_option_lettered(out->verb, before[1]);
    }
    if (option && cprov_option_takes_value(option))
        offer_values(option, arena, out, candidates);
    else if (last[0] == '-')
        offer_options(out, arena, candidates);
    else
        offer_names(out, arena, candidates);
}
