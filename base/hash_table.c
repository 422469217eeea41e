/* base/hash_table.c - open addressing. The upper half of a slot is that of the hash, which says
 * where it belongs; the lower half is the value, or in a set the rest of the hash. */
#include "base/hash_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FIRST_ROOM 64
#define VALUE_BITS 32
#define VALUE_MASK UINT32_MAX

static size_t home_of(uint64_t slot, size_t room)
{
    return (size_t)(slot >> VALUE_BITS) & (room - 1);
}

static bool same_hash(uint64_t a, uint64_t b)
{
    return a >> VALUE_BITS == b >> VALUE_BITS;
}

void cprov_hash_table_clear(struct cprov_hash_table *t)
{
    free(t->slots);
    *t = (struct cprov_hash_table){ 0 };
}

/* The slot that holds exactly this, or the free one where it belongs. There is always a free one.
 */
static uint64_t *probe(uint64_t *slots, size_t room, uint64_t slot)
{
    size_t i = home_of(slot, room);

    while (slots[i] != 0 && slots[i] != slot)
        i = (i + 1) & (room - 1);
    return &slots[i];
}

static int make_room(struct cprov_hash_table *t, struct cprov_error *err)
{
    if (t->count < t->room - t->room / 8)
        return 0;
    if (t->count >= CPROV_HASH_TABLE_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "a table has more than %zu names",
                          CPROV_HASH_TABLE_MAX);
    if (!t->slots && cprov_hash_key_init(&t->key, err) < 0)
        return err->code;
    size_t room = t->room ? 2 * t->room : FIRST_ROOM;
    uint64_t *slots = calloc(room, sizeof(*slots));
    if (!slots)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < t->room; i++)
        if (t->slots[i] != 0)
            *probe(slots, room, t->slots[i]) = t->slots[i];
    free(t->slots);
    t->slots = slots;
    t->room = room;
    return 0;
}

static void put(struct cprov_hash_table *t, uint64_t slot)
{
    uint64_t *place = probe(t->slots, t->room, slot);

    t->count += *place == 0;
    *place = slot;
}

/* --- a map --- */

struct cprov_hash_walk cprov_hash_table_walk(const struct cprov_hash_table *t, uint64_t number,
                                             const void *name, size_t len)
{
    return (struct cprov_hash_walk){ .hash = cprov_keyed_hash(&t->key, number, name, len) };
}

uint32_t cprov_hash_table_next(const struct cprov_hash_table *t, struct cprov_hash_walk *walk)
{
    while (t->count > 0) {
        uint64_t slot = t->slots[(home_of(walk->hash, t->room) + walk->steps) & (t->room - 1)];

        if (slot == 0)
            break;
        walk->steps++;
        if (same_hash(slot, walk->hash))
            return (uint32_t)(slot & VALUE_MASK);
    }
    return 0;
}

static uint64_t slot_of(const struct cprov_hash_table *t, uint64_t number, const void *name,
                        size_t len, uint32_t value)
{
    return (cprov_keyed_hash(&t->key, number, name, len) & ~(uint64_t)VALUE_MASK) | value;
}

int cprov_hash_table_add(struct cprov_hash_table *t, uint64_t number, const void *name, size_t len,
                         uint32_t value, struct cprov_error *err)
{
    if (make_room(t, err) < 0)
        return err->code;
    put(t, slot_of(t, number, name, len, value));
    return 0;
}

/* What comes after the free slot moves up where the way from its home leads over it. */
void cprov_hash_table_remove(struct cprov_hash_table *t, uint64_t number, const void *name,
                             size_t len, uint32_t value)
{
    if (t->count == 0)
        return;
    size_t mask = t->room - 1;
    size_t hole =
        (size_t)(probe(t->slots, t->room, slot_of(t, number, name, len, value)) - t->slots);

    if (t->slots[hole] == 0)
        return;
    for (size_t i = (hole + 1) & mask; t->slots[i] != 0; i = (i + 1) & mask) {
        size_t way = (i - home_of(t->slots[i], t->room)) & mask;

        if (way >= ((i - hole) & mask)) {
            t->slots[hole] = t->slots[i];
            hole = i;
        }
    }
    t->slots[hole] = 0;
    t->count--;
}

/* --- a set --- */

/* Never 0. */
static uint64_t mark_of(const struct cprov_hash_table *t, uint64_t number, const char *name)
{
    uint64_t hash = cprov_keyed_hash(&t->key, number, name, strlen(name));

    return hash != 0 ? hash : 1;
}

int cprov_hash_table_note(struct cprov_hash_table *t, uint64_t number, const char *name,
                          struct cprov_error *err)
{
    if (make_room(t, err) < 0)
        return err->code;
    put(t, mark_of(t, number, name));
    return 0;
}

bool cprov_hash_table_noted(const struct cprov_hash_table *t, uint64_t number, const char *name)
{
    uint64_t mark = mark_of(t, number, name);

    return t->count > 0 && *probe(t->slots, t->room, mark) == mark;
}
