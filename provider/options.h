/* provider/options.h - what a caller hands over, whatever version of the header it was built with.
 */
#ifndef CPROV_PROVIDER_OPTIONS_H
#define CPROV_PROVIDER_OPTIONS_H

#include <stddef.h>

#include "provider/provider.h"

/*
 * Copies a struct that begins with its size into `own` of `size` bytes: what the caller's struct
 * has of it, and 0 for the rest. A field that the given size cuts in two counts as not given; NULL
 * is a struct without any field. Returns own.
 */
const void *cprov_options_copy(void *own, size_t size, const void *given);

/* The argument of callbacks, which may be NULL or shorter than to have one. */
void *cprov_callbacks_arg(const struct cprov_callbacks *callbacks);

#endif
