/* cli/done.h - one line on stderr that tells a person what was done. */
#ifndef CPROV_CLI_DONE_H
#define CPROV_CLI_DONE_H

#include "provider/provider.h"

struct cprov_cli;

/*
 * An item() callback; arg is the cli. What was installed or saved: name, version, platform, size,
 * digest as its source gives it, where from and where to. What was unpacked is told by the library.
 */
void cprov_done_item(void *arg, const struct cprov_item *item);
/* A cprov_source_fn: what was registered, as what. */
void cprov_done_source(void *arg, const struct cprov_source_item *item);
/* What was written as a file. */
void cprov_done_export(struct cprov_cli *cli, const char *name, const char *path, uint64_t bytes);
/* The same: what a source has become. */
void cprov_done_change(void *arg, const struct cprov_source_item *item);
/* After a table without a row and without a failure: why it is empty, for people. Returns result.
 */
int cprov_done_none(struct cprov_cli *cli, int result, const char *why);

#endif
