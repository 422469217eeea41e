/* base/signature.c - detached signatures over streams of bytes, made and verified. */
#include "base/signature.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"

#define RSA_BITS_MIN 2048

struct cprov_signature {
    EVP_PKEY *key;
    EVP_MD_CTX *context;
    bool signs;
};

/* OpenSSL would ask at the terminal, which may be nobody's. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static int read_key(struct cprov_signature *s, const char *file, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_SIGNATURE_MAX);
    int code = cprov_fs_read(AT_FDCWD, file, CPROV_SIGNATURE_MAX, &text, err);
    if (code < 0)
        return cprov_wrap(err, "key");

    BIO *memory = BIO_new_mem_buf(cprov_buf_text(&text), (int)text.len);
    if (memory && s->signs)
        s->key = PEM_read_bio_PrivateKey(memory, NULL, no_passphrase, NULL);
    else if (memory)
        s->key = PEM_read_bio_PUBKEY(memory, NULL, no_passphrase, NULL);
    BIO_free(memory);
    if (text.ptr)
        OPENSSL_cleanse(text.ptr, text.len);
    ERR_clear_error();
    if (s->key)
        return 0;
    return cprov_fail(err, CPROV_EINVAL, "%s: not a PEM file with a %s key%s", file,
                      s->signs ? "private" : "public", s->signs ? " without a passphrase" : "");
}

/* SHA-256 of what is signed is all that is kept of it, so keys that hash for themselves are out. */
static int check_key(const struct cprov_signature *s, const char *file, struct cprov_error *err)
{
    static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
    char group[64] = "";

    if (EVP_PKEY_is_a(s->key, "RSA")) {
        if (EVP_PKEY_get_bits(s->key) >= RSA_BITS_MIN)
            return 0;
        return cprov_fail(err, CPROV_EUNSUPPORTED, "%s: the RSA key has less than %d bits", file,
                          RSA_BITS_MIN);
    }
    if (EVP_PKEY_is_a(s->key, "EC") &&
        EVP_PKEY_get_group_name(s->key, group, sizeof(group), NULL) == 1)
        for (size_t i = 0; i < CPROV_COUNT(curves); i++)
            if (strcmp(group, curves[i]) == 0)
                return 0;
    return cprov_fail(err, CPROV_EUNSUPPORTED, "%s: the key is neither ECDSA (P-256) nor RSA",
                      file);
}

static int begin(struct cprov_signature *s, struct cprov_error *err)
{
    s->context = EVP_MD_CTX_new();
    if (!s->context)
        return cprov_fail_memory(err);
    int good = s->signs
                   ? EVP_DigestSignInit_ex(s->context, NULL, "SHA256", NULL, NULL, s->key, NULL)
                   : EVP_DigestVerifyInit_ex(s->context, NULL, "SHA256", NULL, NULL, s->key, NULL);
    ERR_clear_error();
    return good == 1 ? 0 : cprov_fail(err, CPROV_EFAIL, "OpenSSL cannot use the key");
}

static int open_key(const char *file, bool signs, struct cprov_signature **out,
                    struct cprov_error *err)
{
    auto_signature struct cprov_signature *s = calloc(1, sizeof(*s));

    if (!s)
        return cprov_fail_memory(err);
    s->signs = signs;
    if (read_key(s, file, err) < 0 || check_key(s, file, err) < 0 || begin(s, err) < 0)
        return err->code;
    *out = cprov_steal(&s);
    return 0;
}

int cprov_signature_verifier(const char *key_file, struct cprov_signature **out,
                             struct cprov_error *err)
{
    return open_key(key_file, false, out, err);
}

int cprov_signature_signer(const char *key_file, struct cprov_signature **out,
                           struct cprov_error *err)
{
    return open_key(key_file, true, out, err);
}

void cprov_signature_free(struct cprov_signature *s)
{
    if (!s)
        return;
    EVP_MD_CTX_free(s->context);
    EVP_PKEY_free(s->key);
    free(s);
}

int cprov_signature_update(struct cprov_signature *s, const void *data, size_t len,
                           struct cprov_error *err)
{
    int good = s->signs ? EVP_DigestSignUpdate(s->context, data, len)
                        : EVP_DigestVerifyUpdate(s->context, data, len);

    return good == 1 ? 0 : cprov_fail(err, CPROV_EFAIL, "SHA256 failed");
}

/* Bytes that are a signature are hardly base64 by chance: DER has a 0x02 in its first bytes, and an
 * RSA signature has hundreds of any value. */
static struct cprov_span as_bytes(struct cprov_span signature, struct cprov_buf *decoded)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_SIGNATURE_MAX);
    for (size_t i = 0; i < signature.len; i++)
        if (signature.ptr[i] == '\0' || !strchr(" \t\r\n", signature.ptr[i]))
            cprov_buf_add_char(&text, signature.ptr[i]);
    if (text.len == 0 || text.failed ||
        cprov_base64_decode(cprov_buf_span(&text), decoded, CPROV_IGNORED) < 0)
        return signature;
    return cprov_buf_span(decoded);
}

int cprov_signature_check(struct cprov_signature *s, struct cprov_span signature,
                          struct cprov_error *err)
{
    auto_buf struct cprov_buf decoded = { 0 };

    cprov_buf_init(&decoded, CPROV_SIGNATURE_MAX);
    struct cprov_span raw = as_bytes(signature, &decoded);
    int good =
        EVP_DigestVerifyFinal(s->context, (const unsigned char *)(raw.ptr ? raw.ptr : ""), raw.len);
    ERR_clear_error();
    return good == 1 ? 0
                     : cprov_fail(err, CPROV_EVERIFY, "the signature was not made with this key");
}

int cprov_signature_make(struct cprov_signature *s, struct cprov_buf *out, struct cprov_error *err)
{
    unsigned char raw[1024]; /* RSA of 8192 bits */
    size_t len = sizeof(raw);

    if (EVP_DigestSignFinal(s->context, raw, &len) != 1) {
        ERR_clear_error();
        return cprov_fail(err, CPROV_EFAIL, "OpenSSL cannot sign with the key");
    }
    cprov_buf_add(out, raw, len);
    return cprov_buf_check(out, "signature", err);
}
