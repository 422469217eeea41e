/* store/images.h - installed images: the entries of index.json. */
#ifndef CPROV_STORE_IMAGES_H
#define CPROV_STORE_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "manifest/descriptor.h"
#include "store/store.h"

struct cprov_error;

/* Annotations of an entry, beside
 * org.opencontainers.image.{ref.name,version,vendor,description,created}. */
#define CPROV_ANN_REF_NAME   "org.opencontainers.image.ref.name"
#define CPROV_ANN_CONTAINERD "io.containerd.image.name" /* in full; docker save has it too */
#define CPROV_ANN_NAME       "io.container-provider.name"
#define CPROV_ANN_SOURCE     "io.container-provider.source"
#define CPROV_ANN_REFERENCE  "io.container-provider.reference" /* canonical, with the host */
#define CPROV_ANN_INSTALLED  "io.container-provider.installed"
#define CPROV_ANN_SIZE       "io.container-provider.size"
#define CPROV_ANN_OS_IMAGE   "io.container-provider.os-image"
#define CPROV_ANN_PLATFORM   "io.container-provider.platform"
#define CPROV_ANN_IMAGE_ID   "io.container-provider.image-id"
#define CPROV_ANN_INDEX      "io.container-provider.index-digest"

/* Where the name of an entry comes from. */
enum cprov_naming {
    CPROV_NAMED_BY_US,    /* an entry of our own */
    CPROV_NAMED_IN_FULL,  /* another tool's: ref.name has a name, perhaps a tag, or a digest */
    CPROV_NAMED_BY_PLACE, /* ref.name is a tag alone: the layout or archive gives the name */
    CPROV_NAMED_NOT,      /* it has none */
};

/*
 * One installed image. Texts are never NULL, "" when unknown; they live as long as the list. An
 * entry that another tool put into index.json shows up too, named by its ref.name.
 */
struct cprov_image {
    struct cprov_descriptor descriptor; /* manifest, or index with --all-platforms */
    const char *name;                   /* NanoServer, library/alpine, host:port/repo */
    const char *version;                /* tag or version annotation */
    const char *publisher;
    const char *description;
    const char *source;    /* name of the source it came from, or its location */
    const char *reference; /* docker.io/library/alpine:3.20 */
    const char *installed; /* RFC 3339 */
    const char *created;   /* RFC 3339, of the image config */
    const char *platform;  /* text form; several for an index, comma between */
    const char *image_id;  /* digest text of the image config */
    /* Digest text of the index that the registry gives for the reference, where the descriptor is
     * the one manifest of it that was installed; else "". */
    const char *index_digest;
    /* Of an entry that store/stand_in.h made: the digest of the image that it stands for. */
    const char *stands_for;
    const struct cprov_descriptor *stand_in; /* such an entry beside this one, or NULL */
    uint64_t size;                           /* bytes of all blobs */
    bool is_os;
    enum cprov_naming naming;
};

/* A snapshot of index.json, sorted by name, then version newest first. Owns its arena. */
struct cprov_images {
    struct cprov_arena arena;
    struct cprov_image *list;
    size_t count;
};

/* An empty or missing index is an empty list if nothing is lost thereby. CPROV_EVERIFY: index.json
 * is damaged, with the place, or lost, though there are blobs or a last good list.
 * Takes no lock: the file changes by rename. */
CPROV_MUST_CHECK
int cprov_images_read(struct cprov_store *s, struct cprov_images **out, struct cprov_error *err);
void cprov_images_free(struct cprov_images *images);
CPROV_DEFINE_CLEANUP(struct cprov_images, cprov_images, cprov_images_free)
#define auto_images CPROV_CLEANUP(cprov_images_cleanup)

/*
 * Adds the image to index.json as one step under index.lock; an entry of the same name, version and
 * platform is replaced. Unknown members and entries of other tools are kept. Every blob must be
 * committed already.
 */
CPROV_MUST_CHECK
int cprov_images_add(struct cprov_store *s, const struct cprov_image *image,
                     struct cprov_error *err);

/* The same, and that every blob is there is looked at once more: CPROV_EINUSE, somebody removed one
 * meanwhile. The store has begun (cprov_store_begin()). */
CPROV_MUST_CHECK
int cprov_images_install(struct cprov_store *s, const struct cprov_image *image,
                         struct cprov_error *err);

/* Several at once (one write). */
CPROV_MUST_CHECK
int cprov_images_add_all(struct cprov_store *s, const struct cprov_image *images, size_t count,
                         struct cprov_error *err);

/* Whether it is one of the list: the same digest, name, version and platform. */
bool cprov_images_has(const struct cprov_image *const *list, size_t count,
                      const struct cprov_image *image);

/*
 * Takes entries out of index.json as one step under index.lock: those that have the digest, name,
 * version and platform of one of `gone`; one that is not there any more is passed over. Before
 * that, and under the lock, `allows` is asked with the list as it is then: what it says no to
 * stays, all of it. Containers are recorded under the same lock, so none comes between. No blob is
 * removed: store/garbage.h.
 */
CPROV_MUST_CHECK
int cprov_images_remove(struct cprov_store *s, const struct cprov_image *const *gone, size_t count,
                        int (*allows)(void *arg, const struct cprov_images *now,
                                      struct cprov_error *err),
                        void *arg, struct cprov_error *err);

#endif
