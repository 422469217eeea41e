/* registry/request.c - exchanges with a login: known, asked for, refreshed. */
#include "registry/request.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/error.h"
#include "manifest/reference.h"
#include "net/redirect.h"
#include "registry/auth_private.h"
#include "registry/client_private.h"
#include "registry/endpoint.h"
#include "registry/warning_private.h"

#define ROUNDS_MAX   2  /* challenges in a row; the second for a scope that did not suffice */
#define RENEWALS_MAX 32 /* the same where each brings something new: a token, another login */
#define WARNINGS_MAX 64
#define WARNING_TEXT 240

struct cprov_request {
    struct cprov_client *client;
    struct cprov_endpoint *endpoint;
    struct cprov_request_spec spec; /* texts in arena */
    struct cprov_arena arena;
    bool own_login; /* who asks brings an authorization: challenges have no answer here */
    struct cprov_exchange *exchange;
    struct cprov_exchange *ping;        /* that learns how to log in, or NULL */
    struct cprov_challenges challenges; /* of the last refusal */
    struct cprov_buf origin;            /* it came from */
    uint64_t serial;                    /* of the authorization that was sent */
    unsigned rounds;                    /* of challenges since it was let in */
};

/* --- warnings --- */

static void tell_warning(struct cprov_client *c, const char *host, const char *text)
{
    struct cprov_warning **end = &c->warnings;
    size_t count = 0;

    for (; *end; end = &(*end)->next, count++)
        if (strcmp((*end)->host, host) == 0 && strcmp((*end)->text, text) == 0)
            return;
    if (count >= WARNINGS_MAX || !(*end = calloc(1, sizeof(**end))))
        return;
    (*end)->host = strdup(host);
    (*end)->text = strdup(text);
    if ((*end)->host && (*end)->text) {
        c->options.warning(c->options.arg, host, text);
        return;
    }
    cprov_warnings_free(end);
}

static void look_for_warnings(struct cprov_request *r, const struct cprov_http_head *head)
{
    if (!r->client->options.warning)
        return;
    for (size_t i = 0; i < head->warnings_count; i++) {
        auto_buf struct cprov_buf raw = { 0 };
        struct cprov_error clean = CPROV_ERROR_INIT;

        cprov_buf_init(&raw, CPROV_HEADER_BYTES_MAX);
        if (!cprov_warning_parse(head->warnings[i], &raw))
            continue;
        cprov_secrets_hide(r->client->wire.secrets, raw.ptr);
        (void)cprov_fail(&clean, CPROV_EFAIL, "%.*s", WARNING_TEXT, cprov_buf_text(&raw));
        tell_warning(r->client, r->endpoint->host, clean.msg);
    }
}

/* --- who we are --- */

static int target_for(struct cprov_request *r, const struct cprov_url *url, struct cprov_buf *text,
                      struct cprov_auth_target *out, struct cprov_error *err)
{
    bool home = cprov_endpoint_is_home(r->endpoint, url);

    cprov_buf_reset(text);
    cprov_url_origin(url, text);
    if (cprov_buf_check(text, "origin", err) < 0)
        return err ? err->code : CPROV_ENOMEM;
    *out = (struct cprov_auth_target){
        .origin = cprov_buf_text(text),
        .host = home ? r->endpoint->host : cprov_buf_text(text),
        .repository = r->spec.repository,
        .actions = r->spec.actions,
        .peer = &r->endpoint->settings.peer,
        .peer_origin = r->endpoint->base,
        .token_server = r->endpoint->settings.token_server,
        .is_private = r->endpoint->is_private || cprov_host_is_private(url->host),
        .allow_http = r->endpoint->settings.allow_http,
        .anonymous = !home, /* whoever redirects us must not choose where our logins go */
    };
    return 0;
}

static bool authorize(void *arg, const struct cprov_url *url, struct cprov_buf *out)
{
    struct cprov_request *r = arg;
    struct cprov_auth_target target;
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_URL_MAX);
    if (r->spec.foreign || r->own_login || target_for(r, url, &text, &target, NULL) < 0)
        return true;
    r->serial = cprov_auth_serial(r->client->auth, &target);
    return cprov_auth_known(r->client->auth, &target, out);
}

static void login_found(void *arg, int code, const struct cprov_error *err)
{
    struct cprov_request *r = arg;

    cprov_exchange_resume(r->exchange, code, err);
}

static int read_challenges(struct cprov_request *r, const struct cprov_http_head *head,
                           struct cprov_error *err)
{
    cprov_challenges_clear(&r->challenges);
    for (size_t i = 0; i < head->authenticate_count; i++) {
        int code = cprov_challenges_add(&r->challenges, head->authenticate[i], err);

        if (code < 0)
            return code;
    }
    return 0;
}

