/* engine/passwd.c - etc/passwd and etc/group of an image, read as hostile text. */
#include "engine/passwd_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/span.h"

#define ID_MAX     0x7fffffffu /* what runtimes take */
#define GROUPS_MAX 65536       /* what the kernel takes */
#define FIELDS     7           /* of a line of passwd; group has four */

/* --- the files --- */

/* Where the kernel cannot keep links inside, none is followed. */
static int open_careful(int root, const char *folder, const char *name)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    auto_fd int dir = openat(root, folder, O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_RDONLY);

    return dir < 0 ? -1 : openat(dir, name, flags);
}

static int open_inside(int root, const char *folder, const char *name)
{
    char path[32];
    struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
                            .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    char *end = stpcpy(path, folder);

    *end++ = '/';
    memcpy(end, name, strlen(name) + 1);
    long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_careful(root, folder, name);
    return (int)fd;
}

/* Appends etc/NAME; what is not there, or is no file, has no entries. */
static int read_etc(int root, const char *name, struct cprov_buf *out, struct cprov_error *err)
{
    auto_fd int fd = open_inside(root, "etc", name);
    char piece[4096];
    struct stat st;
    size_t got = sizeof(piece);

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return 0;
    for (off_t at = 0; got == sizeof(piece); at += (off_t)got) {
        if (cprov_fs_read_at(fd, piece, sizeof(piece), at, &got, err) < 0)
            return cprov_wrap(err, "etc/%s of the image", name);
        cprov_buf_add(out, piece, got);
    }
    return cprov_buf_check(out, name, err);
}

/* The next line with at least `least` fields, in *fields; false at the end. */
static bool next_line(struct cprov_span *rest, size_t least, struct cprov_span fields[FIELDS])
{
    struct cprov_span line;

    while (cprov_span_next(rest, '\n', &line)) {
        struct cprov_span field;
        size_t n = 0;

        while (n < FIELDS && cprov_span_next(&line, ':', &field))
            fields[n++] = field;
        if (n >= least && fields[0].len > 0 && fields[0].ptr[0] != '#')
            return true;
    }
    return false;
}

static bool read_id(struct cprov_span text, uint32_t *out)
{
    uint64_t n;

    if (!cprov_span_u64(text, &n) || n > ID_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

/* --- who it is --- */

/* What is looked for, and what was found. */
struct passwd_search {
    struct cprov_span user, group; /* as written */
    bool has_group;
    struct cprov_span name; /* of the user, once an entry was found */
    struct cprov_span home;
    uint32_t uid, gid;
    bool number; /* `user` is one, and its value is in uid */
};

/* A name goes before a number that is spelt the same. */
static bool find_user(struct passwd_search *q, struct cprov_span passwd)
{
    struct cprov_span f[FIELDS], rest = passwd;
    bool found = false;

    while (next_line(&rest, 6, f)) {
        uint32_t uid, gid;
        bool named = cprov_span_equal(f[0], q->user);

        if (!read_id(f[2], &uid) || !read_id(f[3], &gid) ||
            !(named || (!found && q->number && uid == q->uid)))
            continue;
        q->name = f[0];
        q->home = f[5];
        q->gid = gid;
        found = true;
        if (named) {
            q->uid = uid;
            return true;
        }
    }
    return found;
}

static bool find_group(struct passwd_search *q, struct cprov_span groups)
{
    struct cprov_span f[FIELDS], rest = groups;

    while (next_line(&rest, 3, f))
        if (cprov_span_equal(f[0], q->group) && read_id(f[2], &q->gid))
            return true;
    return read_id(q->group, &q->gid);
}

static bool has_member(struct cprov_span members, struct cprov_span name)
{
    struct cprov_span member;

    while (cprov_span_next(&members, ',', &member))
        if (cprov_span_equal(cprov_span_trim(member), name))
            return true;
    return false;
}

static int list_groups(const struct passwd_search *q, struct cprov_span groups,
                       struct cprov_arena *arena, struct cprov_user *out, struct cprov_error *err)
{
    struct cprov_span f[FIELDS], rest = groups;
    size_t count = 0, n = 0;
    uint32_t gid;

    while (next_line(&rest, 4, f))
        count += has_member(f[3], q->name);
    if (count > GROUPS_MAX)
        return cprov_fail(err, CPROV_ELIMIT, "the user is in %zu groups", count);
    uint32_t *list = cprov_arena_alloc(arena, count, sizeof(*list));
    if (!list)
        return cprov_fail_memory(err);
    rest = groups;
    while (next_line(&rest, 4, f))
        if (has_member(f[3], q->name) && read_id(f[2], &gid) && gid != q->gid)
            list[n++] = gid;
    out->groups = list;
    out->groups_count = n;
    return 0;
}

static int split(const char *text, struct passwd_search *q, struct cprov_error *err)
{
    struct cprov_span whole = cprov_span_of(text);
    uint64_t number;

    q->user = whole;
    q->has_group = cprov_span_cut(whole, ':', &q->user, &q->group) && q->group.len > 0;
    if (q->user.len == 0)
        q->user = CPROV_SPAN_LITERAL("0");
    q->number = read_id(q->user, &q->uid);
    if ((!q->number && cprov_span_u64(q->user, &number)) ||
        (q->has_group && cprov_span_u64(q->group, &number) && number > ID_MAX))
        return cprov_fail(err, CPROV_EVERIFY, "user '%s' of the image config: an id is too large",
                          text);
    return 0;
}

static int find(struct passwd_search *q, struct cprov_span passwd, struct cprov_span groups,
                struct cprov_error *err)
{
    bool known = find_user(q, passwd);

    if (!known && !q->number)
        return cprov_fail(err, CPROV_ENOTFOUND,
                          "user '%" CPROV_SPAN_FMT "' is not in the image's etc/passwd",
                          CPROV_SPAN_ARG(q->user));
    if (q->has_group && !find_group(q, groups))
        return cprov_fail(err, CPROV_ENOTFOUND,
                          "group '%" CPROV_SPAN_FMT "' is not in the image's etc/group",
                          CPROV_SPAN_ARG(q->group));
    return 0;
}

int cprov_user_find(int rootfs_fd, const char *text, struct cprov_arena *arena,
                    struct cprov_user *out, struct cprov_error *err)
{
    auto_buf struct cprov_buf passwd = { 0 }, groups = { 0 };
    struct cprov_user user = { .home = "/" };
    struct passwd_search q = { .home = { 0 } };

    cprov_buf_init(&passwd, CPROV_CONF_FILE_MAX);
    cprov_buf_init(&groups, CPROV_CONF_FILE_MAX);
    if (split(text, &q, err) < 0 || read_etc(rootfs_fd, "passwd", &passwd, err) < 0 ||
        read_etc(rootfs_fd, "group", &groups, err) < 0 ||
        find(&q, cprov_buf_span(&passwd), cprov_buf_span(&groups), err) < 0)
        return err->code;
    if (!q.has_group && q.name.len > 0 &&
        list_groups(&q, cprov_buf_span(&groups), arena, &user, err) < 0)
        return err->code;
    user.uid = q.uid;
    user.gid = q.gid;
    if (q.home.len > 0 && q.home.ptr[0] == '/' && !memchr(q.home.ptr, '\0', q.home.len))
        user.home = cprov_arena_text(arena, q.home);
    if (cprov_arena_check(arena, err) < 0)
        return err->code;
    *out = user;
    return 0;
}
