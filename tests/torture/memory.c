/* malloc and its family for the whole program, libraries included; glibc's own do the work. */
#include "memory.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);
void *memalign(size_t alignment, size_t size);

static atomic_long live, left;
static atomic_bool armed, rest_too, said_no;

void memory_fail(long n, bool from_then_on)
{
    left = n;
    rest_too = from_then_on;
    said_no = false;
    armed = true;
}

bool memory_relax(void)
{
    armed = false;
    return said_no;
}

long memory_live(void)
{
    return live;
}

static bool refused(void)
{
    if (!armed)
        return false;
    long now = atomic_fetch_sub(&left, 1);
    if (now > 1 || (now < 1 && !rest_too))
        return false;
    said_no = true;
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    if (block)
        atomic_fetch_add(&live, 1);
    return block;
}

void *malloc(size_t size)
{
    return refused() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return refused() ? NULL : counted(__libc_calloc(count, size));
}

/* Of size 0 it frees, as glibc has it. */
void *realloc(void *old, size_t size)
{
    if (!old)
        return malloc(size);
    if (size == 0) {
        free(old);
        return NULL;
    }
    return refused() ? NULL : __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
    return refused() ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *block = memalign(alignment, size);

    if (!block)
        return ENOMEM;
    *out = block;
    return 0;
}

void free(void *block)
{
    if (block)
        atomic_fetch_sub(&live, 1);
    __libc_free(block);
}
