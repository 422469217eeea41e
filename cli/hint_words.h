/* cli/hint_words.h - hints of the library in the words of the command line. */
#ifndef CPROV_CLI_HINT_WORDS_H
#define CPROV_CLI_HINT_WORDS_H

#include "base/hint.h"
#include "provider/provider.h"

/* The sentence with our verbs and options, in out; where it needs none, failure->hint. */
const char *cprov_cli_hint(const struct cprov_failure *failure, char out[CPROV_HINT_SENTENCE_MAX]);

#endif
