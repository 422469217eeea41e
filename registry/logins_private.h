/* registry/logins_private.h - the logins that a client was given: looked up, and as texts. */
#ifndef CPROV_REGISTRY_LOGINS_PRIVATE_H
#define CPROV_REGISTRY_LOGINS_PRIVATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "registry/options.h"

struct cprov_error;

/* Where they come from. find may be NULL: there are none. */
struct cprov_logins {
    cprov_credentials_fn *find;
    void *arg;
};

/* *out is empty when there is none; skip and repository: see cprov_credentials_fn. */
CPROV_MUST_CHECK
int cprov_logins_find(const struct cprov_logins *logins, const char *host, const char *repository,
                      unsigned skip, struct cprov_credentials *out, struct cprov_error *err);

static inline bool cprov_login_has(const char *text)
{
    return text && *text;
}

/* Whether it is one at all. */
static inline bool cprov_login_is_any(const struct cprov_credentials *c)
{
    return cprov_login_has(c->registry_token) || cprov_login_has(c->identity_token) ||
           cprov_login_has(c->username);
}

/* Appends what follows "Basic ". */
CPROV_MUST_CHECK
int cprov_login_basic(const struct cprov_credentials *login, struct cprov_buf *out,
                      struct cprov_error *err);

#endif
