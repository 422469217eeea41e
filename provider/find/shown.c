/* provider/find/shown.c - open addressing with a key: who lists a reference chooses its name. */
#include "provider/find/shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define ROOM_FIRST 256

void cprov_shown_clear(struct cprov_shown *s)
{
    free(s->slots);
    *s = (struct cprov_shown){ 0 };
}

/* The slot that holds the hash, or the free one where it belongs. There is always a free one. */
static struct cprov_shown_slot *slot_of(const struct cprov_shown *s, uint64_t hash)
{
    size_t mask = s->slots_count - 1, i = (size_t)hash & mask;

    while (s->slots[i].place && s->slots[i].hash != hash)
        i = (i + 1) & mask;
    return &s->slots[i];
}

static int grow(struct cprov_shown *s, struct cprov_error *err)
{
    struct cprov_shown old = *s;
    size_t room = old.slots_count ? 2 * old.slots_count : ROOM_FIRST;

    if (!old.slots && cprov_hash_key_init(&s->key, err) < 0)
        return err->code;
    s->slots = calloc(room, sizeof(*s->slots));
    if (!s->slots) {
        s->slots = old.slots;
        return cprov_fail_memory(err);
    }
    s->slots_count = room;
    for (size_t i = 0; i < old.slots_count; i++)
        if (old.slots[i].place)
            *slot_of(s, old.slots[i].hash) = old.slots[i];
    free(old.slots);
    return 0;
}

/* What is asked for when the row is installed: its digest when it names no tag. */
static size_t format(const struct cprov_listing *row, char *out, size_t size)
{
    const struct cprov_reference *r = &row->reference;
    char digest[CPROV_DIGEST_TEXT_MAX] = "";

    if (!*r->tag && r->has_digest)
        cprov_digest_format(&r->digest, digest);
    return (size_t)snprintf(out, size, "%s/%s:%s", r->host, r->repository,
                            *r->tag   ? r->tag
                            : *digest ? digest
                                      : row->entry.version);
}

int cprov_shown_add(struct cprov_shown *s, size_t wanted, const struct cprov_listing *row,
                    bool *again, struct cprov_error *err)
{
    char text[2 * CPROV_NAME_MAX + CPROV_DIGEST_TEXT_MAX + CPROV_TAG_MAX];

    *again = false;
    if (!row->place || !*row->reference.host)
        return 0;
    if (2 * s->count >= s->slots_count && s->count < CPROV_FIND_SHOWN_MAX && grow(s, err) < 0)
        return err->code;
    size_t len = format(row, text, sizeof(text));
    uint64_t hash =
        cprov_keyed_hash(&s->key, wanted, text, len < sizeof(text) ? len : sizeof(text) - 1);
    struct cprov_shown_slot *slot = slot_of(s, hash);
    if (slot->place) {
        *again = slot->place != row->place;
    } else if (s->count < CPROV_FIND_SHOWN_MAX) {
        *slot = (struct cprov_shown_slot){ hash, row->place };
        s->count++;
    }
    return 0;
}
