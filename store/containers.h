/* store/containers.h - who depends on which image: one record a container. */
#ifndef CPROV_STORE_CONTAINERS_H
#define CPROV_STORE_CONTAINERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "store/store.h"

struct cprov_error;

/* ROOT/cprov/containers/<id>.json. Texts are never NULL; they live as long as the list. */
struct cprov_container {
    const char *id; /* 64 hex digits */
    const char *name;
    const char *image_name;
    const char *image_version;
    const char *digest; /* text of the manifest's digest: what keeps the image from being removed */
    const char *path;   /* absolute, of the bundle; "" when it has none */
    const char *created; /* RFC 3339 */
    const char *isolation;
    const char *runtime;
};

struct cprov_containers {
    struct cprov_arena arena;
    struct cprov_container *list; /* by name */
    size_t count;
};

/* A folder that is missing is an empty list; CPROV_EVERIFY names a damaged record. */
CPROV_MUST_CHECK
int cprov_containers_read(struct cprov_store *s, struct cprov_containers **out,
                          struct cprov_error *err);
void cprov_containers_free(struct cprov_containers *c);
CPROV_DEFINE_CLEANUP(struct cprov_containers, cprov_containers, cprov_containers_free)
#define auto_containers CPROV_CLEANUP(cprov_containers_cleanup)

/* Adds a record under the store's index.lock (so that no remover looks at the same time); id is
 * made by cprov_random() and written to id_out. CPROV_EEXISTS when the name is taken;
 * CPROV_ENOTFOUND when no installed image has the digest. */
CPROV_MUST_CHECK
int cprov_containers_add(struct cprov_store *s, const struct cprov_container *container,
                         char id_out[65], struct cprov_error *err);
/* Sets the path of a record (its bundle is ready). */
CPROV_MUST_CHECK
int cprov_containers_set_path(struct cprov_store *s, const char *id, const char *path,
                              struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_containers_remove(struct cprov_store *s, const char *id, struct cprov_error *err);

#endif
