/* registry/auth.c - what to say to a registry that asks who we are. */
#include "registry/auth_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "conf/secret.h"
#include "net/origin.h"
#include "net/url.h"
#include "registry/exchange.h"
#include "registry/token_fetch_private.h"
#include "registry/token_private.h"

#define FRESH_MS 60000 /* a younger token has not run out, it does not suffice */

struct cprov_auth {
    struct cprov_grants grants;
};

bool cprov_auth_known(struct cprov_auth *a, const struct cprov_auth_target *target,
                      struct cprov_buf *out)
{
    struct cprov_grant *g = cprov_grants_find(&a->grants, target);

    if (g && !g->exchange && cprov_grant_is_usable(g)) {
        g->used = ++a->grants.clock;
        cprov_buf_add_text(out, g->authorization);
        return true;
    }
    return !cprov_grants_origin(&a->grants, target->origin);
}

/* --- answering a challenge --- */

static int answer_basic(struct cprov_grant *g, bool asked, bool rejected, struct cprov_error *err)
{
    auto_credentials struct cprov_credentials login = { 0 };
    auto_secret_buf struct cprov_buf value = { 0 };

    if (rejected && g->has_login && g->skip + 1 < CPROV_LOGINS_MAX)
        g->skip++;
    if (!g->anonymous &&
        cprov_logins_find(&g->all->logins, g->host, g->repository, g->skip, &login, err) < 0)
        return err->code;
    bool has_user = cprov_login_has(login.username);
    if (!has_user && (!asked || g->skip > 0))
        return CPROV_ENOTFOUND;
    if (!has_user || (rejected && g->skip == 0)) { /* with a skip that was another login */
        (void)cprov_fail(err, CPROV_EAUTH,
                         has_user ? "%s refuses the login" : "%s requires a login", g->host);
        cprov_hint_about(err, has_user ? CPROV_HINT_LOGIN_AGAIN : CPROV_HINT_LOGIN, "%s", g->host);
        return CPROV_EAUTH;
    }
    cprov_buf_init(&value, 2 * CPROV_TOKEN_LENGTH_MAX);
    g->has_login = false;
    if (cprov_login_basic(&login, &value, err) < 0 ||
        cprov_grant_authorize(g, "Basic", cprov_buf_span(&value), CPROV_GRANT_NEVER, err) < 0 ||
        cprov_grants_remember(g->all, g->origin, CPROV_AUTH_BASIC, "", "", err) < 0)
        return err->code;
    g->has_login = true;
    return 0;
}

/* The scope that the registry names goes first: some token servers read only one. */
static int join_scopes(struct cprov_grant *g, const char *demanded, struct cprov_error *err)
{
    auto_buf struct cprov_buf joined = { 0 };

    cprov_buf_init(&joined, CPROV_HEADER_BYTES_MAX);
    if (*demanded)
        cprov_scopes_narrow(&joined, cprov_span_of(demanded), g->repository, g->actions);
    else if (*g->repository)
        cprov_buf_addf(&joined, "repository:%s:%s", g->repository, g->actions);
    else if (*g->actions)
        cprov_buf_add_text(&joined, g->actions);
    cprov_scopes_add(&joined, cprov_buf_span(&g->scopes));

    if (cprov_buf_check(&joined, "scopes", err) < 0)
        return err->code;
    cprov_buf_clear(&g->scopes);
    g->scopes = joined;
    joined = (struct cprov_buf){ 0 };
    return 0;
}

/* A realm that wanders within one session is after the login, unless there is none. */
static int check_realm(const struct cprov_grant *g, const char *realm, bool asked,
                       struct cprov_error *err)
{
    const struct cprov_origin *o = cprov_grants_origin(g->all, g->origin);
    struct cprov_url then, now;
    int code =
        cprov_token_realm_check(cprov_span_of(g->origin), cprov_span_of(realm), g->allow_http, err);

    if (code < 0 || !asked || !o || o->scheme != CPROV_AUTH_BEARER ||
        !cprov_login_is_any(&g->login))
        return code;
    if (cprov_url_parse(cprov_span_of(o->realm), &then, NULL) == 0 &&
        cprov_url_parse(cprov_span_of(realm), &now, NULL) == 0 &&
        !cprov_url_same_origin(&then, &now))
        return cprov_fail(
            err, CPROV_EAUTH,
            "refused: %s asks for the login to be sent to a different server than before", g->host);
    return 0;
}

