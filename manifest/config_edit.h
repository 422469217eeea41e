/* manifest/config_edit.h - the config of an image that is made: of another one, and what changes.
 */
#ifndef CPROV_MANIFEST_CONFIG_EDIT_H
#define CPROV_MANIFEST_CONFIG_EDIT_H

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "manifest/image_config.h"

struct cprov_error;

/* Everything is borrowed; NULL texts say nothing. */
struct cprov_config_edit {
    struct cprov_span base;         /* the other one's bytes; empty: none */
    struct cprov_platform platform; /* without one */
    /*
     * One after the other: cmd, entrypoint (a JSON array of words; no Cmd is inherited beside a new
     * Entrypoint), env, label (KEY=VALUE), user, workdir, stop-signal, expose (80, 80/udp), volume.
     */
    const struct cprov_annotation *changes;
    size_t changes_count;
    const char *created, *created_by, *author, *comment;
    const struct cprov_digest *diff_id; /* of the layer on top */
};

/*
 * Appends the JSON, the same for the same input. What it does not know of the other config is kept,
 * but what Docker of old wrote about the container behind it. CPROV_EINVAL names a change that
 * makes no sense. Spec: OCI image-spec v1.1, config.md.
 */
CPROV_MUST_CHECK
int cprov_config_edit(const struct cprov_config_edit *edit, struct cprov_buf *out,
                      struct cprov_error *err);

#endif
