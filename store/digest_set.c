/* store/digest_set.c - open addressing with a key: who writes a manifest chooses its digests. */
#include "store/digest_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define ROOM_FIRST 64

void cprov_digest_set_clear(struct cprov_digest_set *s)
{
    free(s->list);
    free(s->slots);
    *s = (struct cprov_digest_set){ 0 };
}

/* The slot that holds the digest, or the free one where it belongs. There is always a free one. */
static size_t slot_of(const struct cprov_digest_set *s, const struct cprov_digest *d)
{
    size_t mask = s->slots_count - 1;
    size_t i = (size_t)cprov_keyed_hash(&s->key, d->algo, d->raw, sizeof(d->raw));

    for (i &= mask; s->slots[i]; i = (i + 1) & mask)
        if (cprov_digest_equal(&s->list[s->slots[i] - 1], d))
            break;
    return i;
}

static int grow(struct cprov_digest_set *s, struct cprov_error *err)
{
    size_t room = s->room ? 2 * s->room : ROOM_FIRST;

    if (room > UINT32_MAX / 2)
        return cprov_fail(err, CPROV_ELIMIT, "too many digests");
    if (!s->slots) {
        int code = cprov_hash_key_init(&s->key, err);
        if (code != 0)
            return code;
    }
    struct cprov_digest *list = reallocarray(s->list, room, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    s->list = list;
    uint32_t *slots = calloc(2 * room, sizeof(*slots));
    if (!slots)
        return cprov_fail_memory(err);
    free(s->slots);
    s->slots = slots;
    s->slots_count = 2 * room;
    s->room = room;
    for (size_t i = 0; i < s->count; i++)
        slots[slot_of(s, &list[i])] = (uint32_t)(i + 1);
    return 0;
}

int cprov_digest_set_add(struct cprov_digest_set *s, const struct cprov_digest *d, size_t *index,
                         bool *added, struct cprov_error *err)
{
    if (cprov_digest_set_find(s, d, index)) {
        *added = false;
        return 0;
    }
    if (s->count == s->room) {
        int code = grow(s, err);
        if (code != 0)
            return code;
    }
    s->list[s->count] = *d;
    s->slots[slot_of(s, d)] = (uint32_t)(s->count + 1);
    *index = s->count++;
    *added = true;
    return 0;
}

bool cprov_digest_set_find(const struct cprov_digest_set *s, const struct cprov_digest *d,
                           size_t *index)
{
    if (s->count == 0)
        return false;
    uint32_t number = s->slots[slot_of(s, d)];
    if (number && index)
        *index = number - 1;
    return number != 0;
}
