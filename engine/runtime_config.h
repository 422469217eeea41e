/* engine/runtime_config.h - the config.json of a runtime bundle, made from an image config. */
#ifndef CPROV_ENGINE_RUNTIME_CONFIG_H
#define CPROV_ENGINE_RUNTIME_CONFIG_H

#include "base/buf.h"
#include "base/compiler.h"
#include "manifest/image_config.h"
#include "rootfs/unpack.h"

struct cprov_error;

/* Borrowed for the call. */
struct cprov_runtime_options {
    bool rootless; /* a user namespace of one id, where no map is given */
    const struct cprov_id_map *uid_map, *gid_map;
    size_t uid_map_count, gid_map_count;
    const char *const *annotations; /* "KEY=VALUE"; before what the image says */
    size_t annotations_count;
};

/*
 * Appends config.json for a root file system at rootfs_fd (for looking up the user in its
 * etc/passwd and etc/group, never following a link out of it): args, env, user, cwd, volumes as
 * tmpfs mounts, stop signal and its like as annotations, default mounts, namespaces, capabilities,
 * masked and read-only paths; with id maps a user namespace. Runtimes obey annotations, some as
 * root on the host: of the labels only org.opencontainers.image.* become ones, all others are
 * counted in *dropped; those of the options come first. Windows images get the windows section
 * instead of linux. Spec: OCI runtime-spec v1.1 config.md; image-spec v1.1 conversion.md.
 */
CPROV_MUST_CHECK
int cprov_runtime_config_write(const struct cprov_image_config *config, int rootfs_fd,
                               const struct cprov_runtime_options *options, struct cprov_buf *out,
                               size_t *dropped, struct cprov_error *err);

#endif
