/* serve/family.c - which served images are built on which. */
#include "serve/family_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/version.h"
#include "serve/cards_private.h"
#include "serve/parts_private.h"
#include "store/digest_set.h"

/*
 * A chain is a beginning of a list of layers: all lists together are a tree of chains, in which the
 * base of an image is the nearest chain above its own that is somebody's whole list.
 */
struct chain {
    uint32_t above; /* one layer less */
    uint32_t owner; /* the first member with exactly these layers */
};

struct cprov_family {
    struct cprov_digest_set roots; /* numbers the members */
    struct cprov_member *members;
    uint32_t count;
    struct cprov_digest_set names; /* of chains: what stands for above and layer */
    struct chain *chains;
    size_t chains_room;
    struct cprov_digest_set images; /* manifests for one platform */
    uint32_t *image_chains;         /* by their number */
    size_t images_room;
};

struct config_reader {
    struct cprov_store *store;
    struct cprov_family *family;
    struct cprov_hasher *hasher;
    uint32_t *firsts; /* by member: the chain of its first image */
    uint32_t member;  /* that is being read */
};

void cprov_family_free(struct cprov_family *f)
{
    if (!f)
        return;
    cprov_digest_set_clear(&f->roots);
    cprov_digest_set_clear(&f->names);
    cprov_digest_set_clear(&f->images);
    free(f->members);
    free(f->chains);
    free(f->image_chains);
    free(f);
}

/* Goes one layer further. *chain is CPROV_NOBODY at the bottom. */
static int extend(struct config_reader *r, const struct cprov_digest *layer, uint32_t *chain,
                  struct cprov_error *err)
{
    struct cprov_family *f = r->family;
    struct cprov_digest name = { .algo = CPROV_SHA256 };
    size_t index = 0;
    bool added = false;

    if (f->names.count >= CPROV_SERVED_CHAINS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "more than %u lists of layers",
                          CPROV_SERVED_CHAINS_MAX);
    if (cprov_hasher_reset(r->hasher, err) < 0 ||
        cprov_hasher_update(r->hasher, chain, sizeof(*chain), err) < 0 ||
        cprov_hasher_update(r->hasher, &layer->algo, sizeof(layer->algo), err) < 0 ||
        cprov_hasher_update(r->hasher, layer->raw, sizeof(layer->raw), err) < 0 ||
        cprov_hasher_finish(r->hasher, name.raw, err) < 0 ||
        cprov_digest_set_add(&f->names, &name, &index, &added, err) < 0 ||
        cprov_grow(&f->chains, &f->chains_room, index, sizeof(*f->chains), CPROV_LIST_MAX, err) < 0)
        return err->code;
    if (added)
        f->chains[index] = (struct chain){ *chain, CPROV_NOBODY };
    *chain = (uint32_t)index;
    return 0;
}

static int remember_image(struct cprov_family *f, const struct cprov_digest *digest, uint32_t chain,
                          struct cprov_error *err)
{
    size_t index = 0;
    bool added = false;

    if (cprov_digest_set_add(&f->images, digest, &index, &added, err) < 0 ||
        cprov_grow(&f->image_chains, &f->images_room, index, sizeof(*f->image_chains),
                   CPROV_LIST_MAX, err) < 0)
        return err->code;
    if (added)
        f->image_chains[index] = chain;
    return 0;
}

static int read_part(void *arg, const struct cprov_part_reader *part, struct cprov_error *err)
{
    struct config_reader *r = arg;
    struct cprov_family *f = r->family;
    const struct cprov_manifest *m = part->manifest;
    struct cprov_member *member = &f->members[r->member];
    uint32_t chain = CPROV_NOBODY;

    for (size_t i = 0; m && i < m->layers_count; i++)
        if (extend(r, &m->layers[i].digest, &chain, err) < 0)
            return err->code;
    if (chain == CPROV_NOBODY)
        return 0;
    if (f->chains[chain].owner == CPROV_NOBODY)
        f->chains[chain].owner = r->member;
    if (member->layers == 0) {
        member->layers = (uint32_t)m->layers_count;
        r->firsts[r->member] = chain;
    }
    return remember_image(f, &part->descriptor->digest, chain, err);
}

static int read_members(struct config_reader *r, const struct cprov_cards *cards,
                        struct cprov_error *err)
{
    struct cprov_family *f = r->family;
    struct cprov_parts_walk walk = { .part = read_part, .arg = r };

