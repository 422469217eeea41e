#include "manifest/digest.h"

#include "base/error.h"

static const struct algo {
    const char *name;
    size_t size; /* raw bytes */
    enum cprov_hash_algo hash;
} algos[] = {
    [CPROV_SHA256] = { "sha256", 32, CPROV_HASH_SHA256 },
    [CPROV_SHA512] = { "sha512", 64, CPROV_HASH_SHA512 },
};

static const struct algo *algo_named(struct cprov_span name)
{
    for (size_t i = 0; i < CPROV_COUNT(algos); i++)
        if (cprov_span_is(name, algos[i].name))
            return &algos[i];
    return NULL;
}

static char *put_hex(char *p, const struct cprov_digest *d)
{
    for (size_t i = 0; i < algos[d->algo].size; i++) {
        *p++ = "0123456789abcdef"[d->raw[i] >> 4];
        *p++ = "0123456789abcdef"[d->raw[i] & 15];
    }
    *p = '\0';
    return p;
}

int cprov_digest_parse(struct cprov_span text, struct cprov_digest *out, struct cprov_error *err)
{
    struct cprov_span name, hex;

    if (!cprov_span_cut(text, ':', &name, &hex))
        return cprov_fail(err, CPROV_EINVAL, "digest has no ':'");

    const struct algo *algo = algo_named(name);
    if (!algo)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "digest algorithm is not sha256 or sha512");
    if (hex.len != 2 * algo->size)
        return cprov_fail(err, CPROV_EINVAL, "%s digest has %zu digits", algo->name, hex.len);

    struct cprov_digest d = { .algo = (enum cprov_digest_algo)(algo - algos) };
    for (size_t i = 0; i < algo->size; i++) {
        int hi = cprov_hex_value(hex.ptr[2 * i]), lo = cprov_hex_value(hex.ptr[2 * i + 1]);

        if (hi < 0 || lo < 0)
            return cprov_fail(err, CPROV_EINVAL, "digest is not lower-case hex");
        d.raw[i] = (uint8_t)(hi << 4 | lo);
    }
    *out = d;
    return 0;
}

const char *cprov_digest_format(const struct cprov_digest *d, char buf[CPROV_DIGEST_TEXT_MAX])
{
    char *p = stpcpy(buf, algos[d->algo].name);

    *p++ = ':';
    put_hex(p, d);
    return buf;
}

const char *cprov_digest_hex(const struct cprov_digest *d, char buf[CPROV_DIGEST_TEXT_MAX])
{
    put_hex(buf, d);
    return buf;
}

const char *cprov_digest_algo_name(enum cprov_digest_algo algo)
{
    return algos[algo].name;
}

int cprov_digest_hasher(enum cprov_digest_algo algo, struct cprov_hasher **out,
                        struct cprov_error *err)
{
    return cprov_hasher_new(algos[algo].hash, out, err);
}

int cprov_digest_finish(struct cprov_hasher *h, enum cprov_digest_algo algo,
                        struct cprov_digest *out, struct cprov_error *err)
{
    struct cprov_digest d = { .algo = algo };
    int rc = cprov_hasher_finish(h, d.raw, err);

    if (rc < 0)
        return rc;
    *out = d;
    return 0;
}

int cprov_digest_of(enum cprov_digest_algo algo, struct cprov_span bytes, struct cprov_digest *out,
                    struct cprov_error *err)
{
    auto_hasher struct cprov_hasher *h = NULL;
    int rc = cprov_digest_hasher(algo, &h, err);

    if (rc == 0 && bytes.len > 0)
        rc = cprov_hasher_update(h, bytes.ptr, bytes.len, err);
    return rc < 0 ? rc : cprov_digest_finish(h, algo, out, err);
}
