/* tests/torture/memory.h - an allocator that says no when told, and counts what is not freed. */
#ifndef CPROV_TESTS_TORTURE_MEMORY_H
#define CPROV_TESTS_TORTURE_MEMORY_H

#include <stdbool.h>

/* From now on the n-th allocation (from 1) of any thread fails; with `from_then_on` all later ones
 * too. */
void memory_fail(long n, bool from_then_on);
/* No more failures; returns whether there was one. */
bool memory_relax(void);
/* Blocks allocated and not freed, since the program began. */
long memory_live(void);

#endif
