/* rootfs/acl_private.h - POSIX access control lists: the text that archives have, the bytes that
 * Linux takes. */
#ifndef CPROV_ROOTFS_ACL_PRIVATE_H
#define CPROV_ROOTFS_ACL_PRIVATE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

/* Changes an id of the archive into one of this machine. */
typedef int cprov_acl_id_fn(void *arg, bool group, uint64_t id, uint32_t *out,
                            struct cprov_error *err);

/*
 * "user::rw-,user:bin:r--:2,group::r--,mask::r--,other::r--" (commas or newlines; a number, there
 * or as a fourth field, says who a name is) as the value of system.posix_acl_access. *skipped
 * counts entries whose name has no number. CPROV_EVERIFY: malformed.
 */
CPROV_MUST_CHECK
int cprov_acl_parse(struct cprov_span text, cprov_acl_id_fn *id, void *arg, struct cprov_buf *out,
                    uint64_t *skipped, struct cprov_error *err);

#endif
