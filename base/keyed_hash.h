/* base/keyed_hash.h - the hash of tables whose names come from outside: SipHash-2-4. */
#ifndef CPROV_BASE_KEYED_HASH_H
#define CPROV_BASE_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct cprov_error;

/*
 * Random in each table, so that nobody outside can choose names that fall together. Every table
 * that is fed by an archive, a manifest or a server is to use this one.
 */
struct cprov_hash_key {
    uint64_t half[2];
};

CPROV_MUST_CHECK
int cprov_hash_key_init(struct cprov_hash_key *key, struct cprov_error *err);

/* Of a number (of a folder, or 0) and some bytes. */
uint64_t cprov_keyed_hash(const struct cprov_hash_key *key, uint64_t number, const void *data,
                          size_t len);

#endif
