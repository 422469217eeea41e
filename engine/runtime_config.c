/* engine/runtime_config.c - config.json of a bundle: an image config in a runtime's words. */
#include "engine/runtime_config.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "engine/passwd_private.h"

#define SPEC_VERSION    "1.0.2" /* all that is written was there then; older runtimes read it */
#define INDENT          2
#define DEFAULT_PATH    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ALLOWED         "org.opencontainers.image."
#define ANNOTATION(key) ALLOWED key

/* What is written, and from what. */
struct making {
    const struct cprov_image_config *config;
    const struct cprov_runtime_options *options;
    struct cprov_json_writer w;
    struct cprov_arena arena;
    struct cprov_user user;
    bool windows;
    size_t dropped; /* labels */
};

/* --- lists that are always the same --- */

/* Those of podman: what a process of an ordinary container needs, and no raw sockets or devices. */
static const char *const capabilities[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",     "CAP_FSETID",
    "CAP_KILL",    "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",    "CAP_SETGID",
    "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT",
};

static const char *const masked_paths[] = {
    "/proc/acpi",          "/proc/asound",     "/proc/kcore",       "/proc/keys",
    "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
    "/proc/scsi",          "/sys/firmware",    "/sys/dev/block",    "/sys/devices/virtual/powercap",
};

