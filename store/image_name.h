/* store/image_name.h - what the entries of a layout or an archive are called, by whoever wrote it.
 */
#ifndef CPROV_STORE_IMAGE_NAME_H
#define CPROV_STORE_IMAGE_NAME_H

#include "base/arena.h"
#include "base/compiler.h"
#include "store/images.h"

struct cprov_error;

/*
 * Names an image by what is beside its descriptor; the first that is there counts:
 *  1. io.containerd.image.name, unless ref.name says more than a tag or a digest itself;
 *  2. ref.name "repo:tag", "host/repo:tag", "repo@digest" (which is a name without a tag);
 *  3. ref.name "tag", as skopeo, regctl and oras write it: a tag of what the whole place is called,
 *     which cprov_images_complete() puts in: until then the name is "";
 *  4. nothing, or a digest alone: the digest as name.
 * reference is one that stands elsewhere (docker save), or NULL. Texts live in the arena.
 */
void cprov_image_name(struct cprov_image *image, struct cprov_arena *arena, const char *reference);

/* Whether its digest is its name. */
bool cprov_image_is_nameless(const struct cprov_image *image);
/* What a tag without a name is a tag of: "/srv/NanoServer-10-0-1.oci.tar" is "NanoServer-10-0-1".
 * Borrows from path. */
struct cprov_span cprov_image_place_name(const char *path);

#define CPROV_SHORT_DIGEST_MAX 13
/* The first 12 digits of its digest, which stand for a version where there is no tag. */
const char *cprov_image_short_digest(const struct cprov_image *image,
                                     char buf[CPROV_SHORT_DIGEST_MAX]);

/*
 * Completes the names of all that a place holds, so that no two readers of it disagree: a tag
 * alone, and a single image without a name, are of the last component of its path, without ".tar"
 * and the like; a name without a tag is its "latest", or, where another has that, the first 12
 * digits of its digest. Images without a name beside others keep their digest.
 */
CPROV_MUST_CHECK
int cprov_images_complete(struct cprov_image *images, size_t count, const char *place,
                          struct cprov_arena *arena, struct cprov_error *err);

#endif
