/* Logins: Basic, and Bearer with a token server. */
#include "fake.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"

/* A token that was given out. */
struct token {
    const char *value;
    const char *scopes; /* as asked for, blanks between */
    int64_t ends_ms;    /* monotonic */
};

static struct fake_list tokens; /* under fake.lock */

void fake_auth_read(struct fake_words *w)
{
    struct fake_auth *a = fake_alloc(sizeof(*a));
    const char *kind = fake_word(w, 1, "kind of login");

    a->anonymous = strcmp(kind, "anonymous-bearer") == 0;
    a->bearer = a->anonymous || strcmp(kind, "bearer") == 0;
    if (!a->anonymous) {
        a->user = fake_word(w, 2, "user");
        a->password = fake_word(w, 3, "password");
    }
    a->repo = fake_option(w, "repo");
    a->post_only = fake_flag(w, "post-only");
    a->get_only = fake_flag(w, "get-only");
    a->open_ping = fake_flag(w, "open-ping");
    a->silent = fake_flag(w, "silent");
    a->no_expires = fake_flag(w, "no-expires");
    a->expires_ms = fake_millis(w, "expires");
    a->identity = fake_option(w, "identity");
    a->challenge = fake_option(w, "challenge");
    a->realm = fake_option(w, "realm");
    a->blob_scope = fake_option(w, "blob-scope");
    a->token_key = fake_option(w, "token-key");
    fake_list_add(&fake.auths, a);
}

static const struct fake_auth *auth_for(const char *repo)
{
    for (size_t i = 0; i < fake.auths.count; i++) {
        const struct fake_auth *a = fake.auths.item[i];

        if (!a->repo || fake_glob(a->repo, repo))
            return a;
    }
    return NULL;
}

static bool has_scheme(const char *header, const char *scheme)
{
    size_t len = strlen(scheme);
    struct cprov_span s = cprov_span_of(header);

    return s.len > len && s.ptr[len] == ' ' &&
           cprov_span_is_nocase(cprov_span_make(s.ptr, len), scheme);
}

const char *fake_auth_kind(const struct fake_request *q)
{
    if (!q->authorization)
        return "none";
    if (has_scheme(q->authorization, "Basic"))
        return "basic";
    return has_scheme(q->authorization, "Bearer") ? "bearer" : "odd";
}

static bool basic_is(const char *header, const char *user, const char *password)
{
    struct cprov_error err = CPROV_ERROR_INIT;
    struct cprov_buf plain;
    bool same;

    if (!header || !has_scheme(header, "Basic"))
        return false;
    cprov_buf_init(&plain, FAKE_FORM_MAX);
    same = cprov_base64_decode(cprov_span_trim(cprov_span_of(header + 6)), &plain, &err) == 0 &&
           strcmp(cprov_buf_text(&plain), fake_format("%s:%s", user, password)) == 0;
    cprov_buf_clear(&plain);
    return same;
}

static const struct token *token_named(const char *header)
{
    const struct token *hit = NULL;

    if (!header || !has_scheme(header, "Bearer"))
        return NULL;
    pthread_mutex_lock(&fake.lock);
    for (size_t i = 0; i < tokens.count && !hit; i++) {
        const struct token *t = tokens.item[i];

        if (strcmp(t->value, header + 7) == 0 && t->ends_ms > cprov_clock_ms())
            hit = t;
    }
    pthread_mutex_unlock(&fake.lock);
    return hit;
}

static const char *realm_of(const struct fake_auth *a)
{
    if (!a->realm || strcmp(a->realm, "same") == 0)
        return fake_format("%s://%s/token", fake.scheme, fake.host);
    if (strcmp(a->realm, "other") == 0)
        return fake_format("%s://%s/token", fake.other_scheme, fake.other_host);
    if (strcmp(a->realm, "strange") == 0)
        return fake_format("%s://%s/token", fake.other_scheme, fake.strange_host);
    return a->realm;
}

static void challenge(const struct fake_auth *a, const char *scope, bool insufficient,
                      struct fake_reply *p)
{
    fake_reply_error(p, 401, "UNAUTHORIZED");
    if (a->challenge)
        fake_reply_header(p, "WWW-Authenticate: %s",
                          fake_replace(a->challenge, "$REALM", realm_of(a)));
    else if (!a->bearer)
        fake_reply_header(p, "WWW-Authenticate: Basic realm=\"fake\"");
    else
        fake_reply_header(p, "WWW-Authenticate: Bearer realm=\"%s\",service=\"fake\"%s%s%s%s",
                          realm_of(a), scope ? ",scope=\"" : "", scope ? scope : "",
                          scope ? "\"" : "", insufficient ? ",error=\"insufficient_scope\"" : "");
}

/* Whether every one of the wanted scopes ("a b") is among those of the token. */
static bool scopes_hold(const char *have, const char *want)
{
    struct cprov_span rest = cprov_span_of(want), item;

    while (cprov_span_next(&rest, ' ', &item)) {
        char *one = fake_format("%" CPROV_SPAN_FMT, CPROV_SPAN_ARG(item));
        bool there = strstr(have, one) != NULL;

        free(one);
        if (!there)
            return false;
    }
    return true;
}

static const char *scope_of(const struct fake_auth *a, const struct fake_request *q,
                            const char *repo)
{
    if (strcmp(q->path, "/v2/_catalog") == 0)
        return "registry:catalog:*";
    if (!*repo)
        return NULL;
    if (a->blob_scope && strstr(q->path, "/blobs/"))
        return fake_format("repository:%s:pull %s", repo, a->blob_scope);
    return fake_format("repository:%s:pull", repo);
}

