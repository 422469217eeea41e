/* rootfs/layer_rules.h - what the members of layers mean: one set of rules
 * for whatever unpacks, lists, exports or checks a layer. */
#ifndef CPROV_ROOTFS_LAYER_RULES_H
#define CPROV_ROOTFS_LAYER_RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "archive/tar_reader.h"
#include "base/compiler.h"
#include "base/limits.h"
#include "store/layer_caps.h"

struct cprov_error;

/* Counts a member; a sparse one by the bytes that the layer has of it. */
CPROV_MUST_CHECK
int cprov_unpack_count_entry(const struct cprov_unpack_limits *limits,
                             struct cprov_unpack_count *count, const struct cprov_tar_entry *e,
                             struct cprov_error *err);

/* --- names --- */

/*
 * Rewrites a name of an archive as a relative path without "", "." and ".." components; the root is
 * "". CPROV_EVERIFY when ".." leads above the root or there is a NUL, CPROV_ELIMIT beyond max
 * bytes (at most CPROV_UNPACK_PATH).
 */
CPROV_MUST_CHECK
int cprov_layer_clean(struct cprov_span path, size_t max, char out[CPROV_UNPACK_PATH + 1],
                      struct cprov_error *err);

#define CPROV_WHITEOUT_PREFIX ".wh."

enum cprov_layer_meaning {
    CPROV_MEANS_FILE,    /* something of that name */
    CPROV_MEANS_HIDDEN,  /* a whiteout: what lower layers have there is gone */
    CPROV_MEANS_OPAQUE,  /* the same for everything in its folder */
    CPROV_MEANS_NOTHING, /* what AUFS kept for itself; hard links of the layer may lead to it */
};

/* The bytes of a path up to the end of the component that AUFS kept for itself; 0: it has none. */
size_t cprov_layer_reserved(const char *path);

/*
 * path is clean (cprov_layer_clean()). *hidden (within path) is the name that a whiteout hides.
 * CPROV_EVERIFY: a whiteout that hides no name, or a name below one.
 * Spec: OCI image-spec v1.1, layer.md, "Whiteouts".
 */
CPROV_MUST_CHECK
int cprov_layer_meaning(const char *path, enum cprov_layer_meaning *out, const char **hidden,
                        struct cprov_error *err);

/* Windows keeps what Linux cannot hold here. */
#define CPROV_WINDOWS_FILE ".cprov-windows.jsonl"

/*
 * What holds for a Windows layer beyond that: no drive, no backslash, nothing of our own; whiteouts
 * below Files/ and UtilityVM/Files/ alone, and none in the lowest layer. CPROV_EVERIFY.
 */
CPROV_MUST_CHECK
int cprov_layer_check_windows(const char *path, enum cprov_layer_meaning meaning, bool lowest,
                              struct cprov_error *err);

/*
 * The permissions of a member. Windows has none, and its layers say 0 for what is open to all that
 * may read the folder: 0755 for folders, 0644 for files.
 */
mode_t cprov_layer_mode(const struct cprov_tar_entry *e, bool windows);

/* Patterns (cprov_span_glob()) of attributes that are let through beside those of the list. */
struct cprov_layer_attributes {
    const char *const *more;
    size_t more_count;
};

/* Ours, see unpack_rootless.c: never taken out of an image. */
#define CPROV_ROOTLESS_ATTRIBUTE "user.rootlesscontainers"

/*
 * Whether an extended attribute of an image reaches its file: user.* but for what overlayfs and
 * ourselves keep there, security.capability, POSIX ACLs, and what the patterns name. The others
 * say something to the host: labels, signatures of its kernel, layers of its overlays.
 */
bool cprov_layer_attribute_passes(const struct cprov_layer_attributes *a, const char *name);
/* The same of a file that was unpacked: our own attribute is part of it. */
bool cprov_layer_attribute_is_kept(const struct cprov_layer_attributes *a, const char *name);

/*
 * Leaves the entry those of its attributes that pass. They are in *list then, which was NULL or is
 * of an earlier call, and is yours to free. CPROV_EVERIFY as the next.
 */
CPROV_MUST_CHECK
int cprov_layer_pass_attributes(struct cprov_tar_entry *e, struct cprov_tar_pair **list,
                                struct cprov_error *err);

/* CPROV_EVERIFY: an extended attribute whose name no file can have. */
CPROV_MUST_CHECK
int cprov_layer_check_attribute(struct cprov_span name, struct cprov_error *err);

/* Says which member a failure is about: the end of its name. Returns the code. */
int cprov_layer_wrap(struct cprov_span path, struct cprov_error *err);

#endif
