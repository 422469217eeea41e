/* provider/layer_tree.c - names in one array, found by one hash table, their texts in blocks. */
#include "provider/layer_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "store/tree.h"

#define WHITEOUT                                                                                   \
    "."                                                                                            \
    "wh."
#define RESERVED WHITEOUT WHITEOUT
#define OPAQUE   RESERVED ".opq"

#define NAMES_MAX   CPROV_UNPACK_ENTRIES
#define GROUP_BITS  10 /* names are allocated by the thousand */
#define GROUP_SIZE  (1u << GROUP_BITS)
#define BLOCK_BITS  16 /* and texts by 64 KiB, none across two blocks */
#define BLOCK_SIZE  (1u << BLOCK_BITS)
#define BLOCKS_MAX  (1u << 14)
#define TEXT_HEAD   2 /* bytes of a length */
#define BUCKETS_MIN 256u

struct group {
    struct cprov_layer_name names[GROUP_SIZE];
};

struct details_group {
    struct cprov_layer_details list[GROUP_SIZE];
};

struct cprov_layer_tree {
    struct group **groups;
    struct details_group **details; /* as many as groups, or NULL */
    size_t groups_count;
    uint32_t count; /* of names */
    bool wants_details;

    char **blocks;
    size_t blocks_count;
    size_t block_used; /* bytes of the last one */

    uint32_t *buckets;
    uint32_t buckets_count; /* a power of two */

    uint32_t *members; /* the name of each */
    size_t members_count, members_room;
};

struct cprov_layer_name *cprov_layer_tree_at(const struct cprov_layer_tree *t, uint32_t id)
{
    return &t->groups[id >> GROUP_BITS]->names[id & (GROUP_SIZE - 1)];
}

static struct cprov_layer_details *details_of(const struct cprov_layer_tree *t, uint32_t id)
{
    return &t->details[id >> GROUP_BITS]->list[id & (GROUP_SIZE - 1)];
}

const struct cprov_layer_details *cprov_layer_tree_details(const struct cprov_layer_tree *t,
                                                           uint32_t id)
{
    return details_of(t, id);
}

uint32_t cprov_layer_tree_count(const struct cprov_layer_tree *t)
{
    return t->count;
}

uint32_t cprov_layer_tree_of_member(const struct cprov_layer_tree *t, uint32_t member)
{
    return member <= t->members_count ? t->members[member - 1] : 0;
}

/* --- texts --- */

struct cprov_span cprov_layer_tree_text(const struct cprov_layer_tree *t, uint32_t text)
{
    const char *p = t->blocks[text >> BLOCK_BITS] + (text & (BLOCK_SIZE - 1));
    uint16_t len;

    memcpy(&len, p, TEXT_HEAD);
    return cprov_span_make(p + TEXT_HEAD, len);
}

static int add_block(struct cprov_layer_tree *t, struct cprov_error *err)
{
    if (t->blocks_count >= BLOCKS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "the names of a layer are too many");
    char **blocks = reallocarray(t->blocks, t->blocks_count + 1, sizeof(*blocks));
    if (!blocks)
        return cprov_fail_memory(err);
    t->blocks = blocks;
    blocks[t->blocks_count] = malloc(BLOCK_SIZE);
    if (!blocks[t->blocks_count])
        return cprov_fail_memory(err);
    t->blocks_count++;
    t->block_used = 0;
    return 0;
}

/* s has at most CPROV_UNPACK_PATH bytes. */
static int add_text(struct cprov_layer_tree *t, struct cprov_span s, uint32_t *out,
                    struct cprov_error *err)
{
    size_t need = TEXT_HEAD + s.len + 1;
    uint16_t len = (uint16_t)s.len;

