/* rootfs/unpack_meta.c - who owns it, what is attached to it, what may be done with it, how old. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "rootfs/acl_private.h"
#include "rootfs/unpack_private.h"

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"
#define SET_IDS     (S_ISUID | S_ISGID)
#define PROC_PATH   (NAME_MAX + 40)

/* Something that was made: by its descriptor, or by its name in a directory. */
struct target {
    int fd; /* -1: it has only the name */
    int dir;
    const char *name;
};

static int map_id(const struct cprov_id_map *map, size_t count, uint64_t id, const char *what,
                  uint32_t *out, struct cprov_error *err)
{
    if (id >= UINT32_MAX)
        return cprov_fail(err, CPROV_EVERIFY, "the %s id does not fit", what);
    *out = (uint32_t)id;
    for (size_t i = 0; i < count; i++)
        if (id >= map[i].inside && id - map[i].inside < map[i].count) {
            *out = map[i].outside + (uint32_t)(id - map[i].inside);
            return 0;
        }
    if (count > 0)
        return cprov_fail(err, CPROV_EINVAL, "no map contains the %s id %u", what, (unsigned)id);
    return 0;
}

int cprov_unpack_owner(const struct cprov_unpack *u, uint64_t uid, uint64_t gid, uid_t *out_uid,
                       gid_t *out_gid, struct cprov_error *err)
{
    uint32_t user = 0, group = 0;

    if (map_id(u->uid_map, u->uid_map_count, uid, "user", &user, err) < 0 ||
        map_id(u->gid_map, u->gid_map_count, gid, "group", &group, err) < 0)
        return err->code;
    *out_uid = user;
    *out_gid = group;
    return 0;
}

static int acl_id(void *arg, bool group, uint64_t id, uint32_t *out, struct cprov_error *err)
{
    const struct cprov_unpack *u = arg;

    if (u->rootless)
        return map_id(NULL, 0, id, "list", out, err);
    return group ? map_id(u->gid_map, u->gid_map_count, id, "group", out, err)
                 : map_id(u->uid_map, u->uid_map_count, id, "user", out, err);
}

/* /proc/self/fd leads to the directory, and the name in it is not followed by the l-functions. */
static const char *proc_path(const struct target *t, char buf[PROC_PATH])
{
    snprintf(buf, PROC_PATH, "/proc/self/fd/%d/%s", t->dir, t->name);
    return buf;
}

static int set_xattr(const struct target *t, const char *name, struct cprov_span value)
{
    char path[PROC_PATH];
    int rc = t->fd >= 0 ? fsetxattr(t->fd, name, value.ptr, value.len, 0)
                        : lsetxattr(proc_path(t, path), name, value.ptr, value.len, 0);

    return rc < 0 ? errno : 0;
}

static void remove_xattr(const struct target *t, const char *name)
{
    char path[PROC_PATH];

    (void)(t->fd >= 0 ? fremovexattr(t->fd, name) : lremovexattr(proc_path(t, path), name));
}

/* Not there, not for us, not on this file system: told at the end, but no failure. */
static bool is_skippable(int os)
{
    return os == EPERM || os == EACCES || os == ENOTSUP || os == ENOENT;
}

static int put_xattr(struct cprov_unpack *u, const struct target *t, const char *name,
                     struct cprov_span value, struct cprov_error *err)
{
    int os = set_xattr(t, name, value);

    if (os != 0 && is_skippable(os)) {
        u->result.xattrs_skipped++;
        return 0;
    }
    if (os == EINVAL || os == ERANGE || os == E2BIG)
        return cprov_fail(err, CPROV_EVERIFY, "the attribute %s has an invalid value", name);
    if (os != 0)
        return cprov_fail_os(err, os, "the attribute %s", name);
    if (strcmp(name, ACL_DEFAULT) == 0)
        u->inherits_acls = true;
    return 0;
}

/* The member's attributes take the place of those that a lower layer gave the directory, and of
 * what anything inherits from the directory it is in. */
static void clear_xattrs(const struct cprov_unpack *u, const struct target *t,
                         const struct cprov_tar_entry *e)
{
    char names[XATTR_LIST_MAX];
    ssize_t len = e->type == CPROV_TAR_DIR ? flistxattr(t->fd, names, sizeof(names)) : 0;

    for (const char *name = names; len > 0 && name < names + len; name += strlen(name) + 1)
        if (cprov_layer_attribute_passes(&u->attributes, name))
            remove_xattr(t, name);
    if (u->inherits_acls && e->type != CPROV_TAR_DIR && e->type != CPROV_TAR_SYMLINK)
        remove_xattr(t, ACL_ACCESS);
}

