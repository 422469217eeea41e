/* rootfs/rootfs_private.h - what the parts of the tree in memory share. */
#ifndef CPROV_ROOTFS_ROOTFS_PRIVATE_H
#define CPROV_ROOTFS_ROOTFS_PRIVATE_H

#include "base/hash_table.h"
#include "rootfs/rootfs.h"

/* Items by the thousand, so that none moves when more come. */
struct cprov_rootfs_pool {
    void **groups;
    size_t groups_count, groups_room, item_size;
    uint32_t count; /* ids are 1..count */
};

struct cprov_rootfs {
    struct cprov_rootfs_pool names, nodes;
    bool windows;
    struct cprov_unpack_limits limits;
    struct cprov_unpack_count count;
    uint32_t member; /* the last one */
    uint32_t layers; /* begun */
    uint32_t made;   /* members of this layer that have a name */
    uint32_t aside;  /* a directory that is in none: what AUFS kept, for hard links to it */

    char **blocks; /* of texts */
    size_t blocks_count, blocks_room;
    size_t block_used; /* bytes of the last one */

    struct cprov_hash_table table; /* of names in directories */
};

struct cprov_rootfs_name *cprov_rootfs_name_at(const struct cprov_rootfs *r, uint32_t id);
struct cprov_rootfs_node *cprov_rootfs_node_at(const struct cprov_rootfs *r, uint32_t id);

/* A text of at most CPROV_UNPACK_PATH bytes. */
CPROV_MUST_CHECK
int cprov_rootfs_add_text(struct cprov_rootfs *r, struct cprov_span s, uint32_t *out,
                          struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_rootfs_add_node(struct cprov_rootfs *r, uint32_t *out, struct cprov_error *err);
/* The name in a directory; 0: none. */
uint32_t cprov_rootfs_child(const struct cprov_rootfs *r, uint32_t dir, struct cprov_span name);
/* The same; made, without a node, when there is none. */
CPROV_MUST_CHECK
int cprov_rootfs_child_or_new(struct cprov_rootfs *r, uint32_t dir, struct cprov_span name,
                              uint32_t *out, struct cprov_error *err);
/* The name is gone, and with it all that is below. */
void cprov_rootfs_detach(struct cprov_rootfs *r, uint32_t name);
/* The first name of a directory that is there; what is gone is left out from now on. */
uint32_t cprov_rootfs_first(const struct cprov_rootfs *r, uint32_t dir);
uint32_t cprov_rootfs_next(const struct cprov_rootfs *r, uint32_t name);

/* rootfs_path.c: the directory a clean path leads to, through links. make: what is missing is made,
 * and what is no directory replaced; else CPROV_ENOTFOUND. */
CPROV_MUST_CHECK
int cprov_rootfs_enter(struct cprov_rootfs *r, struct cprov_span path, bool make, uint32_t *out,
                       struct cprov_error *err);

#endif
