/* provider/places.c - which sources a session asks. */
#include <string.h>

#include "catalog/source/local_place.h"
#include "catalog/source/probe.h"
#include "provider/session.h"

/* The source that comes with the program: a fallback while nothing else is registered, so that a
 * private set-up never asks a public registry for its private names. */
static bool is_fallback(const struct cprov_source *source)
{
    return !source->file || strcmp(source->file, "built-in") == 0;
}

static int add_place(struct cprov_session *s, const struct cprov_source *source,
                     struct cprov_error *err)
{
    for (size_t i = 0; i < s->places_count; i++)
        if (s->places[i].source == source)
            return 0;
    if (cprov_place_init(source, cprov_kinds, &s->places[s->places_count], err) < 0)
        return err->code;
    s->places_count++;
    return 0;
}

static bool same_location(const struct cprov_place *a, const struct cprov_place *b)
{
    if (a->kind->local || a->kind->is_url || b->kind->local || b->kind->is_url)
        return strcmp(a->source->location, b->source->location) == 0;
    return strcmp(a->base.host, b->base.host) == 0 &&
           strcmp(a->base.repository, b->base.repository) == 0;
}

/* Registered sources by name, pattern or location. *found says whether there were any. */
static int add_registered(struct cprov_session *s, const char *text, const struct cprov_place *at,
                          bool *found, struct cprov_error *err)
{
    struct cprov_place place;
    struct cprov_error ignored = CPROV_ERROR_INIT;

    for (size_t i = 0; i < s->conf->sources_count; i++) {
        const struct cprov_source *source = &s->conf->sources[i];
        bool named = cprov_span_glob(cprov_span_of(text), cprov_span_of(source->name));

        if (!named && at)
            named = cprov_place_init(source, cprov_kinds, &place, &ignored) == 0 &&
                    same_location(at, &place);
        if (!named)
            continue;
        if (add_place(s, source, err) < 0)
            return err->code;
        *found = true;
    }
    return 0;
}

static bool looks_like_location(struct cprov_span text)
{
    struct cprov_span host = text, path;

    cprov_span_cut(text, '/', &host, &path);
    return memmem(text.ptr, text.len, "://", 3) || cprov_span_find(host, '.') < host.len ||
           cprov_span_find(host, ':') < host.len || cprov_span_is(host, "localhost");
}

/* A path that says so: a bare name is a source's. */
static bool names_path(const char *text)
{
    static const char *const begins[] = {
        "/", "./", "../", "file://", "oci:", "oci-archive:", "docker-archive:"
    };

    for (size_t i = 0; i < CPROV_COUNT(begins); i++)
        if (cprov_span_starts_with(cprov_span_of(text), begins[i]))
            return true;
    return false;
}

static int unknown_source(const char *text, struct cprov_error *err)
{
    cprov_fail(err, CPROV_ENOTFOUND, "Unable to find package source '%s'", text);
    cprov_hint(err, CPROV_HINT_LIST_OR_REGISTER_SOURCES);
    return CPROV_ENOTFOUND;
}

/* A location that need not be registered, as a place; *is_one is false when the text is none. Its
 * texts live in the arena; the source's name is the text. */
static int place_at(const char *text, struct cprov_arena *arena, struct cprov_place *out,
                    bool *is_one, struct cprov_error *err)
{
    const char *path = NULL, *guess = cprov_source_guess(text);
    const char *type = guess && strcmp(guess, "document") == 0 ? guess : "oci";

    *is_one = false;
    if (names_path(text) && cprov_local_location(text, NULL, arena, &path, &type, err) < 0)
        return err->code;
    if (!path && !looks_like_location(cprov_span_of(text)))
        return 0;
    struct cprov_source *source = cprov_arena_alloc(arena, 1, sizeof(*source));
    if (!source)
        return cprov_fail_memory(err);
    *source = (struct cprov_source){
        .name = text, .location = path ? path : text, .type = type, .file = ""
    };
    *is_one = true;
    return cprov_place_init(source, cprov_kinds, out, err);
}

