/* registry/auth.c - the cache of tokens and logins, and how they are obtained. */
#include "registry/auth_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "net/origin.h"
#include "net/url.h"
#include "registry/exchange.h"
#include "registry/grant_private.h"
#include "registry/problem_private.h"
#include "registry/token_private.h"

#define FRESH_MS   60000     /* a younger token has not run out, it does not suffice */
#define TOKEN_USER "<token>" /* docker's user name for "the password is an identity token" */

struct cprov_auth {
    struct cprov_wire *wire;
    cprov_credentials_fn *credentials;
    void *arg;
    struct cprov_grants grants;
};

/* --- logins --- */

static bool has_text(const char *text)
{
    return text && *text;
}

static int look_up(struct cprov_auth *a, const char *host, const char *repository, unsigned skip,
                   struct cprov_credentials *out, struct cprov_error *err)
{
    struct cprov_credentials c = { 0 };

    if (!a->credentials) {
        *out = c;
        return 0;
    }
    int code = a->credentials(a->arg, host, repository, skip, &c, err);
    if (code < 0) {
        cprov_credentials_clear(&c);
        return cprov_wrap(err, "login for %s", host);
    }
    if (has_text(c.username) && strcmp(c.username, TOKEN_USER) == 0 &&
        !has_text(c.identity_token)) {
        cprov_secret_wipe(&c.identity_token);
        c.identity_token = cprov_steal(&c.password);
    }
    *out = c;
    return 0;
}

static bool is_login(const struct cprov_credentials *c)
{
    return has_text(c->registry_token) || has_text(c->identity_token) || has_text(c->username);
}

int cprov_auth_has_login(struct cprov_auth *a, const char *host, bool *out, struct cprov_error *err)
{
    auto_credentials struct cprov_credentials c = { 0 };
    int code = look_up(a, host, "", 0, &c, err);

    if (code == 0)
        *out = is_login(&c);
    return code;
}

/* --- what is known --- */

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

/* --- fetching a token --- */

static int basic_value(const struct cprov_credentials *login, const char *secret,
                       struct cprov_buf *out, struct cprov_error *err)
{
    struct cprov_buf plain;

    cprov_buf_init(&plain, CPROV_TOKEN_LENGTH_MAX);
    cprov_buf_add_text(&plain, has_text(login->username) ? login->username : "");
    cprov_buf_add_char(&plain, ':');
    cprov_buf_add_text(&plain, has_text(secret) ? secret : "");
    int code = cprov_buf_check(&plain, "login", err);
    if (code == 0)
        cprov_base64_encode(out, cprov_buf_span(&plain));
    cprov_secret_clear(&plain);
    return code < 0 ? code : cprov_buf_check(out, "login", err);
}

/* Fills the fixed Authorization of a GET to the token server; "" for an anonymous one. */
static int realm_login(const struct cprov_grant *g, struct cprov_buf *out, struct cprov_error *err)
{
    const struct cprov_credentials *login = &g->login;
    struct cprov_buf value;

    if (!has_text(login->username) && !has_text(login->identity_token))
        return 0;
    cprov_buf_init(&value, 2 * CPROV_TOKEN_LENGTH_MAX);
    int code = basic_value(
        login, has_text(login->password) ? login->password : login->identity_token, &value, err);
    cprov_buf_add_text(out, "Basic ");
    cprov_buf_add_span(out, cprov_buf_span(&value));
    cprov_secret_clear(&value);
    return code < 0 ? code : cprov_buf_check(out, "login", err);
}

static void token_done(void *arg, int code, const struct cprov_exchange_answer *answer,
                       const struct cprov_error *err);

