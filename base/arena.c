/* base/arena.c - memory of one document, freed at once. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

/* The first block is small, since most documents are; later ones double up to the largest. */
#define BLOCK_FIRST   2048
#define BLOCK_LARGEST (256 * 1024)

struct cprov_arena_block {
    struct cprov_arena_block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) char data[];
};

void cprov_arena_clear(struct cprov_arena *a)
{
    while (a->blocks) {
        struct cprov_arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    a->failed = 0;
}

static struct cprov_arena_block *block_new(struct cprov_arena *a, size_t size)
{
    struct cprov_arena_block *b = calloc(1, sizeof(*b) + size);

    if (!b) {
        a->failed = CPROV_ENOMEM;
        return NULL;
    }
    b->size = size;
    return b;
}

/* Something large gets a block for itself, behind the first, which goes on being filled. */
static void *alloc_large(struct cprov_arena *a, size_t size)
{
    struct cprov_arena_block *b = block_new(a, size);

    if (!b)
        return NULL;
    b->used = size;
    struct cprov_arena_block **link = a->blocks ? &a->blocks->next : &a->blocks;
    b->next = *link;
    *link = b;
    return b->data;
}

static bool add_block(struct cprov_arena *a)
{
    size_t size = BLOCK_FIRST;

    if (a->blocks && a->blocks->size >= BLOCK_FIRST)
        size = a->blocks->size < BLOCK_LARGEST / 2 ? 2 * a->blocks->size : BLOCK_LARGEST;
    struct cprov_arena_block *b = block_new(a, size);
    if (!b)
        return false;
    b->next = a->blocks;
    a->blocks = b;
    return true;
}

static void *alloc_aligned(struct cprov_arena *a, size_t size, size_t align)
{
    struct cprov_arena_block *b = a->blocks;
    size_t start = b ? (b->used + align - 1) & ~(align - 1) : 0;

    if (!b || start > b->size || size > b->size - start) {
        if (size > BLOCK_FIRST / 2)
            return alloc_large(a, size);
        if (!add_block(a))
            return NULL;
        b = a->blocks;
        start = 0;
    }
    b->used = start + size;
    return b->data + start;
}

void *cprov_arena_alloc(struct cprov_arena *a, size_t count, size_t size)
{
    size_t bytes;

    if (a->failed)
        return NULL;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2) {
        a->failed = CPROV_ENOMEM;
        return NULL;
    }
    return alloc_aligned(a, bytes ? bytes : 1, alignof(max_align_t));
}

/* Texts need no alignment, and there are many short ones. */
static char *alloc_text(struct cprov_arena *a, size_t len)
{
    if (a->failed)
        return NULL;
    if (len > SIZE_MAX / 2) {
        a->failed = CPROV_ENOMEM;
        return NULL;
    }
    return alloc_aligned(a, len + 1, 1);
}

char *cprov_arena_text(struct cprov_arena *a, struct cprov_span s)
{
    char *text = alloc_text(a, s.len);

    if (text && s.len)
        memcpy(text, s.ptr, s.len);
    return text;
}

char *cprov_arena_lower(struct cprov_arena *a, struct cprov_span s)
{
    char *text = cprov_arena_text(a, s);

    for (char *p = text; p && *p; p++)
        *p = cprov_lower(*p);
    return text;
}

char *cprov_arena_textf(struct cprov_arena *a, const char *format, ...)
{
    char *text = NULL;
    va_list args, again;

    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len < 0)
        a->failed = CPROV_ENOMEM;
    else if ((text = alloc_text(a, (size_t)len)))
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

int cprov_arena_check(const struct cprov_arena *a, struct cprov_error *err)
{
    return a->failed ? cprov_fail_memory(err) : 0;
}
