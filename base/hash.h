/* base/hash.h - cryptographic hashes as streams; the home of OpenSSL. */
#ifndef CPROV_BASE_HASH_H
#define CPROV_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct cprov_error;

enum cprov_hash_algo { CPROV_HASH_SHA256, CPROV_HASH_SHA512, CPROV_HASH_SHA384 };

#define CPROV_HASH_RAW_MAX 64

struct cprov_hasher;

/* *out is yours: cprov_hasher_free(). */
CPROV_MUST_CHECK
int cprov_hasher_new(enum cprov_hash_algo algo, struct cprov_hasher **out, struct cprov_error *err);
void cprov_hasher_free(struct cprov_hasher *h);
CPROV_DEFINE_CLEANUP(struct cprov_hasher, cprov_hasher, cprov_hasher_free)
#define auto_hasher CPROV_CLEANUP(cprov_hasher_cleanup)

/* Forgets everything hashed so far. */
CPROV_MUST_CHECK
int cprov_hasher_reset(struct cprov_hasher *h, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_hasher_update(struct cprov_hasher *h, const void *data, size_t len,
                        struct cprov_error *err);
/* Writes cprov_hash_size(algo) bytes, the rest of raw is 0. The hasher must be reset before more
 * use. */
CPROV_MUST_CHECK
int cprov_hasher_finish(struct cprov_hasher *h, uint8_t raw[CPROV_HASH_RAW_MAX],
                        struct cprov_error *err);

size_t cprov_hash_size(enum cprov_hash_algo algo); /* bytes */

/* HMAC of RFC 2104 over SHA-256: 32 bytes. */
#define CPROV_HMAC_SIZE 32
CPROV_MUST_CHECK
int cprov_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                      uint8_t out[CPROV_HMAC_SIZE], struct cprov_error *err);

/* Fills buf from the kernel's generator. */
CPROV_MUST_CHECK
int cprov_random(void *buf, size_t len, struct cprov_error *err);

/* base64 of RFC 4648: standard alphabet, or the URL one without padding. Sticky through out. */
struct cprov_buf;
struct cprov_span;
void cprov_base64_encode(struct cprov_buf *out, struct cprov_span in);
void cprov_base64url_encode(struct cprov_buf *out, struct cprov_span in);
/* Accepts both alphabets, with or without padding; CPROV_EINVAL otherwise. */
CPROV_MUST_CHECK
int cprov_base64_decode(struct cprov_span in, struct cprov_buf *out, struct cprov_error *err);

#endif
