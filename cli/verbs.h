/* cli/verbs.h - the table of verbs, without the code that runs them. */
#ifndef CPROV_CLI_VERBS_H
#define CPROV_CLI_VERBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cprov_record;

enum cprov_verb_id {
    CPROV_VERB_FIND,
    CPROV_VERB_INSTALL,
    CPROV_VERB_SAVE,
    CPROV_VERB_GET,
    CPROV_VERB_TEST,
    CPROV_VERB_REGISTER,
    CPROV_VERB_GET_SOURCE,
    CPROV_VERB_SET_SOURCE,
    CPROV_VERB_UNREGISTER,
    CPROV_VERB_REFRESH,
    CPROV_VERB_PULL,
    CPROV_VERB_IMAGES,
    CPROV_VERB_INSPECT,
    CPROV_VERB_LOGIN,
    CPROV_VERB_LOGOUT,
    CPROV_VERB_CATALOG,
    CPROV_VERB_SERVE,
    CPROV_VERB_NEW_CONTAINER,
    CPROV_VERB_GET_CONTAINER,
    CPROV_VERB_REMOVE_CONTAINER,
    CPROV_VERB_NEW_IMAGE,
    CPROV_VERB_COMMIT,
    CPROV_VERB_REMOVE,
    CPROV_VERB_RMI,
    CPROV_VERB_TAG,
    CPROV_VERB_UNTAG,
    CPROV_VERB_GC,
    CPROV_VERB_DF,
    CPROV_VERB_LS,
    CPROV_VERB_CAT,
    CPROV_VERB_EXPORT,
    CPROV_VERB_COMPAT,
    CPROV_VERB_COMPLETION,
    CPROV_VERB_HELP,
    CPROV_VERB_VERSION,
    CPROV_VERB_PROVIDER,
    CPROV_VERB_COMPLETE,
};

enum cprov_verb_group {
    CPROV_GROUP_GET,
    CPROV_GROUP_HAVE,
    CPROV_GROUP_SOURCES,
    CPROV_GROUP_DOCKER, /* from here on an overview has the names alone */
    CPROV_GROUP_REGISTRY,
    CPROV_GROUP_FILES,
    CPROV_GROUP_OTHER,
    CPROV_GROUP_HIDDEN,
};

struct cprov_verb {
    enum cprov_verb_id id;
    enum cprov_verb_group group;
    const char *name;       /* "find-image" */
    const char *aliases;    /* "find search", "" */
    const char *powershell; /* "Find-ContainerImage", others after a blank; NULL: none */
    const char *arguments;  /* "[NAME...]" */
    const char *summary;    /* half a sentence */
    const char *examples[4];
    const char *notes; /* sentences for help and the man page */
    uint64_t sets;     /* enum cprov_option_set, beside CPROV_SET_COMMON */
    const char *shows; /* options of every verb that its own help shows; NULL: none */
    const struct cprov_record *record; /* its rows: what --columns may name; NULL: none */
    size_t least, most;                /* names */
    bool link;                         /* is a program of its own, too */
    bool changes;                      /* the store, the sources or a file */
    bool wildcards;                    /* in its names */
};

extern const struct cprov_verb cprov_verbs[];
extern const size_t cprov_verbs_count;
extern const char *const cprov_verb_groups[]; /* titles, by group */

#endif
