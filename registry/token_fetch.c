/* registry/token_fetch.c - a token asked for at the server that a registry names. */
#include "registry/token_fetch_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/limits.h"
#include "conf/secret.h"
#include "registry/exchange.h"
#include "registry/problem_private.h"
#include "registry/token_private.h"

int cprov_token_fail_withheld(const struct cprov_grant *g, struct cprov_error *err)
{
    (void)cprov_fail(err, CPROV_EAUTH, "%s asks for its login to be sent to %s: not sent", g->host,
                     g->withheld);
    cprov_hint_about(err, CPROV_HINT_ALLOW_TOKEN_SERVER, "hosts: {\"%s\": {token-server: \"%s\"}}",
                     g->host, g->withheld);
    return CPROV_EAUTH;
}

/* Looks for the next login of the host, after the one that was refused. *found: there is one. */
static int next_login(struct cprov_grant *g, bool *found, struct cprov_error *err)
{
    auto_credentials struct cprov_credentials next = { 0 };

    *found = false;
    if (!cprov_login_is_any(&g->login) || g->skip + 1 >= CPROV_LOGINS_MAX)
        return 0;
    if (cprov_logins_find(&g->all->logins, g->host, g->repository, g->skip + 1, &next, err) < 0)
        return err->code;
    if (!cprov_login_is_any(&next) || cprov_login_has(next.registry_token))
        return 0;
    g->skip++;
    cprov_credentials_clear(&g->login);
    g->login = next;
    next = (struct cprov_credentials){ 0 };
    g->by_post = cprov_login_has(g->login.identity_token);
    *found = true;
    return 0;
}

static int refused(const struct cprov_grant *g, const struct cprov_exchange_answer *answer,
                   struct cprov_error *err)
{
    bool known = cprov_login_is_any(&g->login);
    int http = answer->head ? answer->head->status : 0;
    struct cprov_buf words;

    if (http < 400 || http >= 500 || http == 429)
        return err->code;
    if (g->withheld) /* an anonymous try was all that it got */
        return cprov_token_fail_withheld(g, err);
    cprov_problem_words(answer->head->content_type, answer->body, &words);
    (void)cprov_fail(err, CPROV_EAUTH,
                     known ? "login to %s refused%s%s%s" : "%s requires a login%s%s%s", g->host,
                     words.len > 0 ? " (" : "", cprov_buf_text(&words), words.len > 0 ? ")" : "");
    cprov_buf_clear(&words);
    cprov_hint_about(err, known ? CPROV_HINT_LOGIN_AGAIN : CPROV_HINT_LOGIN, "%s", g->host);
    err->http = http;
    return CPROV_EAUTH;
}

static int take_token(struct cprov_grant *g, struct cprov_span body, struct cprov_error *err)
{
    auto_secret_buf struct cprov_buf token = { 0 };
    int64_t lifetime_s = 0;

    cprov_buf_init(&token, CPROV_TOKEN_LENGTH_MAX);
    if (cprov_token_parse(body, cprov_time_now(), &token, &lifetime_s, err) < 0 ||
        cprov_buf_check(&token, "token", err) < 0 ||
        cprov_grant_authorize(g, "Bearer", cprov_buf_span(&token),
                              cprov_clock_ms() + lifetime_s * 1000, err) < 0)
        return cprov_wrap(err, "token for %s", g->host);
    return 0;
}

static void on_answer(void *arg, int code, const struct cprov_exchange_answer *answer,
                      const struct cprov_error *err)
{
    struct cprov_grant *g = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    int http = answer->head ? answer->head->status : 0;
    bool post_unknown = http == 400 || http == 401 || http == 404 || http == 405;

    if (code < 0 && g->by_post && post_unknown) {
        g->by_post = false;
        if ((code = cprov_token_fetch(g, &local)) == 0)
            return;
    } else if (code < 0) {
        bool another = false;

        if ((http == 401 || http == 403) && next_login(g, &another, &local) == 0 && another &&
            cprov_token_fetch(g, &local) == 0)
            return;
        local = *err;
        code = refused(g, answer, &local);
    } else {
        code = take_token(g, answer->body, &local);
    }
    cprov_credentials_clear(&g->login);
    cprov_grant_tell(g, code, code < 0 ? &local : NULL);
}

int cprov_token_fetch(struct cprov_grant *g, struct cprov_error *err)
{
    auto_buf struct cprov_buf url = { 0 };
    auto_secret_buf struct cprov_buf secret = { 0 };
    char what[CPROV_NAME_MAX * 2 + 32];
    struct cprov_span scopes = cprov_buf_span(&g->scopes);
    const struct cprov_credentials *login = &g->login;

    cprov_buf_init(&url, CPROV_URL_MAX);
    cprov_buf_init(&secret, 3 * CPROV_TOKEN_LENGTH_MAX);
    (void)snprintf(what, sizeof(what), "token for %s%s%s", g->host, *g->repository ? "/" : "",
                   g->repository);
    struct cprov_exchange_spec spec = {
        .method = g->by_post ? CPROV_POST : CPROV_GET,
        .what = what,
        .accept = "application/json",
        .body_max = CPROV_TOKEN_BODY_MAX,
        .done = on_answer,
        .arg = g,
    };
    const struct cprov_exchange_route route = {
        .allow_http = g->allow_http,
        .public_only = !g->is_private && !g->same_host,
        .peer = &g->peer,
        .peer_origin = g->peer_origin,
    };
    if (g->by_post) {
        cprov_buf_add_text(&url, g->realm);
        cprov_token_form(login->identity_token, g->service, scopes, &secret);
        spec.content = cprov_buf_span(&secret);
    } else {
        cprov_token_url(cprov_span_of(g->realm), g->service, login->username, scopes, &url);
        if (cprov_login_has(login->username) || cprov_login_has(login->identity_token)) {
            cprov_buf_add_text(&secret, "Basic ");
            if (cprov_login_basic(login, &secret, err) < 0)
                return err->code;
        }
        spec.authorization = cprov_buf_text(&secret);
    }
    spec.url = cprov_buf_text(&url);
    if (cprov_buf_check(&url, "URL of the token server", err) < 0 ||
        cprov_buf_check(&secret, "login", err) < 0)
        return err->code;
    return cprov_exchange_start(g->all->wire, &spec, &route, &g->exchange, err);
}
