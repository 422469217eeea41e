/* rootfs/inode.c - owner, mode, attributes and target of one file. */
#include "rootfs/inode_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/grow.h"
#include "base/limits.h"
#include "rootfs/layer_rules.h"
#include "rootfs/unpack_private.h"

void cprov_inode_init(struct cprov_inode *n)
{
    *n = (struct cprov_inode){ .fd = -1 };
    cprov_buf_init(&n->texts, CPROV_TAR_HEADER_MAX / 2); /* so that it is read again */
}

void cprov_inode_clear(struct cprov_inode *n)
{
    cprov_fd_close(&n->fd);
    cprov_buf_clear(&n->texts);
    free(n->xattrs);
}

/* --- whose it is --- */

static int inner_id(const struct cprov_id_map *map, size_t count, uint32_t id, uint32_t own,
                    uint64_t *out, struct cprov_error *err)
{
    *out = geteuid() != 0 && id == own ? 0 : id;
    for (size_t i = 0; i < count; i++)
        if (id >= map[i].outside && id - map[i].outside < map[i].count) {
            *out = map[i].inside + (uint64_t)(id - map[i].outside);
            return 0;
        }
    if (count > 0)
        return cprov_fail(err, CPROV_EUNSUPPORTED, "its owner %u is in no map", (unsigned)id);
    return 0;
}

static int take_owner(struct cprov_inode *n, const struct cprov_folder *how,
                      struct cprov_error *err)
{
    struct cprov_tar_entry *e = &n->entry;
    uint8_t kept[CPROV_ROOTLESS_MAX];
    ssize_t len = n->fd >= 0 ? fgetxattr(n->fd, CPROV_ROOTLESS_ATTRIBUTE, kept, sizeof(kept)) : -1;

    if (len > 0 && cprov_rootless_parse(kept, (size_t)len, &e->uid, &e->gid))
        return 0;
    if (inner_id(how->uid_map, how->uid_map_count, n->st.st_uid, geteuid(), &e->uid, err) < 0 ||
        inner_id(how->gid_map, how->gid_map_count, n->st.st_gid, getegid(), &e->gid, err) < 0)
        return err->code;
    return 0;
}

/* --- attributes --- */

static int compare_pairs(const void *a, const void *b)
{
    const struct cprov_tar_pair *x = a, *y = b;

    return cprov_span_compare(x->key, y->key);
}

static int add_xattr(struct cprov_inode *n, const char *name, struct cprov_error *err)
{
    char value[XATTR_SIZE_MAX];
    ssize_t len = fgetxattr(n->fd, name, value, sizeof(value));
    size_t count = n->entry.xattrs_count;

    if (len < 0 && errno == ENODATA)
        return 0;
    if (len < 0)
        return cprov_fail_os(err, errno, "cannot read the attribute %s", name);
    if (cprov_grow(&n->xattrs, &n->xattrs_room, count, sizeof(*n->xattrs), CPROV_LIST_MAX, err) < 0)
        return err->code;
    /* The buffer may move: where they are in it is known at the end. */
    n->xattrs[count].key.len = strlen(name);
    n->xattrs[count].value.len = (size_t)len;
    cprov_buf_add(&n->texts, name, strlen(name));
    cprov_buf_add(&n->texts, value, (size_t)len);
    n->entry.xattrs_count++;
    return 0;
}

static int take_xattrs(struct cprov_inode *n, struct cprov_error *err)
{
    char names[XATTR_LIST_MAX];
    ssize_t len = flistxattr(n->fd, names, sizeof(names));

    if (len < 0 && errno != ENOTSUP)
        return cprov_fail_os(err, errno, "cannot list its attributes");
    for (const char *name = names; len > 0 && name < names + len; name += strlen(name) + 1)
        if (cprov_layer_attribute_passes(NULL, name) && add_xattr(n, name, err) < 0)
            return err->code;
    if (cprov_buf_check(&n->texts, "the attributes", err) < 0)
        return err->code;
    const char *at = n->texts.ptr;
    for (size_t i = 0; i < n->entry.xattrs_count; i++) {
        n->xattrs[i].key.ptr = at;
        n->xattrs[i].value.ptr = at + n->xattrs[i].key.len;
        at += n->xattrs[i].key.len + n->xattrs[i].value.len;
    }
    if (n->entry.xattrs_count > 1)
        qsort(n->xattrs, n->entry.xattrs_count, sizeof(*n->xattrs), compare_pairs);
    n->entry.xattrs = n->xattrs;
    return 0;
}

