/* serve/mhd.c - libmicrohttpd, loaded when it is needed. */
#include "serve/mhd_private.h"

#include <stddef.h>

#include "base/library.h"

struct cprov_mhd cprov_mhd;

static const struct cprov_library_symbol symbols[] = {
#define SYMBOL(name) { "MHD_" #name, (void **)(void *)&cprov_mhd.name },
    CPROV_MHD_FUNCTIONS(SYMBOL)
#undef SYMBOL
};
static struct cprov_library library = { "libmicrohttpd.so.12", "libmicrohttpd12", symbols,
                                        CPROV_COUNT(symbols), NULL };

int cprov_mhd_load(struct cprov_error *err)
{
    return cprov_library_load(&library, err);
}
