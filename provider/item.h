/* provider/item.h - the item that a caller is handed: its texts as a table, and made of a version.
 */
#ifndef CPROV_PROVIDER_ITEM_H
#define CPROV_PROVIDER_ITEM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "catalog/document/entry.h"
#include "provider/provider.h"

/* Every text "". */
void cprov_item_init(struct cprov_item *item);
/* An item with what the entry says: its texts are borrowed, those of its reference, digest, URL and
 * cultures left out, which are not shown as they are. */
void cprov_item_of_entry(const struct cprov_entry *entry, struct cprov_item *item);

/* A copy whose texts are in the arena. */
CPROV_MUST_CHECK
int cprov_item_copy(const struct cprov_item *item, struct cprov_arena *arena,
                    struct cprov_item *out, struct cprov_error *err);
/* As bytes: what unpack borrows from. */
void cprov_item_pack(const struct cprov_item *item, struct cprov_buf *out);
void cprov_item_unpack(struct cprov_span bytes, struct cprov_item *out);

#endif
