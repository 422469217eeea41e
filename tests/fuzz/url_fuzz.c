/* The first line is a base, the second a reference: what they resolve to is a URL again, resolves
 * to itself, and has no host that was not written down. */
#include "base/buf.h"
#include "base/error.h"
#include "fuzz.h"
#include "net/url.h"

static void check_resolved(struct cprov_span base, struct cprov_span reference)
{
    auto_buf struct cprov_buf once, twice;
    struct cprov_url b, u;

    cprov_buf_init(&once, CPROV_URL_MAX);
    cprov_buf_init(&twice, CPROV_URL_MAX);
    if (cprov_url_resolve(base, reference, &once, CPROV_IGNORED) < 0) {
        FUZZ_CHECK(once.len == 0);
        return;
    }
    FUZZ_CHECK(cprov_url_parse(cprov_buf_span(&once), &u, CPROV_IGNORED) == 0);
    FUZZ_CHECK(u.path.len > 0);
    FUZZ_CHECK(cprov_url_resolve(base, cprov_buf_span(&once), &twice, CPROV_IGNORED) == 0);
    FUZZ_CHECK(cprov_span_equal(cprov_buf_span(&once), cprov_buf_span(&twice)));
    FUZZ_CHECK(cprov_url_parse(base, &b, CPROV_IGNORED) == 0);
    if (cprov_span_find(reference, ':') == reference.len &&
        !cprov_span_starts_with(reference, "//"))
        FUZZ_CHECK(cprov_url_same_origin(&b, &u));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_span text = cprov_span_make((const char *)data, size), base = text,
                      reference = { 0 };
    auto_buf struct cprov_buf shown;
    struct cprov_url u;

    cprov_span_cut(text, '\n', &base, &reference);
    check_resolved(base, reference);
    cprov_buf_init(&shown, 2 * CPROV_URL_MAX);
    cprov_url_shown(text, &shown);
    FUZZ_CHECK(cprov_span_find(cprov_buf_span(&shown), '?') == shown.len);
    FUZZ_CHECK(cprov_span_find(cprov_buf_span(&shown), '@') == shown.len ||
               cprov_url_parse(text, &u, CPROV_IGNORED) == 0);
    return 0;
}
