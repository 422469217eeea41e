/* cli/help.h - help and man pages, made from the tables of verbs and options. */
#ifndef CPROV_CLI_HELP_H
#define CPROV_CLI_HELP_H

#include "base/buf.h"
#include "cli/verbs.h"

#define CPROV_HELP_MAX ((size_t)256 << 10) /* bytes of any of these texts */

/* All verbs, grouped: one screen. */
void cprov_help_overview(struct cprov_buf *out);
/* One screen (24 lines of 80 columns) about a verb, examples first. */
void cprov_help_screen(const struct cprov_verb *verb, struct cprov_buf *out);
/* Everything about a verb: position, pipeline, wildcards and default of every parameter. */
void cprov_help_full(const struct cprov_verb *verb, struct cprov_buf *out);
/* The keys of a record's columns, "Name, Version". */
void cprov_help_columns(const struct cprov_record *record, struct cprov_buf *out);
/* The options that every verb takes. */
void cprov_help_common(struct cprov_buf *out);

/* The man page of a verb, or of cprov itself (NULL), as roff. */
void cprov_man_page(const struct cprov_verb *verb, const char *version, struct cprov_buf *out);

struct cprov_exit_meaning {
    int code;
    const char *meaning;
};
extern const struct cprov_exit_meaning cprov_exit_meanings[];
extern const size_t cprov_exit_meanings_count;

#endif
