/* archive/foreign_private.h - the packings of archives that we have no reader of our own for. */
#ifndef CPROV_ARCHIVE_FOREIGN_PRIVATE_H
#define CPROV_ARCHIVE_FOREIGN_PRIVATE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/inflate.h"
#include "base/span.h"

struct cprov_error;

#define CPROV_FOREIGN_HEAD 6 /* bytes of a file that tell its packing */

/* xz, bzip2 or lz4, by the first bytes. */
bool cprov_foreign_is_packed(struct cprov_span head);

/*
 * Unpacks the file from its beginning; take gets the bytes as they come, and ends it with a
 * negative code. CPROV_EVERIFY: damaged; CPROV_EUNSUPPORTED: libarchive is not installed, or lacks
 * this packing. No other program is ever started for it.
 */
CPROV_MUST_CHECK
int cprov_foreign_unpack(int fd, cprov_inflate_fn *take, void *arg, struct cprov_error *err);

#endif
