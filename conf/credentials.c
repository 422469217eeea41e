/* conf/credentials.c - where logins are kept. */
#include "conf/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "conf/auth_file_private.h"
#include "conf/credential_helper_private.h"
#include "conf/netrc_private.h"
#include "conf/secret.h"

/* Every file that may have a login, in the order in which they are asked. */
struct places {
    struct cprov_arena arena;
    const char *authfile; /* when it is given, the only one */
    const char *docker;
    const char *podman[3];
    size_t podman_count;
    const char *netrc;
};

static void places_clear(struct places *p)
{
    cprov_arena_clear(&p->arena);
}

#define auto_places CPROV_CLEANUP(places_clear)

static const char *from_env(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static bool is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void add_podman(struct places *p, const char *path)
{
    p->podman[p->podman_count++] = path;
}

/* The first of these that can be made is where podman writes. */
static void find_podman(struct places *p, const char *home)
{
    const char *runtime = from_env("XDG_RUNTIME_DIR");
    const char *config = from_env("XDG_CONFIG_HOME");

    if (runtime && is_dir(runtime))
        add_podman(p, cprov_arena_textf(&p->arena, "%s/containers/auth.json", runtime));
    else if (!runtime && (getuid() == 0 || is_dir("/run/containers")))
        add_podman(p, cprov_arena_textf(&p->arena, "/run/containers/%lu/auth.json",
                                        (unsigned long)getuid()));
    if (config && *config == '/')
        add_podman(p, cprov_arena_textf(&p->arena, "%s/containers/auth.json", config));
    if (*home)
        add_podman(p, cprov_arena_textf(&p->arena, "%s/.config/containers/auth.json", home));
}

static int find_places(const char *authfile, struct places *p, struct cprov_error *err)
{
    auto_buf struct cprov_buf buf = { 0 };
    const char *docker = from_env("DOCKER_CONFIG");
    const char *netrc = from_env("NETRC");

    cprov_buf_init(&buf, CPROV_URL_MAX);
    p->authfile = authfile ? authfile : from_env("REGISTRY_AUTH_FILE");
    if (p->authfile)
        return 0;
    const char *home = cprov_fs_home(&buf);
    if (cprov_buf_check(&buf, "home folder", err) < 0)
        return err->code;
    if (docker)
        p->docker = cprov_arena_textf(&p->arena, "%s/config.json", docker);
    else if (*home)
        p->docker = cprov_arena_textf(&p->arena, "%s/.docker/config.json", home);
    find_podman(p, home);
    if (netrc)
        p->netrc = netrc;
    else if (*home)
        p->netrc = cprov_arena_textf(&p->arena, "%s/.netrc", home);
    return cprov_arena_check(&p->arena, err);
}

static struct cprov_helper helper_of(const char *name, const char *server)
{
    return (struct cprov_helper){ name, server, CPROV_HELPER_TIMEOUT_MS };
}

static bool exists(const char *path)
{
    return path && access(path, F_OK) == 0;
}

/* A file that is not ours to read has no login for us: HOME may be somebody else's. */
static bool can_read(const char *path)
{
    return path && access(path, R_OK) == 0;
}

/* Drops a login that is to be passed over. */
static void pass_over(struct cprov_credentials *out, unsigned *skip)
{
    if (*skip == 0 || cprov_credentials_empty(out))
        return;
    cprov_credentials_clear(out);
    *out = (struct cprov_credentials){ 0 };
    (*skip)--;
}

/* Nothing found, and no file: 0, and *out stays as it was. */
static int ask_file(const char *path, const struct cprov_auth_name *name, unsigned *skip,
                    struct cprov_credentials *out, struct cprov_error *err)
{
    auto_auth_file struct cprov_auth_file f = { .root = NULL };
    const char *server = NULL;
    int code = can_read(path) ? cprov_auth_file_read(path, &f, err) : 0;

    if (code < 0 || !f.root)
        return code;
    const char *name_of_helper = cprov_auth_file_helper(&f, name, &server);
    if (name_of_helper) {
        struct cprov_helper h = helper_of(name_of_helper, server);
        code = cprov_helper_get(&h, out, err);
        pass_over(out, skip);
    }
    if (code < 0 || !cprov_credentials_empty(out))
        return code;
    if (cprov_auth_file_find(&f, name, out, err) < 0)
        return cprov_wrap(err, "%s", path);
    pass_over(out, skip);
    return 0;
}

static int ask_netrc(const char *path, struct cprov_span host, struct cprov_credentials *out,
                     struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf text;

    cprov_buf_init(&text, CPROV_CONF_FILE_MAX);
    if (!can_read(path))
        return 0;
    if (cprov_fs_read(AT_FDCWD, path, CPROV_CONF_FILE_MAX, &text, err) < 0)
        return err->code;
    int code = cprov_netrc_find(cprov_buf_span(&text), host, out, err);
    return code < 0 ? cprov_wrap(err, "%s", path) : 0;
}

static int ask_all(const struct places *p, const struct cprov_auth_name *name, unsigned *skip,
                   struct cprov_credentials *out, struct cprov_error *err)
{
    int code = ask_file(p->docker, name, skip, out, err);

    for (size_t i = 0; i < p->podman_count && code == 0 && cprov_credentials_empty(out); i++)
        code = ask_file(p->podman[i], name, skip, out, err);
    if (code == 0 && cprov_credentials_empty(out))
        code = ask_netrc(p->netrc, name->host, out, err);
    pass_over(out, skip);
    return code;
}

int cprov_credentials_find(const char *authfile, const char *host, const char *repository,
                           unsigned skip, struct cprov_credentials *out, struct cprov_error *err)
{
    auto_places struct places p = { .authfile = NULL };
    auto_credentials struct cprov_credentials found = { 0 };
    struct cprov_auth_name name = { cprov_span_of(host), cprov_span_of(repository) };

    if (find_places(authfile, &p, err) < 0)
        return err->code;
    if (p.authfile && access(p.authfile, R_OK) < 0)
        return cprov_fail_os(err, errno, "authfile %s", p.authfile);
    int code = p.authfile ? ask_file(p.authfile, &name, &skip, &found, err)
                          : ask_all(&p, &name, &skip, &found, err);
    if (code < 0)
        return code;
    *out = found;
    found = (struct cprov_credentials){ 0 };
    return 0;
}

/* Whether the file has a login of the host: there it is found, so there it is changed. */
static bool has_entry(const char *path, const struct cprov_auth_name *name)
{
    auto_auth_file struct cprov_auth_file f = { .root = NULL };
    auto_credentials struct cprov_credentials there = { 0 };

    return can_read(path) && cprov_auth_file_read(path, &f, CPROV_IGNORED) == 0 && f.root &&
           cprov_auth_file_find(&f, name, &there, CPROV_IGNORED) == 0 &&
           !cprov_credentials_empty(&there);
}

static bool in_folder(const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    char folder[PATH_MAX];

    if (!slash || slash == path || (size_t)(slash - path) >= sizeof(folder))
        return false;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    return is_dir(folder);
}

#define PLACES_MAX 8

/* The files for a login that no helper takes, the best one first. */
static size_t places_to_store(const struct places *p, const struct cprov_auth_name *name,
                              const char *out[PLACES_MAX])
{
    size_t n = 0;

    if (has_entry(p->docker, name))
        out[n++] = p->docker;
    for (size_t i = 0; i < p->podman_count; i++)
        if (has_entry(p->podman[i], name))
            out[n++] = p->podman[i];
    if (n > 0)
        return n;
    if (in_folder(p->docker))
        out[n++] = p->docker;
    for (size_t i = 0; i < p->podman_count; i++)
        out[n++] = p->podman[i];
    if (n == 0 && p->docker)
        out[n++] = p->docker;
    return n;
}

/* A folder that is not ours to write in (/run/containers) is no reason to keep nothing. */
static int store_in_file(const struct places *p, const struct cprov_auth_name *name,
                         const struct cprov_credentials *login, char **where,
                         struct cprov_error *err)
{
    const char *list[PLACES_MAX] = { p->authfile };
    size_t count = p->authfile ? 1 : places_to_store(p, name, list);
    int code = 0;

    if (count == 0)
        return cprov_fail(err, CPROV_ENOTFOUND, "no home folder to store the login in");
    for (size_t i = 0; i < count; i++) {
        struct cprov_error local = CPROV_ERROR_INIT;

        int now = cprov_auth_file_set(list[i], name, login, &local);
        if (now == 0) {
            *where = strdup(list[i]);
            return *where ? 0 : cprov_fail_memory(err);
        }
        if (i == 0) {
            code = now;
            if (err)
                *err = local;
        }
        if (now != CPROV_EREFUSED && local.os != ENOENT && local.os != EROFS)
            break;
    }
    return code;
}

/* Gives the login to the helper that docker would use; *where stays NULL when there is none. */
static int store_in_helper(const char *path, const struct cprov_auth_name *name,
                           const struct cprov_credentials *login, char **where,
                           struct cprov_error *err)
{
    auto_auth_file struct cprov_auth_file f = { .root = NULL };
    const char *server = NULL;
    int code = exists(path) ? cprov_auth_file_read(path, &f, err) : 0;

    if (code < 0 || !f.root)
        return code;
    const char *helper = cprov_auth_file_helper(&f, name, &server);
    if (!helper)
        return 0;
    const char *text = cprov_arena_textf(&f.arena, "docker-credential-%s", helper);
    char *copy = text ? strdup(text) : NULL;
    if (!copy)
        return cprov_fail_memory(err);
    struct cprov_helper h = helper_of(helper, server);
    code = cprov_helper_store(&h, login, err);
    if (code < 0)
        free(copy);
    else
        *where = copy;
    return code;
}

int cprov_credentials_store(const char *authfile, const char *host,
                            const struct cprov_credentials *login, char **where,
                            struct cprov_error *err)
{
    auto_places struct places p = { .authfile = NULL };
    struct cprov_auth_name name = cprov_auth_name_split(host);
    char *used = NULL;

    if (name.host.len == 0 || cprov_credentials_empty(login))
        return cprov_fail(err, CPROV_EINVAL, "a login needs a host and a user name or token");
    if (find_places(authfile, &p, err) < 0 ||
        (!p.authfile && store_in_helper(p.docker, &name, login, &used, err) < 0) ||
        (!used && store_in_file(&p, &name, login, &used, err) < 0))
        return err->code;
    *where = used;
    return 0;
}

/* Only what is there is erased: helpers disagree on what erasing nothing means. */
static int erase_in_helper(struct cprov_auth_file *f, const struct cprov_auth_name *name,
                           bool *erased, struct cprov_error *err)
{
    auto_credentials struct cprov_credentials there = { 0 };
    const char *server = NULL;
    const char *helper = cprov_auth_file_helper(f, name, &server);

    if (!helper)
        return 0;
    struct cprov_helper h = helper_of(helper, server);
    int code = cprov_helper_get(&h, &there, err);
    if (code < 0 || cprov_credentials_empty(&there))
        return code;
    code = cprov_helper_erase(&h, err);
    if (code == 0)
        *erased = true;
    return code;
}

static int erase_in_file(const char *path, const struct cprov_auth_name *name, bool *erased,
                         struct cprov_error *err)
{
    auto_auth_file struct cprov_auth_file f = { .root = NULL };
    bool removed = false;
    int code = exists(path) ? cprov_auth_file_read(path, &f, err) : 0;

    if (code < 0 || !f.root)
        return code;
    code = cprov_auth_file_remove(path, name, &removed, err);
    *erased = *erased || removed;
    /* The file goes first: what a broken helper keeps must not keep the rest. */
    return code < 0 ? code : erase_in_helper(&f, name, erased, err);
}

static int erase_everywhere(const struct places *p, const struct cprov_auth_name *name,
                            bool *erased, struct cprov_error *err)
{
    struct cprov_error later = CPROV_ERROR_INIT;
    int first = erase_in_file(p->docker, name, erased, err);

    for (size_t i = 0; i < p->podman_count; i++) {
        int code = erase_in_file(p->podman[i], name, erased, first < 0 ? &later : err);
        first = first < 0 ? first : code;
    }
    return first;
}

int cprov_credentials_erase(const char *authfile, const char *host, struct cprov_error *err)
{
    auto_places struct places p = { .authfile = NULL };
    struct cprov_auth_name name = cprov_auth_name_split(host);
    bool erased = false;
    int code = find_places(authfile, &p, err);

    if (code < 0)
        return code;
    if (p.authfile)
        code = erase_in_file(p.authfile, &name, &erased, err);
    else
        code = erase_everywhere(&p, &name, &erased, err);
    if (code == 0 && !erased)
        return cprov_fail(err, CPROV_ENOTFOUND, "no login is stored for it");
    return code;
}