static int fetch_token(struct cprov_grant *g, struct cprov_error *err)
{
    static const struct cprov_exchange_hooks hooks = { .done = token_done };
    struct cprov_buf url, secret;
    char what[CPROV_NAME_MAX * 2 + 32];
    struct cprov_span scopes = cprov_buf_span(&g->scopes);

    cprov_buf_init(&url, CPROV_URL_MAX);
    cprov_buf_init(&secret, 3 * CPROV_TOKEN_LENGTH_MAX);
    (void)snprintf(what, sizeof(what), "token for %s%s%s", g->host, *g->repository ? "/" : "",
                   g->repository);
    struct cprov_exchange_spec spec = {
        .method = g->by_post ? CPROV_POST : CPROV_GET,
        .what = what,
        .accept = "application/json",
        .allow_http = g->allow_http,
        .public_only = !g->is_private && !g->same_host,
        .peer = &g->peer,
        .peer_origin = g->peer_origin,
        .body_max = CPROV_TOKEN_BODY_MAX,
        .hooks = &hooks,
        .arg = g,
    };
    int code = 0;
    if (g->by_post) {
        cprov_buf_add_text(&url, g->realm);
        cprov_token_form(g->login.identity_token, g->service, scopes, &secret);
        spec.form = cprov_buf_span(&secret);
    } else {
        cprov_token_url(cprov_span_of(g->realm), g->service, g->login.username, scopes, &url);
        code = realm_login(g, &secret, err);
        spec.authorization = secret.len > 0 ? cprov_buf_text(&secret) : NULL;
    }
    spec.url = cprov_buf_text(&url);
    if (code == 0 && (code = cprov_buf_check(&url, "URL of the token server", err)) == 0 &&
        (code = cprov_buf_check(&secret, "login", err)) == 0)
        code = cprov_exchange_start(g->auth->wire, &spec, &g->exchange, err);
    cprov_buf_clear(&url);
    cprov_secret_clear(&secret);
    return code;
}

/* An anonymous try is all that a token server gets which is not known to be the registry's. */
static int fail_withheld(const struct cprov_grant *g, struct cprov_error *err)
{
    (void)cprov_fail(err, CPROV_EAUTH, "%s wants its login sent to %s: not sent", g->host,
                     g->withheld);
    cprov_hint(err,
               "if that is its token server, allow it in the configuration: hosts: {\"%s\": "
               "{token-server: \"%s\"}}",
               g->host, g->withheld);
    return CPROV_EAUTH;
}

/* Looks for the next login of the host, after the one that was refused. *found: there is one. */
static int next_login(struct cprov_grant *g, bool *found, struct cprov_error *err)
{
    auto_credentials struct cprov_credentials next = { 0 };

    *found = false;
    if (!is_login(&g->login) || g->skip + 1 >= CPROV_LOGINS_MAX)
        return 0;
    if (look_up(g->auth, g->host, g->repository, g->skip + 1, &next, err) < 0)
        return err->code;
    if (!is_login(&next) || has_text(next.registry_token))
        return 0;
    g->skip++;
    cprov_credentials_clear(&g->login);
    g->login = next;
    next = (struct cprov_credentials){ 0 };
    g->by_post = has_text(g->login.identity_token);
    *found = true;
    return 0;
}

static int refused(const struct cprov_grant *g, const struct cprov_exchange_answer *answer,
                   struct cprov_error *err)
{
    bool known = is_login(&g->login);
    int http = answer->head ? answer->head->status : 0;
    struct cprov_buf words;

    if (http < 400 || http >= 500 || http == 429)
        return err->code;
    if (g->withheld)
        return fail_withheld(g, err);
    cprov_problem_words(answer->head->content_type, answer->body, &words);
    (void)cprov_fail(err, CPROV_EAUTH,
                     known ? "login to %s refused%s%s%s" : "%s demands a login%s%s%s", g->host,
                     words.len > 0 ? " (" : "", cprov_buf_text(&words), words.len > 0 ? ")" : "");
    cprov_buf_clear(&words);
    cprov_hint(err, known ? "log in again: cprov login %s" : "log in first: cprov login %s",
               g->host);
    err->http = http;
    return CPROV_EAUTH;
}

static int take_token(struct cprov_grant *g, struct cprov_span body, struct cprov_error *err)
{
    struct cprov_buf token;
    int64_t lifetime_s = 0;

    cprov_buf_init(&token, CPROV_TOKEN_LENGTH_MAX);
    int code = cprov_token_parse(body, cprov_time_now(), &token, &lifetime_s, err);
    if (code == 0 && (code = cprov_buf_check(&token, "token", err)) == 0)
        code = cprov_grant_authorize(g, "Bearer", cprov_buf_span(&token),
                                     cprov_clock_ms() + lifetime_s * 1000, err);
    cprov_secret_clear(&token);
    return code;
}

static bool post_unknown(int http)
{
    return http == 400 || http == 401 || http == 404 || http == 405;
}

