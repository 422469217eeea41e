/* store/stand_in.h - an OCI index beside an image of Docker's types, for readers that look up names
 * among OCI types alone (skopeo, podman). */
#ifndef CPROV_STORE_STAND_IN_H
#define CPROV_STORE_STAND_IN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "manifest/manifest.h"
#include "store/images.h"

struct cprov_error;

/* Of the index and of its entry: the digest of the image that it stands for. */
#define CPROV_ANN_STANDS_FOR "io.container-provider.stands-for"

/*
 * Puts the index into the store, always the same for one image: it names the Docker manifest, or
 * what the Docker list names. image->stand_in, in the arena, describes it then; it is NULL for an
 * image of OCI types. The image's manifest must be in the store.
 */
CPROV_MUST_CHECK
int cprov_stand_in_put(struct cprov_store *s, struct cprov_image *image, struct cprov_arena *arena,
                       struct cprov_error *err);

/* The entry of the index, which has the ref.name. Texts are the image's and the arena's. */
struct cprov_image cprov_stand_in_entry(const struct cprov_image *image, struct cprov_arena *arena);

/* Whether list[i] is such an entry: it comes right after the entry of its image. */
bool cprov_stand_in_is(const struct cprov_image *list, size_t i);

/* Takes these entries out of a list: each becomes the stand_in of its image. Returns how many are
 * left. The arena is sticky. */
size_t cprov_stand_in_fold(struct cprov_image *list, size_t count, struct cprov_arena *arena);

/* Whether a document among the blobs is such an index. */
bool cprov_stand_in_is_document(const struct cprov_manifest *m);

#endif
