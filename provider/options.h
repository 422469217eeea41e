/* provider/options.h - what a caller hands over, whatever version of the header it was built with.
 */
#ifndef CPROV_PROVIDER_OPTIONS_H
#define CPROV_PROVIDER_OPTIONS_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"

#define CPROV_OPTIONS_SIZE_MAX 4096 /* bytes: no struct of any header is to be as large */

/*
 * Copies a struct that begins with its size into `own` of `size` bytes: what the caller's struct
 * has of it, and 0 for the rest. NULL is a struct that says nothing. Past the size that the
 * caller's struct tells, nothing is read.
 *
 * Returns 0, CPROV_EINVAL (a size that no header has) or CPROV_EUNSUPPORTED (a struct of a newer
 * header says what this library does not know); own is then as if NULL had been given.
 */
CPROV_MUST_CHECK
int cprov_options_copy(void *own, size_t size, const void *given, struct cprov_error *err);

#endif
