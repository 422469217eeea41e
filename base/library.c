/* base/library.c - shared libraries that are loaded at first use. */
#include "base/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "base/error.h"

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

/* A slot is a pointer to some function type; memcpy() because its type is not void *. */
static void fill(const struct cprov_library_symbol *symbol, void *address)
{
    memcpy(symbol->slot, &address, sizeof(address));
}

static int load(struct cprov_library *lib, struct cprov_error *err)
{
    void *handle = dlopen(lib->soname, RTLD_LAZY | RTLD_LOCAL);

    if (!handle) {
        const char *reason = dlerror();
        cprov_fail(err, CPROV_EUNSUPPORTED, "cannot load %s: %s", lib->soname,
                   reason ? reason : "no reason given");
        cprov_hint_about(err, CPROV_HINT_INSTALL_PACKAGE, "%s", lib->package);
        return CPROV_EUNSUPPORTED;
    }
    for (size_t i = 0; i < lib->count; i++) {
        void *address = dlsym(handle, lib->symbols[i].name);
        if (!address) {
            for (size_t k = 0; k < i; k++)
                fill(&lib->symbols[k], NULL);
            dlclose(handle);
            cprov_fail(err, CPROV_EUNSUPPORTED, "%s does not contain %s", lib->soname,
                       lib->symbols[i].name);
            cprov_hint_about(err, CPROV_HINT_UPDATE_PACKAGE, "%s", lib->package);
            return CPROV_EUNSUPPORTED;
        }
        fill(&lib->symbols[i], address);
    }
    lib->handle = handle;
    return 0;
}

int cprov_library_load(struct cprov_library *lib, struct cprov_error *err)
{
    pthread_mutex_lock(&loading);
    int code = lib->handle ? 0 : load(lib, err);
    pthread_mutex_unlock(&loading);
    return code;
}
