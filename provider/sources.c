/* provider/sources.c - registered sources: shown, added, changed, removed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"
#include "catalog/source/local_place.h"
#include "catalog/source/probe.h"
#include "conf/catalog_dates.h"
#include "provider/change.h"
#include "provider/ping.h"
#include "provider/refresh.h"

/* The address of a proxy may hold its login, which nobody is shown. */
static const char *without_login(const char *url, char out[CPROV_URL_MAX])
{
    if (!url)
        return NULL;
    snprintf(out, CPROV_URL_MAX, "%s", url);
    cprov_text_hide_login(out);
    return out;
}

static void emit(const struct cprov_source *source, cprov_source_fn *item, void *arg)
{
    char proxy[CPROV_URL_MAX];

    if (item)
        item(arg, &(struct cprov_source_item){ .size = sizeof(struct cprov_source_item),
                                               .name = source->name,
                                               .location = source->location,
                                               .type = source->type && *source->type ? source->type
                                                                                     : "oci",
                                               .trusted = source->trusted,
                                               .registered = source->registered,
                                               .proxy = without_login(source->proxy, proxy),
                                               .key = source->key,
                                               .ca_file = source->ca_file,
                                               .cert_file = source->cert_file,
                                               .key_file = source->key_file,
                                               .allow_http = source->allow_http,
                                               .tls_verify = !source->insecure });
}

static int not_registered(const char *name, struct cprov_error *err)
{
    cprov_fail(err, CPROV_ENOTFOUND, "Unable to find package source '%s'", name);
    cprov_hint(err, CPROV_HINT_LIST_SOURCES);
    return CPROV_ENOTFOUND;
}

/* --- get --- */

static bool is_meant(const struct cprov_source *source, const char *name)
{
    struct cprov_source asked = { .name = name, .location = name };
    struct cprov_place a, b;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    if (!name || cprov_span_glob(cprov_span_of(name), cprov_span_of(source->name)) ||
        strcmp(name, source->location) == 0)
        return true;
    return cprov_place_init(&asked, cprov_kinds, &a, &ignored) == 0 &&
           cprov_place_init(source, cprov_kinds, &b, &ignored) == 0 && !b.kind->local &&
           strcmp(a.base.host, b.base.host) == 0 &&
           strcmp(a.base.repository, b.base.repository) == 0;
}

int cprov_sources(struct cprov_session *s, const struct cprov_source_options *options,
                  cprov_source_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_source_options o;
    size_t shown = 0;
    int code = 0;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    for (size_t i = 0; i < s->conf->sources_count; i++)
        if (is_meant(&s->conf->sources[i], o.name)) {
            emit(&s->conf->sources[i], item, s->callbacks.arg);
            shown++;
        }
    if (shown == 0 && o.name && !cprov_span_is_pattern(cprov_span_of(o.name)))
        code = not_registered(o.name, &err);
    return cprov_session_end(s, code, "", &err);
}

/* --- does it answer --- */

/* The client keeps what it learns of a host, so the place lives in the session, and its source too.
 */
static int keep_place(struct cprov_session *s, const struct cprov_source *source,
                      struct cprov_place **out, struct cprov_error *err)
{
    struct cprov_source *kept = cprov_arena_alloc(&s->arena, 1, sizeof(*kept));

    *out = cprov_arena_alloc(&s->arena, 1, sizeof(**out));
    if (!kept || !*out)
        return cprov_fail_memory(err);
    *kept = *source;
    if (cprov_place_init(kept, cprov_kinds, *out, err) < 0)
        return err->code;
    return cprov_session_bind_login(s, (*out)->base.host, err);
}

static void hint_unchecked(const struct cprov_place *place, struct cprov_error *err)
{
    /* What a server that speaks TLS answers to plain HTTP, when it answers at all. */
    if (place->plain_http && err->http == 400)
        cprov_hint(err, CPROV_HINT_USE_HTTPS);
    cprov_hint(err, CPROV_HINT_NO_CHECK);
}

/* As it will be reached later. A document is read: what it says is known then. */
static int check_location(struct cprov_session *s, const struct cprov_source *source,
                          struct cprov_error *err)
{
    struct cprov_place *place;
    int code;

    if (keep_place(s, source, &place, err) < 0)
        return err->code;
    if (place->kind->local && !place->kind->import)
        code = cprov_local_check(place, err);
    else if (place->kind->import)
        code = cprov_refresh_place(s, place, err);
    else
        code = cprov_ping(s, place, false, err);
    if (code < 0)
        hint_unchecked(place, err);
    return code;
}

static int check_name(const char *name, struct cprov_error *err)
{
    struct cprov_span text = cprov_span_of(name);

    if (text.len == 0 || text.len > 64)
        return cprov_fail(err, CPROV_EINVAL, "a source needs a name of 1 to 64 characters");
    for (size_t i = 0; i < text.len; i++)
        if (!cprov_is_alnum(text.ptr[i]) && !strchr("._-", text.ptr[i]))
            return cprov_fail(
                err, CPROV_EINVAL,
                "the name of a source may only have letters, digits, '.', '_' and '-'");
    return 0;
}