static void token_done(void *arg, int code, const struct cprov_exchange_answer *answer,
                       const struct cprov_error *err)
{
    struct cprov_grant *g = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    int http = answer->head ? answer->head->status : 0;

    g->exchange = NULL;
    if (code < 0 && g->by_post && post_unknown(http)) {
        g->by_post = false;
        code = fetch_token(g, &local);
        if (code == 0)
            return;
    } else if (code < 0) {
        bool another = false;

        if ((http == 401 || http == 403) && next_login(g, &another, &local) == 0 && another &&
            (code = fetch_token(g, &local)) == 0)
            return;
        local = *err;
        code = refused(g, answer, &local);
    } else {
        code = take_token(g, answer->body, &local);
        if (code < 0)
            (void)cprov_wrap(&local, "token for %s", g->host);
    }
    cprov_credentials_clear(&g->login);
    cprov_grant_tell(g, code, code < 0 ? &local : NULL);
}

/* --- answering a challenge --- */

static int answer_basic(struct cprov_grant *g, bool asked, bool rejected, struct cprov_error *err)
{
    auto_credentials struct cprov_credentials login = { 0 };
    struct cprov_buf value;

    if (rejected && g->has_login && g->skip + 1 < CPROV_LOGINS_MAX)
        g->skip++;
    if (!g->anonymous && look_up(g->auth, g->host, g->repository, g->skip, &login, err) < 0)
        return err->code;
    if (!has_text(login.username) && (!asked || g->skip > 0))
        return CPROV_ENOTFOUND;
    if (g->skip > 0)
        rejected = false; /* that was another login */
    if (!has_text(login.username)) {
        (void)cprov_fail(err, CPROV_EAUTH, "%s demands a login", g->host);
        cprov_hint(err, "log in first: cprov login %s", g->host);
        return CPROV_EAUTH;
    }
    if (rejected) {
        (void)cprov_fail(err, CPROV_EAUTH, "%s refuses the login", g->host);
        cprov_hint(err, "log in again: cprov login %s", g->host);
        return CPROV_EAUTH;
    }
    cprov_buf_init(&value, 2 * CPROV_TOKEN_LENGTH_MAX);
    int code = basic_value(&login, has_text(login.password) ? login.password : login.identity_token,
                           &value, err);
    if (code == 0)
        code = cprov_grant_authorize(g, "Basic", cprov_buf_span(&value), CPROV_GRANT_NEVER, err);
    g->has_login = code == 0;
    cprov_secret_clear(&value);
    return code;
}

/* The scope that the registry names goes first: some token servers read only one. */
static int join_scopes(struct cprov_grant *g, const char *demanded, struct cprov_error *err)
{
    struct cprov_buf joined;

    cprov_buf_init(&joined, CPROV_HEADER_BYTES_MAX);
    if (*demanded)
        cprov_scopes_narrow(&joined, cprov_span_of(demanded), g->repository, g->actions);
    else if (*g->repository)
        cprov_buf_addf(&joined, "repository:%s:%s", g->repository, g->actions);
    else if (*g->actions)
        cprov_buf_add_text(&joined, g->actions);
    cprov_scopes_add(&joined, cprov_buf_span(&g->scopes));

    int code = cprov_buf_check(&joined, "scopes", err);
    if (code < 0) {
        cprov_buf_clear(&joined);
        return code;
    }
    cprov_buf_clear(&g->scopes);
    g->scopes = joined;
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

    if (code < 0 || !asked || !o || o->scheme != CPROV_AUTH_BEARER || !is_login(&g->login))
        return code;
    if (cprov_url_parse(cprov_span_of(o->realm), &then, NULL) == 0 &&
        cprov_url_parse(cprov_span_of(realm), &now, NULL) == 0 &&
        !cprov_url_same_origin(&then, &now))
        return cprov_fail(err, CPROV_EAUTH,
                          "%s wants the login sent to another server than before: refused",
                          g->host);
    return 0;
}

static int resolve_realm(const struct cprov_grant *g, const char *realm, char **out,
                         struct cprov_error *err)
{
    auto_buf struct cprov_buf url = { 0 };

    cprov_buf_init(&url, CPROV_URL_MAX);
    if (cprov_url_resolve(cprov_span_of(g->origin), cprov_span_of(realm), &url, err) < 0)
        return cprov_wrap_as(err, CPROV_EAUTH, "realm of %s", g->host);
    return cprov_buf_take(&url, "realm", out, err);
}

