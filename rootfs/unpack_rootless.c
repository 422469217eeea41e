/* rootfs/unpack_rootless.c - what an ordinary user needs: owners in an attribute, modes that wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "rootfs/unpack_private.h"

#define NO_ID UINT32_MAX /* of the two, this one is as it is: root's */

/* A directory whose mode is set at the end; the path follows, with a NUL. */
struct late {
    uint32_t mode;
    uint16_t path_len;
};

struct rootless_item {
    const char *path;
    mode_t mode;
    size_t depth, number;
};

static size_t add_varint(uint8_t *out, uint8_t tag, uint32_t n)
{
    size_t len = 0;

    out[len++] = tag;
    for (; n >= 0x80; n >>= 7)
        out[len++] = (uint8_t)(n | 0x80);
    out[len++] = (uint8_t)n;
    return len;
}

size_t cprov_rootless_format(uint32_t uid, uint32_t gid, uint8_t out[CPROV_ROOTLESS_MAX])
{
    if (uid == 0 && gid == 0)
        return 0;
    size_t len = add_varint(out, 1 << 3, uid != 0 ? uid : NO_ID);
    return len + add_varint(out + len, 2 << 3, gid != 0 ? gid : NO_ID);
}

/* False at what is none. */
static bool read_varint(const uint8_t **at, const uint8_t *end, uint8_t tag, uint64_t *out)
{
    uint64_t n = 0;

    if (*at == end || *(*at)++ != tag)
        return false;
    for (unsigned shift = 0; *at < end && shift < 35; shift += 7) {
        uint8_t byte = *(*at)++;

        n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        *out = n == NO_ID ? 0 : n;
        return n <= NO_ID;
    }
    return false;
}

bool cprov_rootless_parse(const uint8_t *data, size_t len, uint64_t *uid, uint64_t *gid)
{
    const uint8_t *at = data, *end = data + len;
    uint64_t user, group;

    if (!read_varint(&at, end, 1 << 3, &user) || !read_varint(&at, end, 2 << 3, &group) ||
        at != end)
        return false;
    *uid = user;
    *gid = group;
    return true;
}

int cprov_unpack_late_mode(struct cprov_unpack *u, const char *path, mode_t mode, mode_t *now,
                           struct cprov_error *err)
{
    const struct late late = { .mode = mode, .path_len = (uint16_t)strlen(path) };

    *now = mode;
    if (u->euid == 0 || ((mode & S_IRWXU) == S_IRWXU && u->late.len == 0))
        return 0;
    *now = mode | S_IRWXU;
    cprov_buf_add(&u->late, &late, sizeof(late));
    cprov_buf_add(&u->late, path, (size_t)late.path_len + 1);
    return cprov_buf_check(&u->late, "the list of directories that keep their owner out", err);
}

/* Below before above, since the one above may be closed afterwards; the last word on one counts. */
static int compare(const void *a, const void *b)
{
    const struct rootless_item *x = a, *y = b;

    if (x->depth != y->depth)
        return x->depth > y->depth ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static size_t depth_of(const char *path)
{
    size_t depth = *path ? 1 : 0;

    for (; *path; path++)
        depth += *path == '/' ? 1 : 0;
    return depth;
}

/* How many there are; fills the list when there is one. */
static size_t list_items(const struct cprov_buf *late, struct rootless_item *items)
{
    size_t count = 0;
    struct late head;

    for (size_t at = 0; at < late->len; at += sizeof(head) + head.path_len + 1) {
        memcpy(&head, late->ptr + at, sizeof(head));
        const char *path = late->ptr + at + sizeof(head);

        if (items)
            items[count] = (struct rootless_item){ path, head.mode, depth_of(path), count };
        count++;
    }
    return count;
}

/* By name: a directory that is named twice keeps us out the second time. */
static int apply(struct cprov_tree *tree, const struct rootless_item *item, struct cprov_error *err)
{
    struct cprov_error missing = CPROV_ERROR_INIT;
    struct cprov_spot place;

    int code = cprov_tree_find(tree, item->path, CPROV_TREE_LOOK, &place, &missing);
    if (code < 0 && code != CPROV_ENOTFOUND)
        *err = missing;
    if (code < 0)
        return code == CPROV_ENOTFOUND ? 0 : code; /* a later layer has taken it away */
    auto_fd int fd = openat(place.dir, place.name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
                   ? 0
                   : cprov_fail_os(err, errno, "cannot open %s", item->path);
    if (fchmodat(place.dir, place.name, item->mode, 0) < 0)
        return cprov_fail_os(err, errno, "cannot set the mode of %s", item->path);
    return 0;
}

int cprov_unpack_late_apply(struct cprov_unpack *u, struct cprov_tree *tree,
                            struct cprov_error *err)
{
    size_t count = list_items(&u->late, NULL);
    int code = 0;

    if (count == 0)
        return 0;
    struct rootless_item *items = calloc(count, sizeof(*items));
    if (!items)
        return cprov_fail_memory(err);
    list_items(&u->late, items);
    qsort(items, count, sizeof(*items), compare);
    for (size_t i = 0; code == 0 && i < count; i++)
        code = apply(tree, &items[i], err);
    free(items);
    return code;
}