static int put_xattrs(struct cprov_unpack *u, const struct target *t,
                      const struct cprov_tar_entry *e, struct cprov_error *err)
{
    char name[XATTR_NAME_MAX + 1];
    int code = 0;

    for (size_t i = 0; code == 0 && i < e->xattrs_count; i++) {
        struct cprov_span key = e->xattrs[i].key;

        if (cprov_layer_check_attribute(key, err) < 0)
            return err->code;
        memcpy(name, key.ptr, key.len);
        name[key.len] = '\0';
        if (cprov_layer_attribute_passes(&u->attributes, name))
            code = put_xattr(u, t, name, e->xattrs[i].value, err);
        else
            u->result.xattrs_refused++;
    }
    return code;
}

static int put_acl(struct cprov_unpack *u, const struct target *t, const char *name,
                   struct cprov_span text, struct cprov_error *err)
{
    auto_buf struct cprov_buf value = { 0 };

    cprov_buf_init(&value, CPROV_TAR_HEADER_MAX);
    if (cprov_acl_parse(text, acl_id, u, &value, &u->result.xattrs_skipped, err) < 0)
        return err->code;
    return put_xattr(u, t, name, cprov_buf_span(&value), err);
}

static int put_acls(struct cprov_unpack *u, const struct target *t, const struct cprov_tar_entry *e,
                    struct cprov_error *err)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < e->pax_count; i++) {
        struct cprov_span key = e->pax[i].key, value = e->pax[i].value;

        if (value.len == 0 || e->type == CPROV_TAR_SYMLINK)
            continue;
        if (cprov_span_is(key, "SCHILY.acl.access"))
            code = put_acl(u, t, ACL_ACCESS, value, err);
        else if (cprov_span_is(key, "SCHILY.acl.default") && e->type == CPROV_TAR_DIR)
            code = put_acl(u, t, ACL_DEFAULT, value, err);
    }
    return code;
}

/* What a container sees as the owner; only files and directories can carry it. */
static int put_rootless(struct cprov_unpack *u, const struct target *t,
                        const struct cprov_tar_entry *e, struct cprov_error *err)
{
    uint8_t value[CPROV_ROOTLESS_MAX];

    if (e->uid >= UINT32_MAX || e->gid >= UINT32_MAX)
        return cprov_fail(err, CPROV_EVERIFY, "the owner's id does not fit");
    size_t len = cprov_rootless_format((uint32_t)e->uid, (uint32_t)e->gid, value);
    if (len == 0) {
        if (e->type == CPROV_TAR_DIR)
            remove_xattr(t, CPROV_ROOTLESS_ATTRIBUTE); /* of a layer below */
        return 0;
    }
    int os = e->type == CPROV_TAR_FILE || e->type == CPROV_TAR_DIR
                 ? set_xattr(t, CPROV_ROOTLESS_ATTRIBUTE, cprov_span_make((const char *)value, len))
                 : ENOTSUP;
    if (os != 0 && !is_skippable(os))
        return cprov_fail_os(err, os, "the attribute " CPROV_ROOTLESS_ATTRIBUTE);
    u->result.owners_skipped += os != 0 ? 1 : 0;
    return 0;
}

/* is: who owns it now. *owned says whether it has its owner afterwards. */
static int put_owner(struct cprov_unpack *u, const struct target *t,
                     const struct cprov_tar_entry *e, const struct stat *is, bool *owned,
                     struct cprov_error *err)
{
    uid_t uid;
    gid_t gid;

    *owned = true;
    if (u->rootless)
        return put_rootless(u, t, e, err);
    int code = cprov_unpack_owner(u, e->uid, e->gid, &uid, &gid, err);
    if (code < 0 || (uid == is->st_uid && gid == is->st_gid))
        return code;
    int rc = t->fd >= 0 ? fchown(t->fd, uid, gid)
                        : fchownat(t->dir, t->name, uid, gid, AT_SYMLINK_NOFOLLOW);
    if (rc == 0)
        return 0;
    /* EINVAL: an id that the user namespace does not have. */
    if (errno != EPERM && errno != EINVAL)
        return cprov_fail_os(err, errno, "cannot set the owner");
    *owned = false;
    u->result.owners_skipped++;
    return 0;
}

static void get_times(const struct cprov_tar_entry *e, struct timespec times[2])
{
    times[1] = (struct timespec){ .tv_sec = e->mtime_s, .tv_nsec = (long)e->mtime_ns };
    times[0] = times[1];
    if (e->has_atime)
        times[0] = (struct timespec){ .tv_sec = e->atime_s, .tv_nsec = (long)e->atime_ns };
}

