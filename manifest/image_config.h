/* manifest/image_config.h - the image configuration: platform, command, history, diff ids. */
#ifndef CPROV_MANIFEST_IMAGE_CONFIG_H
#define CPROV_MANIFEST_IMAGE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/span.h"
#include "manifest/descriptor.h"
#include "manifest/digest.h"
#include "manifest/platform.h"

struct cprov_error;
struct cprov_manifest;

struct cprov_history {
    const char *created; /* RFC 3339 or "" */
    const char *created_by;
    const char *comment;
    bool empty_layer;
};

/* Immutable, owns its arena. Texts are never NULL. */
struct cprov_image_config {
    struct cprov_arena arena;
    struct cprov_platform platform;
    const char *created; /* RFC 3339, or "" */
    const char *author;
    const struct cprov_digest *diff_ids;
    size_t diff_ids_count;
    const struct cprov_history *history;
    size_t history_count;
    const struct cprov_annotation *labels;
    size_t labels_count;
    const char *const *entrypoint;
    size_t entrypoint_count;
    const char *const *cmd;
    size_t cmd_count;
    const char *const *env;
    size_t env_count;
    const char *user;
    const char *working_dir;
    const char *stop_signal;
    const char *const *volumes; /* places, "/data" */
    size_t volumes_count;
    const char *const *ports; /* "80/tcp" */
    size_t ports_count;
};

/* CPROV_EVERIFY when malformed. Spec: OCI image-spec v1.1, config.md. */
CPROV_MUST_CHECK
int cprov_image_config_parse(struct cprov_span bytes, struct cprov_image_config **out,
                             struct cprov_error *err);
void cprov_image_config_free(struct cprov_image_config *c);
CPROV_DEFINE_CLEANUP(struct cprov_image_config, cprov_image_config, cprov_image_config_free)
#define auto_image_config CPROV_CLEANUP(cprov_image_config_cleanup)

/* One diff id per layer, or none at all, as some tools write it; else CPROV_EVERIFY. */
CPROV_MUST_CHECK
int cprov_image_config_fits(const struct cprov_image_config *c, const struct cprov_manifest *m,
                            struct cprov_error *err);
/* One diff id per layer: what it takes to read files out of the layers. CPROV_EUNSUPPORTED when
 * there is none, else as cprov_image_config_fits(). */
CPROV_MUST_CHECK
int cprov_image_config_unpacks(const struct cprov_image_config *c, const struct cprov_manifest *m,
                               struct cprov_error *err);

/*
 * IsOSImage: a base operating system rather than something built on one. The rule, first match
 * wins:
 *  1. annotation or label io.container-provider.os-image says "true" or "false";
 *  2. Windows: every layer is foreign or was put there by "Apply image" or "Install update" in the
 *     history; or there is no history and a single layer;
 *  3. others: exactly one layer, no entrypoint, and a command that is a shell without arguments
 *     ("sh", "bash", "ash", "zsh", "dash", by any path), or "sh -c" with such a shell.
 */
bool cprov_image_is_os(const struct cprov_manifest *m, const struct cprov_image_config *c);

const char *cprov_image_config_label(const struct cprov_image_config *c, const char *key);

#endif
