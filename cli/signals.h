/* cli/signals.h - a wish to stop is a flag that everybody polls. */
#ifndef CPROV_CLI_SIGNALS_H
#define CPROV_CLI_SIGNALS_H

#include <stdbool.h>

/*
 * SIGINT, SIGTERM and SIGHUP set the flag; the second one ends the process at once. A SIGHUP that
 * was ignored from the start (nohup) stays so; a SIGINT does not, since shells ignore it for what
 * scripts run in the background. SIGPIPE is ignored: writes say EPIPE.
 */
void cprov_signals_install(void);
bool cprov_signals_asked_to_stop(void);

#endif
