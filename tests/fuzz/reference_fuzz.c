/* Both text forms of a reference read as the same reference again. */
#include "base/error.h"
#include "fuzz.h"
#include "manifest/reference.h"

static void check_same(const struct cprov_reference *want, struct cprov_span text)
{
    struct cprov_reference got;

    FUZZ_CHECK(cprov_reference_parse(text, &got, CPROV_IGNORED) == 0);
    got.has_host = want->has_host;
    FUZZ_CHECK(strcmp(got.host, want->host) == 0);
    FUZZ_CHECK(strcmp(got.repository, want->repository) == 0);
    FUZZ_CHECK(strcmp(got.tag, want->tag) == 0);
    FUZZ_CHECK(got.has_digest == want->has_digest);
    FUZZ_CHECK(!got.has_digest || cprov_digest_equal(&got.digest, &want->digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_span text = cprov_span_make((const char *)data, size);
    auto_buf struct cprov_buf buf;
    struct cprov_reference r;

    cprov_host_is_loopback(text);
    cprov_host_is_private(text);
    cprov_buf_init(&buf, 1024);
    if (cprov_reference_parse(text, &r, CPROV_IGNORED) < 0)
        return 0;
    FUZZ_CHECK(strlen(r.host) + 1 + strlen(r.repository) <= CPROV_NAME_MAX);
    FUZZ_CHECK(r.has_host == cprov_reference_names_host(text));
    FUZZ_CHECK(!cprov_host_is_loopback(cprov_span_of(r.host)) ||
               cprov_host_is_private(cprov_span_of(r.host)));

    cprov_reference_format(&r, &buf);
    check_same(&r, cprov_buf_span(&buf));
    cprov_buf_reset(&buf);
    cprov_reference_format_familiar(&r, &buf);
    check_same(&r, cprov_buf_span(&buf));
    return 0;
}
