/* store/check_plan_private.h - what a check has to read, and who named it. */
#ifndef CPROV_STORE_CHECK_PLAN_PRIVATE_H
#define CPROV_STORE_CHECK_PLAN_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/error.h"
#include "store/check.h"
#include "store/digest_set.h"

/* One blob, read once. */
struct cprov_check_item {
    bool there;          /* a regular file */
    bool is_layer;       /* unpack it as well */
    bool done;           /* read: what follows is known */
    bool unreadable;     /* not to the end */
    bool right;          /* the digest */
    bool unpacked;       /* diff_id is known */
    size_t walked;       /* number of the image that was the last to look into it, plus 1 */
    size_t last_mention; /* plus 1 */
    uint64_t size;       /* bytes of the file */
    const char *problem; /* why it could not be read or unpacked, or NULL; in the plan's arena */
    enum cprov_digest_algo diff_algo;
    struct cprov_digest diff_id;
};

/* An image names a blob. */
struct cprov_check_mention {
    size_t item;
    size_t image;           /* in the request's list */
    uint64_t size;          /* expected */
    const char *media_type; /* in the plan's arena */
    bool has_diff_id;
    struct cprov_digest diff_id; /* expected */
};

struct cprov_check_plan {
    struct cprov_store *store;
    const struct cprov_check_request *request;
    struct cprov_check_result *result;
    struct cprov_arena arena;
    struct cprov_digest_set digests; /* numbers the items */
    struct cprov_check_item *items;
    size_t items_room;
    struct cprov_check_mention *mentions;
    size_t mentions_count, mentions_room;
};

void cprov_check_plan_clear(struct cprov_check_plan *p);

/* Walks the selected images, and reports documents that make no sense. */
CPROV_MUST_CHECK
int cprov_check_plan_images(struct cprov_check_plan *p, struct cprov_error *err);
/* Adds every other file in blobs/, and reports those that do not belong there. */
CPROV_MUST_CHECK
int cprov_check_plan_all(struct cprov_check_plan *p, struct cprov_error *err);

#define CPROV_CHECK_NO_IMAGE ((size_t)-1)

/* Counts and reports a finding. blob may be NULL. */
void cprov_check_report(struct cprov_check_plan *p, enum cprov_check_kind kind, size_t image,
                        const struct cprov_descriptor *blob, const char *format, ...)
    CPROV_PRINTF(5, 6);

#endif