static int borrow_peer(struct cprov_grant *g, const struct cprov_auth_target *t,
                       struct cprov_error *err)
{
    g->peer = t->peer ? *t->peer : (struct cprov_http_peer){ 0 };
    return cprov_grant_set_text(&g->peer_origin, t->peer_origin ? t->peer_origin : g->origin, err);
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
    if (!is_login(&g->login))
        return 0;
    if (cprov_login_may_go(&origin, g->host, &realm, token_server))
        return 0;
    cprov_credentials_clear(&g->login);
    cprov_buf_init(&name, CPROV_URL_MAX);
    cprov_buf_add_span(&name, realm.host);
    if (realm.port != (realm.https ? 443 : 80))
        cprov_buf_addf(&name, ":%u", realm.port);
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
    char *realm = NULL;

    if (rejected && is_no_news(g, c))
        return CPROV_ENOTFOUND; /* another token would be the same one */
    cprov_credentials_clear(&g->login);
    if (!g->anonymous && look_up(g->auth, g->host, g->repository, g->skip, &g->login, err) < 0)
        return err->code;
    if (has_text(g->login.registry_token)) {
        if (rejected)
            return cprov_fail(err, CPROV_EAUTH, "%s refuses the token", g->host);
        return cprov_grant_authorize(g, "Bearer", cprov_span_of(g->login.registry_token),
                                     CPROV_GRANT_NEVER, err);
    }
    g->allow_http = target->allow_http;
    g->is_private = target->is_private;
    if (resolve_realm(g, c->realm, &realm, err) < 0)
        return err->code;
    free(g->realm);
    g->realm = realm;
    if (borrow_peer(g, target, err) < 0 || withhold(g, target->token_server, err) < 0)
        return err->code;
    g->by_post = has_text(g->login.identity_token);
    if (check_realm(g, realm, asked, err) < 0 ||
        cprov_grant_set_text(&g->service, c->service, err) < 0 ||
        join_scopes(g, asked ? c->scope : "", err) < 0 ||
        cprov_grants_remember(g->all, g->origin, CPROV_AUTH_BEARER, realm, c->service, err) < 0)
        return err->code;
    cprov_secret_wipe(&g->authorization);
    return fetch_token(g, err);
}

int cprov_auth_answer(struct cprov_auth *a, const struct cprov_auth_target *target,
                      const struct cprov_challenges *challenges, bool rejected_token,
                      void (*done)(void *arg, int code, const struct cprov_error *err), void *arg,
                      struct cprov_error *err)
{
    struct cprov_error local = CPROV_ERROR_INIT;
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
        return cprov_fail(err, CPROV_ENOTFOUND, "%s has not said how to log in", target->host);
    if (!c)
        return cprov_fail(err, CPROV_EAUTH, "%s demands a login of a kind that is not supported",
                          target->host);
    err = err ? err : &local;
    int code = cprov_grants_get(&a->grants, target, &g, err);
    if (code < 0)
        return code;
    g->auth = a;
    if (g->exchange)
        return cprov_grant_wait(g, done, arg, err);

    bool asked = challenges != NULL;
    if (c->scheme == CPROV_AUTH_BASIC) {
        code = answer_basic(g, asked, rejected_token, err);
        if (code == 0)
            code = cprov_grants_remember(g->all, g->origin, CPROV_AUTH_BASIC, "", "", err);
    } else {
        code = answer_bearer(g, target, c, asked, rejected_token, err);
    }
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
    return fail_withheld(withheld_of(a, host), err);
}

void cprov_auth_forget(struct cprov_auth *a, const void *arg)
{
    for (struct cprov_grant *g = a->grants.first; g; g = g->next) {
        cprov_grant_forget(g, arg);
        if (g->waiters || !g->exchange)
            continue;
        cprov_exchange_stop(cprov_steal(&g->exchange)); /* nobody wants its token any more */
        cprov_credentials_clear(&g->login);
    }
}

/* --- life --- */

int cprov_auth_new(struct cprov_wire *wire, cprov_credentials_fn *credentials, void *arg,
                   struct cprov_auth **out, struct cprov_error *err)
{
    struct cprov_auth *a = calloc(1, sizeof(*a));

    if (!a)
        return cprov_fail_memory(err);
    a->wire = wire;
    a->credentials = credentials;
    a->arg = arg;
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
