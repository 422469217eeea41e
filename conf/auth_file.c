/* conf/auth_file.c - reads docker's config.json and podman's auth.json. */
#include "conf/auth_file_private.h"

#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "conf/host_private.h"
#include "conf/secret.h"

struct cprov_auth_name cprov_auth_name_split(const char *text)
{
    struct cprov_auth_name n = { .host = cprov_span_of(text) };

    cprov_span_cut(n.host, '/', &n.host, &n.path);
    while (n.path.len && n.path.ptr[n.path.len - 1] == '/')
        n.path.len--;
    return n;
}

/* Old clients wrote "https://HOST/v1/" and the like for the whole host. */
static struct cprov_auth_name split_key(struct cprov_span key)
{
    struct cprov_auth_name n = { .host = key };
    bool scheme = cprov_span_starts_with(key, "https://");

    if (scheme)
        n.host = cprov_span_from(key, sizeof("https://") - 1);
    else if (cprov_span_starts_with(key, "http://"))
        n.host = cprov_span_from(key, sizeof("http://") - 1);
    scheme = n.host.len != key.len;
    cprov_span_cut(n.host, '/', &n.host, &n.path);
    while (n.path.len && n.path.ptr[n.path.len - 1] == '/')
        n.path.len--;
    if (scheme || cprov_span_is(n.path, "v1") || cprov_span_is(n.path, "v2"))
        n.path.len = 0;
    return n;
}

bool cprov_auth_name_is(const struct cprov_auth_name *n, struct cprov_span key)
{
    struct cprov_auth_name k = split_key(key);

    return cprov_host_same(k.host, n->host) && cprov_span_equal(k.path, n->path);
}

bool cprov_auth_name_shorten(struct cprov_auth_name *n)
{
    struct cprov_span last;

    if (n->path.len == 0)
        return false;
    if (!cprov_span_cut_last(n->path, '/', &n->path, &last))
        n->path.len = 0;
    return true;
}

const char *cprov_auth_name_key(const struct cprov_auth_name *n, struct cprov_arena *arena)
{
    bool hub = cprov_host_is_hub(n->host);

    if (n->path.len)
        return cprov_arena_textf(arena, "%" CPROV_SPAN_FMT "/%" CPROV_SPAN_FMT,
                                 CPROV_SPAN_ARG(hub ? CPROV_SPAN_LITERAL("docker.io") : n->host),
                                 CPROV_SPAN_ARG(n->path));
    return cprov_arena_text(arena, hub ? CPROV_SPAN_LITERAL(CPROV_HUB_KEY) : n->host);
}

void cprov_auth_file_clear(struct cprov_auth_file *f)
{
    cprov_secret_json_wipe(f->root);
    cprov_arena_clear(&f->arena);
    f->root = NULL;
}

static int check_members(const struct cprov_json *root, const char *path, struct cprov_error *err)
{
    static const char *const objects[] = { "auths", "credHelpers" };

    if (root->type != CPROV_JSON_OBJECT)
        return cprov_fail(err, CPROV_EINVAL, "%s: not a JSON object", path);
    for (size_t i = 0; i < CPROV_COUNT(objects); i++) {
        const struct cprov_json *v = cprov_json_get(root, objects[i]);
        if (v && v->type != CPROV_JSON_OBJECT && v->type != CPROV_JSON_NULL)
            return cprov_fail(err, CPROV_EINVAL, "%s: \"%s\" is not an object", path, objects[i]);
    }
    return 0;
}

int cprov_auth_file_parse(struct cprov_span text, const char *path, struct cprov_auth_file *out,
                          struct cprov_error *err)
{
    struct cprov_auth_file f = { .root = NULL };

    text = cprov_span_trim(text);
    if (text.len == 0)
        text = CPROV_SPAN_LITERAL("{}"); /* docker takes an empty file */
    int code = cprov_json_parse(text, &f.arena, &f.root, err);
    if (code < 0)
        code = cprov_wrap_as(err, code == CPROV_ENOMEM ? code : CPROV_EINVAL, "%s", path);
    else
        code = check_members(f.root, path, err);
    if (code < 0)
        cprov_auth_file_clear(&f);
    else
        *out = f;
    return code;
}

int cprov_auth_file_read(const char *path, struct cprov_auth_file *out, struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf text;

    cprov_buf_init(&text, CPROV_CONF_FILE_MAX);
    if (cprov_fs_read(AT_FDCWD, path, CPROV_CONF_FILE_MAX, &text, err) < 0)
        return err->code;
    return cprov_auth_file_parse(cprov_buf_span(&text), path, out, err);
}

static bool is_empty(const struct cprov_json *v)
{
    return v->type == CPROV_JSON_OBJECT && v->count == 0;
}

/* The member that names exactly this. Docker leaves {} behind for logins that a helper has, and the
 * key that docker itself would write goes before other spellings. */
