/* manifest/decode.c - texts of documents. */
#include "manifest/decode_private.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"

int cprov_texts_decode(const struct cprov_json *array, size_t max, struct cprov_arena *arena,
                       const char *const **out, size_t *count, struct cprov_error *err)
{
    size_t n = 0;

    if (array && array->type != CPROV_JSON_ARRAY)
        return cprov_fail(err, CPROV_EVERIFY, "not an array");
    if (array && array->count > max)
        return cprov_fail(err, CPROV_ELIMIT, "%zu items, at most %zu are allowed", array->count,
                          max);

    const char **list = cprov_arena_alloc(arena, array ? array->count : 0, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    for (const struct cprov_json *v = array ? array->child : NULL; v; v = v->next) {
        if (v->type != CPROV_JSON_STRING)
            return cprov_fail(err, CPROV_EVERIFY, "item %zu is not a string", n);
        list[n++] = v->text.ptr;
    }
    *out = list;
    *count = n;
    return 0;
}

const char *cprov_text_keep(const char *text, struct cprov_arena *arena)
{
    return text ? cprov_arena_text(arena, cprov_span_of(text)) : NULL;
}
