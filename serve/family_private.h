/* serve/family_private.h - which served images are built on which: told by their layers. */
#ifndef CPROV_SERVE_FAMILY_PRIVATE_H
#define CPROV_SERVE_FAMILY_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "manifest/digest.h"
#include "store/store.h"

struct cprov_cards;
struct cprov_error;
struct cprov_family;

#define CPROV_NOBODY UINT32_MAX

/* A manifest or index that is served, under however many names. Numbers are those of members. */
struct cprov_member {
    size_t card;     /* its first name: an index into the list of cards */
    uint32_t layers; /* of its first image that is here; 0: none is */
    bool same;       /* its layers are exactly those of its parent: another name for the bytes */
    uint32_t parent; /* what that one was built on, or CPROV_NOBODY */
    uint32_t first_child; /* in the order of cards */
    uint32_t last_child;
    uint32_t next_sibling;
};

/*
 * Reads the manifests of every version. An image is built on the one whose layers are the
 * longest true beginning of its own; several with the same layers stand below the first of them, as
 * `same`. There are no circles. CPROV_ENOMEM, CPROV_ELIMIT.
 */
CPROV_MUST_CHECK
int cprov_family_read(struct cprov_store *store, const struct cprov_cards *cards,
                      struct cprov_family **out, struct cprov_error *err);
void cprov_family_free(struct cprov_family *f);
CPROV_DEFINE_CLEANUP(struct cprov_family, cprov_family, cprov_family_free)
#define auto_family CPROV_CLEANUP(cprov_family_cleanup)

const struct cprov_member *cprov_family_members(const struct cprov_family *f, uint32_t *count);
/* The member with that digest, or CPROV_NOBODY. */
uint32_t cprov_family_find(const struct cprov_family *f, const struct cprov_digest *digest);
/* What one image (of an index, or alone) was built on, by the digest of its manifest; not `self`.
 */
uint32_t cprov_family_base(const struct cprov_family *f, const struct cprov_digest *manifest,
                           uint32_t self);

#endif
