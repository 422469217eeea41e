/* store/unpack.c - the folder: empty at the beginning, whole at the end, or as it was. */
#include "store/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "store/dir.h"
#include "store/unpack_private.h"

#define STATUS_MAX    (64 * CPROV_KIB)
#define UMASK_UNKNOWN 0777

/* The only way to ask without setting it, which would be seen by every thread. */
static mode_t read_umask(void)
{
    auto_buf struct cprov_buf text = { 0 };
    mode_t mask = 0;

    cprov_buf_init(&text, STATUS_MAX);
    if (cprov_fs_read(AT_FDCWD, "/proc/self/status", STATUS_MAX, &text, NULL) < 0)
        return UMASK_UNKNOWN;
    const char *line = strstr(cprov_buf_text(&text), "\nUmask:");
    if (!line)
        return UMASK_UNKNOWN;
    for (line += strlen("\nUmask:"); *line && *line != '\n'; line++)
        if (*line >= '0' && *line <= '7')
            mask = (mask << 3 | (mode_t)(*line - '0')) & 0777;
    return mask;
}

static int copy_map(const struct cprov_id_map *map, size_t count, struct cprov_id_map **out,
                    size_t *out_count, struct cprov_error *err)
{
    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (map[i].count == 0 || map[i].inside > UINT32_MAX - map[i].count ||
            map[i].outside > UINT32_MAX - map[i].count)
            return cprov_fail(err, CPROV_EINVAL, "a map of ids has a run that does not fit");
    *out = calloc(count, sizeof(*map));
    if (!*out)
        return cprov_fail_memory(err);
    memcpy(*out, map, count * sizeof(*map));
    *out_count = count;
    return 0;
}

static int set_up(struct cprov_unpack *u, const struct cprov_unpack_options *o,
                  struct cprov_error *err)
{
    u->rootless = o->rootless;
    u->windows = o->windows;
    u->cancel = o->cancel;
    u->limits = o->limits;
    cprov_unpack_limits_fill(&u->limits);
    u->euid = geteuid();
    u->egid = getegid();
    u->umask = read_umask();
    cprov_buf_init(&u->late, CPROV_UNPACK_LATE);
    cprov_buf_init(&u->win.lines, 4 * CPROV_TAR_HEADER_MAX);
    int code = copy_map(o->uid_map, o->uid_map_count, &u->uid_map, &u->uid_map_count, err);
    if (code == 0)
        code = copy_map(o->gid_map, o->gid_map_count, &u->gid_map, &u->gid_map_count, err);
    if (code == 0 && u->windows)
        code = cprov_name_set_init(&u->win.exact, err);
    if (code == 0 && u->windows)
        code = cprov_name_set_init(&u->win.folded, err);
    return code;
}

/* Opens the folder that dir is in, and copies its last component. */
static int open_parent(struct cprov_unpack *u, const char *dir, struct cprov_error *err)
{
    char parent[PATH_MAX];
    size_t len = strlen(dir);

    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len == 0 || len >= sizeof(parent))
        return cprov_fail(err, CPROV_EINVAL, "'%s' does not name a folder", dir);
    memcpy(parent, dir, len);
    parent[len] = '\0';
    char *slash = strrchr(parent, '/'), *last = slash ? slash + 1 : parent;
    u->name = strdup(last);
    if (!u->name)
        return cprov_fail_memory(err);
    *last = '\0';
    if (parent[0]) {
        int code = cprov_fs_make_dirs(AT_FDCWD, parent, 0755, err);
        if (code != 0)
            return code;
    }
    return cprov_fs_open_dir(AT_FDCWD, parent[0] ? parent : ".", &u->parent, err);
}

static int make_root(struct cprov_unpack *u, const char *dir, struct cprov_error *err)
{
    int code = open_parent(u, dir, err);

    if (code != 0)
        return code;
    if (mkdirat(u->parent, u->name, 0755) < 0)
        return cprov_fail_os(err, errno, "cannot make the folder %s", dir);
    u->made = true;
    return cprov_fs_open_dir(u->parent, u->name, &u->root, err);
}

static int open_root(struct cprov_unpack *u, const char *dir, struct cprov_error *err)
{
    struct stat st;
    int code = 0;

    u->root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (u->root < 0 && errno == ENOENT)
        code = make_root(u, dir, err);
    else if (u->root < 0)
        code = cprov_fail_os(err, errno, "%s", dir);
    if (code != 0)
        return code;
    if (fstat(u->root, &st) < 0)
        return cprov_fail_os(err, errno, "%s", dir);
    u->root_mode = st.st_mode & 07777;
    u->root_uid = st.st_uid;
    u->root_gid = st.st_gid;
    u->inherits_acls = fgetxattr(u->root, "system.posix_acl_default", NULL, 0) > 0;
    return 0;
}

