/* cli/done.h - one line on stderr that tells a person what was done. */
#ifndef CPROV_CLI_DONE_H
#define CPROV_CLI_DONE_H

#include "provider/provider.h"

/*
 * An item() callback; arg is the cli. What was installed or saved: name, version, platform, size,
 * digest as its source gives it, where from and where to. What was unpacked is told by the library.
 */
void cprov_done_item(void *arg, const struct cprov_item *item);
/* A cprov_source_fn: what was registered, as what. */
void cprov_done_source(void *arg, const struct cprov_source_item *item);

#endif
