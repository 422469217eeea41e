/* conf/conf_load.c - which files make the configuration, and what it says. */
#include "conf/conf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "conf/draft_private.h"
#include "conf/host_private.h"

#define SYSTEM_DIR "/etc/container-provider"

/* $XDG_CONFIG_HOME, which must be absolute, or ~/.config. */
static const char *user_dir(struct cprov_arena *arena)
{
    const char *config = getenv("XDG_CONFIG_HOME");

    if (config && *config == '/')
        return cprov_arena_textf(arena, "%s/container-provider", config);

    auto_buf struct cprov_buf buf = { 0 };
    cprov_buf_init(&buf, CPROV_URL_MAX);
    const char *home = cprov_fs_home(&buf);
    return *home ? cprov_arena_textf(arena, "%s/.config/container-provider", home) : NULL;
}

int cprov_conf_places(struct cprov_arena *arena, struct cprov_conf_places *out,
                      struct cprov_error *err)
{
    const char *system = getenv("CPROV_SYSTEM_CONFIG_DIR");
    struct cprov_conf_places places = {
        .system_dir =
            cprov_arena_text(arena, cprov_span_of(system && *system ? system : SYSTEM_DIR)),
        .user_dir = user_dir(arena),
    };

    if (cprov_arena_check(arena, err) < 0)
        return err->code;
    *out = places;
    return 0;
}

int cprov_draft_read_shipped(struct cprov_draft *d, struct cprov_error *err)
{
    return cprov_draft_read(
        d, "built-in", cprov_span_make((const char *)cprov_conf_shipped, cprov_conf_shipped_len),
        err);
}

int cprov_draft_read_file(struct cprov_draft *d, const char *file, struct cprov_error *err)
{
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_CONF_FILE_MAX);
    if (cprov_fs_read(AT_FDCWD, file, CPROV_CONF_FILE_MAX, &text, err) < 0)
        return err->code;
    return cprov_draft_read(d, file, cprov_buf_span(&text), err);
}

static int is_yaml(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && cprov_span_ends_with(cprov_span_of(entry->d_name), ".yaml");
}

/* By bytes: the order must not depend on the language of who looks. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_dir(struct cprov_draft *d, const char *dir, struct cprov_error *err)
{
    struct dirent **names = NULL;
    int code = 0;

    if (!dir)
        return 0;
    int count = scandir(dir, &names, is_yaml, by_name);
    if (count < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : cprov_fail_os(err, errno, "%s", dir);
    for (int i = 0; i < count; i++) {
        if (code == 0) {
            const char *file = cprov_arena_textf(&d->conf->arena, "%s/%s", dir, names[i]->d_name);
            code = file ? cprov_draft_read_file(d, file, err) : cprov_fail_memory(err);
        }
        free(names[i]);
    }
    free(names);
    return code;
}

int cprov_conf_load(const struct cprov_conf_places *places, struct cprov_conf **out,
                    struct cprov_error *err)
{
    auto_conf struct cprov_conf *conf = cprov_conf_new();
    struct cprov_draft draft = { .conf = conf };

    if (!conf)
        return cprov_fail_memory(err);
    if (cprov_draft_read_shipped(&draft, err) < 0 ||
        read_dir(&draft, places->system_dir, err) < 0 ||
        read_dir(&draft, places->user_dir, err) < 0 ||
        (places->file && cprov_draft_read_file(&draft, places->file, err) < 0) ||
        cprov_draft_finish(&draft, err) < 0)
        return err->code;
    *out = cprov_steal(&conf);
    return 0;
}

void cprov_conf_free(struct cprov_conf *c)
{
    if (!c)
        return;
    cprov_arena_clear(&c->arena);
    free(c);
}

const struct cprov_source *cprov_conf_source(const struct cprov_conf *c, const char *name)
{
    for (size_t i = 0; i < c->sources_count; i++)
        if (cprov_span_is_nocase(cprov_span_of(c->sources[i].name), name))
            return &c->sources[i];
    return NULL;
}

const struct cprov_host_conf *cprov_conf_host(const struct cprov_conf *c, const char *host)
{
    for (size_t i = c->hosts_count; i > 0; i--)
        if (cprov_host_same(cprov_span_of(c->hosts[i - 1].host), cprov_span_of(host)))
            return &c->hosts[i - 1];
    return NULL;
}
