/* store/digest_set.c - a list, and a table that leads into it. */
#include "store/digest_set.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/grow.h"

void cprov_digest_set_clear(struct cprov_digest_set *s)
{
    free(s->list);
    cprov_hash_table_clear(&s->table);
    *s = (struct cprov_digest_set){ 0 };
}

int cprov_digest_set_add(struct cprov_digest_set *s, const struct cprov_digest *d, size_t *index,
                         bool *added, struct cprov_error *err)
{
    *added = !cprov_digest_set_find(s, d, index);
    if (!*added)
        return 0;
    if (cprov_grow(&s->list, &s->room, s->count, sizeof(*s->list), CPROV_HASH_TABLE_MAX, err) < 0 ||
        cprov_hash_table_add(&s->table, d->algo, d->raw, sizeof(d->raw), (uint32_t)(s->count + 1),
                             err) < 0)
        return err->code;
    s->list[s->count] = *d;
    *index = s->count++;
    return 0;
}

bool cprov_digest_set_find(const struct cprov_digest_set *s, const struct cprov_digest *d,
                           size_t *index)
{
    struct cprov_hash_walk walk = cprov_hash_table_walk(&s->table, d->algo, d->raw, sizeof(d->raw));
    uint32_t number;

    while ((number = cprov_hash_table_next(&s->table, &walk)) != 0) {
        if (!cprov_digest_equal(&s->list[number - 1], d))
            continue;
        if (index)
            *index = number - 1;
        return true;
    }
    return false;
}
