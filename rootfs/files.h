/* rootfs/files.h - the files of an image, read from its layers without unpacking it. */
#ifndef CPROV_ROOTFS_FILES_H
#define CPROV_ROOTFS_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "rootfs/layer_rules.h"
#include "rootfs/rootfs.h"

struct cprov_cancel;
struct cprov_error;
struct cprov_image_config;
struct cprov_manifest;
struct cprov_packed;
struct cprov_store;

/* The layers of one image and where their bytes are. Everything is borrowed. */
struct cprov_layers {
    const struct cprov_manifest *manifest; /* of an image whose config unpacks it */
    const struct cprov_image_config *config;
    struct cprov_store *store;
    struct cprov_packed *packed;       /* or instead of the store */
    struct cprov_unpack_limits limits; /* 0: the defaults */
    const struct cprov_cancel *cancel;
};

/* All of these return 0, CPROV_EVERIFY (a layer is not what it must be), CPROV_ELIMIT,
 * CPROV_EUNSUPPORTED (a layer is none of files), CPROV_ECANCELLED. */

/* What the layers add up to. {0} is empty. */
struct cprov_flat {
    struct cprov_rootfs *rootfs;
    uint32_t *before; /* by layer: members of those below it */
};
void cprov_flat_clear(struct cprov_flat *f);
#define auto_flat CPROV_CLEANUP(cprov_flat_clear)

/* Reads every layer, from the lowest up; with `verify` also compares it with its diff id. */
CPROV_MUST_CHECK
int cprov_flat_read(const struct cprov_layers *layers, bool verify, struct cprov_flat *out,
                    struct cprov_error *err);

/* Takes content as it comes. Negative: the call ends with CPROV_ECANCELLED. */
typedef int cprov_content_fn(void *arg, const void *data, size_t len);

/* The content of one file, whose path may lead through links. CPROV_ENOTFOUND; CPROV_EINVAL: it is
 * a folder; CPROV_EUNSUPPORTED: it is a device or a pipe. */
CPROV_MUST_CHECK
int cprov_files_read(const struct cprov_layers *layers, const char *path, cprov_content_fn *write,
                     void *arg, struct cprov_error *err);

/* All files as one tar, in two passes over the layers; every layer is verified before the first
 * byte is written. */
CPROV_MUST_CHECK
int cprov_files_export(const struct cprov_layers *layers, cprov_content_fn *write, void *arg,
                       struct cprov_error *err);

#endif
