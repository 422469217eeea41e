/* catalog/source/local_place.h - locations that are paths on this machine, and the kinds for them.
 */
#ifndef CPROV_CATALOG_SOURCE_LOCAL_PLACE_H
#define CPROV_CATALOG_SOURCE_LOCAL_PLACE_H

#include "archive/packed.h"
#include "base/arena.h"
#include "base/compiler.h"
#include "catalog/source/source.h"

struct cprov_error;

/* A layout folder; layouts one level deep in a folder; an archive file; a folder of WIM files. */
extern const struct cprov_source_kind cprov_source_layout;
extern const struct cprov_source_kind cprov_source_mirror;
extern const struct cprov_source_kind cprov_source_archive;
extern const struct cprov_source_kind cprov_source_folder;

/*
 * Reads a location that names a path: /path, ./path, ~ is not known here, file:///path, oci:DIR,
 * oci-archive:FILE, docker-archive:FILE; with a type of a kind above, or when something is there
 * by that name, a bare relative path too.
 *
 * *path is absolute then and lives in the arena, *type the kind's: the one given, else by what is
 * there. *path is NULL when it is no such location. CPROV_ENOTFOUND: nothing there to tell the
 * type by; CPROV_EINVAL: what is there is none of the kinds.
 */
CPROV_MUST_CHECK
int cprov_local_location(const char *location, const char *given_type, struct cprov_arena *arena,
                         const char **path, const char **type, struct cprov_error *err);

/*
 * Whether a name is of an image on this machine: oci:DIR[:NAME], oci-archive:FILE[:NAME],
 * docker-archive:FILE[:NAME], /PATH, ./PATH, ../PATH, or a path with a '/' where a file or a layout
 * is. *location is what cprov_local_location() reads, *image what follows it after a ':' (or
 * empty); both point into name.
 */
bool cprov_local_name(struct cprov_span name, struct cprov_span *location,
                      struct cprov_span *image);
/* The location of such a name as a path that says so ("x/y" is "./x/y"); in the arena, or NULL. */
const char *cprov_local_path(struct cprov_span location, struct cprov_arena *arena);

/* Whether a local place can be read: up to its first image. */
CPROV_MUST_CHECK
int cprov_local_check(const struct cprov_place *place, struct cprov_error *err);

/* Opens the layout or archive of a place that has the blob; of a mirror the first. */
CPROV_MUST_CHECK
int cprov_local_open(const struct cprov_place *place, const struct cprov_digest *digest,
                     const struct cprov_cancel *cancel, struct cprov_packed **out,
                     struct cprov_error *err);

/* How a row's address is shown: a reference; "oci:/srv/layout:NAME:VERSION" as skopeo writes it; or
 * the URL of a file without its query. */
void cprov_row_reference(const struct cprov_listing *row, struct cprov_buf *out);

/* Names of the folders at path that are layouts, sorted; in the arena. */
CPROV_MUST_CHECK
int cprov_local_layouts(const char *path, struct cprov_arena *arena, const char *const **out,
                        size_t *count, struct cprov_error *err);

#endif
