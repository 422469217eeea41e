/* provider/flatten.h - what the layers of an image add up to, without unpacking them. */
#ifndef CPROV_PROVIDER_FLATTEN_H
#define CPROV_PROVIDER_FLATTEN_H

#include "provider/installed.h"
#include "provider/layer_read.h"
#include "rootfs/rootfs.h"

/* {0} is empty. */
struct cprov_flat {
    struct cprov_rootfs *rootfs;
    uint32_t *before; /* by layer: members of those below it */
};
void cprov_flat_clear(struct cprov_flat *f);
#define auto_flat CPROV_CLEANUP(cprov_flat_clear)

/* Reads every layer, from the lowest up. */
CPROV_MUST_CHECK
int cprov_flat_read(struct cprov_session *s, const struct cprov_installed *in,
                    const struct cprov_layer_reading *how, struct cprov_flat *out,
                    struct cprov_error *err);

/* A member that holds the content of a file. */
struct cprov_flat_file {
    size_t layer;
    uint32_t member; /* counted from 1 in its layer */
};

/*
 * Looks for a regular file from the top, in no more layers than it takes, and without putting them
 * together: *sure is false when a link or a folder that no member describes may have a say in it,
 * and then nothing is known. path has no links in it. CPROV_ENOTFOUND: surely not there.
 */
CPROV_MUST_CHECK
int cprov_glance(struct cprov_session *s, const struct cprov_installed *in, const char *path,
                 const struct cprov_layer_reading *how, bool *sure, struct cprov_flat_file *out,
                 struct cprov_error *err);

#endif
