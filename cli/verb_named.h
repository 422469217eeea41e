/* cli/verb_named.h - which verb a word means, or may have meant. */
#ifndef CPROV_CLI_VERB_NAMED_H
#define CPROV_CLI_VERB_NAMED_H

#include <stdbool.h>

#include "cli/verbs.h"

/*
 * By name or alias exactly, or by PowerShell's spelling: its own noun in any case, or any name with
 * capitals ("Find-Image"). *powershell says which, since the options are read the same way. NULL:
 * unknown, *powershell untouched.
 */
const struct cprov_verb *cprov_verb_named(const char *name, bool *powershell);
const char *cprov_verb_guess(const char *name); /* the verb that may be meant, or NULL */
/* A verb that other tools have: what to do here instead, as a hint. No guess may turn "uninstall"
 * into its contrary. NULL: not one of those. */
const char *cprov_verb_of_others(const char *name);

#define CPROV_PROGRAM_MAX 64
/* What to type: "find-image", "cprov pull". buf is returned. */
const char *cprov_verb_program(const struct cprov_verb *verb, char buf[CPROV_PROGRAM_MAX]);

#endif