/* One --source: a name, a pattern, or a location that need not be registered. */
static int select_source(struct cprov_session *s, const char *text, struct cprov_error *err)
{
    struct cprov_place given;
    bool found = false, located;

    if (place_at(text, &s->arena, &given, &located, err) < 0 ||
        add_registered(s, text, located ? &given : NULL, &found, err) < 0)
        return err->code;
    if (!found && !located)
        return unknown_source(text, err);
    for (size_t i = 0; i < s->places_count && !found; i++)
        found = same_location(&s->places[i], &given);
    if (!found)
        s->places[s->places_count++] = given;
    return 0;
}

/* The registered source that a place is, or NULL. */
static const struct cprov_source *registered_at(const struct cprov_session *s,
                                                const struct cprov_place *at)
{
    struct cprov_error ignored = CPROV_ERROR_INIT;
    struct cprov_place place;

    for (size_t i = 0; i < s->conf->sources_count; i++)
        if (cprov_place_init(&s->conf->sources[i], cprov_kinds, &place, &ignored) == 0 &&
            same_location(at, &place))
            return &s->conf->sources[i];
    return NULL;
}

int cprov_session_place(struct cprov_session *s, const char *text, const struct cprov_place **out,
                        struct cprov_error *err)
{
    struct cprov_place *place = cprov_arena_alloc(&s->call, 1, sizeof(*place));
    const struct cprov_source *source = cprov_conf_source(s->conf, text);
    const char *kept = cprov_arena_text(&s->call, cprov_span_of(text));
    bool located;

    if (!place || !kept)
        return cprov_fail_memory(err);
    if (!source) {
        if (place_at(kept, &s->call, place, &located, err) < 0)
            return err->code;
        if (!located)
            return unknown_source(text, err);
        source = registered_at(s, place);
    }
    if (source && cprov_place_init(source, cprov_kinds, place, err) < 0)
        return err->code;
    *out = place;
    return 0;
}

static int select_default(struct cprov_session *s, struct cprov_error *err)
{
    bool own = false;

    for (size_t i = 0; i < s->conf->sources_count; i++)
        own = own || !is_fallback(&s->conf->sources[i]);
    for (size_t i = 0; i < s->conf->sources_count; i++) {
        const struct cprov_source *source = &s->conf->sources[i];

        if (!(own && is_fallback(source)) && add_place(s, source, err) < 0)
            return err->code;
    }
    return 0;
}

/* A login for nobody in particular would go to whoever asks first. */
static int bind_login(struct cprov_session *s, struct cprov_error *err)
{
    if (!s->options.username || s->login_host)
        return 0;
    if (s->places_count == 1 && *s->places[0].base.host &&
        (s->options.sources_count == 1 || !is_fallback(s->places[0].source)))
        return cprov_session_bind_login(s, s->places[0].base.host, err);
    (void)cprov_fail(err, CPROV_EINVAL, "the user name has no registry to be used for");
    cprov_hint(err, CPROV_HINT_LOGIN_OF_ONE);
    return CPROV_EINVAL;
}

int cprov_session_places(struct cprov_session *s, struct cprov_error *err)
{
    const struct cprov_session_options *o = &s->options;

    if (s->places)
        return bind_login(s, err);
    s->places = cprov_arena_alloc(&s->arena, s->conf->sources_count + o->sources_count + 1,
                                  sizeof(*s->places));
    if (!s->places)
        return cprov_fail_memory(err);

    int code = o->sources_count == 0 ? select_default(s, err) : 0;
    for (size_t i = 0; i < o->sources_count && code == 0; i++)
        code = select_source(s, o->sources[i], err);
    if (code < 0) {
        s->places = NULL;
        s->places_count = 0;
    }
    return code < 0 ? code : bind_login(s, err);
}
