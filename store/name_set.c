/* store/name_set.c - SipHash-2-4 in an open table that is at most 7/8 full. */
#include "store/name_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"

#define FIRST_ROOM 1024

struct sip {
    uint64_t v[4];
};

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(struct sip *s)
{
    s->v[0] += s->v[1];
    s->v[1] = rotate(s->v[1], 13) ^ s->v[0];
    s->v[0] = rotate(s->v[0], 32);
    s->v[2] += s->v[3];
    s->v[3] = rotate(s->v[3], 16) ^ s->v[2];
    s->v[0] += s->v[3];
    s->v[3] = rotate(s->v[3], 21) ^ s->v[0];
    s->v[2] += s->v[1];
    s->v[1] = rotate(s->v[1], 17) ^ s->v[2];
    s->v[2] = rotate(s->v[2], 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
    s->v[3] ^= word;
    sip_round(s);
    sip_round(s);
    s->v[0] ^= word;
}

/* Never 0. */
static uint64_t hash(const struct cprov_name_set *set, uint64_t dir_id, const char *name)
{
    struct sip s = { { set->key[0] ^ 0x736f6d6570736575u, set->key[1] ^ 0x646f72616e646f6du,
                       set->key[0] ^ 0x6c7967656e657261u, set->key[1] ^ 0x7465646279746573u } };
    size_t len = strlen(name), at = 0;
    uint64_t word = 0;

    sip_word(&s, dir_id);
    for (; len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, name + at, sizeof(word));
        sip_word(&s, word);
    }
    word = (uint64_t)len << 56;
    for (unsigned shift = 0; at < len; at++, shift += 8)
        word |= (uint64_t)(unsigned char)name[at] << shift;
    sip_word(&s, word);
    s.v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&s);
    uint64_t h = s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
    return h != 0 ? h : 1;
}

int cprov_name_set_init(struct cprov_name_set *s, struct cprov_error *err)
{
    *s = (struct cprov_name_set){ .slots = NULL };
    return cprov_random(s->key, sizeof(s->key), err);
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
