/* serve/proofs_private.h - which files hold what their digest says, and how that is found out. */
#ifndef CPROV_SERVE_PROOFS_PRIVATE_H
#define CPROV_SERVE_PROOFS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "manifest/digest.h"

struct cprov_error;
struct cprov_proofs;
struct cprov_proof_stream;

/*
 * A blob was verified when it came into the store, and may have rotten since. So a file is hashed
 * once before it, or its last byte, is given out; then it is believed for as long as it is the same
 * one: device, inode, size and both times. What is known is kept in a table of fixed size.
 */
CPROV_MUST_CHECK
int cprov_proofs_new(struct cprov_proofs **out, struct cprov_error *err);
/* What is being hashed ends with CPROV_ECANCELLED. */
void cprov_proofs_end(struct cprov_proofs *p);
void cprov_proofs_free(struct cprov_proofs *p); /* NULL-safe */

enum cprov_verdict {
    CPROV_VERDICT_NONE,  /* nothing is known of the file, */
    CPROV_VERDICT_RIGHT, /* it is what its digest says, */
    CPROV_VERDICT_WRONG, /* or not */
};

/* What is known of the file behind fd; it is not read. */
enum cprov_verdict cprov_proofs_known(struct cprov_proofs *p, const struct cprov_digest *digest,
                                      int fd);

/* Hashes the file now. CPROV_EVERIFY when it is not what its digest says. */
CPROV_MUST_CHECK
int cprov_proofs_check(struct cprov_proofs *p, const struct cprov_digest *digest, int fd,
                       struct cprov_error *err);

/* The whole file from its beginning, hashed while it is read. Takes fd, on success alone. */
CPROV_MUST_CHECK
int cprov_proof_stream_new(struct cprov_proofs *p, const struct cprov_digest *digest, int fd,
                           uint64_t size, struct cprov_proof_stream **out, struct cprov_error *err);
/*
 * The next bytes, at most len of them; 0 at the end. The last ones are given when the digest is
 * right, and never otherwise: CPROV_EVERIFY.
 */
ssize_t cprov_proof_stream_read(struct cprov_proof_stream *s, void *out, size_t len);
void cprov_proof_stream_free(struct cprov_proof_stream *s);

#endif