static int answer(struct cprov_request *r, const struct cprov_url *url, bool asked, bool rejected,
                  struct cprov_error *err)
{
    struct cprov_auth_target target;
    int code = target_for(r, url, &r->origin, &target, err);

    if (code < 0)
        return code;
    return cprov_auth_answer(r->client->auth, &target, asked ? &r->challenges : NULL, rejected,
                             login_found, r, err);
}

/* --- a refusal that does not say how to log in (gcr.io): /v2/ does --- */

static int ping_challenged(void *arg, struct cprov_exchange *x, const struct cprov_url *url,
                           const struct cprov_http_head *head, bool authorized,
                           struct cprov_error *err)
{
    struct cprov_request *r = arg;

    (void)x;
    (void)url;
    (void)authorized;
    int code = head ? read_challenges(r, head, err) : 0;
    return code < 0 ? code : CPROV_ENOTFOUND; /* nothing to answer here: the ping is over */
}

static void ping_done(void *arg, int code, const struct cprov_exchange_answer *answered,
                      const struct cprov_error *err)
{
    struct cprov_request *r = arg;
    struct cprov_error local = CPROV_ERROR_INIT;
    struct cprov_url url;

    r->ping = NULL;
    if (code == CPROV_ECANCELLED || (code < 0 && !answered->head)) {
        cprov_exchange_resume(r->exchange, code, err);
        return;
    }
    if (r->challenges.count == 0)
        code = cprov_fail(&local, CPROV_EAUTH, "login required, but %s does not say how to log in",
                          r->endpoint->host);
    else if ((code = cprov_url_parse(cprov_span_of(r->endpoint->base), &url, &local)) == 0)
        code = answer(r, &url, true, false, &local);
    if (code < 0)
        cprov_exchange_resume(r->exchange, code, &local);
}

static int learn(struct cprov_request *r, struct cprov_error *err)
{
    static const struct cprov_exchange_hooks hooks = { .challenged = ping_challenged,
                                                       .done = ping_done };
    auto_buf struct cprov_buf url = { 0 };

    cprov_buf_init(&url, CPROV_URL_MAX);
    cprov_buf_addf(&url, "%s/v2/", r->endpoint->base);
    if (cprov_buf_check(&url, "URL", err) < 0)
        return err->code;
    cprov_challenges_clear(&r->challenges);
    struct cprov_exchange_spec spec = {
        .method = CPROV_GET,
        .url = cprov_buf_text(&url),
        .what = r->spec.what,
        .peer = &r->endpoint->settings.peer,
        .body_max = CPROV_ERROR_BODY_MAX,
        .hooks = &hooks,
        .arg = r,
    };
    return cprov_exchange_start(&r->client->wire, &spec, &r->ping, err);
}

static bool lacks_scope(const struct cprov_challenges *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->list[i].error, "insufficient_scope") == 0)
            return true;
    return false;
}

/* Whether a newer authorization came while the refused one was on its way. */
static bool is_outdated(struct cprov_request *r, const struct cprov_url *url)
{
    struct cprov_auth_target target;
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_URL_MAX);
    if (target_for(r, url, &text, &target, NULL) < 0)
        return false;
    uint64_t now = cprov_auth_serial(r->client->auth, &target);
    return now != 0 && now != r->serial;
}

/* A token that let somebody in and then ran out is no refusal, however often: some registries let
 * each be used twice. */
static bool may_ask_again(struct cprov_request *r, const struct cprov_url *url, bool scope,
                          bool authorized)
{
    struct cprov_auth_target target;
    auto_buf struct cprov_buf text = { 0 };

    if (r->rounds == 0 || (scope && r->rounds < ROUNDS_MAX))
        return true;
    cprov_buf_init(&text, CPROV_URL_MAX);
    return authorized && r->rounds < RENEWALS_MAX &&
           target_for(r, url, &text, &target, NULL) == 0 &&
           cprov_auth_may_renew(r->client->auth, &target, r->serial);
}

/* CPROV_ENOTFOUND when there is no answer to what `challenges` hold. */
static int answer_refusal(struct cprov_request *r, const struct cprov_url *url,
                          const struct cprov_http_head *head, bool authorized,
                          struct cprov_error *err)
{
    bool scope = lacks_scope(&r->challenges);
    if ((head->status == 403 && !scope) || !may_ask_again(r, url, scope, authorized))
        return CPROV_ENOTFOUND;
    r->rounds++;
    if (authorized && is_outdated(r, url)) {
        login_found(r, 0, NULL);
        return 0;
    }
    if (r->challenges.count > 0)
        return answer(r, url, true, authorized, err);
    if (authorized)
        return answer(r, url, false, true, err);
    return cprov_endpoint_is_home(r->endpoint, url) ? learn(r, err) : CPROV_ENOTFOUND;
}

