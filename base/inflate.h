/* base/inflate.h - streams out of gzip, zstd or nothing; the home of ISA-L, zlib and zstd. */
#ifndef CPROV_BASE_INFLATE_H
#define CPROV_BASE_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;
struct cprov_inflater;

enum cprov_compression { CPROV_PLAIN, CPROV_GZIP, CPROV_ZSTD };

/* By the first bytes; fewer than 4 bytes are CPROV_PLAIN. */
enum cprov_compression cprov_compression_of(struct cprov_span head);

/* Takes the unpacked bytes as they come; returns 0 or a code, which stops the stream. */
typedef int cprov_inflate_fn(void *arg, const void *data, size_t len, struct cprov_error *err);

/*
 * Memory is bounded by a constant: the zstd window is capped at 128 MiB as the format's
 * recommendation has it, output comes in pieces of at most 128 KiB. Several gzip members or zstd
 * frames one after the other are one stream; zero bytes after the last are padding.
 */
CPROV_MUST_CHECK
int cprov_inflater_new(enum cprov_compression kind, cprov_inflate_fn *write, void *arg,
                       struct cprov_inflater **out, struct cprov_error *err);
void cprov_inflater_free(struct cprov_inflater *i);
CPROV_DEFINE_CLEANUP(struct cprov_inflater, cprov_inflater, cprov_inflater_free)
#define auto_inflater CPROV_CLEANUP(cprov_inflater_cleanup)

/* CPROV_EVERIFY when the data is damaged, else what the writer returned. */
CPROV_MUST_CHECK
int cprov_inflater_update(struct cprov_inflater *i, const void *data, size_t len,
                          struct cprov_error *err);
/* CPROV_EVERIFY when the stream stops in the middle. */
CPROV_MUST_CHECK
int cprov_inflater_finish(struct cprov_inflater *i, struct cprov_error *err);

#endif