static const char *const readonly_paths[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

#define OPTIONS_MAX 8

enum mount_for { FOR_ALL, FOR_ROOT, FOR_ROOTLESS };

static const struct mount {
    enum mount_for whom;
    const char *destination, *type, *source;
    const char *options[OPTIONS_MAX];
} mounts[] = {
    { FOR_ALL, "/proc", "proc", "proc", { NULL } },
    { FOR_ALL, "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
    { FOR_ROOT,
      "/dev/pts",
      "devpts",
      "devpts",
      { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
    /* group 5 is not mapped */
    { FOR_ROOTLESS,
      "/dev/pts",
      "devpts",
      "devpts",
      { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
    { FOR_ALL,
      "/dev/shm",
      "tmpfs",
      "shm",
      { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
    { FOR_ALL, "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
    { FOR_ROOT, "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
    { FOR_ROOT,
      "/sys/fs/cgroup",
      "cgroup",
      "cgroup",
      { "nosuid", "noexec", "nodev", "relatime", "ro" } },
    /* A sysfs can only be mounted by whoever owns the network namespace, which is the host's. */
    { FOR_ROOTLESS, "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" } },
    { FOR_ROOTLESS, "/etc/resolv.conf", "bind", "/etc/resolv.conf", { "rbind", "ro" } },
};

static const struct mount volume = {
    FOR_ALL, NULL, "tmpfs", "tmpfs", { "rw", "nosuid", "nodev", "noexec", "relatime" }
};

/* --- writing --- */

static void write_texts(struct making *m, const char *key, const char *const *list, size_t count)
{
    cprov_json_key(&m->w, key);
    cprov_json_begin_array(&m->w);
    for (size_t i = 0; i < count; i++)
        cprov_json_text(&m->w, list[i]);
    cprov_json_end_array(&m->w);
}

static void write_number(struct making *m, const char *key, uint64_t n)
{
    cprov_json_key(&m->w, key);
    cprov_json_number(&m->w, n);
}

static void write_flag(struct making *m, const char *key, bool flag)
{
    cprov_json_key(&m->w, key);
    cprov_json_bool(&m->w, flag);
}

static void write_user(struct making *m)
{
    cprov_json_key(&m->w, "user");
    cprov_json_begin_object(&m->w);
    if (m->windows) {
        if (*m->config->user)
            cprov_json_member(&m->w, "username", m->config->user);
    } else {
        write_number(m, "uid", m->user.uid);
        write_number(m, "gid", m->user.gid);
        /* setgroups() is denied to whoever made its user namespace without help. */
        if (m->user.groups_count > 0 && !m->options->rootless) {
            cprov_json_key(&m->w, "additionalGids");
            cprov_json_begin_array(&m->w);
            for (size_t i = 0; i < m->user.groups_count; i++)
                cprov_json_number(&m->w, m->user.groups[i]);
            cprov_json_end_array(&m->w);
        }
    }
    cprov_json_end_object(&m->w);
}

static void write_args(struct making *m)
{
    const struct cprov_image_config *c = m->config;

    cprov_json_key(&m->w, "args");
    cprov_json_begin_array(&m->w);
    for (size_t i = 0; i < c->entrypoint_count; i++)
        cprov_json_text(&m->w, c->entrypoint[i]);
    for (size_t i = 0; i < c->cmd_count; i++)
        cprov_json_text(&m->w, c->cmd[i]);
    if (c->entrypoint_count + c->cmd_count == 0)
        cprov_json_text(&m->w, m->windows ? "cmd.exe" : "sh");
    cprov_json_end_array(&m->w);
}

static bool has_variable(const struct cprov_image_config *c, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < c->env_count; i++)
        if (strncmp(c->env[i], name, len) == 0 && c->env[i][len] == '=')
            return true;
    return false;
}

static void write_env(struct making *m)
{
    const struct cprov_image_config *c = m->config;

    cprov_json_key(&m->w, "env");
    cprov_json_begin_array(&m->w);
    if (!m->windows && !has_variable(c, "PATH"))
        cprov_json_text(&m->w, "PATH=" DEFAULT_PATH);
    if (!m->windows && !has_variable(c, "TERM"))
        cprov_json_text(&m->w, "TERM=xterm");
    for (size_t i = 0; i < c->env_count; i++)
        cprov_json_text(&m->w, c->env[i]);
    if (!m->windows && !has_variable(c, "HOME"))
        cprov_json_text(&m->w, cprov_arena_textf(&m->arena, "HOME=%s", m->user.home));
    cprov_json_end_array(&m->w);
}

/* The spec wants an absolute one; images have had others. */
static const char *absolute(struct making *m, const char *path)
{
    return *path == '/' ? path : cprov_arena_textf(&m->arena, "/%s", path);
}

static const char *working_dir(struct making *m)
{
    const char *dir = m->config->working_dir;

    if (m->windows)
        return *dir ? dir : "C:\\";
    return absolute(m, dir);
}

static void write_process(struct making *m)
{
    static const char *const sets[] = { "bounding", "effective", "permitted" };

    cprov_json_key(&m->w, "process");
    cprov_json_begin_object(&m->w);
    write_flag(m, "terminal", false);
    write_user(m);
    write_args(m);
    write_env(m);
    cprov_json_member(&m->w, "cwd", working_dir(m));
    if (!m->windows) {
        cprov_json_key(&m->w, "capabilities");
        cprov_json_begin_object(&m->w);
        for (size_t i = 0; i < CPROV_COUNT(sets); i++)
            write_texts(m, sets[i], capabilities, CPROV_COUNT(capabilities));
        cprov_json_end_object(&m->w);
        write_flag(m, "noNewPrivileges", true);
    }
    cprov_json_end_object(&m->w);
}

static void write_mount(struct making *m, const struct mount *mount, const char *destination)
{
    size_t count = 0;

    while (count < OPTIONS_MAX && mount->options[count])
        count++;
    cprov_json_begin_object(&m->w);
    cprov_json_member(&m->w, "destination", destination);
    cprov_json_member(&m->w, "type", mount->type);
    cprov_json_member(&m->w, "source", mount->source);
    if (count > 0)
        write_texts(m, "options", mount->options, count);
    cprov_json_end_object(&m->w);
}

static void write_mounts(struct making *m)
{
    enum mount_for whom = m->options->rootless ? FOR_ROOTLESS : FOR_ROOT;

    cprov_json_key(&m->w, "mounts");
    cprov_json_begin_array(&m->w);
    for (size_t i = 0; i < CPROV_COUNT(mounts); i++)
        if (mounts[i].whom == FOR_ALL || mounts[i].whom == whom)
            write_mount(m, &mounts[i], mounts[i].destination);
    for (size_t i = 0; i < m->config->volumes_count; i++)
        write_mount(m, &volume, absolute(m, m->config->volumes[i]));
    cprov_json_end_array(&m->w);
}

/* --- annotations --- */

/* The one given by hand, of those of a name the last; NULL: none. */
static const char *by_hand(const struct making *m, const char *key)
{
    const struct cprov_runtime_options *options = m->options;
    size_t len = strlen(key);

    for (size_t i = options->annotations_count; i > 0; i--)
        if (strncmp(options->annotations[i - 1], key, len) == 0 &&
            options->annotations[i - 1][len] == '=')
            return options->annotations[i - 1];
    return NULL;
}

/* A label of the same name goes before what is said by another member. */
static void write_annotation(struct making *m, const char *key, const char *value)
{
    if (value && *value && !by_hand(m, key) && !cprov_image_config_label(m->config, key))
        cprov_json_member(&m->w, key, value);
}

static void write_by_hand(struct making *m)
{
    for (size_t i = 0; i < m->options->annotations_count; i++) {
        const char *text = m->options->annotations[i], *value = strchr(text, '=');
        const char *key = cprov_arena_textf(&m->arena, "%.*s", (int)(value - text), text);

        if (key && by_hand(m, key) == text)
            cprov_json_member(&m->w, key, value + 1);
    }
}

/* Only what runtimes take for a description. */
static void write_labels(struct making *m)
{
    for (size_t i = 0; i < m->config->labels_count; i++) {
        const struct cprov_annotation *label = &m->config->labels[i];

        if (strncmp(label->key, ALLOWED, strlen(ALLOWED)) != 0)
            m->dropped++;
        else if (!by_hand(m, label->key))
            cprov_json_member(&m->w, label->key, label->value);
    }
}

static void write_ports(struct making *m)
{
    const struct cprov_image_config *c = m->config;
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_CONFIG_MAX);
    for (size_t i = 0; i < c->ports_count; i++)
        cprov_buf_addf(&text, "%s%s", i > 0 ? "," : "", c->ports[i]);
    write_annotation(m, ANNOTATION("exposedPorts"), cprov_buf_text(&text));
}

static void write_annotations(struct making *m)
{
    const struct cprov_image_config *c = m->config;

    cprov_json_key(&m->w, "annotations");
    cprov_json_begin_object(&m->w);
    write_annotation(m, ANNOTATION("os"), c->platform.os);
    write_annotation(m, ANNOTATION("os.version"), c->platform.os_version);
    write_annotation(m, ANNOTATION("architecture"), c->platform.architecture);
    write_annotation(m, ANNOTATION("variant"), c->platform.variant);
    write_annotation(m, ANNOTATION("author"), c->author);
    write_annotation(m, ANNOTATION("created"), c->created);
    write_annotation(m, ANNOTATION("stopSignal"), c->stop_signal);
    write_ports(m);
    write_labels(m);
    write_by_hand(m);
    cprov_json_end_object(&m->w);
}

/* --- the platform's part --- */

static void write_map(struct making *m, const char *key, const struct cprov_id_map *map,
                      size_t count)
{
    cprov_json_key(&m->w, key);
    cprov_json_begin_array(&m->w);
    for (size_t i = 0; i < count; i++) {
        cprov_json_begin_object(&m->w);
        write_number(m, "containerID", map[i].inside);
        write_number(m, "hostID", map[i].outside);
        write_number(m, "size", map[i].count);
        cprov_json_end_object(&m->w);
    }
    cprov_json_end_array(&m->w);
}

/* True when there is a user namespace: one is asked for, or nothing else is permitted. */
static bool write_maps(struct making *m)
{
    const struct cprov_runtime_options *options = m->options;
    struct cprov_id_map self = { 0, geteuid(), 1 }, own_group = { 0, getegid(), 1 };
    bool maps = options->uid_map_count > 0 || options->gid_map_count > 0;

    if (!maps && !options->rootless)
        return false;
    write_map(m, "uidMappings", options->uid_map_count ? options->uid_map : &self,
              options->uid_map_count ? options->uid_map_count : 1);
    write_map(m, "gidMappings", options->gid_map_count ? options->gid_map : &own_group,
              options->gid_map_count ? options->gid_map_count : 1);
    return true;
}

static void write_namespace(struct making *m, const char *type)
{
    cprov_json_begin_object(&m->w);
    cprov_json_member(&m->w, "type", type);
    cprov_json_end_object(&m->w);
}

static void write_namespaces(struct making *m, bool user)
{
    static const char *const types[] = { "pid", "ipc", "uts", "mount", "cgroup" };

    cprov_json_key(&m->w, "namespaces");
    cprov_json_begin_array(&m->w);
    for (size_t i = 0; i < CPROV_COUNT(types); i++)
        write_namespace(m, types[i]);
    if (!m->options->rootless) /* its own would be without any way out */
        write_namespace(m, "network");
    if (user)
        write_namespace(m, "user");
    cprov_json_end_array(&m->w);
}

static void write_resources(struct making *m)
{
    cprov_json_key(&m->w, "resources");
    cprov_json_begin_object(&m->w);
    cprov_json_key(&m->w, "devices");
    cprov_json_begin_array(&m->w);
    cprov_json_begin_object(&m->w);
    write_flag(m, "allow", false);
    cprov_json_member(&m->w, "access", "rwm");
    cprov_json_end_object(&m->w);
    cprov_json_end_array(&m->w);
    cprov_json_end_object(&m->w);
}

static void write_linux(struct making *m)
{
    write_mounts(m);
    cprov_json_key(&m->w, "linux");
    cprov_json_begin_object(&m->w);
    bool user = write_maps(m);
    if (!m->options->rootless)
        write_resources(m);
    write_namespaces(m, user);
    write_texts(m, "maskedPaths", masked_paths, CPROV_COUNT(masked_paths));
    write_texts(m, "readonlyPaths", readonly_paths, CPROV_COUNT(readonly_paths));
    cprov_json_end_object(&m->w);
}

static void write_windows(struct making *m)
{
    static const char *const folders[] = { "rootfs" };

    cprov_json_key(&m->w, "windows");
    cprov_json_begin_object(&m->w);
    write_texts(m, "layerFolders", folders, CPROV_COUNT(folders));
    cprov_json_end_object(&m->w);
}

static void write_all(struct making *m)
{
    cprov_json_begin_object(&m->w);
    cprov_json_member(&m->w, "ociVersion", SPEC_VERSION);
    write_process(m);
    cprov_json_key(&m->w, "root");
    cprov_json_begin_object(&m->w);
    cprov_json_member(&m->w, "path", "rootfs");
    cprov_json_end_object(&m->w);
    cprov_json_member(&m->w, "hostname", "container");
    write_annotations(m);
    if (m->windows)
        write_windows(m);
    else
        write_linux(m);
    cprov_json_end_object(&m->w);
    cprov_buf_add_char(m->w.out, '\n');
}

int cprov_runtime_config_write(const struct cprov_image_config *config, int rootfs_fd,
                               const struct cprov_runtime_options *options, struct cprov_buf *out,
                               size_t *dropped, struct cprov_error *err)
{
    struct making m = { .config = config,
                        .options = options,
                        .windows = strcmp(config->platform.os, "windows") == 0,
                        .user = { .home = "/" } };

    cprov_json_writer_init(&m.w, out, INDENT);
    int code = m.windows ? 0 : cprov_user_find(rootfs_fd, config->user, &m.arena, &m.user, err);
    if (code == 0) {
        write_all(&m);
        code = cprov_arena_check(&m.arena, err);
    }
    cprov_arena_clear(&m.arena);
    if (code < 0 || cprov_buf_check(out, "config.json", err) < 0)
        return err->code;
    *dropped = m.dropped;
    return 0;
}
