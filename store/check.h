/* store/check.h - does the store hold what it says: every byte of every blob. */
#ifndef CPROV_STORE_CHECK_H
#define CPROV_STORE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "manifest/descriptor.h"
#include "store/images.h"
#include "store/layer_caps.h"
#include "store/store.h"

struct cprov_error;

enum cprov_check_kind {
    CPROV_CHECK_MISSING, /* a blob that a manifest or the index names is not there */
    CPROV_CHECK_SIZE,    /* another length */
    CPROV_CHECK_DIGEST,  /* other bytes */
    CPROV_CHECK_DIFF_ID, /* the unpacked layer is not what the config says, or cannot be unpacked */
    CPROV_CHECK_DOCUMENT, /* a manifest or config that cannot be read, or does not fit the other */
    CPROV_CHECK_STRAY,    /* a file in blobs/ whose name is no digest (only with all) */
};

/* image is NULL for findings about the store as a whole. Borrowed for the call. */
struct cprov_check_finding {
    enum cprov_check_kind kind;
    const struct cprov_image *image;
    const struct cprov_descriptor *blob; /* or NULL */
    const char *text;                    /* one sentence */
};

struct cprov_check_request {
    const struct cprov_images *images;
    const bool *selected; /* images->count flags; NULL: all, and then every blob in blobs/ is read,
                             named or not */
    struct cprov_unpack_limits limits; /* the ratio of layers; 0: the default */
    void (*found)(void *arg, const struct cprov_check_finding *finding);
    void (*progress)(void *arg, uint64_t done, uint64_t total); /* bytes; may be NULL */
    void *arg;
};

struct cprov_check_result {
    size_t images, blobs, bad;
    uint64_t bytes;
};

/* Each blob is read once, however many images share it; layers are inflated in the same pass and
 * their diff id compared; blobs are worked on in parallel. 0 also when something was found: look at
 * bad. */
CPROV_MUST_CHECK
int cprov_store_check(struct cprov_store *s, const struct cprov_check_request *request,
                      struct cprov_check_result *out, struct cprov_error *err);

#endif
