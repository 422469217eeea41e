/* cli/verb_named.c - the words of the table, looked up. */
#include "cli/verb_named.h"

#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/span.h"
#include "cli/text.h"

static bool is_alias(const struct cprov_verb *verb, const char *name)
{
    struct cprov_span rest = cprov_span_of(verb->aliases), alias;

    while (cprov_text_next(&rest, ' ', &alias))
        if (cprov_span_is(alias, name))
            return true;
    return false;
}

static bool is_powershell(const struct cprov_verb *verb, const char *name)
{
    struct cprov_span rest = cprov_span_of(verb->powershell), word;

    while (cprov_text_next(&rest, ' ', &word))
        if (cprov_span_is_nocase(word, name))
            return true;
    return verb->link && cprov_text_same(name, verb->name);
}

const struct cprov_verb *cprov_verb_named(const char *name, bool *powershell)
{
    for (size_t i = 0; i < cprov_verbs_count; i++) {
        const struct cprov_verb *verb = &cprov_verbs[i];

        if (!strcmp(name, verb->name) || is_alias(verb, name)) {
            *powershell = false;
            return verb;
        }
        if (is_powershell(verb, name)) {
            *powershell = true;
            return verb;
        }
    }
    return NULL;
}

const char *cprov_verb_of_others(const char *name)
{
    static const struct {
        const char *words, *instead;
    } others[] = {
        { "run create start exec", "crun or runc run containers; 'install-image NAME --bundle DIR' "
                                   "makes the bundle they start" },
        { "ps", "'cprov get-container' shows the containers" },
        { "push", "this version does not upload images; 'cprov catalog push' shares a catalog" },
        { "build", "'new-image' makes an image of files; instructions are not run" },
        { "history tree", "'cprov inspect NAME' shows the layers of an image" },
        { "load import", "'install-image ./FILE.tar' installs from an archive" },
        { "upgrade", "'install-image NAME' installs the newest version beside the one you have" },
    };

    for (size_t i = 0; i < CPROV_COUNT(others); i++) {
        struct cprov_span rest = cprov_span_of(others[i].words), word;

        while (cprov_text_next(&rest, ' ', &word))
            if (cprov_span_is_nocase(word, name))
                return others[i].instead;
    }
    return NULL;
}

const char *cprov_verb_guess(const char *name)
{
    struct cprov_guess guess = { .word = name };

    for (size_t i = 0; i < cprov_verbs_count; i++) {
        struct cprov_span rest = cprov_span_of(cprov_verbs[i].aliases), alias;

        if (cprov_verbs[i].group == CPROV_GROUP_HIDDEN)
            continue;
        cprov_guess_offer(&guess, cprov_verbs[i].name);
        /* An alias is near: its verb is meant. */
        while (cprov_text_next(&rest, ' ', &alias)) {
            struct cprov_guess other = { .word = name };
            char word[32];

            if (alias.len >= sizeof(word))
                continue;
            memcpy(word, alias.ptr, alias.len);
            word[alias.len] = '\0';
            cprov_guess_offer(&other, word);
            if (cprov_guess_best(&other) && other.distance < guess.distance) {
                guess.nearest = cprov_verbs[i].name;
                guess.distance = other.distance;
            }
        }
    }
    return cprov_guess_best(&guess);
}

const char *cprov_verb_program(const struct cprov_verb *verb, char buf[CPROV_PROGRAM_MAX])
{
    snprintf(buf, CPROV_PROGRAM_MAX, "%s%s", verb->link ? "" : "cprov ", verb->name);
    return buf;
}
