/* cli/options.h - the one table of options: it parses, helps, completes and makes the man pages. */
#ifndef CPROV_CLI_OPTIONS_H
#define CPROV_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/quantity.h"
#include "provider/provider.h"

struct cprov_error;
struct cprov_verb;

/* Words in the arena of the settings. */
struct cprov_words {
    const char **items;
    size_t count, room;
};

/* What the command line says. Texts are borrowed from argv or live in the arena. */
struct cprov_settings {
    struct cprov_session_options session;
    struct cprov_version_options version;
    struct cprov_words names; /* positional and --name */
    struct cprov_words refs;  /* --ref and the rows of --input: taken as they are */
    struct cprov_words sources;

    const char *input;
    const char *format;
    const char *columns;
    const char *progress;     /* "auto", "plain", "jsonl", "none"; NULL: not said */
    const char *error_format; /* "text", "json"; NULL: not said */
    const char *scope;

    const char *search, *regex;
    const char *publisher;
    const char *created_since;
    const char *digest;
    const char *culture, *sort;
    const char *child_of;
    const char *path, *literal_path, *destination;
    const char *save_type;
    const char *location, *source_type;
    const char *source_key;
    const char *source_proxy, *source_ca, *source_cert, *source_cert_key; /* to be remembered */
    const char *new_name;
    const char *listen;
    struct cprov_words hosts; /* of serve */
    const char *host;         /* of compat */
    const char *image;
    const char *unpack;
    const char *bundle;
    const char *file, *uri;
    const char *runtime;
    const char *title;
    const char *sign;
    struct cprov_words uid_maps, gid_maps;  /* "INSIDE:OUTSIDE:COUNT" */
    struct cprov_words annotations, xattrs; /* "KEY=VALUE"; patterns */
    const char *container, *user, *workdir, *stop_signal, *author, *message; /* of a new image */
    struct cprov_words cmd, entrypoint, env, labels, expose, volumes, changes;
    uint64_t max_entries, max_bytes, max_ratio;
    uint64_t max_size; /* bytes, of find */
    unsigned limit, details, max_connections;
    int trusted, source_http, source_verify; /* -1: not said */

    bool help, quiet, verbose, debug, no_header, wide, confirm, force, password_stdin;
    bool os_image, reinstall, all_platforms, all, repair, raw, image_config, legacy, no_trunc;
    bool dependencies, strict, allow_unverified, all_tags;
    bool no_check, restore_default, man, rootless, delete_files, recursive, ui;
    bool cascade, keep_blobs;

    struct cprov_arena arena;
};

void cprov_settings_init(struct cprov_settings *s);
void cprov_settings_clear(struct cprov_settings *s);

/* Appends a borrowed word; a failure shows in the arena. */
void cprov_words_add(struct cprov_words *w, struct cprov_arena *arena, const char *word);

/* Which verbs take an option: those with the set in their mask; CPROV_SET_COMMON: every one. */
enum cprov_option_set {
    CPROV_SET_COMMON = 1u << 0,
    CPROV_SET_NAMES = 1u << 1,
    CPROV_SET_VERSIONS = 1u << 2,
    CPROV_SET_FIND = 1u << 3,
    CPROV_SET_HOST = 1u << 4,
    CPROV_SET_INSTALL = 1u << 5,
    CPROV_SET_INDEX = 1u << 6,
    CPROV_SET_SAVE = 1u << 7,
    CPROV_SET_LIST = 1u << 8,
    CPROV_SET_IMAGES = 1u << 9,
    CPROV_SET_TEST = 1u << 10,
    CPROV_SET_INSPECT = 1u << 11,
    CPROV_SET_PLACE = 1u << 12, /* --location */
    CPROV_SET_SOURCE = 1u << 13,
    CPROV_SET_REGISTER = 1u << 14,
    CPROV_SET_CHANGE = 1u << 15,
    CPROV_SET_SERVE = 1u << 16,
    CPROV_SET_COMPAT = 1u << 17,
    CPROV_SET_HELP = 1u << 18,
    CPROV_SET_UNPACK = 1u << 19,
    CPROV_SET_CONTAINER = 1u << 20, /* that is made */
    CPROV_SET_REMOVE = 1u << 21,
    CPROV_SET_FILES = 1u << 22,
    CPROV_SET_INPUT = 1u << 30,
    CPROV_SET_REFRESH = 1u << 24,
    CPROV_SET_REFS = 1u << 26,          /* a row of another verb names what is meant */
    CPROV_SET_EVERY_VERSION = 1u << 25, /* several of a name make sense */
    CPROV_SET_CAPS = 1u << 27,          /* on what layers may be */
    CPROV_SET_CATALOG = 1u << 28,
    CPROV_SET_BUILD = 1u << 29, /* --os-version: which of several that are installed */
    CPROV_SET_RARE = 1u << 23,  /* no set: not on the one screen of help */
};

