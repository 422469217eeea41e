/* provider/plan.h - the documents of one image: what the tag names, the platform chosen, all blobs.
 */
#ifndef CPROV_PROVIDER_PLAN_H
#define CPROV_PROVIDER_PLAN_H

#include "archive/packed.h"
#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "provider/resolve.h"
#include "provider/transfer.h"
#include "store/images.h"

/* A manifest or index with its descriptor. */
struct cprov_doc {
    struct cprov_manifest *manifest;
    struct cprov_descriptor descriptor; /* its media_type points into the manifest */
};

/* {0} is empty. */
struct cprov_plan {
    struct cprov_doc top;    /* what the tag or digest names */
    struct cprov_doc *inner; /* children fetched: the chosen one, or all of them */
    size_t inner_count;
    uint64_t bytes;              /* of all of them: at most CPROV_TREE_MAX */
    struct cprov_packed *packed; /* what it lies in on this machine, or NULL */
    const struct cprov_doc
        *image; /* top, or one of inner: the image for this host; NULL: none is (all platforms) */
};
void cprov_plan_clear(struct cprov_plan *p);
#define auto_plan CPROV_CLEANUP(cprov_plan_clear)

/*
 * Fetches the manifest; falls back to the newest version where target->or_newest allows (target
 * changes). Of an index the child for the session's host: CPROV_EINCOMPATIBLE names all that is
 * offered. Its descriptor is known then; its manifest is fetched by cprov_plan_fetch().
 */
CPROV_MUST_CHECK
int cprov_plan_start(struct cprov_session *s, struct cprov_target *target, bool all_platforms,
                     struct cprov_plan *p, struct cprov_descriptor *chosen,
                     struct cprov_error *err);
/* Fetches the children that are wanted: `chosen`, or all, each once. CPROV_ELIMIT: they are more
 * than CPROV_INDEX_ENTRIES_MAX, or CPROV_TREE_MAX bytes. */
CPROV_MUST_CHECK
int cprov_plan_fetch(struct cprov_session *s, const struct cprov_target *target, bool all_platforms,
                     const struct cprov_descriptor *chosen, struct cprov_plan *p,
                     struct cprov_error *err);

/* Adds every document and blob of the plan to a transfer. */
CPROV_MUST_CHECK
int cprov_plan_transfer(const struct cprov_plan *p, const struct cprov_target *target,
                        bool all_platforms, struct cprov_transfer *t, struct cprov_error *err);

/*
 * Reads the config of the plan's image from the store and compares it with the manifest and the
 * host. CPROV_EINCOMPATIBLE, CPROV_EVERIFY. An artifact has none: *out is NULL.
 */
CPROV_MUST_CHECK
int cprov_plan_config(struct cprov_session *s, struct cprov_store *store,
                      const struct cprov_plan *p, struct cprov_image_config **out,
                      struct cprov_error *err);

/* Whether a plan that is no index may be taken for the session's host, when its image is already
 * known to be of that platform (text form). CPROV_EINCOMPATIBLE. */
CPROV_MUST_CHECK
int cprov_plan_fits(struct cprov_session *s, const struct cprov_plan *p, const char *platform,
                    struct cprov_error *err);

/* The record to keep; texts in the call's arena, the plan's and the config's. config may be
 * NULL. */
CPROV_MUST_CHECK
int cprov_plan_describe(struct cprov_session *s, const struct cprov_plan *p,
                        const struct cprov_target *target, const struct cprov_image_config *config,
                        bool all_platforms, uint64_t bytes, struct cprov_image *out,
                        struct cprov_error *err);

#endif
