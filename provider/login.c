/* provider/login.c - logins tried, kept and forgotten. */
#include <stdlib.h>
#include <string.h>

#include "conf/credentials.h"
#include "provider/ping.h"

/* "https://registry.example/v2/" → the place; "" is Docker Hub, as `docker login` has it. */
static int read_registry(const char *text, struct cprov_source *source, struct cprov_place *place,
                         struct cprov_error *err)
{
    *source = (struct cprov_source){ .name = text, .location = text && *text ? text : "docker.io" };
    return cprov_place_init(source, cprov_kinds, place, err);
}

static int keep_login(struct cprov_session *s, const struct cprov_place *place, char **where,
                      struct cprov_error *err)
{
    auto_credentials struct cprov_credentials login = { .username = strdup(s->options.username),
                                                        .password = strdup(s->options.password) };

    if (!login.username || !login.password)
        return cprov_fail_memory(err);
    return cprov_credentials_store(s->options.authfile, place->base.host, &login, where, err);
}

static int login(struct cprov_session *s, const char *registry, struct cprov_error *err)
{
    struct cprov_source source;
    struct cprov_place place;
    char *where = NULL;

    if (read_registry(registry, &source, &place, err) < 0)
        return err->code;
    if (!s->options.username || !*s->options.username || !s->options.password ||
        !*s->options.password)
        return cprov_fail(err, CPROV_EINVAL, "a user name and a password are needed");
    if (cprov_session_bind_login(s, place.base.host, err) < 0)
        return err->code;
    if (!cprov_should(s, "Login", "%s", place.base.host))
        return 0;
    int code = cprov_ping(s, &place, true, err);
    if (code == 0)
        code = keep_login(s, &place, &where, err);
    if (code == 0)
        cprov_say(s, CPROV_MSG_VERBOSE, "The login of %s is kept in %s", place.base.host, where);
    free(where);
    return code;
}

int cprov_login(struct cprov_session *s, const char *registry,
                const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    cprov_session_begin(s, callbacks);
    int code = login(s, registry, &err);
    return cprov_session_end(s, code, registry ? registry : "docker.io", &err);
}

int cprov_logout(struct cprov_session *s, const char *registry,
                 const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_source source;
    struct cprov_place place;

    cprov_session_begin(s, callbacks);
    int code = read_registry(registry, &source, &place, &err);
    if (code == 0 && cprov_should(s, "Logout", "%s", place.base.host)) {
        code = cprov_credentials_erase(s->options.authfile, place.base.host, &err);
        if (code == 0)
            cprov_say(s, CPROV_MSG_RESULT, "Removed the login of %s", place.base.host);
    }
    return cprov_session_end(s, code, registry ? registry : "docker.io", &err);
}
