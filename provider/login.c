/* provider/login.c - logins tried, kept and forgotten. */
#include <stdlib.h>
#include <string.h>

#include "conf/credentials.h"
#include "provider/change.h"
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

/* Nobody but a person may say so: not --yes, which is given before the name is known. */
static bool allow_token_server(const struct cprov_session *s, const char *host, const char *server)
{
    auto_buf struct cprov_buf text = { 0 };

    if (!s->callbacks.question)
        return false;
    cprov_buf_init(&text, CPROV_URL_MAX);
    cprov_buf_addf(&text, "Registry %s sends logins to token server %s. Allow it?", host, server);
    enum cprov_answer answer = s->callbacks.question(
        s->callbacks.arg,
        &(struct cprov_question){ .size = sizeof(struct cprov_question),
                                  .caption = "The token server is not known to be the registry's.",
                                  .text = cprov_buf_text(&text) });
    return answer == CPROV_YES || answer == CPROV_YES_TO_ALL;
}

/* Tries the login; a token server that is allowed by the way is s->token_server. */
static int try_login(struct cprov_session *s, struct cprov_place *place, struct cprov_error *err)
{
    const char *host = place->base.host, *server = NULL;
    int code = cprov_ping(s, place, true, err);

    if (code == CPROV_EAUTH && s->client)
        server = cprov_client_withheld(s->client, host);
    if (!server || !allow_token_server(s, host, server))
        return code;
    s->token_server = cprov_arena_text(&s->call, cprov_span_of(server));
    if (!s->token_server)
        return cprov_fail_memory(err);
    cprov_client_free(cprov_steal(&s->client)); /* it keeps what was said of the host before */
    *err = (struct cprov_error)CPROV_ERROR_INIT;
    return cprov_ping(s, place, true, err);
}

/* The login is kept already: what cannot be written down is a warning. */
static void remember_token_server(struct cprov_session *s, const char *host)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    const char *dir = s->conf_places.user_dir ? s->conf_places.user_dir : s->conf_dir;

    if (s->token_server && cprov_conf_allow_token_server(dir, host, s->token_server, &err) < 0)
        cprov_say(s, CPROV_MSG_WARNING,
                  "%s. Write it yourself: hosts: {\"%s\": {token-server: \"%s\"}}", err.msg, host,
                  s->token_server);
}

/* *target: what a failure is about, beside what its message names. */
static int login(struct cprov_session *s, const char *registry, const char **target,
                 struct cprov_error *err)
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
    int go = cprov_should(
        s, &(struct cprov_change){ .kind = CPROV_CHANGE_LOGIN, .name = place.base.host }, err);
    if (go <= 0)
        return go;
    int code = try_login(s, &place, err);
    *target = code < 0 ? "" : *target; /* "registry HOST: ..." */
    if (code == 0)
        code = keep_login(s, &place, &where, err);
    if (code == 0) {
        cprov_say(s, CPROV_MSG_NOTE, "Stored the login of %s in %s", place.base.host, where);
        remember_token_server(s, place.base.host);
    }
    free(where);
    return code;
}

int cprov_login(struct cprov_session *s, const char *registry,
                const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    const char *target = registry ? registry : "docker.io";

    if (cprov_session_begin(s, callbacks, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    int code = login(s, registry, &target, &err);
    return cprov_session_end(s, code, target, &err);
}

static int logout(struct cprov_session *s, const char *registry, struct cprov_error *err)
{
    struct cprov_source source;
    struct cprov_place place;

    if (read_registry(registry, &source, &place, err) < 0)
        return err->code;
    int go = cprov_should(
        s, &(struct cprov_change){ .kind = CPROV_CHANGE_LOGOUT, .name = place.base.host }, err);
    if (go <= 0)
        return go;
    if (cprov_credentials_erase(s->options.authfile, place.base.host, err) < 0)
        return err->code;
    cprov_say(s, CPROV_MSG_RESULT, "Removed the login of %s", place.base.host);
    return 0;
}

int cprov_logout(struct cprov_session *s, const char *registry,
                 const struct cprov_callbacks *callbacks)
{
    struct cprov_error err = CPROV_ERROR_INIT;

    if (cprov_session_begin(s, callbacks, &err) < 0)
        return cprov_session_end(s, err.code, "", &err);
    int code = logout(s, registry, &err);
    return cprov_session_end(s, code, registry ? registry : "docker.io", &err);
}
