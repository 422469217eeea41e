/* base/keyed_hash.c - SipHash-2-4 of the number (its eight bytes) and what follows it. */
#include "base/keyed_hash.h"

#include <string.h>

#include "base/error.h"
#include "base/hash.h"

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

int cprov_hash_key_init(struct cprov_hash_key *key, struct cprov_error *err)
{
    return cprov_random(key->half, sizeof(key->half), err);
}

uint64_t cprov_keyed_hash(const struct cprov_hash_key *key, uint64_t number, const void *data,
                          size_t len)
{
    struct sip s = { { key->half[0] ^ 0x736f6d6570736575u, key->half[1] ^ 0x646f72616e646f6du,
                       key->half[0] ^ 0x6c7967656e657261u, key->half[1] ^ 0x7465646279746573u } };
    const unsigned char *p = data;
    size_t at = 0;
    uint64_t word = 0;

    sip_word(&s, number);
    for (; len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, p + at, sizeof(word));
        sip_word(&s, word);
    }
    word = (uint64_t)(sizeof(number) + len) << 56;
    for (unsigned shift = 0; at < len; at++, shift += 8)
        word |= (uint64_t)p[at] << shift;
    sip_word(&s, word);
    s.v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(&s);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
