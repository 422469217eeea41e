/* registry/token_fetch_private.h - a token asked for at the server that a registry names. */
#ifndef CPROV_REGISTRY_TOKEN_FETCH_PRIVATE_H
#define CPROV_REGISTRY_TOKEN_FETCH_PRIVATE_H

#include "base/compiler.h"
#include "registry/grant_private.h"

struct cprov_error;

/*
 * Asks with the grant's login (for the next one of the host when it is refused) and tells those who
 * wait for the grant what came of it. POST of OAuth2 for identity tokens, with GET as fallback on
 * 400, 401, 404, 405; GET otherwise.
 */
CPROV_MUST_CHECK
int cprov_token_fetch(struct cprov_grant *g, struct cprov_error *err);

/* Of a grant whose login was withheld: says so, and how it is allowed. Returns CPROV_EAUTH. */
int cprov_token_fail_withheld(const struct cprov_grant *g, struct cprov_error *err);

#endif
