/* provider/options.c - the one place where the size of a caller's struct is looked at. */
#include "provider/options.h"

#include <stdbool.h>
#include <string.h>

#include "provider/provider.h"

#define WORD sizeof(size_t) /* every struct of the header is a number of words */

static bool is_zero(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

int cprov_options_copy(void *own, size_t size, const void *given, struct cprov_error *err)
{
    size_t there = 0;

    memset(own, 0, size);
    memcpy(own, &size, sizeof(size));
    if (!given)
        return 0;
    memcpy(&there, given, sizeof(there));
    if (there < WORD || there % WORD != 0 || there > CPROV_OPTIONS_SIZE_MAX)
        return cprov_fail(err, CPROV_EINVAL, "a struct of %zu bytes: begin it with CPROV_INIT",
                          there);
    if (there > size && !is_zero((const char *)given + size, there - size))
        return cprov_fail(err, CPROV_EUNSUPPORTED,
                          "an option that is set needs a version of libcprov newer than %s",
                          cprov_version_text());
    there = there < size ? there : size;
    memcpy((char *)own + WORD, (const char *)given + WORD, there - WORD);
    return 0;
}
