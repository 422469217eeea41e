/* provider/unpack_image.h - an image's layers unpacked, from the store or while they download. */
#ifndef CPROV_PROVIDER_UNPACK_IMAGE_H
#define CPROV_PROVIDER_UNPACK_IMAGE_H

#include "manifest/image_config.h"
#include "manifest/manifest.h"
#include "provider/session.h"
#include "provider/transfer.h"
#include "store/store.h"

/* {0}-like until begun; one image at a time. */
struct cprov_unpacking;

/*
 * Begins on a thread of its own: layers are read in order, each as far as t (may be NULL: all is in
 * the store) has fetched it. The config is needed for the diff ids, so it is waited for. texts of
 * `to` are borrowed until the end.
 */
CPROV_MUST_CHECK
int cprov_unpacking_begin(struct cprov_session *s, struct cprov_store *store,
                          const struct cprov_manifest *manifest, struct cprov_transfer *t,
                          const struct cprov_unpack_to *to, struct cprov_unpacking **out,
                          struct cprov_error *err);
/* Waits; 0: the files are there (and, for a bundle, config.json). On failure nothing is left of
 * them. */
CPROV_MUST_CHECK
int cprov_unpacking_end(struct cprov_unpacking *u, struct cprov_error *err);
/* Stops and waits when end() was not called. NULL-safe. */
void cprov_unpacking_free(struct cprov_unpacking *u);
CPROV_DEFINE_CLEANUP(struct cprov_unpacking, cprov_unpacking, cprov_unpacking_free)
#define auto_unpacking CPROV_CLEANUP(cprov_unpacking_cleanup)

#endif
