/* rootfs/rootfs.c - names in one hash table, their texts in blocks; walking through them. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"
#include "rootfs/rootfs_private.h"

#define GROUP_BITS 10 /* items are allocated by the thousand */
#define GROUP_SIZE (1u << GROUP_BITS)
#define BLOCK_BITS 16 /* and texts by 64 KiB, none across two blocks */
#define BLOCK_SIZE (1u << BLOCK_BITS)
#define BLOCKS_MAX (1u << 14)
#define TEXT_HEAD  2          /* bytes of a length */
#define NAMES_MAX  (1u << 25) /* more than members can make: with folders that none describes */

/* --- items --- */

static void *item_at(const struct cprov_rootfs_pool *p, uint32_t id)
{
    return (char *)p->groups[id >> GROUP_BITS] + (id & (GROUP_SIZE - 1)) * p->item_size;
}

struct cprov_rootfs_name *cprov_rootfs_name_at(const struct cprov_rootfs *r, uint32_t id)
{
    return item_at(&r->names, id);
}

struct cprov_rootfs_node *cprov_rootfs_node_at(const struct cprov_rootfs *r, uint32_t id)
{
    return item_at(&r->nodes, id);
}

const struct cprov_rootfs_name *cprov_rootfs_name(const struct cprov_rootfs *r, uint32_t name)
{
    return cprov_rootfs_name_at(r, name);
}

const struct cprov_rootfs_node *cprov_rootfs_node(const struct cprov_rootfs *r, uint32_t node)
{
    return cprov_rootfs_node_at(r, node);
}

uint32_t cprov_rootfs_members(const struct cprov_rootfs *r)
{
    return r->member;
}

static int add_item(struct cprov_rootfs_pool *p, uint32_t *out, struct cprov_error *err)
{
    uint32_t id = p->count + 1;

    if (id >= NAMES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "the layers have more than %u names", NAMES_MAX);
    if (id >> GROUP_BITS >= p->groups_count) {
        if (cprov_grow(&p->groups, &p->groups_room, p->groups_count, sizeof(void *),
                       (NAMES_MAX >> GROUP_BITS) + 1, err) < 0)
            return err->code;
        p->groups[p->groups_count] = calloc(GROUP_SIZE, p->item_size);
        if (!p->groups[p->groups_count])
            return cprov_fail_memory(err);
        p->groups_count++;
    }
    p->count = id;
    *out = id;
    return 0;
}

static void pool_clear(struct cprov_rootfs_pool *p)
{
    for (size_t i = 0; i < p->groups_count; i++)
        free(p->groups[i]);
    free(p->groups);
}

int cprov_rootfs_add_node(struct cprov_rootfs *r, uint32_t *out, struct cprov_error *err)
{
    return add_item(&r->nodes, out, err);
}

/* --- texts --- */

struct cprov_span cprov_rootfs_text(const struct cprov_rootfs *r, uint32_t text)
{
    const char *p = r->blocks[text >> BLOCK_BITS] + (text & (BLOCK_SIZE - 1));
    uint16_t len;

    memcpy(&len, p, TEXT_HEAD);
    return cprov_span_make(p + TEXT_HEAD, len);
}

static int add_block(struct cprov_rootfs *r, struct cprov_error *err)
{
    if (r->blocks_count >= BLOCKS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "the names of the layers have more than %zu bytes",
                          (size_t)BLOCKS_MAX * BLOCK_SIZE);
    if (cprov_grow(&r->blocks, &r->blocks_room, r->blocks_count, sizeof(char *), BLOCKS_MAX, err) <
        0)
        return err->code;
    r->blocks[r->blocks_count] = malloc(BLOCK_SIZE);
    if (!r->blocks[r->blocks_count])
        return cprov_fail_memory(err);
    r->blocks_count++;
    r->block_used = 0;
    return 0;
}

int cprov_rootfs_add_text(struct cprov_rootfs *r, struct cprov_span s, uint32_t *out,
                          struct cprov_error *err)
{
    size_t need = TEXT_HEAD + s.len + 1;
    uint16_t len = (uint16_t)s.len;

    if ((r->blocks_count == 0 || r->block_used + need > BLOCK_SIZE) && add_block(r, err) < 0)
        return err->code;
    char *p = r->blocks[r->blocks_count - 1] + r->block_used;
    memcpy(p, &len, TEXT_HEAD);
    if (s.len > 0)
        memcpy(p + TEXT_HEAD, s.ptr, s.len);
    p[TEXT_HEAD + s.len] = '\0';
    *out = (uint32_t)(((r->blocks_count - 1) << BLOCK_BITS) + r->block_used);
    r->block_used += need;
    return 0;
}

/* --- names in directories --- */

/* Letters beyond ASCII keep their case, as in unpack_windows.c. */
static bool same_text(const struct cprov_rootfs *r, struct cprov_span a, struct cprov_span b)
{
    return r->windows ? cprov_span_equal_nocase(a, b) : cprov_span_equal(a, b);
}

/* The bytes that a name is looked up by. */
static struct cprov_span key_of(const struct cprov_rootfs *r, struct cprov_span name,
                                char folded[CPROV_UNPACK_PATH])
{
    if (!r->windows)
        return name;
    for (size_t i = 0; i < name.len; i++)
        folded[i] = cprov_lower(name.ptr[i]);
    return cprov_span_make(folded, name.len);
}

