/* registry/identity_private.h - who we are in one request: logins known, asked for, refreshed. */
#ifndef CPROV_REGISTRY_IDENTITY_PRIVATE_H
#define CPROV_REGISTRY_IDENTITY_PRIVATE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "registry/exchange.h"

struct cprov_endpoint;
struct cprov_error;
struct cprov_hub;
struct cprov_identity;

enum cprov_identity_kind {
    CPROV_IDENTITY_LOGIN, /* the registry's, when it asks */
    CPROV_IDENTITY_FIXED, /* whoever asks says who he is: challenges have no answer here */
    CPROV_IDENTITY_NOBODY /* at a place that is not the registry's */
};

/* Texts are copied; actions are what a token is for. */
CPROV_MUST_CHECK
int cprov_identity_new(struct cprov_hub *hub, struct cprov_endpoint *endpoint,
                       enum cprov_identity_kind kind, const char *repository, const char *actions,
                       struct cprov_identity **out, struct cprov_error *err);
/* Its hooks; they take a cprov_identity, and free it. */
extern const struct cprov_exchange_login cprov_identity_login;

#endif
