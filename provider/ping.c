/* provider/ping.c - one question to one registry. */
#include "provider/ping.h"

#include "catalog/source/probe.h"
#include "registry/ping.h"

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

/* For one call the place is the only source of the session. */
static int ask_at(struct cprov_session *s, struct cprov_place *place,
                  int (*question)(struct cprov_session *s, const struct cprov_place *place,
                                  void *arg, struct cprov_error *err),
                  void *arg, struct cprov_error *err)
{
    struct cprov_place *places = s->places;
    size_t count = s->places_count;

    s->places = place;
    s->places_count = 1;
    int code = question(s, place, arg, err);
    s->places = places;
    s->places_count = count;
    return code;
}

static int question_ping(struct cprov_session *s, const struct cprov_place *place, void *arg,
                         struct cprov_error *err)
{
    const bool *need_login = arg;

    return ask(s, place->base.host, *need_login, err);
}

int cprov_ping(struct cprov_session *s, struct cprov_place *place, bool need_login,
               struct cprov_error *err)
{
    return ask_at(s, place, question_ping, &need_login, err);
}

struct typed {
    struct answer answer;
    const char *type;
};

static void on_type(void *arg, int code, const char *type, const struct cprov_error *err)
{
    struct typed *t = arg;

    on_answer(&t->answer, code, err);
    t->type = type;
}

static int question_type(struct cprov_session *s, const struct cprov_place *place, void *arg,
                         struct cprov_error *err)
{
    struct typed *t = arg;
    struct cprov_client *client;

    if (cprov_session_client(s, &client, err) < 0 ||
        cprov_source_probe(client, place->base.host, on_type, t, err) < 0 ||
        cprov_client_run(client, NULL, err) < 0)
        return err->code;
    if (t->answer.code < 0)
        *err = t->answer.err;
    return t->answer.code;
}

int cprov_ask_type(struct cprov_session *s, struct cprov_place *place, const char **type,
                   struct cprov_error *err)
{
    struct typed t = { .type = NULL };
    int code = ask_at(s, place, question_type, &t, err);

    if (code == 0)
        *type = t.type;
    return code;
}
