/* cli/unpack_options.h - the options that say how an image becomes files. */
#ifndef CPROV_CLI_UNPACK_OPTIONS_H
#define CPROV_CLI_UNPACK_OPTIONS_H

#include "base/compiler.h"
#include "cli/cli.h"

/* Fills *out from --unpack, --bundle (or --path), --rootless, the maps and the caps; its maps live
 * in the settings' arena. A failure has been told. */
CPROV_MUST_CHECK
int cprov_cli_unpack_to(struct cprov_cli *cli, struct cprov_unpack_to *out);

/* "0:100000:65536": three numbers that stay numbers of users. CPROV_EINVAL. */
CPROV_MUST_CHECK
int cprov_id_range_parse(const char *text, struct cprov_id_range *out, struct cprov_error *err);

#endif