/* A path is written down whole, with the kind that it was found to be. */
static int settle_location(struct cprov_session *s, const char *given_type,
                           struct cprov_source *source, struct cprov_error *err)
{
    const char *path, *type;

    if (cprov_local_location(source->location, given_type, &s->call, &path, &type, err) < 0)
        return err->code;
    if (path) {
        source->location = path;
        source->type = type;
    }
    return 0;
}

/* The files are written down whole, and must be there. */
static int settle_files(struct cprov_session *s, struct cprov_source *source,
                        struct cprov_error *err)
{
    const char **files[] = { &source->key, &source->ca_file, &source->cert_file,
                             &source->key_file };

    for (size_t i = 0; i < CPROV_COUNT(files); i++) {
        if (!*files[i])
            continue;
        char *full = realpath(*files[i], NULL);
        if (!full)
            return cprov_fail_os(err, errno, "%s", *files[i]);
        *files[i] = cprov_arena_text(&s->call, cprov_span_of(full));
        free(full);
        if (!*files[i])
            return cprov_fail_memory(err);
    }
    return 0;
}

/* The kind of a location that nobody named one for: by its name, or by asking who is there. */
static int settle_type(struct cprov_session *s, const struct cprov_source_options *o,
                       struct cprov_source *source, struct cprov_error *err)
{
    const char *type = cprov_source_guess(source->location);
    struct cprov_place *place;

    source->type = type ? type : cprov_source_oci.type;
    if (type || o->no_check || s->options.what_if || s->options.offline)
        return 0;
    if (keep_place(s, source, &place, err) < 0)
        return err->code;
    if (cprov_ask_type(s, place, &type, err) < 0) {
        hint_unchecked(place, err);
        return err->code;
    }
    /* The catalog of our own server has no part for a path alone. */
    if (strcmp(type, cprov_source_cprov.type) != 0 || !*place->base.repository)
        source->type = type;
    return 0;
}

/* "" and "none" are no file. */
static const char *given_file(const char *file)
{
    return file && *file && strcmp(file, "none") != 0 ? file : NULL;
}

/* --- register --- */

static const struct cprov_source default_source = {
    .name = "dockerhub", .location = "docker.io", .type = "oci", .registered = true
};

static int add_source(struct cprov_session *s, const struct cprov_source_options *o,
                      const struct cprov_source *source, struct cprov_error *err)
{
    struct cprov_place place;

    if (check_name(source->name, err) < 0 || cprov_place_init(source, cprov_kinds, &place, err) < 0)
        return err->code;
    int go = cprov_should(s,
                          &(struct cprov_change){ .kind = CPROV_CHANGE_REGISTER_SOURCE,
                                                  .name = source->name,
                                                  .place = source->location },
                          err);
    if (go <= 0)
        return go;
    if (!o->no_check && !o->restore_default && check_location(s, source, err) < 0)
        return err->code;
    if (cprov_conf_change_source(s->conf_dir, CPROV_SOURCE_ADD, source->name, source, o->force,
                                 err) < 0)
        return err->code;
    cprov_session_log(s, NULL, "register-source", source->name, "");
    return 0;
}

int cprov_source_register(struct cprov_session *s, const struct cprov_source_options *options,
                          cprov_source_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_source_options o;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    o.type = cprov_source_type(o.type);
    struct cprov_source source = { .name = o.name,
                                   .location = o.location,
                                   .type = o.type,
                                   .trusted = o.trusted > 0,
                                   .registered = true,
                                   .proxy = o.proxy,
                                   .key = given_file(o.key),
                                   .allow_http = o.allow_http > 0,
                                   .insecure = o.insecure > 0,
                                   .ca_file = given_file(o.ca_file),
                                   .cert_file = given_file(o.cert_file),
                                   .key_file = given_file(o.key_file) };
    int code = 0;

    if (o.restore_default)
        source = default_source;
    else if (!o.name || !o.location)
        code = cprov_fail(&err, CPROV_EINVAL, "a source needs a name and a location");
    else
        code = settle_location(s, o.type, &source, &err);
    if (code == 0)
        code = settle_files(s, &source, &err);
    if (code == 0 && !source.type)
        code = settle_type(s, &o, &source, &err);
    if (code == 0)
        code = add_source(s, &o, &source, &err);
    if (code == 0 && !s->options.what_if)
        emit(&source, item, s->callbacks.arg);
    return cprov_session_end(s, code, source.name ? source.name : "", &err);
}

/* --- set --- */

static int make_key(const struct cprov_source *source, struct cprov_buf *key,
                    struct cprov_error *err)
{
    struct cprov_place place;

    if (cprov_place_init(source, cprov_kinds, &place, err) < 0)
        return err->code;
    cprov_buf_init(key, CPROV_URL_MAX);
    cprov_place_key(&place, key);
    return cprov_buf_check(key, "key of a source", err);
}

