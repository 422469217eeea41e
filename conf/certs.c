/* conf/certs.c - the certs.d folders that docker and podman keep. */
#include "conf/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/span.h"

/* The names in one folder, sorted. */
struct cert_names {
    struct dirent **list;
    int count;
};

static void names_clear(struct cert_names *n)
{
    for (int i = 0; i < n->count; i++)
        free(n->list[i]);
    free(n->list);
}

#define auto_names CPROV_CLEANUP(names_clear)

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool has_suffix(const char *name, const char *suffix)
{
    return name[0] != '.' && cprov_span_ends_with(cprov_span_of(name), suffix);
}

/* "client.cert" belongs to "client.key": what is left must be the same. */
static const char *partner(const struct cert_names *n, const char *name, const char *suffix,
                           const char *other)
{
    size_t stem = strlen(name) - strlen(suffix);

    for (int i = 0; i < n->count; i++) {
        const char *candidate = n->list[i]->d_name;
        if (strncmp(candidate, name, stem) == 0 && strcmp(candidate + stem, other) == 0)
            return candidate;
    }
    return NULL;
}

/* What a folder offers. */
struct found {
    const char *ca; /* the last of them */
    size_t ca_count;
    const char *cert;
    const char *key;
};

static int look(const struct cert_names *n, const char *dir, struct found *f,
                struct cprov_error *err)
{
    for (int i = 0; i < n->count; i++) {
        const char *name = n->list[i]->d_name;

        if (has_suffix(name, ".crt")) {
            f->ca = name;
            f->ca_count++;
        } else if (has_suffix(name, ".cert")) {
            const char *key = partner(n, name, ".cert", ".key");
            if (!key)
                return cprov_fail(err, CPROV_EINVAL, "%s/%s has no .key file beside it", dir, name);
            f->key = f->cert ? f->key : key;
            f->cert = f->cert ? f->cert : name;
        } else if (has_suffix(name, ".key") && !partner(n, name, ".key", ".cert")) {
            return cprov_fail(err, CPROV_EINVAL, "%s/%s has no .cert file beside it", dir, name);
        }
    }
    return 0;
}

/* All authorities of a folder, one after the other. */
static int join_authorities(const struct cert_names *n, const char *dir, struct cprov_arena *arena,
                            const char **out, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_CONF_FILE_MAX);
    for (int i = 0; i < n->count; i++) {
        const char *name = n->list[i]->d_name;
        if (!has_suffix(name, ".crt"))
            continue;
        const char *path = cprov_arena_textf(arena, "%s/%s", dir, name);
        if (!path)
            return cprov_fail_memory(err);
        if (cprov_fs_read(AT_FDCWD, path, CPROV_CONF_FILE_MAX, &text, err) < 0)
            return err->code;
        cprov_buf_add_char(&text, '\n');
    }
    if (cprov_buf_check(&text, dir, err) < 0)
        return err->code;
    *out = cprov_arena_text(arena, cprov_buf_span(&text));
    return *out ? 0 : cprov_fail_memory(err);
}

/* *hit says whether the folder is there. */
static int read_folder(const char *dir, struct cprov_arena *arena, struct cprov_host_conf *out,
                       bool *hit, struct cprov_error *err)
{
    auto_names struct cert_names n = { 0 };
    struct found f = { 0 };

    n.count = scandir(dir, &n.list, NULL, by_name);
    if (n.count < 0) {
        n.count = 0;
        /* A folder that only root may read is none for others, as podman has it. */
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES
                   ? 0
                   : cprov_fail_os(err, errno, "%s", dir);
    }
    if (look(&n, dir, &f, err) < 0)
        return err->code;
    struct cprov_host_conf filled = *out;
    if (f.ca_count > 1 && !filled.ca_file) {
        if (join_authorities(&n, dir, arena, &filled.ca_pem, err) < 0)
            return err->code;
        filled.ca_file = cprov_arena_text(arena, cprov_span_of(dir));
    } else if (f.ca && !filled.ca_file) {
        filled.ca_file = cprov_arena_textf(arena, "%s/%s", dir, f.ca);
    }
    if (f.cert && !filled.cert_file && !filled.key_file) {
        filled.cert_file = cprov_arena_textf(arena, "%s/%s", dir, f.cert);
        filled.key_file = cprov_arena_textf(arena, "%s/%s", dir, f.key);
    }
    if (cprov_arena_check(arena, err) < 0)
        return err->code;
    *out = filled;
    *hit = true;
    return 0;
}

static const char *user_base(struct cprov_arena *arena)
{
    const char *config = getenv("XDG_CONFIG_HOME");

    if (config && *config == '/')
        return cprov_arena_textf(arena, "%s/containers", config);

    auto_buf struct cprov_buf buf = { 0 };
    cprov_buf_init(&buf, CPROV_URL_MAX);
    const char *home = cprov_fs_home(&buf);
    return *home ? cprov_arena_textf(arena, "%s/.config/containers", home) : NULL;
}

int cprov_conf_certs(const char *host, struct cprov_arena *arena, struct cprov_host_conf *out,
                     struct cprov_error *err)
{
    const char *bases[] = { "/etc/docker", "/etc/containers", user_base(arena) };
    bool hit = false;
    int code = cprov_arena_check(arena, err);

    /* The name becomes a part of a path. */
    if (!*host || *host == '.' || strchr(host, '/'))
        return code;
    for (size_t i = 0; i < CPROV_COUNT(bases) && code == 0 && !hit; i++) {
        if (!bases[i])
            continue;
        const char *dir = cprov_arena_textf(arena, "%s/certs.d/%s", bases[i], host);
        code = dir ? read_folder(dir, arena, out, &hit, err) : cprov_fail_memory(err);
    }
    return code;
}
