/* serve/parts_private.h - the images for one platform each that a manifest or an index stands for.
 */
#ifndef CPROV_SERVE_PARTS_PRIVATE_H
#define CPROV_SERVE_PARTS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "manifest/descriptor.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "store/store.h"

struct cprov_error;

/* Borrowed for the call. */
struct cprov_part_reader {
    const struct cprov_descriptor *descriptor; /* in the index; of the root, its digest alone */
    const struct cprov_manifest *manifest;     /* NULL: it is not here, or cannot be read */
};

/* A negative code ends the walk with it. */
typedef int cprov_part_fn(void *arg, const struct cprov_part_reader *part, struct cprov_error *err);

/*
 * Calls part() for each image below the root, in order: the root itself, or what an index names, at
 * most CPROV_SERVED_PARTS_MAX of it. Attestations are left out. index() (may be NULL) gets each
 * index that was read.
 */
struct cprov_parts_walk {
    cprov_part_fn *part;
    void (*index)(void *arg, const struct cprov_manifest *index);
    cprov_part_fn *artifact; /* may be NULL: what is no image, such as a chart */
    void *arg;
};
CPROV_MUST_CHECK
int cprov_parts_each(struct cprov_store *store, const struct cprov_digest *root,
                     const struct cprov_parts_walk *walk, struct cprov_error *err);

/* The config of an image; *out is NULL when it is not there or cannot be read. Yours. */
CPROV_MUST_CHECK
int cprov_part_config(struct cprov_store *store, const struct cprov_manifest *m,
                      struct cprov_image_config **out, struct cprov_error *err);

#endif
