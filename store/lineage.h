/* store/lineage.h - which installed image another one was built on, told by their layers. */
#ifndef CPROV_STORE_LINEAGE_H
#define CPROV_STORE_LINEAGE_H

#include <stddef.h>

#include "base/compiler.h"
#include "store/images.h"
#include "store/store.h"

struct cprov_error;
struct cprov_lineage;

/*
 * Reads the manifest of each image once; of an index, that of its first image. Unreadable ones are
 * nobody's parent. Memory: eight bytes a layer. images is borrowed for the lineage's life.
 */
CPROV_MUST_CHECK
int cprov_lineage_new(struct cprov_store *s, const struct cprov_images *images,
                      struct cprov_lineage **out, struct cprov_error *err);
void cprov_lineage_free(struct cprov_lineage *l);
CPROV_DEFINE_CLEANUP(struct cprov_lineage, cprov_lineage, cprov_lineage_free)
#define auto_lineage CPROV_CLEANUP(cprov_lineage_cleanup)

/* The image whose layers are the longest true prefix of those of images->list[i], the first of
 * several; NULL for none. */
const struct cprov_image *cprov_lineage_parent(const struct cprov_lineage *l, size_t i);

#endif
