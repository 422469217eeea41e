/* provider/sources.c - registered sources: shown, added, changed, removed. */
#include <string.h>

#include "provider/local_place.h"
#include "provider/ping.h"

static void emit(const struct cprov_source *source, cprov_source_fn *item, void *arg)
{
    if (item)
        item(arg, &(struct cprov_source_item){ .size = sizeof(struct cprov_source_item),
                                               .name = source->name,
                                               .location = source->location,
                                               .type = source->type && *source->type ? source->type
                                                                                     : "oci",
                                               .trusted = source->trusted,
                                               .registered = source->registered });
}

static void *arg_of(const struct cprov_callbacks *callbacks)
{
    return callbacks ? callbacks->arg : NULL;
}

static int not_registered(const char *name, struct cprov_error *err)
{
    cprov_fail(err, CPROV_ENOTFOUND, "Unable to find package source '%s'", name);
    cprov_hint(err, "get-source lists the registered ones");
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
    size_t shown = 0;
    int code = 0;

    cprov_session_begin(s, callbacks);
    for (size_t i = 0; i < s->conf->sources_count; i++)
        if (is_meant(&s->conf->sources[i], options->name)) {
            emit(&s->conf->sources[i], item, arg_of(callbacks));
            shown++;
        }
    if (shown == 0 && options->name && !cprov_span_is_pattern(cprov_span_of(options->name)))
        code = not_registered(options->name, &err);
    return cprov_session_end(s, code, "", &err);
}

/* --- does it answer --- */

/* As it will be reached later. The client keeps what it learns, so the place lives in the session.
 */
static int check_location(struct cprov_session *s, const struct cprov_source *source,
                          struct cprov_error *err)
{
    struct cprov_place *place = cprov_arena_alloc(&s->arena, 1, sizeof(*place));

    if (!place)
        return cprov_fail_memory(err);
    if (cprov_place_init(source, cprov_kinds, place, err) < 0)
        return err->code;
    int code =
        place->kind->local ? cprov_local_check(place, err) : cprov_ping(s, place, false, err);
    if (code < 0)
        cprov_hint(err, "--no-check registers it all the same");
    return code;
}

static int check_name(const char *name, struct cprov_error *err)
{
    struct cprov_span text = cprov_span_of(name);

    if (text.len == 0 || text.len > 64)
        return cprov_fail(err, CPROV_EINVAL, "a source needs a name of 1 to 64 characters");
    for (size_t i = 0; i < text.len; i++)
        if (!cprov_is_alnum(text.ptr[i]) && !strchr("._-", text.ptr[i]))
            return cprov_fail(err, CPROV_EINVAL,
                              "a source's name has letters, digits, '.', '_' and '-' only");
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
    if (!cprov_should(s, "Register Package Source", "Package Source '%s' (%s)", source->name,
                      source->location))
        return 0;
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
    struct cprov_source source = { .name = options->name,
                                   .location = options->location,
                                   .type = options->type ? options->type : "oci",
                                   .trusted = options->trusted > 0,
                                   .registered = true,
                                   .proxy = options->proxy };
    int code = 0;

    cprov_session_begin(s, callbacks);
    if (options->restore_default)
        source = default_source;
    else if (!options->name || !options->location)
        code = cprov_fail(&err, CPROV_EINVAL, "a source needs a name and a location");
    else
        code = settle_location(s, options->type, &source, &err);
    if (code == 0)
        code = add_source(s, options, &source, &err);
    if (code == 0 && !s->options.what_if)
        emit(&source, item, arg_of(callbacks));
    return cprov_session_end(s, code, source.name ? source.name : "", &err);
}

/* --- set --- */

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
    source->proxy = o->proxy ? o->proxy : old->proxy;
    source->trusted = o->trusted < 0 ? old->trusted : o->trusted > 0;
    if (o->location && settle_location(s, o->type, source, err) < 0)
        return err->code;
    if (check_name(source->name, err) < 0 || cprov_place_init(source, cprov_kinds, &place, err) < 0)
        return err->code;
    if (!cprov_should(s, "Set Package Source", "Package Source '%s'", old->name))
        return 0;
    if (o->location && !o->no_check && check_location(s, source, err) < 0)
        return err->code;
    if (cprov_conf_change_source(s->conf_dir, CPROV_SOURCE_UPDATE, old->name, source, false, err) <
        0)
        return err->code;
    cprov_session_log(s, NULL, "set-source", source->name, "");
    return 0;
}

int cprov_source_set(struct cprov_session *s, const struct cprov_source_options *options,
                     cprov_source_fn *item, const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_source source = { 0 };

    cprov_session_begin(s, callbacks);
    int code = change_source(s, options, &source, &err);
    if (code == 0 && !s->options.what_if)
        emit(&source, item, arg_of(callbacks));
    return cprov_session_end(s, code, "", &err);
}

/* --- unregister --- */

int cprov_source_unregister(struct cprov_session *s, const struct cprov_source_options *options,
                            const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    int code = 0;

    cprov_session_begin(s, callbacks);
    if (!options->name || !cprov_conf_source(s->conf, options->name))
        code = not_registered(options->name ? options->name : "", &err);
    else if (cprov_should(s, "Unregister Package Source", "Package Source '%s'", options->name)) {
        code = cprov_conf_change_source(s->conf_dir, CPROV_SOURCE_REMOVE, options->name, NULL,
                                        false, &err);
        if (code == 0)
            cprov_session_log(s, NULL, "unregister-source", options->name, "");
    }
    return cprov_session_end(s, code, "", &err);
}