    if (t->blocks_count == 0 || t->block_used + need > BLOCK_SIZE) {
        int code = add_block(t, err);
        if (code != 0)
            return code;
    }
    char *p = t->blocks[t->blocks_count - 1] + t->block_used;
    memcpy(p, &len, TEXT_HEAD);
    if (s.len > 0)
        memcpy(p + TEXT_HEAD, s.ptr, s.len);
    p[TEXT_HEAD + s.len] = '\0';
    *out = (uint32_t)(((t->blocks_count - 1) << BLOCK_BITS) + t->block_used);
    t->block_used += need;
    return 0;
}

/* --- the hash table: a name by its directory and its text --- */

static uint32_t bucket_of(const struct cprov_layer_tree *t, uint32_t dir, struct cprov_span name)
{
    uint32_t h = 2166136261u ^ dir;

    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.ptr[i]) * 16777619u;
    h ^= h >> 15;
    return h & (t->buckets_count - 1);
}

static void hash_in(struct cprov_layer_tree *t, uint32_t id)
{
    struct cprov_layer_name *n = cprov_layer_tree_at(t, id);
    uint32_t b = bucket_of(t, n->parent, cprov_layer_tree_text(t, n->text));

    n->chain = t->buckets[b];
    t->buckets[b] = id;
}

static void hash_out(struct cprov_layer_tree *t, uint32_t id)
{
    struct cprov_layer_name *n = cprov_layer_tree_at(t, id);
    uint32_t *slot = &t->buckets[bucket_of(t, n->parent, cprov_layer_tree_text(t, n->text))];

    while (*slot && *slot != id)
        slot = &cprov_layer_tree_at(t, *slot)->chain;
    if (*slot)
        *slot = n->chain;
}

static int grow_buckets(struct cprov_layer_tree *t, struct cprov_error *err)
{
    uint32_t count = t->buckets_count ? 2 * t->buckets_count : BUCKETS_MIN;
    uint32_t *buckets = calloc(count, sizeof(*buckets));

    if (!buckets)
        return cprov_fail_memory(err);
    free(t->buckets);
    t->buckets = buckets;
    t->buckets_count = count;
    for (uint32_t id = CPROV_NAME_ROOT + 1; id <= t->count; id++)
        if (!(cprov_layer_tree_at(t, id)->flags & CPROV_NAME_GONE))
            hash_in(t, id);
    return 0;
}

uint32_t cprov_layer_tree_child(const struct cprov_layer_tree *t, uint32_t dir,
                                struct cprov_span name)
{
    uint32_t id = t->buckets[bucket_of(t, dir, name)];

    for (; id; id = cprov_layer_tree_at(t, id)->chain) {
        const struct cprov_layer_name *n = cprov_layer_tree_at(t, id);

        if (n->parent == dir && cprov_span_equal(cprov_layer_tree_text(t, n->text), name))
            break;
    }
    return id;
}

/* --- names --- */

static int add_group(struct cprov_layer_tree *t, struct cprov_error *err)
{
    size_t count = t->groups_count;
    struct group **groups = reallocarray(t->groups, count + 1, sizeof(struct group *));

    if (!groups)
        return cprov_fail_memory(err);
    t->groups = groups;
    groups[count] = calloc(1, sizeof(struct group));
    if (!groups[count])
        return cprov_fail_memory(err);
    t->groups_count++;
    if (!t->wants_details)
        return 0;
    struct details_group **details = reallocarray(t->details, count + 1, sizeof(*details));
    if (!details)
        return cprov_fail_memory(err);
    t->details = details;
    details[count] = calloc(1, sizeof(struct details_group));
    return details[count] ? 0 : cprov_fail_memory(err);
}

static int add_name(struct cprov_layer_tree *t, uint32_t dir, struct cprov_span name, uint32_t *out,
                    struct cprov_error *err)
{
    uint32_t id = t->count + 1, text;
    int code = 0;