/* What the index has of it is of no use any more; a cache that cannot be cleaned is no failure. */
static void forget(struct cprov_session *s, const struct cprov_source *source)
{
    auto_buf struct cprov_buf key = { 0 };
    struct cprov_cache *ix;
    struct cprov_error err = CPROV_ERROR_INIT;

    if (make_key(source, &key, &err) == 0 && cprov_session_index(s, &ix, &err) == 0)
        (void)!cprov_cache_forget(ix, cprov_buf_text(&key), &err);
}

/* Whoever names a key takes what it has signed, however old. */
static int forget_date(struct cprov_session *s, const struct cprov_source *source,
                       struct cprov_error *err)
{
    auto_buf struct cprov_buf key = { 0 };

    if (!source->key)
        return 0;
    if (make_key(source, &key, err) < 0)
        return err->code;
    return cprov_catalog_date_forget(s->conf_dir, cprov_buf_span(&key), err);
}

static const char *changed_file(const char *given, const char *old)
{
    return given ? given_file(given) : old;
}

/* What set-source says of how the source is reached. */
static void change_reach(const struct cprov_source_options *o, const struct cprov_source *old,
                         struct cprov_source *source)
{
    bool forget_pair = o->cert_file && !given_file(o->cert_file);

    if (o->proxy)
        source->proxy = *o->proxy ? o->proxy : NULL;
    source->key = changed_file(o->key, old->key);
    source->ca_file = changed_file(o->ca_file, old->ca_file);
    source->cert_file = changed_file(o->cert_file, old->cert_file);
    source->key_file = forget_pair ? NULL : changed_file(o->key_file, old->key_file);
    source->allow_http = o->allow_http ? o->allow_http > 0 : old->allow_http;
    source->insecure = o->insecure ? o->insecure > 0 : old->insecure;
}

static int change_source(struct cprov_session *s, const struct cprov_source_options *o,
                         struct cprov_source *source, struct cprov_error *err)
{
    struct cprov_place place;
    const struct cprov_source *old = o->name ? cprov_conf_source(s->conf, o->name) : NULL;

    if (!old)
        return not_registered(o->name ? o->name : "", err);
    *source = *old;
    source->name = o->new_name ? o->new_name : old->name;
    source->location = o->location ? o->location : old->location;
    source->type = o->type ? o->type : old->type;
    change_reach(o, old, source);
    source->trusted = o->trusted ? o->trusted > 0 : old->trusted;
    if ((o->location && settle_location(s, o->type, source, err) < 0) ||
        settle_files(s, source, err) < 0)
        return err->code;
    if (check_name(source->name, err) < 0 || cprov_place_init(source, cprov_kinds, &place, err) < 0)
        return err->code;
    int go = cprov_should(
        s, &(struct cprov_change){ .kind = CPROV_CHANGE_SET_SOURCE, .name = old->name }, err);
    if (go <= 0)
        return go;
    if ((o->key && forget_date(s, source, err) < 0) ||
        (o->location && !o->no_check && check_location(s, source, err) < 0))
        return err->code;
    if (cprov_conf_change_source(s->conf_dir, CPROV_SOURCE_UPDATE, old->name, source, false, err) <
        0)
        return err->code;
    if (o->location || o->type || o->key)
        forget(s, old);
    cprov_session_log(s, NULL, "set-source", source->name, "");
    return 0;
}

int cprov_source_set(struct cprov_session *s, const struct cprov_source_options *options,
                     cprov_source_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_source_options o;
    struct cprov_source source = { 0 };

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    o.type = cprov_source_type(o.type);
    int code = change_source(s, &o, &source, &err);
    if (code == 0 && !s->options.what_if)
        emit(&source, item, s->callbacks.arg);
    return cprov_session_end(s, code, "", &err);
}

/* --- unregister --- */

static int unregister(struct cprov_session *s, const char *name, struct cprov_error *err)
{
    const struct cprov_source *source = name ? cprov_conf_source(s->conf, name) : NULL;

    if (!source)
        return not_registered(name ? name : "", err);
    int go = cprov_should(
        s, &(struct cprov_change){ .kind = CPROV_CHANGE_UNREGISTER_SOURCE, .name = name }, err);
    if (go <= 0)
        return go;
    if (cprov_conf_change_source(s->conf_dir, CPROV_SOURCE_REMOVE, name, NULL, false, err) < 0)
        return err->code;
    cprov_session_log(s, NULL, "unregister-source", name, "");
    forget(s, source);
    return 0;
}

int cprov_source_unregister(struct cprov_session *s, const struct cprov_source_options *options,
                            const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_source_options o;

    if (cprov_session_begin(s, callbacks, &err) < 0 ||
        cprov_options_copy(&o, sizeof(o), options, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    int code = unregister(s, o.name, &err);
    return cprov_session_end(s, code, "", &err);
}
