/* Whatever a WWW-Authenticate says, the list is bounded and its texts are there. */
#include <string.h>

#include "base/error.h"
#include "fuzz.h"
#include "registry/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cprov_challenges c = { 0 };
    struct cprov_span value = cprov_span_make((const char *)data, size);
    const struct cprov_challenge *best;

    FUZZ_CHECK(cprov_challenges_add(&c, value, CPROV_IGNORED) == 0);
    FUZZ_CHECK(cprov_challenges_add(&c, value, CPROV_IGNORED) == 0);
    FUZZ_CHECK(c.count <= CPROV_CHALLENGES_MAX);
    for (size_t i = 0; i < c.count; i++) {
        FUZZ_CHECK(c.list[i].scheme != CPROV_AUTH_NONE);
        FUZZ_CHECK(strlen(c.list[i].realm) <= size && strlen(c.list[i].service) <= size);
        FUZZ_CHECK(strlen(c.list[i].scope) <= size && strlen(c.list[i].error) <= size);
    }
    best = cprov_challenges_best(&c);
    FUZZ_CHECK(!best || (best >= c.list && best < c.list + c.count));
    cprov_challenges_clear(&c);
    return 0;
}
