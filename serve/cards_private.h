/* serve/cards_private.h - what is told of every version that is served: to catalogs and to people.
 */
#ifndef CPROV_SERVE_CARDS_PRIVATE_H
#define CPROV_SERVE_CARDS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/span.h"
#include "catalog/document/entry.h"
#include "manifest/digest.h"
#include "store/store.h"

struct cprov_error;
struct cprov_view;

/* The cards of one repository. */
struct cprov_card_group {
    const char *repository;
    size_t first, count; /* in the list; newest version first, behind them what is no version */
    size_t versions;     /* of count: without cprov_version_is_attachment() */
    size_t newest;       /* the newest one for people: not "latest", no pre-release */
    uint64_t bytes;      /* of all of them */
    bool own;            /* false: each of them is served under a better repository too */
};

/*
 * A card is the entry of one tag of one repository: bytes of all its blobs; texts come from
 * outside, and are never NULL. Owns its arena, and borrows from the view. Groups are in the order
 * of unsigned bytes.
 */
struct cprov_cards {
    struct cprov_arena arena;
    struct cprov_entry *list;
    size_t count;
    struct cprov_card_group *groups;
    size_t groups_count;
};

/*
 * Believes index.json where it says everything, as ours does; else reads manifests and configs.
 * What cannot be read stays unknown. CPROV_ENOMEM.
 */
CPROV_MUST_CHECK
int cprov_cards_read(struct cprov_store *store, struct cprov_view *view, struct cprov_cards **out,
                     struct cprov_error *err);
void cprov_cards_free(struct cprov_cards *c);
CPROV_DEFINE_CLEANUP(struct cprov_cards, cprov_cards, cprov_cards_free)
#define auto_cards CPROV_CLEANUP(cprov_cards_cleanup)

/* NULL when there is none. */
const struct cprov_card_group *cprov_cards_group(const struct cprov_cards *c,
                                                 struct cprov_span repository);
const struct cprov_entry *cprov_cards_find(const struct cprov_cards *c,
                                           const struct cprov_card_group *group,
                                           struct cprov_span version);

#endif
