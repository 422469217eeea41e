/* store/follow_private.h - a hash that follows a file while it grows. */
#ifndef CPROV_STORE_FOLLOW_PRIVATE_H
#define CPROV_STORE_FOLLOW_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/fs.h"
#include "manifest/digest.h"

struct cprov_error;
struct cprov_follower;
struct cprov_workers;

/*
 * Reads fd (borrowed) from 0 as far as it was told and hashes it, on a thread of the pool
 * (borrowed). size is what the file will have in the end: up to 64 KiB no thread is troubled. All
 * functions are for one thread, which need not wait for the hash before cprov_follower_finish().
 */
CPROV_MUST_CHECK
int cprov_follower_new(int fd, enum cprov_digest_algo algo, uint64_t size,
                       struct cprov_workers *pool, struct cprov_follower **out,
                       struct cprov_error *err);
void cprov_follower_free(struct cprov_follower *f);
CPROV_DEFINE_CLEANUP(struct cprov_follower, cprov_follower, cprov_follower_free)
#define auto_follower CPROV_CLEANUP(cprov_follower_cleanup)

/* The bytes below `limit` are in the file and will not change. Never blocks on the hash. */
CPROV_MUST_CHECK
int cprov_follower_advance(struct cprov_follower *f, uint64_t limit, struct cprov_error *err);
/* Waits until all that was announced is hashed. Afterwards only reset() and free(). */
CPROV_MUST_CHECK
int cprov_follower_finish(struct cprov_follower *f, const struct cprov_cancel *cancel,
                          struct cprov_digest *out, struct cprov_error *err);
/* Back to the beginning of the file; the file may change once this has returned. */
CPROV_MUST_CHECK
int cprov_follower_reset(struct cprov_follower *f, struct cprov_error *err);

#endif
