/* conf/auth_file_edit.c - changes docker's config.json and podman's auth.json. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "conf/auth_file_private.h"
#include "conf/host_private.h"
#include "conf/secret.h"

#define LOCK_WAIT_MS 60000
#define LINKS_MAX    16
#define INDENT       4

/* Where a chain of symlinks leads, whether that exists or not: people keep config.json among their
 * dot files and link to it, and the link must survive. */
static const char *follow(const char *path, struct cprov_arena *arena, struct cprov_error *err)
{
    char target[PATH_MAX];

    for (int i = 0; path && i < LINKS_MAX; i++) {
        ssize_t len = readlink(path, target, sizeof(target));
        if (len < 0)
            return path;
        const char *slash = strrchr(path, '/');
        struct cprov_span text = cprov_span_make(target, (size_t)len);
        if (cprov_span_starts_with(text, "/") || !slash)
            path = cprov_arena_text(arena, text);
        else
            path = cprov_arena_textf(arena, "%.*s%" CPROV_SPAN_FMT, (int)(slash + 1 - path), path,
                                     CPROV_SPAN_ARG(text));
    }
    if (path)
        cprov_fail_os(err, ELOOP, "%s", path);
    else
        cprov_fail_memory(err);
    return NULL;
}

static int make_parent(const char *path, struct cprov_arena *arena, struct cprov_error *err)
{
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path)
        return 0;
    const char *dir = cprov_arena_text(arena, cprov_span_make(path, (size_t)(slash - path)));
    return dir ? cprov_fs_make_dirs(AT_FDCWD, dir, 0700, err) : cprov_fail_memory(err);
}

static int lock_file(const char *path, struct cprov_arena *arena, int *out, struct cprov_error *err)
{
    const char *name = cprov_arena_textf(arena, "%s.lock", path);

    if (!name)
        return cprov_fail_memory(err);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return cprov_fail_os(err, errno, "%s", name);
    if (cprov_fs_lock(fd, true, LOCK_WAIT_MS, NULL, err) < 0) {
        cprov_fd_close(&fd);
        return cprov_wrap(err, "%s", name);
    }
    *out = fd;
    return 0;
}

static struct cprov_json *new_value(struct cprov_auth_file *f, enum cprov_json_type type,
                                    const char *key, const char *text)
{
    struct cprov_json *v = cprov_arena_alloc(&f->arena, 1, sizeof(*v));

    if (!v)
        return NULL;
    v->type = type;
    v->key = cprov_span_of(cprov_arena_text(&f->arena, cprov_span_of(key)));
    if (text)
        v->text = cprov_span_of(cprov_arena_text(&f->arena, cprov_span_of(text)));
    return v;
}

static void append(struct cprov_json *object, struct cprov_json *v)
{
    struct cprov_json **link = &object->child;

    while (*link)
        link = &(*link)->next;
    *link = v;
    object->count += v ? 1 : 0;
}

static void append_text(struct cprov_auth_file *f, struct cprov_json *object, const char *key,
                        const char *text)
{
    if (text)
        append(object, new_value(f, CPROV_JSON_STRING, key, text));
}

/* The object "auths" of the file; it is made when it is missing. */
static struct cprov_json *auths_of(struct cprov_auth_file *f)
{
    assert(f->root); /* that is what reading one gives */
    for (struct cprov_json *m = f->root->child; m; m = m->next) {
        if (!cprov_span_is(m->key, "auths"))
            continue;
        m->type = CPROV_JSON_OBJECT; /* it may have been null */
        return m;
    }
    struct cprov_json *made = new_value(f, CPROV_JSON_OBJECT, "auths", NULL);
    append(f->root, made);
    return made;
}

/* {"auth": ..., "identitytoken": ...} */
static int make_entry(struct cprov_auth_file *f, const char *key,
                      const struct cprov_credentials *login, struct cprov_json **out,
                      struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf plain;
    auto_secret_buf struct cprov_buf encoded;
    const char *user = login->username ? login->username : "";
    /* Docker keeps no password beside an identity token. */
    const char *secret = login->password && !login->identity_token ? login->password : "";
    size_t room = strlen(user) + strlen(secret) + 2;

    cprov_secret_buf_init(&plain, CPROV_CONF_FILE_MAX, room);
    cprov_secret_buf_init(&encoded, CPROV_CONF_FILE_MAX, 2 * room + 4);
    cprov_buf_addf(&plain, "%s:%s", user, secret);
    cprov_base64_encode(&encoded, cprov_buf_span(&plain));
    if (cprov_buf_check(&encoded, "the login", err) < 0)
        return err->code;
    struct cprov_json *entry = new_value(f, CPROV_JSON_OBJECT, key, NULL);
    if (!entry)
        return cprov_fail_memory(err);
    append_text(f, entry, "auth", login->username ? cprov_buf_text(&encoded) : NULL);
    append_text(f, entry, "identitytoken", login->identity_token);
    append_text(f, entry, "registrytoken", login->registry_token);
    *out = entry;
    return cprov_arena_check(&f->arena, err);
}

