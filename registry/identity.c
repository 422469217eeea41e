/* registry/identity.c - the login of one request: known, asked for, refreshed. */
#include "registry/identity_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "manifest/reference.h"
#include "registry/auth_private.h"
#include "registry/endpoint.h"
#include "registry/hub_private.h"
#include "registry/warning_private.h"

#define ROUNDS_MAX   2  /* challenges in a row; the second for a scope that did not suffice */
#define RENEWALS_MAX 32 /* the same where each brings something new: a token, another login */

struct cprov_identity {
    struct cprov_hub *hub;
    struct cprov_endpoint *endpoint;
    enum cprov_identity_kind kind;
    struct cprov_exchange *exchange;    /* whose login this is, once it was challenged */
    struct cprov_exchange *ping;        /* that learns how to log in, or NULL */
    struct cprov_challenges challenges; /* of the last refusal */
    struct cprov_buf origin;            /* of the server that is asked, for target_for() */
    uint64_t serial;                    /* of the authorization that was sent */
    unsigned rounds;                    /* of challenges since it was let in */
    char *actions;                      /* behind the repository, in text */
    char repository[];
};

/* The target lives until the next call. */
static int target_for(struct cprov_identity *i, const struct cprov_url *url,
                      struct cprov_auth_target *out, struct cprov_error *err)
{
    bool home = cprov_endpoint_is_home(i->endpoint, url);

    cprov_buf_reset(&i->origin);
    cprov_url_origin(url, &i->origin);
    if (cprov_buf_check(&i->origin, "origin", err) < 0)
        return CPROV_ENOMEM;
    *out = (struct cprov_auth_target){
        .origin = cprov_buf_text(&i->origin),
        .host = home ? i->endpoint->host : cprov_buf_text(&i->origin),
        .repository = i->repository,
        .actions = i->actions,
        .peer = &i->endpoint->settings.peer,
        .peer_origin = i->endpoint->base,
        .token_server = i->endpoint->settings.token_server,
        .is_private = i->endpoint->is_private || cprov_host_is_private(url->host),
        .allow_http = i->endpoint->settings.allow_http,
        .anonymous = !home, /* whoever redirects us must not choose where our logins go */
    };
    return 0;
}

static bool authorize(void *arg, const struct cprov_url *url, struct cprov_buf *out)
{
    struct cprov_identity *i = arg;
    struct cprov_auth_target target;

    if (i->kind != CPROV_IDENTITY_LOGIN || target_for(i, url, &target, NULL) < 0)
        return true;
    i->serial = cprov_auth_serial(i->hub->auth, &target);
    return cprov_auth_known(i->hub->auth, &target, out);
}

static void login_found(void *arg, int code, const struct cprov_error *err)
{
    struct cprov_identity *i = arg;

    cprov_exchange_resume(i->exchange, code, err);
}

static int read_challenges(struct cprov_identity *i, const struct cprov_http_head *head,
                           struct cprov_error *err)
{
    cprov_challenges_clear(&i->challenges);
    for (size_t n = 0; n < head->authenticate_count; n++)
        if (cprov_challenges_add(&i->challenges, head->authenticate[n], err) < 0)
            return err->code;
    return 0;
}

static int answer(struct cprov_identity *i, const struct cprov_url *url, bool asked, bool rejected,
                  struct cprov_error *err)
{
    struct cprov_auth_target target;
    int code = target_for(i, url, &target, err);

    if (code < 0)
        return code;
    return cprov_auth_answer(i->hub->auth, &target, asked ? &i->challenges : NULL, rejected,
                             login_found, i, err);
}

/* --- a refusal that does not say how to log in (gcr.io): /v2/ does --- */

static int ping_challenged(void *arg, struct cprov_exchange *x, const struct cprov_url *url,
                           const struct cprov_http_head *head, bool authorized,
                           struct cprov_error *err)
{
    (void)x;
    (void)url;
    (void)authorized;
    int code = head ? read_challenges(arg, head, err) : 0;
    return code < 0 ? code : CPROV_ENOTFOUND; /* nothing to answer here: the ping is over */
}

static void ping_done(void *arg, int code, const struct cprov_exchange_answer *answered,
                      const struct cprov_error *err)
{
    struct cprov_identity *i = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    struct cprov_url url;

    if (code == CPROV_ECANCELLED || (code < 0 && !answered->head)) {
        cprov_exchange_resume(i->exchange, code, err);
        return;
    }
    if (i->challenges.count == 0)
        code = cprov_fail(&local, CPROV_EAUTH, "login required, but %s does not say how to log in",
                          i->endpoint->host);
    else if ((code = cprov_url_parse(cprov_span_of(i->endpoint->base), &url, &local)) == 0)
        code = answer(i, &url, true, false, &local);
    if (code < 0)
        cprov_exchange_resume(i->exchange, code, &local);
}

static int learn(struct cprov_identity *i, struct cprov_error *err)
{
    static const struct cprov_exchange_login listens = { .challenged = ping_challenged };
    auto_buf struct cprov_buf url = { 0 };

    cprov_buf_init(&url, CPROV_URL_MAX);
    cprov_buf_addf(&url, "%s/v2/", i->endpoint->base);
    if (cprov_buf_check(&url, "URL", err) < 0)
        return err->code;
    cprov_challenges_clear(&i->challenges);
    const struct cprov_exchange_spec spec = {
        .method = CPROV_GET,
        .url = cprov_buf_text(&url),
        .what = i->endpoint->host,
        .body_max = CPROV_ERROR_BODY_MAX,
        .done = ping_done,
        .arg = i,
    };
    const struct cprov_exchange_route route = { .peer = &i->endpoint->settings.peer,
                                                .login = &listens,
                                                .login_arg = i };
    return cprov_exchange_start(&i->hub->wire, &spec, &route, &i->ping, err);
}

