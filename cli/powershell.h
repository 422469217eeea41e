/* cli/powershell.h - the PowerShell spelling of a command line, turned into the GNU one. */
#ifndef CPROV_CLI_POWERSHELL_H
#define CPROV_CLI_POWERSHELL_H

#include "base/compiler.h"
#include "cli/options.h"

/*
 * -Name A,B -> --name A --name B; -RequiredV X -> --version X; -WhatIf -> --what-if;
 * -Force:$false -> --force=false; @(...) and quotes are the shell's business. Parameters are the
 * verb's long options without their dashes, in any case, or a beginning that only one of them has.
 * GNU long options pass as they are. New words live in the arena; CPROV_EINVAL for an unknown or
 * ambiguous parameter.
 */
CPROV_MUST_CHECK
int cprov_powershell_translate(const struct cprov_verb *verb, const char *const *argv, size_t count,
                               struct cprov_arena *arena, struct cprov_words *out,
                               struct cprov_error *err);

/* "minimum-version" -> "MinimumVersion". */
void cprov_powershell_name(const struct cprov_option *option, char *buf, size_t size);

#endif