uint32_t cprov_rootfs_child(const struct cprov_rootfs *r, uint32_t dir, struct cprov_span name)
{
    char folded[CPROV_UNPACK_PATH];
    struct cprov_span key = key_of(r, name, folded);
    struct cprov_hash_walk walk = cprov_hash_table_walk(&r->table, dir, key.ptr, key.len);
    uint32_t id;

    while ((id = cprov_hash_table_next(&r->table, &walk)) != 0) {
        const struct cprov_rootfs_name *n = cprov_rootfs_name_at(r, id);

        if (n->dir == dir && same_text(r, cprov_rootfs_text(r, n->text), name))
            break;
    }
    return id;
}

int cprov_rootfs_child_or_new(struct cprov_rootfs *r, uint32_t dir, struct cprov_span name,
                              uint32_t *out, struct cprov_error *err)
{
    uint32_t id = cprov_rootfs_child(r, dir, name), text;
    struct cprov_rootfs_node *d = cprov_rootfs_node_at(r, dir);
    char folded[CPROV_UNPACK_PATH];

    *out = id;
    if (id)
        return 0;
    if (d->path_len + (d->path_len ? 1u : 0u) + name.len > CPROV_UNPACK_PATH)
        return cprov_fail(err, CPROV_EVERIFY, "the name is too long for a file system");
    struct cprov_span key = key_of(r, name, folded);
    if (cprov_rootfs_add_text(r, name, &text, err) < 0 || add_item(&r->names, &id, err) < 0 ||
        cprov_hash_table_add(&r->table, dir, key.ptr, key.len, id, err) < 0)
        return err->code;
    struct cprov_rootfs_name *n = cprov_rootfs_name_at(r, id);
    *n = (struct cprov_rootfs_name){ .dir = dir, .text = text, .next = d->child };
    d->child = id;
    *out = id;
    return 0;
}

void cprov_rootfs_detach(struct cprov_rootfs *r, uint32_t name)
{
    struct cprov_rootfs_name *n = cprov_rootfs_name_at(r, name);
    char folded[CPROV_UNPACK_PATH];
    struct cprov_span key = key_of(r, cprov_rootfs_text(r, n->text), folded);

    cprov_hash_table_remove(&r->table, n->dir, key.ptr, key.len, name);
    n->node = 0;
}

/* Takes what is gone out of a list as it passes. */
static uint32_t skip_gone(const struct cprov_rootfs *r, uint32_t *link)
{
    while (*link && !cprov_rootfs_name_at(r, *link)->node)
        *link = cprov_rootfs_name_at(r, *link)->next;
    return *link;
}

uint32_t cprov_rootfs_first(const struct cprov_rootfs *r, uint32_t dir)
{
    return skip_gone(r, &cprov_rootfs_node_at(r, dir)->child);
}

bool cprov_rootfs_has_names(const struct cprov_rootfs *r, uint32_t dir)
{
    return cprov_rootfs_first(r, dir) != 0;
}

uint32_t cprov_rootfs_next(const struct cprov_rootfs *r, uint32_t name)
{
    return skip_gone(r, &cprov_rootfs_name_at(r, name)->next);
}

/* --- life --- */

static int make_root(struct cprov_rootfs *r, struct cprov_error *err)
{
    uint32_t name, node, empty;

    if (cprov_rootfs_add_text(r, cprov_span_of(""), &empty, err) < 0 ||
        add_item(&r->names, &name, err) < 0 || add_item(&r->nodes, &node, err) < 0 ||
        add_item(&r->nodes, &r->aside, err) < 0)
        return err->code;
    *cprov_rootfs_name_at(r, name) = (struct cprov_rootfs_name){ .text = empty, .node = node };
    *cprov_rootfs_node_at(r, node) =
        (struct cprov_rootfs_node){ .type = CPROV_TAR_DIR, .mode = 0755, .name = name };
    *cprov_rootfs_node_at(r, r->aside) =
        (struct cprov_rootfs_node){ .type = CPROV_TAR_DIR, .name = name };
    return 0;
}

int cprov_rootfs_new(const struct cprov_rootfs_options *options, struct cprov_rootfs **out,
                     struct cprov_error *err)
{
    auto_rootfs struct cprov_rootfs *r = calloc(1, sizeof(*r));

    if (!r)
        return cprov_fail_memory(err);
    r->names.item_size = sizeof(struct cprov_rootfs_name);
    r->nodes.item_size = sizeof(struct cprov_rootfs_node);
    r->windows = options->windows;
    r->limits = options->limits;
    cprov_unpack_limits_fill(&r->limits);
    if (make_root(r, err) < 0)
        return err->code;
    *out = cprov_steal(&r);
    return 0;
}

void cprov_rootfs_free(struct cprov_rootfs *r)
{
    if (!r)
        return;
    pool_clear(&r->names);
    pool_clear(&r->nodes);
    for (size_t i = 0; i < r->blocks_count; i++)
        free(r->blocks[i]);
    free(r->blocks);
    cprov_hash_table_clear(&r->table);
    free(r);
}
