/* provider/ping.c - one question to one registry. */
#include "provider/ping.h"

struct answer {
    int code;
    struct cprov_error err;
};

static void on_answer(void *arg, int code, const struct cprov_error *err)
{
    struct answer *a = arg;

    a->code = code;
    if (code < 0)
        a->err = *err;
}

static int ask(struct cprov_session *s, const char *host, bool need_login, struct cprov_error *err)
{
    struct answer a = { 0 };
    struct cprov_client *client;

    if (cprov_session_client(s, &client, err) < 0 ||
        cprov_client_ping(client, host, need_login, on_answer, &a, err) < 0 ||
        cprov_client_run(client, NULL, err) < 0)
        return err->code;
    if (a.code < 0)
        *err = a.err;
    return a.code;
}

int cprov_ping(struct cprov_session *s, struct cprov_place *place, bool need_login,
               struct cprov_error *err)
{
    struct cprov_place *places = s->places;
    size_t count = s->places_count;

    s->places = place;
    s->places_count = 1;
    int code = ask(s, place->base.host, need_login, err);
    s->places = places;
    s->places_count = count;
    return code;
}
