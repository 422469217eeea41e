/* Entries as lines of text, for tests of what reads and writes them. */
#ifndef CPROV_TESTS_ENTRIES_H
#define CPROV_TESTS_ENTRIES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "catalog/document/entry.h"

/* Appends "repository version field=value ...\n"; unknown fields are left out. */
void entries_add(struct cprov_buf *out, const struct cprov_entry *entry);
/* A cprov_entry_fn: arg is the buffer. */
int entries_collect(void *arg, const struct cprov_entry *entry, struct cprov_error *err);

/* Reads a whole document in pieces of `step` bytes; entries are appended to out. */
int entries_read(struct cprov_span doc, size_t step, const char *base, struct cprov_buf *out,
                 struct cprov_error *err);

#endif
