/* cli/question.h - questions to the person at the terminal, if there is one. */
#ifndef CPROV_CLI_QUESTION_H
#define CPROV_CLI_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "provider/provider.h"

struct cprov_error;

/*
 * Somebody can be asked when stdin is a terminal, or when stdin carries data (stdin_taken) and the
 * process has a terminal of its own. A stdin that is anything else says that nobody is there.
 */
bool cprov_question_possible(bool stdin_taken);

/* Shows caption, text and "[Y] Yes  [A] Yes to All  [N] No  [L] No to All (default is "N"): ". No
 * terminal, end of input, interrupt: CPROV_NO. */
enum cprov_answer cprov_question_ask(bool stdin_taken, const char *caption, const char *text);
/* The answer in a line, CPROV_NO for an empty one; false when it is none. */
bool cprov_question_read(const char *line, enum cprov_answer *out);

/*
 * Reads one line into buf (size bytes with the NUL), echoed or not; the terminal is as before
 * afterwards, also after an interrupt. CPROV_EREFUSED without a terminal, CPROV_ECANCELLED,
 * CPROV_EINVAL for too long a line.
 */
CPROV_MUST_CHECK
int cprov_question_line(bool stdin_taken, const char *prompt, bool echo, char *buf, size_t size,
                        struct cprov_error *err);

#endif
