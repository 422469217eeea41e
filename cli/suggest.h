/* cli/suggest.h - the image that may be meant by a name that is nowhere. */
#ifndef CPROV_CLI_SUGGEST_H
#define CPROV_CLI_SUGGEST_H

#include "provider/provider.h"

struct cprov_cli;

/*
 * For a failure that an image of that name was not found, and that has no hint yet: the nearest
 * name among those that the index knows, as a sentence in the arena of the settings; the network is
 * not asked. NULL: none is near, or it is another failure.
 */
const char *cprov_suggest_image(struct cprov_cli *cli, const struct cprov_failure *failure);

#endif
