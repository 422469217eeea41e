/* provider/layer_read.h - the members of one stored layer, as they stand in it. */
#ifndef CPROV_PROVIDER_LAYER_READ_H
#define CPROV_PROVIDER_LAYER_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "provider/installed.h"
#include "rootfs/layer_rules.h"

struct cprov_layer_reading {
    struct cprov_unpack_limits limits; /* 0: the defaults */
    bool verify; /* compare the unpacked bytes with the diff id: what the callbacks got was right
                    when the reading returns 0 */
};

/*
 * Reads layer i of the image. Returns 0, CPROV_EVERIFY, CPROV_ELIMIT, CPROV_EUNSUPPORTED (no layer
 * of files), CPROV_ECANCELLED, or what a callback returned, which ends the reading.
 */
CPROV_MUST_CHECK
int cprov_layer_read(struct cprov_session *s, const struct cprov_installed *in, size_t i,
                     const struct cprov_tar_handler *handler, const struct cprov_layer_reading *how,
                     struct cprov_error *err);

/* Content is skipped: for the handler of whoever wants names alone. */
int cprov_layer_pass_data(void *arg, const void *data, size_t len, struct cprov_error *err);
int cprov_layer_pass_end(void *arg, struct cprov_error *err);

#endif
