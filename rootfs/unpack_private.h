/* rootfs/unpack_private.h - the parts of unpacking, for each other. */
#ifndef CPROV_ROOTFS_UNPACK_PRIVATE_H
#define CPROV_ROOTFS_UNPACK_PRIVATE_H

#include <sys/types.h>

#include "archive/tar_reader.h"
#include "base/buf.h"
#include "base/hash_table.h"
#include "rootfs/stage_private.h"
#include "rootfs/tree_private.h"
#include "rootfs/unpack.h"

/* The member whose content comes now. */
struct cprov_unpack_file {
    int fd; /* -1: the content is left out */
    const struct cprov_tar_entry *entry;
    mode_t made_mode; /* what it was made with */
    bool may_inherit; /* a group of its directory */
    uint64_t done;    /* bytes written */
    size_t extent;    /* of a sparse file, and how much of it */
    uint64_t extent_done;
};

/* Names of a Windows layer are the same whatever their case; see unpack_windows.c. */
struct cprov_unpack_windows {
    struct cprov_hash_table exact, folded;
    int fd; /* of the file with metadata; -1: not open */
    struct cprov_buf lines;
};

struct cprov_unpack {
    /* the folder; unpack.c */
    int parent;  /* it is in */
    int there;   /* it, when the stage is in it; else -1 */
    char *name;  /* its own in its parent */
    int top;     /* what takes its place; the stage, or in it */
    int root;    /* of the image: top, or in a bundle below it */
    bool inside; /* the stage is in the folder, whose content stays */
    bool closed; /* it kept us out until it was opened; there_mode is what it had */
    mode_t there_mode;
    bool fresh; /* root stands for no folder that had an owner and a mode before */
    bool bundle;
    struct cprov_stage stage;
    struct cprov_hash_table named; /* directories that an entry names; inside alone */
    struct cprov_tree *tree;

    /* how */
    bool rootless, windows;
    struct cprov_layer_attributes attributes;
    const struct cprov_cancel *cancel;
    struct cprov_id_map *uid_map, *gid_map;
    size_t uid_map_count, gid_map_count;
    struct cprov_unpack_limits limits;
    struct cprov_unpack_count count;
    unsigned layers; /* begun */
    uid_t euid;
    gid_t egid;
    mode_t umask;
    bool inherits_acls;     /* a directory may have a default ACL */
    struct cprov_buf aside; /* what goes at the end of the layer; unpack_whiteout.c */
    struct cprov_buf late;  /* modes of directories that would keep us out; unpack_rootless.c */

    /* the layer */
    bool has_lower;                /* something is below it */
    struct cprov_hash_table names; /* made by it; kept only when something is below */
    struct cprov_unpack_file file;
    struct cprov_unpack_windows win;

    struct cprov_unpack_result result;
};

/* unpack_entry.c: what the tar reader calls; arg is the struct cprov_unpack. */
extern const struct cprov_tar_handler cprov_unpack_handler;

/* unpack_whiteout.c */
/* path is the member's, clean; hidden the name in it that a whiteout hides. */
CPROV_MUST_CHECK
int cprov_unpack_whiteout(struct cprov_unpack *u, const char *path, enum cprov_layer_meaning how,
                          const char *hidden, struct cprov_error *err);

/*
 * AUFS kept files that had several names as .wh..wh.plnk/NUMBER, and wrote links to that. Such a
 * file is made where it says, so that the links find it, and goes at the end of its layer.
 */
CPROV_MUST_CHECK
int cprov_unpack_put_aside(struct cprov_unpack *u, const char *path, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_unpack_drop_aside(struct cprov_unpack *u, struct cprov_error *err);

/* unpack_meta.c: owner, attributes, mode, times, in the order in which they do not undo each other.
 */
CPROV_MUST_CHECK
int cprov_unpack_meta_file(struct cprov_unpack *u, const struct cprov_unpack_file *file,
                           struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_unpack_meta_dir(struct cprov_unpack *u, const struct cprov_tar_entry *e, const char *path,
                          int fd, struct cprov_error *err);
/* A symlink, device or FIFO: by its name, since it cannot be opened. */
CPROV_MUST_CHECK
int cprov_unpack_meta_name(struct cprov_unpack *u, const struct cprov_tar_entry *e,
                           const struct cprov_spot *p, struct cprov_error *err);
/* The owner outside. CPROV_EVERIFY: an id that no map has. */
CPROV_MUST_CHECK
int cprov_unpack_owner(const struct cprov_unpack *u, uint64_t uid, uint64_t gid, uid_t *out_uid,
                       gid_t *out_gid, struct cprov_error *err);

/* unpack_rootless.c */
#define CPROV_ROOTLESS_MAX 12
/* umoci's message Resource { uint32 uid = 1; uint32 gid = 2; }, where the one of the two that is
 * root's is 2^32 - 1; 0 bytes when both are. */
size_t cprov_rootless_format(uint32_t uid, uint32_t gid, uint8_t out[CPROV_ROOTLESS_MAX]);
/* The way back; false, and nothing written, when it is no such message. */
bool cprov_rootless_parse(const uint8_t *data, size_t len, uint64_t *uid, uint64_t *gid);
/* The mode that a directory has until all is unpacked. */
CPROV_MUST_CHECK
int cprov_unpack_late_mode(struct cprov_unpack *u, const char *path, mode_t mode, mode_t *now,
                           struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_unpack_late_apply(struct cprov_unpack *u, struct cprov_tree *tree,
                            struct cprov_error *err);

/* unpack_windows.c */
/* Gives each component the case that it has already. */
CPROV_MUST_CHECK
int cprov_unpack_windows_name(struct cprov_unpack *u, char path[CPROV_UNPACK_PATH + 1],
                              struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_unpack_windows_note(struct cprov_unpack *u, const char *path,
                              const struct cprov_tar_entry *e, struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_unpack_windows_finish(struct cprov_unpack *u, struct cprov_error *err);
void cprov_unpack_windows_clear(struct cprov_unpack *u);

#endif
