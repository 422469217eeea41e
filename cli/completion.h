/* cli/completion.h - what may follow the words that were typed. */
#ifndef CPROV_CLI_COMPLETION_H
#define CPROV_CLI_COMPLETION_H

#include "base/buf.h"
#include "base/compiler.h"
#include "cli/options.h"
#include "cli/verbs.h"

/* The script for "bash", "zsh" or "fish"; false for another shell. */
bool cprov_completion_script(const char *shell, struct cprov_buf *out);

/* What only the provider knows. */
enum cprov_completion_want {
    CPROV_COMPLETE_NOTHING,
    CPROV_COMPLETE_NAMES,    /* of images */
    CPROV_COMPLETE_VERSIONS, /* of the image `name` */
    CPROV_COMPLETE_SOURCES,
    CPROV_COMPLETE_HOSTS, /* of registries that sources name */
    CPROV_COMPLETE_PATHS, /* of files in the installed image `name` */
};

struct cprov_completion {
    const struct cprov_verb *verb;
    const char *prefix; /* what is typed of the word */
    const char *before; /* goes before every candidate: "--source=" */
    enum cprov_completion_want want;
    const char *name; /* of the image whose versions or files are wanted, or NULL: any */
};

/*
 * Looks at the words after "cprov", the last of which is being typed. Appends "word\tdescription\n"
 * for all that the tables know, and says in *out what the provider is to be asked. Texts are
 * borrowed from words or live in the arena.
 */
void cprov_completion_words(const char *const *words, size_t count, struct cprov_arena *arena,
                            struct cprov_completion *out, struct cprov_buf *candidates);

/* Appends a candidate if it begins with what is typed, without regard to case. */
void cprov_completion_offer(const struct cprov_completion *c, const char *word, const char *help,
                            struct cprov_buf *candidates);

#endif
