/* rootfs/unpack.h - layers applied to a directory that no name can leave. */
#ifndef CPROV_ROOTFS_UNPACK_H
#define CPROV_ROOTFS_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/fs.h"
#include "manifest/digest.h"
#include "manifest/media_type.h"
#include "rootfs/layer_rules.h"

struct cprov_error;

/* A run of ids: inside → outside. */
struct cprov_id_map {
    uint32_t inside, outside, count;
};

struct cprov_unpack_options {
    bool force;    /* the folder may have content, which stays where the image has no such name */
    bool bundle;   /* the image goes to CPROV_UNPACK_ROOTFS in the folder */
    bool rootless; /* owner and mode kept in user.rootlesscontainers, devices left out */
    bool windows;  /* Files/, Hives/, UtilityVM/: plain files, with what a Linux file system cannot
                      hold kept in  DIR/.cprov-windows.jsonl */
    struct cprov_layer_attributes attributes; /* borrowed */
    const struct cprov_id_map *uid_map, *gid_map;
    size_t uid_map_count, gid_map_count;
    struct cprov_unpack_limits limits; /* 0: the defaults */
    const struct cprov_cancel *cancel;
};

struct cprov_unpack;

#define CPROV_UNPACK_ROOTFS "rootfs"

/*
 * Whether an image can be unpacked into dir, asked before a byte is fetched: it is missing, or a
 * folder that is empty (or force). CPROV_EEXISTS, CPROV_EREFUSED (a symlink; none is followed).
 */
CPROV_MUST_CHECK
int cprov_unpack_check(const char *dir, bool force, struct cprov_error *err);

/*
 * Begins: nothing is seen of it in dir before cprov_unpack_commit(). A folder that is missing or
 * empty is made beside, as .NAME.cprov-unpack, and gets its name by one rename; into one that has
 * content, is mounted, or stands where nothing can be made beside it, the image is merged
 * (rootfs/merge_private.h) from its .cprov-unpack. What a process that was killed has left there is
 * removed, and what it had replaced put back.
 *
 * Everything goes through descriptors: openat2(RESOLVE_IN_ROOT) where the kernel has it, a walk
 * that opens each component with O_NOFOLLOW where not. Not root and not rootless is allowed:
 * ownership is then left as it falls, told once.
 *
 * As cprov_unpack_check(); CPROV_EINUSE: another process unpacks there.
 */
CPROV_MUST_CHECK
int cprov_unpack_open(const char *dir, const struct cprov_unpack_options *options,
                      struct cprov_unpack **out, struct cprov_error *err);
/* What becomes the folder, to put other things into it before the commit. Borrowed. */
int cprov_unpack_folder(const struct cprov_unpack *u);
/* Not committed: nothing is left of it, and dir is as it was. */
void cprov_unpack_close(struct cprov_unpack *u);
CPROV_DEFINE_CLEANUP(struct cprov_unpack, cprov_unpack, cprov_unpack_close)
#define auto_unpack CPROV_CLEANUP(cprov_unpack_cleanup)

/*
 * Where a layer's packed bytes come from: blocks until some of the bytes from offset on are there
 * (a blob that is still being downloaded), returns how many (at most len), 0 at the end, or a
 * negative code. Called on a thread of the unpacker, never from two at a time; when unpacking
 * fails, cprov_unpack_layer() returns after the call that is going on, so whoever blocks in it has
 * to see a cancel by itself.
 */
struct cprov_layer_source {
    int64_t (*read)(void *arg, uint64_t offset, void *buf, size_t len, struct cprov_error *err);
    void *arg;
};

/*
 * Applies one layer on top of those before: read and inflate on one thread, hash of the unpacked
 * stream and files on another, a bounded queue between. diff_id is always compared: CPROV_EVERIFY.
 * Returns when the layer is applied. Whiteouts and opaque markers hide what lower layers brought,
 * wherever in the layer they stand. Spec: OCI image-spec v1.1, layer.md.
 */
CPROV_MUST_CHECK
int cprov_unpack_layer(struct cprov_unpack *u, enum cprov_layer_packing packing,
                       uint64_t packed_size, const struct cprov_digest *diff_id,
                       const struct cprov_layer_source *source, struct cprov_error *err);

struct cprov_unpack_result {
    uint64_t entries, bytes;
    uint64_t devices, set_ids; /* made: device nodes, files with a set-id bit */
    uint64_t devices_skipped, owners_skipped,
        xattrs_skipped;      /* what needed a privilege that was not there */
    uint64_t xattrs_refused; /* cprov_layer_attribute_passes() */
};
/*
 * Modes and times of directories, one syncfs, and the tree is in its place: whole, or not at all.
 * Over content, what is replaced comes back when something fails. CPROV_EINUSE: another process has
 * put something there meanwhile, or something is mounted where a name goes.
 */
CPROV_MUST_CHECK
int cprov_unpack_commit(struct cprov_unpack *u, struct cprov_unpack_result *result,
                        struct cprov_error *err);

#endif