bool fake_auth_allows(const struct fake_request *q, const char *repo, struct fake_reply *p)
{
    const struct fake_auth *a = auth_for(repo);
    bool ping = strcmp(q->path, "/v2/") == 0;

    if (!a || q->other || (ping && a->open_ping))
        return true;
    if (!a->bearer && basic_is(q->authorization, a->user, a->password))
        return true;

    const char *scope = a->bearer ? scope_of(a, q, repo) : NULL;
    const struct token *t = a->bearer ? token_named(q->authorization) : NULL;
    if (t && (!scope || scopes_hold(t->scopes, scope)))
        return true;
    if (a->silent && !ping)
        fake_reply_error(p, 401, "UNAUTHORIZED");
    else
        challenge(a, scope, t != NULL, p);
    return false;
}

/* --- the token server --- */

/* The decoded field of a posted form, or NULL. */
static char *form_field(const struct fake_request *q, const char *name)
{
    struct cprov_span rest = cprov_buf_span(&q->form), pair, key, value;

    while (cprov_span_next(&rest, '&', &pair)) {
        if (!cprov_span_cut(pair, '=', &key, &value) || !cprov_span_is(key, name))
            continue;
        char *out = fake_alloc(value.len + 1), *p = out;
        for (size_t i = 0; i < value.len; i++) {
            int high = i + 2 < value.len ? cprov_hex_value(cprov_lower(value.ptr[i + 1])) : -1;
            int low = i + 2 < value.len ? cprov_hex_value(cprov_lower(value.ptr[i + 2])) : -1;

            if (value.ptr[i] == '%' && high >= 0 && low >= 0) {
                *p++ = (char)(unsigned char)((unsigned)high << 4 | (unsigned)low);
                i += 2;
            } else {
                *p = value.ptr[i];
                if (*p == '+')
                    *p = ' ';
                p++;
            }
        }
        return out;
    }
    return NULL;
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool may_have_token(const struct fake_auth *a, const struct fake_request *q)
{
    if (a->anonymous)
        return true;
    if (strcmp(q->method, "GET") == 0)
        return basic_is(q->authorization, a->user, a->password);
    if (same(form_field(q, "grant_type"), "refresh_token"))
        return same(form_field(q, "refresh_token"), a->identity);
    return same(form_field(q, "username"), a->user) && same(form_field(q, "password"), a->password);
}

static const struct token *token_new(const struct fake_auth *a, const char *scopes)
{
    struct token *t = fake_alloc(sizeof(*t));

    pthread_mutex_lock(&fake.lock);
    t->value = fake_format("SECRET-token-%zu", tokens.count + 1);
    t->scopes = fake_copy(scopes);
    t->ends_ms = cprov_clock_ms() + (int64_t)(a->expires_ms ? a->expires_ms : 300000);
    fake_list_add(&tokens, t);
    pthread_mutex_unlock(&fake.lock);
    return t;
}

static void write_token(const struct fake_auth *a, const struct token *t, struct fake_reply *p)
{
    const char *key = a->token_key ? a->token_key : "token";
    bool both = strcmp(key, "both") == 0;
    struct cprov_json_writer w;

    cprov_json_writer_init(&w, &p->body, 0);
    cprov_json_begin_object(&w);
    if (both)
        cprov_json_member(&w, "token", "SECRET-wrong-token");
    cprov_json_member(&w, both ? "access_token" : key, t->value);
    if (!a->no_expires) {
        cprov_json_key(&w, "expires_in");
        cprov_json_number(&w, a->expires_ms ? (a->expires_ms + 999) / 1000 : 300);
    }
    cprov_json_end_object(&w);
    fake_reply_body(p, 200, "application/json");
}

static enum MHD_Result add_scope(void *arg, enum MHD_ValueKind kind, const char *key,
                                 const char *value)
{
    struct cprov_buf *all = arg;

    (void)kind;
    if (value && strcmp(key, "scope") == 0)
        cprov_buf_addf(all, "%s%s", all->len ? " " : "", value);
    return MHD_YES;
}

/* Scopes come as one text with blanks, or as several arguments. */
static const char *scopes_of(const struct fake_request *q, bool post)
{
    struct cprov_buf all;

    if (post)
        return form_field(q, "scope");
    cprov_buf_init(&all, FAKE_FORM_MAX);
    MHD_get_connection_values(q->connection, MHD_GET_ARGUMENT_KIND, add_scope, &all);
    const char *text = fake_copy(cprov_buf_text(&all));
    cprov_buf_clear(&all);
    return text;
}

void fake_auth_token(const struct fake_request *q, struct fake_reply *p)
{
    bool post = strcmp(q->method, "POST") == 0;
    const char *scopes = scopes_of(q, post);
    const struct fake_auth *best = NULL;

    for (size_t i = 0; i < fake.auths.count; i++) {
        const struct fake_auth *a = fake.auths.item[i];

        if (!a->bearer)
            continue;
        if ((post && a->get_only) || (!post && a->post_only)) {
            fake_reply_error(p, post ? 404 : 405, "UNSUPPORTED");
            return;
        }
        if (!best && may_have_token(a, q))
            best = a;
    }
    if (!best) {
        fake_reply_error(p, 401, "UNAUTHORIZED");
        return;
    }
    write_token(best, token_new(best, scopes ? scopes : ""), p);
}