/* A set-id bit would lend rights of somebody else than the image says. */
static mode_t mode_for(struct cprov_unpack *u, const struct cprov_tar_entry *e, bool owned)
{
    mode_t mode = cprov_layer_mode(e, u->windows);

    if (!owned)
        mode &= ~(mode_t)SET_IDS;
    if (e->type == CPROV_TAR_FILE && (mode & SET_IDS))
        u->result.set_ids++;
    return mode;
}

/* Everything but mode and times. */
static int put_attached(struct cprov_unpack *u, const struct target *t,
                        const struct cprov_tar_entry *e, const struct stat *is, bool *owned,
                        struct cprov_error *err)
{
    if (put_owner(u, t, e, is, owned, err) < 0)
        return err->code;
    clear_xattrs(u, t, e);
    /* After the owner: a change of it takes capabilities away. */
    if ((e->xattrs_count > 0 && put_xattrs(u, t, e, err) < 0) ||
        (e->pax_count > 0 && put_acls(u, t, e, err) < 0))
        return err->code;
    return 0;
}

int cprov_unpack_meta_file(struct cprov_unpack *u, const struct cprov_unpack_file *file,
                           struct cprov_error *err)
{
    const struct cprov_tar_entry *e = file->entry;
    const struct target t = { .fd = file->fd, .dir = -1, .name = "" };
    /* What a new file has, without asking; a group that may be another one matches nobody's. */
    struct stat is = { .st_uid = u->euid, .st_gid = file->may_inherit ? (gid_t)-1 : u->egid };
    struct timespec times[2];
    bool owned;

    if (put_attached(u, &t, e, &is, &owned, err) < 0)
        return err->code;
    mode_t mode = mode_for(u, e, owned);
    if ((mode != (file->made_mode & ~u->umask) || u->inherits_acls || e->pax_count > 0 ||
         e->xattrs_count > 0) &&
        fchmod(file->fd, mode) < 0)
        return cprov_fail_os(err, errno, "cannot set the mode");
    get_times(e, times);
    if (futimens(file->fd, times) < 0)
        return cprov_fail_os(err, errno, "cannot set the times");
    return 0;
}

/* What the image says of it holds for the one that is there, too. */
static int note_named(struct cprov_unpack *u, int fd, struct cprov_error *err)
{
    uint64_t id;

    if (cprov_tree_dir_id(fd, &id, err) < 0)
        return err->code;
    return cprov_hash_table_note(&u->named, id, "", err);
}

int cprov_unpack_meta_dir(struct cprov_unpack *u, const struct cprov_tar_entry *e, const char *path,
                          int fd, struct cprov_error *err)
{
    const struct target t = { .fd = fd, .dir = -1, .name = "" };
    struct timespec times[2];
    struct stat is;
    bool owned;
    mode_t mode;

    if (fstat(fd, &is) < 0)
        return cprov_fail_os(err, errno, "fstat");
    if (put_attached(u, &t, e, &is, &owned, err) < 0 || (u->inside && note_named(u, fd, err) < 0) ||
        cprov_unpack_late_mode(u, path, mode_for(u, e, owned), &mode, err) < 0)
        return err->code;
    if (fchmod(fd, mode) < 0)
        return cprov_fail_os(err, errno, "cannot set the mode");
    get_times(e, times);
    return cprov_tree_dir_times(u->tree, fd, times, err);
}

int cprov_unpack_meta_name(struct cprov_unpack *u, const struct cprov_tar_entry *e,
                           const struct cprov_spot *p, struct cprov_error *err)
{
    const struct target t = { .fd = -1, .dir = p->dir, .name = p->name };
    struct stat is = { .st_uid = u->euid, .st_gid = p->gid == u->egid ? u->egid : (gid_t)-1 };
    struct timespec times[2];
    bool owned;

    if (put_attached(u, &t, e, &is, &owned, err) < 0)
        return err->code;
    /* Not followed, wherever the C library can say so; and the name is one that we made. */
    if (e->type != CPROV_TAR_SYMLINK &&
        fchmodat(p->dir, p->name, mode_for(u, e, owned), AT_SYMLINK_NOFOLLOW) < 0)
        return cprov_fail_os(err, errno, "cannot set the mode");
    get_times(e, times);
    if (utimensat(p->dir, p->name, times, AT_SYMLINK_NOFOLLOW) < 0)
        return cprov_fail_os(err, errno, "cannot set the times");
    return 0;
}