/* "Login required" would be the wrong word to somebody who has one. */
static int login_refused(struct cprov_request *r, struct cprov_error *err)
{
    bool known = false;
    int code = cprov_auth_has_login(r->client->auth, r->endpoint->host, &known, err);

    if (code < 0 || !known)
        return code < 0 ? code : CPROV_ENOTFOUND;
    (void)cprov_fail(err, CPROV_EAUTH, "login refused, or without access to this");
    cprov_hint(err, "log in again: cprov login %s", r->endpoint->host);
    return CPROV_EAUTH;
}

static int challenged(void *arg, struct cprov_exchange *x, const struct cprov_url *url,
                      const struct cprov_http_head *head, bool authorized, struct cprov_error *err)
{
    struct cprov_request *r = arg;
    int code;

    if (r->spec.foreign || r->own_login)
        return CPROV_ENOTFOUND;
    r->exchange = x; /* not yet told when the first try is already asked */
    if (!head)
        return answer(r, url, false, false, err);
    if ((code = read_challenges(r, head, err)) < 0)
        return code;
    code = answer_refusal(r, url, head, authorized, err);
    if (code == CPROV_ENOTFOUND && head->status == 401 && authorized &&
        cprov_endpoint_is_home(r->endpoint, url))
        code = login_refused(r, err);
    return code;
}

/* --- hooks --- */

static void let_in(struct cprov_request *r, const struct cprov_url *url)
{
    struct cprov_auth_target target;
    auto_buf struct cprov_buf text = { 0 };

    cprov_buf_init(&text, CPROV_URL_MAX);
    if (r->serial != 0 && target_for(r, url, &text, &target, NULL) == 0)
        cprov_auth_worked(r->client->auth, &target, r->serial);
}

static void seen(void *arg, const struct cprov_url *url, const struct cprov_http_head *head)
{
    struct cprov_request *r = arg;

    if (!r->spec.foreign && cprov_endpoint_is_home(r->endpoint, url)) {
        cprov_endpoint_settle(r->endpoint, url);
        r->endpoint->is_private = r->endpoint->is_private || head->from_private;
        look_for_warnings(r, head);
    }
    if (head->status < 400) { /* the next challenge is a new one, also where a redirect leads */
        r->rounds = 0;
        let_in(r, url);
    }
}

static int begin(void *arg, struct cprov_exchange *x, struct cprov_error *err)
{
    struct cprov_request *r = arg;

    return r->spec.begin ? r->spec.begin(r->spec.arg, x, err) : 0;
}

static int head_came(void *arg, struct cprov_exchange *x, const struct cprov_http_head *head,
                     struct cprov_error *err)
{
    struct cprov_request *r = arg;

    return r->spec.head ? r->spec.head(r->spec.arg, x, head, err) : 0;
}

static int body_came(void *arg, struct cprov_exchange *x, const void *data, size_t len,
                     struct cprov_error *err)
{
    struct cprov_request *r = arg;

    return r->spec.body(r->spec.arg, x, data, len, err);
}

static void free_request(struct cprov_request *r)
{
    cprov_auth_forget(r->client->auth, r);
    cprov_exchange_stop(r->ping);
    cprov_challenges_clear(&r->challenges);
    cprov_buf_clear(&r->origin);
    cprov_arena_clear(&r->arena);
    free(r);
}

static void done(void *arg, int code, const struct cprov_exchange_answer *answered,
                 const struct cprov_error *err)
{
    struct cprov_request *r = arg;
    struct cprov_error local = CPROV_ERROR_INIT;

    if (code < 0) {
        local = *err;
        if (code == CPROV_EAUTH && cprov_auth_withheld(r->client->auth, r->endpoint->host))
            (void)cprov_auth_fail_withheld(r->client->auth, r->endpoint->host, &local);
        else if (code == CPROV_EAUTH)
            cprov_hint(&local, "log in: cprov login %s", r->endpoint->host);
    }
    r->spec.done(r->spec.arg, code, answered, code < 0 ? &local : NULL);
    free_request(r);
}

/* --- public --- */

static int copy_spec(struct cprov_request *r, const struct cprov_request_spec *spec,
                     struct cprov_error *err)
{
    struct cprov_arena *a = &r->arena;

    r->spec = *spec;
    r->spec.host = r->endpoint->host;
    r->spec.repository = cprov_arena_text(a, cprov_span_of(spec->repository));
    r->spec.actions = cprov_arena_text(a, cprov_span_of(spec->actions));
    r->spec.what = cprov_arena_text(a, cprov_span_of(spec->what));
    /* the exchange has copies */
    r->spec.path = r->spec.url = r->spec.accept = NULL;
    r->spec.if_none_match = r->spec.content_type = NULL;
    r->spec.authorization = NULL;
    r->spec.headers = NULL;
    r->spec.content = (struct cprov_span){ 0 };
    r->spec.upload = NULL;
    return cprov_arena_check(a, err);
}

