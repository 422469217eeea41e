/* registry/ping.c - does a host answer as a registry, and take our login? */
#include "registry/ping.h"

#include <stdio.h>

#include "base/error.h"
#include "base/limits.h"
#include "registry/auth_private.h"
#include "registry/client_private.h"
#include "registry/op.h"

struct ping {
    struct cprov_op op;
    bool need_login;
    bool has_login;
    char host[CPROV_NAME_MAX + 1];
    void (*done)(void *arg, int code, const struct cprov_error *err);
    void *arg;
};

static void ping_done(struct cprov_op *op, int code, const struct cprov_error *err)
{
    const struct ping *p = (struct ping *)op;

    p->done(p->arg, code, err);
}

static const struct cprov_op_kind kind = { .size = sizeof(struct ping), .done = ping_done };

static void on_answer(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct ping *p = arg;
    struct cprov_auth *auth = p->op.client->hub.auth;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code == 0 && p->need_login && cprov_auth_withheld(auth, p->host)) {
        code = cprov_auth_fail_withheld(auth, p->host, &local);
    } else if (code == CPROV_EAUTH && answer->head && !p->need_login && !p->has_login) {
        code = 0; /* it is a registry, and wants to know who we are */
    } else if (code == CPROV_ENOTFOUND) {
        code = cprov_fail(&local, CPROV_ENETWORK, "%s is not a registry (it answered %d)", p->host,
                          answer->head ? answer->head->status : 0);
    } else if (code == 0 && cprov_span_starts_with(answer->head->content_type, "text/html")) {
        code = cprov_fail(&local, CPROV_ENETWORK,
                          "%s is not a registry (it answered with a web page)", p->host);
    } else if (code < 0) {
        local = *err;
    }
    cprov_op_finish(&p->op, code, &local);
}

static int begin(struct ping *p, struct cprov_error *err)
{
    if (cprov_auth_has_login(p->op.client->hub.auth, p->host, &p->has_login, err) < 0)
        return err->code;
    if (p->need_login && !p->has_login) {
        (void)cprov_fail(err, CPROV_EAUTH, "no login is stored for %s", p->host);
        cprov_hint_about(err, CPROV_HINT_LOGIN, "%s", p->host);
        return CPROV_EAUTH;
    }
    if (cprov_op_name(&p->op, err, "registry %s", p->host) < 0)
        return err->code;
    return cprov_op_ask(&p->op,
                        &(struct cprov_request_spec){
                            .host = p->host,
                            .path = "/v2/",
                            .ask = { .body_max = CPROV_ERROR_BODY_MAX, .done = on_answer } },
                        err);
}

int cprov_client_ping(struct cprov_client *c, const char *host, bool need_login,
                      void (*done)(void *arg, int code, const struct cprov_error *err), void *arg,
                      struct cprov_error *err)
{
    struct ping *p = cprov_op_new(c, &kind, err);

    if (!p)
        return CPROV_ENOMEM;
    p->need_login = need_login;
    p->done = done;
    p->arg = arg;
    (void)snprintf(p->host, sizeof(p->host), "%s", host);
    return cprov_op_started(&p->op, begin(p, err));
}
