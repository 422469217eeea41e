/* cli/input.h - names from other verbs' rows, and secrets from standard input. */
#ifndef CPROV_CLI_INPUT_H
#define CPROV_CLI_INPUT_H

#include "base/buf.h"
#include "base/compiler.h"
#include "cli/options.h"

/* Which members of a row name the thing. */
enum cprov_input_kind {
    CPROV_INPUT_REF,   /* Ref, Reference, or Name and Version: for verbs that ask sources */
    CPROV_INPUT_NAME,  /* Name and Version: for what is installed */
    CPROV_INPUT_SOURCE /* Name alone */
};

/*
 * Adds every row of the text to settings->refs: JSON lines, or one JSON array. A BOM, CRLF and
 * empty lines are no matter; all of it is read before anything is done. CPROV_EINVAL names the line
 * of a row that is no object or names nothing.
 */
CPROV_MUST_CHECK
int cprov_input_rows(struct cprov_settings *settings, enum cprov_input_kind kind,
                     struct cprov_span text, struct cprov_error *err);

/* The whole of a file or, for "-", of stdin, appended; bounded by out->max. */
CPROV_MUST_CHECK
int cprov_input_read(const char *path, struct cprov_buf *out, struct cprov_error *err);

#endif