/* Past what an enumeration of ISO C holds. */
#define CPROV_SET_REMOVAL   (UINT64_C(1) << 31) /* of images */
#define CPROV_SET_NEW_IMAGE (UINT64_C(1) << 32)
#define CPROV_SET_COMMIT    (UINT64_C(1) << 33)

enum cprov_option_kind {
    CPROV_OPTION_FLAG,    /* bool; --x=false takes it back */
    CPROV_OPTION_NOT,     /* bool that holds the contrary: --tls-verify=false */
    CPROV_OPTION_MAYBE,   /* int 0 or 1 */
    CPROV_OPTION_TEXT,    /* const char * */
    CPROV_OPTION_LIST,    /* const char *, comma between; may be empty */
    CPROV_OPTION_CHOICE,  /* const char *, one of `value` "a|b|c" */
    CPROV_OPTION_WORDS,   /* struct cprov_words, repeatable */
    CPROV_OPTION_COUNT,   /* unsigned, 1 to `most`, which it holds */
    CPROV_OPTION_RETRIES, /* int, 0 to `most` */
    CPROV_OPTION_AMOUNT,  /* uint64_t, and the next three: what base/quantity.h reads, from 1 */
    CPROV_OPTION_SIZE,    /* bytes */
    CPROV_OPTION_RATE,    /* bytes a second */
    CPROV_OPTION_TIME,    /* milliseconds */
    CPROV_OPTION_SECRET,  /* refused: secrets are never arguments */
};

struct cprov_option {
    const char *name;
    char letter; /* 0: none */
    enum cprov_option_kind kind;
    uint64_t sets;
    size_t offset;      /* in struct cprov_settings */
    const char *value;  /* "DIR", "a|b|c"; NULL for flags */
    const char *help;   /* NULL: another name of the row before */
    const char *preset; /* what holds when it is not given, in words; or NULL */
    uint64_t most;      /* 0: no cap on a quantity */
};

extern const struct cprov_option cprov_options[];
extern const size_t cprov_options_count;

/* What holds when the option is not given, perhaps written into buf; NULL: nothing to say. */
const char *cprov_option_default(const struct cprov_option *option,
                                 char buf[CPROV_QUANTITY_TEXT_MAX]);
bool cprov_option_takes_value(const struct cprov_option *option);
bool cprov_verb_takes(const struct cprov_verb *verb, const struct cprov_option *option);

/* The verb's own options go before the common ones of the same name. NULL: unknown. verb may be
 * NULL: the common ones. */
const struct cprov_option *cprov_option_named(const struct cprov_verb *verb,
                                              struct cprov_span name);
/*
 * The option that a word means: the one it names in full, or the only one that it begins, by a
 * spelling's own idea of "begins" (*whole: it is all of the name). Two names of one option do not
 * make a beginning ambiguous. NULL: none, or several: then *other is one of them and *first
 * another.
 */
typedef bool cprov_option_begins(const struct cprov_option *option, struct cprov_span word,
                                 bool *whole);
const struct cprov_option *cprov_option_meant(const struct cprov_verb *verb, struct cprov_span word,
                                              cprov_option_begins *begins,
                                              const struct cprov_option **first,
                                              const struct cprov_option **other);
/* The same with GNU's spelling, and the caller content with NULL. */
const struct cprov_option *cprov_option_long(const struct cprov_verb *verb, struct cprov_span word);
/* Whether the option's name begins with the word. */
bool cprov_option_begins_gnu(const struct cprov_option *option, struct cprov_span word,
                             bool *whole);
const struct cprov_option *cprov_option_lettered(const struct cprov_verb *verb, char letter);

/*
 * GNU style: options and names in any order, "--" ends them, "--opt=value", "--opt value", "-oV",
 * "-o V", bundled letters. argv is without the verb. The words are kept, not copied.
 *
 * Returns 0, CPROV_EINVAL (with a hint where there is one to give) or CPROV_ENOMEM; *out may be
 * half filled then, since --error-format counts for the message itself.
 */
CPROV_MUST_CHECK
int cprov_options_parse(const struct cprov_verb *verb, const char *const *argv, size_t count,
                        struct cprov_settings *out, struct cprov_error *err);

/* Position of the first word that is no common option and no value of one; count when there is
 * none: `cprov --root DIR find-image` names its verb third. */
size_t cprov_options_first_word(const char *const *argv, size_t count);

#endif
