/* base/arena.h - memory of one document, freed at once. */
#ifndef CPROV_BASE_ARENA_H
#define CPROV_BASE_ARENA_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;
struct cprov_arena_block;

/*
 * Sticky like cprov_buf: after a failure every allocation returns NULL; ask cprov_arena_check()
 * before using what was allocated. All memory is zeroed. {0} is a valid empty arena.
 */
struct cprov_arena {
    struct cprov_arena_block *blocks;
    int failed;
};

void cprov_arena_clear(struct cprov_arena *a);

/* Aligned for any type. count * size is overflow-checked. A size of 0 gives a valid pointer. */
void *cprov_arena_alloc(struct cprov_arena *a, size_t count, size_t size);
/* A NUL-terminated copy; NULL on failure. */
char *cprov_arena_text(struct cprov_arena *a, struct cprov_span s);
/* The same with ASCII letters in lower case. */
char *cprov_arena_lower(struct cprov_arena *a, struct cprov_span s);
char *cprov_arena_textf(struct cprov_arena *a, const char *format, ...) CPROV_PRINTF(2, 3);

CPROV_MUST_CHECK
int cprov_arena_check(const struct cprov_arena *a, struct cprov_error *err);

#endif
