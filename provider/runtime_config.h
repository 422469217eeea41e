/* provider/runtime_config.h - the config.json of a runtime bundle, made from an image config. */
#ifndef CPROV_PROVIDER_RUNTIME_CONFIG_H
#define CPROV_PROVIDER_RUNTIME_CONFIG_H

#include "base/buf.h"
#include "base/compiler.h"
#include "manifest/image_config.h"
#include "provider/provider.h"

struct cprov_error;

/*
 * Appends config.json for a root file system at rootfs_fd (for looking up the user in its
 * etc/passwd and etc/group, never following a link out of it): args, env, user, cwd, volumes as
 * tmpfs mounts, stop signal and its like as annotations, default mounts, namespaces, capabilities,
 * masked and read-only paths; with id maps a user namespace. Runtimes obey annotations, some as
 * root on the host: of the labels only org.opencontainers.image.* become ones, all others are
 * counted in *dropped; to->annotations come first. Windows images get the windows section
 * instead of linux. Spec: OCI runtime-spec v1.1 config.md; image-spec v1.1 conversion.md.
 */
CPROV_MUST_CHECK
int cprov_runtime_config_write(const struct cprov_image_config *config, int rootfs_fd,
                               const struct cprov_unpack_to *to, struct cprov_buf *out,
                               size_t *dropped, struct cprov_error *err);

#endif
