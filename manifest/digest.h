/* manifest/digest.h - a content digest ("sha256:<hex>") as a plain value. */
#ifndef CPROV_MANIFEST_DIGEST_H
#define CPROV_MANIFEST_DIGEST_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/hash.h"
#include "base/span.h"

struct cprov_error;

enum cprov_digest_algo { CPROV_SHA256, CPROV_SHA512 };

#define CPROV_DIGEST_RAW_MAX  64  /* bytes: sha512 */
#define CPROV_DIGEST_TEXT_MAX 136 /* bytes: "sha512:", 128 digits, NUL */

/*
 * Copy by assignment; there is nothing to free. Only cprov_digest_parse(), cprov_digest_finish()
 * and cprov_digest_of() make one, so a digest in hand is always well formed.
 */
struct cprov_digest {
    enum cprov_digest_algo algo;
    uint8_t raw[CPROV_DIGEST_RAW_MAX]; /* bytes past the algorithm's size are 0 */
};

/*
 * Reads "algorithm:hex". Only lower-case hex is accepted: two spellings of one blob would be two
 * keys in the store. *out is written on success alone.
 *
 * Returns 0, CPROV_EINVAL (shape, length or case) or CPROV_EUNSUPPORTED (algorithm).
 * Spec: OCI image-spec v1.1, descriptor.md, "Digests".
 */
CPROV_MUST_CHECK
int cprov_digest_parse(struct cprov_span text, struct cprov_digest *out, struct cprov_error *err);

/* Writes the text form and its NUL into buf; returns buf. Cannot fail. */
const char *cprov_digest_format(const struct cprov_digest *d, char buf[CPROV_DIGEST_TEXT_MAX]);
/* The hex digits alone: a file name under blobs/<algorithm>/. */
const char *cprov_digest_hex(const struct cprov_digest *d, char buf[CPROV_DIGEST_TEXT_MAX]);
/* "sha256" or "sha512". */
const char *cprov_digest_algo_name(enum cprov_digest_algo algo);

static inline bool cprov_digest_equal(const struct cprov_digest *a, const struct cprov_digest *b)
{
    return a->algo == b->algo && memcmp(a->raw, b->raw, sizeof(a->raw)) == 0;
}

/* A hasher for the digest's algorithm, and its end. */
CPROV_MUST_CHECK
int cprov_digest_hasher(enum cprov_digest_algo algo, struct cprov_hasher **out,
                        struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_digest_finish(struct cprov_hasher *h, enum cprov_digest_algo algo,
                        struct cprov_digest *out, struct cprov_error *err);
/* The digest of bytes in memory. */
CPROV_MUST_CHECK
int cprov_digest_of(enum cprov_digest_algo algo, struct cprov_span bytes, struct cprov_digest *out,
                    struct cprov_error *err);

#endif