/* --- a refusal --- */

static bool lacks_scope(const struct cprov_challenges *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->list[i].error, "insufficient_scope") == 0)
            return true;
    return false;
}

/* A token that let somebody in and then ran out is no refusal, however often: some registries let
 * each be used twice. */
static bool may_ask_again(struct cprov_identity *i, const struct cprov_url *url, bool scope,
                          bool authorized)
{
    struct cprov_auth_target target;

    if (i->rounds == 0 || (scope && i->rounds < ROUNDS_MAX))
        return true;
    return authorized && i->rounds < RENEWALS_MAX && target_for(i, url, &target, NULL) == 0 &&
           cprov_auth_may_renew(i->hub->auth, &target, i->serial);
}

/* CPROV_ENOTFOUND when there is no answer to what `challenges` hold. */
static int answer_refusal(struct cprov_identity *i, const struct cprov_url *url,
                          const struct cprov_http_head *head, bool authorized,
                          struct cprov_error *err)
{
    struct cprov_auth_target target;
    bool scope = lacks_scope(&i->challenges);

    if ((head->status == 403 && !scope) || !may_ask_again(i, url, scope, authorized))
        return CPROV_ENOTFOUND;
    i->rounds++;
    if (authorized && target_for(i, url, &target, NULL) == 0) {
        uint64_t now = cprov_auth_serial(i->hub->auth, &target);

        /* A newer authorization came while the refused one was on its way. */
        if (now != 0 && now != i->serial) {
            login_found(i, 0, NULL);
            return 0;
        }
    }
    if (i->challenges.count > 0)
        return answer(i, url, true, authorized, err);
    if (authorized)
        return answer(i, url, false, true, err);
    return cprov_endpoint_is_home(i->endpoint, url) ? learn(i, err) : CPROV_ENOTFOUND;
}

static int challenged(void *arg, struct cprov_exchange *x, const struct cprov_url *url,
                      const struct cprov_http_head *head, bool authorized, struct cprov_error *err)
{
    struct cprov_identity *i = arg;
    bool known = false;

    if (i->kind != CPROV_IDENTITY_LOGIN)
        return CPROV_ENOTFOUND;
    i->exchange = x;
    if (!head)
        return answer(i, url, false, false, err);
    if (read_challenges(i, head, err) < 0)
        return err->code;
    int code = answer_refusal(i, url, head, authorized, err);
    if (code != CPROV_ENOTFOUND || head->status != 401 || !authorized ||
        !cprov_endpoint_is_home(i->endpoint, url))
        return code;
    /* "Login required" would be the wrong word to somebody who has one. */
    if (cprov_auth_has_login(i->hub->auth, i->endpoint->host, &known, err) < 0)
        return err->code;
    if (!known)
        return CPROV_ENOTFOUND;
    (void)cprov_fail(err, CPROV_EAUTH, "the login was refused or has no access");
    cprov_hint_about(err, CPROV_HINT_LOGIN_AGAIN, "%s", i->endpoint->host);
    return CPROV_EAUTH;
}

/* --- any answer --- */

static void seen(void *arg, const struct cprov_url *url, const struct cprov_http_head *head)
{
    struct cprov_identity *i = arg;
    const struct cprov_client_options *o = &i->hub->options;
    struct cprov_auth_target target;

    if (i->kind != CPROV_IDENTITY_NOBODY && cprov_endpoint_is_home(i->endpoint, url)) {
        cprov_endpoint_settle(i->endpoint, url);
        i->endpoint->is_private = i->endpoint->is_private || head->from_private;
        if (o->warning)
            cprov_warnings_tell(&i->hub->warnings, i->endpoint->host, head, o->secrets, o->warning,
                                o->arg);
    }
    if (head->status >= 400)
        return;
    i->rounds = 0; /* the next challenge is a new one, also where a redirect leads */
    if (i->serial != 0 && target_for(i, url, &target, NULL) == 0)
        cprov_auth_worked(i->hub->auth, &target, i->serial);
}

static void failed(void *arg, struct cprov_error *err)
{
    const struct cprov_identity *i = arg;
    const char *host = i->endpoint->host;

    if (err->code == CPROV_EAUTH && cprov_auth_withheld(i->hub->auth, host))
        (void)cprov_auth_fail_withheld(i->hub->auth, host, err);
    else if (err->code == CPROV_EAUTH)
        cprov_hint_about(err, CPROV_HINT_LOGIN, "%s", host);
}

static void free_identity(void *arg)
{
    struct cprov_identity *i = arg;

    cprov_auth_forget(i->hub->auth, i);
    cprov_exchange_stop(i->ping);
    cprov_challenges_clear(&i->challenges);
    cprov_buf_clear(&i->origin);
    free(i);
}

const struct cprov_exchange_login cprov_identity_login = {
    .authorize = authorize,
    .challenged = challenged,
    .seen = seen,
    .failed = failed,
    .free = free_identity,
};

int cprov_identity_new(struct cprov_hub *hub, struct cprov_endpoint *endpoint,
                       enum cprov_identity_kind kind, const char *repository, const char *actions,
                       struct cprov_identity **out, struct cprov_error *err)
{
    size_t len = strlen(repository) + 1;
    struct cprov_identity *i = calloc(1, sizeof(*i) + len + strlen(actions) + 1);

    if (!i)
        return cprov_fail_memory(err);
    i->hub = hub;
    i->endpoint = endpoint;
    i->kind = kind;
    memcpy(i->repository, repository, len);
    i->actions = i->repository + len;
    memcpy(i->actions, actions, strlen(actions) + 1);
    cprov_buf_init(&i->origin, CPROV_URL_MAX);
    *out = i;
    return 0;
}
