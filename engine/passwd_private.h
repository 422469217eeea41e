/* engine/passwd_private.h - who a container's process is, by the image's own etc/passwd and
 * etc/group. */
#ifndef CPROV_ENGINE_PASSWD_PRIVATE_H
#define CPROV_ENGINE_PASSWD_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"

struct cprov_error;

struct cprov_user {
    uint32_t uid, gid;
    const uint32_t *groups; /* supplementary, in the arena */
    size_t groups_count;
    const char *home; /* "/" when nothing says another */
};

/*
 * Reads "", "user", "uid", "user:group" and the mixed forms as runtimes do: a name is looked up
 * first, a number needs no entry, a missing group is the user's own, and supplementary groups come
 * with a user without a group. Links in the root file system are followed within it.
 *
 * CPROV_ENOTFOUND: a name without an entry; CPROV_EVERIFY: an id out of range; CPROV_ELIMIT: a file
 * past its cap. Spec: OCI image-spec v1.1, config.md, "User".
 */
CPROV_MUST_CHECK
int cprov_user_find(int rootfs_fd, const char *text, struct cprov_arena *arena,
                    struct cprov_user *out, struct cprov_error *err);

#endif