static const struct cprov_json *member(const struct cprov_json *object,
                                       const struct cprov_auth_name *name)
{
    const struct cprov_json *found = NULL;

    for (const struct cprov_json *m = object ? object->child : NULL; m; m = m->next) {
        if (!cprov_auth_name_is(name, m->key) || is_empty(m))
            continue;
        if (cprov_span_equal(m->key, name->host) || cprov_span_is(m->key, CPROV_HUB_KEY))
            return m;
        if (!found)
            found = m;
    }
    return found;
}

/* The member for the name or, shortened, for what it is a part of; *name is left at that. */
static const struct cprov_json *nearest(const struct cprov_json *object,
                                        struct cprov_auth_name *name)
{
    do {
        const struct cprov_json *m = member(object, name);
        if (m)
            return m;
    } while (cprov_auth_name_shorten(name));
    return NULL;
}

const char *cprov_auth_file_helper(struct cprov_auth_file *f, const struct cprov_auth_name *name,
                                   const char **server)
{
    struct cprov_auth_name part = *name;
    const struct cprov_json *m = nearest(cprov_json_get(f->root, "credHelpers"), &part);
    const char *helper = cprov_json_get_text(f->root, "credsStore");

    if (m) {
        /* An empty name switches the helper off for this registry. */
        helper = m->type == CPROV_JSON_STRING ? m->text.ptr : NULL;
    } else {
        part = (struct cprov_auth_name){ .host = name->host };
    }
    if (!helper || !*helper)
        return NULL;
    const char *key = cprov_auth_name_key(&part, &f->arena);
    if (!key)
        return NULL;
    *server = key;
    return helper;
}

static int fail_entry(const struct cprov_json *m, struct cprov_error *err)
{
    return cprov_fail(err, CPROV_EINVAL,
                      "the login of '%" CPROV_SPAN_FMT "' is not base64 of user:password",
                      CPROV_SPAN_ARG(m->key));
}

/* "auth": base64 of user:password. */
static int decode_auth(const struct cprov_json *m, const char *auth, struct cprov_credentials *out,
                       struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf plain;
    auto_secret_buf struct cprov_buf one_line;
    struct cprov_span user, secret, in = cprov_span_trim(cprov_span_of(auth));

    /* base64(1) breaks its lines, and docker's decoder passes over that. */
    cprov_secret_buf_init(&one_line, in.len + 1, in.len + 1);
    for (size_t i = 0; i < in.len; i++)
        if (in.ptr[i] != '\n' && in.ptr[i] != '\r')
            cprov_buf_add_char(&one_line, in.ptr[i]);
    cprov_secret_buf_init(&plain, in.len + 1, in.len + 1);
    int bad = cprov_base64_decode(cprov_buf_span(&one_line), &plain, CPROV_IGNORED);
    int code = cprov_buf_check(&plain, "a login", err); /* want of memory is no fault of the file */
    if (code < 0)
        return code;
    if (bad)
        return fail_entry(m, err);
    struct cprov_span text = cprov_buf_span(&plain);
    while (text.len && text.ptr[text.len - 1] == '\0')
        text.len--; /* as docker does */
    if (!cprov_span_cut(text, ':', &user, &secret) || cprov_span_find(text, '\0') < text.len)
        return fail_entry(m, err);
    return cprov_credentials_set(out, user, secret, err);
}

static int set_text(char **field, const char *text, struct cprov_error *err)
{
    if (!text || !*text)
        return 0;
    char *copy = cprov_secret_dup(cprov_span_of(text));
    if (!copy)
        return cprov_fail_memory(err);
    cprov_secret_free(*field);
    *field = copy;
    return 0;
}

static int read_entry(const struct cprov_json *m, struct cprov_credentials *out,
                      struct cprov_error *err)
{
    auto_credentials struct cprov_credentials found = { 0 };
    const char *auth = cprov_json_get_text(m, "auth");
    const char *user = cprov_json_get_text(m, "username");
    const char *secret = cprov_json_get_text(m, "password");
    int code = 0;

    if (m->type != CPROV_JSON_OBJECT)
        return fail_entry(m, err);
    if (auth && *auth)
        code = decode_auth(m, auth, &found, err);
    else if (user && *user)
        code = cprov_credentials_set(&found, cprov_span_of(user),
                                     cprov_span_of(secret ? secret : ""), err);
    if (code < 0 ||
        set_text(&found.identity_token, cprov_json_get_text(m, "identitytoken"), err) < 0 ||
        set_text(&found.registry_token, cprov_json_get_text(m, "registrytoken"), err) < 0)
        return err->code;
    cprov_credentials_clear(out);
    *out = found;
    found = (struct cprov_credentials){ 0 };
    return 0;
}

int cprov_auth_file_find(const struct cprov_auth_file *f, const struct cprov_auth_name *name,
                         struct cprov_credentials *out, struct cprov_error *err)
{
    struct cprov_auth_name part = *name;
    const struct cprov_json *m = nearest(cprov_json_get(f->root, "auths"), &part);

    return m ? read_entry(m, out, err) : 0;
}