/* The login stays here when the realm is not the registry's: nobody asks for a token then. */
static int withhold(struct cprov_grant *g, const char *token_server, struct cprov_error *err)
{
    struct cprov_url origin, realm;
    auto_buf struct cprov_buf name = { 0 };

    free(g->withheld);
    g->withheld = NULL;
    if (cprov_url_parse(cprov_span_of(g->origin), &origin, err) < 0 ||
        cprov_url_parse(cprov_span_of(g->realm), &realm, err) < 0)
        return err->code;
    g->same_host = cprov_host_is_same(origin.host, realm.host);
    if (!cprov_login_is_any(&g->login) ||
        cprov_login_may_go(&origin, g->host, &realm, token_server))
        return 0;
    cprov_credentials_clear(&g->login);
    cprov_buf_init(&name, CPROV_URL_MAX);
    cprov_url_authority(&realm, &name);
    return cprov_buf_take(&name, "host", &g->withheld, err);
}

/* Whether the token just granted is what the demanded scope would bring again. */
static bool is_no_news(const struct cprov_grant *g, const struct cprov_challenge *c)
{
    auto_buf struct cprov_buf demanded = { 0 };

    cprov_buf_init(&demanded, CPROV_HEADER_BYTES_MAX);
    cprov_scopes_narrow(&demanded, cprov_span_of(c->scope), g->repository, g->actions);
    return g->authorization && cprov_clock_ms() - g->granted_ms < FRESH_MS &&
           strcmp(c->error, "insufficient_scope") == 0 &&
           cprov_scopes_cover(cprov_buf_span(&g->scopes), cprov_buf_span(&demanded));
}

static int answer_bearer(struct cprov_grant *g, const struct cprov_auth_target *target,
                         const struct cprov_challenge *c, bool asked, bool rejected,
                         struct cprov_error *err)
{
    auto_buf struct cprov_buf realm = { 0 };

    if (rejected && is_no_news(g, c))
        return CPROV_ENOTFOUND; /* another token would be the same one */
    cprov_credentials_clear(&g->login);
    if (!g->anonymous &&
        cprov_logins_find(&g->all->logins, g->host, g->repository, g->skip, &g->login, err) < 0)
        return err->code;
    if (cprov_login_has(g->login.registry_token)) {
        if (rejected)
            return cprov_fail(err, CPROV_EAUTH, "%s refuses the token", g->host);
        return cprov_grant_authorize(g, "Bearer", cprov_span_of(g->login.registry_token),
                                     CPROV_GRANT_NEVER, err);
    }
    g->allow_http = target->allow_http;
    g->is_private = target->is_private;
    g->peer = target->peer ? *target->peer : (struct cprov_http_peer){ 0 };
    cprov_buf_init(&realm, CPROV_URL_MAX);
    if (cprov_url_resolve(cprov_span_of(g->origin), cprov_span_of(c->realm), &realm, err) < 0)
        return cprov_wrap_as(err, CPROV_EAUTH, "realm of %s", g->host);
    if (cprov_buf_check(&realm, "realm", err) < 0 ||
        cprov_grant_set_text(&g->realm, cprov_buf_text(&realm), err) < 0 ||
        cprov_grant_set_text(&g->peer_origin, target->peer_origin ? target->peer_origin : g->origin,
                             err) < 0 ||
        withhold(g, target->token_server, err) < 0)
        return err->code;
    g->by_post = cprov_login_has(g->login.identity_token);
    if (check_realm(g, g->realm, asked, err) < 0 ||
        cprov_grant_set_text(&g->service, c->service, err) < 0 ||
        join_scopes(g, asked ? c->scope : "", err) < 0 ||
        cprov_grants_remember(g->all, g->origin, CPROV_AUTH_BEARER, g->realm, c->service, err) < 0)
        return err->code;
    cprov_secret_wipe(&g->authorization);
    return cprov_token_fetch(g, err);
}

