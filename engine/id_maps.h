/* engine/id_maps.h - whose the files of a bundle are, as its config.json says. */
#ifndef CPROV_ENGINE_ID_MAPS_H
#define CPROV_ENGINE_ID_MAPS_H

#include "base/arena.h"
#include "base/compiler.h"
#include "rootfs/unpack.h"

struct cprov_error;

/* None: ids are the same inside and outside. */
struct cprov_id_maps {
    const struct cprov_id_map *uids, *gids;
    size_t uids_count, gids_count;
};

/* Reads config.json in the folder; lists live in the arena. CPROV_ENOTFOUND; CPROV_EVERIFY.
 * Spec: OCI runtime-spec v1.2, config-linux.md, "User namespace mappings". */
CPROV_MUST_CHECK
int cprov_id_maps_read(int bundle, struct cprov_arena *arena, struct cprov_id_maps *out,
                       struct cprov_error *err);

#endif
