/* provider/layer_read.h - the members of one stored layer, as they stand in it. */
#ifndef CPROV_PROVIDER_LAYER_READ_H
#define CPROV_PROVIDER_LAYER_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "provider/installed.h"
#include "store/tar_reader.h"

/*
 * Reads layer i of the image. With verify the unpacked bytes are compared with the diff id: what
 * the callbacks got was right when this returns 0. Returns 0, CPROV_EVERIFY, CPROV_ECANCELLED, or
 * what a callback returned, which ends the reading.
 */
CPROV_MUST_CHECK
int cprov_layer_read(struct cprov_session *s, const struct cprov_installed *in, size_t i,
                     const struct cprov_tar_handler *handler, bool verify, struct cprov_error *err);

#endif