/* Takes out every entry that names this; `entry`, if there is one, comes in place of the first or
 * at the end. Returns how many there were. */
static size_t exchange(struct cprov_json *auths, const struct cprov_auth_name *name,
                       struct cprov_json *entry)
{
    struct cprov_json **link = &auths->child;
    size_t gone = 0;

    while (*link) {
        struct cprov_json *m = *link;
        if (m == entry || !cprov_auth_name_is(name, m->key)) {
            link = &m->next;
            continue;
        }
        *link = m->next;
        m->next = NULL;
        cprov_secret_json_wipe(m);
        auths->count--;
        if (gone++ == 0 && entry) {
            entry->next = *link;
            *link = entry;
            auths->count++;
        }
    }
    if (entry && gone == 0)
        append(auths, entry);
    return gone;
}

static int write_file(const char *path, const struct cprov_auth_file *f, struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf text;
    struct cprov_json_writer w;

    cprov_secret_buf_init(&text, CPROV_CONF_FILE_MAX, CPROV_CONF_FILE_MAX / 8);
    cprov_json_writer_init(&w, &text, INDENT);
    cprov_json_value(&w, f->root);
    cprov_buf_add_char(&text, '\n');
    if (cprov_buf_check(&text, path, err) < 0)
        return err->code;
    return cprov_fs_replace(AT_FDCWD, path, cprov_buf_span(&text), 0600, err);
}

/* podman looks for "docker.io" in its auth.json, docker for its old URL in config.json. */
static const char *file_key(const char *path, const struct cprov_auth_name *name,
                            struct cprov_arena *arena)
{
    bool docker = cprov_span_ends_with(cprov_span_of(path), "config.json");

    if (!docker && name->path.len == 0 && cprov_host_is_hub(name->host))
        return "docker.io";
    return cprov_auth_name_key(name, arena);
}

static int read_or_make(const char *path, struct cprov_auth_file *f, struct cprov_error *err)
{
    if (access(path, F_OK) == 0)
        return cprov_auth_file_read(path, f, err);
    return cprov_json_parse(CPROV_SPAN_LITERAL("{}"), &f->arena, &f->root, err);
}

int cprov_auth_file_set(const char *path, const struct cprov_auth_name *name,
                        const struct cprov_credentials *login, struct cprov_error *err)
{
    auto_auth_file struct cprov_auth_file f = { .root = NULL };
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena names = { 0 };
    auto_fd int lock = -1;
    struct cprov_json *entry = NULL;

    if (login->username && strchr(login->username, ':'))
        return cprov_fail(err, CPROV_EINVAL, "a user name cannot have a ':'");
    const char *key = file_key(path, name, &names);
    const char *target = follow(path, &names, err);
    if (!target)
        return err ? err->code : CPROV_EFAIL;
    if (!key)
        return cprov_fail_memory(err);

    if (make_parent(target, &names, err) < 0 || lock_file(target, &names, &lock, err) < 0 ||
        read_or_make(target, &f, err) < 0 || make_entry(&f, key, login, &entry, err) < 0)
        return err->code;
    struct cprov_json *auths = auths_of(&f);
    if (!auths)
        return cprov_fail_memory(err);
    exchange(auths, name, entry);
    if (cprov_arena_check(&f.arena, err) < 0)
        return err->code;
    return write_file(target, &f, err);
}

int cprov_auth_file_remove(const char *path, const struct cprov_auth_name *name, bool *removed,
                           struct cprov_error *err)
{
    auto_auth_file struct cprov_auth_file f = { .root = NULL };
    CPROV_CLEANUP(cprov_arena_clear) struct cprov_arena names = { 0 };
    auto_fd int lock = -1;
    const char *target = follow(path, &names, err);

    if (!target)
        return err ? err->code : CPROV_EFAIL;
    if (access(target, F_OK) < 0) {
        *removed = false;
        return 0;
    }
    if (lock_file(target, &names, &lock, err) < 0 || cprov_auth_file_read(target, &f, err) < 0)
        return err->code;
    struct cprov_json *auths = auths_of(&f);
    if (!auths)
        return cprov_fail_memory(err);
    bool any = exchange(auths, name, NULL) > 0;
    int code = any ? write_file(target, &f, err) : 0;
    if (code == 0)
        *removed = any;
    return code;
}
