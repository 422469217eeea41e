/* provider/layer_tree.h - the names in one layer, without their content. */
#ifndef CPROV_PROVIDER_LAYER_TREE_H
#define CPROV_PROVIDER_LAYER_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"
#include "store/tar_reader.h"

struct cprov_error;

/* Ids count from 1; 0 is none. The root is always there. */
#define CPROV_NAME_ROOT 1u

enum cprov_name_flags {
    CPROV_NAME_HIDDEN = 1, /* a whiteout: what lower layers have under it is gone */
    CPROV_NAME_OPAQUE = 2, /* the same for everything below it */
    CPROV_NAME_FILLED = 4, /* a member stands somewhere below: it is a directory */
    CPROV_NAME_GONE = 8,   /* replaced later in the layer */
    CPROV_NAME_SHOWN = 16, /* is what the image has in the end: set by who puts layers together */
};

/* Forty thousand of them are a megabyte. */
struct cprov_layer_name {
    uint32_t parent, child, sibling; /* ids */
    uint32_t chain;                  /* of the same hash */
    uint32_t text, link;             /* in the tree's texts; link 0: none */
    uint32_t member; /* the number of the last member of this name, from 1; 0: none has it */
    uint8_t type;    /* enum cprov_tar_type; a directory when no member has it */
    uint8_t flags;
};

/* What a listing tells beyond that. */
struct cprov_layer_details {
    uint64_t size;
    uint64_t uid, gid;
    int64_t mtime;
    uint32_t mode;
};

struct cprov_layer_tree;

CPROV_MUST_CHECK
int cprov_layer_tree_new(bool details, struct cprov_layer_tree **out, struct cprov_error *err);
void cprov_layer_tree_free(struct cprov_layer_tree *t);

/*
 * The next member of the layer. Whiteouts become flags; the name is taken as store/unpack.h takes
 * it. CPROV_EVERIFY, CPROV_ELIMIT as there.
 */
CPROV_MUST_CHECK
int cprov_layer_tree_add(struct cprov_layer_tree *t, const struct cprov_tar_entry *e,
                         struct cprov_error *err);

uint32_t cprov_layer_tree_count(const struct cprov_layer_tree *t); /* ids are 1..count */
/* Borrowed; good until the next add or make. */
struct cprov_layer_name *cprov_layer_tree_at(const struct cprov_layer_tree *t, uint32_t id);
const struct cprov_layer_details *cprov_layer_tree_details(const struct cprov_layer_tree *t,
                                                           uint32_t id);
/* Good as long as the tree; NUL-terminated. */
struct cprov_span cprov_layer_tree_text(const struct cprov_layer_tree *t, uint32_t text);
uint32_t cprov_layer_tree_child(const struct cprov_layer_tree *t, uint32_t dir,
                                struct cprov_span name);
/* The name that the member of that number was added as; 0: a whiteout, or nothing. */
uint32_t cprov_layer_tree_of_member(const struct cprov_layer_tree *t, uint32_t member);

/* The directory of that (clean) path, with what is missing of it. */
CPROV_MUST_CHECK
int cprov_layer_tree_make(struct cprov_layer_tree *t, struct cprov_span path, uint32_t *out,
                          struct cprov_error *err);
/* Whether a name stands below something that is not known to be a directory: the layer may have
 * gone through a link. */
bool cprov_layer_tree_is_odd(const struct cprov_layer_tree *t, uint32_t id);
/* Puts what is below one name below another; of two with one name the later member stays. */
void cprov_layer_tree_move(struct cprov_layer_tree *t, uint32_t from, uint32_t to);

#endif