/* --- what it is --- */

static int take_link(struct cprov_inode *n, int dir, const char *name, struct cprov_error *err)
{
    char target[CPROV_UNPACK_PATH + 1];
    ssize_t len = readlinkat(dir, name, target, sizeof(target));

    if (len < 0)
        return cprov_fail_os(err, errno, "cannot read the link");
    cprov_buf_add(&n->texts, target, (size_t)len);
    n->entry.link = cprov_buf_span(&n->texts);
    return cprov_buf_check(&n->texts, "the target of a link", err);
}

static int open_content(struct cprov_inode *n, int dir, const char *name, struct cprov_error *err)
{
    const struct stat seen = n->st;

    n->fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (n->fd < 0)
        return cprov_fail_os(err, errno, "cannot open it");
    if (fstat(n->fd, &n->st) < 0)
        return cprov_fail_os(err, errno, "cannot look at it");
    if (n->st.st_ino != seen.st_ino || n->st.st_dev != seen.st_dev ||
        (n->st.st_mode & S_IFMT) != (seen.st_mode & S_IFMT))
        return cprov_fail(err, CPROV_EINUSE, "another file took its place while it was read");
    return 0;
}

int cprov_inode_read(struct cprov_inode *n, int dir, const char *name,
                     const struct cprov_folder *how, struct cprov_error *err)
{
    static const struct {
        mode_t mode;
        enum cprov_tar_type type;
    } types[] = { { S_IFREG, CPROV_TAR_FILE },         { S_IFDIR, CPROV_TAR_DIR },
                  { S_IFLNK, CPROV_TAR_SYMLINK },      { S_IFCHR, CPROV_TAR_CHAR_DEVICE },
                  { S_IFBLK, CPROV_TAR_BLOCK_DEVICE }, { S_IFIFO, CPROV_TAR_FIFO } };
    size_t i = 0;

    cprov_fd_close(&n->fd);
    cprov_buf_reset(&n->texts);
    if (fstatat(dir, name, &n->st, AT_SYMLINK_NOFOLLOW) < 0)
        return cprov_fail_os(err, errno, "cannot look at it");
    while (i < CPROV_COUNT(types) && types[i].mode != (n->st.st_mode & S_IFMT))
        i++;
    if (i == CPROV_COUNT(types))
        return cprov_fail(err, CPROV_EUNSUPPORTED, "no layer can hold a socket");
    bool opened = S_ISREG(n->st.st_mode) || S_ISDIR(n->st.st_mode);
    if (opened && open_content(n, dir, name, err) < 0)
        return err->code;
    n->entry =
        (struct cprov_tar_entry){ .type = types[i].type,
                                  .size = S_ISREG(n->st.st_mode) ? (uint64_t)n->st.st_size : 0,
                                  .mode = n->st.st_mode & 07777,
                                  .mtime_s = n->st.st_mtim.tv_sec };
    if (S_ISCHR(n->st.st_mode) || S_ISBLK(n->st.st_mode)) {
        n->entry.dev_major = major(n->st.st_rdev);
        n->entry.dev_minor = minor(n->st.st_rdev);
    }
    if (S_ISLNK(n->st.st_mode) && take_link(n, dir, name, err) < 0)
        return err->code;
    if (take_owner(n, how, err) < 0 || (opened && take_xattrs(n, err) < 0))
        return err->code;
    return 0;
}
