/* registry/auth_private.h - what to say to a registry that asks who we are: Basic, Bearer,
 * anonymous. */
#ifndef CPROV_REGISTRY_AUTH_PRIVATE_H
#define CPROV_REGISTRY_AUTH_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "registry/challenge.h"
#include "registry/grant_private.h"
#include "registry/options.h"
#include "registry/wire_private.h"

struct cprov_error;
struct cprov_auth;

/*
 * The cache of challenges, tokens and logins of one client, by origin and scope set. wire is
 * borrowed; tokens are fetched through it. credentials may be NULL: anonymous everywhere.
 */
CPROV_MUST_CHECK
int cprov_auth_new(struct cprov_wire *wire, cprov_credentials_fn *credentials, void *arg,
                   struct cprov_auth **out, struct cprov_error *err);
void cprov_auth_free(struct cprov_auth *a); /* who waits is not called */

/*
 * The Authorization value known so far for the target ("Bearer ..", "Basic .."), appended to out;
 * nothing when a request without one is due. Tokens about to expire (10 s) count as unknown, but
 * their challenge is remembered: false then says that cprov_auth_answer() should be called before
 * asking the registry.
 */
bool cprov_auth_known(struct cprov_auth *a, const struct cprov_auth_target *target,
                      struct cprov_buf *out);

/*
 * After 401 (or 403 insufficient_scope): obtains a token, or decides on Basic, and calls done with
 * 0, or with CPROV_EAUTH (refused, no login, endless 401; a realm that is plain http or private
 * while the registry is neither, or of another scheme), CPROV_ENETWORK. challenges: what
 * the answer carried; NULL uses the remembered ones. A second call for the same target while a
 * token request runs joins it. POST of OAuth2 for identity tokens with GET as fallback on 400, 401,
 * 404, 405; GET otherwise. The newly demanded scope goes first, scopes already held for the same
 * service are joined ("scope union"). `token` or `access_token`, `expires_in` (60 s when missing),
 * issued_at with clock skew. Without a challenge (NULL) and without a remembered one, when only a
 * login would help and there is none, or when the scope that does not suffice is the one just
 * granted, CPROV_ENOTFOUND is returned. done is not called when this
 * fails, and may be called before it returns.
 * Spec: distribution/docs/spec/auth/token.md, oauth.md.
 */
CPROV_MUST_CHECK
int cprov_auth_answer(struct cprov_auth *a, const struct cprov_auth_target *target,
                      const struct cprov_challenges *challenges, bool rejected_token,
                      void (*done)(void *arg, int code, const struct cprov_error *err), void *arg,
                      struct cprov_error *err);
/*
 * Which authorization cprov_auth_known() gives now: a number that changes with each, 0 for none. A
 * refusal of an older one says nothing of the newer.
 */
uint64_t cprov_auth_serial(const struct cprov_auth *a, const struct cprov_auth_target *target);

/* The authorization of that number let a request in. */
void cprov_auth_worked(struct cprov_auth *a, const struct cprov_auth_target *target,
                       uint64_t serial);
/* After a refusal of it: whether another may do, because it had worked, or because there may be
 * another login. */
bool cprov_auth_may_renew(const struct cprov_auth *a, const struct cprov_auth_target *target,
                          uint64_t serial);

/* The token server ("auth.example:8443") that was not given the login of a host, because it is not
 * known to be that registry's (net/origin.h); NULL: there was none. */
const char *cprov_auth_withheld(const struct cprov_auth *a, const char *host);
/* Says so, and how it is allowed. Returns CPROV_EAUTH. */
int cprov_auth_fail_withheld(const struct cprov_auth *a, const char *host, struct cprov_error *err);

/* Whoever waits with this arg is not called any more. */
void cprov_auth_forget(struct cprov_auth *a, const void *arg);

/* Whether a login is known for the host. */
CPROV_MUST_CHECK
int cprov_auth_has_login(struct cprov_auth *a, const char *host, bool *out,
                         struct cprov_error *err);

#endif