    if (id >= NAMES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "a layer has more than %llu names", NAMES_MAX);
    if (id >> GROUP_BITS >= t->groups_count)
        code = add_group(t, err);
    if (code == 0 && t->count >= t->buckets_count)
        code = grow_buckets(t, err);
    if (code == 0)
        code = add_text(t, name, &text, err);
    if (code != 0)
        return code;
    struct cprov_layer_name *n = cprov_layer_tree_at(t, id);
    *n = (struct cprov_layer_name){ .parent = dir, .text = text, .type = CPROV_TAR_DIR };
    t->count = id;
    if (dir) {
        struct cprov_layer_name *parent = cprov_layer_tree_at(t, dir);

        n->sibling = parent->child;
        parent->child = id;
        hash_in(t, id);
    }
    *out = id;
    return 0;
}

int cprov_layer_tree_new(bool details, struct cprov_layer_tree **out, struct cprov_error *err)
{
    struct cprov_layer_tree *t = calloc(1, sizeof(*t));
    uint32_t root;

    if (!t)
        return cprov_fail_memory(err);
    t->wants_details = details;
    int code = add_name(t, 0, cprov_span_of(""), &root, err);
    if (code != 0) {
        cprov_layer_tree_free(t);
        return code;
    }
    *out = t;
    return 0;
}

void cprov_layer_tree_free(struct cprov_layer_tree *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->groups_count; i++) {
        free(t->groups[i]);
        if (t->details)
            free(t->details[i]);
    }
    for (size_t i = 0; i < t->blocks_count; i++)
        free(t->blocks[i]);
    free(t->groups);
    free(t->details);
    free(t->blocks);
    free(t->buckets);
    free(t->members);
    free(t);
}

static int child_or_new(struct cprov_layer_tree *t, uint32_t dir, struct cprov_span name,
                        uint32_t *out, struct cprov_error *err)
{
    *out = cprov_layer_tree_child(t, dir, name);
    return *out ? 0 : add_name(t, dir, name, out, err);
}

/* Another one of the same name takes its place; what stood below is out of reach. */
static int replace(struct cprov_layer_tree *t, uint32_t *id, struct cprov_error *err)
{
    struct cprov_layer_name *old = cprov_layer_tree_at(t, *id);
    struct cprov_span text = cprov_layer_tree_text(t, old->text);
    uint8_t hidden = old->flags & CPROV_NAME_HIDDEN;
    uint32_t fresh;

    hash_out(t, *id);
    old->flags |= CPROV_NAME_GONE;
    int code = add_name(t, old->parent, text, &fresh, err);
    if (code != 0)
        return code;
    cprov_layer_tree_at(t, fresh)->flags = hidden;
    *id = fresh;
    return 0;
}

/* A file in the way of a directory goes; a link may lead to one. */
static int enter(struct cprov_layer_tree *t, uint32_t *id, struct cprov_error *err)
{
    const struct cprov_layer_name *n = cprov_layer_tree_at(t, *id);

    if (!n->member || n->type == CPROV_TAR_DIR || n->type == CPROV_TAR_SYMLINK)
        return 0;
    return replace(t, id, err);
}

int cprov_layer_tree_make(struct cprov_layer_tree *t, struct cprov_span path, uint32_t *out,
                          struct cprov_error *err)
{
    struct cprov_span name;
    uint32_t id = CPROV_NAME_ROOT;
    int code = 0;

    while (code == 0 && path.len > 0 && cprov_span_next(&path, '/', &name)) {
        code = child_or_new(t, id, name, &id, err);
        if (code == 0)
            code = enter(t, &id, err);
    }
    if (code == 0)
        *out = id;
    return code;
}

/* --- members --- */

static int count_member(struct cprov_layer_tree *t, struct cprov_error *err)
{
    if (t->members_count == t->members_room) {
        size_t room = t->members_room ? t->members_room + t->members_room / 2 : 256;
        uint32_t *members = reallocarray(t->members, room, sizeof(*members));

        if (!members)
            return cprov_fail_memory(err);
        t->members = members;
        t->members_room = room;
    }
    if (t->members_count >= NAMES_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "a layer has more than %llu members", NAMES_MAX);
    t->members[t->members_count++] = 0;
    return 0;
}

