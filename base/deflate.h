/* base/deflate.h - gzip streams out of bytes: the same bytes always give the same stream. */
#ifndef CPROV_BASE_DEFLATE_H
#define CPROV_BASE_DEFLATE_H

#include <stddef.h>

#include "base/compiler.h"

struct cprov_error;
struct cprov_deflater;

/* Takes the packed bytes as they come; returns 0 or a code, which stops the stream. */
typedef int cprov_deflate_fn(void *arg, const void *data, size_t len, struct cprov_error *err);

/* No name, no time and no system in the header. Output comes in pieces of at most 64 KiB. */
CPROV_MUST_CHECK
int cprov_deflater_new(cprov_deflate_fn *write, void *arg, struct cprov_deflater **out,
                       struct cprov_error *err);
void cprov_deflater_free(struct cprov_deflater *d);
CPROV_DEFINE_CLEANUP(struct cprov_deflater, cprov_deflater, cprov_deflater_free)
#define auto_deflater CPROV_CLEANUP(cprov_deflater_cleanup)

CPROV_MUST_CHECK
int cprov_deflater_update(struct cprov_deflater *d, const void *data, size_t len,
                          struct cprov_error *err);
/* Writes what is left and the end; nothing may follow. */
CPROV_MUST_CHECK
int cprov_deflater_finish(struct cprov_deflater *d, struct cprov_error *err);

#endif
