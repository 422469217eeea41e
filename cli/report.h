/* cli/report.h - what goes to stderr: failures, warnings, what is being done. */
#ifndef CPROV_CLI_REPORT_H
#define CPROV_CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "provider/provider.h"

struct cprov_bars;
struct cprov_error;

struct cprov_report {
    const char *program; /* "install-image" */
    bool json, quiet, verbose, debug;
    struct cprov_bars *bars; /* erased before a line; may be NULL */
    size_t failures;         /* told so far */
};

/* "install-image: NanoServer 10.0.1: not found ..." and at most one "hint: ..." line. */
void cprov_report_failure(struct cprov_report *r, const struct cprov_failure *failure);
/* The same for a failure of our own; target may be "". Returns err->code. */
int cprov_report_error(struct cprov_report *r, const char *target, const struct cprov_error *err);
/* Warnings unless quiet, the others if asked for; a result as a line of its own. */
void cprov_report_message(struct cprov_report *r, enum cprov_message_level level, const char *text);

/* Result of several things done one after the other: the first failure, or CPROV_SOME_FAILED when
 * they differ and something was done. {0} to begin with. */
struct cprov_results {
    int first;
    bool mixed, done, cancelled;
};
void cprov_results_add(struct cprov_results *results, int result);
int cprov_results_sum(const struct cprov_results *results);

#endif
