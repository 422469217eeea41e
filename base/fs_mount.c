/* base/fs_mount.c - what is mounted where: asked of the kernel, by descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"

#define FDINFO_MAX    (4 * CPROV_KIB)
#define MOUNTINFO_MAX (64 * CPROV_MIB)
#define PROC_NAME_MAX 48
#define MOUNT_FIELD   5 /* of a line of mountinfo: where it is mounted */

/* Kernels before 5.8, and sandboxes that refuse statx(): "mnt_id:" of /proc/self/fdinfo. */
static int read_fdinfo(int fd, uint64_t *out)
{
    auto_buf struct cprov_buf text = { 0 };
    char name[PROC_NAME_MAX];

    snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
    cprov_buf_init(&text, FDINFO_MAX);
    if (cprov_fs_read(AT_FDCWD, name, FDINFO_MAX, &text, CPROV_IGNORED) < 0)
        return ENOSYS;
    const char *line = strstr(cprov_buf_text(&text), "mnt_id:");
    if (!line)
        return ENOSYS;
    *out = strtoull(line + strlen("mnt_id:"), NULL, 10);
    return 0;
}

int cprov_fs_mount_id(int fd, uint64_t *out)
{
    struct statx stx = { .stx_mask = 0 };
    struct stat st;

    if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &stx) == 0 &&
        (stx.stx_mask & STATX_MNT_ID)) {
        *out = stx.stx_mnt_id;
        return 0;
    }
    if (read_fdinfo(fd, out) == 0)
        return 0;
    if (fstat(fd, &st) < 0)
        return errno;
    *out = st.st_dev; /* better than nothing: another file system at least */
    return 0;
}

/* Blanks and their like stand as three octal digits in mountinfo. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *p = text; *p; to++) {
        if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] && p[3]) {
            *to = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
            p += 4;
        } else {
            *to = *p++;
        }
    }
    *to = '\0';
}

/* The field of a line, ended and unescaped; NULL when there is none. */
static char *mount_point(char *line)
{
    for (int i = 1; line && i < MOUNT_FIELD; i++) {
        line = strchr(line, ' ');
        line = line ? line + 1 : NULL;
    }
    if (!line)
        return NULL;
    line[strcspn(line, " ")] = '\0';
    unescape(line);
    return line;
}

int cprov_fs_check_mounts(int dir, bool at_top, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };
    char name[PROC_NAME_MAX], path[PATH_MAX];

    snprintf(name, sizeof(name), "/proc/self/fd/%d", dir);
    ssize_t len = readlink(name, path, sizeof(path) - 1);
    cprov_buf_init(&text, MOUNTINFO_MAX);
    if (len < 0 ||
        cprov_fs_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, CPROV_IGNORED) < 0)
        return 0;
    path[len] = '\0';
    cprov_buf_add_char(&text, '\0');
    if (cprov_buf_check(&text, "the list of mounts", err) < 0)
        return err->code;
    for (char *line = text.ptr, *end; *line; line = end) {
        end = strchrnul(line, '\n');
        if (*end)
            *end++ = '\0';
        const char *where = mount_point(line);
        if (!where || strncmp(where, path, (size_t)len) != 0 ||
            !(where[len] == '/' || (at_top && where[len] == '\0')))
            continue;
        cprov_fail(err, CPROV_EINUSE, "something is mounted at %s", where);
        cprov_hint(err, CPROV_HINT_UNMOUNT);
        return CPROV_EINUSE;
    }
    return 0;
}
