/* rootfs/rootfs.h - what layers add up to, in memory: names and what stands behind them, no
 * content.
 */
#ifndef CPROV_ROOTFS_ROOTFS_H
#define CPROV_ROOTFS_ROOTFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"
#include "rootfs/layer_rules.h"

struct cprov_error;

/*
 * Layers are added from the lowest up, member by member, and each does what rootfs/unpack.h does
 * with it: names go through the links that are there by then, whiteouts hide what lower layers
 * brought, hard links are one file under several names. What one refuses the other refuses, with
 * the same code. Some 80 bytes a member.
 */
struct cprov_rootfs;

/* Ids count from 1; 0 is none. */
#define CPROV_ROOTFS_ROOT 1u

/* A file, as an inode. */
struct cprov_rootfs_node {
    uint64_t size;
    int64_t mtime;
    uint32_t uid, gid;
    uint32_t member; /* that describes it, counted from 1 over all layers; 0: a directory that none
                        describes */
    uint32_t name;  /* of a directory: its name; of another: the first of its names, once settled */
    uint32_t child; /* of a directory: a name in it */
    uint32_t target;   /* of a symlink: a text */
    uint16_t mode;     /* permission bits, set-id, sticky */
    uint16_t layer;    /* that brought it */
    uint16_t hidden;   /* of a directory: the layer, plus 1, that has hidden what was in it */
    uint16_t path_len; /* of a directory: bytes */
    uint8_t type;      /* enum cprov_tar_type; never a hard link */
};

struct cprov_rootfs_name {
    uint32_t dir;    /* node of the directory it is in; 0: the root's own */
    uint32_t next;   /* another name in it; 0: none */
    uint32_t text;   /* its last component */
    uint32_t node;   /* 0: not there any more */
    uint32_t member; /* that gave the file this name */
    uint16_t made;   /* the last layer, plus 1, with a member of this name; 0: none has one */
};

struct cprov_rootfs_options {
    bool windows;                      /* names are the same whatever their case (ASCII) */
    struct cprov_unpack_limits limits; /* 0: the defaults */
};

CPROV_MUST_CHECK
int cprov_rootfs_new(const struct cprov_rootfs_options *options, struct cprov_rootfs **out,
                     struct cprov_error *err);
void cprov_rootfs_free(struct cprov_rootfs *r);
CPROV_DEFINE_CLEANUP(struct cprov_rootfs, cprov_rootfs, cprov_rootfs_free)
#define auto_rootfs CPROV_CLEANUP(cprov_rootfs_cleanup)

/* Says that the members that follow are of the next layer. */
void cprov_rootfs_begin_layer(struct cprov_rootfs *r);
/* The next member. CPROV_EVERIFY, CPROV_ELIMIT as unpacking it. */
CPROV_MUST_CHECK
int cprov_rootfs_add(struct cprov_rootfs *r, const struct cprov_tar_entry *e,
                     struct cprov_error *err);
/* After the last layer: finds the first name of each file, that of its own member if it is left. */
void cprov_rootfs_settle(struct cprov_rootfs *r);

uint32_t cprov_rootfs_members(const struct cprov_rootfs *r); /* added so far */

/* Borrowed; good until the next add. */
const struct cprov_rootfs_name *cprov_rootfs_name(const struct cprov_rootfs *r, uint32_t name);
const struct cprov_rootfs_node *cprov_rootfs_node(const struct cprov_rootfs *r, uint32_t node);
bool cprov_rootfs_has_names(const struct cprov_rootfs *r, uint32_t dir); /* a directory's node */
/* Good as long as r; NUL-terminated. */
struct cprov_span cprov_rootfs_text(const struct cprov_rootfs *r, uint32_t text);
/* The path of a name, appended to out; nothing for the root. */
void cprov_rootfs_path(const struct cprov_rootfs *r, uint32_t name, struct cprov_buf *out);

/*
 * Finds a path as a process with the image as its root would; the last component, when it is a
 * link, with follow only. *out is a name. CPROV_ENOTFOUND; CPROV_EVERIFY: more than 40 links.
 */
CPROV_MUST_CHECK
int cprov_rootfs_find(const struct cprov_rootfs *r, struct cprov_span path, bool follow,
                      uint32_t *out, struct cprov_error *err);

/* Not 0 ends the walk. path is borrowed. */
typedef int cprov_rootfs_fn(void *arg, const char *path, uint32_t name, struct cprov_error *err);
/* What is in a directory, sorted by name, folders before what is in them. */
CPROV_MUST_CHECK
int cprov_rootfs_walk(const struct cprov_rootfs *r, uint32_t dir, bool recursive,
                      cprov_rootfs_fn *each, void *arg, struct cprov_error *err);

#endif
