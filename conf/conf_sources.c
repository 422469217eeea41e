/* conf/conf_sources.c - changes sources.yaml, and token-servers.yaml, as one step. */
#include "conf/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/limits.h"
#include "conf/draft_private.h"

#define LOCK_WAIT_MS 60000

/* The files of the draft, by number: an untouched built-in source is not written. */
enum { BUILT_IN = 1, OWN = 2 };

/* "docker.io" and "https://docker.io/" are one place. */
static struct cprov_span plain_location(const char *location)
{
    struct cprov_span s = cprov_span_of(location);

    if (cprov_span_starts_with(s, "https://"))
        s = cprov_span_from(s, sizeof("https://") - 1);
    while (s.len && s.ptr[s.len - 1] == '/')
        s.len--;
    return s;
}

static bool same_location(const char *a, const char *b)
{
    return cprov_span_equal_nocase(plain_location(a), plain_location(b));
}

static struct cprov_draft_entry *present(const struct cprov_draft *d, const char *name)
{
    struct cprov_draft_entry *e = cprov_draft_find(&d->sources, name);

    return e && !e->removed ? e : NULL;
}

/* A built-in source comes back with the next start unless its removal is written down. */
static void drop(struct cprov_draft *d, struct cprov_draft_entry *e)
{
    if (e->first == BUILT_IN) {
        e->removed = true;
        e->last = OWN;
    } else {
        cprov_draft_unlink(&d->sources, e);
    }
}

/* Another present source with that name or location, or NULL. */
static struct cprov_draft_entry *rival(const struct cprov_draft *d,
                                       const struct cprov_draft_entry *target,
                                       const struct cprov_source *source)
{
    for (struct cprov_draft_entry *e = d->sources.head; e; e = e->next) {
        const struct cprov_source *s = e->value;

        if (e == target || e->removed)
            continue;
        if (cprov_span_is_nocase(cprov_span_of(e->key), source->name) ||
            same_location(s->location, source->location))
            return e;
    }
    return NULL;
}

static int fail_rival(const struct cprov_draft_entry *e, const struct cprov_source *source,
                      struct cprov_error *err)
{
    if (cprov_span_is_nocase(cprov_span_of(e->key), source->name)) {
        cprov_fail(err, CPROV_EEXISTS, "a source of that name is registered already");
        cprov_hint_about(err, CPROV_HINT_CHANGE_SOURCE, "%s", e->key);
        return CPROV_EEXISTS;
    }
    return cprov_fail(err, CPROV_EEXISTS, "location %s is registered as source '%s'",
                      source->location, e->key);
}

/* Writes the new values over the target (NULL: none yet), which may get another name by that. */
static int settle(struct cprov_draft *d, struct cprov_draft_entry *target,
                  const struct cprov_source *source, struct cprov_error *err)
{
    struct cprov_draft_entry *place = cprov_draft_find(&d->sources, source->name);

    if (!place && target && target->first != BUILT_IN)
        place = target;
    if (target && target != place)
        drop(d, target);
    if (!place) {
        struct cprov_draft_entry entry = { .key = source->name, .value = source };
        return cprov_draft_put(d, &d->sources, &entry, err);
    }
    place->key = source->name;
    place->value = source;
    place->removed = false;
    place->last = OWN;
    return 0;
}

static int set_source(struct cprov_draft *d, struct cprov_draft_entry *target,
                      const struct cprov_source *source, bool replace, struct cprov_error *err)
{
    struct cprov_draft_entry *other;

    if (cprov_source_check(source, err) < 0)
        return CPROV_EINVAL;
    /* The file is for everybody to read. */
    if (source->proxy && strchr(source->proxy, '@')) {
        cprov_fail(err, CPROV_EINVAL, "the proxy of source '%s' has a login", source->name);
        cprov_hint(err, CPROV_HINT_PROXY_IN_FILE);
        return CPROV_EINVAL;
    }
    while ((other = rival(d, target, source)) != NULL) {
        if (!replace)
            return fail_rival(other, source, err);
        drop(d, other);
    }
    return settle(d, target, source, err);
}

static int apply(struct cprov_draft *d, enum cprov_source_change change, const char *old_name,
                 const struct cprov_source *source, bool replace, struct cprov_error *err)
{
    if (change == CPROV_SOURCE_ADD)
        return set_source(d, NULL, source, replace, err);

    struct cprov_draft_entry *target = present(d, old_name);
    if (!target)
        return cprov_fail(err, CPROV_ENOTFOUND, "no source '%s'", old_name);
    if (change == CPROV_SOURCE_UPDATE)
        return set_source(d, target, source, replace, err);
    drop(d, target);
    return 0;
}

