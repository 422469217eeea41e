/* provider/outcome.h - several items, one result; and what items and messages are made of. */
#ifndef CPROV_PROVIDER_OUTCOME_H
#define CPROV_PROVIDER_OUTCOME_H

#include "provider/session.h"
#include "store/images.h"

/* {0}: nothing happened yet. */
struct cprov_outcome {
    size_t done; /* items without a failure */
    int code;    /* of the first failure */
    bool stop;   /* cancelled: the rest is not begun */
};

/* Counts one item; a failure is told, under "name version" once those are known, else under text.
 */
void cprov_outcome_add(struct cprov_session *s, struct cprov_outcome *o, int code, const char *text,
                       const char *name, const char *version, const struct cprov_error *err);
/* A call that makes no sense. */
void cprov_outcome_usage(struct cprov_session *s, struct cprov_outcome *o, const char *message);
/* 0; the first failure's code when nothing was done; CPROV_EPARTIAL when something was; a cancel
 * always. */
int cprov_outcome_code(const struct cprov_outcome *o);

/* "Downloaded in 0 hours, 2 minutes, 28 seconds." - whole hours, never plural-adjusted; in the
 * call's arena. */
const char *cprov_time_taken(struct cprov_session *s, const char *what, int64_t ms);

/* Fills an item from a record; digest and full are the buffers its texts live in. */
void cprov_item_of_image(const struct cprov_image *image, struct cprov_item *item,
                         char digest[CPROV_DIGEST_TEXT_MAX], char full[CPROV_ITEM_TEXT_MAX]);

/* Reads every blob of an image and takes the damaged ones out of the store. */
CPROV_MUST_CHECK
int cprov_discard_damaged(struct cprov_session *s, struct cprov_store *store,
                          const struct cprov_images *images, const struct cprov_image *image,
                          struct cprov_error *err);

#endif