static int check_empty(struct cprov_unpack *u, const char *dir, bool force, struct cprov_error *err)
{
    auto_dir DIR *entries = NULL;
    int code = cprov_dir_open(u->root, ".", &entries, err);

    if (code != 0 || !cprov_dir_next(entries))
        return code;
    if (!force) {
        cprov_fail(err, CPROV_EEXISTS, "%s is not empty", dir);
        cprov_hint(err, "give another folder, or --force to unpack over what is there");
        return err->code;
    }
    u->has_lower = true;
    return cprov_undo_new(u->root, &u->undo, err);
}

static int on_made(void *arg, const char *path, struct cprov_error *err)
{
    struct cprov_unpack *u = arg;

    return cprov_undo_add(u->undo, path, err);
}

static int open_tree(struct cprov_unpack *u, struct cprov_error *err)
{
    struct cprov_tree_options options = { .umask = u->umask };

    if (u->undo) {
        options.made = on_made;
        options.arg = u;
    }
    /* Directories that no entry names are root's: of the image, that is. */
    if (!u->rootless && u->euid == 0 && (u->uid_map_count > 0 || u->gid_map_count > 0)) {
        int code = cprov_unpack_owner(u, 0, 0, &options.uid, &options.gid, err);
        if (code != 0)
            return code;
        options.own = true;
        if (u->made && fchown(u->root, options.uid, options.gid) < 0)
            return cprov_fail_os(err, errno, "cannot set the owner of the folder");
    }
    if (u->made && fchmod(u->root, 0755) < 0) /* whatever the umask says */
        return cprov_fail_os(err, errno, "cannot set the mode of the folder");
    /* Many images do not say how old the root is; it is to be the same each time, as umoci has it.
     */
    if (!u->undo)
        (void)futimens(u->root, (const struct timespec[2]){ { .tv_sec = 0 }, { .tv_sec = 0 } });
    return cprov_tree_new(u->root, &options, &u->tree, err);
}

int cprov_unpack_open(const char *dir, const struct cprov_unpack_options *options,
                      struct cprov_unpack **out, struct cprov_error *err)
{
    auto_unpack struct cprov_unpack *u = calloc(1, sizeof(*u));

    if (!u)
        return cprov_fail_memory(err);
    u->parent = u->root = u->file.fd = u->win.fd = -1;
    int code = set_up(u, options, err);
    if (code == 0)
        code = open_root(u, dir, err);
    if (code == 0 && !u->made)
        code = check_empty(u, dir, options->force, err);
    if (code == 0)
        code = open_tree(u, err);
    if (code != 0) {
        u->committed = !u->made; /* nothing of it is ours yet */
        return code;
    }
    *out = cprov_steal(&u);
    return 0;
}

/* Everything in the folder is ours. */
static void remove_content(struct cprov_unpack *u)
{
    auto_dir DIR *entries = NULL;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (cprov_dir_open(u->root, ".", &entries, &ignored) != 0)
        return;
    for (const char *name; (name = cprov_dir_next(entries));)
        if (cprov_fs_remove_tree(u->root, name, &ignored) != 0)
            return;
}

/* What was made goes; nobody is there to be told what could not be removed. */
static void take_back(struct cprov_unpack *u)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (u->undo && u->tree) {
        int code = cprov_undo_run(u->undo, u->tree, &ignored);
        (void)code;
    } else if (u->root >= 0 && !u->undo) {
        remove_content(u);
    }
    if (u->made) {
        (void)unlinkat(u->parent, u->name, AT_REMOVEDIR);
        return;
    }
    /* who may not put them back could not change them either */
    if (u->root >= 0 && fchown(u->root, u->root_uid, u->root_gid) == 0)
        (void)fchmod(u->root, u->root_mode);
}

void cprov_unpack_close(struct cprov_unpack *u)
{
    if (!u)
        return;
    if (!u->committed)
        take_back(u);
    cprov_tree_free(u->tree);
    cprov_undo_free(u->undo);
    cprov_unpack_windows_clear(u);
    cprov_name_set_clear(&u->names);
    cprov_buf_clear(&u->late);
    cprov_fd_close(&u->file.fd);
    cprov_fd_close(&u->root);
    cprov_fd_close(&u->parent);
    free(u->uid_map);
    free(u->gid_map);
    free(u->name);
    free(u);
}

int cprov_unpack_commit(struct cprov_unpack *u, struct cprov_unpack_result *result,
                        struct cprov_error *err)
{
    int code = cprov_unpack_windows_finish(u, err);

    if (code == 0) {
        cprov_tree_flush(u->tree);
        code = cprov_unpack_late_apply(u, err);
    }
    if (code == 0)
        code = cprov_fs_sync_all(u->root, err);
    if (code != 0)
        return code;
    u->committed = true;
    *result = u->result;
    result->entries = u->count.entries;
    result->bytes = u->count.bytes;
    return 0;
}
