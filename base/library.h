/* base/library.h - shared libraries that are loaded at first use. */
#ifndef CPROV_BASE_LIBRARY_H
#define CPROV_BASE_LIBRARY_H

#include <stddef.h>

#include "base/compiler.h"

struct cprov_error;

/*
 * libcurl and libmicrohttpd bring dozens of libraries with them: loading those takes
 * longer than a whole `get-image`. Their home files list the functions they use in a table and load
 * the library when the first is needed.
 */
struct cprov_library_symbol {
    const char *name;
    void **slot; /* where the home file keeps the pointer */
};

/*
 * Loads the library and fills every slot. Safe from several threads; a second call returns at
 * once. Fails with CPROV_EUNSUPPORTED and a hint that names the package when it is not installed.
 */
struct cprov_library {
    const char *soname;  /* "libcurl.so.4" */
    const char *package; /* "libcurl4", for the hint */
    const struct cprov_library_symbol *symbols;
    size_t count;
    void *handle; /* NULL until loaded */
};

CPROV_MUST_CHECK
int cprov_library_load(struct cprov_library *lib, struct cprov_error *err);

#endif