/* A URL that the registry or a manifest names: where it may lead, and whether that is elsewhere. */
static int check_url(const struct cprov_request *r, const char *url, bool *elsewhere,
                     bool *public_only, struct cprov_error *err)
{
    struct cprov_url home, to;

    if (cprov_url_parse(cprov_span_of(r->endpoint->base), &home, err) < 0 ||
        cprov_url_parse(cprov_span_of(url), &to, err) < 0)
        return cprov_wrap_as(err, CPROV_ENETWORK,
                             r->spec.foreign ? "URL of a layer" : "URL of the registry");
    if (!*r->spec.repository && r->spec.foreign) /* a file: no registry sent us there */
        home = to;
    else
        *public_only = !r->endpoint->is_private && !cprov_host_is_private(home.host);
    *elsewhere = r->spec.foreign || !cprov_endpoint_is_home(r->endpoint, &to);
    return *elsewhere ? cprov_redirect_check(&home, &to, r->endpoint->settings.allow_http, err) : 0;
}

static int start(struct cprov_request *r, const struct cprov_request_spec *spec,
                 struct cprov_error *err)
{
    static const struct cprov_exchange_hooks collecting = {
        .begin = begin,
        .authorize = authorize,
        .challenged = challenged,
        .seen = seen,
        .head = head_came,
        .done = done,
    };
    static const struct cprov_exchange_hooks streaming = {
        .begin = begin,
        .authorize = authorize,
        .challenged = challenged,
        .seen = seen,
        .head = head_came,
        .body = body_came,
        .done = done,
    };
    const struct cprov_endpoint *e = r->endpoint;
    bool elsewhere = false, public_only = false;
    auto_buf struct cprov_buf url = { 0 };
    auto_buf struct cprov_buf other = { 0 };

    cprov_buf_init(&url, CPROV_URL_MAX);
    cprov_buf_init(&other, CPROV_URL_MAX);
    if (spec->url)
        cprov_buf_add_text(&url, spec->url);
    else
        cprov_buf_addf(&url, "%s%s", e->base, spec->path);
    if (!spec->url && e->other)
        cprov_buf_addf(&other, "%s%s", e->other, spec->path);
    int code = cprov_buf_check(&url, "URL", err);
    if (code == 0)
        code = cprov_buf_check(&other, "URL", err);
    if (code == 0 && spec->url)
        code = check_url(r, spec->url, &elsewhere, &public_only, err);
    if (code < 0)
        return code;

    struct cprov_exchange_spec exchange = {
        .method = spec->method,
        .url = cprov_buf_text(&url),
        .fallback_url = other.len > 0 ? cprov_buf_text(&other) : NULL,
        .what = spec->what,
        .accept = spec->accept,
        .authorization = spec->authorization && *spec->authorization ? spec->authorization : NULL,
        .if_none_match = spec->if_none_match,
        .headers = spec->headers,
        .headers_count = spec->headers_count,
        .form = spec->content,
        .upload = spec->upload,
        .form_type = spec->content_type,
        .bulk = spec->bulk,
        .expected = spec->expected,
        .once = spec->once,
        .probe = spec->probe,
        .allow_http = e->settings.allow_http,
        .public_only = (elsewhere && public_only) || e->settings.public_only,
        .login_origin = elsewhere ? e->base : NULL,
        .peer_origin = spec->foreign ? ""
                       : elsewhere   ? e->base
                                     : NULL,
        .peer = &e->settings.peer,
        .body_max = spec->body_max,
        .hooks = spec->body ? &streaming : &collecting,
        .arg = r,
    };
    return cprov_exchange_start(&r->client->wire, &exchange, &r->exchange, err);
}

int cprov_request_start(struct cprov_client *c, const struct cprov_request_spec *spec,
                        struct cprov_request **out, struct cprov_error *err)
{
    struct cprov_endpoint *e = NULL;
    int code = cprov_endpoint_get(&c->endpoints, &c->options, spec->host, &e, err);

    if (code < 0)
        return code;
    struct cprov_request *r = calloc(1, sizeof(*r));
    if (!r)
        return cprov_fail_memory(err);
    r->client = c;
    r->endpoint = e;
    r->own_login = spec->authorization != NULL;
    cprov_buf_init(&r->origin, CPROV_URL_MAX);
    code = copy_spec(r, spec, err);
    if (code == 0)
        code = start(r, spec, err);
    if (code < 0) {
        free_request(r);
        return code;
    }
    *out = r;
    return 0;
}

void cprov_request_stop(struct cprov_request *r)
{
    if (!r)
        return;
    cprov_exchange_stop(r->exchange);
    free_request(r);
}