/* Every directory on the way is one: something stands in it. */
static void mark_filled(struct cprov_layer_tree *t, uint32_t id)
{
    for (; id; id = cprov_layer_tree_at(t, id)->parent) {
        struct cprov_layer_name *n = cprov_layer_tree_at(t, id);

        if (n->flags & CPROV_NAME_FILLED)
            break;
        n->flags |= CPROV_NAME_FILLED;
    }
}

static int describe(struct cprov_layer_tree *t, uint32_t id, const struct cprov_tar_entry *e,
                    struct cprov_error *err)
{
    struct cprov_layer_name *n = cprov_layer_tree_at(t, id);

    n->type = (uint8_t)e->type;
    n->member = (uint32_t)t->members_count;
    t->members[t->members_count - 1] = id;
    if (t->wants_details)
        *details_of(t, id) = (struct cprov_layer_details){
            .size = e->size, .uid = e->uid, .gid = e->gid, .mtime = e->mtime_s, .mode = e->mode
        };
    if (e->type != CPROV_TAR_SYMLINK && e->type != CPROV_TAR_HARDLINK)
        return 0;
    if (e->link.len > CPROV_UNPACK_PATH)
        return cprov_fail(err, CPROV_ELIMIT, "the target of a link has more than %d bytes",
                          CPROV_UNPACK_PATH);
    return add_text(t, e->link, &n->link, err);
}

static int add_entry(struct cprov_layer_tree *t, uint32_t dir, struct cprov_span name,
                     const struct cprov_tar_entry *e, struct cprov_error *err)
{
    uint32_t id = CPROV_NAME_ROOT;
    int code = 0;

    if (name.len > 0)
        code = child_or_new(t, dir, name, &id, err);
    else if (e->type != CPROV_TAR_DIR)
        return cprov_fail(err, CPROV_EVERIFY, "the root can only be a directory");
    if (code != 0)
        return code;
    const struct cprov_layer_name *n = cprov_layer_tree_at(t, id);
    bool dir_stays = e->type == CPROV_TAR_DIR && (!n->member || n->type == CPROV_TAR_DIR);
    if (!dir_stays && (n->member || n->child))
        code = replace(t, &id, err);
    if (code == 0)
        code = describe(t, id, e, err);
    if (code == 0)
        mark_filled(t, cprov_layer_tree_at(t, id)->parent);
    return code;
}

static int add_whiteout(struct cprov_layer_tree *t, uint32_t dir, struct cprov_span name,
                        struct cprov_error *err)
{
    struct cprov_span hidden = cprov_span_from(name, strlen(WHITEOUT));
    uint32_t id;

    if (cprov_span_is(name, OPAQUE)) {
        cprov_layer_tree_at(t, dir)->flags |= CPROV_NAME_OPAQUE;
        return 0;
    }
    if (hidden.len == 0 || cprov_span_is(hidden, ".") || cprov_span_is(hidden, ".."))
        return cprov_fail(err, CPROV_EVERIFY, "a whiteout that hides no name");
    int code = child_or_new(t, dir, hidden, &id, err);
    if (code == 0)
        cprov_layer_tree_at(t, id)->flags |= CPROV_NAME_HIDDEN;
    return code;
}

static bool has_component(struct cprov_span path, const char *prefix)
{
    struct cprov_span name;

    while (path.len > 0 && cprov_span_next(&path, '/', &name))
        if (cprov_span_starts_with(name, prefix))
            return true;
    return false;
}

/* What AUFS kept for itself is nobody's file. */
static bool is_reserved(struct cprov_span parent, struct cprov_span name)
{
    return has_component(parent, RESERVED) ||
           (cprov_span_starts_with(name, RESERVED) && !cprov_span_is(name, OPAQUE));
}