int cprov_auth_answer(struct cprov_auth *a, const struct cprov_auth_target *target,
                      const struct cprov_challenges *challenges, bool rejected_token,
                      void (*done)(void *arg, int code, const struct cprov_error *err), void *arg,
                      struct cprov_error *err)
{
    const struct cprov_origin *o = cprov_grants_origin(&a->grants, target->origin);
    struct cprov_challenge remembered = { .scope = "", .error = "", .realm = "", .service = "" };
    const struct cprov_challenge *c = challenges ? cprov_challenges_best(challenges) : NULL;
    struct cprov_grant *g = NULL;

    if (!challenges && o) {
        remembered.scheme = o->scheme;
        remembered.realm = o->realm;
        remembered.service = o->service;
        c = &remembered;
    }
    if (!c && !challenges)
        return cprov_fail(err, CPROV_ENOTFOUND, "%s does not say how to log in", target->host);
    if (!c)
        return cprov_fail(err, CPROV_EAUTH, "%s requires a kind of login that is not supported",
                          target->host);
    if (cprov_grants_get(&a->grants, target, &g, err) < 0)
        return err->code;
    if (g->exchange)
        return cprov_grant_wait(g, done, arg, err);

    bool asked = challenges != NULL;
    int code = c->scheme == CPROV_AUTH_BASIC
                   ? answer_basic(g, asked, rejected_token, err)
                   : answer_bearer(g, target, c, asked, rejected_token, err);
    if (code < 0 || !g->exchange)
        cprov_credentials_clear(&g->login);
    if (code < 0)
        return code;
    if (g->exchange)
        return cprov_grant_wait(g, done, arg, err);
    done(arg, 0, NULL);
    return 0;
}

uint64_t cprov_auth_serial(const struct cprov_auth *a, const struct cprov_auth_target *target)
{
    const struct cprov_grant *g = cprov_grants_find(&a->grants, target);

    return g && !g->exchange && cprov_grant_is_usable(g) ? g->serial : 0;
}

void cprov_auth_worked(struct cprov_auth *a, const struct cprov_auth_target *target,
                       uint64_t serial)
{
    struct cprov_grant *g = cprov_grants_find(&a->grants, target);

    if (g && serial > g->worked)
        g->worked = serial;
}

bool cprov_auth_may_renew(const struct cprov_auth *a, const struct cprov_auth_target *target,
                          uint64_t serial)
{
    const struct cprov_grant *g = cprov_grants_find(&a->grants, target);

    return g && ((serial != 0 && serial <= g->worked) || g->has_login);
}

static const struct cprov_grant *withheld_of(const struct cprov_auth *a, const char *host)
{
    for (const struct cprov_grant *g = a->grants.first; g; g = g->next)
        if (g->withheld && strcmp(g->host, host) == 0)
            return g;
    return NULL;
}

const char *cprov_auth_withheld(const struct cprov_auth *a, const char *host)
{
    const struct cprov_grant *g = withheld_of(a, host);

    return g ? g->withheld : NULL;
}

int cprov_auth_fail_withheld(const struct cprov_auth *a, const char *host, struct cprov_error *err)
{
    return cprov_token_fail_withheld(withheld_of(a, host), err);
}

void cprov_auth_forget(struct cprov_auth *a, const void *arg)
{
    for (struct cprov_grant *g = a->grants.first; g; g = g->next) {
        cprov_grant_forget(g, arg);
        if (g->waiters || !g->exchange)
            continue;
        cprov_exchange_stop(g->exchange); /* nobody wants its token any more */
        cprov_credentials_clear(&g->login);
    }
}

int cprov_auth_has_login(struct cprov_auth *a, const char *host, bool *out, struct cprov_error *err)
{
    auto_credentials struct cprov_credentials c = { 0 };

    if (cprov_logins_find(&a->grants.logins, host, "", 0, &c, err) < 0)
        return err->code;
    *out = cprov_login_is_any(&c);
    return 0;
}

/* --- life --- */

int cprov_auth_new(struct cprov_wire *wire, cprov_credentials_fn *credentials, void *arg,
                   struct cprov_auth **out, struct cprov_error *err)
{
    struct cprov_auth *a = calloc(1, sizeof(*a));

    if (!a)
        return cprov_fail_memory(err);
    a->grants.wire = wire;
    a->grants.logins = (struct cprov_logins){ credentials, arg };
    *out = a;
    return 0;
}

void cprov_auth_free(struct cprov_auth *a)
{
    if (!a)
        return;
    cprov_grants_clear(&a->grants);
    free(a);
}
