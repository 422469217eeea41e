/* A digest that is read is written back as it was. */
#include "base/error.h"
#include "fuzz.h"
#include "manifest/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_span text = cprov_span_make((const char *)data, size);
    char buf[CPROV_DIGEST_TEXT_MAX];
    struct cprov_digest d;

    if (cprov_digest_parse(text, &d, CPROV_IGNORED) < 0)
        return 0;
    FUZZ_CHECK(cprov_span_is(text, cprov_digest_format(&d, buf)));
    FUZZ_CHECK(cprov_span_ends_with(text, cprov_digest_hex(&d, buf)));
    return 0;
}
