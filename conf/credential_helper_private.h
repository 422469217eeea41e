/* conf/credential_helper_private.h - docker-credential-NAME programs; for conf/ alone. */
#ifndef CPROV_CONF_CREDENTIAL_HELPER_PRIVATE_H
#define CPROV_CONF_CREDENTIAL_HELPER_PRIVATE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "conf/credentials.h"

struct cprov_error;

#define CPROV_HELPER_TIMEOUT_MS 30000

/* A program and the registry that it is asked for. */
struct cprov_helper {
    const char *name;   /* "pass": docker-credential-pass is run */
    const char *server; /* "registry.example", "https://index.docker.io/v1/" */
    int timeout_ms;
};

/*
 * Asks for the login. Not found: 0 and *out stays as it was. A helper that is not there, does not
 * answer in time, fails or answers garbage: CPROV_EAUTH with its name and nothing of its answer.
 * Spec: github.com/docker/docker-credential-helpers, README.md, "Development".
 */
CPROV_MUST_CHECK
int cprov_helper_get(const struct cprov_helper *h, struct cprov_credentials *out,
                     struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_helper_store(const struct cprov_helper *h, const struct cprov_credentials *login,
                       struct cprov_error *err);
CPROV_MUST_CHECK
int cprov_helper_erase(const struct cprov_helper *h, struct cprov_error *err);

#endif
