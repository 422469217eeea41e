/* registry/token.c - scopes, token requests and token answers as text. */
#include "registry/token_private.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/limits.h"
#include "manifest/reference.h"
#include "net/url.h"

#define CLIENT_ID    "container-provider"
#define LIFETIME_MIN 60
#define LIFETIME_MAX (366 * 86400)

int cprov_token_realm_check(struct cprov_span origin, struct cprov_span realm, bool allow_http,
                            struct cprov_error *err)
{
    struct cprov_url from, to;

    if (cprov_url_parse(origin, &from, err) < 0 || cprov_url_parse(realm, &to, err) < 0)
        return cprov_wrap_as(err, CPROV_EAUTH, "realm of the login");
    if (from.https && !to.https)
        return cprov_fail(err, CPROV_EAUTH,
                          "%" CPROV_SPAN_FMT " asks for the login over plain http: refused",
                          CPROV_SPAN_ARG(from.host));
    if (!to.https && !allow_http && !cprov_host_is_loopback(to.host))
        return cprov_fail(err, CPROV_EAUTH,
                          "%" CPROV_SPAN_FMT " asks for the login over plain http at %" //
                          CPROV_SPAN_FMT ": refused",
                          CPROV_SPAN_ARG(from.host), CPROV_SPAN_ARG(to.host));
    if (cprov_host_is_private(to.host) && !cprov_host_is_private(from.host))
        return cprov_fail(err, CPROV_EAUTH,
                          "%" CPROV_SPAN_FMT " asks for the login at the private address %" //
                          CPROV_SPAN_FMT ": refused",
                          CPROV_SPAN_ARG(from.host), CPROV_SPAN_ARG(to.host));
    return 0;
}

bool cprov_scopes_cover(struct cprov_span all, struct cprov_span some)
{
    struct cprov_span want, have;

    while (cprov_span_next(&some, ' ', &want)) {
        struct cprov_span rest = all;
        bool found = want.len == 0;

        while (!found && cprov_span_next(&rest, ' ', &have))
            found = cprov_span_equal(want, have);
        if (!found)
            return false;
    }
    return true;
}

void cprov_scopes_add(struct cprov_buf *scopes, struct cprov_span more)
{
    struct cprov_span scope;

    while (cprov_span_next(&more, ' ', &scope)) {
        if (cprov_scopes_cover(cprov_buf_span(scopes), scope))
            continue;
        if (scopes->len > 0)
            cprov_buf_add_char(scopes, ' ');
        cprov_buf_add_span(scopes, scope);
    }
}

static bool has_action(struct cprov_span actions, struct cprov_span wanted)
{
    struct cprov_span action;

    while (cprov_span_next(&actions, ',', &action))
        if (cprov_span_equal(action, wanted))
            return true;
    return false;
}

/* "repository:team/app:pull,push,delete"; the name may have a port in it. */
static void narrow(struct cprov_buf *out, struct cprov_span scope, const char *repository,
                   const char *actions)
{
    struct cprov_span name, demanded, action, ours = cprov_span_of(actions);
    bool any = false;

    if (!cprov_span_starts_with(scope, "repository") ||
        !cprov_span_cut_last(scope, ':', &name, &demanded)) {
        cprov_buf_add_span(out, scope);
        return;
    }
    size_t colon = cprov_span_find(name, ':');
    if (!cprov_span_is(cprov_span_from(name, colon < name.len ? colon + 1 : colon), repository))
        ours = CPROV_SPAN_LITERAL("pull");
    cprov_buf_add_span(out, name);
    cprov_buf_add_char(out, ':');
    while (cprov_span_next(&demanded, ',', &action)) {
        if (!has_action(ours, action))
            continue;
        if (any)
            cprov_buf_add_char(out, ',');
        cprov_buf_add_span(out, action);
        any = true;
    }
    if (!any)
        cprov_buf_add_span(out, ours);
}

