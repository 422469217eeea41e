/* base/grow.c - twice the room when it is used up. */
#include "base/grow.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define FIRST_ROOM 16

int cprov_grow(void *list, size_t *room, size_t count, size_t size, size_t max,
               struct cprov_error *err)
{
    void *items;

    if (count < *room)
        return 0;
    if (count >= max)
        return cprov_fail(err, CPROV_ELIMIT, "more than %zu items in a list", max);
    size_t more = *room ? 2 * *room : FIRST_ROOM;
    if (more > max)
        more = max;
    memcpy(&items, list, sizeof(items)); /* a pointer of any type */
    items = reallocarray(items, more, size);
    if (!items)
        return cprov_fail_memory(err);
    memcpy(list, &items, sizeof(items));
    *room = more;
    return 0;
}
