/* provider/find/item.h - a row of the catalog as an item for the caller. */
#ifndef CPROV_PROVIDER_FIND_ITEM_H
#define CPROV_PROVIDER_FIND_ITEM_H

#include "base/buf.h"
#include "base/clock.h"
#include "provider/name.h"

/* The item borrows from the row, and from the texts that were made for it here. {0} is empty. */
struct cprov_found {
    struct cprov_item item;
    struct cprov_buf reference, ref, url, culture;
    char digest[CPROV_DIGEST_TEXT_MAX];
    char full[CPROV_ITEM_TEXT_MAX];
    char checked[CPROV_TIME_TEXT_MAX];
};

/* name: what led to the row; culture: the one that was asked for, or NULL. */
void cprov_found_init(struct cprov_found *f, struct cprov_session *s, const struct cprov_name *name,
                      const char *culture, const struct cprov_listing *row);
void cprov_found_clear(struct cprov_found *f);
#define auto_found CPROV_CLEANUP(cprov_found_clear)

#endif
