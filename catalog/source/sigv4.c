/* catalog/source/sigv4.c - the request in its canonical form, hashed, and signed with a key of the
 * day.
 */
#include "catalog/source/sigv4_private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/limits.h"
#include "conf/secret.h"
#include "manifest/digest.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

void cprov_sigv4_date(int64_t time, char out[CPROV_SIGV4_DATE_MAX])
{
    time_t t = (time_t)time;
    struct tm parts = { 0 };

    if (!gmtime_r(&t, &parts) || strftime(out, CPROV_SIGV4_DATE_MAX, "%Y%m%dT%H%M%SZ", &parts) == 0)
        out[0] = '\0';
}

static int add_hash(struct cprov_buf *out, struct cprov_span bytes, struct cprov_error *err)
{
    char text[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest digest;

    if (cprov_digest_of(CPROV_SHA256, bytes, &digest, err) < 0)
        return err->code;
    cprov_buf_add_text(out, cprov_digest_hex(&digest, text));
    return 0;
}

static void add_names(struct cprov_buf *out, const struct cprov_sigv4 *r)
{
    for (size_t i = 0; i < r->headers_count; i++)
        cprov_buf_addf(out, "%s%s", i > 0 ? ";" : "", r->headers[i].name);
}

static int add_canonical(struct cprov_buf *out, const struct cprov_sigv4 *r,
                         struct cprov_error *err)
{
    cprov_buf_addf(out, "%s\n%s\n%s\n", r->method, r->path, r->query);
    for (size_t i = 0; i < r->headers_count; i++)
        cprov_buf_addf(out, "%s:%s\n", r->headers[i].name, r->headers[i].value);
    cprov_buf_add_char(out, '\n');
    add_names(out, r);
    cprov_buf_add_char(out, '\n');
    return add_hash(out, r->content, err);
}

static int mac(uint8_t key[CPROV_HMAC_SIZE], const char *text, struct cprov_error *err)
{
    uint8_t next[CPROV_HMAC_SIZE];
    int code = cprov_hmac_sha256(key, CPROV_HMAC_SIZE, text, strlen(text), next, err);

    if (code == 0)
        memcpy(key, next, sizeof(next));
    explicit_bzero(next, sizeof(next));
    return code;
}

static int day_key(const struct cprov_sigv4 *r, const char *day, uint8_t key[CPROV_HMAC_SIZE],
                   struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf first = { 0 };

    cprov_buf_init(&first, CPROV_KIB);
    cprov_buf_addf(&first, "AWS4%s", r->secret);
    if (cprov_buf_check(&first, "secret key", err) < 0 ||
        cprov_hmac_sha256(first.ptr, first.len, day, strlen(day), key, err) < 0 ||
        mac(key, r->region, err) < 0 || mac(key, r->service, err) < 0)
        return err->code;
    return mac(key, "aws4_request", err);
}

int cprov_sigv4_sign(const struct cprov_sigv4 *r, struct cprov_buf *authorization,
                     struct cprov_error *err)
{
    auto_buf struct cprov_buf canonical = { 0 }, scope = { 0 }, text = { 0 };
    uint8_t key[CPROV_HMAC_SIZE] = { 0 };
    char date[CPROV_SIGV4_DATE_MAX], day[9];

    cprov_buf_init(&canonical, CPROV_HEADER_BYTES_MAX);
    cprov_buf_init(&scope, CPROV_KIB);
    cprov_buf_init(&text, CPROV_KIB);
    cprov_sigv4_date(r->time, date);
    (void)snprintf(day, sizeof(day), "%.8s", date);
    cprov_buf_addf(&scope, "%s/%s/%s/aws4_request", day, r->region, r->service);
    cprov_buf_addf(&text, "%s\n%s\n%s\n", ALGORITHM, date, cprov_buf_text(&scope));
    if (add_canonical(&canonical, r, err) < 0 || cprov_buf_check(&canonical, "request", err) < 0 ||
        add_hash(&text, cprov_buf_span(&canonical), err) < 0 ||
        cprov_buf_check(&text, "request", err) < 0 || day_key(r, day, key, err) < 0 ||
        mac(key, cprov_buf_text(&text), err) < 0)
        return err->code;

    cprov_buf_addf(authorization, "%s Credential=%s/%s, SignedHeaders=", ALGORITHM, r->key_id,
                   cprov_buf_text(&scope));
    add_names(authorization, r);
    cprov_buf_add_text(authorization, ", Signature=");
    for (size_t i = 0; i < sizeof(key); i++)
        cprov_buf_addf(authorization, "%02x", key[i]);
    return cprov_buf_check(authorization, "authorization", err);
}