void cprov_scopes_narrow(struct cprov_buf *out, struct cprov_span demanded, const char *repository,
                         const char *actions)
{
    struct cprov_span scope;

    while (cprov_span_next(&demanded, ' ', &scope)) {
        if (scope.len == 0)
            continue;
        if (out->len > 0)
            cprov_buf_add_char(out, ' ');
        narrow(out, scope, repository, actions);
    }
}

void cprov_token_url(struct cprov_span realm, const char *service, const char *account,
                     struct cprov_span scopes, struct cprov_buf *out)
{
    struct cprov_span scope;

    cprov_buf_add_span(out, realm);
    if (*service)
        cprov_url_add_query(out, "service", cprov_span_of(service));
    if (account && *account)
        cprov_url_add_query(out, "account", cprov_span_of(account));
    while (cprov_span_next(&scopes, ' ', &scope))
        if (scope.len > 0)
            cprov_url_add_query(out, "scope", scope);
}

static void form_add(struct cprov_buf *out, const char *name, struct cprov_span value)
{
    if (out->len > 0)
        cprov_buf_add_char(out, '&');
    cprov_buf_add_text(out, name);
    cprov_buf_add_char(out, '=');
    cprov_url_escape(out, value, false);
}

void cprov_token_form(const char *refresh_token, const char *service, struct cprov_span scopes,
                      struct cprov_buf *out)
{
    form_add(out, "grant_type", CPROV_SPAN_LITERAL("refresh_token"));
    form_add(out, "service", cprov_span_of(service));
    form_add(out, "client_id", CPROV_SPAN_LITERAL(CLIENT_ID));
    form_add(out, "refresh_token", cprov_span_of(refresh_token));
    if (scopes.len > 0)
        form_add(out, "scope", scopes);
}

/* Visible ASCII only: anything else would end or split the header. */
static bool is_header_token(struct cprov_span token)
{
    if (token.len == 0 || token.len > CPROV_TOKEN_LENGTH_MAX)
        return false;
    for (size_t i = 0; i < token.len; i++)
        if (token.ptr[i] <= ' ' || token.ptr[i] > '~')
            return false;
    return true;
}

static struct cprov_span text_member(const struct cprov_json *doc, const char *name)
{
    const struct cprov_json *v = cprov_json_get(doc, name);

    return v && v->type == CPROV_JSON_STRING ? v->text : (struct cprov_span){ NULL, 0 };
}

static int64_t lifetime_of(const struct cprov_json *doc, int64_t now)
{
    const struct cprov_json *v = cprov_json_get(doc, "expires_in");
    uint64_t seconds = LIFETIME_MIN;
    int64_t issued;

    if (v && !cprov_json_u64(v, &seconds))
        seconds = LIFETIME_MIN;
    int64_t lifetime = seconds > LIFETIME_MAX ? LIFETIME_MAX : (int64_t)seconds;

    /* A time in the future, or so long ago that the token would be over: the clocks differ. */
    if (cprov_time_parse(text_member(doc, "issued_at"), &issued) && issued <= now &&
        issued > now - lifetime)
        lifetime -= now - issued;
    return lifetime < LIFETIME_MIN ? LIFETIME_MIN : lifetime;
}

int cprov_token_parse(struct cprov_span body, int64_t now, struct cprov_buf *out,
                      int64_t *lifetime_s, struct cprov_error *err)
{
    struct cprov_arena arena = { 0 };
    struct cprov_json *doc = NULL;
    int code = cprov_json_parse(body, &arena, &doc, err);

    if (code < 0) {
        cprov_arena_clear(&arena);
        return cprov_wrap_as(err, CPROV_EAUTH, "answer of the token server");
    }
    struct cprov_span token = text_member(doc, "access_token");
    if (token.len == 0)
        token = text_member(doc, "token");

    bool good = is_header_token(token);
    if (good) {
        cprov_buf_add_span(out, token);
        *lifetime_s = lifetime_of(doc, now);
    }
    cprov_arena_clear(&arena);
    if (!good)
        return cprov_fail(err, CPROV_EAUTH, "the token server's answer has no valid token");
    return 0;
}