/* The built-in sources and, over them, those of the file. */
static int read_own(struct cprov_draft *d, const char *file, struct cprov_error *err)
{
    if (cprov_draft_read_shipped(d, err) < 0)
        return err->code;
    if (access(file, F_OK) < 0 && errno == ENOENT) {
        d->file = OWN;
        return 0;
    }
    if (cprov_draft_read_file(d, file, err) < 0)
        return err->code;
    if (d->other_keys) {
        cprov_fail(err, CPROV_EINVAL, "%s contains keys other than sources", file);
        cprov_hint(err, CPROV_HINT_MOVE_KEYS);
        return CPROV_EINVAL;
    }
    return 0;
}

int cprov_conf_lock(const char *dir, int *out, struct cprov_error *err)
{
    auto_fd int at = -1;

    if (cprov_fs_make_dirs(AT_FDCWD, dir, 0755, err) < 0 ||
        cprov_fs_open_dir(AT_FDCWD, dir, &at, err) < 0)
        return err->code;
    int fd = openat(at, "sources.yaml.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return cprov_fail_os(err, errno, "%s/sources.yaml.lock", dir);
    if (cprov_fs_lock(fd, true, LOCK_WAIT_MS, NULL, err) < 0) {
        cprov_fd_close(&fd);
        return cprov_wrap(err, "%s/sources.yaml.lock", dir);
    }
    *out = fd;
    return 0;
}

int cprov_conf_change_source(const char *dir, enum cprov_source_change change, const char *old_name,
                             const struct cprov_source *source, bool replace,
                             struct cprov_error *err)
{
    auto_conf struct cprov_conf *conf = cprov_conf_new();
    auto_buf struct cprov_buf text = { 0 };
    auto_fd int lock = -1;
    struct cprov_draft draft = { .conf = conf };

    cprov_buf_init(&text, CPROV_CONF_FILE_MAX);
    if (!conf)
        return cprov_fail_memory(err);
    const char *file = cprov_arena_textf(&conf->arena, "%s/sources.yaml", dir);
    if (!file)
        return cprov_fail_memory(err);

    if (cprov_conf_lock(dir, &lock, err) < 0 || read_own(&draft, file, err) < 0 ||
        apply(&draft, change, old_name, source, replace, err) < 0)
        return err->code;
    cprov_draft_format_sources(&draft.sources, OWN, &text);
    if (cprov_buf_check(&text, file, err) < 0)
        return err->code;
    return cprov_fs_replace(AT_FDCWD, file, cprov_buf_span(&text), 0644, err);
}

static bool is_token_server_alone(const struct cprov_host_conf *h)
{
    return h->token_server && !h->allow_http && !h->insecure && !h->ca_file && !h->cert_file &&
           !h->key_file && !h->proxy;
}

static int read_token_servers(struct cprov_draft *d, const char *file, struct cprov_error *err)
{
    bool good = true;

    if (access(file, F_OK) < 0 && errno == ENOENT)
        return 0;
    if (cprov_draft_read_file(d, file, err) < 0)
        return err->code;
    for (const struct cprov_draft_entry *e = d->hosts.head; e; e = e->next)
        good = good && is_token_server_alone(e->value);
    if (good && !d->more_than_hosts)
        return 0;
    cprov_fail(err, CPROV_EINVAL, "%s contains keys other than token servers", file);
    cprov_hint(err, CPROV_HINT_MOVE_KEYS);
    return CPROV_EINVAL;
}

int cprov_conf_allow_token_server(const char *dir, const char *host, const char *server,
                                  struct cprov_error *err)
{
    auto_conf struct cprov_conf *conf = cprov_conf_new();
    auto_buf struct cprov_buf text = { 0 };
    auto_fd int lock = -1;
    struct cprov_host_conf allowed = { .host = host, .token_server = server };
    struct cprov_draft_entry entry = { .key = host, .value = &allowed };
    struct cprov_draft draft = { .conf = conf };

    cprov_buf_init(&text, CPROV_CONF_FILE_MAX);
    if (!conf)
        return cprov_fail_memory(err);
    const char *file = cprov_arena_textf(&conf->arena, "%s/token-servers.yaml", dir);
    if (!file)
        return cprov_fail_memory(err);

    if (cprov_conf_lock(dir, &lock, err) < 0 || read_token_servers(&draft, file, err) < 0)
        return err->code;
    draft.file = OWN;
    if (cprov_draft_put(&draft, &draft.hosts, &entry, err) < 0)
        return err->code;
    cprov_draft_format_token_servers(&draft.hosts, &text);
    if (cprov_buf_check(&text, file, err) < 0)
        return err->code;
    return cprov_fs_replace(AT_FDCWD, file, cprov_buf_span(&text), 0644, err);
}
