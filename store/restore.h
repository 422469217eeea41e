/* store/restore.h - the last good list of images, and a store whose lists are lost made whole. */
#ifndef CPROV_STORE_RESTORE_H
#define CPROV_STORE_RESTORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/span.h"
#include "store/store.h"

struct cprov_error;

/* Keeps the text of an index.json that was just written as cprov/index.last; with index.lock held.
 * That it cannot be kept is no failure: index.json is there. */
void cprov_index_keep_last(struct cprov_store *s, struct cprov_span text);

/* index.json is missing or empty: 0 when nothing is lost thereby, else CPROV_EVERIFY, which says
 * what is lost and how it comes back. */
CPROV_MUST_CHECK
int cprov_index_check_nothing_lost(struct cprov_store *s, struct cprov_error *err);
/* How a damaged list comes back. */
void cprov_index_hint_restore(const struct cprov_store *s, struct cprov_error *err);

struct cprov_restored {
    size_t images;  /* listed again */
    bool by_digest; /* without a last good list: what the blobs are, named by digest */
    /* Each entry of the last good list whose manifest is not in the store any more: not listed.
     * name is "NAME:VERSION". */
    void (*gone)(void *arg, const char *name);
    void *arg;
};

/*
 * Writes index.json anew, from the last good list, else from the manifests and indexes among the
 * blobs that no other one names. What stands in its place is kept as cprov/index.damaged. For a
 * store whose index.json cannot be read; one that another process has mended meanwhile stays.
 */
CPROV_MUST_CHECK
int cprov_store_restore(struct cprov_store *s, struct cprov_restored *restored,
                        struct cprov_error *err);

#endif
