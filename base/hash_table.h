/* base/hash_table.h - the one hash table, for names that come from outside. */
#ifndef CPROV_BASE_HASH_TABLE_H
#define CPROV_BASE_HASH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/keyed_hash.h"

struct cprov_error;

/*
 * Eight bytes a slot, at most 7/8 of them taken, at most CPROV_HASH_TABLE_MAX. The key is random in
 * each table, so that nobody outside can choose names that fall together. Names are a number (of a
 * folder, or 0) and some bytes. A table is used in one of two ways:
 *
 * - as a map from names to values, which the caller compares: the table keeps no names;
 * - as a set of names, of which it keeps 64 bits of the hash. That two names share one is as likely
 *   as 1 in 2^64 for each pair, and cannot be brought about from outside.
 *
 * {0} is the empty table.
 */
struct cprov_hash_table {
    uint64_t *slots; /* 0: free */
    size_t room;     /* a power of two, or 0 */
    size_t count;
    struct cprov_hash_key key; /* set with the first slots */
};

#define CPROV_HASH_TABLE_MAX ((size_t)1 << 26)

void cprov_hash_table_clear(struct cprov_hash_table *t);
#define auto_hash_table CPROV_CLEANUP(cprov_hash_table_clear)

/* --- a map --- */

/* Where a search for a name stands. */
struct cprov_hash_walk {
    uint64_t hash;
    size_t steps; /* slots looked at so far */
};

struct cprov_hash_walk cprov_hash_table_walk(const struct cprov_hash_table *t, uint64_t number,
                                             const void *name, size_t len);
/* The next value that may be the name's: the caller compares. 0: there is none left. */
uint32_t cprov_hash_table_next(const struct cprov_hash_table *t, struct cprov_hash_walk *walk);

/* A name that is not in; the value is not 0. */
CPROV_MUST_CHECK
int cprov_hash_table_add(struct cprov_hash_table *t, uint64_t number, const void *name, size_t len,
                         uint32_t value, struct cprov_error *err);
/* Nothing happens when the name does not have this value. */
void cprov_hash_table_remove(struct cprov_hash_table *t, uint64_t number, const void *name,
                             size_t len, uint32_t value);

/* --- a set --- */

/* Once or again. */
CPROV_MUST_CHECK
int cprov_hash_table_note(struct cprov_hash_table *t, uint64_t number, const char *name,
                          struct cprov_error *err);
bool cprov_hash_table_noted(const struct cprov_hash_table *t, uint64_t number, const char *name);

#endif