    for (size_t i = 0; i < cards->count; i++) {
        size_t index = 0;
        bool added = false;

        if (cprov_version_is_attachment(cprov_span_of(cards->list[i].version)))
            continue;
        if (cprov_digest_set_add(&f->roots, cards->list[i].digest, &index, &added, err) < 0)
            return err->code;
        if (!added)
            continue;
        r->member = f->count++;
        f->members[r->member] = (struct cprov_member){
            .card = i,
            .parent = CPROV_NOBODY,
            .first_child = CPROV_NOBODY,
            .last_child = CPROV_NOBODY,
            .next_sibling = CPROV_NOBODY,
        };
        r->firsts[r->member] = CPROV_NOBODY;
        if (cprov_parts_each(r->store, cards->list[i].digest, &walk, err) < 0)
            return err->code;
    }
    return 0;
}

/* The owner of the nearest chain above that is not `self`. */
static uint32_t base_above(const struct cprov_family *f, uint32_t chain, uint32_t self)
{
    while (chain != CPROV_NOBODY && (chain = f->chains[chain].above) != CPROV_NOBODY)
        if (f->chains[chain].owner != CPROV_NOBODY && f->chains[chain].owner != self)
            return f->chains[chain].owner;
    return CPROV_NOBODY;
}

/* Two indexes may each hold a base of the other. */
static bool is_below(const struct cprov_family *f, uint32_t member, uint32_t above)
{
    while (member != CPROV_NOBODY && member != above)
        member = f->members[member].parent;
    return member == above;
}

static void join(struct cprov_family *f, uint32_t child, uint32_t parent)
{
    struct cprov_member *p = &f->members[parent];

    f->members[child].parent = parent;
    if (p->first_child == CPROV_NOBODY)
        p->first_child = child;
    else
        f->members[p->last_child].next_sibling = child;
    p->last_child = child;
}

/* Among names for one image, the one of its own repository is shown. */
static void choose_names(struct cprov_family *f, const struct cprov_cards *cards)
{
    for (size_t i = 0; i < cards->groups_count; i++) {
        const struct cprov_card_group *g = &cards->groups[i];

        for (size_t k = g->first; g->own && k < g->first + g->count; k++) {
            uint32_t found = cprov_family_find(f, cards->list[k].digest);
            if (found == CPROV_NOBODY)
                continue;
            struct cprov_member *m = &f->members[found];
            const struct cprov_entry *now = &cards->list[m->card];
            const struct cprov_card_group *of =
                cprov_cards_group(cards, cprov_span_of(now->repository));

            if (of && !of->own)
                m->card = k;
        }
    }
}

static int read_all(struct config_reader *r, const struct cprov_cards *cards,
                    struct cprov_error *err)
{
    struct cprov_family *f = r->family;

    f->members = calloc(cards->count + 1, sizeof(*f->members));
    r->firsts = calloc(cards->count + 1, sizeof(*r->firsts));
    if (!f->members || !r->firsts)
        return cprov_fail_memory(err);
    if (cprov_hasher_new(CPROV_HASH_SHA256, &r->hasher, err) < 0 || read_members(r, cards, err) < 0)
        return err->code;
    choose_names(f, cards);
    for (uint32_t i = 0; i < f->count; i++) {
        uint32_t owner = r->firsts[i] == CPROV_NOBODY ? i : f->chains[r->firsts[i]].owner;
        bool same = owner != i;
        uint32_t parent = same ? owner : base_above(f, r->firsts[i], i);
        if (parent != CPROV_NOBODY && !is_below(f, parent, i))
            join(f, i, parent);
        f->members[i].same = same && f->members[i].parent == owner;
    }
    return 0;
}

int cprov_family_read(struct cprov_store *store, const struct cprov_cards *cards,
                      struct cprov_family **out, struct cprov_error *err)
{
    struct cprov_family *f = calloc(1, sizeof(*f));
    struct cprov_error local = CPROV_ERROR_INIT;
    struct config_reader r = { .store = store, .family = f };

    if (!f)
        return cprov_fail_memory(err);
    int code = read_all(&r, cards, err ? err : &local);
    cprov_hasher_free(r.hasher);
    free(r.firsts);
    if (code < 0) {
        cprov_family_free(f);
        return code;
    }
    *out = f;
    return 0;
}

const struct cprov_member *cprov_family_members(const struct cprov_family *f, uint32_t *count)
{
    *count = f->count;
    return f->members;
}

uint32_t cprov_family_find(const struct cprov_family *f, const struct cprov_digest *digest)
{
    size_t index;

    return cprov_digest_set_find(&f->roots, digest, &index) ? (uint32_t)index : CPROV_NOBODY;
}

uint32_t cprov_family_base(const struct cprov_family *f, const struct cprov_digest *manifest,
                           uint32_t self)
{
    size_t index;

    if (!cprov_digest_set_find(&f->images, manifest, &index))
        return CPROV_NOBODY;
    return base_above(f, f->image_chains[index], self);
}