int cprov_layer_tree_add(struct cprov_layer_tree *t, const struct cprov_tar_entry *e,
                         struct cprov_error *err)
{
    char clean[CPROV_UNPACK_PATH + 1];
    struct cprov_span parent = { "", 0 }, name;
    uint32_t dir;

    int code = count_member(t, err);
    if (code == 0)
        code = cprov_tree_clean(e->path, CPROV_UNPACK_PATH, clean, err);
    if (code != 0)
        return code;
    name = cprov_span_of(clean);
    (void)cprov_span_cut_last(name, '/', &parent, &name);
    if (is_reserved(parent, name))
        return 0;
    if (has_component(parent, WHITEOUT))
        return cprov_fail(err, CPROV_EVERIFY, "a name below that of a whiteout");
    code = cprov_layer_tree_make(t, parent, &dir, err);
    if (code != 0)
        return code;
    return cprov_span_starts_with(name, WHITEOUT) ? add_whiteout(t, dir, name, err)
                                                  : add_entry(t, dir, name, e, err);
}

/* --- ways through links --- */

bool cprov_layer_tree_is_odd(const struct cprov_layer_tree *t, uint32_t id)
{
    const struct cprov_layer_name *n = cprov_layer_tree_at(t, id);

    return id != CPROV_NAME_ROOT && n->child && !(n->flags & CPROV_NAME_GONE) &&
           (!n->member || n->type == CPROV_TAR_SYMLINK);
}

static void drop(struct cprov_layer_tree *t, uint32_t id)
{
    hash_out(t, id);
    cprov_layer_tree_at(t, id)->flags |= CPROV_NAME_GONE;
}

static void put(struct cprov_layer_tree *t, uint32_t id, uint32_t dir)
{
    struct cprov_layer_name *n = cprov_layer_tree_at(t, id);
    struct cprov_layer_name *parent = cprov_layer_tree_at(t, dir);

    n->parent = dir;
    n->sibling = parent->child;
    parent->child = id;
    hash_in(t, id);
    if (n->member || (n->flags & CPROV_NAME_FILLED))
        mark_filled(t, dir);
}

/* Two names become one: directories are joined, of others the later member stays. */
static void join(struct cprov_layer_tree *t, uint32_t from, uint32_t to)
{
    struct cprov_layer_name *a = cprov_layer_tree_at(t, from), *b = cprov_layer_tree_at(t, to);
    uint32_t dir = b->parent;

    a->flags |= b->flags & CPROV_NAME_HIDDEN;
    b->flags |= a->flags & CPROV_NAME_HIDDEN;
    if (a->type == CPROV_TAR_DIR && b->type == CPROV_TAR_DIR) {
        b->flags |= a->flags & CPROV_NAME_OPAQUE;
        if (a->member > b->member) {
            b->member = a->member;
            t->members[a->member - 1] = to;
            if (t->wants_details)
                *details_of(t, to) = *details_of(t, from);
        }
        cprov_layer_tree_move(t, from, to);
        a->flags |= CPROV_NAME_GONE;
    } else if (a->member > b->member) {
        drop(t, to);
        put(t, from, dir);
    } else {
        a->flags |= CPROV_NAME_GONE;
    }
}

void cprov_layer_tree_move(struct cprov_layer_tree *t, uint32_t from, uint32_t to)
{
    struct cprov_layer_name *source = cprov_layer_tree_at(t, from);
    uint32_t id = source->child, next;

    source->child = 0;
    source->flags &= (uint8_t)~CPROV_NAME_FILLED;
    for (; id; id = next) {
        struct cprov_layer_name *n = cprov_layer_tree_at(t, id);

        next = n->sibling;
        if (n->flags & CPROV_NAME_GONE)
            continue;
        hash_out(t, id);
        uint32_t there = cprov_layer_tree_child(t, to, cprov_layer_tree_text(t, n->text));
        if (there)
            join(t, id, there);
        else
            put(t, id, to);
    }
}
