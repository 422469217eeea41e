/* provider/flatten_private.h - what flatten.c and flatten_walk.c share. */
#ifndef CPROV_PROVIDER_FLATTEN_PRIVATE_H
#define CPROV_PROVIDER_FLATTEN_PRIVATE_H

#include "provider/flatten.h"

struct cprov_flat {
    struct cprov_session *s;
    const struct cprov_installed *in;
    unsigned options;
    size_t count;
    struct cprov_layer_tree **trees; /* NULL: not read yet */
    bool odd;                        /* a layer that was read may have gone through links */
    bool settled;                    /* every layer is read, and such names are where they belong */
};

/* Reads the layer, once. */
CPROV_MUST_CHECK
int cprov_flat_load(struct cprov_flat *f, size_t layer, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_flat_settle(struct cprov_flat *f, struct cprov_error *err);

#endif
