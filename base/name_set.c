/* base/name_set.c - hashes alone, in an open table that is at most 7/8 full. */
#include "base/name_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FIRST_ROOM 1024

/* Never 0. */
static uint64_t hash(const struct cprov_name_set *set, uint64_t dir_id, const char *name)
{
    uint64_t h = cprov_keyed_hash(&set->key, dir_id, name, strlen(name));

    return h != 0 ? h : 1;
}

int cprov_name_set_init(struct cprov_name_set *s, struct cprov_error *err)
{
    *s = (struct cprov_name_set){ .slots = NULL };
    return cprov_hash_key_init(&s->key, err);
}

void cprov_name_set_clear(struct cprov_name_set *s)
{
    free(s->slots);
    *s = (struct cprov_name_set){ .slots = NULL };
}

/* The hash's slot, or the free one where it belongs. */
static uint64_t *probe(uint64_t *slots, size_t room, uint64_t h)
{
    size_t i = (size_t)h & (room - 1);

    while (slots[i] != 0 && slots[i] != h)
        i = (i + 1) & (room - 1);
    return &slots[i];
}

static int grow(struct cprov_name_set *s, struct cprov_error *err)
{
    size_t room = s->room ? s->room * 2 : FIRST_ROOM;
    uint64_t *slots = calloc(room, sizeof(*slots));

    if (!slots)
        return cprov_fail_memory(err);
    for (size_t i = 0; i < s->room; i++)
        if (s->slots[i] != 0)
            *probe(slots, room, s->slots[i]) = s->slots[i];
    free(s->slots);
    s->slots = slots;
    s->room = room;
    return 0;
}

int cprov_name_set_add(struct cprov_name_set *s, uint64_t dir_id, const char *name,
                       struct cprov_error *err)
{
    uint64_t h = hash(s, dir_id, name);

    if (s->count >= s->room - s->room / 8) {
        int code = grow(s, err);
        if (code != 0)
            return code;
    }
    uint64_t *slot = probe(s->slots, s->room, h);
    if (*slot == 0)
        s->count++;
    *slot = h;
    return 0;
}

bool cprov_name_set_has(const struct cprov_name_set *s, uint64_t dir_id, const char *name)
{
    uint64_t h = hash(s, dir_id, name);

    return s->count > 0 && *probe(s->slots, s->room, h) == h;
}
