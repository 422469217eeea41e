/* base/signature.h - detached signatures over streams of bytes, made and verified. */
#ifndef CPROV_BASE_SIGNATURE_H
#define CPROV_BASE_SIGNATURE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

/*
 * What `openssl dgst -sha256 -sign` and `cosign sign-blob` make: ECDSA on the NIST curves or RSA
 * (PKCS #1 v1.5, at least 2048 bits) over the SHA-256 of the bytes. Keys are PEM files without a
 * passphrase. Other keys, Ed25519 among them, need the whole document in memory:
 * CPROV_EUNSUPPORTED.
 */
struct cprov_signature;

/* To verify, with a public key ("BEGIN PUBLIC KEY"). CPROV_ENOTFOUND, CPROV_EREFUSED, CPROV_EINVAL
 * (no such key in the file), CPROV_EUNSUPPORTED. */
CPROV_MUST_CHECK
int cprov_signature_verifier(const char *key_file, struct cprov_signature **out,
                             struct cprov_error *err);
/* To sign, with a private key. */
CPROV_MUST_CHECK
int cprov_signature_signer(const char *key_file, struct cprov_signature **out,
                           struct cprov_error *err);
void cprov_signature_free(struct cprov_signature *s);
CPROV_DEFINE_CLEANUP(struct cprov_signature, cprov_signature, cprov_signature_free)
#define auto_signature CPROV_CLEANUP(cprov_signature_cleanup)

CPROV_MUST_CHECK
int cprov_signature_update(struct cprov_signature *s, const void *data, size_t len,
                           struct cprov_error *err);

/* Of a verifier, once: `signature` is DER, or base64 of it with blanks around. CPROV_EVERIFY. */
CPROV_MUST_CHECK
int cprov_signature_check(struct cprov_signature *s, struct cprov_span signature,
                          struct cprov_error *err);
/* Of a signer, once: appends the DER. */
CPROV_MUST_CHECK
int cprov_signature_make(struct cprov_signature *s, struct cprov_buf *out, struct cprov_error *err);

#endif
