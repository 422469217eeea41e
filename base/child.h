/* base/child.h - a program that we run for a moment: the one place that starts others. */
#ifndef CPROV_BASE_CHILD_H
#define CPROV_BASE_CHILD_H

#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"

struct cprov_cancel;
struct cprov_error;

/*
 * Our environment for a child: without the logins that are ours alone, and without what the
 * command line set for its own libraries. NULL without memory. Free the list alone: its texts are
 * the environment's.
 */
char **cprov_child_environment(void);

/* The program in the folders of PATH. Those that are not absolute are passed over: the current
 * folder is anybody's. */
bool cprov_child_find(const char *program, char path[PATH_MAX]);

#define CPROV_CHILD_ARGS_MAX 4

struct cprov_child {
    const char *what; /* in messages: "credential helper docker-credential-pass" */
    const char *args[CPROV_CHILD_ARGS_MAX + 1]; /* the first is a path; NULL ends them */
    struct cprov_span input;
    int timeout_ms;
    const struct cprov_cancel *cancel; /* or NULL */
    int failure; /* the code when it cannot be run, is late or says too much */
};

#define CPROV_CHILD_KILLED (-1) /* a status: it ended by a signal */

/*
 * Runs it without a shell, its errors unread, and appends what it answers to out, whose cap is that
 * of the answer. It has ended when this returns: one that is late is killed. What it has started
 * may outlive it, and holds nobody up. The status is 0 as well when the host process ignores
 * SIGCHLD, as nobody can say then how it ended.
 */
CPROV_MUST_CHECK
int cprov_child_run(const struct cprov_child *child, struct cprov_buf *out, int *status,
                    struct cprov_error *err);

#endif
