/* registry/token_private.h - the texts of the token protocol: scopes, the request's URL, the
 * answer. Pure.
 */
#ifndef CPROV_REGISTRY_TOKEN_PRIVATE_H
#define CPROV_REGISTRY_TOKEN_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/span.h"

struct cprov_error;

/*
 * Whether credentials of a registry at `origin` may be sent to `realm` (absolute). Refused: plain
 * http while the registry is https; plain http beyond loopback unless the user allowed it; a
 * private address while the registry is public; another scheme; user-info.
 *
 * Returns 0 or CPROV_EAUTH.
 */
CPROV_MUST_CHECK
int cprov_token_realm_check(struct cprov_span origin, struct cprov_span realm, bool allow_http,
                            struct cprov_error *err);

/* Appends each scope of `more` (separated by blanks) that `scopes` lacks. */
void cprov_scopes_add(struct cprov_buf *scopes, struct cprov_span more);
/* Whether every scope of `some` is in `all`; actions are compared as written. */
bool cprov_scopes_cover(struct cprov_span all, struct cprov_span some);

/*
 * Appends the scopes of `demanded` as far as they are for what is to be done: of a repository the
 * actions among ours ("pull,push"), and "pull" of another one; what is no repository as it is.
 */
void cprov_scopes_narrow(struct cprov_buf *out, struct cprov_span demanded, const char *repository,
                         const char *actions);

/* realm + service, account and one scope parameter per scope: the URL of a GET. */
void cprov_token_url(struct cprov_span realm, const char *service, const char *account,
                     struct cprov_span scopes, struct cprov_buf *out);
/* The body of an OAuth2 POST with a refresh token. */
void cprov_token_form(const char *refresh_token, const char *service, struct cprov_span scopes,
                      struct cprov_buf *out);

/*
 * Reads an answer; appends the token to out and says for how many seconds it lasts from now: at
 * least 60 (the protocol's floor), less what has passed since issued_at unless the clocks differ.
 *
 * Returns 0 or CPROV_EAUTH: no token in it, or one that is no header value or over
 * CPROV_TOKEN_LENGTH_MAX.
 * Spec: distribution/docs/spec/auth/token.md, oauth.md.
 */
CPROV_MUST_CHECK
int cprov_token_parse(struct cprov_span body, int64_t now, struct cprov_buf *out,
                      int64_t *lifetime_s, struct cprov_error *err);

#endif
