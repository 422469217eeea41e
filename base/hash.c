/* base/hash.c - cryptographic hashes as streams; the home of OpenSSL. */
#include "base/hash.h"

#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

static struct hash_algo {
    const char *name;
    size_t size;              /* raw bytes */
    _Atomic(EVP_MD *) method; /* fetched once: a look-up costs more than a small hash */
} algos[] = {
    [CPROV_HASH_SHA256] = { "SHA256", 32, NULL },
    [CPROV_HASH_SHA512] = { "SHA512", 64, NULL },
    [CPROV_HASH_SHA384] = { "SHA384", 48, NULL },
};

struct cprov_hasher {
    const struct hash_algo *algo;
    const EVP_MD *method;
    EVP_MD_CTX *context;
};

/* When two threads come first at once, the second keeps what the first has stored. */
static const EVP_MD *method_of(struct hash_algo *algo)
{
    EVP_MD *method = atomic_load(&algo->method);

    if (method)
        return method;
    EVP_MD *fetched = EVP_MD_fetch(NULL, algo->name, NULL);
    if (fetched && !atomic_compare_exchange_strong(&algo->method, &method, fetched)) {
        EVP_MD_free(fetched);
        return method;
    }
    return fetched;
}

int cprov_hasher_new(enum cprov_hash_algo algo, struct cprov_hasher **out, struct cprov_error *err)
{
    auto_hasher struct cprov_hasher *h = calloc(1, sizeof(*h));

    if (!h)
        return cprov_fail_memory(err);
    h->algo = &algos[algo];
    h->method = method_of(&algos[algo]);
    if (!h->method)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "OpenSSL does not provide %s", h->algo->name);
    h->context = EVP_MD_CTX_new();
    if (!h->context)
        return cprov_fail_memory(err);

    if (cprov_hasher_reset(h, err) < 0)
        return err->code;
    *out = cprov_steal(&h);
    return 0;
}

void cprov_hasher_free(struct cprov_hasher *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->context);
    free(h);
}

int cprov_hasher_reset(struct cprov_hasher *h, struct cprov_error *err)
{
    if (EVP_DigestInit_ex2(h->context, h->method, NULL) != 1)
        return cprov_fail(err, CPROV_EFAIL, "%s cannot be started", h->algo->name);
    return 0;
}

int cprov_hasher_update(struct cprov_hasher *h, const void *data, size_t len,
                        struct cprov_error *err)
{
    if (len && EVP_DigestUpdate(h->context, data, len) != 1)
        return cprov_fail(err, CPROV_EFAIL, "%s failed", h->algo->name);
    return 0;
}

int cprov_hasher_finish(struct cprov_hasher *h, uint8_t raw[CPROV_HASH_RAW_MAX],
                        struct cprov_error *err)
{
    uint8_t made[EVP_MAX_MD_SIZE] = { 0 };

    if (EVP_DigestFinal_ex(h->context, made, NULL) != 1)
        return cprov_fail(err, CPROV_EFAIL, "%s cannot be finished", h->algo->name);
    memcpy(raw, made, CPROV_HASH_RAW_MAX);
    return 0;
}

size_t cprov_hash_size(enum cprov_hash_algo algo)
{
    return algos[algo].size;
}

int cprov_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                      uint8_t out[CPROV_HMAC_SIZE], struct cprov_error *err)
{
    unsigned made = 0;

    if (key_len > INT_MAX ||
        !HMAC(EVP_sha256(), key_len ? key : "", (int)key_len, data, len, out, &made) ||
        made != CPROV_HMAC_SIZE)
        return cprov_fail(err, CPROV_EFAIL, "OpenSSL cannot compute an HMAC");
    return 0;
}

int cprov_random(void *buf, size_t len, struct cprov_error *err)
{
    char *p = buf;

    while (len) {
        ssize_t got = getrandom(p, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cprov_fail_os(err, errno, "cannot read random bytes");
        p += got;
        len -= (size_t)got;
    }
    return 0;
}

static const char standard_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Writes the 2, 3 or 4 digits of 1, 2 or 3 bytes. */
static size_t encode_group(const uint8_t *in, size_t len, const char *alphabet, char digits[4])
{
    uint32_t bits = (uint32_t)in[0] << 16;

    if (len > 1)
        bits |= (uint32_t)in[1] << 8;
    if (len > 2)
        bits |= in[2];
    for (size_t i = 0; i <= len; i++)
        digits[i] = alphabet[bits >> (18 - 6 * i) & 63];
    return len + 1;
}

static void encode(struct cprov_buf *out, struct cprov_span in, const char *alphabet, bool pad)
{
    const uint8_t *p = (const uint8_t *)in.ptr;
    char digits[4];

    for (size_t left = in.len; left;) {
        size_t len = left < 3 ? left : 3;
        size_t count = encode_group(p, len, alphabet, digits);
        while (pad && count < 4)
            digits[count++] = '=';
        cprov_buf_add(out, digits, count);
        p += len;
        left -= len;
    }
}

void cprov_base64_encode(struct cprov_buf *out, struct cprov_span in)
{
    encode(out, in, standard_alphabet, true);
}

void cprov_base64url_encode(struct cprov_buf *out, struct cprov_span in)
{
    encode(out, in, url_alphabet, false);
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (cprov_is_lower(c))
        return c - 'a' + 26;
    if (cprov_is_digit(c))
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Length without the padding, which is all or nothing; false when it is neither. */
static bool strip_padding(struct cprov_span *in)
{
    size_t whole = in->len;

    while (in->len && whole - in->len < 2 && in->ptr[in->len - 1] == '=')
        in->len--;
    return (whole == in->len || whole % 4 == 0) && in->len % 4 != 1;
}

/* Bits that encode nothing must be 0, so that bytes have one spelling. */
static bool is_base64(struct cprov_span in)
{
    for (size_t i = 0; i < in.len; i++)
        if (digit_value(in.ptr[i]) < 0)
            return false;
    if (in.len % 4 == 0)
        return true;
    return (digit_value(in.ptr[in.len - 1]) & (in.len % 4 == 2 ? 15 : 3)) == 0;
}

int cprov_base64_decode(struct cprov_span in, struct cprov_buf *out, struct cprov_error *err)
{
    if (!strip_padding(&in) || !is_base64(in))
        return cprov_fail(err, CPROV_EINVAL, "not base64");

    uint32_t bits = 0;
    for (size_t i = 0; i < in.len; i++) {
        bits = bits << 6 | (uint32_t)digit_value(in.ptr[i]);
        if (i % 4 == 0)
            continue;
        cprov_buf_add_char(out, (char)(uint8_t)(bits >> (6 - 2 * (i % 4))));
    }
    return cprov_buf_check(out, "decoded base64", err);
}
