/* A link that is found lies within the header value. */
#include "fuzz.h"
#include "registry/link_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_span value = cprov_span_make((const char *)data, size), target;

    if (!cprov_link_next(value, &target))
        return 0;
    FUZZ_CHECK(target.ptr >= value.ptr);
    FUZZ_CHECK(target.ptr + target.len <= value.ptr + value.len);
    return 0;
}
