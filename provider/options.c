/* provider/options.c - the one place where the size of a caller's struct is looked at. */
#include "provider/options.h"

#include <string.h>

#define WORD sizeof(void *)

const void *cprov_options_copy(void *own, size_t size, const void *given)
{
    size_t there = 0;

    if (given)
        memcpy(&there, given, sizeof(there));
    there = there < size ? there : size;
    there -=
        there % WORD; /* every struct of the header is a number of words: half a pointer is none */
    memset(own, 0, size);
    if (there > 0)
        memcpy(own, given, there);
    memcpy(own, &size, sizeof(size));
    return own;
}

void *cprov_callbacks_arg(const struct cprov_callbacks *callbacks)
{
    struct cprov_callbacks own;

    cprov_options_copy(&own, sizeof(own), callbacks);
    return own.arg;
}
